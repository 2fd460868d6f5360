"""Every kind of document that the actors own: what a process binds to its database connection."""

from __future__ import annotations

from actors.additions import AdditionsDocument
from actors.channel_state import ChannelDocument
from actors.guests import CardDocument, CastDocument
from actors.keepers import KEEPERS
from actors.member import MemberDocument
from actors.memory import MemoryDocument
from actors.standing import StandingDocument
from core.documents import OwnedDocument

DOCUMENTS: tuple[type[OwnedDocument], ...] = (
    ChannelDocument,
    CastDocument,
    CardDocument,
    AdditionsDocument,
    MemberDocument,
    MemoryDocument,
    StandingDocument,
    *(keeper.document for keeper in KEEPERS),
)
