"""The mixture that draws anew for each unknown fact."""

from __future__ import annotations

import pytest

from berrypick import agents
from berrypick.agents.rollout import rollout
from berrypick.agents.scripted.hop_mixture import HopMixture
from berrypick.agents.scripted.mixture import SCRIPTS
from berrypick.agents.scripted.strategies import STRATEGIES
from berrypick.envs.actions import Open, Search
from berrypick.errors import BadInput


def test_the_scripts_of_the_mixtures_exist():
    assert len(SCRIPTS) == 9 and {*SCRIPTS} <= {*STRATEGIES}


@pytest.mark.parametrize("name", ["hop_mixture:3", "hop_mixture:x", "hop_mixture:", "hop_mixture:-1"])
def test_no_number_of_fallbacks(name: str):
    with pytest.raises(BadInput, match="expected"):
        agents.make(name)


def test_names():
    assert [agents.make(name).name for name in ("hop_mixture", "hop_mixture:0", "hop_mixture:1")] == [
        "hop_mixture",
        "hop_mixture:0",
        "hop_mixture:1",
    ]


def test_ways_are_mixed_within_an_episode(little_env):
    """On the little world two facts are found one after the other: some episodes open for one and search for the other.

    A script that is drawn once an episode never does: names-only and reformulate-on-miss apart, none does both.
    """
    mixed = [trace for _, trace in rollout(HopMixture(0), little_env(), [0], 64, 0)]
    kinds = {tuple(type(turn.action) for turn in trace.turns[:2]) for trace in mixed}
    assert {(Open, Search), (Search, Open), (Open, Open), (Search, Search)} <= kinds


def test_fallbacks_find_what_one_way_misses(little_env):
    right = [
        sum(episode.reward for episode, _ in rollout(HopMixture(fallbacks), little_env(), [0], 64, 0))
        for fallbacks in (0, 2)
    ]
    assert right[0] <= right[1] and right[1] > 32


def test_the_same_seed_plays_the_same_episodes_however_many_run_side_by_side(little_env):
    played = [
        [
            tuple(turn.raw for turn in trace.turns)
            for _, trace in rollout(HopMixture(), little_env(), [0], 8, 0, batch=n)
        ]
        for n in (1, 8)
    ]
    assert played[0] == played[1] and len(set(played[0])) > 2
