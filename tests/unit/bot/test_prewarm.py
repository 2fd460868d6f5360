import asyncio

from bot import prewarm
from bot.config import BotConfig
from bot.prewarm import Prewarm
from core.errors import ModelUnavailable
from core.settings import Settings


async def test_a_model_wakes_for_typing_where_the_cast_is_talked_to() -> None:
    woken = list[float]()

    async def warm() -> None:
        woken.append(asyncio.get_running_loop().time())

    guard = Prewarm(warm)
    guard.typing("5", dm=False)  # nobody has talked with the cast there
    await asyncio.sleep(0)
    assert not woken
    guard.spoke("5")
    guard.typing("6", dm=False)
    guard.typing("5", dm=False)
    guard.typing("7", dm=True)  # within the same minute
    await asyncio.sleep(0)
    assert len(woken) == 1
    other = Prewarm(warm)
    other.typing("7", dm=True)
    await asyncio.sleep(0)
    assert len(woken) == 2


async def test_old_talks_are_over_and_a_model_that_is_away_is_no_error() -> None:
    tries = 0

    async def warm() -> None:
        nonlocal tries
        tries += 1
        raise ModelUnavailable("Gone.", component="llm")

    guard = Prewarm(warm, talked_s=0.02)
    guard.spoke("5")
    await asyncio.sleep(0.05)
    guard.typing("5", dm=False)
    guard.typing("7", dm=True)
    await asyncio.sleep(0.01)
    assert tries == 1
    await guard.close()


async def test_closing_does_not_wait_for_a_model() -> None:
    guard = Prewarm(lambda: asyncio.sleep(prewarm.TALKED_S))
    guard.typing("7", dm=True)
    await asyncio.sleep(0)
    await asyncio.wait_for(guard.close(), 1)


def test_typing_matters_only_where_a_model_sleeps() -> None:
    def wanted(**settings: object) -> bool:
        return BotConfig.from_settings(Settings(**settings), token="t").prewarm  # type: ignore[arg-type]

    assert not wanted(preload_llm=True)
    assert wanted(preload_llm=False)
    assert wanted(preload_llm=True, llm_sleep_s=60)
    assert not wanted(preload_llm=False, prewarm=False)
    assert not wanted(preload_llm=False, openai_base_url="http://127.0.0.1:1/v1")
