"""/why, and “Why this reply?” in a message's menu: how it came that somebody answered, or nobody did."""

from __future__ import annotations

import re
from collections.abc import Sequence

import discord
from discord import app_commands

from actors.decisions import DecisionRecord
from bot.commands.services import Services
from bot.language import Words, words
from core.errors import RequestError
from core.personas import Pack

_SHOWN = 10
_FIELD_LIMIT = 1024
_DESCRIPTION_LIMIT = 4096
_LINK = re.compile(r"/channels/(?:\d+|@me)/(?P<channel>\d+)/(?P<message>\d+)/?$")


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /why into the tree, and its entry into the menu of messages."""

    @tree.command(name="why", description="Why somebody of the cast answered, or nobody did.")
    @app_commands.describe(message="Link or id of a message of this channel. Default: the last ones.")
    async def why(interaction: discord.Interaction, message: str | None = None) -> None:
        say = words(interaction.locale)
        message_id = message_of(message, str(interaction.channel_id), say) if message else None
        await _answer(interaction, services, message_id)

    @tree.context_menu(name="Why this reply?")
    async def why_this(interaction: discord.Interaction, message: discord.Message) -> None:
        await _answer(interaction, services, str(message.id))


async def _answer(interaction: discord.Interaction, services: Services, message_id: str | None) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    channel = str(interaction.channel_id)
    records: Sequence[DecisionRecord] = await services.actors.call("channel", channel, "why", message_id)
    say = words(interaction.locale)
    if not records:
        raise RequestError(say("why-not-known" if message_id else "why-nothing-heard"), field="message")
    here = f"https://discord.com/channels/{interaction.guild_id or '@me'}/{channel}"
    pack = await services.everybody(interaction)
    embed = list_embed(records, pack, here, say) if message_id is None else why_embed(records[0], pack, say)
    await interaction.followup.send(embed=embed, ephemeral=True)


def message_of(text: str, channel_id: str, words: Words) -> str:
    """The id of the message that a link or an id names. Raises RequestError, also for one of another channel."""
    text = text.strip().strip("<>")
    if link := _LINK.search(text):
        if link["channel"] != channel_id:
            raise RequestError(words("why-elsewhere"), field="message")
        return link["message"]
    if not re.fullmatch(r"\d{1,19}", text):
        raise RequestError(words("why-no-message"), field="message")
    return text


def why_embed(record: DecisionRecord, pack: Pack, words: Words) -> discord.Embed:
    """All that is known of one decision."""
    decision = record.decision
    embed = discord.Embed(colour=discord.Colour.blurple())
    embed.description = words("why-because", reason=_named("reason", decision.reason, words))

    def field(key: str, value: str, *, inline: bool = True) -> None:
        embed.add_field(name=words(key), value=value, inline=inline)

    if decision.speak:
        name = _name(pack, decision.persona_id)
        embed.title = words("why-title", name=name)
        if decision.chosen is not None:
            chosen = words(f"why-chosen-{decision.chosen.replace(' ', '-')}", name=name)
            field("why-this-persona", chosen, inline=False)
    else:
        embed.title = words("why-title-nobody")
    if decision.trigger is not None:
        field("why-trigger", _named("trigger", decision.trigger, words))
    if decision.threshold is not None:
        relevance = words("why-unknown") if decision.relevance is None else f"{decision.relevance:.2f}"
        field("why-relevance", words("why-from-on", relevance=relevance, threshold=f"{decision.threshold:.2f}"))
    if decision.drawn is not None:
        field("why-drawn", f"{decision.drawn:.3f}")
    field("why-conversation", _named("phase", decision.phase, words))
    if decision.cooling:
        left = [f"{_named('trigger', trigger, words)} {seconds:.0f} s" for trigger, seconds in decision.cooling.items()]
        field("why-cooldowns", ", ".join(left))
    if record.model:
        field("why-model", words("why-fallback", model=record.model) if record.fallback else record.model)
    if (making := record.making) is not None:
        field("why-adapter", making.adapter or words("why-none"))
        if (usage := making.usage) is not None:
            read, known, written = usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens
            field("why-tokens", words("why-tokens-told", read=read, known=known, written=written))
        field("why-time", words("why-time-told", queue=making.queue_ms, generation=making.generation_ms))
        if making.memories:
            field("why-memories", "\n".join(f"`{one}`" for one in making.memories)[:_FIELD_LIMIT], inline=False)
    if record.filtered:
        field("why-filter", words("why-filtered", reason=_named("filter", record.filtered, words)))
    if record.retried:
        problem, _, category = record.retried.partition(":")
        found = f" ({_named('filter', category, words)})" if category else ""
        field("why-retried", _named("retried", problem, words) + found)
    if record.pictures:
        field("why-pictures", str(record.pictures))
    if record.sources:
        lines = [f"{one.title or one.id} `{one.id}`" for one in record.sources]
        field("why-passages", "\n".join(lines)[:_FIELD_LIMIT], inline=False)
    if record.trace_id:
        embed.set_footer(text=words("why-trace", id=record.trace_id))
    embed.timestamp = discord.utils.snowflake_time(int(record.message_id))
    return embed


def list_embed(records: Sequence[DecisionRecord], pack: Pack, here: str, words: Words) -> discord.Embed:
    """The last decisions in one line each, newest first. `here` is the address of the channel."""
    embed = discord.Embed(title=words("why-list-title"), colour=discord.Colour.blurple())
    lines = []
    for record in reversed(records[-_SHOWN:]):
        decision = record.decision
        who = _name(pack, decision.persona_id) if decision.speak else words("why-nobody")
        at = f"[<t:{record.at_ms // 1000}:R>]({here}/{record.message_id})"
        lines.append(f"{at} {words('why-line', who=who, reason=_named('reason', decision.reason, words))}")
    embed.description = "\n".join(lines)[:_DESCRIPTION_LIMIT]
    embed.set_footer(text=words("why-list-footer"))
    return embed


def _named(family: str, name: str, words: Words) -> str:
    return words.find(f"why-{family}-{name}", name.replace("_", " "))


def _name(pack: Pack, persona_id: str) -> str:
    return next((persona.name for persona in pack.personas if persona.id == persona_id), persona_id)
