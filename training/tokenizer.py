"""The tokenizer of the small model: byte-level BPE learned from its own training text, and its chat template.

A prompt is `<|system|>…<|end|><|user|>…<|end|><|assistant|>…<|end|>`. Special tokens are single ids, so a
message can be encoded by itself and the pieces joined; `encode_chats` does that, and a test holds it equal to what the
chat template gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from core.messages import ChatMessage
from training.citations import AGAIN, NUMBERS, TEMPLATE, numbered, with_citations
from training.turns import last_lore

PAD, END = "<|pad|>", "<|end|>"
ROLES = {"system": "<|system|>", "user": "<|user|>", "assistant": "<|assistant|>"}
SPECIAL = (PAD, END, *ROLES.values(), *NUMBERS, AGAIN)
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>"
    "{% if message.role == 'user' %}" + TEMPLATE + "{% else %}{{ message.content }}{% endif %}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
# Words with their leading space, single digits (a number is copied digit by digit), runs of punctuation, white space.
_PIECES = r"'(?:s|t|re|ve|m|ll|d)\b| ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s+"


@dataclass(frozen=True, slots=True)
class Encoded:
    """A conversation as token ids; `learn[i]` is true where token i is to be predicted by the model."""

    ids: list[int]
    learn: list[bool]


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """A tokenizer of at most `vocab_size` entries learned from `texts`, specials and all 256 bytes included."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path, *, window: int) -> None:
    """Write the tokenizer with its chat template as transformers and vLLM load it. `window` is in tokens."""
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[*ROLES.values(), *NUMBERS, AGAIN],
        model_max_length=window,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(folder)


def encode_chats(tokenizer: Tokenizer, chats: Sequence[Sequence[ChatMessage]]) -> list[Encoded]:
    """Whole conversations as ids. What an assistant says, and the `<|end|>` after it, is to be learned; not so what it
    said before the passages of the prompt, which was about others that are no longer there."""
    chats = [with_citations(chat) for chat in chats]
    contents = [numbered(m.content) if m.role == "user" else m.content for chat in chats for m in chat]
    encoded = iter(tokenizer.encode_batch_fast(contents, add_special_tokens=False))
    vocabulary = tokenizer.get_vocab()
    end, heads = vocabulary[END], {role: vocabulary[token] for role, token in ROLES.items()}
    result = []
    for chat in chats:
        ids: list[int] = []
        learn: list[bool] = []
        told = last_lore(chat)
        for number, message in enumerate(chat):
            body = [*next(encoded).ids, end]
            ids += [heads[message.role], *body]
            learn += [False, *([message.role == "assistant" and number > told] * len(body))]
        result.append(Encoded(ids, learn))
    return result
