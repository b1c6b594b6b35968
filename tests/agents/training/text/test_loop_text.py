"""The loop with the text track's learner: the published start in one tiny world."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file
from torch import Tensor

from berrypick import io, seeding
from berrypick.agents import make as make_agent
from berrypick.agents.training import loop, run_dir
from berrypick.agents.training.config import Config
from berrypick.agents.training.text import ngrams, process_rewards
from berrypick.agents.training.text.ngrams import MinedNgrams
from berrypick.agents.treesearch import critics
from berrypick.agents.treesearch.critics import Critics, Head
from berrypick.agents.treesearch.features import NAMES

CONFIG = Config(
    "grpo", "tiny-diverse", "berrypick/Almanac-v0", {"corpus": "almanac-tiny", "worlds": 1, "split": "train"},
    steps=2, prompts_per_step=3, group_size=3, minibatches_per_step=2, lr=1e-3,
)  # fmt: skip


def trained(out: Path, **changes: Any) -> dict[str, Tensor]:
    loop.train(msgspec.structs.replace(CONFIG, **changes), out)
    return load_file(out / run_dir.POLICY / run_dir.WEIGHTS)


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_ends_in_an_agent(tmp_path: Path):
    trained(tmp_path)
    assert make_agent(f"lm:{tmp_path / run_dir.POLICY}").reads("almanac-small")
    assert not make_agent(f"lm:{tmp_path / run_dir.POLICY}").reads("factbook")
    lines, _ = run_dir.read_metrics(tmp_path)
    assert all(line.tokens > 0 and line.entropy is not None for line in lines)
    assert any(line.grad_norm for line in lines)  # a step whose groups are all wrong has none


@pytest.mark.parametrize("penalty", ["kl_cov(beta={})", "llds(coefficient={})"])
def test_penalties_on_the_distance_from_the_rollouts_begin_at_nothing(tmp_path: Path, penalty: str):
    """Sampling goes through a cache and scoring does not: what differs in the last bits is no distance."""
    found = [
        trained(tmp_path / scale, method=penalty.format(scale), minibatches_per_step=1, steps=1)
        for scale in ("1", "50")
    ]
    assert equal(*found)


class Killed(BaseException):
    """Stands for a signal."""


@pytest.mark.parametrize(
    "method",
    [
        "kl_reference",
        "adaptive_entropy(target=3)",
        "grpo+critique_grpo+kl_cov(ratio=0.1)",
        "r3_filter+hicra_random",
        "fitness_sharing+sft_refresh(every=1,batch=3,questions=4)",
    ],
)
def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path: Path, method: str):
    whole = trained(tmp_path / "whole", method=method)

    def kill(line: run_dir.Line) -> None:
        raise Killed

    with pytest.raises(Killed):
        loop.train(msgspec.structs.replace(CONFIG, method=method), tmp_path / "cut", kill)
    assert equal(trained(tmp_path / "cut", method=method), whole)


def test_refinements_read_a_judge_behind_an_endpoint(tmp_path: Path, stub: Any):
    """It agrees with the rule check on every other episode: the others are not refined, and the line says how many."""
    asked: list[str] = []

    def answer(request: Any, number: int) -> Any:
        asked.append(request.body["messages"][0]["content"])
        return stub.says("It searched once.\nVerdict: " + ("wrong" if number % 2 else "right"))

    stub.answer = answer
    trained(tmp_path, method="critique_grpo", critic=f"{stub.name}?tries=1", lr=1e-4)
    lines = [line for line in run_dir.read_metrics(tmp_path).lines if line.refinement["groups"]]
    assert lines and asked and all("Question: " in prompt for prompt in asked)
    assert all(0 < line.refinement["silent"] < 1 and line.refinement["kept"] > 0 for line in lines)


def test_critics_are_trained_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Before the first step; a run that goes on reads them, and reaches the very same weights."""
    draw = seeding.rng(0, "training", 0)
    head = Head(tuple(draw.normal(size=len(NAMES)).tolist()), 0.0)
    monkeypatch.setattr(
        process_rewards, "trained", lambda player, seed, episodes: Critics(head, head, head, NAMES, episodes, 9)
    )
    method = "kl_cov(ratio=0.1)+alphallm(episodes=24,weight=2)"
    whole = trained(tmp_path / "whole", method=method)
    assert critics.read(tmp_path / "whole" / run_dir.CRITICS).episodes == 24
    lines, _ = run_dir.read_metrics(tmp_path / "whole")
    assert any(line.critic_auc is not None and 0 <= line.critic_auc <= 1 for line in lines)

    def kill(line: run_dir.Line) -> None:
        raise Killed

    with pytest.raises(Killed):
        loop.train(msgspec.structs.replace(CONFIG, method=method), tmp_path / "cut", kill)
    monkeypatch.delattr(process_rewards, "trained")
    assert equal(trained(tmp_path / "cut", method=method), whole)
    assert not equal(trained(tmp_path / "plain", method="kl_cov(ratio=0.1)"), whole)


def test_grams_are_mined_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Before the first step, from the start; a run that goes on reads them."""

    def kill(line: run_dir.Line) -> None:
        raise Killed

    method = "r3+hicra_grams(episodes=96)+kl_cov"
    with pytest.raises(Killed):
        loop.train(msgspec.structs.replace(CONFIG, method=method), tmp_path, kill)
    path = tmp_path / run_dir.GRAMS
    found = io.decode(path.read_bytes(), msgspec.json.Decoder(MinedNgrams), path)
    assert found.grams and found.episodes == 96 and 2 <= found.right <= 96 and found.tokens > 96
    monkeypatch.delattr(ngrams, "collect")
    trained(tmp_path, method=method)
    lines, _ = run_dir.read_metrics(tmp_path)
    assert [line.step for line in lines] == [0, 1]
    for line in lines:
        assert line.tokens_strategic is not None and line.tokens_planning is not None
        assert line.tokens_strategic < line.tokens_planning < line.tokens and line.entropy_planning is not None
        assert set(line.reflection) <= {"rank_r3", "rank_uniform"}


@pytest.fixture
def another_precision() -> Iterator[None]:
    """Accelerate settles on one precision a process."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.usefixtures("another_precision")
def test_mixed_precision_scores_with_what_it_trains_with(tmp_path: Path):
    """In bfloat16 sampled and scored log-probabilities differ by a tenth: scored again, the first update sees none."""
    trained(tmp_path, precision="bf16", minibatches_per_step=1, steps=1)
    (line,), _ = run_dir.read_metrics(tmp_path)
    assert line.approx_kl == 0.0 and line.grad_norm is not None
