"""The ceilings: they answer right, they display what they answer from, and only they are told the question."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from berrypick import agents
from berrypick.agents.baselines.oracle import Oracle
from berrypick.agents.rollout import Informed, rollout
from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.scoring.outcome import Outcome, analyse

ROOT = Path(__file__).resolve().parents[3]


def outcomes(name: str, make_env, tasks, rollouts: int) -> list[Outcome]:
    engines, found = {}, []
    for task in tasks:
        env = make_env()
        env.reset(options={"task_id": task})
        engines[env.trace.question.id] = env.engines
    for _, trace in rollout(agents.make(name), make_env, tasks, rollouts, 0):
        found.append(analyse(trace, engines[trace.question.id]))
    return found


def test_pages_that_can_be_opened_come_first(little_env):
    traces = [trace for _, trace in rollout(Oracle(), little_env(), [0, 1], 1, 0)]
    pages = [Open("Tessa Thornwell"), Open("Beacon Halvard Foundry"), Answer("Bal Harrowgate")]
    assert [turn.action for turn in traces[0].turns] == pages
    first, *_, last = (turn.action for turn in traces[1].turns)
    assert isinstance(first, Search) and last == Answer("Beacon Halvard Foundry")


@pytest.mark.parametrize("protocol", ["tags", "tools"])
@pytest.mark.parametrize("name", ["oracle", "route_oracle"])
def test_every_answer_is_right_and_grounded(name: str, protocol: str):
    from berrypick.envs.search import SearchEnv

    def make() -> SearchEnv:
        return SearchEnv(corpus="almanac-tiny", split="test", protocol=protocol)

    found = outcomes(name, make, range(make().tasks.count()), 1)
    assert len(found) > 30
    assert all(outcome.em and outcome.grounded for outcome in found)


def test_route_oracle_walks_every_viable_route(little_env):
    found = outcomes("route_oracle", little_env(), [0], 64)
    assert {outcome.route for outcome in found} == {
        (one, two) for one in ("profile", "roster", "chronicle") for two in ("profile", "roster", "chronicle")
    }


def test_a_plan_leaves_a_turn_for_the_answer(little_env):
    ((episode, trace),) = rollout(Oracle(), little_env(max_turns=2), [0], 1, 0)
    assert len(trace.turns) == 2 and episode.reward == 1.0


def test_an_oracle_that_was_told_nothing_says_so(little_env):
    from berrypick.agents.base import EpisodeView

    prompt, _ = little_env()().reset(options={"task_id": 0})
    with pytest.raises(KeyError):
        Oracle().act([EpisodeView(10**9, (prompt,))], [None])  # type: ignore[list-item]


def test_only_the_oracles_are_told_the_question():
    informed = {name for name in agents.AGENTS if isinstance(agents.make(name), Informed)}
    assert informed == {"oracle", "route_oracle"}
    for path in sorted((ROOT / "agents").rglob("*.py")):
        tells = [
            node
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef) and node.name == "tell"
        ]
        assert not tells or path.name in ("oracle.py", "rollout.py"), path
