"""Who may use the cast, and how much: the rules, and the actors that keep them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import access, audit, usage
from actors.access import MAX_LIMITED, MAX_LISTED, AccessActor, AccessDocument
from actors.access_rules import EVERYBODY, GUILD, AccessRules, Listing, hidden, over, role, user
from actors.audit import MAX_ENTRIES, AuditActor, AuditDocument, Entry
from actors.host import VirtualHost
from actors.usage import MAX_PEOPLE, Counts, UsageActor, UsageDocument, direct
from actors.virtual import LocalVirtualActors
from bot.language import words
from core.documents import DatabaseHandle
from core.errors import RequestError
from core.limits import DAY_MS, HOUR_MS, NAMES, NONE, name_of, parsed, tighter, wider
from tests.support.people import keepers_of

HERE = "600"
LISTED = Listing(at_ms=1, by="9")
DAY = 20_000 * DAY_MS


def make_actors() -> LocalVirtualActors:
    kinds = {access.KIND: AccessActor, audit.KIND: AuditActor, usage.KIND: UsageActor}
    return LocalVirtualActors(VirtualHost(kinds))


async def rules(actors: LocalVirtualActors) -> AccessRules:
    found: AccessRules = await actors.call(access.KIND, HERE, "rules")
    return found


# Rules


@pytest.mark.parametrize(
    ("blocked", "allowed", "roles", "expected"),
    [
        ((), (), ("5",), False),
        ((user(1),), (), (), True),
        ((user(2),), (), (), False),
        ((role(5),), (), ("5",), True),
        ((role(5),), (), ("6",), False),
        ((), (user(2),), (), True),  # who is not on the list
        ((), (user(1),), (), False),
        ((), (role(5),), ("5", "6"), False),
        ((role(6),), (role(5),), ("5", "6"), True),  # blocked outweighs allowed
        ((role(6),), (user(1),), ("6",), False),  # but what is said of the person counts first
        ((user(1),), (role(5),), ("5",), True),
        ((hidden(HERE, user(1)),), (), (), True),  # who had themselves forgotten
        ((hidden("another", user(1)),), (), (), False),
    ],
)
def test_who_is_blocked(
    blocked: tuple[str, ...], allowed: tuple[str, ...], roles: tuple[str, ...], expected: bool
) -> None:
    made = AccessRules(key=HERE, blocked=dict.fromkeys(blocked, LISTED), allowed=dict.fromkeys(allowed, LISTED))
    assert made.is_blocked("1", roles) is expected


def test_the_nearest_limit_counts() -> None:
    made = AccessRules(
        key=HERE,
        limits={
            EVERYBODY: {"requests/day": 10},
            role(5): {"requests/day": 20, "tokens/day": 100},
            role(6): {"requests/day": 30, "tokens/day": NONE},
            user(1): {"requests/hour": 2},
            GUILD: {"requests/day": 500, "tokens/day": 900},
        },
    )
    operators = {"requests/hour": 7, "tokens/hour": 70}
    assert made.limits_of("2", (), operators) == {"requests/hour": 7, "requests/day": 10, "tokens/hour": 70}
    assert made.limits_of("2", ("5",), {}) == {"requests/day": 20, "tokens/day": 100}
    assert made.limits_of("2", ("5", "6"), {}) == {"requests/day": 30}  # the wider one; none is the widest
    assert made.limits_of("1", ("5",), operators)["requests/hour"] == 2
    assert made.limits_of_guild({}) == {"requests/day": 500, "tokens/day": 900}
    assert made.limits_of_guild({"requests/day": 100, "tokens/hour": 5}) == {
        "requests/day": 100,  # a server never gets more than the operator gives
        "tokens/hour": 5,
        "tokens/day": 900,
    }


def test_of_limits_that_are_used_up_the_one_that_lasts_longest_is_told() -> None:
    now = DAY + 5 * HOUR_MS + 1
    limits = {"requests/hour": 3, "tokens/day": 50}
    assert over(limits, {"requests/hour": 2, "tokens/day": 49}, "1", now) is None
    full = over(limits, {"requests/hour": 3, "tokens/day": 0}, "1", now)
    assert full is not None
    assert (full.name, full.limit, full.resets_ms) == ("requests/hour", 3, DAY + 6 * HOUR_MS)
    both = over(limits, {"requests/hour": 9, "tokens/day": 50}, "1", now)
    assert both is not None
    assert (both.name, both.resets_ms) == ("tokens/day", DAY + DAY_MS)


def test_limits_are_read_as_people_write_them() -> None:
    assert parsed(None) == parsed("  ") == {}
    assert parsed("requests/hour=60, tokens/day=200000") == {"requests/hour": 60, "tokens/day": 200_000}
    for wrong in ("60", "requests/week=3", "requests/hour=-1", "requests/hour = 3", "tokens/day=many"):
        with pytest.raises(ValueError, match="is no limit"):
            parsed(wrong)
    with pytest.raises(ValueError, match="there are requests/hour"):
        name_of("tokens/year")
    assert [str(name_of(name)) for name in NAMES] == list(NAMES)


@given(st.integers(0, 50), st.integers(0, 50))
def test_no_limit_is_the_widest(one: int, other: int) -> None:
    unlimited = float("inf")
    assert (tighter(one, other) or unlimited) == min(one or unlimited, other or unlimited)
    assert (wider(one, other) or unlimited) == max(one or unlimited, other or unlimited)


# Lists and limits


async def test_lists_and_limits_are_kept_and_taken_back(database: DatabaseHandle) -> None:
    actors = make_actors()
    assert await actors.call(access.KIND, HERE, "put", "blocked", user(1), "9", "spam")
    assert not await actors.call(access.KIND, HERE, "put", "blocked", user(1), "9", "again")
    await actors.call(access.KIND, HERE, "limit", EVERYBODY, "requests/day", 5)
    await actors.call(access.KIND, HERE, "limit", EVERYBODY, "tokens/day", 50)
    later = make_actors()  # another process
    known = await rules(later)
    assert (known.blocked[user(1)].by, known.blocked[user(1)].reason) == ("9", "spam")
    assert known.limits == {EVERYBODY: {"requests/day": 5, "tokens/day": 50}}
    assert await later.call(access.KIND, HERE, "put", "allowed", user(1), "9")  # from one list to the other
    known = await rules(later)
    assert (set(known.blocked), set(known.allowed)) == (set(), {user(1)})
    assert await later.call(access.KIND, HERE, "take", "allowed", user(1))
    assert not await later.call(access.KIND, HERE, "take", "allowed", user(1))
    assert await later.call(access.KIND, HERE, "unlimit", EVERYBODY)
    assert not await later.call(access.KIND, HERE, "unlimit", EVERYBODY)
    assert await rules(later) == AccessRules(key=HERE)


async def test_lists_are_bounded_and_a_wrong_limit_is_named(database: DatabaseHandle) -> None:
    document = AccessDocument(
        id=HERE,
        blocked={user(one): LISTED for one in range(MAX_LISTED)},
        limits={user(one): {"requests/day": 1} for one in range(MAX_LIMITED)},
    )
    await document.replace_owned()
    actors = make_actors()
    with pytest.raises(RequestError, match="list is full"):
        await actors.call(access.KIND, HERE, "put", "blocked", user(MAX_LISTED), "9")
    with pytest.raises(RequestError, match="Use a role"):
        await actors.call(access.KIND, HERE, "limit", user(MAX_LISTED), "requests/day", 3)
    with pytest.raises(RequestError, match=r"There is no limit 'requests/week'; there are"):
        await actors.call(access.KIND, HERE, "limit", user(1), "requests/week", 3)
    await actors.call(access.KIND, HERE, "limit", user(1), "requests/day", 3)  # one that is there may change


async def test_a_missing_permission_is_told_by_one_and_once_a_day(
    database: DatabaseHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [DAY]
    monkeypatch.setattr(access.clock, "now_ms", lambda: now[0])
    actors = make_actors()

    async def may_tell(what: str, asked_by: str) -> bool:
        return bool(await actors.call(access.KIND, HERE, "may_tell", what, asked_by))

    assert await may_tell("manage_webhooks", "one")
    assert await may_tell("manage_webhooks", "one")  # the same call again
    assert not await may_tell("manage_webhooks", "two")
    assert await may_tell("send_messages", "two")
    now[0] += DAY_MS - 1
    assert not await may_tell("manage_webhooks", "three")
    now[0] += 1
    assert await may_tell("manage_webhooks", "three")


async def test_who_is_forgotten_stays_blocked_and_is_not_named(database: DatabaseHandle) -> None:
    actors = make_actors()
    await actors.call(access.KIND, HERE, "put", "blocked", user("712345"), "8", "712345 sends spam")
    await actors.call(access.KIND, HERE, "put", "allowed", role(5), "712345")
    await actors.call(access.KIND, HERE, "limit", user("712345"), "requests/day", 5)
    assert await keepers_of(database, "712345") == [(access.KIND, HERE)]
    kept = await actors.call(access.KIND, HERE, "kept_about", "712345")
    assert sorted(one.text for one in kept) == [
        "allowed somebody",
        "is blocked: 712345 sends spam",
        "may use requests/day=5",
    ]
    assert sorted(words("de").render(one.text) for one in kept) == [
        "darf verbrauchen: requests/day=5",
        "hat jemanden zugelassen",
        "ist gesperrt: 712345 sends spam",
    ]
    assert await actors.call(access.KIND, HERE, "forget_person", "712345") == 3
    assert await actors.call(access.KIND, HERE, "forget_person", "712345") == 0
    assert await keepers_of(database, "712345") == []
    assert "712345" not in (await AccessDocument.load(HERE)).model_dump_json()
    known = await rules(actors)
    assert known.is_blocked("712345")
    assert known.limits_of("712345", (), {}) == {"requests/day": 5}
    assert await actors.call(access.KIND, HERE, "take", "blocked", user("712345"))  # and can be let in again
    assert not (await rules(actors)).is_blocked("712345", ("5",))


# Usage


async def test_what_was_spent_is_counted_once_per_window(database: DatabaseHandle) -> None:
    actors = make_actors()
    spent = {user(1): (2, 30), user(2): (1, 5)}
    await actors.call(usage.KIND, HERE, "add", "a", DAY, spent)
    await actors.call(usage.KIND, HERE, "add", "a", DAY, spent)  # the same batch again
    await actors.call(usage.KIND, HERE, "add", "b", DAY + HOUR_MS, {user(1): (1, 7)})
    counts: Counts = await make_actors().call(usage.KIND, HERE, "counts")
    assert counts.used(user(1), DAY + HOUR_MS) == {
        "requests/hour": 1,
        "requests/day": 3,
        "tokens/hour": 7,
        "tokens/day": 37,
    }
    assert counts.used(GUILD, DAY + HOUR_MS)["tokens/day"] == 42
    assert counts.used(user(2), DAY + HOUR_MS)["requests/hour"] == 0  # that was the hour before
    assert set(counts.used(GUILD, DAY + DAY_MS).values()) == {0}
    counts.add(DAY, {user(2): (1, 1)})  # late: the hour is over, the day is not
    assert counts.used(user(2), DAY + HOUR_MS) == {
        "requests/hour": 0,
        "requests/day": 2,
        "tokens/hour": 0,
        "tokens/day": 6,
    }


def test_people_who_are_counted_are_bounded() -> None:
    counts = Counts()
    counts.add(DAY, {user("most"): (5, 500)})
    for number in range(MAX_PEOPLE + 50):
        counts.add(DAY, {user(number): (1, 1)})
    assert len(counts.day.spent) <= MAX_PEOPLE + 1
    assert counts.used(user("most"), DAY)["requests/day"] == 5
    assert counts.used(GUILD, DAY)["requests/day"] == MAX_PEOPLE + 55  # all of them, also who is not named


async def test_a_reset_and_being_forgotten_leave_nothing(database: DatabaseHandle) -> None:
    actors = make_actors()
    now = time.time_ns() // 1_000_000
    mine = direct("712345")
    for key in (HERE, mine):
        await actors.call(usage.KIND, key, "add", "a", now, {user("712345"): (1, 5)})
    await actors.call(usage.KIND, HERE, "add", "b", now, {user("8"): (1, 5)})
    assert sorted(await keepers_of(database, "712345")) == [(usage.KIND, HERE), (usage.KIND, mine)]
    assert await actors.call(usage.KIND, HERE, "reset", user("8"))
    assert not await actors.call(usage.KIND, HERE, "reset", user("8"))
    for key in (HERE, mine):
        [kept] = await actors.call(usage.KIND, key, "kept_about", "712345")
        assert kept.text == "answers on that day: 1, tokens: 5"
        assert words("de").render(kept.text) == "Antworten an dem Tag: 1, Token: 5"
        assert await actors.call(usage.KIND, key, "forget_person", "712345") == 1
    assert await keepers_of(database, "712345") == []
    assert await database.collection(UsageDocument).count_documents({"_id": mine}) == 0
    assert (await UsageDocument.load(HERE)).counts.used(GUILD, now)["requests/day"] == 2


# Audit


def entry(number: int, **more: str | None) -> Entry:
    facts = {"by": "8", "action": "config.set", "detail": f"number {number}", "about": None} | more
    return Entry(id=f"e{number}", at_ms=number, **facts)  # type: ignore[arg-type]


async def test_the_log_keeps_each_entry_once_and_the_last_ones(database: DatabaseHandle) -> None:
    document = AuditDocument(id=HERE, entries=[entry(number) for number in range(MAX_ENTRIES)])
    await document.replace_owned()
    actors = make_actors()
    await actors.call(audit.KIND, HERE, "note", entry(MAX_ENTRIES - 1, detail="changed afterwards"))
    await actors.call(audit.KIND, HERE, "note", entry(MAX_ENTRIES, detail="x" * 1000))
    found = await make_actors().call(audit.KIND, HERE, "entries")
    assert [one.at_ms for one in found] == list(range(1, MAX_ENTRIES + 1))
    assert found[-2].detail == f"number {MAX_ENTRIES - 1}"
    assert len(found[-1].detail) == audit.MAX_DETAIL


async def test_who_did_something_can_be_forgotten_and_it_stays_that_it_was_done(database: DatabaseHandle) -> None:
    actors = make_actors()
    await actors.call(audit.KIND, HERE, "note", entry(1, by="712345"))
    await actors.call(audit.KIND, HERE, "note", entry(2, about="712345", detail="712345 sends spam"))
    await actors.call(audit.KIND, HERE, "note", entry(3))
    assert await keepers_of(database, "712345") == [(audit.KIND, HERE)]
    kept = await actors.call(audit.KIND, HERE, "kept_about", "712345")
    assert [one.text for one in kept] == ["config.set number 1", "config.set 712345 sends spam"]
    assert await actors.call(audit.KIND, HERE, "forget_person", "712345") == 2
    found = await actors.call(audit.KIND, HERE, "entries")
    assert [(one.by, one.about, one.detail) for one in found] == [
        (None, None, "number 1"),
        ("8", None, ""),
        ("8", None, "number 3"),
    ]
    assert "712345" not in (await AuditDocument.load(HERE)).model_dump_json()
    assert await keepers_of(database, "712345") == []
