"""Many environments in one process: ours against Gymnasium's SyncVectorEnv, both made by ``gymnasium.make_vec``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import gymnasium
import pytest
from gymnasium.vector import VectorEnv

from berrypick.benchmarks.speed.measuring import Measure, turns
from berrypick.benchmarks.speed.texts import queries
from berrypick.corpora.store import Corpus

SIZE = 10_000
WAYS = {"BatchedSearchEnv": None, "SyncVectorEnv": "sync"}
#: An episode, as the agent ``mixture`` plays it on average; after an answer, the next step begins the next episode.
EPISODE = ("search", "search", "open", "search", "answer", "begin")
#: GRPO samples a question this often (Shao et al. 2024 and after).
GROUP = 16
_TITLE = re.compile(r"\(Title: ([^)]*)\)")

#: One stream for all: environments of one process share their engines, and what those remember.
FRESH = queries(200)


@pytest.fixture(scope="module")
def made(corpus_of: Callable[..., Corpus]) -> Callable[..., VectorEnv[Any, Any, Any]]:
    """Vector environments by way, number, engine and size of groups that ask the same; made once."""

    @cache
    def make(way: str, count: int, engine: str, alike: int) -> VectorEnv[Any, Any, Any]:
        arguments: dict[str, Any] = {"corpus": str(corpus_of(SIZE).path), "split": None, "engines": [engine]}
        envs = gymnasium.make_vec("berrypick/Search-v0", count, vectorization_mode=WAYS[way], **arguments)
        envs.reset(seed=[place // alike for place in range(count)])
        return envs

    return make


def _rounds(count: int) -> int:
    """Whole episodes, fewer of them where a step is many searches."""
    return len(EPISODE) * max(2, 128 // count)


def _actions(count: int, alike: int, seen: list[str], rounds: int) -> Iterator[list[str]]:
    """What all environments do, step by step; groups are at different points of their episodes."""
    for step in range(rounds):
        actions: list[str] = []
        for group in range(count // alike):
            kind = EPISODE[(group + step) % len(EPISODE)]
            query = next(FRESH)
            for place in range(group * alike, (group + 1) * alike):
                actions.append(_action(kind, query, seen[place]))
        yield actions


def _action(kind: str, query: str, seen: str) -> str:
    if kind == "search":
        return f"<search>{query}</search>"
    if kind == "open":
        title = _TITLE.search(seen)
        return f"<open>{title[1] if title else 'Page 0'}</open>"
    return f"<answer>{query}</answer>"


def _measure(way: str, count: int, engine: str, alike: int, block: int, made: Any, measure: Measure) -> None:
    envs = made(way, count, engine, alike)
    seen = [""] * count

    def step(actions: list[str]) -> None:
        seen[:] = envs.step(actions)[0]

    rounds = _rounds(count)
    case = f"{engine}/{count}" + ("/groups" if alike > 1 else "")
    measure(case, way, block, step, _actions(count, alike, seen, rounds), rounds)


@pytest.mark.parametrize(("block", "way"), turns(*WAYS))
@pytest.mark.parametrize("count", [16, 64, 256])
@pytest.mark.parametrize("engine", ["bm25", "dense"])
def test_step_of_all(engine: str, count: int, block: int, way: str, made: Any, measure: Measure) -> None:
    """Every environment asks something else, and nothing is asked twice."""
    _measure(way, count, engine, 1, block, made, measure)


@pytest.mark.parametrize(("block", "way"), turns(*WAYS))
@pytest.mark.parametrize("engine", ["bm25", "dense"])
def test_step_of_groups(engine: str, block: int, way: str, made: Any, measure: Measure) -> None:
    """16 environments at a time have the same question and ask the same."""
    _measure(way, 64, engine, GROUP, block, made, measure)
