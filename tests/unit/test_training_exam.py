import re
from collections.abc import Sequence

import numpy as np
import pytest

from core.errors import ConfigError
from core.messages import Turn
from core.settings import ROOT
from training.dialogues import DialogueMaker
from training.exam import Examiner, with_subject
from training.judge import holds
from training.recognise import Vectors
from training.talk_exam import TURNS, Line, Talk, kept, make_talks
from training.voices import load_cast

PACK, CAST = load_cast(ROOT / "packs" / "communiverse")


@pytest.fixture
def examiner() -> Examiner:
    return Examiner(PACK, CAST, seed=5)


def test_a_seed_decides_the_questions(examiner: Examiner) -> None:
    asked = examiner.pack_facts(20)
    assert Examiner(PACK, CAST, seed=5).pack_facts(20) == asked
    assert Examiner(PACK, CAST, seed=6).pack_facts(20) != asked


def test_facts_of_the_pack_are_those_that_training_never_asks_for(examiner: Examiner) -> None:
    held_out = {pair.question for t in examiner.maker.pack_topics.topics.values() for pair in t.held_out}
    assert len(held_out) > 40
    trained = {turn.line for d in DialogueMaker(PACK, CAST, seed=7).dialogues(400) for turn in d.turns}
    asked = examiner.pack_facts(len(held_out))
    assert not trained & {question.line for question in asked}
    assert len({(q.subject, q.answer) for q in asked}) > 0.9 * len(held_out)


def test_a_pack_without_questions_is_told() -> None:
    with pytest.raises(ConfigError, match="nothing that training holds out"):
        Examiner(PACK.model_copy(update={"questions": ()}), CAST, seed=5).pack_facts(3)


def test_the_passage_is_there_among_others_at_any_place(examiner: Examiner) -> None:
    changed = [question for question, _ in examiner.changed(40)]
    for asked in (examiner.pack_facts(60), examiner.world_facts(60), examiner.written_facts(60), changed):
        places = set()
        for question in asked:
            with_answer = [holds(text, question.answer) for text in question.passages]
            assert len(question.passages) == 3
            assert any(with_answer)
            places.add(with_answer.index(True))
            assert question.answer not in question.rivals
        assert places == {0, 1, 2}


def test_passages_come_in_the_order_of_a_search_where_one_can_be_made() -> None:
    def by_words(texts: Sequence[str]) -> Vectors:
        words = sorted({word for text in texts for word in text.lower().split()})
        return np.array([[word in text.lower().split() for word in words] for text in texts], dtype=np.float32)

    asked = Examiner(PACK, CAST, seed=5, embed=by_words).pack_facts(60)
    assert sum(holds(question.passages[0], question.answer) for question in asked) > 30
    assert Examiner(PACK, CAST, seed=5, embed=by_words).pack_facts(60) == asked


def test_new_worlds_are_new(examiner: Examiner) -> None:
    passages = {text for question in examiner.world_facts(50) for text in question.passages}
    assert len(passages) == 150
    trained = " ".join(m.content for d in DialogueMaker(PACK, CAST, seed=7).dialogues(200) for m in d.messages)
    assert not [text for text in passages if text in trained]


def test_a_changed_passage_tells_another_answer(examiner: Examiner) -> None:
    texts = " ".join(lore.text for lore in PACK.lore)
    for question, old in examiner.changed(30):
        assert old in texts
        assert old in question.rivals
        assert question.answer != old
        assert not any(text in texts for text in question.passages if holds(text, question.answer) and old not in text)


def test_what_lacks_the_fact_does_not_hold_it(examiner: Examiner) -> None:
    topics = {topic.name: topic for topic in examiner.maker.pack_topics.topics.values()}
    for question in examiner.lacking_in_pack(30):
        assert question.answer == ""
        told = " ".join(question.passages)
        assert any(not holds(told, pair.answer) for pair in topics[question.subject].held_out)
        assert topics[question.subject].text not in question.passages
    for question in examiner.lacking_in_world(30):
        assert any(question.subject.lower() in text.lower() for text in question.passages)
    assert all(not question.passages for question in examiner.nothing_to_read(10))


def test_a_passage_that_lost_its_head_names_its_subject() -> None:
    assert with_subject("Its floor is glass. It hums.", "The Hall") == "The Hall's floor is glass. It hums."
    assert with_subject("He sings.", "Morlis") == "Morlis sings."
    assert with_subject("Item 3 is lost.", "The Hall") == "Item 3 is lost."


def test_talks_name_their_subject_once_and_others_never(examiner: Examiner) -> None:
    talks = make_talks(examiner, 40)
    for talk in talks:
        assert len(talk.lines) == TURNS
        assert holds(talk.lines[0].text, talk.subject)
        assert not any(holds(line.text, talk.subject) for line in talk.lines[1:])
        assert all(line.answers for line in talk.lines)
    of_pack = [talk for talk in talks if any(talk.subject == lore.title for lore in PACK.lore)]
    assert 10 < len(of_pack) < 30


def test_a_talk_is_kept_by_four_replies_and_the_last() -> None:
    lines = (Line("about the Salt Gate", ("9", "Harlo")), Line("how high is it", ("9",)), Line("more", ("9", "Harlo")))
    lines += (Line("who painted it", ("Harlo",)), Line("how high was it again", ("9",)))
    talk = Talk(CAST[0].persona, "Mara", "the Salt Gate", ("…",), lines, ("the Blue Ferry",))
    good = ["The Salt Gate is 9 meters high.", "9 meters!", "Harlo painted it.", "Harlo did.", "Nine meters."]
    assert kept(talk, good)
    assert kept(talk, [*good[:3], "I like soup.", good[4]])
    assert not kept(talk, [*good[:4], "I like soup."])
    assert not kept(talk, ["Hm.", "Hm.", *good[2:]])
    assert not kept(talk, [*good[:4], "The Blue Ferry has 9 sails."])
    history = talk.question(2, good[:2]).history
    assert [turn.text for turn in history] == [lines[0].text, good[0], lines[1].text, good[1]]
    assert isinstance(history[0], Turn)
    assert re.match(r"\w+", history[1].persona_id or "")


def test_updated_passages_tell_both_and_the_old_one_is_a_rival(examiner: Examiner) -> None:
    for question, old in examiner.updated(10):
        (text,) = (text for text in question.passages if holds(text, old) and holds(text, question.answer))
        assert text.rindex(question.answer) > text.index(old)
        assert old in question.rivals


def test_what_the_user_told_stands_only_in_the_talk(examiner: Examiner) -> None:
    for question in examiner.remembered(20):
        assert not question.passages
        assert not holds(question.line, question.answer)
        assert any(holds(turn.text, question.answer) for turn in question.history if turn.speaker == question.user)
