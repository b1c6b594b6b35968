"""Which tokens are planning: p, or not: x, a letter a token."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from berrypick.agents.training.text.ngrams import Gram, strategic_tokens
from berrypick.agents.training.text.token_labels import Labels, label_all
from berrypick.corpora.store import Corpus
from berrypick.envs.actions import Action, Answer, Open, Search
from berrypick.envs.scoring.trace import Trace, Turn

SEARCH, OPEN, ANSWER = Search("", None, None), Open(""), Answer("")


def episode(corpus: Corpus, *turns: tuple[str, Action]) -> Trace:
    """An episode that is asked where the company of Tessa Thornwell is; each turn shows document b1."""
    b1 = corpus.position["b1"]
    made = [Turn(raw, action, "", 0, (b1,), (0.0,), ((b1, 0),), True, "") for raw, action in turns]
    return Trace(corpus, corpus.questions[0], "", made)


def labels(corpus: Corpus, *turns: tuple[str, Action], protocol: str = "tags") -> Labels:
    """Labels of every character of some turns."""
    trace = episode(corpus, *turns)
    (found,) = label_all([trace], [[range(len(turn.raw)) for turn in trace.turns]], protocol)
    return found


def strategic(corpus: Corpus, text: str, ngrams: frozenset[Gram], action: Action = SEARCH, protocol: str = "tags"):
    """Whether each character of an action is within an n-gram."""
    trace = episode(corpus, (text, action))
    return strategic_tokens(trace, [range(len(text))], protocol, ngrams)


def letters(flags: Sequence[int]) -> str:
    return "".join("xp"[flag] for flag in flags)


@pytest.mark.parametrize(
    ("text", "action", "expected"),
    [
        # Tags and relations plan; a name of the question does not, and a blank is what comes after it.
        ('<search engine="bm25">Tessa Thornwell works</search>', SEARCH, "p" * 22 + "x" * 15 + "p" * 15),
        ("<search>city of Thornwell</search>", SEARCH, "p" * 8 + "p" * 4 + "x" * 13 + "p" * 9),
        # A word without content goes with the next one.
        ("<search>the city</search>", SEARCH, "p" * 25),
        # Names are names in thoughts too.
        (
            "<think>try Tessa</think><answer>Quillport</answer>",
            ANSWER,
            "p" * 10 + "x" * 6 + "p" * 16 + "x" * 9 + "p" * 9,
        ),
        # A title is a name, whatever its words are.
        ("<open>city works</open>", OPEN, "p" * 6 + "x" * 10 + "p" * 7),
        # What has no word in it is no name.
        ("<search>.</search>", SEARCH, "p" * 18),
        ("", SEARCH, ""),
    ],
)
def test_by_hand(toy_corpus: Corpus, text: str, action: Action, expected: str):
    expected = expected.ljust(len(text), "?")
    found = letters(labels(toy_corpus, (text, action)).planning)
    # A blank has the label of what follows it.
    for place in range(len(text) - 1, -1, -1):
        if text[place].isspace():
            expected = expected[:place] + expected[place + 1] + expected[place + 1 :]
    assert found == expected


def test_a_name_is_one_from_when_it_is_displayed(toy_corpus: Corpus):
    """The Lantern Poet is no name of the question; document b1 shows it with the first turn."""
    text = "<search>lantern</search>"
    found = letters(labels(toy_corpus, (text, SEARCH), (text, SEARCH)).planning)
    assert found == "p" * 24 + "p" * 8 + "x" * 7 + "p" * 9


def test_calls_plan_but_for_their_names_and_answers(toy_corpus: Corpus):
    head, name, rest, tail = '{"name": "search", "arguments": {"query": "', "Tessa ", "works", '"}}'
    found = letters(labels(toy_corpus, (head + name + rest + tail, SEARCH), protocol="tools").planning)
    assert found == "p" * len(head) + "x" * 5 + "p" * 6 + "p" * len(tail)


def test_words_within_grams_and_nothing_else(toy_corpus: Corpus):
    text = "<search>Tessa works as what now</search>"
    found = strategic(toy_corpus, text, frozenset({("works", "as", "what")}))
    # A blank is labelled as what follows it: " works as what" is within, " now" is not.
    assert letters(found) == "x" * 13 + "p" * 14 + "x" * 13 and len(found) == len(text)


def test_a_gram_does_not_reach_from_one_thing_into_another(toy_corpus: Corpus):
    text = "<think>works as</think><search>what now</search>"
    assert not any(strategic(toy_corpus, text, frozenset({("works", "as", "what")})))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["<think>", "</think>", "<search>", "</search>", "<open>", " ", ".", "Tessa", "the", "\u2019"])
    ),
    st.sampled_from(["tags", "tools"]),
    st.sampled_from([SEARCH, OPEN, ANSWER]),
)
def test_whatever_is_written_has_a_label_each(toy_corpus: Corpus, parts: list[str], protocol: str, action: Action):
    text = "".join(parts)
    found = labels(toy_corpus, (text, action), protocol=protocol)
    assert len(found.kind) == len(found.planning) == len(text)
    assert strategic(toy_corpus, text, frozenset(), action, protocol) == [False] * len(text)
