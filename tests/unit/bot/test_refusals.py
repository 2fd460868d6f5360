"""What is refused and what is kept is said in the language of whoever reads, in English as it stands in the code."""

from __future__ import annotations

import ast
import json
import pickle
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as fluent
from fluent.syntax.visitor import Visitor

from actors.guild_settings import NAMES, GuildSettings, changed
from bot.commands.memory import kept_embed
from bot.errors import explain
from bot.language import ENGLISH, FOLDER, keys, languages, words
from core import cards, links, phrases
from core.errors import RequestError
from core.messages import Kept
from core.personas import load_pack
from core.wording import Wording, either, with_reason

ROOT = Path(__file__).parents[3]
ROOMS = ("core", "actors", "bot", "schedules", "serve_apps")
HELP = "setting-*"
PACK = load_pack(ROOT / "packs" / "communiverse")


def calls(name: str, *rooms: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call of that name in the code, and where it is."""
    for path in (path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == name:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


@cache
def written() -> tuple[tuple[str, str, ast.Call], ...]:
    """Every Wording that the code makes: where, its key, and the call. The key of a setting's help is put together."""
    return tuple((place, getattr(call.args[0], "value", HELP), call) for place, call in calls("Wording", *ROOMS))


@cache
def texts(language: str) -> dict[str, fluent.Message]:
    files = sorted((FOLDER / language).glob("*.ftl"))
    entries = (entry for path in files for entry in FluentParser().parse(path.read_text("utf-8")).body)
    return {entry.id.name: entry for entry in entries if isinstance(entry, fluent.Message)}


class Variables(Visitor):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_VariableReference(self, node: fluent.VariableReference) -> None:  # noqa: N802  # as in Visitor
        self.names.add(node.id.name)


def plain(message: fluent.Message) -> Iterator[str]:
    """An English text as the code writes it."""
    for part in message.value.elements if message.value else ():
        if isinstance(part, fluent.TextElement):
            yield part.value
        else:
            assert isinstance(part.expression, fluent.VariableReference), message.id.name
            yield "{" + part.expression.id.name + "}"


def test_what_actors_refuse_is_english_only_where_no_person_asks_for_it() -> None:
    asked_by_code = {"budget_tokens", "feat", "id", "kind", "method", "source_id"}
    plain_ones = {
        place: ast.literal_eval(next(one.value for one in call.keywords if one.arg == "field"))
        for place, call in calls("RequestError", "core", "actors")
        if isinstance(call.args[0], ast.Constant | ast.JoinedStr)
    }
    assert len(plain_ones) > 5
    assert {place: field for place, field in plain_ones.items() if field not in asked_by_code} == {}


def test_english_is_what_the_code_says() -> None:
    for place, key, call in written():
        if key == HELP:
            continue
        english = ast.literal_eval(call.args[1])
        wanted = "".join(f"{text}{{{name}}}" if name else text for text, name, _, _ in Formatter().parse(english))
        assert "".join(plain(texts(ENGLISH)[key])) == wanted, place
        assert {one.arg for one in call.keywords} == {name for _, name, _, _ in Formatter().parse(english) if name}


@pytest.mark.parametrize("language", languages())
def test_every_language_has_them_all_with_their_values(language: str) -> None:
    known = texts(language)
    made = {key for _, key, _ in written() if key != HELP}
    assert {key for key in known if key.startswith(("refused-", "kept-", "silent-", "run-"))} == made
    for place, key, call in written():
        if key != HELP:
            variables = Variables()
            variables.visit(known[key])
            assert variables.names == {one.arg for one in call.keywords}, place


@pytest.mark.parametrize("language", languages())
def test_the_help_of_every_setting_is_there(language: str) -> None:
    assert [ast.unparse(call.args[0]) for _, key, call in written() if key == HELP] == ["f'setting-{name}'"]
    assert {f"setting-{name}" for name in NAMES} <= keys(language)


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "persona": (
        lambda: PACK.persona("olgga"),
        "Keine Persona heißt 'olgga'. Meintest du olga?",
    ),
    "all that there are": (
        lambda: PACK.persona("zzz"),
        f"Keine Persona heißt 'zzz'. Es gibt: {', '.join(one.id for one in PACK.personas)}.",
    ),
    "scenario": (
        lambda: PACK.scenario("zzz"),
        "Ein Szenario 'zzz' gibt es nicht. /szenario liste zeigt, welche es gibt.",
    ),
    "setting": (
        lambda: changed(GuildSettings(), "relevance", "2", PACK),
        "relevance kann nicht '2' sein: es darf höchstens 1 sein. Wie nah eine Zeile der Lore sein muss, um ungefragt "
        "beantwortet zu werden: -1 bis 1.",
    ),
    "quiet hours": (
        lambda: changed(GuildSettings(), "quiet_hours", "bald", PACK),
        "quiet_hours kann nicht 'bald' sein: schreib es wie 22:00-07:00. Tageszeit, in der es nicht ungefragt spricht, "
        "zum Beispiel 22:00-07:00.",
    ),
    "time zone": (
        lambda: changed(GuildSettings(), "time_zone", "Europe/Berln", PACK),
        "time_zone kann nicht 'Europe/Berln' sein: sie ist nicht bekannt (meintest du Europe/Berlin, Europe/Dublin "
        "oder Europe/Belfast?). Nach wessen Uhr quiet_hours und Tage gelten, zum Beispiel Europe/Berlin; sonst UTC.",
    ),
    "card": (
        lambda: cards.parse(b"{}" + b" " * cards.MAX_JSON_BYTES),
        "Diese Karte ist nicht zu gebrauchen: file: die Karte hat 524.290 Bytes, und höchstens 524.288 werden gelesen.",
    ),
    "step": (
        lambda: phrases.cron_of("alle 7 stunden"),
        "Alle 7 Stunden, das geht mit der Uhr nicht auf. Wähl eines von 1, 2, 3, 4, 6, 8, 12.",
    ),
    "link": (
        lambda: links.checked("ftp://example.org"),
        "Schick einen Link, der mit http:// oder https:// beginnt, kein Passwort enthält und höchstens 2.000 Zeichen "
        "hat.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_told_in_german_also_behind_a_process(name: str) -> None:
    refuse, german = REFUSED[name]
    with pytest.raises(RequestError) as caught:
        refuse()
    error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  # our own
    assert explain(error, words("de")) == german
    assert explain(error, words("en-GB")) == error.message == str(caught.value)


def test_what_is_kept_is_shown_in_german() -> None:
    gave = with_reason(Wording("kept-drop-given", "Gave a drop of {points} points", points=50), "for the quick")
    kept = [Kept(kind="drop", channel_id="7", message_id="9", at_ms=5_000, text=gave)]
    shown = kept_embed(kept, words("de"), remembered=True)
    assert shown.description == "<#7> <t:5:R> *Drop*: Einen Drop mit 50 Punkten gegeben: for the quick"
    assert json.loads(json.dumps(asdict(kept[0])))["text"] == "Gave a drop of 50 points: for the quick"


def test_what_is_no_wording_is_told_as_it_is() -> None:
    error = RequestError("Ein {fertiger} Satz.", field="channel")
    assert explain(error, words("de")) == explain(error, words()) == "Ein {fertiger} Satz."


def test_values_are_never_read_as_placeholders() -> None:
    wording = Wording("refused-near", "Did you mean {names}?", names="{names} { $names }")
    assert wording == words().render(wording) == "Did you mean {names} { $names }?"


def test_either_joins_as_the_language_does() -> None:
    assert either(["a"]) == "a"
    assert either(["a", "b", "c"]) == "a, b or c"
    assert words("de").render(either(["a", "b", "c"])) == "a, b oder c"


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("key", ["refused-when", "refused-cron"])
def test_the_times_that_are_shown_as_examples_are_understood(language: str, key: str) -> None:
    shown = re.findall(r"[„“`]([^„“”`]+)[“”`]", words(language)(key, phrase="x"))
    assert len(shown) >= 4
    for one in shown:
        if key == "refused-cron":
            phrases.cron_of(one)
        else:
            phrases.when_of(one, "Europe/Berlin", now_ms=1_790_000_000_000)
