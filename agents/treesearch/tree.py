"""The tree of eta-MCTS (AlphaLLM, Tian et al. 2024, arXiv 2404.12253), over turns: one option is one turn.

Selection takes the child with the highest w + C sqrt(2 ln N / n), w the mean score backed up through it, n its visits,
N those of its parent. A state may draw max(fewest, min(floor(spread * I) + 1, most)) options, I = max_i |v(s_i) - v(s)|
over its children. Values here lie between 0 and 1, where the paper's spread of 1 would never branch beyond ``fewest``.
An option whose turn used the same tool, displayed the same sentences and gave the same answer as a sibling's is merged
with it: what can be known afterwards is the same. Two tools that find the same stay apart, so that merging costs no
strategy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from berrypick.envs.actions import Answer
from berrypick.envs.scoring.trace import State, Turn
from berrypick.errors import BadInput
from berrypick.records import Record
from berrypick.text import normalise

#: What a turn came to; equal for turns that are merged.
Key = tuple[str, str, frozenset[tuple[int, int]]]


class Search(Record):
    """How a tree is grown.

    Attributes:
        tokens: generated for a question; the round that reaches it is the last.
        exploration: C, in units of a score, which is a sum of three numbers between 0 and 1.
        spread: options drawn for each unit of importance.
        fewest: options that any state draws.
        fewest_first: the same before the first turn.
        most: options that a state draws at most.
        most_first: the same before the first turn.
        rollouts: completions of each new state.
    """

    tokens: int = 600
    exploration: float = 1.0
    spread: float = 8.0
    fewest: int = 2
    fewest_first: int = 8
    most: int = 10
    most_first: int = 32
    rollouts: int = 2

    def __post_init__(self) -> None:
        for name in ("tokens", "fewest", "fewest_first", "rollouts"):
            if getattr(self, name) < 1:
                raise BadInput(f"must be at least 1, got {getattr(self, name)}", field=name)
        for name, most in (("fewest", self.most), ("fewest_first", self.most_first)):
            if getattr(self, name) > most:
                raise BadInput(f"must be at most {most}, got {getattr(self, name)}", field=name)
        for name in ("exploration", "spread"):
            if not 0 <= getattr(self, name) < math.inf:
                raise BadInput(f"must be at least 0 and finite, got {getattr(self, name)}", field=name)


class Point(NamedTuple):
    """Where an episode stands.

    Attributes:
        state: of the environment.
        ids: tokens up to the next action.
        mask: those of them that the policy generated.
        over: the episode has ended.
    """

    state: State
    ids: tuple[int, ...]
    mask: tuple[bool, ...]
    over: bool


@dataclass(eq=False)
class Node:
    """A state of an episode.

    Attributes:
        point: where the episode stands.
        value: of the value critic.
        key: what the last turn came to, None at the root.
        parent: the state before that turn.
        children: states after one further turn.
        draws: options drawn here, those that were merged among them.
        visits: scores backed up.
        total: their sum.
    """

    point: Point
    value: float
    key: Key | None = None
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)
    draws: int = 0
    visits: int = 0
    total: float = 0.0

    @property
    def mean(self) -> float:
        """The mean score backed up; 0 before the first."""
        return self.total / self.visits if self.visits else 0.0

    def path(self) -> Iterator[Node]:
        """The node, its parent, and so on to the root."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent


def key(turn: Turn) -> Key:
    """What a turn came to: tool and engine, answer as answers are compared, sentences displayed."""
    answer = normalise(turn.action.text) if isinstance(turn.action, Answer) else ""
    return f"{type(turn.action).__name__}:{turn.engine}:{turn.valid}", answer, frozenset(turn.shown)


def ucb(node: Node, exploration: float) -> float:
    """Return w + C sqrt(2 ln N / n) of a visited child."""
    parent = node.parent
    assert parent is not None, "the root is not selected"
    return node.mean + exploration * math.sqrt(2 * math.log(max(parent.visits, 1)) / node.visits)


def importance(node: Node) -> float:
    """How much its children's values differ from its own at most; 0 without children."""
    return max((abs(child.value - node.value) for child in node.children), default=0.0)


def branches(node: Node, search: Search) -> int:
    """How many options a state may draw."""
    first = node.parent is None
    fewest, most = (search.fewest_first, search.most_first) if first else (search.fewest, search.most)
    return max(fewest, min(math.floor(search.spread * importance(node)) + 1, most))


def closed(node: Node, search: Search) -> bool:
    """Whether nothing more can be drawn at a node or below it."""
    if node.point.over:
        return True
    return node.draws >= branches(node, search) and all(closed(child, search) for child in node.children)


def select(root: Node, search: Search) -> Node | None:
    """Go down by UCB to a state that may draw an option; None where there is none. Among equals the oldest wins."""
    if closed(root, search):
        return None
    node = root
    while node.draws >= branches(node, search):
        node = max(
            (child for child in node.children if not closed(child, search)),
            key=lambda child: ucb(child, search.exploration),
        )
    return node


def grow(node: Node, child: Node) -> Node | None:
    """Put what a drawn option led to below a node; None where it is merged with what is there."""
    node.draws += 1
    if any(child.key == other.key for other in node.children):
        return None
    child.parent = node
    node.children.append(child)
    return child


def nodes(root: Node) -> Iterator[Node]:
    """A node and all below it, the oldest first."""
    yield root
    for child in root.children:
        yield from nodes(child)


def back_up(node: Node, score: float) -> None:
    """Add a score to a node and all above it."""
    for each in node.path():
        each.visits += 1
        each.total += score
