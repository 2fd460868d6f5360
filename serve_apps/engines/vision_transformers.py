"""Questions about pictures, answered by a small vision-to-text model through transformers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoTokenizer

from core.errors import ConfigError, RequestError
from core.settings import ROOT
from serve_apps.picture_files import as_rgb, squared

BUNDLED = ROOT / "models" / "troupe-small-vision"
DESCRIBE = "Describe the picture."
BATCH = 32
MOST_QUESTION_TOKENS = 48


class VisionTransformers:
    """A model folder with a vision encoder, a decoder that takes a question as its prompt, and a chat template.

    It is not safe for several threads at once. Loading raises ConfigError where the folder holds no such model."""

    def __init__(self, folder: Path = BUNDLED) -> None:
        try:
            self._model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
            self._processor = AutoImageProcessor.from_pretrained(folder)
            self._tokenizer = AutoTokenizer.from_pretrained(folder)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"no vision-to-text model could be loaded from {folder} ({error}).",
                field="vision model",
                fix="Name a folder with config.json, model.safetensors, tokenizer.json and preprocessor_config.json.",
            ) from error
        self.name = folder.name
        self.parameters = sum(p.numel() for p in self._model.parameters())

    def answer(self, asked: Sequence[tuple[Image.Image, str | None]]) -> list[str]:
        """One answer for each (picture, question); without a question the picture is described.

        Raises RequestError (`image`, `question`) for what cannot be asked."""
        prompts = [self._prompt(question) for _, question in asked]
        answers = [""] * len(asked)
        # Prompts of one length need no padding, for which cross-attending decoders have no common rule.
        order = sorted(range(len(asked)), key=lambda i: len(prompts[i]))
        for _, same in itertools.groupby(order, key=lambda i: len(prompts[i])):
            for chunk in _batched(list(same)):
                texts = self._generate([asked[i][0] for i in chunk], [prompts[i] for i in chunk])
                for i, text in zip(chunk, texts, strict=True):
                    answers[i] = text
        return answers

    async def describe(self, asked: Sequence[tuple[Image.Image, str | None]]) -> list[str]:
        """`answer` in a thread of its own."""
        return await asyncio.to_thread(self.answer, asked)

    def close(self) -> None:
        """Nothing is held that does not go with the process."""

    def check(self, question: str | None) -> None:
        """Raises RequestError (`question`) for one that is too long."""
        self._prompt(question)

    def _prompt(self, question: str | None) -> list[int]:
        # Angle brackets could spell the marks that end a question.
        text = " ".join((question or "").replace("<", " ").replace(">", " ").split()) or DESCRIBE
        message = [{"role": "user", "content": text}]
        ids: list[int] = self._tokenizer.apply_chat_template(message, return_dict=False)
        if len(ids) > MOST_QUESTION_TOKENS:
            raise RequestError("The question is too long for this model. Ask it in a short sentence.", field="question")
        return ids

    @torch.inference_mode()
    def _generate(self, images: Sequence[Image.Image], prompts: Sequence[list[int]]) -> list[str]:
        pixels = self._processor([squared(as_rgb(image)) for image in images], return_tensors="pt").pixel_values
        made = self._model.generate(pixel_values=pixels, decoder_input_ids=torch.tensor(list(prompts)))
        texts = self._tokenizer.batch_decode(made[:, len(prompts[0]) :], skip_special_tokens=True)
        return [text.strip() for text in texts]


def _batched(items: Sequence[int]) -> list[Sequence[int]]:
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
