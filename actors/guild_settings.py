"""What a guild may set for itself: one model, whose descriptions are the help of `/config`.

Every setting is None until it is set; then it inherits from the operator. Values are typed by people, so `changed`
takes text and its errors name the setting and say what it takes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

from core.cron import zone_of
from core.errors import RequestError
from core.messages import FilterLevel, MemoryMode
from core.personas import Pack
from core.wording import Wording, either, suggestion

EVERYWHERE = "*"
MAX_LISTED = 50
_DAY_MIN = 1440
_HOURS = re.compile(r"^([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)$")

Kind = Literal["channels", "personas", "persona", "zone", "choice", "switch", "number", "hours"]


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A part of every day by the clock on the wall: from minute `start` up to minute `end` of the day, over midnight
    where `end` is the lower one."""

    start: int
    end: int
    zone: str

    def covers(self, now_ms: int) -> bool:
        """Whether it is then. An instant has one wall time, also on the days on which the clock is changed: an hour
        that is there twice is quiet twice, one that is skipped is not there to be quiet."""
        local = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone_of(self.zone))
        minute = local.hour * 60 + local.minute
        return (minute - self.start) % _DAY_MIN < (self.end - self.start) % _DAY_MIN


def _hours(value: str) -> str:
    match = _HOURS.match(value.strip())
    if match is None:
        raise ValueError(Wording("refused-hours", "write it as 22:00-07:00"))
    start, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    if start == end:
        raise ValueError(Wording("refused-whole-day", "that is the whole day, for which there is proactive off"))
    return f"{start:%H:%M}-{end:%H:%M}"


def _known_zone(value: str) -> str:
    if value in available_timezones():
        return value
    by_lower = {name.lower(): name for name in available_timezones()}
    if found := by_lower.get(value.strip().replace(" ", "_").lower()):
        return found
    near = get_close_matches(value.strip().lower(), list(by_lower), n=3)
    raise ValueError(
        Wording(
            "refused-zone-near",
            "it is not known (did you mean {names}?)",
            names=either([by_lower[one] for one in near]),
        )
        if near
        else Wording("refused-zone", "name one such as Europe/Berlin")
    )


ChannelIds = Annotated[
    tuple[Annotated[str, StringConstraints(pattern=r"^(\d{1,19}|\*)$")], ...], Field(max_length=MAX_LISTED)
]
PersonaIds = Annotated[tuple[str, ...], Field(max_length=MAX_LISTED)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Cosine = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class GuildSettings(BaseModel):
    """A guild's own settings; None inherits. A description is one line of help, at most 100 characters, which Discord
    shows no more of."""

    # What a later version stored is not a reason to forget the rest.
    model_config = ConfigDict(frozen=True, extra="ignore")

    allowed_channels: ChannelIds | None = Field(
        default=None, description="Channels (and their threads) the cast answers in; nowhere else. * for all."
    )
    auto_reply_channels: ChannelIds | None = Field(
        default=None, description="Channels in which it also answers what nobody addressed to it. * for all."
    )
    personas: PersonaIds | None = Field(default=None, description="Who of the cast may speak here. * for everybody.")
    default_persona: str | None = Field(default=None, description="Who answers where nobody else is called.")
    rag: bool | None = Field(default=None, description="Answer from the lore: on or off.")
    vlm: bool | None = Field(default=None, description="Look at pictures: on or off.")
    proactive: bool | None = Field(default=None, description="Speak without being addressed: on or off.")
    keywords: bool | None = Field(default=None, description="Answer to a persona's keywords: on or off.")
    content_filter: FilterLevel | None = Field(
        default=None, description="How strict the content filter is: off, low, medium or high."
    )
    memory: MemoryMode | None = Field(
        default=None, description="Remember people's words for long: on, opt_in (who asks for it) or off (and forget)."
    )
    relevance: Cosine | None = Field(
        default=None, description="How near a line must be to the lore to be answered unasked: -1 to 1."
    )
    relevance_running: Cosine | None = Field(
        default=None, description="The same while a conversation with the cast runs: -1 to 1."
    )
    near_persona: Cosine | None = Field(
        default=None, description="How near a line must be to a persona for that one to answer it unasked: -1 to 1."
    )
    random_chance: Share | None = Field(
        default=None, description="Share of the other lines that are answered by chance: 0 to 1."
    )
    conversation_s: Seconds | None = Field(
        default=None, description="Seconds for which a conversation runs on after a persona spoke: 0 to 86400."
    )
    mention_cooldown_s: Seconds | None = Field(
        default=None, description="Seconds between two answers to one person's mentions in a channel: 0 to 86400."
    )
    keyword_cooldown_s: Seconds | None = Field(
        default=None, description="Seconds between two answers to keywords in a channel: 0 to 86400."
    )
    image_cooldown_s: Seconds | None = Field(
        default=None, description="Seconds between two unasked answers to pictures in a channel: 0 to 86400."
    )
    relevance_cooldown_s: Seconds | None = Field(
        default=None, description="Seconds between two unasked answers about the lore in a channel: 0 to 86400."
    )
    random_cooldown_s: Seconds | None = Field(
        default=None, description="Seconds between two answers by chance in a channel: 0 to 86400."
    )
    quiet_hours: Annotated[str, AfterValidator(_hours)] | None = Field(
        default=None, description="Time of day in which it does not speak unasked, such as 22:00-07:00."
    )
    time_zone: Annotated[str, AfterValidator(_known_zone)] | None = Field(
        default=None, description="Whose clock quiet_hours and days go by, such as Europe/Berlin; otherwise UTC."
    )
    talk_points: bool | None = Field(
        default=None, description="Points for talking with the cast, a few a day: on or off."
    )

    @model_validator(mode="after")
    def _somebody_of_the_cast(self) -> Self:
        if self.personas and self.default_persona and self.default_persona not in self.personas:
            raise ValueError(
                Wording(
                    "refused-default-persona",
                    "default_persona {name} is not among personas: add it there, or choose another",
                    name=self.default_persona,
                )
            )
        return self

    @property
    def quiet(self) -> QuietHours | None:
        """The hours in which nobody speaks unasked."""
        if self.quiet_hours is None:
            return None
        start, end = (time.fromisoformat(part) for part in self.quiet_hours.split("-"))
        return QuietHours(start.hour * 60 + start.minute, end.hour * 60 + end.minute, self.time_zone or "UTC")

    def cast(self, pack: Pack) -> Pack:
        """The pack with whom this guild lets speak. Personas that the pack has no more do not count."""
        if not self.personas and self.default_persona is None:
            return pack
        return pack.with_cast(self.personas or [persona.id for persona in pack.personas], self.default_persona)

    def allows(self, channel_id: str, parent_id: str | None = None) -> bool:
        """Whether the cast may answer in a channel, or in the thread of one."""
        return listed(self.allowed_channels, channel_id, parent_id)


NAMES = tuple(GuildSettings.model_fields)
KINDS: dict[str, Kind] = {
    "allowed_channels": "channels",
    "auto_reply_channels": "channels",
    "personas": "personas",
    "default_persona": "persona",
    "rag": "switch",
    "vlm": "switch",
    "proactive": "switch",
    "keywords": "switch",
    "content_filter": "choice",
    "memory": "choice",
    "quiet_hours": "hours",
    "time_zone": "zone",
    "talk_points": "switch",
}


def kind_of(name: str) -> Kind:
    """What a setting holds. Raises RequestError for a name that is none."""
    if name not in NAMES:
        near = get_close_matches(name, NAMES, n=3, cutoff=0.4)
        wrong, hint = repr(name[:60]), suggestion(near, NAMES)
        told = Wording("refused-setting", "There is no setting {name}. {hint}", name=wrong, hint=hint)
        raise RequestError(told, field="setting")
    return KINDS.get(name, "number")


def help_of(name: str) -> str:
    """What a setting is, in one line."""
    return GuildSettings.model_fields[name].description or ""


def listed(channels: Collection[str] | None, *ids: str | None) -> bool:
    """Whether one of the ids is among some channels; None are all."""
    return channels is None or EVERYWHERE in channels or any(one in channels for one in ids if one is not None)


def changed(
    settings: GuildSettings, name: str, text: str | None, pack: Pack, inherited: Sequence[str] | None = None
) -> GuildSettings:
    """`settings` with one of them as somebody typed it, or, where `text` is None, inherited again.

    A list takes its members, `*` for all, `none` for an empty one; members that all begin with + or - are added to
    what holds now, and taken from it, which is `inherited` (None: all) where the guild set nothing. Members are
    separated by commas, channels also by spaces. Raises RequestError that names the setting and what it takes.
    """
    kind = kind_of(name)
    value: Any = None
    if text is not None:
        now = getattr(settings, name)
        value = _typed(kind, text.strip(), inherited if now is None else now, pack)
    try:
        # A validator may look at several settings, so all are validated again.
        return GuildSettings.model_validate({**settings.model_dump(), name: value})
    except ValidationError as error:
        told = Wording(
            "refused-value",
            "{name} cannot be {value}: {wrong}. {help}",
            name=name,
            value=repr((text or "")[:60]),
            wrong=_wrong(error.errors()[0]),
            help=Wording(f"setting-{name}", help_of(name)),
        )
        raise RequestError(told, field=name) from None


def _wrong(error: ErrorDetails) -> str:
    """What is wrong with a value."""
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            reason: str = context["error"].args[0]  # as one of the validators above says it
            return reason
        case "greater_than_equal":
            return Wording(
                "refused-too-little", "it has to be greater than or equal to {least}", least=f"{context['ge']:g}"
            )
        case "less_than_equal":
            return Wording("refused-too-much", "it has to be less than or equal to {most}", most=f"{context['le']:g}")
        case "float_parsing" | "finite_number":
            return Wording("refused-no-number", "that is no number")
        case "bool_parsing":
            return Wording("refused-no-switch", "that is neither on nor off")
        case "literal_error":
            values = either(re.findall(r"'[^']*'", context["expected"]))
            return Wording("refused-no-such-value", "it has to be {values}", values=values)
        case "string_pattern_mismatch":
            return Wording("refused-no-id", "that is no channel's id")
        case "too_long":
            return Wording("refused-too-many", "it takes at most {most}", most=context["max_length"])
        case _:
            return error["msg"].rstrip(".")


def _typed(kind: Kind, text: str, now: Any, pack: Pack) -> Any:
    if kind == "persona":
        return pack.persona(text).id
    if kind == "channels":
        everywhere = now is None or EVERYWHERE in now
        return _members(re.split(r"[,\s]+", text), None if everywhere else now)
    if kind == "personas":
        return _cast(text, now or (), pack)
    return text.lower() if kind == "choice" else text


def _cast(text: str, now: Sequence[str], pack: Pack) -> tuple[str, ...]:
    """Ids of personas; an empty tuple is everybody."""
    if text == EVERYWHERE:
        return ()
    everybody = tuple(persona.id for persona in pack.personas)

    def named(word: str) -> str:
        sign, name = (word[0], word[1:]) if word[0] in "+-" else ("", word)
        return sign + (name if name in now else pack.persona(name).id)  # who is gone from the pack can be taken out

    members = _members([named(word.strip()) for word in text.split(",") if word.strip()], now or everybody)
    if not members:
        raise RequestError(
            Wording("refused-nobody-left", "Somebody has to be left who may speak; `*` is everybody."), field="personas"
        )
    return () if set(members) >= set(everybody) else members


def _members(words: Sequence[str], now: Sequence[str] | None) -> tuple[str, ...]:
    words = [word for word in words if word]
    if not words:
        raise RequestError(
            Wording("refused-list-empty", "A list needs at least one member; `none` makes it empty."), field="value"
        )
    signed = [word[0] in "+-" for word in words]
    if not any(signed):
        return () if [word.lower() for word in words] == ["none"] else tuple(dict.fromkeys(words))
    if not all(signed):
        raise RequestError(
            Wording("refused-list-signs", "Either name the whole list, or begin every member with + or -."),
            field="value",
        )
    if now is None:
        raise RequestError(
            Wording("refused-list-all", "It holds all of them now, so name those that it should hold."), field="value"
        )
    members = dict.fromkeys(now)
    for word in words:
        if word[0] == "+":
            members[word[1:]] = None
        else:
            members.pop(word[1:], None)
    return tuple(members)
