"""What happens when somebody presses Stop or Regenerate below a reply."""

from __future__ import annotations

from typing import Any

import discord

from actors.virtual import Actors
from bot.access import Access
from bot.buttons import Act
from bot.convert import incoming
from bot.language import words
from bot.turns import Turns
from bot.webhooks import Place, place_of
from core.errors import Overloaded, RequestError
from core.messages import IncomingMessage

_ANSWER_WITHIN_S = 10.0


class Presses:
    """Carries them to the channel actor, which decides whether that person may."""

    def __init__(self, actors: Actors, turns: Turns, deadline_s: float, access: Access) -> None:
        """`deadline_s` is how long an answer given anew may take."""
        self._actors, self._turns, self._deadline_s, self._access = actors, turns, deadline_s, access

    async def act(self, act: Act, source_id: str, interaction: discord.Interaction) -> None:
        """Do it; returns once an answer given anew stands. Raises TroupeError, of which RequestError tells the person
        why not."""
        channel_id = str(interaction.channel_id)
        # In a direct message there is nobody to moderate.
        moderator = interaction.guild_id is not None and interaction.permissions.manage_messages
        who = (str(interaction.user.id), moderator)
        if act is Act.STOP:
            await self._note("reply.stop", await self._call(channel_id, "stop", source_id, *who), interaction)
            return
        place = place_of(interaction.channel)
        if place is None or interaction.client.user is None:
            raise RequestError(words(interaction.locale)("reply-button-no-place"), field="channel")
        source_ids: tuple[str, ...] = await self._call(channel_id, "renewable", source_id, *who)
        parts = await self._messages(place, source_ids, interaction)
        if not parts:
            raise RequestError(words(interaction.locale)("reply-button-gone"), field="source_id")
        message: IncomingMessage = await self._call(channel_id, "renew", source_id, tuple(parts), *who)
        await self._note("reply.renew", message.author.id, interaction)
        try:
            await self._turns.take(message, place)
        except Overloaded:
            await self._turns.give_up(message, "too many answers are being given to renew one")
            raise

    async def _note(self, action: str, author_id: str, interaction: discord.Interaction) -> None:
        """Writes down what a moderator did to the answer to somebody else."""
        if interaction.guild_id is not None and author_id != str(interaction.user.id):
            where = f"in #{interaction.channel}"
            await self._access.audit(interaction.guild_id, interaction.user, action, where, about=author_id)

    async def _call(self, channel_id: str, method: str, *args: object) -> Any:
        return await self._actors.call("channel", channel_id, method, *args, timeout_s=_ANSWER_WITHIN_S)

    async def _messages(
        self, place: Place, ids: tuple[str, ...], interaction: discord.Interaction
    ) -> list[IncomingMessage]:
        """The messages as they stand now; those that are gone are left out."""
        found = []
        for message_id in ids:
            try:
                message = await place.fetch_message(int(message_id))
            except discord.NotFound:
                continue
            if interaction.client.user is not None:
                found.append(incoming(message, interaction.client.user, self._deadline_s))
        return found
