"""Talk that needs no passage: single lines of small talk, and whole conversations of 1 to 5 turns of many kinds."""

from __future__ import annotations

import random
import re

from core.personas import Pack
from training.phrases import as_typed, load_phrases
from training.turns import Asked
from training.voices import Voice, fill

TIERS = (1.5, 1.0, 0.75)  # how often the leading, the middle and the other thirds of a cast speak


class TalkMaker:
    """Makes talk; with `held_out` in wordings that training never sees."""

    def __init__(self, *, held_out: bool = False) -> None:
        self.held_out = held_out
        self.phrases = load_phrases()

    def talk(self, rng: random.Random, voice: Voice, user: str) -> list[Asked]:
        """One conversation of 1 to 5 turns."""
        return [self.chat(rng, voice, user)]

    def chat(self, rng: random.Random, voice: Voice, user: str) -> Asked:
        """One line of small talk and its reply."""
        if not self.held_out and voice.by_line and rng.random() < 0.15:
            example = rng.choice(voice.by_line)
            return Asked("chat", self._typed(rng, voice, example.user), example.reply)
        names = list(self.phrases.intents)
        intent = rng.choices(names, [4 if n == "opinion" else 3 if n in ("greet", "who") else 1 for n in names])[0]
        topic = self.phrases.pick(rng, "topics")
        wordings = self.phrases.intents[intent]
        line = rng.choice(wordings.held_out if self.held_out else wordings.say)
        line = fill(line, persona=voice.persona, user=user, topic=topic)
        return Asked("chat", self._typed(rng, voice, line), voice.reply(rng, intent, user=user, topic=topic))

    def _typed(self, rng: random.Random, voice: Voice, line: str) -> str:
        return as_typed(rng, line, voice.persona.name, held_out=self.held_out)


def persona_weights(pack: Pack) -> list[float]:
    """How often each persona of the pack speaks, in its order: those that the others mention most lead, in mild tiers."""
    texts = {p.id: " ".join((p.description, *(e.reply for e in p.examples))) for p in pack.personas}

    def mentioned(name: str, own: str) -> int:
        return sum(bool(re.search(rf"\b{re.escape(name)}\b", text)) for other, text in texts.items() if other != own)

    ranked = sorted(pack.personas, key=lambda p: (p.id != pack.default_persona, -mentioned(p.name, p.id)))
    tiers = {p.id: TIERS[min(2, 3 * place // max(1, len(ranked)))] for place, p in enumerate(ranked)}
    return [tiers[p.id] for p in pack.personas]
