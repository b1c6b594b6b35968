"""Critique-GRPO: which groups are refined, what is kept, and how hard a refinement's tokens are pushed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.method import loss
from berrypick.agents.methods.signal.critique_grpo import one_each, shaped, without_success
from berrypick.errors import BadInput

NAMES = ("critique_grpo", "critique_verdict", "critique_answer", "critique_empty", "critique_noise")


def test_groups_without_success_are_wanted_by_hand(played):
    batch = played([0, 1, 0, 0, 0.5, 0], [0, 0, 1, 1, 2, 2])
    assert without_success(batch).tolist() == [False, False, True, True, False, False]


def test_one_of_the_best_is_kept_by_hand(played):
    batch = played([0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1])
    uniform = torch.tensor([0.1, 0.9, 0.3, 0.7, 0.2, 0.8])[:, None]
    # Of group 0 the successes have uniforms .9 and .3; group 1 has none, its least uniform is .2.
    assert one_each(replace(batch, uniform=uniform)).tolist() == [False, False, True, False, True, False]


@pytest.mark.parametrize("likely", [0.01, 0.1, 0.5, 0.99])
def test_the_slope_of_the_shaping_by_hand(micro, likely):
    """gamma p / (p + gamma)^2 at gamma .1: .001/.0121 = .0826; .01/.04 = .25; .05/.36 = .1389; .099/1.1881 = .0833."""
    expected = {0.01: 0.0826446, 0.1: 0.25, 0.5: 0.1388889, 0.99: 0.0833263}[likely]
    new = [[torch.tensor(likely, dtype=torch.float64).log().item()]]
    tokens = micro(new, [[-1.0]], [2.0])
    (slope,) = torch.autograd.grad(shaped(tokens, gamma=0.1).sum(), tokens.logprobs)
    assert slope.item() == pytest.approx(-2 * expected, rel=1e-5)


def test_refinements_have_a_loss_of_their_own_and_nothing_else_changes(micro, slopes):
    method = make("critique_grpo")
    plain = micro([[-1.0, -2.0], [-0.5, -3.0]], [[-1.1, -2.0], [-0.5, -2.5]], [1.0, -1.0])
    mixed = replace(plain, off=torch.tensor([False, True]))
    first, second = slopes(method, plain), slopes(method, mixed)
    assert torch.equal(first[0], second[0])
    # -A gamma p / (p + gamma)^2 times the token's weight of 1/4, A = -1, p = e^-.5 and e^-3.
    likely = torch.tensor([-0.5, -3.0], dtype=torch.float64).exp()
    assert torch.allclose(second[1], 0.25 * 0.1 * likely / (likely + 0.1) ** 2)
    assert loss(method, mixed).isfinite()


def test_masked_tokens_of_refinements_have_no_slope(micro, slopes):
    tokens = micro([[-1.0, -2.0]], [[-1.0, -2.0]], [1.0], mask=[[True, False]], off=torch.tensor([True]))
    found = slopes(make("critique_grpo"), tokens)
    assert found[0, 0] != 0 and found[0, 1] == 0


@pytest.mark.parametrize("name", [*NAMES, "more_rollouts"])
def test_it_stands_on_dr_grpo_unless_a_base_is_named(name):
    alone, base, other = make(name), make("dr_grpo"), make("grpo_token")
    for together in (alone, make(f"fitness_sharing+{name}"), make(f"{name}+llds")):
        assert (together.advantage, together.reduce) == (base.advantage, base.reduce)
    for together in (make(f"grpo_token+kl_cov+{name}"), make(f"grpo_token+{name}")):
        assert (together.advantage.func, together.reduce) == (other.advantage.func, other.reduce)
        assert together.augment == alone.augment


def test_names_are_canonical_and_seams_are_taken_once():
    assert make("critique_grpo").name == make("critique_grpo+dr_grpo").name == "critique_grpo"
    for name in ("grpo+critique_grpo", "grpo+critique_grpo+kl_cov", "critique_grpo+rloo"):
        made = make(name)
        assert make(made.name).reduce == made.reduce and make(made.name).name == made.name
    with pytest.raises(BadInput, match="both touch augment"):
        make("critique_grpo+more_rollouts")
