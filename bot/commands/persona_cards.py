"""/persona create, edit, delete, import and export: personas that a server makes for itself. For who manages it."""

from __future__ import annotations

import asyncio
import io
import re

import discord
from discord import app_commands

from actors.guests import CARD, CAST, card_key, card_of_guest, picture_id
from bot.commands.needs import guild_of, manages_server, needs
from bot.commands.services import Services
from bot.errors import answer_error
from bot.gate import Gated
from bot.language import Words, words
from bot.webhooks import NOBODY
from core import cards
from core.cards import Card
from core.content_filter import default_filter
from core.errors import RequestError, TroupeError, UnknownPersona
from core.guests import card_from, card_new, edited, guest_of, passages_of
from core.messages import FilterLevel
from core.personas import Guest, Persona
from core.pictures import MAX_PICTURE_BYTES, face

FORMATS = [app_commands.Choice(name="PNG", value="png"), app_commands.Choice(name="JSON", value="json")]
# The texts that a form asks for, with the longest that a persona can have.
FORM = {"name": 32, "title": 60, "description": 600, "voice": 300, "greeting": 400}


def add_to(group: app_commands.Group, services: Services) -> None:
    """Put the commands into /persona."""

    async def complete_own(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        typed = current.strip().casefold()
        own = [one for one in await services.guests(interaction) if typed in one.name.casefold()]
        return [app_commands.Choice(name=f"{one.name}, {one.title}"[:100], value=one.id) for one in own[:25]]

    @group.command(name="create", description="Make a persona for this server.")
    @app_commands.describe(
        picture="Its face: PNG, JPEG, WEBP or GIF.", keywords="Words that bring it, with commas. Default: its name."
    )
    @app_commands.guild_only()
    @needs("manage_guild")
    async def create(
        interaction: discord.Interaction,
        picture: discord.Attachment | None = None,
        keywords: app_commands.Range[str, 2, 200] | None = None,
    ) -> None:
        form = Form(services, None, picture, keyword_list(keywords), words(interaction.locale))
        await interaction.response.send_modal(form)

    @group.command(name="edit", description="Change a persona of this server.")
    @app_commands.describe(
        persona="Which one.", picture="A new face: PNG, JPEG, WEBP or GIF.", keywords="Other words that bring it."
    )
    @app_commands.autocomplete(persona=complete_own)
    @app_commands.guild_only()
    @needs("manage_guild")
    async def edit(
        interaction: discord.Interaction,
        persona: str,
        picture: discord.Attachment | None = None,
        keywords: app_commands.Range[str, 2, 200] | None = None,
    ) -> None:
        guest = _own(await services.guests(interaction), persona, words(interaction.locale))
        form = Form(services, guest, picture, keyword_list(keywords), words(interaction.locale))
        await interaction.response.send_modal(form)

    @group.command(name="delete", description="Take a persona of this server out, with its lore.")
    @app_commands.describe(persona="Which one.")
    @app_commands.autocomplete(persona=complete_own)
    @app_commands.guild_only()
    @needs("manage_guild")
    async def delete(interaction: discord.Interaction, persona: str) -> None:
        guild = str(guild_of(interaction).id)
        guest = _own(await services.guests(interaction), persona, words(interaction.locale))
        await interaction.response.defer(ephemeral=True, thinking=True)
        card, _ = await card_of_guest(services.actors, guild, guest)
        if passages_of(card, guest.name):  # first: a persona that is gone could not be asked to take it along
            await services.apps.retrieval.keep(guild, _owner(guest), ())
        await services.actors.call(CAST, guild, "remove", guest.id)
        await services.actors.call(CARD, card_key(guild, guest.id), "clear")
        services.guilds.forget(guild)
        await services.voices.drop_picture(guest.picture)
        text = words(interaction.locale)("persona-deleted", name=guest.name)
        await interaction.followup.send(text, ephemeral=True, allowed_mentions=NOBODY)
        await services.access.audit(guild, interaction.user, "persona.delete", guest.name)

    @group.command(name="import", description="Make a persona of a character card (V2 or V3, PNG or JSON).")
    @app_commands.describe(card="The file.")
    @app_commands.guild_only()
    @needs("manage_guild")
    async def import_(interaction: discord.Interaction, card: discord.Attachment) -> None:
        if card.size > cards.MAX_FILE_BYTES:
            raise RequestError(words(interaction.locale)("persona-card-too-large"), field="card")
        await interaction.response.defer(ephemeral=True, thinking=True)
        content = await card.read()
        parsed = await asyncio.to_thread(cards.parse, content)
        picture = await asyncio.to_thread(face, content) if content.startswith(cards.PNG_SIGNATURE) else b""
        await keep(interaction, services, parsed, picture, None, "persona-imported")

    @group.command(name="export", description="A persona as a character card.")
    @app_commands.describe(persona="Which one.", format="The kind of file. Default: PNG.")
    @app_commands.autocomplete(persona=services.complete_persona)
    @app_commands.choices(format=FORMATS)
    @app_commands.guild_only()
    @needs("manage_guild")
    async def export(interaction: discord.Interaction, persona: str, format: str = "png") -> None:  # noqa: A002
        guild = str(guild_of(interaction).id)
        pack = await services.everybody(interaction)
        chosen, say = pack.persona(persona), words(interaction.locale)
        await interaction.response.defer(ephemeral=True, thinking=True)
        card, picture = await _made_of(services, guild, chosen)
        if format == "png" and not picture:
            raise RequestError(say("persona-no-picture", name=chosen.name), field="format")
        content = await asyncio.to_thread(cards.to_png, card, picture) if format == "png" else cards.to_json(card)
        file = discord.File(io.BytesIO(content), f"{chosen.id}.{format}")
        text = say("persona-exported", name=chosen.name)
        await interaction.followup.send(text, file=file, ephemeral=True, allowed_mentions=NOBODY)
        await services.access.audit(guild, interaction.user, "persona.export", chosen.name)


class Form(Gated, discord.ui.Modal):
    """What is asked of who makes or changes a persona."""

    def __init__(
        self,
        services: Services,
        guest: Guest | None,
        picture: discord.Attachment | None,
        keywords: list[str] | None,
        say: Words,
    ) -> None:
        title = say("persona-form-edit", name=guest.name) if guest else say("persona-form-create")
        super().__init__(title=title[:45], timeout=900)
        self._services, self._guest, self._picture, self._keywords = services, guest, picture, keywords
        self._fields: dict[str, discord.ui.TextInput[Form]] = {}
        for name, limit in FORM.items():
            field: discord.ui.TextInput[Form] = discord.ui.TextInput(
                label=say(f"persona-form-{name}")[:45],
                custom_id=name,
                max_length=limit,
                style=discord.TextStyle.paragraph if limit > 60 else discord.TextStyle.short,
                default=getattr(guest, name) if guest else None,
            )
            self._fields[name] = field
            self.add_item(field)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Keeps what was written."""
        guild = str(manages_server(interaction).id)
        await interaction.response.defer(ephemeral=True, thinking=True)
        typed = {name: field.value for name, field in self._fields.items()}
        picture = await _face(self._picture, words(interaction.locale)) if self._picture else None
        if self._guest is None:
            card = card_new(typed, self._keywords)
        else:
            former, _ = await card_of_guest(self._services.actors, guild, self._guest)
            new_words = {"keywords": self._keywords} if self._keywords else {}
            card = edited(former, self._guest, {**typed, **new_words})
        key = "persona-changed" if self._guest else "persona-created"
        await keep(interaction, self._services, card, picture, self._guest, key)

    async def on_error(  # type: ignore[override]  # as in discord.ui.Modal
        self, interaction: discord.Interaction, error: Exception, /
    ) -> None:
        """Tells whoever filled it in what to do."""
        await answer_error(interaction, error)


async def keep(
    interaction: discord.Interaction,
    services: Services,
    card: Card,
    picture: bytes | None,
    former: Guest | None,
    key: str,
) -> None:
    """Keep a persona and tell so by the text of `key`. With `picture` None the former one stays. Raises TroupeError."""
    guild, say = str(guild_of(interaction).id), words(interaction.locale)
    level = (await services.here(interaction)).rules.filter_level
    await asyncio.to_thread(decent, guest_of(card, "new"), level, say)
    stored = cards.to_json(card)
    shown = picture_id(guild, picture) if picture is not None else former.picture if former else ""
    persona_id = former.id if former else None
    guest: Guest = await services.actors.call(CAST, guild, "put", stored, shown, str(interaction.id), persona_id)
    await services.actors.call(CARD, card_key(guild, guest.id), "put", stored, picture)
    services.guilds.forget(guild)
    if picture:
        await services.voices.show_picture(shown, picture)
    lore, lost = passages_of(card, guest.name), False
    if lore:
        try:
            await services.apps.retrieval.keep(guild, _owner(guest), lore)
        except TroupeError:
            lost = True
    text = say(key, name=guest.name, keyword=guest.keywords[0])
    if lost:
        text = f"{text} {say('persona-lore-lost')}"
    elif lore:
        text = f"{text} {say('persona-lore-kept', count=len(lore))}"
    if all(one.id != guest.id for one in (await services.here(interaction)).pack.personas):
        text = f"{text} {say('persona-may-not-speak', id=guest.id)}"
    await interaction.followup.send(text, ephemeral=True, allowed_mentions=NOBODY)
    await services.access.audit(guild, interaction.user, key.replace("-", "."), guest.name)


def decent(guest: Guest, level: FilterLevel, say: Words) -> None:
    """Raises RequestError where the content filter would catch what the persona is, or what it says without a model."""
    spoken = (guest.greeting, *guest.fallback_lore, *guest.fallback_plain, *guest.refusals)
    shown = (guest.name, guest.title, guest.description, guest.voice, *guest.boundaries)
    for text in (*spoken, *shown, *(one.reply for one in guest.examples)):
        if default_filter().verdict(text, level, about_minor=guest.is_minor) is not None:
            raise RequestError(say("persona-indecent", text=text[:80]), field="persona")


def keyword_list(text: str | None) -> list[str] | None:
    """Words as somebody typed them, as a persona takes them."""
    if text is None:
        return None
    found = [" ".join(word.lower().split())[:40] for word in re.split(r"[,;\n]", text)]
    return list(dict.fromkeys(word for word in found if len(word) >= 2))[:20] or None


async def _made_of(services: Services, guild: str, persona: Persona) -> tuple[Card, bytes]:
    if isinstance(persona, Guest):
        return await card_of_guest(services.actors, guild, persona)
    picture = await asyncio.to_thread(persona.avatar.read_bytes) if persona.avatar else b""
    return card_from(persona, creator=services.pack.name), picture


async def _face(picture: discord.Attachment, say: Words) -> bytes:
    if picture.size > MAX_PICTURE_BYTES:
        raise RequestError(say("persona-picture-too-large", limit=MAX_PICTURE_BYTES // 2**20), field="picture")
    return await asyncio.to_thread(face, await picture.read())


def _own(guests: tuple[Guest, ...], name: str, say: Words) -> Guest:
    wanted = name.strip().casefold()
    for guest in guests:
        if wanted in (guest.id, guest.name.casefold()):
            return guest
    known = ", ".join(one.name for one in guests) or say("persona-none-yet")
    raise UnknownPersona(say("persona-unknown-own", name=name.strip()[:60], known=known), field="persona")


def _owner(guest: Guest) -> str:
    return f"guest/{guest.id}"
