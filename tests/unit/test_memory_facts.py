"""What a sentence says of what: the table of forms that are understood, and of those that are left alone."""

from __future__ import annotations

import pytest

from actors.memory_facts import Claim, agrees, claims, contradicts, marks, words


@pytest.mark.parametrize(
    ("sentence", "topic", "value"),
    [
        ("my cat is called Biscuit", "cat name", "biscuit"),
        ("My cat is called Moss now!", "cat name", "moss"),
        ("I renamed my cat to Moss", "cat name", "moss"),
        ("I named my old black cat Moss", "old black cat name", "moss"),
        ("my cat's name is Moss", "cat name", "moss"),
        ("so I live in Oslo these days", "home", "oslo"),
        ("I've just moved to Riga last week", "home", "riga"),
        ("I now work as a baker", "work as", "baker"),
        ("I work at the harbour museum", "work at", "harbour museum"),
        ("I just turned 31", "age", "31"),
        ("my favorite color is green", "favourit colour", "green"),
        ("my birthday is on March 3", "birthday", "on march 3"),
        ("my time zone changed to UTC+2", "time zone", "utc 2"),
        ("they changed my roster, my day off is Friday now", "day off", "friday"),
        ("Tuesday is my day off", "day off", "tuesday"),
        ("I play the cello", "play cello", "yes"),
        ("I don't play the cello any more", "play cello", "no"),
        ("I stopped driving the old Volvo", "drive old volvo", "no"),
    ],
)
def test_what_people_tell_of_themselves(sentence: str, topic: str, value: str) -> None:
    assert Claim(topic, value) in claims(sentence, about_themselves=True)


@pytest.mark.parametrize(
    ("sentence", "topic", "value"),
    [
        ("the raid is on Friday", "raid day", "friday"),
        ("the raid starts on Saturday at 8pm", "raid hour", "8pm"),
        ("we moved the raid to Tuesday", "raid day", "tuesday"),
        ("our mascot is a heron", "mascot", "heron"),
        ("the server mascot is a lynx now", "mascot", "lynx"),
        ("Rosa is now our new moderator", "moder who", "rosa"),
        ("please welcome Rosa, Rosa is our new moderator", "moder who", "rosa"),
        ("she left, the new moderator is Lars", "moder who", "lar"),
        ("the new moderator is Lars", "moder who", "lar"),
        ("we're going with blue for the banner", "banner choice", "blue"),
        ("we switched to green for the banner", "banner choice", "green"),
    ],
)
def test_what_people_tell_of_the_server(sentence: str, topic: str, value: str) -> None:
    assert Claim(topic, value) in claims(sentence, about_themselves=False)


@pytest.mark.parametrize(
    "sentence",
    [
        "I have a cat called Moss",  # perhaps beside another
        "my other cat is called Moss",
        "my brother is tall",
        "my brother is a doctor",
        "I used to live in Oslo",
        "I like rain",
        "maybe I moved to Oslo",
        "the weather is nice on Friday and Saturday",
        "",
    ],
)
def test_what_is_in_doubt_claims_nothing(sentence: str) -> None:
    assert claims(sentence, about_themselves=True) == ()


def test_claims_agree_or_contradict_by_topic() -> None:
    biscuit = claims("my cat is called Biscuit", about_themselves=True)
    moss = claims("I named my cat Moss", about_themselves=True)
    home = claims("I live in Oslo", about_themselves=True)
    assert contradicts(moss, biscuit)
    assert not contradicts(home, biscuit)
    assert agrees(moss, claims("my cat is called Moss now", about_themselves=True))
    assert not agrees(moss, biscuit)
    assert not agrees((), ())


def test_words_and_marks_tell_sentences_apart() -> None:
    assert words("I really love the old maps!") == words("i love old map")
    assert marks("we meet Rosa at 8") == {"rosa", "8"}
    assert marks("we meet Lars at 8") != marks("we meet Rosa at 8")
