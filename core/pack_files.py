"""Reading the files of a pack: text within bounds, YAML that knows its lines, Markdown cut into passages.

Nothing here raises for a wrong file. A reader notes a `Problem` and returns None (or what it could read), so that one
run tells its author everything that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

MAX_TEXT_BYTES = 512 * 1024
MAX_AVATAR_BYTES = 256 * 1024
AVATAR_SIDE = (64, 1024)

# libyaml where PyYAML was built with it (ten times faster), its Python twin otherwise. Both make plain data only.
_YamlLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a pack. `line` is 1-based; 0 means the file as a whole."""

    file: str
    line: int
    message: str
    fix: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message} {self.fix}".strip()


@dataclass(frozen=True, slots=True)
class YamlFile:
    """The data of a YAML file with the line of each key and item: `lines[("examples", 2, "reply")]`."""

    name: str
    data: Any
    lines: dict[Location, int]

    def line(self, location: Location) -> int:
        """The line of the place named, or of the nearest thing around it that exists."""
        for end in range(len(location), -1, -1):
            if (line := self.lines.get(location[:end])) is not None:
                return line
        return 1


@dataclass(frozen=True, slots=True)
class Passage:
    """A `##` section of a Markdown file. `line` is that of its heading."""

    title: str
    text: str
    tags: tuple[str, ...]
    line: int


@dataclass
class PackReader:
    """Reads files below `root` and gathers what is wrong with them in `problems`."""

    root: Path
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = self.root.resolve()

    def name(self, path: Path) -> str:
        """How a file is called in messages: its path from the pack's folder on, that folder included."""
        return path.relative_to(self.root.parent).as_posix()

    def note(self, file: str, line: int, message: str, fix: str) -> None:
        """Record a problem."""
        self.problems.append(Problem(file, line, message, fix))

    def files(self, folder: str, suffix: str) -> list[Path]:
        """The files of a folder of the pack in the order of their names; anything else in it is a problem."""
        directory = self.root / folder
        if not self._inside(directory):
            self.note(self.name(directory), 0, "This link leads out of the pack.", "Copy the folder into the pack.")
            return []
        if not directory.is_dir():
            self.note(self.name(directory), 0, "This folder is missing.", f"Add it with at least one *{suffix} file.")
            return []
        found = []
        for path in sorted(directory.iterdir()):
            if path.name.startswith("."):
                continue
            if path.suffix == suffix and not path.is_dir():
                found.append(path)
            else:
                self.note(self.name(path), 0, f"Only {suffix} files belong here.", "Rename it or move it away.")
        if not found:
            self.note(self.name(directory), 0, "This folder is empty.", f"Add at least one *{suffix} file.")
        return found

    def text(self, path: Path) -> str | None:
        """The UTF-8 text of a file, or None when it cannot be had."""
        raw = self._bytes(path, MAX_TEXT_BYTES)
        if raw is None:
            return None
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self.note(self.name(path), line, "This is not UTF-8 text.", "Save the file as UTF-8.")
            return None

    def entries(self, file: str, first: str) -> Iterator[tuple[YamlFile, int, Any]]:
        """The entries of an optional file that holds a list, each of which begins with the field `first`."""
        path = self.root / file
        if not path.exists() and not path.is_symlink():
            return
        source = self.yaml(path)
        if source is None:
            return
        if not isinstance(source.data, list):
            self.note(source.name, 1, "This must be a list.", f"Begin each entry with '- {first}:'.")
            return
        for index, entry in enumerate(source.data):
            yield source, index, entry

    def yaml(self, path: Path) -> YamlFile | None:
        """A YAML file as plain data with lines, or None when it does not parse."""
        text = self.text(path)
        if text is None:
            return None
        name = self.name(path)
        loader = None
        try:
            # Aliases would let a small file grow without bound, and a pack has no use for them.
            for event in yaml.parse(text, Loader=_YamlLoader):
                if isinstance(event, yaml.AliasEvent):
                    line = event.start_mark.line + 1 if event.start_mark else 0
                    self.note(name, line, f"The alias *{event.anchor} is not allowed in a pack.", "Write it out.")
                    return None
            loader = _YamlLoader(text)
            node = loader.get_single_node()
            if node is None:
                self.note(name, 0, "This file is empty.", "Fill it in; packs/README.md shows every key.")
                return None
            lines: dict[Location, int] = {}
            for location, line, twice in _walk(node, ()):
                if twice:
                    self.note(name, line, f"The key {location[-1]!r} stands here twice.", "Remove one of the two.")
                lines.setdefault(location, line)
            return YamlFile(name, loader.construct_document(node), lines)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            what = error.problem or error.context or "unreadable"
            self.note(name, mark.line + 1 if mark else 0, f"This is not valid YAML: {what}.", _yaml_hint(what))
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            self.note(name, line, "There is a control character here.", "Remove it.")
        except RecursionError:
            self.note(name, 0, "This file is nested too deeply.", "A pack file has at most three levels.")
        except ValueError as error:
            self.note(name, 0, f"A value cannot be read: {error}.", "Put quotes around it.")
        finally:
            if loader is not None:
                loader.dispose()
        return None

    def passages(self, path: Path) -> list[Passage]:
        """The passages of a Markdown file: `# Document`, then per passage `## Title`, `tags: a, b` (optional), text."""
        text = self.text(path)
        if text is None:
            return []
        name, found, known = self.name(path), [], len(self.problems)
        if not text.lstrip().startswith("# "):
            self.note(name, 1, "The document has no title.", "Begin the file with '# Title'.")
        for heading, line, body in _sections(text):
            if heading is None:
                self.note(name, line, "This text belongs to no passage.", "Put '## Title' above it.")
                continue
            if heading.startswith("#"):
                self.note(name, line, "Only # and ## headings are used in lore.", "Make it '## Title'.")
                continue
            tags, words = _tags(body)
            if not heading:
                self.note(name, line, "This passage has no title.", "Write one after '##'.")
            elif not words:
                self.note(name, line, f"The passage {heading!r} has no text.", "Write a sentence or two below it.")
            else:
                found.append(Passage(heading, words, tags, line))
        if not found and len(self.problems) == known:
            self.note(name, 0, "There is no passage in this document.", "Add '## Title' and a sentence or two.")
        return found

    def avatar(self, relative: str, file: str, line: int) -> Path | None:
        """The resolved path of a PNG inside the pack, checked whole; problems point at the place that names it."""
        path = self.root / relative
        if not self._inside(path):
            self.note(file, line, f"The avatar {relative!r} lies outside the pack.", "Put it into avatars/.")
            return None
        if self._bytes(path, MAX_AVATAR_BYTES, file, line) is None:
            return None
        least, most = AVATAR_SIDE
        try:
            with Image.open(path, formats=["PNG"]) as image:
                width, height = image.size
                image.verify()
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
            self.note(file, line, f"The avatar {relative!r} is not a readable PNG.", "Save it again as PNG.")
            return None
        if width != height or not least <= width <= most:
            size = f"{width}x{height}"
            self.note(file, line, f"The avatar {relative!r} is {size}.", f"Make it square, {least} to {most} pixels.")
            return None
        return path.resolve()

    def _inside(self, path: Path) -> bool:
        try:
            return path.resolve().is_relative_to(self.root)
        except (OSError, RuntimeError, ValueError):  # a loop of links, or a name no file can have
            return False

    def _bytes(self, path: Path, limit: int, file: str | None = None, line: int = 0) -> bytes | None:
        """The content of a regular file inside the pack of at most `limit` bytes; else a problem at `file`, `line`."""
        label = path.relative_to(self.root).as_posix()
        file = file or self.name(path)
        if not self._inside(path):
            self.note(file, line, f"{label} is a link that leads out of the pack.", "Copy the file into the pack.")
            return None
        try:
            if not path.is_file():
                self.note(file, line, f"{label} does not exist or is no file.", "Add it.")
            elif (size := path.stat().st_size) > limit:
                self.note(file, line, f"{label} has {size:,} bytes.", f"At most {limit:,} are read; make it smaller.")
            else:
                return path.read_bytes()
        except OSError as error:
            self.note(file, line, f"{label} cannot be read: {error.strerror}.", "Check its name and permissions.")
        return None


def _walk(node: yaml.Node, location: Location) -> Iterator[tuple[Location, int, bool]]:
    """Every place in a YAML tree as (location, line, whether it repeats a key of the same mapping)."""
    yield location, node.start_mark.line + 1, False
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            label = str(key.value)
            # The line of the key, not of its value: that is where the eye looks.
            yield (*location, label), key.start_mark.line + 1, label in seen
            seen.add(label)
            yield from _walk(value, (*location, label))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, (*location, index))


def _yaml_hint(problem: str) -> str:
    """What usually helps against a message of the YAML parser."""
    if "\\t" in problem or "tab" in problem:
        return "Indent with spaces, not tabs."
    if "mapping values" in problem or "expected <block end>" in problem or "could not find expected" in problem:
        return "Check the indentation, and put quotes around text that holds a colon."
    return "Check quotes, colons and indentation at and just above this line."


def _sections(text: str) -> Iterator[tuple[str | None, int, list[str]]]:
    """A Markdown text as (heading after `##`, its line, its body); the heading is None for text before the first."""
    heading: str | None = None
    start = 1
    body: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"##(.*)", line):
            if heading is not None or any(body):
                yield heading, start, body
            heading, start, body = match[1].strip(), number, []
        elif heading is not None or not re.match(r"# ", line):
            if heading is None and line.strip() and not any(body):
                start = number
            body.append(line.strip())
    if heading is not None or any(body):
        yield heading, start, body


def _tags(body: list[str]) -> tuple[tuple[str, ...], str]:
    """The tags of a passage and its text as one line."""
    lines = [line for line in body if line]
    tags: tuple[str, ...] = ()
    if lines and lines[0].lower().startswith("tags:"):
        tags = tuple(tag.strip().lower() for tag in lines[0][5:].split(",") if tag.strip())
        lines = lines[1:]
    return tags, " ".join(" ".join(lines).split())
