"""Chats to learn from as any model's tokenizer and chat template read them: a JSONL file in, token ids out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConfigError
from core.messages import ChatMessage
from training.citations import NUMBERS, with_citations
from training.tokenizer import Encoded
from training.turns import last_lore


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    role: Literal["system", "user", "assistant"]
    content: str = Field(min_length=1)


class _Chat(BaseModel):
    messages: list[_Message] = Field(min_length=2)


def read_chats(path: Path) -> list[tuple[ChatMessage, ...]]:
    """The chats of a file, one JSON object per line; empty lines are skipped. Raises ConfigError naming the line."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The file cannot be read: {error}.", field=str(path), fix="Give a UTF-8 file.") from None
    chats = [_chat(line, f"{path.name}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not chats:
        raise ConfigError("There is no chat in this file.", field=path.name, fix="Write one JSON object per line.")
    return chats


def encode_chat(tokenizer: Any, chat: Sequence[ChatMessage]) -> Encoded:
    """A chat as ids; what the assistant says, with the mark that ends it, is to be learned.

    Raises ConfigError where the template refuses the chat, or writes its beginning otherwise once it goes on.
    """
    reads_by_number = NUMBERS[0] in tokenizer.get_vocab()  # a model that `training.pretrain` made
    messages = [asdict(message) for message in (with_citations(chat) if reads_by_number else chat)]

    def ids(upto: int, *, prompt: bool) -> list[int]:
        return list(
            tokenizer.apply_chat_template(
                messages[:upto], tokenize=True, add_generation_prompt=prompt, return_dict=False
            )
        )

    try:
        whole = ids(len(messages), prompt=False)
        learn = [False] * len(whole)
        told = last_lore(chat)
        for number, message in enumerate(chat):
            if message.role == "assistant" and number > told:
                so_far = whole if number + 1 == len(messages) else ids(number + 1, prompt=False)
                start, end = len(ids(number, prompt=True)), len(so_far)
                if whole[:end] != so_far:
                    raise ValueError("the template changes earlier turns")
                learn[start:end] = [True] * (end - start)
    except Exception as error:  # templates raise what they like: jinja errors, ValueError
        raise ConfigError(
            f"The model's chat template refuses a chat: {error}.",
            field="base",
            fix="Let roles alternate, or use another.",
        ) from None
    return Encoded(whole, learn)


def _chat(line: str, where: str) -> tuple[ChatMessage, ...]:
    def wrong(what: str, fix: str) -> ConfigError:
        return ConfigError(what, field=where, fix=fix)

    try:
        messages = _Chat.model_validate(json.loads(line)).messages
    except json.JSONDecodeError as error:
        raise wrong(f"This is no JSON ({error.msg}).", 'Write {"messages": [{"role": …, "content": …}, …]}.') from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the line"
        raise wrong(f"{place}: {first['msg']}.", "Roles are system, user and assistant; no content is empty.") from None
    if messages[-1].role != "assistant":
        raise wrong("The chat does not end with a reply.", 'Let its last message have the role "assistant".')
    if any(message.role == "system" for message in messages[1:]):
        raise wrong("Only the first message may be of the system.", "Move the instructions there.")
    return tuple(ChatMessage(role=message.role, content=message.content) for message in messages)
