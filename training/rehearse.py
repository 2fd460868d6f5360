"""What a model rehearses while it learns a persona, so that it does not unlearn to read.

Half of it are dialogues as the base model was trained on. The other half are dialogues about passages, made in the same
way, in which the new persona answers: the frame is taken from its own replies that repeat a sentence of their passages,
or admit not to know.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from core.messages import ChatMessage
from core.personas import Pack
from training.admits import admits
from training.dialogues import DialogueMaker
from training.turns import Dialogue, last_lore
from training.voices import Voice, random_voice
from training.worlds import sentences

Chat = tuple[ChatMessage, ...]


def rehearsal(chats: Sequence[Chat], pack: Pack, cast: Sequence[Voice], *, seed: int) -> Iterator[Chat]:
    """Chats without end; only the base model's own dialogues where `chats` do not show how their persona reads."""
    streams = [_endless(DialogueMaker(pack, cast, seed=f"rehearse {seed}", lesson="home"))]
    if own := own_voice(chats, random.Random(f"rehearse {seed}")):
        made = _endless(_OneVoice(pack, own, seed=f"rehearse {seed}"))
        # Talk, where a passage has nothing left to ask, only its own chats can teach.
        streams.append(dialogue for dialogue in made if dialogue.turns[-1].kind != "chat")
    for dialogues in zip(*streams, strict=True):
        yield from (dialogue.messages for dialogue in dialogues)


def _endless(maker: DialogueMaker) -> Iterator[Dialogue]:
    while True:
        yield from maker.dialogues(1)


class _OneVoice(DialogueMaker):
    """Dialogues about passages in which always the same persona speaks."""

    def __init__(self, pack: Pack, voice: Voice, *, seed: str) -> None:
        super().__init__(pack, [voice], seed=seed, lesson="reading")
        self.voice = voice

    def persona(self, at_home: float = 1.0) -> Voice:
        return self.voice


def own_voice(chats: Sequence[Chat], rng: random.Random) -> Voice | None:
    """The persona of `chats` with the frames of its replies to questions; None where they show none of either kind, or
    begin with other instructions than Troupe composes."""
    told, unknown = [], []
    for chat in chats:
        reply, read = chat[-1].content, _passages(chat)
        repeated = next((said for text in read for said in sentences(text) if said in reply), None)
        if repeated:
            told.append(reply.replace(repeated, "{lore}"))
        elif admits(reply):
            unknown.append(reply)
    told = [line for line in told if line.count("{lore}") == 1]
    instructions = chats[0][0].content.split("\n")[0]
    named = re.fullmatch(r"You are ([^,.]+)[,.] ?(.*)", instructions)
    if not (told and unknown and named):
        return None
    # With the rest of the instructions as its title, the persona's prompt is composed as the chats have it.
    changes = {"name": named[1], "title": named[2], "voice": "", "boundaries": ()}
    persona = random_voice(rng).persona.model_copy(update=changes)
    return Voice(persona, {"lore": tuple(told), "unknown": tuple(unknown)})


def _passages(chat: Chat) -> list[str]:
    return [line[2:] for line in chat[last_lore(chat)].content.split("\n") if line.startswith("- ")]
