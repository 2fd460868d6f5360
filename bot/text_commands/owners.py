"""What the owners of the bot may write anywhere: !stats, !reload, !clearstm and !train."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.commands.confirm import Confirm
from bot.operations import Figures
from core.errors import RequestError, TroupeError

if TYPE_CHECKING:
    from bot.language import Words
    from bot.text_commands.call import Call


async def stats(call: Call) -> None:
    """How this gateway does, and how the models are."""
    services, say = call.services, call.words
    under_way = len(await services.index.with_open_turns())
    known = len(await services.index.heard_since(0))
    figures = services.operations.figures(under_way)
    embed = discord.Embed(title=say("owners-stats-title"), colour=discord.Colour.blurple())
    embed.add_field(name=say("owners-stats-servers"), value=_servers(figures, known, say), inline=False)
    embed.add_field(name=say("owners-stats-turns"), value=_turns(figures, say), inline=False)
    refusals = ", ".join(f"{why.replace('_', ' ')} {count}" for why, count in services.access.refusals.items())
    embed.add_field(name=say("owners-stats-refused"), value=refusals or say("owners-stats-none"), inline=False)
    states = await services.operations.states()
    lines = [
        f"**{name}** {state}{f' ({detail})' if detail else ''}"[:200]
        for name, (state, detail) in (states or {}).items()
    ]
    shown = "\n".join(lines)[:1024] or say("owners-stats-no-health")
    embed.add_field(name=say("owners-stats-health"), value=shown, inline=False)
    await call.message.channel.send(embed=embed, allowed_mentions=discord.AllowedMentions.none())
    await _audit(call, "owner.stats")


async def reload(call: Call) -> None:
    """What can be read again without a restart is, and what cannot is named."""
    services, say = call.services, call.words
    lines = []
    try:
        languages = services.operations.reload_texts()
        lines.append(say("owners-reload-texts", languages=", ".join(languages)))
    except ValueError as error:
        lines.append(say("owners-reload-texts-failed", error=str(error)))
    try:
        embedded, deleted = await services.operations.reload_lore()
        lines.append(say("owners-reload-lore", pack=services.pack.id, embedded=embedded, deleted=deleted))
    except TroupeError as error:
        lines.append(say("owners-reload-lore-failed", error=error.message))
    lines.append(say("owners-reload-commands", count=await services.operations.reload_commands()))
    lines.append(say("owners-reload-not"))
    await call.answer("\n".join(lines)[:2000])
    await _audit(call, "owner.reload")


async def clearstm(call: Call) -> None:
    """Short-term memory is forgotten: this channel's, or after a question every channel's."""
    services, say = call.services, call.words
    if call.rest.lower() not in ("", "all"):
        raise RequestError(say("owners-clearstm-usage"), field="what")
    if not call.rest:
        await services.people.clear([str(call.message.channel.id)])
        await call.answer(say("owners-clearstm-done", count=1))
        await _audit(call, "owner.clearstm", str(call.message.channel.id))
        return

    async def clear_all() -> str:
        known = await services.index.heard_since(0)
        await services.people.clear(known)
        await _audit(call, "owner.clearstm", "all")
        return say("owners-clearstm-done", count=len(known))

    view = Confirm(say("owners-clearstm-button"), clear_all, only=call.message.author.id)
    count = len(await services.index.heard_since(0))
    await call.message.channel.send(
        say("owners-clearstm-question", count=count), view=view, allowed_mentions=discord.AllowedMentions.none()
    )


async def train(call: Call) -> None:
    """Says how training is begun, which cannot be done from Discord yet."""
    await call.answer(call.words("owners-train"))
    await _audit(call, "owner.train")


def _servers(figures: Figures, known: int, say: Words) -> str:
    heartbeat = say("owners-stats-none") if figures.heartbeat_s is None else f"{figures.heartbeat_s * 1000:.0f} ms"
    return say(
        "owners-stats-servers-are",
        guilds=figures.guilds,
        channels=figures.channels,
        known=known,
        shard=figures.shard + 1,
        shards=figures.shards,
        heartbeat=heartbeat,
        hours=f"{figures.up_s / 3600:.1f}",
        memory=figures.memory_mib,
        invalid=figures.invalid_requests,
    )


def _turns(figures: Figures, say: Words) -> str:
    none = say("owners-stats-none")
    return say(
        "owners-stats-turns-are",
        open=figures.turns,
        answered=figures.answered,
        median=none if figures.median_s is None else f"{figures.median_s:.2f} s",
        p95=none if figures.p95_s is None else f"{figures.p95_s:.2f} s",
    )


async def _audit(call: Call, action: str, detail: str = "") -> None:
    guild = call.message.guild
    await call.services.access.audit(guild.id if guild else None, call.message.author, action, detail)
