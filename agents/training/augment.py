"""Episodes added to a step: refinements under critiques, or further rollouts (``methods.base.Augmentation``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from berrypick import seeding
from berrypick.agents.critics import Attempt
from berrypick.agents.critics import make as make_critic
from berrypick.agents.methods.method import Augmentation, Method
from berrypick.agents.training.batch_ops import join, take
from berrypick.agents.training.learner import RolloutBatch, TextLearner
from berrypick.errors import BadInput


def advised(method: Method, critic: str) -> Method:
    """Return a method whose refinements read another critic; raises BadInput where it reads none."""
    if not critic:
        return method
    if method.augment is None or method.augment.critic is None:
        raise BadInput(
            f"is for methods with refinements, such as critique_grpo; {method.name} has none", field="critic"
        )
    make_critic(critic)  # a name that is none is an error before anything is played
    return replace(method, augment=replace(method.augment, critic=critic))


def augmented(
    played: RolloutBatch, how: Augmentation, learner: TextLearner, seed: int, episode: int, size: int
) -> RolloutBatch:
    """Return what was played and, behind it, what was added.

    Args:
        played: by ``Learner.play``, ``size`` rollouts a group from group ``episode`` on.
        how: what is added.
        learner: who plays.
        seed: of the run.
        episode: number of the first group.
        size: rollouts a group.

    Returns:
        Episodes, with ``refinement``: ``groups``, the share of groups played again; ``tokens``, what that generated,
        kept or not; and where any was played again ``solved``, the share of the new episodes that were paid, ``kept``,
        the number kept, and ``share``, theirs of the tokens that are trained on; where critiques were asked for
        ``silent``, the share of episodes on which the critic wrote none that can be used, which are not played again;
        of kept refinements ``probability``, the mean probability of their tokens under the prompt that they are trained
        under.
    """
    rows = how.wanted(played.batch).nonzero().flatten()
    groups = len(torch.unique(played.batch.group))
    if not len(rows):
        return played._replace(refinement={"groups": 0.0, "tokens": 0.0})
    places = [(episode + row // size, row % size) for row in rows.tolist()]
    critiques, silent = None, 0.0
    if how.critic is not None:
        said = criticise(how.critic, played, rows.tolist(), places, seed)
        heard = [place for place, critique in enumerate(said) if critique is not None]
        critiques, silent = [critique for critique in said if critique is not None], 1 - len(heard) / len(said)
        rows, places = rows[heard], [places[place] for place in heard]
    again = learner.refine(seed, [(group, size + rollout) for group, rollout in places], critiques)
    new = replace(again.batch, group=played.batch.group[rows], more=torch.ones(len(rows), dtype=torch.bool))
    kept = how.chosen(new).nonzero().flatten()
    both = join([played.batch, take(new, kept)])
    found = {
        "groups": len(torch.unique(new.group)) / groups,
        "tokens": float(new.mask.sum()),
        "solved": float((new.reward > 0).double().mean()),
        "kept": float(len(kept)),
        "share": float(take(new, kept).mask.sum() / both.mask.sum()),
    }
    if critiques is not None:
        found["silent"] = silent
    chosen = take(new, kept)
    if chosen.off is not None and bool(chosen.mask.any()):
        found["probability"] = float(chosen.old_logprobs[chosen.mask].double().exp().mean())
    return RolloutBatch(
        replace(both, group=torch.cat([played.batch.group, chosen.group])),
        played.traces + [again.traces[place] for place in kept.tolist()],
        played.outcomes + [again.outcomes[place] for place in kept.tolist()],
        found,
    )


def together(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """``refinement`` of several rounds: sums of tokens and of episodes kept, means of the rest over where it is."""
    found: dict[str, float] = {}
    for name in dict.fromkeys(name for each in rounds for name in each):
        values = [each[name] for each in rounds if name in each]
        found[name] = sum(values) / (1 if name in ("tokens", "kept") else len(values))
    return found


def criticise(
    critic: str, played: RolloutBatch, rows: Sequence[int], places: Sequence[tuple[int, int]], seed: int
) -> Sequence[str | None]:
    """Return what a critic says of some episodes, None where that cannot be used.

    Args:
        critic: its name.
        played: episodes that were played side by side.
        rows: places of those to criticise.
        places: their (group, rollout), as the run counts them.
        seed: of the run.
    """
    attempts = [Attempt(*pair) for pair in zip(played.traces, played.outcomes, strict=True)]
    rngs = [seeding.rollout_rng(seed, "critique", *place) for place in places]
    return make_critic(critic)(attempts, rows, rngs)
