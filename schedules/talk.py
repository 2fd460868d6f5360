"""What the lines of channels tell: what was talked about, and which lines are worth pointing at. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.content_filter import default_filter
from core.messages import FilterLevel
from core.prompts import one_line
from schedules.job import Channel, Line

_WORD = re.compile(r"[^\W\d_]{4,}")
_EVERY_WORD = re.compile(r"[^\W\d_]+")
_LINK = re.compile(r"https?://\S+")
_MARKDOWN = re.compile(r"([\\*_~`|>#\[\]()<@])")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMMON = _words(
    """
    aber about above after again against alle alles almost already also always another anybody anything aren
    auch back because been before beim being below between bist both cannot come could couldn dann dass dein
    deine denn dich didn dies diese doch does doesn doing down during each eine einen einer eines etwas euch
    euer even ever every everybody everyone everything first from further ganz gets getting gibt give goes
    going gonna good habe haben hadn hasn hast hatte have haven having here hers herself heute hier himself
    ihre immer into isn itself jetzt just kann kein keine know last like little long look machen macht made
    make many maybe mein meine mich might more most much muss must myself nach need nein never nice nicht noch
    nothing oder often ohne okay once only other ours over please quite really right said same says schon seem
    sehr sein seine shall should shouldn sich since sind soll some somebody someone something soon still stuff
    such sure take tell than thank thanks that their theirs them then there these they thing things think this
    those though through today told tomorrow tonight under unter until very viel want wasn weil welcome well
    wenn went werden were weren what when where which while whom whose wieder will wird with without would
    wouldn wäre würde yeah yesterday your yours yourself über
    """
)
# What instructions to a model are made of.
_ASKING = _words(
    """
    about adding announce answer arrived begin called chapter chat collected day each ends everybody example friends
    game goes greet invent invite leave most name next number open part place plan says scene sentence sentences share
    shared silly small somebody story talks tell trouble unexpected use what words world
    """
)
_EVADES = re.compile(r"\b(?:do not|don't|cannot|can't) (?:know|tell|say)\b|\bno (?:idea|answer|clue)\b", re.IGNORECASE)
_QUOTE = 140


@dataclass(frozen=True, slots=True)
class Talk:
    """What was said in a channel."""

    channel: Channel
    lines: tuple[Line, ...]

    @property
    def people(self) -> tuple[Line, ...]:
        """What people said."""
        return tuple(line for line in self.lines if line.persona_id is None)

    @property
    def authors(self) -> frozenset[str]:
        """Their ids."""
        return frozenset(line.author_id for line in self.people if line.author_id)

    @property
    def names(self) -> frozenset[str]:
        """How those people are called."""
        return frozenset(line.speaker for line in self.people)


def about_whom(talks: Iterable[Talk]) -> tuple[str, ...]:
    """Ids of the people who talk there."""
    return tuple(sorted(set().union(*(talk.authors for talk in talks))))


def topics(talks: Iterable[Talk], limit: int = 5, without: Collection[str] = ()) -> tuple[str, ...]:
    """The words, and pairs of words, that were said most, by most people: never one of their names, nor one of
    `without`."""
    talks = list(talks)
    names = {word.casefold() for talk in talks for name in talk.names for word in _WORD.findall(name)}
    names |= {word.casefold() for text in without for word in _WORD.findall(text)}
    said: dict[str, Counter[str]] = {}
    for line in (line for talk in talks for line in talk.people):
        for term in _terms(_LINK.sub("", line.text), names):
            said.setdefault(term, Counter())[line.author_id or ""] += 1
    times = {term: sum(by.values()) for term, by in said.items()}
    for pair in [term for term in said if " " in term]:
        halves = [half for half in pair.split() if half in said]
        # A pair counts where its words mostly come together, and then instead of them.
        if times[pair] > 1 and all(times[pair] >= 0.6 * times[half] for half in halves):
            for half in halves:
                del said[half]
        else:
            del said[pair]
    found = sorted(said, key=lambda term: (-len(said[term]), -times[term], -len(term), term))
    clean = [term for term in found if default_filter().verdict(term, "high") is None]
    return tuple(term for term in clean if times[term] > 1)[:limit] or tuple(clean[:1])


def _terms(text: str, names: Collection[str]) -> set[str]:
    """The telling words of a text, and the pairs of them that stand side by side."""
    words = [one.casefold() for one in _EVERY_WORD.findall(text)]
    telling = [
        word if len(word) >= 4 and word not in _COMMON and word not in names and f"{word}s" not in names else ""
        for word in words
    ]
    pairs = {f"{one} {other}" for one, other in pairwise(telling) if one and other}
    return {word for word in telling if word} | pairs


def highlights(talk: Talk, limit: int, level: FilterLevel) -> tuple[Line, ...]:
    """The lines of people that others answered and liked most, or that tell most; in the order of their time. What the
    content filter catches is not pointed at."""

    def weight(line: Line) -> float:
        words = len(set(_WORD.findall(_LINK.sub("", line.text))))
        return 3.0 * line.reactions + 2.0 * line.replies + min(words, 12) / 3 + line.pictures + len(line.links)

    telling = [line for line in talk.people if len(line.text.split()) >= 3 or line.pictures or line.links]
    best = sorted(telling, key=lambda line: (-weight(line), line.at_ms))
    clean = [line for line in best if default_filter().verdict(line.text, level) is None]
    return tuple(sorted(clean[:limit], key=lambda line: line.at_ms))


def quoted(line: Line, guild_id: str, channel_id: str) -> str:
    """A line as it is pointed at: who said it, its beginning, and a link to it."""
    text = one_line(_LINK.sub("", line.text)).strip()
    begun = text if len(text) <= _QUOTE else text[:_QUOTE].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
    told = f": {escaped(begun)}" if begun else ""
    return f"**{escaped(line.speaker)}**{told} [↗]({jump(guild_id, channel_id, line.message_id)})"


def whole(lines: Iterable[str], most: int = 1000) -> str:
    """As many of the first lines as have room: none of them is cut, since a link would be broken."""
    told = ""
    for line in lines:
        if len(told) + len(line) + 1 > most:
            break
        told += f"\n{line}" if told else line
    return told


def takes_up(text: str, instruction: str, facts: Iterable[str]) -> bool:
    """Whether a text that was asked for has to do with the facts that came along, and says more than that nobody knows:
    a small model may write something else altogether."""
    if _EVADES.search(text):
        return False
    facts = tuple(facts)
    asked = _telling(" ".join((instruction, *facts))) - _ASKING
    least = 0 if not facts else 1 if len(asked) < 6 else 2
    return len(_telling(text) & asked) >= least


def _telling(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)} - _COMMON


def jump(guild_id: str, channel_id: str, message_id: str) -> str:
    """The link to a message, as Discord's own clients open it."""
    return f"https://discord.com/channels/{guild_id}/{channel_id}/{message_id}"


def escaped(text: str) -> str:
    """A text in which nothing is markdown, a mention or a link."""
    return _MARKDOWN.sub(r"\\\1", text).replace("://", ":\u200b//")


def names_nobody(text: str, names: Iterable[str]) -> bool:
    """Whether none of the names stands in a text."""
    return not any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) for name in names if name)


def tellable(channels: Sequence[Channel], here: Channel) -> tuple[Channel, ...]:
    """The channels of which something may be told in the channel `here`: itself, and what everybody can read anyway,
    unless it is for adults only and `here` is not."""
    return tuple(one for one in channels if one.id == here.id or (one.public and (here.age_gated or not one.age_gated)))
