"""What an evaluation leaves behind: report.json for programs, report.md for people, and one picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.scores import Exchange, Score

SHOWN_WORDS = 60
MEANINGS = {
    "fact_in_pack": "facts of the pack that training never asked for, the passage among two near ones: the reply gives "
    "the answer, and not another passage's beside it (base: the same without passages)",
    "fact_in_new_world": "the same in worlds invented for the test (base: without passages)",
    "fact_in_written_passage": "the same for passages written by hand that training never saw, with questions that "
    "often use other words than the passage (base: without passages)",
    "fact_in_changed_pack": "the passage tells a fact of the pack otherwise: the reply goes by the passage (base: it "
    "gives the pack's own answer)",
    "fact_updated": "a passage says how it was and how it is now: the reply says how it is (base: how it was)",
    "denied_with_passage": "the reply says that it does not know what stands in a passage (base: so judged of the "
    "training data's own answers)",
    "fact_in_denial": "of these, the reply goes on to tell the fact all the same, as the nearest thing it knows; it "
    "then counts as a right answer above",
    "remembers_user": "the reply holds what the user told some lines ago (base: without those lines)",
    "invented_without_passage": "the fact is in no passage: the reply does not admit that it does not know (base: so "
    "judged of the training data's own replies that do)",
    "invented_by_quoting": "of what is so invented, the reply repeats a sentence of a passage, which is true and no "
    "answer",
    "invented_pack": "the same where the pack's passage lacks the sentence",
    "invented_new_world": "the same where a new world's passage does not tell it",
    "invented_nothing": "the same where there is nothing to read",
    "first_person": "small talk: the persona speaks of itself as I (base: the training data)",
    "persona_recognised": "the reply is nearest to the MiniLM centroid of its own persona's training replies (base: "
    "chance)",
    "persona_recognised_in_data": "the same for replies of the training data that are in no centroid",
    "distinct2_ratio": "different pairs of words in 500 answers, of those in 500 training replies, at most 1",
    "distinct2": "different pairs of words per pair (base: the training data)",
    "degenerate": "replies that are empty, endless or loop (base: the training data)",
    "keeps_subject": "talks of five turns, of which only the first names the subject: four replies, the last among "
    "them, are about it (base: the last line without the talk before it)",
    "written_anew": "texts that were empty or looped, so that the guard had them written again, per reply",
    "reply_words": "mean words of a reply (base: the training data)",
    "vision_shape_colour_count": "shape, colour and count of a held-out picture are all told right (base: always the "
    "most frequent truth)",
    "vision_position": "where something is in the picture is told right (base: the same)",
    "vision_word": "a word in the picture is read letter by letter (base: the same)",
}
# What the bundled models are to reach: at least so much, or (False) at most so much.
GOALS: dict[str, tuple[float, bool]] = {
    "fact_in_pack": (0.85, True),
    "fact_in_new_world": (0.70, True),
    "invented_without_passage": (0.10, False),
    "denied_with_passage": (0.20, False),  # who doubts everything and tells it all the same meets the three above
    "first_person": (0.90, True),
    "persona_recognised": (0.65, True),
    "distinct2_ratio": (0.50, True),
    "degenerate": (0.005, False),
    "keeps_subject": (0.70, True),
    "vision_shape_colour_count": (0.85, True),
    "vision_position": (0.75, True),
    "vision_word": (0.70, True),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A figure as it is reported. `low` and `high` bound its 95% interval, where it is a share of `asked` cases."""

    figure: str
    value: float
    unit: str
    baseline: float | None
    low: float | None
    high: float | None
    asked: int
    goal: float | None
    met: bool | None

    @classmethod
    def of(cls, score: Score) -> Row:
        """The row of a score."""
        figure = score.figure
        low, high = score.interval or (None, None)
        goal, at_least = GOALS.get(figure.figure, (None, True))
        met = None if goal is None else figure.value >= goal if at_least else figure.value <= goal
        return cls(figure.figure, figure.value, figure.unit, figure.baseline, low, high, score.asked, goal, met)

    def shown(self) -> tuple[str, str, str, str, str]:
        """Value, interval, base rate, goal and whether it is met, for a table."""
        sign = "≥" if GOALS.get(self.figure, (0, True))[1] else "≤"
        interval = "" if self.low is None or self.high is None else f"{self.low:.0%} to {self.high:.0%}"
        goal = "" if self.goal is None else f"{sign} {_share(self.goal)}"
        return (
            self._number(self.value),
            interval,
            "" if self.baseline is None else self._number(self.baseline),
            goal,
            {True: "yes", False: "no", None: ""}[self.met],
        )

    def _number(self, value: float) -> str:
        if self.unit in ("share", "ratio"):
            return _share(value)
        return f"{value:.1f}" if self.unit == "words" else f"{value:.2f}"


@dataclass(frozen=True, slots=True)
class Report:
    """A report as it is read again. `first` holds the first exchanges behind a figure, whatever they were like."""

    about: dict[str, Any]
    rows: list[Row]
    first: dict[str, list[Exchange]]


def write_report(out: Path, scores: Sequence[Score], about: dict[str, Any]) -> None:
    """Write report.json, report.md and report.png into the folder `out`. `about` says what was measured, and how."""
    out.mkdir(parents=True, exist_ok=True)
    rows = sorted((Row.of(score) for score in scores), key=lambda row: row.goal is None)
    data = {
        "about": about,
        "figures": [asdict(row) for row in rows],
        "first": {s.figure.figure: [asdict(one) for one in s.first] for s in scores if s.first},
        "failures": {s.figure.figure: [asdict(one) for one in s.failures] for s in scores if s.failures},
    }
    (out / "report.json").write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (out / "report.md").write_text(_text(rows, scores, about), "utf-8")
    draw(rows, out / "report.png", title=str(about.get("model", "")))


def read_report(path: Path) -> Report:
    """What `write_report` wrote as report.json."""
    data = json.loads(path.read_text("utf-8"))
    first = {
        figure: [
            Exchange(tuple((who, text) for who, text in one["lines"]), tuple(one["passages"]), one["wanted"])
            for one in made
        ]
        for figure, made in data["first"].items()
    }
    return Report(data["about"], [Row(**row) for row in data["figures"]], first)


def table(rows: Sequence[Row]) -> str:
    """The figures as a table in Markdown, with what each means."""
    lines = ["| figure | value | 95% | base rate | goal | met | cases | meaning |", "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        value, interval, base, goal, met = row.shown()
        meaning = MEANINGS.get(row.figure, "")
        cells = (f"`{row.figure}`", f"**{value}**", interval, base, goal, met, str(row.asked), meaning)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(rows: Sequence[Row], path: Path, *, title: str) -> None:
    """A picture of all shares: bars with their intervals, base rates as diamonds, goals as lines."""
    import matplotlib as mpl  # only who measures needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    shares = [row for row in rows if row.unit in ("share", "ratio")][::-1]
    figure, axes = plt.subplots(figsize=(9, 0.42 * len(shares) + 1.4), dpi=110)
    for at, row in enumerate(shares):
        color = {True: "#2a8a63", False: "#c8553d", None: "#8a94a6"}[row.met]
        axes.barh(at, row.value, color=color, height=0.62)
        if row.low is not None and row.high is not None:
            errors = [[max(0.0, row.value - row.low)], [max(0.0, row.high - row.value)]]
            axes.errorbar(row.value, at, xerr=errors, color="#20242c", capsize=2.5, lw=1)
        if row.baseline is not None:
            axes.plot(row.baseline, at, "D", color="#f0b429", markeredgecolor="#20242c", markersize=6)
        if row.goal is not None:
            axes.plot([row.goal, row.goal], [at - 0.42, at + 0.42], color="#20242c", lw=2)
    axes.set_yticks(range(len(shares)), [row.figure for row in shares])
    axes.set(xlim=(0, 1.02), xlabel="share (diamond: base rate, line: goal)", title=title)
    axes.grid(axis="x", alpha=0.3)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def _text(rows: Sequence[Row], scores: Sequence[Score], about: dict[str, Any]) -> str:
    parts = [f"# Evaluation of {about.get('model', 'a model')}", _as_list(about), table(rows), "![figures](report.png)"]
    for score in scores:
        if score.failures:
            parts.append(f"## Not as they should be: `{score.figure.figure}`")
            parts += [_told(failure) for failure in score.failures]
    return "\n\n".join(parts) + "\n"


def _as_list(about: dict[str, Any]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in about.items())


def _told(failure: Exchange) -> str:
    said = [f"> **{speaker}:** {shortened(text)}  " for speaker, text in failure.lines]
    read = [f"- {text}" for text in failure.passages]
    wanted = [f"\nWanted: {failure.wanted}"] if failure.wanted else []
    return "\n".join([*read, "", *said, *wanted]) if read else "\n".join([*said, *wanted])


def shortened(text: str) -> str:
    """`text` as one line that people will read to its end."""
    words = text.split()
    return " ".join(words[:SHOWN_WORDS]) + (" […]" if len(words) > SHOWN_WORDS else "") if words else "(nothing)"


def _share(value: float) -> str:
    return f"{value:.1%}" if 0 < value < 0.1 else f"{value:.0%}"
