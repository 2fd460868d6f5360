"""What the API answers when it refuses, with Discord's own codes.

ApiError                       any refusal: HTTP status, code, message, optional tree of field errors
├── unknown(what)              404 with the code of that kind of thing
├── missing_access()           403 50001: the channel or guild is not visible to the caller
├── missing_permissions()      403 50013
└── invalid_form(errors)       400 50035 with the tree of fields
"""

from __future__ import annotations

from typing import Any

UNKNOWN = {
    "Account": 10001,
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Permission Overwrite": 10009,
    "Role": 10011,
    "User": 10013,
    "Emoji": 10014,
    "Webhook": 10015,
    "Interaction": 10062,
    "Application Command": 10063,
}


class ApiError(Exception):
    """A refusal. `errors` is Discord's tree: field names down to `{"_errors": [{"code", "message"}]}`."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        errors: dict[str, Any] | None = None,
        *,
        headers: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.body: dict[str, Any] = {"message": message, "code": code, **(extra or {})}
        if errors:
            self.body["errors"] = errors


def unknown(what: str) -> ApiError:
    return ApiError(404, UNKNOWN[what], f"Unknown {what}")


def missing_access() -> ApiError:
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    return ApiError(403, 50013, "Missing Permissions")


def unauthorized() -> ApiError:
    return ApiError(401, 0, "401: Unauthorized")


def invalid_form(errors: dict[str, Any]) -> ApiError:
    return ApiError(400, 50035, "Invalid Form Body", errors)


def invalid_field(path: str, code: str, message: str) -> ApiError:
    """One wrong field. `path` is dotted: `embeds.0.title`."""
    tree: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for part in reversed(path.split(".")):
        tree = {part: tree}
    return invalid_form(tree)
