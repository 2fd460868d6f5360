"""The writers' room: drafts at once, a director who may choose nobody, talk that ends by itself or for a person."""

from __future__ import annotations

import asyncio
import random

from core.messages import Passage
from core.personas import Persona
from schedules.writers_room import MOST_LINES, Draft, Room, Said, direct, worth_of
from tests.support.staged_world import StagedWorld, pack

ELIO, OLGA, PLIP = (pack().persona(one) for one in ("elio", "olga", "plip"))
LORE = (
    Passage(id="1", title="Wormholes", source="lore", score=1, text="A wormhole has two mouths. It hums at night."),
    Passage(id="2", title="Loops", source="lore", score=1, text="The lazy loop takes three hours, with snacks."),
)


async def nobody() -> bool:
    return False


def room(world: StagedWorld, cast: tuple[Persona, ...] = (ELIO, OLGA, PLIP), lore: tuple[Passage, ...] = LORE) -> Room:
    return Room(world, random.Random(1), cast, "wormholes", lore, nobody)


async def test_all_but_who_spoke_last_draft_at_once() -> None:
    world = StagedWorld()
    drafting, together = 0, asyncio.Event()

    class Slow(StagedWorld):
        async def write(self, persona_id: str, instruction: str, facts: tuple[str, ...], max_words: int) -> str:
            nonlocal drafting
            if "You begin" in instruction:
                return "Wormholes again!"
            drafting += 1
            if drafting == 2:
                together.set()
            await asyncio.wait_for(together.wait(), 5)  # alone nobody gets past here
            return f"{persona_id} wonders about wormholes, mouths and everything"

    said = await room(Slow(pack=world.pack)).talk("Chat.", most=2)
    assert said is not None
    assert said[0].persona.id == "elio"
    assert said[1].persona.id in ("olga", "plip")


async def test_talk_ends_by_itself_however_much_there_would_be_to_say() -> None:
    world, count = StagedWorld(), 0

    def model(persona_id: str, *_: object) -> str:
        nonlocal count
        count += 1
        return " ".join(f"{'abcdefgh'[(count + at) % 8] * 5}{chr(97 + count % 26)}{chr(97 + at)}" for at in range(8))

    world.model = model
    said = await room(world).talk("Chat.")
    assert said is not None
    assert 2 <= len(said) < MOST_LINES


async def test_without_a_model_they_tell_what_they_know_and_stop_when_it_is_told() -> None:
    said = await room(StagedWorld()).talk("Chat.")
    assert said is not None
    told = " ".join(one.text for one in said)
    assert "A wormhole has two mouths." in told
    assert "It hums at night." in told
    assert len({one.text for one in said}) == len(said)


async def test_with_nothing_to_tell_there_is_only_a_greeting() -> None:
    said = await room(StagedWorld(), lore=()).talk("Chat.")
    assert said == (Said(ELIO, ELIO.greeting),)


async def test_a_person_ends_it_before_the_next_line() -> None:
    asked = 0

    async def second_time() -> bool:
        nonlocal asked
        asked += 1
        return asked > 1

    world = StagedWorld(model=lambda persona_id, *_: f"{persona_id} says something quite unheard about wormholes?")
    talk = Room(world, random.Random(1), (ELIO, OLGA), "wormholes", LORE, second_time)
    assert await talk.talk("Chat.") is None
    assert len(world.asked) == 2  # the opening, and one draft


def test_the_director_lets_nobody_speak_who_only_repeats() -> None:
    said = [Said(ELIO, "The wormhole hums like an old radio at night")]
    echo = Draft(OLGA, "An old radio at night hums like the wormhole")
    assert worth_of(echo, said, "wormholes") == 0
    assert direct([echo], said, "wormholes", random.Random(1)) is None
    assert direct([], said, "wormholes", random.Random(1)) is None


def test_the_director_takes_who_answers_and_asks_more_of_each_further_line() -> None:
    said = [Said(ELIO, "The wormhole hums like an old radio")]
    answers = Draft(OLGA, "That radio needs new batteries, report its frequency?")
    strays = Draft(PLIP, "Bananas contain measurable quantities of potassium")
    assert direct([strays, answers], said, "wormholes", random.Random(1)) is answers
    long = [*said, *(Said(PLIP, f"unrelated{at} words{at} entirely{at}") for at in range(4))]
    assert direct([strays, answers], long, "wormholes", random.Random(1)) is None


def test_who_has_said_much_is_worth_less() -> None:
    draft = Draft(OLGA, "Batteries and frequencies, kiddo")
    quiet, loud = [Said(ELIO, "Well then")], [Said(OLGA, "Roger that"), Said(OLGA, "Copy"), Said(ELIO, "Well then")]
    assert worth_of(draft, loud, "") < worth_of(draft, quiet, "")
