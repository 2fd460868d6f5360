"""Counting tokens without a model gives what the model's own tokenizer gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.messages import ChatMessage
from core.settings import ROOT
from serve_apps.tokens import EstimatedTokens, ModelTokens, estimate_tokens, token_counter

MODEL = ROOT / "models" / "troupe-small"
TALK = (
    ChatMessage(role="system", content="You are Elio."),
    ChatMessage(role="user", content="Mara: hello there, ça va? 🚀"),
    ChatMessage(role="assistant", content="Very well!"),
    ChatMessage(role="user", content="Mara: and now?\n<lore>\n- The comet is blue.\n</lore>"),
)


def test_the_count_is_that_of_the_models_tokenizer() -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    plain = [{"role": message.role, "content": message.content} for message in TALK]
    ids = tokenizer.apply_chat_template(plain, add_generation_prompt=True, return_dict=False)
    counter = token_counter(str(MODEL), remote=False, window=None)
    assert isinstance(counter, ModelTokens)
    assert counter(TALK) == len(ids)
    assert counter.window == json.loads((MODEL / "config.json").read_text())["max_position_embeddings"]
    assert token_counter(str(MODEL), remote=False, window=300).window == 300


def test_without_a_tokenizer_tokens_are_estimated(tmp_path: Path) -> None:
    for folder in (tmp_path, MODEL):
        counter = token_counter(str(folder), remote=folder is MODEL, window=2048)
        assert counter == EstimatedTokens(2048)
        assert counter(TALK) >= sum(estimate_tokens(message.content) for message in TALK)


@pytest.mark.parametrize("spoilt", ["tokenizer.json", "tokenizer_config.json", "config.json", "chat_template.jinja"])
def test_a_spoilt_folder_is_no_reason_to_stop(tmp_path: Path, spoilt: str) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json", "config.json", "chat_template.jinja"):
        text = (MODEL / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text("{% if" if name == spoilt else text, encoding="utf-8")
    assert isinstance(token_counter(str(tmp_path), remote=False, window=None), EstimatedTokens)
