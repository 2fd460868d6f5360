"""Of whom a channel keeps something, what that is, and how it is forgotten."""

from __future__ import annotations

from typing import Literal

from actors.channel_state import ChannelState
from core.messages import Kept
from core.wording import Wording


def people_of(state: ChannelState) -> list[str]:
    """Ids of the people of whom something is kept here."""
    said = {turn.author_id for turn in state.turns} | {note.author_id for note in state.notes}
    asked = {record.message.author.id for record in state.open} | {answer.author_id for answer in state.answers}
    asked |= {saying.author_id for saying in state.outbox}
    return sorted(one for one in said | asked | set(state.mention_ms) if one)


def kept_about(state: ChannelState, user_id: str, channel_id: str) -> tuple[Kept, ...]:
    """Everything here that comes from a person or was said to them."""
    found: list[Kept] = []
    for turn in state.turns:
        if turn.author_id == user_id:
            kind: Literal["line", "reply"] = "reply" if turn.persona_id else "line"
            found.append(_kept(kind, channel_id, turn.message_id, turn.at_ms, turn.text))
    for note in state.notes:
        if note.author_id == user_id:
            found.append(_kept("note", channel_id, note.message_id, note.at_ms, note.text))
    for record in state.open:
        if (message := record.message).author.id == user_id:
            found.append(_kept("turn", channel_id, message.id, message.created_ms, message.content))
    shown = {one.message_id for one in found}
    for saying in state.outbox:
        if saying.author_id == user_id and saying.reaction:
            text = Wording("kept-reaction", "A reaction to something that is remembered")
            found.append(_kept("echo", channel_id, saying.message_id, saying.at_ms, text))
        elif saying.author_id == user_id and saying.message_id not in shown:
            found.append(_kept("line", channel_id, saying.message_id, saying.at_ms, saying.text))
    for answer in state.answers:
        if answer.author_id == user_id and shown.isdisjoint(answer.reply_ids):
            text = Wording("kept-answer", "{persona} answered here", persona=answer.persona_id)
            found.append(_kept("answer", channel_id, answer.source_id, answer.at_ms, text))
    if user_id in state.mention_ms:
        text = Wording("kept-mention", "When a mention was last answered")
        found.append(_kept("answer", channel_id, "", state.mention_ms[user_id], text))
    return tuple(found)


def forget_person(state: ChannelState, user_id: str) -> tuple[str, ...]:
    """Drops all that; returns the ids of the messages whose answers were under way, which nobody gets any more."""
    ended = tuple(record.message.id for record in state.open if record.message.author.id == user_id)
    # Decisions hold no author; those on lines that are still known to be theirs go, too.
    theirs = {turn.message_id for turn in state.turns if turn.author_id == user_id} | set(ended)
    theirs |= {note.message_id for note in state.notes if note.author_id == user_id}
    theirs |= {reply.source_id for reply in state.replies if reply.id in theirs}
    state.decisions = [one for one in state.decisions if one.message_id not in theirs]
    state.turns = [turn for turn in state.turns if turn.author_id != user_id]
    state.notes = [note for note in state.notes if note.author_id != user_id]
    state.open = [record for record in state.open if record.message.author.id != user_id]
    state.answers = [answer for answer in state.answers if answer.author_id != user_id]
    state.outbox = [saying for saying in state.outbox if saying.author_id != user_id]
    state.mention_ms.pop(user_id, None)
    return ended


def _kept(
    kind: Literal["line", "reply", "note", "turn", "answer", "echo"],
    channel_id: str,
    message_id: str,
    at_ms: int,
    text: str,
) -> Kept:
    return Kept(kind=kind, channel_id=channel_id, message_id=message_id, at_ms=at_ms, text=text)
