import json
from pathlib import Path

import pytest
import typer
from rich.progress import Progress

from core.messages import ChatMessage
from core.settings import ROOT
from training.export import leaked, main, make_parts, quotas, report, rows
from training.turns import Asked, Dialogue
from training.voices import load_cast

PACK_DIR = ROOT / "packs" / "communiverse"
PACK, CAST = load_cast(PACK_DIR)
COUNT = 120


def dialogue(line: str, reply: str = "I am glad.") -> Dialogue:
    messages = (ChatMessage(role="user", content=line), ChatMessage(role="assistant", content=reply))
    return Dialogue(messages, (Asked("chat", line, reply),))


def test_leading_personas_get_more_and_all_get_some() -> None:
    wanted = quotas(PACK, 2000)
    assert 1980 <= sum(wanted.values()) <= 2020
    assert wanted[PACK.default_persona] > 1.4 * min(wanted.values())
    assert set(quotas(PACK, 1).values()) == {3}


def test_parts_hold_what_was_asked_for_and_share_no_line() -> None:
    with Progress(disable=True) as progress:
        parts = make_parts(PACK, CAST, seed=1, count=COUNT, progress=progress)
    figures = report(PACK, parts, COUNT)
    assert figures["leaks"] == {"validation": 0, "test": 0}
    assert figures["problems"] == []
    for part in parts:
        assert all(parts[part].values())
    elio = next(voice.persona for voice in CAST if voice.persona.id == "elio")
    assert all(d.messages[0].content.startswith(f"You are {elio.name},") for d in parts["train"]["elio"])


def test_a_report_names_leaks_copies_open_slots_and_short_parts() -> None:
    same = dialogue("Hello there!")
    parts = {
        "train": {p.id: [same, same] for p in PACK.personas},
        "validation": {p.id: [dialogue("hello there")] for p in PACK.personas},
        "test": {p.id: [dialogue("hi", "The {topic} is here again.")] for p in PACK.personas},
    }
    assert leaked(parts) == {"validation": ["hello there"], "test": []}
    problems = " ".join(report(PACK, parts, 1000)["problems"])
    for part in ("trained on, too", "copies", "open slot", "has only", "first person"):
        assert part in problems


def test_a_row_is_a_chat_with_its_persona_and_kinds() -> None:
    (row,) = rows("elio", [dialogue("hi")])
    assert json.loads(row) == {
        "persona": "elio",
        "kinds": ["chat"],
        "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "I am glad."}],
    }


def test_files_are_written_per_persona_and_part(tmp_path: Path) -> None:
    main(out=tmp_path, pack=PACK_DIR, count=COUNT, seed=2)
    for persona in PACK.personas:
        for part in ("train", "validation", "test"):
            lines = (tmp_path / persona.id / f"{part}.jsonl").read_text("utf-8").splitlines()
            assert lines
            assert all(json.loads(line)["messages"][-1]["role"] == "assistant" for line in lines)
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["problems"] == []


def test_problems_end_the_command_with_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.export.FIRST_PERSON", 1.1)
    with pytest.raises(typer.Exit) as stopped:
        main(out=tmp_path, pack=PACK_DIR, count=45, seed=2)
    assert stopped.value.exit_code == 1
