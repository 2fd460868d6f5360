"""Times as people write them: “every weekday at 9”, “alle 4 Stunden”, “tomorrow at 18:30”, or a cron expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.cron import checked, next_after, zone_of
from core.errors import RequestError
from core.wording import Wording

MAX_AHEAD_MS = 366 * 24 * 3_600_000
_DAYS = (
    ("sunday", "sun", "sonntag", "so"),
    ("monday", "mon", "montag", "mo"),
    ("tuesday", "tue", "tues", "dienstag", "di"),
    ("wednesday", "wed", "mittwoch", "mi"),
    ("thursday", "thu", "thur", "thurs", "donnerstag", "do"),
    ("friday", "fri", "freitag", "fr"),
    ("saturday", "sat", "samstag", "sonnabend", "sa"),
)
_NUMBER_OF = {name: number for number, names in enumerate(_DAYS) for name in names}
_GROUPS = {
    "day": "*",
    "tag": "*",
    "weekday": "1-5",
    "workday": "1-5",
    "werktag": "1-5",
    "wochentag": "1-5",
    "weekend": "0,6",
    "wochenende": "0,6",
    "daily": "*",
    "täglich": "*",
    "taeglich": "*",
}
_EVERY = r"(?:every|each|on|jeden|jede|jedes|jeweils|am|an)"
_AT = r"(?:\s*(?:,|at|um|@)?\s*)"
_CLOCK = r"(?P<clock>noon|midnight|mittag|mitternacht|\d{1,2}(?:[:.h]\d{2})?\s*(?:am|pm|a\.m\.|p\.m\.)?\s*(?:uhr)?)"
_STEP = re.compile(
    r"(?:every|each|alle|jede)\s+(?:(?P<count>\d{1,3})\s*)?(?P<unit>minutes?|mins?|minuten?|hours?|hrs?|stunden?|h|m)"
)
_HOURLY = re.compile(r"hourly|stündlich|stuendlich")
_ON_DAYS = re.compile(rf"(?:{_EVERY}\s+)?(?P<days>[a-zäöü,+&/ ]+?){_AT}{_CLOCK}")
_ON_DATE = re.compile(
    rf"(?:(?:every|each|jeden)\s+month\s+)?(?:on\s+)?(?:the\s+|am\s+|jeden\s+)?(?P<day>\d{{1,2}})"
    rf"(?:st|nd|rd|th|\.)(?:\s+(?:of\s+(?:the|every|each)\s+month|im\s+monat|des\s+monats|monthly))?\s*(?:at|um|@)\s*{_CLOCK}"
)
_IN = re.compile(
    r"in\s+(?P<count>\d{1,4}|a|an|one|einer|einem)\s*"
    r"(?P<unit>minutes?|mins?|minuten?|m|hours?|hrs?|stunden?|h|days?|tag(?:e|en)?|d|weeks?|wochen?|w)"
)
_NEXT = re.compile(
    rf"(?:(?P<day>today|tomorrow|tonight|heute|morgen|(?:on\s+|am\s+|next\s+)?[a-zäöü]+day|"
    rf"(?:am\s+)?[a-zäöü]+tag|(?:am\s+)?mittwoch)\s*)?(?:,|at|um|@)?\s*{_CLOCK}"
)
_DATE = re.compile(
    rf"(?:on\s+|am\s+)?(?P<date>\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}\.\d{{1,2}}\.\d{{4}})[ t,]*(?:at|um|@)?\s*{_CLOCK}"
)
_UNITS = {"m": 1, "h": 60, "s": 60, "d": 24 * 60, "t": 24 * 60, "w": 7 * 24 * 60}


@dataclass(frozen=True, slots=True)
class When:
    """A moment, in epoch milliseconds, and the cron expression by which it comes again, where it does."""

    at_ms: int
    cron: str | None = None


def cron_of(phrase: str) -> str:
    """The cron expression that a phrase stands for, or that it is. Raises RequestError, which shows how to."""
    text = _tidy(phrase)
    return _said(text) or checked(phrase)


def when_of(phrase: str, zone: str, now_ms: int) -> When:
    """When somebody wants something, by the clock of `zone`: once (“in 2 hours”, “tomorrow at 9”, “2026-12-24 18:00”)
    or again and again, as `cron_of` reads it. Raises RequestError where that is not understood, is over, or is more
    than a year away."""
    text = _tidy(phrase)
    at_ms = _once(text, zone, now_ms)
    if at_ms is None:
        cron = _said(text)
        if cron is None:
            try:
                cron = checked(phrase)
            except RequestError:
                told = Wording(
                    "refused-when",
                    "{phrase} is no time that I understand. Write “in 20 minutes”, “tomorrow at 9”, "
                    "“on Friday at 18:30”, “2026-12-24 18:00”, or “every weekday at 9”.",
                    phrase=repr(phrase.strip()[:60]),
                )
                raise RequestError(told, field="when") from None
        return When(next_after(cron, zone, now_ms), cron)
    if at_ms <= now_ms:
        raise RequestError(
            Wording("refused-when-over", "That moment is over already. Choose a later one."), field="when"
        )
    if at_ms > now_ms + MAX_AHEAD_MS:
        raise RequestError(
            Wording("refused-when-far", "That is more than a year away. Choose an earlier moment."), field="when"
        )
    return When(at_ms)


def _tidy(phrase: str) -> str:
    return " ".join(phrase.casefold().replace("’", "'").split()).rstrip(".!")


def _said(text: str) -> str | None:
    if _HOURLY.fullmatch(text):
        return "0 * * * *"
    if match := _STEP.fullmatch(text):
        return _step(int(match["count"] or 1), minutes=match["unit"][0] == "m")
    if match := _ON_DATE.fullmatch(text):
        day, (hour, minute) = int(match["day"]), _clock(match["clock"])
        return checked(f"{minute} {hour} {day} * *")
    if match := _ON_DAYS.fullmatch(text):
        days = _days(match["days"])
        if days is not None:
            hour, minute = _clock(match["clock"])
            return f"{minute} {hour} * * {days}"
    return None


def _step(count: int, *, minutes: bool) -> str:
    whole = 60 if minutes else 24
    if count < 1 or whole % count:
        fitting = [one for one in range(1, whole) if whole % one == 0]
        told = Wording(
            "refused-step",
            "Every {count} {unit} would not come out even with the clock. Choose one of {fitting}.",
            count=count,
            unit=Wording("refused-step-minutes", "minutes") if minutes else Wording("refused-step-hours", "hours"),
            fitting=", ".join(map(str, fitting)),
        )
        raise RequestError(told, field="when")
    if minutes:
        return "0 * * * *" if count == whole else f"*/{count} * * * *" if count > 1 else "* * * * *"
    return "0 0 * * *" if count == whole else f"0 */{count} * * *" if count > 1 else "0 * * * *"


def _days(text: str) -> str | None:
    """The field of cron for some days; None where one of the words is no day."""
    words = [word for word in re.split(r"[,+&/ ]+|\bund\b|\band\b", text) if word and word not in ("and", "und", "on")]
    fields: list[str] = []
    for word in words:
        found = _day(word)
        if found is None:
            return None
        fields.append(found)
    if not fields:
        return None
    return "*" if "*" in fields else ",".join(sorted(set(fields)))


def _day(word: str) -> str | None:
    for form in (word, word.removesuffix("s"), word.removesuffix("en")):
        if form in _GROUPS:
            return _GROUPS[form]
        if form in _NUMBER_OF:
            return str(_NUMBER_OF[form])
    return None


def _clock(text: str) -> tuple[int, int]:
    """Hour and minute. Raises RequestError for a time that no clock shows."""
    if text in ("noon", "mittag"):
        return 12, 0
    if text in ("midnight", "mitternacht"):
        return 0, 0
    match = re.fullmatch(r"(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm|a\.m\.|p\.m\.)?\s*(?:uhr)?", text)
    if match is not None:
        hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").replace(".", "")
        if half and 1 <= hour <= 12:
            hour = hour % 12 + (12 if half == "pm" else 0)
            half = ""
        if hour < 24 and minute < 60 and not half:
            return hour, minute
    wrong = repr(text.strip()[:20])
    told = Wording("refused-clock", "No clock shows {time}. Write 9, 9:30, 9 pm or 21:30.", time=wrong)
    raise RequestError(told, field="when")


def _once(text: str, zone: str, now_ms: int) -> int | None:
    if match := _IN.fullmatch(text):
        count = int(match["count"]) if match["count"].isdecimal() else 1
        return now_ms + count * _UNITS[match["unit"][0]] * 60_000
    now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone_of(zone)).replace(tzinfo=None)
    if match := _DATE.fullmatch(text):
        form = "%Y-%m-%d" if "-" in match["date"] else "%d.%m.%Y"
        try:
            day = datetime.strptime(match["date"], form)  # noqa: DTZ007  a wall clock has no zone
        except ValueError:
            raise RequestError(
                Wording("refused-day", "There is no day {date}.", date=match["date"]), field="when"
            ) from None
        return _at(day, match["clock"], zone)
    if match := _NEXT.fullmatch(text):
        named = match["day"] or ""
        word = re.sub(r"^(?:on|am|next)\s+", "", named).strip()
        if word in ("tomorrow", "morgen"):
            return _at(now + timedelta(days=1), match["clock"], zone)
        if word and word not in ("today", "tonight", "heute") and word not in _NUMBER_OF:
            return None
        for ahead in range(9):
            day = now + timedelta(days=ahead)
            if word in _NUMBER_OF and day.isoweekday() % 7 != _NUMBER_OF[word]:
                continue
            at_ms = _at(day, match["clock"], zone)
            if at_ms > now_ms or word in ("today", "tonight", "heute"):
                return at_ms
    return None


def _at(day: datetime, clock: str, zone: str) -> int:
    """That time of that day; where the clock leaps over it, the first moment after the leap."""
    hour, minute = _clock(clock)
    cron = f"{minute} {hour} {day.day} {day.month} *"
    midnight = day.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=zone_of(zone))
    return next_after(cron, zone, int(midnight.timestamp() * 1000) - 1)
