"""Policies over numbers: played in text or in numbers, they do the same."""

from __future__ import annotations

import numpy as np
import pytest

from berrypick import agents
from berrypick.agents.discrete.agent import NO_ANSWER, POLICIES, Discrete
from berrypick.agents.rollout import rollout, rollout_numbers
from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.discrete.choices import NUMBER, Choice
from berrypick.envs.discrete.env import AlmanacDiscrete
from berrypick.envs.discrete.features import NAMES
from berrypick.envs.search import SearchEnv
from berrypick.registry import UnknownName
from berrypick.seeding import rng

TESSA, BEACON, BAL = "Tessa Thornwell", "Beacon Halvard Foundry", "Bal Harrowgate"
#: policy -> what it does on the bridge from Tessa to the foundry to its city.
EPISODES = {
    "full-name": [Search(TESSA, "bm25"), Open(TESSA), Search(BEACON, "bm25"), Open(BEACON), Answer(BAL)],
    "initial-form": [Search("Payroll of T. Thornwell", "bm25"), Search("Ratepayers of B. Halvard Foundry", "bm25")],
    "open": [Open(TESSA), Open(BEACON), Answer(BAL)],
    "fallbacks": [Open(TESSA), Open(BEACON), Answer(BAL)],
}


@pytest.mark.parametrize("policy", POLICIES)
def test_text_and_numbers_give_the_same_episodes(policy: str):
    where = {"corpus": "almanac-tiny", "worlds": 2, "split": "test"}
    tasks, rollouts = range(10), 2 if policy == "random" else 1
    text = [
        episode
        for episode, _ in rollout(agents.make(f"discrete:{policy}"), lambda: SearchEnv(**where), tasks, rollouts, 7)
    ]
    numbers = rollout_numbers(POLICIES[policy], lambda: AlmanacDiscrete(**where), tasks, rollouts, 7)
    assert [episode for episode, _ in numbers] == text
    assert len(text) == 10 * rollouts and any(len(episode.steps) > 2 for episode in text)


@pytest.mark.parametrize("policy", EPISODES)
def test_a_bridge_by_hand(little_env, policy: str):
    ((_, trace),) = rollout(agents.make(f"discrete:{policy}"), little_env(), [0], 1, 0)
    expected = EPISODES[policy]
    assert [turn.action for turn in trace.turns][: len(expected)] == expected


def test_a_lone_byname_needs_the_register(little_env):
    ((episode, trace),) = rollout(agents.make("discrete:byname"), little_env(), [1], 1, 0)
    assert trace.turns[0].action == Search("register bynames epithets the Lantern Poet", "bm25")
    assert episode.answer == BEACON


def test_a_script_asks_for_what_is_sought_and_answers_in_the_last_turn():
    observation, mask = np.zeros(len(NAMES), np.float32), np.zeros(len(NUMBER), bool)
    legal = [Choice("bm25", 1, "full"), Choice("answer", 0, ""), Choice("open", 1, "page")]
    mask[[NUMBER[choice] for choice in legal]] = True
    script, draw = POLICIES["full-name"], rng(0, "rollout", 0)

    def chosen(*features: str) -> Choice:
        observation[:] = 0.0
        observation[[NAMES.index(name) for name in features]] = 1.0
        return next(choice for choice, number in NUMBER.items() if number == script(observation, mask, draw))

    assert chosen("slot1:sought") == chosen("slot1:later") == Choice("bm25", 1, "full")
    assert chosen("slot1:sought", "slot1:bm25:full") == Choice("open", 1, "page")
    stuck = Choice("answer", 0, "")
    assert chosen("slot1:sought", "slot1:bm25:full", "slot1:opened") == stuck
    assert chosen("slot1:sought", "final") == chosen("slot1:sought", "slot0:answer") == chosen() == stuck
    # Where a subject is sought, its page is not opened.
    assert chosen("slot1:sought", "slot1:inverse") == Choice("bm25", 1, "full")
    assert chosen("slot1:sought", "slot1:inverse", "slot1:bm25:full") == stuck


def test_random_draws_legal_actions_alike():
    mask = np.zeros(len(NUMBER), bool)
    mask[[3, 50, 120]] = True
    draw = rng(0, "rollout", 1)
    drawn = [POLICIES["random"](np.zeros(len(NAMES), np.float32), mask, draw) for _ in range(600)]
    # 600 draws, each of three with chance 1/3: 200, standard deviation sqrt(600 x 1/3 x 2/3) = 11.5
    assert {number: abs(drawn.count(number) - 200) < 60 for number in set(drawn)} == {3: True, 50: True, 120: True}


def test_where_nothing_is_legal_the_agent_gives_up():
    def never(observation: object, mask: object, draw: object) -> int:
        raise AssertionError("there is nothing to choose from")

    from berrypick.agents.base import EpisodeView
    from berrypick.envs.observations import Setup, prompt

    row = EpisodeView(0, (prompt(Setup("tags", ("bm25",), 3, 10, 0), "Who let the dogs out?"),))
    assert Discrete("never", never).act([row], [rng(0, "rollout", 2)]) == [f"<answer>{NO_ANSWER}</answer>"]


def test_unknown_policies_list_near_matches():
    with pytest.raises(UnknownName, match="did you mean 'fallbacks'"):
        agents.make("discrete:fallback")


def test_policies_are_for_almanac():
    agent = agents.make("discrete:random")
    assert agent.name == "discrete:random" and agent.reads("almanac-small") and not agent.reads("factbook")
