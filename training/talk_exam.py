"""Talks of five turns that stay with one subject: only the first line names it, the others say `it` or nothing at all.

The model answers every line with its own replies before it, so it must know from the talk what `it` is. The subject is
that of a passage, with two other passages that could be mistaken for it, or a topic like rain or chess. A talk keeps
its subject when four of its five replies, the last among them, are about it: a reply that gives the answer asked for,
or that names the subject, and none of what the other passages are about.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from core.personas import Persona
from training.candidate import Candidate, Reply
from training.exam import NEAR, Examiner, Question, as_history
from training.judge import holds
from training.topics import Pair, Topic, inside, topic_of
from training.worlds import random_world

TURNS = 5
KEPT = 4
FACTS = 2  # a passage with fewer has not enough to talk about


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a talk. A reply is about the subject where it holds one of `answers` or names the subject."""

    text: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Talk:
    """A talk before it is held. `others` are the names of what else the passages tell of."""

    persona: Persona
    user: str
    subject: str
    passages: tuple[str, ...]
    lines: tuple[Line, ...]
    others: tuple[str, ...]

    def about(self, number: int, reply: str) -> bool:
        """Whether a reply to line `number` is about the subject."""
        answers = [answer for answer in self.lines[number].answers if holds(reply, answer)]
        if not answers and not holds(reply, self.subject):
            return False
        return not any(holds(reply, other) for other in self.others)

    def question(self, number: int, before: Sequence[str]) -> Question:
        """Line `number` with the replies given before it."""
        said = [(line.text, reply) for line, reply in zip(self.lines, before, strict=False)]
        return Question(
            self.persona,
            self.user,
            self.lines[number].text,
            self.passages,
            subject=self.subject,
            history=as_history(self.persona, self.user, said),
        )


def kept(talk: Talk, replies: Sequence[str]) -> bool:
    """Whether the talk stayed with its subject."""
    about = [talk.about(number, reply) for number, reply in enumerate(replies)]
    return sum(about) >= KEPT and about[-1]


async def hold(candidate: Candidate, talks: Sequence[Talk]) -> list[list[Reply]]:
    """All talks at the same time, each with the model's own replies in its history."""
    said: list[list[Reply]] = [[] for _ in talks]
    for number in range(TURNS):
        asked = [talk.question(number, [reply.text for reply in s]) for talk, s in zip(talks, said, strict=True)]
        replies = await candidate.replies(asked, f"talks, turn {number + 1}")
        for one, reply in zip(said, replies, strict=True):
            one.append(reply)
    return said


def make_talks(examiner: Examiner, count: int) -> list[Talk]:
    """`count` talks, by turns about a passage of a new world, one of the pack, and the persona's view of a topic."""
    rng = examiner.rng
    of_pack = [topic for topic in examiner.maker.pack_topics.topics.values() if len(_by_pronoun(topic)) >= FACTS]
    made = []
    for number in range(count):
        if number % 3 == 2:
            made.append(_opinions(examiner))
        elif number % 3 and of_pack:
            topic = rng.choice(of_pack)
            made.append(_talk(examiner, topic, examiner.near(topic, topic.text)))
        else:
            made.append(_talk(examiner, *_new_world(rng)))
    return made


def _opinions(examiner: Examiner) -> Talk:
    """What do you think of it, and four questions that do not name it."""
    voice, user = examiner.somebody(), examiner.user()
    turns = examiner.maker.talks.talk(examiner.rng, voice, user, "subject")[:TURNS]
    topic = turns[0].answer
    return Talk(voice.persona, user, topic, (), tuple(Line(turn.line, (topic,)) for turn in turns), ())


def _new_world(rng: random.Random) -> tuple[Topic, list[Topic]]:
    while True:
        topic, *near = [topic_of(passage) for passage in random_world(rng, NEAR + 1, held_out=True)]
        if len(_by_pronoun(topic)) >= FACTS:
            return topic, near


def _talk(examiner: Examiner, topic: Topic, near: Sequence[Topic]) -> Talk:
    """Tell me about it; one question; more, please; another question; and one more, or go on."""
    maker, rng = examiner.maker, examiner.rng
    voice = examiner.anybody()
    told = tuple(dict.fromkeys(pair.answer for pair in (*topic.asked, *topic.held_out)))
    about = maker.phrases.pick(rng, "about_person" if topic.person else "about", held_out=True)
    facts = _by_pronoun(topic)
    rng.shuffle(facts)
    asked = [Line(maker.question(voice, question), (pair.answer,)) for question, pair in facts[: FACTS + 1]]
    while len(asked) < TURNS - 2:
        asked.append(Line(maker.phrases.pick(rng, "more", held_out=True), told))
    opening, more = Line(about.format(title=inside(topic.name)), told), maker.phrases.pick(rng, "more", held_out=True)
    given = examiner.found(opening.text, [topic, *near])
    # A persona may name a friend in any reply.
    said = f"{topic.text} {topic.name} {' '.join(persona.name for persona in examiner.pack.personas)}"
    others = tuple(other.name for other in near if not holds(said, other.name))
    return Talk(
        voice.persona,
        examiner.user(),
        topic.name,
        tuple(one.text for one in given),
        (opening, asked[0], Line(more, told), *asked[1:]),
        others,
    )


def _by_pronoun(topic: Topic) -> list[tuple[str, Pair]]:
    """The questions about a topic, each of another fact, that can be asked without its name."""
    found: dict[str, tuple[str, Pair]] = {}
    for pair in (*topic.held_out, *topic.asked):
        shorter = topic.by_pronoun(pair.question)
        if shorter and pair.answer not in found:
            found[pair.answer] = shorter, pair
    return list(found.values())
