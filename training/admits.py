"""Whether a reply says that its speaker does not know: the many ways in which people and models put it.

The patterns read what is said of the speaker's own knowledge. A sentence of a world's lore ("nobody knows her better",
"it never rains there", "it has no name") must not fit any of them.
"""

from __future__ import annotations

import re

# Applied first, so that the patterns need only one way of saying not.
_SHORT_FORMS = (
    ("’", "'"), ("can't", "can not"), ("cannot", "can not"), ("won't", "will not"), ("ain't", "have not"),
    ("n't", " not"), ("'m ", " am "), ("'ve ", " have "), ("'d ", " would "), ("'s ", " is "), ("'re ", " are "),
    ("dunno", "do not know"),
)  # fmt: skip
_ADVERB = (
    "really|quite|actually|honestly|exactly|yet|ever|even|truly|fully|currently|just|at all|sadly|think i|believe i"
)
_NOT = rf"(?:not|never) (?:(?:{_ADVERB}) ){{0,2}}"
_I = r"\b(?:i|we) "
_I_THEN = r"\b(?:i|we)\b[^.!?]{0,40}?\b"
_FACT = "(?:answer|information|info|data|knowledge|records?|entry|details|facts?|clue|idea|inkling|notion)"
_MINE = r"(?:any of )?(?:my (?!house|kitchen|home|room)|our |the (?:lore|passages?|text|notes|context)\b)"
_PATTERNS = (
    # I do not know; I can not say; I am not sure; I never heard of it
    rf"{_I_THEN}{_NOT}(?:know|recall|be sure|be certain)\b",
    rf"{_I_THEN}{_NOT}(?:know|have|find|got) (?:(?:a|an|any|that|the|much) )?{_FACT}\b",
    rf"{_I_THEN}(?:can|could) {_NOT}(?:say|tell|answer|recall|remember|find (?:that|it|any))\b(?! (?:no|a lie)\b)",
    rf"{_I}(?:do|did|would) {_NOT}remember\b",
    rf"{_I}know (?:not|nothing)\b",
    rf"{_I}(?:(?:am|are|have|was) )?(?:(?:{_ADVERB}) )?{_NOT}(?:sure|certain|aware|familiar|informed|learned|learnt)\b",
    rf"{_I}(?:(?:am|are|have|was) )?{_NOT}(?:been told|(?:told|heard) (?:that|it|of|about)|came across)\b",
    rf"{_I}(?:am|are) (?:(?:{_ADVERB}) )?(?:unsure|uncertain|unaware|clueless|at a loss|stumped|in the dark)\b",
    rf"{_I}wish (?:i|we) knew\b",
    rf"{_I}lack (?:that|this|the|any) {_FACT}\b",
    # do not know; not sure; no idea; not a clue
    rf"(?:^|[.!?,;:] *)\W*(?:{_NOT}(?:know|sure|certain)|do not know|beats me)\b",
    rf"\b(?:do|did) {_NOT}know\b",
    r"\b(?:not|no) (?:a |the )?(?:clue|foggiest|faintest)\b",
    r"\bno (?:idea|inkling|answer|data|card|records?|entry|information|info|knowledge|match|mention|notion)\b(?! is )",
    r"\bno (?:root|road|notes?|page|news|lore)\b(?! (?:is|was|are|were|leads) )",
    # it is beyond me
    r"\b(?:unknown|not known|a mystery|a riddle|lost on|news) (?:to )?(?:me|us)\b",
    r"\b(?:beyond me|escapes me|eludes me|who knows|above my pay)\b",
    # my notes hold nothing; the passage does not say; nobody told me
    r"\b(?:nothing|little) (?:on|about) (?:that|this|it)\b",
    r"\b(?:found|find|holds?|says?|tells?|have|got|has) nothing\b",
    rf"\b(?:not|nowhere|never) (?:(?:mentioned|written|listed|found|recorded|noted) )?(?:in|on|among|part of) {_MINE}",
    r"\b(?:does|did) not (?:say|mention|tell (?:me|us)|state|specify|cover|include|reveal)\b",
    r"\bnot (?:mentioned|specified)\b",
    r"\b(?:nobody|no one|none) (?:ever |has |have )*(?:told|tells|taught) (?:me|us)\b",
    r"\b(?:would|will|could) (?:only |just )?(?:be (?:a )?guess|be making|make (?:it|that|one|something) up)",
    r"\b(?:would|will) (?:only |just )?have to (?:guess|lie|make)\b",
    r"\bmy (?:log|notes|memory|records|shelf|map|page|jar|book|head|mind)s? (?:is|are) (?:blank|empty|silent|bare)\b",
)
_ADMITS = re.compile("|".join(_PATTERNS))


def admits(text: str) -> bool:
    """Whether a reply says, in whatever words, that its speaker does not know."""
    text = f"{text.lower()} "
    for short, long in _SHORT_FORMS:
        text = text.replace(short, long)
    return bool(_ADMITS.search(text))
