"""What the commands work with. Each command takes what it needs from here."""

from __future__ import annotations

from dataclasses import dataclass

import discord
from discord import app_commands

from actors.virtual import Actors
from bot.config import BotConfig
from bot.ports import Apps
from bot.webhooks import Voices
from core.personas import Pack

_MOST_CHOICES = 25  # Discord shows no more


@dataclass(frozen=True, slots=True)
class Services:
    """The handles of the bot, as given to its client."""

    config: BotConfig
    actors: Actors
    pack: Pack
    apps: Apps
    voices: Voices

    async def complete_persona(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Autocomplete: the personas whose name or title holds what was typed, those that begin with it first."""
        typed = current.strip().casefold()
        matches = [p for p in self.pack.personas if typed in p.name.casefold() or typed in p.title.casefold()]
        matches.sort(key=lambda p: (not p.name.casefold().startswith(typed), p.name))
        return [app_commands.Choice(name=f"{p.name}, {p.title}"[:100], value=p.id) for p in matches[:_MOST_CHOICES]]
