"""Words, sentences and normalised answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick.text import STOPWORDS, normalise, sentences, tokens

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)
ASCII = st.text(st.characters(max_codepoint=127), max_size=300)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Who founded Quill Works?", ["founded", "quill", "works"]),
        ("Thornwell's and THORNWELL'S and Thornwell\u2019s", ["thornwell", "thornwell", "thornwell"]),
        ("the players' goals", ["players", "goals"]),
        ("it's 1845-46, No. 7", ["1845", "46", "7"]),
        ("T. Thornwell", ["t", "thornwell"]),
        ("Pérez, Ærø, 東京 и Минск", ["pérez", "ærø", "東京", "и", "минск"]),
        ("snake_case", ["snake_case"]),
        ("again and again", ["again", "again"]),
        ("\ud800\x00", []),
        ("", []),
    ],
)
def test_tokens(text: str, words: list[str]):
    assert tokens(text) == words


@given(ANY_TEXT)
def test_words_survive_being_joined_by_blanks(text: str):
    """The index splits at white space what was joined by blanks: both must be the same words."""
    words = tokens(text)
    assert " ".join(words).split() == words
    assert tokens(" ".join(words)) == words
    assert not STOPWORDS & {*words}
    " ".join(words).encode()


@given(ASCII)
def test_case_is_nothing(text: str):
    assert tokens(text.upper()) == tokens(text.lower()) == tokens(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three? Four", ("One.", "Two!", "Three?", "Four")),
        ("T. Thornwell met Dr. Vale. They left.", ("T. Thornwell met Dr. Vale.", "They left.")),
        ("Gross (est. 2020) rose. It fell.", ("Gross (est. 2020) rose.", "It fell.")),
        ('He said "no." "Yes," she said.', ('He said "no."', '"Yes," she said.')),
        ("It costs 3.5 million. 7 were sold.", ("It costs 3.5 million.", "7 were sold.")),
        ("e.g. this one. And that.", ("e.g. this one.", "And that.")),
        ("lower. case goes on.", ("lower. case goes on.",)),
        ("  padded.  Next.\n\nLast.  ", ("padded.", "Next.", "Last.")),
        ("", ()),
        (" \n ", ()),
    ],
)
def test_sentences(text: str, parts: tuple[str, ...]):
    assert sentences(text) == parts


@given(ANY_TEXT)
def test_sentences_lose_nothing_but_white_space(text: str):
    parts = sentences(text)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(part and part == part.strip() for part in parts)


@pytest.mark.parametrize(
    ("answer", "normal"),
    [
        ("The Lantern Poet", "lantern poet"),
        ("  Quill-Port. ", "quillport"),
        ("an apple a day", "apple day"),
        ("Theatre", "theatre"),
        ("a", ""),
        ("U.S.A.", "usa"),
        ("", ""),
    ],
)
def test_normalise_as_squad_does(answer: str, normal: str):
    assert normalise(answer) == normal


@given(ASCII)
def test_normalising_an_answer_in_another_case_or_spacing_is_the_same(text: str):
    assert normalise(f"  {text.upper()}\t") == normalise(text)
