"""Character cards: reading and writing the published V2 and V3 layouts, as JSON and inside a PNG.

A card comes from a stranger. Everything is bounded before it is looked into: the file, the size a picture claims, the
text chunk, the depth of the JSON, each text and each list. What is wrong is refused with the field and the reason; what
is merely unknown is kept, so that an exported card holds what the imported one held.

The picture of a PNG is never decoded here; `core.pictures` does that.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from core.errors import RequestError
from core.wording import Wording, either

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_JSON_BYTES = 512 * 1024
MAX_DEPTH = 16
MAX_VALUES = 20_000  # of all lists and objects of a card together
MAX_CHUNKS = 4_096
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The newer layout first: where a PNG holds both, that one counts.
CHUNKS = (b"ccv3", b"chara")

Spec = Literal["chara_card_v2", "chara_card_v3"]
_SPECS = either([f'"{spec}"' for spec in get_args(Spec)])
Text = Annotated[str, StringConstraints(max_length=50_000)]
Label = Annotated[str, StringConstraints(max_length=200)]


class _Part(BaseModel):
    # Strict, since a number for a text is a broken card; unknown keys are kept in `Card.raw`.
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class BookEntry(_Part):
    """An entry of a lorebook: told where one of `keys` comes up."""

    keys: list[Label] = Field(default=[], max_length=100)
    content: Text = ""
    name: Label | None = None
    enabled: bool = True


class Book(_Part):
    """The lorebook of a card."""

    name: Label | None = None
    entries: list[BookEntry] = Field(default=[], max_length=200)


class CardData(_Part):
    """What a card says of its character. Only the name must be there."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    nickname: Label | None = None
    description: Text = ""
    personality: Text = ""
    scenario: Text = ""
    first_mes: Text = ""
    mes_example: Text = ""
    creator_notes: Text = ""
    system_prompt: Text = ""
    post_history_instructions: Text = ""
    alternate_greetings: list[Text] = Field(default=[], max_length=100)
    tags: list[Label] = Field(default=[], max_length=200)
    creator: Label = ""
    character_version: Label = ""
    extensions: dict[str, Any] = {}
    character_book: Book | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A checked card: `data` as far as we read it, `raw` as it came, with everything else that was in it."""

    spec: Spec
    data: CardData
    raw: Mapping[str, Any]

    def with_data(self, **changes: Any) -> Card:
        """The card with some of its data changed. Raises RequestError as `card_of` does."""
        return card_of({**self.raw, "data": {**self.raw["data"], **changes}})


def parse(content: bytes) -> Card:
    """The card in a file, PNG or JSON. Raises RequestError with the field and the reason."""
    if len(content) > MAX_FILE_BYTES:
        raise _refused(
            "file",
            Wording(
                "refused-card-file",
                "it has {bytes:,} bytes, and at most {most:,} are read",
                bytes=len(content),
                most=MAX_FILE_BYTES,
            ),
        )
    if content.startswith(PNG_SIGNATURE):
        return parse_json(_embedded(content))
    if content.lstrip()[:1] == b"{" or content.startswith(b"\xef\xbb\xbf"):
        return parse_json(content)
    raise _refused(
        "file", Wording("refused-card-kind", "it is neither a PNG nor JSON; export the card as one of these")
    )


def parse_json(content: bytes) -> Card:
    """The card in a JSON text. Raises RequestError."""
    if len(content) > MAX_JSON_BYTES:
        raise _refused(
            "file",
            Wording(
                "refused-card-json",
                "the card has {bytes:,} bytes, and at most {most:,} are read",
                bytes=len(content),
                most=MAX_JSON_BYTES,
            ),
        )
    try:
        raw = json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise _refused("file", Wording("refused-card-utf8", "it is not UTF-8 text")) from None
    except RecursionError:
        raise _refused("file", _deep()) from None
    except ValueError as error:
        raise _refused(
            "file", Wording("refused-card-invalid", "it is not valid JSON ({error})", error=str(error))
        ) from None
    _bounded(raw)
    return card_of(_whole(raw))


def card_of(raw: Any) -> Card:
    """The card in plain data. Raises RequestError."""
    if not isinstance(raw, dict):
        raise _refused("file", Wording("refused-card-no-object", "a card is a JSON object"))
    spec, version = raw.get("spec"), raw.get("spec_version")
    if spec is None:
        if "name" in raw:
            raise _refused(
                "spec", Wording("refused-card-v1", "it is missing; this looks like a V1 card, so save it as V2")
            )
        raise _refused("spec", Wording("refused-card-no-spec", "it is missing, and has to be {specs}", specs=_SPECS))
    if spec not in ("chara_card_v2", "chara_card_v3"):
        wrong = repr(str(spec)[:40])
        raise _refused(
            "spec", Wording("refused-card-spec", "it is {spec}, and has to be {specs}", spec=wrong, specs=_SPECS)
        )
    major = spec[-1]
    if not isinstance(version, str) or version.partition(".")[0] != major:
        told = Wording("refused-card-version", 'it has to be "{major}.0" for {spec}', major=major, spec=spec)
        raise _refused("spec_version", told)
    data = raw.get("data")
    if not isinstance(data, dict):
        raise _refused("data", Wording("refused-card-no-data", "it has to be an object with the character in it"))
    try:
        checked = CardData.model_validate({key: value for key, value in data.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(["data", *(str(part) for part in first["loc"])])
        raise _refused(field, reason_of(first["type"], first["msg"])) from None
    if not checked.name.strip():
        raise _refused("data.name", Wording("refused-card-empty", "it is empty"))
    return Card(spec, checked, raw)


def to_json(card: Card) -> bytes:
    """The card as a file."""
    return _written(card.raw)


def to_png(card: Card, picture: bytes) -> bytes:
    """The PNG `picture` with the card in it, in place of any that it held; a V3 card also as V2, for tools that know no
    other. Raises RequestError where `picture` is no PNG."""
    chunks = [(kind, body) for kind, body in _chunks(picture) if not _is_card(kind, body)]
    embedded = [(b"tEXt", _text(b"chara", {**card.raw, "spec": "chara_card_v2", "spec_version": "2.0"}))]
    if card.spec == "chara_card_v3":
        embedded.append((b"tEXt", _text(b"ccv3", card.raw)))
    end = [index for index, (kind, _) in enumerate(chunks) if kind == b"IEND"][-1]
    chunks[end:end] = embedded
    return PNG_SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def _embedded(png: bytes) -> bytes:
    """The JSON text in a PNG."""
    found: dict[bytes, bytes] = {}
    for kind, body in _chunks(png):
        keyword, _, told = body.partition(b"\0")
        if kind == b"tEXt" and keyword.lower() in CHUNKS:
            found.setdefault(keyword.lower(), told)
    named = next((name for name in CHUNKS if name in found), None)
    if named is None:
        raise _refused(
            "file",
            Wording(
                "refused-card-no-card",
                "this PNG holds no card (no tEXt chunk `chara` or `ccv3`); some sites strip them",
            ),
        )
    text = found[named]
    if len(text) > MAX_JSON_BYTES * 4 // 3 + 4:
        raise _refused(
            "file", Wording("refused-card-embedded", "the card in it has more than {most:,} bytes", most=MAX_JSON_BYTES)
        )
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise _refused("file", Wording("refused-card-base64", "the card in this PNG is not valid base64")) from None


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG, up to and with its end. Raises RequestError for what is none."""
    if not png.startswith(PNG_SIGNATURE):
        raise _refused("picture", Wording("refused-card-no-png", "it is not a PNG"))
    at, count = len(PNG_SIGNATURE), 0
    while True:
        if at + 12 > len(png):
            raise _refused("file", Wording("refused-card-cut-off", "this PNG is cut off"))
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        if at + 12 + length > len(png) or not kind.isalpha():
            raise _refused("file", Wording("refused-card-damaged", "this PNG is damaged"))
        if struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] != zlib.crc32(kind + body):
            raise _refused("file", Wording("refused-card-checksum", "this PNG is damaged (a checksum is wrong)"))
        yield kind, body
        at, count = at + 12 + length, count + 1
        if kind == b"IEND":
            return
        if count > MAX_CHUNKS:
            raise _refused(
                "file", Wording("refused-card-chunks", "this PNG has more than {most:,} chunks", most=MAX_CHUNKS)
            )


def _is_card(kind: bytes, body: bytes) -> bool:
    return kind == b"tEXt" and body.partition(b"\0")[0].lower() in CHUNKS


def _text(keyword: bytes, raw: Mapping[str, Any]) -> bytes:
    return keyword + b"\0" + base64.b64encode(_written(raw))


def _written(raw: Mapping[str, Any]) -> bytes:
    # Without spaces, so that a card as large as is read is not written larger.
    return json.dumps(raw, ensure_ascii=False, separators=(",", ":")).encode()


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no value of JSON")


def _bounded(raw: Any) -> None:
    """Refuses what is nested too deeply or holds too much, without recursion."""
    waiting, count = [(raw, 1)], 0
    while waiting:
        value, depth = waiting.pop()
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        count += len(inner)
        if count > MAX_VALUES:
            raise _refused(
                "file", Wording("refused-card-values", "it holds more than {most:,} values", most=MAX_VALUES)
            )
        if depth > MAX_DEPTH and inner:
            raise _refused("file", _deep())
        waiting.extend((one, depth + 1) for one in inner)


def _whole(value: Any) -> Any:
    """The data without halves of surrogate pairs, which no database and no Discord takes. At most MAX_DEPTH deep."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_whole(key): _whole(one) for key, one in value.items()}
    return [_whole(one) for one in value] if isinstance(value, list) else value


def reason_of(kind: str, message: str) -> str:
    """What pydantic found wrong, in fewer words where there are some."""
    sayings = {
        "missing": Wording("refused-card-missing", "it is missing"),
        "string_type": Wording("refused-card-text", "it has to be text"),
        "list_type": Wording("refused-card-list", "it has to be a list"),
        "dict_type": Wording("refused-card-object", "it has to be an object"),
        "model_type": Wording("refused-card-object", "it has to be an object"),
        "bool_type": Wording("refused-card-switch", "it has to be true or false"),
        "string_too_short": Wording("refused-card-empty", "it is empty"),
        "string_too_long": Wording("refused-card-too-long", "it is too long"),
        "too_long": Wording("refused-card-too-many", "it holds too many"),
    }
    return sayings.get(kind, message[:200])


def _deep() -> Wording:
    return Wording("refused-card-deep", "it is nested more than {most} deep", most=MAX_DEPTH)


def _refused(field: str, reason: str) -> RequestError:
    told = Wording("refused-card", "This card cannot be used: {field}: {reason}.", field=field, reason=reason)
    return RequestError(told, field=field)
