"""/persona cast: who alone speaks in a channel, and whether those who are called together go on talking."""

from __future__ import annotations

import re

import discord
from discord import app_commands

from actors.chain import MAX_EXCHANGE
from actors.channel_stage import Stage
from bot.commands.asking import guild_of
from bot.commands.needs import needs
from bot.commands.services import Services
from bot.language import words
from bot.webhooks import NOBODY
from core.errors import RequestError
from core.personas import Pack

EVERYBODY = "*"
_CHANNEL = "channel"


def add_to(persona: app_commands.Group, services: Services) -> None:
    """Put the commands into /persona."""
    group = app_commands.Group(name="cast", description="Who alone speaks in this channel.", parent=persona)

    @group.command(name="set", description="Have only these personas speak in this channel.")
    @app_commands.describe(
        personas="Their names, with commas between them; * for everybody.",
        lines="Lines that two of them who are called together then exchange. Default: as it is.",
    )
    @needs("manage_channels")
    async def set_(
        interaction: discord.Interaction,
        personas: app_commands.Range[str, 1, 500],
        lines: app_commands.Range[int, 0, MAX_EXCHANGE] | None = None,
    ) -> None:
        named = [word.strip() for word in re.split(r"[,;\n]", personas) if word.strip()]
        pack = (await services.here(interaction)).pack
        chosen = [] if named == [EVERYBODY] else [pack.persona(one).id for one in named]
        await interaction.response.defer(thinking=True)
        await _change(interaction, services, chosen, lines)

    @group.command(name="add", description="Have one more persona speak in this channel.")
    @app_commands.describe(persona="Who shall speak here, too.")
    @app_commands.autocomplete(persona=services.complete_persona)
    @needs("manage_channels")
    async def add_(interaction: discord.Interaction, persona: str) -> None:
        chosen = (await services.here(interaction)).pack.persona(persona)
        await interaction.response.defer(thinking=True)
        stage = await _stage(interaction, services)
        if not stage.cast:
            raise RequestError(words(interaction.locale)("persona-everybody-speaks"), field="persona")
        await _change(interaction, services, [*stage.cast, chosen.id], None)

    @group.command(name="remove", description="Have a persona no longer speak in this channel.")
    @app_commands.describe(persona="Who shall be quiet here.")
    @app_commands.autocomplete(persona=services.complete_persona)
    @needs("manage_channels")
    async def remove(interaction: discord.Interaction, persona: str) -> None:
        pack = (await services.here(interaction)).pack
        gone = pack.persona(persona)
        await interaction.response.defer(thinking=True)
        stage = await _stage(interaction, services)
        everybody = [one.id for one in pack.personas]
        left = [one for one in stage.cast or everybody if one != gone.id]
        if not left:
            raise RequestError(words(interaction.locale)("persona-somebody-left"), field="persona")
        await _change(interaction, services, left, None)

    @group.command(name="show", description="Who speaks in this channel.")
    async def show(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        stage, pack = await _stage(interaction, services), (await services.here(interaction)).pack
        await interaction.followup.send(_told(interaction, stage, pack), ephemeral=True, allowed_mentions=NOBODY)


async def _stage(interaction: discord.Interaction, services: Services) -> Stage:
    stage: Stage = await services.actors.call(_CHANNEL, str(interaction.channel_id), "stage", guild_of(interaction))
    return stage


async def _change(interaction: discord.Interaction, services: Services, chosen: list[str], lines: int | None) -> None:
    """Has only these ids speak in the channel, or everybody, in answer to a deferred command."""
    guild, pack = guild_of(interaction), (await services.here(interaction)).pack
    stage = await services.actors.call(_CHANNEL, str(interaction.channel_id), "set_cast", tuple(chosen), guild, lines)
    await interaction.followup.send(_told(interaction, stage, pack), allowed_mentions=NOBODY)
    if guild is not None:
        detail = f"{', '.join(chosen) or EVERYBODY} in #{interaction.channel}"
        await services.access.audit(guild, interaction.user, "persona.cast", detail)


def _told(interaction: discord.Interaction, stage: Stage, pack: Pack) -> str:
    say = words(interaction.guild_locale or interaction.locale)
    names = {persona.id: persona.name for persona in pack.personas}
    who = ", ".join(f"**{names.get(one, one)}**" for one in stage.cast)
    text = say("persona-cast-only", who=who) if stage.cast else say("persona-cast-everybody")
    return f"{text} {say('persona-cast-exchange', count=stage.exchange)}" if stage.exchange else text
