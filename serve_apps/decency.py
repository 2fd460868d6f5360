"""The content filter around a reply: what is not answered, what a model is not shown, and what no persona says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.content_filter import Category, ContentFilter, outgoing
from core.messages import FilterLevel, IncomingMessage, Passage, ReplyRequest
from core.personas import Persona
from core.prompts import own_words, person_name, with_pictures
from core.refusals import care, refusal
from serve_apps.looking import UNSEEN

_SENTENCE = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True)
class Decency:
    """What is asked of texts in one place: the level, whether adults only read it, whether the persona is a minor, and
    texts that are `known` to everybody, so that a persona may quote them."""

    filter: ContentFilter
    level: FilterLevel
    age_gated: bool = False
    about_minor: bool = False
    known: tuple[str, ...] = ()

    def caught(self, text: str) -> Category | None:
        """The category for which what somebody else says is neither answered nor shown to the model, or None."""
        return self.filter.verdict(text, self.level, age_gated=self.age_gated, about_minor=self.about_minor)

    def problem(self, text: str) -> Category | None:
        """The category for which no persona may say it, or None."""
        return outgoing(
            self.filter, text, self.level, age_gated=self.age_gated, about_minor=self.about_minor, known=self.known
        )

    def quoting(self, passages: Sequence[Passage]) -> Decency:
        """The same where these passages are known, too."""
        return replace(self, known=(*self.known, *(passage.text for passage in passages)))


def answer_to(category: Category, persona: Persona, message: IncomingMessage, choice: int) -> str:
    """What is said instead of an answer to a message that was caught: care, or a refusal in the persona's voice."""
    return care(message.content) if category == "self_harm" else refusal(persona, choice)


def showable(
    decency: Decency, passages: Sequence[Passage], pictures: Sequence[str]
) -> tuple[tuple[Passage, ...], tuple[str, ...]]:
    """Without passages that were caught, and with pictures that were as ones that nobody could make out."""
    kept = tuple(passage for passage in passages if decency.caught(passage.text) is None)
    return kept, tuple(UNSEEN if decency.caught(shown) else shown for shown in pictures)


def as_read(request: ReplyRequest, pictures: Sequence[str], decency: Decency, cast: Sequence[str]) -> ReplyRequest:
    """The request as a model may read it: with what the pictures show, without earlier lines that would not be answered
    today, and with nobody called like one of the `cast`."""

    def name(given: str) -> str:
        return person_name("" if decency.caught(given) else given, cast)

    message = request.message
    told = with_pictures(message.content, pictures) if pictures else own_words(message.content)
    history = tuple(
        turn if turn.persona_id else replace(turn, speaker=name(turn.speaker))
        for turn in request.history
        if turn.persona_id or decency.caught(turn.text) in (None, "self_harm")
    )
    # In an exchange the line is the other persona's, whose name is its own.
    author = message.author if message.spoken_by else replace(message.author, name=name(message.author.name))
    scene = "" if decency.caught(request.scene) else request.scene
    sentences = _SENTENCE.split(request.summary) if decency.caught(request.summary) else [request.summary]
    summary = " ".join(one for one in sentences if decency.caught(one) is None)
    memories = tuple(
        replace(one, speaker=name(one.speaker) if one.speaker else "")
        for one in request.memories
        if decency.caught(one.text) is None
    )
    message = replace(message, content=told, author=author)
    return replace(request, message=message, history=history, summary=summary, memories=memories, scene=scene)
