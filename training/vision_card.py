"""The model card of the bundled vision model: figures, loss curve, and a sheet of held-out pictures with its answers.

python -m training.vision_card
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import torch
import typer
from PIL import Image, ImageDraw, ImageFont

from core.settings import ROOT
from serve_apps.engines.vision_transformers import BUNDLED, VisionTransformers
from training.figures import Figure
from training.pictures import Kind, Painter
from training.vision_exam import Result, figure_of, share, sit

if TYPE_CHECKING:
    from training.pretrain_vision import Progress

CURVE = ROOT / "docs" / "troupe-small-vision-loss.png"
SHEET = ROOT / "docs" / "troupe-small-vision-samples.png"
EXAM_SEED, EXAM_SAMPLES = 2026, 400  # a seed that nobody looked at before the model was finished
_EXPLAINED = {
    "vision_shape_colour_count": "asked what is in the picture: number, colour and shape of everything, nothing else",
    "vision_position": "asked where something is, what is at a place, what is beside what",
    "vision_word": "a word of three to eight letters is read without a fault",
}
_SHOWN: tuple[tuple[Kind, str | None], ...] = (
    ("shapes", None),
    ("shapes", None),
    ("shapes", "What do you see?"),
    ("places", None),
    ("scene", None),
    ("scene", "Is it day or night?"),
    ("scene", None),
    ("face", None),
    ("face", None),
    ("word", "What does it say?"),
    ("word", "Read the word."),
    ("word", None),
    ("meme", None),
    ("meme", "What does the caption say?"),
    ("meme", None),
)
_TILE, _TEXT, _COLUMNS = 224, 112, 5


def write_card(folder: Path, progress: Progress, *, seed: int, samples: int = EXAM_SAMPLES) -> list[Figure]:
    """Measure the model in `folder`, draw its curve and its sheet, and write its README.md; returns the figures."""
    draw_curve(progress, CURVE)
    engine = VisionTransformers(folder)
    draw_sheet(engine, SHEET)
    taken = sit(engine, EXAM_SEED, samples)
    figures = [figure_of(name, results) for name, results in taken.items()]
    rows = "\n".join(
        f"| `{f.figure}` | {f.value:.1%} | {f.baseline or 0:.1%} | {_EXPLAINED[f.figure]} |" for f in figures
    )
    template = (Path(__file__).parent / "vision_card.md").read_text("utf-8")
    text = template.format(
        rows=rows,
        sorts="\n".join(f"- {_by_sort(results)}" for results in taken.values()),
        samples=samples,
        parameters=engine.parameters / 1e6,
        megabytes=sum(file.stat().st_size for file in folder.iterdir() if file.name != "README.md") / 1e6,
        pictures=progress.pictures,
        steps=progress.step,
        minutes=progress.seconds / 60,
        held_out=progress.held_out[-1][1],
        curve=CURVE.name,
        sheet=SHEET.name,
        seed=seed,
    )
    (folder / "README.md").write_text(text, "utf-8")
    return figures


def _by_sort(results: Sequence[Result]) -> str:
    """`one kind of thing 96% of 126, two kinds of things 59% of 74`."""
    sorts = sorted({result.task.sort for result in results})
    by_sort = {sort: [result for result in results if result.task.sort == sort] for sort in sorts}
    return ", ".join(f"{sort} {share(some):.0%} of {len(some)}" for sort, some in by_sort.items())


def draw_curve(progress: Progress, path: Path) -> None:
    """A picture of the losses over the pictures seen."""
    import matplotlib as mpl  # only who trains needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), dpi=110)
    for column, label in ((1, "answers"), (2, "what is where")):
        losses = [(one[0], one[column]) for one in progress.losses if one[column] > 0]
        window = 20
        smooth = [
            sum(loss for _, loss in losses[max(0, i - window) : i + 1]) / len(losses[max(0, i - window) : i + 1])
            for i in range(len(losses))
        ]
        axes.plot([at / 1000 for at, _ in losses], smooth, label=f"{label} ({window} steps)")
    axes.plot(
        [at / 1000 for at, _ in progress.held_out], [loss for _, loss in progress.held_out], "o-", label="held out"
    )
    axes.set(xlabel="thousand pictures", ylabel="loss (nats)", title="troupe-small-vision", ylim=(0, 5))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def draw_sheet(engine: VisionTransformers, path: Path, *, seed: int = 5) -> None:
    """A sheet of held-out pictures, each with what it is asked and what the model answers; nothing is chosen."""
    painter = Painter(f"sheet {seed}", "test", side=_TILE)
    images = [painter.picture(kind).image for kind, _ in _SHOWN]
    answers = engine.answer([(image, question) for image, (_, question) in zip(images, _SHOWN, strict=True)])
    rows = -(-len(images) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * (_TILE + 16) + 16, rows * (_TILE + _TEXT) + 16), "white")
    pen = ImageDraw.Draw(sheet)
    bold, plain = ImageFont.load_default(14), ImageFont.load_default(15)
    for number, (image, (_, question), answer) in enumerate(zip(images, _SHOWN, answers, strict=True)):
        x, y = 16 + number % _COLUMNS * (_TILE + 16), 16 + number // _COLUMNS * (_TILE + _TEXT)
        sheet.paste(image, (x, y))
        pen.text((x, y + _TILE + 4), question or "(describe)", font=bold, fill=(120, 120, 130))
        pen.text((x, y + _TILE + 22), textwrap.fill(answer, 29), font=plain, fill=(20, 20, 30))
    sheet.save(path, optimize=True)


def main(
    model: Annotated[Path, typer.Option(help="Folder of the model.")] = BUNDLED,
    seed: Annotated[int, typer.Option(help="Seed of the run that made it.")] = 7,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
) -> None:
    """Write the card of a model from the checkpoint of its run, in var/training."""
    from training.pretrain_vision import Progress

    torch.set_num_threads(threads)
    state = torch.load(ROOT / "var" / "training" / f"{model.name}-{seed}" / "checkpoint.pt", weights_only=True)
    for figure in write_card(model, Progress(**state["progress"]), seed=seed):
        typer.echo(figure.line())


if __name__ == "__main__":
    typer.run(main)
