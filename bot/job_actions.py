"""What a job's post does beside being read: a game that begins, a scene, an answer that is told, buttons.

`view` gives what stands below the message. `prepare` is done before it is sent, so that nothing is announced that
cannot be, `follow` once it stands, `abandon` where it could not be sent. All may be done again for the same post
without a further effect.
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import discord

from actors.game import KIND as GAME
from actors.game_views import GameView
from actors.scenes import Scene
from actors.virtual import Actors
from bot.proposals import buttons
from bot.webhooks import Place
from bot.window import moment
from core.errors import TroupeError, Unavailable
from schedules.job import REVEAL_JOB, Action, Post, Propose, RevealScene, StartGame, StartScene, stable_hash

if TYPE_CHECKING:
    from bot.games import Games

log = logging.getLogger(__name__)


class JobActions:
    """The actions of the jobs' posts of one connected client."""

    def __init__(self, client: discord.Client, actors: Actors, games: Games) -> None:
        self._client, self._actors, self._games = client, actors, games

    def view(self, action: Action | None, locale: object) -> discord.ui.View | None:
        """The buttons of a post."""
        return buttons(action.proposal_id, locale) if isinstance(action, Propose) else None

    async def prepare(self, post: Post, nonce: str, since_ms: int, place: Place) -> bool:
        """Begins the scene or the game that the post announces; whether it is still of use to send it. Raises
        RequestError where another one runs, or nobody may play it."""
        match post.action:
            case StartScene(scenario_id=scenario_id):
                await self._channel(post, "open_scene", scenario_id, nonce, _guild_id(place))
            case StartGame() as game:
                return not (await self._begin(game, _order_id(nonce, since_ms), place)).over
            case RevealScene(scene_id=scene_id):
                scene: Scene | None = await self._channel(post, "scene")
                return scene is not None and scene.id == scene_id and scene.due_ms > 0
        return True

    async def abandon(self, post: Post, nonce: str, since_ms: int, *, refused: bool) -> None:
        """What was prepared is not to be. An answer that was `refused` is not tried again each minute. Never raises."""
        try:
            match post.action:
                case StartScene():
                    await self._channel(post, "withdraw_scene", nonce)
                case StartGame():
                    game_id = str(_order_id(nonce, since_ms))
                    await self._actors.call(GAME, post.channel_id, "lost", game_id, "it could not be announced")
                case RevealScene(scene_id=scene_id) if refused:
                    await self._channel(post, "end_scene", False, scene_id)
        except TroupeError as error:
            log.warning("[JOB] what a post was to bring about in %s is not undone: %s", post.channel_id, error)

    async def follow(self, post: Post, message_id: str, place: Place) -> None:
        """What the post brings about, and that the persona remembers having said it. Raises TroupeError,
        discord.HTTPException."""
        guild_id = _guild_id(place)
        if post.persona_id is not None and post.text:
            await self._channel(post, "spoke", message_id, post.persona_id, post.text, None, guild_id, "job")
        match post.action:
            case StartScene(reveal_at_ms=reveal_at_ms):
                await self._actors.call("schedule", guild_id or "", "stir", REVEAL_JOB, reveal_at_ms)
            case RevealScene(scene_id=scene_id):
                await self._channel(post, "end_scene", True, scene_id)
            case StartGame():
                self._games.look_after(place)

    async def _begin(self, game: StartGame, order_id: int, place: Place) -> GameView:
        me = self._client.user
        if me is None:
            raise Unavailable("The bot is not connected.", component="bot")
        theme = game.topic or game.theme or None
        return await self._games.reserve(order_id, place, me, _locale(place), game.kind, theme, game.rounds)

    def _channel(self, post: Post, method: str, *args: object) -> Coroutine[Any, Any, Any]:
        return self._actors.call("channel", post.channel_id, method, *args)


def _order_id(nonce: str, since_ms: int) -> int:
    """The id of the game that a post announces, the same at each attempt; like Discord's, so that it tells the time."""
    return discord.utils.time_snowflake(moment(since_ms)) | stable_hash(nonce) & 0x3FFFFF


def _guild_id(place: Place) -> str | None:
    return str(place.guild.id) if place.guild is not None else None


def _locale(place: Place) -> str:
    return str(place.guild.preferred_locale) if place.guild is not None else "en-US"
