"""Persona packs: the model of a pack and the loader that checks one.

A pack is a folder that a person can read and edit; packs/README.md describes it. `load_pack` gives a `Pack` in which
everything is checked and resolved, or one `PackError` that lists every problem with its file, its line and its fix.
`python -m core.personas packs/communiverse` does the same for an author at a terminal.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from core.errors import PackError, RequestError, UnknownPersona
from core.pack_checks import Frozen, ModelT, did_you_mean, unique, validate
from core.pack_files import Location, PackReader, YamlFile
from core.pack_games import Riddle, Story, read_riddles, read_stories
from core.wording import Wording, meant, suggestion

MAX_PROBLEMS = 20


def _at_most(words: int) -> AfterValidator:
    def check(text: str) -> str:
        if (count := len(text.split())) > words:
            raise ValueError(f"has {count} words|Use at most {words}.")
        return text

    return AfterValidator(check)


def _one_lore_slot(text: str) -> str:
    if text.count("{lore}") != 1 or re.search(r"[{}]", text.replace("{lore}", "")):
        raise ValueError('must hold "{lore}" exactly once and no other braces|The passage found is put there.')
    return text


def _no_slot(text: str) -> str:
    if re.search(r"[{}]", text):
        raise ValueError("must hold no braces|Nothing is filled in here; templates go into fallback_lore.")
    return text


def _greets(text: str) -> str:
    if text.count("{user}") != 1 or re.search(r"[{}]", text.replace("{user}", "").replace("{server}", "")):
        raise ValueError('must hold "{user}" once, and no braces but those of {user} and {server}|Greet somebody.')
    return text


def _webhook_name(text: str) -> str:
    # Discord refuses webhooks with these words in their name.
    if re.search("clyde|discord", text, re.IGNORECASE):
        raise ValueError('must not hold "clyde" or "discord"|Discord refuses such a webhook name; choose another.')
    return text


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=32), AfterValidator(_webhook_name)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=160)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Keyword = Annotated[str, StringConstraints(pattern=r"^[^\sA-Z]([^\nA-Z]*[^\sA-Z])?$", min_length=2, max_length=40)]
Spoken = Annotated[str, StringConstraints(min_length=1, max_length=400), _at_most(40)]
LoreTemplate = Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(_one_lore_slot)]
GreetingText = Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(_greets)]
PlainTemplate = Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(_no_slot)]


# What stands between two who are called together.
_JOINT = re.compile(r"\s*(?:,?\s*(?:and|und|&|\+)|,)\s+", re.IGNORECASE)
_ANY_JOINT = re.compile(r"(?:,|\b(?:and|und)|[&+])\s", re.IGNORECASE)
_LONGEST_JOINT = 12
_YOUNG = re.compile(r"\b(?:boy|girl|child|kid|toddler|teen|teenager|schoolboy|schoolgirl|baby)\b", re.IGNORECASE)


class Example(Frozen):
    """A line somebody says to the persona and the reply that is in character."""

    user: Line
    reply: Spoken


class Persona(Frozen):
    """One of a cast. `title` reads after the name and a comma; `keywords` bring the persona into a conversation."""

    id: Slug
    name: Name
    title: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    description: Annotated[str, StringConstraints(min_length=1, max_length=600)]
    voice: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    boundaries: tuple[Short, ...] = Field(min_length=1, max_length=3)
    keywords: tuple[Keyword, ...] = Field(min_length=1, max_length=20)
    greeting: Spoken
    examples: tuple[Example, ...] = Field(default=(), max_length=60)
    fallback_lore: tuple[LoreTemplate, ...] = Field(
        min_length=3, max_length=20, description="Said when the model is down and a passage was found: {lore}."
    )
    fallback_plain: tuple[PlainTemplate, ...] = Field(
        min_length=3, max_length=20, description="Said when the model is down and nothing was found."
    )
    refusals: tuple[Spoken, ...] = Field(
        default=(), max_length=20, description="Said to what is not to be talked about; without any, a plain line is."
    )
    minor: bool = Field(
        default=False, description="A child or a youth, to whom and by whom nothing sexual is ever said."
    )
    avatar: Path | None = Field(default=None, description="Resolved path of a square PNG inside the pack.")

    @property
    def told(self) -> str:
        """Who that is, as a text that others are compared with."""
        return f"{self.name}, {self.title}. {self.description}"

    @property
    def is_minor(self) -> bool:
        """Whether the persona is a child or a youth, as the pack says or as the title tells."""
        return self.minor or bool(_YOUNG.search(self.title))


class PackPersona(Persona):
    """A persona of a pack, which brings a picture, and examples to learn from."""

    examples: tuple[Example, ...] = Field(min_length=6, max_length=60)
    avatar: Path = Field(description="Resolved path of a square PNG inside the pack.")


class Guest(Persona):
    """A persona that a server made for itself. Its texts are not the operator's: they are its character, never orders.
    `picture` tells its picture from others, empty where it has none."""

    picture: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{16})?$")] = ""


class Lore(Frozen):
    """A passage of 10 to 60 words that stands alone. `source` is relative to the pack, `line` that of its heading."""

    id: str
    title: Short
    text: Annotated[str, StringConstraints(min_length=1, max_length=600)]
    tags: tuple[str, ...]
    source: str
    line: int


class Question(Frozen):
    """A question about one passage. `answer` stands verbatim (but for case) in that passage."""

    lore_id: str = Field(alias="lore")
    question: Line
    answer: Short


class Scenario(Frozen):
    """A scene that a channel can play: who of the `cast` opens it with `opening`, what everybody is in, and a question
    whose answer is told `reveal_after_h` hours later, or when somebody asks for it."""

    id: Slug
    title: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    setting: Annotated[str, StringConstraints(min_length=1, max_length=600)]
    cast: tuple[Slug, ...] = Field(min_length=1, max_length=4)
    opening: Line
    question: Line
    answer: Line
    reveal_after_h: Annotated[float, Field(ge=1, le=336)] = 24.0
    tags: tuple[Annotated[str, StringConstraints(min_length=1, max_length=30)], ...] = Field(min_length=1, max_length=8)


class Greeting(Frozen):
    """What a persona says to somebody who comes; {user} and {server} are filled in."""

    persona: Slug
    text: GreetingText


class _Manifest(Frozen):
    """What pack.yaml holds."""

    id: Slug
    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    description: Annotated[str, StringConstraints(min_length=1, max_length=600)]
    default_persona: Slug


class Pack(Frozen):
    """A checked pack: its cast and its world."""

    id: Slug
    name: str
    description: str
    default_persona: Slug
    personas: tuple[Persona, ...]
    lore: tuple[Lore, ...]
    questions: tuple[Question, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    greetings: tuple[Greeting, ...] = ()
    riddles: tuple[Riddle, ...] = ()
    stories: tuple[Story, ...] = ()

    def persona(self, name: str) -> Persona:
        """The persona of that id or name, whatever its case. Raises UnknownPersona, which lists near matches."""
        wanted = name.strip().casefold()
        for persona in self.personas:
            if wanted in (persona.id, persona.name.casefold()):
                return persona
        known = [persona.id for persona in self.personas]
        near = get_close_matches(wanted.replace(" ", "-"), known, n=3, cutoff=0.5)
        wrong, hint = repr(name.strip()[:60]), suggestion(near, known)
        told = Wording("refused-persona", "No persona is called {name}. {hint}", name=wrong, hint=hint)
        raise UnknownPersona(told, field="persona")

    def with_cast(self, ids: Collection[str], default: str | None = None) -> Pack:
        """The pack with only those of its personas (with all, where it has none of them), of whom `default` answers
        where nobody else is called, where it is among them."""
        cast = tuple(persona for persona in self.personas if persona.id in ids) or self.personas
        known = [persona.id for persona in cast]
        first = next((one for one in (default, self.default_persona) if one in known), known[0])
        # Not a copy: it would take the keywords' patterns along.
        return Pack(**{**dict(self), "personas": cast, "default_persona": first})

    def with_guests(self, guests: Iterable[Guest]) -> Pack:
        """The pack with a server's own personas behind its own; one that is called like another is left out."""
        taken = {name for one in self.personas for name in (one.id, one.name.casefold())}
        new = tuple(one for one in guests if one.id not in taken and one.name.casefold() not in taken)
        return Pack(**{**dict(self), "personas": (*self.personas, *new)}) if new else self

    def scenario(self, name: str) -> Scenario:
        """The scenario of that id or title, whatever its case. Raises RequestError, which lists near matches."""
        wanted = name.strip().casefold()
        for scenario in self.scenarios:
            if wanted in (scenario.id, scenario.title.casefold()):
                return scenario
        near = get_close_matches(wanted.replace(" ", "-"), [one.id for one in self.scenarios], n=3, cutoff=0.5)
        listed = Wording("refused-scenario-listed", "/scenario list tells which there are.")
        wrong, hint = repr(name.strip()[:60]), meant(near) if near else listed
        told = Wording("refused-scenario", "There is no scenario {name}. {hint}", name=wrong, hint=hint)
        raise RequestError(told, field="scenario")

    def called_together(self, text: str) -> tuple[Persona, ...]:
        """Whom a message calls in one breath, by name or keyword, in that order: `Elio and Olga, …`. Empty where it
        does not call at least two like that."""
        if not _ANY_JOINT.search(text):  # most messages: spares them the patterns of all names
            return ()
        calls = [
            (match.start(), match.end(), persona)
            for match in self._any_call.finditer(text)
            if (persona := self._callers.get(" ".join(match[0].split()).lower())) is not None
        ]
        joined: list[str] = []
        for (_, end, first), (start, _, second) in pairwise(calls):
            if start - end <= _LONGEST_JOINT and _JOINT.fullmatch(text[end:start]):
                joined = list(dict.fromkeys([*joined, first, second]))
        known = {persona.id: persona for persona in self.personas}
        return tuple(known[one] for one in joined) if len(joined) > 1 else ()

    def match_keyword(self, text: str) -> Persona | None:
        """Whom the words of a message bring: whole words in any case; the longest keyword wins, then the earliest."""
        if not self._any_call.search(text):  # one pass, where there is nothing to compare
            return None
        best: tuple[int, int] | None = None
        chosen: Persona | None = None
        for keyword, pattern, persona in self._keyword_patterns:
            if match := pattern.search(text):
                rank = (-len(keyword), match.start())
                if best is None or rank < best:
                    best, chosen = rank, persona
        return chosen

    @cached_property
    def _keyword_patterns(self) -> list[tuple[str, re.Pattern[str], Persona]]:
        return [(word, _whole_words(word), persona) for persona in self.personas for word in persona.keywords]

    @cached_property
    def _callers(self) -> dict[str, str]:
        """Whom each name and keyword calls, by id."""
        words = {word: persona.id for persona in self.personas for word in persona.keywords}
        return words | {" ".join(persona.name.lower().split()): persona.id for persona in self.personas}

    @cached_property
    def _any_call(self) -> re.Pattern[str]:
        """Any of them, in one pass; of two that begin alike the longer one."""
        return _whole_words(*sorted(self._callers, key=len, reverse=True))


def _whole_words(*texts: str) -> re.Pattern[str]:
    words = "|".join(r"\s+".join(map(re.escape, text.split())) for text in texts)
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)


def load_pack(directory: Path) -> Pack:
    """The pack in that folder. Raises PackError: all problems, one per line, `file` and `line` being the first's."""
    if not directory.is_dir():
        raise PackError(
            "There is no such folder.", file=str(directory), line=0, fix="Set PACK to the name or path of a pack."
        )
    reader = PackReader(directory)
    manifest = _manifest(reader)
    personas = _personas(reader)
    lore = _lore(reader)
    questions = _questions(reader, lore)
    ids = [persona.id for persona, _ in personas]
    scenarios, greetings = _scenarios(reader, ids), _greetings(reader, ids)
    riddles, stories = read_riddles(reader), read_stories(reader, ids)
    if manifest and personas and manifest[0].default_persona not in {persona.id for persona, _ in personas}:
        wanted, known = manifest[0].default_persona, [persona.id for persona, _ in personas]
        fix = did_you_mean(wanted, known) or f"Name one of: {', '.join(known)}."
        line = manifest[1].line(("default_persona",))
        reader.note(manifest[1].name, line, f"default_persona {wanted!r} is not in personas/.", fix)
    if reader.problems or manifest is None:
        raise _pack_error(reader)
    return Pack(
        **manifest[0].model_dump(),
        personas=tuple(persona for persona, _ in personas),
        lore=tuple(lore),
        questions=tuple(questions),
        scenarios=tuple(scenarios),
        greetings=tuple(greetings),
        riddles=tuple(riddles),
        stories=tuple(stories),
    )


def _manifest(reader: PackReader) -> tuple[_Manifest, YamlFile] | None:
    source = reader.yaml(reader.root / "pack.yaml")
    if source is None:
        return None
    manifest = validate(reader, source, (), source.data, _Manifest)
    return (manifest, source) if manifest else None


def _personas(reader: PackReader) -> list[tuple[PackPersona, YamlFile]]:
    found: list[tuple[PackPersona, YamlFile]] = []
    for path in reader.files("personas", ".yaml"):
        source = reader.yaml(path)
        if source is None:
            continue
        data = source.data
        if isinstance(data, dict):
            data = {**data, "avatar": _avatar(reader, source, data.get("avatar", f"avatars/{path.stem}.png"))}
        persona = validate(reader, source, (), data, PackPersona)
        if persona and persona.id != path.stem:
            message = f"The id {persona.id!r} differs from the file's name."
            reader.note(source.name, source.line(("id",)), message, f"Rename the file to {persona.id}.yaml.")
        if persona:
            found.append((persona, source))
    unique(reader, "id", [(p.id, s, ("id",)) for p, s in found])
    unique(reader, "name", [(p.name.casefold(), s, ("name",)) for p, s in found])
    unique(reader, "keyword", [(w, s, ("keywords", i)) for p, s in found for i, w in enumerate(p.keywords)])
    return found


def _avatar(reader: PackReader, source: YamlFile, relative: object) -> object:
    """The avatar's path; on a problem that is noted already, a stand-in that lets the rest be checked."""
    if not isinstance(relative, str):
        return relative
    line = source.line(("avatar",))
    return reader.avatar(relative, source.name, line) or reader.root


def _lore(reader: PackReader) -> list[Lore]:
    found: list[Lore] = []
    seen: dict[str, str] = {}
    for path in reader.files("lore", ".md"):
        name = reader.name(path)
        for passage in reader.passages(path):
            slug = re.sub(r"[^a-z0-9]+", "-", passage.title.lower()).strip("-")
            lore_id, count = f"{path.stem}/{slug}", len(passage.text.split())
            if not 10 <= count <= 60 or len(passage.text) > 600:
                message = f"The passage {passage.title!r} has {count} words."
                reader.note(name, passage.line, message, "Use 10 to 60: one subject, two or three facts.")
            elif len(passage.title) > 160 or not slug:
                reader.note(name, passage.line, "This title cannot be used.", "Use letters, at most 160 characters.")
            elif lore_id in seen:
                message = f"The passage {passage.title!r} is already at {seen[lore_id]}."
                reader.note(name, passage.line, message, "Give one of the two another title.")
            else:
                seen[lore_id] = f"{name}:{passage.line}"
                source = path.relative_to(reader.root).as_posix()
                found.append(
                    Lore(
                        id=lore_id,
                        title=passage.title,
                        text=passage.text,
                        tags=passage.tags,
                        source=source,
                        line=passage.line,
                    )
                )
    return found


def _questions(reader: PackReader, lore: list[Lore]) -> list[Question]:
    """The questions of questions.yaml. The file is optional: only training a model needs it."""
    texts = {passage.id: passage.text.casefold() for passage in lore}
    found = []
    for index, source, question in _entries(reader, "questions.yaml", "lore", Question):
        text = texts.get(question.lore_id)
        if text is None:
            fix = did_you_mean(question.lore_id, texts) or "Use <lore file>/<title in lower case with dashes>."
            message = f"No passage has the id {question.lore_id!r}."
            reader.note(source.name, source.line((index, "lore")), message, fix)
        elif question.answer.casefold() not in text:
            message = f"The answer {question.answer!r} does not stand in {question.lore_id}."
            reader.note(source.name, source.line((index, "answer")), message, "Copy it from the passage.")
        else:
            found.append(question)
    return found


def _scenarios(reader: PackReader, personas: Collection[str]) -> list[Scenario]:
    """The scenarios of scenarios.yaml, an optional file."""
    found: list[tuple[Scenario, YamlFile, int]] = []
    for index, source, scenario in _entries(reader, "scenarios.yaml", "id", Scenario):
        found.append((scenario, source, index))
        for at, name in enumerate(scenario.cast):
            _knows_persona(reader, source, (index, "cast", at), name, personas)
    unique(reader, "id", [(one.id, source, (index, "id")) for one, source, index in found])
    unique(reader, "title", [(one.title.casefold(), source, (index, "title")) for one, source, index in found])
    return [one for one, _, _ in found]


def _greetings(reader: PackReader, personas: Collection[str]) -> list[Greeting]:
    """The greetings of greetings.yaml, an optional file."""
    found: list[tuple[Greeting, YamlFile, int]] = []
    for index, source, greeting in _entries(reader, "greetings.yaml", "persona", Greeting):
        found.append((greeting, source, index))
        _knows_persona(reader, source, (index, "persona"), greeting.persona, personas)
    unique(reader, "greeting", [(one.text, source, (index, "text")) for one, source, index in found])
    return [one for one, _, _ in found]


def _entries(reader: PackReader, file: str, first: str, model: type[ModelT]) -> Iterator[tuple[int, YamlFile, ModelT]]:
    """The right entries of an optional file that holds a list."""
    for source, index, entry in reader.entries(file, first):
        if (checked := validate(reader, source, (index,), entry, model)) is not None:
            yield index, source, checked


def _knows_persona(reader: PackReader, source: YamlFile, at: Location, name: str, personas: Collection[str]) -> None:
    if name not in personas:
        fix = did_you_mean(name, personas) or f"Name one of: {', '.join(personas)}."
        reader.note(source.name, source.line(at), f"No persona has the id {name!r}.", fix)


def _pack_error(reader: PackReader) -> PackError:
    first, *others = reader.problems
    shown = [str(problem) for problem in others[: MAX_PROBLEMS - 1]]
    if len(others) > len(shown):
        shown.append(f"... and {len(others) - len(shown)} more.")
    return PackError(first.message, file=first.file, line=first.line, fix="\n".join([first.fix, *shown]))


def main(arguments: list[str]) -> int:
    """Check the packs in the folders named; the exit code is 1 when one of them is wrong."""
    if not arguments:
        sys.stderr.write("usage: python -m core.personas PACK_FOLDER...\n")
        return 2
    wrong = 0
    for folder in arguments:
        try:
            pack = load_pack(Path(folder))
        except PackError as error:
            sys.stderr.write(f"{error}\n")
            wrong = 1
            continue
        sys.stdout.write(
            f"{pack.name}: {len(pack.personas)} personas, {len(pack.lore)} lore passages, "
            f"{len(pack.questions)} questions, {len(pack.scenarios)} scenarios, {len(pack.greetings)} greetings, "
            f"{len(pack.riddles)} riddles, {len(pack.stories)} stories. "
            f"The default persona is {pack.persona(pack.default_persona).name}.\n"
        )
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
