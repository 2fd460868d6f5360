"""What commands share that let somebody of the cast speak: a question as a message, an answer that grows, a line."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import discord

from actors.guild_book import Here
from bot.commands.services import Services
from bot.convert import age_gated
from bot.language import Words, words
from bot.permissions import missing, require
from bot.webhooks import NOBODY, Face, Place, place_of
from core.errors import RequestError, TroupeError, Unavailable
from core.messages import Attachment, Author, Delta, IncomingMessage, ReplyRequest, Spoken
from core.personas import Guest, Persona
from core.tracing import traceparent_of

log = logging.getLogger(__name__)

DESCRIPTION_LIMIT = 4096
NOTED_S = 10.0
MAX_PICTURE_BYTES = 10 * 1024 * 1024  # as in chat: what is larger nobody looks at


def as_message(
    interaction: discord.Interaction,
    question: str,
    deadline_ms: int | None = None,
    picture: discord.Attachment | None = None,
) -> IncomingMessage:
    """What somebody asks by a command, as if they had written it. Raises RequestError for a file that is no picture."""
    attachments = (_picture(picture, words(interaction.locale)),) if picture is not None else ()
    return IncomingMessage(
        id=str(interaction.id),
        channel_id=str(interaction.channel_id),
        guild_id=guild_of(interaction),
        author=Author(id=str(interaction.user.id), name=interaction.user.display_name),
        content=question,
        created_ms=int(interaction.created_at.timestamp() * 1000),
        parent_id=str(parent) if (parent := getattr(interaction.channel, "parent_id", None)) else None,
        mentions_bot=True,
        attachments=attachments,
        age_gated=age_gated(interaction.channel),
        deadline_ms=deadline_ms,
        traceparent=traceparent_of(str(interaction.id)),
    )


def answers_here(here: Here, message: IncomingMessage, words: Words) -> None:
    """Raises RequestError where the cast does not speak in the channel of the message."""
    if not here.rules.allows(message):
        raise RequestError(words("persona-not-in-channel"), field="channel")


def guild_of(interaction: discord.Interaction) -> str | None:
    """The id of the server, None in direct messages."""
    return str(interaction.guild_id) if interaction.guild_id else None


def guest_of(here: Here, persona_id: str) -> Guest | None:
    """The persona where the server made it itself."""
    return next((one for one in here.pack.personas if one.id == persona_id and isinstance(one, Guest)), None)


async def stream_answer(
    interaction: discord.Interaction, services: Services, face: Face, question: str, request: ReplyRequest
) -> None:
    """Show the answer while it grows, by editing the command's own response.

    That response has to be filled anyway, works where webhooks do not, and no turn of the channel can mistake it for
    one of its own posts.
    """
    said: list[Spoken] = []
    texts = _texts(services, request, said.append)
    message = await show_growing(interaction, face, question, texts, services.config.edit_interval_s)
    if message is not None and said:
        await note_answer(services, str(message.id), request.persona_id, request.message, said[-1])


async def note_answer(
    services: Services, reply_id: str, persona_id: str, message: IncomingMessage, spoken: Spoken
) -> None:
    """Have it known how the answer to a command came about, for `/why`. Never raises: it has been given."""
    told = (reply_id, persona_id, replace(spoken, text=""), message.traceparent)
    try:
        await services.actors.call("channel", message.channel_id, "answered", *told, timeout_s=NOTED_S)
    except TroupeError as error:
        log.warning("[ACTOR] how %s came about is not noted: %s", reply_id, error)


async def show_growing(
    interaction: discord.Interaction,
    face: Face | None,
    question: str,
    texts: AsyncIterator[tuple[str, bool]],
    every_s: float,
) -> discord.Message | None:
    """Show the last of `texts`, each with whether it is whole, at most every `every_s` seconds. Returns the message."""
    quoted = "> " + question.replace("\n", "\n> ")[:1900]
    loop = asyncio.get_running_loop()
    message: discord.Message | None = None
    shown_at = loop.time()
    async for text, whole in texts:
        if whole or (text.strip() and loop.time() - shown_at >= every_s):
            embed = discord.Embed(description=text[:DESCRIPTION_LIMIT])
            if face is not None:
                embed.set_author(name=face.name, icon_url=face.avatar_url)
            message = await interaction.edit_original_response(content=quoted, embed=embed, allowed_mentions=NOBODY)
            shown_at = loop.time()
    return message


def speaks_here(interaction: discord.Interaction) -> Place:
    """Where a command is used, if somebody of the cast can say something there. Raises RequestError,
    BotMissingPermissions."""
    place = place_of(interaction.channel)
    if place is None:
        raise RequestError(words(interaction.locale)("persona-no-place"), field="channel")
    # By webhook personas speak also where the bot itself may not.
    by_webhook = isinstance(place, discord.DMChannel) or "manage_webhooks" not in missing(place)
    require(place, "view_channel", *(() if by_webhook else ("send_messages",)))
    return place


async def say(
    interaction: discord.Interaction, services: Services, persona: Persona, text: str, to_id: str | None = None
) -> discord.Message:
    """Have a persona say something in the channel of the command, which it remembers. Raises as `speaks_here`, and
    discord.HTTPException."""
    place = speaks_here(interaction)
    guild = guild_of(interaction)
    message = await services.voices.post(place, await services.voices.face_in(guild, persona.id), text)
    channel = str(interaction.channel_id)
    await services.actors.call("channel", channel, "spoke", str(message.id), persona.id, text, to_id, guild)
    return message


async def _texts(
    services: Services, request: ReplyRequest, said: Callable[[Spoken], None]
) -> AsyncIterator[tuple[str, bool]]:
    """The answer so far, again and again; `said` is told it whole. Raises Unavailable where it breaks off."""
    text = ""
    async for event in services.apps.persona.reply(request):
        text = text + event.text if isinstance(event, Delta) else event.text
        if isinstance(event, Spoken):
            said(event)
        yield text, isinstance(event, Spoken)
        if isinstance(event, Spoken):
            return
    raise Unavailable("The answer broke off before it was whole.", component="persona")


def _picture(file: discord.Attachment, say: Words) -> Attachment:
    found = Attachment(
        id=str(file.id), filename=file.filename, url=file.url, size=file.size, content_type=file.content_type
    )
    if not found.is_picture:
        raise RequestError(say("persona-not-a-picture"), field="image")
    if found.size > MAX_PICTURE_BYTES:
        raise RequestError(say("persona-picture-too-large", limit=MAX_PICTURE_BYTES // 2**20), field="image")
    return found
