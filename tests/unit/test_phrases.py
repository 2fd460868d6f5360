"""Times as people write them, in English and German."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import RequestError
from core.phrases import cron_of, when_of

NOW = int(datetime(2026, 11, 27, 16, 0, tzinfo=UTC).timestamp() * 1000)  # a Friday, 17:00 in Berlin


@pytest.mark.parametrize(
    ("phrase", "cron"),
    [
        ("every weekday at 9", "0 9 * * 1-5"),
        ("every 4 hours", "0 */4 * * *"),
        ("on Sundays at 3:30", "30 3 * * 0"),
        ("Every Monday and Thursday at 6 pm", "0 18 * * 1,4"),
        ("mon, wed & fri at noon", "0 12 * * 1,3,5"),
        ("daily at 12 am", "0 0 * * *"),
        ("hourly", "0 * * * *"),
        ("every 30 minutes", "*/30 * * * *"),
        ("on the 1st at 9", "0 9 1 * *"),
        ("on weekends at 10", "0 10 * * 0,6"),
        ("jeden Werktag um 9", "0 9 * * 1-5"),
        ("alle 4 Stunden", "0 */4 * * *"),
        ("sonntags um 3:30 Uhr", "30 3 * * 0"),
        ("täglich um 10", "0 10 * * *"),
        ("30 9 * * 1-5", "30 9 * * 1-5"),
    ],
)
def test_phrases(phrase: str, cron: str) -> None:
    assert cron_of(phrase) == cron


@pytest.mark.parametrize(
    ("phrase", "wrong"),
    [
        ("every 5 hours", "1, 2, 3, 4, 6, 8, 12"),
        ("every day at 25", "No clock shows"),
        ("every blah at 9", "no time that I understand"),
        ("every day", "no time that I understand"),
        ("on the 31st at 13 pm", "No clock shows"),
    ],
)
def test_what_is_wrong_is_told(phrase: str, wrong: str) -> None:
    with pytest.raises(RequestError, match=wrong):
        cron_of(phrase)


@pytest.mark.parametrize(
    ("phrase", "at"),
    [
        ("in 20 minutes", "2026-11-27 16:20"),
        ("in einer Stunde", "2026-11-27 17:00"),
        ("tomorrow at 9", "2026-11-28 08:00"),
        ("morgen um 9", "2026-11-28 08:00"),
        ("at 18:30", "2026-11-27 17:30"),
        ("at 9", "2026-11-28 08:00"),
        ("on Sunday at 10", "2026-11-29 09:00"),
        ("friday at 16:30", "2026-12-04 15:30"),
        ("2026-12-24 18:00", "2026-12-24 17:00"),
        ("24.12.2026 um 18 Uhr", "2026-12-24 17:00"),
    ],
)
def test_moments_by_the_clock_of_the_server(phrase: str, at: str) -> None:
    when = when_of(phrase, "Europe/Berlin", NOW)
    assert (datetime.fromtimestamp(when.at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M"), when.cron) == (at, None)


def test_what_comes_again() -> None:
    when = when_of("every weekday at 9", "Europe/Berlin", NOW)
    assert (when.cron, when.at_ms) == ("0 9 * * 1-5", NOW + (2 * 24 + 16) * 3_600_000)


@pytest.mark.parametrize(
    ("phrase", "wrong"),
    [
        ("today at 3", "over already"),
        ("2025-12-24 18:00", "over already"),
        ("in 9999 weeks", "more than a year"),
        ("2026-13-01 10:00", "no day"),
        ("some day", "in 20 minutes"),
    ],
)
def test_moments_that_are_none(phrase: str, wrong: str) -> None:
    with pytest.raises(RequestError, match=wrong):
        when_of(phrase, "Europe/Berlin", NOW)
