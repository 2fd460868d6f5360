"""From replies to figures: every figure of the language model with its base rate, its interval and what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from core.personas import Pack
from training.admits import admits
from training.candidate import Candidate, Reply
from training.dialogues import DialogueMaker
from training.exam import Examiner, Question
from training.figures import Figure
from training.judge import degenerate, distinct2, first_person, right, wilson
from training.recognise import Embed, Recogniser, training_replies
from training.talk_exam import Talk, hold, kept, make_talks
from training.voices import Voice
from training.worlds import sentences

DISTINCT_REPLIES = 500
CENTROID_REPLIES = 60
SHOWN_FAILURES = 6
SHOWN_FIRST = 3


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was said, for people to look at: `lines` are (speaker, text), `wanted` what would have been right."""

    lines: tuple[tuple[str, str], ...]
    passages: tuple[str, ...] = ()
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """A figure with the number of cases it was measured on, the first of them, and some that were not as they should
    be."""

    figure: Figure
    asked: int
    failures: tuple[Exchange, ...] = ()
    first: tuple[Exchange, ...] = ()

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95% interval of a share; None for what is no share of cases."""
        if self.figure.unit != "share":
            return None
        return wilson(round(self.figure.value * self.asked), self.asked)


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What training says, to hold a model's replies against."""

    by_persona: dict[str, list[str]]
    talk: list[str]
    facts: list[str]

    @property
    def every(self) -> list[str]:
        """All replies."""
        return [*self.talk, *self.facts]

    @classmethod
    def collect(cls, pack: Pack, cast: Sequence[Voice], *, seed: int, replies: int = DISTINCT_REPLIES) -> TrainingData:
        """`replies` replies of the training part to small talk, and as many to questions."""
        maker = DialogueMaker(pack, cast, seed=f"data {seed}")
        by_persona = training_replies(maker, cast, 2 * CENTROID_REPLIES)
        talk: list[str] = []
        facts: list[str] = []
        while min(len(talk), len(facts)) < replies:
            for dialogue in maker.dialogues(100):
                for turn in dialogue.turns:
                    (facts if turn.kind in ("fact", "about", "more") else talk).append(turn.reply)
        return cls(by_persona, talk[:replies], facts[:replies])


@dataclass(frozen=True, slots=True)
class Answered:
    """Questions with their replies."""

    questions: tuple[Question, ...]
    replies: tuple[Reply, ...]

    def share(self, judge: Callable[[Question, Reply], bool]) -> float:
        """The share that `judge` says yes to."""
        return share([judge(q, r) for q, r in zip(self.questions, self.replies, strict=True)])

    def where(self, judge: Callable[[Question, Reply], bool]) -> Answered:
        """Those that `judge` says yes to."""
        kept = [(q, r) for q, r in zip(self.questions, self.replies, strict=True) if judge(q, r)]
        return Answered(tuple(q for q, _ in kept), tuple(r for _, r in kept))

    def failures(self, judge: Callable[[Question, Reply], bool]) -> tuple[Exchange, ...]:
        """Some that `judge` says no to."""
        pairs = zip(self.questions, self.replies, strict=True)
        return tuple(exchange(q, r) for q, r in pairs if not judge(q, r))[:SHOWN_FAILURES]

    def first(self) -> tuple[Exchange, ...]:
        """The first ones, whatever they are like."""
        return tuple(exchange(q, r) for q, r in zip(self.questions, self.replies, strict=True))[:SHOWN_FIRST]

    def __add__(self, other: Answered) -> Answered:
        return Answered(self.questions + other.questions, self.replies + other.replies)


@dataclass
class Examination:
    """Asks one candidate everything. `samples` is the number of questions per figure."""

    candidate: Candidate
    examiner: Examiner
    data: TrainingData
    embed: Embed
    samples: int = 250
    scores: list[Score] = field(default_factory=list)

    async def run(self) -> list[Score]:
        """All scores of the language model. Raises what `Engine.generate` raises."""
        examiner, count = self.examiner, self.samples
        in_pack = await self._facts("fact_in_pack", examiner.pack_facts(count))
        in_world = await self._facts("fact_in_new_world", examiner.world_facts(count))
        await self._facts("fact_in_written_passage", examiner.written_facts(count // 2))
        self._denied(in_pack + in_world)
        await self._changed("fact_in_changed_pack", examiner.changed(count // 2))
        await self._changed("fact_updated", examiner.updated(count // 3))
        await self._remembered(examiner.remembered(count // 3))
        await self._invented(count // 3)
        talk = await self._ask(examiner.small_talk(count), "small talk")
        everything = talk + in_pack + in_world
        self._first_person(talk)
        self._recognised(talk + in_pack)
        self._distinct(talk, in_pack + in_world)
        self._degenerate(everything)
        await self._talks(max(1, count * 2 // 5))
        anew = self.candidate.unusable / max(1, self.candidate.asked)
        self._add("written_anew", anew, self.candidate.asked)
        words = [len(reply.text.split()) for reply in everything.replies]
        told = [len(text.split()) for text in self.data.every]
        self._add("reply_words", sum(words) / len(words), len(words), sum(told) / len(told), unit="words")
        return self.scores

    async def _ask(self, questions: Sequence[Question], label: str) -> Answered:
        return Answered(tuple(questions), tuple(await self.candidate.replies(questions, label)))

    def _add(
        self,
        name: str,
        value: float,
        asked: int,
        baseline: float | None = None,
        failures: tuple[Exchange, ...] = (),
        first: tuple[Exchange, ...] = (),
        *,
        unit: str = "share",
    ) -> None:
        self.scores.append(Score(Figure(name, value, baseline, unit), asked, failures, first))

    async def _facts(self, name: str, questions: Sequence[Question]) -> Answered:
        told = await self._ask(questions, name)
        bare = await self._ask([question.bare() for question in questions], f"{name}, no passage")
        base, failures = bare.share(is_right), told.failures(is_right)
        self._add(name, told.share(is_right), len(questions), base, failures, told.first())
        return told

    def _denied(self, told: Answered) -> None:
        """Whether it says that it does not know what it could read."""
        base = share([admits(text) for text in self.data.facts])
        failures = told.failures(lambda q, r: not says_so(q, r))
        self._add("denied_with_passage", told.share(says_so), len(told.replies), base, failures)
        denied = told.where(says_so)
        self._add("fact_in_denial", denied.share(is_right), len(denied.replies), failures=denied.failures(is_right))

    async def _changed(self, name: str, made: Sequence[tuple[Question, str]]) -> None:
        """Whether the passage counts for more than what stood in training, or what it calls outdated."""
        told = await self._ask([question for question, _ in made], name)
        old = [right(reply.text, old) for reply, (_, old) in zip(told.replies, made, strict=True)]
        self._add(name, told.share(is_right), len(made), share(old), told.failures(is_right), told.first())

    async def _remembered(self, questions: Sequence[Question]) -> None:
        told = await self._ask(questions, "remembers_user")
        bare = await self._ask([replace(question, history=()) for question in questions], "remembers_user, no history")
        base, failures = bare.share(is_right), told.failures(is_right)
        self._add("remembers_user", told.share(is_right), len(questions), base, failures, told.first())

    async def _invented(self, count: int) -> None:
        examiner = self.examiner
        parts = {
            "pack": examiner.lacking_in_pack(count),
            "new_world": examiner.lacking_in_world(count),
            "nothing": examiner.nothing_to_read(count),
        }
        asked = {part: await self._ask(made, f"invented, {part}") for part, made in parts.items()}
        together = asked["pack"] + asked["new_world"] + asked["nothing"]
        honest = _unknown_replies(self.examiner)
        judged_wrongly = share([not admits(text) for text in honest])
        value = 1 - together.share(says_so)
        self._add("invented_without_passage", value, len(together.replies), judged_wrongly, together.failures(says_so))
        invented = together.where(lambda q, r: not says_so(q, r))
        self._add("invented_by_quoting", invented.share(quotes), len(invented.replies))
        for part, told in asked.items():
            value = 1 - told.share(says_so)
            self._add(f"invented_{part}", value, len(told.replies), judged_wrongly, first=told.first())

    def _first_person(self, talk: Answered) -> None:
        def speaks_of_itself(_: Question, reply: Reply) -> bool:
            return first_person(reply.text)

        base = share([first_person(text) for text in self.data.talk])
        failures = talk.failures(speaks_of_itself)
        self._add("first_person", talk.share(speaks_of_itself), len(talk.replies), base, failures, talk.first())

    def _recognised(self, told: Answered) -> None:
        known = {speaker: texts[:CENTROID_REPLIES] for speaker, texts in self.data.by_persona.items()}
        recogniser = Recogniser(known, self.embed)
        found = recogniser.who([reply.text for reply in told.replies])
        hits = [q.persona.id == who for q, who in zip(told.questions, found, strict=True)]
        wrong = [
            exchange(q, r, wanted=f"{q.persona.name}, not {who}")
            for q, r, who, hit in zip(told.questions, told.replies, found, hits, strict=True)
            if not hit
        ]
        chance = 1 / len(known)
        self._add("persona_recognised", share(hits), len(hits), chance, tuple(wrong[:SHOWN_FAILURES]))
        rest = [(speaker, t) for speaker, texts in self.data.by_persona.items() for t in texts[CENTROID_REPLIES:]]
        said_by = recogniser.who([text for _, text in rest])
        own = share([speaker == who for (speaker, _), who in zip(rest, said_by, strict=True)])
        self._add("persona_recognised_in_data", own, len(rest), chance)

    def _distinct(self, talk: Answered, facts: Answered) -> None:
        """Over as many answers to small talk as to questions, and as many replies of training of either kind."""
        data = self.data
        half = min(DISTINCT_REPLIES // 2, *map(len, (talk.replies, facts.replies, data.talk, data.facts)))
        mine = distinct2([r.text for r in (*talk.replies[:half], *facts.replies[-half:])])
        theirs = distinct2([*data.talk[:half], *data.facts[:half]])
        self._add("distinct2_ratio", min(1.0, mine / max(theirs, 1e-9)), 2 * half, 1.0, unit="ratio")
        self._add("distinct2", mine, 2 * half, theirs, unit="pairs")

    def _degenerate(self, told: Answered) -> None:
        def sound(_: Question, reply: Reply) -> bool:
            return not reply.degenerate

        base = share([degenerate(text, ended=True) for text in self.data.every])
        self._add("degenerate", 1 - told.share(sound), len(told.replies), base, told.failures(sound))

    async def _talks(self, count: int) -> None:
        talks = make_talks(self.examiner, count)
        said = [[reply.text for reply in replies] for replies in await hold(self.candidate, talks)]
        hits = [kept(talk, replies) for talk, replies in zip(talks, said, strict=True)]
        last = len(talks[0].lines) - 1
        alone = await self.candidate.replies([talk.question(last, []) for talk in talks], "talks, last line alone")
        base = share([talk.about(last, reply.text) for talk, reply in zip(talks, alone, strict=True)])
        told = [talk_exchange(talk, replies) for talk, replies in zip(talks, said, strict=True)]
        lost = tuple(one for one, hit in zip(told, hits, strict=True) if not hit)[:SHOWN_FAILURES]
        self._add("keeps_subject", share(hits), len(hits), base, lost, tuple(told[:SHOWN_FIRST]))


def is_right(question: Question, reply: Reply) -> bool:
    """Whether the reply gives the answer that the question is after."""
    return right(reply.text, question.answer, question.rivals)


def says_so(_: Question, reply: Reply) -> bool:
    """Whether the reply admits that it does not know."""
    return admits(reply.text)


def quotes(question: Question, reply: Reply) -> bool:
    """Whether the reply repeats a sentence of a passage."""
    return any(said in reply.text for text in question.passages for said in sentences(text))


def share(hits: Sequence[bool]) -> float:
    """How many of `hits` are true, 0 to 1; 0 for none."""
    return sum(hits) / max(1, len(hits))


def exchange(question: Question, reply: Reply, *, wanted: str = "") -> Exchange:
    """A question and its reply for people to look at."""
    before = [(turn.speaker, turn.text) for turn in question.history]
    lines = (*before, (question.user, question.line), (question.persona.name, reply.text))
    return Exchange(lines, question.passages, wanted or question.answer)


def talk_exchange(talk: Talk, replies: Sequence[str]) -> Exchange:
    """A whole talk for people to look at."""
    lines: list[tuple[str, str]] = []
    for line, reply in zip(talk.lines, replies, strict=True):
        lines += [(talk.user, line.text), (talk.persona.name, reply)]
    return Exchange(tuple(lines), talk.passages, f"stay with {talk.subject}")


def _unknown_replies(examiner: Examiner) -> list[str]:
    """How the cast says that it does not know, in the training data."""
    return [voice.not_known(examiner.rng, user="Mara") for voice in examiner.cast for _ in range(10)]
