"""Critics: a logistic regression by hand, what fitting finds, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from berrypick import seeding
from berrypick.agents.treesearch import critics
from berrypick.agents.treesearch.critics import Critics, Examples, Head, Scores
from berrypick.agents.treesearch.features import NAMES
from berrypick.errors import BadInput

WIDTH = len(NAMES)


def examples(place: int) -> Examples:
    """Good where feature ``place`` is above 5; the others are noise, and feature 0 always the same."""
    draw = seeding.rng(0, "training", place)
    features = draw.normal(5, 2, size=(400, WIDTH))
    features[:, 0] = 3.0
    return Examples(features, features[:, place] > 5)


def test_a_head_by_hand():
    """Sigmoid of 1 + 2 x .5 - 3 x 1 = -1: 1 / (1 + e) = .2689; of 1: .7311."""
    head = Head((2.0, -3.0), 1.0)
    assert head(np.array([[0.5, 1.0], [0.0, 0.0]])) == pytest.approx([0.26894, 0.73106], abs=1e-5)


def test_each_critic_learns_its_own_examples():
    found = critics.fit([examples(place) for place in (3, 5, 7)], 40, 1234)
    assert (found.episodes, found.tokens) == (40, 1234)
    for place, kind in zip((3, 5, 7), critics.CRITIC_HEADS, strict=True):
        head = getattr(found, kind)
        assert np.abs(head.weights).argmax() == place and head.weights[0] == 0.0
        at = np.full((2, WIDTH), 5.0)
        at[:, place] = 2.0, 8.0
        low, high = head(at)
        assert low < 0.1 and high > 0.9


@pytest.mark.parametrize("label", [True, False])
def test_examples_of_one_label_teach_nothing(label: bool):
    some = Examples(np.ones((3, WIDTH)), np.full(3, label))
    with pytest.raises(BadInput, match="all 3 examples of the process critic are " + ("right" if label else "wrong")):
        critics.fit([examples(3), some, examples(3)], 3, 0)


def test_what_is_written_is_read(tmp_path: Path):
    found = critics.fit([examples(place) for place in (3, 5, 7)], 40, 1234)
    path = tmp_path / "critics.json"
    path.write_bytes(critics.encode(found))
    assert critics.read(path) == found
    path.write_bytes(critics.encode(found).replace(b'"asked"', b'"answers"'))
    with pytest.raises(BadInput, match="other features"):
        critics.read(path)


def test_the_sum_is_the_sum():
    assert Scores(0.5, 0.25, 0.125).total == 0.875


def test_scores_of_an_episode(little_env):
    """With weight on the number of turns alone: 2 x .1, 2 x .2; process is that of the last turn, as in the paper."""
    env = little_env()()
    env.reset(seed=0, options={"question_id": "q-alias"})
    head = Head(tuple(2.0 * (name == "turns") for name in NAMES), 0.0)
    judge = Critics(head, head, head, NAMES, 1, 1)
    assert judge.score(env.trace) == (0.5, 0.0, 0.5)
    env.step("nothing")
    env.step("nothing")
    one, two = (1 / (1 + np.exp(-each)) for each in (0.2, 0.4))
    assert judge.turns(env.trace) == pytest.approx([one, two])
    assert judge.score(env.trace) == pytest.approx((two, two, two))
