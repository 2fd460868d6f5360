"""Every kind of document that the actors own: what a process binds to its database connection."""

from __future__ import annotations

from actors.keepers import HOLDS_NOBODY, KEEPERS
from core.documents import OwnedDocument

DOCUMENTS: tuple[type[OwnedDocument], ...] = (*HOLDS_NOBODY, *(keeper.document for keeper in KEEPERS))
