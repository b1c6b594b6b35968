"""Training methods, one pure function per seam; ``METHODS`` is their table, ``make`` reads their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from berrypick.registry import Table

if TYPE_CHECKING:
    from berrypick.agents.methods.method import Addition, Method

#: name -> a function from parameters to a base, a ``Method``, or to an ``Addition``; bases first
METHODS: Final[Table[Callable[..., Method | Addition]]] = Table("method", "berrypick.methods")
#: name -> its layer, the folder that it is in
LAYERS: Final[dict[str, str]] = {}
for _name, _file, _help in (
    ("reinforce", "baselines.reinforce", "base: reward minus the step's mean; unclipped sum over an episode's tokens"),
    (
        "rloo",
        "baselines.rloo",
        "base: reward minus the mean of the group's others; unclipped sum over an episode's tokens",
    ),
    ("grpo", "baselines.grpo", "base: z-score in the group; clipped ratios; mean over episodes"),
    ("grpo_token", "baselines.grpo", "base: grpo with the mean over all tokens, on which most clipping methods stand"),
    ("dr_grpo", "baselines.dr_grpo", "base: grpo without division by the group's deviation and the episode's length"),
    ("gmpo", "baselines.gmpo", "base: the geometric mean of an episode's token ratios, clipped token by token"),
    ("maxrl", "baselines.maxrl", "base: reward minus the group's mean, divided by that mean"),
    ("w_reinforce", "baselines.w_reinforce", "base: -1 for wrong episodes, 0.1 for right ones, no baseline"),
    ("nsr", "baselines.w_reinforce", "base: -1 for wrong episodes, 0 for right ones"),
    ("best_of_group", "baselines.pass_at_k", "base: the best of a group gets its lead over the second"),
    (
        "pass_at_k",
        "baselines.pass_at_k",
        "base: advantages for the chance that one of k is right",
    ),
    ("dapo", "baselines.dapo", "base: grpo with clip-higher, token mean and groups of equal rewards replaced"),
    ("gspo", "baselines.gspo", "base: grpo with one ratio per episode"),
    ("cispo", "baselines.cispo", "base: grpo with clipped weights instead of clipped losses, token mean"),
    ("r3", "signal.r3", "reward how likely the reasoning makes the reference answer's reflective tokens"),
    ("r3_filter", "signal.r3", "groups that are too hard, or whose reasoning changes nothing, are dropped"),
    ("unlikeliness", "strategies.unlikeliness", "right episodes earn less the likelier they were"),
    ("darling", "strategies.darling", "a reward counts by the share of right peers with another strategy"),
    ("outcome_exploration", "strategies.outcome_exploration", "answers that a group repeats earn less"),
    ("repeat_penalty", "signal.repeat_penalty", "episodes that repeat queries earn less"),
    ("stratified_grpo", "strategies.stratified_grpo", "episodes are compared with those that searched as often"),
    ("gigpo", "signal.gigpo", "turns are compared with turns of the group that began in the same state"),
    ("igpo", "signal.igpo", "turns are paid for what they add to the reference answer's likelihood"),
    ("turn_credit", "signal.turn_credit", "a turn whose results first show the answer is paid for it"),
    ("entropy_advantage", "tokens.entropy_advantage", "the advantage of uncertain tokens is raised"),
    ("repo", "tokens.repo", "likely tokens lose advantage, unlikely ones gain"),
    ("fitness_sharing", "strategies.fitness_sharing", "a group's successes of one strategy share their reward"),
    ("forking_tokens", "tokens.forking_tokens", "only the tokens of the highest entropy are trained on"),
    ("alphallm", "signal.alphallm", "a critic of single turns pays for each beside the reward"),
    ("hicra", "signal.hicra", "the advantage of tools, engines and relations is amplified"),
    ("hicra_random", "signal.hicra", "the advantage of as many random tokens is amplified"),
    ("hicra_grams", "signal.hicra", "the advantage of tokens within strategic phrases is amplified"),
    ("hicra_grams_random", "signal.hicra", "the advantage of as many random tokens is amplified"),
    (
        "critique_grpo",
        "signal.critique_grpo",
        "groups without success get a refinement, made under a step-by-step critique",
    ),
    ("critique_verdict", "signal.critique_grpo", "the same, told only that the answer is wrong"),
    ("critique_answer", "signal.critique_grpo", "the same, told the right answer"),
    ("critique_empty", "signal.critique_grpo", "control: told nothing"),
    ("critique_noise", "signal.critique_grpo", "control: told words of the critique of another question"),
    ("more_rollouts", "signal.critique_grpo", "control: groups without success are played once more, as before"),
    ("soft_sapo", "tokens.soft_sapo", "a sigmoid gate on the ratio in the place of clipping"),
    ("clip_higher", "tokens.clip_higher", "more room above a ratio of 1 than below"),
    ("clip_cov", "tokens.clip_cov", "a random subset of the tokens of high covariance gets no gradient"),
    ("kl_cov", "tokens.kl_cov", "tokens of the highest covariance are held to the rollout policy"),
    ("gppo", "tokens.gppo", "clipped tokens keep a bounded gradient"),
    ("ce_gppo", "tokens.gppo", "clipped tokens keep a share of a bounded gradient, one above and one below"),
    ("entropy_bonus", "tokens.entropy_bonus", "reward the mean entropy of tokens"),
    ("erc", "tokens.erc", "tokens whose entropy has moved too far pass no gradient"),
    ("entropic", "tokens.entropic", "a controller weighs rewarded and punished samples to hold a target entropy"),
    ("adaptive_entropy", "tokens.adaptive_entropy", "an entropy bonus steered towards a target"),
    ("kl_reference", "tokens.kl_reference", "penalise distance to the start policy"),
    ("llds", "stability.llds", "hold up the likelihood of good episodes' turns that lose it"),
    ("search_sapo", "stability.search_sapo", "lift the ratio of good episodes' tokens where it is low"),
    ("sft_refresh", "upstream.sft_refresh", "every few steps, small supervised steps on demonstrations of all scripts"),
):
    METHODS.add(_name, f"berrypick.agents.methods.{_file}:{_name}", _help)
    LAYERS[_name] = _file.partition(".")[0]


def make(name: str) -> Method:
    """Make a method from its name: rows joined with "+", parameters in parentheses.

    ``kl_cov(ratio=0.02,beta=1)+fitness_sharing`` is KL-Cov and fitness sharing on top of GRPO. At most one is a base,
    which has ``advantage`` and ``reduce`` wherever it stands; the others replace seams. Where none is, ``grpo`` stands
    there, or what an addition that is alone asks for. Equal methods get equal names: base first, the rest in the order
    of ``METHODS``, parameters only where they differ from their defaults, and no base that would stand there anyway.

    Raises:
        UnknownName: no such method; the message lists near matches.
        BadInput: two bases, two methods that touch one seam, a parameter that its method does not take.
    """
    from berrypick.agents.methods.compose import compose  # torch loads when a method is made, not when one is listed

    return compose(name, METHODS)


__all__ = ["LAYERS", "METHODS", "make"]
