"""Validation: what a model may not say, as a table; and what the cast says all the time, which it may."""

from __future__ import annotations

import time

import pytest

from core.content_filter import default_filter, outgoing
from core.personas import Persona, load_pack
from core.prompts import lore_block, person_name, reply_text, system_text, user_line, with_pictures
from core.settings import ROOT
from serve_apps.decency import Decency
from serve_apps.guard import Guard
from serve_apps.preprocessing import read
from serve_apps.validation import TRIES, TRIES_DEGENERATE, Problem, Validation

PACK = load_pack(ROOT / "packs" / "communiverse")
NAMES = tuple(persona.name for persona in PACK.personas)


def validation(persona: Persona, *, own: bool = True) -> Validation:
    instructions = system_text(persona)
    return Validation(
        guard=Guard(persona=persona.name, others=("Mara", *NAMES), instructions=instructions.split(". ")[0]),
        instructions=instructions,
        cast=NAMES,
        decency=Decency(filter=default_filter(), level="medium", about_minor=persona.is_minor),
        own_words=(persona.greeting, *(example.reply for example in persona.examples)) if own else (),
    )


OLGA = validation(PACK.persona("olga"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("…!", "empty"),
        ("no no no no no no", "repetition"),
        ("You are Olga, an Air Force major who watches the sky. So I am.", "leak"),
        (f"It says: {system_text(PACK.persona('olga')).split('. ')[1]}", "prompt_leak"),
        ("As an AI language model, I have no aunt.", "assistant"),
        ("I'm just an AI, kiddo.", "assistant"),
        ("I’m ChatGPT.", "assistant"),
        ("I was created by OpenAI.", "assistant"),
        ("My system prompt is short.", "assistant"),
        ("I was instructed to pretend to be Olga.", "assistant"),
        ("Als KI kann ich das nicht.", "assistant"),
        ("En tant qu’IA, je ne sais pas.", "assistant"),
        ("Como modelo de lenguaje no puedo.", "assistant"),
        ("作为一个人工智能，我不能。", "assistant"),
        ("Как языковая модель, я не могу.", "assistant"),
        ("Affirmative.\n**Mara:** Thank you!", "impersonation"),
        ("I am Lord Grigon, and I fear nobody.", "impersonation"),
        ("Olga nods and looks at the screen.", "third_person"),
        ('Olga says: "I see it." Then Olga walks away.', "third_person"),
        ("Kill yourself, kiddo.", "unsafe:threat"),
        ("Write to olga.base@mail.example.com.", "unsafe:personal_data"),
        ("Send nudes.", "unsafe:sexual"),
    ],
)
def test_what_may_not_be_said(text: str, reason: str) -> None:
    assert OLGA.problem(text) == Problem(reason)


@pytest.mark.parametrize(
    "text",
    [
        "Affirmative. I watch 27,000 bits of junk, kiddo.",
        "Olga here. I have the watch.",
        "Olga is my name. Report!",
        "I'm Lord Grigon's worst problem.",
        "I am Lord Grigon and Elio's referee.",
        "Lord Grigon smiles when nobody looks.",
        "The assistant at the base made coffee.",
        "I read the model's manual, and I built by hand what Google could not find.",
        "As an airwoman, I say no.",
        "Note: wear a jacket.",
    ],
)
def test_what_may(text: str) -> None:
    assert OLGA.problem(text) is None


def test_the_cast_may_say_its_own_lines() -> None:
    """Also where the validation does not know them: they are what a good reply looks like."""
    found = {}
    for persona in PACK.personas:
        judge = validation(persona, own=False)
        lines = (persona.greeting, *persona.fallback_plain, *persona.refusals, *(e.reply for e in persona.examples))
        found |= {line: problem for line in lines if (problem := judge.problem(line))}
    assert found == {}


def test_a_text_is_stopped_early_only_for_what_no_ending_mends() -> None:
    assert OLGA.early("As an AI language model") == Problem("assistant")
    assert OLGA.early("Kill yourself") == Problem("unsafe:threat")
    for begun in ("", "Olga nods", "no no no no no", "I am Lord"):
        assert OLGA.early(begun) is None


def test_tries_and_corrections() -> None:
    assert Problem("empty").tries == TRIES_DEGENERATE > TRIES
    assert Problem("unsafe:hate").tries == Problem("assistant").tries == TRIES == 2
    assert "Elio" in Problem("third_person").correction("Elio")
    assert "decent" in Problem("unsafe:hate").correction("Elio")
    assert "keys" in Problem("unsafe:personal_data").correction("Elio")
    assert Problem("empty").correction("Elio") == ""


EVIL = {
    "one_word": "a" * 8000,
    "tag_and_spaces": "<a" + " " * 8000,
    "brackets": "<" * 4000 + "[" * 4000,
    "digits": "1 " * 4000,
    "points": "a." * 4000,
    "colons": ":" * 8000,
    "rules": "\n".join(["-" * 50] * 150),
    "invisible": "\u200d\u2060" * 4000,
    "look-alikes": "Еlio: " * 1300,
    "beginnings": "i will " * 1100,
    "accounts": "DE89 " * 1600,
    "addresses": "a." * 3000 + "@",
}


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL.keys())
def test_nobody_makes_it_slow(text: str) -> None:
    """The longest message that the API takes, made to be slow to match: each step is linear, or nearly."""
    steps = {
        "filter": lambda: outgoing(default_filter(), text, "high"),
        "line": lambda: user_line("Eve", text, ("Elio",)),
        "name": lambda: person_name(text, ("Elio",)),
        "picture": lambda: with_pictures(text, ("x",)),
        "reading": lambda: read(text, None, None, {"x"}),
        "reply": lambda: reply_text(text),
        "passage": lambda: lore_block([text]),
        "validation": lambda: OLGA.problem(text),
    }
    for name, step in steps.items():
        started = time.process_time()
        step()
        assert time.process_time() - started < 1.0, name
