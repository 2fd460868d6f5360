"""Scenarios and greetings: their files, and the scene that a channel plays."""

from __future__ import annotations

import contextlib
import random
import shutil
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.channel import KIND, ChannelActor
from actors.host import VirtualHost
from actors.routing import ChannelRules
from actors.scenes import HOUR_MS, Scene, begun, ended
from actors.virtual import LocalVirtualActors
from bot.commands.greet import greeting
from core.documents import DatabaseHandle
from core.errors import PackError, RequestError
from core.messages import Spoken
from core.personas import Greeting, Pack, load_pack
from core.settings import ROOT
from tests.support.cast import ScriptedApp, make_message

FOLDER = ROOT / "packs" / "communiverse"
PACK = load_pack(FOLDER)
SCENARIO = PACK.scenarios[0]
NOW = 1_800_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the default pack, to be broken."""
    return Path(shutil.copytree(FOLDER, tmp_path / "communiverse"))


def wrong(folder: Path) -> str:
    with pytest.raises(PackError) as caught:
        load_pack(folder)
    return str(caught.value)


def test_the_default_pack_has_its_scenarios_and_greetings() -> None:
    assert len(PACK.scenarios) == 56
    assert len(PACK.greetings) == 37
    assert {one.persona for one in PACK.greetings} == {persona.id for persona in PACK.personas}
    assert {one.cast[0] for one in PACK.scenarios} == {persona.id for persona in PACK.personas}
    for scenario in PACK.scenarios:
        assert scenario.answer.casefold() not in scenario.setting.casefold()
        assert scenario.question.endswith("?")


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("scenarios.yaml", "cast: [glordon, olga, ditto]", "cast: [glordno]", "Did you mean 'glordon'?"),
        ("scenarios.yaml", "id: fourteen-past-three", "id: the-missing-peel-crown", "is already at"),
        ("scenarios.yaml", "title: Fourteen Past Three", "title: the missing peel crown", "is already at"),
        ("scenarios.yaml", "reveal_after_h: 24", "reveal_after_h: 0", "reveal_after_h is wrong"),
        ("scenarios.yaml", "tags: [mystery, feast, potato]", "tags: []", "tags has too few items. Give at least 1."),
        ("scenarios.yaml", "  question: >-", "  riddle: >-", "The key 'riddle' is not known."),
        ("greetings.yaml", "persona: elio", "persona: eliot", "Did you mean 'elio'?"),
        ("greetings.yaml", "Hi {user}!", "Hi!", 'must hold "{user}" once'),
        ("greetings.yaml", "Hi {user}!", "Hi {user} {you}!", "no braces but those"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_its_fix(
    folder: Path, file: str, old: str, new: str, said: str
) -> None:
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    told = wrong(folder)
    assert said in told
    assert f"communiverse/{file}:" in told


@pytest.mark.parametrize("file", ["scenarios.yaml", "greetings.yaml"])
def test_both_files_are_optional_and_have_to_be_lists(folder: Path, file: str) -> None:
    (folder / file).write_text("id: alone\n")
    assert "This must be a list." in wrong(folder)
    (folder / file).unlink()
    load_pack(folder)


def test_a_scenario_is_found_by_id_and_title_and_a_near_one_is_named() -> None:
    assert PACK.scenario("the missing PEEL crown") is SCENARIO
    assert PACK.scenario("the-missing-peel-crown") is SCENARIO
    with pytest.raises(RequestError, match="Did you mean the-missing-peel-crown"):
        PACK.scenario("missing peel crown")


def test_a_scene_begins_once_runs_for_its_time_and_ends() -> None:
    cast = ["glordon", "olga"]
    scene = begun(None, "1", SCENARIO, cast, NOW)
    assert scene.ends_ms == NOW + 24 * HOUR_MS
    assert begun(scene, "1", SCENARIO, cast, NOW + 5) is scene
    with pytest.raises(RequestError, match="runs here already"):
        begun(scene, "2", SCENARIO, cast, NOW + 5)
    with pytest.raises(RequestError, match="may not speak in this channel"):
        begun(None, "1", SCENARIO, ["elio"], NOW)
    assert SCENARIO.setting in scene.told(PACK, NOW + 1)
    assert SCENARIO.answer not in scene.told(PACK, NOW + 1)
    assert scene.told(PACK, scene.ends_ms) == ""
    assert begun(scene, "2", SCENARIO, cast, scene.ends_ms).id == "2"


def test_a_scene_that_was_stopped_can_still_be_revealed() -> None:
    scene = begun(None, "1", SCENARIO, ["glordon"], NOW)
    stopped = ended(scene, reveal=False, now_ms=NOW + 1)
    assert not stopped.runs(NOW + 2)
    assert not stopped.revealed
    with pytest.raises(RequestError, match="No scene runs here"):
        ended(stopped, reveal=False, now_ms=NOW + 2)
    assert ended(stopped, reveal=True, now_ms=NOW + 2).revealed
    with pytest.raises(RequestError, match="No scene runs here"):
        ended(None, reveal=True, now_ms=NOW)
    assert Scene(id="1", scenario_id="gone", opened_ms=NOW, ends_ms=NOW + 1).told(PACK, NOW) == ""


async def test_the_persona_app_is_told_the_scene_while_it_runs(database: DatabaseHandle) -> None:
    app = ScriptedApp()
    channel = partial(ChannelActor, app=app, pack=PACK, rules=ChannelRules())

    def process() -> LocalVirtualActors:
        return LocalVirtualActors(VirtualHost({KIND: channel}))

    async def ask(number: int) -> str:
        message = make_message(number, mentions_bot=True)
        events = [event async for event in process().stream(KIND, "500", "turn", message)]
        assert isinstance(events[-1], Spoken)
        return app.requests[-1].scene

    assert await ask(1) == ""
    for _ in range(2):  # the acknowledgement was lost
        opened = await process().call(KIND, "500", "open_scene", SCENARIO.id, "77", None)
        assert opened == SCENARIO
    assert await ask(2) == f"{SCENARIO.title}. {SCENARIO.setting}"
    await process().call(KIND, "500", "end_scene", False)
    assert await ask(3) == ""


async def test_a_reply_to_what_a_persona_said_by_itself_is_for_that_persona(database: DatabaseHandle) -> None:
    app = ScriptedApp()
    actors = LocalVirtualActors(VirtualHost({KIND: partial(ChannelActor, app=app, pack=PACK, rules=ChannelRules())}))
    for _ in range(2):
        await actors.call(KIND, "500", "spoke", "9000001", "glordon", "Oh boy!", "7", None, "job")
    [line] = await actors.call(KIND, "500", "history", "glordon")
    assert (line.speaker, line.text, line.author_id) == ("Glordon", "Oh boy!", "7")
    [told] = await actors.call(KIND, "500", "why", "9000001")
    assert (told.decision.reason, told.decision.persona_id) == ("said_by_job", "glordon")
    message = make_message(1, "where is it?", reply_to="9000001")
    async for _ in actors.stream(KIND, "500", "turn", message):
        pass
    assert app.requests[-1].persona_id == "glordon"
    assert await actors.call(KIND, "500", "forget_person", "7") > 0
    assert await actors.call(KIND, "500", "history", "glordon") == ()
    assert await actors.call(KIND, "500", "why", "9000001") == ()


def test_a_greeting_is_the_personas_own_and_a_name_in_it_is_only_a_name() -> None:
    olga = PACK.persona("olga")
    told = {greeting(PACK, olga, "Ada", "Home", str(number)) for number in range(30)}
    assert len(told) == 3
    assert all("Ada" in one for one in told)
    odd = greeting(PACK, olga, "{server} @everyone *x*", "{user}", "1")
    assert "@everyone" not in odd
    assert "\\*x\\*" in odd
    assert "{server}" in odd
    other = Pack(**{**dict(PACK), "greetings": (Greeting(persona="elio", text="{user}!"),)})
    assert greeting(other, olga, "Ada", "Home", "1") == f"Ada! {olga.greeting}"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_fuzzed_files_are_read_or_refused_and_crash_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    dice = random.Random(seed)
    folder = tmp_path_factory.getbasetemp() / "fuzzed"
    if not folder.exists():
        shutil.copytree(FOLDER, folder)
    name = dice.choice(["scenarios.yaml", "greetings.yaml"])
    text = "".join((FOLDER / name).read_text().splitlines(keepends=True)[:30])
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(text))
        text = text[:at] + dice.choice(["\t", ":", "- ", "[", "{", "'", "&a ", "\0", "9" * 400, "\n"]) + text[at + 1 :]
    for other in ("scenarios.yaml", "greetings.yaml"):
        (folder / other).unlink(missing_ok=True)
    (folder / name).write_text(text)
    with contextlib.suppress(PackError):
        load_pack(folder)
