"""What a model rehearses while it learns a persona, so that it does not unlearn to read.

Half of it are dialogues as the base model was trained on. The other half are questions about random worlds and about
the pack that the new persona answers: the frame is taken from its own replies that repeat a sentence of their passages,
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
from training.topics import topic_of
from training.turns import last_lore
from training.voices import Voice, random_voice
from training.worlds import random_world, sentences

UNKNOWN_SHARE = 0.15  # of these questions have no answer in the passages
PACK_SHARE = 0.4  # of the questions that the new persona answers are about the pack
MOST_PASSAGES = 3
Chat = tuple[ChatMessage, ...]


def rehearsal(chats: Sequence[Chat], pack: Pack, cast: Sequence[Voice], *, seed: int) -> Iterator[Chat]:
    """Chats without end; only the base model's own dialogues where `chats` do not show how their persona reads."""
    rng = random.Random(f"rehearse {seed}")
    maker = DialogueMaker(pack, cast, seed=f"rehearse {seed}", lesson="home")
    own = own_voice(chats, rng)
    while True:
        yield from (dialogue.messages for dialogue in maker.dialogues(1))
        if own is not None:
            yield (_about_pack if rng.random() < PACK_SHARE else _about_world)(maker, own, rng)


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


def _about_pack(maker: DialogueMaker, voice: Voice, rng: random.Random) -> Chat:
    topics = list(maker.pack_topics.topics.values())
    topic = rng.choice([one for one in topics if one.asked])
    near = maker.pack_topics.nearest(rng, topic.text, MOST_PASSAGES)
    given = [topic, *(one for one in near if one is not topic)][: rng.randint(1, MOST_PASSAGES)]
    if rng.random() < UNKNOWN_SHARE:
        absent = rng.choice([one for one in topics if one.asked and one not in near and one is not topic])
        return maker.one_unknown(voice, given, rng.choice(absent.asked).question).messages
    return maker.one_question(voice, rng.sample(given, len(given)), rng.choice(topic.asked)).messages


def _about_world(maker: DialogueMaker, voice: Voice, rng: random.Random) -> Chat:
    world = random_world(rng, rng.randint(1, MOST_PASSAGES))
    passage = rng.choice(world)
    given = [topic_of(one) for one in world]
    if rng.random() < UNKNOWN_SHARE and passage.untold:
        question = rng.choice(rng.choice(passage.untold).questions)
        return maker.one_unknown(voice, given, question, topic_of(passage)).messages
    return maker.one_question(voice, given, rng.choice(topic_of(passage).asked)).messages


def _passages(chat: Chat) -> list[str]:
    return [line[2:] for line in chat[last_lore(chat)].content.split("\n") if line.startswith("- ")]
