from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick.corpora.store import Corpus
from berrypick.envs.actions import Answer, Search
from berrypick.envs.scoring.rewards import REWARDS, cost_aware, evidence, exact_match, f1, match, token_f1
from berrypick.envs.scoring.trace import Trace, Turn
from berrypick.errors import BadInput
from berrypick.records import Question

ACCEPTED = ("Maud Ellery", "M. Ellery")


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Maud Ellery", True),
        ("M. Ellery", True),
        ("  the MAUD   ellery!! ", True),
        ("m ellery", True),  # SQuAD drops punctuation
        ("Maud-Ellery", False),  # "maudellery"
        ("Ellery", False),
        ("Maud", False),
        ("Maud Ellery of Quillport", False),
        ("Maud Ellery or Osric Penn or Corin Vale", False),
        ("Maud Ellery, M. Ellery", False),
        ("It is Maud Ellery", False),
        ("Maud Ellery " * 10_000, False),
        ("x" * 1_000_000, False),
        ("garbage", False),
        ("", False),
        ("the", False),
        ("?!", False),
        (None, False),
    ],
)
def test_match(answer: str | None, right: bool):
    assert match(answer, ACCEPTED) is right


def test_answers_that_normalisation_empties_match_themselves_only():
    assert match("the", ("The",)) and match(" A ", ("A",)) and match("!", ("!",))
    assert not match("a", ("The",)) and not match("", ("The",)) and not match("", ("",)) and not match(None, ("",))
    assert not match("?", ("!",))


def test_no_accepted_answer_is_never_matched():
    assert not match("x", ()) and token_f1("x", ()) == 0.0


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("Maud Ellery", 1.0),
        ("Ellery", 2 / 3),  # with either form: 2 * 1 / (1 + 2)
        ("Maud Ellery of Quillport", 2 * 2 / (4 + 2)),
        ("Maud Ellery or Osric Penn", 2 * 2 / (5 + 2)),
        ("Maud Maud Maud", 2 * 1 / (3 + 2)),  # a token is credited as often as it is accepted
        ("the Ellery Maud", 1.0),
        ("Quillport", 0.0),
        ("", 0.0),
        ("the", 0.0),
        (None, 0.0),
    ],
)
def test_token_f1(answer: str | None, value: float):
    assert token_f1(answer, ACCEPTED) == pytest.approx(value)


@given(st.text(), st.lists(st.text(), max_size=4))
def test_a_match_has_f1_one_and_f1_is_a_share(answer: str, accepted: list[str]):
    value = token_f1(answer, accepted)
    assert 0.0 <= value <= 1.0
    if match(answer, accepted):
        assert value == 1.0


def played(corpus: Corpus, name: str, answer: str | None, *shown: tuple[tuple[int, int], ...]) -> Trace:
    question = corpus.question_by_id[name]
    trace = Trace(corpus, question, "")
    trace.turns += [Turn("", Search("q"), "bm25", 3, (), (), spots, True, "") for spots in shown]
    if answer is not None:
        trace.turns.append(Turn("", Answer(answer), "", 0, (), (), (), True, ""))
        trace.answer, trace.terminated = answer, True
    return trace


def test_the_table():
    assert {"exact_match", "f1", "cost_aware", "evidence"} <= set(REWARDS)


def test_exact_match_and_f1_score_the_parsed_answer_alone(toy_corpus: Corpus):
    trace = played(toy_corpus, "q2", "Ellery", ())
    trace.turns[0] = Turn("Maud Ellery", Search("Maud Ellery"), "bm25", 3, (), (), (), True, "Maud Ellery")
    assert exact_match(trace, trace.question) == 0.0
    assert f1(trace, trace.question) == pytest.approx(2 / 3)
    assert exact_match(played(toy_corpus, "q2", None, ()), trace.question) == 0.0


def test_cost_aware_by_hand(toy_corpus: Corpus):
    question = toy_corpus.question_by_id["q2"]
    # one turn before the answer: 1 - 0.05; ten and more: 1 - 0.5; wrong or unanswered: 0
    assert cost_aware(played(toy_corpus, "q2", "m ellery"), question) == 1.0
    assert cost_aware(played(toy_corpus, "q2", "m ellery", ()), question) == pytest.approx(0.95)
    assert cost_aware(played(toy_corpus, "q2", "m ellery", *[()] * 10), question) == pytest.approx(0.5)
    assert cost_aware(played(toy_corpus, "q2", "m ellery", *[()] * 30), question) == pytest.approx(0.5)
    assert cost_aware(played(toy_corpus, "q2", "x", ()), question) == 0.0
    assert cost_aware(played(toy_corpus, "q2", None, ()), question) == 0.0


def test_evidence_by_hand(toy_corpus: Corpus):
    question, at = toy_corpus.question_by_id["q2"], toy_corpus.position
    based, governed = (at["p3"], 0), (at["p4"], 0)
    # mean of EM and share of the two hops
    assert evidence(played(toy_corpus, "q2", "Maud Ellery", (based,), (governed,)), question) == 1.0
    assert evidence(played(toy_corpus, "q2", "Maud Ellery", (based,)), question) == pytest.approx((1 + 0.5) / 2)
    assert evidence(played(toy_corpus, "q2", None, (based, governed)), question) == pytest.approx((0 + 1) / 2)
    assert evidence(played(toy_corpus, "q2", "x", ()), question) == 0.0


def test_evidence_leaves_out_what_is_unknown_and_refuses_to_invent(toy_corpus: Corpus):
    trace = played(toy_corpus, "q2", "Maud Ellery", ((toy_corpus.position["p3"], 0),))
    hops = trace.question.gold
    assert evidence(trace, Question("q", "?", "f", (), hops)) == 0.5
    assert evidence(trace, Question("q", "?", "f", ("Maud Ellery",), ())) == 1.0
    with pytest.raises(ValueError, match="no reward is defined"):
        evidence(trace, Question("q", "?", "f", (), ()))


@pytest.mark.parametrize("name", ["exact_match", "f1", "cost_aware"])
def test_a_question_without_answers_has_no_such_reward(name: str, toy_corpus: Corpus):
    # Relevance sets (BEIR) know documents, not answers: 0.0 would be a broken reward that passes for a wrong answer.
    unanswered = Question("q", "What?", "adhoc", (), toy_corpus.questions[0].gold)
    with pytest.raises(BadInput, match="use reward='evidence'"):
        REWARDS[name](Trace(toy_corpus, unanswered, "", answer="x"), unanswered)
