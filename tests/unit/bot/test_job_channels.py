"""Where jobs post and how that is received, on channels that are only made up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import AsyncMock, Mock

import discord
import pytest

from bot.deliveries import Deliveries
from bot.reception import Reception
from bot.webhooks import Face, Voices
from bot.where import place_at
from core.errors import RequestError, Unavailable
from schedules.job import Post

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ELIO = Face("elio", "Elio")
CHANNEL, GUILD = 701, 600


def message(number: int, text: str = "hello", minutes: float = 0.0, persona: str = "", **more: Any) -> Mock:
    """A line of a channel, `minutes` after noon; by a person, or by a webhook in the name of `persona`."""
    told = {
        "id": number, "content": text, "created_at": NOW + timedelta(minutes=minutes), "embeds": [], "attachments": [],
        "webhook_id": 5 if persona else None, "reference": None, "reactions": [], "edited_at": None, "components": [],
    }  # fmt: skip
    found = Mock(**{**told, **more})
    found.author = Mock(bot=bool(persona), id=number)
    found.author.name = persona or "Ada"
    return found


class Room:
    """A channel with what stands in it."""

    def __init__(self, *lines: Mock) -> None:
        self.lines = list(lines)
        self.read = 0
        self.channel: Any = Mock(spec=discord.TextChannel, id=CHANNEL, guild=Mock(id=GUILD, unavailable=False))
        self.channel.history = self.history
        self.channel.fetch_message = AsyncMock(side_effect=self.fetch)
        self.channel.guild.get_channel_or_thread = lambda number: self.channel if number == CHANNEL else None
        self.client: Any = Mock(user=Mock(id=1))
        self.client.get_guild = lambda number: self.channel.guild if number == GUILD else None
        self.client.fetch_guild = AsyncMock()
        self.owner = Mock(send=AsyncMock())

    async def history(self, limit: int | None, after: Any, oldest_first: bool) -> AsyncIterator[Mock]:
        since = after if isinstance(after, datetime) else after.created_at
        found = sorted((one for one in self.lines if one.created_at > since), key=lambda one: one.created_at)
        for one in (found if oldest_first else found[::-1])[:limit]:
            self.read += 1
            yield one

    async def fetch(self, number: int) -> Mock:
        found = next((one for one in self.lines if one.id == number), None)
        if found is None:
            raise not_found()
        return found


def not_found() -> discord.NotFound:
    return discord.NotFound(Mock(status=404, reason="Not Found"), "Unknown")


def refused() -> discord.Forbidden:
    return discord.Forbidden(Mock(status=403, reason="Forbidden"), "Missing Access")


class TestWhere:
    async def test_a_server_that_is_not_shown_yet_may_be_shown_later(self) -> None:
        room = Room()
        room.channel.guild.unavailable = True
        with pytest.raises(Unavailable):
            await place_at(room.client, str(GUILD), str(CHANNEL))
        with pytest.raises(Unavailable):  # Discord knows it, and has not told the bot yet
            await place_at(room.client, "601", str(CHANNEL))

    async def test_a_server_that_the_bot_left_is_told_apart(self) -> None:
        room = Room()
        room.client.fetch_guild.side_effect = not_found()
        with pytest.raises(RequestError) as caught:
            await place_at(room.client, "601", str(CHANNEL))
        assert caught.value.field == "guild"

    async def test_an_archived_thread_is_found(self) -> None:
        room = Room()
        thread = Mock(spec=discord.Thread, id=702, guild=room.channel.guild)
        room.client.fetch_channel = AsyncMock(return_value=thread)
        assert await place_at(room.client, str(GUILD), "702") is thread
        thread.guild = Mock(id=601)
        with pytest.raises(RequestError, match="not there any more"):
            await place_at(room.client, str(GUILD), "702")

    @pytest.mark.parametrize(
        ("error", "wanted"), [(not_found(), RequestError), (OSError("away"), Unavailable)], ids=["gone", "away"]
    )
    async def test_a_channel_that_is_gone_and_one_that_cannot_be_asked_for(
        self, error: Exception, wanted: type[Exception]
    ) -> None:
        room = Room()
        room.client.fetch_channel = AsyncMock(side_effect=error)
        with pytest.raises(wanted):
            await place_at(room.client, str(GUILD), "702")


class TestSending:
    def deliveries(self, room: Room) -> tuple[Deliveries, Any, Any]:
        voices: Any = Mock(spec=Voices)
        voices.face_at = AsyncMock(return_value=ELIO)
        actions = Mock(prepare=AsyncMock(return_value=True), follow=AsyncMock(), abandon=AsyncMock())
        actions.view = lambda *_: None
        heard = AsyncMock(side_effect=lambda member: member.id != 13)
        return Deliveries(room.client, voices, actions, heard), voices, actions

    async def test_what_was_posted_long_ago_in_a_busy_channel_is_found_again(self) -> None:
        busy = [message(number, f"line {number}", number / 10) for number in range(1, 300)]
        room = Room(*busy, message(500, "Whoa!", 40, "Elio"))
        deliveries, voices, _ = self.deliveries(room)
        post = Post(channel_id=str(CHANNEL), persona_id="elio", text="Whoa!")
        since_ms = int(NOW.timestamp() * 1000)
        assert await deliveries.deliver(str(GUILD), post, "1-0", since_ms, True) == "500"
        assert voices.post.await_count == 0
        assert room.read == 1

    async def test_a_post_that_is_on_its_way_is_waited_for_and_not_sent_once_more(self) -> None:
        room, begun = Room(), asyncio.Event()
        deliveries, voices, _ = self.deliveries(room)

        async def post(*_: Any, **__: Any) -> Mock:
            begun.set()
            await asyncio.sleep(0.02)
            return message(7)

        voices.post = AsyncMock(side_effect=post)
        asked = (str(GUILD), Post(channel_id=str(CHANNEL), persona_id="elio", text="Whoa!"), "1-0", 0)
        first = asyncio.create_task(deliveries.deliver(*asked, False))
        await begun.wait()
        first.cancel()  # whoever asked gave up
        assert await deliveries.deliver(*asked, True) == "7"
        assert voices.post.await_count == 1

    async def test_who_left_or_was_blocked_is_not_pinged(self) -> None:
        room = Room()
        deliveries, _, _ = self.deliveries(room)
        members = {12: Mock(id=12), 13: Mock(id=13)}

        async def fetch_member(number: int) -> Mock:
            if number not in members:
                raise not_found()
            return members[number]

        room.channel.guild.fetch_member = fetch_member
        room.channel.send = AsyncMock(return_value=message(7))
        for user_id, wanted in (("12", "7"), ("13", ""), ("14", "")):
            post = Post(channel_id=str(CHANNEL), text="tea", mentions=(user_id,))
            assert await deliveries.deliver(str(GUILD), post, user_id, 0, False) == wanted
        assert room.channel.send.await_count == 1

    async def test_after_a_failure_it_is_sent(self) -> None:
        deliveries, voices, actions = self.deliveries(Room())
        voices.post = AsyncMock(side_effect=[OSError("away"), message(7)])
        asked = (str(GUILD), Post(channel_id=str(CHANNEL), persona_id="elio", text="Whoa!"), "1-0", 0, False)
        with pytest.raises(Unavailable):
            await deliveries.deliver(*asked)
        assert actions.abandon.await_args.kwargs == {"refused": False}
        assert await deliveries.deliver(*asked) == "7"

    async def test_what_it_was_to_begin_is_undone_where_discord_refuses_it_and_kept_once_it_stands(self) -> None:
        deliveries, voices, actions = self.deliveries(Room())
        voices.post = AsyncMock(side_effect=[refused(), message(7)])
        asked = (str(GUILD), Post(channel_id=str(CHANNEL), persona_id="elio", text="Whoa!"), "1-0", 0, False)
        with pytest.raises(RequestError, match="refuses"):
            await deliveries.deliver(*asked)
        assert actions.abandon.await_args.kwargs == {"refused": True}
        actions.follow.side_effect = Unavailable("no database", component="database")
        with pytest.raises(Unavailable):
            await deliveries.deliver(*asked)
        assert actions.abandon.await_count == 1


class TestReception:
    async def answered(self, *lines: Mock, post: Mock | None = None) -> bool:
        room = Room(*([post] if post else []), *lines)
        return await Reception(room.client).answered(str(GUILD), str(CHANNEL), "9")

    async def test_whoever_writes_soon_or_replies_answers(self) -> None:
        post = message(9, "Whoa!", 0, "Elio")
        later = message(10, "And another one", 2, "Olga")
        assert not await self.answered(post=post)
        assert await self.answered(message(11, "nice", 9), post=post)
        assert not await self.answered(message(11, "who has milk?", 11), post=post)
        assert not await self.answered(message(11, "Build 7 failed", 1, "CI"), post=post)
        for number in (9, 10):
            reply = message(11, "nice", 600, reference=Mock(message_id=number))
            assert await self.answered(later, reply, post=post)
        assert not await self.answered(message(11, "to Bruno", 600, reference=Mock(message_id=4)), post=post)

    async def test_reactions_of_people_and_presses_answer(self) -> None:
        assert await self.answered(post=message(9, persona="Elio", reactions=[Mock(count=1, me=False)]))
        assert not await self.answered(post=message(9, persona="Elio", reactions=[Mock(count=1, me=True)]))
        assert await self.answered(post=message(9, persona="Elio", edited_at=NOW))
        assert not await self.answered(post=message(9, persona="Elio", components=[Mock()]))

    async def test_what_was_deleted_was_not_liked(self) -> None:
        assert not await self.answered()


class TestTelling:
    def room(self, *, theirs: bool, owner: bool) -> Room:
        """A server with a channel for its admins or without, whose owner takes direct messages or does not."""
        room = Room()
        guild = room.channel.guild
        guild.preferred_locale = discord.Locale.british_english
        guild.public_updates_channel = Mock(spec=discord.TextChannel, guild=guild, send=AsyncMock())
        guild.public_updates_channel.permissions_for.return_value = Mock(view_channel=True, send_messages=theirs)
        guild.system_channel, guild.text_channels = None, [room.channel]
        room.channel.position = 0
        room.channel.permissions_for.return_value = Mock(view_channel=True, send_messages=True)
        room.channel.send = AsyncMock()
        room.channel.guild.name = "Home"
        room.client.fetch_user = AsyncMock(return_value=room.owner)
        room.owner.send.side_effect = None if owner else refused()
        return room

    async def told(self, room: Room) -> list[str]:
        await Reception(room.client).tell(str(GUILD), "meme_drop", "A defect: KeyError")
        places: Any = (room.channel.guild.public_updates_channel, room.owner, room.channel)
        return [str(one.send.await_args.args[0]) if one.send.await_args else "" for one in places]

    async def test_the_reason_is_for_admins_alone(self) -> None:
        theirs, owner, public = await self.told(self.room(theirs=True, owner=True))
        assert ("KeyError" in theirs, owner, public) == (True, "", "")
        theirs, owner, public = await self.told(self.room(theirs=False, owner=True))
        assert (theirs, "KeyError" in owner, public) == ("", True, "")
        theirs, _, public = await self.told(self.room(theirs=False, owner=False))
        assert theirs == ""
        assert "KeyError" not in public
        assert "/schedule history" in public
