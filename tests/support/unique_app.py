"""A persona app for tests in real host processes, which import it by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from functools import partial
from uuid import uuid4

from actors.channel import KIND, ChannelActor
from actors.host import ActorFactory
from actors.routing import ChannelRules
from core.messages import Delta, ReplyRequest, Spoken
from tests.support.cast import make_pack


class UniqueApp:
    """Answers at once, and never twice with the same text: who hears two texts asked two times."""

    async def reply(self, request: ReplyRequest) -> AsyncIterator[Delta | Spoken]:
        """See PersonaApp."""
        text = f"{request.message.id} {uuid4()}"
        yield Delta(text=text)
        yield Spoken(text=text, model="unique")


def build() -> Mapping[str, ActorFactory]:
    """The kinds of a host whose channels answer at once."""
    return {KIND: partial(ChannelActor, app=UniqueApp(), pack=make_pack(), rules=ChannelRules())}
