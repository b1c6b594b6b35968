from __future__ import annotations

import pytest

from berrypick.agents.methods import make


def test_by_hand(micro, slopes):
    # good episode: turn 0 lost .3 - .1 = .2 in all, turn 1 gained; a bad one that lost everywhere
    old = [[-1.0] * 4, [-1.0] * 4]
    new = [[-1.3, -0.9, -1.1, -0.5], [-2.0] * 4]
    tokens = micro(new, old, [1.0, -1.0], turn=[[0, 0, 1, 1], [0, 0, 1, 1]], weight=[[0.0] * 4] * 2)
    method = make("llds(coefficient=0.4)")
    # only the first token is in a turn that lost and has lost itself: .4 * .3 / 8 = .015, gradient -.4 / 8
    assert method.regularise(tokens).item() == pytest.approx(0.015)
    assert slopes(method, tokens).flatten().tolist() == pytest.approx([-0.05, 0, 0, 0, 0, 0, 0, 0])


def test_turns_are_counted_by_their_generated_tokens(micro, slopes):
    """The second token is an observation: its fall is none of the policy's."""
    tokens = micro([[-0.9, -9.0, -1.05]], [[-1.0, -1.0, -1.0]], [1.0], mask=[[1, 0, 1]], weight=[[0.0] * 3])
    assert make("llds").regularise(tokens).item() == 0  # -.1 + .05 < 0: the turn gained


def test_nothing_before_the_first_update(micro, slopes):
    tokens = micro([[-1.0, -2.0]], [[-1.0, -2.0]], [1.0], weight=[[0.0, 0.0]])
    assert not slopes(make("llds"), tokens).any()


def test_an_episode_whose_tokens_lost_their_credit_keeps_its_sign(micro, slopes):
    """Under forking_tokens most advantages are 0; the episode's sign is that of those that are left."""
    both = micro([[-2.0, -2.0]] * 2, [[-1.0, -1.0]] * 2, [[0.0, 1.0], [0.0, -1.0]], weight=[[0.0, 0.0]] * 2)
    assert slopes(make("forking_tokens+llds"), both).tolist() == [pytest.approx([-0.05, -0.05]), [0, 0]]  # .2 / 4


def test_a_bad_episode_whose_tokens_all_lost_their_credit_stays_bad(micro):
    """Its advantages are all 0 after ``credit``, and their sum says nothing; the episode's own advantage does."""
    lost = {"advantage": [[0.0, 0.0]], "weight": [[0.0, 0.0]]}
    bad, good = (micro([[-2.0, -2.0]], [[-1.0, -1.0]], good=[sign], **lost) for sign in (False, True))
    assert make("llds").regularise(bad).item() == 0 and make("llds").regularise(good).item() == pytest.approx(0.2)
    assert make("search_sapo").regularise(bad).item() == 0 and make("search_sapo").regularise(good).item() > 0
