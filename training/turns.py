"""The pieces that training data is made of: a turn of a conversation, and a whole one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.messages import ChatMessage
from core.prompts import LORE_START

TurnKind = Literal["fact", "about", "more", "unknown", "chat"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A turn before it is put into a dialogue. `answer` is what a right reply must hold, empty where nothing; `talk` is
    the kind of the conversation it is from, empty where it needs a passage."""

    kind: TurnKind
    line: str
    reply: str
    answer: str = ""
    talk: str = ""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation that ends with the persona's reply. `turns` says what each reply is."""

    messages: tuple[ChatMessage, ...]
    turns: tuple[Asked, ...]


def last_lore(chat: Sequence[ChatMessage]) -> int:
    """The number of the last message with passages, 0 where there are none. A reply before it was given with other
    passages in view, so it is no reply to learn."""
    return max((number for number, message in enumerate(chat) if LORE_START in message.content), default=0)
