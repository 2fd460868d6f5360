"""The Serve applications on a real cluster with the real engine: streaming, adapters, kills, sleep.

One set of applications serves all tests here, since the engine takes its time to start; the tests that break it stand
last and leave it whole.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import ray

from core.clock import now_ms
from core.errors import DeadlineExceeded, ModelUnavailable, Overloaded, RequestError, Unavailable
from core.messages import (
    ChatMessage,
    GenerateChunk,
    GenerateRequest,
    SearchQuery,
)
from core.personas import load_pack
from core.settings import Settings
from serve_apps import apps, names
from serve_apps.calls import call, stream
from serve_apps.client import RetrievalClient
from serve_apps.results import Generation
from serve_apps.tokens import token_counter
from tests.support.eventually import eventually
from tests.support.serving import (
    ENGINE,
    add_adapter,
    generate,
    llm,
    make_adapter,
    processes,
    reply,
    text_of,
    wait_until,
)
from tests.support.speakers import by_words
from training import candidate
from training.exam import Examiner
from training.scores import Examination, TrainingData
from training.voices import load_cast

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

# So hot that the model hardly ever thinks of stopping.
ENDLESS: dict[str, Any] = {"messages": (), "prompt": "The star", "max_tokens": 900, "temperature": 2.0}
REPLICA = "ray::ServeReplica:llm"


async def test_text_streams_from_the_real_engine(running: Settings) -> None:
    told = [[chunk async for chunk in generate(**{**ENDLESS, "max_tokens": 99, "seed": seed})] for seed in range(4)]
    assert max(map(len, told)) > 2
    assert {chunk.model for chunks in told for chunk in chunks} == {"troupe-small"}
    for chunks in told:
        usage = chunks[-1].usage
        assert usage is not None
        assert 1 <= usage.completion_tokens <= 99
        assert usage.prompt_tokens >= 2


async def test_the_models_book_their_slices(running: Settings) -> None:
    async def booked() -> bool:
        return ray.available_resources().get("GPU", 0) == pytest.approx(1 - 0.7 - 0.1)

    await eventually(booked)


async def test_training_finds_its_slice_on_the_same_card_and_more_does_not_fit(running: Settings) -> None:
    @ray.remote(num_cpus=0)
    def cards() -> list[str]:
        return list(ray.get_runtime_context().get_accelerator_ids()["GPU"])

    share = running.training_gpu_slice
    assert await cards.options(num_gpus=share).remote() == ["0"]
    waiting = cards.options(num_gpus=share + 0.1).remote()
    done, _ = await asyncio.to_thread(ray.wait, [waiting], timeout=1)
    assert done == []
    ray.cancel(waiting)


async def test_only_what_a_change_of_settings_concerns_is_replaced(running: Settings, database_uri: str) -> None:
    def replicas() -> dict[str, int]:
        return {name: one.pid for name in apps.NAMES for one in processes(f"ray::ServeReplica:{name}:")}

    before = replicas()
    changed = running.model_copy(update={"retrieval_least_bm25": running.retrieval_least_bm25 + 1})
    concerned = apps.changed(running, changed)
    assert concerned == (names.RETRIEVAL,)
    apps.deploy(changed, database_uri=database_uri, only=concerned)
    assert await text_of()  # the others serve meanwhile
    wait_until({names.RETRIEVAL: {"ready"}})
    after = replicas()
    assert {name for name in before if before[name] != after.get(name)} == {names.RETRIEVAL}
    found = await RetrievalClient().search(SearchQuery(text="Who is Glordon?", limit=3, pack="communiverse"))
    assert any("Glordon" in passage.text for passage in found)


async def test_stop_strings_and_seeds(running: Settings) -> None:
    whole = await text_of()
    word = whole.split()[1]
    assert word not in await text_of(stop=(word,))
    assert await text_of(temperature=1.0, seed=5) == await text_of(temperature=1.0, seed=5)
    assert len({await text_of(temperature=1.0, seed=seed) for seed in range(4)}) > 1


async def test_long_prompts_with_seeds_are_read_at_the_same_time(running: Settings) -> None:
    prompts = [f" star {number}" * 250 for number in range(8)]  # together more than one step of the engine reads
    asked = [text_of(messages=(), prompt=prompt, seed=7, max_tokens=8, temperature=1.0) for prompt in prompts]
    assert len(await asyncio.gather(*asked)) == 8


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"max_tokens": 100_000}, "max_tokens"),
        ({"adapter": "nobody"}, "adapter"),
        ({"messages": (ChatMessage(role="user", content="word " * 3000),)}, "messages"),
        ({"messages": (), "prompt": "word " * 3000}, "prompt"),
    ],
)
async def test_bad_requests_name_the_field_and_the_engine_lives_on(
    running: Settings, wanted: dict[str, Any], field: str
) -> None:
    with pytest.raises(RequestError) as caught:
        await text_of(**wanted)
    assert caught.value.field == field
    assert await text_of()


async def test_leaving_frees_the_slots(running: Settings) -> None:
    streams = [generate(**ENDLESS, seed=seed) for seed in range(8)]
    await asyncio.gather(*(anext(chunks) for chunks in streams[:4]))
    assert int((await call(llm().about, component=names.LLM)).split(", ")[1].split()[0]) >= 4
    await asyncio.gather(*(chunks.aclose() for chunks in streams))

    async def empty() -> bool:
        return (await call(llm().about, component=names.LLM)).endswith(", 0 requests")

    started = time.monotonic()
    await eventually(empty, 5)
    assert time.monotonic() - started < 2


async def test_an_adapter_is_added_used_and_removed(running: Settings, tmp_path: Path) -> None:
    make_adapter(tmp_path / "loud", seed=1)
    make_adapter(tmp_path / "soft", seed=2)
    plain = await text_of()
    await add_adapter("voice", tmp_path / "loud", "olga")
    assert (await call(llm().info, component=names.LLM)).adapters == ("voice",)
    loud = await text_of(adapter="voice")
    assert loud != plain
    assert await text_of() == await text_of(persona_id="elio") == plain
    assert await text_of(persona_id="olga") == loud
    await add_adapter("voice", tmp_path / "soft")
    assert await text_of(adapter="voice") not in (loud, plain)
    assert await text_of(persona_id="olga") == plain
    with pytest.raises(RequestError, match="not the folder of a LoRA adapter"):
        await add_adapter("voice", tmp_path)
    assert await text_of(adapter="voice") not in (loud, plain)  # the older one goes on
    await call(llm().remove_adapter, "voice", component=names.LLM)
    with pytest.raises(RequestError, match="no adapter 'voice'"):
        await text_of(adapter="voice")


async def test_embeddings_are_unit_vectors_of_meaning_and_come_in_batches(running: Settings) -> None:
    handle = apps.handle(names.EMBEDDINGS)
    near, same, far = await handle.embed.remote(["a red apple", "an apple that is red", "the engine of a ship"])
    assert len(near) == (await handle.info.remote()).dimensions == 384
    assert sum(x * x for x in near) == pytest.approx(1.0, abs=1e-5)

    def cosine(left: list[float], right: list[float]) -> float:
        return sum(x * y for x, y in zip(left, right, strict=True))

    assert cosine(near, same) > 0.8 > 0.5 > cosine(near, far)
    together = await asyncio.gather(*(handle.embed.remote([f"text {i}"]) for i in range(40)))
    [alone] = await handle.embed.remote(["text 7"])
    assert together[7][0] == pytest.approx(alone, abs=1e-5)
    again, new, twice = await handle.embed.remote(["text 7", "never seen before", "text 7"])
    assert again == twice == alone != new
    assert re.search(r"[1-9]\d*% of \d+ texts known", await handle.about.remote())
    with pytest.raises(RequestError) as caught:
        await call(handle.embed, ["fine", "  "], component="embeddings")
    assert caught.value.field == "texts"


async def test_the_right_lore_is_among_the_first_three(running: Settings) -> None:
    pack = load_pack(running.pack_dir)
    client = RetrievalClient()
    found = 0
    for question in pack.questions:
        passages = await client.search(SearchQuery(text=question.question, pack=pack.id))
        found += question.lore_id in [passage.id for passage in passages]
    assert found / len(pack.questions) >= 0.9


async def test_a_served_model_is_examined(running: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    class Served:
        """The running application as an engine."""

        def generate(self, request: GenerateRequest) -> Any:
            return stream(llm().generate, request, component=names.LLM, deadline_ms=now_ms() + 60_000)

    monkeypatch.setattr(candidate, "AT_ONCE", 8)
    pack, cast = load_cast(running.pack_dir)
    counter = token_counter(running.llm_model, remote=False, window=None)
    sampling = candidate.Sampling(running.reply_max_tokens, running.reply_temperature)
    asked: Any = candidate.Candidate(Served(), counter, sampling)
    data = TrainingData.collect(pack, cast, seed=1, replies=20)
    scores = await Examination(asked, Examiner(pack, cast, seed=1), data, by_words, samples=6).run()
    values = {score.figure.figure: score.figure.value for score in scores}
    assert {"fact_in_pack", "fact_in_new_world", "invented_without_passage", "keeps_subject"} <= set(values)
    assert values["degenerate"] < 0.3
    assert values["reply_words"] > 3


async def test_a_persona_answers_over_http(http: httpx.AsyncClient) -> None:
    body = {"persona": "glordon", "message": "Do you like potatoes?", "speaker": "Mara"}
    spoken = (await http.post("/persona/reply", json=body)).json()
    assert spoken["ok"] is True
    assert spoken["persona"] == "glordon"
    assert spoken["fallback"] is False
    assert spoken["text"]
    assert any("otato" in passage["text"] for passage in spoken["passages"])


async def test_the_api_streams_embeds_and_searches(http: httpx.AsyncClient) -> None:
    body = {"prompt": "The star", "max_tokens": 12, "temperature": 2, "seed": 3, "stream": True}
    lines = [line async for line in (await http.post("/llm/generate", json=body)).aiter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    assert json.loads(lines[-2].removeprefix("data: "))["usage"]["completion_tokens"] <= 12
    embedded = (await http.post("/embed", json={"texts": ["a star", "a potato"]})).json()
    assert (embedded["dimensions"], len(embedded["embeddings"])) == (384, 2)
    assert sum(x * x for x in embedded["embeddings"][0]) == pytest.approx(1.0, abs=1e-4)
    refused = await http.post("/llm/generate", json={"prompt": "a", "max_tokens": 8000})
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "max_tokens")
    health = (await http.get("/health")).json()
    assert health["status"] == "ok"
    assert set(health["components"]) == {
        names.LLM,
        names.EMBEDDINGS,
        names.RETRIEVAL,
        names.PERSONA,
        names.VLM,
        "database",
    }
    assert (await http.get("/readyz")).status_code == 200


async def test_the_metrics_of_all_apps_are_on_one_page(http: httpx.AsyncClient) -> None:
    body = {"prompt": "The star", "max_tokens": 3}
    assert (await http.post("/llm/generate", json=body)).status_code == 200
    await http.post("/persona/reply", json={"message": "Do you like potatoes?"})
    wanted = (
        'troupe_llm_requests_total{', 'troupe_llm_completion_tokens_total{', "troupe_llm_first_token_seconds_bucket{",
        "troupe_batch_size_bucket{", "troupe_search_seconds_count{", "ray_serve_deployment_request_counter_total{",
    )  # fmt: skip
    page = ""

    async def complete() -> bool:
        nonlocal page
        page = (await http.get("/metrics")).text
        return all(name in page for name in wanted)

    await eventually(complete, 40)  # Ray's processes report every ten seconds
    assert 'outcome="ok"' in page
    assert page.count("# TYPE troupe_llm_running gauge") == 1
    assert "ray_gcs" not in page


async def test_a_client_that_leaves_stops_the_generation(http: httpx.AsyncClient) -> None:
    body = {"prompt": "The star", "max_tokens": 900, "temperature": 2, "stream": True}
    async with http.stream("POST", "/llm/generate", json=body) as response:
        await anext(response.aiter_lines())

    async def empty() -> bool:
        return (await call(llm().about, component=names.LLM)).endswith(", 0 requests")

    await eventually(empty, 5)


async def test_a_killed_replica_is_replaced_and_personas_speak_meanwhile(running: Settings, tmp_path: Path) -> None:
    for name, seed in (("loud", 1), ("soft", 2)):
        make_adapter(tmp_path / name, seed)
        await add_adapter(name, tmp_path / name, "olga")
    said = await text_of(persona_id="olga")
    (tmp_path / "loud" / "adapter_model.safetensors").write_bytes(b"damaged meanwhile")
    [process] = processes(REPLICA)
    os.kill(process.pid, signal.SIGKILL)
    soon = await reply("How many disks make up the Communiverse?", seconds=3, number=2)
    assert soon.fallback
    assert soon.passages
    assert soon.text
    patient = await reply("Hello", seconds=90, number=3)
    assert not patient.fallback
    await asyncio.to_thread(wait_until, {names.LLM: {"ready"}})
    known = await call(llm().adapters, component=names.LLM)
    assert [(adapter.name, adapter.personas) for adapter in known] == [("soft", ("olga",))]
    assert await text_of(persona_id="olga") == said
    await call(llm().remove_adapter, "soft", component=names.LLM)
    assert len(processes(ENGINE)) == 1  # the engine of the killed replica did not stay behind


@pytest.mark.parametrize(
    "title",
    [*(f"ray::ServeReplica:{n}" for n in (names.PERSONA, names.RETRIEVAL, names.EMBEDDINGS)), "ray::ServeController"],
)
async def test_a_killed_helper_is_replaced_and_nobody_is_left_without_a_reply(running: Settings, title: str) -> None:
    [process] = processes(title)
    os.kill(process.pid, signal.SIGKILL)
    spoken = await asyncio.gather(*(reply("Hello", seconds=60, number=20 + number) for number in range(3)))
    assert not any(one.fallback for one in spoken)

    async def found() -> bool:
        found = await RetrievalClient().search(
            SearchQuery(text="What color is the star Amaru?", deadline_ms=now_ms() + 5_000)
        )
        return "places/the-communiverse" in [passage.id for passage in found]

    await eventually(patient(found), 60)


def patient(condition: Callable[[], Awaitable[bool]]) -> Callable[[], Awaitable[bool]]:
    """The condition, not yet true while something is unavailable."""

    async def held() -> bool:
        try:
            return await condition()
        except (Unavailable, DeadlineExceeded):
            return False

    return held


async def test_more_than_the_queue_holds_is_refused_at_once(running: Settings) -> None:
    asked = GenerateRequest(prompt="The star", max_tokens=400, temperature=2.0)
    method = llm().complete  # one handle: the queue is the handle's
    results = await asyncio.gather(
        *(call(method, asked, component=names.LLM) for _ in range(60)), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, Overloaded)]
    assert refused
    assert all(error.retry_after_s > 0 for error in refused)
    assert len(refused) + sum(isinstance(result, Generation) for result in results) == 60


async def test_an_engine_that_dies_in_the_middle_of_a_reply_is_asked_again(running: Settings) -> None:
    [process] = processes(ENGINE)
    broken = [generate(**ENDLESS, seed=seed) for seed in range(3)]
    await asyncio.gather(*map(anext, broken))
    replies = [asyncio.ensure_future(reply("Hello", seconds=90, number=10 + number)) for number in range(5)]
    await asyncio.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    ends = await asyncio.gather(*map(to_the_end, broken), return_exceptions=True)
    assert any(isinstance(end, ModelUnavailable) for end in ends), ends
    assert not any(spoken.fallback for spoken in await asyncio.gather(*replies))


async def to_the_end(chunks: AsyncIterator[GenerateChunk]) -> None:
    async for _ in chunks:
        pass
