"""What a line is, before it is answered: its intent, tone and language, and what it asks for.

`read` is a pure function of the line and its embedding: the nearest sentences of each class (`prototypes.yaml`, after
Dudani, 1976: nearer ones count more) and a few rules for what needs no model. The embedding is the one by which lore is
searched, so that a line is embedded once; without one the rules alone decide, and claim little.

`steer` turns the reading into how the reply is made: how many passages are searched, what has a place in the prompt
first, and a hint to the model.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import yaml
from cachetools import LRUCache
from numpy.typing import NDArray

from core.errors import TroupeError
from core.languages import language_of, languages
from core.personas import Pack
from core.prompts import Priority
from serve_apps.text_key import text_key

logger = logging.getLogger(__name__)

Intent = Literal["greeting", "banter", "question", "lore", "command", "emotional", "story"]
Tone = Literal["neutral", "playful", "happy", "sad", "angry", "anxious"]
QuestionType = Literal["who", "where", "when", "why", "how_many", "how", "which", "what", "yes_no"]

INTENTS: tuple[Intent, ...] = get_args(Intent)
TONES: tuple[Tone, ...] = get_args(Tone)
FILE = Path(__file__).parent / "prototypes.yaml"
EMBED_AT_ONCE = 16
SEEN_LINES = 1000  # about 12 MB of vectors
NEAREST = 3  # prototypes of a class that speak for it
SURE = 0.06  # the lead in cosine from which less lore is looked for than usual
LEAST_TONE = 0.30  # cosine under which a line has no tone
HARSH: frozenset[Tone] = frozenset(("sad", "angry", "anxious"))
_LONGEST = 2000

_GREETING = re.compile(
    r"^\W*(?:hi+|hey+|hello+|heya|hiya|yo|howdy|greetings|good (?:morning|evening|afternoon|day|night)|welcome back"
    r"|good ?bye|bye+|see (?:you|ya)|later|cya|gn|gm|thanks?(?: you)?|thx|ty|hallo|moin|servus|tschüss|danke|bonjour"
    r"|salut|merci|hola|gracias|adiós|ciao|grazie|olá|oi|obrigad[oa]|hoi|hej|cześć|merhaba|привет|спасибо|こんにちは|你好|안녕)"
    r"(?: +(?:there|all|everyone|everybody|guys|folks|friends?|again|you|so much|a lot|\w+))?\W*$",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"^\s*(?:[!/][a-z]|(?:please )?(?:stop|shut up|be quiet|reset|mute)\b)", re.IGNORECASE)
_STORY = re.compile(
    r"\b(?:once upon a time|let'?s (?:play|role-?play)|tell (?:me|us) a (?:\w+ )?(?:story|tale)|role-?play|riddle"
    r"|trivia)\b|^\s*\*[^*]+\*\s*$",
    re.IGNORECASE,
)
# The first word that says what is asked for; the longest first.
_ASKS: tuple[tuple[QuestionType, str], ...] = (
    ("how_many", "how (?:many|much|old|long|far|tall|big|often)|wie ?viele?|wie (?:alt|lange|weit|oft|groß)|combien"
     "|cu[aá]nt[oa]s?|quant[oiae]s?|hoeveel|ile|сколько|几|多少|いくつ|몇"),
    ("who", "who|whose|whom|wer|wen|wem|qui|qui[eé]n(?:es)?|chi|quem|wie is|wie zijn|kto|кто|谁|誰|누구"),
    ("where", "where|wo|wohin|woher|où|d[oó]nde|dove|onde|waar|gdzie|где|куда|哪里|どこ|어디"),
    ("when", "when|wann|quand|cu[aá]ndo|quando|wanneer|kiedy|когда|什么时候|いつ|언제"),
    ("why", "why|how come|warum|wieso|pourquoi|por ?qu[eé]|perch[eé]|waarom|dlaczego|почему|зачем|为什么|なぜ|왜"),
    ("which", "which|welche[rsnm]?|quels?|quelles?|cu[aá]l(?:es)?|quale|qual|quais|welke?|kt[oó]r[yae]|какой|哪个"),
    ("how", "how|wie|comment|c[oó]mo|come|hoe|jak|как|怎么|どう|어떻게"),
    ("what", "what|what'?s|was|que|qu[eé]|qu'est-ce|quoi|che|cosa|o que|wat|co|что|什么|何|무엇"),
)  # fmt: skip
_QUESTION_WORDS = re.compile("|".join(f"(?P<{kind}>{words})" for kind, words in _ASKS), re.IGNORECASE)
_LEAD_IN = re.compile(
    r"^(?:\W|\b(?:and|but|so|ok(?:ay)?|hey|hi|hello|well|um+|please|then|und|aber|et|mais|y|pero|e|ma|\w+,)\s)+",
    re.IGNORECASE,
)
_INVERTED = re.compile(
    r"^(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have|had|may|am|isn't|aren't|don't|doesn't|didn't|can't"
    r"|won't|ist|sind|hast|kannst|gibt|est-ce)\b",
    re.IGNORECASE,
)
_ASKED_FOR = re.compile(
    r"\b(?:tell (?:me|us) (?:about|who|where|when|why|how|what|which)|do you know|can you (?:tell|explain)|explain"
    r"|describe|i wonder)\b",
    re.IGNORECASE,
)
_REFERS_BACK = re.compile(
    r"^\W*(?:and|but|so|then|why|how so|really|what about|und|aber|et|y|e)\b|\b(?:it|its|that|this|they|them"
    r"|there|he|she|him|those|these|one)\b",
    re.IGNORECASE,
)
_FOLLOW_UP_WORDS = 8
_ARTICLE = re.compile(r"^(?:the|a|an) ", re.IGNORECASE)

Vector = NDArray[np.float32]
Embed = Callable[[list[str]], Awaitable[list[list[float]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a line is. `language` is an ISO 639-1 code, empty where it is not clear; `question` is None where nothing is
    asked; `follow_up` lines lean on what was said before; `names_world` where somebody of the cast or something of its
    lore is named; `confidence` is the lead of the intent over the next in
    cosine, 1 where a rule decided and 0 where nothing did."""

    intent: Intent
    tone: Tone = "neutral"
    language: str = ""
    question: QuestionType | None = None
    follow_up: bool = False
    names_world: bool = False
    confidence: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """How a reply is made: passages searched for, what comes `first` into a prompt that is too small, and a sentence
    for the model."""

    passages: int
    first: Priority = "balanced"
    hint: str = ""


@dataclass(frozen=True)
class Prototypes:
    """The sentences of each class with their vectors, [sentences, dimensions] of length one."""

    vectors: Vector
    intents: Mapping[Intent, slice]
    tones: Mapping[Tone, slice]

    @classmethod
    async def embedded(cls, embed: Embed) -> Prototypes:
        """Those of the file, embedded a few at a time, so that lines of people need not wait long behind them. Raises
        what `embed` raises."""
        sentences, intents, tones = _sentences()
        vectors: list[list[float]] = []
        for start in range(0, len(sentences), EMBED_AT_ONCE):
            vectors += await embed(list(sentences[start : start + EMBED_AT_ONCE]))
        return cls(np.asarray(vectors, np.float32), intents, tones)


def read(text: str, vector: Sequence[float] | None, known: Prototypes | None, world: Collection[str] = ()) -> Reading:
    """What the line is. `world` are the small-letter names of the cast and of what there is lore about."""
    text = text.strip()[:_LONGEST]
    asked = _question(text)
    follow_up = len(text.split()) <= _FOLLOW_UP_WORDS and bool(_REFERS_BACK.search(text))
    scores: Vector | None = None
    if vector is not None and known is not None and len(vector) == known.vectors.shape[1]:
        scores = known.vectors @ np.asarray(vector, np.float32)
    names_world = _names(text, world)
    intent, confidence = _intent(text, asked, scores, known, names_world)
    return Reading(
        intent=intent,
        tone=_tone(scores, known),
        language=language_of(text),
        question=asked,
        follow_up=follow_up,
        names_world=names_world,
        confidence=round(confidence, 4),
    )


def steer(reading: Reading, *, passages: int, lore_passages: int, hints: bool) -> Steering:
    """How to answer what was read. `passages` are searched for usually, `lore_passages` for a question about the world;
    only with `hints` is the model told anything (a small model knows no other prompt than the one it was taught)."""
    hint = _hint(reading) if hints else ""
    if reading.question is None and not reading.names_world and reading.confidence >= SURE:
        # `stop` and `good night` want no lore; a command by its meaning alone may be a wish for some.
        if reading.intent == "greeting" or (reading.intent == "command" and reading.confidence == 1.0):
            return Steering(passages=0, first="history", hint=hint)
        if reading.intent in ("banter", "emotional"):
            return Steering(passages=min(1, passages), first="history", hint=hint)
    if reading.intent == "lore":
        return Steering(passages=max(passages, lore_passages) if passages else 0, first="passages", hint=hint)
    if reading.intent == "question":
        return Steering(passages=passages, first="history" if reading.follow_up else "passages", hint=hint)
    first: Priority = "history" if reading.intent in ("banter", "emotional", "greeting") else "balanced"
    return Steering(passages=passages, first=first, hint=hint)


def world_of(pack: Pack) -> frozenset[str]:
    """The names that a line about a pack's world holds: its cast and the titles of its lore, in small letters."""
    titles = [_ARTICLE.sub("", lore.title) for lore in pack.lore]
    names = [part for one in pack.personas for part in (one.name, one.name.split()[-1])]
    return frozenset(name.lower() for name in (*titles, *names) if len(name) > 2)


@dataclass(frozen=True, slots=True)
class Vectors:
    """The embeddings of a line and of the one before it, each of length one, where there are any."""

    line: tuple[float, ...] | None = None
    before: tuple[float, ...] | None = None

    @property
    def together(self) -> tuple[float, ...] | None:
        """That of both lines as one text, near enough (`python -m bench.follow_ups`): the direction between them, as a
        sentence-transformers model makes a text's embedding from the mean over its tokens."""
        if self.line is None or self.before is None:
            return None
        both = np.asarray(self.line) + np.asarray(self.before)
        length = float(np.linalg.norm(both))
        return tuple((both / length).tolist()) if length else None


class Reader:
    """Reads lines, with the embedding model where it answers in time. The prototypes are embedded once, while the first
    lines are read by rules alone."""

    def __init__(self, embed: Embed | None, world: Collection[str] = ()) -> None:
        self._embed = embed
        self._world = world
        # The line before is mostly one that was read before. By hash: what people write is not kept here.
        self._seen: LRUCache[bytes, tuple[float, ...]] = LRUCache(SEEN_LINES)
        self._known: Prototypes | None = None
        self._learning: asyncio.Task[None] | None = None

    async def read(
        self, text: str, timeout_s: float, *, before: str = "", vector: tuple[float, ...] | None = None
    ) -> tuple[Reading, Vectors]:
        """What the line is, and the embeddings of it and of the line `before` it, for who searches with them. `vector`
        is that of the line, where it is known. Never raises."""
        if vector is not None:
            self._seen[text_key(text)] = vector
        texts = [one for one in (text, before) if one.strip()]
        if self._embed is not None and (unseen := [one for one in texts if text_key(one) not in self._seen]):
            try:
                async with asyncio.timeout(timeout_s):
                    made = await self._embed(unseen)
                self._seen.update(zip(map(text_key, unseen), map(tuple, made), strict=True))
            except (TroupeError, TimeoutError) as error:
                logger.info("[ROUTER] a line is read by rules alone: %r", error)
        vectors = Vectors(self._seen.get(text_key(text)), self._seen.get(text_key(before)))
        if self._embed is not None and text.strip():
            self._learn()  # behind the line, which somebody waits for
        return read(text, vectors.line, self._known, self._world), vectors

    def _learn(self) -> None:
        if self._known is None and (self._learning is None or self._learning.done()):
            self._learning = asyncio.create_task(self._embed_prototypes())

    async def _embed_prototypes(self) -> None:
        assert self._embed is not None  # noqa: S101  # who calls this has asked
        try:
            self._known = await Prototypes.embedded(self._embed)
        except TroupeError as error:
            logger.info("[ROUTER] the prototypes are not embedded yet: %s", error)


def _intent(
    text: str, asked: QuestionType | None, scores: Vector | None, known: Prototypes | None, names_world: bool
) -> tuple[Intent, float]:
    if _GREETING.match(text) and not _asks_of_world(asked, names_world):
        return "greeting", 1.0
    if _COMMAND.match(text):
        return "command", 1.0
    if _STORY.search(text):
        return "story", 1.0
    asks = asked is not None or bool(_ASKED_FOR.search(text))
    if names_world and asks:
        return "lore", 1.0
    if scores is None or known is None:
        return ("question", 0.5) if asks else ("banter", 0.0)
    ruled_out = {"greeting"} if asks else set()
    if asked not in (None, "what", "yes_no"):  # `what commands are there?` may be one
        ruled_out.add("command")
    possible = [one for one in INTENTS if one not in ruled_out]
    ranked = sorted(((_nearest(scores[known.intents[one]]), one) for one in possible), reverse=True)
    (best, intent), (second, _) = ranked[:2]
    return intent, best - second


def _asks_of_world(asked: QuestionType | None, names_world: bool) -> bool:
    """Whether a line that opens like a greeting asks for something of the world all the same."""
    return names_world and asked not in (None, "how")


def _tone(scores: Vector | None, known: Prototypes | None) -> Tone:
    if scores is None or known is None:
        return "neutral"
    best, tone = max((_nearest(scores[known.tones[one]]), one) for one in TONES)
    return tone if best >= LEAST_TONE else "neutral"


def _nearest(cosines: Vector) -> float:
    """How near a class is: its nearest sentences, each counting half of the one before."""
    top = np.sort(cosines)[::-1][:NEAREST]
    weights = 0.5 ** np.arange(len(top))
    return float((top * weights).sum() / weights.sum())


def _question(text: str) -> QuestionType | None:
    """What kind of thing is asked for, None where nothing is."""
    opened = _LEAD_IN.sub("", text)
    marked = text.rstrip(" \"')*_~!").endswith(("?", "？", "؟", ";?")) or "?" in text or "？" in text
    if match := _QUESTION_WORDS.match(opened):
        boundary = (
            match.end() == len(opened) or not opened[match.end()].isalpha() or not opened[match.start()].isascii()
        )
        if boundary and (marked or _asks_unmarked(opened)) and match.lastgroup:
            return match.lastgroup  # type: ignore[return-value]
    if not marked:
        return None
    if _INVERTED.match(opened):
        return "yes_no"
    inside = re.search(rf"(?<!\w)(?:{_QUESTION_WORDS.pattern})(?!\w)", text, re.IGNORECASE)
    return inside.lastgroup if inside and inside.lastgroup else "yes_no"  # type: ignore[return-value]


def _asks_unmarked(opened: str) -> bool:
    """Whether what opens with a question word asks although it has no question mark: `where is it`, but not `when I was
    young` nor `how nice`."""
    words = opened.split()
    told = len(words) > 1 and words[1].lower() in ("i", "you", "he", "she", "it", "we", "they")
    return len(words) > 2 and not told and any(_INVERTED.match(word) for word in words[1:3])


def _names(text: str, world: Collection[str]) -> bool:
    words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text.lower())
    longest = 4
    runs = {" ".join(words[i : i + size]) for size in range(1, longest + 1) for i in range(len(words) - size + 1)}
    plain = {re.sub(r"['’]s$", "", run) for run in runs}
    return any(run in world for run in plain | runs)


def _hint(reading: Reading) -> str:
    """What a model is told about this reply; nothing for what is usual."""
    parts = []
    if reading.language not in ("", "en"):
        parts.append(f"Answer in {languages()[reading.language].name}.")
    if reading.intent == "emotional" and reading.tone in HARSH:
        parts.append("Be gentle: take the feeling seriously before anything else.")
    elif reading.tone == "angry":
        parts.append("Stay calm and friendly.")
    return " ".join(parts)


@cache
def _sentences() -> tuple[tuple[str, ...], dict[Intent, slice], dict[Tone, slice]]:
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    sentences: list[str] = []

    def take(found: Sequence[str]) -> slice:
        sentences.extend(found)
        return slice(len(sentences) - len(found), len(sentences))

    intents = {one: take(data["intents"][one]) for one in INTENTS}
    tones = {one: take(data["tones"][one]) for one in TONES}
    return tuple(sentences), intents, tones
