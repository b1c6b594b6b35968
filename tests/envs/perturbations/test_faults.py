"""Faults: deterministic under their seed, visible in info, and never a document where the engine failed."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from berrypick.corpora.store import Corpus
from berrypick.envs.observations import ENGINE_FAILED, NOTHING_FOUND
from berrypick.envs.perturbations import faults
from berrypick.envs.perturbations.faults import FAULTS, Fault, Retrieval, parse
from berrypick.envs.search import SearchEnv
from berrypick.errors import BadInput
from berrypick.records import Hit
from berrypick.registry import UnknownName
from berrypick.seeding import rng

#: Arguments of those that take one.
ARGUMENTS = {"dropout": "0.5", "error": "0.5", "latency": "1"}
ALL = [f"{name}:{ARGUMENTS[name]}" if name in ARGUMENTS else name for name in FAULTS]
QUERIES = ("Thornwell", "Quillport governed", "Northern Halvard Foundry", "the Lantern Poet", "Upper Harrowgate")
HITS = [Hit(position, 9.0 - position) for position in range(4)]


def make(corpus: Corpus, *broken: str, **arguments: Any) -> SearchEnv:
    return SearchEnv(corpus=str(corpus.path), split=None, faults=broken, **arguments)


def play(env: SearchEnv, seed: int, question: str = "q1") -> list[Any]:
    env.reset(seed=seed, options={"question_id": question})
    return [env.step(f"<search>{query}</search>") for query in QUERIES]


def at(topk: int = 3, seed: int = 0, **changes: Any) -> Retrieval:
    return Retrieval(topk, rng(seed, "fault", 0), 10, changes.get("mask"), lambda: changes.get("before", []))


def apply(name: str, **changes: Any) -> list[Hit] | None:
    return parse([name])[0].distort(HITS, at(**changes))


def test_every_fault_is_tried_here():
    assert [name.partition(":")[0] for name in ALL] == list(FAULTS)


@pytest.mark.parametrize("fault", ALL)
def test_one_seed_is_one_episode(toy_corpus: Corpus, fault: str):
    env = make(toy_corpus, fault)
    first = play(env, 5)
    assert first == play(make(toy_corpus, fault), 5) == play(env, 5)


@pytest.mark.parametrize("fault", ["random", "shuffled", "dropout:0.5", "error:0.5"])
def test_other_seeds_episodes_and_questions_have_other_faults(toy_corpus: Corpus, fault: str):
    env = make(toy_corpus, fault)
    seen = [repr([step[-1]["doc_ids"] for step in play(env, seed)]) for seed in range(8)]
    assert len(set(seen)) > 4
    env.reset(seed=0, options={"question_id": "q1"})
    later = []
    for _ in range(8):  # the sequence goes on: no seed
        env.reset(options={"question_id": "q1"})
        later.append(repr([env.step(f"<search>{query}</search>")[-1]["doc_ids"] for query in QUERIES]))
    assert len(set(later)) > 4
    assert len({faults.key(0, 0, id) for id in ("q1", "q2", "q3")}) == 3


def test_what_struck_is_in_info_and_in_nothing_else(toy_corpus: Corpus):
    plain = play(make(toy_corpus), 0)
    assert {step[-1]["faults"] for step in plain} == {()}
    for fault in ALL:
        for step, usual in zip(play(make(toy_corpus, fault), 0), plain, strict=True):
            changed = step[-1]["doc_ids"] != usual[-1]["doc_ids"] or step[0] != usual[0]
            assert step[-1]["faults"] == ((fault,) if changed or fault.startswith("latency") else ())
            assert "fault" not in step[0]


def test_a_failed_engine_is_a_message_and_costs_a_search(toy_corpus: Corpus):
    observation, reward, _, _, info = play(make(toy_corpus, "error:1"), 0)[0]
    assert observation == f"<information>\n{ENGINE_FAILED}\n</information>" and "Doc 1" not in observation
    assert (reward, info["valid"], info["doc_ids"], info["scores"], info["hops_found"]) == (0.0, True, (), (), 0)
    assert info["budget_left"]["searches"] == 5 and info["faults"] == ("error:1",)


def test_an_empty_list_is_not_an_error(toy_corpus: Corpus):
    observation, *_, info = play(make(toy_corpus, "empty"), 0)[0]
    assert NOTHING_FOUND in observation and info["doc_ids"] == ()


def test_rates_are_kept():
    """Of 2,000 draws at .3, 600 +- 4 x sqrt(2000 x .3 x .7) = 600 +- 82 fail; of 4 x 2,000 hits at .5, 4000 +- 179."""
    failed = sum(apply("error:0.3", seed=seed) is None for seed in range(2000))
    assert abs(failed - 600) <= 82
    kept = sum(len(apply("dropout:0.5", seed=seed) or []) for seed in range(2000))
    assert abs(kept - 4000) <= 179
    assert apply("error:0") == apply("dropout:0") == HITS
    assert apply("error:1") is None and apply("dropout:1") == []


def test_dropout_keeps_the_order():
    for seed in range(20):
        kept = apply("dropout:0.5", seed=seed) or []
        assert kept == [hit for hit in HITS if hit in kept]


def test_random_documents_are_distinct_and_never_knocked_out():
    mask = np.array([True] * 7 + [False] * 3)
    drawn = [hit.index for hit in apply("random", mask=mask) or []]
    assert sorted(drawn) == [7, 8, 9]
    assert len(apply("random", topk=3) or []) == 3
    assert len(apply("random", topk=10, mask=mask) or []) == 3  # there are no more


def test_shuffling_reaches_below_the_shown_ranks(toy_corpus: Corpus):
    """All ten hits are shuffled and three shown: over many seeds other documents than the best three come up."""
    best = set(play(make(toy_corpus), 0)[0][-1]["doc_ids"])
    shown = {id for seed in range(10) for id in play(make(toy_corpus, "shuffled"), seed)[0][-1]["doc_ids"]}
    assert best < shown
    assert sorted(hit.index for hit in apply("shuffled") or []) == [0, 1, 2, 3]


def test_what_struck_below_the_shown_ranks_did_not_strike(toy_corpus: Corpus):
    """Shuffled at top 1: where the best document stays first, nothing that is shown has changed."""
    plain = play(make(toy_corpus, topk=1), 0)[0]
    firsts = [play(make(toy_corpus, "shuffled", topk=1), seed)[0] for seed in range(40)]
    assert all((step[0] == plain[0]) == (step[-1]["faults"] == ()) for step in firsts)
    assert 0 < sum(step[-1]["faults"] == () for step in firsts) < 40


def test_stale_lists_are_as_deep_as_the_next_fault_wants(toy_corpus: Corpus):
    shown = {id for seed in range(20) for id in play(make(toy_corpus, "stale", "shuffled"), seed)[1][-1]["doc_ids"]}
    assert len(shown) > 3


def test_stale_answers_are_those_of_the_search_before(toy_corpus: Corpus):
    plain, stale = play(make(toy_corpus), 0), play(make(toy_corpus, "stale"), 0)
    assert stale[0][-1]["doc_ids"] == ()
    assert [step[-1]["doc_ids"] for step in stale[1:]] == [step[-1]["doc_ids"] for step in plain[:-1]]


def test_faults_follow_one_another_in_the_order_given(toy_corpus: Corpus):
    """What fails is neither shuffled nor dropped any more; stale after random undoes it."""
    assert play(make(toy_corpus, "error:1", "random"), 0)[0][-1]["faults"] == ("error:1",)
    there = play(make(toy_corpus, "random", "stale"), 0)[1][-1]["doc_ids"]
    assert there == play(make(toy_corpus, "stale"), 0)[1][-1]["doc_ids"]


def test_latency_is_waited_for(toy_corpus: Corpus, monkeypatch: pytest.MonkeyPatch):
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    play(make(toy_corpus, "latency:250"), 0)
    assert slept == [0.25] * len(QUERIES)


def test_faults_and_knockouts_go_together(toy_corpus: Corpus):
    env = make(toy_corpus, "random", knockouts=("no_profile",))
    listed = {id for seed in range(10) for step in play(env, seed) for id in step[-1]["doc_ids"]}
    genres = {toy_corpus.documents[toy_corpus.position[id]].genre for id in listed}
    assert "profile" not in genres and listed


@pytest.mark.parametrize("fault", ALL)
def test_a_snapshot_goes_on_with_the_same_faults(toy_corpus: Corpus, fault: str):
    env, other = make(toy_corpus, fault), make(toy_corpus, fault)
    env.reset(seed=3)
    env.reset()
    env.step(f"<search>{QUERIES[0]}</search>")
    other.restore(env.snapshot())
    for query in QUERIES[1:]:
        assert env.step(f"<search>{query}</search>") == other.step(f"<search>{query}</search>")
    assert env.reset() == other.reset()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("empty:1",), "empty takes no argument"),
        (("dropout",), "dropout needs a number from 0 to 1, as in dropout:0.5; got ''"),
        (("error:1.5",), "error needs a number from 0 to 1"),
        (("error:nan",), "error needs a number"),
        (("error: .5",), "error needs a number"),
        (("latency:1_0",), "latency needs a number"),
        (("stale:",), "'stale:' has nothing after its colon"),
        (("latency:-1",), "latency needs a number from 0 to 60000"),
        (("dropout:.5", "dropout:.6"), "must be distinct"),
    ],
)
def test_bad_faults_are_named(names: tuple[str, ...], message: str):
    with pytest.raises(BadInput, match=message):
        parse(names)
    with pytest.raises(UnknownName, match="did you mean 'shuffled'"):
        parse(["shufled"])


def test_a_fault_is_what_its_row_makes():
    assert parse(["latency:20"]) == (Fault("latency:20", faults._same, seconds=0.02),)
