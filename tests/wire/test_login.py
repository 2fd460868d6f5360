"""Coming online, and what an operator is told who has to help."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bench.system import free_port
from bot.gateway import Gateway
from bot.ports import Apps
from local_discord import Human
from tests.support.bot import Index, Stage
from tests.support.eventually import eventually


def make_gateway(stage: Stage, **changes: object) -> Gateway:
    config = replace(stage.config(), **changes)  # type: ignore[arg-type]
    apps = Apps(persona=stage.app, retrieval=stage.shelf)
    return Gateway(config, stage.actors(), Index(stage.database), stage.pack, apps)


async def test_a_connected_bot_says_how_it_is(stage: Stage, ada: Human) -> None:
    async with stage.gateway() as gateway:
        health = gateway.health()
        assert (health.state, health.guilds, health.detail) == ("ready", 1, "")
        assert health.user is not None
        assert health.user.startswith("Troupe")
        assert health.latency_ms is not None
        assert 0 <= health.latency_ms < 1000
    assert gateway.health().state == "stopped"


async def test_a_bad_token_ends_in_a_clear_state(stage: Stage) -> None:
    gateway = make_gateway(stage, token="nonsense")
    await asyncio.wait_for(gateway.run(), 5)
    health = gateway.health()
    assert health.state == "failed"
    assert health.detail.startswith("bad token: set DISCORD_TOKEN")
    assert "nonsense" not in repr(stage.config("nonsense"))


async def test_a_missing_intent_ends_in_a_clear_state(stage: Stage) -> None:
    world = stage.server.world
    application = world.store.applications[stage.server.seed["application_id"]]
    world.store.applications.put(application["id"], {**application, "flags": 0})
    gateway = make_gateway(stage)
    await asyncio.wait_for(gateway.run(), 5)
    assert gateway.health().state == "failed"
    assert "Message Content intent" in gateway.health().detail


async def test_a_server_that_is_away_is_tried_again(stage: Stage) -> None:
    gateway = make_gateway(stage, api_url=f"http://127.0.0.1:{free_port()}/api/v10")
    running = asyncio.create_task(gateway.run())
    await asyncio.sleep(0.5)
    assert not running.done()
    assert gateway.health().state == "connecting"
    await gateway.stop()
    await asyncio.wait_for(running, 5)


async def test_an_error_while_logging_in_is_ridden_out(stage: Stage) -> None:
    stage.server.faults.error("GET /users/@me", count=1, status=503)
    gateway = make_gateway(stage)
    running = asyncio.create_task(gateway.run())

    async def ready() -> bool:
        return gateway.health().state == "ready"

    await eventually(ready)
    await gateway.stop()
    await asyncio.wait_for(running, 5)


async def test_a_changed_picture_replaces_the_old_one(stage: Stage, ada: Human) -> None:
    application = stage.server.seed["application_id"]
    bot_token = stage.server.seed["bot_token"]

    async def emojis() -> dict[str, str]:
        async with ada._http.get(
            f"{stage.server.api_url}/applications/{application}/emojis", headers={"Authorization": f"Bot {bot_token}"}
        ) as response:
            return {item["name"]: item["id"] for item in (await response.json())["items"]}

    async def all_there() -> bool:
        return len(await emojis()) == len(stage.pack.personas)

    async with stage.gateway():
        await eventually(all_there)
    before = await emojis()
    # Glordon gets Elio's picture; everybody else keeps theirs.
    elio, glordon = stage.pack.persona("elio"), stage.pack.persona("glordon")
    changed = [p.model_copy(update={"avatar": elio.avatar}) if p is glordon else p for p in stage.pack.personas]
    stage.pack = stage.pack.model_copy(update={"personas": tuple(changed)})
    async with stage.gateway():

        async def renewed() -> bool:
            return await all_there() and await emojis() != before

        await eventually(renewed)
    after = await emojis()
    gone, come = set(before) - set(after), set(after) - set(before)
    assert [name.rsplit("_", 1)[0] for name in (*gone, *come)] == ["persona_glordon"] * 2
    assert all(after[name] == before[name] for name in set(before) & set(after))
