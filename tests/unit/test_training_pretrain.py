import functools
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

from core.errors import ConfigError
from core.messages import ChatMessage
from core.settings import ROOT
from training import batches, pretrain
from training.batches import IGNORED
from training.pretrain import ANEW, FURTHER, Budget, Progress, Run, Schedule
from training.small_model import load_weights, loss_of, new_model, save_model
from training.tokenizer import encode_chats, train_tokenizer
from training.turns import Dialogue

PACK = ROOT / "packs" / "communiverse"


def dialogue(reply: str, system: str = "You are Elio.") -> Dialogue:
    return Dialogue(
        (
            ChatMessage(role="system", content=system),
            ChatMessage(role="user", content="Mara: hi"),
            ChatMessage(role="assistant", content=reply),
        ),
        (),
    )


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(["You are Elio. Mara: hi. Whoa, hello Mara, the stars are out!"] * 9, 320)


def test_targets_are_the_next_tokens_of_replies_and_nothing_else(tokenizer: Tokenizer) -> None:
    dialogues = [dialogue("Whoa!"), dialogue("Whoa, hello Mara, the stars are out!")]
    (batch,) = batches.batches(dialogues, tokenizer, tokens=1000, longest=512, seed=1)
    for row, one in enumerate(
        sorted(encode_chats(tokenizer, [d.messages for d in dialogues]), key=lambda e: len(e.ids))
    ):
        size = len(one.ids) - 1
        assert batch.ids[row, :size].tolist() == one.ids[:-1]
        wanted = [token if learn else IGNORED for token, learn in zip(one.ids, one.learn, strict=True)][1:]
        assert batch.targets[row].tolist() == wanted + [IGNORED] * (batch.ids.shape[1] - size)


def test_batches_keep_their_size_and_leave_out_what_is_too_long(tokenizer: Tokenizer) -> None:
    dialogues = [dialogue("Whoa! " * n) for n in range(1, 40)]
    made = batches.batches(dialogues, tokenizer, tokens=200, longest=60, seed=1)
    assert all(batch.tokens <= 200 for batch in made)
    assert all(batch.ids.shape[1] < 60 for batch in made)
    kept = sum(len(e.ids) <= 60 for e in encode_chats(tokenizer, [d.messages for d in dialogues]))
    assert sum(len(batch.ids) for batch in made) == kept < len(dialogues)


@pytest.mark.parametrize("schedule", [ANEW, FURTHER])
def test_the_rate_warms_up_stays_and_falls_to_zero(schedule: Schedule) -> None:
    rate, falls = schedule.rate, schedule.decay_from
    assert rate(0.0, 0) < rate(0.0, 10) < rate(0.0, 1000) == 1.0
    assert rate(falls, 1000) == 1.0
    assert 0 < rate(0.9, 1000) < rate(0.7, 1000) < 1
    assert rate(1.0, 1000) == 0.0


def test_lessons_go_from_drills_to_everything_to_home() -> None:
    shares = (0.0, 0.14, 0.15, 0.31, 0.32, 0.44, 0.45, 1.0)
    assert [ANEW.lesson_at(used) for used in shares] == [
        "drill", "drill", "voices", "voices", "all", "all", "home", "home"
    ]  # fmt: skip
    assert {FURTHER.lesson_at(used) for used in shares} == {"home"}


def test_a_budget_is_used_up_by_whichever_comes_first() -> None:
    assert Budget(tokens=100, minutes=None).used(Progress(tokens=50, seconds=9e9)) == 0.5
    assert Budget(tokens=None, minutes=1).used(Progress(tokens=50, seconds=30)) == 0.5
    assert Budget(tokens=100, minutes=1).used(Progress(tokens=90, seconds=30)) == 0.9
    assert Budget(tokens=100, minutes=1).used(Progress(tokens=500)) == 1.0


def test_a_model_learns_a_reply_and_is_saved_as_others_load_it(tokenizer: Tokenizer, tmp_path: Path) -> None:
    (batch,) = batches.batches([dialogue("Whoa, hello Mara!")], tokenizer, tokens=1000, longest=512, seed=1)
    model = new_model(tokenizer, seed=1, layers=2, hidden=128)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    first = loss_of(model, batch).item()
    for _ in range(200):
        loss = loss_of(model, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
    assert loss.item() < 0.1 < first
    save_model(model, tokenizer, tmp_path)
    loaded: Any = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    words: Any = AutoTokenizer.from_pretrained(tmp_path)
    chat = [{"role": m.role, "content": m.content} for m in dialogue("").messages[:-1]]
    prompt = words.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    said = loaded.generate(**prompt, do_sample=False, max_new_tokens=20)[0, prompt["input_ids"].shape[1] :]
    assert words.decode(said) == "Whoa, hello Mara!<|end|>"
    settings = json.loads((tmp_path / "generation_config.json").read_text("utf-8"))
    assert settings["eos_token_id"] == words.eos_token_id
    assert 0 < settings["temperature"] < 1


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of small chunks and a small model."""
    monkeypatch.setattr(pretrain, "CHUNK", 24)
    monkeypatch.setattr(pretrain, "BATCH_TOKENS", 1024)
    monkeypatch.setattr(pretrain, "HELD_OUT_DIALOGUES", 8)
    monkeypatch.setattr(pretrain, "new_model", functools.partial(new_model, layers=2, hidden=128))


@pytest.mark.usefixtures("tiny")
def test_a_run_that_was_stopped_goes_on_to_the_same_end(tmp_path: Path) -> None:
    def run(folder: str, tokens: int, until: int | None = None) -> Run:
        made = Run(PACK, tmp_path / folder, seed=3, budget=Budget(tokens, None), threads=1)
        made.resume()
        made.train(until_step=until)
        return made

    whole = run("whole", 12_000)
    stopped = run("parts", 12_000, until=4)
    assert stopped.progress.step == 4
    again = run("parts", 12_000)
    assert again.progress.step == whole.progress.step > 6
    assert [loss for _, loss in again.progress.losses] == pytest.approx([loss for _, loss in whole.progress.losses])
    assert again.progress.held_out[-1][1] == pytest.approx(whole.progress.held_out[-1][1])


@pytest.mark.usefixtures("tiny")
def test_a_run_goes_on_from_the_weights_of_another(tmp_path: Path) -> None:
    def run(folder: str, start: Path | None, tokens: int) -> Run:
        return Run(PACK, tmp_path / folder, seed=3, budget=Budget(tokens, None), threads=1, start=start)

    first = run("first", None, 6_000)
    first.train()
    save_model(first.averaged, first.tokenizer, tmp_path / "model")
    further = run("further", tmp_path / "model", 60_000)  # enough to tell progress from bfloat16's rounding
    assert further.held_out_loss() == pytest.approx(first.held_out_loss(), rel=0.01)  # the folder holds bfloat16
    further.train()
    assert further.progress.held_out[-1][1] < first.progress.held_out[-1][1]


def test_weights_of_another_shape_are_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    save_model(new_model(tokenizer, seed=1, layers=2, hidden=128), tokenizer, tmp_path)
    with pytest.raises(ConfigError, match="No model of this architecture"):
        load_weights(new_model(tokenizer, seed=1, layers=3, hidden=128), tmp_path)
    with pytest.raises(ConfigError, match=r"training\.pretrain wrote"):
        load_weights(new_model(tokenizer, seed=1, layers=2, hidden=128), tmp_path / "nowhere")


@pytest.mark.usefixtures("tiny")
def test_words_that_nobody_says_can_still_be_said(tmp_path: Path) -> None:
    run = Run(PACK, tmp_path, seed=3, budget=Budget(6_000, None), threads=1)
    before = run.model.lm_head.weight.detach().clone()
    said = set[int]()
    loss = pretrain.loss_of

    def watched(model: Any, batch: batches.Batch, **given: float) -> torch.Tensor:
        if model is run.model:
            said.update(batch.targets.unique().tolist())
        return loss(model, batch, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrain, "loss_of", watched)
        run.train()
    changed = (run.model.lm_head.weight != before).any(1).nonzero().flatten().tolist()
    assert changed
    assert set(changed) <= said
