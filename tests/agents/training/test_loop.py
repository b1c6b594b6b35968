"""The loop, with the discrete track's learner in one tiny world: what it writes, and that stopping changes nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from berrypick.agents import make as make_agent
from berrypick.agents import methods
from berrypick.agents.methods.batch import Batch
from berrypick.agents.training import checkpoint, loop, run_dir
from berrypick.agents.training.config import Config
from berrypick.agents.training.discrete.learner import DiscreteLearner
from berrypick.agents.training.learner import RolloutBatch
from berrypick.errors import BadInput, Stopped
from berrypick.io import locked

OPTIONS = {"corpus": "almanac-tiny", "worlds": 1, "split": "train"}
CONFIG = Config(
    "grpo",
    "discrete-diverse",
    "berrypick/AlmanacDiscrete-v0",
    OPTIONS,
    steps=3,
    prompts_per_step=3,
    group_size=4,
    minibatches_per_step=3,
    lr=1e-3,
)


def with_(**changes: Any) -> Config:
    return msgspec.structs.replace(CONFIG, **changes)


def weights(out: Path) -> dict[str, Tensor]:
    return load_file(out / run_dir.POLICY / "model.safetensors")


def lines(out: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (out / run_dir.METRICS).read_text().splitlines()]
    return [{key: value for key, value in row.items() if not key.startswith("seconds_")} for row in rows]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    loop.train(CONFIG, out)
    return out


def test_a_run_leaves_what_is_promised(whole: Path):
    assert run_dir.read_config(whole) == CONFIG
    read, cut = run_dir.read_metrics(whole)
    assert [line.step for line in read] == [0, 1, 2] and not cut
    assert {line.episodes for line in read} == {12} and all(line.grad_norm is not None for line in read)
    assert [path.name for path in checkpoint.stored(whole / run_dir.CHECKPOINTS)] == ["step-000002", "step-000003"]
    assert make_agent(f"discrete:{whole / run_dir.POLICY}").reads("almanac-tiny")


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(whole: Path, tmp_path: Path):
    loop.train(CONFIG, tmp_path / "again")
    assert lines(tmp_path / "again") == lines(whole)
    files = [out / run_dir.POLICY / "model.safetensors" for out in (whole, tmp_path / "again")]
    assert files[0].read_bytes() == files[1].read_bytes()
    loop.train(with_(seed=1), tmp_path / "other")
    assert lines(tmp_path / "other") != lines(whole)


class Killed(BaseException):
    """Stands for a signal: nothing in the loop may catch it."""


def killer(at: int) -> Callable[[run_dir.Line], None]:
    def on_step(line: run_dir.Line) -> None:
        if line.step == at:
            raise Killed

    return on_step


@pytest.mark.parametrize("at", [0, 1])
def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(whole: Path, tmp_path: Path, at: int):
    with pytest.raises(Killed):
        loop.train(CONFIG, tmp_path, killer(at))
    assert not (tmp_path / run_dir.POLICY).exists()
    loop.train(CONFIG, tmp_path)
    assert lines(tmp_path) == lines(whole)
    assert all(torch.equal(tensor, weights(whole)[name]) for name, tensor in weights(tmp_path).items())


def test_what_the_log_holds_beyond_the_checkpoint_is_dropped(whole: Path, tmp_path: Path):
    with pytest.raises(Killed):
        loop.train(CONFIG, tmp_path, killer(1))
    path = tmp_path / run_dir.METRICS
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(True)[-1] + b'{"step":')
    loop.train(CONFIG, tmp_path)
    assert lines(tmp_path) == lines(whole)


def test_a_state_that_is_carried_from_step_to_step_survives_too(tmp_path: Path):
    config = with_(method="adaptive_entropy(target=5,step=0.01)")  # never reached, so the coefficient grows each step
    loop.train(config, tmp_path / "whole")
    with pytest.raises(Killed):
        loop.train(config, tmp_path / "cut", killer(1))
    loop.train(config, tmp_path / "cut")
    assert lines(tmp_path / "cut") == lines(tmp_path / "whole")
    states = [row["state"]["coefficient"] for row in lines(tmp_path / "whole")]
    assert states == sorted(states) and states[0] < states[-1]


def test_micro_batches_change_nothing(whole: Path, tmp_path: Path):
    for micro in (1, 3):
        loop.train(with_(micro_batch_size=micro), tmp_path / str(micro))
        first, expected = lines(tmp_path / str(micro))[0], lines(whole)[0]
        assert first["grad_norm"] == pytest.approx(expected["grad_norm"], rel=1e-4)
        assert first["approx_kl"] == pytest.approx(expected["approx_kl"], rel=1e-3)
        for name, tensor in weights(tmp_path / str(micro)).items():
            # Adam's first steps are as long whatever the gradient: noise in its last bits is no smaller than this.
            assert torch.allclose(tensor, weights(whole)[name], atol=2e-4), name


def test_a_finished_run_is_left_alone(whole: Path):
    def never(line: run_dir.Line) -> None:
        raise AssertionError(line)

    def stamps() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in whole.rglob("*") if path.is_file()}

    before = stamps()
    loop.train(CONFIG, whole, never)
    assert stamps() == before


def test_a_folder_holds_one_run(whole: Path):
    with pytest.raises(BadInput, match="another seed, lr; use another --out") as caught:
        loop.train(with_(seed=4, lr=1e-2), whole)
    assert caught.value.file == whole / run_dir.CONFIG


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"method": "grppo"}, "grpo"),
        ({"start": "runs/nosuch/policy"}, "no berrypick.json here"),
        ({"options": {**OPTIONS, "wordls": 3}}, "'wordls'"),
    ],
)
def test_what_cannot_be_run_leaves_no_folder(tmp_path: Path, wrong: dict[str, Any], message: str):
    with pytest.raises((LookupError, BadInput), match=message):
        loop.train(with_(**wrong), tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_one_process_trains_in_a_folder(tmp_path: Path):
    with locked(tmp_path), pytest.raises(BadInput, match="another process is at work here"):
        loop.train(CONFIG, tmp_path)


def test_a_step_without_a_signal_is_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loop, "sample", lambda learner, method, notes, config, step: _none_kept(learner, config, step))
    loop.train(with_(method="dapo(rounds=1)+forking_tokens", steps=1), tmp_path)
    (line,), _ = run_dir.read_metrics(tmp_path)
    assert line.selected == 0 and line.grad_norm is None and line.covariance is None


def _none_kept(learner: Any, config: Config, step: int) -> tuple[RolloutBatch, Tensor]:
    played = learner.play(config.seed, step, config.prompts_per_step, config.group_size)
    return played, torch.zeros(len(played.batch.reward), dtype=torch.bool)


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    scored = DiscreteLearner.score
    calls = 0

    def broken(self: DiscreteLearner, module: torch.nn.Module, batch: Batch, rows: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal calls
        calls += 1
        new, entropy = scored(self, module, batch, rows)
        return (new * float("nan") if calls == 5 else new), entropy  # step 0 has three updates: the second of step 1

    monkeypatch.setattr(DiscreteLearner, "score", broken)
    with pytest.raises(Stopped, match=r"step 1: the loss is nan; its episodes are in .*failed-000001\.safetensors"):
        loop.train(CONFIG, tmp_path)
    kept = load_file(tmp_path / "failed-000001.safetensors")
    assert kept["reward"].shape == (4,) and kept["observation"].shape[:2] == kept["mask"].shape
    assert [path.name for path in checkpoint.stored(tmp_path / run_dir.CHECKPOINTS)] == ["step-000001"]
    monkeypatch.setattr(DiscreteLearner, "score", scored)
    loop.train(CONFIG, tmp_path)
    assert len(lines(tmp_path)) == 3


@pytest.mark.parametrize("method", ["r3", "r3_filter", "hicra_grams", "hicra_grams_random", "alphallm"])
def test_methods_that_read_text_are_refused_before_anything_is_written(tmp_path: Path, method: str):
    with pytest.raises(BadInput, match=rf"{method} reads text.*use an environment of the text track"):
        loop.train(with_(method=method), tmp_path / "run")
    assert not (tmp_path / "run").exists()


class Deck:
    """Plays prepared rewards: one list a round, each group's rewards a row of it."""

    reader = None

    def __init__(self, *rounds: list[list[float]]) -> None:
        self.rounds = list(rounds)
        self.asked: list[int] = []

    def play(self, seed: int, episode: int, groups: int, size: int) -> RolloutBatch:
        self.asked.append(episode)
        rewards = torch.tensor(self.rounds.pop(0), dtype=torch.float32)
        count = rewards.numel()
        ones = torch.ones((count, 1))
        group = torch.arange(groups).repeat_interleave(size)
        batch = Batch(
            rewards.flatten(), group, torch.where(rewards.flatten() > 0, 0, -1), ones.bool(), -ones, ones,
            ones.long(), 0 * ones.long(), ones.bool(), ones, inputs={},
        )  # fmt: skip
        return RolloutBatch(batch, [None] * count, [None] * count)  # type: ignore[list-item]


def test_groups_without_a_signal_are_made_up_for_in_further_rounds():
    config = with_(prompts_per_step=2, group_size=2, minibatches_per_step=2)
    deck = Deck([[1, 1], [1, 0]], [[0, 0], [0, 0]], [[0, 1], [1, 0]])
    played, keep = loop.sample(deck, methods.make("dapo"), (), config, step=1)  # type: ignore[arg-type]
    # Ten rounds a step: step 1 begins at question 1 * 10 * 2. Kept: the second group, and the first of round three.
    assert deck.asked == [20, 22, 24]
    assert keep.tolist() == [False, False, True, True] + [False] * 4 + [True, True, False, False]
    assert played.batch.group.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_rounds_end_even_if_nothing_is_selected():
    config = with_(prompts_per_step=1, group_size=2, minibatches_per_step=1)
    deck = Deck(*[[[0.0, 0.0]]] * 10)
    _, keep = loop.sample(deck, methods.make("dapo"), (), config, step=0)  # type: ignore[arg-type]
    assert len(deck.asked) == 10 and not keep.any()


def test_selected_episodes_are_weighed_among_themselves():
    deck = Deck([[1, 1], [1, 0]])
    played = deck.play(0, 0, 2, 2)
    credited = loop.advantages(methods.make("grpo"), played.batch, torch.tensor([False, False, True, True]))
    # Mean 0.5, deviation 0.5: +1 and -1.
    assert credited.batch.reward.tolist() == [1.0, 0.0] and credited.good.tolist() == [True, False]
    assert credited.advantage.flatten().tolist() == pytest.approx([1.0, -1.0], abs=1e-4)


@pytest.mark.parametrize("method", ["grpo", "dr_grpo", "rloo", "gspo", "dapo", "kl_cov(ratio=0.02)"])
def test_one_rollout_a_question_is_refused_where_it_teaches_nothing(method: str, tmp_path: Path):
    config = with_(method=methods.make(method).name, group_size=1)
    with pytest.raises(BadInput, match=r"'group_size': expected at least 2, found 1: .* --group-size 8") as caught:
        loop.train(config, tmp_path / "run")
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()


def test_one_rollout_a_question_is_enough_for_reinforce(tmp_path: Path):
    loop.train(with_(method="reinforce", group_size=1, steps=1), tmp_path)
    assert (tmp_path / run_dir.POLICY).is_dir() and lines(tmp_path)[0]["loss"] is not None


@pytest.mark.parametrize("log", [b"", b"{\n", b"not a line\n", b'{"step": 0}\n', b"\xff\xfe\n"])
def test_a_finished_run_whose_log_is_spoilt_says_what_is_whole(whole: Path, tmp_path: Path, log: bytes):
    out = Path(shutil.copytree(whole, tmp_path / "run"))
    (out / run_dir.METRICS).write_bytes(log)
    with pytest.raises(BadInput, match=r"metrics\.jsonl.*the run is finished and .*policy is whole") as caught:
        loop.train(CONFIG, out)
    assert "\n" not in str(caught.value)
    assert (out / run_dir.METRICS).read_bytes() == log and weights(out).keys() == weights(whole).keys()
