import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.settings import ROOT
from tests.support.tiny_model import make_tiny_model
from training import card
from training.card import read_runs, rewrite_card, write_card
from training.figures import Figure
from training.report import write_report
from training.scores import Exchange, Score

PACK = ROOT / "packs" / "communiverse"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A tiny model with what a training run leaves beside it."""
    folder = make_tiny_model(tmp_path / "model")
    progress: Any = SimpleNamespace(
        step=40, tokens=123456, seconds=90, losses=[(1000, 5.0), (2000, 3.0)], held_out=[(2000, 2.5)]
    )
    write_card(folder, PACK, progress, seed=3, curve=tmp_path / "curve.png")
    return folder


@pytest.fixture
def report(tmp_path: Path) -> Path:
    told = Exchange((("Mara", "who rules it?"), ("Elio", "Whoa, Pell does!")), ("Pell rules it.",), "Pell")
    scores = [
        Score(Figure("fact_in_new_world", 0.71, 0.02), 200, (), (told, told, told)),
        Score(Figure("reply_words", 14.2, 15.0, "words"), 200),
    ]
    about = {"model": "tiny", "engine": "vLLM", "temperature": 0.6, "longest reply": "160 tokens"}
    write_report(tmp_path / "report", scores, {**about, "samples": 200, "seed": 11})
    return tmp_path / "report" / "report.json"


def test_a_card_after_training_tells_the_run_and_that_nothing_is_measured(model: Path, tmp_path: Path) -> None:
    text = (model / "README.md").read_text("utf-8")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert "--tokens 123456 --seed 3" in text
    assert "0.1 million parameters" in text
    assert "2 layers, width 64, 2 heads of 32" in text
    assert "15 personas" in text
    assert "Not measured yet" in text
    assert "Nobody has written up a talk" in text
    assert "{" not in text


def test_a_card_tells_every_run_that_made_the_model(model: Path, tmp_path: Path) -> None:
    progress: Any = SimpleNamespace(step=60, tokens=654321, seconds=90, losses=[(1000, 2.0)], held_out=[(1000, 1.5)])
    write_card(model, PACK, progress, seed=4, start=model, curve=tmp_path / "further.png")
    assert [run.tokens for run in read_runs(model)] == [123456, 654321]
    text = (model / "README.md").read_text("utf-8")
    first, then = (line for line in text.splitlines() if "training.pretrain" in line)
    assert "--tokens 123456 --seed 3" in first
    assert "--start" not in first
    assert "--start models/troupe-small --tokens 654321 --seed 4" in then
    assert "0.8 million tokens in 100 steps and 3 minutes" in text
    assert "Held-out loss 1.500" in text
    assert "loss-2.png" in text


def test_a_card_holds_the_figures_beside_their_base_rates(model: Path, report: Path) -> None:
    rewrite_card(model, PACK, report)
    text = (model / "README.md").read_text("utf-8")
    (row,) = (line for line in text.splitlines() if line.startswith("| `fact_in_new_world`"))
    assert [cell.strip() for cell in row.split("|")[2:8]] == ["**71%**", "64% to 77%", "2.0%", "≥ 70%", "yes", "200"]
    assert "| **14.2** |" in text
    assert text.count("Whoa, Pell does!") == 2
    assert "temperature 0.6" in text
    assert "--tokens 123456 --seed 3" in text
    assert "Not measured" not in text


def test_what_people_wrote_stays_when_the_card_is_written_anew(model: Path, report: Path) -> None:
    written = "Good:\n\n> **Mara:** hi {there}\n\nBad:\n\n> nothing"
    (model / "chats.md").write_text(written + "\n", "utf-8")
    rewrite_card(model, PACK, report)
    assert written in (model / "README.md").read_text("utf-8")
    rewrite_card(model, PACK, None)
    assert written in (model / "README.md").read_text("utf-8")


def test_the_size_is_that_of_the_model_alone(model: Path) -> None:
    before = card._sizes(model)
    (model / "README.md").write_text("x" * 500_000, "utf-8")
    (model / "chats.md").write_text("x" * 500_000, "utf-8")
    assert card._sizes(model) == before
    assert json.loads((model / "training.json").read_text("utf-8"))[0]["held_out_loss"] == 2.5
