"""The names and descriptions of commands: in every language, within Discord's rules, and as the texts call them."""

from __future__ import annotations

import re
from typing import Literal

import discord
import pytest
from discord import app_commands

from bot.commands.needs import OWNER, needed
from bot.commands.sync import shape
from bot.commands.translate import Texts, places, shown_name
from bot.language import ENGLISH, FOLDER, attributes, keys, languages
from local_discord.commands import CommandBody
from local_discord.locales import localized
from local_discord.validation import check_each
from tests.support.commands import commands, tree

OTHERS = [language for language in languages() if language != ENGLISH]


def test_the_english_file_says_what_the_code_says() -> None:
    texts = attributes(ENGLISH)
    for key, name, description in places(tree()):
        assert texts.get(f"{key}.name") == name, key
        assert texts.get(f"{key}.description") == description, key


@pytest.mark.parametrize("language", OTHERS)
def test_every_command_option_and_choice_has_its_texts(language: str) -> None:
    texts = attributes(language)
    expected = {f"{key}.name" for key, _, _ in places(tree())}
    expected |= {f"{key}.description" for key, _, description in places(tree()) if description is not None}
    assert {key for key in texts if key.startswith("command-")} == expected
    assert {key.partition(".")[0] for key in expected} == {
        key for key in keys(language) if key.startswith("command-") and "." not in key
    }


async def payloads() -> list[dict[str, object]]:
    texts = Texts(tree())
    return [await command.get_translated_payload(tree(), texts) for command in tree().get_commands()]


async def test_discord_takes_them_in_all_languages() -> None:
    # The local Discord checks names, lengths and that nobody sees one twice; an ApiError would say what is wrong.
    bodies = check_each(CommandBody, await payloads())
    [memory] = [body for body in bodies if body.name == "memory"]
    assert memory.name_localizations == {"de": "gedächtnis"}
    assert [option.name_localizations for option in memory.options if option.name == "forget"] == [{"de": "vergessen"}]
    shown = localized(memory.model_dump(), "de")
    assert shown["name_localized"] == "gedächtnis"
    assert "name_localizations" not in shown["options"][0]
    assert "name_localized" not in localized(memory.model_dump(), "fr")


async def test_choices_are_found_by_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    small = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))

    @small.command(name="roll", description="d")
    async def roll(interaction: discord.Interaction, die: Literal["Six sides", "Ten"], again: Literal["Ten"]) -> None:
        """Never run."""

    german = {
        "command-roll-option-die-choice-six-sides.name": "Sechs Seiten",
        "command-roll-option-die-choice-ten.name": "Zehn",
        "command-roll-option-again-choice-ten.name": "Noch zehn",
    }
    monkeypatch.setattr("bot.commands.translate.attributes", lambda language: german)
    payload = await roll.get_translated_payload(small, Texts(small))
    shown = [choice["name_localizations"]["de"] for option in payload["options"] for choice in option["choices"]]
    assert shown == ["Sechs Seiten", "Zehn", "Noch zehn"]
    assert {key for key, _, _ in places(small)} >= {key.partition(".")[0] for key in german}


async def test_another_translation_is_another_command() -> None:
    [one, *_] = await payloads()
    assert shape(one) == shape({**one, "id": "1", "version": "2"})
    assert shape(one) != shape({**one, "description_localizations": {"de": "Etwas anderes"}})


@pytest.mark.parametrize("language", languages())
def test_texts_call_commands_by_the_names_of_their_language(language: str) -> None:
    names = {shown_name(command, language) for command in commands()}
    roots = {name.split()[0] for name in names}
    foreign = {shown_name(command, other).split()[0] for command in commands() for other in languages()} - roots
    spoken = 0
    for path in (FOLDER / language).glob("*.ftl"):
        said = re.sub(r"^#.*$", "", path.read_text("utf-8"), flags=re.MULTILINE)
        for found in re.finditer(r"(?<![\w/.])/([a-zäöüß][\w-]*(?: [\w-]+){0,2})", said):
            root, *rest = found[1].split()
            assert root not in foreign, f"{path.name}: /{found[1]}"
            if root in roots:
                longer = {" ".join((root, *rest[:count])) for count in range(len(rest) + 1)}
                assert longer & names, f"{path.name}: /{found[1]}"
                spoken += 1
    assert spoken > 5


def test_needs_are_told_of_those_who_refuse() -> None:
    told = {command.qualified_name: needed(command) for command in commands()}
    assert told["config set"] == told["memory purge"] == told["schedule add"] == ("manage_guild",)
    assert told["finetune start"] == (OWNER,)
    assert told["persona ask"] == ()


def test_the_tree_holds_no_command_without_a_description() -> None:
    for command in commands():
        assert command.description not in ("", "…"), command.qualified_name
        for option in command.parameters:
            assert option.description not in ("", "…"), f"{command.qualified_name} {option.name}"
    assert all(isinstance(one, app_commands.Command) for one in commands())
