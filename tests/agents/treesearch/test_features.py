"""What critics see, by hand in a little world."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from berrypick.agents.treesearch.features import NAMES, prefixes
from berrypick.envs.search import SearchEnv

SEARCH = '<search engine="bm25">Lantern Poet works</search>'


@pytest.fixture
def played(little_env: Callable[..., Callable[[], SearchEnv]]) -> SearchEnv:
    """BYNAME: "What is the employer of the one known as the Lantern Poet?"; a search, the same again, an answer."""
    env = little_env(topk=1)()
    env.reset(seed=0, options={"question_id": "q-alias"})
    for action in (SEARCH, SEARCH, "nonsense", "<answer>Beacon Halvard Foundry</answer>"):
        env.step(action)
    return env


def named(row: np.ndarray) -> dict[str, float]:
    return dict(zip(NAMES, row.tolist(), strict=True))


def test_before_the_first_turn_only_the_question_is_known(played: SearchEnv):
    rows = prefixes(played.trace)
    assert rows.shape == (5, len(NAMES)) and rows.dtype == np.float64
    first = named(rows[0])
    # employer, one, known, lantern, poet; of them lantern and poet are capitalised
    assert first.pop("asked") == 0.5 and first.pop("asked_names") == 0.2
    assert set(first.values()) == {0.0}


def test_by_hand(played: SearchEnv):
    """The best page for the query is c1: "The Lantern Poet works at Beacon Halvard Foundry." """
    assert played.trace.turns[0].shown == ((1, 1),)
    one, two, three, four = map(named, prefixes(played.trace)[1:])
    assert (one["turns"], one["searches"], one["search"], one["refused"], one["repeated"]) == (0.1, 0.1, 1, 0, 0)
    assert one["new"] == 0.1 and one["names_found"] == 1.0
    assert one["words_found"] == one["best"] == one["best_new"] == pytest.approx(2 / 5)
    assert one["query_asked"] == pytest.approx(2 / 3) and one["query_found"] == 0.0  # lantern, poet; works
    assert two["repeated"] == 1.0 and two["new"] == two["new_words"] == 0.0 and two["query_found"] == 1.0
    assert three["refused"] == 1.0 and three["invalid"] == 0.1 and three["best_new"] == 0.0
    assert four["answer"] == four["supported"] == four["answer_last"] == four["answer_name"] == 1.0
    assert four["answer_asked"] == 0.0 and four["answer_best"] == pytest.approx(2 / 5)
    assert all(each["answer_words"] == 0.0 for each in (one, two, three)) and four["answer_words"] == pytest.approx(0.6)


def test_an_answer_never_shown_is_not_supported(little_env: Callable[..., Callable[[], SearchEnv]]):
    env = little_env()()
    env.reset(seed=0, options={"question_id": "q-alias"})
    env.step("<answer>the Lantern Poet</answer>")
    last = named(prefixes(env.trace)[-1])
    assert last["supported"] == last["answer_best"] == last["answer_last"] == 0.0 and last["answer_asked"] == 1.0


def test_gold_changes_nothing(played: SearchEnv):
    """The same episode of a question whose answers and plan are others."""
    import msgspec

    before, trace = prefixes(played.trace), played.trace
    trace.question = msgspec.structs.replace(trace.question, answers=("x",), gold=())
    assert np.array_equal(prefixes(trace), before)
