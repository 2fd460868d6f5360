"""The twelve jobs on a staged server: what each makes, with a model and without, and when it keeps silent."""

from __future__ import annotations

import io
import itertools
from dataclasses import replace

import pytest
from PIL import Image

from actors.scenes import Scene
from schedules.catalog import load_jobs
from schedules.job import Made, Post, Propose, RevealScene, Silence, Standing, StartGame, StartScene
from schedules.memes import TEMPLATES
from tests.support.staged_world import (
    ADULTS,
    GAMES,
    GENERAL,
    HOUR_MS,
    NOW_MS,
    STAFF,
    StagedWorld,
    as_world,
    chatter,
    line,
    slot,
)

JOBS = load_jobs()
DAY_MS = 24 * HOUR_MS
_SYLLABLES = ("brav", "char", "delt", "echo", "foxt", "golf", "hote", "indi", "juli")
DUE = Scene(id="1", scenario_id="the-missing-peel-crown", opened_ms=1, ends_ms=NOW_MS - 1, guild_id="600")


def lively() -> StagedWorld:
    """A server where everything has something to tell, and nobody spoke in the last half hour."""
    world = StagedWorld(said={GENERAL: chatter("wormholes")}, leaders=(Standing(name="Ada", points=9, user_id="1"),))
    shared = line("look at https://example.org/bread?x=1", 40, "Bruno", links=("https://example.org/bread?x=1",))
    world.said[GAMES] = [shared, line("", 35, "Chiyo", pictures=2)]
    world.scenes[GAMES] = DUE
    return world


async def made(job: str, world: StagedWorld, at_ms: int = NOW_MS) -> Made:
    return await JOBS[job].make(slot(job, at_ms), as_world(world))


async def posts(job: str, world: StagedWorld, at_ms: int = NOW_MS) -> tuple[Post, ...]:
    found = await made(job, world, at_ms)
    assert not isinstance(found, Silence), found.reason
    return (found,) if isinstance(found, Post) else found


async def post(job: str, world: StagedWorld, at_ms: int = NOW_MS) -> Post:
    [found] = await posts(job, world, at_ms)
    return found


async def silence(job: str, world: StagedWorld) -> str:
    found = await made(job, world)
    assert isinstance(found, Silence)
    return found.reason


def text_of(one: Post) -> str:
    card = one.card
    parts = [one.text, card.title, card.description, card.footer] if card else [one.text]
    return "\n".join([*parts, *(f"{name}\n{value}" for name, value in (card.fields if card else ()))])


def test_there_are_the_twelve_of_the_table() -> None:
    assert {job.name: job.cron for job in JOBS.values()} == {
        "auto_scenario": "0 */4 * * *",
        "channel_summary": "0 23 * * *",
        "content_expansion": "0 */6 * * *",
        "daily_digest": "0 10 * * *",
        "dynamic_data": "0 3 * * 0",
        "media_sweep": "0 */6 * * *",
        "meme_drop": "0 */6 * * *",
        "mini_game": "0 */4 * * *",
        "persona_chat": "0 */2 * * *",
        "scenario_reveal": "* * * * *",
        "story_weave": "0 12 * * *",
        "world_builder": "0 0 * * *",
    }
    assert [job.name for job in JOBS.values() if job.default_on] == ["scenario_reveal"]


@pytest.mark.parametrize("name", JOBS)
async def test_each_makes_something_without_a_model_and_the_same_for_the_same_slot(name: str) -> None:
    first, again = await posts(name, lively()), await posts(name, lively())
    assert first == again
    assert all(one.text or one.picture for one in first)
    assert all(len(one.text) <= 2000 and one.channel_id in (GENERAL, GAMES) for one in first)
    for one in first:
        assert len(text_of(one)) < 5500  # of an embed Discord takes 6,000 characters
        assert all(
            value and len(value) <= 1024 and len(key) <= 256 for key, value in (one.card.fields if one.card else ())
        )
        assert bool(one.picture) == bool(one.alt)


@pytest.mark.parametrize("name", sorted({*JOBS} - {"scenario_reveal"}))
async def test_each_asks_the_model_and_says_what_it_wrote(name: str) -> None:
    world = lively()
    count = 0

    def model(persona_id: str, instruction: str, facts: tuple[str, ...]) -> str:
        nonlocal count
        count += 1
        return f"alpha{count} " + " ".join(f"{word}{'uvwxyz'[count % 6]}" for word in _SYLLABLES)

    world.model = model
    found = await posts(name, world)
    assert world.asked
    told = "\n".join(text_of(one) + one.alt for one in found)
    proposed = str(world.proposed)
    assert "alpha" in told + proposed


@pytest.mark.parametrize("name", JOBS)
async def test_none_of_them_posts_where_nothing_was_said_to_be_its_channel(name: str) -> None:
    world = lively()
    world.posts_in = ()
    found = await made(name, world)
    if name == "scenario_reveal":  # it posts where the scene is played
        assert isinstance(found, tuple)
        assert found[0].channel_id == GAMES
    else:
        assert isinstance(found, Silence)
        assert "no channel" in found.reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("daily_digest", "Only 0 lines"),
        ("channel_summary", "Nowhere"),
        ("media_sweep", "Nobody sent"),
        ("content_expansion", "Nobody talked"),
        ("scenario_reveal", "No scene is due"),
    ],
)
async def test_after_a_quiet_day_there_is_nothing_to_tell(name: str, reason: str) -> None:
    assert (await silence(name, StagedWorld())).startswith(reason)


@pytest.mark.parametrize("name", ["persona_chat", "meme_drop", "mini_game", "story_weave", "auto_scenario"])
async def test_what_needs_no_talk_goes_by_the_lore(name: str) -> None:
    assert await posts(name, StagedWorld())


class TestDigest:
    async def test_it_links_to_what_others_liked_and_counts_the_rest(self) -> None:
        world = lively()
        world.said[GENERAL].append(line("The *best* bread of all @everyone", 31, "Bruno", reactions=9, replies=3))
        found = await post("daily_digest", world)
        told = text_of(found)
        assert r"**Bruno**: The \*best\* bread of all \@everyone [↗](https://discord.com/channels/600/701/" in told
        assert "15 lines by 3 people" in told
        assert "🥇 **Ada** · 9 points" in told
        assert found.picture is not None
        assert Image.open(io.BytesIO(found.picture)).size == (640, 260)
        assert "15 lines in all" in found.alt

    async def test_what_not_everybody_can_read_is_not_told_elsewhere(self) -> None:
        world = lively()
        world.said[STAFF] = [line("The secret is the salt", 33, "Ada", reactions=50)]
        world.said[ADULTS] = [line("The bread was naked", 33, "Ada", reactions=50)]
        told = text_of(await post("daily_digest", world))
        assert "secret" not in told
        assert "naked" not in told
        world.posts_in = (STAFF,)
        assert "secret" in text_of(await post("daily_digest", world))

    async def test_a_text_that_names_somebody_is_not_said_since_it_would_be_remembered(self) -> None:
        world = lively()
        world.model = lambda *_: "Ada baked all day."
        assert (await post("daily_digest", world)).text.startswith("Here is what the last day brought")

    async def test_the_model_is_told_of_subjects_and_not_of_people(self) -> None:
        world = lively()
        await posts("daily_digest", world)
        assert not any(name in str(world.asked) for name in ("Ada", "Bruno", "Chiyo"))

    async def test_what_the_filter_catches_is_not_pointed_at(self) -> None:
        world = lively()
        world.said[GENERAL].append(line("I will kill you, you bastard, tonight", 31, "Bruno", reactions=99))
        assert "kill you" not in text_of(await post("daily_digest", world))

    async def test_it_speaks_the_language_of_the_server(self) -> None:
        world = lively()
        world.locale = "de"
        assert "Worum es ging" in text_of(await post("daily_digest", world))


async def test_a_post_knows_whom_it_is_about() -> None:
    world = lively()
    world.posts_in = (GENERAL, GAMES)
    world.said[GAMES].append(line("no link", 35, "Dora"))
    assert (await post("daily_digest", world)).about == ("1", "id-Ada", "id-Bruno", "id-Chiyo", "id-Dora")
    assert (await post("channel_summary", world)).about == ("id-Ada", "id-Bruno", "id-Chiyo")
    assert (await post("media_sweep", world)).about == ("id-Ada", "id-Bruno", "id-Chiyo", "id-Dora")


async def test_a_summary_is_of_its_channel_alone_and_there_are_three_at_most() -> None:
    world = lively()
    world.posts_in = (GENERAL, GAMES)
    found = await post("channel_summary", world)  # in #games too little was said
    assert found.channel_id == GENERAL
    assert "/600/701/" in text_of(found)
    assert "/600/702/" not in text_of(found)


async def test_the_sweep_lists_links_once_with_who_was_first_and_opens_none() -> None:
    world = lively()
    world.said[GAMES].append(line("again", 20, "Ada", links=("https://example.org/bread?x=1",)))
    told = text_of(await post("media_sweep", world))
    assert "`example.org/bread` 2 times, first by **Bruno** (#games)" in told
    assert "**Chiyo** (#games) × 2" in told
    assert "Nobody has opened" in told


async def test_a_sweep_goes_back_to_the_one_before_it_and_not_beyond_its_slot() -> None:
    world = lively()
    first = await post("media_sweep", world)
    assert "The last 6 hours" in text_of(first)
    world.remember("media_sweep", first, NOW_MS + 60_000)
    world.said[GAMES].append(line("new", -30, "Ada", links=("https://example.org/new",)))
    world.said[GAMES].append(line("later", -90, "Ada", links=("https://example.org/later",)))
    second = text_of(await post("media_sweep", world, NOW_MS + HOUR_MS))
    assert "example.org/new" in second
    assert "example.org/bread" not in second  # it was in the first
    assert "example.org/later" not in second  # it will be in the third
    assert "The last hour." in second


async def test_links_are_whole_however_much_is_quoted() -> None:
    world = lively()
    world.said = {GENERAL: [line(f"{number} {'wormholes [are] everywhere ' * 9}", 99 - number) for number in range(9)]}
    for name in ("daily_digest", "channel_summary"):
        told = text_of(await post(name, world))
        assert told.count("[↗](") == told.count("[↗](https://discord.com/channels/600/701/") > 1
        assert all(")" in part for part in told.split("[↗](")[1:])


async def test_only_the_cast_of_a_channel_speaks_there() -> None:
    for name in sorted({*JOBS} - {"scenario_reveal"}):
        world = lively()
        world.casts[GENERAL] = ("glordon", "elio")
        assert {one.persona_id for one in await posts(name, world)} <= {"glordon", "elio"}, name


async def test_content_is_expanded_with_another_passage_each_time_until_all_was_told() -> None:
    world, told = lively(), set()
    for number in range(40):
        found = await made("content_expansion", world, NOW_MS + number)
        if isinstance(found, Silence):
            assert "nothing more on" in found.reason
            break
        assert isinstance(found, Post)
        assert found.fingerprint not in told
        told.add(found.fingerprint)
        world.remember("content_expansion", found, NOW_MS)
    else:
        pytest.fail("it never ran out")
    assert told


class TestScenes:
    async def test_one_begins_that_was_not_there_lately(self) -> None:
        world, seen = lively(), set()
        for number in range(len(world.pack.scenarios)):
            found = await post("auto_scenario", world, NOW_MS + number * 4 * HOUR_MS)
            assert isinstance(found.action, StartScene)
            assert found.action.scenario_id not in seen
            assert world.pack.scenario(found.action.scenario_id).answer not in text_of(found)
            seen.add(found.action.scenario_id)
            world.remember("auto_scenario", found, NOW_MS + number * 4 * HOUR_MS)
        again = await post("auto_scenario", world, NOW_MS + 60 * DAY_MS)
        assert again.fingerprint in seen

    async def test_none_begins_while_one_runs(self) -> None:
        world = StagedWorld(scenes={GENERAL: replace(DUE, ends_ms=NOW_MS + 1)})
        assert "runs" in await silence("auto_scenario", world)

    async def test_an_opening_that_gives_the_answer_away_is_not_used(self) -> None:
        world = StagedWorld()
        answers = {one.cast[0]: one.answer for one in world.pack.scenarios}
        world.model = lambda persona_id, *_: answers[persona_id]
        found = await post("auto_scenario", world)
        scenario = world.pack.scenario(found.fingerprint)
        if answers[scenario.cast[0]] == scenario.answer:
            assert found.text == scenario.opening

    async def test_the_answer_is_told_when_it_is_due_and_once(self) -> None:
        world = lively()
        found = await post("scenario_reveal", world)
        assert isinstance(found.action, RevealScene)
        assert found.persona_id == "glordon"
        assert "baked crisp" in text_of(found)
        world.remember("scenario_reveal", found, NOW_MS)
        assert "told already" in await silence("scenario_reveal", world)

    async def test_one_that_was_stopped_is_not_told(self) -> None:
        world = StagedWorld(scenes={GAMES: replace(DUE, over=True)})
        assert await silence("scenario_reveal", world)


class TestMemes:
    async def test_a_week_of_them_has_no_two_alike(self) -> None:
        world, seen = lively(), set()
        world.draws = False
        for number in range(28):
            at_ms = NOW_MS + number * 6 * HOUR_MS
            found = await post("meme_drop", world, at_ms)
            assert found.alt not in seen
            seen.add(found.alt)
            world.remember("meme_drop", found, at_ms)
        prints = [one.fingerprint for _, one in world.before]
        assert len(set(prints)) == 28
        assert all(one.split(":")[0] != other.split(":")[0] for one, other in itertools.pairwise(prints))
        assert {one.split(":")[0] for one in prints} == {one.id for one in TEMPLATES}

    async def test_captions_of_the_model_are_drawn_where_they_are_usable(self) -> None:
        captions = iter(f"Bold words number {number}" for number in range(9))
        world = lively()
        world.model = lambda *_: next(captions)
        for number in range(12):
            found = await post("meme_drop", world, NOW_MS + number)
            if world.asked:
                assert "“Bold words number" in found.alt
                return
        pytest.fail("no template with places for captions came up")

    async def test_a_caption_that_is_too_long_is_not(self) -> None:
        world = lively()
        world.model, world.draws = (lambda *_: "word " * 40), False
        found = [await post("meme_drop", world, NOW_MS + number) for number in range(6)]
        assert world.asked
        assert not any("word word" in one.alt for one in found)


class TestGames:
    async def test_kinds_take_turns(self) -> None:
        world, kinds = lively(), []
        for number in range(3):
            found = await post("mini_game", world, NOW_MS + number)
            assert isinstance(found.action, StartGame)
            kinds.append(found.action.kind)
            world.remember("mini_game", found, NOW_MS + number)
        assert sorted(kinds) == ["riddle", "story", "trivia"]

    async def test_none_begins_while_one_runs(self) -> None:
        world = lively()
        world.playing.add(GENERAL)
        assert "runs" in await silence("mini_game", world)


class TestChat:
    async def test_the_cast_lets_people_talk(self) -> None:
        world = lively()
        world.said[GENERAL].append(line("wait for me", 5))
        assert "People are talking" in await silence("persona_chat", world)

    async def test_the_cast_lets_people_talk_who_want_nothing_of_theirs_told(self) -> None:
        world = lively()
        world.unread.append(line("wait for me", 5))
        assert "People are talking" in await silence("persona_chat", world)

    async def test_a_person_who_speaks_while_they_draft_ends_it(self) -> None:
        world = lively()

        def model(*_: object) -> str:
            world.said[GENERAL].append(line("hello?", 0))
            return "One more line about wormholes and other holes?"

        world.model = model
        assert "People are talking" in await silence("persona_chat", world)

    async def test_several_speak_in_turn_and_each_line_gives_way(self) -> None:
        found = await posts("persona_chat", lively())
        assert 2 <= len(found) <= 6
        assert all(one.yields for one in found)
        assert all(one.pause_s >= 4 for one in found[1:])
        speakers = [one.persona_id for one in found]
        assert all(one != other for one, other in itertools.pairwise(speakers))

    async def test_the_same_subject_is_not_talked_about_twice_within_a_day(self) -> None:
        world, first = lively(), None
        for number in range(4):
            found = await posts("persona_chat", world, NOW_MS + number)
            assert found[0].fingerprint not in {one.fingerprint for _, one in world.before}
            world.remember("persona_chat", found[0], NOW_MS + number)
            first = first or found


class TestStory:
    async def test_a_chapter_has_four_parts_by_four_and_the_next_goes_on_where_it_ended(self) -> None:
        world = lively()
        first = await posts("story_weave", world)
        assert len({one.persona_id for one in first}) == len(first) == 4
        assert first[0].card is not None
        assert first[0].card.title.startswith("Chapter 1: ")
        ended = first[0].fingerprint.split(":", 2)[2]
        world.remember("story_weave", first[0], NOW_MS)
        second = await posts("story_weave", world, NOW_MS + DAY_MS)
        assert second[0].card is not None
        assert second[0].card.title.casefold() == f"chapter 2: {ended}".casefold()

    async def test_of_several_drafts_what_goes_on_best_is_taken(self) -> None:
        world = lively()
        world.model = lambda persona_id, *_: (
            f"Then {persona_id} came along with ever new unheard words of {persona_id}."
        )
        found = await posts("story_weave", world)
        assert len(world.asked) >= 2 * len(found)  # several drafts for each part
        assert all(one.text.startswith(f"Then {one.persona_id} came") for one in found)

    async def test_without_talk_it_is_about_a_third_place(self) -> None:
        told = [text_of(one) for at in range(6) for one in await posts("story_weave", StagedWorld(), NOW_MS + at)]
        assert "cinnamon" not in " ".join(told)


class TestProposals:
    async def test_greetings_are_asked_for_with_something_of_the_lore(self) -> None:
        world = lively()
        await post("dynamic_data", world)
        facts = [facts for _, ask, facts in world.asked if ask.startswith("Greet")]
        texts = " ".join(" ".join(one.text.split()) for one in await world.documents())
        assert len(facts) == 2
        assert all(len(one) == 1 and one[0] in texts for one in facts)

    @pytest.mark.parametrize("name", ["world_builder", "dynamic_data"])
    async def test_nothing_is_posted_that_was_not_kept_before(self, name: str) -> None:
        world = lively()
        found = await post(name, world)
        [proposal] = world.proposed
        assert found.action == Propose(proposal_id=proposal.id)
        assert proposal.id == slot(name).id
        assert "Nothing of it is live" in text_of(found)

    async def test_lore_is_new_and_of_a_passages_length_and_invented_anew_each_night(self) -> None:
        world = lively()
        titles = set()
        for night in range(10):
            await post("world_builder", world, NOW_MS + night * DAY_MS)
            for one in world.proposed[-1].lore:
                assert 10 <= len(one.text.split()) <= 60
                assert "{" not in one.text + one.title
                titles.add(one.title)
        assert len(titles) >= 15

    async def test_the_week_brings_a_persona_a_scenario_and_greetings_out_of_the_documents(self) -> None:
        world, names = lively(), set()
        for week in range(8):
            found = await post("dynamic_data", world, NOW_MS + week * 7 * DAY_MS)
            proposal = world.proposed[-1]
            assert len(proposal.scenarios) == 1
            assert len(proposal.greetings) == 2
            if proposal.cards:
                assert "Speaks plainly and warmly" in text_of(found)
            assert f"||{proposal.scenarios[0].answer}||" in text_of(found)  # whoever approves sees all of it
            names |= {one for one in found.fingerprint.split(",") if one[:1].isupper()}
            world.remember("dynamic_data", found, NOW_MS + week * 7 * DAY_MS)
        assert {"Pell", "Yub", "Crumb"} <= names
        assert not names & {"Amaru", "Bertha", "Button"}  # a star, a spoon and a snail
        assert len({one.scenarios[0].id for one in world.proposed}) == 8

    async def test_what_the_model_writes_too_long_or_like_another_passage_is_not_proposed(self) -> None:
        world = lively()
        known = world.pack.lore[0].text
        world.model = lambda *_: known
        await post("world_builder", world)
        assert all(one.text != known for one in world.proposed[-1].lore)
