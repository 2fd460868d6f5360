"""Why an engine's process died. vLLM's engine runs in processes of its own and tells its parent only that it is gone;
what went wrong stands in its log. So its errors go to a file as well, which the parent reads then."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CONFIG = "VLLM_LOGGING_CONFIG_PATH"
# As PyTorch, its CPU allocator and vLLM put it: on the card, for the cache, for the weights.
_MEMORY = re.compile(
    r"out of memory|OutOfMemory|can't allocate memory|No available memory|available KV cache memory"
    r"|desired GPU memory utilization|KVCACHE_SPACE|MemoryError",
    re.IGNORECASE,
)
_RAISED = re.compile(r"^(?:[\w.]+\.)?\w*(?:Error|Exception)\w*: (.+)$", re.MULTILINE)
_MOST_CHARS = 300


class EngineErrors:
    """The errors of an engine that is started within `kept`."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="troupe-engine-"))
        self._log = self._folder / "errors.log"
        kept = {"class": "logging.FileHandler", "filename": str(self._log), "level": "ERROR"}
        shown = {"class": "logging.StreamHandler", "level": os.environ.get("VLLM_LOGGING_LEVEL", "ERROR")}
        handlers = {"kept": kept, "shown": shown}
        loggers = {"vllm": {"handlers": list(handlers), "level": shown["level"], "propagate": False}}
        config = {"version": 1, "disable_existing_loggers": False, "handlers": handlers, "loggers": loggers}
        self._config = self._folder / "logging.json"
        self._config.write_text(json.dumps(config), encoding="utf-8")

    @contextmanager
    def kept(self) -> Iterator[None]:
        """The processes that start within keep their errors here; not where the operator has given vLLM a logging
        configuration of their own, which stands."""
        if _CONFIG in os.environ:
            yield
            return
        os.environ[_CONFIG] = str(self._config)
        try:
            yield
        finally:
            del os.environ[_CONFIG]

    def cause(self) -> str | None:
        """The last error that was logged, in one line; None where none was."""
        text = self._text()
        raised = _RAISED.findall(text)
        memory = [line for line in raised if _MEMORY.search(line)]
        said = (memory or raised or [None])[-1]
        return said.strip().rstrip(".")[:_MOST_CHARS] if said else None

    def out_of_memory(self) -> bool:
        """Whether memory was what it lacked."""
        return bool(_MEMORY.search(self._text()))

    def close(self) -> None:
        """Forget them."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _text(self) -> str:
        try:
            return self._log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
