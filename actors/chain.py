"""Who speaks after whom: personas that were called together, and those that then talk among themselves.

A message has one turn, and a chain is a turn after a turn. The next one is opened in the very write that closes the one
before, so no crash comes between. Its id is that of the first post of the answer before it: a message that exists in
Discord, is unique and later than the question, so leases, buttons, recovery and `is_handled` need no other rule. It
answers the same messages (`parts`), so editing, deleting and forgetting them find it, too.

People's lines come first: one that is heard meanwhile ends what personas would go on to say among themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from actors.bursts import joined
from actors.turn_record import TurnRecord
from core.messages import Author, IncomingMessage
from core.personas import Pack

MAX_EXCHANGE = 6  # lines that personas may exchange after those that were asked for


def following(record: TurnRecord, pack: Pack) -> TurnRecord | None:
    """The turn that comes after a delivered one, None where nobody goes on."""
    if record.again or record.spoken is None or record.spoken.stopped or not record.reply_ids:
        return None
    known = {persona.id for persona in pack.personas}
    waiting = [one for one in record.then if one in known]
    if waiting:
        return _turn(record, waiting[0], waiting[1:], record.lines, exchange=False, message=None)
    other = record.partner
    if record.lines < 1 or other not in known or record.persona_id not in known or not record.spoken.text:
        return None
    name = next(persona.name for persona in pack.personas if persona.id == record.persona_id)
    said = replace(
        record.message,
        content=record.spoken.text,
        author=Author(id=record.message.author.id, name=name),
        attachments=(),
        spoken_by=record.persona_id,
    )
    return _turn(record, other, [], record.lines - 1, exchange=True, message=said)


def _turn(
    record: TurnRecord,
    persona_id: str,
    then: list[str],
    lines: int,
    *,
    exchange: bool,
    message: IncomingMessage | None,
) -> TurnRecord:
    asked = message or joined(record.sources)
    return TurnRecord(
        message=replace(asked, id=record.reply_ids[0], deadline_ms=None),
        parts=list(record.sources),
        persona_id=persona_id,
        trigger=record.trigger,
        then=then,
        lines=lines,
        partner=record.persona_id,
        chained="exchange" if exchange else "asked",
    )


def interrupted(records: Sequence[TurnRecord]) -> None:
    """A person spoke: nobody goes on among themselves after what is under way."""
    for record in records:
        record.lines = 0
