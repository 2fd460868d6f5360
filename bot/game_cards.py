"""How a game looks: the text, the card and the buttons of each of its posts. Nothing here asks anybody anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import discord
from discord.utils import escape_markdown

from actors.game_views import GameView, RoundView, Standing
from bot.game_buttons import Act, GameButton
from bot.language import Words

_OPEN, _WON, _MISSED = discord.Colour(0x5865F2), discord.Colour(0x2D9F5B), discord.Colour(0x9A3B3B)
_STORY, _GOLD = discord.Colour(0x8B5CF6), discord.Colour(0xF5B544)
# Signs that every font has, also where there are no coloured emojis.
_MOODS = {"good": ("★", _GOLD), "odd": ("❖", _STORY), "bad": ("☾", _MISSED)}
_ICONS = {"trivia": "✦", "riddle": "❖", "story": "❧"}
_LETTERS = "ABCD"
_LABEL, _FIELD, _DESCRIPTION, _SHOWN, _NAMES = 80, 1024, 4096, 10, 6


@dataclass(frozen=True, slots=True)
class Card:
    """A post: what stands above the card, the card, and its buttons."""

    text: str
    embed: discord.Embed
    view: discord.ui.View | None


def round_card(game: GameView, one: RoundView, words: Words, text: str = "") -> Card:
    """A round as it is now; `text` is what the persona says to it."""
    if game.kind == "story":
        return _scene(game, one, words, text or words("games-goes-on"))
    key = "games-question" if game.kind == "trivia" else "games-riddle"
    title = words(key, number=one.number + 1, total=game.total)
    embed = discord.Embed(colour=_OPEN, description=f"### {_asked(one, words)}"[:_DESCRIPTION])
    embed.set_author(name=_heading(game, words, title))
    if one.closed:
        _solve(embed, game, one, words)
    else:
        embed.add_field(name=words("games-worth"), value=words("games-points", count=game.worth))
        if one.deadline_ms:
            embed.add_field(name=words("games-time"), value=f"<t:{one.deadline_ms // 1000}:R>")
        embed.set_footer(text=words("games-hint-trivia" if one.choices else "games-hint-riddle"))
    return Card(text or title, embed, _buttons(game, one, words))


def end_card(game: GameView, words: Words, text: str = "") -> Card:
    """How a game ended: the final score, or a story's ending."""
    view = discord.ui.View(timeout=None)
    another = "games-another-button" if game.kind == "story" else "games-again-button"
    view.add_item(GameButton(Act.AGAIN, game.id, label=words(another), style=discord.ButtonStyle.primary))
    if game.kind == "story":
        return Card(text or words("games-the-end"), _ending(game, words), view)
    embed = discord.Embed(title=words("games-final"), colour=_GOLD)
    embed.set_author(name=_heading(game, words))
    scored = [one for one in game.standings if one.points]
    lines = list(_board(scored, words)) or [words("games-final-nobody")]
    if game.ended != "finished":
        lines.insert(0, f"*{_why(game, words)}*\n")
    embed.description = "\n".join(lines)[:_DESCRIPTION]
    if scored:
        embed.set_footer(text=words("games-final-of", count=game.total))
    return Card(text or words("games-final"), embed, view)


def status_embed(game: GameView, words: Words) -> discord.Embed:
    """The game that runs, for whoever asks."""
    one = game.round
    if game.kind == "story":
        embed = discord.Embed(title=words("games-kind-story"), colour=_STORY)
        embed.description = words("games-status-story", title=game.title)
    else:
        kind = words(f"games-kind-{game.kind}")
        title = words("games-status", kind=kind, number=one.number + 1, total=game.total)
        embed = discord.Embed(title=title, colour=_OPEN)
        embed.description = "\n".join(_board([x for x in game.standings if x.points], words)) or words("games-no-score")
    if one.deadline_ms and not one.closed:
        embed.add_field(name=words("games-time"), value=f"<t:{one.deadline_ms // 1000}:R>")
    return embed


def stats_embed(tallies: Sequence[Standing], words: Words) -> discord.Embed:
    """How everybody did in a channel."""
    embed = discord.Embed(title=words("games-stats"), colour=_GOLD)
    lines = []
    for place, one in enumerate(tallies[:_SHOWN]):
        rounds = words("games-rounds-won", count=one.rounds)
        streak = words("games-best-streak", count=one.best_streak)
        told = words("games-stats-line", games=one.games, rounds=rounds, streak=streak)
        lines.append(f"{_line(place, one, words)}\n-# {told}")
    embed.description = "\n".join(lines)[:_DESCRIPTION] or words("games-stats-none")
    return embed


def _asked(one: RoundView, words: Words) -> str:
    if not one.gap:
        return one.text
    return f"{words('games-gap')}\n> {one.text}"


def _solve(embed: discord.Embed, game: GameView, one: RoundView, words: Words) -> None:
    """Who was right, and where it stands."""
    embed.colour = _WON if one.winner is not None else _MISSED
    lines = [f"✔ {words('games-answer-is', answer=_begun(one.answer))}"]
    if one.winner is not None:
        name = escape_markdown(one.winner) or words("games-somebody")
        lines.append(f"⚡ {words('games-first', name=name, points=words('games-points', count=one.gained))}")
        if one.streak > 1:
            lines[-1] += f" {words('games-streak', count=one.streak)}"
    elif game.ended == "stopped":
        lines.append(f"■ {words('games-stopped-here')}")
    else:
        lines.append(f"☾ {words('games-out-of-time')} {words('games-nobody')}")
    embed.description = f"{embed.description}\n" + "\n".join(lines)
    if one.passage:
        source = f"> {one.passage}\n-# {one.title} · {one.source}"
        embed.add_field(name=words("games-from-lore"), value=source[:_FIELD], inline=False)
        others = [choice for index, choice in enumerate(one.choices) if index != one.right]
        told = "\n".join(f"-# {_begun(choice.text)}: {choice.title} · {choice.source}" for choice in others)
        if told:
            embed.add_field(name=words("games-others-from"), value=told[:_FIELD], inline=False)


def _buttons(game: GameView, one: RoundView, words: Words) -> discord.ui.View | None:
    view = discord.ui.View(timeout=None)
    for index, choice in enumerate(one.choices):
        label = f"{_LETTERS[index]} · {_begun(choice.text)}"[:_LABEL]
        style = discord.ButtonStyle.secondary
        if one.closed and index == one.right:
            style = discord.ButtonStyle.success
        view.add_item(GameButton(Act.PICK, game.id, one.number, index, label=label, style=style, disabled=one.closed))
    if one.closed:
        return view if one.choices else None
    row = 1 if one.choices else 0
    if not one.choices:
        label, primary = words("games-type-button"), discord.ButtonStyle.primary
        view.add_item(GameButton(Act.TYPE, game.id, one.number, label=label, style=primary, row=row))
    if one.hints:
        label = words("games-hint-button", cost=game.hint_cost)
        view.add_item(GameButton(Act.HINT, game.id, one.number, label=label, row=row))
    return view


def _scene(game: GameView, one: RoundView, words: Words, text: str) -> Card:
    embed = discord.Embed(colour=_STORY, description=one.text)
    embed.set_author(name=_heading(game, words))
    view = discord.ui.View(timeout=None)
    lines = []
    for index, choice in enumerate(one.choices):
        picked = index == one.picked
        votes = f" · {_named(choice.voters)}" if choice.voters else ""
        shown = f"**{choice.text}**" if picked else choice.text
        lines.append(f"**{_LETTERS[index]}** · {shown}{votes}")
        style = discord.ButtonStyle.success if picked else discord.ButtonStyle.secondary
        label = f"{_LETTERS[index]} · {choice.text}"[:_LABEL]
        view.add_item(GameButton(Act.PICK, game.id, one.number, index, label=label, style=style, disabled=one.closed))
    heading = words("games-chosen") if one.closed else words("games-choose")
    if one.closed and one.picked is None:
        lines = [words("games-no-choice")]
    embed.add_field(name=heading, value="\n".join(lines)[:_FIELD], inline=False)
    if not one.closed:
        if any(choice.voters for choice in one.choices):
            embed.add_field(name=words("games-vote-ends"), value=f"<t:{one.deadline_ms // 1000}:R>")
        embed.set_footer(text=words("games-vote-hint"))
    return Card(text, embed, view)


def _ending(game: GameView, words: Words) -> discord.Embed:
    if game.round.ending is None:
        embed = discord.Embed(title=f"☾ {words('games-the-end')}", colour=_MISSED, description=_why(game, words))
        return embed.set_author(name=_heading(game, words))
    icon, colour = _MOODS.get(game.round.mood, _MOODS["odd"])
    embed = discord.Embed(title=f"{icon} {game.round.ending}", colour=colour, description=game.round.text)
    embed.set_author(name=_heading(game, words, words("games-the-end")))
    if game.standings:
        names = _named([one.name for one in game.standings])
        points = words("games-story-points", points=words("games-points", count=game.worth))
        embed.add_field(name=words("games-told-by", names=names)[:256], value=points, inline=False)
    return embed


def _why(game: GameView, words: Words) -> str:
    return words({"asleep": "games-asleep", "stopped": "games-stopped"}.get(game.ended, "games-lost"))


def _heading(game: GameView, words: Words, detail: str = "") -> str:
    about = words("games-about", theme=game.theme) if game.theme else ""
    named = game.title if game.kind == "story" else about
    parts = [words(f"games-kind-{game.kind}"), named, detail]
    return f"{_ICONS[game.kind]} {' · '.join(part for part in parts if part)}"[:256]


def _board(standings: Sequence[Standing], words: Words) -> Iterable[str]:
    for place, one in enumerate(standings[:_SHOWN]):
        rounds = words("games-rounds-won", count=one.rounds)
        streak = f", {words('games-best-streak', count=one.best_streak)}" if one.best_streak > 1 else ""
        yield f"{_line(place, one, words)}\n-# {rounds}{streak}"


def _line(place: int, one: Standing, words: Words) -> str:
    rank = "♛" if place == 0 else f"**{place + 1}.**"
    return f"{rank} **{escape_markdown(one.name)}** · {words('games-points', count=one.points)}"


def _named(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" +{len(names) - _NAMES}" if len(names) > _NAMES else ""
    return ", ".join(escape_markdown(name) for name in names[:_NAMES]) + more


def _begun(text: str) -> str:
    """With a capital, so that names do not stand out among the choices."""
    return text[:1].upper() + text[1:]
