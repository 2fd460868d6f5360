"""Long-term memory with the packaged embedding model: what is kept, and what is found again in other words."""

from __future__ import annotations

import pytest

from actors.long_term import LongTermMemory
from actors.memory_scopes import Saying
from actors.memory_shelf import MemoryRules
from bench.memory_actors import UnstoredActors
from bench.memory_recall import CachedEmbedding
from core.messages import Author, IncomingMessage

DAY_MS = 86_400_000
NOW_MS = 1_800_000_000_000
HEARD = (
    ("7", "Ada", "my cat is called Biscuit"),
    ("7", "Ada", "I'm so tired today, I need more coffee"),
    ("8", "Bruno", "we decided to hold the summer party at the old mill"),
    ("8", "Bruno", "my cat is called Olive"),
    ("7", "Ada", "update: my cat is called Moss now"),
    ("8", "Bruno", "lol that boss nearly had us again"),
    ("7", "Ada", "I work as a translator. I am allergic to hazelnuts."),
    ("8", "Bruno", "who wants pizza?"),
)


@pytest.fixture(scope="module")
def embed() -> CachedEmbedding:
    return CachedEmbedding()


@pytest.fixture
async def memory(embed: CachedEmbedding, monkeypatch: pytest.MonkeyPatch) -> LongTermMemory:
    """What two people said in one public channel, a day apart each."""
    monkeypatch.setattr("actors.long_term.RECALL_S", 60.0)  # a busy machine must not make it forget
    rules = MemoryRules()
    memory = LongTermMemory(UnstoredActors(rules, embed), embed, rules)
    await memory.remember(
        [
            Saying(
                message_id=str(n),
                text=text,
                speaker=name,
                author_id=who,
                channel_id="500",
                guild_id="600",
                at_ms=NOW_MS - (20 - n) * DAY_MS,
                public=True,
            )
            for n, (who, name, text) in enumerate(HEARD)
        ]
    )
    return memory


def asked(text: str, who: str = "7", channel: str = "500") -> IncomingMessage:
    author = Author(id=who, name={"7": "Ada", "8": "Bruno"}[who])
    return IncomingMessage(
        id="999", channel_id=channel, guild_id="600", author=author, content=text, created_ms=NOW_MS, public=True
    )


@pytest.mark.parametrize(
    ("question", "who", "channel", "found"),
    [
        ("do you remember what my pet is called?", "7", "500", ["update: my cat is called Moss now"]),
        ("do you remember what my pet is called?", "8", "500", ["my cat is called Olive"]),
        ("what is the name of Bruno's cat?", "7", "500", ["my cat is called Olive"]),
        ("where do we celebrate in summer?", "7", "500", [HEARD[2][2]]),
        ("what do I do for a living?", "7", "501", ["I work as a translator."]),
        ("where do we celebrate in summer?", "7", "501", []),  # said in another channel
        ("what is the capital of Norway?", "7", "500", []),
        ("hello there, how are you?", "8", "500", []),
    ],
)
async def test_what_was_said_is_found_in_other_words_and_nothing_else(
    memory: LongTermMemory, question: str, who: str, channel: str, found: list[str]
) -> None:
    recalled = await memory.recall(asked(question, who, channel))
    assert [one.text for one in recalled.memories] == found
