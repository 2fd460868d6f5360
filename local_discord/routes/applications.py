"""The application behind a bot, and the emojis it owns."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from local_discord import images, objects
from local_discord.codec import Doc
from local_discord.errors import ApiError, missing_access, unauthorized, unknown
from local_discord.validation import Body
from local_discord.web import Call, Routes

routes = Routes()
_MAX_EMOJIS = 2000


def own_application(call: Call) -> Doc:
    """The caller's application; a path's `{application_id}` must be it."""
    application = call.world.application_of(call.my_id)
    if application is None:
        raise unauthorized()
    if "application_id" in call.request.match_info and call.id("application_id") != application["id"]:
        raise missing_access() if call.id("application_id") in call.world.store.applications else unknown("Application")
    return application


def _shown(call: Call, application: Doc) -> Doc:
    bot = call.world.user(application["bot_id"])
    owner = call.world.user(application["owner_id"])
    return objects.application(application, bot, owner, len(call.world.guilds_of(bot["id"])))


@routes.get("/oauth2/applications/@me")
@routes.get("/applications/@me")
async def get_application(call: Call) -> Any:
    return _shown(call, own_application(call))


class ApplicationBody(Body):
    description: Annotated[str, StringConstraints(max_length=400)] | None = None
    icon: str | None = None
    flags: Annotated[int, Field(ge=0)] | None = None
    tags: Annotated[list[Annotated[str, StringConstraints(max_length=20)]], Field(max_length=5)] | None = None
    custom_install_url: str | None = None


@routes.patch("/applications/@me")
async def edit_application(call: Call) -> Any:
    application = own_application(call)
    changes = (await call.body(ApplicationBody)).model_dump(exclude_unset=True)
    if "icon" in changes:
        changes["icon"] = images.save(call.world, f"app-icons/{application['id']}", changes["icon"], "icon")
    application.update(changes)
    call.world.store.applications.put(application["id"], application)
    return _shown(call, application)


# Emojis


def _emoji(call: Call, emoji: Doc) -> Doc:
    shown = {key: emoji[key] for key in ("id", "name", "animated")}
    owner = objects.user(call.me)
    return {**shown, "roles": [], "user": owner, "require_colons": True, "managed": False, "available": True}


def _own_emoji(call: Call) -> Doc:
    application = own_application(call)
    emoji = call.world.store.emojis.get(call.id("emoji_id"))
    if emoji is None or emoji["application_id"] != application["id"]:
        raise unknown("Emoji")
    return emoji


_Name = Annotated[str, StringConstraints(min_length=2, max_length=32, pattern=r"^\w+$")]


class EmojiBody(Body):
    name: _Name
    image: str


class EmojiNameBody(Body):
    name: _Name


@routes.get("/applications/{application_id}/emojis")
async def list_emojis(call: Call) -> Any:
    emojis = call.world.store.emojis.by(own_application(call)["id"])
    return {"items": [_emoji(call, emoji) for emoji in emojis]}


@routes.get("/applications/{application_id}/emojis/{emoji_id}")
async def get_emoji(call: Call) -> Any:
    return _emoji(call, _own_emoji(call))


@routes.post("/applications/{application_id}/emojis")
async def add_emoji(call: Call) -> Any:
    application = own_application(call)
    body = await call.body(EmojiBody)
    if call.world.store.emojis.count(application["id"]) >= _MAX_EMOJIS:
        raise ApiError(400, 30008, f"Maximum number of emojis reached ({_MAX_EMOJIS})")
    content_type, content = images.decode(body.image, "image", images.EMOJI_LIMIT)
    emoji_id = call.world.ids.next()
    call.world.store.put_file(f"emojis/{emoji_id}", content_type, content)
    animated = content_type == "image/gif"
    emoji = {"id": emoji_id, "application_id": application["id"], "name": body.name, "animated": animated}
    return _emoji(call, call.world.store.emojis.put(emoji_id, emoji))


@routes.patch("/applications/{application_id}/emojis/{emoji_id}")
async def rename_emoji(call: Call) -> Any:
    emoji = _own_emoji(call)
    emoji["name"] = (await call.body(EmojiNameBody)).name
    return _emoji(call, call.world.store.emojis.put(emoji["id"], emoji))


@routes.delete("/applications/{application_id}/emojis/{emoji_id}")
async def delete_emoji(call: Call) -> Any:
    emoji = _own_emoji(call)
    call.world.store.emojis.delete(emoji["id"])
    call.world.store.delete_file(f"emojis/{emoji['id']}")
