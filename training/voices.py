"""How personas talk: for every intent the lines that one of them may say.

The lines of a pack's persona come from its own file (examples, greeting, fallbacks), and from `flavour.yaml` in the
pack's folder where there is one. Its keys are the intents of phrases.yaml and
    lore     around a sentence of a passage, put at {lore}
    self     the same, where the sentence is about the persona
    unknown  when no passage holds the answer
    opener   before, and
    closer   after anything at all: a plain line between the two is in the persona's voice
What a persona has no line for is answered with a plain line of phrases.yaml.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from core.errors import PackError
from core.personas import Example, Pack, Persona, load_pack
from training.admits import admits
from training.phrases import Phrases, load_phrases
from training.worlds import random_name

FLAVOUR = "flavour.yaml"
OWN_KEYS = ("lore", "self", "unknown", "opener", "closer")
LONG_LINE = 26  # words; a longer line gets no closer, so that the reply does not run on
CLOSED_SHARE = 0.85
FRAMED_SHARE = 0.35  # of the replies that have lines of their own are a plain line in a frame all the same
_LINES = TypeAdapter(dict[str, dict[str, list[str]]])


@dataclass(frozen=True, slots=True)
class Voice:
    """A persona and its lines by intent. `by_line` holds its replies to lines that belong to no intent."""

    persona: Persona
    lines: Mapping[str, tuple[str, ...]]
    by_line: tuple[Example, ...] = ()

    def reply(self, rng: random.Random, intent: str, *, user: str, topic: str = "") -> str:
        """A line for the intent, with its slots filled."""
        own, plain = self.lines.get(intent), load_phrases().intents[intent].reply
        framed = not own or ("opener" in self.lines and rng.random() < FRAMED_SHARE)
        line = self.frame(rng, rng.choice(plain)) if framed or not own else rng.choice(own)
        return fill(line, persona=self.persona, user=user, topic=topic)

    def frame(self, rng: random.Random, line: str) -> str:
        """`line`, word for word, between an opener and a closer of this persona; as it is where it has none."""
        before, after = self.lines.get("opener", ("",)), self.lines.get("closer", ("",))
        opener = rng.choice(before)
        closer = rng.choice(after) if len(line.split()) < LONG_LINE and rng.random() < CLOSED_SHARE else ""
        return f"{_join(opener, line) if opener.endswith(',') else f'{opener} {line}'} {closer}".strip()

    def tell(self, rng: random.Random, sentence: str) -> str:
        """`sentence`, word for word, as this persona would bring it up."""
        about_self = "self" in self.lines and self.persona.name.lower() in sentence.lower()
        if not about_self and "opener" in self.lines and rng.random() < FRAMED_SHARE:
            return self.frame(rng, sentence)
        return rng.choice(self.lines["self" if about_self else "lore"]).replace("{lore}", sentence)

    def not_known(self, rng: random.Random, *, user: str) -> str:
        """That this persona does not know."""
        return fill(rng.choice(self.lines["unknown"]), persona=self.persona, user=user)


def fill(line: str, *, persona: Persona, user: str, topic: str = "") -> str:
    """`line` with {user}, {persona}, {title}, {topic} and {Topic} filled in."""
    pairs = {"user": user, "persona": persona.name, "title": persona.title, "topic": topic}
    pairs["Topic"] = topic[:1].upper() + topic[1:]
    for slot, value in pairs.items():
        line = line.replace(f"{{{slot}}}", value)
    return line


def load_cast(folder: Path) -> tuple[Pack, tuple[Voice, ...]]:
    """A pack and the voices of its personas. Raises PackError where the pack or its flavour.yaml is wrong."""
    pack, phrases = load_pack(folder), load_phrases()
    flavour = _read_flavour(folder, pack, phrases)
    return pack, tuple(_voice(persona, flavour.get(persona.id, {}), phrases) for persona in pack.personas)


def random_voice(rng: random.Random) -> Voice:
    """A persona nobody has met, who talks in plain lines with an opener of its own."""
    phrases = load_phrases()
    opener = phrases.pick(rng, "openers")
    if not opener.endswith((".", "!", ",")) or rng.random() < 0.3:
        opener = ""
    examples = [Example(user=i.say[0], reply=i.reply[0].replace("{user}", "friend")) for i in phrases.intents.values()]
    persona = Persona(
        id="somebody",
        name=random_name(rng),
        title=phrases.pick(rng, "titles"),
        description="Made up for training.",
        voice=phrases.pick(rng, "voices"),
        boundaries=(phrases.pick(rng, "boundaries"),),
        keywords=("somebody",),
        greeting="Hello!",
        examples=tuple(examples[:6]),
        fallback_lore=phrases.lists["lore"][:3],
        fallback_plain=("Say that again?", "I did not hear you.", "Wait a moment."),
        avatar=Path("none.png"),
    )
    lines = {
        "lore": tuple(f"{opener} {line}".strip() for line in phrases.lists["lore"]),
        "unknown": tuple(f"{opener} {line}".strip() for line in phrases.lists["unknown"]),
    }
    if opener.endswith(","):
        lines = {key: tuple(_join(opener, line) for line in phrases.lists[key]) for key in ("lore", "unknown")}
    if opener and not opener.endswith(","):
        lines["opener"] = (opener,)
    return Voice(persona, lines)


def _join(opener: str, line: str) -> str:
    """An opener that ends with a comma goes on in lower case, but for "I" and a slot."""
    return f"{opener} {line if line.startswith(('I ', '{')) else line[:1].lower() + line[1:]}"


def _voice(persona: Persona, flavour: Mapping[str, tuple[str, ...]], phrases: Phrases) -> Voice:
    lines: dict[str, list[str]] = {key: list(own) for key, own in flavour.items()}
    other = []
    for example in persona.examples:
        intent = phrases.intent_of(example.user)
        if intent:
            lines.setdefault(intent, []).append(example.reply)
        else:
            other.append(example)
    lines.setdefault("greet", []).append(persona.greeting)
    lines.setdefault("noise", list(persona.fallback_plain))
    lines.setdefault("lore", list(persona.fallback_lore))
    lines.setdefault("unknown", list(phrases.lists["unknown"]))
    # To admit not to know is learned where it is true, and nowhere else.
    said = {key: tuple(line for line in own if key == "unknown" or not admits(line)) for key, own in lines.items()}
    return Voice(persona, {key: own for key, own in said.items() if own}, tuple(other))


def _read_flavour(folder: Path, pack: Pack, phrases: Phrases) -> dict[str, dict[str, tuple[str, ...]]]:
    path = folder / FLAVOUR
    if not path.is_file():
        return {}

    def wrong(what: str, fix: str, line: int = 0) -> PackError:
        return PackError(what, file=f"{folder.name}/{FLAVOUR}", line=line, fix=fix)

    try:
        data = _LINES.validate_python(yaml.safe_load(path.read_text("utf-8")) or {}, strict=True)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise wrong("This is not valid YAML.", "Check quotes and indentation.", mark.line + 1 if mark else 0) from None
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"])) or "The file"
        raise wrong(f"{place} has the wrong shape.", "Write persona: {key: [line, line]}.") from None
    ids, keys = {persona.id for persona in pack.personas}, {*phrases.intents, *OWN_KEYS}
    for persona, lines in data.items():
        if persona not in ids:
            raise wrong(f"No persona has the id {persona!r}.", f"Use one of {', '.join(sorted(ids))}.")
        for key, own in lines.items():
            if key not in keys:
                raise wrong(f"{persona}: unknown key {key!r}.", f"Use one of {', '.join(sorted(keys))}.")
            if any((line.count("{lore}") == 1) != (key in ("lore", "self")) for line in own):
                raise wrong(f"{persona}.{key} is wrong.", "Lines of lore and self hold {lore} once, others never.")
    return {persona: {key: tuple(own) for key, own in lines.items()} for persona, lines in data.items()}
