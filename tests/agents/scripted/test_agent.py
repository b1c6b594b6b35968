"""One episode of every script on the little world, action by action; then what scripts do when they are stuck."""

from __future__ import annotations

import numpy as np
import pytest

from berrypick.agents.base import EpisodeView
from berrypick.agents.rollout import rollout
from berrypick.agents.scripted.agent import NO_ANSWER, Scripted
from berrypick.agents.scripted.strategies import STRATEGIES
from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.observations import Setup, prompt
from berrypick.envs.protocols import PROTOCOLS
from berrypick.envs.reading.almanac import ALMANAC
from berrypick.envs.reading.plan import Unknown
from berrypick.envs.reading.view import look

WORKS, BASED = Unknown("", "works_at"), Unknown("", "based_in")
#: All wordings of a relation in one query, and one word of each.
ALL = {unknown.relation: ALMANAC.words(unknown)[0] for unknown in (WORKS, BASED)}
GIST = {unknown.relation: ALMANAC.gist(unknown) for unknown in (WORKS, BASED)}
TESSA, BEACON, BAL = "Tessa Thornwell", "Beacon Halvard Foundry", "Bal Harrowgate"
BRIDGE = f"What is the city where the company where {TESSA} works is based?"
FOUND = Answer(BAL)

#: script -> the actions that lead from Tessa to the foundry to its city.
EPISODES = {
    "names-only": [Search(TESSA), Open(TESSA), Search(BEACON), Open(BEACON), FOUND],
    "names+words": [Search(f"{TESSA} {ALL['works_at']}"), Search(f"{BEACON} {ALL['based_in']}"), FOUND],
    "initial-form": [Search("Payroll of T. Thornwell"), Search("Ratepayers of B. Halvard Foundry"), FOUND],
    "byname": [
        Search(f"register bynames epithets {TESSA}"),
        Search(f"the Lantern Poet {GIST['works_at']}"),
        Search(f"register bynames epithets {BEACON}"),
        Search(f"the Copper Anvil {GIST['based_in']}"),
        FOUND,
    ],
    "open-and-read": [Open(TESSA), Open(BEACON), FOUND],
    "browse-by-links": [Open(TESSA), Open(BEACON), FOUND],
    "whole-question": [Search(BRIDGE), FOUND],  # its words show both facts at once
    "dense-first": [
        Search(f"{TESSA} {ALL['works_at']}", "dense"),
        Search(f"{BEACON} {ALL['based_in']}", "dense"),
        FOUND,
    ],
    "reformulate-on-miss": [Open(TESSA), Open(BEACON), FOUND],
}


def test_every_script_has_an_episode():
    assert EPISODES.keys() == STRATEGIES.keys()


@pytest.mark.parametrize("protocol", ["tags", "tools"])
@pytest.mark.parametrize("script", STRATEGIES)
def test_episode(script: str, protocol: str, little_env):
    ((episode, trace),) = rollout(Scripted(script), little_env(protocol=protocol), [0], 1, 0)
    assert trace.question.id == "q-bridge"
    assert [turn.action for turn in trace.turns] == EPISODES[script]
    assert episode.reward == 1.0


def test_the_fallback_goes_on_when_a_genre_is_silent(little_env):
    """Without opening and with one search, "unknown"; with two, the rosters tell."""
    script = Scripted("reformulate-on-miss")
    for budget, reward in ((1, 0.0), (2, 1.0)):
        env = little_env(search_budget=budget)
        ((episode, trace),) = rollout(_NoOpen(script), env, [0], 1, 0)
        assert episode.reward == reward
        assert [turn.action for turn in trace.turns][-1] == (FOUND if reward else Answer(NO_ANSWER))


class _NoOpen:
    """Shows the inner agent a world in which every page was opened already and was empty."""

    name = "no open"

    def __init__(self, inner: Scripted) -> None:
        self.inner = inner

    def reads(self, corpus: str) -> bool:
        return True

    def act(self, rows, rngs):
        return [self._act(row, rng) for row, rng in zip(rows, rngs, strict=True)]

    def _act(self, row, rng):
        history = [row.history[0]]
        for name in (TESSA, BEACON):
            history += [f"<open>{name}</open>", f"<information>\nPage (Title: {name})\n</information>"]
        return self.inner.act([EpisodeView(row.id, (*history, *row.history[1:]))], [rng])[0]


def _first(question: str, script: str = "reformulate-on-miss", **setup: int) -> object:
    given = {"protocol": "tags", "engines": ("bm25",), "topk": 3, "max_turns": 10, "search_budget": 6, **setup}
    history = (prompt(Setup(**given), question),)
    text = Scripted(script).act([EpisodeView(0, history)], [np.random.default_rng([0, 0, 0])])[0]
    return PROTOCOLS["tags"].parse(text)


def test_a_question_of_no_known_language_is_searched_once_then_given_up():
    assert _first("Who let the dogs out?") == Search("Who let the dogs out?")
    assert _first("Who let the dogs out?", search_budget=0) == Answer(NO_ANSWER)


def test_the_last_turn_is_for_answering():
    assert _first(BRIDGE, max_turns=1) == Answer(NO_ANSWER)


def test_the_dense_engine_is_asked_only_where_there_is_one():
    assert _first(BRIDGE, "dense-first") == Answer(NO_ANSWER)
    assert _first(BRIDGE, "dense-first", engines=("bm25", "dense")) == EPISODES["dense-first"][0]


def test_an_intersection_is_searched_by_both_names_together(little_env):
    asked = f"Which is both the employee of {BEACON} and the native of {BAL}?"
    assert _first(asked, "names-only") == Search(f"{BEACON} {BAL}")
    assert _first(asked) == Search(f"{BEACON} {BAL}")


def test_reads():
    assert Scripted("byname").reads("almanac-small")
    assert not Scripted("byname").reads("factbook")  # countries have no bynames
    assert Scripted("names-only").reads("factbook")
    assert not Scripted("names-only").reads("hotpotqa")


def test_a_view_agrees_with_the_trace(little_env):
    """Every document that the simulator displayed is a passage with the sentences it showed."""
    for script in ("names-only", "byname"):
        ((_, trace),) = rollout(Scripted(script), little_env(), [0], 1, 0)
        history = [trace.prompt]
        for turn in trace.turns:
            history += [turn.raw, turn.observation]
        documents = trace.corpus.documents
        for turn, shown in zip(trace.turns, look(tuple(history)).shown, strict=True):
            assert [passage.title for passage in shown] == [documents[position].title for position in turn.docs]
            displayed = [documents[position].sentences[sentence] for position, sentence in turn.shown]
            assert [text for passage in shown for text in passage.sentences] == displayed
