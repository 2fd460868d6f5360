"""What a model wrote, made fit to be a persona's line: cleaned while it streams, judged when it is whole."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Problem = Literal["empty", "repetition", "leak"]

_FENCES = "lore|summary|system|user|assistant"
_MARKUP = re.compile(rf"<\||<｜|</?(?:{_FENCES})(?=[\s>/])|\[/?INST\]", re.IGNORECASE)
_MARKUP_BEGIN = re.compile(r"(?:<[|｜/]?\w{0,12}|\[/?I?N?S?T?)$", re.IGNORECASE)
_MARKUP_CUT_OFF = re.compile(rf"</?(?:{_FENCES})$", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?…]['\"”’)*_]*(?=\s|$)")
_WORD = re.compile(r"\w+")
_STUTTER = re.compile(r"([^\W\d_]{2,8}?)\1{7,}")  # hahaha may laugh for a while
MAX_REPEATS, LONG_PHRASE = 4, 4  # times; words of a phrase that is said once less before it is a loop
_LOOP_CHARS = 400  # hold four times eight words


@dataclass(frozen=True)
class Guard:
    """Knows who takes part, so that a line in another's name is recognised. `instructions` is the opening of the system
    text, which no reply may repeat."""

    persona: str
    others: tuple[str, ...]
    instructions: str

    def clean(self, raw: str, *, final: bool) -> tuple[str, bool]:
        """The part of `raw` that may be shown, and whether the reply ends there whatever follows.

        Without `final` it holds back an end that may turn out to be markup or the beginning of somebody's line.
        """
        text = self._own_head.sub("", raw.lstrip())
        ends = [match.start() for match in (_MARKUP.search(text), self._heads.search(text)) if match]
        if ends:
            return text[: min(ends)].rstrip(), True
        cut = (_MARKUP_CUT_OFF if final else _MARKUP_BEGIN).search(text)
        text = text[: cut.start()] if cut else text
        if not final:
            begun, _, line = text.rpartition("\n")
            text = begun if self._may_become_head(line) else text
        return text.rstrip(), False

    def problem(self, text: str) -> Problem | None:
        """Why the whole reply cannot be used, or None."""
        if not _WORD.search(text):
            return "empty"
        if self.instructions.lower() in text.lower():
            return "leak"
        return "repetition" if repeats(text) else None

    def _may_become_head(self, line: str) -> bool:
        line = line.strip().lower()
        return any(name.startswith(line) for name in self._names)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        names = (self.persona, *self.others, "user", "assistant", "system", "human")
        return tuple(dict.fromkeys(name.lower() for name in names if name))

    @cached_property
    def _heads(self) -> re.Pattern[str]:
        """A line that opens in somebody's name, the persona's own included: the model plays on by itself."""
        names = "|".join(re.escape(name) for name in sorted(self._names, key=len, reverse=True))
        return re.compile(rf"(?:^|\n)[ \t]*(?:{names})[ \t]*:", re.IGNORECASE)

    @cached_property
    def _own_head(self) -> re.Pattern[str]:
        return re.compile(rf"^(?:{re.escape(self.persona)}[ \t]*:\s*)+", re.IGNORECASE)


@dataclass
class Writing:
    """A reply while a model writes it. `text` is what of it may be shown."""

    guard: Guard
    text: str = ""
    _raw: str = ""
    _cut: bool = False
    _looping: bool = False
    _reason: str | None = None

    def add(self, text: str, finish_reason: str | None) -> bool:
        """Take the next piece; false where nothing that may follow is wanted: somebody else speaks, or it loops."""
        self._raw += text
        self._reason = finish_reason
        self.text, self._cut = self.guard.clean(self._raw, final=False)
        self._looping = ends_in_loop(self._raw)  # who repeats himself does not stop by himself
        return not (self._cut or self._looping)

    @property
    def ended(self) -> bool:
        """Whether it came to an end, rather than to the longest that was allowed or into a loop."""
        return not self._looping and (self._cut or self._reason != "length")

    def whole(self) -> str:
        """The reply, when nothing more comes; one that was cut off by its length ends at a sentence."""
        text, _ = self.guard.clean(self._raw, final=True)
        return text if self.ended or self._looping else whole_sentences(text)


def repeats(text: str) -> bool:
    """True where up to three words follow each other four times over, four to eight words three times, or syllables
    eight times within a word."""
    if _STUTTER.search(text):
        return True
    words = [word.lower() for word in _WORD.findall(text)]
    for size in range(1, 9):
        run = 0
        for i in range(size, len(words)):
            run = run + 1 if words[i] == words[i - size] else 0
            if run >= size * (MAX_REPEATS - 1 if size < LONG_PHRASE else MAX_REPEATS - 2):
                return True
    return False


def ends_in_loop(text: str) -> bool:
    """Whether a text that is still being written repeats itself at its end. Takes the same time however long it is."""
    return repeats(text[-_LOOP_CHARS:])


def whole_sentences(text: str) -> str:
    """A text that was cut off, ended at its last whole sentence, or with an ellipsis where none is worth keeping."""
    ends = [match.end() for match in _SENTENCE.finditer(text)]
    if ends and ends[-1] >= len(text) / 3:
        return text[: ends[-1]]
    return text.rstrip(" ,;:-–—") + "…"


def first_sentences(text: str, limit: int = 220) -> str:
    """As many whole sentences from the start as fit into `limit` characters, the first in every case."""
    ends = [match.end() for match in _SENTENCE.finditer(text)] or [len(text)]
    fitting = [end for end in ends if end <= limit]
    return text[: fitting[-1] if fitting else ends[0]].strip()


def stop_strings(names: Iterable[str]) -> tuple[str, ...]:
    """What ends a generation: a line in the name of one of these people, or a fence."""
    heads = [f"\n{name}:" for name in dict.fromkeys(names) if name]
    return (*heads[:12], "</lore>", "<lore>")
