"""What a guild may set: how values are typed, what is refused and how that is said, and quiet hours on the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.guild_settings import NAMES, GuildSettings, QuietHours, changed, help_of, kind_of
from core.errors import RequestError
from tests.support.cast import make_pack

PACK = make_pack()


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("relevance", "0.25", 0.25),
        ("relevance_running", "-1", -1.0),
        ("random_chance", " 0 ", 0.0),
        ("mention_cooldown_s", "10", 10.0),
        ("conversation_s", "86400", 86_400.0),
        ("rag", "off", False),
        ("vlm", "On", True),
        ("proactive", "no", False),
        ("content_filter", "High", "high"),
        ("default_persona", "Olga", "olga"),
        ("personas", "Olga, glordon", ("olga", "glordon")),
        ("personas", "-Elio", ("glordon", "olga")),
        ("personas", "*", ()),
        ("personas", "elio, glordon, olga", ()),  # that is everybody, also whoever joins the pack later
        ("allowed_channels", "1 2,3, 2", ("1", "2", "3")),
        ("allowed_channels", "*", ("*",)),
        ("auto_reply_channels", "none", ()),
        ("quiet_hours", "22:00-07:00", "22:00-07:00"),
        ("quiet_hours", "9:05 - 12:00", "09:05-12:00"),
        ("time_zone", "europe/berlin", "Europe/Berlin"),
        ("time_zone", "America/New York", "America/New_York"),
    ],
)
def test_values_are_taken_as_people_type_them(name: str, typed: str, value: object) -> None:
    assert getattr(changed(GuildSettings(), name, typed, PACK), name) == value


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("relevance", "many", "relevance cannot be 'many'"),
        ("relevance", "1.1", "less than or equal to 1"),
        ("random_chance", "nan", "0 to 1"),
        ("keyword_cooldown_s", "-1", "0 to 86400"),
        ("rag", "perhaps", "on or off"),
        ("content_filter", "strict", "'off', 'low', 'medium' or 'high'"),
        ("default_persona", "Olge", "Did you mean olga"),
        ("personas", "Nobody", "There are: elio, glordon, olga"),
        ("personas", "-elio, -glordon, -olga", "Somebody has to be left"),
        ("personas", "+olga, elio", "begin every member with"),
        ("allowed_channels", "general", "allowed_channels cannot be 'general'"),
        ("allowed_channels", "+5", "name those that it should hold"),
        ("allowed_channels", " , ", "at least one"),
        ("allowed_channels", " ".join(map(str, range(51))), "at most 50"),
        ("quiet_hours", "late", "write it as 22:00-07:00"),
        ("quiet_hours", "24:00-07:00", "write it as 22:00-07:00"),
        ("quiet_hours", "07:00-07:00", "proactive off"),
        ("time_zone", "Europe/Berlyn", "Europe/Berlin"),
        ("time_zone", "x", "Europe/Berlin"),
        ("relevence", "0.1", "Did you mean relevance"),
        ("id", "1", "There is no setting"),
    ],
)
def test_what_is_wrong_is_named_with_the_fix(name: str, typed: str, told: str) -> None:
    with pytest.raises(RequestError) as refused:
        changed(GuildSettings(), name, typed, PACK)
    assert told in refused.value.message


def test_lists_grow_and_shrink_from_what_holds_now() -> None:
    settings = changed(GuildSettings(), "auto_reply_channels", "+3", PACK, inherited=("1", "2"))
    assert settings.auto_reply_channels == ("1", "2", "3")
    settings = changed(settings, "auto_reply_channels", "-1 -9", PACK, inherited=("1", "2"))
    assert settings.auto_reply_channels == ("2", "3")
    assert changed(settings, "auto_reply_channels", None, PACK) == GuildSettings()


def test_the_default_persona_is_one_who_may_speak() -> None:
    settings = changed(GuildSettings(), "default_persona", "olga", PACK)
    with pytest.raises(RequestError, match="default_persona olga is not among personas"):
        changed(settings, "personas", "elio", PACK)
    settings = changed(settings, "personas", "olga, elio", PACK)
    with pytest.raises(RequestError, match="glordon is not among personas"):
        changed(settings, "default_persona", "glordon", PACK)
    cast = settings.cast(PACK)
    assert ([one.id for one in cast.personas], cast.default_persona) == (["elio", "olga"], "olga")
    assert cast.match_keyword("a potato") is None


def test_a_cast_that_left_the_pack_silences_nobody() -> None:
    assert [one.id for one in GuildSettings(personas=("gone",)).cast(PACK).personas] == ["elio", "glordon", "olga"]
    assert GuildSettings(default_persona="gone").cast(PACK).default_persona == "elio"
    assert GuildSettings(personas=("olga", "gone")).cast(PACK).default_persona == "olga"
    assert GuildSettings().cast(PACK) is PACK


def test_every_setting_has_help_that_discord_can_show() -> None:
    for name in NAMES:
        assert kind_of(name)
        assert 10 < len(help_of(name)) <= 100


def test_settings_of_another_version_keep_what_is_known() -> None:
    assert GuildSettings.model_validate({"rag": False, "unknown": 3}) == GuildSettings(rag=False)


def at(zone: str, *clock: int, fold: int = 0) -> int:
    return int(datetime(*clock, tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("hours", "zone", "clock", "quiet"),
    [
        ("22:00-07:00", "UTC", (2026, 5, 1, 21, 59), False),
        ("22:00-07:00", "UTC", (2026, 5, 1, 22, 0), True),
        ("22:00-07:00", "UTC", (2026, 5, 1, 0, 0), True),
        ("22:00-07:00", "UTC", (2026, 5, 1, 6, 59), True),
        ("22:00-07:00", "UTC", (2026, 5, 1, 7, 0), False),
        ("12:00-13:30", "Asia/Kolkata", (2026, 5, 1, 13, 29), True),
        ("12:00-13:30", "Asia/Kolkata", (2026, 5, 1, 13, 30), False),
        # the clock on the wall counts, in summer and in winter
        ("22:00-07:00", "Europe/Berlin", (2026, 7, 1, 6, 59), True),
        ("22:00-07:00", "Europe/Berlin", (2026, 1, 1, 6, 59), True),
        ("22:00-07:00", "Europe/Berlin", (2026, 1, 1, 7, 0), False),
    ],
)
def test_quiet_hours(hours: str, zone: str, clock: tuple[int, ...], quiet: bool) -> None:
    settings = GuildSettings(quiet_hours=hours, time_zone=zone)
    assert settings.quiet is not None
    assert settings.quiet.covers(at(zone, *clock)) is quiet


def test_quiet_hours_when_the_clock_is_changed() -> None:
    night = QuietHours(2 * 60, 3 * 60, "Europe/Berlin")
    # 25 October 2026: 02:30 is there twice and quiet both times; 03:00 ends it
    assert night.covers(at("Europe/Berlin", 2026, 10, 25, 2, 30, fold=0))
    assert night.covers(at("Europe/Berlin", 2026, 10, 25, 2, 30, fold=1))
    assert not night.covers(at("Europe/Berlin", 2026, 10, 25, 3, 0))
    # 29 March 2026: from 01:59 the clock goes to 03:00, so that there is nothing to be quiet in
    before = at("Europe/Berlin", 2026, 3, 29, 1, 59)
    assert not night.covers(before)
    assert not night.covers(before + 60_000)


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 2_000_000_000))
def test_a_day_is_divided_into_quiet_and_the_rest(start: int, end: int, second: int) -> None:
    if start != end:
        one, other = QuietHours(start, end, "UTC"), QuietHours(end, start, "UTC")
        assert one.covers(second * 1000) is not other.covers(second * 1000)


def test_a_zone_that_this_machine_lacks_is_utc() -> None:
    noon = int(datetime(2026, 5, 1, 12, tzinfo=UTC).timestamp() * 1000)
    assert QuietHours(11 * 60, 13 * 60, "Mars/Olympus").covers(noon)
