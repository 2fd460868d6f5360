"""What nobody remembers of what people say: what the content filter catches, and what is private or secret."""

from __future__ import annotations

import re

from core.content_filter import default_filter
from core.personal_data import personal_data

_SECRET = re.compile(
    r"\b(?:pass ?words?|pass ?codes?|pass ?phrases?|pin(?:[- ]?codes?| numbers?)|my pin|"
    r"passw[oö]rt(?:er)?|kennw[oö]rt(?:er)?|api[- ]?keys?|private keys?|recovery (?:codes?|phrases?)|seed phrases?|"
    r"(?:credit|debit) ?cards?|kreditkarten?\w*|"
    r"social security|sozialversicherung\w*|bank account|kontonummer|iban|passport number|"
    r"(?:home|street|e-?mail|mail) ?address(?:es)?|adresse ist|e-?mails? (?:is|are|ist)|"
    r"(?:phone|mobile|cell|telephone|whatsapp) ?numbers?|(?:telefon|handy)nummer)\b",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\b(?:phone|mobile|cell|telephone|telefon|handy|call me|text me)\b", re.IGNORECASE)
_DIGITS = re.compile(r"\d(?:[ ./-]?\d){4,}")


def is_private(text: str) -> bool:
    """Whether a sentence is nothing to remember: sexual, hateful or about hurting somebody or oneself, or with an
    address, a number or a secret of somebody's. Also what only speaks of these, since it is a net and no judge."""
    if _SECRET.search(text) or (_PHONE.search(text) and _DIGITS.search(text)):
        return True
    return any(True for _ in personal_data(text)) or default_filter().verdict(text, "low") is not None
