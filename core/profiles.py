"""Profiles: sets of settings with a name, for a kind of machine. Each is a Serve config file in `deploy/`.

The same file serves both ways of starting: `troupe up` takes its settings (PROFILE), and `serve deploy` takes it whole,
where each application is given the settings in its `args`. So all applications of a file must be given the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConfigError

FOLDER = Path(__file__).resolve().parent.parent / "deploy"


@dataclass(frozen=True, slots=True)
class Profile:
    """A named set of settings. `about` is one line on what it is for; `settings` are by their names in capitals."""

    name: str
    about: str
    settings: dict[str, Any]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Application(_Strict):
    name: str
    import_path: str
    route_prefix: str | None  # has to be there: Serve takes "/" where it is not
    args: dict[str, Any] = Field(default_factory=dict)


class _Http(_Strict):
    host: str
    port: int = Field(ge=1, le=65535)


class _Config(_Strict):
    """The part of Serve's config that a profile may use."""

    proxy_location: Literal["HeadOnly", "EveryNode"]
    http_options: _Http
    applications: list[_Application] = Field(min_length=1)


def profile_names(folder: Path = FOLDER) -> tuple[str, ...]:
    """The profiles that there are."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def load_profile(name: str, folder: Path = FOLDER) -> Profile:
    """The profile of that name. Raises ConfigError naming what is wrong with it."""
    path = folder / f"{name}.yaml"
    if name not in profile_names(folder):
        raise ConfigError(
            f"There is no profile {name!r}.", field="PROFILE", fix=f"Take one of: {', '.join(profile_names(folder))}."
        )
    text = path.read_text("utf-8")
    try:
        config = _Config.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name} is no YAML: {error}", field="PROFILE", fix="Correct the file.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or path.name
        raise ConfigError(f"{path.name}: {first['msg']}.", field=where, fix="Correct the file.") from None
    given = config.applications[0].args
    for application in config.applications:
        if application.args != given:
            raise ConfigError(
                f"{path.name} gives {application.name} other settings than {config.applications[0].name}.",
                field="args",
                fix="Give all applications the same; a YAML anchor does that.",
            )
    about = text.partition("\n")[0].removeprefix("#").strip() if text.startswith("#") else ""
    return Profile(name, about, given)
