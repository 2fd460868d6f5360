"""Text as a reader takes it, whatever code points it is written in: for comparing names and words, never for showing.

People write `Ｓуstеm` with letters of three alphabets, put invisible characters between two letters, or pile marks on
them. `folded` gives all of these as `system`. After the idea of skeletons in Unicode Technical Standard 39; the table
here holds the look-alikes of the Latin letters only.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_LOOK_ALIKES = {
    "a": "аαɑᴀ", "b": "ЬвΒʙ", "c": "сϲᴄ", "d": "ԁɗᴅđ", "e": "еєεᴇҽ", "f": "ꜰƒ", "g": "ɡɢ", "h": "һнʜħ", "i": "іıιɪι",
    "j": "јᴊ", "k": "кκᴋ", "l": "ӏʟł", "m": "мᴍ", "n": "пոηɴ", "o": "оοօᴏøσ", "p": "рρᴘ", "q": "ԛǫ", "r": "гʀ",
    "s": "ѕꜱ", "t": "тτᴛ", "u": "υսᴜ", "v": "ѵνᴠ", "w": "ԝωᴡ", "x": "хχ", "y": "уүγʏ", "z": "ᴢ",
}  # fmt: skip
_FOLDS = {ord(alike.lower()): letter for letter, alikes in _LOOK_ALIKES.items() for alike in alikes}
# Squared and circled letters that no compatibility form knows, and the letters that flags are spelled with.
for _start in (0x1F150, 0x1F170, 0x1F1E6):
    _FOLDS |= {_start + number: chr(ord("a") + number) for number in range(26)}
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")


def invisible(char: str) -> bool:
    """Whether a reader sees nothing of it: control, format, surrogate and private characters, fillers, and variation
    selectors other than the two that emojis use. Line ends and tabs count as invisible, too."""
    if char in _FILLERS or "\ufe00" <= char <= "\ufe0d" or "\U000e0100" <= char <= "\U000e01ef":
        return True
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co")


def folded(text: str) -> str:
    """`text` in small letters without marks, look-alikes as the Latin letters that they look like, and nothing
    invisible but white space. Its length may differ."""
    if text.isascii():
        return text.lower()
    shown = "".join(char for char in text if char.isspace() or not (invisible(char) or char in "\ufe0e\ufe0f"))
    return "".join(_fold(char) for char in unicodedata.normalize("NFKC", shown))


@lru_cache(maxsize=4096)
def _fold(char: str) -> str:
    small = unicodedata.normalize("NFKD", char.lower())
    bare = "".join(part for part in small if not unicodedata.category(part).startswith("M")) or ""
    return bare.translate(_FOLDS)
