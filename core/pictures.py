"""Pictures that people send to be somebody's face: checked before they are decoded, and made small."""

from __future__ import annotations

import io
import warnings

from PIL import Image

from core.errors import RequestError

MAX_PICTURE_BYTES = 4 * 1024 * 1024
MAX_SIDE = 4_096
SIDE = 192  # a face is shown at 40 to 128 pixels; even noise stays below 256 KB at this size
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


def face(content: bytes) -> bytes:
    """A picture as a square PNG of SIDE pixels, cut from its middle. Raises RequestError for what cannot be one."""
    if len(content) > MAX_PICTURE_BYTES:
        raise _refused(f"it has {len(content):,} bytes, and at most {MAX_PICTURE_BYTES:,} are taken")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                width, height = image.size
                # Told by the header, before a single pixel is decoded.
                if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
                    raise _refused(f"it is {width}x{height}, and each side may have at most {MAX_SIDE:,} pixels")
                image.draft("RGB", (SIDE * 2, SIDE * 2))
                whole = image.convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _refused("it is no readable PNG, JPEG, WEBP or GIF") from None
    side = min(whole.size)
    left, top = (whole.width - side) // 2, (whole.height - side) // 2
    small = whole.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _refused(reason: str) -> RequestError:
    return RequestError(f"This picture cannot be used: {reason}.", field="picture")
