"""!game and !story, in direct messages."""

from __future__ import annotations

from actors.game_views import GameKind
from bot.text_commands.call import Call, TextCommand
from core.errors import RequestError

_KINDS: dict[str, GameKind] = {"trivia": "trivia", "riddle": "riddle", "riddles": "riddle", "story": "story"}


async def _game(call: Call) -> None:
    kind, _, theme = call.rest.partition(" ")
    if kind.lower() == "stop":
        await call.services.games.stop(call.message.channel, call.message.author, moderator=False)
        return
    if kind.lower() not in _KINDS:
        raise RequestError(call.words("games-wrong-kind"), field="kind")
    await _begin(call, _KINDS[kind.lower()], theme)


async def _story(call: Call) -> None:
    await _begin(call, "story", call.rest)


async def _begin(call: Call, kind: GameKind, theme: str) -> None:
    message, language = call.message, call.words.language
    await call.services.games.begin(message.id, message.channel, message.author, language, kind, theme.strip())


GAME = TextCommand("game", "games-usage", _game)
STORY = TextCommand("story", "games-usage-story", _story)
