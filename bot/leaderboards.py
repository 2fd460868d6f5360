"""Leaderboards as pictures with buttons to turn the page. Which page a button leads to stands in its custom id, so it
works after a restart of the bot, too."""

from __future__ import annotations

import io
import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Any, Literal, Self, cast

import discord

from actors import points
from actors.guild_book import reading
from actors.points import Balance, key_of
from actors.points_queries import Board, Page, Row
from actors.progress import day_of, week_of
from actors.virtual import Actors
from bot.gate import Gated
from bot.language import Words, words
from bot.pictures.fonts import Fonts
from bot.pictures.leaderboard import LeaderboardPicture, Line
from bot.pictures.studio import drawn
from bot.ports import ChannelIndex, Refuse
from core.cron import zone_of
from core.errors import RequestError

Scope = Literal["server", "global"]
Period = Literal["all", "week"]

ROWS = 10
MOST_PAGES = 999
_ALT_LIMIT = 1024
_FILE = "leaderboard.png"


@dataclass(frozen=True, slots=True)
class View:
    """Which page of which leaderboard somebody looks at; pages count from 1."""

    scope: Scope
    period: Period
    page: int = 1


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as it is sent."""

    embeds: list[discord.Embed]
    file: discord.File
    buttons: discord.ui.View


class PageButton(
    Gated,
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"board:(?P<scope>server|global):(?P<period>all|week):(?P<page>[0-9]{1,3})",
):
    """A button that leads to a page. The client that it is pressed in must have `leaderboards`."""

    def __init__(self, to: View, label: str = "", emoji: str | None = None, *, disabled: bool = False) -> None:
        super().__init__(
            discord.ui.Button(
                label=label,
                emoji=emoji,
                disabled=disabled,
                custom_id=f"board:{to.scope}:{to.period}:{to.page}",
            )
        )
        self.to = to

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """The button that was pressed."""
        return cls(View(cast(Scope, match["scope"]), cast(Period, match["period"]), int(match["page"])))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Puts that page in place of this one; whoever pressed is told, alone, where that failed."""
        try:
            await interaction.response.defer()
        except discord.HTTPException:
            return  # another process of the bot was first, or Discord waited too long
        await interaction.client.leaderboards.turn(interaction, self.to)


class Leaderboards:
    """Makes the pages."""

    def __init__(self, actors: Actors, index: ChannelIndex, refuse: Refuse) -> None:
        """`refuse` tells whoever pressed a button why nothing came of it."""
        self._actors, self._index, self._refuse = actors, index, refuse
        self._settings = reading(actors)

    async def turn(self, interaction: discord.Interaction[Any], view: View) -> None:
        """Puts a page in place of the one whose button was pressed. Never raises."""
        try:
            shown = await self.page(interaction, view)
            await interaction.edit_original_response(embeds=shown.embeds, attachments=[shown.file], view=shown.buttons)
        except Exception as error:
            await self._refuse(interaction, error)

    async def page(self, interaction: discord.Interaction[Any], view: View) -> Shown:
        """A page, the last one where there are not so many. Raises RequestError for a server's without a server,
        TroupeError."""
        say = words(interaction.guild_locale or interaction.locale)
        guild_id = str(interaction.guild_id) if interaction.guild_id else None
        board = await self._board(view, guild_id, say)
        found = await self._index.leaderboard(board, 0 if view.page <= 1 else (view.page - 1) * ROWS, ROWS)
        pages = max(1, min(MOST_PAGES, -(-found.total // ROWS)))
        if not 1 <= view.page <= pages:
            view = replace(view, page=min(max(1, view.page), pages))
            found = await self._index.leaderboard(board, (view.page - 1) * ROWS, ROWS)
        if view.scope == "global" and guild_id is not None:
            found = await self._named_here(found, guild_id)
        best = found.rows if view.page == 1 else (await self._index.leaderboard(board, 0, 1)).rows
        picture = picture_of(
            view, found, pages, _place_name(view, interaction, say), best, str(interaction.user.id), say
        )
        png, missing = await drawn(lambda fonts: (picture.draw(fonts), not_drawn(found.rows, fonts)))
        lines = [say("leaderboard-line", place=row.place, name=row.name, points=row.points) for row in found.rows]
        alt = "\n".join([f"{picture.title}: {picture.subtitle}", *(lines or [picture.empty])])
        told = [discord.utils.escape_markdown(lines[index]) for index in missing]
        if own := await self._own(interaction, view, board, found, guild_id, say):
            told.append(own)
        # Below the picture and not around it: an embed's picture has no alternative text.
        embeds = [discord.Embed(colour=discord.Colour(0xF5C45E), description="\n".join(told))] if told else []
        file = discord.File(io.BytesIO(png), filename=_FILE, description=alt[:_ALT_LIMIT])
        return Shown(embeds, file, buttons(view, pages, say))

    async def _board(self, view: View, guild_id: str | None, say: Words) -> Board:
        if view.scope == "server" and guild_id is None:
            raise RequestError(say("leaderboard-no-server"), field="scope")
        zone: tzinfo = UTC
        if view.period == "week" and view.scope == "server" and guild_id is not None:
            zone = zone_of((await self._settings(guild_id)).time_zone or "UTC")
        week = week_of(day_of(time.time_ns() // 1_000_000, zone)) if view.period == "week" else None
        return Board(guild_id=guild_id if view.scope == "server" else None, week=week)

    async def _named_here(self, found: Page, guild_id: str) -> Page:
        """The page with the names that people have on this server, where they are known here."""
        names = await self._index.names_on(guild_id, [row.user_id for row in found.rows])
        return replace(found, rows=tuple(replace(row, name=names.get(row.user_id, row.name)) for row in found.rows))

    async def _own(
        self,
        interaction: discord.Interaction[Any],
        view: View,
        board: Board,
        found: Page,
        guild_id: str | None,
        say: Words,
    ) -> str:
        """Where whoever asks is, if that is on another page of the server's leaderboard."""
        user_id = str(interaction.user.id)
        if view.scope == "global" or any(row.user_id == user_id for row in found.rows):
            return ""
        balance: Balance = await self._actors.call(points.KIND, key_of(guild_id, user_id), "balance")
        own = balance.points if view.period == "all" else balance.week_points
        if own <= 0:
            return ""
        place = await self._index.place_of(board, own)
        name = discord.utils.escape_markdown(interaction.user.display_name)
        return say("leaderboard-you", name=name, place=place, points=own)


def picture_of(
    view: View, found: Page, pages: int, place_name: str, best: tuple[Row, ...], user_id: str, say: Words
) -> LeaderboardPicture:
    """What is drawn; `best` begins with the first of the whole board, `user_id` is who looks."""
    title = say("leaderboard-week") if view.period == "week" else say("leaderboard-all")
    return LeaderboardPicture(
        title=place_name,
        subtitle=say("leaderboard-page", title=title, page=view.page, pages=pages),
        lines=tuple(
            Line(
                user_id=row.user_id,
                place=row.place,
                name=row.name,
                points=row.points,
                says=say("leaderboard-points", points=row.points),
                mine=row.user_id == user_id,
            )
            for row in found.rows
        ),
        best=best[0].points if best else 1,
        empty=say("leaderboard-empty") if view.scope == "server" else say("leaderboard-empty-everywhere"),
    )


def not_drawn(rows: tuple[Row, ...], fonts: Fonts) -> tuple[int, ...]:
    """Indexes of the rows whose names have letters that no font has."""
    return tuple(index for index, row in enumerate(rows) if not fonts.has(row.name))


def buttons(view: View, pages: int, say: Words) -> discord.ui.View:
    """Back, next, and the other period."""
    shown = discord.ui.View(timeout=None)
    back, onward = replace(view, page=view.page - 1), replace(view, page=view.page + 1)
    shown.add_item(PageButton(back, say("leaderboard-back"), "◀️", disabled=view.page <= 1))
    shown.add_item(PageButton(onward, say("leaderboard-next"), "▶️", disabled=view.page >= pages))
    if view.period == "all":
        shown.add_item(PageButton(View(view.scope, "week"), say("leaderboard-to-week"), "📅"))
    else:
        shown.add_item(PageButton(View(view.scope, "all"), say("leaderboard-to-all"), "🏆"))
    return shown


def _place_name(view: View, interaction: discord.Interaction[Any], say: Words) -> str:
    if view.scope == "global" or interaction.guild is None:
        return say("leaderboard-everywhere")
    return interaction.guild.name
