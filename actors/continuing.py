"""Whether a line goes on with what was just said, and names nothing of its own: "and then?", "why not?", "thanks".

Such a line is for the persona that just spoke. What says more than that is for whom it names, as ever.
"""

from __future__ import annotations

import re

_WORDS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_JOINING = frozenset(
    {"and", "but", "so", "then", "also", "or", "because", "und", "aber", "dann", "oder", "denn", "auch"}
)
_JOINED_WORDS = 6
_ALONE = frozenset({
    "why", "how", "what", "who", "when", "where", "which", "really", "yes", "yeah", "no", "nope", "ok", "okay", "sure",
    "thanks", "more", "again", "continue", "go", "warum", "wieso", "wie", "wer", "was", "wann", "wo", "wirklich",
    "echt", "ja", "nein", "doch", "danke", "mehr", "weiter", "nochmal",
})  # fmt: skip
_ALONE_WORDS = 2


def continues(text: str) -> bool:
    """True for a line of at most two words that begins with a question word or an answer, and of at most six that
    begins with a joining word; in English or German."""
    words = [word.casefold() for word in _WORDS.findall(text)]
    if not words:
        return bool(text.strip()) and len(text.strip()) <= 3  # "?", "..."
    return (words[0] in _ALONE and len(words) <= _ALONE_WORDS) or (words[0] in _JOINING and len(words) <= _JOINED_WORDS)
