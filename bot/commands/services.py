"""What the commands work with. Each command takes what it needs from here."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import discord
from discord import app_commands

from actors.guild_book import GuildBook, Here
from actors.people import People
from actors.schedule import KIND as SCHEDULE
from actors.virtual import Actors
from bot.access import Access
from bot.config import BotConfig
from bot.drops import Drops
from bot.games import Games
from bot.interactions import Locales
from bot.leaderboards import Leaderboards
from bot.operations import Operations
from bot.ports import Apps, ChannelIndex
from bot.webhooks import Voices
from core.errors import TroupeError
from core.personas import Guest, Pack
from schedules.catalog import Jobs

log = logging.getLogger(__name__)

MOST_CHOICES = 25  # Discord shows no more


@dataclass(frozen=True, slots=True)
class Services:
    """The handles of the bot, as given to its client."""

    config: BotConfig
    actors: Actors
    pack: Pack
    apps: Apps
    voices: Voices
    index: ChannelIndex
    people: People
    guilds: GuildBook
    access: Access
    operations: Operations
    drops: Drops
    games: Games
    leaderboards: Leaderboards
    jobs: Jobs
    locales: Locales = field(default_factory=Locales)

    async def wake(self, guild_id: str) -> bool:
        """Has the scheduler look at a server at once; False where it will only look by itself, within a minute."""
        if self.apps.scheduler is None:
            return False
        try:
            await self.apps.scheduler.wake(guild_id)
        except TroupeError as error:
            log.warning("[JOB] the scheduler looks at %s later: %s", guild_id, error)
            return False
        return True

    async def reschedule(self, guild_id: str, job: str = "", at_ms: int = 0) -> None:
        """A server's settings were changed: has its schedule go by them; and, where one is named, a job look again from
        `at_ms` on. Never raises: a claim sees settings, too, and a job looks by itself some day."""
        try:
            if job:
                await self.actors.call(SCHEDULE, guild_id, "stir", job, at_ms)
            else:
                await self.actors.call(SCHEDULE, guild_id, "resettle")
        except TroupeError as error:
            log.warning("[JOB] the schedule of %s is changed later: %s", guild_id, error)
        await self.wake(guild_id)

    async def here(self, interaction: discord.Interaction) -> Here:
        """What holds on the server where a command is used, or in a direct message. The rules know what the guild set;
        of what the operator set, only which channel is the only one."""
        return await self.guilds.of(str(interaction.guild_id) if interaction.guild_id else None)

    async def guests(self, interaction: discord.Interaction) -> tuple[Guest, ...]:
        """The personas that the server has made itself, whether they may speak or not; none in direct messages."""
        return await self.guilds.guests(str(interaction.guild_id)) if interaction.guild_id else ()

    async def everybody(self, interaction: discord.Interaction) -> Pack:
        """The pack with the server's own personas, whether they may speak or not."""
        return self.pack.with_guests(await self.guests(interaction))

    async def complete_persona(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Autocomplete: the personas here whose name or title holds what was typed, those that begin with it first."""
        typed = current.strip().casefold()
        cast = (await self.here(interaction)).pack
        matches = [p for p in cast.personas if typed in p.name.casefold() or typed in p.title.casefold()]
        matches.sort(key=lambda p: (not p.name.casefold().startswith(typed), p.name))
        return [app_commands.Choice(name=f"{p.name}, {p.title}"[:100], value=p.id) for p in matches[:MOST_CHOICES]]
