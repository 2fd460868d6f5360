"""The drop actor: one winner, whoever clicks at once and whoever dies; over is over."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.drop import KIND, Drop, DropDocument, DropView
from actors.keepers import keys_of
from actors.points_queries import unsettled_drops
from core.documents import DatabaseHandle
from core.errors import RequestError
from tests.support.ledger import Treasury

DROP = Drop(guild_id="600", channel_id="700", points=50, lasts_s=60, text="for the quick", by="9", locale="de")


async def given(treasury: Treasury, drop_id: str = "1", drop: Drop = DROP) -> Any:
    actors = treasury.actors()
    await actors.call(KIND, drop_id, "give", drop)
    return actors


async def test_of_fifty_at_once_one_wins_and_all_hear_who(database: DatabaseHandle) -> None:
    actors = await given(Treasury())
    calls = [actors.call(KIND, "1", "claim", str(user), f"Member {user}", "800") for user in range(50)]
    views: list[DropView] = await asyncio.gather(*calls)
    winners = [user for user, view in enumerate(views) if view.winner_id == str(user)]
    assert len(winners) == 1
    assert {view.winner_id for view in views} == {str(winners[0])}
    stored = await DropDocument.load("1")
    assert (stored.state, stored.winner_id, stored.message_id) == ("claimed", str(winners[0]), "800")


async def test_two_processes_at_once_cannot_both_give_it_away(database: DatabaseHandle) -> None:
    treasury = Treasury()
    await given(treasury)
    hosts = [treasury.actors() for _ in range(4)]
    for host in hosts:  # each has read that it is open
        await host.call(KIND, "1", "view")
    calls = [host.call(KIND, "1", "claim", str(user), "x") for user, host in enumerate(hosts)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, DropView) for one in outcomes) == 1


async def test_a_claim_that_was_acknowledged_outlives_the_process(database: DatabaseHandle) -> None:
    treasury = Treasury()
    actors = await given(treasury)
    await actors.call(KIND, "1", "claim", "2", "Bruno")
    again = await treasury.actors().call(KIND, "1", "claim", "3", "Chiyo")
    assert (again.winner_id, again.winner_name, again.paid) == ("2", "Bruno", False)


async def test_time_over_is_over(database: DatabaseHandle) -> None:
    treasury = Treasury()
    actors = await given(treasury)
    treasury.clock.later(seconds=59.9)
    assert (await actors.call(KIND, "1", "view")).state == "open"
    treasury.clock.later(seconds=0.1)
    assert (await actors.call(KIND, "1", "claim", "2", "Bruno")).state == "expired"
    assert (await actors.call(KIND, "1", "cancel")).state == "expired"


async def test_given_twice_is_given_once_and_taken_back_is_gone(database: DatabaseHandle) -> None:
    treasury = Treasury()
    actors = await given(treasury)
    await actors.call(KIND, "1", "give", Drop(guild_id="601", channel_id="1", points=9, lasts_s=5))
    assert (await actors.call(KIND, "1", "cancel")).points == 50
    assert (await actors.call(KIND, "1", "claim", "2", "Bruno")).state == "cancelled"
    assert (await actors.call(KIND, "nothing", "claim", "2", "Bruno")).state == "none"
    with pytest.raises(RequestError, match="at least one point"):
        await actors.call(KIND, "2", "give", Drop(guild_id="600", channel_id="700", points=0, lasts_s=60))


async def test_what_is_left_to_do_is_found_until_it_is_done(database: DatabaseHandle) -> None:
    treasury = Treasury()
    actors = await given(treasury)
    await given(treasury, "2", Drop(guild_id="601", channel_id="1", points=9, lasts_s=5))
    assert sorted(await unsettled_drops(database)) == ["1", "2"]
    assert await unsettled_drops(database, "601") == ["2"]
    await actors.call(KIND, "1", "settled", True, True)  # nothing of that while it is open
    await actors.call(KIND, "1", "claim", "2", "Bruno")
    assert not (await actors.call(KIND, "1", "settled", True, False)).settled
    assert await unsettled_drops(database, "600") == ["1"]
    assert (await actors.call(KIND, "1", "settled", False, True)).settled
    assert await unsettled_drops(database, "600") == []


async def test_who_gave_and_who_won_can_be_forgotten(database: DatabaseHandle) -> None:
    actors = await given(Treasury())
    await actors.call(KIND, "1", "claim", "2", "Bruno")
    assert await keys_of(database, KIND, "2") == await keys_of(database, KIND, "9") == ["1"]
    assert "Won a drop of 50 points as Bruno" in (await actors.call(KIND, "1", "kept_about", "2"))[0].text
    assert "Gave a drop" in (await actors.call(KIND, "1", "kept_about", "9"))[0].text
    assert await actors.call(KIND, "1", "forget_person", "2") == 1
    assert await keys_of(database, KIND, "2") == []
    view = await actors.call(KIND, "1", "claim", "2", "Bruno")
    assert (view.state, view.winner_id, view.paid) == ("claimed", "", True)  # nobody else wins it now
    await actors.call(KIND, "1", "forget_person", "9")
    stored = await database.collection(DropDocument).find_one({"_id": "1"})
    assert "Bruno" not in str(stored)
    assert stored is not None
    assert stored["people"] == []
