"""A language model of the size that people serve, with random weights: it writes noise in the time of a real one."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from core.settings import ROOT

TOKENIZER = ROOT / "models" / "troupe-small"


def write_random_model(folder: Path) -> Path:
    """Write a Llama of 110 million parameters in the shape of SmolLM2-135M (30 layers of width 576; the vocabulary is
    smaller) with the bundled model's tokenizer and chat template into `folder`, 220 MB, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json"):
        if (TOKENIZER / name).is_file():
            shutil.copy(TOKENIZER / name, folder)
    bundled = LlamaConfig.from_pretrained(TOKENIZER)
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=bundled.vocab_size,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        eos_token_id=bundled.eos_token_id,
        pad_token_id=bundled.pad_token_id,
        bos_token_id=bundled.bos_token_id,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    return folder
