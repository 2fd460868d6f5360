"""What of a line is worth keeping for long, and what kind of thing it is.

First come rules that need no model: greetings, questions, commands, spam, noise and orders to the cast are nothing
anybody wants to be reminded of. Of what is left, each sentence is compared in meaning with a few sentences of each
kind and with small talk; forms such as "my … is" or "we decided" need less likeness than others. The sentences to
compare with, and the bounds, were chosen on one seed of `bench.memory_recall` and are reported on another.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from actors.memory_facts import claims
from actors.memory_vectors import Vectors
from core.discretion import is_private
from core.prompts import one_line

Kind = Literal["self", "server", "decision", "lore", "taught"]
Embed = Callable[[list[str]], Awaitable[Sequence[Sequence[float]]]]
"""One vector of length one per text. Raises TroupeError."""

LEAST_WORDS, MOST_WORDS = 3, 40  # of a sentence: a shorter one says nothing, a longer one is cut at its end
MOST_SENTENCES = 4  # of one line
EMBED_AT_ONCE = 64

_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")
_CODE = re.compile(r"```.*?(?:```|$)|`[^`]*`", re.DOTALL)
_COMMAND = re.compile(r"^\s*[!/.$%&+;~-]{1,2}[a-z]", re.IGNORECASE)
_QUOTED = re.compile(r"^\s*>.*$", re.MULTILINE)
_RUN = re.compile(r"(.)\1{4,}")


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_LINK = _any(r"\b(?:https?://|www\.|discord\.gg/)\S+")
_ASKS = _any(
    r"^(?:(?:so|and|but|hey|ok|okay|wait|um|hm+)[, ]+)*"
    r"(?:who|what|when|where|why|which|whose|how|is|are|am|was|were|do|does|did|can|could|will|would|shall|should|has|"
    r"have you|had you|any(?:one|body)|does any)\b"
)
_SMALL_TALK = _any(
    r"^(?:(?:hi|hello|hey|hiya|yo|good (?:morning|evening|night|afternoon)|morning|evening|night|bye|goodbye|"
    r"see (?:you|ya)|thanks?(?: you)?|thx|ty|cheers|welcome|congrat\w*|happy birthday|lol|lmao|rofl|ha(?:ha)+|hehe+|"
    r"ok(?:ay)?|yes|yeah|yep|no|nope|nah|sure|right|true|same|nice|cool|great|wow|omg|brb|afk|gg|gl|hf|gm|gn)\b"
    r"[\s,.!]*)+(?:\w+[\s,.!]*){0,4}$"
)
_ORDERS = _any(  # what tries to tell the cast how to be
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,30}\b(?:previous|prior|above|earlier|all|any|your|the|every)\b",
    r"\bsystem prompt\b",
    r"\byou(?:'re| are) now\b",
    r"\bfrom now on,? you\b",
    r"\byou (?:must|shall|should|will|have to)\b",
    r"\b(?:pretend|act) (?:to be|as|that you|like you)\b",
    r"\bdeveloper mode\b",
    r"\bnew instructions?\b",
    r"\bjailbreak\b",
)
_SPAM = _any(
    r"\bfree (?:nitro|robux|gift)",
    r"\bgiveaway\b.*\bhttps?:",
    r"@everyone|@here",
    r"\bclick (?:here|the link)\b",
    r"\b(?:subscribe to|check out) my (?:channel|stream|profile)\b",
)
_TELL_ME = _any(
    r"^(?:please |pls |can you )?(?:tell|show|give|sing|write|explain|describe|say|help|let) (?:me|us)\b",
)
_REMEMBER = _any(
    r"^(?:(?:please|pls|hey|and|so)[, ]+)*(?:remember|note|keep in mind|don't forget|do not forget)"
    r"(?: (?:this|for later))?[,:]?(?: that)?[,:]? (?P<what>.+)$",
)
_FLEETING = _any(  # true for the moment only, or about what nobody can tell later
    r"\bI(?:'m| am| was|'ve been| have been) (?:so |just |really |kinda |a bit |still |pretty |too |very |almost )*"
    r"(?:tired|bored|hungry|back|here|away|sorry|sure|not sure|afraid(?! of)|done|late|busy|ready|confused|lost|sleepy|"
    r"going to|gonna|about to|off|out|in|fine|good|ok|okay|glad|happy|sad|excited|curious|kidding|joking|serious|"
    r"impressed|dead|dying|crying|saying|thinking|wondering|trying|looking|waiting|watching)\b",
    r"\bI (?:have|had|'ve got) (?:no idea|no clue|to (?:go|say|admit|run|leave)|a (?:feeling|question))\b",
    r"\bI (?:really |just )?(?:like|love|hate|want|need|get|got) (?:it|that|this|you|how|when|what|the way)\b",
    r"\bI (?:think|guess|suppose|mean|know|agree|see|hope|bet|wonder|swear|wish|feel|can't believe|cannot believe|"
    r"don't (?:know|think|care|get|understand|mind))\b",
    r"^(?:that|this|it|there)(?:'s| is| was| were| are|'re| has| had| \w+(?:s|ed))\b|^(?:he|she|they)\b",
    r"\bmy (?:bad|god|point|fault|turn)\b",
    r"\b(?:right now|tonight|in a (?:bit|minute|moment|sec|second)|about to|sounds? (?:good|great|fun|nice))\b",
)
_SELF = _any(
    r"\bmy (?:\w+[ -]){1,4}?(?:is|are|was|has|have|lives?|works?|plays?|goes|comes?|named|called|turned|got|started|"
    r"changed|moved|loves?|hates?|speaks?|teaches|runs?)\b",
    r"\bmy \w+(?:'s|’s) name\b|\bname of my\b|\bis my (?:\w+ ){0,2}\w+$|\bmy birthday\b",
    r"\bI(?: really| still| also| now| just| have| never| always| only| usually| used to)*"
    r"(?: (?:live|work|play|love|hate|prefer|adore|speak|study|grew|moved|own|drive|collect|named|renamed|bought|"
    r"sold|adopted|started|quit|stopped|learned|am learning|teach|run|paint|bake|cook|write|sing|dance|climb|"
    r"was born|come from|am from|am allergic|have (?:a|an|two|three|four|\d+)|am an?|married|graduated|turned|train|"
    r"don't (?:eat|drink|like|play|drive|speak|own|smoke)|can't (?:eat|stand|drink)|like|use|know how)\b)",
    r"\bI(?:'ve| have)(?: always| also| never)* (?:collected|played|lived|worked|studied|owned|spoken|taught|had|"
    r"been (?:allergic|learning|playing|living|working|afraid|scared|married))\b",
    r"\bI(?:'m| am)(?: really| very| so| also| still)* (?:\d+|from|allergic|an? \w+|learning|studying|training|vegan|"
    r"vegetarian|left[- ]handed|afraid of|married|engaged|working (?:as|at|for)|living in|scared of)\b",
)
_DECISION = _any(
    r"\b(?:we|the (?:group|team|council|mods|moderators|crew|server))(?: all|'ve| have|'re| are| finally| just| now)* "
    r"(?:decided|agreed|voted|settled|chose|picked|going with|switched|will use|are meeting|resolved)\b",
    r"\bit(?:'s| is|'s been) (?:decided|settled|agreed)\b",
    r"\bthe plan is\b",
    r"\blet(?:'s| us) (?:use|meet|go with|call|make)\b",
)
_SERVER = _any(
    r"\b(?:the|our|this) (?:\w+ ){0,2}(?:server|guild|clan|raid|rule|rules|event|game night|meeting|movie night|"
    r"book club|tournament|mascot|motto|anniversary|wiki|vault|password hint|moderators?|mods?|treasurer|captain|"
    r"leader|channel|podcast|stream|newsletter|quiz|league|workshop|practice|rehearsal|campaign|session|contest)\b.*\b"
    r"(?:is|are|was|were|has|have|starts?|begins?|meets?|happens?|moved|moves|will|says?|allows?|forbids?|costs?|opens?|"
    r"closes?|runs?|takes|lasts?|needs?|ends?|belongs?|holds?)\b",
)

_LIKE: dict[Kind, tuple[str, ...]] = {
    "self": (
        "My dog is called Rex.", "I live in a small town by the sea.", "I work as a nurse.",
        "I am allergic to peanuts.", "My sister studies law in Madrid.", "I play the violin.",
        "My favourite food is pizza.",
        "I grew up on a farm.",
        "My birthday is in June.", "I have two children.", "I prefer tea to coffee.", "I collect old stamps.",
        "I bought a red bicycle.", "I speak Spanish and German.", "I am a vegetarian.", "I am afraid of heights.",
    ),
    "server": (
        "The raid starts on Friday at eight.", "Our server was founded in 2019.", "The rule is no spoilers in general.",
        "Game night is every second Saturday.", "The new moderator is called Sam.", "The tournament has sixteen teams.",
        "Our mascot is a goose.", "The book club meets in the library channel.",
        "The contest closes at the end of May.",
        "The minecraft world has a harbour in the north.", "The next meeting is on Monday.",
    ),
    "decision": (
        "We decided to meet on Tuesdays.", "The team agreed to use the blue banner.", "We voted for the castle map.",
        "We are going with the second design.", "The plan is to start at noon.", "It is settled, we play chess.",
    ),
}  # fmt: skip
_UNLIKE = (
    "That was so funny.", "I am going to bed now.", "It is raining here again.", "I am so tired today.",
    "I have no idea what you mean.", "This game is really good.", "I will be back in a minute.", "I agree with you.",
    "That is a good point.", "I just woke up.", "My internet is slow today.", "I can hear you fine.",
    "Let me check that for a second.", "I need more coffee.", "What a day that was.", "I thought so, too.",
    "You are right about that.", "I am having lunch.", "It does not matter much.", "We will see how it goes.",
    "I love this song so much.", "He scored in the last minute.", "The weather is nice.", "I am watching a film.",
    "My head hurts today.", "I am late for the bus.", "Somebody is mowing the lawn.", "The new update is huge.",
    "That made my day.", "I forgot my keys again.", "Traffic was terrible this morning.", "I can not sleep.",
)  # fmt: skip
# How much nearer a sentence must be to its kind than to small talk: where its form speaks for it, and where not.
LEAST_MARGIN_FORM = -0.2
LEAST_MARGIN_FREE = 0.08
LEAST_COSINE_FREE = 0.28


@dataclass(frozen=True, slots=True)
class Worthy:
    """A sentence that is worth keeping, with what it is and its vector, float32 and of length one."""

    text: str
    kind: Kind
    vector: Any


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a line that may be worth keeping, as they were said: no greetings, questions, commands, spam,
    noise, quotations or orders, and nothing private."""
    if _COMMAND.match(text) or _ORDERS.search(text) or _SPAM.search(text):
        return ()
    plain = _QUOTED.sub("", _CODE.sub(" ", text))
    found = []
    for part in _SENTENCE.split(plain):
        sentence = one_line(_LINK.sub("", part)).strip(" -*_~|")
        if asked := _REMEMBER.match(sentence):
            sentence = asked["what"]
        if _may_tell(sentence) and not is_private(sentence):
            cut = sentence.split()[:MOST_WORDS]
            found.append(" ".join(cut) + (" …" if len(sentence.split()) > MOST_WORDS else ""))
    return tuple(found[:MOST_SENTENCES])


def by_form(sentence: str) -> Kind | None:
    """The kind that the form of a sentence speaks for, if any."""
    if _DECISION.search(sentence):
        return "decision"
    if (claimed := _claimed(sentence)) is not None:
        return claimed
    if _FLEETING.search(sentence):
        return None
    if _SELF.search(sentence):
        return "self"
    return "server" if _SERVER.search(sentence) else None


class Judge:
    """Says what is worth keeping, with the embedding model. One per process; it embeds its own sentences once."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._own: tuple[Vectors, Vectors] | None = None

    async def worthy(self, texts: Sequence[str]) -> list[list[Worthy]]:
        """What of each line is worth keeping, in its order. Raises what embedding raises."""
        split = [sentences(text) for text in texts]
        vectors = iter(await self.vectors([sentence for some in split for sentence in some]))
        own = await self._prototypes() if any(split) else None
        found: list[list[Worthy]] = []
        for some in split:
            judged = [(sentence, next(vectors)) for sentence in some]
            found.append(
                [
                    Worthy(sentence, kind, vector)
                    for sentence, vector in judged
                    if own is not None and (kind := _kind(sentence, vector, own)) is not None
                ]
            )
        return found

    async def vectors(self, texts: Sequence[str]) -> Vectors:
        """[texts, dimensions], float32; some at a time."""
        made: list[Sequence[float]] = []
        for start in range(0, len(texts), EMBED_AT_ONCE):
            made.extend(await self._embed(list(texts[start : start + EMBED_AT_ONCE])))
        return np.asarray(made, np.float32)

    async def _prototypes(self) -> tuple[Vectors, Vectors]:
        if self._own is None:
            like = [text for texts in _LIKE.values() for text in texts]
            vectors = await self.vectors([*like, *_UNLIKE])
            self._own = vectors[: len(like)], vectors[len(like) :]
        return self._own


_KINDS: tuple[Kind, ...] = tuple(kind for kind, texts in _LIKE.items() for _ in texts)


def _claimed(sentence: str) -> Kind | None:
    """The kind of what has a topic and a value, whatever else is said in the sentence."""
    if claims(sentence, about_themselves=True):
        return "self"
    return "server" if claims(sentence, about_themselves=False) else None


def _kind(sentence: str, vector: Vectors, own: tuple[Vectors, Vectors]) -> Kind | None:
    like, unlike = own
    near = like @ vector
    chatter = float((unlike @ vector).max())
    form = by_form(sentence)
    if form is not None and form == _claimed(sentence):
        return form
    if form is not None:
        nearest = max(float(near[i]) for i, kind in enumerate(_KINDS) if kind == form)
        return form if max(nearest, float(near.max())) - chatter >= LEAST_MARGIN_FORM else None
    best = int(near.argmax())
    if _FLEETING.search(sentence) or float(near[best]) < LEAST_COSINE_FREE:
        return None
    if float(near[best]) - chatter < LEAST_MARGIN_FREE:
        return None
    # Who does not speak of themselves tells about the server at most.
    kind = _KINDS[best]
    return "server" if kind == "self" and not re.search(r"\b(?:I|my|me|mine|I'm|I've)\b", sentence, re.I) else kind


def _may_tell(sentence: str) -> bool:
    words = sentence.split()
    letters = sum(character.isalpha() for character in sentence)
    return not (
        len(words) < LEAST_WORDS
        or sentence.endswith("?")
        or letters < 0.6 * len(sentence.replace(" ", ""))
        or _RUN.search(sentence)
        or len({word.lower() for word in words}) < 0.6 * len(words)
        or _SMALL_TALK.match(sentence)
        or _ASKS.match(sentence)
        or _TELL_ME.match(sentence)
    )
