"""The architecture of the bundled model, its loss, and how it is written to disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import AttentionInterface, GenerationConfig, LlamaConfig, LlamaForCausalLM
from transformers.masking_utils import AttentionMaskInterface

from core.errors import ConfigError
from training.batches import IGNORED, Batch
from training.citations import AGAIN, NUMBERS
from training.precision import mixed_precision
from training.structured_init import Reading, kept, write_induction_heads
from training.tokenizer import END, PAD, ROLES, SPECIAL, save_tokenizer
from training.word_families import roots

VOCABULARY = 6144
WINDOW = 1024
REPLY_TOKENS = 160
ROPE_THETA = 1e6
ATTENTION = "causal_written_out"
FIRST_NUMBER = SPECIAL.index(NUMBERS[0])  # special tokens have the first ids, in this order
NUMBER_WEIGHT = 8.0  # of the tokens that name a sentence, in the loss of training


def new_model(
    tokenizer: Tokenizer, *, seed: int, rarity: Sequence[float] = (), layers: int = 6, hidden: int = 256
) -> Any:
    """A Llama that copies from its context, finds words in it, and knows nothing: 8M parameters at the default size,
    64 dimensions per head. `rarity` says how rare each token is (`training.word_families`); without it all are
    alike. Until it is saved it attends by `_attend`, which takes rows padded at their end."""
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
            rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
            # Words are recognised by their embeddings, which what is to be said must not pull apart.
            tie_word_embeddings=False,
            bos_token_id=None,
            eos_token_id=tokenizer.token_to_id(END),
            pad_token_id=tokenizer.token_to_id(PAD),
            use_cache=True,
            attn_implementation=ATTENTION,
        )
    )
    reading = _reading(tokenizer, rarity) if _reads(model) else None
    write_induction_heads(model, seed=seed, reading=reading)
    model.lm_head.weight.data.copy_(model.model.embed_tokens.weight)
    return model


def _reading(tokenizer: Tokenizer, rarity: Sequence[float]) -> Reading:
    vocabulary = tokenizer.get_vocab()
    return Reading(
        specials=tuple(vocabulary[mark] for mark in SPECIAL if mark not in (PAD, END)),
        numbers=tuple(vocabulary[number] for number in NUMBERS),
        again=vocabulary[AGAIN],
        user=vocabulary[ROLES["user"]],
        assistant=vocabulary[ROLES["assistant"]],
        roots=tuple(roots(tokenizer)),
        rarity=tuple(rarity),
    )


def kept_parts(model: Any, tokenizer: Tokenizer) -> list[tuple[torch.nn.Parameter, Any, torch.Tensor]]:
    """Parameters of a new model, parts of them, and the values that training is to leave there."""
    specials = [tokenizer.get_vocab()[mark] for mark in SPECIAL]
    parts = kept(model, specials) if _reads(model) else []
    return [(whole, part, whole.detach()[part].clone()) for whole, part in parts]


def _reads(model: Any) -> bool:
    """Whether it has room for the circuit that finds sentences."""
    return bool(model.config.num_hidden_layers >= 3 and model.config.num_attention_heads >= 4)


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


def loss_of(model: Any, batch: Batch, *, number_weight: float = 1.0) -> torch.Tensor:
    """Mean cross entropy over the tokens to be learned. Only those go through the output layer: they are one of seven.
    The numbers of sentences count `number_weight` times: which sentence answers is decided there, in one token of
    twenty."""
    with mixed_precision():
        hidden = model.model(input_ids=batch.ids, use_cache=False).last_hidden_state
        learned = batch.targets != IGNORED
        logits = model.lm_head(hidden[learned])
    return weighted_loss(logits, batch.targets[learned], FIRST_NUMBER, number_weight)


def weighted_loss(
    logits: torch.Tensor, targets: torch.Tensor, first_number: int | None, number_weight: float
) -> torch.Tensor:
    """Mean cross entropy of `logits` [tokens, vocabulary] for `targets` [tokens], in which the numbers of sentences,
    whose ids begin with `first_number` where there are any, count `number_weight` times."""
    losses = functional.cross_entropy(logits.float(), targets, reduction="none")
    weights = torch.ones_like(losses)
    if first_number is not None:
        weights[(targets >= first_number) & (targets < first_number + len(NUMBERS))] = number_weight
    return (losses * weights).sum() / weights.sum()


def load_weights(model: Any, folder: Path) -> None:
    """Take over what `save_model` wrote. Raises ConfigError where the folder holds no model of this architecture."""
    try:
        model.load_state_dict(load_file(folder / "model.safetensors"))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise ConfigError(
            f"No model of this architecture is in {folder}: {error}",
            field="--start",
            fix="Name a folder that training.pretrain wrote.",
        ) from error


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
