"""Owned documents over a real database server: one writer, known outcomes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from pymongo.uri_parser import parse_uri

from actors.channel_document import ChannelDocument
from actors.member import MemberDocument
from actors.turn_record import OwnReply, TurnRecord
from bench.system import free_port
from core.documents import DatabaseHandle, connect
from core.errors import ConfigError, DatabaseUnavailable, StaleRevision
from core.messages import Attachment, Passage, Spoken, Turn
from deploy.database import EmbeddedDatabase
from tests.support.cast import make_message
from tests.support.lossy_proxy import LossyProxy


def filled(key: str) -> ChannelDocument:
    """A document with something of every type in it."""
    document = ChannelDocument(id=key)
    state = document.state
    image = Attachment(id="1", filename="a.png", url="http://cdn/a.png", size=3)
    spoken = Spoken(
        text="Hail, “stars” ✨", model="m", fallback=True, passages=(Passage(id="p", text="t", score=0.5, source="s"),)
    )
    message = make_message(1, "ünï", guild_id=None, attachments=(image,), deadline_ms=1_800_000_000_000)
    state.open.append(
        TurnRecord(message=message, persona_id="elio", trigger="dm", reply_ids=["1234567890123456789"], spoken=spoken)
    )
    state.turns.append(Turn(message_id="5", speaker="Ada", text="", at_ms=1_800_000_000_000))
    state.handled = [1_234_567_890_123_456_789]
    state.mention_ms = {"1234567890123456789": 1_800_000_000_000}
    state.replies.append(OwnReply(id="8", persona_id="elio", source_id="7"))
    return document


async def test_a_document_comes_back_as_it_was_saved(database: DatabaseHandle) -> None:
    document = filled("500")
    await document.replace_owned()
    assert document.rev == 1
    loaded = await ChannelDocument.load("500")
    assert loaded == document
    assert loaded.encoded() == document.encoded()
    assert ChannelDocument.decoded(loaded.encoded(), loaded.rev) == document
    stored = await database.collection(ChannelDocument).find_one({"open_turns": 1})
    assert stored is not None
    assert stored["_id"] == "500"


async def test_a_key_nobody_wrote_is_an_empty_document(database: DatabaseHandle) -> None:
    document = await ChannelDocument.load("1")
    assert (document.rev, document.state.turns) == (0, [])


async def test_only_one_of_two_owners_can_write(database: DatabaseHandle) -> None:
    first, second = await ChannelDocument.load("500"), await ChannelDocument.load("500")
    await first.replace_owned()
    with pytest.raises(StaleRevision, match="created by another owner"):
        await second.replace_owned()

    second = await ChannelDocument.load("500")
    await first.replace_owned()
    second.state.persona_id = "olga"
    with pytest.raises(StaleRevision, match="no longer at revision 1"):
        await second.replace_owned()
    assert (await ChannelDocument.load("500")).state.persona_id is None


async def test_one_with_nothing_in_it_is_deleted_and_never_comes_back_by_a_former_owner(
    database: DatabaseHandle,
) -> None:
    document, other = await MemberDocument.load("7"), await MemberDocument.load("7")
    await document.replace_owned()
    assert document.rev == 0
    document.unremembered = ["600"]
    await document.replace_owned()
    other = await MemberDocument.load("7")
    document.unremembered = []
    await document.replace_owned()
    assert await database.collection(MemberDocument).find_one({}) is None
    with pytest.raises(StaleRevision):
        await other.replace_owned()
    other.unremembered = []
    with pytest.raises(StaleRevision):
        await other.replace_owned()
    document.unremembered = ["601"]
    await document.replace_owned()
    assert document.rev > other.rev, "nor under the revision that a former owner holds"
    with pytest.raises(StaleRevision):
        await other.replace_owned()
    assert (await MemberDocument.load("7")).unremembered == ["601"]


async def test_a_lost_acknowledgement_of_a_deletion_is_settled(database_uri: str, database_name: str) -> None:
    async with LossyProxy(parse_uri(database_uri)["nodelist"][0][1]) as proxy:
        uri = f"mongodb://127.0.0.1:{proxy.port}/?w=1&journal=true"
        handle = await connect(uri, database_name, [MemberDocument], patience_s=5)
        document = MemberDocument(id="777", unremembered=["600"])
        await document.replace_owned()
        document.unremembered = []
        proxy.lose(b"777")
        await document.replace_owned(patience_s=5)
        assert (proxy.lost, document.rev) == (1, 0)
        assert await handle.collection(MemberDocument).find_one({}) is None
        await handle.close()


@pytest.mark.parametrize("saves_before", [0, 1])
async def test_a_lost_acknowledgement_is_settled_not_repeated(
    database_uri: str, database_name: str, saves_before: int
) -> None:
    async with LossyProxy(parse_uri(database_uri)["nodelist"][0][1]) as proxy:
        uri = f"mongodb://127.0.0.1:{proxy.port}/?w=1&journal=true"
        handle = await connect(uri, database_name, [ChannelDocument], patience_s=5)
        document = ChannelDocument(id="500")
        for _ in range(saves_before):
            await document.replace_owned()
        document.state.persona_id = "olga"
        proxy.lose(b"olga")
        await document.replace_owned(patience_s=5)
        assert proxy.lost == 1
        assert document.rev == saves_before + 1
        assert (await ChannelDocument.load("500")).rev == saves_before + 1

        proxy.lose(b"glordon")
        document.state.persona_id = "glordon"
        with pytest.raises(DatabaseUnavailable):
            await document.replace_owned(patience_s=0)
        await handle.close()


async def test_a_database_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable) as raised:
        await connect(f"mongodb://127.0.0.1:{free_port()}", "troupe", [ChannelDocument])
    assert raised.value.component == "database"
    with pytest.raises(ConfigError, match="MONGODB_URI"):
        await connect("http://127.0.0.1", "troupe", [ChannelDocument])


# The driver drops the sockets of connections that a dead database refused without closing them.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_saved_documents_survive_kill_9_of_the_database(tmp_path: Path) -> None:
    server = EmbeddedDatabase(tmp_path, free_port())
    handle = await connect(server.start(), "troupe", [ChannelDocument], patience_s=20)
    try:
        document = filled("500")
        await document.replace_owned()
        assert server.pid
        os.kill(server.pid, signal.SIGKILL)
        document.state.persona_id = "olga"
        with pytest.raises(DatabaseUnavailable):
            await document.replace_owned(patience_s=0.3)
        assert not server.alive
        server.start()
        await document.replace_owned(patience_s=20)
        assert await ChannelDocument.load("500") == document
    finally:
        await handle.close()
        server.stop()


def test_a_port_of_somebody_else_is_a_clear_error(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ConfigError, match="DATABASE_PORT"):
            EmbeddedDatabase(tmp_path, other.getsockname()[1]).start()


def test_data_in_use_is_refused_and_a_database_dies_with_its_owner(tmp_path: Path) -> None:
    port = free_port()
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path), str(port)], stdout=subprocess.PIPE)
    assert owner.stdout
    database_pid = int(owner.stdout.readline())
    mine = EmbeddedDatabase(tmp_path, port)
    try:
        with pytest.raises(ConfigError, match=f"DATA_DIR.*process {owner.pid}"):
            mine.start()
        owner.kill()
        owner.wait()
        owner.stdout.close()
        with suppress(psutil.NoSuchProcess):
            psutil.Process(database_pid).wait(5)
        mine.start()
        mine.wait_ready()
    finally:
        owner.kill()
        mine.stop()
    assert not mine.alive


def test_a_database_left_behind_by_a_crash_is_replaced(tmp_path: Path) -> None:
    left_behind, mine = EmbeddedDatabase(tmp_path, free_port()), EmbeddedDatabase(tmp_path, free_port())
    left_behind.start()
    left_behind.wait_ready()
    try:
        mine.start()
        assert not left_behind.alive
        mine.wait_ready()
    finally:
        mine.stop()
        left_behind.stop()


OWNER = """
import sys, time
from pathlib import Path
from deploy.database import EmbeddedDatabase

server = EmbeddedDatabase(Path(sys.argv[1]), int(sys.argv[2]))
server.start()
server.wait_ready()
print(server.pid, flush=True)
time.sleep(60)
"""
