"""Padding: what the inner agent sees, what is spent, and that no headline moves."""

from __future__ import annotations

import pytest

from berrypick import agents
from berrypick.agents.adversarial.padded import FILLER, REPEATS, THOUGHT, Padded
from berrypick.agents.rollout import rollout
from berrypick.corpora.builders.almanac import inventory
from berrypick.envs.actions import Search
from berrypick.envs.scoring.outcome import analyse
from berrypick.errors import BadInput
from berrypick.registry import UnknownName

SCRIPTS = [name for name in agents.AGENTS if name.startswith("scripted:")]


def traces(name: str, make_env):
    return [trace for _, trace in rollout(agents.make(name), make_env, [0, 1], 2, 0)]


@pytest.mark.parametrize("protocol", ["tags", "tools"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_no_headline_moves(name: str, protocol: str, little_env):
    make_env = little_env(protocol=protocol)
    env = make_env()
    env.reset(options={"task_id": 0})
    for plain, padded in zip(traces(name, make_env), traces(f"padded:{name}", make_env), strict=True):
        before, after = analyse(plain, env.engines), analyse(padded, env.engines)
        assert (after.em, after.grounded, after.route) == (before.em, before.grounded, before.route)
        assert after.strategy == before.strategy
        assert after.evidence == before.evidence
        assert after.invalid == 0


def test_queries_are_filled_and_repeated_and_thoughts_are_thought(little_env):
    (trace, *_) = traces("padded:scripted:names-only", little_env())
    queries = [turn.action.query for turn in trace.turns if isinstance(turn.action, Search)]
    assert queries[:2] == [f"Tessa Thornwell {FILLER}", f"Beacon Halvard Foundry {FILLER}"]
    assert queries[2:] == [f"Tessa Thornwell {FILLER}"] * REPEATS
    assert all(turn.raw.startswith(THOUGHT) for turn in trace.turns)


@pytest.mark.parametrize("protocol", ["tags", "tools"])
def test_the_inner_agent_sees_nothing_of_it(protocol: str, little_env):
    """Neither fillers nor thoughts nor repeats: its actions are its own, as without padding, however often asked."""
    inner = agents.make("scripted:names-only")
    seen: list[tuple[str, ...]] = []

    class Spy(type(inner)):
        def act(self, rows, rngs):
            seen.extend(row.history[1::2] for row in rows)
            return super().act(rows, rngs)

    ((_, trace),) = rollout(Padded(Spy("names-only")), little_env(protocol=protocol), [0], 1, 0)
    ((_, plain),) = rollout(inner, little_env(protocol=protocol), [0], 1, 0)
    own = tuple(turn.raw for turn in plain.turns)
    assert len(trace.turns) == len(own) + REPEATS
    # Before each repeat the inner agent had been about to answer: it is asked again from the same place.
    assert seen == [own[:turn] for turn in range(len(own))] + [own[:-1]] * REPEATS


@pytest.mark.parametrize(
    ("changes", "repeats"), [({"search_budget": 2}, 0), ({"search_budget": 3}, 1), ({"max_turns": 6}, 1)]
)
def test_only_spare_budget_is_spent(little_env, changes: dict[str, int], repeats: int):
    """names-only needs 2 searches, 2 pages and the answer: 5 turns."""
    (trace, *_) = traces("padded:scripted:names-only", little_env(**changes))
    assert len(trace.turns) == 5 + repeats
    assert trace.reward == 1.0


def test_fillers_are_no_names():
    pools = [word.lower() for pool in inventory.POOLS.values() for part in pool for word in part]
    assert not set(FILLER.split()) & {piece for word in pools for piece in word.split()}


def test_padding_nests_and_reads_what_the_inner_agent_reads():
    agent = agents.make("padded:padded:scripted:byname")
    assert agent.name == "padded:padded:scripted:byname"
    assert agent.reads("almanac-small") and not agent.reads("factbook")


def test_what_cannot_be_padded():
    with pytest.raises(BadInput, match="cannot be padded"):
        agents.make("padded:oracle")
    with pytest.raises(UnknownName, match="did you mean 'random'"):
        agents.make("padded:randon")
