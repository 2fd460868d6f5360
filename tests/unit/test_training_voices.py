import random
import shutil
from pathlib import Path

import pytest

from core.errors import PackError
from core.settings import ROOT
from training.admits import admits
from training.phrases import load_phrases
from training.voices import LONG_LINE, load_cast, random_voice

PACK = ROOT / "packs" / "communiverse"


@pytest.fixture
def pack_dir(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PACK, tmp_path / "pack"))


def test_every_line_of_every_voice_can_be_said() -> None:
    _, cast = load_cast(PACK)
    rng = random.Random(1)
    for voice in cast:
        for intent in voice.lines:
            if intent in ("lore", "self"):
                assert "A fact." in voice.tell(rng, "A fact.")
            elif intent == "unknown":
                assert "{" not in voice.not_known(rng, user="Mara")
            elif intent in ("opener", "closer"):
                assert "A line." in voice.frame(rng, "A line.")
            else:
                assert "{" not in voice.reply(rng, intent, user="Mara", topic="rain")


def test_the_examples_of_a_persona_are_its_replies() -> None:
    pack, cast = load_cast(PACK)
    for persona, voice in zip(pack.personas, cast, strict=True):
        known = {line for lines in voice.lines.values() for line in lines} | {e.reply for e in voice.by_line}
        assert {e.reply for e in persona.examples if not admits(e.reply)} <= known


def test_only_lines_for_what_is_unknown_admit_not_to_know() -> None:
    _, cast = load_cast(PACK)
    for voice in cast:
        for key, lines in voice.lines.items():
            assert [line for line in lines if admits(line) != (key == "unknown")] == [], (voice.persona.id, key)
    plain = load_phrases()
    assert all(map(admits, plain.lists["unknown"]))
    assert not any(admits(line) for intent in plain.intents.values() for line in intent.reply)


def test_everybody_in_the_pack_has_many_ways_to_say_things() -> None:
    _, cast = load_cast(PACK)
    for voice in cast:
        for key, least in {"lore": 6, "unknown": 6, "opener": 8, "closer": 8, "self": 2, "joke": 3}.items():
            assert len(set(voice.lines[key])) >= least, (voice.persona.id, key)


def test_a_frame_puts_a_line_between_an_opener_and_a_closer() -> None:
    _, cast = load_cast(PACK)
    rng = random.Random(3)
    for voice in cast:
        framed = {voice.frame(rng, "Rain is nice.") for _ in range(100)}
        assert len(framed) > 40
        for line in framed:
            before, after = (part.strip() for part in line.split("Rain is nice."))
            assert before in voice.lines["opener"]
            assert after in (*voice.lines["closer"], "")
    long = " ".join(["word"] * LONG_LINE)
    assert all(cast[0].frame(rng, long).endswith(long) for _ in range(40))


def test_an_opener_that_ends_with_a_comma_goes_on_in_lower_case(pack_dir: Path) -> None:
    (pack_dir / "flavour.yaml").write_text("elio: {opener: ['Well,']}\n", "utf-8")
    _, cast = load_cast(pack_dir)
    elio = next(voice for voice in cast if voice.persona.id == "elio")
    rng = random.Random(1)
    assert elio.frame(rng, "Rain is nice.") == "Well, rain is nice."
    assert elio.frame(rng, "I like rain.") == "Well, I like rain."


def test_a_fact_about_the_speaker_is_told_as_such() -> None:
    _, cast = load_cast(PACK)
    elio = next(voice for voice in cast if voice.persona.id == "elio")
    wrapped = elio.tell(random.Random(1), "Elio has a cape.")
    assert wrapped in {line.replace("{lore}", "Elio has a cape.") for line in elio.lines["self"]}


def test_a_pack_without_flavour_still_talks(pack_dir: Path) -> None:
    (pack_dir / "flavour.yaml").unlink()
    _, cast = load_cast(pack_dir)
    rng = random.Random(1)
    for voice in cast:
        assert voice.frame(rng, "A line.") == "A line."
        assert voice.tell(rng, "A fact.") in {t.replace("{lore}", "A fact.") for t in voice.persona.fallback_lore}
        assert voice.reply(rng, "thanks", user="Mara")
        assert voice.not_known(rng, user="Mara")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("nobody: {thanks: [hi]}", "nobody"),
        ("elio: {thank: [hi]}", "thank"),
        ("elio: {lore: [no slot]}", "{lore}"),
        ("elio: {thanks: ['{lore}']}", "{lore}"),
        ("elio: [", "YAML"),
        ("elio: hello", "elio"),
        ("- elio", "shape"),
        ("elio: {thanks: hello}", "thanks"),
        ("elio: {thanks: [3]}", "thanks"),
    ],
)
def test_a_wrong_flavour_file_names_itself_and_what_is_wrong(pack_dir: Path, content: str, says: str) -> None:
    (pack_dir / "flavour.yaml").write_text(content, "utf-8")
    with pytest.raises(PackError) as caught:
        load_cast(pack_dir)
    assert caught.value.file == "pack/flavour.yaml"
    assert says in str(caught.value)
    assert caught.value.fix


def test_random_voices_are_many_and_valid() -> None:
    rng = random.Random(2)
    voices = [random_voice(rng) for _ in range(200)]
    assert len({voice.persona.name for voice in voices}) > 150
    for voice in voices:
        told = voice.tell(rng, "The Old Lamp sings.")
        assert "The Old Lamp sings." in told
        assert "{" not in told
