"""Tree search over turns (AlphaLLM, Tian et al. 2024, arXiv 2404.12253): many trees grow side by side.

A round selects a state in each tree, draws one option there from the policy, and where that led to a new state backs up
value + process + the mean outcome score of fast rollouts from it, which the policy itself plays. Every whole episode
that was generated, as an option or as a rollout, is a candidate. A tree draws from generators of (seed, its question)
alone, so that who else is searched changes nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from berrypick import seeding
from berrypick.agents.lm.player import Continuation, Player
from berrypick.agents.treesearch import tree
from berrypick.agents.treesearch.critics import Critics, Scores
from berrypick.agents.treesearch.tree import Node, Point, Search
from berrypick.envs.scoring.trace import Trace


@dataclass(frozen=True)
class Candidate:
    """A whole episode.

    Attributes:
        trace: what happened.
        end: where it ended.
        scores: what the critics say of it.
    """

    trace: Trace
    end: Point
    scores: Scores


@dataclass
class Tree:
    """A question's tree.

    Attributes:
        root: the start of the episode.
        rngs: generators of its options and rollouts, in the order in which they are drawn.
        candidates: whole episodes, in the order in which they were generated.
        tokens: generated for the tree, whatever became of them.
        merged: options that were merged.
    """

    root: Node
    rngs: Iterator[np.random.Generator]
    candidates: list[Candidate] = field(default_factory=list)
    tokens: int = 0
    merged: int = 0


def best(candidates: Sequence[Candidate]) -> Candidate:
    """The candidate with the highest sum of scores, the first of equals."""
    return max(candidates, key=lambda each: each.scores.total)


def candidate(went: Continuation, critics: Critics) -> Candidate:
    """Judge a whole episode."""
    return Candidate(went.trace, went.points[-1], critics.score(went.trace))


def grow_trees(
    player: Player,
    critics: Critics,
    search: Search,
    seed: int,
    episodes: Sequence[int],
    on_progress: Callable[[int], None] = lambda _: None,
) -> list[Tree]:
    """Search questions.

    Args:
        player: whose options are drawn.
        critics: judge states and episodes.
        search: how trees grow.
        seed: of all draws.
        episodes: numbers of the questions.
        on_progress: called after each round with the number of trees that still grow.
    """
    trees = [_plant(player, critics, seed, episode) for episode in episodes]
    growing = trees
    while True:
        selected = [(one, node) for one in growing if (node := _next(one, search)) is not None]
        if not selected:
            return trees
        _round(player, critics, search, selected)
        growing = [one for one, _ in selected]
        on_progress(len(growing))


def _plant(player: Player, critics: Critics, seed: int, episode: int) -> Tree:
    point, trace = player.begin(seed, episode)
    rngs = (seeding.rollout_rng(seed, "tree", episode, number) for number in itertools.count())
    return Tree(Node(point, critics.score(trace).value), rngs)


def _next(one: Tree, search: Search) -> Node | None:
    return tree.select(one.root, search) if one.tokens < search.tokens else None


def _round(player: Player, critics: Critics, search: Search, selected: Sequence[tuple[Tree, Node]]) -> None:
    """Draw an option in each tree, play rollouts from what is new, and back up."""
    options = player.play([node.point for _, node in selected], [next(one.rngs) for one, _ in selected], turns=1)
    new: list[tuple[Tree, Node, Candidate]] = []
    for (one, node), went in zip(selected, options, strict=True):
        one.tokens += went.tokens
        found = candidate(went, critics)
        child = Node(found.end, found.scores.value, tree.key(went.trace.turns[-1]))
        if child.point.over:
            one.candidates.append(found)
        if tree.grow(node, child):
            new.append((one, child, found))
        else:
            one.merged += 1
    again = [(one, child) for one, child, _ in new if not child.point.over for _ in range(search.rollouts)]
    ends = iter(player.play([child.point for _, child in again], [next(one.rngs) for one, _ in again]))
    for one, child, found in new:
        outcome = found.scores.outcome
        if not child.point.over:
            rollouts = [next(ends) for _ in range(search.rollouts)]
            whole = [candidate(went, critics) for went in rollouts]
            one.candidates += whole
            one.tokens += sum(went.tokens for went in rollouts)
            outcome = sum(each.scores.outcome for each in whole) / len(whole)
        tree.back_up(child, found.scores.value + found.scores.process + outcome)
