"""Measure a small model: does it read the passage, does it admit what it does not know, does it stay in character?

    python -m training.evaluate --model models/troupe-small

prints one JSON object per line: {"figure", "value", "unit", "baseline", "ratio"}. Every question is worded as never in
training. `baseline` is the same questions without their passages, or what the training data itself reaches.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from transformers import AutoModelForCausalLM, AutoTokenizer

from core.messages import ChatMessage
from core.settings import ROOT
from training.dialogues import DialogueMaker, Topic, first_person, inspect
from training.turns import Dialogue
from training.voices import Voice, load_cast, random_voice
from training.worlds import random_world

BATCH = 24
REPLY_TOKENS = 120
_ADMITS = re.compile(
    r"(\b(not|never|nothing|no)|n't)\b.{0,24}\bknow|no (idea|answer|data|card|root|road)|never learned", re.I
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said to a dialogue's last line; `ended` is false where it had to be stopped."""

    text: str
    ended: bool

    @property
    def degenerate(self) -> bool:
        """Empty, endless, or four words in a row three times over."""
        words = self.text.lower().split()
        fours = Counter(zip(words, words[1:], words[2:], words[3:], strict=False))
        return not words or not self.ended or max(fours.values(), default=0) >= 3


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured share, 0 to 1."""

    figure: str
    value: float
    baseline: float | None = None
    unit: str = "share"

    def line(self) -> str:
        """The figure as one line of JSON."""
        ratio = round(self.value / self.baseline, 3) if self.baseline else None
        base = None if self.baseline is None else round(self.baseline, 3)
        return json.dumps(
            {"figure": self.figure, "value": round(self.value, 3), "unit": self.unit, "baseline": base, "ratio": ratio}
        )


class Speaker:
    """A model and its tokenizer, answering prompts in batches."""

    def __init__(self, folder: Path, *, temperature: float = 0.6) -> None:
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.temperature = temperature

    @torch.no_grad()
    def replies(self, prompts: Sequence[Sequence[ChatMessage]]) -> list[Reply]:
        """One reply per prompt, sampled."""
        said: list[Reply] = []
        for start in range(0, len(prompts), BATCH):
            chats = [[{"role": m.role, "content": m.content} for m in p] for p in prompts[start : start + BATCH]]
            inputs = self.tokenizer.apply_chat_template(
                chats, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
            )
            made = self.model.generate(
                **inputs, do_sample=True, temperature=self.temperature, top_p=0.9, max_new_tokens=REPLY_TOKENS
            )
            for ids in made[:, inputs["input_ids"].shape[1] :]:
                ended = bool((ids == self.tokenizer.eos_token_id).any())
                said.append(Reply(self.tokenizer.decode(ids, skip_special_tokens=True).strip(), ended))
        return said


def admits(text: str) -> bool:
    """Whether a reply says that its speaker does not know."""
    return bool(_ADMITS.search(text))


class Examiner:
    """Makes the questions. Each is a dialogue of one turn with the passage among two others."""

    def __init__(self, pack_dir: Path, *, seed: int) -> None:
        self.pack, self.cast = load_cast(pack_dir)
        self.maker = DialogueMaker(self.pack, self.cast, seed=seed, held_out=True)
        self.rng = random.Random(f"exam {seed}")

    def pack_questions(self, *, unseen: bool) -> list[Dialogue]:
        """Every question of the pack, or only those that training never saw."""
        asked = []
        for topic in self.maker.pack_topics.topics.values():
            for question, answer in topic.held_out if unseen else (*topic.asked, *topic.held_out):
                near = [t for t in self.maker.pack_topics.nearest(self.rng, question, 3) if t is not topic][:2]
                asked.append(self._ask(self.rng.choice(self.cast), topic, near, question, answer))
        return asked

    def world_questions(self, count: int) -> list[Dialogue]:
        """Questions about worlds that were never told before."""
        asked = []
        for _ in range(count):
            topic, *others = [self.maker.topic_of(passage) for passage in random_world(self.rng, 3)]
            voice = self.rng.choice(self.cast) if self.rng.random() < 0.5 else random_voice(self.rng)
            asked.append(self._ask(voice, topic, others, *self.rng.choice(topic.held_out)))
        return asked

    def small_talk(self, count: int) -> list[Dialogue]:
        """Things said to the cast that need no passage."""
        return [self.maker.small_talk(self.rng.choice(self.cast)) for _ in range(count)]

    def _ask(self, voice: Voice, topic: Topic, others: Sequence[Topic], question: str, answer: str) -> Dialogue:
        given = [topic, *others]
        self.rng.shuffle(given)
        return self.maker.one_question(voice, given, question, answer, topic)


def without_passages(dialogue: Dialogue) -> Dialogue:
    """The same dialogue with nothing to read."""
    system = dialogue.messages[0]
    bare = ChatMessage(role=system.role, content=re.sub(r"\n<lore>.*?</lore>", "", system.content, flags=re.DOTALL))
    return replace(dialogue, messages=(bare, *dialogue.messages[1:]))


def measure(
    model: Path,
    pack: Path,
    *,
    seed: int = 11,
    samples: int = 200,
    questions: int | None = None,
    temperature: float = 0.6,
) -> list[Figure]:
    """All figures of a model. `samples` bounds what is made for the test (worlds, small talk), `questions` those of the
    pack; None asks all of them."""
    torch.manual_seed(seed)
    speaker, examiner = Speaker(model, temperature=temperature), Examiner(pack, seed=seed)

    def ask(dialogues: Sequence[Dialogue]) -> list[Reply]:
        return speaker.replies([dialogue.messages[:-1] for dialogue in dialogues])

    def right(dialogues: Sequence[Dialogue], replies: Sequence[Reply]) -> float:
        pairs = zip(dialogues, replies, strict=True)
        return _share([d.turns[-1].answer.lower() in r.text.lower() for d, r in pairs])

    in_pack, unseen = (
        examiner.pack_questions(unseen=False)[:questions],
        examiner.pack_questions(unseen=True)[:questions],
    )
    in_world, talk = examiner.world_questions(samples), examiner.small_talk(samples)
    told, talked = ask(in_pack), ask(talk)
    world_told = ask(in_world)
    bare = [without_passages(d) for d in in_world]
    bare_told = ask(bare)
    everything = [*told, *talked, *world_told, *bare_told]
    return [
        Figure("fact_in_pack", right(in_pack, told), right(in_pack, ask([without_passages(d) for d in in_pack]))),
        Figure("fact_in_pack_unseen_question", right(unseen, ask(unseen))),
        Figure("fact_in_new_world", right(in_world, world_told), right(bare, bare_told)),
        Figure("invented_without_passage", _share([not admits(r.text) for r in bare_told])),
        Figure("degenerate", _share([reply.degenerate for reply in everything])),
        Figure("first_person", _share([first_person(r.text) for r in talked]), inspect(talk).first_person_share),
        Figure("reply_words", sum(len(r.text.split()) for r in everything) / len(everything), unit="words"),
    ]


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / max(1, len(hits))


def main(
    model: Annotated[Path, typer.Option(help="Folder of the model.")] = ROOT / "models" / "troupe-small",
    pack: Annotated[Path, typer.Option(help="Folder of the persona pack.")] = ROOT / "packs" / "communiverse",
    seed: Annotated[int, typer.Option(help="Seed of questions and sampling.")] = 11,
    samples: Annotated[int, typer.Option(min=1, help="Invented worlds, and lines of small talk.")] = 200,
    temperature: Annotated[float, typer.Option(min=0.01, help="Sampling temperature.")] = 0.6,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = os.cpu_count() or 1,
) -> None:
    """Print the figures, one JSON object per line."""
    torch.set_num_threads(threads)
    console = Console(soft_wrap=True, highlight=False)
    for figure in measure(model, pack, seed=seed, samples=samples, temperature=temperature):
        console.print(figure.line(), markup=False)


if __name__ == "__main__":
    typer.run(main)
