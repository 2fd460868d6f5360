"""The name under which caches know a text, so that what people write is kept in none of them."""

from __future__ import annotations

import hashlib


def text_key(text: str) -> bytes:
    """A hash of the text, 32 bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
