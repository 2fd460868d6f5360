"""/finetune: the adapters that teach the model a persona's voice, for whoever runs the bot.

A training is not started from Discord yet, so `start` says what to type where the bot runs. `promote` and `rollback`
change who speaks with an adapter while the model serves; nothing is evaluated or tried on a few answers first.
"""

from __future__ import annotations

from collections.abc import Sequence

import discord
from discord import app_commands

from bot.commands.owners import for_owners, refuse_others
from bot.commands.pages import in_pages
from bot.commands.services import MOST_CHOICES, Services
from bot.language import Words, words
from bot.ports import AdapterInfo, ModelsApp
from core.errors import RequestError, Unavailable


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /finetune into the tree."""
    group = app_commands.Group(
        name="finetune", description="Adapters that teach the model a persona's voice. For who runs the bot."
    )

    async def complete_adapter(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        if not await services.access.is_owner(interaction.user):
            return []
        names = [one.name for one in await _models(services).adapters() if current.strip().casefold() in one.name]
        return [app_commands.Choice(name=name[:100], value=name) for name in names[:MOST_CHOICES]]

    @group.command(name="status", description="What is trained, and what speaks with it.")
    @for_owners
    async def status(interaction: discord.Interaction) -> None:
        await refuse_others(interaction, services.access)
        await interaction.response.defer(ephemeral=True, thinking=True)
        models = _models(services)
        adapters = await models.adapters()
        speaking = sum(len(one.personas) for one in adapters)
        say = words(interaction.locale)
        text = say("finetune-status", base=models.base, adapters=len(adapters), personas=speaking)
        await interaction.followup.send(text)

    @group.command(name="list", description="The adapters there are, and which persona speaks with which.")
    @for_owners
    async def list_(interaction: discord.Interaction) -> None:
        await refuse_others(interaction, services.access)
        await interaction.response.defer(ephemeral=True, thinking=True)
        models = _models(services)
        await interaction.followup.send(
            embed=adapters_embed(await models.adapters(), models.base, words(interaction.locale))
        )

    @group.command(name="start", description="How a training for a persona is started.")
    @app_commands.describe(persona="Whose voice is to be taught.")
    @app_commands.autocomplete(persona=services.complete_persona)
    @for_owners
    async def start(interaction: discord.Interaction, persona: str) -> None:
        await refuse_others(interaction, services.access)
        chosen = services.pack.persona(persona)
        text = words(interaction.locale)("finetune-start", name=chosen.name, id=chosen.id)
        await interaction.response.send_message(text, ephemeral=True)
        await services.access.audit(interaction.guild_id, interaction.user, "finetune.start", chosen.id)

    @group.command(name="promote", description="Have a persona speak with an adapter.")
    @app_commands.describe(adapter="Which adapter.", persona="Who is to speak with it.")
    @app_commands.autocomplete(adapter=complete_adapter, persona=services.complete_persona)
    @for_owners
    async def promote(interaction: discord.Interaction, adapter: str, persona: str) -> None:
        await refuse_others(interaction, services.access)
        chosen, say = services.pack.persona(persona), words(interaction.locale)
        await interaction.response.defer(ephemeral=True, thinking=True)
        models = _models(services)
        known = {one.name: one for one in await models.adapters()}
        if adapter not in known:
            there_are = ", ".join(known) or say("finetune-none")
            raise RequestError(say("finetune-unknown", name=adapter[:60], names=there_are), field="adapter")
        await models.assign(adapter, list(dict.fromkeys((*known[adapter].personas, chosen.id))))
        await interaction.followup.send(say("finetune-promoted", name=chosen.name, adapter=adapter))
        detail = f"{adapter} for {chosen.id}"
        await services.access.audit(interaction.guild_id, interaction.user, "finetune.promote", detail)

    @group.command(name="rollback", description="Have a persona speak without its adapter again.")
    @app_commands.describe(persona="Who is to speak as before.")
    @app_commands.autocomplete(persona=services.complete_persona)
    @for_owners
    async def rollback(interaction: discord.Interaction, persona: str) -> None:
        await refuse_others(interaction, services.access)
        chosen, say = services.pack.persona(persona), words(interaction.locale)
        await interaction.response.defer(ephemeral=True, thinking=True)
        models = _models(services)
        used = next((one for one in await models.adapters() if chosen.id in one.personas), None)
        if used is None:
            raise RequestError(say("finetune-speaks-plainly", name=chosen.name), field="persona")
        await models.assign(used.name, [one for one in used.personas if one != chosen.id])
        await interaction.followup.send(say("finetune-rolled-back", name=chosen.name, adapter=used.name))
        detail = f"{used.name} for {chosen.id}"
        await services.access.audit(interaction.guild_id, interaction.user, "finetune.rollback", detail)

    tree.add_command(group)


def adapters_embed(adapters: Sequence[AdapterInfo], base: str, words: Words) -> discord.Embed:
    """The adapters by name, each with who speaks with it."""
    lines = [f"**{one.name}**: {', '.join(one.personas) or words('finetune-when-asked')}" for one in adapters]
    embed = discord.Embed(title=words("finetune-title", base=base)[:256], colour=discord.Colour.blurple())
    embed.description = in_pages(lines, limit=4000, most=60)[0] if lines else words("finetune-none-yet")
    return embed


def _models(services: Services) -> ModelsApp:
    if services.apps.models is None:
        raise Unavailable("Nothing here knows the adapters.", component="llm")
    return services.apps.models
