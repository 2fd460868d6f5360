from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoTokenizer

from training import pretrain_vision, vision_batches
from training.picture_questions import Question
from training.pictures import Facts, Painter, Thing
from training.pretrain_vision import Budget, Progress, Run, Surveyor, losses_of, rate
from training.vision_batches import IGNORED, LATER, ROW_TOKENS, Stream, collate
from training.vision_card import draw_curve
from training.vision_exam import (
    base_rate,
    count_task,
    counts_right,
    place_right,
    place_task,
    thing_right,
    word_right,
    word_task,
)
from training.vision_model import ASK, END, SAY, new_model, save_model, train_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(['What does it say? It says "LAMP / OH NO". Two red stars: fresh from the sky.'] * 9)


def small(tokenizer: Tokenizer, seed: int = 1) -> torch.nn.Module:
    model: torch.nn.Module = new_model(tokenizer, seed=seed, width=64, stages=(8, 16, 24))
    return model


def test_words_that_are_read_are_letters_to_the_tokenizer(tokenizer: Tokenizer) -> None:
    text = 'It says "LAMP / OH NO".'
    encoded = tokenizer.encode(text)
    assert tokenizer.decode(encoded.ids) == text
    assert [token for token in encoded.tokens if token in "LAMPOHN"] == list("LAMPOHNO")
    assert len(tokenizer.encode("It says").ids) == 2


def test_a_row_holds_questions_that_do_not_see_each_other(tokenizer: Tokenizer) -> None:
    picture = Painter(1).picture("shapes")
    first, other, second = Question("What?", "Two."), Question("Why?", "Sky."), Question("It says?", "Red stars.")
    model = small(tokenizer).eval()
    logits = []
    for before in (first, other):
        batch = collate(tokenizer, [picture], [[before, second]])
        output = model(
            pixel_values=batch.pixels,
            decoder_input_ids=batch.ids,
            decoder_attention_mask=batch.mask,
            decoder_position_ids=batch.positions,
        ).logits
        size = len(tokenizer.encode(second.text).ids) + len(tokenizer.encode(second.answer).ids) + 2
        logits.append(output[0, -size:])
    torch.testing.assert_close(logits[0], logits[1])
    alone = collate(tokenizer, [picture], [[second]])
    output = model(pixel_values=alone.pixels, decoder_input_ids=alone.ids).logits
    torch.testing.assert_close(output[0], logits[0], atol=1e-4, rtol=1e-3)


def test_targets_are_the_next_tokens_of_answers(tokenizer: Tokenizer) -> None:
    asked = Question("What does it say?", 'It says "LAMP".')
    batch = collate(tokenizer, [Painter(1).picture("word")], [[asked]])
    text, answer = tokenizer.encode(asked.text).ids, tokenizer.encode(asked.answer).ids
    ask, say, end = (tokenizer.encode(token).ids[0] for token in (ASK, SAY, END))
    assert batch.ids[0].tolist() == [ask, *text, say, *answer]
    assert batch.targets[0].tolist() == [IGNORED] * (len(text) + 1) + [*answer, end]


def test_batches_are_seeded_and_rows_keep_their_size(tokenizer: Tokenizer) -> None:
    stream = Stream(tokenizer, seed=1, part="train", size=8)
    one, same, other = stream.batch(0, LATER), stream.batch(0, LATER), stream.batch(1, LATER)
    assert torch.equal(one.pixels, same.pixels)
    assert torch.equal(one.ids, same.ids)
    assert not torch.equal(one.pixels, other.pixels)
    assert one.pixels.shape == (8, 3, 112, 112)
    assert one.labels.shape == (8, 49, 4)
    several = [len(row.unique()) > 1 for row in (one.mask == 0).sum(-1)[:, 0]]
    assert any(several)
    long = Question("what " * 60, "It.")
    batch = collate(tokenizer, [Painter(1).picture("word")], [[long, long]])
    one_line = len(tokenizer.encode(long.text).ids) + len(tokenizer.encode(long.answer).ids) + 2
    assert ROW_TOKENS < batch.ids.shape[1] == one_line  # the second did not fit, the first always does


def test_a_model_learns_and_is_saved_as_others_load_it(tokenizer: Tokenizer, tmp_path: Path) -> None:
    batch = Stream(tokenizer, seed=1, part="train", size=4).batch(0, LATER)
    model, surveyor = small(tokenizer), Surveyor(64)
    optimizer = torch.optim.AdamW([*model.parameters(), *surveyor.parameters()], lr=3e-3)
    model.train()
    first = [loss.item() for loss in losses_of(model, surveyor, batch)]
    for _ in range(25):
        optimizer.zero_grad()
        answers, survey = losses_of(model, surveyor, batch)
        (answers + survey).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert answers.item() < first[0] / 2
    assert survey.item() < first[1] / 1.3
    save_model(model, tokenizer, tmp_path)
    loaded = AutoModelForImageTextToText.from_pretrained(tmp_path, dtype=torch.float32)
    ids = AutoTokenizer.from_pretrained(tmp_path).apply_chat_template(
        [{"role": "user", "content": "What does it say?"}], return_dict=False
    )
    assert ids == tokenizer.encode(f"{ASK}What does it say?{SAY}").ids
    pixels = AutoImageProcessor.from_pretrained(tmp_path)(Painter(1).picture("word").image, return_tensors="pt")
    with torch.no_grad():
        theirs = loaded(**pixels, decoder_input_ids=torch.tensor([ids])).logits
        ours = model.eval()(**pixels, decoder_input_ids=torch.tensor([ids])).logits
    torch.testing.assert_close(theirs, ours, atol=0.3, rtol=0.1)
    assert loaded.generate(**pixels, decoder_input_ids=torch.tensor([ids]), max_new_tokens=3).shape[1] <= len(ids) + 3


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrain_vision, "BATCH", 2)
    monkeypatch.setattr(pretrain_vision, "HELD_OUT_BATCHES", 1)
    monkeypatch.setattr(pretrain_vision, "TOKENIZER_PICTURES", 70)
    monkeypatch.setattr(pretrain_vision, "WIDTH", 64)
    monkeypatch.setattr(pretrain_vision, "new_model", small)
    monkeypatch.setattr(pretrain_vision, "Surveyor", lambda: Surveyor(64))


@pytest.mark.usefixtures("quick")
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    def run(work: str) -> Run:
        return Run(tmp_path / work, seed=1, budget=Budget(pictures=12, minutes=None), threads=1)

    whole = run("whole")
    whole.train()
    halves = run("halves")
    halves.train(until_step=3)
    again = run("halves")
    again.resume()
    assert again.progress.step == 3
    again.train()
    assert [loss for _, *loss in again.progress.losses] == [loss for _, *loss in whole.progress.losses]
    for one, other in zip(whole.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other)
    # The encoder learns alone at first: there is no loss of answers yet.
    assert whole.progress.losses[0][1] == 0
    assert whole.progress.losses[-1][1] > 0
    draw_curve(whole.progress, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 5000


def test_the_rate_and_the_budget() -> None:
    assert rate(0.0, 0) < rate(0.0, 1000) == 1.0
    assert 0 < rate(0.9, 1000) < rate(0.7, 1000) < 1
    assert rate(1.0, 1000) == 0.0
    assert Budget(pictures=6400, minutes=None).used(Progress(step=100)) == 0.5
    assert Budget(pictures=None, minutes=1).used(Progress(seconds=30)) == 0.5
    assert Budget(pictures=6400, minutes=1).used(Progress(step=50, seconds=45)) == 0.75


def test_only_the_whole_truth_counts_as_right() -> None:
    one = Facts("shapes", (Thing("star", "red"), Thing("star", "red")))
    assert counts_right("Two red stars: fresh from the sky.", one)
    assert counts_right("There are 2 red stars.", one)
    for wrong in (
        "Three red stars.",
        "Two blue stars.",
        "Two red hearts.",
        "Red stars.",
        "Two red stars and one cat.",
        "",
    ):
        assert not counts_right(wrong, one)
    two = replace(one, things=(*one.things, Thing("fish", "blue")))
    assert counts_right("Two red stars and one blue fish.", two)
    assert counts_right("A blue fish and two red stars.", two)
    assert not counts_right("One red star and two blue fish.", two)
    assert not counts_right("Two red stars.", two)


def test_places_things_and_words_are_judged() -> None:
    corner, middle = Thing("star", "red", 0.1, 0.1), Thing("star", "red", 0.5, 0.5)
    assert place_right("The star is at the top left.", corner)
    assert not place_right("The star is at the top.", corner)
    assert not place_right("The star is at the top right.", corner)
    assert place_right("In the center.", middle)
    assert not place_right("On the left.", middle)
    assert thing_right("A red star.", corner)
    assert not thing_right("A red star and a blue fish.", corner)
    assert word_right('It says "LAMP".', "LAMP")
    assert word_right("lamp", "LAMP")
    assert not word_right('It says "LAMPS".', "LAMP")
    assert not word_right('The lamp says "CLAMP".', "LAMP")


def test_the_exam_asks_what_training_never_held() -> None:
    for number in range(8):
        for make in (count_task, place_task, word_task):
            task = make(1, number)
            assert task.question
            assert not task.right("I cannot say.")
            assert make(1, number).image.tobytes() == task.image.tobytes()
    words = [word_task(1, number) for number in range(20)]
    assert all(task.right(f'It says "{task.truth}".') for task in words)
    assert base_rate(words) <= 0.1
    assert all(vision_batches.LABELS.count(letter) == 1 for task in words for letter in task.truth)
