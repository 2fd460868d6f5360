"""/help: how to talk to the cast, and by subject every command that whoever asks may use; made from the tree itself."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from difflib import get_close_matches
from typing import Any

import discord
from discord import app_commands

from bot.access import Access
from bot.commands.needs import OWNER, for_servers, may_use, needed
from bot.commands.pages import in_pages
from bot.commands.services import MOST_CHOICES, Services
from bot.commands.translate import option_key, shown_description, shown_name
from bot.errors import answer_error, permissions
from bot.language import Words, attributes, words
from core.errors import RequestError
from core.personas import Pack

SUBJECTS = {
    "talk": ("ai", "persona", "scenario", "greet", "rag", "why", "analyze", "help"),
    "play": ("game", "minigame", "story", "drop", "points", "profile", "leaderboard"),
    "yours": ("memory", "schedule remind", "schedule reminders"),
    "server": ("config", "config-proactive", "schedule", "admin-data", "access"),
    "operator": ("finetune",),
}
_OTHER = "other"
_OPEN_S = 600.0

Command = app_commands.Command[Any, ..., Any]
Tree = app_commands.CommandTree[Any]


def add(tree: Tree, services: Services) -> None:
    """Put /help into the tree."""

    @tree.command(name="help", description="How to talk to the cast, and what you can do here.")
    @app_commands.describe(command="Only this command, with all that can be given to it.")
    @app_commands.autocomplete(command=_complete(tree, services.access))
    async def help_(interaction: discord.Interaction, command: str | None = None) -> None:
        say = words(interaction.locale)
        usable = await usable_by(interaction, tree, services.access)
        if command is not None:
            embed = command_embed(named(usable, command, say), say)
            await interaction.response.send_message(embed=embed, ephemeral=True)
            return
        me = interaction.client.user
        pack = (await services.here(interaction)).pack
        pages = [overview(pack, me.mention if me else "", say), *subject_embeds(usable, say)]
        shelf = _Shelf(timeout=_OPEN_S).add_item(_Subjects(pages, say))
        await interaction.response.send_message(embed=pages[0], view=shelf, ephemeral=True)


async def usable_by(interaction: discord.Interaction, tree: Tree, access: Access) -> list[Command]:
    """The commands that somebody may use where they are, by name."""
    owner = await access.is_owner(interaction.user)
    every = [one for one in tree.walk_commands() if isinstance(one, app_commands.Command)]
    return sorted((one for one in every if may_use(one, interaction, owner=owner)), key=lambda one: one.qualified_name)


def named(commands: Sequence[Command], text: str, words: Words) -> Command:
    """The command of a name, English or in the reader's language, with or without the slash. Raises RequestError, with
    near names."""
    typed = " ".join(text.strip().lstrip("/").casefold().split())
    known = {one.qualified_name: one for one in commands}
    known |= {shown_name(one, words.language): one for one in commands}
    if typed in known:
        return known[typed]
    near = get_close_matches(typed, known, n=3, cutoff=0.5)
    hint = words("help-near", names=", ".join(f"/{one}" for one in near)) if near else words("help-see")
    raise RequestError(words("help-unknown", name=text.strip()[:60], hint=hint), field="command")


def overview(pack: Pack, mention: str, words: Words) -> discord.Embed:
    """What the cast is and how it is addressed."""
    someone = pack.personas[-1]
    embed = discord.Embed(title=pack.name, description=pack.description, colour=discord.Colour.blurple())
    talk = words("help-talk", mention=mention, keyword=someone.keywords[0], name=someone.name)
    embed.add_field(name=words("help-talk-title"), value=talk, inline=False)
    embed.add_field(name=words("help-direct-title"), value=words("help-direct"), inline=False)
    embed.add_field(name=words("help-yours-title"), value=words("help-yours"), inline=False)
    embed.set_footer(text=words("help-choose"))
    return embed


def subject_embeds(commands: Sequence[Command], words: Words) -> list[discord.Embed]:
    """A page, or several, for each subject of which there is a command."""
    pages = []
    for subject in (*SUBJECTS, _OTHER):
        lines = [
            f"**/{shown_name(one, words.language)}**\n{shown_description(one, words.language)}"
            for one in commands
            if subject_of(one) == subject
        ]
        texts = in_pages(lines) if lines else []
        for number, text in enumerate(texts, start=1):
            title = words(f"help-subject-{subject}") + (f" ({number}/{len(texts)})" if len(texts) > 1 else "")
            pages.append(discord.Embed(title=title, description=text, colour=discord.Colour.blurple()))
    return pages


def command_embed(command: Command, words: Words) -> discord.Embed:
    """All that can be given to a command, who may use it, and where."""
    language = words.language
    embed = discord.Embed(title=f"/{shown_name(command, language)}", colour=discord.Colour.blurple())
    embed.description = shown_description(command, language)
    for option in command.parameters:
        key, texts = option_key(option), attributes(language)
        name = texts.get(f"{key}.name", option.display_name)
        about = [texts.get(f"{key}.description", option.description)]
        if not option.required:
            about.append(words("help-optional"))
        if option.choices:
            about.append(words("help-choices", choices=", ".join(choice.name for choice in option.choices)))
        embed.add_field(name=name, value=" ".join(about)[:1024], inline=False)
    embed.add_field(name=words("help-who"), value=who_may(command, words))
    where = words("help-servers" if for_servers(command) else "help-anywhere")
    embed.add_field(name=words("help-where"), value=where)
    return embed


def who_may(command: Command, words: Words) -> str:
    """Who may use a command, for people to read."""
    names = [name for name in needed(command) if name != OWNER]
    if names:
        return words("help-with-permission", permissions=permissions(names, words))
    return words("help-owner" if needed(command) else "help-all")


class _Subjects(discord.ui.Select[discord.ui.View]):
    """The list of the pages to choose from. Only who asked sees it."""

    def __init__(self, pages: Sequence[discord.Embed], words: Words) -> None:
        options = [
            discord.SelectOption(label=(page.title or "")[:100], value=str(number))
            for number, page in enumerate(pages[:MOST_CHOICES])
        ]
        super().__init__(placeholder=words("help-placeholder"), options=options)
        self._pages = pages

    async def callback(self, interaction: discord.Interaction) -> None:
        """Show the page that was chosen."""
        await interaction.response.edit_message(embed=self._pages[int(self.values[0])])


class _Shelf(discord.ui.View):
    """Holds the list."""

    async def on_error(self, click: discord.Interaction, error: Exception, item: discord.ui.Item[_Shelf]) -> None:
        """As for a command."""
        await answer_error(click, error)


def subject_of(command: Command) -> str:
    """The subject under which a command is listed: its own, else that of the group that it is in."""
    name = command.qualified_name
    listed = {one: subject for subject, names in SUBJECTS.items() for one in names}
    return listed.get(name) or listed.get(name.split()[0], _OTHER)


def _complete(
    tree: Tree, access: Access
) -> Callable[[discord.Interaction, str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]:
    async def complete(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        typed, language = current.strip().lstrip("/").casefold(), words(interaction.locale).language
        found = [(shown_name(one, language), one.qualified_name) for one in await usable_by(interaction, tree, access)]
        fitting = [(name, value) for name, value in found if typed in name or typed in value]
        return [app_commands.Choice(name=f"/{name}"[:100], value=value) for name, value in fitting[:MOST_CHOICES]]

    return complete
