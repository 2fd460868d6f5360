"""/persona cast: who alone speaks in a channel, and whether those who are called together go on talking."""

from __future__ import annotations

import re

import discord
from discord import app_commands

from actors.chain import MAX_EXCHANGE
from actors.channel import Stage
from bot.commands.asking import SOON_S, guild_of
from bot.commands.needs import manages_channel, mark
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
    @mark("manage_channels")
    async def set_(
        interaction: discord.Interaction,
        personas: app_commands.Range[str, 1, 500],
        lines: app_commands.Range[int, 0, MAX_EXCHANGE] | None = None,
    ) -> None:
        manages_channel(interaction)
        named = [word.strip() for word in re.split(r"[,;\n]", personas) if word.strip()]
        await _change(interaction, services, [] if named == [EVERYBODY] else named, lines)

    @group.command(name="add", description="Have one more persona speak in this channel.")
    @app_commands.describe(persona="Who shall speak here, too.")
    @app_commands.autocomplete(persona=services.complete_persona)
    @mark("manage_channels")
    async def add_(interaction: discord.Interaction, persona: str) -> None:
        manages_channel(interaction)
        stage = await _stage(interaction, services)
        if not stage.cast:
            raise RequestError(words(interaction.locale)("persona-everybody-speaks"), field="persona")
        await _change(interaction, services, [*stage.cast, persona], None)

    @group.command(name="remove", description="Have a persona no longer speak in this channel.")
    @app_commands.describe(persona="Who shall be quiet here.")
    @app_commands.autocomplete(persona=services.complete_persona)
    @mark("manage_channels")
    async def remove(interaction: discord.Interaction, persona: str) -> None:
        manages_channel(interaction)
        stage, pack = await _stage(interaction, services), (await services.here(interaction)).pack
        gone = pack.persona(persona)
        everybody = [one.id for one in pack.personas]
        left = [one for one in stage.cast or everybody if one != gone.id]
        if not left:
            raise RequestError(words(interaction.locale)("persona-somebody-left"), field="persona")
        await _change(interaction, services, left, None)

    @group.command(name="show", description="Who speaks in this channel.")
    async def show(interaction: discord.Interaction) -> None:
        stage, pack = await _stage(interaction, services), (await services.here(interaction)).pack
        text = _told(interaction, stage, pack)
        await interaction.response.send_message(text, ephemeral=True, allowed_mentions=NOBODY)


async def _stage(interaction: discord.Interaction, services: Services) -> Stage:
    stage: Stage = await services.actors.call(
        _CHANNEL, str(interaction.channel_id), "stage", guild_of(interaction), timeout_s=SOON_S
    )
    return stage


async def _change(interaction: discord.Interaction, services: Services, named: list[str], lines: int | None) -> None:
    guild, pack = guild_of(interaction), (await services.here(interaction)).pack
    chosen = tuple(pack.persona(one).id for one in named)
    await interaction.response.defer(thinking=True)
    stage = await services.actors.call(_CHANNEL, str(interaction.channel_id), "set_cast", chosen, guild, lines)
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
