"""/greet: a persona welcomes somebody, in a line of the pack's own. No model is asked."""

from __future__ import annotations

import zlib

import discord
from discord import app_commands
from discord.utils import escape_markdown, escape_mentions

from bot.commands.asking import answers_here, as_message, guild_of, say, speaks_here
from bot.commands.services import Services
from bot.language import words
from core.personas import Pack, Persona


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /greet into the tree."""

    @tree.command(name="greet", description="Have a persona welcome somebody.")
    @app_commands.describe(member="Whom. Default: you.", persona="Who welcomes. Default: who answers here.")
    @app_commands.autocomplete(persona=services.complete_persona)
    async def greet(
        interaction: discord.Interaction, member: discord.User | None = None, persona: str | None = None
    ) -> None:
        here = await services.here(interaction)
        answers_here(here, as_message(interaction, ""), words(interaction.locale))
        speaks_here(interaction)
        wanted = here.pack.persona(persona).id if persona else None
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild = guild_of(interaction)
        persona_id = await services.actors.call("channel", str(interaction.channel_id), "persona", guild, wanted)
        chosen, whom = here.pack.persona(persona_id), member or interaction.user
        place = interaction.guild.name if interaction.guild else services.pack.name
        text = greeting(here.pack, chosen, whom.display_name, place, str(interaction.id))
        await say(interaction, services, chosen, text, str(whom.id))
        await interaction.followup.send(words(interaction.locale)("greet-done", name=chosen.name), ephemeral=True)


def greeting(pack: Pack, persona: Persona, user: str, server: str, choice: str) -> str:
    """One of the persona's greetings for somebody, the same for the same `choice`; a name in it is only a name."""
    known = [one.text for one in pack.greetings if one.persona == persona.id] or ["{user}! " + persona.greeting]
    text = known[zlib.crc32(choice.encode()) % len(known)]
    # The braces of a name are not filled in once more.
    filled = {"{user}": _harmless(user), "{server}": _harmless(server)}
    parts = text.replace("{server}", "\0{server}\0").replace("{user}", "\0{user}\0").split("\0")
    return "".join(filled.get(part, part) for part in parts)


def _harmless(name: str) -> str:
    return escape_mentions(escape_markdown(name))[:100]
