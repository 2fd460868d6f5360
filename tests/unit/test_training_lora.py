import json
import random
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoTokenizer
from typer.testing import CliRunner

from core.errors import ConfigError
from core.messages import ChatMessage
from core.personas import Persona
from core.prompts import system_text
from core.settings import ROOT
from tests.support.tiny_model import make_tiny_model
from training import lora
from training.admits import admits
from training.chats import encode_chat, read_chats
from training.judge import first_person
from training.lora import Options, rate, train_adapter
from training.rehearse import own_voice, rehearsal
from training.tokenizer import encode_chats
from training.voices import load_cast
from training.worlds import sentences

PACK = ROOT / "packs" / "communiverse"
EXAMPLE = ROOT / "packs" / "examples" / "percival"
GOOD: dict[str, Any] = {
    "messages": [{"role": "user", "content": "Mara: hi"}, {"role": "assistant", "content": "Creak."}]
}


def written(path: Path, *lines: object) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return path


def changed(**message: str) -> dict[str, Any]:
    return {"messages": [GOOD["messages"][0], {**GOOD["messages"][1], **message}]}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{not json", "no JSON"),
        ('"a string"', "the line"),
        ({"messages": []}, "messages"),
        (changed(role="narrator"), "messages.1.role"),
        (changed(content="  "), "messages.1.content"),
        (changed(name="Elio"), "messages.1.name"),
        ({"messages": GOOD["messages"][:1] * 2}, "does not end with a reply"),
        (
            {"messages": [GOOD["messages"][0], {"role": "system", "content": "x"}, GOOD["messages"][1]]},
            "Only the first",
        ),
    ],
)
def test_what_is_wrong_with_the_data_is_told_with_its_line(tmp_path: Path, line: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        read_chats(written(tmp_path / "lines.jsonl", GOOD, "", line))
    assert caught.value.field == "lines.jsonl:3"


def test_a_file_without_chats_or_without_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no chat"):
        read_chats(written(tmp_path / "empty.jsonl", ""))
    with pytest.raises(ConfigError, match="cannot be read"):
        read_chats(tmp_path / "nowhere.jsonl")


def test_any_tokenizer_encodes_as_our_own_does() -> None:
    folder = ROOT / "models" / "troupe-small"
    chat = (
        ChatMessage(role="system", content="You are Percival."),
        ChatMessage(role="user", content="Mara: hi"),
        ChatMessage(role="assistant", content="Creak. A gust."),
        ChatMessage(role="user", content="Mara: bye"),
        ChatMessage(role="assistant", content="Squeak."),
    )
    (ours,) = encode_chats(Tokenizer.from_file(str(folder / "tokenizer.json")), [chat])
    assert encode_chat(AutoTokenizer.from_pretrained(folder), chat) == ours


def test_a_template_that_refuses_a_chat_is_told(tmp_path: Path) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(make_tiny_model(tmp_path))
    tokenizer.chat_template = "{{ raise_exception('no system here') }}"
    with pytest.raises(ConfigError, match="no system here"):
        encode_chat(tokenizer, (ChatMessage(role="system", content="x"), ChatMessage(role="assistant", content="y")))


def test_the_rate_rises_and_falls() -> None:
    assert rate(0, 100) < rate(5, 100) < rate(10, 100)
    assert rate(10, 100) > rate(50, 100) > rate(99, 100) > 0
    assert rate(0, 1) == 1


def test_an_adapter_is_learned_and_saved_as_engines_load_it(tmp_path: Path) -> None:
    base = make_tiny_model(tmp_path / "base", tied=False)
    data = written(tmp_path / "lines.jsonl", *[GOOD] * 6)
    options = Options(rank=4, epochs=10, rate=0.05, batch=4, replay=0)

    def train(folder: str, options: Options = options) -> tuple[lora.Trained, dict[str, Any]]:
        trained = train_adapter(data, tmp_path / folder, base=base, pack=PACK, options=options)
        return trained, load_file(tmp_path / folder / "adapter_model.safetensors")

    trained, weights = train("one")
    assert (trained.chats, trained.steps) == (6, 20)
    assert trained.losses[-1] < trained.losses[0] - 0.3  # the head of a random model is frozen, so it cannot learn much
    config = json.loads((tmp_path / "one" / "adapter_config.json").read_text("utf-8"))
    assert (config["r"], config["lora_alpha"]) == (4, 8)
    assert {name.split(".")[-3] for name in weights} == {*lora.FEED_FORWARD, "lm_head"}
    assert len(weights) == 2 * (len(lora.FEED_FORWARD) + 1)  # two matrices per module in the upper one of two layers
    assert all(".layers.1." in name or ".lm_head." in name for name in weights)
    again, same = train("two")
    assert again.losses == trained.losses
    assert all((same[name] == weights[name]).all() for name in weights)
    mixed, more = train(
        "three", replace(options, epochs=1, replay=1.0, longest=4000, attention=True, every_layer=True, output=False)
    )
    assert mixed.steps == 3  # six chats and six rehearsed ones
    assert len(more) == 2 * (len(lora.FEED_FORWARD) + len(lora.ATTENTION)) * 2


def test_an_output_layer_that_is_the_embeddings_stays_as_it_is(tmp_path: Path) -> None:
    data = written(tmp_path / "lines.jsonl", GOOD)
    options = Options(rank=1, epochs=1, batch=1, replay=0)
    train_adapter(data, tmp_path / "out", base=make_tiny_model(tmp_path / "base"), pack=PACK, options=options)
    assert not any("lm_head" in name for name in load_file(tmp_path / "out" / "adapter_model.safetensors"))


def test_a_chat_that_is_too_long_is_told(tmp_path: Path) -> None:
    base = make_tiny_model(tmp_path / "base")
    data = written(tmp_path / "lines.jsonl", GOOD, changed(content="creak " * 600))
    with pytest.raises(ConfigError, match="Chat 2 has"):
        train_adapter(data, tmp_path / "out", base=base, pack=PACK)


def test_the_command_says_what_is_wrong_and_fails(tmp_path: Path) -> None:
    app = lora.typer.Typer()
    app.command()(lora.main)
    data = written(tmp_path / "lines.jsonl", "{}")
    said = CliRunner().invoke(app, ["--data", str(data), "--out", str(tmp_path / "out"), "--threads", "1"])
    assert said.exit_code == 1
    assert "lines.jsonl:1" in said.output


def test_the_example_is_a_persona_of_sixty_lines_in_its_own_prompt() -> None:
    persona = Persona(**yaml.safe_load(EXAMPLE.with_suffix(".yaml").read_text("utf-8")), avatar=Path("percival.png"))
    chats = read_chats(EXAMPLE.with_suffix(".jsonl"))
    assert len(chats) == 60
    replies = [chat[-1].content for chat in chats]
    assert len(set(replies)) == 60
    for chat in chats:
        assert chat[0].content.split("\n")[0] == system_text(persona)
    assert sum(map(first_person, replies)) > 50
    assert all(reply.startswith(("Creak", "Squeak")) and "Outlook" in reply for reply in replies)


def test_a_persona_rehearses_reading_in_its_own_manner() -> None:
    chats = read_chats(EXAMPLE.with_suffix(".jsonl"))
    pack, cast = load_cast(PACK)
    made = list(islice(rehearsal(chats, pack, cast, seed=1), 60))
    mine = [chat for chat in made if chat[0].content.split("\n")[0] == chats[0][0].content]
    assert len(mine) == 30
    replies = [chat[-1].content for chat in mine]
    assert all(reply.startswith(("Creak", "Squeak")) and "Outlook" in reply for reply in replies)
    given = [line.removeprefix("- ") for chat in mine for line in chat[-2].content.split("\n")[2:-1]]
    told = [said for text in given for said in sentences(text)]
    read = [any(said in reply for said in told) for reply in replies]
    denied = [admits(reply) for reply in replies]
    assert 3 < sum(denied) < 20
    assert sum(read) > 5
    assert not any(r and d for r, d in zip(read, denied, strict=True))


def test_without_reading_in_the_chats_only_old_dialogues_are_rehearsed() -> None:
    talk = [chat for chat in read_chats(EXAMPLE.with_suffix(".jsonl")) if "<lore>" not in chat[-2].content]
    assert own_voice(talk, random.Random(1)) is None
    pack, cast = load_cast(PACK)
    made = list(islice(rehearsal(talk, pack, cast, seed=1), 10))
    assert not any("Percival" in message.content for chat in made for message in chat)
