import pytest

from core.errors import ModelUnavailable, Overloaded
from core.settings import ROOT
from serve_apps.tokens import EstimatedTokens
from tests.support.engines import ScriptedEngine
from training import candidate as module
from training.candidate import Candidate, Reply, Sampling
from training.exam import Question
from training.voices import load_cast

PERSONA = load_cast(ROOT / "packs" / "communiverse")[1][0].persona
QUESTION = Question(PERSONA, "Mara", "who rules the gate?", ("Pell rules the gate.",))


def candidate(engine: ScriptedEngine) -> Candidate:
    return Candidate(engine, EstimatedTokens(1024), Sampling(160, 0.6, seed=4), cast=("Elio", "Glordon"))


async def test_it_is_asked_as_serving_asks() -> None:
    engine = ScriptedEngine(["Pell ", "does."])
    assert await candidate(engine).replies([QUESTION]) == [Reply("Pell does.", ended=True)]
    (request,) = engine.requests
    assert request.messages[-1].content == "Mara: who rules the gate?\n<lore>\n- Pell rules the gate.\n</lore>"
    assert "\nMara:" in request.stop
    assert (request.max_tokens, request.temperature, request.top_p) == (160, 0.6, None)


async def test_the_same_question_draws_the_same_seed_and_another_another() -> None:
    engine = ScriptedEngine(["x"])
    await candidate(engine).replies([QUESTION, QUESTION])
    await candidate(engine).replies([QUESTION, QUESTION])
    first, second, again, _ = (request.seed for request in engine.requests)
    assert first == again != second


async def test_a_line_in_another_name_ends_the_reply() -> None:
    engine = ScriptedEngine(["Pell does.\nGlordon: oh ", "boy, oh boy", "!"], finish_reason="length")
    (reply,) = await candidate(engine).replies([QUESTION])
    assert reply == Reply("Pell does.", ended=True)


async def test_a_reply_that_had_to_be_stopped_is_cut_and_counts_as_endless() -> None:
    (reply,) = await candidate(ScriptedEngine(["Pell does. And the"], finish_reason="length")).replies([QUESTION])
    assert reply == Reply("Pell does.", ended=False)
    assert reply.degenerate


async def test_a_text_in_a_loop_is_cut_and_written_anew_once_and_counted() -> None:
    loop = ["Va", *["za"] * 30, 60.0, "."]
    engine = ScriptedEngine(loop, ["Pell does."])
    asked = candidate(engine)
    assert await asked.replies([QUESTION]) == [Reply("Pell does.", ended=True)]
    assert (asked.asked, asked.unusable) == (1, 1)
    first, second = engine.requests
    assert second.seed == (first.seed or 0) + 1
    (reply,) = await candidate(ScriptedEngine(loop)).replies([QUESTION])
    assert reply.degenerate


async def test_who_asks_to_slow_down_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", (0.0, 0.0))
    busy = Overloaded("Slow down.", retry_after_s=0.0)
    assert (await candidate(ScriptedEngine([busy], ["Pell."])).replies([QUESTION]))[0].text == "Pell."
    with pytest.raises(Overloaded):
        await candidate(ScriptedEngine([busy])).replies([QUESTION])
    with pytest.raises(ModelUnavailable):
        await candidate(ScriptedEngine([ModelUnavailable("gone", component="llm")])).replies([QUESTION])
