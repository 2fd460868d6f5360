"""What a job's post does beside being read: a game that begins, a scene, an answer that is told, a drop, buttons.

`view` gives what stands below the message, `follow` is done once it stands. Both may be done again for the same message
without a further effect.
"""

from __future__ import annotations

import discord

from actors.drop import Drop
from actors.virtual import Actors
from bot.drops import Drops
from bot.games import Games
from bot.proposals import buttons
from bot.webhooks import Place
from core.errors import RequestError
from schedules.job import REVEAL_JOB, Action, CreateDrop, Post, Propose, RevealScene, StartGame, StartScene

MOST_S = 24 * 3600.0


class JobActions:
    """The actions of the jobs' posts of one connected client."""

    def __init__(self, client: discord.Client, actors: Actors, games: Games, drops: Drops) -> None:
        self._client, self._actors, self._games, self._drops = client, actors, games, drops

    def view(self, action: Action | None, locale: object) -> discord.ui.View | None:
        """The buttons of a post."""
        return buttons(action.proposal_id, locale) if isinstance(action, Propose) else None

    async def follow(self, post: Post, message_id: str, place: Place) -> None:
        """What the post brings about, and that the persona remembers having said it. Raises TroupeError,
        discord.HTTPException."""
        guild_id = str(place.guild.id) if place.guild is not None else None
        if post.persona_id is not None and post.text:
            said = (message_id, post.persona_id, post.text, None, guild_id, "job")
            await self._actors.call("channel", str(place.id), "spoke", *said)
        locale = str(place.guild.preferred_locale) if place.guild is not None else "en-US"
        match post.action:
            case StartScene(scenario_id=scenario_id, reveal_at_ms=reveal_at_ms):
                await self._actors.call("channel", str(place.id), "open_scene", scenario_id, message_id, guild_id)
                await self._actors.call("schedule", guild_id or "", "stir", REVEAL_JOB, reveal_at_ms)
            case RevealScene():
                await self._actors.call("channel", str(place.id), "end_scene", True)
            case StartGame() as game:
                await self._begin(game, message_id, place, locale)
            case CreateDrop(points=points, lasts_s=lasts_s):
                drop = Drop(
                    guild_id=guild_id or "",
                    channel_id=str(place.id),
                    points=points,
                    lasts_s=min(lasts_s, MOST_S),
                    locale=locale,
                )
                await self._drops.give(f"job-{message_id}", drop)

    async def _begin(self, game: StartGame, message_id: str, place: Place, locale: str) -> None:
        me = self._client.user
        if me is None:
            raise RequestError("The bot is not connected.", field="channel")
        theme = game.topic or game.theme or None
        await self._games.begin(int(message_id), place, me, locale, game.kind, theme, game.rounds)
