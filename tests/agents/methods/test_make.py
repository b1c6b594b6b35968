"""Names of methods: what they parse to, and what a wrong one is told."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from berrypick.agents.methods import METHODS, make
from berrypick.agents.methods.advantages import group_centre, leave_one_out
from berrypick.agents.methods.method import Method
from berrypick.agents.methods.reductions import constant_length, sequence_mean, token_mean
from berrypick.errors import BadInput
from berrypick.registry import UnknownName


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("grpo", "grpo"),
        ("grpo_token+kl_cov", "kl_cov"),  # the base of its paper
        ("grpo+kl_cov", "grpo+kl_cov"),
        ("grpo+fitness_sharing", "fitness_sharing"),  # grpo is what additions stand on that name no base
        ("critique_grpo+fitness_sharing", "fitness_sharing+critique_grpo"),
        ("grpo+kl_cov+critique_grpo", "grpo+critique_grpo+kl_cov"),
        ("kl_cov+rloo", "rloo+kl_cov"),  # base first
        ("kl_cov+fitness_sharing", "fitness_sharing+kl_cov"),  # the rest in the table's order
        (
            " kl_cov( ratio = 0.02 , beta=1 ) + fitness_sharing ",
            "fitness_sharing+kl_cov(ratio=0.02)",
        ),  # beta 1 is default
        ("kl_cov(beta=2,ratio=0.1)", "kl_cov(ratio=0.1,beta=2)"),
        ("kl_cov(beta=2e+0)", "kl_cov(beta=2)"),  # a plus sign within a number
        ("grpo_token(high=0.2)+gppo(high=2.8e-1)", "gppo"),
        ("grpo(high=0.28)+llds", "grpo(high=0.28)+llds"),
        ("fitness_sharing(alpha=-0.0)", "fitness_sharing(alpha=0)"),
        ("dapo(rounds=3,dual=10)", "dapo(dual=10,rounds=3)"),
    ],
)
def test_canonical_names(written: str, canonical: str):
    assert make(written).name == canonical == make(canonical).name


def test_the_base_fixes_advantage_and_reduce_wherever_it_stands():
    for name in ("dr_grpo+kl_cov+forking_tokens", "kl_cov+forking_tokens+dr_grpo"):
        method = make(name)
        assert (method.advantage, method.reduce) == (group_centre, constant_length)
        assert method.needs_token_filter and method.token_loss is make("kl_cov").token_loss
    assert make("grpo+kl_cov").reduce is sequence_mean and make("kl_cov").reduce is token_mean
    assert make("fitness_sharing").reduce is sequence_mean and make("kl_cov+dapo").reduce is token_mean
    assert make("rloo+entropy_bonus").advantage is leave_one_out


def test_what_an_addition_does_not_touch_is_its_bases():
    both, alone = make("gspo+entropy_bonus(coefficient=0.5)"), make("gspo")
    fields = {field for field in vars(Method(**vars(alone))) if getattr(both, field) is getattr(alone, field)}
    assert fields >= {"shape", "select", "advantage", "credit", "token_filter", "reduce", "control"}
    assert "regularise" not in fields
    assert not both.needs_token_filter and not both.reference
    three = make("kl_reference+clip_cov+dapo")
    assert three.reference and three.needs_token_filter and three.rounds == 10


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("grpo+dapo", "grpo and dapo are both bases; keep one"),
        ("grpo+grpo", "both bases"),
        ("clip_cov+kl_cov(beta=2)", r"clip_cov and kl_cov\(beta=2\) both touch token_filter"),
        (
            "kl_cov+critique_grpo",
            "stands on (dr_grpo|grpo_token) and .* name the base",
        ),
        ("clip_higher+gppo", "clip_higher and gppo both touch token_loss"),
        ("llds+llds", "llds is named twice"),
        ("adaptive_entropy+adaptive_entropy(step=0.01)", "adaptive_entropy is named twice"),
        ("kl_cov(rate=1)", "kl_cov got 'rate=1'; it takes ratio .a number above 0, at most 1., beta "),
        ("kl_cov(ratio)", "kl_cov got 'ratio'"),
        ("kl_cov()", "kl_cov got ''"),
        ("kl_cov(ratio=0.1,)", "kl_cov got ''"),
        ("kl_cov(ratio=0.1,ratio=0.1)", "kl_cov got ratio twice"),
        ("rloo(high=1)", "rloo got 'high=1'; it takes no parameters"),
        ("kl_cov(ratio=many)", "kl_cov takes a number above 0, at most 1 as ratio, got 'many'"),
        ("kl_cov(ratio=0)", "kl_cov takes a number above 0, at most 1 as ratio, got '0'"),
        ("kl_cov(ratio=1.1)", "as ratio, got '1.1'"),
        ("kl_cov(beta=-1)", "kl_cov takes a finite number, at least 0 as beta, got '-1'"),
        ("kl_cov(beta=nan)", "got 'nan'"),
        ("kl_cov(beta=inf)", "got 'inf'"),
        ("grpo(low=1.5)", "grpo takes a number from 0 to 1 as low, got '1.5'"),
        ("grpo(dual=1)", "grpo takes a number above 1, inf for none as dual, got '1'"),
        ("dapo(rounds=1.5)", "dapo takes a whole number, at least 1 as rounds, got '1.5'"),
        ("dapo(overlong=9)", r"dapo takes 1 to overlong \(9\) tokens as buffer, got 0"),
        ("dapo(buffer=9)", "as buffer, got 9"),
        ("search_sapo(threshold=0)", "search_sapo takes a finite number above 0 as threshold"),
        ("clip_cov(least=2,most=1)", "clip_cov takes a number above least"),
        ("kl_reference(estimator=4)", "takes 1, 2 or 3 as estimator"),
        ("grpo(ddof=2)", "takes 0 or 1 as ddof"),
        ("clip_cov(lower=0.999)", r"clip_cov takes a number below upper \(0.998\) as lower, got 0.999"),
        ("adaptive_entropy(floor=1)", r"adaptive_entropy takes at most ceiling \(0.05\) as floor"),
        ("", "'' is no method"),
        ("grpo+", "'' is no method"),
        ("grpo kl_cov", "'grpo kl_cov' is no method"),
        ("kl_cov(ratio=0.1", "is no method"),
        ("kl_cov(ratio=(1))", "is no method"),
    ],
)
def test_wrong_names(name: str, message: str):
    with pytest.raises(BadInput, match=message):
        make(name)


def test_unknown_names_list_what_is_near():
    with pytest.raises(UnknownName, match="unknown method 'klcov'; did you mean 'kl_cov'"):
        make("grpo+klcov(ratio=1)")


def test_listing_methods_loads_no_torch():
    code = (
        "import sys; from berrypick.agents.methods import METHODS; "
        "assert all(METHODS.help(name) for name in METHODS); assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-P", "-c", code]).returncode == 0
    assert len(METHODS) >= 19


@pytest.mark.parametrize("name", ["gspo+clip_higher", "cispo+clip_cov", "kl_cov+gspo"])
def test_a_base_that_is_its_token_loss_keeps_it(name: str):
    with pytest.raises(BadInput, match="both touch token_loss"):
        make(name)
    assert make("gspo+fitness_sharing").token_loss.func is make("gspo").token_loss.func


def test_terms_add_up_shapes_chain_and_credits_multiply(played, micro):
    both = make("llds+kl_reference")
    tokens = micro([[-1.0, -3.0]], [[-0.5, -1.0]], [1.0], reference=[[-2.0, -2.0]], weight=[[0.5, 0.5]])
    terms = [make(name).regularise(tokens) for name in ("llds", "kl_reference")]
    assert both.reference and both.regularise(tokens) == sum(terms) and min(terms) > 0
    # Overlong first, which takes 1 off the episode of 9 tokens; then both share: (1, 0) -> (1/2, 0).
    batch = played([1.0, 1.0], [0, 0], strategy_id=[0, 0], lengths=[2, 9])
    shaped = make("dapo(overlong=9,buffer=3)+fitness_sharing").shape(batch)
    assert shaped.tolist() == [0.5, 0.0]
    # The token of the higher entropy is kept, and is a planning token: 2 * (1 + 0.2) = 2.4.
    planning = torch.tensor([[True, True]])
    batch = played([1.0], [0], lengths=[2], entropy=[[0.1, 0.9]], planning=planning)
    credited = make("forking_tokens(keep=0.5)+hicra").credit(batch, torch.tensor([[2.0, 2.0]]))
    assert credited.tolist() == [[0.0, pytest.approx(2.4)]]


def test_every_addition_stands_on_the_same_base_whatever_is_added():
    for name in ("kl_cov", "gppo", "critique_grpo", "forking_tokens"):
        assert make(f"{name}+fitness_sharing").reduce is make(name).reduce
