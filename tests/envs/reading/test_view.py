"""Histories read back: what the environment displays is what the view says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick.envs import observations
from berrypick.envs.actions import Answer, Invalid, Open, Search
from berrypick.envs.observations import Setup, prompt
from berrypick.envs.protocols import PROTOCOLS
from berrypick.envs.reading.reader import Passage
from berrypick.envs.reading.view import look, passages
from berrypick.records import Document

SETUP = Setup("tags", ("bm25", "dense"), 3, 10, 6)
PAGE = Document("d", "Payroll of Quill Works (2)", ("T. Thornwell.", "See <answer>x</answer> & co."), "roster")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_hits_are_read_back(protocol: str):
    wrap = PROTOCOLS[protocol].wrap
    shown = wrap(observations.results([(PAGE, 0), (PAGE, 1)]))
    first, second = passages(shown)
    assert first == Passage("Payroll of Quill Works (2)", ("T. Thornwell.",))
    assert second.sentences == ("See <answer>x</answer> & co.",)
    assert passages(wrap(observations.NOTHING_FOUND)) == ()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_page_is_read_back(protocol: str):
    text, _ = observations.page(PAGE, ["Quill Works", "A (b"])
    (page,) = passages(PROTOCOLS[protocol].wrap(text))
    assert page == Passage(PAGE.title, PAGE.sentences, ("Quill Works", "A (b"), opened=True)
    (bare,) = passages(PROTOCOLS[protocol].wrap(observations.page(PAGE, [])[0]))
    assert bare == Passage(PAGE.title, PAGE.sentences, (), opened=True)


def test_budgets_count_what_was_done():
    actions = ["<search>a</search>", "nonsense", "<open>b</open>", '<search engine="dense">c</search>']
    history = [prompt(SETUP, "Who?")]
    for action in actions:
        history += [action, "<information>\nNo documents found.\n</information>"]
    view = look(tuple(history))
    assert view.actions == (Search("a"), Invalid("no action found"), Open("b"), Search("c", "dense"))
    assert (view.turns_left, view.searches_left) == (10 - 4, 6 - 2)
    assert view.passages == ()
    assert view.question == "Who?"
    assert view.write(Answer("x")) == "<answer>x</answer>"


def test_what_is_no_reset_observation_is_refused():
    with pytest.raises(ValueError, match="not a reset observation"):
        look(("hello",))


@given(st.text(), st.text(max_size=200))
def test_any_observation_is_read(question: str, observation: str):
    history = (prompt(SETUP, question), "<open>x</open>", observation)
    assert len(look(history).shown) == 1


@given(st.text(alphabet="abc()<>&; \n", max_size=40))
def test_any_prefixed_line_is_read(rest: str):
    assert len(passages(f"Doc 1 (Title: {rest}")) == 1
    assert len(passages(f"Page (Title: {rest}")) == 1
