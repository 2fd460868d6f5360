"""/config show, set, reset and history: what a server sets for itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, cast, get_args
from zoneinfo import available_timezones

import discord
from discord import app_commands

from actors.guild import ALL, KIND, Change, SettingView
from actors.guild_settings import EVERYWHERE, NAMES, help_of, kind_of
from bot.commands.needs import guild_of, needs
from bot.commands.services import MOST_CHOICES, Services
from bot.language import Words, words
from core.errors import RequestError
from core.messages import FilterLevel, MemoryMode
from core.personas import Pack

_CHOICE_LIMIT = 100
_DESCRIPTION_LIMIT = 4096
_SHOWN_MEMBERS = 8
_SHOWN_CHANGES = 15
_CHANNEL = re.compile(r"^(?P<sign>[+-]?)(?:<#(?P<mentioned>\d+)>|(?P<id>\d{15,19})|#?(?P<name>\S+))$")

_Choice = app_commands.Choice[str]


def add(tree: app_commands.CommandTree, services: Services) -> None:
    """Put /config into the tree."""
    group = app_commands.Group(
        name="config", description="How the cast behaves on this server. For who manages it.", guild_only=True
    )

    @group.command(name="show", description="What is set here, and what is inherited from the operator.")
    @app_commands.describe(setting="Only this one, with its explanation.")
    @app_commands.autocomplete(setting=_complete_setting)
    @needs("manage_guild")
    async def show(interaction: discord.Interaction, setting: str | None = None) -> None:
        guild = guild_of(interaction)
        if setting is not None:
            kind_of(setting)
        await interaction.response.defer(ephemeral=True, thinking=True)
        views = await services.actors.call(KIND, str(guild.id), "view")
        chosen = [view for view in views if setting in (None, view.name)]
        pack = await services.everybody(interaction)
        embed = settings_embed(chosen, pack, words(interaction.locale), explain=bool(setting))
        await interaction.followup.send(embed=embed)

    @group.command(name="set", description="Change a setting for this server.")
    @app_commands.describe(setting="What to change.", value="What it shall be. Lists also take +one and -one.")
    @app_commands.autocomplete(setting=_complete_setting, value=_complete_value(services))
    @needs("manage_guild")
    async def set_(interaction: discord.Interaction, setting: str, value: app_commands.Range[str, 1, 1000]) -> None:
        guild, say = guild_of(interaction), words(interaction.locale)
        typed = channel_ids(guild, value, say) if kind_of(setting) == "channels" else value
        await interaction.response.defer(ephemeral=True, thinking=True)
        by = (str(interaction.user.id), str(interaction.id))
        view: SettingView = await services.actors.call(KIND, str(guild.id), "change", setting, typed, *by)
        services.guilds.forget(str(guild.id))
        if setting == "memory":
            await services.people.keep_only_welcome(str(guild.id), cast(MemoryMode, view.value))
        await services.reschedule(str(guild.id))
        await services.access.audit(guild.id, interaction.user, "config.set", f"{setting} to {view.value}")
        now = shown(setting, view.value, await services.everybody(interaction), say)
        await interaction.followup.send(say("config-now", setting=setting, value=now))

    @group.command(name="reset", description="Have a setting, or all of them, inherit from the operator again.")
    @app_commands.describe(setting="What to reset: a setting, or all.")
    @app_commands.autocomplete(setting=_complete_reset)
    @needs("manage_guild")
    async def reset(interaction: discord.Interaction, setting: str) -> None:
        guild, say = guild_of(interaction), words(interaction.locale)
        if setting != ALL:
            kind_of(setting)
        await interaction.response.defer(ephemeral=True, thinking=True)
        by = (str(interaction.user.id), str(interaction.id))
        names: Sequence[str] = await services.actors.call(KIND, str(guild.id), "reset", setting, *by)
        services.guilds.forget(str(guild.id))
        await services.reschedule(str(guild.id))
        if names:
            await services.access.audit(guild.id, interaction.user, "config.reset", ", ".join(names))
        done = say("config-inherited-again", settings=", ".join(f"**{name}**" for name in names))
        await interaction.followup.send(done if names else say("config-nothing-set"))

    @group.command(name="history", description="Who changed what, and when.")
    @needs("manage_guild")
    async def history(interaction: discord.Interaction) -> None:
        guild = guild_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        changes = await services.actors.call(KIND, str(guild.id), "history")
        embed = history_embed(changes, await services.everybody(interaction), words(interaction.locale))
        await interaction.followup.send(embed=embed)

    tree.add_command(group)


def settings_embed(views: Sequence[SettingView], pack: Pack, words: Words, *, explain: bool = False) -> discord.Embed:
    """Each setting with its value and where that comes from; with `explain` also what it is."""
    lines = []
    for view in views:
        lines.append(f"**{view.name}** {shown(view.name, view.value, pack, words)}\n-# {_origin(view, words)}")
        if explain:
            lines.append(explained(view.name, words))
    embed = discord.Embed(title=words("config-title"), colour=discord.Colour.blurple())
    embed.description = _whole_lines(lines)
    embed.set_footer(text=words("config-footer"))
    return embed


def history_embed(changes: Sequence[Change], pack: Pack, words: Words) -> discord.Embed:
    """The latest changes, newest first."""
    embed = discord.Embed(title=words("config-history-title"), colour=discord.Colour.blurple())
    lines = [
        f"<t:{one.at_ms // 1000}:R> "
        + words(
            "config-changed",
            who=_who(one, words),
            setting=one.setting,
            old=_before(one, one.old, pack, words),
            new=_before(one, one.new, pack, words),
        )
        for one in reversed(changes[-_SHOWN_CHANGES:])
    ]
    embed.description = _whole_lines(lines) or words("config-never-changed")
    return embed


def _whole_lines(lines: Sequence[str]) -> str:
    """As many of the lines as an embed takes."""
    text = ""
    for line in lines:
        if len(text) + len(line) >= _DESCRIPTION_LIMIT:
            break
        text += f"{line}\n"
    return text.rstrip()


def shown(name: str, value: str | None, pack: Pack, words: Words) -> str:
    """A value as the actor writes it, for people to read."""
    if value is None:
        return words("config-as-operator")
    kind = kind_of(name)
    if kind not in ("channels", "personas", "persona"):
        return f"`{value}`"
    if value == EVERYWHERE:
        return words("config-everybody" if kind == "personas" else "config-all-channels")
    if value == "none":
        return words("config-no-channel")
    names = {persona.id: persona.name for persona in pack.personas}
    members = value.split(", ")
    told = [f"<#{one}>" if kind == "channels" else names.get(one, one) for one in members[:_SHOWN_MEMBERS]]
    more = len(members) - _SHOWN_MEMBERS
    return ", ".join(told) + (f" {words('config-and-more', count=more)}" if more > 0 else "")


def explained(name: str, words: Words) -> str:
    """What a setting is, in one line; those that have no text of their own in the language, in English."""
    return words.find(f"setting-{name}", help_of(name))


def channel_ids(guild: discord.Guild, text: str, words: Words) -> str:
    """A list of channels as somebody typed it, by mention, name or id, as ids with their signs. Raises RequestError for
    what is no channel of the server; only a sign - may stand before an id that is gone."""
    return ",".join(_channel_id(guild, word, words) for word in re.split(r"[,\s]+", text) if word)


def _channel_id(guild: discord.Guild, word: str, words: Words) -> str:
    match = _CHANNEL.match(word)
    if word in (EVERYWHERE, "none") or match is None:
        return word
    sign, known = match["sign"], match["mentioned"] or match["id"]
    if known is None:
        named = [one for one in _channels(guild) if one.name.casefold() == match["name"].casefold()]
        known = str(named[0].id) if named else None
    elif sign != "-" and guild.get_channel_or_thread(int(known)) is None:
        known = None
    if known is None:
        raise RequestError(words("config-no-such-channel", name=repr(word[:60])), field="value")
    return sign + known


def _channels(guild: discord.Guild) -> list[discord.abc.GuildChannel]:
    return [one for one in guild.channels if not isinstance(one, discord.CategoryChannel)]


def _origin(view: SettingView, words: Words) -> str:
    if not view.own:
        return words("config-from-operator")
    if view.change is None:
        return words("config-set-here")
    when = f"<t:{view.change.at_ms // 1000}:R>"
    return words("config-set-by", who=_who(view.change, words), when=when)


def _who(change: Change, words: Words) -> str:
    return f"<@{change.user_id}>" if change.user_id else words("common-nobody-knows")


def _before(change: Change, value: str | None, pack: Pack, words: Words) -> str:
    return words("config-inherited") if value is None else shown(change.setting, value, pack, words)


async def _complete_setting(interaction: discord.Interaction, current: str) -> list[_Choice]:
    typed, say = current.strip().casefold(), words(interaction.locale)
    return [
        app_commands.Choice(name=f"{name}: {explained(name, say)}"[:_CHOICE_LIMIT], value=name)
        for name in NAMES
        if typed in name or typed in explained(name, say).casefold()
    ][:MOST_CHOICES]


async def _complete_reset(interaction: discord.Interaction, current: str) -> list[_Choice]:
    everything = [app_commands.Choice(name=words(interaction.locale)("config-all-settings"), value=ALL)]
    typed = current.strip().casefold()
    return (everything if typed in ALL else []) + (await _complete_setting(interaction, current))[: MOST_CHOICES - 1]


def _complete_value(services: Services) -> Callable[[discord.Interaction, str], Coroutine[Any, Any, list[_Choice]]]:
    async def complete(interaction: discord.Interaction, current: str) -> list[_Choice]:
        name = str(interaction.namespace.setting or "")
        guild, typed = interaction.guild, current.strip().casefold()
        if guild is None or name not in NAMES or not interaction.permissions.manage_guild:
            return []
        pack = await services.everybody(interaction)
        fitting = [one for one in _values(name, interaction, guild, pack) if typed in one[0].casefold()]
        return [app_commands.Choice(name=label[:_CHOICE_LIMIT], value=value) for label, value in fitting][:MOST_CHOICES]

    return complete


def _values(name: str, interaction: discord.Interaction, guild: discord.Guild, pack: Pack) -> list[tuple[str, str]]:
    """What a setting may be, as (label, value)."""
    say = words(interaction.locale)
    match kind_of(name):
        case "switch":
            return [(say("config-on"), "on"), (say("config-off"), "off")]
        case "choice":
            return [(one, one) for one in get_args(MemoryMode if name == "memory" else FilterLevel)]
        case "hours":
            return [(hours, hours) for hours in ("22:00-07:00", "23:00-06:00", "00:00-08:00", "18:00-09:00")]
        case "zone":
            return [(zone, zone) for zone in sorted(available_timezones())]
        case "persona":
            return [(f"{one.name}, {one.title}", one.id) for one in pack.personas]
        case "personas":
            people = [(one.name, one.id) for one in pack.personas]
            return [(say("config-everybody"), EVERYWHERE), *_changes_of_a_list(people, say)]
        case "channels":
            # Not everybody who may manage a server may see all of it.
            me = interaction.user
            seen = [
                (f"#{one.name}", str(one.id))
                for one in _channels(guild)
                if isinstance(me, discord.Member) and one.permissions_for(me).view_channel
            ]
            whole = [(say("config-all-channels"), EVERYWHERE), (say("config-no-channel"), "none")]
            return whole + _changes_of_a_list(seen, say)
        case _:
            return []


def _changes_of_a_list(members: Sequence[tuple[str, str]], words: Words) -> list[tuple[str, str]]:
    verbs = (("config-only", ""), ("config-add", "+"), ("config-take-out", "-"))
    return [(words(verb, name=label), sign + value) for label, value in members for verb, sign in verbs]
