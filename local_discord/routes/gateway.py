"""Where the gateway is."""

from __future__ import annotations

from typing import Any

from local_discord.web import Call, Routes

routes = Routes()


@routes.get("/gateway", auth=False)
async def gateway(call: Call) -> Any:
    return {"url": call.world.gateway_url}


@routes.get("/gateway/bot")
async def gateway_bot(call: Call) -> Any:
    limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
    return {"url": call.world.gateway_url, "shards": 1, "session_start_limit": limit}
