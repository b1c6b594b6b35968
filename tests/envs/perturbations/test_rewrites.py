"""The same question in other words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from berrypick import corpora
from berrypick.corpora.builders.almanac.grammar import parse_question
from berrypick.corpora.builders.almanac.lexicon import ALIAS_ASKS, BOTH_FRAMES, FRAMES, ORDERS, RELATIONS
from berrypick.corpora.store import Corpus
from berrypick.envs.perturbations.rewrites import renamed, reworded
from berrypick.errors import BadInput


@pytest.fixture(scope="module")
def tiny() -> Corpus:
    return corpora.load("almanac-tiny", "test", 0)


def test_full_names_become_bynames_and_nothing_else_changes(toy_corpus: Corpus):
    question = renamed(toy_corpus.question_by_id["q1"], toy_corpus)
    assert question.text == "In which city is the company where the Lantern Poet works based?"
    before = toy_corpus.question_by_id["q1"]
    assert (question.id, question.answers, question.gold) == (before.id, before.answers, before.gold)


def test_who_has_no_byname_keeps_the_name(toy_corpus: Corpus):
    """Northern Halvard Foundry has none; q3 calls its subject by byname already."""
    for id in ("q2", "q3"):
        assert renamed(toy_corpus.question_by_id[id], toy_corpus) == toy_corpus.question_by_id[id]


def test_no_full_name_is_left_in_almanac(tiny: Corpus):
    full = [entity.full for entity in tiny.entities]
    changed = 0
    for question in tiny.questions:
        text = renamed(question, tiny).text
        assert [name for name in full if name in text] == []
        changed += text != question.text
        assert (parse_question(text) is None) == (parse_question(question.text) is None)
    assert changed == sum(question.family != "alias" for question in tiny.questions) > 0


def test_countries_are_called_by_their_official_names():
    factbook = corpora.load("factbook")
    question = next(question for question in factbook.questions if "Algeria" in question.text)
    assert "People's Democratic Republic of Algeria" in renamed(question, factbook).text


def test_a_corpus_without_bynames_says_so(toy_corpus: Corpus):
    nameless = replace(toy_corpus, entities=[])
    with pytest.raises(BadInput, match="toy knows no bynames; leave 'renamed' out"):
        renamed(nameless.questions[0], nameless)


def test_held_out_wordings_ask_for_the_same_thing(tiny: Corpus):
    """Parsed back, the plan is the same; no wording of the ordinary splits is left around it."""
    held_out = [words for row in RELATIONS.values() for asks in (row.asks, row.asks_inverse) for words in asks[-2:]]
    ordinary = {words for row in RELATIONS.values() for asks in (row.asks, row.asks_inverse) for words in asks[:-2]}
    frames = [frame.partition("{")[0] for frame in (*FRAMES[-2:], *BOTH_FRAMES[-2:])]
    for question in tiny.questions:
        text = reworded(question, tiny).text
        assert text != question.text and text.startswith(tuple(frames))
        assert parse_question(text) == parse_question(question.text), text
    assert held_out and not ordinary & set(held_out)
    texts = [reworded(question, tiny).text for question in tiny.questions]
    assert not any(ask.format(x="the") in text for text in texts for ask in ALIAS_ASKS[:-2])
    assert not any(
        order.partition("{")[0] in text for text in texts for orders in ORDERS.values() for order in orders[:-2]
    )


def test_rewording_is_a_function_of_the_question(tiny: Corpus):
    question = tiny.questions[0]
    assert reworded(question, tiny) == reworded(question, tiny)


def test_other_wordings_than_the_corpus_has_are_refused(toy_corpus: Corpus):
    with pytest.raises(BadInput, match="toy has no held-out paraphrase of question 'q1'"):
        reworded(toy_corpus.question_by_id["q1"], toy_corpus)
