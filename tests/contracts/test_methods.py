"""The nine invariants of a training method, over every row of the table and over compositions of rows."""

from __future__ import annotations

import importlib
import pickle
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from berrypick.agents.methods import METHODS, make
from berrypick.agents.methods.batch import TOKEN_TYPES, Batch, MicroBatch, Scores
from berrypick.agents.methods.compose import SHARED
from berrypick.agents.methods.losses import score_function
from berrypick.agents.methods.method import Addition, Method, loss
from berrypick.agents.methods.seams import no_term, no_token, spread
from berrypick.errors import BadInput

COMPOSITIONS = (
    "kl_cov(ratio=0.2)+fitness_sharing",
    "dr_grpo+fitness_sharing(alpha=0.5)+forking_tokens(keep=0.4)+clip_cov(ratio=0.2,lower=0.5)+llds",
    "gspo+forking_tokens(keep=0.5)+adaptive_entropy",
    "rloo+kl_cov(ratio=0.2)",
    "dapo+gppo+search_sapo",
    "reinforce+clip_higher+kl_reference",
    "llds+kl_reference(beta=0.001)",
    "grpo+kl_cov(ratio=0.2)+entropy_bonus+kl_reference(estimator=1)+search_sapo",
    "dapo(overlong=9,buffer=3)+fitness_sharing",
    "forking_tokens(keep=0.5)+hicra",
    "grpo(ddof=1)",
    "clip_cov(ratio=0.2,least=0.01,most=5)",
    "adaptive_entropy+hicra",
    "r3(weight=0.5)+hicra_grams+kl_cov(ratio=0.2)",
    "fitness_sharing+hicra_random+kl_cov(ratio=0.2)",
    "r3+adaptive_entropy+rloo",
    "r3_filter+fitness_sharing+hicra",
    "fitness_sharing+sft_refresh",
    "grpo+kl_cov(ratio=0.2)+critique_grpo+sft_refresh(every=2)",
    "kl_cov(ratio=0.2)+alphallm",
    "alphallm(weight=2)+fitness_sharing+clip_higher",
    "dr_grpo+igpo(weight=0.5,gamma=0.9)+hicra",
)
NAMES = (*METHODS, *COMPOSITIONS)

#: Rows whose refinements are trained off-policy.
REFINING = ("critique_grpo", "critique_verdict", "critique_answer", "critique_empty", "critique_noise")
#: invariant -> row -> why it is excepted, shown to be so; a composition is excepted where one of its rows is.
EXCEPTIONS = {
    "rewards plus a constant": {
        "fitness_sharing": "a constant is shared too, and strategy_ids differ in how many share it",
        "maxrl": "it divides by the group's mean",
        **dict.fromkeys(("w_reinforce", "nsr", "pass_at_k"), "it goes by whether a reward is above 0"),
        **dict.fromkeys(("unlikeliness", "darling"), "it multiplies rewards"),
    },
    "groups without spread": {
        "reinforce": "its baseline is the mean of the step, not of the group",
        "r3": "it tells apart episodes that are paid alike",
        **dict.fromkeys(("alphallm", "igpo", "turn_credit"), "it tells apart turns of episodes that are paid alike"),
        **dict.fromkeys(("w_reinforce", "nsr"), "it has no baseline"),
        **dict.fromkeys(("repo", "unlikeliness"), "it tells apart what was likely and what was not"),
        **dict.fromkeys(("outcome_exploration", "repeat_penalty"), "it tells apart episodes that are paid alike"),
    },
    "the gradient at ratio 1": {
        "entropy_bonus": "its term acts from the first update",
        "adaptive_entropy": "its term acts from the first update",
        "kl_reference": "its term is about the start policy, not the rollout policy",
        "entropic": "its weights act from the first update",
        "search_sapo": "at threshold 1, its default, a ratio of 1 is lifted too",
        "clip_cov": "takes tokens out of the loss whatever their ratio",
        **dict.fromkeys(REFINING, "refinements were sampled under another prompt and have no ratio"),
    },
}
LIMIT, VOCABULARY = 12, 5


def excepted(invariant: str, method: Method) -> bool:
    rows = {re.sub(r"\(.*", "", part) for part in method.name.split("+")}
    return bool(rows & set(EXCEPTIONS[invariant]))


class Toy(NamedTuple):
    """Episodes of a policy whose parameters are the logits of each position. Logits (N, T, V), actions (N, T)."""

    batch: Batch
    logits: Tensor
    actions: Tensor
    reference: Tensor


class Update(NamedTuple):
    """One optimiser batch: its loss, d loss / d logits (N, T, V), what was marked (N, T), advantages (N, T)."""

    loss: float
    gradient: Tensor
    selected: Tensor
    advantage: Tensor


def score(logits: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
    log = logits.log_softmax(-1)
    return log.gather(-1, actions[..., None])[..., 0], -(log.exp() * log).sum(-1)


def toy(reward: list[float] | None = None, group: list[int] | None = None, length: int = 9, seed: int = 0) -> Toy:
    """Episodes with an observation in their middle and padding at their end; by default in four groups of four."""
    draw = torch.Generator().manual_seed(seed)
    reward = reward or [1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0.5, 1, 0, 0.25]
    size = len(reward)
    logits, reference = (torch.randn(size, length, VOCABULARY, generator=draw, dtype=torch.float64) for _ in range(2))
    actions = torch.randint(VOCABULARY, (size, length), generator=draw)
    old, entropy = score(logits, actions)
    place = torch.arange(length)[None]
    mask = (place < torch.randint(6, length + 1, (size, 1), generator=draw)) & (place != 3) & (place != 4)
    turn = (place >= 3).long().expand(size, length)
    rewards = torch.tensor(reward, dtype=torch.float64)
    strategy_id = torch.where(rewards > 0, torch.randint(2, (size,), generator=draw), -1)
    groups = torch.tensor(group or [index // 4 for index in range(size)])
    planning, strategic = (torch.rand(size, length, generator=draw) < 0.4 for _ in range(2))
    likely = -5 * torch.rand(size, 3, generator=draw, dtype=torch.float64)
    batch = Batch(
        rewards, groups, strategy_id, mask, old, entropy, actions % len(TOKEN_TYPES), turn=turn, planning=planning,
        uniform=torch.rand(size, length, generator=draw),
        extra={
            "strategic": strategic, "answer_logprobs": likely, "answer_ranks": (-likely).round(),
            "process_reward": torch.rand(size, 2, generator=draw, dtype=torch.float64).gather(1, turn),
            "information_gain": torch.rand(size, 2, generator=draw, dtype=torch.float64).gather(1, turn),
            "turn_reward": torch.randint(2, (size, 2), generator=draw).double().gather(1, turn),
            "searches": torch.randint(4, (size,), generator=draw),
            "repeats": torch.randint(2, (size,), generator=draw),
            "answer_id": torch.randint(-1, 3, (size,), generator=draw),
            "state_id": groups[:, None] * 10 + turn * torch.randint(2, (size, 1), generator=draw),
        },
    )  # fmt: skip
    return Toy(batch, logits, actions, score(reference, actions)[0])


def of_rows(batch: Batch, rows: Tensor) -> dict[str, Any]:
    """The tensors of some episodes, by field."""
    tensors = {name: value[rows] for name, value in vars(batch).items() if isinstance(value, Tensor)}
    return tensors | {"extra": {name: value[rows] for name, value in batch.extra.items()}}


def moved(some: Toy, seed: int = 1) -> Tensor:
    """Logits some updates later: ratios on both sides of every bound."""
    draw = torch.Generator().manual_seed(seed)
    return some.logits + 0.6 * torch.randn(some.logits.shape, generator=draw, dtype=torch.float64)


def update(method: Method, some: Toy, logits: Tensor, *, micro: int = 99, outside: float | None = None) -> Update:
    """Do what the loop does with a step that is one optimiser batch.

    Args:
        method: what is trained by.
        some: what was played.
        logits: the policy as it is now.
        micro: episodes in a micro-batch.
        outside: what to write wherever nothing was generated.
    """
    batch, logits, state = some.batch, logits.clone().requires_grad_(), dict(method.state)
    for _ in range(3):
        state = method.control(state, 0.01)
    shaped = method.shape(batch)
    rows = method.select(batch, shaped).nonzero()[:, 0]
    fields = of_rows(batch, rows)
    new, entropy = (value[rows] for value in score(logits, some.actions))
    reference, mask = some.reference[rows], fields["mask"]
    if outside is not None:
        for name in ("old_logprobs", "entropy"):
            fields[name] = fields[name].where(mask, outside)
        fields |= {name: fields[name].where(mask, -7) for name in ("turn", "token_type", "uniform")}
        extra = fields["extra"]
        fields["planning"], extra["strategic"] = fields["planning"] | ~mask, extra["strategic"] | ~mask
        for name in ("process_reward", "information_gain", "turn_reward"):
            extra[name] = extra[name].where(mask, outside)
        new, entropy, reference = (value.where(mask, outside) for value in (new, entropy, reference))
    chosen = Batch(**fields)
    episode = method.advantage(shaped[rows], chosen.group)
    advantage = method.credit(chosen, spread(chosen, episode))
    draw = np.random.default_rng(0)
    refines = method.augment is not None and method.augment.critic is not None
    off = chosen.uniform[:, 0] < 0.3 if refines else torch.zeros(len(rows), dtype=torch.bool)
    sampled = mask & ~off[:, None]
    marked = method.token_filter(Scores(new.detach(), chosen.old_logprobs, entropy.detach(), advantage, sampled, draw))
    if outside is not None:
        advantage = advantage.where(mask, outside)
    good = episode >= 0
    positive = max(1, int((good[:, None] & mask).sum()))
    whole = MicroBatch(
        new, entropy, chosen.old_logprobs, chosen.entropy, reference if method.reference else None, advantage, mask,
        method.reduce(mask, LIMIT), marked, chosen.turn, good, max(1, int(mask.sum())), positive, state, off,
    )  # fmt: skip
    total = torch.zeros((), dtype=torch.float64)
    for part in torch.arange(len(rows)).split(micro):
        cut = {name: value[part] for name, value in vars(whole).items() if isinstance(value, Tensor)}
        total = total + loss(method, replace(whole, **cut))
    if not len(rows):
        return Update(total.item(), torch.zeros_like(logits), marked, advantage)
    gradient, to_new, to_entropy = torch.autograd.grad(total, [logits, new, entropy], materialize_grads=True)
    assert not to_new[~mask].any() and not to_entropy[~mask].any()  # NaN counts as something
    return Update(total.item(), gradient, marked, advantage)


def same(one: Update, other: Update) -> bool:
    return one.loss == pytest.approx(other.loss, abs=1e-9) and torch.allclose(one.gradient, other.gradient, atol=1e-9)


@pytest.fixture(params=NAMES)
def method(request) -> Method:
    return make(request.param)


def test_rewards_plus_a_constant_have_the_same_advantages(method: Method):
    some = toy()
    more = some._replace(batch=replace(some.batch, reward=some.batch.reward + 3))
    first, second = (update(method, each, some.logits).advantage for each in (some, more))
    assert torch.allclose(first, second) is not excepted("rewards plus a constant", method)


def test_permuting_a_group_permutes_its_advantages(method: Method):
    some, order = toy(), torch.tensor([2, 0, 3, 1, *range(4, 16)])
    turned = replace(some.batch, **of_rows(some.batch, order))
    assert method.select(some.batch, method.shape(some.batch)).all()  # no group of this toy is level
    first, second = update(method, some, some.logits), update(method, some._replace(batch=turned), some.logits)
    assert torch.allclose(second.advantage, first.advantage[order])


def test_groups_without_spread(method: Method):
    """A group of one, an all-right one, an all-wrong one: advantage 0, where they are selected at all."""
    some = toy([1.0, *[1.0] * 4, *[0.0] * 4], [0, *[1] * 4, *[2] * 4])
    some = some._replace(batch=replace(some.batch, strategy_id=torch.tensor([1, *[1] * 4, *[-1] * 4])))
    found = update(method, some, moved(some))
    assert np.isfinite(found.loss) and torch.isfinite(found.gradient).all()
    assert bool((found.advantage == 0).all()) is not excepted("groups without spread", method)
    assert len(found.advantage) == (0 if method.rounds > 1 else 9)


@pytest.mark.parametrize("outside", [0.0, -3.5, 1e30, float("inf"), float("nan")])
def test_what_the_policy_did_not_generate_does_not_matter(method: Method, outside: float):
    some = toy()
    plain, other = (update(method, some, moved(some), outside=each) for each in (None, outside))
    assert same(plain, other) and torch.equal(plain.selected, other.selected)
    assert (other.gradient[~some.batch.mask] == 0).all() and not (other.selected & ~some.batch.mask).any()


def test_more_padding_changes_nothing(method: Method):
    some, width = toy(), 5
    shape = some.batch.mask.shape
    wide = toy(length=9 + width)

    def widened(tensors: Mapping[str, Any]) -> dict[str, Tensor]:
        return {
            name: torch.cat([value, torch.zeros(16, width, dtype=value.dtype)], dim=1)
            for name, value in tensors.items()
            if isinstance(value, Tensor) and value.shape == shape
        }

    extra = {**some.batch.extra, **widened(some.batch.extra)}
    padded = Toy(
        replace(some.batch, **widened(vars(some.batch)), extra=extra),
        torch.cat([some.logits, wide.logits[:, :width]], dim=1),
        torch.cat([some.actions, wide.actions[:, :width]], dim=1),
        torch.cat([some.reference, wide.reference[:, :width]], dim=1),
    )
    logits = moved(some)
    found = update(method, padded, torch.cat([logits, wide.logits[:, :width]], dim=1))
    assert same(update(method, some, logits), found._replace(gradient=found.gradient[:, :9]))


@pytest.mark.parametrize("micro", [1, 2, 5])
def test_micro_batches_add_up(method: Method, micro: int):
    some = toy()
    assert same(update(method, some, moved(some)), update(method, some, moved(some), micro=micro))


def test_at_ratio_1_the_gradient_is_that_of_reinforce(method: Method):
    """With the same advantages and weights, before the first update of a step."""
    some = toy()
    plain = replace(
        method, token_loss=score_function, off_loss=score_function, regularise=no_term, token_filter=no_token
    )
    first, second = (update(each, some, some.logits).gradient for each in (method, plain))
    assert torch.allclose(first, second, atol=1e-6) is not excepted("the gradient at ratio 1", method)
    assert second.abs().max() > 1e-3


def test_a_small_step_raises_what_did_well(method: Method):
    some = toy()
    found = update(method, some, some.logits)
    before, after = (score(logits, some.actions)[0] for logits in (some.logits, some.logits - 1e-3 * found.gradient))
    gained = ((after - before).where(some.batch.mask, 0.0) * (found.advantage > 0)).sum(dim=1)
    assert (gained[(found.advantage > 0).any(dim=1)] > 0).all()
    lost = ((after - before).where(some.batch.mask, 0.0) * (found.advantage < 0)).sum(dim=1)
    assert (gained > 0).any() or (lost[(found.advantage < 0).any(dim=1)] < 0).all()  # a method may only punish


def test_every_row_has_a_worked_example_and_cites_its_source(request):
    tests = request.path.parents[1] / "agents" / "methods"
    for name in METHODS:
        module = importlib.import_module(METHODS[name].__module__)
        assert "by_hand" in "".join(
            path.read_text() for path in tests.rglob(f"test_{module.__name__.rpartition('.')[2]}.py")
        ), name
        assert re.search(r"\b(19|20)\d\d\b", module.__doc__), name


def test_a_row_makes_a_base_of_its_name_or_replaces_seams():
    flags = {"name", "state", "reference", "annotators", "needs_token_filter", "rounds", "protected_seams"}
    seams = set(vars(make("grpo"))) - flags - {"advantage", "reduce"}
    for name in METHODS:
        made = METHODS[name]()
        assert (set() < set(made.seams) <= seams) if isinstance(made, Addition) else made.name == name


def test_a_method_is_a_value(method: Method):
    """It can be sent to another process, and using it changes nothing."""
    some = toy()
    again = pickle.loads(pickle.dumps(method))
    assert again.name == method.name == make(method.name).name
    assert same(update(method, some, moved(some)), update(again, some, moved(some)))
    assert method.control(method.state, 0.0) == again.control(again.state, 0.0) and again.state == method.state


ADDITIONS = [name for name in METHODS if isinstance(METHODS[name](), Addition)]


@pytest.mark.parametrize("first", ADDITIONS)
def test_all_pairs_of_additions_compose_or_say_which_seam_excludes_them(first: str):
    """Over a base that is named, so that nothing hangs on what each stands on."""
    for second in ADDITIONS[ADDITIONS.index(first) + 1 :]:
        try:
            both = make(f"grpo+{first}+{second}")
        except BadInput as error:
            seam = re.search(r"both touch (\w+); keep one", str(error))
            different = "with different settings" in str(error)
            assert different or (seam and seam[1] not in SHARED and seam[1] in both_seams(first, second)), error
        else:
            assert set(both.name.split("+")) >= {first, second}


def both_seams(first: str, second: str) -> set[str]:
    """What two additions both touch."""
    return set(METHODS[first]().seams) & set(METHODS[second]().seams)
