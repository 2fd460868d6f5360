"""What is not Discord: the seed to enter with, faults, and a look at the state. Loopback peers only."""

from __future__ import annotations

from typing import Any

from local_discord import seed
from local_discord.faults import FaultBody, Faults
from local_discord.validation import check
from local_discord.web import Call, Routes


def routes_for(faults: Faults) -> Routes:
    routes = Routes()

    @routes.get("/local/seed", auth=False)
    async def get_seed(call: Call) -> Any:
        return seed.describe(call.world, f"{call.request.scheme}://{call.request.host}")

    @routes.get("/local/state", auth=False)
    async def get_state(call: Call) -> Any:
        store = call.world.store
        return {
            "sessions": [
                {"user_id": s.user_id, "bot": s.bot, "connected": s.socket is not None, "seq": s.seq}
                for s in call.world.hub.sessions.values()
            ],
            "counts": {
                "guilds": len(store.guilds),
                "channels": len(store.channels),
                "users": len(store.users),
                "messages": store.count_messages(),
                "webhooks": len(store.webhooks),
                "commands": len(store.commands),
            },
        }

    @routes.post("/local/faults", auth=False)
    async def post_fault(call: Call) -> Any:
        return {"sockets": faults.apply(check(FaultBody, await call.json()))}

    return routes
