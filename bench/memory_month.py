"""A month of conversation for `bench.memory_recall`: facts told, told again and told otherwise among much small talk.

Everything is drawn from a seed. The wordings (`memory_month.yaml`) come in two halves that have no sentence in common:
rules and bounds were chosen on one, figures are of the other. Questions use other words than the statements.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml

from core.messages import Author, IncomingMessage

DAY_MS = 86_400_000
START_MS = 1_790_000_000_000
DAYS = 30

NAMES = (
    "Ada", "Bruno", "Chiara", "Dmitri", "Esme", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Keiko", "Lars", "Mara",
    "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Soren", "Tilda", "Umar", "Vera", "Wanda", "Yusuf",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """How one attribute is told (`said`), told anew (`changed`, none where it stays) and asked for, by oneself (`own`)
    or by others (`other`, with `{who}`)."""

    values: tuple[str, ...]
    said: tuple[str, ...]
    own: tuple[str, ...]
    other: tuple[str, ...]
    changed: tuple[str, ...] = ()


class Wordings:
    """One half of `memory_month.yaml`."""

    def __init__(self, *, held_out: bool) -> None:
        half = "held_out" if held_out else "tuning"
        read = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))

        def forms(group: str) -> dict[str, Form]:
            return {
                key: Form(values=tuple(told["values"]), **{part: tuple(texts) for part, texts in told[half].items()})
                for key, told in read[group].items()
            }

        self.personal, self.shared = forms("personal"), forms("shared")
        self.chatter: list[str] = read["chatter"][half]
        self.idle_questions: list[str] = read["idle_questions"][half]


Case = Literal["same", "updated", "elsewhere", "other", "shared", "never", "foreign", "idle"]


@dataclass(frozen=True, slots=True)
class Channel:
    """Where people talk; a direct message has no guild and one member."""

    id: str
    guild: str | None
    public: bool
    members: tuple[str, ...]


@dataclass(slots=True)
class Fact:
    """One attribute of a person (`who`), or of a channel's group, as told over time: messages by version."""

    key: str
    who: str | None
    channel: Channel
    form: Form
    versions: list[set[str]] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: `right` are the messages that hold the answer (none where there must not be one), `stale` those that
    are not true any more."""

    message: IncomingMessage
    case: Case
    right: frozenset[str]
    stale: frozenset[str]


class Month:
    """The people, the places, what is said (`lines`, in order of time) and what is asked at the end."""

    def __init__(self, seed: int, *, held_out: bool, per_day: int = 12) -> None:
        self._rng = random.Random(f"memory {seed} {held_out}")
        self._words = Wordings(held_out=held_out)
        self._number = 0
        self.channels = self._places()
        self.facts: list[Fact] = []
        self.lines: list[IncomingMessage] = []
        self._tell()
        self._chat(per_day)
        self.lines.sort(key=lambda line: line.created_ms)

    def questions(self, count: int) -> Iterator[Asked]:
        """`count` questions, two thirds of which have an answer."""
        made = 0
        cases: list[Case] = ["same", "updated", "elsewhere", "other", "shared", "updated", "never", "foreign", "idle"]
        while made < count:
            case = cases[made % len(cases)]
            asked = self._question(case)
            if asked is not None:
                made += 1
                yield asked

    def _places(self) -> list[Channel]:
        rng = self._rng
        guilds = {f"9{n}": tuple(rng.sample(range(len(NAMES)), 12)) for n in range(3)}
        channels = []
        for n in range(20):
            guild = f"9{n % 3}"
            public = n % 4 != 3
            members = tuple(str(100 + i) for i in (guilds[guild] if public else rng.sample(guilds[guild], 4)))
            channels.append(Channel(str(5000 + n), guild, public, members))
        for i in rng.sample(range(len(NAMES)), 8):
            channels.append(Channel(str(7000 + i), None, False, (str(100 + i),)))
        return channels

    def _say(self, channel: Channel, who: str, text: str, at_ms: int, reply_to: str | None = None) -> IncomingMessage:
        self._number += 1
        return IncomingMessage(
            id=str(10_000_000 + self._number),
            channel_id=channel.id,
            guild_id=channel.guild,
            author=Author(id=who, name=NAMES[int(who) - 100]),
            content=text,
            created_ms=at_ms,
            public=channel.public,
            reply_to=reply_to,
        )

    def _tell(self) -> None:
        rng = self._rng
        taken: set[tuple[str, str | None, str]] = set()
        for channel in self.channels:
            for who in (
                channel.members if channel.guild is None else rng.sample(channel.members, min(4, len(channel.members)))
            ):
                for key in rng.sample(sorted(self._words.personal), 5 if channel.guild is None else 3):
                    # One person tells a thing once per server, so that what is asked has one answer.
                    if (key, channel.guild, who) not in taken:
                        taken.add((key, channel.guild, who))
                        self._fact(key, who, channel, self._words.personal[key])
            if channel.guild is not None:
                for key in rng.sample(sorted(self._words.shared), 3):
                    self._fact(key, None, channel, self._words.shared[key])

    def _fact(self, key: str, who: str | None, channel: Channel, form: Form) -> None:
        rng = self._rng
        fact = Fact(key, who, channel, form)
        at_ms = START_MS + int(rng.random() * 20 * DAY_MS)
        value = rng.choice(form.values)
        changes = rng.random() < 0.5 and bool(form.changed)
        told = [(form.said, value)] + ([(form.said, value)] if rng.random() < 0.3 else [])
        self._version(fact, value, told, at_ms)
        if changes:
            other = rng.choice([one for one in form.values if one != value])
            self._version(fact, other, [(form.changed, other)], at_ms + int((2 + 5 * rng.random()) * DAY_MS))
        self.facts.append(fact)

    def _version(self, fact: Fact, value: str, told: list[tuple[tuple[str, ...], str]], at_ms: int) -> None:
        rng = self._rng
        fact.versions.append(set())
        fact.values.append(value)
        for number, (forms, said) in enumerate(told):
            speaker = fact.who or rng.choice(fact.channel.members)
            text = rng.choice(forms).strip().format(v=said)
            text = rng.choice((text, text, text[0].upper() + text[1:] + "."))
            line = self._say(fact.channel, speaker, text, at_ms + number * DAY_MS // 2)
            fact.versions[-1].add(line.id)
            self.lines.append(line)
            if rng.random() < 0.4 and len(fact.channel.members) > 1:
                other = rng.choice([one for one in fact.channel.members if one != speaker])
                self.lines.append(self._say(fact.channel, other, "oh nice", line.created_ms + 60_000, line.id))

    def _chat(self, per_day: int) -> None:
        rng = self._rng
        chatter = self._words.chatter
        for channel in self.channels:
            for day in range(DAYS):
                for _ in range(per_day if channel.guild else 2):
                    at_ms = START_MS + day * DAY_MS + int(rng.random() * DAY_MS)
                    self.lines.append(self._say(channel, rng.choice(channel.members), rng.choice(chatter), at_ms))

    def _question(self, case: Case) -> Asked | None:
        """A question of that case, or None where the draw brought none."""
        rng = self._rng
        if case in ("idle", "never"):
            place = rng.choice(self.channels)
            asker = rng.choice(place.members)
            if case == "idle":
                return self._asked(case, place, asker, "", None, rng.choice(self._words.idle_questions))
            told = {fact.key for fact in self.facts if fact.who == asker}
            key = rng.choice(sorted(set(self._words.personal) - told))
            return self._asked(case, place, asker, key, asker, rng.choice(self._words.personal[key].own))
        fact = rng.choice(self.facts)
        if (case == "shared") != (fact.who is None) and case != "updated" and case != "foreign":
            return None
        if case == "updated" and len(fact.versions) < 2:
            return None
        places = [place for place in self.channels if self._suits(case, fact, place)]
        if not places:
            return None
        place = rng.choice(places)
        if fact.who in place.members and case != "other":
            asker = fact.who or ""
        elif others := [one for one in place.members if one != fact.who]:
            asker = rng.choice(others)
        else:
            return None
        text = rng.choice(fact.form.own if fact.who in (None, asker) else fact.form.other)
        asked = self._asked(case, place, asker, fact.key, fact.who, text)
        return None if case == "foreign" and asked.right else asked

    @staticmethod
    def _suits(case: Case, fact: Fact, place: Channel) -> bool:
        """Whether a fact may be asked for there: where it was told, on the same server, or where it is not known."""
        if case in ("elsewhere", "foreign"):
            same = place.guild is not None and place.guild == fact.channel.guild
            return place is not fact.channel and (case == "foreign" or (same and fact.channel.public))
        return place is fact.channel

    def _asked(self, case: Case, place: Channel, asker: str, key: str, who: str | None, text: str) -> Asked:
        now_ms = START_MS + DAYS * DAY_MS + self._number * 1000
        message = self._say(place, asker, text.format(who=NAMES[int(who) - 100] if who else ""), now_ms)
        known = [fact for fact in self.facts if (fact.key, fact.who) == (key, who) and may_know(fact, message)]
        right = frozenset(own for fact in known for own in fact.versions[-1])
        stale = frozenset(own for fact in known for version in fact.versions[:-1] for own in version)
        return Asked(message, case, right, stale)


def may_know(fact: Fact, asked: IncomingMessage) -> bool:
    """Whether a fact may be found for a question at all; the rule of the scopes in other words."""
    if asked.channel_id == fact.channel.id:
        return True
    same_guild = asked.guild_id is not None and asked.guild_id == fact.channel.guild
    return same_guild and fact.channel.public and fact.who is not None and fact.who == asked.author.id
