"""A character card as a persona of a server, and a persona as a card.

What a card has no field for (title, voice, boundaries, keywords, lines for when the model is down) stands in its
`extensions.troupe`, so a persona that is exported comes back as it was. A card from elsewhere lacks that, and then:

| of the persona | comes from |
|---|---|
| name | `name`, at most 32 characters, cut at a word |
| description | `description`, else `personality`, at most 600 characters, cut at the end of a sentence |
| voice | `personality`, else `description`, at most 300 |
| greeting | `first_mes`, at most 40 words |
| examples | the pairs of lines in `mes_example`, block by block |
| title, boundaries, keywords, lines without a model | our own defaults; the name is the keyword |
| lore | the enabled entries of `character_book`, cut to 600 characters |

`{{char}}` is the name (a V3 card's nickname), `{{user}}` is "you", or "friend" where the character speaks; other macros
are dropped. A card that tells of a child or a youth makes a persona that is a minor. `system_prompt` and
`post_history_instructions` are kept for export and never read: they are orders, and a persona is a character.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from core.cards import Card, card_of, reason_of
from core.errors import RequestError
from core.personas import Guest, Persona
from core.prompts import person_name, told_line
from core.wording import Wording

EXTENSION = "troupe"
MAX_BOOK_PASSAGES = 60
_TYPES = {"title": str, "voice": str, "minor": bool}  # the others are lists of texts
_KEPT = ("title", "voice", "boundaries", "keywords", "fallback_lore", "fallback_plain", "refusals", "minor")
_MACRO = re.compile(r"\{\{[^{}]{0,200}\}\}|<(?:user|bot|char)>", re.IGNORECASE)
_START = re.compile(r"<start>", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?…。！？])[\"”*)]*\s+")
_WHO = re.compile(r"^\s*(\{\{user\}\}|\{\{char\}\}|<user>|<bot>|<char>)\s*:\s*", re.IGNORECASE)
_YOUNG = re.compile(
    r"\b(?:boy|girl|child|kid|toddler|teen|teenager|teenaged|schoolboy|schoolgirl|baby|minor|loli|shota|underage)\b",
    re.IGNORECASE,
)
_AGE = re.compile(
    r"\b(?:[1-9]|1[0-7])[\s-]*(?:years?[\s-]*old|y/?o)\b|\bage[ds]?\s*[:=]?\s*(?:[1-9]|1[0-7])\b(?!\d)",
    re.IGNORECASE,
)
_USER_LINE, _CHAR_LINE = "{{user}}: ", "{{char}}: "
_LORE_LINES = (
    "I remember this much: {lore}",
    "Somebody told me once: {lore}",
    "This I know for sure: {lore}",
)
_PLAIN_LINES = (
    "My thoughts are far away just now. Ask me again in a moment?",
    "Give me a minute, I have lost my thread.",
    "I cannot find the words just now. Try me again soon.",
)


def guest_of(card: Card, guest_id: str, *, taken: Collection[str] = (), picture: str = "") -> Guest:
    """The card's character as the persona `guest_id` of a server. Keywords that are `taken` are left out.

    Raises RequestError with the card's field and the reason.
    """
    data, own = card.data, _extension(card)
    name = cut(_plain(data.name), 32).rstrip("…").strip()
    if not name or person_name(name) != name:
        raise _refused(
            "data.name", Wording("refused-guest-name", "nobody can be called like that here; choose another name")
        )
    char = cut(_plain(data.nickname), 32) if data.nickname and data.nickname.strip() else name

    def told(text: str, limit: int, user: str = "you") -> str:
        return cut(_filled(text, char, user), limit)

    description = told(data.description, 600) or told(data.personality, 600) or f"{name} has come to visit."
    voice = _plain(own.get("voice", "")) or told(data.personality, 300) or told(data.description, 300)
    keywords = [word for word in own.get("keywords") or _default_keywords(name, char) if word not in taken]
    if not keywords:
        raise _refused(
            "keywords",
            Wording(
                "refused-guest-keywords", "somebody of the cast comes at each of these words already; choose others"
            ),
        )
    everything = " ".join([data.name, data.description, data.personality, data.scenario, *data.tags])
    fields = {
        "id": guest_id,
        "name": name,
        "title": _plain(own.get("title", "")) or "a guest of this server",
        "description": description,
        "voice": voice or f"Speaks as {name} would.",
        "boundaries": [_plain(one) for one in own.get("boundaries", ())] or [f"Never steps out of the part of {name}."],
        "keywords": keywords,
        "greeting": _spoken(data.first_mes, char) or f"Hello, I am {name}.",
        "examples": list(_examples(data.mes_example, char)),
        "fallback_lore": own.get("fallback_lore") or _LORE_LINES,
        "fallback_plain": own.get("fallback_plain") or _PLAIN_LINES,
        "refusals": own.get("refusals") or (),
        # What was exported from here says it; of other cards a word in doubt counts, and an age counts always.
        "minor": own.get("minor", bool(_YOUNG.search(everything))) or bool(_AGE.search(everything)),
        "picture": picture,
    }
    try:
        return Guest.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        said = str(first["msg"]).removeprefix("Value error, ").replace("|", ". ")[:200].rstrip(".")
        raise _refused(".".join(str(part) for part in first["loc"]), reason_of(first["type"], said)) from None


def passages_of(card: Card, name: str) -> tuple[tuple[str, str], ...]:
    """What the card's lorebook tells, as titles and texts."""
    found = []
    for entry in card.data.character_book.entries if card.data.character_book else ():
        text = cut(_filled(entry.content, name, "you"), 600)
        title = cut(_plain(entry.name or ", ".join(entry.keys[:3])), 120) or name
        if entry.enabled and len(text.split()) >= 3:
            found.append((title, text))
    return tuple(found[:MAX_BOOK_PASSAGES])


def card_from(persona: Persona, *, creator: str = "", lore: Mapping[str, str] | None = None) -> Card:
    """A persona as a V2 card, `lore` as its lorebook. Raises RequestError never for a checked persona."""
    lines = [f"{_USER_LINE}{one.user}\n{_CHAR_LINE}{one.reply}" for one in persona.examples]
    own = persona.model_dump(mode="json", include=set(_KEPT), exclude_defaults=True)
    data: dict[str, Any] = {
        "name": persona.name,
        "description": persona.description,
        "personality": persona.voice,
        "scenario": "",
        "first_mes": persona.greeting,
        "mes_example": "".join(f"<START>\n{line}\n" for line in lines),
        "creator_notes": "",
        "system_prompt": "",
        "post_history_instructions": "",
        "alternate_greetings": [],
        "tags": [],
        "creator": creator,
        "character_version": "",
        "extensions": {EXTENSION: {**own, "minor": persona.is_minor}},
    }
    if lore:
        data["character_book"] = {
            "extensions": {},
            "entries": [
                {
                    "keys": [title],
                    "content": text,
                    "extensions": {},
                    "enabled": True,
                    "insertion_order": index,
                    "name": title,
                }
                for index, (title, text) in enumerate(lore.items())
            ],
        }
    return card_of({"spec": "chara_card_v2", "spec_version": "2.0", "data": data})


def card_new(texts: Mapping[str, str], keywords: Sequence[str] | None = None) -> Card:
    """A card of the texts `name`, `title`, `description`, `voice` and `greeting`. Raises RequestError."""
    own: dict[str, Any] = {"title": texts["title"], "voice": texts["voice"]}
    data = {
        "name": texts["name"],
        "description": texts["description"],
        "personality": texts["voice"],
        "scenario": "",
        "first_mes": texts["greeting"],
        "mes_example": "",
        "extensions": {EXTENSION: {**own, **({"keywords": list(keywords)} if keywords else {})}},
    }
    return card_of({"spec": "chara_card_v2", "spec_version": "2.0", "data": data})


def edited(card: Card, guest: Guest, changes: Mapping[str, Any]) -> Card:
    """The card after somebody changed its persona: `changes` by our names. What stays as it was shown stays in the card
    as it is there, however much longer. Raises RequestError."""
    fields = {"description": "description", "greeting": "first_mes", "name": "name"}
    new = {name: value for name, value in changes.items() if value != getattr(guest, name)}
    data: dict[str, Any] = {fields[name]: value for name, value in new.items() if name in fields}
    own = {**_extension(card), **{name: value for name, value in new.items() if name in _KEPT}}
    if "voice" in new:
        data["personality"] = new["voice"]
    if {"description", "name", "voice"} & set(new):
        own.pop("minor", None)  # what it tells now decides
    others = card.raw["data"].get("extensions") or {}
    return card.with_data(**data, extensions={**others, EXTENSION: own})


def guest_id(name: str, taken: Collection[str]) -> str:
    """An id for a new persona of that name, none of `taken`."""
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32].strip("-")
    base = base if base[:1].isalpha() else f"guest-{base}".rstrip("-")
    return next(one for one in _numbered(base) if one not in taken)


def cut(text: str, limit: int) -> str:
    """A text of at most `limit` characters: whole sentences where the first one fits, else whole words."""
    text = text.strip()
    if len(text) <= limit:
        return text
    kept = ""
    for sentence in _sentences(text):
        if len(kept) + len(sentence) + bool(kept) > limit:
            break
        kept = f"{kept} {sentence}".strip()
    if kept:
        return kept
    short = text[: limit - 1]
    return (short.rsplit(" ", 1)[0] if " " in short else short).rstrip(" ,;:") + "…"


def _spoken(text: str, char: str) -> str:
    """What the character says, at most 40 words and 400 characters of it."""
    words = _filled(text, char, "friend")
    kept = ""
    for sentence in _sentences(words):
        longer = f"{kept} {sentence}".strip()
        if len(longer.split()) > 40 or len(longer) > 400:
            break
        kept = longer
    return kept or cut(" ".join(words.split()[:39]) + ("…" if len(words.split()) > 39 else ""), 400)


def _examples(text: str, char: str) -> Iterator[dict[str, str]]:
    """Each line of somebody with the reply that follows it."""
    count = 0
    for block in _START.split(text):
        asked = ""
        for who, line in _said(block):
            if who == "user":
                asked = cut(_filled(line, char, "friend"), 400)
            elif asked and (reply := _spoken(line, char)) and count < 60:
                yield {"user": asked, "reply": reply}
                asked, count = "", count + 1


def _said(block: str) -> Iterator[tuple[str, str]]:
    who, lines = "", list[str]()
    for line in [*block.splitlines(), "{{user}}:"]:
        if match := _WHO.match(line):
            if who and any(lines):
                yield who, " ".join(lines)
            who = "user" if "user" in match[1].lower() else "char"
            lines = [line[match.end() :]]
        else:
            lines.append(line)


def _filled(text: str, char: str, user: str) -> str:
    """A text with the macros that we know filled in, without any other and without braces."""

    def value(match: re.Match[str]) -> str:
        macro = match[0].strip("{}<>").strip().lower()
        return {"char": char, "bot": char, "user": user}.get(macro, "")

    return _plain(_MACRO.sub(value, text)).replace("{", "(").replace("}", ")")


def _plain(text: str) -> str:
    # Once here and not in every prompt: no text of a guest begins like a role's line or spells a special token.
    return told_line(text)


def _sentences(text: str) -> list[str]:
    return [one for one in _SENTENCE.split(text) if one]


def _default_keywords(name: str, char: str) -> list[str]:
    words = dict.fromkeys(re.sub(r"[A-Z]", "", one.lower()).strip()[:40].strip() for one in (name, char))
    return [word for word in words if len(word) >= 2] or [f"{name.lower()} {name.lower()}"[:40].strip()]


def _extension(card: Card) -> dict[str, Any]:
    own = card.data.extensions.get(EXTENSION, {})
    if not isinstance(own, dict):
        raise _refused(f"data.extensions.{EXTENSION}", Wording("refused-card-object", "it has to be an object"))
    kept = {name: own[name] for name in _KEPT if name in own}
    for name, value in kept.items():
        whole = isinstance(value, list) and len(value) <= 60 and all(isinstance(one, str) for one in value)
        if not (isinstance(value, _TYPES[name]) if name in _TYPES else whole):
            raise _refused(
                f"data.extensions.{EXTENSION}.{name}",
                Wording("refused-guest-extension", "it is not what we wrote there"),
            )
    return kept


def _numbered(base: str) -> Iterator[str]:
    yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1


def _refused(field: str, reason: str) -> RequestError:
    told = Wording("refused-guest", "This persona cannot be made: {field}: {reason}.", field=field, reason=reason)
    return RequestError(told, field=field)
