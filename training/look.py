"""Ask the bundled vision model about a picture.

python -m training.look photo.png "What does it say?"
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from core.errors import TroupeError
from serve_apps.engines.vision_transformers import BUNDLED, VisionTransformers
from serve_apps.picture_files import open_picture

console = Console(soft_wrap=True, highlight=False)


def main(
    picture: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A PNG, JPEG, WebP, GIF or BMP file.")],
    question: Annotated[str | None, typer.Argument(help="What to ask; without it the picture is described.")] = None,
    model: Annotated[Path, typer.Option(help="Folder of the model.")] = BUNDLED,
) -> None:
    """Print what the model says about a picture."""
    try:
        (answer,) = VisionTransformers(model).answer([(open_picture(picture.read_bytes()), question)])
    except TroupeError as error:
        console.print(error.message, markup=False, style="red")
        raise typer.Exit(1) from error
    console.print(answer, markup=False)


if __name__ == "__main__":
    typer.run(main)
