"""Persona packs: the model of a pack and the loader that checks one.

A pack is a folder that a person can read and edit; packs/README.md describes it. `load_pack` gives a `Pack` in which
everything is checked and resolved, or one `PackError` that lists every problem with its file, its line and its fix.
`python -m core.personas packs/communiverse` does the same for an author at a terminal.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from core.errors import PackError, UnknownPersona
from core.pack_files import Location, PackReader, YamlFile

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
PlainTemplate = Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(_no_slot)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, populate_by_name=True)


class Example(_Frozen):
    """A line somebody says to the persona and the reply that is in character."""

    user: Line
    reply: Spoken


class Persona(_Frozen):
    """One of the cast. `title` reads after the name and a comma; `keywords` bring the persona into a conversation."""

    id: Slug
    name: Name
    title: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    description: Annotated[str, StringConstraints(min_length=1, max_length=600)]
    voice: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    boundaries: tuple[Short, ...] = Field(min_length=1, max_length=3)
    keywords: tuple[Keyword, ...] = Field(min_length=1, max_length=20)
    greeting: Spoken
    examples: tuple[Example, ...] = Field(min_length=6, max_length=60)
    fallback_lore: tuple[LoreTemplate, ...] = Field(
        min_length=3, max_length=20, description="Said when the model is down and a passage was found: {lore}."
    )
    fallback_plain: tuple[PlainTemplate, ...] = Field(
        min_length=3, max_length=20, description="Said when the model is down and nothing was found."
    )
    avatar: Path = Field(description="Resolved path of a square PNG inside the pack.")


class Lore(_Frozen):
    """A passage of 10 to 60 words that stands alone. `source` is relative to the pack, `line` that of its heading."""

    id: str
    title: Short
    text: Annotated[str, StringConstraints(min_length=1, max_length=600)]
    tags: tuple[str, ...]
    source: str
    line: int


class Question(_Frozen):
    """A question about one passage. `answer` stands verbatim (but for case) in that passage."""

    lore_id: str = Field(alias="lore")
    question: Line
    answer: Short


class _Manifest(_Frozen):
    """What pack.yaml holds."""

    id: Slug
    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    description: Annotated[str, StringConstraints(min_length=1, max_length=600)]
    default_persona: Slug


class Pack(_Frozen):
    """A checked pack: its cast and its world."""

    id: Slug
    name: str
    description: str
    default_persona: Slug
    personas: tuple[Persona, ...]
    lore: tuple[Lore, ...]
    questions: tuple[Question, ...] = ()

    def persona(self, name: str) -> Persona:
        """The persona of that id or name, whatever its case. Raises UnknownPersona, which lists near matches."""
        wanted = name.strip().casefold()
        for persona in self.personas:
            if wanted in (persona.id, persona.name.casefold()):
                return persona
        known = [persona.id for persona in self.personas]
        near = get_close_matches(wanted.replace(" ", "-"), known, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(known)}."
        raise UnknownPersona(f"No persona is called {name.strip()[:60]!r}. {hint}", field="persona")

    def match_keyword(self, text: str) -> Persona | None:
        """Whom the words of a message bring: whole words in any case; the longest keyword wins, then the earliest."""
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
        def pattern(keyword: str) -> re.Pattern[str]:
            words = r"\s+".join(map(re.escape, keyword.split()))
            return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)

        return [(word, pattern(word), persona) for persona in self.personas for word in persona.keywords]


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
    if manifest and personas and manifest[0].default_persona not in {persona.id for persona, _ in personas}:
        wanted, known = manifest[0].default_persona, [persona.id for persona, _ in personas]
        fix = _did_you_mean(wanted, known) or f"Name one of: {', '.join(known)}."
        line = manifest[1].line(("default_persona",))
        reader.note(manifest[1].name, line, f"default_persona {wanted!r} is not in personas/.", fix)
    if reader.problems or manifest is None:
        raise _pack_error(reader)
    return Pack(
        **manifest[0].model_dump(),
        personas=tuple(persona for persona, _ in personas),
        lore=tuple(lore),
        questions=tuple(questions),
    )


def _manifest(reader: PackReader) -> tuple[_Manifest, YamlFile] | None:
    source = reader.yaml(reader.root / "pack.yaml")
    if source is None:
        return None
    manifest = _validate(reader, source, (), source.data, _Manifest)
    return (manifest, source) if manifest else None


def _personas(reader: PackReader) -> list[tuple[Persona, YamlFile]]:
    found: list[tuple[Persona, YamlFile]] = []
    for path in reader.files("personas", ".yaml"):
        source = reader.yaml(path)
        if source is None:
            continue
        data = source.data
        if isinstance(data, dict):
            data = {**data, "avatar": _avatar(reader, source, data.get("avatar", f"avatars/{path.stem}.png"))}
        persona = _validate(reader, source, (), data, Persona)
        if persona and persona.id != path.stem:
            message = f"The id {persona.id!r} differs from the file's name."
            reader.note(source.name, source.line(("id",)), message, f"Rename the file to {persona.id}.yaml.")
        if persona:
            found.append((persona, source))
    _unique(reader, "id", [(p.id, s, ("id",)) for p, s in found])
    _unique(reader, "name", [(p.name.casefold(), s, ("name",)) for p, s in found])
    _unique(reader, "keyword", [(w, s, ("keywords", i)) for p, s in found for i, w in enumerate(p.keywords)])
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
    path = reader.root / "questions.yaml"
    if not path.exists() and not path.is_symlink():
        return []
    source = reader.yaml(path)
    if source is None:
        return []
    if not isinstance(source.data, list):
        reader.note(source.name, 1, "This must be a list.", "Begin each entry with '- lore:'.")
        return []
    texts = {passage.id: passage.text.casefold() for passage in lore}
    found = []
    for index, entry in enumerate(source.data):
        question = _validate(reader, source, (index,), entry, Question)
        if question is None:
            continue
        text = texts.get(question.lore_id)
        if text is None:
            fix = _did_you_mean(question.lore_id, texts) or "Use <lore file>/<title in lower case with dashes>."
            message = f"No passage has the id {question.lore_id!r}."
            reader.note(source.name, source.line((index, "lore")), message, fix)
        elif question.answer.casefold() not in text:
            message = f"The answer {question.answer!r} does not stand in {question.lore_id}."
            reader.note(source.name, source.line((index, "answer")), message, "Copy it from the passage.")
        else:
            found.append(question)
    return found


_Model = TypeVar("_Model", bound=_Frozen)


def _validate(reader: PackReader, source: YamlFile, at: Location, data: Any, model: type[_Model]) -> _Model | None:
    """`data` as a model, or None with a problem noted for each error. `at` is where `data` stands in the file."""
    if not isinstance(data, dict):
        keys = ", ".join(_keys(model))
        reader.note(source.name, source.line(at), "These must be 'key: value' lines.", f"The keys are: {keys}.")
        return None
    odd = [key for key in data if not isinstance(key, str)]
    if odd:
        reader.note(source.name, source.line(at), f"The key {odd[0]!r} is not text.", "Put quotes around it.")
        return None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for detail in error.errors():
            message, fix = _explain(detail, model)
            reader.note(source.name, source.line((*at, *detail["loc"])), message, fix)
        return None


def _keys(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _explain(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """What a validation error means to the author of a pack, and what to do."""
    location, context, kind = detail["loc"], detail.get("ctx", {}), detail["type"]
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in location)
    if kind == "extra_forbidden":
        known = _keys(Example if location[0] == "examples" else model)
        return f"The key {where!r} is not known.", _did_you_mean(str(location[-1]), known) or f"Use {', '.join(known)}."
    if kind == "value_error":
        message, _, fix = str(context.get("error", "")).partition("|")
        return f"{where} {message}.", fix
    sayings: dict[str, tuple[str, str]] = {
        "missing": ("is missing.", f"Add '{location[-1]}:'."),
        "string_type": ("must be text.", "Write text; put quotes around numbers and words like yes, no, on, off."),
        "tuple_type": ("must be a list.", "Begin each item with '- '."),
        "model_type": ("must be 'key: value' lines.", f"The keys are: {', '.join(_keys(Example))}."),
        "string_too_long": ("is too long.", f"Use at most {context.get('max_length')} characters."),
        "string_too_short": ("is empty or too short.", f"Use at least {context.get('min_length')} characters."),
        "too_short": ("has too few items.", f"Give at least {context.get('min_length')}."),
        "too_long": ("has too many items.", f"Give at most {context.get('max_length')}."),
        "string_pattern_mismatch": (
            "is not written right.",
            "Keywords are lower case." if location[0] == "keywords" else "Use lower case letters, digits and dashes.",
        ),
        "path_type": ("must be text.", "Write the path of a PNG, such as avatars/name.png."),
    }
    message, fix = sayings.get(kind, (f"is wrong: {detail['msg']}.", "Correct it."))
    return f"{where} {message}", fix


def _unique(reader: PackReader, what: str, entries: Iterable[tuple[str, YamlFile, Location]]) -> None:
    seen: dict[str, str] = {}
    for value, source, location in entries:
        line = source.line(location)
        if value in seen:
            message = f"The {what} {value!r} is already at {seen[value]}."
            reader.note(source.name, line, message, "Change one of the two.")
        seen.setdefault(value, f"{source.name}:{line}")


def _did_you_mean(given: str, known: Iterable[str]) -> str:
    near = get_close_matches(given, list(known), n=1)
    return f"Did you mean {near[0]!r}?" if near else ""


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
            f"{len(pack.questions)} questions. The default persona is {pack.persona(pack.default_persona).name}.\n"
        )
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
