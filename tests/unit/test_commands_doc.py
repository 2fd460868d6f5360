"""docs/commands.md is what the code says."""

from __future__ import annotations

from bot.text_commands import COMMANDS, OWNERS
from deploy.commands_doc import TARGET, make_tree, render
from tests.support.commands import commands


async def test_the_table_of_commands_is_current() -> None:
    assert TARGET.read_text("utf-8") == render(await make_tree()), "run: make commands-doc"


def test_it_has_every_command_with_who_may_use_it() -> None:
    rows = {line.split(" | ")[0]: line for line in TARGET.read_text("utf-8").split("\n") if line.startswith("| `/")}
    assert rows.keys() == {f"| `/{command.qualified_name}`" for command in commands()}
    assert "with the permission Manage Server | servers |" in rows["| `/config set`"]
    assert "`question` [`persona`]" in rows["| `/persona ask`"]
    assert "with the permission Manage Server | servers |" in rows["| `/persona create`"]


def test_it_has_what_is_typed() -> None:
    text = TARGET.read_text("utf-8")
    assert all(f"- `!{command.name}" in text for command in (*COMMANDS, *OWNERS))
    assert "`!game stop`" in text
