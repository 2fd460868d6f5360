"""Drops on Discord: posting one, paying its winner, showing how it ended, and doing so again after a restart.

Whoever gives points away (`/drop create`, a job) calls `Drops.give`. Every step is known to the drop's actor and may be
done twice: the message carries the drop's id as its nonce, a winner is paid by an entry of the drop's id, and to edit a
message again changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Coroutine
from typing import Any, Self

import discord

from actors import points
from actors.drop import KIND, Drop, DropView
from actors.virtual import Actors
from bot.gate import Gated
from bot.language import words
from bot.ports import ChannelIndex, Refuse
from bot.webhooks import NOBODY
from core.errors import RequestError, TroupeError
from core.tasks import end

log = logging.getLogger(__name__)

MAX_OPEN = 10
"""Drops that may be open on a server at once."""
_GIFT = "\N{WRAPPED PRESENT}"
_GOLD, _GREY = 0xE8B44C, 0x6B7280
_AGAIN_S = 30.0


class DropButton(
    Gated, discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"drop:claim:(?P<drop>[\w-]{1,60})"
):
    """The button of a drop. The client that it is pressed in must have `drops`."""

    def __init__(self, drop_id: str, label: str = "") -> None:
        button: discord.ui.Button[discord.ui.View] = discord.ui.Button(
            style=discord.ButtonStyle.success, label=label, emoji=_GIFT, custom_id=f"drop:claim:{drop_id}"
        )
        super().__init__(button)
        self.drop_id = drop_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """The button that was pressed."""
        return cls(match["drop"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Has the client try for the drop; whoever pressed is told, alone, how that went."""
        try:
            await interaction.response.defer(ephemeral=True, thinking=True)
        except discord.HTTPException:
            return  # another process of the bot was first, or Discord waited too long
        await interaction.client.drops.press(self.drop_id, interaction)


class Drops:
    """The drops of one connected client."""

    def __init__(
        self,
        client: discord.Client,
        actors: Actors,
        index: ChannelIndex,
        refuse: Refuse,
        holds: Callable[[str | None], bool],
    ) -> None:
        """`refuse` tells whoever pressed a button why nothing came of it; `holds` is whether the drops of a server are
        this client's."""
        self._client, self._actors, self._index, self._refuse = client, actors, index, refuse
        self._holds = holds
        self._settling: dict[str, asyncio.Task[None]] = {}
        self._timers: dict[str, asyncio.Task[None]] = {}

    async def give(self, drop_id: str, drop: Drop) -> DropView:
        """Opens and posts a drop; one of that id that there is already is not posted again.

        Raises RequestError where MAX_OPEN are open on the server, or where the channel cannot be written in (the drop
        is taken back then), TroupeError, discord.HTTPException.
        """
        view = await self._ask(drop_id, "view")
        if view.state == "none":
            if len(await self._index.unsettled_drops(drop.guild_id)) >= MAX_OPEN:
                raise RequestError(words(drop.locale)("drop-too-many", most=MAX_OPEN), field="drop")
            view = await self._ask(drop_id, "give", drop)
        return await self._publish(view)

    async def press(self, drop_id: str, interaction: discord.Interaction[Any]) -> None:
        """Somebody pressed the button. Never raises."""
        try:
            await self._claim(drop_id, interaction)
        except Exception as error:
            await self._refuse(interaction, error)

    async def _claim(self, drop_id: str, interaction: discord.Interaction[Any]) -> None:
        say = words(interaction.locale)
        message_id = str(interaction.message.id) if interaction.message else ""
        user = interaction.user
        view = await self._ask(drop_id, "claim", str(user.id), user.display_name, message_id)
        if view.state == "claimed" and view.winner_id == str(user.id):
            text = say("drop-you-won", points=view.points)
        elif view.state == "claimed":
            name = discord.utils.escape_markdown(view.winner_name) or say("drop-somebody")
            text = say("drop-too-late", name=name)
        elif view.state == "cancelled":
            text = say("drop-was-cancelled")
        else:
            text = say("drop-is-over")
        if not view.settled:
            self._settle_soon(drop_id)
        await interaction.followup.send(text, ephemeral=True, allowed_mentions=NOBODY)

    async def cancel(self, drop_id: str) -> DropView:
        """Takes a drop back, where it is open, and shows so. Raises TroupeError, discord.HTTPException."""
        view = await self._ask(drop_id, "cancel")
        if not view.settled:
            await self.settle(drop_id)
        return view

    async def open_on(self, guild_id: str) -> list[DropView]:
        """The drops of a server that are open, the next to end first. Raises TroupeError."""
        ids = await self._index.unsettled_drops(guild_id)
        views = await asyncio.gather(*(self._ask(drop_id, "view") for drop_id in ids))
        return sorted((view for view in views if view.state == "open"), key=lambda view: view.expires_ms)

    async def view(self, drop_id: str) -> DropView:
        """A drop as it is now. Raises TroupeError."""
        return await self._ask(drop_id, "view")

    async def resume(self) -> None:
        """What a former process left undone on this client's servers: pay, show, and watch what is open. Tries again
        until the database answers."""
        while True:
            try:
                for drop_id in await self._index.unsettled_drops():
                    if self._holds((await self._ask(drop_id, "view")).guild_id):
                        self._settle_soon(drop_id)
                return
            except TroupeError as error:
                log.warning("[DROP] it is not known which drops are open: %s", error)
                await asyncio.sleep(_AGAIN_S)

    async def settle(self, drop_id: str) -> None:
        """Does what is left to be done of a drop. Raises TroupeError, and discord.HTTPException where one that is open
        cannot be posted; a message that is gone does no harm."""
        view = await self._ask(drop_id, "view")
        if view.state in ("none", "open"):
            await self._publish(view)
            return
        if view.state == "claimed" and view.winner_id and not view.paid:
            ledger = points.key_of(view.guild_id, view.winner_id)
            entry = (f"{KIND}:{drop_id}", view.points, "drop", view.winner_name)
            await self._actors.call(points.KIND, ledger, "enter", *entry)
            view = await self._ask(drop_id, "settled", True, False)
        if not view.settled and await self._show(view):
            await self._ask(drop_id, "settled", False, True)

    async def close(self) -> None:
        """Forget about all of them; `resume` finds them again."""
        await end([*self._timers.values(), *self._settling.values()])

    async def _ask(self, drop_id: str, method: str, *args: object) -> DropView:
        view: DropView = await self._actors.call(KIND, drop_id, method, *args)
        return view

    async def _publish(self, view: DropView) -> DropView:
        """Has an open drop stand in its channel, and be seen to when its time is over."""
        if view.state == "open" and not view.message_id:
            try:
                message = await self._post(view)
            except (discord.HTTPException, RequestError):
                await self._ask(view.id, "cancel")
                await self._ask(view.id, "settled", False, True)
                raise
            view = await self._ask(view.id, "posted", str(message.id))
        self._watch(view)
        return view

    async def _post(self, view: DropView) -> discord.Message:
        channel = self._client.get_channel(int(view.channel_id)) or await self._client.fetch_channel(
            int(view.channel_id)
        )
        if not isinstance(channel, discord.abc.Messageable):
            raise RequestError(words(view.locale)("drop-no-place"), field="channel")
        button = discord.ui.View(timeout=None)
        button.add_item(DropButton(view.id, words(view.locale)("drop-claim")))
        nonce = view.id[-25:]  # Discord takes no longer one
        return await channel.send(embed=embed_of(view), view=button, allowed_mentions=NOBODY, nonce=nonce)

    async def _show(self, view: DropView) -> bool:
        """Edits the message to how the drop ended. False where that is to be tried again."""
        if not view.message_id:
            return True
        channel = self._client.get_partial_messageable(int(view.channel_id))
        message = channel.get_partial_message(int(view.message_id))
        try:
            await message.edit(embed=embed_of(view), view=None, allowed_mentions=NOBODY)
        except discord.HTTPException as error:
            log.warning("[DROP] %s cannot be shown as %s: %s", view.id, view.state, error)
            return error.status in (403, 404)
        return True

    def _watch(self, view: DropView) -> None:
        """See to it that an open drop is shown as over when its time is."""
        if view.state == "open" and view.id not in self._timers:
            self._timers[view.id] = self._task(self._timers, view.id, self._settle_at(view))

    async def _settle_at(self, view: DropView) -> None:
        await asyncio.sleep(max(0.0, view.expires_ms / 1000 - time.time()) + 0.1)
        self._timers.pop(view.id, None)
        self._settle_soon(view.id)

    def _settle_soon(self, drop_id: str) -> None:
        if drop_id not in self._settling:
            self._settling[drop_id] = self._task(self._settling, drop_id, self._settle_until_done(drop_id))

    async def _settle_until_done(self, drop_id: str) -> None:
        while True:
            try:
                await self.settle(drop_id)
                view = await self._ask(drop_id, "view")
            except (TroupeError, discord.HTTPException) as error:
                log.warning("[DROP] %s is settled later: %s", drop_id, error)
            else:
                if view.settled or view.state in ("none", "open"):
                    return
            await asyncio.sleep(_AGAIN_S)

    def _task(
        self, book: dict[str, asyncio.Task[None]], drop_id: str, work: Coroutine[Any, Any, None]
    ) -> asyncio.Task[None]:
        def ended(task: asyncio.Task[None]) -> None:
            if book.get(drop_id) is task:
                del book[drop_id]
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("[DROP] settling %s failed", drop_id, exc_info=error)

        task = asyncio.create_task(work)
        task.add_done_callback(ended)
        return task


def embed_of(view: DropView) -> discord.Embed:
    """A drop as everybody sees it, in the language of the place."""
    say = words(view.locale)
    embed = discord.Embed(title=f"{_GIFT} {say('drop-title', points=view.points)}")
    note = discord.utils.escape_markdown(view.text)
    name = f"**{discord.utils.escape_markdown(view.winner_name)}**" if view.winner_name else say("drop-somebody")
    ends = {
        "open": say("drop-first-wins", when=f"<t:{view.expires_ms // 1000}:R>"),
        "claimed": say("drop-won-by", name=name),
        "cancelled": say("drop-was-cancelled"),
    }
    embed.description = "\n\n".join(part for part in (note, ends.get(view.state, say("drop-nobody-came"))) if part)
    embed.colour = discord.Colour(_GOLD if view.state in ("open", "claimed") else _GREY)
    return embed
