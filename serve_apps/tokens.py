"""Counting tokens as the model does, without loading a model: the tokenizer and the chat template are enough.

The persona app counts on every turn and must start in no time, so this needs `tokenizers` and `jinja2`, not torch.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from core.messages import ChatMessage

logger = logging.getLogger(__name__)

CHARS_PER_TOKEN = 3.5
MESSAGE_OVERHEAD = 4  # tokens that templates put around a message
REMOTE_WINDOW = 4096
# For a base model, which has no template of its own: the prompt as a script. User messages name their speaker.
PLAIN_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{% if message.role == 'assistant' %}Reply: {% endif %}"
    "{{ message.content }}\n\n{% endfor %}{% if add_generation_prompt %}Reply:{% endif %}"
)
SPECIAL_TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")
FILES = ("tokenizer.json", "tokenizer_config.json", "config.json", "chat_template.jinja")


def estimate_tokens(text: str) -> int:
    """Tokens of a text for an unknown tokenizer, rather too many than too few."""
    return math.ceil(len(text) / CHARS_PER_TOKEN)


class TokenCounter(Protocol):
    """Counts a prompt. `window` is the number of tokens that prompt and reply may have together."""

    @property
    def window(self) -> int: ...

    def __call__(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens of `messages`, ready for the model to answer."""
        ...


@dataclass(frozen=True)
class EstimatedTokens:
    """For a model whose tokenizer is elsewhere."""

    window: int = REMOTE_WINDOW

    def __call__(self, messages: Sequence[ChatMessage]) -> int:
        return sum(estimate_tokens(message.content) + MESSAGE_OVERHEAD for message in messages)


class ModelTokens:
    """Counts with the tokenizer and the chat template of a model's folder."""

    def __init__(self, folder: Path, window: int | None = None) -> None:
        """Raises OSError, ValueError, KeyError or jinja2.TemplateError where the folder holds something else."""
        config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        template = folder / "chat_template.jinja"
        source = template.read_text(encoding="utf-8") if template.is_file() else config.get("chat_template")
        source = source or PLAIN_TEMPLATE
        if isinstance(source, list):  # several named templates
            source = next(entry["template"] for entry in source if entry["name"] == "default")
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.globals["raise_exception"] = _refuse
        self._template = environment.from_string(source)
        self._special = {name: _token(config.get(name)) for name in SPECIAL_TOKENS}
        self._tokenizer = _tokenizer(folder / "tokenizer.json")
        model_config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.window: int = window or model_config["max_position_embeddings"]

    def __call__(self, messages: Sequence[ChatMessage]) -> int:
        plain = [asdict(message) for message in messages]
        text = self._template.render(messages=plain, add_generation_prompt=True, **self._special)
        return len(self._tokenizer.encode(text, add_special_tokens=False))


def token_counter(model: str, *, remote: bool, window: int | None) -> TokenCounter:
    """The best counter there is for `model`: its own tokenizer where it is a folder or in the hub's cache, else an
    estimate. `window` overrides the model's own."""
    if remote:
        return EstimatedTokens(window or REMOTE_WINDOW)
    try:
        return ModelTokens(_folder(model), window)
    except (OSError, ValueError, KeyError, StopIteration, jinja2.TemplateError) as error:
        logger.warning("[PERSONA] no tokenizer for %s (%s): tokens are estimated", model, error)
        return EstimatedTokens(window or REMOTE_WINDOW)


def _folder(model: str) -> Path:
    folder = Path(model)
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download  # only for models of the hub: it takes a second to import

    return Path(snapshot_download(model, allow_patterns=list(FILES)))


def _tokenizer(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing more precise
        raise ValueError(f"{path.name}: {error}") from error


def _token(value: Any) -> str:
    return str(value["content"]) if isinstance(value, dict) else (value or "")


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)
