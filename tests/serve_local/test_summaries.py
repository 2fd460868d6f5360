"""The summariser with a real, tiny BART: its mechanics are real, what it writes is noise."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import torch
from ray import serve
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import BartConfig, BartForConditionalGeneration, PreTrainedTokenizerFast

from core.errors import ConfigError, RequestError
from core.settings import Settings
from serve_apps.client import SummariesClient
from serve_apps.summaries import MAX_CHARS, MOST_TOKENS, Summaries


@pytest.fixture(scope="module")
def bart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bart")
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer.train_from_iterator(
        ["Ada said: my cat is called Biscuit. Bruno said: I live in Oslo."] * 5,
        trainers.BpeTrainer(vocab_size=120, special_tokens=special),
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    fast.save_pretrained(folder)
    torch.manual_seed(3)
    config = BartConfig(
        vocab_size=len(fast), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=128,
        bos_token_id=0, pad_token_id=1, eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=2,
    )  # fmt: skip
    model = BartForConditionalGeneration(config)
    model.generation_config.min_length = 56  # as those for news have it
    model.save_pretrained(folder)
    return folder


async def test_texts_that_come_together_are_put_in_fewer_words(bart: Path) -> None:
    target = serve.deployment(Summaries, name="summaries").bind(Settings(summary_model=str(bart)))
    client = SummariesClient(serve.run(target, name="summaries", _local_testing_mode=True))
    asked = ["Ada said: my cat is called Biscuit.", "Bruno said: I live in Oslo. " * 60]
    written = await asyncio.gather(*(client(text) for text in asked))
    assert [isinstance(text, str) and len(text.split()) <= MOST_TOKENS for text in written] == [True, True]
    assert not any("<s>" in text or "</s>" in text for text in written)
    assert await client(asked[0]) == written[0]
    for wrong in ("  ", "x" * (MAX_CHARS + 1)):
        with pytest.raises(RequestError) as caught:
            await client(wrong)
        assert caught.value.field == "text"


def test_what_is_no_such_model_is_refused_with_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be loaded as a summariser") as caught:
        Summaries(Settings(summary_model=str(tmp_path)))
    assert caught.value.field == "SUMMARY_MODEL"
