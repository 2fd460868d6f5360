"""Pictures as Discord takes them."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from bot.avatars import EMOJI_BYTES, emoji_name, picture
from tests.support.cast import make_persona


def test_a_name_is_short_and_changes_with_the_picture() -> None:
    name = emoji_name("a-persona-with-quite-a-long-id", b"picture")
    assert len(name) <= 32
    assert name.replace("_", "").isalnum()
    assert name != emoji_name("a-persona-with-quite-a-long-id", b"another")
    assert name != emoji_name("a-persona-with-quite-a-long-name", b"picture")


def test_a_large_picture_is_made_to_fit(tmp_path: Path) -> None:
    path = tmp_path / "noise.png"
    Image.frombytes("RGB", (600, 600), os.urandom(600 * 600 * 3)).save(path)
    assert path.stat().st_size > EMOJI_BYTES
    fitted = picture(make_persona("Elio", "stars").model_copy(update={"avatar": path}))
    assert len(fitted) <= EMOJI_BYTES
    assert Image.open(io.BytesIO(fitted)).size == (192, 192)


def test_a_missing_picture_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        picture(make_persona("Elio", "stars").model_copy(update={"avatar": tmp_path / "nowhere.png"}))
