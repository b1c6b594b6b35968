"""Names in texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from berrypick.corpora.answerability.mentions import Mentions, capitalised, key, occurs, spelled


def test_the_longest_name_wins_and_case_may_differ():
    mentions = Mentions(["Halvard", "Northern Halvard Foundry", "Quillport", "It", "!"])
    text = "northern halvard FOUNDRY, Halvard's rival in Quillport; it"
    assert mentions.find(text) == ["Northern Halvard Foundry", "Halvard", "Quillport", "It"]
    assert Mentions(["It", "Quillport"], fold=False).find("it is Quillport") == ["Quillport"]


def test_a_name_within_a_word_is_no_mention():
    assert not occurs("York", "New Yorkshire")
    assert occurs("T. Thornwell", "Staff: T Thornwell.")
    assert not occurs("", "anything") and not occurs("...", "anything")


def test_a_spelling_keeps_its_marks():
    assert spelled("T. Thornwell", "is t.  thornwell here") and not spelled("T. Thornwell", "T Thornwell")
    assert not spelled("York", "Yorkshire") and not spelled("", "x")


def test_capitalised_spans_and_quotations():
    text = 'Who wrote "Kiss and tell" for the Duke of York and J. K. Rowling?'
    assert capitalised(text) == ["Who", "Kiss", "Duke of York and J. K. Rowling", "Kiss and tell"]


@given(st.lists(st.text(max_size=12), max_size=6), st.text(max_size=60))
def test_what_is_found_occurs(names, text):
    found = Mentions(names).find(text)
    assert all(occurs(name, text) for name in found)
    assert len(found) == len(set(found))
    # Where no name occurs, none is found, and the other way round.
    assert bool(found) == any(occurs(name, text) for name in names)


@given(st.text(max_size=40))
def test_keys_are_stable(name):
    assert key(key(name)) == key(name)
