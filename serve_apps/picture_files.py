"""Pictures as people send them: told by their content, checked before they are decoded, made ready for a model."""

from __future__ import annotations

import io

from PIL import Image, ImageOps, ImageStat

from core.errors import RequestError

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
LARGEST_SIDE = 512  # more is not looked at by any model here


def open_picture(data: bytes, *, field: str = "image", largest: int = LARGEST_SIDE) -> Image.Image:
    """The picture in `data` as RGB, upright, at most `largest` pixels a side; of an animation the first frame.

    Raises RequestError (`field`) for what is no picture, too large, or broken. Nothing is decoded before its size is
    known, so a small file cannot unfold into more memory than MAX_PIXELS take."""
    if not data:
        raise RequestError("The picture is empty. Send a PNG, JPEG, WebP, GIF or BMP file.", field=field)
    if len(data) > MAX_BYTES:
        raise RequestError(
            f"The picture has {len(data) / 2**20:.1f} MiB. Send one of at most {MAX_BYTES // 2**20} MiB.", field=field
        )
    too_large = RequestError(
        f"The picture has too many pixels. Send one of at most {MAX_PIXELS // 1_000_000} million.", field=field
    )
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_large from None
    except (OSError, SyntaxError, ValueError) as error:
        raise RequestError("This is no picture. Send a PNG, JPEG, WebP, GIF or BMP file.", field=field) from error
    if image.width * image.height > MAX_PIXELS:
        raise too_large
    try:
        image.draft("RGB", (largest, largest))  # a JPEG is decoded small at once
        image.load()
        upright = ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise RequestError("The picture is broken off or damaged. Send the whole file again.", field=field) from error
    return as_rgb(upright, field=field, largest=largest)


def as_rgb(image: Image.Image, *, field: str = "image", largest: int = LARGEST_SIDE) -> Image.Image:
    """A copy as RGB on white, at most `largest` pixels a side. RequestError (`field`) for one without pixels."""
    if image.width < 1 or image.height < 1:
        raise RequestError("The picture has no pixels. Send one of at least one by one.", field=field)
    clear = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    small = image.convert("RGBA" if clear else "RGB")
    small.thumbnail((largest, largest))
    if not clear:
        return small
    paper = Image.new("RGB", small.size, "white")
    paper.paste(small, mask=small.getchannel("A"))
    return paper


def squared(image: Image.Image) -> Image.Image:
    """An RGB picture as a square, filled up with the mean colour of its edges rather than stretched."""
    side = max(image.size)
    if image.size == (side, side):
        return image
    width, height = image.size
    edges = (
        ((0, 0, width, 1), (0, height - 1, width, height))
        if width > height
        else ((0, 0, 1, height), (width - 1, 0, width, height))
    )
    means = [ImageStat.Stat(image.crop(edge)).mean for edge in edges]
    red, green, blue = (round(sum(channel) / len(means)) for channel in zip(*means, strict=True))
    return ImageOps.pad(image, (side, side), color=(red, green, blue))
