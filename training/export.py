"""Write the persona dialogues of a pack as files: train, validation and test parts per persona, and a report on them.

    python -m training.export --out var/dialogues --count 2000

makes OUT/PERSONA/{train,validation,test}.jsonl, one dialogue a line ({"persona", "kinds", "messages"}, as chat trainers
read them), and OUT/report.json. Leading personas get more. The test and validation parts ask for held-out facts in
held-out wordings: no line that a person types in them is typed in the training part. Exits with 1 where a check fails.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, track

from core.personas import Pack
from core.prompts import system_text
from core.settings import ROOT
from training.dialogues import DialogueMaker
from training.inspection import inspect
from training.judge import distinct2, first_person
from training.talks import persona_weights
from training.turns import Asked, Dialogue
from training.voices import Voice, load_cast

PARTS = {"train": 0.8, "validation": 0.1, "test": 0.1}
FIRST_PERSON = 0.9  # at least this share of the talk speaks of itself
DUPLICATES = 0.01  # at most this share of a part are copies
DISTINCT_OF = 500
_CHUNK = 200
_PATIENCE = 60  # chunks; a pack with hardly any text has no more different dialogues to give
_Parts = dict[str, dict[str, list[Dialogue]]]


def quotas(pack: Pack, count: int) -> dict[str, int]:
    """How many of `count` dialogues each persona gets, by its tier; at least one per part."""
    weights = persona_weights(pack)
    return {p.id: max(len(PARTS), round(count * w / sum(weights))) for p, w in zip(pack.personas, weights, strict=True)}


def make_parts(pack: Pack, cast: Sequence[Voice], *, seed: int, count: int, progress: Progress) -> _Parts:
    """The dialogues of every part by persona. A persona may fall short of its quota where a pack holds too little."""
    seen: set[str] = set()
    parts: _Parts = {}
    for part, share in PARTS.items():
        held_out = part != "train"
        wanted = {who: max(1, round(number * share)) for who, number in quotas(pack, count).items()}
        task = progress.add_task(part, total=sum(wanted.values()))
        made: dict[str, list[Dialogue]] = {who: [] for who in wanted}
        maker = DialogueMaker(pack, cast, seed=f"{seed} {part}", held_out=held_out, lesson="home")
        speakers = {system_text(voice.persona): voice.persona.id for voice in cast}
        for _ in range(_PATIENCE):
            for dialogue in maker.dialogues(_CHUNK):
                who = speakers.get(dialogue.messages[0].content.split("\n", 1)[0])
                lines = {typed(turn.line) for turn in dialogue.turns}
                if not who or len(made[who]) >= wanted[who] or (held_out and lines & seen):
                    continue
                made[who].append(dialogue)
                progress.advance(task)
                if not held_out:
                    seen |= lines
            if all(len(made[who]) >= wanted[who] for who in wanted):
                break
        parts[part] = made
    return parts


def typed(line: str) -> str:
    """What of a line tells it from others: its words, without capitals and marks."""
    return " ".join(re.findall(r"[a-z0-9']+", line.lower()))


def report(pack: Pack, parts: Mapping[str, Mapping[str, Sequence[Dialogue]]], count: int) -> dict[str, Any]:
    """Figures per part and persona, and `problems`, which is empty for good data."""
    problems: list[str] = []
    figures: dict[str, Any] = {}
    for part, by_persona in parts.items():
        for who, number in quotas(pack, count).items():
            if len(by_persona[who]) < max(1, round(number * PARTS[part])):
                problems.append(f"{part}: {who} has only {len(by_persona[who])} dialogues")
        figures[part], wrong = _figures([d for dialogues in by_persona.values() for d in dialogues])
        figures[part]["dialogues"] = {who: len(dialogues) for who, dialogues in by_persona.items()}
        problems += [f"{part}: {what}" for what in wrong]
    leaks = leaked(parts)
    problems += [f"{part}: {line!r} is trained on, too" for part, lines in leaks.items() for line in lines[:5]]
    return {"parts": figures, "leaks": {part: len(lines) for part, lines in leaks.items()}, "problems": problems}


def leaked(parts: Mapping[str, Mapping[str, Sequence[Dialogue]]]) -> dict[str, list[str]]:
    """The lines of each other part that the training part holds, too."""
    lines = {
        part: {typed(turn.line) for dialogues in by_persona.values() for d in dialogues for turn in d.turns}
        for part, by_persona in parts.items()
    }
    return {part: sorted(lines[part] & lines["train"]) for part in lines if part != "train"}


def _figures(dialogues: Sequence[Dialogue]) -> tuple[dict[str, Any], list[str]]:
    turns = [turn for dialogue in dialogues for turn in dialogue.turns]
    words = [len(turn.reply.split()) for turn in turns] or [0]
    talk = [turn for turn in turns if turn.kind == "chat"]
    copies = len(dialogues) - len({dialogue.messages for dialogue in dialogues})
    share = sum(first_person(turn.reply) for turn in talk) / max(1, len(talk))
    problems = list(inspect(dialogues).problems)
    if copies > DUPLICATES * len(dialogues):
        problems.append(f"{copies} of {len(dialogues)} dialogues are copies")
    if talk and share < FIRST_PERSON:
        problems.append(f"only {share:.0%} of the talk is in the first person")
    replies = random.Random(0).sample([turn.reply for turn in turns], min(DISTINCT_OF, len(turns)))
    figures = {
        "turns": dict(Counter(map(kind_of, turns)).most_common()),
        "copies": copies,
        "reply_words": {"least": min(words), "mean": round(sum(words) / len(words), 1), "most": max(words)},
        "first_person_share": round(share, 3),
        "distinct2": round(distinct2(replies), 3),
    }
    return figures, problems


def kind_of(turn: Asked) -> str:
    """The kind of talk a turn is from, or what it asks of the passages."""
    return turn.talk or turn.kind


def rows(who: str, dialogues: Sequence[Dialogue]) -> Iterator[str]:
    """One line of JSON per dialogue."""
    for dialogue in dialogues:
        messages = [{"role": m.role, "content": m.content} for m in dialogue.messages]
        kinds = [kind_of(turn) for turn in dialogue.turns]
        yield json.dumps({"persona": who, "kinds": kinds, "messages": messages}, ensure_ascii=False)


def main(
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = ROOT / "var" / "dialogues",
    pack: Annotated[Path, typer.Option(help="Folder of the persona pack.")] = ROOT / "packs" / "communiverse",
    count: Annotated[int, typer.Option(min=1, help="Dialogues, all parts and personas together.")] = 2000,
    seed: Annotated[int, typer.Option(help="Seed of the dialogues.")] = 7,
) -> None:
    """Write the dialogues and their report."""
    console = Console(soft_wrap=True, highlight=False)
    loaded, cast = load_cast(pack)
    with Progress(console=console) as progress:
        parts = make_parts(loaded, cast, seed=seed, count=count, progress=progress)
    for part, by_persona in track(parts.items(), "writing", console=console):
        for who, dialogues in by_persona.items():
            folder = out / who
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{part}.jsonl").write_text("".join(f"{row}\n" for row in rows(who, dialogues)), "utf-8")
    figures = report(loaded, parts, count)
    (out / "report.json").write_text(json.dumps(figures, indent=1), "utf-8")
    console.print_json(data=figures)
    if figures["problems"]:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
