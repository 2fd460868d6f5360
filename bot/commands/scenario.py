"""/scenario: a scene that a channel plays, with a question whose answer is told in the end."""

from __future__ import annotations

import discord
from discord import app_commands

from actors.scenes import Scene, scenario_of
from bot.commands.asking import DESCRIPTION_LIMIT, answers_here, as_message, guild_of, say, speaks_here
from bot.commands.needs import needs
from bot.commands.services import MOST_CHOICES, Services
from bot.language import Words, words
from bot.webhooks import NOBODY
from core.errors import RequestError
from core.personas import Pack, Scenario
from schedules.job import REVEAL_JOB

_CHANNEL = "channel"


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /scenario into the tree."""
    group = app_commands.Group(name="scenario", description="Scenes that a channel plays with the cast.")

    async def complete_scenario(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        typed = current.strip().casefold()
        known = (await services.here(interaction)).pack.scenarios
        fitting = [one for one in known if typed in one.title.casefold() or typed in one.tags]
        return [app_commands.Choice(name=one.title[:100], value=one.id) for one in fitting[:MOST_CHOICES]]

    async def complete_tag(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        known = (await services.here(interaction)).pack.scenarios
        tags = sorted({tag for one in known for tag in one.tags if current.casefold() in tag})
        return [app_commands.Choice(name=tag, value=tag) for tag in tags[:MOST_CHOICES]]

    @group.command(name="list", description="Which scenarios there are.")
    @app_commands.describe(tag="Only those of one kind.")
    @app_commands.autocomplete(tag=complete_tag)
    async def list_(interaction: discord.Interaction, tag: str | None = None) -> None:
        text = words(interaction.locale)
        known = (await services.here(interaction)).pack.scenarios
        found = [one for one in known if tag is None or tag.strip().casefold() in one.tags]
        if not found:
            raise RequestError(text("scenario-no-such-tag"), field="tag")
        embed = list_embed(found, await services.everybody(interaction), text)
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @group.command(name="start", description="Begin a scene in this channel.")
    @app_commands.describe(scenario="Which one.")
    @app_commands.autocomplete(scenario=complete_scenario)
    @needs("manage_channels")
    async def start(interaction: discord.Interaction, scenario: str) -> None:
        here, text = await services.here(interaction), words(interaction.guild_locale or interaction.locale)
        answers_here(here, as_message(interaction, ""), words(interaction.locale))
        speaks_here(interaction)
        chosen, everybody = here.pack.scenario(scenario), await services.everybody(interaction)
        await interaction.response.defer(thinking=True)
        channel, guild = str(interaction.channel_id), guild_of(interaction)
        opened = await services.actors.call(_CHANNEL, channel, "open_scene", chosen.id, str(interaction.id), guild)
        if guild is not None:
            due_ms = int((interaction.created_at.timestamp() + opened.reveal_after_h * 3600) * 1000)
            await services.reschedule(guild, REVEAL_JOB, due_ms)
        hours = round(opened.reveal_after_h)
        embed = scene_embed(opened, everybody, text)
        await interaction.followup.send(text("scenario-started", hours=hours), embed=embed, allowed_mentions=NOBODY)
        await say(interaction, services, everybody.persona(opened.cast[0]), opened.opening)
        await _audited(interaction, services, "scenario.start", chosen.id)

    @group.command(name="show", description="The scene of this channel.")
    async def show(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        scene, scenario = await _scene(interaction, services)
        text = words(interaction.locale)
        embed = scene_embed(scenario, await services.everybody(interaction), text)
        now_ms = int(interaction.created_at.timestamp() * 1000)
        until = f"<t:{scene.ends_ms // 1000}:R>"
        state = text("scenario-runs", until=until) if scene.runs(now_ms) else text("scenario-over")
        await interaction.followup.send(state, embed=embed, ephemeral=True)

    @group.command(name="stop", description="End the scene of this channel without its answer.")
    @needs("manage_channels")
    async def stop(interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True)
        await services.actors.call(_CHANNEL, str(interaction.channel_id), "end_scene", False)
        text = words(interaction.guild_locale or interaction.locale)
        await interaction.followup.send(text("scenario-stopped"), allowed_mentions=NOBODY)
        await _audited(interaction, services, "scenario.stop")

    @group.command(name="reveal", description="End the scene of this channel and tell the answer.")
    @needs("manage_channels")
    async def reveal(interaction: discord.Interaction) -> None:
        speaks_here(interaction)
        await interaction.response.defer(thinking=True)
        await services.actors.call(_CHANNEL, str(interaction.channel_id), "end_scene", True)
        _, scenario = await _scene(interaction, services)
        text = words(interaction.guild_locale or interaction.locale)
        await interaction.followup.send(text("scenario-revealed", title=scenario.title), allowed_mentions=NOBODY)
        answer = f"> {scenario.question}\n{scenario.answer}"
        teller = (await services.everybody(interaction)).persona(scenario.cast[0])
        await say(interaction, services, teller, answer)
        await _audited(interaction, services, "scenario.reveal", scenario.id)

    tree.add_command(group)


async def _audited(interaction: discord.Interaction, services: Services, action: str, detail: str = "") -> None:
    if interaction.guild_id is not None:
        detail = f"{detail} in #{interaction.channel}".strip()
        await services.access.audit(interaction.guild_id, interaction.user, action, detail)


def list_embed(scenarios: list[Scenario], pack: Pack, text: Words) -> discord.Embed:
    """The scenarios in one line each."""
    names = {persona.id: persona.name for persona in pack.personas}
    lines = [f"**{one.title}** ({', '.join(names[who] for who in one.cast)})" for one in scenarios]
    embed = discord.Embed(title=text("scenario-list-title", count=len(scenarios)), colour=discord.Colour.blurple())
    embed.description = "\n".join(lines)[:DESCRIPTION_LIMIT]
    embed.set_footer(text=text("scenario-list-footer"))
    return embed


def scene_embed(scenario: Scenario, pack: Pack, text: Words) -> discord.Embed:
    """What a scene is about; never its answer."""
    names = {persona.id: persona.name for persona in pack.personas}
    embed = discord.Embed(title=scenario.title, description=scenario.setting, colour=discord.Colour.blurple())
    embed.add_field(name=text("scenario-question"), value=scenario.question, inline=False)
    embed.add_field(name=text("scenario-cast"), value=", ".join(names[who] for who in scenario.cast), inline=False)
    return embed


async def _scene(interaction: discord.Interaction, services: Services) -> tuple[Scene, Scenario]:
    scene: Scene | None = await services.actors.call(_CHANNEL, str(interaction.channel_id), "scene")
    scenario = scenario_of(scene, (await services.here(interaction)).pack) if scene else None
    if scene is None or scenario is None:
        raise RequestError(words(interaction.locale)("scenario-none-played"), field="scenario")
    return scene, scenario
