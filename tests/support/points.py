"""A ledger that remembers what was entered, in the place of the real one."""

from __future__ import annotations

from actors.host import VirtualActor, exposed
from actors.member import MemberDocument


class Ledger(VirtualActor[MemberDocument]):
    """Takes each entry once. `book` is shared by all keys: key, entry id, amount, reason and name, as they came."""

    def __init__(self, key: str, book: list[tuple[str, str, int, str, str]]) -> None:
        super().__init__(key, MemberDocument)
        self._book = book

    @exposed
    async def enter(self, entry_id: str, amount: int, reason: str, name: str) -> None:
        """See the points actor."""
        if not any((key, entry) == (self.key, entry_id) for key, entry, *_ in self._book):
            self._book.append((self.key, entry_id, amount, reason, name))

    @exposed
    async def note(self, feat: str, note_id: str) -> None:
        """See the points actor: kept as an entry of nothing."""
        await self.enter(note_id, 0, feat, "")
