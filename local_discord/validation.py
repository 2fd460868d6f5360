"""Request bodies as Pydantic models, and their errors as Discord's tree (code 50035).

A model names the fields that are understood; others are ignored, as Discord does. For PATCH bodies
`model_fields_set` tells what was sent from what was left out.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from local_discord.codec import Doc
from local_discord.errors import ApiError, invalid_form


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Snowflake = Annotated[str, BeforeValidator(_text), StringConstraints(pattern=r"^\d{1,19}$")]
Bits = Annotated[str, BeforeValidator(_text), StringConstraints(pattern=r"^\d{1,20}$")]
Nonce = Annotated[str, BeforeValidator(_text), StringConstraints(max_length=25)]
CustomId = Annotated[str, StringConstraints(min_length=1, max_length=100)]

_CODES = {
    "missing": ("BASE_TYPE_REQUIRED", "This field is required"),
    "string_type": ("STRING_TYPE_CONVERT", "Could not interpret as string."),
    "string_pattern_mismatch": ("STRING_TYPE_REGEX", "String value did not match validation regex."),
    "bool_type": ("BOOLEAN_TYPE_CONVERT", "Must be either true or false."),
    "bool_parsing": ("BOOLEAN_TYPE_CONVERT", "Must be either true or false."),
    "int_type": ("NUMBER_TYPE_COERCE", "Value is not int."),
    "int_parsing": ("NUMBER_TYPE_COERCE", "Value is not int."),
    "list_type": ("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"),
    "dict_type": ("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"),
    "model_type": ("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType"),
}
_BOUNDS = {
    "string_too_long": ("BASE_TYPE_MAX_LENGTH", "Must be {max_length} or fewer in length."),
    "string_too_short": ("BASE_TYPE_MIN_LENGTH", "Must be {min_length} or more in length."),
    "too_long": ("BASE_TYPE_MAX_LENGTH", "Must be {max_length} or fewer in length."),
    "too_short": ("BASE_TYPE_MIN_LENGTH", "Must be {min_length} or more in length."),
    "less_than_equal": ("NUMBER_TYPE_MAX", "int value should be less than or equal to {le}."),
    "greater_than_equal": ("NUMBER_TYPE_MIN", "int value should be greater than or equal to {ge}."),
}


class Body(BaseModel):
    """Base of all bodies."""

    model_config = ConfigDict(extra="ignore")


AnyBody = TypeVar("AnyBody", bound=BaseModel)


def check(model: type[AnyBody], value: Any) -> AnyBody:
    """`value` as `model`; ApiError 50035 with the tree of all that is wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise invalid_form(_tree(error)) from None


def check_each(model: type[AnyBody], values: Any) -> list[AnyBody]:
    """A JSON array of `model`s; the tree of an ApiError starts at the index."""
    try:
        return TypeAdapter(list[model]).validate_python(values)  # type: ignore[valid-type]
    except ValidationError as error:
        raise invalid_form(_tree(error)) from None


def _tree(error: ValidationError) -> Doc:
    tree: Doc = {}
    for found in error.errors():
        kind, context = found["type"], found.get("ctx", {})
        if kind in _BOUNDS:
            code, template = _BOUNDS[kind]
            message = template.format(**context)
        else:
            code, message = _CODES.get(kind, ("BASE_TYPE_BAD_VALUE", found["msg"]))
        node = tree
        for part in found["loc"]:
            node = node.setdefault(str(part), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})
    return tree


def malformed() -> ApiError:
    return ApiError(400, 50109, "The request body contains invalid JSON.")


class EmbedField(Body):
    name: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    value: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    inline: bool = False


_Link = Annotated[str, StringConstraints(max_length=2048, pattern=r"^(https?|attachment)://")]


class EmbedMedia(Body):
    url: _Link


class EmbedFooter(Body):
    text: Annotated[str, StringConstraints(max_length=2048)]
    icon_url: _Link | None = None


class EmbedAuthor(Body):
    name: Annotated[str, StringConstraints(max_length=256)]
    url: _Link | None = None
    icon_url: _Link | None = None


class Embed(Body):
    title: Annotated[str, StringConstraints(max_length=256)] | None = None
    description: Annotated[str, StringConstraints(max_length=4096)] | None = None
    url: _Link | None = None
    timestamp: str | None = None
    color: Annotated[int, Field(ge=0, le=0xFFFFFF)] | None = None
    footer: EmbedFooter | None = None
    image: EmbedMedia | None = None
    thumbnail: EmbedMedia | None = None
    author: EmbedAuthor | None = None
    fields: Annotated[list[EmbedField], Field(max_length=25)] = []

    def size(self) -> int:
        """Characters that count towards the limit of 6,000 over all embeds of a message."""
        parts = [self.title, self.description, self.footer and self.footer.text, self.author and self.author.name]
        parts += [text for field in self.fields for text in (field.name, field.value)]
        return sum(len(part) for part in parts if part)

    def shown(self) -> Doc:
        return {"type": "rich", **self.model_dump(exclude_none=True, exclude_defaults=True)}


class AllowedMentions(Body):
    parse: list[str] = []
    users: Annotated[list[Snowflake], Field(max_length=100)] = []
    roles: Annotated[list[Snowflake], Field(max_length=100)] = []
    replied_user: bool = False


class Reference(Body):
    type: Annotated[int, Field(ge=0, le=0)] = 0
    message_id: Snowflake
    channel_id: Snowflake | None = None
    guild_id: Snowflake | None = None
    fail_if_not_exists: bool = True


class AttachmentRef(Body):
    """An entry of `attachments`: a new file (its index among the uploads) or one kept in an edit (its id)."""

    id: Snowflake
    filename: Annotated[str, StringConstraints(max_length=260)] | None = None
    description: Annotated[str, StringConstraints(max_length=1024)] | None = None


_Embeds = Annotated[list[Embed], Field(max_length=10)]
_Content = Annotated[str, StringConstraints(max_length=2000)]


class MessageBody(Body):
    """Creating or editing a message, by whatever route."""

    content: _Content | None = None
    embeds: _Embeds | None = None
    components: list[Doc] | None = None
    attachments: Annotated[list[AttachmentRef], Field(max_length=10)] | None = None
    allowed_mentions: AllowedMentions | None = None
    flags: Annotated[int, Field(ge=0)] | None = None
    tts: bool = False
    nonce: Nonce | None = None
    enforce_nonce: bool = False
    message_reference: Reference | None = None


class WebhookBody(MessageBody):
    """Executing a webhook."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = None
    avatar_url: Annotated[str, StringConstraints(max_length=2048)] | None = None
