"""Telling those who run a server which permission the bot lacks, and what does not work without it: once a day."""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import uuid4

import discord
from cachetools import TTLCache
from discord import app_commands

from actors.access import KIND
from actors.virtual import Actors
from bot.language import words
from bot.webhooks import NOBODY, Place
from core.errors import TroupeError

log = logging.getLogger(__name__)

NEEDED = (
    "view_channel", "send_messages", "manage_webhooks", "read_message_history", "embed_links", "attach_files",
    "add_reactions",
)  # fmt: skip
TO_POST = ("view_channel", "send_messages", "read_message_history", "embed_links", "attach_files")
"""Of these what no job can do without, in the channels that it posts in."""
_DAY_S = 86_400.0
_ASK_WITHIN_S = 2.0


class Notices:
    """Explains missing permissions in the server's system channel, else in the first channel where the bot may write,
    else to the server's owner. Which were explained is kept with the server's lists."""

    def __init__(self, client: discord.Client, actors: Actors, spare: Callable[[], bool]) -> None:
        """`spare` is whether there is room for requests that are not needed."""
        self._client, self._actors, self._spare = client, actors, spare
        self._asked: TTLCache[tuple[int, str], bool] = TTLCache(10_000, _DAY_S)

    async def look(self, place: Place) -> None:
        """See what the bot lacks where it just spoke, or could not. Never raises."""
        if isinstance(place, discord.DMChannel) or place.guild.me is None or not self._spare():
            return
        names = [name for name in missing(place) if (place.guild.id, name) not in self._asked]
        if not names:
            return
        self._asked.update({(place.guild.id, name): True for name in names})
        try:
            if untold := [name for name in names if await self._may_tell(place.guild, name)]:
                await self._tell(place, untold)
        except (TroupeError, discord.HTTPException) as error:
            log.warning("[DISCORD] %s lacks %s and cannot be told: %s", place.guild.id, names, error)

    async def _may_tell(self, guild: discord.Guild, name: str) -> bool:
        asked_by = uuid4().hex
        return bool(await self._actors.call(KIND, str(guild.id), "may_tell", name, asked_by, timeout_s=_ASK_WITHIN_S))

    async def _tell(self, place: discord.abc.GuildChannel | discord.Thread, names: list[str]) -> None:
        guild = place.guild
        say = words(guild.preferred_locale)
        lines = [say("lack-missing", channel=f"<#{place.id}>")]
        lines += ["- " + say(f"lack-{name}") for name in names]
        text = "\n".join([*lines, say("lack-give")])
        log.info("[DISCORD] server %s lacks %s in %s", guild.id, names, place.id)
        if (channel := writable(guild)) is not None:
            await channel.send(text, allowed_mentions=NOBODY)
        elif guild.owner_id is not None:
            owner = await self._client.fetch_user(guild.owner_id)
            await owner.send(f"{guild.name[:100]}: {text}", allowed_mentions=NOBODY)


def missing(place: discord.abc.GuildChannel | discord.Thread) -> list[str]:
    """The permissions that the bot needs and lacks there."""
    allowed = place.permissions_for(place.guild.me)
    found = [name for name in NEEDED if not getattr(allowed, name)]
    if isinstance(place, discord.Thread) and "send_messages" in found and allowed.send_messages_in_threads:
        found.remove("send_messages")
    return found


def require(place: Place, *names: str) -> None:
    """Raises BotMissingPermissions where the bot lacks one of these permissions; it needs none in a direct message."""
    if isinstance(place, discord.DMChannel):
        return
    if lacking := [name for name in missing(place) if name in names]:
        raise app_commands.BotMissingPermissions(lacking)


def writable(guild: discord.Guild) -> discord.TextChannel | None:
    """Where those who run a server may be told something."""
    channels = sorted(guild.text_channels, key=lambda one: one.position)
    if guild.system_channel is not None:
        channels.insert(0, guild.system_channel)
    return next((one for one in channels if may_write(one)), None)


def may_write(channel: discord.TextChannel) -> bool:
    """Whether the bot may write in a channel."""
    allowed = channel.permissions_for(channel.guild.me)
    return allowed.view_channel and allowed.send_messages
