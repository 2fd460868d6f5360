"""A small discord.py bot that uses what the chat page must show: commands, components, modals, embeds, webhooks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket

PERSONAS = ("Elio", "Glordon", "Lord Grigon", "Olga")


class Panel(discord.ui.View):
    """Two buttons and a select; the message shows what was pressed."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.presses = 0

    @discord.ui.button(label="Applaud", style=discord.ButtonStyle.success, emoji="👏")
    async def applaud(self, interaction: discord.Interaction, button: discord.ui.Button[Panel]) -> None:
        self.presses += 1
        await interaction.response.edit_message(content=f"Applause: {self.presses}", view=self)

    @discord.ui.button(label="Write", style=discord.ButtonStyle.primary)
    async def write(self, interaction: discord.Interaction, button: discord.ui.Button[Panel]) -> None:
        await interaction.response.send_modal(Letter())

    @discord.ui.button(label="Never", style=discord.ButtonStyle.danger, disabled=True)
    async def never(self, interaction: discord.Interaction, button: discord.ui.Button[Panel]) -> None:
        raise AssertionError("a disabled button was pressed")

    @discord.ui.select(
        placeholder="Who joins the scene?",
        min_values=1,
        max_values=2,
        options=[discord.SelectOption(label=name, description=f"{name} enters") for name in PERSONAS],
    )
    async def cast(self, interaction: discord.Interaction, select: discord.ui.Select[Panel]) -> None:
        await interaction.response.send_message(f"On stage: {', '.join(select.values)}", ephemeral=True)


class Letter(discord.ui.Modal, title="A letter to the cast"):
    to: discord.ui.TextInput[Letter] = discord.ui.TextInput(label="To", min_length=2, max_length=20)
    text: discord.ui.TextInput[Letter] = discord.ui.TextInput(
        label="Text", style=discord.TextStyle.paragraph, placeholder="Dear…", required=False
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Letter to {self.to.value}: {self.text.value}")


class StageBot(discord.Client):
    """Answers `!say` as a persona by webhook, and registers a handful of commands in its guild."""

    def __init__(self, guild_id: int) -> None:
        super().__init__(intents=discord.Intents.all(), max_messages=100)
        self.tree = app_commands.CommandTree(self)
        self._guild = discord.Object(guild_id)
        self.is_set_up = asyncio.Event()
        _commands(self.tree, self._guild)

    async def on_ready(self) -> None:
        await self.tree.sync(guild=self._guild)
        self.is_set_up.set()

    async def speak(self, channel: discord.TextChannel, name: str, text: str, **extra: Any) -> discord.WebhookMessage:
        """Say something as a persona. Returns the message, which can be edited."""
        hooks = await channel.webhooks()
        hook = hooks[0] if hooks else await channel.create_webhook(name="stage")
        return await hook.send(text, username=name, wait=True, **extra)

    def channel(self, name: str) -> discord.TextChannel:
        guild = self.get_guild(self._guild.id)
        assert guild is not None
        channel = discord.utils.get(guild.text_channels, name=name)
        assert channel is not None
        return channel


def _commands(tree: app_commands.CommandTree, guild: discord.Object) -> None:
    cast = app_commands.Group(name="cast", description="The cast and what it says")

    @cast.command(name="ask", description="Ask one of the cast a question")
    @app_commands.describe(persona="Who should answer", question="What you want to know", loud="In capitals")
    async def ask(interaction: discord.Interaction, persona: str, question: str, loud: bool = False) -> None:
        answer = f"{persona} ponders: {question}"
        await interaction.response.send_message(answer.upper() if loud else answer)

    @ask.autocomplete("persona")
    async def personas(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=n, value=n) for n in PERSONAS if current.lower() in n.lower()]

    tree.add_command(cast, guild=guild)

    @tree.command(name="panel", description="Buttons and a select", guild=guild)
    async def panel(interaction: discord.Interaction) -> None:
        embed = discord.Embed(title="Tonight's play", description="A comedy in **three** acts", colour=0xF5B544)
        embed.set_author(name="The director").set_footer(text="Curtain at eight")
        embed.add_field(name="Act", value="One").add_field(name="Seats", value="112")
        await interaction.response.send_message("Applause: 0", embed=embed, view=Panel())

    @tree.command(name="slow", description="Thinks before it answers", guild=guild)
    async def slow(interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True)
        await asyncio.sleep(0.4)
        await interaction.followup.send("Good things take time.")

    @tree.command(name="silent", description="Never answers", guild=guild)
    async def silent(interaction: discord.Interaction) -> None:
        await asyncio.sleep(0)

    @tree.context_menu(name="Applaud this", guild=guild)
    async def applaud_this(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"Applause for “{message.content}”", ephemeral=True)

    @tree.command(name="roll", description="Roll dice", guild=guild)
    @app_commands.choices(
        die=[app_commands.Choice(name="six sides", value=6), app_commands.Choice(name="twenty", value=20)]
    )
    async def roll(
        interaction: discord.Interaction, die: app_commands.Choice[int], times: app_commands.Range[int, 1, 5] = 1
    ) -> None:
        await interaction.response.send_message(f"{times} × d{die.value}", ephemeral=True)


@contextmanager
def _pointed_at(api: str, gateway: str, cdn: str) -> Iterator[None]:
    """discord.py takes its addresses from class attributes; put them back for whoever comes after."""
    before = discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE
    discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE = api, yarl.URL(gateway), cdn
    try:
        yield
    finally:
        discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE = before


@asynccontextmanager
async def stage_bot(seed: dict[str, Any]) -> AsyncIterator[StageBot]:
    """The bot, connected and with its commands registered."""
    with _pointed_at(seed["api"], seed["gateway"], seed["cdn"]):
        async with StageBot(int(seed["guild_id"])) as bot:
            running = asyncio.create_task(bot.start(seed["bot_token"]))
            try:
                await asyncio.wait_for(bot.is_set_up.wait(), 20)
                yield bot
            finally:
                await bot.close()
                await running
