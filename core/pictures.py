"""Pictures that people send to be somebody's face: checked before they are decoded, and made small."""

from __future__ import annotations

import io
import warnings

from PIL import Image

from core.errors import RequestError
from core.wording import Wording

MAX_PICTURE_BYTES = 4 * 1024 * 1024
MAX_SIDE = 4_096
SIDE = 192  # a face is shown at 40 to 128 pixels; even noise stays below 256 KB at this size
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


def face(content: bytes) -> bytes:
    """A picture as a square PNG of SIDE pixels, cut from its middle. Raises RequestError for what cannot be one."""
    if len(content) > MAX_PICTURE_BYTES:
        raise _refused(
            Wording(
                "refused-picture-bytes",
                "it has {bytes:,} bytes, and at most {most:,} are taken",
                bytes=len(content),
                most=MAX_PICTURE_BYTES,
            )
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                width, height = image.size
                # Told by the header, before a single pixel is decoded.
                if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
                    raise _refused(
                        Wording(
                            "refused-picture-size",
                            "it is {size}, and each side may have at most {most:,} pixels",
                            size=f"{width}x{height}",
                            most=MAX_SIDE,
                        )
                    )
                image.draft("RGB", (SIDE * 2, SIDE * 2))
                whole = image.convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _refused(Wording("refused-picture-kind", "it is no readable PNG, JPEG, WEBP or GIF")) from None
    side = min(whole.size)
    left, top = (whole.width - side) // 2, (whole.height - side) // 2
    small = whole.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _refused(reason: str) -> RequestError:
    told = Wording("refused-picture", "This picture cannot be used: {reason}.", reason=reason)
    return RequestError(told, field="picture")
