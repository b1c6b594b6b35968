"""What each character, as a token, is for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick.agents.methods.batch import TOKEN_TYPES
from berrypick.agents.training.text.token_types import label

#: One letter a kind: h think, t tool, q query, a answer.
LETTERS = dict(zip("htqa", TOKEN_TYPES, strict=True))


def labels(text: str, protocol: str) -> str:
    found = label(text, range(len(text)), protocol)
    return "".join("htqa"[kind] for kind in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<search>ab</search>", "ttttttttqqttttttttt"),
        ("<answer>ab</answer>", "ttttttttaattttttttt"),
        ("<open>ab</open>", "ttttttqqttttttt"),
        ("x<think>a</think>y", "httttttthtttttttth"),
        ("<think><search></think>", "ttttttthhhhhhhhtttttttt"),
        ("<search>a", "ttttttttq"),
        ('<search topk="3">a</open>', "t" * 17 + "q" * 8),
        ("<searching>", "h" * 11),
        ("", ""),
    ],
)
def test_tags_by_hand(text: str, expected: str):
    assert labels(text, "tags") == expected


def test_calls_by_hand():
    """Names of arguments and of tools, and what JSON needs, are tool; a blank is what comes after it."""
    head, value, tail = '{"name": "search", "arguments": {"query": "', 'a \\" b', '", "topk": 3}}'
    found = labels(head + value + tail, "tools")
    assert found == "t" * len(head) + "q" * len(value) + "t" * len(tail)
    head, value, tail = 'so: {"name": "answer", "arguments": {"text": "', "Bal", '"}} ok'
    assert labels(head + value + tail, "tools") == "hhh" + "t" * (len(head) - 3) + "aaa" + "ttt" + "hhh"


def test_a_token_is_what_its_first_letter_is():
    assert label("<open> ab </open>", [0, 6, 9, 17], "tags") == [1, 2, 1, 0]


@given(st.text(st.sampled_from('<>/thinksearc open{}":'), max_size=60), st.sampled_from(["tags", "tools"]))
def test_any_text_has_kinds(text: str, protocol: str):
    assert set(labels(text, protocol)) <= set(LETTERS)
