"""A persona tells a scene in its own words, where the language model is up; the scene's own text stands below in any
case, so that the choices make sense whatever a model says."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from dataclasses import replace

from actors.answering import PersonaApp
from actors.game_views import GameView
from actors.guild_book import GuildBook
from bot.convert import age_gated
from bot.webhooks import Place
from core.errors import TroupeError, UnknownPersona
from core.messages import Author, IncomingMessage, ReplyRequest, Spoken
from core.personas import Guest

log = logging.getLogger(__name__)

_PATIENCE_S = 6.0
_LENGTH = (30, 900)
_WORD = re.compile(r"[^\W\d_]{6,}")
_SHARED = 2


class Narrator:
    """Asks the persona app, on the account of whoever began the game. `patience_s` is how long a scene may wait for
    it."""

    def __init__(self, app: PersonaApp, guilds: GuildBook, patience_s: float = _PATIENCE_S) -> None:
        self._app, self._guilds, self._patience_s = app, guilds, patience_s

    async def greeting(self, game: GameView) -> str:
        """How the persona that leads through a game greets; empty where it has left the cast."""
        try:
            return (await self._guilds.of(game.guild_id)).pack.persona(game.persona_id).greeting
        except UnknownPersona:
            return ""

    async def tell(self, game: GameView, place: Place) -> str:
        """The scene of a story as its persona tells it; empty where no model answers in time or nothing usable comes.
        Never raises."""
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._ask(game, place)
        except (TroupeError, TimeoutError) as error:
            log.info("[GAME] the story in channel %s is told from the book: %r", place.id, error)
            return ""

    async def _ask(self, game: GameView, place: Place) -> str:
        if not game.starter_id:  # they had themselves forgotten
            return ""
        theme = f" with a touch of {game.theme}" if game.theme else ""
        now_ms = int(time.time() * 1000)
        deadline_ms = now_ms + int(self._patience_s * 1000)
        message = IncomingMessage(
            id=game.id,
            channel_id=str(place.id),
            guild_id=game.guild_id,
            author=Author(id=game.starter_id, name="The audience"),
            content=f"Tell us in two sentences what happens now{theme}: {game.round.text}",
            created_ms=now_ms,
            mentions_bot=True,
            age_gated=age_gated(place),
            deadline_ms=deadline_ms,
        )
        here = await self._guilds.of(game.guild_id)
        persona = here.pack.persona(game.persona_id)
        request = ReplyRequest(
            persona_id=persona.id,
            message=message,
            guest=persona if isinstance(persona, Guest) else None,
            deadline_ms=deadline_ms,
        )
        async for event in self._app.reply(replace(here.rules.applied(request), rag=False)):
            if isinstance(event, Spoken):
                return "" if event.fallback or not usable(event.text, game.round.text) else event.text.strip()
        return ""


def usable(text: str, scene: str) -> bool:
    """Whether a text tells that scene: neither a word nor a wall, and about the same things."""
    least, most = _LENGTH
    if not least <= len(text.strip()) <= most:
        return False
    said, meant = set(_WORD.findall(text.casefold())), set(_WORD.findall(scene.casefold()))
    return len(said & meant) >= _SHARED
