"""Replay: what may differ between machines goes on and is counted, anything else is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pytest
from msgspec.structs import replace

from berrypick.agents.rollout import record
from berrypick.benchmarks.cells import search_env
from berrypick.benchmarks.suites import Cell
from berrypick.corpora.engines.base import Mask
from berrypick.envs.perturbations.faults import rollout_seed
from berrypick.envs.worlds import World
from berrypick.leaderboard.recorded import pack
from berrypick.leaderboard.verify.replay import Job, Recorded, Replayed, replay
from berrypick.records import Episode, Hit

CELL = Cell("berrypick/Search-v0", "almanac-tiny", worlds=1, tasks=1, rollouts=1)
SEED, TASK = 0, 3

#: What the recording machine lists for any query: (document, score).
THERE = [(10, 0.5001), (11, 0.5), (12, 0.3), (13, 0.2999), (14, 0.1)]


class Fixed:
    """An engine that gives one list, whatever is asked."""

    def __init__(self, name: str, ranking: Sequence[tuple[int, float]]) -> None:
        self.name, self.ranking = name, ranking

    def search(self, queries: Sequence[str], k: int, exclude: Mask | None = None) -> list[list[Hit]]:
        return [[Hit(*pair) for pair in self.ranking[:k]] for _ in queries]


class Machine:
    """Puts fixed engines in place of the real ones."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch

    def lists(self, ranking: Sequence[tuple[int, float]]) -> None:
        def engine_without(world: World, name: str, genres: tuple[str, ...]) -> Fixed:
            return Fixed(name, ranking)

        self._patch.setattr(World, "engine_without", engine_without)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def play(cell: Cell, *actions: str) -> Episode:
    env = search_env(cell)
    env.reset(seed=rollout_seed(SEED, 0), options={"task_id": TASK})
    for action in actions:
        env.step(action)
    return record(env.trace, 0, 0)


def again(cell: Cell, episode: Episode) -> Replayed:
    """Replay a record of schema 1, which states everything, and one of schema 2, which must come to the same."""
    done = replay(Job(cell, SEED, TASK, (Recorded("here", pack(episode, SEED), episode),)))
    short = replay(Job(cell, SEED, TASK, (Recorded("here", pack(episode, SEED), None),)))
    assert short == done or done.problems
    return done


DENSE = '<search engine="dense">where</search>'
BM25 = '<search engine="bm25">where</search>'
ANSWER = "<answer>nobody</answer>"


def test_the_same_list_is_no_drift(machine: Machine):
    machine.lists(THERE)
    episode = play(CELL, DENSE, ANSWER)
    done = again(CELL, episode)
    assert (done.problems, done.drifted, done.moved, len(done.outcomes)) == ((), 0, 0, 1)
    assert done.tokens == 2 + 1  # words between blanks: <search, engine="dense">where</search>; and the answer


NEARLY = {
    "two trade places": [(11, 0.5001), (10, 0.5), (12, 0.3), (13, 0.2999), (14, 0.1)],
    "one beyond the last shown comes in": [(10, 0.5001), (11, 0.5), (13, 0.3), (12, 0.2999), (14, 0.1)],
}


@pytest.mark.parametrize("name", list(NEARLY))
def test_a_dense_list_may_differ_by_nearly_equal_scores(name: str, machine: Machine):
    machine.lists(THERE)
    episode = play(CELL, DENSE, "<open>no such page</open>", DENSE, ANSWER)
    machine.lists(NEARLY[name])
    done = again(CELL, episode)
    assert done.problems == () and (done.drifted, done.moved) == (2, 1)


#: 2e-4 away, in the same order.
MOVED: Final = [(10, 0.5003), (11, 0.5), (12, 0.2998), (13, 0.2998), (14, 0.1)]


def test_scores_alone_may_differ_and_excuse_nothing(machine: Machine):
    machine.lists(THERE)
    episode = play(CELL, DENSE, "<open>no such page</open>", DENSE, ANSWER)
    machine.lists(MOVED)
    done = again(CELL, episode)
    assert done.problems == () and (done.drifted, done.moved, len(done.outcomes)) == (0, 0, 1)


@pytest.mark.parametrize("ranking", [*NEARLY.values(), MOVED], ids=[*NEARLY, "scores move by 2e-4"])
def test_a_bm25_list_may_not_differ_at_all(ranking: list[tuple[int, float]], machine: Machine):
    machine.lists(THERE)
    episode = play(CELL, BM25, ANSWER)
    machine.lists(ranking)
    done = again(CELL, episode)
    assert done.drifted == 0 and done.outcomes == ()
    assert done.problems[0].startswith("here, step 1: ")


FAR = {
    "by 3e-4": [(11, 0.5001), (10, 0.4998), (12, 0.3), (13, 0.2999), (14, 0.1)],
    "another document": [(10, 0.5001), (19, 0.5), (12, 0.3), (13, 0.2999), (14, 0.1)],
    "one less": [(10, 0.5001), (11, 0.5)],
}


@pytest.mark.parametrize("name", list(FAR))
def test_a_dense_list_may_differ_by_nothing_else(name: str, machine: Machine):
    machine.lists(THERE)
    episode = play(CELL, DENSE, ANSWER)
    machine.lists(FAR[name])
    done = again(CELL, episode)
    assert done.drifted == 0 and len(done.problems) == 1


def with_step(episode: Episode, **changes: Any) -> Episode:
    return replace(episode, steps=(replace(episode.steps[0], **changes), *episode.steps[1:]))


@pytest.mark.parametrize(
    "changes",
    [
        {"doc_ids": ("p000000", "p000000", "p000000")},
        {"doc_ids": ("../..", "p000001", "p000002")},
        {"doc_ids": (), "scores": ()},
        {"scores": (0.5,)},
        {"scores": (0.5003, 0.5, 0.3)},  # the first is 2e-4 from what stands there, 3e-4 from its document's own
        {"obs_sha256": "0" * 64},
    ],
)
def test_a_dense_record_is_no_licence_to_write_anything(changes: dict[str, Any], machine: Machine):
    machine.lists(THERE)
    episode = play(CELL, DENSE, ANSWER)
    machine.lists(NEARLY["two trade places"])
    done = again(CELL, with_step(episode, **changes))
    assert len(done.problems) == 1


@pytest.mark.parametrize("fault", ["shuffled", "dropout:0.3", "stale", "latency:60000", "error:0.5"])
def test_faults_strike_the_same_ranks_of_a_drifted_list(fault: str, machine: Machine):
    """A minute's delay is not waited for."""
    cell = replace(CELL, faults=(fault,))
    machine.lists(THERE)
    episode = play(replace(CELL, faults=(fault.replace("60000", "1"),)), DENSE, DENSE, DENSE, ANSWER)
    machine.lists(NEARLY["two trade places"])
    done = again(cell, episode)
    assert done.problems == ()
    documents = search_env(CELL).tasks.world(0).corpus.documents
    moved = {documents[10].id, documents[11].id}
    assert done.drifted == sum(not moved.isdisjoint(step.doc_ids) for step in episode.steps) > 0


def test_an_engine_that_failed_is_not_one_that_found_nothing(machine: Machine):
    machine.lists(THERE)
    empty, failing = (replace(CELL, faults=(fault,)) for fault in ("empty", "error:1"))
    done = again(failing, play(empty, DENSE, ANSWER))
    (problem,) = done.problems
    assert problem.startswith("here, step 1: the observation's hash begins with ")


def test_one_bad_episode_takes_no_other_with_it(machine: Machine):
    machine.lists(THERE)
    good = play(CELL, BM25, ANSWER)
    bad = with_step(good, obs_sha256="0" * 64)
    named = (("line 1", bad), ("line 2", good), ("line 3", replace(good, status="error")))
    done = replay(Job(CELL, SEED, TASK, tuple(Recorded(name, pack(one, SEED), one) for name, one in named)))
    assert [problem[:14] for problem in done.problems] == ["line 1, step 1"]
    assert len(done.outcomes) == 1, "an episode that failed has no outcome, and earned nothing"


def test_an_episode_that_failed_earned_nothing(machine: Machine):
    machine.lists(THERE)
    failed = replace(play(CELL, BM25), status="error", reward=1.0)
    assert again(CELL, failed).problems == ("here: reward is 1.0, replay gives 0.0",)


@pytest.mark.parametrize("changes", [{"answer": "nobody"}, {"terminated": True}, {"truncated": True}])
def test_an_episode_that_failed_ended_as_it_says(changes: dict[str, Any], machine: Machine):
    machine.lists(THERE)
    failed = replace(play(CELL, BM25), status="error")
    assert again(CELL, failed).problems == ()
    (problem,) = again(CELL, replace(failed, **changes)).problems
    assert problem.startswith(f"here: {next(iter(changes))} is ")


def test_an_unfinished_episode_is_one_that_failed(machine: Machine):
    """It would have cost less than the episode that it is a part of."""
    machine.lists(THERE)
    for actions in ((), (BM25,)):
        done = again(CELL, play(CELL, *actions))
        assert done.problems == (f"here: status is 'ok', but the episode has not ended after {len(actions)} steps",)
        assert done.outcomes == ()
