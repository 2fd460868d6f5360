"""What links and pictures were sent on the server, in one list, so that nobody has to scroll for them.

It lists them; it does not open a link.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from core.content_filter import default_filter
from core.wording import Wording
from schedules.job import Card, Job, Made, Post, Say, Silence, Slot, World
from schedules.staging import HOUR_MS, NOWHERE, chance, last, place, talks
from schedules.talk import Talk, about_whom, escaped, jump, whole

NAME = "media_sweep"
HOURS, MOST_HOURS = 6, 48
MOST_LINKS, MOST_PICTURES = 8, 5


async def make(slot: Slot, world: World) -> Made:
    """The list of the time between the last one and the slot; silent where nobody sent anything."""
    here = await place(slot, world)
    if here is None:
        return NOWHERE
    since_ms = await _since_ms(slot, world)
    hours = max(1, round((slot.at_ms - since_ms) / HOUR_MS))
    found = await talks(slot, world, here, since_ms)
    level = await world.filter_level()
    clean = default_filter()
    links: dict[str, list[str]] = {}
    pictures, count = [], 0
    for talk in found:
        for line in talk.people:
            link = jump(slot.guild_id, talk.channel.id, line.message_id)
            for url in line.links:
                if clean.verdict(url, level) is None:
                    links.setdefault(url, []).append(f"{_who(talk, line.speaker)} [↗]({link})")
            if line.pictures:
                count += line.pictures
                pictures.append((line.reactions, f"{_who(talk, line.speaker)} × {line.pictures} [↗]({link})"))
    if not links and not pictures:
        return Silence(Wording("silent-media", "Nobody sent a link or a picture within {hours} hours.", hours=hours))
    say, pack = await world.words(), await world.cast(here.id)
    persona = chance(slot).choice(pack.personas)
    hosts = ", ".join(dict.fromkeys(_host(url) for url in links))
    facts = (f"{len(links)} links were shared ({hosts}) and {count} pictures.",)
    text = await world.write(persona.id, "Announce in one sentence that you collected what people shared.", facts, 30)
    return Post(
        channel_id=here.id,
        persona_id=persona.id,
        text=text or say("post-media-intro", links=len(links), pictures=count),
        card=Card(
            title=say("post-media-title"),
            fields=_fields(links, [told for _, told in sorted(pictures, key=lambda one: -one[0])], say),
            footer=say("post-media-footer", hours=hours),
        ),
        fingerprint=str(slot.at_ms),
        about=about_whom(found),
    )


async def _since_ms(slot: Slot, world: World) -> int:
    """The slot of the last list, or else six hours before this one."""
    before = await last(world, NAME, slot)
    if before is None:
        return slot.at_ms - HOURS * HOUR_MS
    return max(int(before.fingerprint), slot.at_ms - MOST_HOURS * HOUR_MS)


def _fields(links: dict[str, list[str]], pictures: list[str], say: Say) -> tuple[tuple[str, str], ...]:
    fields = []
    if links:
        often = sorted(links.items(), key=lambda one: -len(one[1]))[:MOST_LINKS]
        told = whole(f"• `{_host(url)}` {say('post-media-times', count=len(who))} {who[0]}" for url, who in often)
        fields.append((say("post-media-links", count=len(links)), told))
    if pictures:
        fields.append((say("post-media-pictures", count=len(pictures)), whole(pictures[:MOST_PICTURES])))
    return tuple(fields)


def _who(talk: Talk, name: str) -> str:
    return f"**{escaped(name)}** (#{escaped(talk.channel.name)})"


def _host(url: str) -> str:
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return f"{(parts.hostname or '').removeprefix('www.')}{path}"[:60].replace("`", "")


JOB = Job(name=NAME, title="Media sweep", cron="0 */6 * * *", make=make, jitter_s=300.0)
