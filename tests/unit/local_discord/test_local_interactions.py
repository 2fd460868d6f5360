"""Commands, components and modals: what a person does, what the bot gets, what the person sees, and by when."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import discord
import pytest
from discord import app_commands

from local_discord import Human, LocalDiscord, Timing
from local_discord.client import HumanError
from tests.unit.local_discord.rig import Bot, Connect, Start, until


class Feedback(discord.ui.Modal, title="Feedback"):
    name = discord.ui.TextInput(label="Name", min_length=2)
    text = discord.ui.TextInput(label="Text", required=False, style=discord.TextStyle.paragraph)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"{self.name.value}: {self.text.value or 'nothing'}")


class Panel(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.presses = 0

    @discord.ui.button(label="Count", custom_id="count")
    async def count(self, interaction: discord.Interaction, button: discord.ui.Button) -> None:
        self.presses += 1
        await interaction.response.edit_message(content=f"pressed {self.presses}", view=self)

    @discord.ui.button(label="Write", custom_id="write")
    async def write(self, interaction: discord.Interaction, button: discord.ui.Button) -> None:
        await interaction.response.send_modal(Feedback())

    @discord.ui.button(label="Quiet", custom_id="quiet")
    async def quiet(self, interaction: discord.Interaction, button: discord.ui.Button) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="quietly changed")

    @discord.ui.button(label="Silent", custom_id="silent")
    async def silent(self, interaction: discord.Interaction, button: discord.ui.Button) -> None:
        pass

    @discord.ui.select(
        custom_id="who",
        min_values=1,
        max_values=2,
        options=[discord.SelectOption(label=name) for name in ("Elio", "Olga", "Glordon")],
    )
    async def who(self, interaction: discord.Interaction, select: discord.ui.Select) -> None:
        await interaction.response.send_message("chose " + ", ".join(select.values), ephemeral=True)

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="person")
    async def person(self, interaction: discord.Interaction, select: discord.ui.UserSelect) -> None:
        await interaction.response.send_message(f"chose {select.values[0].display_name}")


class CommandBot(Bot):
    def __init__(self) -> None:
        super().__init__()
        self.caught: dict[str, discord.Interaction] = {}
        self.errors: list[Exception] = []
        tree = self.tree

        @tree.command(description="Add")
        async def add(
            interaction: discord.Interaction,
            left: app_commands.Range[int, 0, 100],
            right: float = 1.0,
            style: Literal["plain", "loud"] = "plain",
        ) -> None:
            await interaction.response.send_message(f"{left + right:g}{'!' if style == 'loud' else ''}")

        @tree.command(description="Look at a person")
        async def look(
            interaction: discord.Interaction,
            who: discord.Member,
            where: discord.TextChannel | None = None,
            file: discord.Attachment | None = None,
        ) -> None:
            size = len(await file.read()) if file else 0
            await interaction.response.send_message(f"{who.display_name} in {where} with {size}")

        @tree.command(description="Ask a persona")
        async def ask(interaction: discord.Interaction, persona: str, question: str) -> None:
            await interaction.response.defer(thinking=True)
            await interaction.followup.send(f"{persona} ponders {question}")
            await interaction.followup.send("and adds something")

        @ask.autocomplete("persona")
        async def personas(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
            names = [name for name in ("Elio", "Olga", "Glordon") if current.lower() in name.lower()]
            return [app_commands.Choice(name=name, value=name.lower()) for name in names]

        group = app_commands.Group(name="memory", description="Memory")

        @group.command(description="Forget")
        async def forget(interaction: discord.Interaction, days: int) -> None:
            await interaction.response.send_message(f"forgot {days}", ephemeral=True)

        tree.add_command(group)

        @tree.command(description="Never answers")
        async def mute(interaction: discord.Interaction) -> None:
            self.caught["mute"] = interaction

        @tree.command(description="Shows the panel")
        async def panel(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("panel", view=Panel())

        @tree.command(description="For moderators")
        @app_commands.default_permissions(manage_messages=True)
        async def moderate(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("done")

        @tree.context_menu(name="Shout it")
        async def shout(interaction: discord.Interaction, message: discord.Message) -> None:
            await interaction.response.send_message(message.content.upper())

        @tree.error
        async def on_error(interaction: discord.Interaction, error: Exception) -> None:
            self.errors.append(error)

    async def setup_hook(self) -> None:
        await self.tree.sync()


@pytest.fixture
async def cast(start: Start) -> CommandBot:
    bot = CommandBot()
    await start(bot)
    return bot


async def answer(human: Human, event: str = "MESSAGE_CREATE") -> dict:
    return await human.wait_for(event, lambda m: m["author"].get("bot"))


async def test_a_command_with_options(cast: CommandBot, ada: Human, connect: Connect) -> None:
    bruno = await connect("bruno")
    nonce = await ada.slash("general", "add", left=4, right=2.5, style="loud")
    message = await answer(ada)
    assert message["content"] == "6.5!"
    assert message["type"] == 20
    assert message["interaction_metadata"]["user"]["id"] == ada.id
    assert message["interaction_metadata"]["name"] == "add"
    started = await ada.wait_for("INTERACTION_CREATE")
    succeeded = await ada.wait_for("INTERACTION_SUCCESS")
    assert (started["nonce"], succeeded["nonce"], started["id"]) == (nonce, nonce, succeeded["id"])
    assert (await answer(bruno))["content"] == "6.5!"
    assert bruno.seen("INTERACTION_CREATE") == []


async def test_options_that_name_things(cast: CommandBot, ada: Human, connect: Connect) -> None:
    bruno = await connect("bruno")
    await ada.slash("general", "look", who=bruno.id, where=ada.channel_id("games"), file="0", files={"a.txt": b"four"})
    assert (await answer(ada))["content"] == "Bruno in games with 4"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("add", {}),
        ("add", {"left": "four"}),
        ("add", {"left": 101}),
        ("add", {"left": 1, "style": "strange"}),
        ("add", {"left": True}),
        ("add", {"left": 1, "middle": 2}),
        ("look", {"who": "1"}),
        ("memory forget", {}),
    ],
)
async def test_wrong_options_are_refused_before_the_bot(cast: CommandBot, ada: Human, name: str, options: dict) -> None:
    with pytest.raises(HumanError) as refused:
        await ada.slash("general", name, **options)
    assert (refused.value.status, refused.value.code) == (400, 50035)


async def test_autocomplete(cast: CommandBot, ada: Human) -> None:
    assert await ada.autocomplete("general", "ask", "persona", "OL") == [{"name": "Olga", "value": "olga"}]
    assert len(await ada.autocomplete("general", "ask", "persona", "")) == 3


async def test_deferring_shows_a_loading_message_that_is_then_filled(cast: CommandBot, ada: Human) -> None:
    await ada.slash("general", "ask", persona="elio", question="why")
    loading = await answer(ada)
    assert (loading["content"], loading["flags"] & 128) == ("", 128)
    filled = await answer(ada, "MESSAGE_UPDATE")
    assert (filled["id"], filled["content"], filled["flags"] & 128) == (loading["id"], "elio ponders why", 0)
    second = await answer(ada)
    assert second["content"] == "and adds something"
    assert second["message_reference"]["message_id"] == loading["id"]


async def test_an_ephemeral_answer_is_only_for_the_one_who_asked(
    cast: CommandBot, ada: Human, connect: Connect
) -> None:
    bruno = await connect("bruno")
    await ada.slash("general", "memory forget", days=3)
    message = await answer(ada)
    assert (message["content"], message["flags"] & 64) == ("forgot 3", 64)
    await ada.send("general", "a marker that comes after")
    await bruno.wait_for("MESSAGE_CREATE")
    assert [m["content"] for m in bruno.seen("MESSAGE_CREATE")] == ["a marker that comes after"]
    assert message["id"] not in [m["id"] for m in await bruno.history("general")]


async def test_unanswered_after_the_deadline(cast: CommandBot, ada: Human) -> None:
    nonce = await ada.slash("general", "mute")
    failed = await ada.wait_for("INTERACTION_FAILURE")
    assert (failed["nonce"], failed["reason_code"]) == (nonce, 2)
    with pytest.raises(discord.NotFound) as late:
        await cast.caught["mute"].response.send_message("too late")
    assert late.value.code == 10062


async def test_answering_twice(cast: CommandBot, ada: Human) -> None:
    await ada.slash("general", "mute")
    interaction = await until(lambda: cast.caught.get("mute"))
    adapter = discord.webhook.async_.async_context.get()
    parameters = discord.webhook.async_.interaction_message_response_params(type=4, content="hi")
    for attempt in range(2):
        send = adapter.create_interaction_response(
            interaction.id, interaction.token, session=cast.http._HTTPClient__session, params=parameters
        )
        if attempt == 0:
            await send
        else:
            with pytest.raises(discord.HTTPException) as twice:
                await send
            assert (twice.value.status, twice.value.code) == (400, 40060)
    assert len(ada.seen("MESSAGE_CREATE")) == 1


class TestTokens:
    @pytest.fixture
    def timing(self) -> Timing:
        return Timing(interaction_s=0.5, token_s=0.6)

    async def test_a_token_ends(self, cast: CommandBot, ada: Human) -> None:
        await ada.slash("general", "mute")
        interaction = await until(lambda: cast.caught.get("mute"))
        await interaction.response.send_message("in time")
        await interaction.followup.send("still in time")
        await asyncio.sleep(0.7)
        with pytest.raises(discord.HTTPException) as late:
            await interaction.followup.send("too late")
        assert (late.value.status, late.value.code) == (401, 50027)


async def test_the_original_response(cast: CommandBot, ada: Human) -> None:
    await ada.slash("general", "mute")
    interaction = await until(lambda: cast.caught.get("mute"))
    response = await interaction.response.send_message("first")
    assert response.message_id == (await interaction.original_response()).id
    await interaction.edit_original_response(content="second")
    assert (await answer(ada, "MESSAGE_UPDATE"))["content"] == "second"
    await interaction.delete_original_response()
    assert (await ada.wait_for("MESSAGE_DELETE"))["id"] == str(response.message_id)
    with pytest.raises(discord.NotFound):
        await interaction.edit_original_response(content="third")


async def test_buttons_and_selects(cast: CommandBot, ada: Human, connect: Connect) -> None:
    bruno = await connect("bruno")
    await ada.slash("general", "panel")
    panel = await answer(ada)
    await ada.click(panel, "count")
    updated = await answer(ada, "MESSAGE_UPDATE")
    assert (updated["id"], updated["content"]) == (panel["id"], "pressed 1")
    await ada.click(panel, "quiet")
    assert (await answer(ada, "MESSAGE_UPDATE"))["content"] == "quietly changed"
    await bruno.click(panel, "who", ["Elio", "Olga"])
    chosen = await answer_with(bruno, "chose Elio, Olga")
    assert chosen["flags"] & 64
    assert chosen["message_reference"]["message_id"] == panel["id"]
    await ada.click(panel, "person", [bruno.id])
    await answer_with(ada, "chose Bruno")
    await ada.click(panel, "silent")
    await ada.wait_for("INTERACTION_FAILURE")
    for custom_id, values in (("nothing", None), ("who", ["Nobody"]), ("who", []), ("person", ["1"])):
        data = {"component_type": 3 if custom_id == "who" else 5, "custom_id": custom_id, "values": values}
        with pytest.raises(HumanError) as refused:
            await ada._interact(3, "general", ada.seed["application_id"], data, message_id=panel["id"])
        assert refused.value.code == 50035


async def test_a_button_below_a_message_that_names_no_application(cast: CommandBot, ada: Human) -> None:
    class Once(discord.ui.View):
        @discord.ui.button(label="Now", custom_id="now")
        async def now(self, interaction: discord.Interaction, button: discord.ui.Button[Once]) -> None:
            await interaction.response.send_message("pressed")

    channel = cast.get_channel(int(ada.channel_id("general")))
    assert isinstance(channel, discord.TextChannel)
    posted = await channel.send("by itself", view=Once())
    seen = await answer_with(ada, "by itself")
    assert "application_id" not in seen
    data = {"component_type": 2, "custom_id": "now"}
    await ada._interact(3, "general", seen["author"]["id"], data, message_id=str(posted.id))
    await answer_with(ada, "pressed")


async def answer_with(human: Human, content: str) -> dict:
    return await human.wait_for("MESSAGE_CREATE", lambda m: m["content"] == content)


async def test_a_modal(cast: CommandBot, ada: Human) -> None:
    await ada.slash("general", "panel")
    panel = await answer(ada)
    await ada.click(panel, "write")
    modal = await ada.wait_for("INTERACTION_MODAL_CREATE")
    assert modal["title"] == "Feedback"
    name, text = (row["components"][0]["custom_id"] for row in modal["components"])
    for values in ({}, {name: "A"}):
        with pytest.raises(HumanError) as refused:
            await ada.submit(modal, **values)
        assert refused.value.code == 50035
    await ada.submit(modal, **{name: "Ada", text: "more potatoes"})
    await answer_with(ada, "Ada: more potatoes")
    with pytest.raises(HumanError) as again:
        await ada.submit(modal, **{name: "Ada"})
    assert again.value.code == 10062


async def test_a_context_menu(cast: CommandBot, ada: Human) -> None:
    sent = await ada.send("general", "softly")
    await ada.menu(sent, "Shout it")
    assert (await answer(ada))["content"] == "SOFTLY"


async def test_the_index_holds_what_a_person_may_use(cast: CommandBot, ada: Human, connect: Connect) -> None:
    bruno = await connect("bruno")
    assert "moderate" in {command["name"] for command in await ada.commands("general")}
    assert "moderate" not in {command["name"] for command in await bruno.commands("general")}
    moderate = next(c for c in await ada.commands("general") if c["name"] == "moderate")
    data = {"id": moderate["id"], "name": "moderate", "type": 1, "options": []}
    with pytest.raises(HumanError) as refused:
        await bruno._interact(2, "general", moderate["application_id"], data)
    assert refused.value.code == 50013
    index = await ada.request("GET", f"/guilds/{ada.seed['guild_id']}/application-command-index")
    assert index["applications"][0]["bot"]["username"] == "Troupe"


async def test_commands_in_a_direct_message(cast: CommandBot, ada: Human) -> None:
    channel = (await ada.dm(ada.bot_id, "hi"))["channel_id"]
    await ada.slash(channel, "add", left=2)
    message = await answer(ada)
    assert (message["content"], message["channel_id"]) == ("3", channel)
    assert "guild_id" not in message


async def test_syncing_keeps_ids_and_refuses_what_discord_refuses(
    cast: CommandBot, ada: Human, server: LocalDiscord
) -> None:
    before = {command.name: command.id for command in await cast.tree.fetch_commands()}
    cast.tree.remove_command("mute")
    after = {command.name: command.id for command in await cast.tree.sync()}
    assert after == {name: command_id for name, command_id in before.items() if name != "mute"}
    await ada.wait_for("GUILD_APPLICATION_COMMAND_INDEX_UPDATE")
    application = server.seed["application_id"]
    good = {"name": "fine", "description": "d", "type": 1}
    option = {"name": "o", "description": "d", "type": 3}
    for wrong in (
        {**good, "name": "Not Lower"},
        {**good, "description": ""},
        {**good, "description": "x" * 101},
        {**good, "options": [option, option]},
        {**good, "options": [{**option, "type": 12}]},
        {**good, "options": [option, {**option, "name": "p", "required": True}]},
        {**good, "options": [{**option, "choices": [{"name": "c", "value": 1}]}]},
        {**good, "options": [{**option, "autocomplete": True, "choices": [{"name": "c", "value": "1"}]}]},
        {**good, "default_member_permissions": "many"},
        {**good, "name_localizations": {"de": "Gut"}},
        {**good, "name_localizations": {"de": "x" * 33}},
        {**good, "name_localizations": {"tlh": "maj"}},
        {**good, "description_localizations": {"de": "x" * 101}},
        {**good, "options": [{**option, "name_localizations": {"de": "p"}}, {**option, "name": "p"}]},
    ):
        with pytest.raises(discord.HTTPException) as refused:
            await cast.http.bulk_upsert_global_commands(application, [wrong])
        assert refused.value.code == 50035, wrong
    twice = [{**good, "name_localizations": {"de": "gut"}}, {**good, "name": "gut"}]  # a German would see it twice
    with pytest.raises(discord.HTTPException) as refused:
        await cast.http.bulk_upsert_global_commands(application, twice)
    assert refused.value.code == 50035
    many = [{**good, "name": f"c{number}"} for number in range(101)]
    with pytest.raises(discord.HTTPException) as refused:
        await cast.http.bulk_upsert_global_commands(application, many)
    assert refused.value.code == 30032
    assert {c.name for c in await cast.tree.fetch_commands()} == set(after), "a refused sync changes nothing"


async def test_a_guild_command_hides_the_global_one(cast: CommandBot, ada: Human) -> None:
    guild = discord.Object(int(ada.seed["guild_id"]))
    cast.tree.copy_global_to(guild=guild)
    await cast.tree.sync(guild=guild)
    names = [command["name"] for command in await ada.commands("general")]
    assert len(names) == len(set(names))
    await ada.slash("general", "add", left=1)
    assert (await answer(ada))["content"] == "2"


async def test_commands_are_listed_in_the_language_of_who_asks(
    cast: CommandBot, ada: Human, server: LocalDiscord
) -> None:
    choice = {"name": "one", "value": 1, "name_localizations": {"de": "eins"}}
    option = {"name": "o", "description": "d", "type": 4, "name_localizations": {"de": "wahl"}, "choices": [choice]}
    given = {
        "name": "fine", "description": "d", "type": 1, "options": [option],
        "name_localizations": {"de": "gut", "en-GB": "jolly"}, "description_localizations": {"de": "schön"},
    }  # fmt: skip
    application = server.seed["application_id"]
    await cast.http.bulk_upsert_global_commands(application, [given])

    async def listed() -> dict[str, Any]:
        [command] = await ada.commands("general")
        return command

    assert (await listed())["name_localized"] == "jolly"  # the nearest to en-US
    await ada.request("PATCH", "/users/@me/settings", {"locale": "de"})
    await ada.wait_for("USER_UPDATE", lambda user: user["locale"] == "de")
    german = await listed()
    assert (german["name"], german["name_localized"], german["description_localized"]) == ("fine", "gut", "schön")
    assert (german["options"][0]["name_localized"], german["options"][0]["choices"][0]["name_localized"]) == (
        "wahl",
        "eins",
    )
    assert "name_localizations" not in german
    await ada.request("PATCH", "/users/@me/settings", {"locale": "fr"})
    assert "name_localized" not in await listed()

    [short] = await cast.http.get_global_commands(application)
    assert "name_localizations" not in short
    route = discord.http.Route("GET", f"/applications/{application}/commands")
    [full] = await cast.http.request(route, params={"with_localizations": "true"})
    assert full["name_localizations"] == given["name_localizations"]
    path = f"/channels/{ada.channel_id('general')}/application-command-index"
    index = await ada.request("GET", path, headers={"X-Discord-Locale": "de"})
    assert index["application_commands"][0]["name_localized"] == "gut"


async def test_an_interaction_tells_the_languages_of_person_and_server(cast: CommandBot, ada: Human) -> None:
    await ada.request("PATCH", "/users/@me/settings", {"locale": "pt-BR"})
    await ada.request("PATCH", f"/guilds/{ada.seed['guild_id']}", {"preferred_locale": "de"})
    await ada.slash("general", "mute")
    interaction = await until(lambda: cast.caught.get("mute"))
    assert (interaction.locale, interaction.guild_locale) == (discord.Locale.brazil_portuguese, discord.Locale.german)
