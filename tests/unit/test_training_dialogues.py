import re
from collections import Counter
from itertools import permutations
from pathlib import Path

import pytest

from core.prompts import LORE_START, lore_block, system_text
from core.settings import ROOT
from tests.support.gates import gates_pack
from training.dialogues import DialogueMaker
from training.inspection import inspect
from training.judge import first_person
from training.topics import PackTopics
from training.turns import Asked, Dialogue
from training.voices import load_cast

PACK = ROOT / "packs" / "communiverse"


@pytest.fixture(scope="module")
def made() -> list[Dialogue]:
    pack, cast = gates_pack()
    return list(DialogueMaker(pack, cast, seed=7).dialogues(400))


def test_any_pack_gives_good_dialogues(made: list[Dialogue]) -> None:
    report = inspect(made)
    assert report.problems == ()
    assert report.dialogues == 400
    assert set(report.turns) == {"fact", "about", "more", "unknown", "chat"}
    learned = Counter(dialogue.turns[-1].kind for dialogue in made)
    assert learned["fact"] > learned["chat"]
    assert report.unique_share > 0.9


def test_a_seed_decides_the_dialogues(made: list[Dialogue]) -> None:
    pack, cast = gates_pack()
    assert list(DialogueMaker(pack, cast, seed=7).dialogues(400)) == made
    assert list(DialogueMaker(pack, cast, seed=8).dialogues(400)) != made


def test_dialogues_have_the_shape_that_serving_gives(made: list[Dialogue]) -> None:
    _, cast = gates_pack()
    systems = {system_text(voice.persona) for voice in cast}
    known = 0
    for dialogue in made:
        roles = [message.role for message in dialogue.messages]
        assert roles == ["system", *["user", "assistant"] * (len(roles) // 2)]
        assert [m.content for m in dialogue.messages[2::2]] == [turn.reply for turn in dialogue.turns]
        system = dialogue.messages[0].content
        known += any(system.startswith(text) for text in systems)
    assert known > 100


def test_the_answer_is_among_the_passages_of_the_prompt(made: list[Dialogue]) -> None:
    for dialogue in made:
        about_passages = not dialogue.turns[-1].talk
        for turn in dialogue.turns:
            if turn.kind == "fact" and about_passages:
                assert turn.answer in dialogue.messages[-2].content


def test_talk_comes_before_questions_and_questions_before_talk(made: list[Dialogue]) -> None:
    orders = {tuple(bool(turn.talk) for turn in d.turns[-2:]) for d in made if LORE_START in d.messages[-2].content}
    assert orders >= {(True, False), (False, True)}


def test_what_the_persona_does_not_know_is_not_in_its_prompt() -> None:
    pack, cast = gates_pack()
    answers = {question.question: question.answer for question in pack.questions}
    seen = 0
    for dialogue in DialogueMaker(pack, cast, seed=3).dialogues(600):
        for turn in dialogue.turns:
            if turn.kind == "unknown" and turn.line in answers:
                seen += 1
                assert not re.search(rf"\b{answers[turn.line]}\b", dialogue.messages[-2].content)
    assert seen


def test_facts_of_the_pack_are_often_others() -> None:
    pack, cast = load_cast(PACK)
    answers = {question.question: question.answer for question in pack.questions}
    turns = [t for d in DialogueMaker(pack, cast, seed=3).dialogues(1500) for t in d.turns if t.line in answers]
    told = [turn.answer == answers[turn.line] for turn in turns if turn.kind == "fact"]
    assert len(told) > 20
    assert 0.2 < sum(told) / len(told) < 0.8


def test_held_out_sentences_are_asked_for_and_told_only_to_measure() -> None:
    pack, cast = load_cast(PACK)
    topics = PackTopics(pack).topics.values()
    questions = {pair.question for topic in topics for pair in topic.held_out}
    told = {pair.sentence for topic in topics for pair in topic.held_out}
    turns = [t for d in DialogueMaker(pack, cast, seed=7).dialogues(1000) for t in d.turns]
    assert not questions & {turn.line for turn in turns}
    assert not [turn.reply for turn in turns if any(sentence in turn.reply for sentence in told)]
    measured = [t for d in DialogueMaker(pack, cast, seed=7, held_out=True).dialogues(600) for t in d.turns]
    assert questions & {turn.line for turn in measured}


def test_drills_are_facts_without_manner() -> None:
    pack, cast = gates_pack()
    for dialogue in DialogueMaker(pack, cast, seed=7, lesson="drill").dialogues(200):
        assert re.fullmatch(r"You are \w+\.", dialogue.messages[0].content)
        asked = dialogue.messages[-2].content
        assert (0 if dialogue.turns[-1].kind == "unknown" else 1) <= asked.count("\n- ") <= 4
        for turn in dialogue.turns:
            if turn.kind == "unknown":
                assert turn.reply == "I do not know."
            elif turn.kind != "chat":  # what is left to say of a passage that lost all that could be asked
                assert turn.reply in asked or "\n- " not in asked


def test_a_later_lesson_still_has_some_drills() -> None:
    pack, cast = gates_pack()
    made = list(DialogueMaker(pack, cast, seed=7, lesson="voices").dialogues(300))
    plain = [bool(re.match(r"You are \w+\.(\n|$)", dialogue.messages[0].content)) for dialogue in made]
    assert 0.3 < sum(plain) / len(plain) < 0.6
    asked = [t for d, is_plain in zip(made, plain, strict=True) for t in d.turns if is_plain and t.kind == "fact"]
    assert asked
    assert all(turn.line.endswith("?") for turn in asked)


def test_some_dialogues_stay_with_one_subject() -> None:
    pack, cast = gates_pack()
    made = list(DialogueMaker(pack, cast, seed=7).dialogues(400))
    assert any([t.kind for t in d.turns].count("more") >= 1 and len(d.turns) >= 5 for d in made)


def test_one_asks_on_about_the_same_thing() -> None:
    pack, cast = gates_pack()
    lines = [t.line.lower() for d in DialogueMaker(pack, cast, seed=7).dialogues(300) for t in d.turns]
    assert sum(bool(re.search(r"\b(it|he|she|they|him|her)\b", line)) for line in lines) > 30


def test_inspect_names_what_is_wrong() -> None:
    turns = (
        Asked("chat", "hi", ""),
        Asked("chat", "hi {user}", "hello"),
        Asked("fact", "who?", "It was nobody.", "Odo"),
    )
    report = inspect([Dialogue((), turns)])
    assert len(report.problems) == 3


def test_prompts_hold_the_passages_fenced() -> None:
    pack, cast = gates_pack()
    texts = [topic.text for topic in PackTopics(pack).topics.values()]
    fenced = [lore_block(list(given)) for count in (1, 2) for given in permutations(texts, count)]
    facts = 0
    for dialogue in DialogueMaker(pack, cast, seed=1, held_out=True).dialogues(600):
        asked, turn = dialogue.messages[-2].content, dialogue.turns[-1]
        if turn.kind == "fact" and any(block in asked for block in fenced):
            facts += 1
            assert turn.answer in dialogue.messages[-1].content
    assert facts > 5


@pytest.mark.parametrize(("text", "is_it"), [("I am.", True), ("My hat!", True), ("In Italy.", False), ("Me?", True)])
def test_first_person(text: str, is_it: bool) -> None:
    assert first_person(text) is is_it


def test_the_bundled_pack_gives_good_dialogues() -> None:
    pack, cast = load_cast(Path(PACK))
    report = inspect(list(DialogueMaker(pack, cast, seed=5).dialogues(300)))
    assert report.problems == ()
    assert report.first_person_share > 0.6
    assert 8 < report.mean_reply_words < 40
