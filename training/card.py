"""The model card of the bundled model: what it is, what it does as measured, and how to make it again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.messages import Author, ChatMessage, IncomingMessage, Passage
from core.prompts import compose
from core.settings import ROOT
from training.dialogues import PackTopics
from training.evaluate import Figure, Speaker, measure
from training.voices import load_cast

if TYPE_CHECKING:
    from training.pretrain import Progress

CURVE = ROOT / "docs" / "troupe-small-loss.png"
_EXPLAINED = {
    "fact_in_pack": "a question about the pack, its passage among two others: the answer is in the reply",
    "fact_in_pack_unseen_question": "the same, for questions that training never held in any wording",
    "fact_in_new_world": "the same, in worlds invented for the test",
    "invented_without_passage": "no passage given: the reply does not admit that it does not know (less is better)",
    "degenerate": "replies that are empty, endless or repeat themselves (less is better)",
    "first_person": "small talk: the persona speaks of itself as I; baseline: the training data",
    "reply_words": "mean length of a reply",
}
# (persona, what is said to it, whether a search of the lore goes before)
_SAMPLES = (
    ("elio", "hey Elio, who are you?", False),
    ("elio", "how long does it take to fly here from earth by wormhole?", True),
    ("glordon", "what's your favourite dish?", True),
    ("lord-grigon", "I feel a bit sad today", False),
    ("plip", "what do you think of penguins?", False),
    ("trillo", "how many strings does the harp have?", True),
    ("olga", "what is the capital of France?", False),
    ("rook", "tell me a joke", False),
)


def write_card(
    folder: Path,
    pack_dir: Path,
    progress: Progress,
    *,
    seed: int,
    curve: Path = CURVE,
    samples: int = 200,
    questions: int | None = None,
) -> None:
    """Measure the model in `folder` (on as much as `training.evaluate.measure` is told), draw its loss curve and write
    its README.md."""
    draw_curve(progress, curve)
    figures = measure(folder, pack_dir, samples=samples, questions=questions)
    speaker = Speaker(folder)
    said = sample_exchanges(speaker, pack_dir)
    parameters = sum(p.numel() for p in speaker.model.parameters())
    megabytes = sum(file.stat().st_size for file in folder.iterdir() if file.name != "README.md") / 1e6
    text = _card(figures, said, progress, seed=seed, parameters=parameters, megabytes=megabytes)
    (folder / "README.md").write_text(text, "utf-8")


def draw_curve(progress: Progress, path: Path) -> None:
    """A picture of training and held-out loss over the tokens seen."""
    import matplotlib as mpl  # only who trains needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    window = 10
    losses = [loss for _, loss in progress.losses]
    recent = [losses[max(0, i - window) : i + 1] for i in range(len(losses))]
    figure, axes = plt.subplots(figsize=(7, 4), dpi=110)
    axes.plot([at / 1e6 for at, _ in progress.losses], [sum(r) / len(r) for r in recent], label="training (10 steps)")
    axes.plot(
        [at / 1e6 for at, _ in progress.held_out], [loss for _, loss in progress.held_out], "o-", label="held out"
    )
    axes.set(xlabel="million tokens", ylabel="loss of a reply's token (nats)", title="troupe-small")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def sample_exchanges(speaker: Speaker, pack_dir: Path) -> list[tuple[str, str, str]]:
    """(persona, line, reply) for a few lines that the reader can try as well."""
    pack, cast = load_cast(pack_dir)
    voices = {voice.persona.id: voice.persona for voice in cast}
    topics = PackTopics(pack)
    asked: list[tuple[str, str]] = []
    prompts: list[Sequence[ChatMessage]] = []
    for persona_id, line, search in _SAMPLES:
        persona = voices.get(persona_id, cast[0].persona)
        found = topics.nearest(random.Random(1), line, 3) if search else []
        message = IncomingMessage(
            id="1", channel_id="1", guild_id=None, author=Author(id="1", name="Mara"), content=line, created_ms=0
        )
        passages = [Passage(id=str(i), text=topic.text, score=0, source="") for i, topic in enumerate(found)]
        prompts.append(compose(persona, message, [], "", passages, 1, lambda _: 0).messages)
        asked.append((persona.name, line))
    replies = speaker.replies(prompts)
    return [(name, line, reply.text) for (name, line), reply in zip(asked, replies, strict=True)]


def _card(
    figures: Sequence[Figure],
    said: Sequence[tuple[str, str, str]],
    progress: Progress,
    *,
    seed: int,
    parameters: int,
    megabytes: float,
) -> str:
    rows = "\n".join(
        f"| `{f.figure}` | {_shown(f.value, f.unit)} | {'' if f.baseline is None else _shown(f.baseline, f.unit)} "
        f"| {_EXPLAINED[f.figure]} |"
        for f in figures
    )
    exchanges = "\n".join(f"> **Mara:** {line}  \n> **{name}:** {reply}\n>" for name, line, reply in said).rstrip("\n>")
    template = (Path(__file__).parent / "card.md").read_text("utf-8")
    return template.format(
        rows=rows,
        exchanges=exchanges,
        parameters=parameters / 1e6,
        megabytes=megabytes,
        tokens=progress.tokens,
        tokens_m=progress.tokens / 1e6,
        steps=progress.step,
        minutes=progress.seconds / 60,
        held_out=progress.held_out[-1][1],
        curve=CURVE.name,
        seed=seed,
    )


def _shown(value: float, unit: str) -> str:
    return f"{value:.1%}" if unit == "share" else f"{value:.1f}"
