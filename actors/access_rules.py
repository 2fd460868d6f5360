"""Who may use the cast on a server, and how much: pure rules over the lists and limits that it keeps.

A subject is written `u:<id>` for a person, `r:<id>` for a role, `guild` for the whole server and `everybody` for each
of its people. A person who had themselves forgotten is `h:<digest>`: to be forgotten must not lift a block.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.limits import NAMES, NONE, Limits, name_of, tighter, wider

GUILD, EVERYBODY = "guild", "everybody"
OPERATORS = "*"
"""The key of the operator's own lists, which hold on every server and in direct messages."""

Side = Literal["blocked", "allowed"]


def user(user_id: int | str) -> str:
    """The subject that is a person."""
    return f"u:{user_id}"


def role(role_id: int | str) -> str:
    """The subject that is a role."""
    return f"r:{role_id}"


def hidden(key: str, subject: str) -> str:
    """What stands for a person in the lists of `key` once they had themselves forgotten."""
    return "h:" + hashlib.sha256(f"{key}/{subject}".encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Since when a subject is on a list, by whom (None once that person had themselves forgotten), and why."""

    at_ms: int
    by: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRules:
    """What is kept under `key`, a guild's id or OPERATORS: the lists, and limits by subject.

    Where `allowed` is not empty nobody else may use the cast. Those who manage the server always may.
    """

    key: str = ""
    blocked: Mapping[str, Listing] = field(default_factory=dict)
    allowed: Mapping[str, Listing] = field(default_factory=dict)
    limits: Mapping[str, Limits] = field(default_factory=dict)

    @property
    def knows_roles(self) -> bool:
        """Whether it matters which roles somebody has."""
        return any(subject.startswith("r:") for part in (self.blocked, self.allowed, self.limits) for subject in part)

    def is_blocked(self, user_id: str, role_ids: Iterable[str] = ()) -> bool:
        """Whether somebody may not use the cast. What is said of the person counts before what is said of a role."""
        me = self._subjects(user_id)
        roles = [role(one) for one in role_ids]
        if any(one in self.blocked for one in me):
            return True
        if any(one in self.allowed for one in me):
            return False
        if any(one in self.blocked for one in roles):
            return True
        return bool(self.allowed) and not any(one in self.allowed for one in roles)

    def limits_of(self, user_id: str, role_ids: Iterable[str], operators: Limits) -> dict[str, int]:
        """What one person may use: by their own limit, else by the widest of their roles, else by that for everybody
        here, else by the operator's."""
        roles = [self.limits[role(one)] for one in role_ids if role(one) in self.limits]
        own = [self.limits[one] for one in self._subjects(user_id) if one in self.limits]
        everybody = self.limits.get(EVERYBODY, {})
        found = {}
        for name in NAMES:
            mine = next((one[name] for one in own if name in one), None)
            theirs = [one[name] for one in roles if name in one]
            if mine is not None:
                found[name] = mine
            elif theirs:
                widest = theirs[0]
                for one in theirs[1:]:
                    widest = wider(widest, one)
                found[name] = widest
            else:
                found[name] = everybody.get(name, operators.get(name, NONE))
        return {name: limit for name, limit in found.items() if limit}

    def limits_of_guild(self, operators: Limits) -> dict[str, int]:
        """What the whole server may use: its own limits, and never more than the operator gives."""
        own = self.limits.get(GUILD, {})
        found = {name: tighter(own.get(name, NONE), operators.get(name, NONE)) for name in NAMES}
        return {name: limit for name, limit in found.items() if limit}

    def _subjects(self, user_id: str) -> tuple[str, str]:
        return user(user_id), hidden(self.key, user(user_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """A limit that is used up: whose (GUILD, or else the person's own), which, how much it is, and when it is over."""

    subject: str
    name: str
    limit: int
    resets_ms: int


def over(limits: Limits, used: Mapping[str, int], subject: str, now_ms: int) -> Over | None:
    """The limit that is used up and lasts longest, if any."""
    full = [name for name, limit in limits.items() if used.get(name, 0) >= limit]
    if not full:
        return None
    last = max(full, key=lambda name: name_of(name).resets_ms(now_ms))
    return Over(subject=subject, name=last, limit=limits[last], resets_ms=name_of(last).resets_ms(now_ms))


def people_in(subjects: Collection[str]) -> set[str]:
    """The ids of the people among some subjects."""
    return {subject[2:] for subject in subjects if subject.startswith("u:")}
