import random
import re

import pytest

from core.settings import ROOT
from training.admits import admits
from training.judge import first_person, holds
from training.phrases import forms, load_phrases
from training.quiz import riddle, trivia
from training.talk_grammar import expand, fresh, load_talks
from training.talks import TIERS, TalkMaker, persona_weights, picture
from training.voices import load_cast, random_voice

PACK, CAST = load_cast(ROOT / "packs" / "communiverse")
KINDS = sorted(TalkMaker().kinds)


def typed(line: str) -> str:
    return " ".join(re.findall(r"[a-z0-9']+", line.lower()))


@pytest.mark.parametrize("held_out", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_talks_of_every_kind_are_whole(kind: str, held_out: bool) -> None:
    rng = random.Random(f"{kind} {held_out}")
    maker = TalkMaker(held_out=held_out)
    for number in range(120):
        voice = random_voice(rng) if number % 5 == 0 else rng.choice(CAST)
        talk = maker.talk(rng, voice, "Mara", kind)
        assert 1 <= len(talk) <= 5
        for turn in talk:
            assert turn.talk == kind
            assert turn.line.strip()
            assert not re.search(r"[{}<>|]", turn.line + turn.reply), turn
            assert turn.answer.lower() in turn.reply.lower()
            assert 3 <= len(turn.reply.split()) <= 50, turn
            assert admits(turn.reply) == (turn.kind == "unknown"), turn


def test_talk_is_decided_by_the_seed_and_varies() -> None:
    def talks(seed: int) -> list[object]:
        rng, maker = random.Random(seed), TalkMaker()
        return [maker.talk(rng, CAST[0], "Mara") for _ in range(300)]

    assert talks(1) == talks(1)
    assert len({str(talk) for talk in talks(1)}) > 295


def test_most_replies_are_in_the_first_person() -> None:
    rng, maker = random.Random(3), TalkMaker()
    replies = [turn.reply for _ in range(600) for turn in maker.talk(rng, rng.choice(CAST), "Mara")]
    assert sum(map(first_person, replies)) / len(replies) > 0.95


def test_wordings_to_measure_with_are_never_trained_on() -> None:
    def lines(*, held_out: bool) -> set[str]:
        rng, maker = random.Random(4), TalkMaker(held_out=held_out)
        return {typed(t.line) for _ in range(1500) for t in maker.talk(rng, rng.choice(CAST), "Mara")}

    assert not lines(held_out=False) & lines(held_out=True)


def test_an_exchange_has_wordings_for_both_uses_and_replies() -> None:
    for name, exchange in load_talks()["exchanges"].items():
        assert exchange["say"], name
        assert exchange["held_out"], name
        assert not set(exchange["say"]) & set(exchange["held_out"]), name
        assert exchange.keys() - {"say", "held_out"}, name


def test_no_wording_to_measure_with_is_among_all_that_training_can_say() -> None:
    intents, exchanges = load_phrases().intents.values(), load_talks()["exchanges"].values()
    facts = load_talks()["facts"]
    said = [line for intent in intents for line in intent.say]
    said += [line for exchange in exchanges for line in exchange["say"]]
    said += [line for fact in facts for line in (*fact["tell"], *fact["ask"])]
    kept = [line for intent in intents for line in intent.held_out]
    kept += [line for exchange in exchanges for line in exchange["held_out"]]
    kept += [line for fact in facts for line in (*fact["held_out"], *fact["ask_held_out"])]
    assert not {typed(form) for line in said for form in forms(line)} & set(map(typed, kept))


def test_five_turns_keep_their_subject() -> None:
    rng, maker = random.Random(5), TalkMaker()
    for _ in range(60):
        talk = maker.subject(rng, rng.choice(CAST), "Mara")
        topic = talk[0].answer
        assert len(talk) == 5
        assert topic.lower() in talk[0].line.lower()
        assert not any(topic.lower() in turn.line.lower() for turn in talk[1:])
        assert all(holds(turn.reply, topic) for turn in talk)


def test_what_is_asked_for_was_told_before() -> None:
    rng, maker = random.Random(6), TalkMaker()
    asked = 0
    for _ in range(200):
        talk = maker.memory(rng, rng.choice(CAST), "Mara")
        told = [turn.answer.lower() for turn in talk if turn.answer and turn.answer.lower() in turn.line.lower()]
        questions = [turn for turn in talk if turn.answer and turn.answer.lower() not in turn.line.lower()]
        assert all(turn.answer.lower() in told for turn in questions)
        asked += len(questions)
    assert asked > 150


@pytest.mark.parametrize("kind", ["trivia", "riddle"])
def test_a_guess_is_judged_by_the_answer(kind: str) -> None:
    rng, maker = random.Random(7), TalkMaker()
    rights = 0
    for _ in range(150):
        last = maker.talk(rng, CAST[0], "Mara", kind)[-1]
        right = typed(last.answer) in typed(last.line)
        says_wrong = re.search(r"\b(No|Not|Nearly)\b", last.reply)
        assert not (right and says_wrong), last
        rights += right
    assert 40 < rights < 120


def test_trivia_names_its_answer_and_wrong_ones() -> None:
    rng = random.Random(8)
    for _ in range(300):
        quiz = trivia(rng)
        assert quiz.answer not in quiz.wrong
        for option in (quiz.answer, *quiz.wrong):
            assert option.lower() in quiz.question.lower()
        assert quiz.answer not in quiz.hint.split()


def test_trivia_knows_its_sums() -> None:
    rng = random.Random(9)
    sums = [
        (m, q.answer)
        for q in (trivia(rng) for _ in range(300))
        if (m := re.match(r"What is (\d+) plus (\d+)", q.question))
    ]
    assert sums
    assert all(int(m[1]) + int(m[2]) == int(answer) for m, answer in sums)


def test_riddles_are_many_and_do_not_tell_their_answers() -> None:
    riddles = load_talks()["riddles"]
    assert len({question for question, _, _ in riddles}) >= 25
    assert len({answer for _, answer, _ in riddles}) == len(riddles)
    for question, answer, hint in riddles:
        word = answer.split()[-1]
        assert word not in f"{question} {hint}".lower().split(), answer
    assert riddle(random.Random(1)).answer not in riddle(random.Random(1)).wrong


def test_a_story_keeps_its_hero() -> None:
    rng, maker = random.Random(10), TalkMaker()
    for _ in range(60):
        talk = maker.story(rng, rng.choice(CAST), "Mara")
        hero = talk[1].answer
        assert all(hero in turn.reply for turn in talk)


def test_a_summary_holds_who_said_what() -> None:
    rng, maker = random.Random(11), TalkMaker()
    for _ in range(60):
        (turn,) = maker.summary(rng, rng.choice(CAST), "Mara")
        speakers = re.findall(r"^(\w+): ", turn.line, re.MULTILINE)
        assert len(speakers) >= 2
        assert all(speaker in turn.reply for speaker in speakers)


def test_a_picture_is_named_in_the_reply() -> None:
    rng, maker = random.Random(12), TalkMaker()
    for _ in range(60):
        first = maker.picture(rng, rng.choice(CAST), "Mara")[0]
        shown = re.search(r"\[picture: (.+)\]", first.line)
        assert shown
        assert shown[1].lower() in first.reply.lower()
    assert len({picture(rng) for _ in range(300)}) > 250


def test_nobody_jokes_with_who_wants_to_harm_themselves() -> None:
    plain = set(load_talks()["exchanges"]["harm_me"]["reply"])
    rng, maker = random.Random(13), TalkMaker()
    talks = [maker.refusal(rng, rng.choice(CAST), "Mara") for _ in range(600)]
    about = [talk for talk in talks if re.search("hurt myself|want to die", talk[0].line.lower())]
    assert about
    assert all(len(talk) == 1 and talk[0].reply in plain for talk in about)


def test_slots_drawn_once_stay_the_same() -> None:
    values = {"topic": "rain"}
    line = expand(random.Random(1), "<I|We> like {topic}. {Topic} and {animal}, {animal}.", values)
    assert re.fullmatch(rf"(I|We) like rain\. Rain and {values['animal']}, {values['animal']}\.", line)
    fresh(random.Random(1), "{color}", values)
    assert "color" not in values
    with pytest.raises(KeyError):
        expand(random.Random(1), "{nothing}", {})


def test_leading_personas_speak_more_often_and_none_is_silent() -> None:
    weights = dict(zip([p.id for p in PACK.personas], persona_weights(PACK), strict=True))
    assert weights[PACK.default_persona] == max(TIERS)
    assert set(weights.values()) == set(TIERS)
