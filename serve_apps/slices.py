"""GPU slices: one number per model sets what Ray books and what the process may take.

A slice is a share of one card. `plan` says which models want which share, `placed` puts them on the cards that were
found, or refuses with the sum; so a plan that cannot work is known before anything starts. Models that share a card
load one after another (`loading_turn`), since each measures what is free before it takes its share.
"""

from __future__ import annotations

import csv
import fcntl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError
from core.settings import Settings
from serve_apps import names

TRAINING = "training"
_QUERY = ("nvidia-smi", "--query-gpu=index,name,memory.total,memory.used", "--format=csv,noheader,nounits")
_QUERY_TIMEOUT_S = 10.0
_ROUNDING = 1e-9  # 0.7 + 0.1 + 0.2 is a little more than 1


@dataclass(frozen=True, slots=True)
class Slice:
    """What a model may take: `share` of a card, 0 to 1, set by the setting `field`; `when` says how long it has it."""

    name: str
    share: float
    field: str
    when: str


@dataclass(frozen=True, slots=True)
class Card:
    """A GPU. Memory is in GiB; 0 where nobody knows it, as for Ray's logical GPUs."""

    index: int
    name: str
    total_gib: float = 0.0
    used_gib: float = 0.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A slice and the card it fits on."""

    slice: Slice
    card: Card

    @property
    def gib(self) -> float:
        """How much memory that is, in GiB."""
        return self.slice.share * self.card.total_gib


def plan(settings: Settings) -> tuple[Slice, ...]:
    """Every model that wants a part of a GPU, training included. One that is unloaded when idle keeps its place in the
    plan: when it wakes, the place must be there."""

    def when(preload: bool) -> str:
        return "always" if preload else "on demand"

    wanted = []
    if settings.openai_base_url is None:
        wanted.append(Slice(names.LLM, settings.llm_gpu_slice, "LLM_GPU_SLICE", when(settings.preload_llm)))
        if settings.vlm_model is not None:
            wanted.append(Slice(names.VLM, settings.vlm_gpu_slice, "VLM_GPU_SLICE", when(settings.preload_vlm)))
    embeddings = settings.embeddings_gpu_slice
    wanted.append(Slice(names.EMBEDDINGS, embeddings, "EMBEDDINGS_GPU_SLICE", when(settings.preload_embeddings)))
    wanted.append(Slice(TRAINING, settings.training_gpu_slice, "TRAINING_GPU_SLICE", "while it trains"))
    return tuple(one for one in wanted if one.share > 0)


def share(settings: Settings, name: str) -> float:
    """What a model books of a GPU, 0 where it runs elsewhere."""
    return next((one.share for one in plan(settings) if one.name == name), 0.0)


def placed(wanted: Sequence[Slice], cards: Sequence[Card]) -> tuple[Placed, ...]:
    """Each slice on the first card that has room for it, in the order given, as Ray packs them.

    Raises ConfigError with the arithmetic where one has no room.
    """
    free = {card.index: 1.0 for card in cards}
    found: list[Placed] = []
    for one in wanted:
        card = next((card for card in cards if one.share <= free[card.index] + _ROUNDING), None)
        if card is None:
            raise _no_room(one, wanted, found, cards)
        free[card.index] -= one.share
        found.append(Placed(one, card))
    return tuple(found)


def _no_room(one: Slice, wanted: Sequence[Slice], found: Sequence[Placed], cards: Sequence[Card]) -> ConfigError:
    per_card = []
    for card in cards:
        parts = [f"{place.slice.name} {place.slice.share:g}" for place in found if place.card is card]
        taken = sum(place.slice.share for place in found if place.card is card)
        per_card.append(f"card {card.index} has {max(0.0, 1 - taken):g} left ({' + '.join(parts) or 'nothing'} on it)")
    total = " + ".join(f"{other.name} {other.share:g}" for other in wanted)
    fields = " or ".join(dict.fromkeys(other.field for other in (one, *wanted)))
    return ConfigError(
        f"{one.name} wants {one.share:g} of a GPU, but {'; '.join(per_card)}. "
        f"The plan is {total} = {sum(other.share for other in wanted):g} on {len(cards)} of them.",
        field=one.field,
        fix=f"Lower {fields}, so that no card holds more than 1.",
    )


def cards_found() -> tuple[Card, ...]:
    """The NVIDIA cards of this machine; none where there is no driver, or none that answers."""
    try:
        listed = subprocess.run(_QUERY, capture_output=True, text=True, timeout=_QUERY_TIMEOUT_S, check=True).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ()
    cards = []
    for row in csv.reader(listed.splitlines(), skipinitialspace=True):
        try:
            index, name, total, used = row
            cards.append(Card(int(index), name, float(total) / 1024, float(used) / 1024))
        except ValueError:
            continue  # a card that reports no memory, such as one that fell off the bus
    return tuple(cards)


def cards_for(settings: Settings) -> tuple[Card, ...]:
    """The cards that Ray will have: those of the machine, or as many logical ones as NUM_GPUS says."""
    if settings.num_gpus is None:
        return cards_found()
    return tuple(Card(index, "logical") for index in range(int(settings.num_gpus)))


def cards_of_cluster() -> tuple[Card, ...]:
    """The GPUs of the Ray that this process is connected to, node by node."""
    import ray  # late: the commands that only plan must not load it

    cards: list[Card] = []
    for node in ray.nodes():
        if node["Alive"]:
            here = int(node["Resources"].get("GPU", 0))
            cards += [Card(len(cards) + number, f"on {node['NodeManagerHostname']}") for number in range(here)]
    return tuple(cards)


def fits(settings: Settings, cards: Sequence[Card]) -> tuple[Placed, ...]:
    """The plan of these settings on these cards; nothing where there is none, since everything runs on the CPU then.
    Raises ConfigError where it does not fit."""
    return placed(plan(settings), cards) if cards else ()


@contextmanager
def taking(settings: Settings, share: float, field: str) -> Iterator[None]:
    """Held while a model of this process takes its slice of the card that Ray gave it; without a card it does nothing.

    Raises ConfigError (`field`) where the card has less free than the slice needs. Blocks while another model loads."""
    import ray

    # Serve's local testing mode runs without Ray.
    given = ray.get_runtime_context().get_accelerator_ids() if ray.is_initialized() else {}
    cards = [int(card) for card in given.get("GPU", ())]
    if not cards:
        yield
        return
    import torch

    with loading_turn(settings.data_dir / "run", cards):
        if torch.cuda.is_available():
            free, total = torch.cuda.mem_get_info()
            check_free(share, field, free_bytes=free, total_bytes=total)
        yield


@contextmanager
def loading_turn(folder: Path, cards: Sequence[int]) -> Iterator[None]:
    """Held while a model takes its memory on `cards`, so that no other process does at the same time. The lock is a
    file in `folder` per card, which the system lets go of when its process dies. Blocks."""
    folder.mkdir(parents=True, exist_ok=True)
    in_order = sorted(cards)  # so that no two wait for one another
    files = [(folder / f"gpu-{card}.lock").open("a") for card in in_order]
    try:
        for file in files:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        for file in files:
            file.close()


def check_free(share: float, field: str, *, free_bytes: int, total_bytes: int) -> None:
    """Raises ConfigError where a card has less memory free than a slice of it needs. An engine that is started
    nevertheless fails a minute later, in another process and in other words."""
    if share * total_bytes > free_bytes:
        gib = 2**30
        raise ConfigError(
            f"A slice of {share:g} of this GPU is {share * total_bytes / gib:.1f} GiB, but of its "
            f"{total_bytes / gib:.1f} GiB only {free_bytes / gib:.1f} are free.",
            field=field,
            fix="Lower it, or stop what else uses the card (`nvidia-smi` lists it).",
        )
