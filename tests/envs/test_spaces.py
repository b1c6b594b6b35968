from __future__ import annotations

import pickle

import pytest
from gymnasium.spaces import Text
from hypothesis import given
from hypothesis import strategies as st

from berrypick.envs.spaces import SAMPLE_LENGTH, UnicodeText

#: Lone surrogates too.
ANY = st.text(st.characters())


@given(ANY)
def test_any_string_up_to_the_length_is_inside(text: str):
    assert (text in UnicodeText(5)) is (len(text) <= 5)


@pytest.mark.parametrize("thing", [None, 3, b"bytes", ["a"], {"a": 1}])
def test_nothing_but_strings_is_inside(thing: object):
    assert thing not in UnicodeText(5)


def test_samples_are_inside_varied_and_reproducible():
    space = UnicodeText(2**20, seed=3)
    drawn = [space.sample() for _ in range(200)]
    assert all(text in space and len(text) <= SAMPLE_LENGTH for text in drawn)
    assert len(set(drawn)) > 190
    assert any(not text.isascii() for text in drawn)
    again = UnicodeText(2**20)
    again.seed(3)
    assert [again.sample() for _ in range(200)] == drawn


def test_a_short_space_samples_short_strings():
    space = UnicodeText(2, seed=0)
    assert {len(space.sample()) for _ in range(100)} == {0, 1, 2}


def test_masks_work_as_in_text():
    assert len(UnicodeText(9, seed=0).sample(mask=(7, None))) == 7


def test_equality_and_pickling():
    space = UnicodeText(9, seed=1)
    space.sample()
    copy = pickle.loads(pickle.dumps(space))
    assert copy == space and copy.sample() == space.sample()
    assert space != UnicodeText(10)
    assert space != Text(9)
    assert repr(space) == "UnicodeText(9)"
