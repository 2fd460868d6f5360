"""Which messages are answered together, as a table, and what they read like as one."""

from __future__ import annotations

import pytest

from actors.bursts import MOST_PARTS, joined, joins
from actors.leases import LEASE_S, Leases
from actors.routing import Decision
from core.messages import Attachment, Author
from tests.support.cast import make_message

FIRST = make_message(1, "how far is", created_ms=10_000)
TO_ELIO = Decision(reason="mentioned", persona_id="elio", trigger="mention")
TO_OLGA = Decision(reason="keyword", persona_id="olga", trigger="keyword")
NOBODY = Decision(reason="not_addressed")
BUSY = Decision(reason="busy")
COOLING = Decision(reason="mention_cooldown")
BRUNO = Author(id="8", name="Bruno")

TABLE = [
    # what was decided on the further message, what it is like, whether it joins the answer that Elio has not sent
    ("addresses the same persona", TO_ELIO, {}, True),
    ("addresses it much later", TO_ELIO, {"created_ms": 60_000}, True),
    ("mentions within the cooldown", COOLING, {"created_ms": 60_000}, True),
    ("is for another persona", TO_OLGA, {}, False),
    ("by somebody else", TO_ELIO, {"author": BRUNO}, False),
    ("goes on at once", NOBODY, {}, True),
    ("goes on where the cast speaks unasked", BUSY, {}, True),
    ("goes on after a while", NOBODY, {"created_ms": 20_000}, False),
    ("was written before", NOBODY, {"id": "1000000"}, False),
    ("was written before, and is caught up on", TO_ELIO, {"id": "1000000"}, False),
    ("goes on, by somebody else", NOBODY, {"author": BRUNO}, False),
    ("turns to a person", NOBODY, {"content": "@Bruno are you there"}, False),
    ("replies to a person", NOBODY, {"reply_to": "77"}, False),
    ("replies to its own first part", NOBODY, {"reply_to": FIRST.id}, True),
]


@pytest.mark.parametrize(("decision", "changes", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_joins_an_answer(decision: Decision, changes: dict[str, object], expected: bool) -> None:
    further = make_message(2, **{"content": "the moon?", "created_ms": 12_000, **changes})  # type: ignore[arg-type]
    assert joins(further, decision, [FIRST], "elio") is expected


def test_a_reply_to_the_cast_goes_on_and_an_endless_burst_does_not() -> None:
    further = make_message(2, "and?", created_ms=12_000, reply_to="900")
    assert joins(further, NOBODY, [FIRST], "elio", to_cast=True)
    assert not joins(further, TO_ELIO, [FIRST] * MOST_PARTS, "elio")


def test_joined_messages_read_as_one_under_the_newest_id() -> None:
    picture = Attachment(id="1", filename="a.png", url="http://x/a.png", size=1)
    parts = [
        make_message(1, "look at", mentions_bot=True, attachments=(picture,), reply_to="900"),
        make_message(2, ""),
        make_message(3, "this", deadline_ms=99),
    ]
    one = joined(parts)
    assert (one.id, one.content, one.attachments) == (parts[2].id, "look at\nthis", (picture,))
    assert (one.mentions_bot, one.reply_to, one.created_ms) == (True, "900", parts[2].created_ms)
    assert one.deadline_ms == 99
    assert joined(parts[:2], parts[2].id).id == parts[2].id
    assert joined(parts[2:]) == parts[2]


def test_a_lease_is_one_holders_until_it_is_reported_or_lost() -> None:
    now = [0.0]
    leases = Leases(lambda: now[0])
    assert leases.holder("1") is None
    assert leases.take("1", "ada")
    assert leases.take("1", "ada"), "asking again is no harm"
    assert not leases.take("1", "bruno")
    assert leases.take("2", "bruno"), "another turn is another matter"
    leases.end("1")
    assert leases.take("1", "bruno")
    now[0] = LEASE_S - 0.1
    assert not leases.take("1", "ada")
    now[0] = LEASE_S + 0.1
    assert leases.take("1", "ada")
