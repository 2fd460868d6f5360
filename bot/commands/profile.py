"""/profile: a member's card, and whether one is seen among the members of all servers."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from typing import Literal

import discord
from discord import app_commands

from actors import points, standing
from actors.points import Balance, key_of
from actors.points_queries import Board
from actors.progress import BADGES
from bot.commands.points import Somebody, person
from bot.commands.services import Services
from bot.language import Words, words
from bot.pictures.faces import face_of
from bot.pictures.profile import ProfileCard
from bot.pictures.studio import drawn
from bot.webhooks import NOBODY

_FRIENDS = 2
_EXPLAINED = 4
_ALT_LIMIT = 1024


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /profile into the tree."""

    @tree.command(name="profile", description="Your card: level, streak, badges, favourite personas. Or somebody's.")
    @app_commands.describe(
        member="Whose card. Default: yours.", public="Whether you are on the leaderboard of all servers."
    )
    async def profile(
        interaction: discord.Interaction, member: Somebody | None = None, public: Literal["on", "off"] | None = None
    ) -> None:
        if public is not None:
            await interaction.response.defer(ephemeral=True, thinking=True)
            await interaction.followup.send(
                await _publish(interaction, services, public == "on"), ephemeral=True, allowed_mentions=NOBODY
            )
            return
        who = member or interaction.user
        person(who, words(interaction.locale))
        await interaction.response.defer(thinking=True)
        say = words(interaction.guild_locale or interaction.locale)
        guild_id = str(interaction.guild_id) if interaction.guild_id else None
        balance, picture = await asyncio.gather(
            services.actors.call(points.KIND, key_of(guild_id, str(who.id)), "balance"), face_of(who)
        )
        place = None
        if guild_id and balance.points > 0:
            place = await services.index.place_of(Board(guild_id=guild_id), balance.points)
        faces = [await services.voices.face_in(guild_id, persona_id) for persona_id, _ in balance.personas[:_FRIENDS]]
        friends = tuple(face.name for face in faces)
        card = card_of(who, balance, place, friends, say)
        png = await drawn(replace(card, picture=picture).draw)
        file = discord.File(io.BytesIO(png), filename="profile.png", description=alt_of(who, balance, place, say))
        # Below the picture and not around it: an embed's picture has no alternative text.
        await interaction.followup.send(file=file, embed=badges_embed(balance, say), allowed_mentions=NOBODY)


def badges_embed(balance: Balance, say: Words) -> discord.Embed:
    """The badges by name, the last ones of them with what they are for."""
    earlier, last = balance.badges[:-_EXPLAINED], balance.badges[-_EXPLAINED:]
    lines = [f"**{say(f'badge-{badge}')}** {say(f'badge-{badge}-for')}" for badge in last]
    lines.append(" · ".join(say(f"badge-{badge}") for badge in earlier))
    text = "\n".join(line for line in lines if line) or say("profile-no-badges")
    return discord.Embed(title=say("profile-earned"), description=text, colour=discord.Colour(0x9676FF))


def card_of(who: Somebody, balance: Balance, place: int | None, friends: tuple[str, ...], say: Words) -> ProfileCard:
    """What stands on somebody's card; `place` is theirs on the server, `friends` whom of the cast they talk with."""
    whole = balance.level_to - balance.level_from
    here = (say("profile-place"), f"#{place}" if place else say("profile-no-place"))
    return ProfileCard(
        user_id=str(who.id),
        name=who.display_name,
        level=say("profile-level", level=balance.level),
        progress=say("profile-progress", points=balance.points, next=balance.level_to),
        share=max(0.0, (balance.points - balance.level_from) / whole),
        facts=(
            *([here] if isinstance(who, discord.Member) else []),  # in a direct message there are no places
            (say("profile-streak"), str(balance.streak)),
            (say("profile-week"), f"{balance.week_points:+d}" if balance.week_points else "0"),
            (say("profile-best"), str(balance.best_streak)),
        ),
        badges_title=say("profile-badges", count=len(balance.badges), all=len(BADGES)),
        badges=balance.badges,
        no_badges=say("profile-no-badges"),
        friends_title=say("profile-friends"),
        friends=", ".join(friends) or say("profile-no-friends"),
    )


def alt_of(who: Somebody, balance: Balance, place: int | None, say: Words) -> str:
    """The card in words, for who does not see it."""
    return say(
        "profile-alt",
        name=who.display_name,
        level=balance.level,
        points=balance.points,
        place=str(place) if place else say("profile-no-place"),
        days=balance.streak,
        badges=", ".join(say(f"badge-{badge}") for badge in balance.badges) or say("profile-no-badge-alt"),
    )[:_ALT_LIMIT]


async def _publish(interaction: discord.Interaction, services: Services, wanted: bool) -> str:
    user = interaction.user
    name = user.global_name or user.name
    now_ms = int(interaction.created_at.timestamp() * 1000)
    # First the standing, which takes nothing in while it is off.
    await services.actors.call(standing.KIND, str(user.id), "publish", wanted, name, now_ms)
    keys = await services.index.keys_of(points.KIND, str(user.id))
    ledgers = [key for key in keys if not key.startswith(f"{points.DIRECT}:")]
    await asyncio.gather(*(services.actors.call(points.KIND, key, "publish", wanted) for key in ledgers))
    say = words(interaction.locale)
    return say("profile-public-on", name=discord.utils.escape_markdown(name)) if wanted else say("profile-public-off")
