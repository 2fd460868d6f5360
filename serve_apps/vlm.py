"""The vision model as a Serve deployment: what is in this picture, and questions about it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

from PIL import Image
from ray import serve

from core.messages import DescribeRequest
from core.settings import Settings
from observability.metrics import BatchMetrics
from serve_apps import names
from serve_apps.deployments import deployment, replicas, start_logging
from serve_apps.engines.base import VisionEngine
from serve_apps.engines.choose import start_vision
from serve_apps.engines.picture_text import LARGEST_SIDE as TEXT_SIDE
from serve_apps.engines.picture_text import PictureText
from serve_apps.picture_files import LARGEST_SIDE, as_rgb, open_picture
from serve_apps.results import Description
from serve_apps.slices import share, taking

logger = logging.getLogger(__name__)

MAX_REQUESTS = 32
MAX_BATCH = 8
BATCH_WAIT_S = 0.01
_Asked = tuple[Image.Image, str | None]


class Vlm:
    """Holds one vision model. A picture lives here only as long as its answer takes."""

    async def __init__(  # type: ignore[misc]  # Serve awaits constructors
        self, settings: Settings, start: Callable[[Settings], Awaitable[VisionEngine]] = start_vision
    ) -> None:
        """Raises ConfigError where the model cannot be loaded."""
        start_logging(settings)
        with ExitStack() as loading:
            turn = taking(settings, settings.vlm_gpu_slice, "VLM_GPU_SLICE")
            await asyncio.to_thread(loading.enter_context, turn)
            self._engine = await start(settings)
        self._reader = PictureText() if settings.vlm_ocr else None
        self._batches = BatchMetrics(names.VLM)
        logger.info("[VLM] answers with %s", self._engine.name)

    async def describe(self, request: DescribeRequest) -> Description:
        """What is in the picture, or the answer to the question about it, and what is written in it.

        Raises RequestError (`image`, `question`) for what cannot be looked at or asked."""
        self._engine.check(request.question)
        largest = TEXT_SIDE if self._reader else LARGEST_SIDE
        image = await asyncio.to_thread(open_picture, request.image, largest=largest)
        small = await asyncio.to_thread(as_rgb, image)
        look = self._answer_together((small, request.question))
        text, ocr = await asyncio.gather(look, self._read(image))
        return Description(text=text, model=self._engine.name, ocr=ocr)

    async def _read(self, image: Image.Image) -> str:
        return await self._reader.read(image) if self._reader else ""

    @serve.batch(max_batch_size=MAX_BATCH, batch_wait_timeout_s=BATCH_WAIT_S)  # type: ignore[untyped-decorator]
    async def _answer_together(self, asked: list[_Asked]) -> list[str]:
        """Pictures that arrive together go through the model together; batches come one after another."""
        with self._batches.batch(len(asked)):
            return await self._engine.describe(asked)

    async def about(self) -> str:
        """A few words for the health page."""
        return self._engine.name

    def __del__(self) -> None:
        if engine := getattr(self, "_engine", None):  # there is none where the start failed
            engine.close()


def vlm_app(settings: Settings, *, gpu: bool) -> Any:
    """The application. By default no replica until somebody sends a picture, and none again after IDLE_UNLOAD_S without
    any; PRELOAD_VLM=true keeps one."""
    return deployment(
        Vlm,
        names.VLM,
        num_cpus=0.5,
        num_gpus=share(settings, names.VLM) if gpu else 0.0,
        ongoing=MAX_REQUESTS,
        queued=MAX_REQUESTS,
        **replicas(preload=settings.preload_vlm, idle_s=settings.idle_unload_s, target_ongoing_requests=MAX_REQUESTS),
    ).bind(settings)
