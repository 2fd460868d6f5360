"""Writes `docs/commands.md` from the commands, so that the two cannot drift: `python -m deploy.commands_doc`.

With `--check` it writes nothing and exits 1 where the file differs.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from typing import Any

from discord import app_commands

from actors.virtual import VirtualActors
from bot.client import TroupeClient
from bot.commands.help import SUBJECTS, subject_of, who_may
from bot.commands.needs import for_servers
from bot.commands.translate import shown_name
from bot.config import BotConfig
from bot.language import ENGLISH, languages, words
from bot.text_commands import COMMANDS, OWNERS
from core.personas import load_pack
from core.settings import ROOT, Settings
from deploy.compose import gateway_spec

TARGET = ROOT / "docs" / "commands.md"
HEAD = """\
# Commands

Everything that people can do by command, made from the code by `python -m deploy.commands_doc` (`make lint` checks that
it is current). Options in brackets may be left out; permissions are Discord's, checked where the command is used. Names
and descriptions are in {languages}; Discord shows the one of a person's client.
"""

Command = app_commands.Command[Any, ..., Any]
Tree = app_commands.CommandTree[Any]


async def make_tree() -> Tree:
    """The commands as the bot has them. Nothing is asked or connected."""
    settings = Settings()
    config = BotConfig(token="none")  # noqa: S106
    spec = gateway_spec(settings, "mongodb://127.0.0.1", VirtualActors(settings.actor_hosts), config)
    async with TroupeClient(config, spec.actors, spec.index, load_pack(spec.pack_dir), spec.apps) as client:
        return client.tree


def render(tree: Tree) -> str:
    """The text of `docs/commands.md`."""
    commands = sorted(_commands(tree), key=lambda one: one.qualified_name)
    spoken = " and ".join(("English", "German") if languages() == ("en", "de") else languages())
    parts = [HEAD.format(languages=spoken)]
    for subject in (*SUBJECTS, "other"):
        rows = [_row(one) for one in commands if subject_of(one) == subject]
        if rows:
            parts.append(f"\n## {words(ENGLISH)(f'help-subject-{subject}')}\n\n" + _table(rows))
    menus = "\n".join(f"- *{node.name}*, of a message" for node in tree.get_commands() if _is_menu(node))
    parts.append(f"\n## In the menu of a message\n\n{menus}\n")
    for title, typed in (("Typed in a direct message", COMMANDS), ("For who runs the bot, typed anywhere", OWNERS)):
        lines = "\n".join(f"- {words(ENGLISH)(one.usage)}" for one in typed)
        parts.append(f"\n## {title}\n\n{lines}\n")
    return "".join(parts)


def _commands(tree: Tree) -> Iterator[Command]:
    yield from (node for node in tree.walk_commands() if isinstance(node, app_commands.Command))


def _is_menu(node: object) -> bool:
    return isinstance(node, app_commands.ContextMenu)


def _row(command: Command) -> tuple[str, ...]:
    options = " ".join(_option(one) for one in command.parameters)
    others = ", ".join(f"/{shown_name(command, language)}" for language in languages() if language != ENGLISH)
    where = "servers" if for_servers(command) else "servers, direct messages"
    name = f"`/{command.qualified_name}`"
    return name, options, command.description, who_may(command, words(ENGLISH)), where, others


def _option(option: app_commands.Parameter) -> str:
    values = ": " + ", ".join(str(choice.value) for choice in option.choices) if option.choices else ""
    text = f"{option.display_name}{values}"
    return f"`{text}`" if option.required else f"[`{text}`]"


def _table(rows: list[tuple[str, ...]]) -> str:
    head = ("command", "options", "what it does", "for whom", "where", "in German")
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def main() -> int:
    """Writes or, with `--check`, compares the file. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Write docs/commands.md from the commands.")
    parser.add_argument("--check", action="store_true", help="only tell whether the file is up to date")
    check = parser.parse_args().check
    text = render(asyncio.run(make_tree()))
    if not check:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        sys.stderr.write("docs/commands.md does not match the commands. Run: make commands-doc\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
