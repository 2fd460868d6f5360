"""The guild actor: one guild's own settings, who changed them, and from what to what.

The channels read the settings through `actors.guild_book`; a person sees and changes them with `/config`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

from pydantic import Field, computed_field

from actors.guests import ReadGuests
from actors.guild_settings import EVERYWHERE, NAMES, GuildSettings, changed, kind_of
from actors.host import VirtualActor, exposed
from actors.routing import ChannelRules
from core import clock
from core.documents import OwnedDocument
from core.messages import Kept
from core.personas import Pack
from core.wording import Wording

log = logging.getLogger(__name__)

KIND = "guild"
MAX_CHANGES = 50
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one setting. `id` is that of the interaction that asked for it, the same where it is asked again;
    `user_id` is None once that person had themselves forgotten. `old` and `new` are as people type them, None where
    the setting inherits."""

    id: str
    at_ms: int
    user_id: str | None
    setting: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingView:
    """A setting as it is now. `value` is in force, as people type it, and inherited where `own` is false; None where
    only the operator knows. `change` is the last one, where this guild set it."""

    name: str
    value: str | None
    own: bool
    change: Change | None = None


class GuildDocument(OwnedDocument):
    """How a guild is stored."""

    settings: GuildSettings = GuildSettings()
    changes: list[Change] = Field(default_factory=list)
    set_by: dict[str, Change] = Field(default_factory=dict)  # how each setting in force came about

    class Settings:
        """Beanie's own: the collection."""

        name = "guilds"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def people(self) -> list[str]:
        """Ids of the people of whom something is kept here."""
        return sorted({one.user_id for one in [*self.changes, *self.set_by.values()] if one.user_id is not None})


class GuildActor(VirtualActor[GuildDocument]):
    """One guild, by its Discord id. Bind all but the key with `functools.partial` to get its factory."""

    def __init__(self, key: str, *, pack: Pack, rules: ChannelRules, guests: ReadGuests | None = None) -> None:
        """`guests` gives the guild's own personas, which may be named in its settings like any other."""
        super().__init__(key, GuildDocument)
        self._pack = pack
        self._rules = rules
        self._guests = guests

    @exposed
    async def settings(self) -> GuildSettings:
        """What the guild set for itself."""
        return self.document.settings

    @exposed
    async def view(self) -> tuple[SettingView, ...]:
        """All settings, set or inherited."""
        return tuple(self._view(name) for name in NAMES)

    @exposed
    async def change(self, name: str, text: str, user_id: str, change_id: str) -> SettingView:
        """Sets a setting as `user_id` typed it (`guild_settings.changed`). A `change_id` that is known does nothing.

        Raises RequestError, UnknownPersona.
        """
        kind_of(name)
        if not self._knows(change_id):
            now, pack = self._inherited(name), await self._cast(name)
            base = now if isinstance(now, tuple) else None
            self._take(name, changed(self.document.settings, name, text, pack, base), user_id, change_id)
        return self._view(name)

    @exposed
    async def reset(self, name: str, user_id: str, change_id: str) -> tuple[str, ...]:
        """Has a setting, or ALL of them, inherit again; returns which were set. Raises RequestError."""
        if self._knows(change_id):
            return tuple(one.setting for one in self.document.changes if one.id == change_id)
        if name != ALL:
            kind_of(name)
        names = [one for one in NAMES if name in (ALL, one) and getattr(self.document.settings, one) is not None]
        # The default persona depends on the cast, so it goes first.
        for one in sorted(names, key=lambda one: one != "default_persona"):
            self._take(one, changed(self.document.settings, one, None, self._pack), user_id, change_id)
        return tuple(names)

    @exposed
    async def history(self) -> tuple[Change, ...]:
        """The last changes, oldest first."""
        return tuple(self.document.changes)

    @exposed
    async def kept_about(self, user_id: str) -> tuple[Kept, ...]:
        """What is kept here about a person: that it was they who changed something."""
        return tuple(
            Kept(kind="setting", channel_id="", message_id="", at_ms=one.at_ms, text=_told(one))
            for one in self._all_changes()
            if one.user_id == user_id
        )

    @exposed
    async def forget_person(self, user_id: str) -> int:
        """Forgets that; what was changed and when stays. Returns how many things that were."""
        count = sum(one.user_id == user_id for one in self._all_changes())

        def nobody(one: Change) -> Change:
            return replace(one, user_id=None) if one.user_id == user_id else one

        document = self.document
        document.changes = [nobody(one) for one in document.changes]
        document.set_by = {name: nobody(one) for name, one in document.set_by.items()}
        return count

    async def _cast(self, name: str) -> Pack:
        """The pack with the guild's own personas, where a setting is about personas."""
        if self._guests is None or kind_of(name) not in ("persona", "personas"):
            return self._pack
        found = await self._guests(self.key, -1)
        return self._pack.with_guests(found[1]) if found else self._pack

    def _take(self, name: str, settings: GuildSettings, user_id: str, change_id: str) -> None:
        document = self.document
        old, new = getattr(document.settings, name), getattr(settings, name)
        if old == new:
            return
        document.settings = settings
        change = self._record(name, as_typed(name, old), as_typed(name, new), user_id, change_id)
        document.set_by = {key: one for key, one in document.set_by.items() if key != name}
        if new is not None:
            document.set_by[name] = change

    def _record(self, setting: str, old: str | None, new: str | None, user_id: str, change_id: str) -> Change:
        change = Change(id=change_id, at_ms=clock.now_ms(), user_id=user_id, setting=setting, old=old, new=new)
        self.document.changes = [*self.document.changes, change][-MAX_CHANGES:]
        log.info("[GUILD] %s: %s", self.key, _told(change))
        return change

    def _knows(self, change_id: str) -> bool:
        return any(one.id == change_id for one in self.document.changes)

    def _all_changes(self) -> list[Change]:
        known = {(one.id, one.setting): one for one in [*self.document.set_by.values(), *self.document.changes]}
        return sorted(known.values(), key=lambda one: one.at_ms)

    def _view(self, name: str) -> SettingView:
        own = getattr(self.document.settings, name)
        if own is not None:
            return SettingView(name=name, value=as_typed(name, own), own=True, change=self.document.set_by.get(name))
        return SettingView(name=name, value=as_typed(name, self._inherited(name)), own=False)

    def _inherited(self, name: str) -> Any:
        """What holds where this guild does not set it; None where only the operator knows."""
        match name:
            case "allowed_channels":
                return (self._rules.only_channel or EVERYWHERE,)
            case "auto_reply_channels":
                return tuple(sorted(self._rules.auto_channels))
            case "personas":
                return ()
            case "default_persona":
                return self.document.settings.cast(self._pack).default_persona
            case "content_filter":
                return self._rules.filter_level
            case "quiet_hours":
                return "none"
            case "time_zone":
                return "UTC"
            case "talk_points":
                return None
            case _:
                return getattr(self._rules, name)


def as_typed(name: str, value: Any) -> str | None:
    """The value of a setting as people type it."""
    if value is None:
        return None
    if name == "personas" and not value:
        return EVERYWHERE
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(value) or "none" if isinstance(value, tuple) else str(value)


def _told(change: Change) -> str:
    inherited = Wording("kept-inherited", "inherited")
    old, new = change.old or inherited, change.new or inherited
    return Wording("kept-setting", "{setting} from {old} to {new}", setting=change.setting, old=old, new=new)
