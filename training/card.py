"""The model card of the bundled language model: what it is, what it does as measured, and how to make it again.

    python -m training.card --report var/evaluation/troupe-small/report.json

writes README.md into the model's folder from four things: training/card.md (the text), training.json beside the weights
(what the run used), the report of `python -m training.evaluate`, and chats.md beside the weights, which people write by
hand and which is taken as it stands.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from safetensors import safe_open

from core.personas import load_pack
from core.settings import ROOT
from training.report import Report, read_report, shortened, table
from training.scores import Exchange
from training.worlds import readings

if TYPE_CHECKING:
    from training.pretrain import Progress

DOCS = ROOT / "docs"
FIGURES = DOCS / "troupe-small-figures.png"
TRAINING, CHATS = "training.json", "chats.md"
# Of these figures the card shows the first exchanges, whatever they are like.
SHOWN = ("fact_in_pack", "fact_in_new_world", "invented_new_world", "first_person")
_NOT_CARD = ("README.md", TRAINING, CHATS)
_NO_CHATS = "Nobody has written up a talk on the chat page yet."
_NOT_MEASURED = "Not measured yet: `python -m training.evaluate`, then `python -m training.card`."


@dataclass(frozen=True, slots=True)
class Training:
    """What a run used. `held_out_loss` is in nats per token of a reply, `rate` a factor of the learning rates."""

    seed: int
    tokens: int
    steps: int
    minutes: float
    held_out_loss: float
    rate: float = 1.0


def write_card(
    folder: Path,
    pack_dir: Path,
    progress: Progress,
    *,
    seed: int,
    start: Path | None = None,
    rate: float = 1.0,
    curve: Path | None = None,
    report: Path | None = None,
) -> None:
    """Keep what a training run used behind what the model in `start` used, from which it went on, draw its loss curve,
    and write the card of the model in `folder`."""
    training = Training(seed, progress.tokens, progress.step, progress.seconds / 60, progress.held_out[-1][1], rate)
    runs = [*(read_runs(start) if start else ()), training]
    (folder / TRAINING).write_text(json.dumps([asdict(run) for run in runs], indent=1) + "\n", "utf-8")
    draw_curve(progress, curve or DOCS / curve_name(len(runs)), before=sum(run.tokens for run in runs[:-1]))
    rewrite_card(folder, pack_dir, report)


def read_runs(folder: Path) -> list[Training]:
    """The training runs that made the model in `folder`, the first one first."""
    return [Training(**run) for run in json.loads((folder / TRAINING).read_text("utf-8"))]


def rewrite_card(folder: Path, pack_dir: Path, report: Path | None) -> None:
    """Write the card of the model in `folder`; without a report it says that nothing is measured."""
    runs = read_runs(folder)
    chats = folder / CHATS
    measured = read_report(report) if report else None
    text = (Path(__file__).parent / "card.md").read_text("utf-8")
    parts = {
        **_sizes(folder),
        **_data(pack_dir),
        "tokens_m": sum(run.tokens for run in runs) / 1e6,
        "steps": sum(run.steps for run in runs),
        "minutes": sum(run.minutes for run in runs),
        "held_out_loss": runs[-1].held_out_loss,
        "commands": "\n".join(_command(run, further=number > 0) for number, run in enumerate(runs)),
        "curves": "\n".join(f"![loss of run {n}](../../docs/{curve_name(n)})" for n in range(1, len(runs) + 1)),
        "figures": table(measured.rows) if measured else _NOT_MEASURED,
        "measured_as": _measured_as(measured) if measured else "",
        "exchanges": _exchanges(measured) if measured else _NOT_MEASURED,
        "chats": chats.read_text("utf-8").strip() if chats.is_file() else _NO_CHATS,
    }
    (folder / "README.md").write_text(text.format(**parts), "utf-8")


def curve_name(run: int) -> str:
    """The picture of the `run`-th run's loss, from 1."""
    return f"troupe-small-loss-{run}.png" if run > 1 else "troupe-small-loss.png"


def _command(run: Training, *, further: bool) -> str:
    start = " --start models/troupe-small" if further else ""
    rate = f" --rate {run.rate}" if run.rate != 1.0 else ""
    used = f"--tokens {run.tokens} --seed {run.seed}{rate}"
    return f"    python -m training.pretrain --out models/troupe-small{start} {used}"


def draw_curve(progress: Progress, path: Path, *, before: int = 0) -> None:
    """A picture of training and held-out loss over the tokens seen, `before` of them in former runs."""
    import matplotlib as mpl  # only who trains needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    window = 10
    losses = [loss for _, loss in progress.losses]
    recent = [losses[max(0, i - window) : i + 1] for i in range(len(losses))]
    figure, axes = plt.subplots(figsize=(7, 4), dpi=110)
    axes.plot(
        [(before + at) / 1e6 for at, _ in progress.losses],
        [sum(r) / len(r) for r in recent],
        label="training (10 steps)",
    )
    axes.plot(
        [(before + at) / 1e6 for at, _ in progress.held_out],
        [loss for _, loss in progress.held_out],
        "o-",
        label="held out",
    )
    axes.set(xlabel="million tokens", ylabel="loss of a reply's token (nats)", title="troupe-small")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def _sizes(folder: Path) -> dict[str, Any]:
    """What the files of a model say about it."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    with safe_open(folder / "model.safetensors", framework="pt") as weights:
        parameters = sum(prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118
    files = [file for file in folder.iterdir() if file.is_file() and file.name not in _NOT_CARD]
    return {
        "parameters": parameters / 1e6,
        "megabytes": sum(file.stat().st_size for file in files) / 1e6,
        "layers": config["num_hidden_layers"],
        "hidden": config["hidden_size"],
        "heads": config["num_attention_heads"],
        "head_size": config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"],
        "forward": config["intermediate_size"],
        "window": config["max_position_embeddings"],
        "vocabulary": config["vocab_size"],
    }


def _data(pack_dir: Path) -> dict[str, Any]:
    pack = load_pack(pack_dir)
    counts = {"personas": len(pack.personas), "passages": len(pack.lore), "questions": len(pack.questions)}
    return {"pack": pack.name, "readings": len(readings(held_out=False)), **counts}


def _measured_as(report: Report) -> str:
    about = report.about
    return (
        f"{about['engine']}, temperature {about['temperature']}, replies of at most {about['longest reply']}, "
        f"{about['samples']} questions per figure, seed {about['seed']}"
    )


def _exchanges(report: Report) -> str:
    made = [one for figure in SHOWN for one in report.first.get(figure, ())[:2]]
    return "\n>\n".join(_quoted(one) for one in made)


def _quoted(one: Exchange) -> str:
    lines: Sequence[tuple[str, str]] = one.lines
    said = "  \n".join(f"> **{speaker}:** {shortened(text)}" for speaker, text in lines)
    return f"{said}  \n> *({one.wanted})*" if one.wanted else said


def main(
    model: Annotated[Path, typer.Option(help="Folder of the model.")] = ROOT / "models" / "troupe-small",
    report: Annotated[Path | None, typer.Option(help="report.json of training.evaluate.")] = None,
    pack: Annotated[Path, typer.Option(help="The pack it was trained on.")] = ROOT / "packs" / "communiverse",
) -> None:
    """Write the model's card anew, with the figures of a report."""
    rewrite_card(model, pack, report)
    if report is not None:
        shutil.copyfile(report.with_suffix(".png"), FIGURES)


if __name__ == "__main__":
    typer.run(main)
