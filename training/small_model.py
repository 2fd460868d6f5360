"""The architecture of the bundled model, its loss, and how it is written to disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import AttentionInterface, GenerationConfig, LlamaConfig, LlamaForCausalLM
from transformers.masking_utils import AttentionMaskInterface

from training.batches import IGNORED, Batch
from training.structured_init import write_induction_heads
from training.tokenizer import END, PAD, save_tokenizer

VOCABULARY = 6144
WINDOW = 1024
REPLY_TOKENS = 160
ATTENTION = "causal_written_out"


def new_model(tokenizer: Tokenizer, *, seed: int, layers: int = 6, hidden: int = 256) -> Any:
    """A Llama with tied embeddings that copies from its context and knows nothing: 6.4M parameters at the default size,
    64 dimensions per head. Until it is saved it attends by `_attend`, which takes rows padded at their end."""
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=hidden,
            intermediate_size=hidden * 11 // 4,
            num_hidden_layers=layers,
            num_attention_heads=hidden // 64,
            num_key_value_heads=hidden // 64,
            max_position_embeddings=WINDOW,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.token_to_id(END),
            pad_token_id=tokenizer.token_to_id(PAD),
            use_cache=True,
            attn_implementation=ATTENTION,
        )
    )
    write_induction_heads(model, seed=seed)
    return model


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: None,
    scaling: float,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention written out, [rows, heads, tokens, head size] in and [rows, tokens, heads, head size] out. For
    a few hundred tokens on a CPU, compiled, it takes a fifth of the time of torch's fused kernel, both ways."""
    tokens = query.shape[2]
    scores = torch.matmul(query, key.transpose(-1, -2)) * scaling
    future = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)
    weights = torch.softmax(scores.masked_fill(future, float("-inf")), -1)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), None


AttentionInterface.register(ATTENTION, _attend)
AttentionMaskInterface.register(ATTENTION, lambda *_, **__: None)


def compile_for_training(model: Any) -> None:
    """Train faster from here on, by a fifth over compiling attention alone. Takes a few minutes, once, and needs a C++
    compiler."""
    model.model.compile(dynamic=True)


def loss_of(model: Any, batch: Batch) -> torch.Tensor:
    """Mean cross entropy over the tokens to be learned. Only those go through the output layer: they are a third."""
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model.model(input_ids=batch.ids, use_cache=False).last_hidden_state
        learned = batch.targets != IGNORED
        logits = model.lm_head(hidden[learned])
    return functional.cross_entropy(logits.float(), batch.targets[learned])


def save_model(model: Any, tokenizer: Tokenizer, folder: Path) -> None:
    """Write what transformers and vLLM load: weights as bfloat16 (half the size; computed with as float32 on a CPU),
    tokenizer, chat template, and sampling defaults."""
    folder.mkdir(parents=True, exist_ok=True)
    config = LlamaConfig.from_dict({**model.config.to_dict(), "attn_implementation": None})
    copy = LlamaForCausalLM(config)
    copy.load_state_dict(model.state_dict())
    copy.to(torch.bfloat16)
    copy.config.dtype = torch.bfloat16
    copy.generation_config = GenerationConfig(
        eos_token_id=model.config.eos_token_id,
        pad_token_id=model.config.pad_token_id,
        do_sample=True,
        temperature=0.3,
        top_p=0.9,
        max_new_tokens=REPLY_TOKENS,
    )
    copy.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # it is written for its owner alone
    save_tokenizer(tokenizer, folder, window=WINDOW)
