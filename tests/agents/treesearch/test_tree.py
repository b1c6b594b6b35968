"""The tree by hand: selection, branching, merging, back-up."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berrypick.agents.treesearch import tree
from berrypick.agents.treesearch.tree import Key, Node, Point, Search
from berrypick.envs.actions import Action, Answer, Invalid, Open
from berrypick.envs.actions import Search as Query
from berrypick.envs.scoring.trace import State, Turn
from berrypick.errors import BadInput

STATE = State((), "", 0, 0, 0, "q", (), 0.0)
SEARCH = Search(exploration=1.0, spread=8.0, fewest=2, fewest_first=2, most=4, most_first=5)


def node(value: float = 0.5, over: bool = False, name: str = "", **changes: Any) -> Node:
    return Node(Point(STATE, (), (), over), value, (name, "", frozenset()), **changes)


def below(parent: Node, *children: Node) -> Node:
    for child in children:
        child.key = (f"{len(parent.children)}", "", frozenset())
        assert tree.grow(parent, child) is child
    return parent


def test_ucb_by_hand():
    """Mean 3 / 4 and N = 9: .75 + C sqrt(2 ln 9 / 4) = .75 + C 1.0481; the mean alone with C = 0."""
    child = node(visits=4, total=3.0)
    below(node(visits=9), child)
    assert tree.ucb(child, 1.0) == pytest.approx(0.75 + math.sqrt(2 * 2.1972246 / 4))
    assert tree.ucb(child, 0.5) == pytest.approx(0.75 + 0.5 * 1.0481471)
    assert tree.ucb(child, 0.0) == 0.75


def test_what_was_seldom_visited_is_selected_where_exploration_is_dear():
    """N = 10. Child 0: mean 1.2, n = 8; child 1: mean .6, n = 2. ln 10 = 2.303: UCB 1.2 + .759 C, .6 + 1.517 C.

    They are equal at C = .6 / .759 = .79.
    """
    one, other = (node(name=name, visits=n, total=total) for name, n, total in (("a", 8, 9.6), ("b", 2, 1.2)))
    root = below(node(visits=10), one, other)
    assert tree.select(root, Search(exploration=0.7, fewest_first=2)) is one
    assert tree.select(root, Search(exploration=0.9, fewest_first=2)) is other


@pytest.mark.parametrize(
    ("values", "first", "count"),
    [
        ((), False, 2),  # no children yet: floor(0) + 1 = 1, raised to fewest
        ((0.5,), False, 2),
        ((0.7,), False, 2),  # 8 x .2 = 1.6, + 1 = 2
        ((0.76,), False, 3),  # 8 x .26 = 2.08, + 1 = 3
        ((0.76, 0.1), False, 4),  # the larger: 8 x .4 = 3.2, + 1 = 4
        ((0.0,), False, 4),  # 8 x .5 = 4, + 1 = 5, lowered to most
        ((0.0,), True, 5),  # most_first there
    ],
)
def test_branches_by_hand(values: tuple[float, ...], first: bool, count: int):
    parent = below(node(0.5), *map(node, values))
    if not first:
        parent.parent = node()
    assert tree.branches(parent, SEARCH) == count


def test_the_root_has_limits_of_its_own():
    root = node()
    assert tree.branches(root, Search(fewest_first=9)) == 9
    root.parent = node()
    assert tree.branches(root, Search(fewest_first=9)) == 2


def test_a_state_that_may_draw_is_selected_before_its_children():
    root = node()
    assert tree.select(root, SEARCH) is root
    child = node(visits=1, total=9.0)
    below(root, child)
    assert tree.select(root, SEARCH) is root  # one draw of two
    below(root, node(visits=1))
    root.visits = 2
    assert tree.select(root, SEARCH) is child


def test_what_is_over_is_not_selected_and_a_tree_may_be_used_up():
    root, end = node(visits=2), node(over=True, visits=1, total=9.0)
    last = node(visits=1)
    below(root, end, last)
    assert tree.select(root, SEARCH) is last
    last.draws = 2  # both merged into nothing new, or ended
    assert tree.select(root, SEARCH) is None


def test_scores_are_backed_up_to_the_root():
    root, child, grandchild, other = node(), node(), node(), node()
    below(root, child, other)
    below(child, grandchild)
    tree.back_up(child, 1.5)
    tree.back_up(grandchild, 0.5)
    tree.back_up(other, 2.0)
    assert [(each.visits, each.total) for each in (root, child, grandchild, other)] == [
        (3, 4.0), (2, 2.0), (1, 0.5), (1, 2.0),
    ]  # fmt: skip
    assert child.mean == 1.0 and node().mean == 0.0


def turn(action: Action, shown: tuple[tuple[int, int], ...] = (), engine: str = "", valid: bool = True) -> Turn:
    return Turn("", action, engine, 3, (), (), shown, valid, "")


SEEN = ((4, 1), (7, 0))


@pytest.mark.parametrize(
    ("one", "other", "merged"),
    [
        (turn(Query("a b"), SEEN, "bm25"), turn(Query("b a now"), SEEN[::-1], "bm25"), True),
        (turn(Query("a"), SEEN, "bm25"), turn(Query("a"), SEEN, "dense"), False),
        (turn(Query("a"), SEEN, "bm25"), turn(Query("a"), SEEN[:1], "bm25"), False),
        (turn(Query("a"), SEEN, "bm25"), turn(Open("a"), SEEN), False),
        (turn(Answer("The Hale")), turn(Answer("hale.")), True),
        (turn(Answer("Hale")), turn(Answer("Hay")), False),
        (turn(Invalid("x"), valid=False), turn(Invalid("y"), valid=False), True),
        (turn(Query("a"), (), "", False), turn(Query("a"), (), ""), False),
    ],
)
def test_turns_that_came_to_the_same_are_merged(one: Turn, other: Turn, merged: bool):
    assert (tree.key(one) == tree.key(other)) is merged


def test_a_merged_option_is_a_draw_and_no_child():
    root = node()
    first, same = node(name="a"), node(name="a")
    assert tree.grow(root, first) is first and first.parent is root
    assert tree.grow(root, same) is None and same.parent is None
    assert (root.draws, root.children) == (2, [first])


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 3), st.booleans()), max_size=40))
def test_any_growth_ends_and_counts_add_up(drawn: list[tuple[int, float, bool]]):
    """Visits of a node are those of its children and its own; draws keep to their limits."""
    root, made = node(), 0
    root.key = None
    for number, (name, score, over) in enumerate(drawn):
        at = tree.select(root, SEARCH)
        if at is None:
            break
        assert not at.point.over
        key: Key = (f"{name}", "", frozenset())
        child = Node(Point(STATE, (), (), over or number > 20), score / 3, key)
        if tree.grow(at, child):
            tree.back_up(child, score)
            made += 1
    assert root.visits == made

    def check(each: Node) -> None:
        own = each is not root
        assert each.visits == own + sum(child.visits for child in each.children)
        assert len(each.children) <= each.draws <= SEARCH.most_first
        assert len({child.key for child in each.children}) == len(each.children)
        for child in each.children:
            check(child)

    check(root)


@pytest.mark.parametrize(
    "changes", [{"tokens": 0}, {"rollouts": 0}, {"fewest": 11}, {"fewest_first": 33}, {"spread": math.nan}]
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, Any]):
    with pytest.raises(BadInput, match=next(iter(changes))):
        Search(**changes)
