"""Who keeps something about somebody."""

from __future__ import annotations

from actors.keepers import KEEPERS, keys_of
from core.documents import DatabaseHandle


async def keepers_of(database: DatabaseHandle, user_id: str) -> list[tuple[str, str]]:
    """Kind and key of each actor of the registry that does."""
    return [(one.kind, key) for one in KEEPERS for key in await keys_of(database, one.kind, user_id)]
