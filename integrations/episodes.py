"""What adapters share: an environment played by tool calls, what became of an episode, and averages over many.

No framework in here. An episode's row is JSON, so that it crosses processes and servers.
"""

from __future__ import annotations

import copy
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from berrypick.corpora.engines import Engine
from berrypick.diversity import pairs_alike
from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.observations import read_prompt
from berrypick.envs.protocols import PROTOCOLS
from berrypick.envs.scoring.moves import STEP
from berrypick.envs.scoring.outcome import analyse
from berrypick.envs.scoring.trace import Trace
from berrypick.envs.search import SearchEnv

#: Groups with two grounded successes that measures of strategies need: below, one group more or less decides them.
FEWEST: Final = 5
#: What is said once an episode is over.
OVER: Final = "The task is over."
#: Fields of a row that are averaged.
AVERAGED: Final = ("reward", "em", "f1", "grounded", "hops_found", "searches", "opens", "invalid", "turns")

#: What became of an episode: see ``outcome_row``.
Row = dict[str, Any]


class ToolEpisodes:
    """A ``SearchEnv`` played by tool calls: ``reset``, then ``search``, ``open``, ``answer`` until it is over.

    Args:
        arguments: of ``SearchEnv``; the protocol is ``tools`` unless it is given.

    Raises:
        BadInput: as ``SearchEnv``.
        UnknownName: as ``SearchEnv``.
    """

    def __init__(self, **arguments: Any) -> None:
        self.env = SearchEnv(**{"protocol": "tools", **arguments})
        self._write = PROTOCOLS[self.env.setup.protocol].write
        self.reward = 0.0

    def fork(self) -> ToolEpisodes:
        """Return another player of the same tasks, with no episode yet; it shares all that does not change."""
        other = copy.copy(self)
        other.env = copy.copy(self.env)
        other.reward = 0.0
        return other

    @property
    def is_over(self) -> bool:
        """Whether the episode has ended."""
        return self.env.simulation.over

    def reset(self, task_id: int | None = None, seed: int | None = None) -> str:
        """Start an episode and return its instructions and question.

        Args:
            task_id: of the environment; None draws one.
            seed: of the draws and of the faults; None goes on with the sequence.

        Raises:
            BadInput: there is no such task, or the seed is out of range.
        """
        prompt, _ = self.env.reset(seed=seed, options=None if task_id is None else {"task_id": task_id})
        self.reward = 0.0
        return prompt

    def search(self, query: str, engine: str | None = None, topk: int | None = None) -> str:
        """Search, and return what the policy sees."""
        return self.step(self._write(Search(query, engine, topk)))

    def open(self, title: str) -> str:
        """Open a page, and return what the policy sees."""
        return self.step(self._write(Open(title)))

    def answer(self, text: str) -> str:
        """Answer, which ends the episode."""
        return self.step(self._write(Answer(text)))

    def step(self, action: str) -> str:
        """Play a turn as it is written in the protocol; a turn after the end changes nothing."""
        if self.is_over:
            return OVER
        observation, reward, _, _, _ = self.env.step(action)
        self.reward += reward
        return f"{observation}\n{OVER}".strip() if self.is_over else observation

    def row(self) -> Row:
        """What became of the episode so far; see ``outcome_row``."""
        return outcome_row(self.env.trace, self.env.engines)


def outcome_row(trace: Trace, engines: Mapping[str, Engine]) -> Row:
    """What became of an episode, as JSON.

    Args:
        trace: the episode.
        engines: by name, as the episode used them: ``SearchEnv.engines``.

    Returns:
        group (world and question; episodes of one group answer one question), question_id, family, reward, em, f1,
        answered, grounded (exact match, and evidence of every hop was displayed), hops, hops_found, searches, opens,
        invalid, turns, answer, strategy (productive moves, joined by " > ").
    """
    outcome = analyse(trace, engines)
    return {
        "group": f"{trace.corpus.fingerprint[:12]}/{trace.question.id}",
        "question_id": trace.question.id,
        "family": trace.question.family,
        "reward": trace.reward,
        "em": outcome.em,
        "f1": outcome.f1,
        "answered": outcome.answered,
        "grounded": outcome.grounded,
        "hops": outcome.hops,
        "hops_found": outcome.hops_found,
        "searches": outcome.searches,
        "opens": outcome.opens,
        "invalid": outcome.invalid,
        "turns": len(trace.turns),
        "answer": trace.answer,
        "strategy": STEP.join(outcome.strategy),
    }


def aggregate(rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Average rows, and measure how grounded successes divide among strategies.

    Args:
        rows: of ``outcome_row``; groups hold the episodes of one question.

    Returns:
        Means of ``AVERAGED``, and episodes. With at least ``FEWEST`` groups of two or more grounded successes also
        strategies_D2 (1 / mean chance that two of a group share a strategy; left out where none do), determinism (that
        mean chance) and dominant_share (of the commonest strategy over all grounded successes).
    """
    rows = list(rows)
    means = {name: math.fsum(float(row[name]) for row in rows) / len(rows) for name in AVERAGED} if rows else {}
    return {**means, "episodes": float(len(rows)), **_strategies(rows)}


def _strategies(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row["grounded"]:
            groups[row["group"]][row["strategy"]] += 1
    alike = [pairs_alike(list(counts.values())) for counts in groups.values() if counts.total() >= 2]
    if len(alike) < FEWEST:
        return {}
    chance = math.fsum(alike) / len(alike)
    together = sum(groups.values(), Counter[str]())
    measured = {"determinism": chance, "dominant_share": max(together.values()) / together.total()}
    return {**measured, "strategies_D2": 1 / chance} if chance else measured


def task_text(prompt: str, *, calls: str = "Call one tool in each turn") -> str:
    """Return a task for a model that is offered the tools natively: what it is asked and its budgets, no grammar.

    Args:
        prompt: a reset observation.
        calls: how tools are called, where a framework says it otherwise.

    Raises:
        ValueError: the text is no reset observation.
    """
    setup, question = read_prompt(prompt)
    return (
        "Answer the question at the end by searching a collection of documents. It may take several facts, each found "
        f"with what the one before told you. {calls}: search (engines: {', '.join(setup.engines)}; the first is the "
        "default), open a page that was listed or linked or that the question names, or answer, which ends the task. "
        f"You have {setup.max_turns} turns, at most {setup.search_budget} of them searches. Answer with the bare "
        f"answer, without a sentence around it.\nQuestion: {question}"
    )


def write_call(tool: str, arguments: Mapping[str, Any]) -> str:
    """Write a tool call as the protocol ``tools`` reads it."""
    return json.dumps(
        {"name": tool, "arguments": {name: value for name, value in arguments.items() if value is not None}}
    )


def replay(arguments: Mapping[str, Any], task_id: int, actions: Sequence[str], seed: int = 0) -> ToolEpisodes:
    """Return an episode after some actions, from nothing but what it is made of.

    Worlds and tasks are kept in the process, so that a step takes about 0.1 ms.

    Args:
        arguments: of ``SearchEnv``, JSON's types.
        task_id: of the environment.
        actions: played so far, as written.
        seed: of the faults.

    Raises:
        BadInput: as ``SearchEnv`` and its ``reset``.
        UnknownName: as ``SearchEnv``.
    """
    episode = _first(json.dumps(arguments, sort_keys=True)).fork()
    episode.reset(task_id, seed)
    for action in actions:
        episode.step(action)
    return episode


@lru_cache(maxsize=64)
def _first(arguments: str) -> ToolEpisodes:
    return ToolEpisodes(**json.loads(arguments))
