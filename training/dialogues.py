"""Dialogues to train the small model on: made by grammar from a pack and from random worlds, alike for a seed.

A dialogue has one persona, a few passages in its prompt, and several turns: questions that a passage answers (the reply
repeats the sentence, in the persona's voice), questions that none answers (the persona says so), and small talk. The
prompt is composed by `core.prompts.compose`, the function that serving uses, so training and serving cannot drift.

Held out from training, and only used to measure: a share of the pack's questions, wordings of every kind of question
and of every intent, and all worlds of another seed.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from core.messages import Author, ChatMessage, IncomingMessage, Turn
from core.messages import Passage as Retrieved
from core.personas import Lore, Pack, Question
from core.prompts import compose
from training import worlds
from training.phrases import as_typed, choose, keywords, load_phrases, say_otherwise
from training.turns import Asked, Dialogue, TurnKind
from training.voices import Voice, fill, random_voice

Lesson = Literal["easy", "all", "home"]
LONGEST_REPLY_WORDS = 45
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“])")
_TURN_MIX: tuple[tuple[TurnKind, float], ...] = (
    ("fact", 60), ("about", 6), ("more", 4), ("unknown", 8), ("chat", 22),
)  # fmt: skip
_PLACES = (("pack", 0.52), ("world", 0.38), ("nowhere", 0.1))
_HOME_PLACES = (("pack", 0.68), ("world", 0.18), ("nowhere", 0.14))
_EASY_MIX: tuple[tuple[TurnKind, float], ...] = (("fact", 85), ("about", 5), ("more", 0), ("unknown", 0), ("chat", 10))


@dataclass(frozen=True, slots=True)
class Topic:
    """What a passage can be asked: its name, its text, its sentences, and (question, answer) pairs."""

    name: str
    text: str
    asked: tuple[tuple[str, str], ...]
    held_out: tuple[tuple[str, str], ...] = ()
    person: bool = False

    def sentence(self, answer: str) -> str:
        """The first sentence that holds `answer`."""
        return next((s for s in sentences(self.text) if answer.lower() in s.lower()), self.text)


def sentences(text: str) -> list[str]:
    """`text` cut at the ends of its sentences."""
    return _SENTENCE_END.split(text)


@dataclass
class PackTopics:
    """The passages of a pack as topics, with a share of the questions held out."""

    pack: Pack
    held_out_share: float = 0.12
    topics: dict[str, Topic] = field(init=False)

    def __post_init__(self) -> None:
        questions: dict[str, list[Question]] = {}
        for question in self.pack.questions:
            questions.setdefault(question.lore_id, []).append(question)
        self.topics = {lore.id: self._topic(lore, questions.get(lore.id, [])) for lore in self.pack.lore}

    def _topic(self, lore: Lore, questions: Sequence[Question]) -> Topic:
        pairs = [(question.question, question.answer) for question in questions]
        held = []
        # Only where the passage keeps another question, so that no passage goes unasked.
        if len(pairs) > 1 and random.Random(lore.id).random() < self.held_out_share * 2:
            held.append(pairs.pop(random.Random(lore.id).randrange(len(pairs))))
        person = any(persona.name == lore.title for persona in self.pack.personas)
        return Topic(lore.title, lore.text, tuple(pairs), tuple(held), person)

    def nearest(self, rng: random.Random, question: str, count: int) -> list[Topic]:
        """Topics that share words with the question, as a search would find them; chance decides between equals."""
        wanted = _words(question)
        ranked = sorted(self._words, key=lambda pair: (-len(wanted & pair[1]), rng.random()))
        return [topic for topic, _ in ranked[:count]]

    @cached_property
    def _words(self) -> list[tuple[Topic, frozenset[str]]]:
        return [(topic, _words(f"{topic.name} {topic.text}")) for topic in self.topics.values()]


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in re.findall(r"[a-z0-9]+", text.lower()) if len(word) > 3)


class DialogueMaker:
    """Makes dialogues; `seed` decides everything.

    `held_out` gives the ones to measure with, which share no question wording, no held-out question and no random world
    with the others. The lesson `easy` has one or two passages and hardly any small talk, so that a model learns to
    repeat what it finds before it learns the rest; `home` stays mostly in the world of the pack.
    """

    def __init__(
        self,
        pack: Pack,
        cast: Sequence[Voice],
        *,
        seed: int | str,
        held_out: bool = False,
        lesson: Lesson = "all",
    ) -> None:
        self.rng = random.Random(f"{seed}:{held_out}")
        self.cast = cast
        self.held_out = held_out
        self.easy = lesson == "easy"
        self.places = _HOME_PLACES if lesson == "home" else _PLACES
        self.mix = _EASY_MIX if self.easy else _TURN_MIX
        self.pack_topics = PackTopics(pack)
        self.phrases = load_phrases()

    def dialogues(self, count: int) -> Iterator[Dialogue]:
        """`count` dialogues: half in the pack's world, most others in random ones, the rest small talk alone."""
        for _ in range(count):
            where = choose(self.rng, self.places)
            yield {"pack": self.in_pack, "world": self.in_world, "nowhere": self.nowhere}[where]()

    def in_pack(self) -> Dialogue:
        """A persona of the pack, asked about its world."""
        rng = self.rng
        first = rng.choice([t for t in self.pack_topics.topics.values() if not self.held_out or t.held_out])
        near = self.pack_topics.nearest(rng, f"{first.name} {' '.join(q for q, _ in first.asked)}", 5)
        others = [t for t in (*near, *rng.sample(list(self.pack_topics.topics.values()), 4)) if t is not first]
        beside = rng.randint(0, 1) if self.easy else rng.choices((0, 1, 2, 3), (1, 2, 6, 2))[0]
        given = [first, *rng.sample(others, beside)]
        absent = [t for t in self.pack_topics.topics.values() if t not in given]
        return self._dialogue(rng.choice(self.cast), list(dict.fromkeys(given)), absent)

    def in_world(self) -> Dialogue:
        """A made-up persona, or one of the pack far from home, asked about a world that nobody knows."""
        rng = self.rng
        world = [self.topic_of(passage) for passage in worlds.random_world(rng, rng.choices((3, 4, 5), (2, 4, 3))[0])]
        hidden = len(world) - rng.randint(1, 2) if self.easy else rng.randint(1, 2)
        voice = rng.choice(self.cast) if rng.random() < 0.35 else random_voice(rng)
        return self._dialogue(voice, world[hidden:], world[:hidden])

    def nowhere(self) -> Dialogue:
        """Small talk without any passage."""
        voice = _anybody(self.rng, self.cast)
        return self._dialogue(voice, [], list(self.pack_topics.topics.values()))

    def one_question(self, voice: Voice, given: Sequence[Topic], question: str, answer: str, topic: Topic) -> Dialogue:
        """One question about `topic`, which may or may not be among the passages given."""
        return self._composed(voice, self._user(), given, [self._fact(voice, topic, question, answer)])

    def small_talk(self, voice: Voice) -> Dialogue:
        """One line that needs no passage, with or without some passages that have nothing to do with it."""
        user = self._user()
        given = self.rng.sample(list(self.pack_topics.topics.values()), self.rng.choice((0, 3)))
        return self._composed(voice, user, given, [self._chat(voice, user)])

    def topic_of(self, passage: worlds.Passage) -> Topic:
        """A passage of a random world as a topic."""
        pairs = tuple((q, fact.answer) for fact in passage.facts for q in fact.questions)
        held = tuple((fact.held_out, fact.answer) for fact in passage.facts)
        return Topic(passage.subject, passage.text, pairs, held, passage.person)

    def _dialogue(self, voice: Voice, given: list[Topic], absent: Sequence[Topic]) -> Dialogue:
        rng = self.rng
        user = self._user()
        # Search puts the best first; most first turns ask about it.
        focus = given[0] if given else None
        if rng.random() < 0.5:
            rng.shuffle(given)
        asked: list[Asked] = []
        replies: set[str] = set()
        last: Topic | None = None
        for _ in range(rng.choices((1, 2, 3, 4, 5, 6, 7), (2, 2, 3, 4, 4, 3, 3))[0]):
            kind: TurnKind = choose(rng, self.mix)  # type: ignore[assignment]
            if not given and kind in ("fact", "about", "more"):
                kind = "chat"
            topic = focus if focus and rng.random() < 0.35 else rng.choice(given) if given else None
            turn = self._turn(kind, voice, topic, last, absent, user)
            # What was said before could be copied from there instead of from the passage.
            if (said := turn.answer or turn.reply) in replies:
                continue
            replies.add(said)
            last = topic if turn.kind in ("fact", "about") else None
            asked.append(turn)
        return self._composed(voice, user, given, asked)

    def _user(self) -> str:
        return self.phrases.pick(self.rng, "people") if self.rng.random() < 0.7 else worlds.random_name(self.rng)

    def _turn(
        self, kind: TurnKind, voice: Voice, topic: Topic | None, last: Topic | None, absent: Sequence[Topic], user: str
    ) -> Asked:
        if kind == "more" and last and len(sentences(last.text)) > 1:
            return self._more(voice, last)
        if kind == "about" and topic and len(topic.text.split()) <= LONGEST_REPLY_WORDS - 8:
            wordings = "about_person" if topic.person else "about"
            line = self.phrases.pick(self.rng, wordings, held_out=self.held_out).format(title=_inside(topic.name))
            return Asked("about", self._typed(voice, line), voice.tell(self.rng, topic.text))
        if kind in ("fact", "about", "more") and topic:
            pairs = topic.held_out if self.held_out and topic.held_out else topic.asked
            if pairs:
                return self._fact(voice, topic, *self.rng.choice(pairs))
        if kind == "unknown":
            return self._unknown(voice, absent, user)
        return self._chat(voice, user)

    def _fact(self, voice: Voice, topic: Topic, question: str, answer: str) -> Asked:
        return Asked("fact", self.question(voice, question), voice.tell(self.rng, topic.sentence(answer)), answer)

    def _more(self, voice: Voice, topic: Topic) -> Asked:
        line = self.phrases.pick(self.rng, "more", held_out=self.held_out)
        return Asked("more", self._typed(voice, line), voice.tell(self.rng, sentences(topic.text)[-1]))

    def _unknown(self, voice: Voice, absent: Sequence[Topic], user: str) -> Asked:
        pairs = self.rng.choice(absent).asked if absent and self.rng.random() < 0.65 else ()
        question = (
            self.rng.choice(pairs)[0] if pairs else self.phrases.pick(self.rng, "foreign", held_out=self.held_out)
        )
        return Asked("unknown", self.question(voice, question), voice.not_known(self.rng, user=user))

    def _chat(self, voice: Voice, user: str) -> Asked:
        rng = self.rng
        if voice.by_line and rng.random() < 0.15:
            example = rng.choice(voice.by_line)
            return Asked("chat", self._typed(voice, example.user), example.reply)
        names = list(self.phrases.intents)
        intent = rng.choices(names, [4 if n == "opinion" else 3 if n in ("greet", "who") else 1 for n in names])[0]
        topic = self.phrases.pick(rng, "topics")
        wordings = self.phrases.intents[intent]
        line = rng.choice(wordings.held_out if self.held_out else wordings.say)
        line = fill(line, persona=voice.persona, user=user, topic=topic)
        return Asked("chat", self._typed(voice, line), voice.reply(rng, intent, user=user, topic=topic))

    def question(self, voice: Voice, question: str) -> str:
        """`question` in other words and as typed; now and then only its keywords."""
        rng = self.rng
        if rng.random() < (0.6 if self.held_out else 0.3):
            question = say_otherwise(rng, question, held_out=self.held_out)
        elif rng.random() < 0.06:
            question = keywords(question)
        return self._typed(voice, question)

    def _typed(self, voice: Voice, line: str) -> str:
        return as_typed(self.rng, line, voice.persona.name, held_out=self.held_out)

    def _composed(self, voice: Voice, user: str, given: Sequence[Topic], asked: Sequence[Asked]) -> Dialogue:
        """The dialogue as serving would have composed it when its last turn was asked."""
        rng = self.rng
        history: list[Turn] = []
        for number, turn in enumerate(asked):
            if rng.random() < 0.08:
                # Others talk in a channel, too; what they say belongs to the same message of the prompt.
                other = rng.choice(self.cast).persona.name if rng.random() < 0.3 else self.phrases.pick(rng, "people")
                aside = fill(rng.choice(self.phrases.intents["more"].say), persona=voice.persona, user=user)
                history.append(Turn(message_id=f"{number}a", speaker=other, text=aside, at_ms=number))
            history.append(Turn(message_id=f"{number}q", speaker=user, text=turn.line, at_ms=number))
            persona = voice.persona
            history.append(
                Turn(
                    message_id=f"{number}r", speaker=persona.name, text=turn.reply, at_ms=number, persona_id=persona.id
                )
            )
        reply, question = history.pop(), history.pop()
        summary = ""
        if len(asked) > 2 and rng.random() < 0.15:
            first, second = self.phrases.pick(rng, "topics"), self.phrases.pick(rng, "topics")
            summary = f"{user} and {voice.persona.name} talked about {first} and {second}."
        prompt = compose(
            voice.persona,
            IncomingMessage(
                id="q",
                channel_id="c",
                guild_id=None,
                author=Author(id="u", name=user),
                content=question.text,
                created_ms=0,
            ),
            history,
            summary,
            [Retrieved(id=str(i), text=topic.text, score=0.0, source="") for i, topic in enumerate(given)],
            budget_tokens=1,
            count_tokens=lambda _: 0,
        )
        return Dialogue((*prompt.messages, ChatMessage(role="assistant", content=reply.text)), tuple(asked))


def _anybody(rng: random.Random, cast: Sequence[Voice]) -> Voice:
    """Mostly one of the cast, sometimes somebody new."""
    return rng.choice(cast) if rng.random() < 0.8 else random_voice(rng)


def _inside(title: str) -> str:
    """A title as it reads within a sentence."""
    return title[:1].lower() + title[1:] if title.startswith("The ") else title


@dataclass(frozen=True, slots=True)
class Report:
    """What a set of dialogues holds, and what is wrong with it: `problems` is empty for good data."""

    dialogues: int
    turns: dict[str, int]
    unique_share: float
    mean_reply_words: float
    first_person_share: float
    problems: tuple[str, ...]


def inspect(dialogues: Sequence[Dialogue]) -> Report:
    """Counts and checks: replies that are empty or too long, open slots, answers their reply does not hold."""
    turns = [turn for dialogue in dialogues for turn in dialogue.turns]
    problems = []
    for turn in turns:
        if not turn.reply.strip() or len(turn.reply.split()) > 2 * LONGEST_REPLY_WORDS:
            problems.append(f"reply of {len(turn.reply.split())} words to {turn.line!r}")
        if re.search(r"\{\w+\}", turn.line + turn.reply):
            problems.append(f"open slot in {turn.line!r} / {turn.reply!r}")
        if turn.answer and turn.answer.lower() not in turn.reply.lower():
            problems.append(f"{turn.answer!r} is not in {turn.reply!r}")
    if len({dialogue.messages for dialogue in dialogues}) < 0.99 * len(dialogues):
        problems.append("more than 1 in 100 dialogues are copies of another")
    return Report(
        dialogues=len(dialogues),
        turns=dict(Counter(turn.kind for turn in turns)),
        unique_share=len({(turn.line, turn.reply) for turn in turns}) / max(1, len(turns)),
        mean_reply_words=sum(len(turn.reply.split()) for turn in turns) / max(1, len(turns)),
        first_person_share=sum(first_person(turn.reply) for turn in turns) / max(1, len(turns)),
        problems=tuple(problems),
    )


def first_person(text: str) -> bool:
    """Whether `text` speaks of itself as I (or we), at least once."""
    return bool(re.search(r"\b(I|I'm|I've|I'd|I'll|[Mm]e|[Mm]y|[Mm]ine|[Ww]e|[Oo]ur|[Uu]s)\b", text))
