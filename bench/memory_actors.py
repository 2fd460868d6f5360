"""Memory and member actors without a database and without Ray: the same code, kept in this process only."""

from __future__ import annotations

from typing import Any

from actors.member import KIND as MEMBER
from actors.member import MemberActor, MemberDocument
from actors.memory import MemoryActor, MemoryDocument
from actors.memory_scopes import person_scope
from actors.memory_shelf import Item, MemoryRules
from actors.memory_worth import Embed


class _Unstored(MemoryActor):
    def __init__(self, key: str, scopes: dict[str, _Unstored], *, rules: MemoryRules, model: str, embed: Embed) -> None:
        super().__init__(key, rules=rules, model=model, embed=embed)
        self._scopes = scopes
        # Documents are bound to a database where they are made in the usual way.
        self._document = MemoryDocument.model_construct(id=key, rev=0, model="", items=[])

    async def _settle(self, document: Any, section: Any) -> None:
        """Nothing is saved."""

    async def _holding(self, guild_id: str, message_id: str) -> list[str]:
        first = person_scope(guild_id, "")
        held = {key: actor._document.messages for key, actor in self._scopes.items() if actor._document is not None}
        return [key for key, messages in held.items() if key.startswith(first) and message_id in messages]


class _UnstoredMember(MemberActor):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self._document = MemberDocument.model_construct(id=key, rev=0, unremembered=[], remembered=[], changed_ms=0)

    async def _settle(self, document: Any, section: Any) -> None:
        """Nothing is saved."""


class UnstoredActors:
    """Scopes and members by their keys."""

    def __init__(self, rules: MemoryRules, embed: Embed) -> None:
        self._rules, self._embed = rules, embed
        self.scopes: dict[str, _Unstored] = {}
        self.members: dict[str, _UnstoredMember] = {}

    async def call(self, kind: str, key: str, method: str, *args: Any, timeout_s: float | None = None) -> Any:
        """See Calls."""
        actor: _Unstored | _UnstoredMember
        if kind == MEMBER:
            actor = self.members.setdefault(key, _UnstoredMember(key))
        else:
            if key not in self.scopes:
                self.scopes[key] = _Unstored(key, self.scopes, rules=self._rules, model="bench", embed=self._embed)
            actor = self.scopes[key]
        async with actor.exclusive():
            return await getattr(actor, method)(*args)

    def weigh(self, rules: MemoryRules) -> None:
        """Other rules from now on."""
        self._rules = rules
        for actor in self.scopes.values():
            actor._rules = rules

    async def items(self, scope: str) -> list[Item]:
        """What a scope holds."""
        actor = self.scopes.get(scope)
        if actor is None:
            return []
        async with actor.exclusive():
            return list(actor.document.items)
