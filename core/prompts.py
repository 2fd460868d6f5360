"""Prompts: what a persona's model is given to read, composed under a token budget.

The shape is the same in training and in serving, so the pieces are public:

    system     You are Elio, … {voice} {boundaries}
               <summary>the scene that is played; what was said long ago and has to do with the message; what was said
               earlier</summary>
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
cannot close its fence, a message cannot start a line that looks like someone else's, nobody can be called like a role
or like the persona, only who looked at a picture can tell what is in it, and nothing can spell a special token.
`tests/unit/test_red_team.py` attacks all of that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from core.errors import RequestError
from core.folding import folded, invisible
from core.messages import ChatMessage, IncomingMessage, Memory, Passage, Turn

if TYPE_CHECKING:
    from core.personas import Persona

SYSTEM_WORDS = 60
LORE_START, LORE_END = "<lore>", "</lore>"
CUT_MARK = " […]"
PICTURE_START = "[picture: "
LONGEST_WORD = 60  # a longer run of characters is cut in its middle
PICTURE_CHARS = 500  # of what is told of a picture
NAME_CHARS = 32  # the longest name that Discord allows

# What has a place before the other where not everything has: by turns, lines before passages, or passages before lines.
Priority = Literal["balanced", "history", "passages"]
CountTokens = Callable[[Sequence[ChatMessage]], int]

# `<|im_end|>`, `<｜User｜>`, `</lore>`, `<s>`, `<<SYS>>`: anything a tokenizer or our own fences could read as markup.
# What stays is what people write: `a < b`, `a <b`, `<3`, `<-`, `<https://…>`, `<:wave:123>`.
_TAG = re.compile(
    r"[<＜﹤](?!\s|\d|[-=:@#<＜.,;?)'\"]|$|[^\W\d])"
    r"|[<＜﹤](?=[^\W\d][\w|｜▁.-]{0,40}(?:\s[^<>\n]{0,80})?\s{0,20}/?\s{0,20}[>＞﹥])"
    r"|[<＜﹤](?=\s{1,20}[|｜]|\s{0,20}/?\s{0,20}(?:lore|summary|system|user|assistant)\b)",
    re.IGNORECASE,
)
_BRACKET_TAG = re.compile(r"[\[［](?=/?[A-Zg][A-Z_]{2,23}[\]］]|/?(?i:inst)[\]］]|[|｜])")
_LINE_ENDS = re.compile(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_JOINERS = re.compile("\u200d+")
_LOOSE_JOINER = re.compile(r"(?<![^\x00-\x7f])\u200d|\u200d(?![^\x00-\x7f])")  # no part of an emoji or of a script
_LOOSE_SELECTOR = re.compile(r"(?<![^\x00-\x7f]|[0-9#*])[\ufe0e\ufe0f]")
_MARK_ON_BRACKET = re.compile(r"(?<=[<>\[\]|＜＞［］｜])[\u0300-\u036f\u20d0-\u20ff\u200d\ufe0e\ufe0f]+")
_COLONS = ":：﹕︓꞉∶ː"
_COLON_RUN = rf"(?: ?[{_COLONS}])+"
# The same behind a role, with signs between: of `user:-:` no colon may be left.
_COLONS_AND_SIGNS = rf"{_COLON_RUN}(?:[^\w\n{_COLONS}]{{0,6}}[{_COLONS}])*"
_NAME_COLON = re.compile(f"[{_COLONS}]")
_ROUND = str.maketrans("[]［］", "()()")  # a person called `[picture` would show one
_HEADING = re.compile(r"^(?:[#>]+\s*)+")
_RULE = re.compile(r"^[-=*_~#]{3,}$")
_SPEAKER_HEAD = re.compile(
    rf"^((?:[^\w\s]|[\d_ ]){{0,12}}[^\W\d_][\w .,'’()-]{{0,47}}[^\w\s{_COLONS}]{{0,6}}){_COLON_RUN}"
    r"(?=\s|$|[^\w\s]{1,4}(?:\s|$))"
)
_ANY_HEAD = re.compile(rf"^([\W\d_]*[^{_COLONS}\n]{{1,48}}){_COLONS_AND_SIGNS}")
# Words by which chat templates and prompts name who speaks, as `folded` gives them.
_ROLE_WORDS = """system assistant user human ai bot model developer tool function instruction instructions response
    reply prompt observation système sistema asistente assistent assistente usuario utilisateur benutzer nutzer
    система ассистент пользователь инструкция 系统 系統 助手 用户 用戶 システム アシスタント ユーザー"""
_ROLES = frozenset(folded(word) for word in _ROLE_WORDS.split())
_INLINE_ROLE = re.compile(
    rf"\b((?i:assistant|system)|USER|HUMAN|INSTRUCTIONS?|RESPONSE|AI)(\s?[^\w\s]{{0,4}}?\s?){_COLONS_AND_SIGNS}"
)
_PICTURE_LINE = re.compile(r"[\[［](?=([^\[\]\n]{1,24}))")
_PICTURES = ("picture", "image", "photo", "attachment")
GUEST = " (guest)"  # behind the name of somebody who is called like a role or like a persona
_SAID = re.compile(r"\b(said)\s*:", re.IGNORECASE)  # by which a text could put words into another's mouth
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SENTENCE_END = (".", "!", "?", "…", '"', "”")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A composed prompt. `kept` and `dropped` name its parts: `system`, `message`, `scene`, `summary`,
    `turn:<message id>`, `passage:<id>`, `memory:<id>`; a message that had to be cut is in `kept`, and its rest in
    `dropped` as `message:rest`."""

    messages: tuple[ChatMessage, ...]
    kept: tuple[str, ...]
    dropped: tuple[str, ...]


def plain(text: str) -> str:
    """`text` without control and invisible characters, with every kind of line end as a newline and no markup that a
    tokenizer or a fence would read as its own."""
    text = _LINE_ENDS.sub("\n", text)
    if not text.isascii() or not text.isprintable():
        text = "".join(c for c in text if c in "\n\t\u200d" or not invisible(c))
        text = _LOOSE_SELECTOR.sub("", _LOOSE_JOINER.sub("", _JOINERS.sub("\u200d", text)))
        text = _MARK_ON_BRACKET.sub("", text)
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
    return "\n".join([LORE_START, *(f"- {told_line(text)}" for text in texts), LORE_END]) if texts else ""


def summary_block(summary: str) -> str:
    """The fenced summary of what was said before the kept turns; empty without one."""
    text = told_line(summary)
    return f"<summary>{text}</summary>" if text else ""


def without_said(text: str) -> str:
    """A text that is told as somebody's, without what would tell of it as of somebody else's (`Elio said: …`)."""
    return _SAID.sub(r"\1", text)


def memory_line(memory: Memory, now_ms: int, cast: Collection[str] = ()) -> str:
    """`Mara said three days ago: my cat is called Biscuit.`; of what was taught only the text."""
    text = without_said(told_line(memory.text))
    if text and not text.endswith(_SENTENCE_END):
        text += "."
    if not one_line(memory.speaker):
        return text
    return f"{person_name(memory.speaker, cast)} said {_ago(now_ms - memory.at_ms)}: {text}"


def person_name(name: str, cast: Collection[str] = ()) -> str:
    """A person's name as prompts give it: one short line without colons. Who is called like a role or like one of the
    `cast` (whatever letters that is written in) is told from it by GUEST."""
    short = one_line(_NAME_COLON.sub(" ", name).translate(_ROUND))[:NAME_CHARS].strip() or "someone"
    words = re.findall(r"\w+", folded(short))
    taken = {" ".join(re.findall(r"\w+", folded(one))) for one in cast}
    if not (_ROLES.intersection(words) or " ".join(words) in taken):
        return short
    return short if short.endswith(GUEST) else f"{short[: NAME_CHARS - len(GUEST)].strip()}{GUEST}"


def user_line(speaker: str, text: str, cast: Collection[str] = ()) -> str:
    """`speaker: text`. Further lines of the text are indented and lose a leading `Name:`, so that whoever reads the
    prompt finds a speaker only at the left margin, and only the real one; see `person_name` for `cast`."""
    lines = [_INLINE_ROLE.sub(_without_colon, line.strip()) for line in plain(text).split("\n")]
    first, *rest = [line for line in lines if line] or [""]
    further = [headless for line in rest if (headless := _headless(line, cast))]
    return "\n".join([f"{person_name(speaker, cast)}: {first}".rstrip(), *(f"  {line}" for line in further)])


def own_words(text: str) -> str:
    """What a person wrote, without anything that looks like the line of a picture (`with_pictures`)."""
    return _PICTURE_LINE.sub(_unless_picture, text) if "[" in text or "［" in text else text


def with_pictures(text: str, pictures: Sequence[str]) -> str:
    """A message with what its pictures show, each as a line behind it: `[picture: three red hearts]`."""
    lines = (one_line(shown).replace("[", "(").replace("]", ")")[:PICTURE_CHARS] for shown in pictures)
    return "\n".join([own_words(text), *(f"{PICTURE_START}{line}]" for line in lines)]).strip()


def reply_text(text: str, cast: Collection[str] = ()) -> str:
    """An earlier reply of the persona as the assistant's message. No line of it begins like the line of a role, and no
    further line like anybody's."""
    first, *rest = _INLINE_ROLE.sub(_without_colon, own_words(plain(text))).strip().split("\n")
    return "\n".join([_roleless(first), *(_roleless(_SPEAKER_HEAD.sub(r"\1 -", line), cast) for line in rest)])


def compose(
    persona: Persona,
    message: IncomingMessage,
    history: Sequence[Turn],
    summary: str,
    passages: Sequence[Passage],
    budget_tokens: int,
    count_tokens: CountTokens,
    memories: Sequence[Memory] = (),
    *,
    first: Priority = "balanced",
    hint: str = "",
    scene: str = "",
    memories_last: bool = False,
) -> Prompt:
    """The prompt for `persona` to answer `message`, at most `budget_tokens` long as `count_tokens` counts it.

    By priority: the persona, the message, the `scene` that is played, then by turns one passage (best first) and two
    turns (newest first), or all of what comes `first`, then the memories (best first), then the summary. `hint` is a
    sentence of ours about this reply, behind the persona's instructions. Memories are told with the summary, or, with
    `memories_last`, behind the message, so that what comes before it begins as it did. Nothing is cut in its middle
    but a message that is too long by itself.
    Turns stay without gaps: where one does not fit, the older ones are dropped too, while a passage or memory that is
    too long leaves room for a shorter one.

    Raises RequestError (`budget_tokens`) where not even the persona's name and a word of the message fit.
    """
    draft = _Draft(
        persona, message.author.name, message.content, hint=hint, now_ms=message.created_ms, memories_last=memories_last
    )

    def fits(candidate: _Draft) -> bool:
        return count_tokens(candidate.messages()) <= budget_tokens

    cut = not fits(draft)
    if cut:
        draft = _shorten(draft, fits, budget_tokens)

    kept, dropped = ["system", "message"], ["message:rest"] if cut else []
    if one_line(scene):
        candidate = replace(draft, scene=scene)
        if not cut and fits(candidate):
            draft = candidate
        (kept if draft.scene else dropped).append("scene")
    waiting_turns, waiting_passages = list(reversed(history)), list(passages)
    for kind in _order(first, len(waiting_passages), len(waiting_turns)):
        if kind == "passage":
            passage = waiting_passages.pop(0)
            candidate = replace(draft, passages=(*draft.passages, passage))
            name = f"passage:{passage.id}"
            if not cut and fits(candidate):
                draft = candidate
                kept.append(name)
            else:
                dropped.append(name)
        elif waiting_turns:
            turn = waiting_turns[0]
            candidate = replace(draft, turns=(turn, *draft.turns))
            if cut or not fits(candidate):
                dropped.extend(f"turn:{older.message_id}" for older in waiting_turns)
                waiting_turns.clear()
                continue
            draft = candidate
            kept.append(f"turn:{turn.message_id}")
            waiting_turns.pop(0)
    for memory in memories:
        candidate = replace(draft, memories=(*draft.memories, memory))
        if not cut and fits(candidate):
            draft = candidate
            kept.append(f"memory:{memory.id}")
        else:
            dropped.append(f"memory:{memory.id}")
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
    memories: tuple[Memory, ...] = ()
    now_ms: int = 0
    hint: str = ""
    scene: str = ""
    memories_last: bool = False
    told: dict[Turn, str] = field(default_factory=dict)  # of turns, since each is tried in many drafts

    def messages(self) -> tuple[ChatMessage, ...]:
        head = _introduction(self.persona) if self.brief else system_text(self.persona)
        # In the order of their time, as the summary is.
        remembered = [memory_line(one, self.now_ms) for one in sorted(self.memories, key=lambda memory: memory.at_ms)]
        scene = f"The scene: {_sentence(without_said(self.scene))}" if self.scene else ""
        earlier = [scene, *(remembered if not self.memories_last else ()), self.summary]
        parts = [f"{head} {self.hint}".strip() if not self.brief else head, summary_block(" ".join(earlier))]
        messages = [ChatMessage(role="system", content="\n".join(part for part in parts if part))]
        for turn in self.turns:
            # Many chat templates demand that a person speaks first, so an own line that opens the conversation is told
            # as one of the lines that were said.
            own = turn.persona_id == self.persona.id
            if own and len(messages) > 1:
                if turn not in self.told:
                    self.told[turn] = reply_text(turn.text, (self.persona.name,))
                _append(messages, "assistant", self.told[turn])
            elif own:
                _append(messages, "user", user_line(turn.speaker, turn.text))
            else:
                if turn not in self.told:
                    cast = () if turn.persona_id else (self.persona.name,)
                    self.told[turn] = user_line(turn.speaker, turn.text, cast)
                _append(messages, "user", self.told[turn])
        _append(messages, "user", user_line(self.speaker, self.text, (self.persona.name,)))
        if self.memories_last and remembered:
            _append(messages, "user", summary_block(" ".join(remembered)))
        if self.passages:
            _append(messages, "user", lore_block([p.text for p in self.passages]))
        return tuple(messages)


def _order(first: Priority, passages: int, turns: int) -> Iterator[str]:
    """In which order that many of both are tried."""
    at_once = {"balanced": (1, 2), "history": (0, turns), "passages": (passages, 0)}[first]
    while passages or turns:
        for kind, count in (("passage", min(passages, at_once[0])), ("turn", min(turns, at_once[1]))):
            yield from [kind] * count
        passages, turns = passages - min(passages, at_once[0]), turns - min(turns, at_once[1])
        at_once = (1, 2)


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


def _ago(ms: int) -> str:
    """A time span as people tell it: just now, an hour ago, three days ago, 5 months ago."""
    hours = ms / 3_600_000
    for unit, size in (("year", 365 * 24), ("month", 30 * 24), ("week", 7 * 24), ("day", 24), ("hour", 1)):
        if (count := int(hours / size)) >= 1:
            number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
            if count == 1:
                number = "an" if unit == "hour" else "a"
            return f"{number} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def _introduction(persona: Persona) -> str:
    title = one_line(persona.title)
    return _sentence(f"You are {one_line(persona.name)}, {title}" if title else f"You are {one_line(persona.name)}")


def _sentence(text: str) -> str:
    text = one_line(text)
    return text if not text or text.endswith(_SENTENCE_END) else f"{text}."


def _headless(line: str, cast: Collection[str]) -> str:
    """A further line of a text without what makes it look like a heading, a rule or somebody's line."""
    if line.startswith(PICTURE_START):  # ours: `own_words` has taken any other
        return line
    bare = _HEADING.sub("", line)
    return "" if _RULE.match(line) else _roleless(_SPEAKER_HEAD.sub(r"\1 -", bare), cast)


def _roleless(line: str, cast: Collection[str] = ()) -> str:
    """A line that does not begin with the name of a role or of the cast and a colon, however these are dressed up."""
    if (head := _ANY_HEAD.match(line)) is None:
        return line
    words = re.findall(r"[^\W\d_]+", folded(head.group(1)))
    if not (words and _ROLES.issuperset(words)) and words not in [
        re.findall(r"[^\W\d_]+", folded(one)) for one in cast
    ]:
        return line
    return f"{head.group(1).rstrip()} -{line[head.end() :]}"


def told_line(text: str) -> str:
    """A text that is told in one line among others, without what begins like the line of a role or of a picture."""
    return _roleless(_INLINE_ROLE.sub(_without_colon, one_line(own_words(text))))


def _without_colon(match: re.Match[str]) -> str:
    return f"{match.group(1)}{match.group(2).rstrip()} -"


def _unless_picture(match: re.Match[str]) -> str:
    words = re.findall(r"[^\W\d_]+", folded(match.group(1)))
    return "(" if words and words[0].startswith(_PICTURES) else match.group()
