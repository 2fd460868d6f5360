"""Where games may be played, and about what."""

from __future__ import annotations

import discord

from actors.guild_book import Here
from bot.convert import age_gated
from bot.webhooks import Place
from core.content_filter import default_filter
from core.errors import RequestError
from core.messages import Author, IncomingMessage
from core.refusals import care
from core.wording import Wording


def check_place(place: Place, user: discord.abc.User, theme: str, here: Here) -> None:
    """Raises RequestError where the cast or the bot has nothing to say in a channel, or nothing on that theme."""
    message = IncomingMessage(
        id="0",
        channel_id=str(place.id),
        guild_id=str(place.guild.id) if place.guild else None,
        author=Author(id=str(user.id), name=user.display_name),
        content=theme,
        created_ms=0,
        parent_id=str(parent) if (parent := getattr(place, "parent_id", None)) else None,
        age_gated=age_gated(place),
    )
    if not here.rules.allows(message):
        raise RequestError(
            Wording("refused-game-cast", "The cast does not play in this channel. Try another one."), field="channel"
        )
    if place.guild is not None:
        mine = place.permissions_for(place.guild.me)
        writes = mine.send_messages_in_threads if isinstance(place, discord.Thread) else mine.send_messages
        if not (mine.view_channel and writes and mine.embed_links):
            needed = Wording(
                "refused-game-rights",
                "I cannot play here: I need View Channel, Send Messages and Embed Links in this channel.",
            )
            raise RequestError(needed, field="channel")
    # The theme is shown to everybody, so it is held to what personas may say here.
    minors = any(persona.is_minor for persona in here.pack.personas)
    caught = default_filter().verdict(theme, here.rules.filter_level, age_gated=message.age_gated, about_minor=minors)
    if caught == "self_harm":
        raise RequestError(care(theme), field="theme")
    if caught is not None:
        raise RequestError(
            Wording("refused-game-theme", "That is nothing to play about here. Choose another theme."), field="theme"
        )
