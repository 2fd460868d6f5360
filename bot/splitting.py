"""Cutting a long reply into Discord messages.

The cut is greedy and looks only at the part it is cutting, so that a reply that grows while it streams keeps its
earlier parts unchanged: only its last message is edited.
"""

from __future__ import annotations

import re

MESSAGE_LIMIT = 2000
"""Characters Discord accepts in one message."""

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})([^\n`]*)$", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]*_]*\s+")
# A cut nearer to the start than this share of the limit would leave a message that looks torn off.
_EARLIEST = 0.4


def split(text: str, limit: int = MESSAGE_LIMIT) -> list[str]:
    """`text` as parts of at most `limit` characters, none of them blank; an empty list for blank text.

    Cuts, in this order of preference, at a blank line, a line end, a sentence end, a space, or anywhere. White space
    at a cut is dropped and nothing else is. A code block that a cut falls into is closed there and opened again, with
    its language, in the next part. `limit` must be at least 64, so that a fence and some text fit.
    """
    if limit < 64:
        raise ValueError(f"limit must be at least 64 characters, not {limit}.")
    parts: list[str] = []
    rest = text.strip("\n").rstrip()
    reopen = ""
    while rest.strip():
        whole = reopen + rest
        if len(whole) <= limit:
            parts.append(whole)
            break
        # Room for closing a fence is always kept: whether one is open is only known once the cut is made.
        cut = _cut(whole, len(reopen), limit - 4)
        part = whole[:cut].rstrip()
        fence = _open_fence(part)
        if fence is not None:
            marker, info = fence
            part += f"\n{marker}"
            reopen = f"{marker}{info}\n"
        else:
            reopen = ""
        if part.strip():
            parts.append(part)
        # Indentation means something inside a code block, so only whole blank lines are dropped there.
        rest = whole[cut:].lstrip("\n") if fence else whole[cut:].lstrip()
    return parts


def _cut(text: str, start: int, limit: int) -> int:
    """Where to cut `text`, in (start, limit]; `start` is where its own text begins after a re-opened fence."""
    window = text[: limit + 1]
    earliest = start + int((limit - start) * _EARLIEST)
    for border in ("\n\n", "\n"):
        at = window.rfind(border, earliest, limit)
        if at > start:
            return at
    sentences = [m.end() for m in _SENTENCE_END.finditer(window, earliest) if m.end() <= limit]
    if sentences:
        return sentences[-1]
    at = window.rfind(" ", earliest, limit)
    return at if at > start else limit


def _open_fence(text: str) -> tuple[str, str] | None:
    """The marker (three characters) and info string of the code block that is open at the end of `text`, or None."""
    fence: tuple[str, str] | None = None
    for match in _FENCE.finditer(text):
        marker, info = match.group(1), match.group(2).strip()
        if fence is None:
            # A name of a language is short; anything longer is text that would eat up the next part.
            fence = (marker[:3], info if len(info) <= 20 else "")
        elif marker[0] == fence[0][0] and not info:
            fence = None
    return fence


def sentence_ready(text: str) -> bool:
    """True once `text` holds a whole sentence: enough to show to a person who waits."""
    return bool(_SENTENCE_END.search(text)) or text.rstrip().endswith((".", "!", "?", "…")) or "\n" in text.strip()
