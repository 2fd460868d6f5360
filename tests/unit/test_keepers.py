"""The registry of what is kept about people: whole, and each keeper finds, shows and forgets a person wherever they
stand in its document."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import actors
from actors import access, audit, drop, game, guild, member, memory, points, proposals, schedule, standing, usage
from actors.access_rules import Listing, user
from actors.channel import KIND as CHANNEL
from actors.channel_state import ChannelState
from actors.game_state import Attempt, Game, Payment, Player, Round, Tally
from actors.guild import Change
from actors.keepers import HOLDS_NOBODY, KEEPERS, Keeper, keys_of
from actors.memory_scopes import Saying
from actors.memory_shelf import Echo, Item
from actors.schedule_state import Reminder, Run, ScheduleState
from actors.standing import Share
from actors.stored import DOCUMENTS
from actors.summary import Note
from actors.turn_record import Answer, TurnRecord
from core.documents import DatabaseHandle, OwnedDocument
from core.messages import Author, IncomingMessage, Turn
from schedules.job import Post
from tests.support.bot import Stage
from tests.support.cast import make_message, make_pack

ME, OTHER = "71234567", "81234567"
Fields = dict[str, Any]


def kinds_of(document: type[OwnedDocument]) -> Iterator[type[OwnedDocument]]:
    for one in document.__subclasses__():
        if one.__module__.startswith("actors."):
            yield one
        yield from kinds_of(one)


def test_every_kind_of_document_has_one_keeper_or_holds_nobody() -> None:
    for module in pkgutil.iter_modules(actors.__path__, "actors."):
        importlib.import_module(module.name)
    registered = [*HOLDS_NOBODY, *(keeper.document for keeper in KEEPERS)]
    assert len(registered) == len(set(registered))
    assert set(registered) == set(kinds_of(OwnedDocument)) == set(DOCUMENTS)
    assert len({keeper.kind for keeper in KEEPERS}) == len(KEEPERS)


def item(author: str, **changes: Any) -> Item:
    whose: Fields = {"speaker": "Ada", "author_id": author, "channel_id": "500", "guild_id": "600"}
    times: Fields = {"since_ms": 1, "said_ms": 1, "vector": "", "sources": ("1:0",)}
    return Item(**{"id": "1:0", "kind": "self", "text": "my cat is called Biscuit", **whose, **times, **changes})


def answer(author: str) -> Answer:
    where: Fields = {"source_id": "1", "source_ids": ("1",), "reply_ids": ("2",)}
    return Answer(author_id=author, persona_id="elio", trigger="mention", **where)


def state(**fields: Any) -> Fields:
    return {"state": ChannelState(**fields)}


def a_game(*, starter: str = "", attempts: Fields | None = None, players: Fields | None = None) -> Game:
    rounds = [Round(id="1", text="?", attempts=attempts or {}, choices=[])]
    fields: Fields = {"rounds": rounds, "players": players or {}, "guild_id": "600", "locale": "en", "seconds": 9}
    return Game(id="1", kind="trivia", theme="", persona_id="elio", starter_id=starter, **fields)


def asked_by(who: str) -> IncomingMessage:
    return make_message(1, author=Author(id=who, name="Ada"))


def change(who: str) -> Change:
    return Change(id="1", at_ms=1, user_id=who, setting="rag", old=None, new="off")


# Of each kind: its key, and every place of its document in which somebody may stand.
PLACES: dict[str, tuple[str, tuple[Callable[[str], Fields], ...]]] = {
    CHANNEL: (
        "500",
        (
            lambda who: state(turns=[Turn(message_id="1", speaker="Ada", text="hi", at_ms=1, author_id=who)]),
            lambda who: state(
                turns=[Turn(message_id="1", speaker="E", text="hi", at_ms=1, persona_id="elio", author_id=who)]
            ),
            lambda who: state(notes=[Note(message_id="1", speaker="Ada", text="hi", at_ms=1, weight=1, author_id=who)]),
            lambda who: state(open=[TurnRecord(message=asked_by(who), persona_id="elio", trigger="mention")]),
            lambda who: state(answers=[answer(who)]),
            lambda who: state(mention_ms={who: 5}),
            lambda who: state(
                outbox=[
                    Saying(
                        message_id="1",
                        text="hi",
                        speaker="Ada",
                        author_id=who,
                        channel_id="500",
                        guild_id="600",
                        at_ms=1,
                    )
                ]
            ),
        ),
    ),
    guild.KIND: (
        "600",
        (lambda who: {"changes": [change(who)]}, lambda who: {"set_by": {"rag": change(who)}}),
    ),
    access.KIND: (
        "600",
        (
            lambda who: {"blocked": {user(who): Listing(at_ms=1, by=None, reason="spam")}},
            lambda who: {"allowed": {user(who): Listing(at_ms=1, by=None)}},
            lambda who: {"blocked": {user("1"): Listing(at_ms=1, by=who)}},
            lambda who: {"limits": {user(who): {"requests/day": 5}}},
        ),
    ),
    audit.KIND: (
        "600",
        (
            lambda who: {"entries": [audit.Entry(id="1", at_ms=1, by=who, action="config.set")]},
            lambda who: {"entries": [audit.Entry(id="1", at_ms=1, by=None, action="access.blocked", about=who)]},
        ),
    ),
    usage.KIND: (
        "600",
        (
            lambda who: {"counts": usage.Counts(day=usage.Window(number=1, spent={user(who): (1, 2)}))},
            lambda who: {"counts": usage.Counts(hour=usage.Window(number=1, spent={user(who): (1, 2)}))},
        ),
    ),
    proposals.KIND: ("1", (lambda who: {"guild_id": "600", "state": "approved", "by": who},)),
    schedule.KIND: (
        "600",
        (
            lambda who: {
                "state": ScheduleState(
                    reminders=[Reminder(id="1", user_id=who, channel_id="500", text="tea", due_ms=9, created_ms=1)]
                )
            },
            lambda who: {
                "state": ScheduleState(
                    runs=[
                        Run(
                            id="1",
                            job="reminder",
                            at_ms=1,
                            claimed_ms=1,
                            seed=1,
                            posts=(Post(channel_id="500", text="tea", mentions=(who,)),),
                        )
                    ]
                )
            },
        ),
    ),
    game.KIND: (
        "500",
        (
            lambda who: {"game": a_game(starter=who)},
            lambda who: {"game": a_game(players={who: Player(name="Ada")})},
            lambda who: {"game": a_game(attempts={who: Attempt(id="9", verdict="wrong")})},
            lambda who: {"tallies": {who: Tally(name="Ada", games=1)}},
            lambda who: {
                "payments": [Payment(entry_id="1", user_id=who, guild_id="600", amount=5, reason="trivia", name="Ada")]
            },
        ),
    ),
    drop.KIND: (
        "1",
        (
            lambda who: {"state": "open", "by": who},
            lambda who: {"state": "claimed", "winner_id": who, "winner_name": "Ada"},
        ),
    ),
    points.KIND: (
        f"600:{ME}",
        (
            lambda who: {
                "guild_id": "600",
                "user_id": who,
                "entries": [points.Entry(id="1", at_ms=1, amount=5, reason="talk")],
            },
            lambda who: {"guild_id": "600", "user_id": who, "feats": {"talk": 1}},
        ),
    ),
    standing.KIND: (
        ME,
        (lambda who: {"public": 1, "name": "Ada", "shares": {"600": Share(seq=1, points=5, week=1, week_points=5)}},),
    ),
    member.KIND: (ME, (lambda who: {"unremembered": ["600"]}, lambda who: {"remembered": ["600"]})),
    memory.KIND: (
        "channel:600:500",
        (
            lambda who: {"items": [item(who)]},
            lambda who: {"items": [item("1", echoes=(Echo(message_id="9", author_id=who),))]},
        ),
    ),
}


@pytest.mark.parametrize("keeper", KEEPERS, ids=lambda keeper: keeper.kind)
async def test_who_stands_in_a_document_is_found_shown_and_forgotten(database: DatabaseHandle, keeper: Keeper) -> None:
    key, places = PLACES[keeper.kind]
    for number, place in enumerate(places):
        stage = Stage(None, make_pack(), database)  # type: ignore[arg-type]
        held = stage.actors()
        document = keeper.document(id=key, **place(ME))
        await document.replace_owned()
        assert await keys_of(database, keeper.kind, ME) == [key], number
        assert await keys_of(database, keeper.kind, OTHER) == []
        kept = await held.call(keeper.kind, key, "kept_about", ME)
        assert kept, number
        assert await held.call(keeper.kind, key, "kept_about", OTHER) == ()
        assert await held.call(keeper.kind, key, "forget_person", OTHER) in (0, ())
        again = await held.call(keeper.kind, key, "kept_about", ME)
        assert [one.text for one in again] == [one.text for one in kept]
        gone = await held.call(keeper.kind, key, "forget_person", ME)
        stored = await database.collection(keeper.document).find({}).to_list()
        if all(one.kind == "wish" for one in kept):
            assert gone == 0
            assert stored[0]["unremembered"] == ["600"]  # what they do not want outlives it
        else:
            assert (gone if isinstance(gone, int) else len(gone)) == len(kept), number
            assert ME not in str(stored), number
            assert await keys_of(database, keeper.kind, ME) == []
        await database.collection(keeper.document).delete_many({})
