"""/memory: what is kept about people is theirs, to see, to take along, to have forgotten and to forbid; and those who
manage a server teach the cast what everybody there may be told, or have it forget the server."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict

import discord
from discord import app_commands

from actors.memory_scopes import Saying
from bot.commands.confirm import Confirm
from bot.commands.needs import needs
from bot.commands.services import Services
from bot.language import Words, words
from core.errors import Unavailable
from core.messages import Kept, MemoryMode

_SHOWN = 12
_DESCRIPTION_LIMIT = 4096


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /memory into the tree."""
    group = app_commands.Group(name="memory", description="What the cast remembers of you, and how to have it forget.")

    @group.command(name="view", description="What is kept about you, everywhere.")
    async def view(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        user_id, guild_id = str(interaction.user.id), _guild_id(interaction)
        kept = await _kept(services, user_id)
        mode = (await services.here(interaction)).rules.memory
        remembered = await services.people.is_remembered(user_id, guild_id, mode)
        embed = kept_embed(kept, words(interaction.locale), remembered=remembered, mode=mode)
        await interaction.followup.send(embed=embed, ephemeral=True)

    @group.command(name="export", description="All that is kept about you, as a file.")
    async def export(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        kept, say = await _kept(services, str(interaction.user.id)), words(interaction.locale)
        if not kept:
            await interaction.followup.send(say("memory-nothing"), ephemeral=True)
            return
        text = json.dumps([asdict(one) for one in kept], ensure_ascii=False, indent=1)
        file = discord.File(io.BytesIO(text.encode()), filename="memory.json")
        await interaction.followup.send(say("memory-exported", count=len(kept)), file=file, ephemeral=True)

    @group.command(name="forget", description="Have everything that is kept about you forgotten, everywhere.")
    async def forget(interaction: discord.Interaction) -> None:
        user_id, say = str(interaction.user.id), words(interaction.locale)
        await interaction.response.defer(ephemeral=True, thinking=True)
        kept = await _kept(services, user_id)
        stays = any(one.kind == "wish" for one in kept)
        if not (going := [one for one in kept if one.kind != "wish"]):
            # Also of whom nothing can be shown nothing shall be left.
            await services.people.forget(user_id)
            await interaction.followup.send(say("memory-wish-stays" if stays else "memory-nothing"), ephemeral=True)
            return

        async def forget_all() -> str:
            await services.access.meter.flush()
            done = say("memory-forgotten", count=await services.people.forget(user_id))
            return f"{done} {say('memory-wish-stays')}" if stays else done

        question = say("memory-forget-question", count=len(going))
        view = Confirm(say("memory-forget-button"), forget_all)
        await interaction.followup.send(question, view=view, ephemeral=True)

    @group.command(
        name="off", description="Nothing of yours is remembered for long any more, and what is gets forgotten."
    )
    @app_commands.describe(here_only="Only on this server, not everywhere.")
    async def off(interaction: discord.Interaction, here_only: bool = False) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        place = _guild_id(interaction) if here_only else None
        count = await services.people.unremember(str(interaction.user.id), place)
        done = words(interaction.locale)("memory-off-here" if place else "memory-off-everywhere", count=count)
        await interaction.followup.send(done, ephemeral=True)

    @group.command(name="on", description="What you say may be remembered for long again.")
    @app_commands.describe(here_only="Only on this server, not everywhere.")
    async def on(interaction: discord.Interaction, here_only: bool = False) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        user_id, guild_id = str(interaction.user.id), _guild_id(interaction)
        mode = (await services.here(interaction)).rules.memory
        await services.people.remember(user_id, guild_id if here_only else None)
        if guild_id is not None and mode == "opt_in":
            await services.people.consent(user_id, guild_id)
        is_on = await services.people.is_remembered(user_id, guild_id, mode)
        off = "memory-off-on-server" if mode == "off" else "memory-still-off"
        answer = words(interaction.locale)("memory-on" if is_on else off)
        await interaction.followup.send(answer, ephemeral=True)

    @group.command(name="teach", description="Teach the cast something that everybody on this server may be told.")
    @app_commands.describe(text="One or two sentences, such as: The raid starts on Fridays at eight.")
    @app_commands.guild_only()
    @needs("manage_guild")
    async def teach(interaction: discord.Interaction, text: app_commands.Range[str, 5, 300]) -> None:
        guild_id = _guild_id(interaction)
        if guild_id is None:
            raise app_commands.NoPrivateMessage
        if services.apps.memory is None:
            raise Unavailable("Nothing is kept for long here.", component="memory")
        await interaction.response.defer(ephemeral=True, thinking=True)
        saying = Saying(
            message_id=str(interaction.id),
            text=text,
            speaker=interaction.user.display_name,
            author_id=str(interaction.user.id),
            channel_id=str(interaction.channel_id),
            guild_id=guild_id,
            at_ms=int(interaction.created_at.timestamp() * 1000),
        )
        taught = await services.apps.memory.teach(guild_id, saying)
        await services.access.audit(guild_id, interaction.user, "memory.teach", f"{len(taught)} characters")
        await interaction.followup.send(words(interaction.locale)("memory-taught", text=taught), ephemeral=True)

    @group.command(name="purge", description="Have the cast forget everything that was said on this server.")
    @app_commands.guild_only()
    @needs("manage_guild")
    async def purge(interaction: discord.Interaction) -> None:
        guild, say = interaction.guild, words(interaction.locale)
        if guild is None:
            raise app_commands.NoPrivateMessage
        await interaction.response.defer(ephemeral=True, thinking=True)

        async def purge_all() -> str:
            count = await services.people.forget_server(str(guild.id))
            await services.access.audit(guild.id, interaction.user, "memory.purge")
            return say("memory-purged", count=count)

        view = Confirm(say("memory-purge-button"), purge_all)
        await interaction.followup.send(say("memory-purge-question"), view=view, ephemeral=True)

    tree.add_command(group)


def kept_embed(kept: Sequence[Kept], words: Words, *, remembered: bool, mode: MemoryMode = "on") -> discord.Embed:
    """The newest of what is kept, each with where it stands; `remembered` is whether more may join long-term memory,
    by the server's `mode` and the person's wish."""
    embed = discord.Embed(title=words("memory-title"))
    lines = [
        f"{_where(one, words)} <t:{one.at_ms // 1000}:R> *{_kind(one, words)}*: {words.render(one.text)[:200]}"
        for one in kept[-_SHOWN:]
    ]
    embed.description = "\n".join(reversed(lines))[:_DESCRIPTION_LIMIT] or words("memory-nothing")
    more = words("memory-newest", count=len(kept)) + " " if len(kept) > _SHOWN else ""
    unwanted = {"on": "memory-wish-off", "opt_in": "memory-wish-opt-in", "off": "memory-off-on-server"}[mode]
    wish = words("memory-wish-on" if remembered else unwanted)
    embed.set_footer(text=f"{more}{words('memory-footer')} {wish}")
    return embed


def _kind(one: Kept, words: Words) -> str:
    return words.find(f"memory-kind-{one.kind}", one.kind)


def _where(one: Kept, words: Words) -> str:
    return f"<#{one.channel_id}>" if one.channel_id else words(f"memory-in-{one.kind}")


async def _kept(services: Services, user_id: str) -> Sequence[Kept]:
    await services.access.meter.flush()  # what was counted of them lately is to be found, too
    return await services.people.kept(user_id)


def _guild_id(interaction: discord.Interaction) -> str | None:
    return str(interaction.guild_id) if interaction.guild_id is not None else None
