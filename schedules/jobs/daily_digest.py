"""What happened on the server within a day, with links to the messages, the leaders, and a picture of when it was."""

from __future__ import annotations

from collections.abc import Sequence

from core.cron import zone_of
from core.wording import Wording
from schedules.activity import activity
from schedules.job import Card, Job, Made, Post, Say, Silence, Slot, Standing, World
from schedules.staging import DAY_MS, NOWHERE, place, talks
from schedules.talk import Talk, about_whom, escaped, highlights, names_nobody, quoted, topics, whole

NAME = "daily_digest"
LEAST_LINES = 5
MOST_HIGHLIGHTS = 5
_MEDALS = ("🥇", "🥈", "🥉")


async def make(slot: Slot, world: World) -> Made:
    """The digest of the day before the slot; silent after a quiet one."""
    here = await place(slot, world)
    if here is None:
        return NOWHERE
    found = [talk for talk in await talks(slot, world, here, slot.at_ms - DAY_MS) if talk.people]
    lines = sum(len(talk.people) for talk in found)
    if lines < LEAST_LINES:
        said = (
            Wording("silent-one-line", "1 line was")
            if lines == 1
            else Wording("silent-lines", "{lines} lines were", lines=lines)
        )
        return Silence(
            Wording(
                "silent-digest",
                "Only {said} said that may be told of; a digest begins at {least}.",
                said=said,
                least=LEAST_LINES,
            )
        )
    pack, say, settings = await world.cast(here.id), await world.words(), await world.settings()
    people = len({line.author_id for talk in found for line in talk.people})
    about = topics(found, 5, [one.name for one in pack.personas])
    intro = await introduction(world, pack.default_persona, found, about, say)
    picture = activity(
        [(talk.channel.name, [line.at_ms for line in talk.people]) for talk in found],
        slot.at_ms,
        zone_of(settings.time_zone or "UTC"),
        say("post-other-channels"),
    )
    leaders = (await world.standings())[: len(_MEDALS)]
    title, counted = say("post-digest-title"), say("post-counted", lines=lines, people=people)
    return Post(
        channel_id=here.id,
        persona_id=pack.default_persona,
        text=intro,
        picture=await world.draw(lambda letters: picture.draw(letters, title, counted)),
        alt=say("post-activity-alt", lines=lines, most=max(picture.totals), hour=f"{picture.hour(picture.busiest)}:00"),
        card=Card(
            title=title,
            description=f"{counted}\n{say('post-topics', topics=', '.join(map(escaped, about)))}",
            fields=(
                *await _highlights(slot, world, found, say),
                *_leaders(leaders, say),
            ),
            footer=say("post-digest-footer"),
        ),
        fingerprint=f"{slot.at_ms // DAY_MS}",
        about=tuple(sorted({*about_whom(found), *(one.user_id for one in leaders)})),
    )


async def introduction(world: World, persona_id: str, found: list[Talk], about: tuple[str, ...], say: Say) -> str:
    """A sentence or two by a persona on what was talked about. It names nobody, since it is remembered."""
    facts = (f"People talked about: {', '.join(about)}.",)
    written = await world.write(persona_id, "Say in one or two sentences what the day was about.", facts, 40)
    names = {name for talk in found for name in talk.names}
    if written and names_nobody(written, names):
        return written
    return say("post-digest-intro", topic=about[0]) if about else say("post-digest-intro-plain")


async def _highlights(slot: Slot, world: World, found: list[Talk], say: Say) -> tuple[tuple[str, str], ...]:
    level = await world.filter_level()
    fields = []
    each = max(1, MOST_HIGHLIGHTS // min(len(found), MOST_HIGHLIGHTS))
    for talk in sorted(found, key=lambda one: -len(one.people))[:MOST_HIGHLIGHTS]:
        lines = highlights(talk, each, level)
        told = whole(quoted(line, slot.guild_id, talk.channel.id) for line in lines)
        name = say("post-channel", channel=talk.channel.name, lines=len(talk.people))
        fields.append((name, told or f"<#{talk.channel.id}>"))
    return tuple(fields)


def _leaders(first: Sequence[Standing], say: Say) -> tuple[tuple[str, str], ...]:
    if not first:
        return ()
    told = "\n".join(
        f"{medal} **{escaped(one.name)}** · {say('post-points', points=one.points)}"
        for medal, one in zip(_MEDALS, first, strict=False)
    )
    return ((say("post-leaders"), told),)


JOB = Job(
    name=NAME, title="Daily digest", cron="0 10 * * *", make=make, misfire="run_once", deadline_s=180.0, jitter_s=120.0
)
