"""In each channel that the job posts in, what was said there within the day, with links to the messages."""

from __future__ import annotations

import asyncio

from core.cron import zone_of
from core.personas import Pack
from core.wording import Wording
from schedules.activity import activity
from schedules.job import Card, Channel, Job, Made, Post, Say, Silence, Slot, World
from schedules.jobs.daily_digest import introduction
from schedules.staging import DAY_MS, NOWHERE, up_to
from schedules.talk import Talk, about_whom, escaped, highlights, quoted, topics, whole

NAME = "channel_summary"
LEAST_LINES = 8
MOST_CHANNELS = 3
_HIGHLIGHTS = 4


async def make(slot: Slot, world: World) -> Made:
    """A summary for each of the channels with most to sum up; silent where there is none."""
    channels = await world.channels()
    if not channels:
        return NOWHERE
    since_ms = slot.at_ms - DAY_MS
    active = set(await world.active_since(since_ms))
    busy = [one for one in channels if one.id in active]
    said = await asyncio.gather(*(world.lines(one.id, since_ms) for one in busy))
    found = [Talk(one, up_to(slot, lines)) for one, lines in zip(busy, said, strict=True)]
    worth = [talk for talk in found if len(talk.people) >= LEAST_LINES]
    worth.sort(key=lambda talk: (-len(talk.people), talk.channel.id))
    if not worth:
        return Silence(
            Wording("silent-summary", "Nowhere were {least} lines said that may be told of.", least=LEAST_LINES)
        )
    say = await world.words()
    return tuple(
        [await _summary(slot, world, talk, await world.cast(talk.channel.id), say) for talk in worth[:MOST_CHANNELS]]
    )


async def _summary(slot: Slot, world: World, talk: Talk, pack: Pack, say: Say) -> Post:
    here: Channel = talk.channel
    about = topics([talk], 5, [one.name for one in pack.personas])
    level, zone = await world.filter_level(), zone_of((await world.settings()).time_zone or "UTC")
    times = [(here.name, [line.at_ms for line in talk.people])]
    picture = activity(times, slot.at_ms, zone)
    people = len({line.author_id for line in talk.people})
    counted = say("post-counted", lines=len(talk.people), people=people)
    title = say("post-summary-title", channel=here.name)
    told = whole((f"• {quoted(line, slot.guild_id, here.id)}" for line in highlights(talk, _HIGHLIGHTS, level)), 2500)
    return Post(
        channel_id=here.id,
        persona_id=pack.default_persona,
        text=await introduction(world, pack.default_persona, [talk], about, say),
        picture=await world.draw(lambda letters: picture.draw(letters, title, counted)),
        alt=say(
            "post-activity-alt",
            lines=len(talk.people),
            most=max(picture.totals),
            hour=f"{picture.hour(picture.busiest)}:00",
        ),
        card=Card(
            title=title,
            description=f"{say('post-topics', topics=', '.join(map(escaped, about)))}\n\n{told}",
            footer=say("post-summary-footer", lines=len(talk.people), people=people),
        ),
        fingerprint=f"{here.id}:{slot.at_ms // DAY_MS}",
        about=about_whom([talk]),
    )


JOB = Job(
    name=NAME,
    title="Channel summary",
    cron="0 23 * * *",
    make=make,
    misfire="run_once",
    deadline_s=240.0,
    jitter_s=120.0,
)
