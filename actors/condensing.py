"""A channel's notes in fewer words, where a model for that is there.

A note (`actors.summary`) is one person's and can be taken out again. What a model such as BART makes of several belongs
to all of them at once. So that text is never stored, and counts only as long as all the notes that it was made of are
there: whoever takes one out takes the text out with it, and the notes as they are stand in for it until there is
another one. Newer notes are told behind it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from actors.summary import MOST_NOTES, MOST_WORDS, Note, as_text
from core.errors import TroupeError
from core.prompts import one_line

log = logging.getLogger(__name__)

LEAST_NOTES = 3  # fewer are short enough as they are
CONDENSED_WORDS = MOST_WORDS // 2
# Raises TroupeError.
Condense = Callable[[str], Awaitable[str]]
Background = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Condensed:
    """What one channel's notes say. `background` runs what nobody waits for."""

    def __init__(self, condense: Condense, background: Background) -> None:
        self._condense, self._background = condense, background
        self._of: tuple[Note, ...] = ()
        self._text = ""
        self._task: asyncio.Task[None] | None = None

    def text(self, notes: Sequence[Note]) -> str:
        """These notes in fewer words, as far as somebody has found such; empty where nobody has. The rest begins."""
        newer = [note for note in notes if note not in self._of]
        if len(notes) - len(newer) < len(self._of):
            self.drop()
            newer = list(notes)
        if newer and len(notes) >= LEAST_NOTES and (self._task is None or self._task.done()):
            self._task = self._background(self._run(tuple(notes)))
        if not self._text:
            return ""
        return f"{self._text} {as_text(newer, most_words=MOST_WORDS - len(self._text.split()))}".rstrip()

    def drop(self) -> None:
        """Forgets what was made of notes that may be gone."""
        self._of, self._text, self._task = (), "", None

    async def _run(self, notes: tuple[Note, ...]) -> None:
        try:
            told = as_text(notes, most_words=MOST_NOTES * MOST_WORDS)
            written = one_line(await self._condense(told)).split()
        except TroupeError as error:
            log.debug("[MEMORY] notes stay as they are: %s", error)
            return
        if self._task is asyncio.current_task():  # nothing was forgotten meanwhile
            self._of, self._text = notes, " ".join(written[:CONDENSED_WORDS])
