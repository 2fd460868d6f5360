"""Prompts: what a persona's model is given to read, composed under a token budget.

The shape is the same in training and in serving, so the pieces are public:

    system     You are Elio, … {voice} {boundaries}
               <summary>what was said earlier</summary>
    user       Mara: a person's line, or the line of another persona
    assistant  this persona's earlier reply
    user       Mara: the message to answer
               <lore>
               - passage
               </lore>

Passages come last, for three reasons. They change with every message, so what stands before them can be cached. They
are data, which has no place among the instructions. And a model reads from front to back: one that knows the question
sees in each sentence whether it answers it, which small models learn far sooner than to look back
(`docs/bundled-models.md`).

Everything between the first line and the answer was written by others, so it is fenced: a passage is one line that
cannot close its fence, a message cannot start a line that looks like someone else's, and nothing can spell a special
token.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.errors import RequestError
from core.messages import ChatMessage, IncomingMessage, Passage, Turn

if TYPE_CHECKING:
    from core.personas import Persona

SYSTEM_WORDS = 60
LORE_START, LORE_END = "<lore>", "</lore>"
CUT_MARK = " […]"
LONGEST_WORD = 60  # a longer run of characters is cut in its middle
NAME_CHARS = 32  # the longest name that Discord allows

CountTokens = Callable[[Sequence[ChatMessage]], int]

# `<|im_end|>`, `<｜User｜>`, `</lore>`, `<s>`, `<<SYS>>`: anything a tokenizer or our own fences could read as markup.
_TAG = re.compile(r"<(?=[/|｜!]|[A-Za-z_][\w|｜▁-]{0,40}>)")
_BRACKET_TAG = re.compile(r"\[(?=/?[A-Z_]{3,24}\])")
_LINE_ENDS = re.compile(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_SPEAKER_HEAD = re.compile(r"^([^\W\d_][\w .,'’()-]{0,39}|#{1,6} ?\w[\w ]{0,30}):(?=\s|$)")
_SENTENCE_END = (".", "!", "?", "…", '"', "”")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A composed prompt. `kept` and `dropped` name its parts: `system`, `message`, `summary`, `turn:<message id>`,
    `passage:<id>`; a message that had to be cut is in `kept` and its rest in `dropped` as `message:rest`."""

    messages: tuple[ChatMessage, ...]
    kept: tuple[str, ...]
    dropped: tuple[str, ...]


def plain(text: str) -> str:
    """`text` without control and invisible characters, with every kind of line end as a newline and no markup that a
    tokenizer or a fence would read as its own."""
    text = _LINE_ENDS.sub("\n", text)
    text = "".join(c for c in text if c in "\n\t\u200d" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
    return _BRACKET_TAG.sub("(", _TAG.sub("‹", text))


def one_line(text: str) -> str:
    """`plain` text with all white space, line ends included, as single spaces."""
    return " ".join(plain(text).split())


def system_text(persona: Persona) -> str:
    """The persona's instructions: name, title, voice, and as many boundaries as keep it near 60 words."""
    text = f"{_introduction(persona)} {_sentence(persona.voice)}".strip()
    for boundary in persona.boundaries:
        longer = f"{text} {_sentence(boundary)}".strip()
        if len(longer.split()) > SYSTEM_WORDS:
            break
        text = longer
    return text


def lore_block(texts: Sequence[str]) -> str:
    """The fenced block of passages, one per line; empty without passages."""
    return "\n".join([LORE_START, *(f"- {one_line(text)}" for text in texts), LORE_END]) if texts else ""


def summary_block(summary: str) -> str:
    """The fenced summary of what was said before the kept turns; empty without one."""
    text = one_line(summary)
    return f"<summary>{text}</summary>" if text else ""


def user_line(speaker: str, text: str) -> str:
    """`speaker: text`. Further lines of the text are indented and lose a leading `Name:`, so that whoever reads the
    prompt finds a speaker only at the left margin, and only the real one."""
    name = one_line(speaker.replace(":", " "))[:NAME_CHARS].strip() or "someone"
    lines = [line.strip() for line in plain(text).split("\n")]
    first, *rest = [line for line in lines if line] or [""]
    return "\n".join([f"{name}: {first}".rstrip(), *(f"  {_SPEAKER_HEAD.sub(_without_colon, line)}" for line in rest)])


def reply_text(text: str) -> str:
    """An earlier reply of the persona as the assistant's message."""
    return plain(text).strip()


def compose(
    persona: Persona,
    message: IncomingMessage,
    history: Sequence[Turn],
    summary: str,
    passages: Sequence[Passage],
    budget_tokens: int,
    count_tokens: CountTokens,
) -> Prompt:
    """The prompt for `persona` to answer `message`, at most `budget_tokens` long as `count_tokens` counts it.

    By priority: the persona, the message, then by turns one passage (best first) and two turns (newest first), then the
    summary. Nothing is cut in its middle but a message that is too long by itself. Turns stay without gaps: where one
    does not fit, the older ones are dropped too, while a passage that is too long leaves room for a shorter one.

    Raises RequestError (`budget_tokens`) where not even the persona's name and a word of the message fit.
    """
    draft = _Draft(persona, message.author.name, message.content)

    def fits(candidate: _Draft) -> bool:
        return count_tokens(candidate.messages()) <= budget_tokens

    cut = not fits(draft)
    if cut:
        draft = _shorten(draft, fits, budget_tokens)

    kept, dropped = ["system", "message"], ["message:rest"] if cut else []
    waiting_turns, waiting_passages = list(reversed(history)), list(passages)
    while waiting_turns or waiting_passages:
        if waiting_passages:
            passage = waiting_passages.pop(0)
            candidate = replace(draft, passages=(*draft.passages, passage))
            name = f"passage:{passage.id}"
            if not cut and fits(candidate):
                draft = candidate
                kept.append(name)
            else:
                dropped.append(name)
        for _ in range(min(2, len(waiting_turns))):
            turn = waiting_turns[0]
            candidate = replace(draft, turns=(turn, *draft.turns))
            if cut or not fits(candidate):
                dropped.extend(f"turn:{older.message_id}" for older in waiting_turns)
                waiting_turns.clear()
                break
            draft = candidate
            kept.append(f"turn:{turn.message_id}")
            waiting_turns.pop(0)
    if one_line(summary):
        candidate = replace(draft, summary=summary)
        if not cut and fits(candidate):
            draft = candidate
            kept.append("summary")
        else:
            dropped.append("summary")
    return Prompt(messages=draft.messages(), kept=tuple(kept), dropped=tuple(dropped))


@dataclass(frozen=True, slots=True)
class _Draft:
    persona: Persona
    speaker: str
    text: str
    passages: tuple[Passage, ...] = ()
    turns: tuple[Turn, ...] = ()
    summary: str = ""
    brief: bool = False

    def messages(self) -> tuple[ChatMessage, ...]:
        head = _introduction(self.persona) if self.brief else system_text(self.persona)
        parts = [head, summary_block(self.summary)]
        messages = [ChatMessage(role="system", content="\n".join(part for part in parts if part))]
        for turn in self.turns:
            # Many chat templates demand that a person speaks first, so an own line that opens the conversation is told
            # as one of the lines that were said.
            if turn.persona_id == self.persona.id and len(messages) > 1:
                _append(messages, "assistant", reply_text(turn.text))
            else:
                _append(messages, "user", user_line(turn.speaker, turn.text))
        _append(messages, "user", user_line(self.speaker, self.text))
        if self.passages:
            _append(messages, "user", lore_block([p.text for p in self.passages]))
        return tuple(messages)


def _append(messages: list[ChatMessage], role: str, content: str) -> None:
    """Add a message; lines of the same role in a row become one message, since templates want roles to alternate."""
    last = messages[-1]
    if last.role == role:
        messages[-1] = ChatMessage(role=last.role, content=f"{last.content}\n{content}")
    else:
        messages.append(ChatMessage(role="assistant" if role == "assistant" else "user", content=content))


def _shorten(draft: _Draft, fits: Callable[[_Draft], bool], budget_tokens: int) -> _Draft:
    """The draft with as much of the message as fits, cut at a word's border. Where the whole persona would leave hardly
    any of the message, only the name of the persona stays."""
    text = plain(draft.text).strip()

    def cut(chars: int, brief: bool) -> _Draft:
        return replace(draft, text=text[:chars].rstrip() + CUT_MARK, brief=brief)

    for brief, least in ((False, 80), (True, 1)):
        if not fits(cut(min(least, len(text)), brief)):
            continue
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if fits(cut(middle, brief)) else (low, middle - 1)
        if low == len(text):
            return replace(draft, brief=brief)
        border = max(text.rfind(" ", 0, low + 1), text.rfind("\n", 0, low + 1))
        return cut(border if border > low - LONGEST_WORD else low, brief)
    raise RequestError(
        f"The persona's name and the message's first word do not fit into {budget_tokens} tokens.",
        field="budget_tokens",
    )


def _introduction(persona: Persona) -> str:
    title = one_line(persona.title)
    return _sentence(f"You are {one_line(persona.name)}, {title}" if title else f"You are {one_line(persona.name)}")


def _sentence(text: str) -> str:
    text = one_line(text)
    return text if not text or text.endswith(_SENTENCE_END) else f"{text}."


def _without_colon(match: re.Match[str]) -> str:
    return f"{match.group(1)} -"
