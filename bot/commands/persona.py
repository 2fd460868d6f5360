"""/persona: the cast. What is asked, shown and set here; making personas and who speaks in a channel are beside it."""

from __future__ import annotations

import time

import discord
from discord import app_commands

from actors.channel_stage import Stage
from actors.guild import KIND as GUILD
from actors.guild import SettingView
from bot.commands import persona_cards, persona_cast
from bot.commands.asking import DESCRIPTION_LIMIT, answers_here, as_message, guest_of, guild_of, stream_answer
from bot.commands.needs import manages_channel, manages_server, mark
from bot.commands.services import Services
from bot.language import Words, words
from bot.webhooks import NOBODY
from core.errors import RequestError
from core.messages import ReplyRequest
from core.personas import Guest, Pack

CHANNEL, SERVER = "channel", "server"
_SCOPES = [
    app_commands.Choice(name="this channel", value=CHANNEL),
    app_commands.Choice(name="the server", value=SERVER),
]
_STAR = " \N{BLACK STAR}"
_SETTING = "default_persona"


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /persona into the tree."""
    group = app_commands.Group(name="persona", description="The cast: ask them, meet them, choose who answers here.")

    @group.command(name="ask", description="Ask a persona something.")
    @app_commands.describe(
        question="What you want to know.",
        persona="Whom to ask. Default: who answers here.",
        image="A picture to look at.",
    )
    @app_commands.autocomplete(persona=services.complete_persona)
    async def ask(
        interaction: discord.Interaction,
        question: app_commands.Range[str, 1, 1000],
        persona: str | None = None,
        image: discord.Attachment | None = None,
    ) -> None:
        # Checked first, since what follows the deferral can only be shown to everybody.
        here = await services.here(interaction)
        chosen = here.pack.persona(persona).id if persona else None
        deadline_ms = int((time.time() + services.config.reply_deadline_s) * 1000)
        message = as_message(interaction, question, deadline_ms, image)
        answers_here(here, message, words(interaction.locale))
        if image is not None and not here.rules.vlm:
            raise RequestError(words(interaction.locale)("persona-no-pictures"), field="image")
        await interaction.response.defer(thinking=True)
        channel, guild = message.channel_id, message.guild_id
        persona_id = await services.actors.call("channel", channel, "persona", guild, chosen)
        request = ReplyRequest(
            persona_id=persona_id,
            message=message,
            history=await services.actors.call("channel", channel, "history", persona_id),
            guest=guest_of(here, persona_id),
            deadline_ms=deadline_ms,
            traceparent=message.traceparent,
        )
        face = await services.voices.face_in(guild, persona_id)
        await stream_answer(interaction, services, face, question, here.rules.applied(request))

    @group.command(name="list", description="Who is in the cast.")
    async def list_(interaction: discord.Interaction) -> None:
        cast, say = (await services.here(interaction)).pack, words(interaction.locale)
        await interaction.response.send_message(embed=cast_embed(cast, say), ephemeral=True)

    @group.command(name="info", description="What a persona is like.")
    @app_commands.describe(persona="Whom you want to know about.")
    @app_commands.autocomplete(persona=services.complete_persona)
    async def info(interaction: discord.Interaction, persona: str) -> None:
        chosen, say = (
            (await services.everybody(interaction)).persona(persona),
            words(interaction.locale),
        )
        embed = discord.Embed(title=f"{chosen.name}, {chosen.title}", description=chosen.description)
        embed.add_field(name=say("persona-says"), value=f"“{chosen.greeting}”", inline=False)
        embed.add_field(name=say("persona-comes"), value=", ".join(chosen.keywords)[:1024], inline=False)
        if isinstance(chosen, Guest):
            embed.set_footer(text=say("persona-is-guest"))
        if picture := (await services.voices.face_in(guild_of(interaction), chosen.id)).avatar_url:
            embed.set_thumbnail(url=picture)
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @group.command(name="set", description="Choose who answers here where nobody else is called.")
    @app_commands.describe(persona="Who shall answer.", scope="Where. Default: this channel.")
    @app_commands.autocomplete(persona=services.complete_persona)
    @app_commands.choices(scope=_SCOPES)
    @mark("manage_channels")
    async def set_(interaction: discord.Interaction, persona: str, scope: str = CHANNEL) -> None:
        guild, say = guild_of(interaction), words(interaction.guild_locale or interaction.locale)
        if scope == SERVER:
            manages_server(interaction)
        else:
            manages_channel(interaction)
        chosen = (await services.here(interaction)).pack.persona(persona)
        await interaction.response.defer(thinking=True)
        if scope == SERVER and guild is not None:
            by = (str(interaction.user.id), str(interaction.id))
            await services.actors.call(GUILD, guild, "change", _SETTING, chosen.id, *by)
            services.guilds.forget(guild)
            told, where = say("persona-set-server", name=chosen.name), "on the server"
        else:
            channel = str(interaction.channel_id)
            await services.actors.call("channel", channel, "set_persona", chosen.id, guild)
            told, where = say("persona-set", name=chosen.name), f"in #{interaction.channel}"
        await interaction.followup.send(told, allowed_mentions=NOBODY)
        if guild is not None:
            await services.access.audit(guild, interaction.user, "persona.set", f"{chosen.id} {where}")

    @group.command(name="reset", description="Have the channel or the server inherit again who answers.")
    @app_commands.describe(scope="Where. Default: this channel.")
    @app_commands.choices(scope=_SCOPES)
    @mark("manage_channels")
    async def reset(interaction: discord.Interaction, scope: str = CHANNEL) -> None:
        guild, say = guild_of(interaction), words(interaction.guild_locale or interaction.locale)
        if scope == SERVER:
            manages_server(interaction)
        else:
            manages_channel(interaction)
        await interaction.response.defer(thinking=True)
        if scope == SERVER:
            by = (str(interaction.user.id), str(interaction.id))
            await services.actors.call(GUILD, guild or "", "reset", _SETTING, *by)
            services.guilds.forget(guild or "")
            pack = (await services.here(interaction)).pack
            told = say("persona-reset-server", name=pack.persona(pack.default_persona).name)
        else:
            channel = str(interaction.channel_id)
            left = await services.actors.call("channel", channel, "set_persona", None, guild)
            told = say("persona-reset", name=(await services.here(interaction)).pack.persona(left).name)
        await interaction.followup.send(told, allowed_mentions=NOBODY)
        if guild is not None:
            where = "on the server" if scope == SERVER else f"in #{interaction.channel}"
            await services.access.audit(guild, interaction.user, "persona.reset", where)

    @group.command(name="show", description="Who answers here, and where that is set.")
    async def show(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild, say = guild_of(interaction), words(interaction.locale)
        stage: Stage = await services.actors.call("channel", str(interaction.channel_id), "stage", guild)
        own: SettingView | None = None
        if guild is not None:
            views = await services.actors.call(GUILD, guild, "view")
            own = next(view for view in views if view.name == _SETTING)
        here = await services.here(interaction)
        embed = stage_embed(stage, own, here.pack, services.pack, say)
        await interaction.followup.send(embed=embed, ephemeral=True)

    persona_cards.add_to(group, services)
    persona_cast.add_to(group, services)
    tree.add_command(group)


def cast_embed(cast: Pack, say: Words) -> discord.Embed:
    """Everybody in one line each, with the word that brings them."""
    lines = [
        f"**{p.name}**, {p.title} (“{p.keywords[0]}”){_STAR if isinstance(p, Guest) else ''}" for p in cast.personas
    ]
    embed = discord.Embed(title=cast.name, description="\n".join(lines)[:DESCRIPTION_LIMIT])
    guests = any(isinstance(p, Guest) for p in cast.personas)
    embed.set_footer(text=f"{say('persona-list-footer')} {say('persona-list-guests') if guests else ''}".strip())
    return embed


def stage_embed(stage: Stage, own: SettingView | None, cast: Pack, pack: Pack, say: Words) -> discord.Embed:
    """Who answers in a channel, and each place that could say so: what is not set there is inherited."""
    names = {persona.id: persona.name for persona in (*pack.personas, *cast.personas)}
    inherited = say("persona-inherited")

    def name(persona_id: str | None) -> str:
        return f"**{names.get(persona_id, persona_id)}**" if persona_id else inherited

    answers = stage.set_here or stage.default
    embed = discord.Embed(
        title=say("persona-show-title", name=names.get(answers, answers)), colour=discord.Colour.blurple()
    )
    lines = [say("persona-show-channel", who=name(stage.set_here))]
    if own is not None:
        lines.append(say("persona-show-server", who=name(own.value if own.own else None)))
    lines.append(say("persona-show-operator", who=name(pack.default_persona)))
    embed.description = "\n".join(lines)
    who = ", ".join(names.get(one, one) for one in stage.cast) or say("persona-everybody")
    embed.add_field(name=say("persona-show-cast"), value=who[:1024], inline=False)
    if stage.exchange:
        embed.add_field(
            name=say("persona-show-exchange"), value=say("persona-lines", count=stage.exchange), inline=False
        )
    return embed
