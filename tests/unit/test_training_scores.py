"""The evaluation must not be passed by reciting: engines that answer by a rule get what they deserve."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from core.settings import ROOT
from serve_apps.tokens import EstimatedTokens
from tests.support.speakers import Rule, RuleEngine, by_words, denier, doubter, parrot, reader, reciter
from training.candidate import Candidate, Sampling
from training.exam import Examiner
from training.report import GOALS, MEANINGS, Row, read_report, table, write_report
from training.scores import Examination, Score, TrainingData
from training.voices import load_cast

PACK, CAST = load_cast(ROOT / "packs" / "communiverse")
Scores = dict[str, Score]


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return TrainingData.collect(PACK, CAST, seed=3, replies=120)


async def examine(rule: Rule, data: TrainingData, *, samples: int = 60, finish_reason: str = "stop") -> Scores:
    candidate = Candidate(RuleEngine(rule, finish_reason=finish_reason), EstimatedTokens(2048), Sampling(160, 0.6))
    scores = await Examination(candidate, Examiner(PACK, CAST, seed=3), data, by_words, samples).run()
    return {score.figure.figure: score for score in scores}


def values(scores: Scores) -> dict[str, float]:
    return {name: score.figure.value for name, score in scores.items()}


async def test_a_parrot_of_the_training_data_fails_what_is_to_be_read(data: TrainingData) -> None:
    got = values(await examine(parrot([*data.every, *itertools.chain(*data.by_persona.values())]), data))
    assert max(got["fact_in_pack"], got["fact_in_new_world"], got["fact_in_changed_pack"]) <= 0.05
    assert got["keeps_subject"] <= 0.05
    assert got["invented_without_passage"] > 0.3
    assert got["invented_by_quoting"] == 0
    assert got["persona_recognised"] < 0.25
    assert got["distinct2_ratio"] > 0.8  # what it says is well said, and that is all
    assert got["degenerate"] == 0


async def test_who_reads_passes_and_shows_what_reading_is_worth(data: TrainingData, tmp_path: Path) -> None:
    scores = await examine(reader, data)
    got = values(scores)
    assert min(got["fact_in_pack"], got["fact_in_new_world"], got["fact_in_changed_pack"]) > 0.5
    assert got["keeps_subject"] > 0.6
    assert got["invented_without_passage"] > 0.95  # it never admits anything
    assert 0.5 < got["invented_by_quoting"] < 0.8  # with nothing to read it repeats the question
    for figure in ("fact_in_pack", "fact_in_new_world"):
        assert scores[figure].figure.baseline == 0
    base = scores["keeps_subject"].figure.baseline
    assert base is not None
    assert base < got["keeps_subject"]
    write_report(tmp_path, list(scores.values()), {"model": "a reader", "seed": 3})
    report = read_report(tmp_path / "report.json")
    assert {row.figure for row in report.rows} == set(scores)
    assert report.first["fact_in_pack"][0].lines[1][1]
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
    text = (tmp_path / "report.md").read_text("utf-8")
    assert "`fact_in_new_world`" in text
    assert "Not as they should be: `invented_without_passage`" in text


async def test_to_recite_all_passages_is_no_answer(data: TrainingData) -> None:
    got = values(await examine(reciter, data, samples=40))
    assert got["fact_in_pack"] <= 0.1
    assert got["fact_in_new_world"] <= 0.1


async def test_never_to_know_is_honest_and_fails_the_facts(data: TrainingData) -> None:
    scores = await examine(denier, data, samples=30)
    got = values(scores)
    assert got["fact_in_pack"] == got["fact_in_new_world"] == got["keeps_subject"] == 0
    assert got["invented_without_passage"] == 0
    assert got["distinct2_ratio"] < 0.1
    assert scores["invented_without_passage"].figure.baseline == 0  # the judge knows how the data admits it
    recognised = scores["persona_recognised_in_data"].figure
    assert recognised.value > 0.5
    assert recognised.baseline == pytest.approx(1 / 15)


async def test_to_doubt_everything_and_tell_it_all_the_same_is_no_way_to_pass(data: TrainingData) -> None:
    scores = await examine(doubter, data)
    got = values(scores)
    assert got["fact_in_pack"] > 0.5
    assert got["invented_without_passage"] == 0
    assert got["denied_with_passage"] == 1
    assert got["fact_in_denial"] > 0.5
    assert Row.of(scores["denied_with_passage"]).met is False


async def test_what_never_ends_is_degenerate_and_every_figure_is_explained(data: TrainingData) -> None:
    scores = await examine(lambda _: "I walk and walk on. And so", data, samples=10, finish_reason="length")
    assert scores["degenerate"].figure.value == 1
    assert set(scores) <= set(MEANINGS)
    assert {goal for goal in GOALS if not goal.startswith("vision")} <= set(scores)
    rows = [Row.of(score) for score in scores.values()]
    assert table(rows).count("\n") == len(rows) + 1
    met = {row.figure: row.met for row in rows}
    assert met["fact_in_pack"] is False
    assert met["degenerate"] is False
    assert met["first_person"] is True
    assert met["reply_words"] is None


def test_training_replies_are_those_of_their_persona(data: TrainingData) -> None:
    assert set(data.by_persona) == {persona.id for persona in PACK.personas}
    assert all(len(replies) == len(set(replies)) > 60 for replies in data.by_persona.values())
    assert any("Blip" in reply or "Bloop" in reply for reply in data.by_persona["plip"])
