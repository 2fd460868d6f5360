"""The month of `bench.memory_recall`: that its questions ask what they say, and that its two halves share nothing."""

from __future__ import annotations

from collections import Counter

from bench.memory_month import Month, Wordings, may_know


def test_the_wordings_that_figures_are_of_are_none_that_rules_were_chosen_on() -> None:
    def sentences(words: Wordings) -> set[str]:
        forms = [*words.personal.values(), *words.shared.values()]
        told = {text for form in forms for text in (*form.said, *form.changed, *form.own, *form.other)}
        return told | set(words.chatter) | set(words.idle_questions)

    assert sentences(Wordings(held_out=True)).isdisjoint(sentences(Wordings(held_out=False)))


def test_a_third_of_the_questions_have_no_answer_and_the_others_one_that_the_asker_may_know() -> None:
    month = Month(5, held_out=True, per_day=1)
    again = Month(5, held_out=True, per_day=1)
    assert [line.content for line in month.lines] == [line.content for line in again.lines]
    assert len([channel for channel in month.channels if channel.guild]) == 20
    facts = {own: fact for fact in month.facts for version in fact.versions for own in version}
    asked = list(month.questions(300))
    assert len(asked) == 300
    assert 90 <= sum(not one.right for one in asked) <= 120
    assert len(Counter(one.case for one in asked)) == 8
    for one in asked:
        assert all(may_know(facts[own], one.message) for own in one.right | one.stale)
        assert one.right.isdisjoint(one.stale)
        if one.case == "updated":
            assert one.stale
