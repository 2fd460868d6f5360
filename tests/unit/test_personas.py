"""The pack loader: what it reads, and what it says about packs that are wrong."""

from __future__ import annotations

import pickle
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.errors import PackError, UnknownPersona
from core.pack_files import MAX_TEXT_BYTES
from core.personas import Pack, load_pack, main
from core.settings import ROOT
from training.avatars import PAINTERS

COMMUNIVERSE = ROOT / "packs" / "communiverse"

PERSONA = """\
id: {id}
name: {name}
title: a keeper of the light
description: {name} keeps the light. The light keeps ships off the rocks.
voice: Says "Ahoy".
boundaries:
  - Never leaves the light.
keywords: [{keywords}]
greeting: Ahoy!
examples:
  - {{user: Hello, reply: Ahoy there.}}
  - {{user: "Who are you?", reply: I keep the light.}}
  - {{user: "How are you?", reply: I am dry.}}
  - {{user: "Why?", reply: I like ships.}}
  - {{user: "Where?", reply: I live on a rock.}}
  - {{user: Bye, reply: I wave.}}
fallback_lore:
  - "My log says: {{lore}}"
  - "I know this one. {{lore}}"
  - "{{lore}} Ahoy."
fallback_plain: [Fog., More fog., Still fog.]
"""
LORE = """\
# The Coast

## The Rock
tags: place, Coast
The rock is 40 meters tall and made of white chalk.
Its only house is painted red.

## The Bell
The bell of the rock is made of green copper and rings 3 times in fog.
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A small pack that is right in everything; tests break one thing in it."""
    folder = tmp_path / "coast"
    for name in ("personas", "lore", "avatars"):
        (folder / name).mkdir(parents=True)
    (folder / "pack.yaml").write_text("id: coast\nname: Coast\ndescription: A coast.\ndefault_persona: nell\n")
    for name, keywords in (("nell", "nell, light"), ("sam", "sam, light house, fog bell")):
        (folder / "personas" / f"{name}.yaml").write_text(PERSONA.format(id=name, name=name.title(), keywords=keywords))
        Image.new("RGB", (64, 64), "red").save(folder / "avatars" / f"{name}.png")
    (folder / "lore" / "coast.md").write_text(LORE)
    (folder / "questions.yaml").write_text("- {lore: coast/the-rock, question: 'How tall?', answer: 40 Meters}\n")
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def refuse(folder: Path) -> PackError:
    with pytest.raises(PackError) as caught:
        load_pack(folder)
    return caught.value


def test_a_right_pack_is_read_whole(pack: Path) -> None:
    loaded = load_pack(pack)
    assert [p.id for p in loaded.personas] == ["nell", "sam"]
    assert loaded.personas[0].avatar == (pack / "avatars" / "nell.png").resolve()
    rock, bell = loaded.lore
    assert (rock.id, rock.tags, rock.source, rock.line) == ("coast/the-rock", ("place", "coast"), "lore/coast.md", 3)
    assert rock.text == "The rock is 40 meters tall and made of white chalk. Its only house is painted red."
    assert (bell.tags, bell.line) == ((), 8)
    assert loaded.questions[0].lore_id == "coast/the-rock"


def test_a_pack_survives_pickling_after_use(pack: Path) -> None:
    loaded = load_pack(pack)
    loaded.match_keyword("warm up")
    assert pickle.loads(pickle.dumps(loaded)) == loaded  # noqa: S301


def test_personas_are_found_by_id_and_by_name(pack: Path) -> None:
    loaded = load_pack(pack)
    assert loaded.persona("nell").name == loaded.persona(" NELL ").name == "Nell"
    with pytest.raises(UnknownPersona, match=r"'nel'\. Did you mean nell\?"):
        loaded.persona("nel")
    with pytest.raises(UnknownPersona, match="There are: nell, sam"):
        loaded.persona("zzz")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("is the LIGHT on?", "nell"),
        ("the light house is dark", "sam"),
        ("light light\n house", "sam"),
        ("nell and sam", "nell"),
        ("moonlight and lights", None),
        ("fog  bell!", "sam"),
        ("", None),
    ],
)
def test_keywords_are_whole_words_and_the_longest_wins(pack: Path, text: str, wanted: str | None) -> None:
    found = load_pack(pack).match_keyword(text)
    assert (found.id if found else None) == wanted


NELL, MANIFEST, COAST, QUESTIONS = "personas/nell.yaml", "pack.yaml", "lore/coast.md", "questions.yaml"


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "says"),
    [
        (NELL, "title:", "titel:", 3, "The key 'titel' is not known. Did you mean 'title'?"),
        (
            NELL,
            "reply: I am dry",
            "repyl: I am dry",
            13,
            "The key 'examples.3.repyl' is not known. Did you mean 'reply'?",
        ),
        (NELL, "greeting: Ahoy!\n", "", 1, "greeting is missing. Add 'greeting:'."),
        (NELL, "name: Nell", "name: no", 2, "name must be text."),
        (NELL, "name: Nell", "name: Clyde", 2, 'name must not hold "clyde"'),
        (NELL, "name: Nell", "name: Nell\nname: Nelly", 3, "The key 'name' stands here twice."),
        (NELL, "id: nell", "id: bell", 1, "The id 'bell' differs from the file's name. Rename the file to bell.yaml."),
        (NELL, "a keeper of the light", "k" * 61, 3, "title is too long. Use at most 60 characters."),
        (NELL, "I keep the light.", "word " * 41, 12, "examples.2.reply has 41 words. Use at most 40."),
        (NELL, "boundaries:\n  - Never", "boundaries: Never", 6, "boundaries must be a list."),
        (NELL, "I know this one. {lore}", "I know this one.", 19, 'fallback_lore.2 must hold "{lore}" exactly once'),
        (NELL, "{lore} Ahoy.", "{lore} {lore}", 20, 'fallback_lore.3 must hold "{lore}" exactly once'),
        (NELL, "[Fog., More fog., Still fog.]", "[Fog.]", 21, "fallback_plain has too few items. Give at least 3."),
        (NELL, "[nell, light]", "[nell, Light]", 8, "Keywords are lower case."),
        (NELL, "voice: Says", "voice: Says: x", 5, "This is not valid YAML: mapping values are not allowed"),
        (NELL, "voice:", "\tvoice:", 5, "Indent with spaces, not tabs."),
        (NELL, "[nell, light]", "&a [nell, *a]", 8, "The alias *a is not allowed"),
        (NELL, "greeting: Ahoy!", "greeting: 2026-99-99", 0, "Put quotes around it."),
        (NELL, "name: Nell", "name: !!python/name:os.system Nell", 2, "could not determine a constructor"),
        (NELL, "voice:", "avatar: ../secret.png\nvoice:", 5, "The avatar '../secret.png' lies outside the pack."),
        (NELL, "voice:", "avatar: avatars/no.png\nvoice:", 5, "avatars/no.png does not exist"),
        (NELL, "voice:", "avatar: pack.yaml\nvoice:", 5, "The avatar 'pack.yaml' is not a readable PNG."),
        (NELL, "voice:", 'avatar: "a\\0b"\nvoice:', 5, "lies outside the pack"),
        (NELL, "voice:", f"avatar: {'a' * 300}.png\nvoice:", 5, "cannot be read: File name too long."),
        (NELL, "voice:", "avatar: [a]\nvoice:", 5, "avatar must be text."),
        (NELL, "[nell, light]", "[nell, sam]", 8, "The keyword 'sam' is already at coast/personas/nell.yaml:8."),
        (MANIFEST, "default_persona: nell", "default_persona: nel", 4, "Did you mean 'nell'?"),
        (MANIFEST, "id: coast", "id: The Coast", 1, "Use lower case letters, digits and dashes."),
        (MANIFEST, "id: coast", "1: coast", 1, "The key 1 is not text."),
        (COAST, "# The Coast\n\n", "", 1, "The document has no title."),
        (COAST, "# The Coast\n", "# The Coast\nSalt.\n", 2, "This text belongs to no passage."),
        (COAST, "## The Bell", "##", 8, "This passage has no title."),
        (COAST, "## The Bell", "### The Bell", 8, "Only # and ## headings are used"),
        (COAST, "## The Bell", "## The Rope\ntags: rope\n\n## The Bell", 8, "The passage 'The Rope' has no text."),
        (COAST, "## The Bell", "## The Rock", 8, "is already at coast/lore/coast.md:3."),
        (COAST, "is made of green copper and rings 3 times in fog", "rings", 8, "has 6 words. Use 10 to 60"),
        (QUESTIONS, "40 Meters", "50 meters", 1, "The answer '50 meters' does not stand in coast/the-rock."),
        (QUESTIONS, "the-rock", "the-rok", 1, "Did you mean 'coast/the-rock'?"),
        (QUESTIONS, "- {", "a: {", 1, "This must be a list."),
        (QUESTIONS, "- {", "- 7\n- {", 1, "These must be 'key: value' lines. The keys are: lore, question, answer."),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_fix(
    pack: Path, file: str, old: str, new: str, line: int, says: str
) -> None:
    edit(pack / file, old, new)
    error = refuse(pack)
    assert says in str(error)
    told = [row for row in str(error).splitlines() if says in row]
    # A clash is told where the second of the two stands, which here is the other persona.
    named = "personas/sam.yaml" if "is already at coast/personas" in says else file
    assert told[0].startswith(f"coast/{named}:{line}: " if line else f"coast/{named}: ")


def _link_out(pack: Path) -> None:
    outside = pack.parent / "outside.yaml"
    shutil.move(pack / NELL, outside)
    (pack / NELL).symlink_to(outside)


def _link_folder_out(pack: Path) -> None:
    shutil.move(pack / "lore", pack.parent / "lore")
    (pack / "lore").symlink_to(pack.parent / "lore")


def _link_to_itself(pack: Path) -> None:
    (pack / NELL).unlink()
    (pack / NELL).symlink_to(pack / NELL)


def _png(pack: Path, size: tuple[int, int]) -> None:
    Image.new("RGB", size).save(pack / "avatars" / "nell.png")


def _cut_png(pack: Path) -> None:
    path = pack / "avatars" / "nell.png"
    path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda p: (p / MANIFEST).unlink(), "coast/pack.yaml: pack.yaml does not exist"),
        (lambda p: (p / MANIFEST).write_text("# nothing\n"), "coast/pack.yaml: This file is empty."),
        (lambda p: (p / MANIFEST).write_text("[" * 5000), "coast/pack.yaml"),
        (lambda p: (p / MANIFEST).write_text("id: a\x07b"), "coast/pack.yaml:1: There is a control character here."),
        (lambda p: (p / NELL).write_bytes(b"id: nell\nname: N\xe9ll\n"), "nell.yaml:2: This is not UTF-8 text."),
        (lambda p: (p / NELL).write_text("#" * (MAX_TEXT_BYTES + 1)), "At most 524,288 are read"),
        (lambda p: shutil.rmtree(p / "lore"), "coast/lore: This folder is missing."),
        (lambda p: (p / COAST).unlink(), "coast/lore: This folder is empty."),
        (lambda p: (p / COAST).write_text("# Coast\n"), "coast/lore/coast.md: There is no passage in this document."),
        (lambda p: (p / NELL).rename(p / "personas/nell.yml"), "nell.yml: Only .yaml files belong here."),
        (lambda p: (p / "lore/more").mkdir(), "coast/lore/more: Only .md files belong here."),
        (_link_out, "nell.yaml: personas/nell.yaml is a link that leads out of the pack."),
        (_link_folder_out, "coast/lore: This link leads out of the pack."),
        (_link_to_itself, "coast/personas/nell.yaml"),
        (lambda p: _png(p, (64, 65)), "nell.yaml:1: The avatar 'avatars/nell.png' is 64x65."),
        (lambda p: _png(p, (2000, 2000)), "is 2000x2000. Make it square, 64 to 1024 pixels."),
        (_cut_png, "is not a readable PNG"),
    ],
)
def test_damaged_folders_and_files_are_refused(pack: Path, damage: Callable[[Path], object], says: str) -> None:
    damage(pack)
    assert says in str(refuse(pack))


def test_every_problem_is_listed_once_and_the_first_is_pointed_at(pack: Path) -> None:
    edit(pack / NELL, "title:", "titel:")
    edit(pack / "personas/sam.yaml", "greeting: Ahoy!\n", "")
    error = refuse(pack)
    assert (error.file, error.line) == ("coast/personas/nell.yaml", 1)
    rows = str(error).splitlines()
    assert [row.split(": ")[0] for row in rows] == [
        "coast/personas/nell.yaml:1",
        "coast/personas/nell.yaml:3",
        "coast/personas/sam.yaml:1",
    ]


def test_a_flood_of_problems_is_cut(pack: Path) -> None:
    (pack / QUESTIONS).write_text("- 1\n" * 50)
    rows = str(refuse(pack)).splitlines()
    assert len(rows) == 21
    assert rows[-1] == "... and 30 more."


def test_a_missing_folder_names_the_setting(tmp_path: Path) -> None:
    assert "Set PACK" in str(refuse(tmp_path / "nowhere"))


def test_the_check_prints_a_summary_or_the_errors(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(pack)]) == 0
    assert "2 personas, 2 lore passages, 1 questions" in capsys.readouterr().out
    edit(pack / NELL, "title:", "titel:")
    assert main([str(pack)]) == 1
    assert "Did you mean 'title'?" in capsys.readouterr().err
    assert main([]) == 2


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=st.sampled_from([NELL, MANIFEST, COAST, QUESTIONS, "avatars/nell.png"]), content=st.binary(max_size=200))
@example(file=NELL, content=b"? [a]\n: b\n")
@example(file=NELL, content=b"{a: &x 1, b: !!set {c}}")
@example(file=QUESTIONS, content=b"- {lore: [], question: 1, answer: {}}")
@example(file=MANIFEST, content=b"<<: 3")
@example(file=MANIFEST, content=b"a: 1\n--- \nb: 2")
@example(file=NELL, content=b"examples: [{user: a, reply: {1: 2}}]\n")
@example(file=NELL, content=b"id: !!int x")
def test_whatever_a_file_holds_the_answer_is_a_pack_or_a_pack_error(pack: Path, file: str, content: bytes) -> None:
    before = (pack / file).read_bytes()
    (pack / file).write_bytes(content)
    try:
        load_pack(pack)
    except PackError as error:
        assert str(error).startswith("coast/")  # noqa: PT017
    finally:
        (pack / file).write_bytes(before)


@pytest.fixture(scope="module")
def communiverse() -> Pack:
    return load_pack(COMMUNIVERSE)


def test_communiverse_has_its_cast(communiverse: Pack) -> None:
    assert len(communiverse.personas) == 15
    assert communiverse.default_persona == "elio"
    assert {"elio", "glordon", "olga", "lord-grigon"} <= {persona.id for persona in communiverse.personas}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("I like a Potato", "glordon"),
        ("is wormhole travel safe?", "tavi-loop"),
        ("who is Aunt Olga?", "olga"),
        ("lord grigon!", "lord-grigon"),
        ("nice weather", None),
    ],
)
def test_communiverse_keywords(communiverse: Pack, text: str, wanted: str | None) -> None:
    found = communiverse.match_keyword(text)
    assert (found.id if found else None) == wanted


def test_communiverse_speaks_in_the_first_person(communiverse: Pack) -> None:
    first = re.compile(r"\b(i|me|my|mine|myself|we|us|our)\b|\bi'", re.IGNORECASE)
    for persona in communiverse.personas:
        for one in persona.examples:
            assert first.search(one.reply), f"{persona.id}: {one.reply}"


def test_communiverse_voices_differ(communiverse: Pack) -> None:
    """Each persona has words that most of its own replies hold and next to none of the others' do."""

    def words(text: str) -> set[str]:
        return set(re.findall(r"[a-z']+", text.lower()))

    for persona in communiverse.personas:
        own = [words(one.reply) for one in persona.examples]
        others = [words(one.reply) for p in communiverse.personas if p is not persona for one in p.examples]
        best = max(
            sum(word in reply for reply in own) / len(own) - 4 * sum(word in reply for reply in others) / len(others)
            for word in set[str]().union(*own)
        )
        assert best >= 0.5, persona.id


def test_communiverse_lore_is_short_plain_and_asked_about(communiverse: Pack) -> None:
    assert len(communiverse.lore) >= 100
    asked = [question.lore_id for question in communiverse.questions]
    for passage in communiverse.lore:
        assert 15 <= len(passage.text.split()) <= 45, passage.id
        assert passage.text.isascii(), passage.id
        assert asked.count(passage.id) >= 2, passage.id
    assert len({question.question for question in communiverse.questions}) == len(communiverse.questions)


def test_every_persona_of_communiverse_is_drawn_and_drawing_repeats_itself(communiverse: Pack) -> None:
    assert set(PAINTERS) == {persona.id for persona in communiverse.personas}
    assert PAINTERS["plip"]().finish(64).tobytes() == PAINTERS["plip"]().finish(64).tobytes()
