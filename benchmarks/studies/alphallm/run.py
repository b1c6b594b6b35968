"""``berrypick study search``: AlphaLLM's three uses of its critics, each beside plain rollouts of equal tokens.

Critics learn in train worlds and are judged in dev worlds; there trees are compared with the best of so many plain
rollouts as generate at least a tree's tokens, question by question, chosen by the same sum of scores. Then trees and
plain rollouts search train questions, the policy imitates what each found, and is played greedily in dev worlds.
"""

from __future__ import annotations

import copy
import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from berrypick import io
from berrypick.agents.lm import load
from berrypick.agents.lm.load import Policy
from berrypick.agents.lm.player import Player
from berrypick.agents.training.strategy_ids import analyse_all
from berrypick.agents.treesearch import critics, samples
from berrypick.agents.treesearch.critics import CRITIC_HEADS, Critics
from berrypick.agents.treesearch.distil import distil
from berrypick.agents.treesearch.search import Candidate, best, candidate, grow_trees
from berrypick.agents.treesearch.tree import nodes
from berrypick.benchmarks import provenance
from berrypick.benchmarks.run import Progress
from berrypick.benchmarks.studies.alphallm.numbers import best_of, compared, judge, reaching, ways
from berrypick.benchmarks.studies.alphallm.result import PREFIXES, RESULT, Compared, Plan, Result, read, write
from berrypick.diversity import pairs_alike
from berrypick.envs.search import SearchEnv
from berrypick.errors import BadInput

CRITICS: Final = "critics.json"
#: What is searched for, and the hash of the policy's weights.
PLAN: Final = "plan.json"
POLICY: Final = "policy"
#: How often ``run`` says what was done, where nothing was done before.
PROGRESS_STEPS: Final = 8
#: Number of the first draw of a question that is searched to be imitated. Critics learn from draws from 0 on; where
#: worlds are few, some questions are drawn both times.
_DISTILLED: Final = 2**16
#: Rollouts by which plain play falls short of a tree's tokens at a time.
_LOT: Final = 8


class Pair(NamedTuple):
    """What a tree and plain rollouts found at each question: candidates, in order."""

    tree: list[list[Candidate]]
    plain: list[list[Candidate]]
    merged: float
    tokens: dict[str, float]


def run(plan: Plan, out: Path, on_progress: Progress = lambda _: None) -> Result:
    """Make all measurements, going on where an earlier call was stopped between two of them.

    Writes ``critics.json``, ``search.json`` and ``policy/``, which imitated the trees.

    Args:
        plan: what is done.
        out: the folder.
        on_progress: called with what was done, ``PROGRESS_STEPS`` times where nothing was done before.

    Raises:
        BadInput: the folder holds another plan's, the policy cannot be played, or all its episodes are alike.
    """
    path = out / RESULT
    with io.locked(out):
        _claim(out / PLAN, plan)
        policy = load.load(plan.policy, "float32")
        if policy.card.temperature == 0:
            raise BadInput("is 0: a search needs options that differ; play at 1", field="temperature")
        players = {split: _player(policy, plan, split) for split in ("train", "dev")}
        judges = _critics(plan, out / CRITICS, players["train"])
        on_progress("critics trained")
        if not path.exists():
            write(out, _held_out(plan, judges, players["dev"], on_progress))
        found = read(out)
        if found.greedy is None:
            found = _distilled(plan, found, judges, policy, players, out, on_progress)
            write(out, found)
    return found


def _claim(path: Path, plan: Plan) -> None:
    """Take a folder before anything is kept in it: critics of another plan would be used for this one."""
    weights = load.weights(plan.policy)
    here = msgspec.json.format(msgspec.json.encode({"plan": plan, "weights": weights})) + b"\n"
    if not path.exists():
        io.write_bytes(path, here)
    elif path.read_bytes() != here:
        raise BadInput("holds a search of another plan, or of other weights; use another --out", file=path)


def _player(policy: Policy, plan: Plan, split: str) -> Player:
    return Player(policy, SearchEnv(corpus=plan.corpus, worlds=plan.worlds, split=split))


def _critics(plan: Plan, path: Path, player: Player) -> Critics:
    if not path.exists():
        groups = player.episodes(plan.seed, 0, plan.critic_train_questions)
        learnt = samples.collect(player, plan.seed, groups, plan.group_size)
        io.write_bytes(path, critics.encode(critics.fit(learnt.examples(), len(learnt.went), learnt.tokens)))
    return critics.read(path)


def _held_out(plan: Plan, judges: Critics, player: Player, on_progress: Progress) -> Result:
    groups = player.episodes(plan.seed, 0, plan.eval_questions)
    fresh = samples.collect(player, plan.seed, groups, plan.group_size)
    examples = dict(zip(CRITIC_HEADS, fresh.examples(), strict=True))
    said = {kind: judge(getattr(judges, kind)(each.features), each.label) for kind, each in examples.items()}
    begun = fresh.completed()
    said[PREFIXES] = judge(judges.process(begun.features), begun.label)
    whole = [candidate(went, judges) for went in fresh.went]
    said["sum"] = judge(
        np.array([each.scores.total / len(CRITIC_HEADS) for each in whole]), np.array(list(map(_right, whole)))
    )
    ranking = _ranking(plan, whole)
    on_progress("critics judged")
    pair = searched(plan, judges, player, groups, on_progress)
    right = {name: np.array([_right(best(each)) for each in getattr(pair, name)]) for name in ("tree", "plain")}
    commit, _ = provenance.revision()
    return Result(
        plan=plan,
        versions=provenance.versions(),
        commit=commit,
        tokens_critics=judges.tokens,
        judged=said,
        ranking=ranking,
        search=Compared(*compared(right, "tree", plan.seed)),
        tokens=pair.tokens,
        candidates={name: float(np.mean([len(each) for each in getattr(pair, name)])) for name in ("tree", "plain")},
        merged=pair.merged,
    )


def _ranking(plan: Plan, whole: Sequence[Candidate]) -> Compared:
    shape = (plan.eval_questions, plan.group_size)
    paid = np.array([_right(each) for each in whole]).reshape(shape)
    scores = {"sum": [each.scores.total for each in whole]}
    scores |= {kind: [getattr(each.scores, kind) for each in whole] for kind in CRITIC_HEADS}
    rows = {name: best_of(np.array(each).reshape(shape), paid, plan.group_size) for name, each in scores.items()}
    rows |= {"random": paid.mean(axis=1), "oracle": paid.max(axis=1)}
    return Compared(*compared(rows, "sum", plan.seed))


def searched(
    plan: Plan, judges: Critics, player: Player, groups: Sequence[int], on_progress: Progress = lambda _: None
) -> Pair:
    """Search questions by trees, then play each plainly until it generated at least its tree's tokens."""
    trees = grow_trees(player, judges, plan.search, plan.seed, groups)
    on_progress(f"{len(groups)} trees grown")
    found: list[list[Candidate]] = [[] for _ in groups]
    tokens: list[list[int]] = [[] for _ in groups]
    while short := [place for place, tree in enumerate(trees) if reaching(tokens[place], tree.tokens) is None]:
        places = [(groups[place], len(found[place]) + each) for place in short for each in range(_LOT)]
        for number, went in enumerate(samples.plain(player, plan.seed, places)):
            found[short[number // _LOT]].append(candidate(went, judges))
            tokens[short[number // _LOT]].append(went.tokens)
    enough = [reaching(each, tree.tokens) or 0 for each, tree in zip(tokens, trees, strict=True)]
    on_progress(f"{sum(enough)} plain rollouts played")
    draws = sum(node.draws for tree in trees for node in nodes(tree.root))
    means = {
        "tree": float(np.mean([tree.tokens for tree in trees])),
        "plain": float(np.mean([sum(each[:n]) for each, n in zip(tokens, enough, strict=True)])),
    }
    cut = [each[:n] for each, n in zip(found, enough, strict=True)]
    return Pair([tree.candidates for tree in trees], cut, sum(tree.merged for tree in trees) / draws, means)


def _right(each: Candidate) -> bool:
    return each.trace.reward > 0


def _distilled(
    plan: Plan,
    result: Result,
    judges: Critics,
    policy: Policy,
    players: dict[str, Player],
    out: Path,
    on_progress: Progress,
) -> Result:
    groups = players["train"].episodes(plan.seed, _DISTILLED, plan.distill_questions)
    pair = searched(plan, judges, players["train"], groups, on_progress)
    right, alike = {"start": _greedy(plan, policy)}, {"start": _alike(plan, policy)}
    imitated = {}
    for name in ("tree", "plain"):
        chosen = [best(each) for each in getattr(pair, name)]
        ends = [each.end for each in chosen if each.scores.outcome >= plan.threshold]
        taught = policy._replace(model=copy.deepcopy(policy.model))
        distil(taught.model, ends, plan.seed)
        if name == "tree" and not (out / POLICY).exists():
            with io.new_folder(out / POLICY) as draft:
                load.save(taught, draft)
        right[name], alike[name], imitated[name] = _greedy(plan, taught), _alike(plan, taught), len(ends)
        on_progress(f"{len(ends)} episodes of {name} imitated")
    found, lost = ways(alike, plan.seed)
    return msgspec.structs.replace(
        result,
        greedy=Compared(*compared(right, "tree", plan.seed)),
        plain_gained=compared(right, "plain", plan.seed)[1]["start"],
        imitated=imitated,
        ways=found,
        ways_lost=lost,
    )


def _greedy(plan: Plan, policy: Policy) -> np.ndarray:
    """Whether the policy is right at each question where it always takes the likeliest token. Shape (questions,)."""
    greedy = policy._replace(card=msgspec.structs.replace(policy.card, temperature=0.0))
    player = _player(greedy, plan, "dev")
    groups = player.episodes(plan.seed, 0, plan.greedy_questions)
    return np.array([went.trace.reward > 0 for went in samples.plain(player, plan.seed, [(g, 0) for g in groups])])


def _alike(plan: Plan, policy: Policy) -> np.ndarray:
    """Of each question the chance that two grounded successes went the same way, NaN below two. Shape (questions,)."""
    player = _player(policy, plan, "dev")
    groups = player.episodes(plan.seed, 0, plan.greedy_questions)
    traces = [
        went.trace for went in samples.plain(player, plan.seed, list(itertools.product(groups, range(plan.group_size))))
    ]
    engines = {group: player.engines(plan.seed, group) for group in groups}
    outcomes = analyse_all(traces, [engines[group] for group in groups for _ in range(plan.group_size)])
    counts = [
        Counter(each.strategy for each in outcomes[start : start + plan.group_size] if each.grounded)
        for start in range(0, len(outcomes), plan.group_size)
    ]
    return np.array([pairs_alike(list(each.values())) if each.total() > 1 else np.nan for each in counts])
