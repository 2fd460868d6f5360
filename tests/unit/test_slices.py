"""GPU slices: who gets which part of which card, and what is refused."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from core.errors import ConfigError
from core.settings import Settings
from deploy.view import gpu_table
from serve_apps import names, slices
from serve_apps.slices import (
    TRAINING,
    Card,
    Slice,
    cards_for,
    cards_found,
    check_free,
    fits,
    loading_turn,
    placed,
    plan,
)  # fmt: skip

ONE = (Card(0, "RTX 4080", 16.0, 1.5),)
TWO = (*ONE, Card(1, "RTX 4080", 16.0))


def settings(**given: object) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[call-arg,arg-type]


def a(name: str, share: float) -> Slice:
    return Slice(name, share, f"{name.upper()}_GPU_SLICE", "always")


def test_the_default_plan_fills_one_card_and_no_more() -> None:
    made = fits(settings(), ONE)
    assert [place.slice.name for place in made] == [names.LLM, names.EMBEDDINGS, TRAINING]
    assert sum(place.slice.share for place in made) == pytest.approx(1.0)
    assert made[0].gib == pytest.approx(0.7 * 16)


def test_a_plan_that_over_books_is_refused_with_the_sum() -> None:
    with pytest.raises(ConfigError) as refused:
        fits(settings(llm_gpu_slice=0.85), ONE)
    assert refused.value.field == "TRAINING_GPU_SLICE"
    said = str(refused.value)
    assert "training wants 0.2 of a GPU, but card 0 has 0.05 left (llm 0.85 + embeddings 0.1 on it)" in said
    assert "llm 0.85 + embeddings 0.1 + training 0.2 = 1.15 on 1 of them" in said
    assert "Lower TRAINING_GPU_SLICE or LLM_GPU_SLICE or EMBEDDINGS_GPU_SLICE" in said


def test_a_second_card_takes_what_the_first_has_no_room_for() -> None:
    made = placed([a("llm", 0.85), a("embeddings", 0.1), a("training", 0.6)], TWO)
    assert [place.card.index for place in made] == [0, 0, 1]


def test_two_halves_of_two_cards_are_no_whole_one() -> None:
    with pytest.raises(ConfigError, match=r"card 0 has 0\.5 left"):
        placed([a("llm", 0.5), a("vlm", 0.6), a("training", 0.7)], TWO)


def test_a_remote_model_and_training_that_is_off_need_no_slice() -> None:
    wanted = plan(settings(openai_base_url="http://127.0.0.1:11434/v1", training_gpu_slice=0))
    assert [one.name for one in wanted] == [names.EMBEDDINGS]


def test_a_vision_model_wants_its_slice_too() -> None:
    with pytest.raises(ConfigError, match=r"llm 0\.7 \+ vlm 0\.2 \+ embeddings 0\.1 \+ training 0\.2 = 1\.2"):
        fits(settings(vlm_model="some/model"), ONE)
    made = fits(settings(vlm_model="some/model", llm_gpu_slice=0.5), ONE)
    assert [place.slice.name for place in made] == [names.LLM, names.VLM, names.EMBEDDINGS, TRAINING]


def test_without_a_card_there_is_nothing_to_check() -> None:
    assert fits(settings(llm_gpu_slice=1.0), ()) == ()


def test_a_model_that_sleeps_keeps_its_place() -> None:
    held = {one.name: one.when for one in plan(settings(preload_llm=False))}
    assert held[names.LLM] == "on demand"
    assert held[names.EMBEDDINGS] == "always"


def _driver(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    fake = folder / "nvidia-smi"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_cards_are_what_the_driver_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "0, NVIDIA GeForce RTX 4080, 16376, 1024\n1, NVIDIA H100, [N/A], [N/A]"
    _driver(tmp_path, monkeypatch, f"printf '{lines}\\n'")
    (card,) = cards_found()
    assert card == Card(0, "NVIDIA GeForce RTX 4080", 16376 / 1024, 1.0)


def test_a_driver_that_fails_lists_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _driver(tmp_path, monkeypatch, "echo 'no devices were found' >&2; exit 6")
    assert cards_found() == ()


def test_a_driver_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _driver(tmp_path, monkeypatch, "exec sleep 20")
    monkeypatch.setattr(slices, "_QUERY_TIMEOUT_S", 0.2)
    started = time.monotonic()
    assert cards_found() == ()
    assert time.monotonic() - started < 10


def test_logical_cards_take_the_place_of_real_ones() -> None:
    assert [card.index for card in cards_for(settings(num_gpus=2))] == [0, 1]
    assert cards_for(settings(num_gpus=0)) == ()


def test_models_on_one_card_load_one_after_another(tmp_path: Path) -> None:
    said: list[str] = []
    first_loads = threading.Event()

    def second() -> None:
        first_loads.wait(5)
        with loading_turn(tmp_path, [0]):
            said.append("second")

    other = threading.Thread(target=second)
    other.start()
    with loading_turn(tmp_path, [0]):
        first_loads.set()
        time.sleep(0.1)
        with loading_turn(tmp_path, [1]):  # another card is not waited for
            said.append("first")
    other.join(5)
    assert said == ["first", "second"]


def test_a_card_with_too_little_free_is_told_before_the_engine_fails() -> None:
    gib = 2**30
    check_free(0.7, "LLM_GPU_SLICE", free_bytes=12 * gib, total_bytes=16 * gib)
    with pytest.raises(ConfigError, match=r"0\.7 of this GPU is 11\.2 GiB, but of its 16\.0 GiB only 9\.0 are free"):
        check_free(0.7, "LLM_GPU_SLICE", free_bytes=9 * gib, total_bytes=16 * gib)


def test_the_table_shows_every_slice_and_what_is_left() -> None:
    console = Console(width=120)
    with console.capture() as shown:
        console.print(gpu_table(placed([a("llm", 0.7), a("embeddings", 0.1)], ONE), ONE))
    text = shown.get()
    assert "RTX 4080" in text
    assert "1.5 of 16.0 GiB in use" in text
    assert "11.2 GiB" in text
    assert "0.20" in text
