"""!persona: who answers in a direct message."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import fuzz, process
from rapidfuzz.utils import default_process

from bot.text_commands.call import Call, TextCommand
from core.errors import RequestError
from core.personas import Pack, Persona

_SURE = 80.0  # of 100: from here on a name is taken as somebody's with a typing error
_NEAR = 45.0
_CLEARLY = 10.0
_SHOWN = 5


async def run(call: Call) -> None:
    """`!persona <name>` has somebody answer here; without a name it tells who does."""
    pack = (await call.services.guilds.of(None)).pack
    channel = str(call.message.channel.id)
    if not call.rest:
        now = await call.services.actors.call("channel", channel, "persona", None)
        names = ", ".join(persona.name for persona in pack.personas)
        await call.answer(call.words("text-persona-now", name=_name(pack, now), names=names)[:2000])
        return
    meant = find(pack, call.rest)
    if len(meant) != 1:
        names = ", ".join(persona.name for persona in meant or pack.personas)
        key = "text-persona-near" if meant else "text-persona-unknown"
        raise RequestError(call.words(key, name=call.rest[:60], names=names)[:2000], field="persona")
    await call.services.actors.call("channel", channel, "set_persona", meant[0].id, None)
    await call.answer(call.words("text-persona-set", name=meant[0].name))


def find(pack: Pack, text: str) -> Sequence[Persona]:
    """Whom a name means, whatever its case and with typing errors: one persona where that is clear, else the near ones,
    the nearest first."""
    typed = default_process(text)
    names = {persona.id: [default_process(persona.name), default_process(persona.id)] for persona in pack.personas}
    for persona in pack.personas:
        if typed and typed in names[persona.id]:
            return (persona,)
    begun = [persona for persona in pack.personas if typed and persona.name.casefold().startswith(typed)]
    if len(begun) == 1:
        return begun
    scores = [
        (
            max((score for _, score, _ in process.extract(typed, names[persona.id], scorer=fuzz.ratio)), default=0.0),
            persona,
        )
        for persona in pack.personas
    ]
    ranked = sorted(scores, key=lambda one: -one[0])
    best, second = ranked[0], ranked[1] if len(ranked) > 1 else (0.0, ranked[0][1])
    if best[0] >= _SURE and best[0] - second[0] >= _CLEARLY:
        return (best[1],)
    return [persona for score, persona in ranked if score >= _NEAR][:_SHOWN]


def _name(pack: Pack, persona_id: str) -> str:
    return next((persona.name for persona in pack.personas if persona.id == persona_id), persona_id)


COMMAND = TextCommand("persona", "text-usage-persona", run)
