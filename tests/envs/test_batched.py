"""Many environments at once see, are paid and are told exactly what each would be alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from berrypick.corpora.store import Corpus
from berrypick.envs.batched import BatchedSearchEnv
from berrypick.envs.observations import ENGINE_FAILED
from berrypick.envs.search import SearchEnv
from berrypick.errors import BadInput

COUNT = 5
#: Every kind of action, the same engine at different depths, text of any kind; answers end episodes at odd moments.
ACTIONS = (
    "<search>Thornwell works</search>",
    '<search engine="dense" topk="5">Quillport</search>',
    "<open>Tessa Thornwell</open>",
    "<search>日本 ñandú 🫐</search>",
    "nothing",
    "<answer>Quillport</answer>",
    '<search engine="bm25" topk="10">the Lantern Poet</search>',
    "<search>Quillport governed</search>",
    "<answer>京都</answer>",
)
CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"knockouts": ("no_roster", "no_favourite:bm25/names")},
    {"faults": ("dropout:0.4", "error:0.2")},
    {"faults": ("random",), "reward": "evidence", "expose_gold": True},
)


def arguments(corpus: Corpus, **more: Any) -> dict[str, Any]:
    return {"corpus": str(corpus.path), "split": None, "max_turns": 4} | more


def turns(seed: int) -> Iterator[list[str]]:
    draw = np.random.default_rng(seed)
    while True:
        yield [ACTIONS[i] for i in draw.integers(len(ACTIONS), size=COUNT)]


def alike(one: Any, other: Any) -> None:
    """Equal down to the types of arrays, whatever is nested in what."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert set(one) == set(other)
        for key in one:
            alike(one[key], other[key])
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype and one.shape == other.shape
        assert all(type(a) is type(b) and a == b for a, b in zip(one.tolist(), other.tolist(), strict=True))
    else:
        assert one == other


def both(corpus: Corpus, mode: AutoresetMode, **more: Any) -> tuple[BatchedSearchEnv, SyncVectorEnv]:
    made = arguments(corpus, **more)
    single = SyncVectorEnv([lambda: SearchEnv(**made) for _ in range(COUNT)], autoreset_mode=mode)
    return BatchedSearchEnv(COUNT, autoreset_mode=mode, **made), single


@pytest.mark.parametrize("changes", CHANGES, ids=str)
@pytest.mark.parametrize("mode", list(AutoresetMode), ids=lambda mode: mode.name)
def test_every_mode_is_that_of_single_environments(toy_corpus: Corpus, mode: AutoresetMode, changes: dict[str, Any]):
    batched, single = both(toy_corpus, mode, **changes)
    assert batched.metadata["autoreset_mode"] is mode
    for got, expected in zip(batched.reset(seed=7), single.reset(seed=7), strict=True):
        alike(got, expected)
    ended = 0
    for actions in itertools.islice(turns(1), 40):
        played, wanted = batched.step(actions), single.step(tuple(actions))
        for got, expected in zip(played, wanted, strict=True):
            alike(got, expected)
        over = played[2] | played[3]
        ended += over.sum()
        if mode is AutoresetMode.DISABLED and over.any():
            for got, expected in zip(
                batched.reset(options={"reset_mask": over}), single.reset(options={"reset_mask": over}), strict=True
            ):
                alike(got, expected)
    assert ended > 20


def test_seeds_follow_gymnasium(toy_corpus: Corpus):
    for seed in (3, [9, 1, 4, 4, 0]):
        batched, single = both(toy_corpus, AutoresetMode.NEXT_STEP)
        assert batched.reset(seed=seed)[0] == single.reset(seed=seed)[0]
    assert batched.reset(seed=np.array([9, 1, 4, 4, 0]))[0] == batched.reset(seed=[9, 1, 4, 4, 0])[0]  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected 5 seeds, got 2"):
        batched.reset(seed=[1, 2])


def test_options_reach_every_environment(toy_corpus: Corpus):
    batched, _ = both(toy_corpus, AutoresetMode.DISABLED)
    options = {"question_id": "q2"}
    prompts, infos = batched.reset(seed=0, options=options)
    assert list(infos["question_id"]) == ["q2"] * COUNT and len(set(prompts)) == 1
    assert options == {"question_id": "q2"}


def test_a_step_that_is_refused_is_taken_by_nobody(toy_corpus: Corpus):
    batched, _ = both(toy_corpus, AutoresetMode.DISABLED)
    batched.reset(seed=0)
    wrong: list[Sequence[Any]] = [["x"] * 4, "xxxxx", ["x", "x", 3, "x", "x"]]
    for actions, error in zip(wrong, (ValueError, ValueError, TypeError), strict=True):
        with pytest.raises(error):
            batched.step(actions)
    batched.step(["<answer>x</answer>", *["x"] * 4])
    with pytest.raises(ResetNeeded, match=r"the episodes of \[0\] are over"):
        batched.step(["x"] * COUNT)
    assert [len(trace.turns) for trace in batched.traces] == [1] * COUNT


@pytest.mark.parametrize("mask", [[True] * COUNT, np.ones(COUNT), np.ones(3, dtype=bool), np.zeros(COUNT, dtype=bool)])
def test_a_mask_is_a_mask(toy_corpus: Corpus, mask: Any):
    batched, _ = both(toy_corpus, AutoresetMode.DISABLED)
    with pytest.raises(ValueError, match="reset_mask must be a bool array"):
        batched.reset(options={"reset_mask": mask})


@pytest.mark.parametrize("knockouts", [(), ("no_roster",)])
def test_one_call_an_engine_and_depth(toy_corpus: Corpus, monkeypatch: pytest.MonkeyPatch, knockouts: tuple[str, ...]):
    batched, _ = both(toy_corpus, AutoresetMode.DISABLED, knockouts=knockouts)
    batched.reset(seed=0)
    calls: list[tuple[str, list[str], int]] = []
    world = batched.envs[0].simulation.world
    for name in batched.envs[0].setup.engines:
        engine = world.engine(name)
        search = engine.search

        def counted(
            queries: Sequence[str], k: int, exclude: Any = None, *, name: str = name, search: Any = search
        ) -> Any:
            calls.append((name, list(queries), k))
            return search(queries, k, exclude)

        monkeypatch.setattr(engine, "search", counted)
    batched.step(
        [
            "<search>a</search>",
            '<search engine="dense">b</search>',
            "<search>c</search>",
            '<search topk="5">d</search>',
            "<open>Tessa Thornwell</open>",
        ]
    )
    assert sorted(calls) == [("bm25", ["a", "c"], 3), ("bm25", ["d"], 5), ("dense", ["b"], 3)]


def test_an_episode_that_was_set_back_goes_on(toy_corpus: Corpus):
    for mode in (AutoresetMode.DISABLED, AutoresetMode.NEXT_STEP):
        batched, _ = both(toy_corpus, mode)
        batched.reset(seed=0)
        point = batched.envs[0].snapshot()
        batched.step(["<answer>x</answer>", *["x"] * 4])
        batched.envs[0].restore(point)
        batched.step(["nothing"] * COUNT)
        assert [len(trace.turns) for trace in batched.traces] == [1, 2, 2, 2, 2]


def test_nobody_steps_before_everybody_was_reset(toy_corpus: Corpus):
    batched, _ = both(toy_corpus, AutoresetMode.DISABLED)
    batched.reset(seed=0, options={"reset_mask": np.array([True, *[False] * 4])})
    with pytest.raises(ResetNeeded):
        batched.step(["x"] * COUNT)
    assert batched.envs[0].trace.turns == []


def test_delays_pass_side_by_side(toy_corpus: Corpus, monkeypatch: pytest.MonkeyPatch):
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    batched, _ = both(toy_corpus, AutoresetMode.DISABLED, faults=("latency:500",))
    batched.reset(seed=0)
    batched.step(["<search>a</search>"] * COUNT)
    assert slept == [0.5]


def test_gymnasium_makes_it_by_default():
    made = gymnasium.make_vec("berrypick/Search-v0", 3, worlds=1, autoreset_mode="SameStep")
    assert isinstance(made, BatchedSearchEnv) and isinstance(made, VectorEnv)
    assert made.autoreset_mode is AutoresetMode.SAME_STEP
    prompts, _ = made.reset(seed=4)
    assert prompts in made.observation_space
    assert made.step(["<answer>x</answer>"] * 3)[2].all()
    assert made.render() is None
    made.close()


def test_thousands_share_one_world(toy_corpus: Corpus):
    many = BatchedSearchEnv(2000, **arguments(toy_corpus))
    many.reset(seed=0)
    texts, rewards, *_ = many.step(["<search>Thornwell</search>"] * 2000)
    assert len(texts) == 2000 and not rewards.any()
    assert len({id(trace.corpus) for trace in many.traces}) == 1
    assert len({id(env.tasks) for env in many.envs}) == 1
    assert len({id(env.trace) for env in many.envs}) == 2000


def test_what_cannot_be_made_is_said(toy_corpus: Corpus):
    with pytest.raises(BadInput, match="num_envs"):
        BatchedSearchEnv(2.5, **arguments(toy_corpus))  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="num_envs"):
        BatchedSearchEnv(0, **arguments(toy_corpus))
    with pytest.raises(BadInput, match="render_mode"):
        BatchedSearchEnv(2, **arguments(toy_corpus, render_mode="human"))
    assert BatchedSearchEnv(2, **arguments(toy_corpus, render_mode="ansi")).render_mode == "ansi"


def test_a_failed_engine_is_told_to_each_environment(toy_corpus: Corpus):
    arguments = {
        "corpus": str(toy_corpus.path),
        "split": "test",
        "engines": ("web=http:http://127.0.0.1:9#retries=0", "bm25"),
    }
    envs = BatchedSearchEnv(3, autoreset_mode="Disabled", **arguments)
    envs.reset(seed=0)
    search = '<search engine="{}">Tessa</search>'
    observations, *_ = envs.step([search.format("web"), search.format("bm25"), search.format("web")])
    assert [ENGINE_FAILED in seen for seen in observations] == [True, False, True]
