"""Items of one scope: said again, said otherwise, found, forgotten, in any order and as often as one likes."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import memory_shelf as shelf
from actors.memory_scopes import Saying
from actors.memory_shelf import Echo, Found, Item, MemoryRules, Question
from actors.memory_worth import Kind, Worthy
from tests.support.embedding import words_vector

DAY_MS = 86_400_000
NOW_MS = 1_800_000_000_000


def item(
    number: int, text: str, kind: Kind = "self", author: str = "7", days_ago: float = 1.0, **changes: object
) -> Item:
    said = Saying(
        message_id=str(number),
        text=text,
        speaker={"7": "Ada", "8": "Bruno"}.get(author, "Cleo"),
        author_id=author,
        channel_id="500",
        guild_id="600",
        at_ms=NOW_MS - int(days_ago * DAY_MS) + number,
    )
    made = shelf.make_item(said, Worthy(text, kind, words_vector(text)), 0)
    return replace(made, **changes)  # type: ignore[arg-type]


def asked(text: str, asker: str = "7", **changes: object) -> Question:
    vector = np.asarray(words_vector(text), np.float32).tobytes()
    return replace(Question(text=text, vector=vector, asker_id=asker, now_ms=NOW_MS), **changes)  # type: ignore[arg-type]


def search(items: list[Item], question: Question, rules: MemoryRules | None = None) -> list[Found]:
    return shelf.search(items, shelf.matrix(items), question, rules or MemoryRules())


def texts(items: list[Item]) -> list[str]:
    return [one.text for one in items if one.until_ms is None]


def test_what_is_said_again_is_one_item_with_more_weight() -> None:
    items = shelf.with_items(
        [], [item(1, "I love old maps"), item(2, "I really love old maps!"), item(3, "I love rain")]
    )
    assert texts(items) == ["I really love old maps!", "I love rain"]
    assert items[0].sources == ("1:0", "2:0")
    assert items[0].message_ids == {"1", "2"}
    assert items[0].since_ms < items[0].said_ms
    assert items[0].engaged > items[1].engaged == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I have 3 sisters in Graz", "I have 4 sisters in Graz"),
        ("we meet Rosa at the old mill", "we meet Lars at the old mill"),
        ("my brother is tall", "my brother is a doctor"),
        ("I have a cat called Moss", "I have a cat called Biscuit"),
    ],
)
def test_what_may_be_true_beside_each_other_is_kept(one: str, other: str) -> None:
    assert texts(shelf.with_items([], [item(1, one), item(2, other)])) == [one, other]


def test_people_are_not_one_another() -> None:
    same = [item(1, "my cat is called Moss", author="7"), item(2, "my cat is called Moss", author="8")]
    other = [*same, item(3, "my cat is called Olive", author="8")]
    assert len(shelf.with_items([], same)) == 2
    assert [one.until_ms for one in shelf.with_items([], other)] == [None, other[2].said_ms, None]


def test_a_newer_value_ends_the_older_one_and_both_stay() -> None:
    old, new = item(1, "my cat is called Biscuit", days_ago=9), item(2, "my cat is called Moss now", days_ago=2)
    items = shelf.with_items([], [old, new])
    assert [(one.text, one.until_ms) for one in items] == [(old.text, new.said_ms), (new.text, None)]
    back = shelf.with_items(items, [item(3, "my cat is called Biscuit", days_ago=1)])
    assert texts(back) == ["my cat is called Biscuit"]
    assert len(back) == 3


def test_messages_caught_up_on_arrive_newest_first() -> None:
    old, new = item(1, "the raid is on Monday", "server", days_ago=9), item(2, "the raid moved to Friday", "server")
    assert {(one.id, one.until_ms) for one in shelf.with_items([], [new, old])} == {
        (one.id, one.until_ms) for one in shelf.with_items([], [old, new])
    }


def test_what_a_persona_says_and_what_chat_says_ends_nothing_that_was_taught() -> None:
    taught = item(1, "the raid is on Monday", "taught", days_ago=9)
    lore = item(2, "the raid is on Friday", "lore", persona_id="elio")
    assert texts(shelf.with_items([taught], [lore, item(3, "the raid is on Sunday", "server")]))[0] == taught.text
    assert texts(shelf.with_items([taught], [item(4, "the raid is on Sunday", "taught")])) == ["the raid is on Sunday"]


SENTENCES = (
    "my cat is called Biscuit", "my cat is called Moss now", "I named my cat Biscuit", "I live in Oslo",
    "I moved to Riga", "I love old maps", "I really love old maps", "I play the cello",
    "I don't play the cello any more",
)  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(0, 8), st.sampled_from(["7", "8"])), max_size=12), st.randoms(use_true_random=False)
)
def test_to_be_told_twice_changes_nothing(said: list[tuple[int, str]], rng: random.Random) -> None:
    told = [item(n, SENTENCES[which], author=author) for n, (which, author) in enumerate(said)]
    once = shelf.with_items([], told)
    again = list(told)
    rng.shuffle(again)
    assert shelf.with_items(once, again) == once
    for author in ("7", "8"):
        valid = [one for one in once if one.until_ms is None and one.author_id == author]
        topics = [claim.topic for one in valid for claim in one.claims]
        assert len(topics) == len(set(topics)), "of one topic one value is valid"


def test_the_nearest_valid_items_are_found_and_nothing_that_is_not_like_the_question() -> None:
    items = shelf.with_items(
        [], [item(1, "my cat is called Biscuit"), item(2, "my cat is called Moss now"), item(3, "I collect old maps")]
    )
    assert [one.item.text for one in search(items, asked("what is my cat called?"))] == ["my cat is called Moss now"]
    assert search(items, asked("how deep is the ocean?")) == []
    assert search(items, asked("what is my cat called?", without=frozenset({"2"}))) == []
    assert search(items, asked("what is my cat called?"), MemoryRules(limit=0)) == []
    assert search([], asked("what is my cat called?")) == []


def test_whom_a_question_is_about() -> None:
    items = [
        item(1, "my cat is called Moss", author="7"),
        item(2, "my cat is called Olive", author="8"),
        item(3, "the guild cat is called Pepper", "server", author="8"),
    ]
    rules = MemoryRules(limit=1, least_cosine=0.1, recency=0, engagement=0)

    def first(text: str, asker: str) -> str:
        return search(items[:2], asked(text, asker), rules)[0].item.text

    assert first("what is my cat called?", "7") == "my cat is called Moss"
    assert first("what is my cat called?", "8") == "my cat is called Olive"
    assert first("what is Bruno's cat called?", "7") == "my cat is called Olive"
    mine = {one.item.id: one.cosine for one in search(items, asked("my cat is called?", "7"), replace(rules, limit=3))}
    whose = {one.item.id: one.cosine for one in search(items, asked("a cat is called?", "9"), replace(rules, limit=3))}
    assert mine["3:0"] == pytest.approx(whose["3:0"])  # what is about nobody is as near to anybody


def test_the_score_is_the_weighted_sum_of_likeness_recency_and_engagement() -> None:
    rules = MemoryRules(half_life_days=10, meaning=0.5, recency=0.3, engagement=0.2)
    today, old = item(0, "I love old maps", days_ago=0), item(0, "I love old maps", days_ago=10)
    assert shelf.score(today, 0.8, NOW_MS, rules) == pytest.approx(0.5 * 0.8 + 0.3)
    assert shelf.score(old, 0.8, NOW_MS, rules) == pytest.approx(0.5 * 0.8 + 0.15)
    items = [today]
    for n in range(20):
        items = shelf.with_echo(items, "0", Echo(message_id=str(n), author_id="8"))
        items = shelf.with_echo(items, "0", Echo(message_id=str(n), author_id="8"))
    items = shelf.with_echo(items, "0", Echo(message_id="99", author_id="7"))  # to reply to oneself is no echo
    assert len(items[0].echoes) == 20
    assert shelf.score(items[0], 0.8, NOW_MS, rules) == pytest.approx(0.5 * 0.8 + 0.3 + 0.2)
    assert shelf.with_echo(items, "1", Echo(message_id="5", author_id="8")) == items


def test_reactions_count_once_a_person_and_as_long_as_they_stand() -> None:
    items = [item(0, "I love old maps")]
    heart, star, other = (
        Echo(message_id="0", author_id=who, reaction=emoji) for who, emoji in (("8", "❤"), ("8", "⭐"), ("9", "❤"))
    )
    for echo in (heart, star, heart):
        items = shelf.with_echo(items, "0", echo)
    once = items[0].engaged
    assert once == pytest.approx(math.log2(2) / math.log2(9))
    items = shelf.with_echo(items, "0", other)
    assert items[0].engaged > once
    items = shelf.without_echo(shelf.without_echo(items, other), star)
    assert items[0].engaged == once
    assert shelf.without_echo(items, heart)[0].engaged == 0


def test_of_several_scopes_what_is_newest_and_fits_best_is_taken_once() -> None:
    def found(one: Item, cosine: float) -> Found:
        return Found(item=one, score=cosine, cosine=cosine)

    biscuit, moss = item(1, "my cat is called Biscuit", days_ago=9), item(2, "my cat is called Moss")
    maps, far = item(3, "I love old maps"), item(4, "I collect stamps")
    given = [found(biscuit, 0.9), found(moss, 0.8), found(moss, 0.8), found(maps, 0.75), found(far, 0.4)]
    assert [one.item.id for one in shelf.best(given, 4)] == ["2:0", "3:0"]
    assert [one.item.id for one in shelf.best(given, 1)] == ["2:0"]
    assert shelf.best([], 4) == ()


def test_a_scope_is_bounded_and_what_is_not_valid_goes_first() -> None:
    old = [item(1, "my cat is called Biscuit", days_ago=1), item(2, "my cat is called Moss", days_ago=0.5)]
    replied = replace(item(3, "I love old maps", days_ago=300), echoes=(Echo(message_id="9", author_id="8"),) * 8)
    many = [item(n, f"I have {n} lamps at home", days_ago=40 + n / 100) for n in range(10, 10 + shelf.MAX_ITEMS)]
    kept = shelf.with_items([], [*old, replied, *many])
    assert len(kept) == shelf.MAX_ITEMS
    ids = {one.id for one in kept}
    assert "1:0" not in ids
    assert {"2:0", "3:0", "10:0"} <= ids
    assert f"{9 + shelf.MAX_ITEMS}:0" not in ids


def test_a_person_is_forgotten_with_what_they_replied() -> None:
    items = [item(1, "my cat is called Moss", author="7"), item(2, "I love old maps", author="8")]
    items = shelf.with_echo(items, "2", Echo(message_id="5", author_id="7"))
    assert shelf.mentioned(items) == ["7", "8"]
    kept = shelf.without_person(items, "7")
    assert [one.id for one in kept] == ["2:0"]
    assert shelf.mentioned(kept) == ["8"]
    assert kept[0].echoes == ()
