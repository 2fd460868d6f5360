"""The document of a channel: its state, and the plain fields by which channels are found (`channel_queries.py`)."""

from __future__ import annotations

from pydantic import computed_field

from actors.channel_people import people_of
from actors.channel_state import ChannelState
from actors.summary import Note
from actors.turn_record import Answer
from core.documents import OwnedDocument


class ChannelDocument(OwnedDocument):
    """How a channel is stored: its state, and beside it the plain numbers that are queried."""

    state: ChannelState = ChannelState()

    class Settings:
        """Beanie's own: the collection."""

        name = "channels"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def open_turns(self) -> int:
        """Turns not delivered yet."""
        return len(self.state.open)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def people(self) -> list[str]:
        """Ids of the people of whom something is kept here."""
        return people_of(self.state)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def line_ms(self) -> int:
        """When the oldest remembered line was said; 0 where there is none."""
        return min((turn.at_ms for turn in self.state.turns), default=0)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def note_ms(self) -> int:
        """When the oldest was of what is kept for NOTES_TTL_S; 0 where there is nothing."""
        kept: list[Note | Answer] = [*self.state.notes, *self.state.answers]
        return min((one.at_ms for one in kept), default=0)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def seen_ms(self) -> int:
        """When the newest message heard was written."""
        return self.state.seen_ms

    @computed_field  # type: ignore[prop-decorator]
    @property
    def guild_id(self) -> str:
        """The server that it belongs to; empty for direct messages, and where nothing was heard yet."""
        return self.state.guild_id

    @computed_field  # type: ignore[prop-decorator]
    @property
    def scene_guild(self) -> str:
        """The server of a scene whose answer is still to be told; empty where there is none."""
        scene = self.state.scene
        return scene.guild_id if scene is not None and scene.due_ms else ""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def scene_due_ms(self) -> int:
        """When that answer is due, 0 for none."""
        return self.state.scene.due_ms if self.state.scene is not None else 0
