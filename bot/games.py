"""Carries the games: one task per channel in which one runs makes the posts that the game actor wants made.

The actor decides, this only asks it again and again what there is to do. Any number of processes may do so for the
same channel: a post is made by whoever holds its slot, and a slot that was held before is looked for in the channel.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
import discord

from actors.game import KIND
from actors.game_views import GameKind, GameOrder, GameView, Hint, RoundView, Slot, Standing, Verdict, Work
from actors.guild_book import GuildBook
from actors.virtual import Actors
from bot.convert import readable
from bot.game_buttons import Act, GameButton, marks
from bot.game_cards import Card, end_card, round_card
from bot.game_places import check_place
from bot.game_texts import hint_text, verdict_text
from bot.language import words
from bot.narration import Narrator
from bot.ports import ChannelIndex
from bot.webhooks import Place, Voices, place_of
from core.errors import RequestError, TroupeError
from core.tasks import end
from core.wording import Wording

log = logging.getLogger(__name__)

_CALL_S = 10.0
_RETRY_S = 1.0
_FAILED_S = 15.0  # longer than a slot is held, so that another gateway may make the post
_LOOK_BACK = 100
_THEME = 60
_REACTIONS = {"right": "✔️", "wrong": "✖️", "close": "♨️", "locked": "🔒", "late": "⌛", "voted": "☑️"}


@dataclass(slots=True)
class _Table:
    """A channel's game in this process."""

    place: Place
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    posts: dict[str, discord.Message] = field(default_factory=dict)


class Games:
    """The games of one connected client."""

    def __init__(
        self,
        client: discord.Client,
        actors: Actors,
        index: ChannelIndex,
        voices: Voices,
        guilds: GuildBook,
        narrator: Narrator,
        holds: Callable[[str | None], bool],
        look: Callable[[Place], Awaitable[None]],
    ) -> None:
        """`holds` is whether the games of a server, or with None of direct messages, are this client's; `look` has
        those who run a server told what the bot lacks in a place, and never raises."""
        self._client, self._actors, self._index = client, actors, index
        self._voices, self._guilds, self._narrator = voices, guilds, narrator
        self._holds, self._look = holds, look
        self._holder = uuid4().hex
        self._tables: dict[str, _Table] = {}

    # What commands and buttons ask for

    async def begin(
        self,
        order_id: int,
        channel: object,
        user: discord.abc.User,
        locale: object,
        kind: GameKind,
        theme: str | None = None,
        rounds: int = 5,
        seconds: int = 30,
    ) -> GameView:
        """Begin a game in a channel. Raises RequestError where that cannot be, and other TroupeErrors."""
        view = await self.reserve(order_id, channel, user, locale, kind, theme, rounds, seconds)
        self._wake(channel)
        return view

    async def reserve(
        self,
        order_id: int,
        channel: object,
        user: discord.abc.User,
        locale: object,
        kind: GameKind,
        theme: str | None = None,
        rounds: int = 5,
        seconds: int = 30,
    ) -> GameView:
        """The same, of a game that is shown only once somebody has `look_after` it."""
        place = place_of(channel)
        if place is None:
            raise RequestError(
                Wording("refused-game-place", "Games are played in text channels, threads and direct messages."),
                field="channel",
            )
        guild_id = str(place.guild.id) if place.guild else None
        here = await self._guilds.of(guild_id)
        about = " ".join((theme or "").split())[:_THEME]
        check_place(place, user, about, here)
        persona_id: str = await self._actors.call("channel", str(place.id), "persona", guild_id, timeout_s=_CALL_S)
        order = GameOrder(
            id=str(order_id),
            kind=kind,
            starter_id=str(user.id),
            persona_id=persona_id,
            guild_id=guild_id,
            locale=words(locale).language,
            theme=about,
            cast=tuple(persona.id for persona in here.pack.personas),
            rounds=rounds,
            seconds=seconds,
        )
        view: GameView = await self._call(str(place.id), "start", order)
        return view

    async def view(self, channel_id: str) -> GameView | None:
        """The game that runs there; None where none does. Raises TroupeError."""
        view: GameView | None = await self._call(channel_id, "view")
        return view if view is not None and not view.over else None

    async def tallies(self, channel_id: str) -> tuple[Standing, ...]:
        """How everybody did there. Raises TroupeError."""
        found: tuple[Standing, ...] = await self._call(channel_id, "tallies")
        return found

    async def stop(self, channel: object, user: discord.abc.User, *, moderator: bool) -> GameView:
        """End the game of a channel, and return it. Raises RequestError for whoever may not."""
        place = place_of(channel)
        if place is None:
            raise RequestError(Wording("refused-game-not-here", "No game is played here."), field="channel")
        view: GameView = await self._call(str(place.id), "stop", str(user.id), moderator)
        self.look_after(place)
        return view

    async def answer(self, interaction: discord.Interaction, text: str) -> Verdict:
        """Somebody answers by a command. Raises TroupeError."""
        user = interaction.user
        who = (str(interaction.id), str(user.id), user.display_name)
        verdict: Verdict = await self._call(str(interaction.channel_id), "guess", *who, text, True)
        self._wake(interaction.channel)
        return verdict

    async def press(self, button: GameButton, interaction: discord.Interaction[Any]) -> None:
        """Somebody pressed a button, which was acknowledged. Raises TroupeError."""
        channel_id, user, say = str(interaction.channel_id), interaction.user, words(interaction.locale)
        who = (str(interaction.id), str(user.id), user.display_name)
        if button.act is Act.AGAIN:
            await self._again(button.game_id, interaction)
        elif button.act is Act.HINT:
            hint: Hint = await self._call(channel_id, "hint", button.game_id, button.number, *who)
            await interaction.followup.send(hint_text(hint, say), ephemeral=True)
        else:
            at = (button.game_id, button.number)
            verdict: Verdict = await self._call(channel_id, "answer", *at, *who, button.choice)
            self._wake(interaction.channel)
            if verdict.kind != "voted":
                await interaction.followup.send(verdict_text(verdict, say), ephemeral=True)

    async def typed_in(self, game_id: str, number: int, text: str, interaction: discord.Interaction[Any]) -> None:
        """Somebody answered in the window of the Answer button. Raises TroupeError."""
        user = interaction.user
        who = (str(interaction.id), str(user.id), user.display_name)
        verdict: Verdict = await self._call(str(interaction.channel_id), "guess", *who, text, True, number, game_id)
        self._wake(interaction.channel)
        await interaction.followup.send(verdict_text(verdict, words(interaction.locale)), ephemeral=True)

    async def hears(self, message: discord.Message) -> bool:
        """Whether a message was an answer to the game of its channel, and so is nobody else's. Never raises."""
        channel_id, me = str(message.channel.id), self._client.user
        if channel_id not in self._tables or me is None or not message.content:
            return False
        text = readable(message, me.id, None)
        who = (str(message.id), str(message.author.id), message.author.display_name)
        try:
            verdict: Verdict = await self._call(channel_id, "guess", *who, text, False)
        except TroupeError as error:
            log.warning("[GAME] message %s was not judged: %s", message.id, error)
            return False
        if not verdict.is_attempt:
            return False
        self._wake(message.channel)
        if emoji := _REACTIONS.get(verdict.kind):
            try:
                await message.add_reaction(emoji)
            except discord.HTTPException as error:
                log.debug("[DISCORD] cannot react to %s: %s", message.id, error)
        return True

    # Looking after them

    async def recover(self) -> None:
        """Take up all games that run on this client's servers. Tries again until the database answers."""
        while True:
            try:
                for channel_id in await self._index.with_games():
                    await self._take_up(channel_id)
                return
            except TroupeError as error:
                log.warning("[GAME] games wait until the database answers: %s", error)
                await asyncio.sleep(_RETRY_S)

    def look_after(self, place: Place) -> None:
        """See to the game of a channel until nothing is left to do for it."""
        channel_id = str(place.id)
        table = self._tables.get(channel_id)
        if table is None:
            table = self._tables[channel_id] = _Table(place)
            table.task = asyncio.create_task(self._see_through(channel_id, table))
        table.wake.set()

    async def close(self) -> None:
        """Stop looking after them; they stay as they are."""
        await end(table.task for table in self._tables.values() if table.task is not None)

    async def _see_through(self, channel_id: str, table: _Table) -> None:
        try:
            while True:
                table.wake.clear()
                wait_s = _RETRY_S
                try:
                    work: Work = await self._call(channel_id, "advance", self._holder)
                    if work.settled:
                        # Somebody may have begun another one meanwhile.
                        if not table.wake.is_set():
                            return
                        continue
                    if await self._do(channel_id, table, work):
                        continue
                    wait_s = work.wait_ms / 1000
                except TroupeError as error:
                    log.warning("[GAME] the game in channel %s waits: %s", channel_id, error)
                except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                    log.warning("[DISCORD] the game in channel %s cannot be shown: %s", channel_id, error)
                except Exception:
                    log.exception("[GAME] the game in channel %s failed", channel_id)
                    wait_s = _FAILED_S
                await _until(table.wake, wait_s)
        finally:
            self._tables.pop(channel_id, None)

    async def _do(self, channel_id: str, table: _Table, work: Work) -> bool:
        """Do what there is to do; whether there was anything."""
        game = work.view
        if game is None:
            return False
        try:
            for one in work.stale:
                await self._show(channel_id, table, game, one)
            if work.slot is not None:
                await self._post(channel_id, table, game, work.slot)
        except discord.HTTPException as error:
            if not 400 <= error.status < 500 or error.status == 429:
                raise
            # No permission, no such channel: asking again would be refused again.
            await self._look(table.place)
            await self._call(channel_id, "lost", game.id, error.text)
        return bool(work.stale) or work.slot is not None

    async def _post(self, channel_id: str, table: _Table, game: GameView, slot: Slot) -> None:
        message = await self._standing(table.place, game.id, slot.number) if slot.again else None
        if message is None:
            card = await self._card(game, slot, table.place)
            face = await self._voices.face_in(game.guild_id, game.persona_id)
            message = await self._voices.post(table.place, face, card.text, view=card.view, embed=card.embed)
        counts: str = await self._call(channel_id, "posted", game.id, slot.number, str(message.id))
        if counts == str(message.id):
            table.posts[counts] = message
        else:
            log.info("[GAME] a post in channel %s stands twice; %s goes", channel_id, message.id)
            with contextlib.suppress(discord.HTTPException):
                await message.delete()

    async def _card(self, game: GameView, slot: Slot, place: Place) -> Card:
        say, one = words(game.locale), game.round
        if slot.number < 0:
            return end_card(game, say, await self._narrator.tell(game, place) if one.ending else "")
        text = await self._narrator.tell(game, place) if game.kind == "story" else ""
        if not text and slot.number == 0:
            text = await self._narrator.greeting(game)
        # Time runs from the post on; by the time that it stands the actor says so, too.
        seconds = game.seconds if game.kind != "story" else 0
        deadline = RoundView(**{**_fields(one), "deadline_ms": int((time.time() + seconds) * 1000) if seconds else 0})
        return round_card(game, deadline, say, text)

    async def _show(self, channel_id: str, table: _Table, game: GameView, one: RoundView) -> None:
        message = table.posts.get(one.message_id or "")
        if message is None and one.message_id:
            message = await self._voices.find(table.place, int(one.message_id))
        if message is not None:
            table.posts[str(message.id)] = message
            face = await self._voices.face_in(game.guild_id, game.persona_id)
            card = round_card(game, one, words(game.locale), _unsigned(message, face.name))
            await self._voices.edit(message, face, card.text, view=card.view, embed=card.embed)
        await self._call(channel_id, "shown", game.id, one)

    async def _standing(self, place: Place, game_id: str, number: int) -> discord.Message | None:
        """The post of a round, where somebody made it and could not tell."""
        pattern = marks(game_id, number)
        try:
            recent = place.history(limit=_LOOK_BACK, after=discord.Object(int(game_id)), oldest_first=False)
            async for message in recent:
                items = [item for row in message.components for item in getattr(row, "children", [])]
                if any(pattern.match(str(getattr(item, "custom_id", ""))) for item in items):
                    return await self._voices.find(place, message.id)
        except discord.Forbidden:
            log.warning("[DISCORD] channel %s cannot be read back, so a post may stand there twice", place.id)
        return None

    async def _again(self, game_id: str, interaction: discord.Interaction[Any]) -> None:
        last: GameView | None = await self._call(str(interaction.channel_id), "view")
        if last is None:
            raise RequestError(
                Wording(
                    "refused-game-unknown", "The game that this belongs to is not known any more. Use /game start."
                ),
                field="game",
            )
        locale = interaction.guild_locale or interaction.locale
        total = last.total if last.kind != "story" else 1
        await self.begin(
            interaction.id, interaction.channel, interaction.user, locale, last.kind, last.theme, total, last.seconds
        )

    async def _take_up(self, channel_id: str) -> None:
        view: GameView | None = await self._call(channel_id, "view")
        if view is None or not self._holds(view.guild_id):
            return
        try:
            known = self._client.get_channel(int(channel_id))
            place = place_of(known or await self._client.fetch_channel(int(channel_id)))
        except (discord.NotFound, discord.Forbidden, discord.InvalidData):
            place = None
        except discord.HTTPException as error:
            log.warning("[DISCORD] the game in channel %s has to wait for the next start: %s", channel_id, error)
            return
        if place is None:
            await self._call(channel_id, "lost", view.id, "the channel is gone")
        else:
            self.look_after(place)

    def _wake(self, channel: object) -> None:
        """Something happened in a channel's game that is to be shown."""
        if (place := place_of(channel)) is not None:
            self.look_after(place)

    def _call(self, channel_id: str, method: str, *args: object) -> Coroutine[Any, Any, Any]:
        return self._actors.call(KIND, channel_id, method, *args, timeout_s=_CALL_S)


def _unsigned(message: discord.Message, name: str) -> str:
    return message.content.removeprefix(f"**{name}:** ")


def _fields(one: RoundView) -> dict[str, Any]:
    return {name: getattr(one, name) for name in RoundView.__dataclass_fields__}


async def _until(event: asyncio.Event, timeout_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):  # `wait_for` (3.11) swallows a cancellation beside it
            await event.wait()
