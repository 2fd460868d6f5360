"""Dialogues to train the small model on: made by grammar from a pack and from random worlds, alike for a seed.

A dialogue has one persona, a few passages in its prompt, and several turns: questions that a passage answers (the reply
repeats the sentence, in the persona's voice), questions that none answers (the persona says so), and talk. The prompt
is composed by `core.prompts.compose`, the function that serving uses, so training and serving cannot drift.

Reading must pay and reciting must not: random worlds are told once, the pack's own facts are changed in most dialogues,
and the persona admits not to know whatever the passages do not hold, also where it could know it by heart.

Held out from training, and only used to measure: a share of the pack's sentences with their questions, wordings of
every kind of question and of every kind of talk, some kinds of facts, and all worlds of another seed.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from core.messages import Author, ChatMessage, IncomingMessage, Turn
from core.messages import Passage as Retrieved
from core.personas import Pack
from core.prompts import compose
from training import worlds
from training.phrases import as_typed, choose, keywords, load_phrases, say_otherwise
from training.rewording import reworded
from training.talks import TalkMaker, persona_weights
from training.topics import PackTopics, Pair, Topic, altered, extended, inside, renamed, topic_of
from training.turns import Asked, Dialogue, TurnKind
from training.voices import Voice, fill, random_voice
from training.worlds import sentences

LONGEST_REPLY_WORDS = 45
# Of the dialogues about the pack: their facts are others, their subject has another name, there is one more fact.
ALTERED_SHARE, RENAMED_SHARE, EXTENDED_SHARE = 0.6, 0.3, 0.7
FOUND_FIRST_SHARE = 0.8  # of the dialogues have the passage that the last line is about before the others
REWORDED_PLAIN = 0.8  # of the plain dialogues have their words exchanged
TURNS, TURNS_PLAIN = (10, 4, 3, 3), (12, 2, 1, 0)  # how often a dialogue has 1 to 4 turns; only its last is learned
BLANKED_SHARE = 0.45  # of the dialogues have passages that each lack a sentence
NOTHING_FOUND_SHARE = 0.15  # of the questions that cannot be answered come without any passage
ONE_SUBJECT_PLAIN, ONE_SUBJECT = 0.25, 0.4  # of the dialogues with passages ask about one of them all the time
AFTER_TALK_SHARE = 0.35  # of the dialogues with passages come after some talk,
AFTER_QUESTIONS_SHARE = 0.4  # and of the talks beside passages after some questions


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the dialogues of a lesson are like: where they take place, what their turns are, which share of them is
    `plain` (questions and answers without any manner), and which shares of the others are typed in a hurry and have
    their words exchanged. Of their questions a share comes with something said that is `beside_the_point`."""

    places: tuple[tuple[str, float], ...]
    turns: tuple[tuple[TurnKind, float], ...]
    plain: float
    hurried: float
    reworded: float = 0.5
    beside_the_point: float = 0.0


LessonName = Literal["drill", "voices", "all", "home", "reading"]
# A model learns to repeat what it finds before it learns the rest, and the rest step by step: all at once cost it the
# reading, which took millions of tokens to come back. Not to know is what is left when nothing is found, so there is
# more of it the better it finds.
LESSONS: dict[LessonName, Lesson] = {
    "drill": Lesson((("pack", 0.15), ("world", 0.85)), (("fact", 86), ("unknown", 14)), plain=1.0, hurried=0.0),
    "voices": Lesson(
        (("pack", 0.25), ("world", 0.6), ("nowhere", 0.15)),
        (("fact", 62), ("unknown", 19), ("about", 4), ("more", 4), ("chat", 11)),
        plain=0.5,
        hurried=0.25,
    ),
    "all": Lesson(
        (("pack", 0.25), ("world", 0.5), ("nowhere", 0.25)),
        (("fact", 57), ("unknown", 24), ("about", 4), ("more", 4), ("chat", 11)),
        plain=0.35,
        hurried=0.75,
    ),
    "home": Lesson(
        (("pack", 0.24), ("world", 0.36), ("nowhere", 0.4)),
        (("fact", 44), ("unknown", 33), ("about", 9), ("more", 9), ("chat", 5)),
        plain=0.2,
        hurried=0.75,
        reworded=0.75,
        beside_the_point=0.25,
    ),
    # Not one of the base model's: what a new persona is to keep (`training.rehearse`).
    "reading": Lesson(
        (("pack", 0.4), ("world", 0.6)),
        (("fact", 56), ("unknown", 28), ("about", 8), ("more", 8)),
        plain=0.0,
        hurried=0.75,
        reworded=0.75,
        beside_the_point=0.25,
    ),
}
# A wrong guess that goes with a question; the last ones are only used to measure.
_CLAIMS = (" I thought {wrong}.", " Is it {wrong}?", " Somebody told me {wrong}.", " I bet {wrong}.")
_CLAIMS_HELD_OUT = (" Not {wrong}, or?", " My guess is {wrong}.")


class DialogueMaker:
    """Makes dialogues; `seed` decides everything.

    `held_out` gives the ones to measure with, which share no question wording, no held-out sentence and no random world
    with the others.
    """

    def __init__(
        self,
        pack: Pack,
        cast: Sequence[Voice],
        *,
        seed: int | str,
        held_out: bool = False,
        lesson: LessonName = "all",
    ) -> None:
        self.rng = random.Random(f"{seed}:{held_out}")
        self.cast = cast
        self.weights = persona_weights(pack)
        self.held_out = held_out
        self.lesson = LESSONS[lesson]
        self.plain = False  # the dialogue being made
        self.hurried = True
        self.pack_topics = PackTopics(pack, stripped=not held_out)
        self.phrases = load_phrases()
        self.talks = TalkMaker(held_out=held_out)

    def dialogues(self, count: int) -> Iterator[Dialogue]:
        """`count` dialogues in the proportions of the lesson."""
        makers = {"pack": self.in_pack, "world": self.in_world, "nowhere": self.nowhere}
        for _ in range(count):
            where = choose(self.rng, self.lesson.places)
            self.plain = where != "nowhere" and self.rng.random() < self.lesson.plain
            self.hurried = not self.plain and self.rng.random() < self.lesson.hurried
            yield makers[where]()
        self.plain, self.hurried = False, True

    def in_pack(self) -> Dialogue:
        """A persona of the pack, asked about its world, or about one that resembles it."""
        rng = self.rng
        topics = list(self.pack_topics.topics.values())
        first = rng.choice([t for t in topics if not self.held_out or t.held_out])
        near = self.pack_topics.nearest(rng, f"{first.name} {' '.join(p.question for p in first.asked)}", 5)
        others = [t for t in (*near, *rng.sample(topics, 4)) if t is not first]
        given = list(dict.fromkeys([first, *rng.sample(others, rng.choices((0, 1, 2, 3), (1, 2, 6, 1))[0])]))
        absent = [t for t in topics if t not in given]
        if not self.held_out:
            given = self._as_if_new(given)
        return self._dialogue(self.persona(), given, absent)

    def in_world(self) -> Dialogue:
        """A made-up persona, or one of the pack far from home, asked about a world that nobody knows."""
        return self._dialogue(self.persona(0.5), *self._some_world(1, 3 if self.plain else 4))

    def nowhere(self) -> Dialogue:
        """Talk, with passages that have nothing to do with it as often as not, at times after some questions."""
        rng, voice, user, beside = self.rng, self.persona(0.9), self._user(), self._beside()
        talk = self.talks.talk(rng, voice, user)
        # Where passages stand at the end, only the last reply is learned; else it would learn to answer without any.
        if beside and rng.random() < AFTER_QUESTIONS_SHARE:
            pairs = [pair for topic in self._some_world(1, 2)[0] for pair in topic.asked]
            talk = [*(self._fact(voice, pair) for pair in rng.sample(pairs, min(len(pairs), rng.randint(1, 2)))), *talk]
        return self._composed(voice, user, beside, talk)

    def persona(self, at_home: float = 1.0) -> Voice:
        """One of the cast with the chance `at_home`, the leading ones more often; else somebody that nobody has met. In
        a plain dialogue somebody without any manner."""
        if self.plain:
            return plain_voice(self.rng)
        if self.rng.random() < at_home:
            return self.rng.choices(self.cast, self.weights)[0]
        return random_voice(self.rng)

    def question(self, voice: Voice, question: str) -> str:
        """`question` in other words and as typed; now and then only its keywords."""
        rng = self.rng
        if self.plain:
            return question
        if rng.random() < (0.6 if self.held_out else 0.3):
            question = say_otherwise(rng, question, held_out=self.held_out)
        elif rng.random() < 0.06:
            question = keywords(question)
        question = self._typed(voice, question)
        if rng.random() < self.lesson.beside_the_point:
            aside = self.talks.aside(rng, voice)
            question = rng.choice((f"{aside} {question}", f"{aside} {question}", f"{question} {aside}"))
        return question

    def _some_world(self, least: int, most: int) -> tuple[list[Topic], list[Topic]]:
        """Passages given, and others of the same world that are not."""
        count = self.rng.randint(least, most)
        made = worlds.random_world(self.rng, count + 1, held_out=self.held_out, written_share=worlds.WRITTEN_SHARE)
        world = [topic_of(passage) for passage in made]
        return world[:-1], world[-1:]

    def _as_if_new(self, given: Sequence[Topic]) -> list[Topic]:
        """Passages of the pack as they are, or so that knowing them by heart would not help."""
        rng = self.rng
        if rng.random() < ALTERED_SHARE:
            given = [altered(rng, topic) for topic in given]
        if rng.random() < RENAMED_SHARE:
            given = [renamed(rng, topic) for topic in given]
        if rng.random() < EXTENDED_SHARE:
            given = [extended(rng, topic) for topic in given]
        return list(given)

    def _beside(self) -> list[Topic]:
        rng = self.rng
        if rng.random() < 0.5:
            return []
        if rng.random() < 0.4:
            return self._some_world(1, 3)[0]
        return rng.sample(list(self.pack_topics.topics.values()), rng.randint(1, 3))

    def _dialogue(self, voice: Voice, given: list[Topic], absent: Sequence[Topic]) -> Dialogue:
        rng = self.rng
        user = self._user()
        if not self.held_out and rng.random() < (REWORDED_PLAIN if self.plain else self.lesson.reworded):
            told = reworded(rng, [*given, *rng.sample(absent, min(2, len(absent)))], rng.choice((0.25, 0.5, 1.0)))
            given, absent = told[: len(given)], told[len(given) :]
        if rng.random() < BLANKED_SHARE:
            given = [self._blanked(topic) for topic in given]
        focus = given[0]
        one_subject = len(focus.asked) > 2 and rng.random() < (ONE_SUBJECT_PLAIN if self.plain else ONE_SUBJECT)
        asked: list[Asked] = []
        replies: set[str] = set()
        last: Topic | None = None
        latest = focus
        for number in range(rng.choices((1, 2, 3, 4), TURNS_PLAIN if self.plain else TURNS)[0] + one_subject):
            kind: TurnKind = choose(rng, self.lesson.turns)  # type: ignore[assignment]
            if one_subject:
                kind = rng.choice(("about", "fact")) if number == 0 else rng.choice(("fact", "fact", "more"))
            on = last is not None and rng.random() < (0.9 if one_subject else 0.4)
            topic = last if on and last else focus if one_subject or rng.random() < 0.35 else rng.choice(given)
            if kind == "fact" and not topic.asked and not self.held_out:
                topic, on = rng.choice([one for one in given if one.asked] or [topic]), False
            if self.plain and kind == "fact" and not topic.asked:
                kind = "unknown"  # a drill holds no talk
            turn = self._turn(kind, voice, topic, on, given, absent, user, replies)
            # What was said before could be copied from there instead of from the passage.
            if (said := turn.answer or turn.reply) in replies:
                continue
            replies |= {said, turn.reply}
            latest = topic
            last = topic if turn.kind in ("fact", "about", "more") else last if turn.kind == "unknown" else None
            asked.append(turn)
        # Search puts first what fits the last line best, and is seldom wrong.
        found = [latest] if rng.random() < FOUND_FIRST_SHARE else []
        order = [*found, *rng.sample([topic for topic in given if topic not in found], len(given) - len(found))]
        if asked[-1].kind == "unknown" and rng.random() < NOTHING_FOUND_SHARE:
            order, asked = [], asked[-1:]  # what was said before had something to go by
        elif not self.plain and rng.random() < AFTER_TALK_SHARE:
            asked = [*self.talks.talk(rng, voice, user)[: rng.randint(1, 3)], *asked]
        return self._composed(voice, user, order, asked)

    def _blanked(self, topic: Topic) -> Topic:
        """The topic with one of its sentences taken out, whose questions become unanswerable."""
        pair = self.rng.choice(topic.asked) if topic.asked else None
        rest = topic.without(pair) if pair else None
        if rest and topic.name.lower().removeprefix("the ") not in rest.text.lower():
            return topic  # nothing would say what it is about
        return topic if not pair or not rest else Topic(
            rest.name, rest.pronoun, rest.text, rest.asked, rest.held_out, (*topic.untold, *(
                p.question for p in topic.asked if p not in rest.asked and p.answer.lower() not in rest.text.lower()
            )), rest.whole,
        )  # fmt: skip

    def _user(self) -> str:
        return self.phrases.pick(self.rng, "people") if self.rng.random() < 0.7 else worlds.random_name(self.rng)

    def _turn(
        self,
        kind: TurnKind,
        voice: Voice,
        topic: Topic,
        on: bool,
        given: Sequence[Topic],
        absent: Sequence[Topic],
        user: str,
        said: Collection[str],
    ) -> Asked:
        """A turn of the kind about the topic, or the nearest that can be had; `on` says that the turn before was about
        the same, so that a pronoun will do."""
        if kind == "more" and on and topic.whole:
            line = self.phrases.pick(self.rng, "more", held_out=self.held_out)
            told = sentences(topic.text)
            unsaid = [sentence for sentence in told if not any(sentence in reply for reply in said)]
            return Asked("more", self._typed(voice, line), voice.tell(self.rng, (unsaid or told)[-1]))
        if kind == "about" and topic.whole and len(topic.text.split()) <= LONGEST_REPLY_WORDS - 8:
            wordings = "about_person" if topic.person else "about"
            line = self.phrases.pick(self.rng, wordings, held_out=self.held_out).format(title=inside(topic.name))
            return Asked("about", self._typed(voice, line), voice.tell(self.rng, topic.text))
        if kind == "unknown":
            return self._unknown(voice, topic, on, given, absent, user)
        pairs = topic.held_out if self.held_out and topic.held_out else topic.asked
        if kind != "chat" and pairs:
            pair = self.rng.choice(pairs)
            shorter = topic.by_pronoun(pair.question) if on and self.rng.random() < 0.7 else None
            return self._fact(voice, pair, shorter)
        return self.talks.chat(self.rng, voice, user, anew=bool(said))  # "tell me more" asks for more of the passage

    def _fact(self, voice: Voice, pair: Pair, question: str | None = None) -> Asked:
        rng = self.rng
        line = question or pair.question
        if self.plain:
            return Asked("fact", line, voice.tell(rng, pair.sentence), pair.answer)
        if rng.random() < 0.06 and (wrong := worlds.other_answer(rng, pair.answer)):
            line += rng.choice(_CLAIMS_HELD_OUT if self.held_out else _CLAIMS).format(wrong=wrong)
        elif pair.outdated and rng.random() < 0.1:
            line += rng.choice(_CLAIMS_HELD_OUT if self.held_out else _CLAIMS).format(wrong=pair.outdated)
        return Asked("fact", self.question(voice, line), voice.tell(rng, pair.sentence), pair.answer)

    def _unknown(
        self, voice: Voice, topic: Topic, on: bool, given: Sequence[Topic], absent: Sequence[Topic], user: str
    ) -> Asked:
        """A question that the passages do not answer: about something that they tell of, about something that they do
        not tell of, or about another world."""
        rng = self.rng
        draw = rng.random()
        if draw < 0.55 and topic.untold:
            question = rng.choice(topic.untold)
            question = (topic.by_pronoun(question) if on and rng.random() < 0.7 else None) or question
        elif draw < 0.75 and (swapped := self._of_another(topic, given, absent)):
            question = swapped
        elif draw < 0.9 and absent and (pairs := rng.choice(absent).asked):
            question = rng.choice(pairs).question
        else:
            question = self.phrases.pick(rng, "foreign", held_out=self.held_out)
        return self._not_known(voice, question, user)

    def _of_another(self, topic: Topic, given: Sequence[Topic], absent: Sequence[Topic]) -> str | None:
        """A question that a passage answers, asked of something that no passage tells of, or that lacks it."""
        others = [t for t in (*given, *absent) if t.name != topic.name]
        if not topic.asked or not others:
            return None
        question, other = self.rng.choice(topic.asked).question, self.rng.choice(others).name
        if topic.name not in question or other in topic.text:
            return None
        asked = question.replace(topic.name, other)
        return None if any(asked in (p.question for p in (*t.asked, *t.held_out)) for t in others) else asked

    def _not_known(self, voice: Voice, question: str, user: str) -> Asked:
        return Asked("unknown", self.question(voice, question), voice.not_known(self.rng, user=user))

    def _typed(self, voice: Voice, line: str) -> str:
        """`line` as a person types it, in a hurry or not."""
        return as_typed(self.rng, line, voice.persona.name, held_out=self.held_out) if self.hurried else line

    def _composed(self, voice: Voice, user: str, given: Sequence[Topic], asked: Sequence[Asked]) -> Dialogue:
        """The dialogue as serving would have composed it when its last turn was asked."""
        rng = self.rng
        history: list[Turn] = []
        for number, turn in enumerate(asked):
            if rng.random() < 0.08 and not self.plain:
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
        if len(asked) > 2 and rng.random() < 0.15 and not self.plain:
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


def chunk_of_dialogues(
    pack: Pack, cast: Sequence[Voice], *, seed: int, number: int, lesson: LessonName, size: int
) -> list[Dialogue]:
    """The `number`-th chunk of the training stream, made for a lesson: `size` dialogues."""
    return list(DialogueMaker(pack, cast, seed=f"{seed}/{number}", lesson=lesson).dialogues(size))


def held_out_dialogues(pack: Pack, cast: Sequence[Voice], *, seed: int, count: int) -> list[Dialogue]:
    """Dialogues to measure with, none of whose question wordings the stream holds."""
    return list(DialogueMaker(pack, cast, seed=seed, held_out=True).dialogues(count))


def plain_voice(rng: random.Random) -> Voice:
    """Somebody without title, voice and boundaries, who says what it knows and that it does not know."""
    voice = random_voice(rng)
    persona = voice.persona.model_copy(update={"title": "", "voice": "", "boundaries": ()})
    return Voice(persona, {"lore": ("{lore}",), "unknown": ("I do not know.",)})
