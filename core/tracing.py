"""The trace of a message: one W3C trace context (w3.org/TR/trace-context), made where the message comes in.

It is made of the message's id, so that a message that is taken up again after a crash goes on with its own trace.
"""

from __future__ import annotations

import hashlib
import re

_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")


def traceparent_of(message_id: str) -> str:
    """The trace context of a message."""
    digest = hashlib.sha256(f"trace {message_id}".encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-01"


def trace_id(traceparent: str | None) -> str:
    """The trace's id, 32 hex digits; empty where there is none."""
    match = _TRACEPARENT.match(traceparent or "")
    return match[1] if match else ""
