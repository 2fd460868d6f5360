"""What one person is told about their own answer."""

from __future__ import annotations

from discord.utils import escape_markdown

from actors.game_views import Hint, Verdict
from bot.language import Words


def verdict_text(verdict: Verdict, say: Words) -> str:
    """What somebody is told about their own answer."""
    match verdict.kind:
        case "right":
            text = say("games-right", points=say("games-points", count=verdict.gained))
            return f"{text} {say('games-streak', count=verdict.streak)}" if verdict.streak > 1 else text
        case "wrong":
            return say("games-wrong-left", count=verdict.left) if verdict.left else say("games-wrong")
        case "close":
            return say("games-close-left", count=verdict.left) if verdict.left else say("games-close")
        case "late":
            name = escape_markdown(verdict.by)
            return say("games-late", name=name) if name else say("games-late-time")
        case "locked":
            return say("games-locked")
        case "voted":
            return say("games-voted", text=verdict.text)
        case _:
            return say("games-over")


def hint_text(hint: Hint, say: Words) -> str:
    """A hint, with what it costs."""
    text = say("games-hint-strikes" if hint.strikes else "games-hint", text=hint.text)
    return f"{text}\n-# {say('games-hint-left', count=hint.left, cost=hint.cost)}"
