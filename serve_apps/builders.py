"""One builder per application, for Serve's config files (`deploy/*.yaml`): `serve deploy` calls each with the `args` of
its application, which are settings by their names in capitals. The environment and `.env` win over them."""

from __future__ import annotations

from typing import Any

import ray
from ray.serve import Application

from core.settings import load_settings
from serve_apps import apps, names


def llm(args: dict[str, Any]) -> Application:
    """The language model."""
    return _built(names.LLM, args)


def embeddings(args: dict[str, Any]) -> Application:
    """Sentence embeddings."""
    return _built(names.EMBEDDINGS, args)


def retrieval(args: dict[str, Any]) -> Application:
    """The search for lore."""
    return _built(names.RETRIEVAL, args)


def persona(args: dict[str, Any]) -> Application:
    """What answers as a persona."""
    return _built(names.PERSONA, args)


def vlm(args: dict[str, Any]) -> Application:
    """The vision model."""
    return _built(names.VLM, args)


def api(args: dict[str, Any]) -> Application:
    """What listens on the HTTP port."""
    return _built(names.API, args)


def _built(name: str, args: dict[str, Any]) -> Application:
    """Raises ConfigError for what is no setting."""
    settings = load_settings(args)
    uri = settings.mongodb_uri.get_secret_value() if settings.mongodb_uri else None
    return apps.build(settings, (), uri, gpu=ray.cluster_resources().get("GPU", 0) > 0)[name]
