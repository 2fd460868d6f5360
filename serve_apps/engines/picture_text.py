"""What is written in pictures, read by RapidOCR (PP-OCR models that its package brings) where that is installed."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from typing import Any

from PIL import Image

logger = logging.getLogger(__name__)

MOST_CHARS = 1_000
LEAST_CHARS = 2  # of a line; a circle is read as 0
LEAST_SCORE = 0.6  # of a line, 0 to 1; below it is guesswork
LARGEST_SIDE = 1_600  # pixels; a screenshot's letters are lost where a picture is made as small as models look at
_ONE_THREAD = {
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    "Global.log_level": "error",
    "Global.text_score": LEAST_SCORE,
}


class PictureText:
    """Reads one picture at a time. Its models load with the first, which takes a second or two."""

    def __init__(self) -> None:
        self.available = importlib.util.find_spec("rapidocr") is not None
        self._lock = asyncio.Lock()
        self._reader: Any = None

    async def read(self, image: Image.Image) -> str:
        """The lines that can be read in an RGB picture, from the top down, at most MOST_CHARS characters; empty for
        none. Never raises: a picture whose letters cannot be read can still be looked at."""
        if not self.available:
            return ""
        async with self._lock:
            try:
                return await asyncio.to_thread(self._lines, image)
            except Exception:
                logger.exception("[VLM] the text in a picture could not be read")
                return ""

    def _lines(self, image: Image.Image) -> str:
        import numpy as np

        if self._reader is None:
            from rapidocr import RapidOCR

            self._reader = RapidOCR(params=_ONE_THREAD)
        found = self._reader(np.asarray(image)[:, :, ::-1])  # it takes blue first
        text = ""
        for line in found.txts or ():
            if sum(character.isalnum() for character in line) < LEAST_CHARS:
                continue
            if len(text) + len(line) > MOST_CHARS:
                break
            text += f"{line}\n"
        return text.rstrip("\n")
