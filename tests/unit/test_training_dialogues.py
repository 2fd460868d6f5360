import random
from pathlib import Path

import pytest

from core.personas import Lore, Pack, Persona, Question, load_pack
from core.prompts import lore_block, system_text
from core.settings import ROOT
from training.dialogues import DialogueMaker, PackTopics, first_person, inspect, sentences
from training.turns import Asked, Dialogue
from training.voices import Voice, load_cast, random_voice

PACK = ROOT / "packs" / "communiverse"


def lore(number: int) -> Lore:
    text = f"The gate of Town{number} is {number} feet wide. It is guarded by Guard{number}, who naps."
    return Lore(id=f"gates/{number}", title=f"The Gate of Town{number}", text=text, tags=(), source="gates.md", line=1)


def asked_of(number: int) -> tuple[Question, ...]:
    lore_id = f"gates/{number}"
    return (
        Question(lore_id=lore_id, question=f"How wide is the gate of Town{number}?", answer=f"{number} feet"),
        Question(lore_id=lore_id, question=f"Who guards the gate of Town{number}?", answer=f"Guard{number}"),
    )


def small_pack() -> tuple[Pack, tuple[Voice, ...]]:
    rng = random.Random(1)
    voices = tuple(random_voice(rng) for _ in range(3))
    personas: tuple[Persona, ...] = tuple(
        voice.persona.model_copy(update={"id": f"p{number}"}) for number, voice in enumerate(voices)
    )
    pack = Pack(
        id="gates",
        name="Gates",
        description="Towns with gates.",
        default_persona="p0",
        personas=personas,
        lore=tuple(lore(number) for number in range(2, 42)),
        questions=tuple(question for number in range(2, 42) for question in asked_of(number)),
    )
    return pack, tuple(Voice(p, v.lines) for p, v in zip(personas, voices, strict=True))


@pytest.fixture(scope="module")
def made() -> list[Dialogue]:
    pack, cast = small_pack()
    return list(DialogueMaker(pack, cast, seed=7).dialogues(400))


def test_any_pack_gives_good_dialogues(made: list[Dialogue]) -> None:
    report = inspect(made)
    assert report.problems == ()
    assert report.dialogues == 400
    assert set(report.turns) == {"fact", "about", "more", "unknown", "chat"}
    assert report.turns["fact"] > report.turns["chat"]
    assert report.unique_share > 0.9


def test_a_seed_decides_the_dialogues(made: list[Dialogue]) -> None:
    pack, cast = small_pack()
    assert list(DialogueMaker(pack, cast, seed=7).dialogues(400)) == made
    assert list(DialogueMaker(pack, cast, seed=8).dialogues(400)) != made


def test_dialogues_have_the_shape_that_serving_gives(made: list[Dialogue]) -> None:
    _, cast = small_pack()
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
        for turn in dialogue.turns:
            if turn.answer:
                assert turn.answer in dialogue.messages[0].content


def test_what_the_persona_does_not_know_is_not_in_its_prompt() -> None:
    pack, cast = small_pack()
    questions = {question.question: question for question in pack.questions}
    texts = {lore.id: lore.text for lore in pack.lore}
    seen = 0
    for dialogue in DialogueMaker(pack, cast, seed=3).dialogues(400):
        for turn in dialogue.turns:
            question = questions.get(turn.line)
            if turn.kind == "unknown" and question:
                seen += 1
                assert texts[question.lore_id] not in dialogue.messages[0].content
    assert seen


def test_held_out_questions_are_asked_only_to_measure() -> None:
    pack, cast = small_pack()
    topics = PackTopics(pack)
    held_out = {question for topic in topics.topics.values() for question, _ in topic.held_out}
    assert 0 < len(held_out) < len(pack.questions) / 3
    lines = [t.line for d in DialogueMaker(pack, cast, seed=7).dialogues(600) for t in d.turns]
    assert not held_out & set(lines)
    measured = DialogueMaker(pack, cast, seed=7, held_out=True).dialogues(600)
    assert held_out & {turn.line for dialogue in measured for turn in dialogue.turns}


def test_every_passage_keeps_a_question_to_train_on() -> None:
    pack, _ = load_cast(PACK)
    asked = {question.lore_id for question in pack.questions}
    topics = PackTopics(pack).topics
    assert all(topics[lore_id].asked for lore_id in asked)


def test_easy_dialogues_are_short_and_mostly_facts() -> None:
    pack, cast = small_pack()
    easy = list(DialogueMaker(pack, cast, seed=7, lesson="easy").dialogues(200))
    turns = inspect(easy).turns
    assert turns["fact"] > 2 * turns["chat"]
    assert all(dialogue.messages[0].content.count("\n- ") <= 2 for dialogue in easy)


def test_the_nearest_topics_share_words_with_the_question() -> None:
    pack = load_pack(PACK)
    found = PackTopics(pack).nearest(random.Random(1), "How many docks does the Harbor Disk have?", 3)
    assert "The Harbor Disk" in [topic.name for topic in found]


def test_inspect_names_what_is_wrong() -> None:
    turns = (
        Asked("chat", "hi", ""),
        Asked("chat", "hi {user}", "hello"),
        Asked("fact", "who?", "It was nobody.", "Odo"),
    )
    report = inspect([Dialogue((), turns)])
    assert len(report.problems) == 3


def test_prompts_hold_the_passages_fenced() -> None:
    pack, cast = small_pack()
    maker = DialogueMaker(pack, cast, seed=1, held_out=True)
    topics = list(maker.pack_topics.topics.values())[:2]
    dialogue = maker.one_question(cast[0], topics, "How wide is the gate of Town2?", "2 feet", topics[0])
    assert lore_block([topic.text for topic in topics]) in dialogue.messages[0].content
    assert topics[0].sentence("2 feet") in dialogue.messages[-1].content


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two.", ["One.", "Two."]),
        ("It opens at 3:14. He said 2.5 is enough!", ["It opens at 3:14.", "He said 2.5 is enough!"]),
        ("Only one", ["Only one"]),
    ],
)
def test_sentences(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


@pytest.mark.parametrize(("text", "is_it"), [("I am.", True), ("My hat!", True), ("In Italy.", False), ("Me?", True)])
def test_first_person(text: str, is_it: bool) -> None:
    assert first_person(text) is is_it


def test_the_bundled_pack_gives_good_dialogues() -> None:
    pack, cast = load_cast(Path(PACK))
    report = inspect(list(DialogueMaker(pack, cast, seed=5).dialogues(300)))
    assert report.problems == ()
    assert report.first_person_share > 0.6
    assert 8 < report.mean_reply_words < 40
