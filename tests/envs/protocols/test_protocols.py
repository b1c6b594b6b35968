"""What every protocol promises, over the table."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from berrypick.envs.actions import Action, Answer, Invalid, Open, Search
from berrypick.envs.protocols import (
    ACTION_LIMIT,
    PROTOCOLS,
    QUERY_LIMIT,
    TOPK_LIMIT,
    encodable,
    escape,
    first_spoken,
    outside_thoughts,
    quote,
    unescape,
)

#: Every Unicode string, lone surrogates too.
ANY = st.text(st.characters())
PIECES = st.sampled_from(
    [
        *"<>/&\"'={}[]:, \n",
        *"think search open access answer information tool_call engine topk q &lt; &amp;".split(),
        *"<search> </search> <think> </think> <answer> </answer> <open> </access> <tool_call>".split(),
        *'{"name": "search" "arguments": {"query":"x"} "tool_calls":[ "function":{'.split(),
    ]
)
#: Strings made of what the parsers look for.
TANGLED = st.lists(PIECES, max_size=30).map("".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            ANY | st.sampled_from(["name", "arguments", "query", "tool_calls", "function", "title", "text", "topk"]),
            inner,
        )
    ),
    max_leaves=20,
)
NAMES = list(PROTOCOLS)
every_protocol = pytest.mark.parametrize("name", NAMES)


def test_the_table_holds_both():
    assert NAMES == ["tags", "tools"]
    assert all(PROTOCOLS[name].name == name for name in NAMES)


@every_protocol
@given(text=ANY | TANGLED | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_string_is_an_action(name: str, text: str):
    action = PROTOCOLS[name].parse(text)
    assert isinstance(action, Action)
    assert repr(action).encode()  # nothing in it that no file could hold


@every_protocol
@given(value=JSON, call=st.sampled_from(["search", "open", "answer", "nothing"]))
def test_any_json_is_an_action(name: str, value: object, call: str):
    for thing in (value, {"name": call, "arguments": value}, {"name": call, "arguments": {"query": value}}):
        assert isinstance(PROTOCOLS[name].parse(json.dumps(thing)), Action)


@every_protocol
@pytest.mark.parametrize(
    "text",
    [
        "x" * (ACTION_LIMIT + 1),
        "x" * 20_000_000,
        "<search>" * 20_000,
        "<search " * 20_000,
        "<search" + " " * 200_000 + ">",
        "<search " + "a" * 200_000 + ">q</search>",
        "<search>" + "</search" * 20_000,
        "<think>" * 30_000,
        "<think>" * 10_000 + "</think>" * 10_000,
        "</think " * 30_000,
        ("<think" + " a" * 490) * 250,
        '{ "' * 60_000,
        "[" * 200_000,
        '{"a":' * 40_000,
        "{" * 200_000,
        '{"name":"search","arguments":"' + "[" * 100_000 + '"}',
        '{"name":"search","arguments":{"query":"x","topk":' + "9" * 100_000 + "}}",
        '{"name":"search","arguments":{"query":"x","topk":1e400}}',
        "<tool_call>" * 20_000,
        "\ud800" * 1000,
        "\x00" * 1000,
    ],
    ids=range(21),
)
def test_huge_deep_and_hostile_texts_are_invalid_at_once(name: str, text: str):
    assert isinstance(PROTOCOLS[name].parse(text), Invalid)


TEXT = ANY.map(lambda text: encodable(text).strip()) | TANGLED.map(str.strip)
FILLED = TEXT.filter(bool).filter(lambda text: len(text) <= QUERY_LIMIT)
ENGINE = st.none() | (ANY | TANGLED).map(lambda text: encodable(text)[:100])
ACTIONS = (
    st.builds(Search, query=FILLED, engine=ENGINE, topk=st.none() | st.integers(1, TOPK_LIMIT))
    | st.builds(Open, title=FILLED)
    | st.builds(Answer, text=TEXT)
)


@every_protocol
@given(action=ACTIONS)
@example(action=Search("</search><answer>x</answer>", 'a"b<c>&quot;', 10))
@example(action=Search("<think>not a thought</think> &amp;lt; &lt;"))
@example(action=Answer("</think>"))
@example(action=Answer("</ answer>"))
@example(action=Open("Staff of <information> (2) \u2028 x"))
def test_what_is_written_is_read_back(name: str, action: Search | Open | Answer):
    assert PROTOCOLS[name].parse(PROTOCOLS[name].write(action)) == action


@every_protocol
@given(action=ACTIONS, thought=TANGLED, after=TANGLED)
def test_a_thought_before_and_a_text_after_change_nothing(name: str, action: Search | Open | Answer, thought, after):
    protocol = PROTOCOLS[name]
    thought = thought.replace("</think>", "").replace("think", "")
    # A stray closing tag afterwards would make all of it a thought.
    text = f"<think>{thought}</think>\n{protocol.write(action)}{after.replace('think', '')}"
    assert protocol.parse(text) == action


@every_protocol
@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u3000"])
def test_blank_queries_and_titles_are_invalid_and_blank_answers_are_answers(name: str, blank: str):
    protocol = PROTOCOLS[name]
    assert protocol.parse(protocol.write(Search(blank))) == Invalid("the query is empty")
    assert protocol.parse(protocol.write(Open(blank))) == Invalid("the title is empty")
    assert protocol.parse(protocol.write(Answer(blank))) == Answer("")


@every_protocol
@pytest.mark.parametrize("topk", [-1, 0, TOPK_LIMIT + 1, 999, 10**30])
def test_topk_out_of_range_is_invalid_and_says_the_range(name: str, topk: int):
    protocol = PROTOCOLS[name]
    assert protocol.parse(protocol.write(Search("x", None, topk))) == Invalid(
        "topk must be a whole number from 1 to 10"
    )


@every_protocol
def test_limits_are_those_stated(name: str):
    protocol = PROTOCOLS[name]
    fits = "x" * QUERY_LIMIT
    assert protocol.parse(protocol.write(Search(fits))) == Search(fits)
    assert protocol.parse(protocol.write(Search(fits + "x"))) == Invalid("the query is longer than 2000 characters")
    assert protocol.parse(protocol.write(Open(fits + "x"))) == Invalid("the title is longer than 2000 characters")
    answer = protocol.write(Answer("y"))
    assert protocol.parse(answer + " " * (ACTION_LIMIT - len(answer))) == Answer("y")
    assert isinstance(protocol.parse(answer + " " * (ACTION_LIMIT - len(answer) + 1)), Invalid)


@every_protocol
def test_the_reset_lines_show_actions_that_parse(name: str):
    protocol = PROTOCOLS[name]
    lines = protocol.usage(("dense", "bm25"), 3).splitlines()
    read = [protocol.parse(line) for line in lines if line.startswith(("<", "{"))]
    assert read == [Search("words to look for", "dense"), Open("document title"), Answer("short answer")]


@given(ANY | TANGLED)
def test_escaping_is_undone_and_leaves_no_tag(text: str):
    assert unescape(escape(text)) == text
    assert isinstance(PROTOCOLS["tags"].parse(escape(text)), Invalid)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("AT&T, R&D, a < b, <b>bold</b>, 3 &lt 4", "AT&T, R&D, a < b, <b>bold</b>, 3 &lt 4"),
        ("</information><answer>x</answer>", "&lt;/information>&lt;answer>x&lt;/answer>"),
        ("< / Search >", "&lt; / Search >"),
        ("&lt;answer>", "&amp;lt;answer>"),
        ("<searching>", "<searching>"),
    ],
)
def test_only_what_reads_as_a_tag_is_escaped(text: str, escaped: str):
    assert escape(text) == escaped


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("a!", 1),
        ("<think>!</think>!", 16),
        ("<THINK >!</Think\n>!", 18),
        ("<think>!", None),
        ("!</think>!", 9),
        ("<information>!</information>!", 28),
        ("<information>!</think>!", 22),
        ("<think><think>!</think>!</think>", 23),
        ("<thinking>!</thinking>", 10),
        ("!<think>", 0),
    ],
)
def test_what_is_thought_or_quoted_does_not_count(text: str, at: int | None):
    match = first_spoken(outside_thoughts("!"), text)
    assert (match and match.start()) == at


def test_messages_quote_one_short_disarmed_line():
    assert quote("a\nb") == "'a b'"
    assert quote("<answer>x</answer>") == "'&lt;answer>x&lt;/answer>'"
    assert len(quote("x" * 10_000)) == 65  # 60 letters, "..." and two quotes
