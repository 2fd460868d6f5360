"""What a channel shows of what it knows, and forgets where it is to: people's rights, and time."""

from __future__ import annotations

from actors import channel_people
from actors.channel_base import ChannelBase
from actors.decisions import DecisionRecord
from actors.host import exposed
from core import clock
from core.messages import Kept, Turn


class ChannelRights(ChannelBase):
    """What is known here, shown and forgotten."""

    @exposed
    async def history(self, persona_id: str | None = None) -> tuple[Turn, ...]:
        """What a persona (None: the one that answers here) knows of the channel, oldest first."""
        wanted = persona_id or self._state.persona_id or self._pack.default_persona
        here = await self._at(self._state.guild_id or None)
        return self._recall(wanted, here.rules, clock.now_ms())

    @exposed
    async def why(self, message_id: str | None = None) -> tuple[DecisionRecord, ...]:
        """What was decided on a message (or on the one that our message of that id answers), nothing where that is no
        longer known; without an id the last decisions, oldest first."""
        if message_id is None:
            return tuple(self._state.decisions)
        found = self._state.why(message_id)
        return (found,) if found else ()

    @exposed
    async def clear(self) -> None:
        """Forgets what was said here. Raises Unavailable where some of it is on its way to long-term memory."""
        self._state.forget()
        self._drop_condensed()
        await self._nothing_under_way()

    @exposed
    async def kept_about(self, user_id: str) -> tuple[Kept, ...]:
        """What is kept here that comes from a person or was said to them."""
        return channel_people.kept_about(self._state, user_id, self.key)

    @exposed
    async def forget_person(self, user_id: str) -> int:
        """Forgets that, and ends the answers to them that are under way. Returns how many things that were.

        What is on its way to long-term memory has arrived there when this returns, so that whoever then has long-term
        memory forget the person finds it. Raises Unavailable where it does not arrive.
        """
        count = len(channel_people.kept_about(self._state, user_id, self.key))
        for source_id in channel_people.forget_person(self._state, user_id):
            self._drop(source_id, "abandoned")
        self._drop_condensed()
        await self._nothing_under_way()
        return count

    @exposed
    async def remembered(self) -> frozenset[str]:
        """The people of whom something may outlast the last lines. Knows the server's settings of now."""
        await self._anew(self._state.guild_id or None)
        return self._state.remembered()

    @exposed
    async def forget_for_long(self, people: frozenset[str]) -> int:
        """Forgets the notes of people and makes none of what they said until now; returns how many there were.
        Nothing is on its way to long-term memory when this returns. Raises Unavailable where that takes too long."""
        count = len(self._state.notes)
        self._state.unwelcome(people)
        self._drop_condensed()
        await self._nothing_under_way()
        return count - len(self._state.notes)

    @exposed
    async def prune(self) -> None:
        """Drops what is past its time."""
        here = await self._at(self._state.guild_id or None)
        self._state.prune(here.rules, clock.now_ms())

    def _drop_condensed(self) -> None:
        if self._condensed is not None:
            self._condensed.drop()

    async def _nothing_under_way(self) -> None:
        if self._hand_over is not None:
            await self._hand_over.nothing_under_way()
