"""The one error tree of Troupe.

    TroupeError                     every error this project raises on purpose
    ├── ConfigError                 a setting, profile or file of the operator is wrong; `fix` says what to change
    │   └── PackError               a persona pack is wrong; names the file, the line and the fix
    ├── RequestError                the caller sent something that cannot be served (HTTP 4xx); `field` names it
    │   └── UnknownPersona          no persona of that id in the loaded packs
    ├── Overloaded                  a bounded queue is full (HTTP 429); `retry_after_s` says when to come back
    ├── StaleRevision               another owner wrote the document first; load it again and decide anew
    ├── DeadlineExceeded            the time the caller allowed is over (HTTP 504)
    └── Unavailable                 a component is down or still waking (HTTP 503); `component` names it
        ├── DatabaseUnavailable     the document store does not answer
        └── ModelUnavailable        no replica of a model answers

Every message is one sentence that says what is wrong, followed, where it helps, by one that says what to do.
All of them survive pickling, since they travel between Ray processes.
"""

from __future__ import annotations

from typing import Any


class TroupeError(Exception):
    """Base of the tree. Subclasses hold their facts as keyword fields and keep them across pickling."""

    def __init__(self, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.__dict__.update(fields)
        self._fields = fields

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.message, self._fields))


def _rebuild(cls: type[TroupeError], message: str, fields: dict[str, Any]) -> TroupeError:
    error = cls.__new__(cls)
    TroupeError.__init__(error, message, **fields)
    return error


class ConfigError(TroupeError):
    """A setting or file of the operator is wrong. `field` names it, `fix` says what to change."""

    field: str
    fix: str

    def __init__(self, message: str, *, field: str, fix: str) -> None:
        super().__init__(f"{field}: {message} {fix}".strip(), field=field, fix=fix)


class PackError(ConfigError):
    """A persona pack is wrong. `file` and `line` (1-based; 0 where the whole file is meant) say where."""

    file: str
    line: int

    def __init__(self, message: str, *, file: str, line: int, fix: str) -> None:
        where = f"{file}:{line}" if line else file
        TroupeError.__init__(self, f"{where}: {message} {fix}".strip(), field=where, fix=fix, file=file, line=line)


class RequestError(TroupeError):
    """The caller sent something that cannot be served. `field` names the part that is wrong. A message that people see
    is a `core.wording.Wording`, which the bot says in their language."""

    field: str

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message, field=field)


class UnknownPersona(RequestError):
    """No persona of that id in the loaded packs."""


class Overloaded(TroupeError):
    """A bounded queue is full. Come back after `retry_after_s` seconds."""

    retry_after_s: float

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message, retry_after_s=retry_after_s)


class StaleRevision(TroupeError):
    """Another owner wrote the document first. What was decided on the old state is void; load it and decide anew."""


class DeadlineExceeded(TroupeError):
    """The time the caller allowed is over."""


class Unavailable(TroupeError):
    """A component is down or still waking. `component` is its name as `/health` lists it."""

    component: str

    def __init__(self, message: str, *, component: str) -> None:
        super().__init__(message, component=component)


class DatabaseUnavailable(Unavailable):
    """The document store does not answer."""


class ModelUnavailable(Unavailable):
    """No replica of a model answers."""
