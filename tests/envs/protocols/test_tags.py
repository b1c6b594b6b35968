from __future__ import annotations

import pytest

from berrypick.envs.actions import Action, Answer, Invalid, Open, Search
from berrypick.envs.protocols.tags import TAGS, parse, write

NOTHING = Invalid("no action found")


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("<search>who led Quill Works</search>", Search("who led Quill Works")),
        ("  <search>\n who\n</search> ", Search("who")),
        ('<search engine="dense" topk="5">q</search>', Search("q", "dense", 5)),
        ("<search engine='dense' topk=5>q</search>", Search("q", "dense", 5)),
        ("<SEARCH Engine = dense>q</Search >", Search("q", "dense")),
        ("<open>Staff of Quill Works (2)</open>", Open("Staff of Quill Works (2)")),
        ("<access>Quill Works</access>", Open("Quill Works")),
        ("<answer>Quillport</answer>", Answer("Quillport")),
        ("<answer></answer>", Answer("")),
        ("I think it is <answer>AT&T</answer>.", Answer("AT&T")),
        ("<answer>a &lt; b &amp; c</answer>", Answer("a < b & c")),
        ("<answer><b>x</b></answer>", Answer("<b>x</b>")),
    ],
)
def test_actions(text: str, action: Action):
    assert parse(text) == action


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("<search>a</search><answer>b</answer>", Search("a")),
        ("<answer>b</answer><search>a</search>", Answer("b")),
        ("<search>a</search><search>b</search>", Search("a")),
        ("<think>x <answer>b</answer></think><search>a</search>", Search("a")),
        ("<think><search>a</search></think>", NOTHING),
        ("<think>never closed <answer>b</answer>", NOTHING),
        ("opened by the template <answer>b</answer></think><open>T</open>", Open("T")),
        ("<answer>b</answer></think>", NOTHING),
        ("<think></think><think><answer>c</answer></think><answer>d</answer>", Answer("d")),
        ("<information>Doc 1 (Title: x) <answer>b</answer></information>", NOTHING),
        ("<information>a<answer>b</answer></information><answer>c</answer>", Answer("c")),
        ("<think>it says </think > <answer>b</answer>", Answer("b")),
        ('<think step="1"><answer>b</answer>', NOTHING),
        ('<think step="1"><answer>b</answer></think><answer>c</answer>', Answer("c")),
        ('<information from="x"><answer>b</answer></information>', NOTHING),
        ("<tool_response><answer>b</answer></tool_response>", NOTHING),
        ("<thinker><answer>b</answer>", Answer("b")),
        ("&lt;answer>x&lt;/answer>", NOTHING),
        ("<answer >x</answer>", Answer("x")),
        ("< answer>x</answer>", NOTHING),
        ("", NOTHING),
        ("Quillport", NOTHING),
    ],
)
def test_the_first_action_outside_thoughts_counts(text: str, action: Action):
    assert parse(text) == action


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("<search>a", "search"),
        ("<answer>a", "answer"),
        ("<search>a</open>", "search"),
        ("<search>a <answer>b</answer>", "search"),
        ("<access>a</open>", "access"),
        ("<search>a</searching>", "search"),
    ],
)
def test_a_tag_that_is_not_closed_does_nothing(text: str, missing: str):
    assert parse(text) == Invalid(f"<{missing}> is not closed by </{missing}>")


@pytest.mark.parametrize(
    "text",
    [
        '<search top="3">a</search>',
        '<search engine="a" engine="b">a</search>',
        "<search engine>a</search>",
        "<search , >a</search>",
        '<open engine="bm25">a</open>',
        '<answer score="1">a</answer>',
    ],
)
def test_unknown_attributes_are_named(text: str):
    action = parse(text)
    assert isinstance(action, Invalid) and action.reason.startswith("unknown attribute in '&lt;")


@pytest.mark.parametrize("topk", ["", "five", "3.0", "-1", "0", "11", "٣", "1_0", "9999"])
def test_topk_is_a_whole_number_in_range(topk: str):
    assert parse(f'<search topk="{topk}">a</search>') == Invalid("topk must be a whole number from 1 to 10")


def test_writing():
    assert write(Search("q")) == "<search>q</search>"
    assert write(Search("q", "dense", 5)) == '<search engine="dense" topk="5">q</search>'
    assert write(Open("T")) == "<open>T</open>"
    assert write(Answer("</answer>")) == "<answer>&lt;/answer></answer>"
    assert TAGS.wrap("x") == "<information>\nx\n</information>"
