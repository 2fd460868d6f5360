"""What lines tell: subjects without names, highlights, quotes without markup, and what may be told where."""

from __future__ import annotations

from core.cron import zone_of
from schedules.activity import activity
from schedules.job import Channel
from schedules.talk import Talk, escaped, highlights, names_nobody, quoted, takes_up, tellable, topics
from tests.support.staged_world import HOUR_MS, NOW_MS, line

HERE = Channel(id="1", name="general")


def talk(*texts: str, name: str = "Ada") -> Talk:
    return Talk(HERE, tuple(line(text, 60 - at, name) for at, text in enumerate(texts)))


def test_subjects_are_what_most_people_speak_of_and_words_that_belong_together_are_one() -> None:
    found = topics(
        [
            talk("The lantern hall hums", "I like the lantern hall", "pickles pickles pickles"),
            talk("Meet me at the lantern hall with pickles", name="Bruno"),
        ]
    )
    assert found[:2] == ("lantern hall", "pickles")
    assert "hall" not in found


def test_no_name_is_a_subject_nor_are_links_or_filler() -> None:
    found = topics(
        [
            talk("Ada knows Bruno, Bruno knows Ada", "really something would https://ada.example/bruno"),
            talk("bruno bruno", name="Bruno"),
        ]
    )
    assert found == ("knows",)


def test_what_others_liked_is_pointed_at_in_the_order_of_time() -> None:
    lines = (
        line("first things first here", 50),
        line("the liked one is this", 40, reactions=5),
        line("ok", 30, reactions=9),
        line("asked and answered twice", 20, replies=2),
    )
    found = highlights(Talk(HERE, lines), 2, "medium")
    assert [one.text for one in found] == ["the liked one is this", "asked and answered twice"]


def test_a_quote_has_no_markup_no_mention_and_no_link_but_ours() -> None:
    nasty = line("**bold** <@123> [click](https://evil.example) `code`\n# big", name="Al*x")
    told = quoted(nasty, "600", "1")
    assert told.startswith(r"**Al\*x**: \*\*bold\*\* \<\@123\>")
    assert told.count("](") == 1
    assert "evil.example" not in told
    assert told.endswith(f"[↗](https://discord.com/channels/600/1/{nasty.message_id})")
    assert escaped("see http://x.example") == "see http:\u200b//x.example"


def test_a_long_line_is_cut_at_a_word() -> None:
    told = quoted(line("wonderful " * 40), "600", "1")
    assert "wonderful… [↗]" in told
    assert len(told) < 260


def test_what_is_private_or_for_adults_is_told_only_where_it_was_said() -> None:
    private, adults = Channel(id="2", name="staff", public=False), Channel(id="3", name="dark", age_gated=True)
    everywhere = (HERE, private, adults)
    assert tellable(everywhere, HERE) == (HERE,)
    assert tellable(everywhere, private) == (HERE, private)
    assert tellable(everywhere, adults) == (HERE, adults)


def test_names_are_found_as_words_only() -> None:
    assert names_nobody("The canada goose", ["Ada"])
    assert not names_nobody("ada said so", ["Ada"])


def test_a_text_about_something_else_or_about_knowing_nothing_is_not_used() -> None:
    asked = "Say in one sentence what the day was about."
    facts = ("People talked about: wormholes, pickles.",)
    assert takes_up("It was all about pickles today, kiddo.", asked, facts)
    assert not takes_up("Whoa, my cape is flapping! Dusty ducks can wait.", asked, facts)
    assert not takes_up("Pickles? I do not know that one.", asked, facts)
    lore = ("The Market Disk has 90 stalls and opens for 9 hours a day. Its stall sells bottled thunder.",)
    assert takes_up("Ninety stalls, and one of them sells thunder!", "Tell of the market.", lore)
    assert not takes_up("Once I met a stubborn clockmaker who sells trains.", "Tell of the market.", lore)
    assert takes_up("Good that you came!", "Greet somebody.", ())
    assert not takes_up("I have no answer to that.", "Greet somebody.", ())


class TestActivity:
    def test_hours_are_those_on_the_clock_there_also_when_it_changes(self) -> None:
        zone = zone_of("Europe/Berlin")
        end_ms = 1_774_778_400_000  # Sunday, 29 March 2026, 12:00 there; 02:00 to 03:00 was left out
        found = activity([("general", [end_ms - 1, end_ms - 10 * HOUR_MS])], end_ms, zone)
        assert (found.hour(23), found.hour(14)) == (11, 1)
        assert [found.hour(at) for at in (13, 14, 15, 16)] == [0, 1, 3, 4]
        assert sum(found.totals) == 2

    def test_what_is_outside_the_day_does_not_count(self) -> None:
        found = activity([("general", [NOW_MS, NOW_MS - 24 * HOUR_MS - 1]), ("quiet", [])], NOW_MS, zone_of("UTC"))
        assert found.counts == ()
        assert sum(found.totals) == 0

    def test_many_channels_share_a_colour(self) -> None:
        times = [(f"c{at}", [NOW_MS - 1] * (at + 1)) for at in range(9)]
        found = activity(times, NOW_MS, zone_of("UTC"), "others")
        assert [name for name, _ in found.counts] == ["c8", "c7", "c6", "c5", "c4", "others"]
        assert found.totals[23] == sum(range(1, 10))
