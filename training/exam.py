"""The questions that a model is measured with, none of which training asked.

pack_facts    facts of the pack that training never asked for, their passage among two near ones
world_facts   the same in worlds invented here, from a seed that training never uses
written_facts the same for passages written as a whole, asked in words that are often not theirs
lacking       the passages are there but the fact is in none of them, or there are no passages at all
changed       a passage of the pack that tells a fact otherwise than training did
small_talk    held-out lines that need no passage
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.errors import ConfigError
from core.messages import Turn
from core.personas import Pack, Persona
from training.dialogues import DialogueMaker
from training.judge import holds
from training.recognise import Embed
from training.topics import Pair, Topic, topic_of, with_subject
from training.voices import Voice, random_voice
from training.worlds import Passage, other_answer, random_world, readings, written

NEAR = 2  # passages beside the one that is asked about
SMALL_TALK = ("chat", "chat", "chat", "opinion", "feeling", "greeting")
_TRIES = 200


@dataclass(frozen=True, slots=True)
class Question:
    """One line to a persona. `answer` is what the reply must hold, empty where there is nothing to know; `rivals` are
    the answers that other passages suggest. `subject` is what the line is about, where a passage tells of it."""

    persona: Persona
    user: str
    line: str
    passages: tuple[str, ...] = ()
    answer: str = ""
    rivals: tuple[str, ...] = ()
    subject: str = ""
    history: tuple[Turn, ...] = ()

    def bare(self) -> Question:
        """The same with nothing to read."""
        return replace(self, passages=())


class Examiner:
    """Makes the questions; `seed` decides them. Every line is worded as never in training. `strangers` is the share of
    new personas where worlds are new. With `embed` passages are in the order of their likeness to the line, as the
    search of serving gives them; without it they are in any order."""

    def __init__(
        self, pack: Pack, cast: Sequence[Voice], *, seed: int, strangers: float = 0.5, embed: Embed | None = None
    ) -> None:
        self.pack, self.cast, self.strangers, self._embed = pack, cast, strangers, embed
        self.rng = random.Random(f"exam {seed}")
        self.maker = DialogueMaker(pack, cast, seed=f"exam {seed}", held_out=True)

    def pack_facts(self, count: int) -> list[Question]:
        """Every held-out fact in turn, to another persona each time, until there are `count` questions. Raises
        ConfigError for a pack without such facts."""
        held_out = self._held_out()
        self.rng.shuffle(held_out)
        return [self._about_pack(*held_out[number % len(held_out)]) for number in range(count)]

    def world_facts(self, count: int) -> list[Question]:
        """One question about each of `count` new worlds of three passages."""
        return [self._about_world() for _ in range(count)]

    def written_facts(self, count: int) -> list[Question]:
        """One question about each of `count` passages that people wrote and training never saw, among two others."""
        templates = [one for one in readings(held_out=True) if one not in readings(held_out=False)]
        made = []
        for number in range(count):
            first = templates[number % len(templates)]
            others = self.rng.sample([one for one in templates if one is not first], NEAR)
            topic, *near = (topic_of(written(self.rng, one)) for one in (first, *others))
            made.append(self._ask(self.anybody(), topic, near, self.rng.choice(topic.held_out)))
        return made

    def changed(self, count: int) -> list[tuple[Question, str]]:
        """Held-out facts of the pack told otherwise in their passage, with the answer that the pack gives."""
        made = list[tuple[Question, str]]()
        held_out = self._held_out()
        for _ in range(_TRIES * count):
            topic, pair = self.rng.choice(held_out)
            new, word = other_answer(self.rng, pair.answer), re.compile(rf"\b{re.escape(pair.answer)}\b")
            if new and len(word.findall(topic.text)) == 1:
                told = replace(topic, text=word.sub(new, topic.text))
                other = replace(pair, answer=new, sentence=word.sub(new, pair.sentence))
                question = self._ask(self.somebody(), told, self.near(topic, pair.question), other)
                made.append((replace(question, rivals=(*question.rivals, pair.answer)), pair.answer))
            if len(made) == count:
                break
        return made

    def updated(self, count: int) -> list[tuple[Question, str]]:
        """Facts of new worlds whose passage says how it was and how it is now, with the outdated answer."""
        made = list[tuple[Question, str]]()
        while len(made) < count:
            passage, *others = self._world()
            topic, near = topic_of(passage), [topic_of(other) for other in others]
            for pair in topic.held_out:
                if pair.outdated:
                    made.append((self._ask(self.anybody(), topic, near, pair), pair.outdated))
        return made[:count]

    def remembered(self, count: int) -> list[Question]:
        """The user asks for something that they told some lines ago; nothing to read but the talk."""
        made: list[Question] = []
        while len(made) < count:
            voice, user = self.somebody(), self.user()
            turns = self.maker.talks.talk(self.rng, voice, user, "memory")
            asked = [n for n, turn in enumerate(turns) if turn.answer and not holds(turn.line, turn.answer)]
            if asked:
                last = turns[asked[-1]]
                before = tuple((turn.line, turn.reply) for turn in turns[: asked[-1]])
                history = as_history(voice.persona, user, before)
                made.append(Question(voice.persona, user, last.line, answer=last.answer, history=history))
        return made

    def lacking_in_pack(self, count: int) -> list[Question]:
        """Held-out facts of the pack whose sentence is missing from the passage; what else it tells stays."""
        made: list[Question] = []
        held_out = self._held_out()
        for _ in range(_TRIES * count):
            topic, pair = self.rng.choice(held_out)
            rest = topic.without(pair)
            near = [other for other in self.near(topic, pair.question) if not holds(other.text, pair.answer)]
            if rest:
                told = replace(rest, text=with_subject(rest.text, topic.name))
                made.append(self._ask(self.somebody(), told, near, pair, known=False))
            if len(made) == count:
                break
        return made

    def lacking_in_world(self, count: int) -> list[Question]:
        """Questions about a subject of a new world whose passage does not tell what is asked."""
        made = []
        for _ in range(count):
            passage, *others = self._world()
            fact = self.rng.choice(passage.untold)
            pair = Pair(fact.held_out, fact.answer, fact.sentence)
            near = [topic_of(other) for other in others]
            made.append(self._ask(self.anybody(), topic_of(passage), near, pair, known=False))
        return made

    def nothing_to_read(self, count: int) -> list[Question]:
        """Questions about the pack and about new worlds without any passage."""
        half = count // 2
        asked = [*self.pack_facts(half), *self.world_facts(count - half)]
        return [replace(question.bare(), answer="", rivals=()) for question in asked]

    def small_talk(self, count: int) -> list[Question]:
        """Lines that need no passage, to all of the cast in turn, half of them among passages of the pack."""
        made = []
        topics = list(self.maker.pack_topics.topics.values())
        for number in range(count):
            voice, user = self.cast[number % len(self.cast)], self.user()
            given = self.rng.sample(topics, self.rng.choice((0, NEAR + 1)))
            turn = self.maker.talks.talk(self.rng, voice, user, self.rng.choice(SMALL_TALK))[0]
            made.append(Question(voice.persona, user, turn.line, tuple(topic.text for topic in given)))
        return made

    def _held_out(self) -> list[tuple[Topic, Pair]]:
        found = [(topic, pair) for topic in self.maker.pack_topics.topics.values() for pair in topic.held_out]
        if not found:
            raise ConfigError(
                f"The pack {self.pack.id!r} has nothing that training holds out.",
                field="questions.yaml",
                fix="Write questions about two sentences of some passages.",
            )
        return found

    def _about_pack(self, topic: Topic, pair: Pair) -> Question:
        return self._ask(self.somebody(), topic, self.near(topic, pair.question), pair)

    def _about_world(self) -> Question:
        passage, *others = self._world()
        topic = topic_of(passage)
        return self._ask(self.anybody(), topic, [topic_of(other) for other in others], self.rng.choice(topic.held_out))

    def _ask(self, voice: Voice, topic: Topic, near: Sequence[Topic], pair: Pair, *, known: bool = True) -> Question:
        line = self.maker.question(voice, pair.question)
        given = self.found(line, [topic, *near])
        asked = Question(voice.persona, self.user(), line, tuple(one.text for one in given), subject=topic.name)
        if not known:
            return asked
        # A persona may speak of a friend in any reply.
        names = {persona.name for persona in self.pack.personas}
        return replace(asked, answer=pair.answer, rivals=tuple(r for r in rivals(pair, near) if r not in names))

    def near(self, topic: Topic, question: str) -> list[Topic]:
        """Other passages that a search would find as well."""
        return [t for t in self.maker.pack_topics.nearest(self.rng, question, NEAR + 1) if t.name != topic.name][:NEAR]

    def found(self, line: str, topics: Sequence[Topic]) -> list[Topic]:
        """The topics in the order in which a search for `line` finds them."""
        order = self.rng.sample(topics, len(topics))
        if self._embed is None:
            return order
        asked, *vectors = self._embed([line, *(f"{topic.name}. {topic.text}" for topic in order)])
        return [order[i] for i in sorted(range(len(order)), key=lambda i: -float(asked @ vectors[i]))]

    def _world(self) -> list[Passage]:
        return random_world(self.rng, NEAR + 1, held_out=True)

    def somebody(self) -> Voice:
        """One of the cast."""
        return self.rng.choice(self.cast)

    def anybody(self) -> Voice:
        """One of the cast, or somebody that nobody has met."""
        return random_voice(self.rng) if self.rng.random() < self.strangers else self.somebody()

    def user(self) -> str:
        """The name of a person who asks."""
        return self.maker.phrases.pick(self.rng, "people")


def as_history(persona: Persona, user: str, said: Sequence[tuple[str, str]]) -> tuple[Turn, ...]:
    """(line, reply) pairs as the turns that a channel remembers."""
    turns: list[Turn] = []
    for at, (line, reply) in enumerate(said):
        turns.append(Turn(message_id=f"{at}q", speaker=user, text=line, at_ms=at))
        turns.append(Turn(message_id=f"{at}r", speaker=persona.name, text=reply, at_ms=at, persona_id=persona.id))
    return tuple(turns)


def rivals(pair: Pair, near: Sequence[Topic]) -> tuple[str, ...]:
    """The answers that the other passages hold, and an outdated one, but for what the right sentence or the question
    says itself."""
    said = f"{pair.sentence} {pair.question}"
    others = [other.answer for topic in near for other in (*topic.asked, *topic.held_out)]
    found = [answer for answer in dict.fromkeys(others) if not holds(said, answer)]
    return (*found, pair.outdated) if pair.outdated else tuple(found)
