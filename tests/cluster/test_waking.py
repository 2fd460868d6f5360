"""Models that load when they are asked, and go when nobody does."""

from __future__ import annotations

import asyncio
import io
import json

import httpx
from PIL import Image, ImageDraw, ImageFont

from core.settings import Settings
from serve_apps import apps, names
from serve_apps.client import PersonaClient
from tests.support.serving import ENGINE, processes, reply, wait_until


async def test_the_first_picture_wakes_the_vision_model(http: httpx.AsyncClient) -> None:
    assert apps.statuses()[names.VLM][0] == "idle"
    out = io.BytesIO()
    image = Image.new("RGB", (192, 192), "white")
    ImageDraw.Draw(image).ellipse((48, 48, 144, 144), fill="red")
    image.save(out, "PNG")
    sent = {"files": {"image": ("circle.png", out.getvalue())}, "data": {"question": "What color is the circle?"}}
    seen = (await http.post("/vlm/describe", **sent)).json()
    assert (seen["ok"], seen["model"]) == (True, "troupe-small-vision")
    assert "red" in seen["text"].lower()
    assert seen["ocr"] == ""
    assert apps.statuses()[names.VLM][0] == "ready"
    ImageDraw.Draw(image).text((40, 150), "LATE", font=ImageFont.load_default(28), fill="black")
    out = io.BytesIO()
    image.save(out, "PNG")
    assert (await http.post("/vlm/describe", files={"image": ("sign.png", out.getvalue())})).json()["ocr"] == "LATE"
    bad = await http.post("/vlm/describe", files={"image": ("a.png", b"no picture")})
    assert (bad.status_code, bad.json()["error"]["field"]) == (400, "image")
    inside = await http.post("/vlm/describe", json={"url": f"http://127.0.0.1:{http.base_url.port}/livez"})
    assert (inside.status_code, inside.json()["error"]["field"]) == (400, "url")


async def test_the_llm_sleeps_when_idle_and_wakes_for_a_reply(http: httpx.AsyncClient, running: Settings) -> None:
    sleepy = running.model_copy(update={"preload_llm": False, "idle_unload_s": 3.0})
    await asyncio.to_thread(apps.deploy, sleepy)
    await asyncio.to_thread(wait_until, {names.LLM: {"idle"}})
    assert processes(ENGINE) == []
    await asyncio.to_thread(wait_until, {name: {"ready", "idle"} for name in apps.NAMES})
    health = (await http.get("/health")).json()
    assert (health["status"], health["components"][names.LLM]["state"]) == ("ok", "idle")
    assert (await http.get("/readyz")).status_code == 200

    hasty = await reply("How many disks make up the Communiverse?", seconds=2, number=5)
    assert hasty.fallback
    streamed = await http.post("/llm/generate", json={"prompt": "The star", "max_tokens": 4, "stream": True})
    first = streamed.text.splitlines()[:2]
    assert (first[0], json.loads(first[1].removeprefix("data: "))["waiting_for"]) == ("event: progress", [names.LLM])
    assert streamed.text.endswith("data: [DONE]\n\n")
    awake = await reply("Hello", seconds=90, number=6)
    assert not awake.fallback
    await asyncio.to_thread(wait_until, {names.LLM: {"idle"}})
    await PersonaClient().warm()
    assert apps.statuses()[names.LLM][0] == "ready"
