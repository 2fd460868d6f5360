"""One builder per application, for Serve's config files (`deploy/*.yaml`): `serve deploy` calls each with the `args` of
its application, which are settings by their names in capitals. The environment and `.env` win over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ray
from ray.serve import Application

from core.errors import ConfigError
from core.settings import load_settings
from serve_apps import apps, names


def _builder(name: str) -> Callable[[dict[str, Any]], Application]:
    """The builder of one application. It raises ConfigError for what is no setting."""

    def build(args: dict[str, Any]) -> Application:
        settings = load_settings(args)
        uri = settings.mongodb_uri.get_secret_value() if settings.mongodb_uri else None
        if name not in apps.wanted(settings):
            raise ConfigError(f"There is no model for {name}.", field="SUMMARY_MODEL", fix="Name one, or leave it out.")
        return apps.build(settings, (), uri, gpu=ray.cluster_resources().get("GPU", 0) > 0)[name]

    return build


llm = _builder(names.LLM)
embeddings = _builder(names.EMBEDDINGS)
retrieval = _builder(names.RETRIEVAL)
persona = _builder(names.PERSONA)
vlm = _builder(names.VLM)
api = _builder(names.API)
summaries = _builder(names.SUMMARIES)  # for a config file of one's own; it wants SUMMARY_MODEL
