"""What links and pictures were sent on the server, in one list, so that nobody has to scroll for them.

It lists them; it does not open a link.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from core.content_filter import default_filter
from schedules.job import Card, Job, Made, Post, Say, Silence, Slot, World
from schedules.staging import HOUR_MS, NOWHERE, chance, level_of, place, talks
from schedules.talk import Talk, about_whom, escaped, jump

NAME = "media_sweep"
HOURS = 6
MOST_LINKS, MOST_PICTURES = 8, 5


async def make(slot: Slot, world: World) -> Made:
    """The list of the six hours before the slot; silent where nobody sent anything."""
    here = await place(slot, world)
    if here is None:
        return NOWHERE
    found = await talks(slot, world, here, slot.at_ms - HOURS * HOUR_MS)
    level = await level_of(world)
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
        return Silence(f"Nobody sent a link or a picture within {HOURS} hours.")
    say, pack = await world.words(), await world.cast()
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
            footer=say("post-media-footer", hours=HOURS),
        ),
        fingerprint=f"{slot.at_ms // (HOURS * HOUR_MS)}",
        about=about_whom(found),
    )


def _fields(links: dict[str, list[str]], pictures: list[str], say: Say) -> tuple[tuple[str, str], ...]:
    fields = []
    if links:
        often = sorted(links.items(), key=lambda one: -len(one[1]))[:MOST_LINKS]
        told = "\n".join(f"• `{_host(url)}` {say('post-media-times', count=len(who))} {who[0]}" for url, who in often)
        fields.append((say("post-media-links", count=len(links)), told[:1000]))
    if pictures:
        fields.append((say("post-media-pictures", count=len(pictures)), "\n".join(pictures[:MOST_PICTURES])[:1000]))
    return tuple(fields)


def _who(talk: Talk, name: str) -> str:
    return f"**{escaped(name)}** (#{escaped(talk.channel.name)})"


def _host(url: str) -> str:
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return f"{(parts.hostname or '').removeprefix('www.')}{path}"[:60].replace("`", "")


JOB = Job(name=NAME, title="Media sweep", cron="0 */6 * * *", make=make, jitter_s=300.0)
