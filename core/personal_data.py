"""Personal data and secrets in a text: addresses, numbers and keys that no persona should read out."""

from __future__ import annotations

import re
from collections.abc import Iterator

_EMAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}\b")
_PHONE = re.compile(
    r"(?<![\w+])(?:\+\d{1,3}[ .-]?(?:\(?\d{1,4}\)?[ .-]?){2,5}\d|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?!\d)"
)
_STREET = re.compile(
    r"\b\d{1,5}[a-z]? (?:[A-Z][a-z]+ ){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd)\b"
    r"|\b[A-ZÄÖÜ][a-zäöüß]+(?:straße|strasse|weg|gasse|allee) \d{1,4}\b"
)
_DIGITS = re.compile(r"(?<![\d.,])\d(?:[ -]?\d){12,18}(?![\d.,]?\d)")
_SOCIAL = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
# Of services that people paste by mistake: their documented prefixes and shapes.
_SECRETS = re.compile(
    r"\bsk-[A-Za-z0-9_-]{20,}|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}|\bAKIA[0-9A-Z]{16}\b|\bxox[abprs]-[\w-]{10,}"
    r"|\bAIza[\w-]{35}|\bhf_[A-Za-z]{30,}|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,}|\bdiscord(?:app)?\.com/api/webhooks/\d+/[\w-]+"
    r"|\b[a-z][a-z0-9+]{2,15}://[^\s:@/]+:[^\s:@/]+@"
)


def personal_data(text: str) -> Iterator[tuple[str, bool]]:
    """Each piece as it stands there, and whether it is of the kind that does harm by itself: a key, a password, the
    number of an account or of a person. E-mail addresses, telephone numbers and streets are the others."""
    for pattern in (_SECRETS, _SOCIAL):
        yield from ((match.group(), True) for match in pattern.finditer(text))
    for match in _DIGITS.finditer(text):
        if _luhn(match.group()):
            yield match.group(), True
    for match in _IBAN.finditer(text):
        if _mod_97(match.group()):
            yield match.group(), True
    for pattern in (_EMAIL, _PHONE, _STREET):
        yield from ((match.group(), False) for match in pattern.finditer(text))


def _luhn(number: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1)."""
    digits = [int(char) for char in reversed(number) if char.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return len(set(digits)) > 1 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _mod_97(iban: str) -> bool:
    """The check digits of an account number (ISO 13616)."""
    compact = iban.replace(" ", "")
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1
