"""/why, and “Why this reply?” in a message's menu: how it came that somebody answered, or nobody did."""

from __future__ import annotations

import re
from collections import Counter
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
_CHANNELS = "https://discord.com/channels"
_KINDS = ("turns", "passage", "memory", "summary", "scene", "message")
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
    here = f"{_CHANNELS}/{interaction.guild_id or '@me'}/{channel}"
    pack = await services.everybody(interaction)
    embed = list_embed(records, pack, here, say) if message_id is None else why_embed(records[0], pack, say, here)
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


def why_embed(record: DecisionRecord, pack: Pack, words: Words, here: str = "") -> discord.Embed:
    """All that is known of one decision. `here` is the address of the channel; without it, memories are no links."""
    decision = record.decision
    embed = discord.Embed(colour=discord.Colour.blurple())
    embed.description = words("why-because", reason=_named("reason", decision.reason, words))

    def field(key: str, value: str, *, inline: bool = True) -> None:
        embed.add_field(name=words(key), value=value, inline=inline)

    if decision.speak:
        name = _name(pack, decision.persona_id, words)
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
        if kept := _parts(making.kept, words):
            field("why-kept", kept, inline=False)
        if dropped := _parts(making.dropped, words):
            field("why-dropped", dropped, inline=False)
        if making.memories:
            field("why-memories", _within(_memories(record, here)), inline=False)
    if record.filtered:
        field("why-filter", words("why-filtered", reason=_named("filter", record.filtered, words)))
    if record.retried:
        problem, _, category = record.retried.partition(":")
        found = f" ({_named('filter', category, words)})" if category else ""
        field("why-retried", _named("retried", problem, words) + found)
    if record.pictures:
        field("why-pictures", str(record.pictures))
    if record.sources:
        left_out = making.dropped if making is not None else ()
        lines = [
            f"{one.title or one.id} `{one.id}` · {one.score:.3f}"
            + (f" ({words('why-left-out')})" if f"passage:{one.id}" in left_out else "")
            for one in record.sources
        ]
        field("why-passages", _within(lines), inline=False)
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
        who = _name(pack, decision.persona_id, words) if decision.speak else words("why-nobody")
        at = f"[<t:{record.at_ms // 1000}:R>]({here}/{record.message_id})"
        lines.append(f"{at} {words('why-line', who=who, reason=_named('reason', decision.reason, words))}")
    embed.description = "\n".join(lines)[:_DESCRIPTION_LIMIT]
    embed.set_footer(text=words("why-list-footer"))
    return embed


def _named(family: str, name: str, words: Words) -> str:
    return words.find(f"why-{family}-{name}", name.replace("_", " "))


def _within(lines: Sequence[str]) -> str:
    """As many of the lines as a field holds."""
    text = "\n".join(lines)
    return text if len(text) <= _FIELD_LIMIT else text[: _FIELD_LIMIT + 1].rpartition("\n")[0]


def _memories(record: DecisionRecord, here: str) -> list[str]:
    """The memories that were used: links to the messages that they stand in, where that is known, with their scores."""
    server = here.rpartition("/")[0]
    known = {one.id: one for one in record.memories}
    lines = []
    for memory_id in record.making.memories if record.making else ():
        one = known.get(memory_id)
        link = (
            f"{server}/{one.channel_id}/{memory_id.partition(':')[0]}"
            if one and one.channel_id and here
            else f"`{memory_id}`"
        )
        lines.append(f"{link} · {one.score:.2f}" if one else link)
    return lines


def _parts(names: Sequence[str], words: Words) -> str:
    """Parts of a prompt, counted by their kind: `8 earlier lines, 2 passages`."""
    counts: Counter[str] = Counter()
    for name in names:
        kind, _, rest = name.partition(":")
        counts[kind] += int(rest) if kind == "turns" else 1
    return ", ".join(words(f"why-part-{kind}", count=counts[kind]) for kind in _KINDS if counts[kind])


def _name(pack: Pack, persona_id: str, words: Words) -> str:
    if not persona_id:
        return words("why-the-model")
    return next((persona.name for persona in pack.personas if persona.id == persona_id), persona_id)
