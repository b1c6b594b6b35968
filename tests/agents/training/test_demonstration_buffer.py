"""The buffer: what scripts do right, in the tokens of the policy, drawn alike and learnt in small steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from berrypick.agents.methods import make
from berrypick.agents.training import demonstration_buffer, loop, run_dir
from berrypick.agents.training.config import Config
from berrypick.agents.training.learner import DemonstrationBuffer
from berrypick.agents.training.tracks import make_learner
from berrypick.errors import BadInput, Damaged, Stopped

OPTIONS = {"corpus": "almanac-tiny", "worlds": 1, "split": "train"}
TEXT = Config("grpo", "tiny-diverse", "berrypick/Almanac-v0", OPTIONS)
NUMBERS = Config("grpo", "discrete-diverse", "berrypick/AlmanacDiscrete-v0", OPTIONS)
METHOD = "fitness_sharing+sft_refresh(every=2,steps=3,batch=8,questions=6)"


def short(method: str, **changes: Any) -> Config:
    sizes = {"steps": 4, "prompts_per_step": 2, "group_size": 2, "minibatches_per_step": 1} | changes
    return Config(method, "discrete-diverse", "berrypick/AlmanacDiscrete-v0", OPTIONS, **sizes)


def made(script: list[int]) -> DemonstrationBuffer:
    rows = len(script)
    ids = torch.arange(2 * rows).view(rows, 2)
    return DemonstrationBuffer(torch.tensor([[False, True]] * rows), {"ids": ids}, torch.tensor(script))


def test_scripts_are_drawn_alike_however_much_each_has():
    """One script of three has 97 of 100 demonstrations; each is drawn a third of the time: 1,000 +- 4 * 26."""
    script = [4] * 97 + [7, 7, 2]
    rows = demonstration_buffer.draw(made(script), 3000, np.random.default_rng(0))
    counts = torch.bincount(torch.tensor(script)[rows], minlength=8)
    assert rows.shape == (3000,) and all(abs(int(counts[number]) - 1000) < 104 for number in (2, 4, 7))
    again = demonstration_buffer.draw(made(script), 3000, np.random.default_rng(0))
    assert torch.equal(rows, again)


class Shelf:
    """A learner that has one buffer, and says how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int, int]] = []

    def demonstrate(self, seed: int, episode: int, questions: int) -> DemonstrationBuffer:
        self.asked.append((seed, episode, questions))
        return made([1, 0, 1])


def test_a_bank_is_collected_once_and_read_as_it_was_written(tmp_path: Path):
    path, shelf = tmp_path / run_dir.DEMONSTRATIONS, Shelf()
    for _ in range(2):
        found = demonstration_buffer.kept(path, shelf, 3, 20)  # type: ignore[arg-type]
        assert torch.equal(found.mask, made([1, 0, 1]).mask) and found.script.tolist() == [1, 0, 1]
        assert found.inputs["ids"].tolist() == [[0, 1], [2, 3], [4, 5]] and list(found.inputs) == ["ids"]
    assert shelf.asked == [(3, demonstration_buffer.FIRST, 20)]
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(Damaged, match=r"demonstrations\.safetensors: not demonstrations .* it is then made again"):
        demonstration_buffer.kept(path, shelf, 3, 20)  # type: ignore[arg-type]


class Ledger:
    """An updater that only notes what it is shown; every demonstration costs two nats."""

    def __init__(self) -> None:
        self.rows: list[list[int]] = []

    def imitate(self, shown: DemonstrationBuffer, rows: Tensor, loss: Any) -> float:
        self.rows.append(rows.tolist())
        return 2.0 * len(rows)


def test_steps_come_when_they_are_due_and_say_what_they_cost():
    """Every second step of the run, three steps of eight demonstrations of one token: 24 tokens at 2 nats."""
    how, shown, ledger = make(METHOD).refresh, made([0, 1, 2]), Ledger()
    assert how is not None
    found = [demonstration_buffer.refresh(ledger, shown, how, 5, step) for step in range(4)]  # type: ignore[arg-type]
    assert found == [{}, {"loss": 2.0, "tokens": 24.0, "episodes": 24.0}] * 2
    assert [len(rows) for rows in ledger.rows] == [8] * 6 and ledger.rows[:3] != ledger.rows[3:]
    assert demonstration_buffer.refresh(ledger, shown, how, 5, 1) and ledger.rows[6:] == ledger.rows[:3]  # type: ignore[arg-type]


@pytest.mark.parametrize("config", [TEXT, NUMBERS], ids=["text", "discrete"])
def test_demonstrations_are_what_several_scripts_did_right(config: Config):
    learner = make_learner(config)
    shown = learner.demonstrate(0, demonstration_buffer.FIRST, 5)
    count = len(shown.script)
    assert len(shown.mask) == count and all(len(tensor) == count for tensor in shown.inputs.values())
    assert len(torch.unique(shown.script)) > 2 and shown.mask.any(dim=1).all()
    with torch.no_grad():
        new, _ = learner.score(learner.module, shown, torch.arange(count))
    # A start that was made from such demonstrations finds them far likelier than chance.
    assert torch.isfinite(new).all() and -new[shown.mask].mean() < 3
    again = learner.demonstrate(0, demonstration_buffer.FIRST, 5)
    assert all(torch.equal(again.inputs[name], tensor) for name, tensor in shown.inputs.items())


def test_a_demonstration_in_text_is_the_whole_episode_and_nothing_behind_it():
    learner = make_learner(TEXT)
    shown = learner.demonstrate(0, demonstration_buffer.FIRST, 2)
    tokenizer = learner._policy.tokenizer  # type: ignore[attr-defined]
    ids, mask = shown.inputs["ids"][0], shown.mask[0]
    acted = tokenizer.decode(ids[mask].tolist())
    assert acted.count("<answer>") == 1 and acted.rstrip().endswith("</answer>")
    end = int(mask.nonzero().max())
    assert not ids[end + 1 :].any() and not mask[0]


def test_where_no_script_is_right_the_run_says_so():
    config = Config("grpo", "discrete-diverse", "berrypick/AlmanacDiscrete-v0", {**OPTIONS, "max_turns": 1})
    with pytest.raises(BadInput, match="no script is grounded and right at any of 3 questions; ask more"):
        make_learner(config).demonstrate(0, demonstration_buffer.FIRST, 3)


def test_a_run_learns_what_is_demonstrated_and_logs_it(tmp_path: Path):
    loop.train(short("sft_refresh(every=1,steps=20,batch=16,questions=6)", lr=3e-3), tmp_path)
    lines, _ = run_dir.read_metrics(tmp_path)
    losses = [line.refresh["loss"] for line in lines]
    assert losses[-1] < 0.7 * losses[0] and all(line.refresh["episodes"] == 320 for line in lines)
    assert {line.tokens for line in lines} != {line.refresh["tokens"] for line in lines}


@pytest.mark.parametrize("at", [0, 1])
def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path: Path, at: int):
    class Killed(BaseException):
        pass

    def kill(line: run_dir.Line) -> None:
        if line.step == at:
            raise Killed

    loop.train(short(METHOD), tmp_path / "whole")
    with pytest.raises(Killed):
        loop.train(short(METHOD), tmp_path / "cut", kill)
    loop.train(short(METHOD), tmp_path / "cut")
    one, other = ((tmp_path / name / "policy" / run_dir.WEIGHTS).read_bytes() for name in ("whole", "cut"))
    assert one == other
    logs = [run_dir.read_metrics(tmp_path / name).lines for name in ("whole", "cut")]
    assert [line.refresh for line in logs[0]] == [line.refresh for line in logs[1]]
    assert [bool(line.refresh) for line in logs[0]] == [False, True, False, True]


def test_micro_batches_change_no_more_than_rounding(tmp_path: Path):
    found = []
    for micro in (3, 32):
        loop.train(short(METHOD, micro_batch_size=micro), tmp_path / str(micro))
        found.append(
            [line.refresh["loss"] for line in run_dir.read_metrics(tmp_path / str(micro)).lines if line.refresh]
        )
    assert found[0] == pytest.approx(found[1], rel=1e-3)


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def broken(updater: Any, shown: DemonstrationBuffer, rows: Tensor, loss: Any) -> float:
        raise loop.Diverged("the loss on demonstrations is nan", rows)

    monkeypatch.setattr("berrypick.agents.training.update.Updater.imitate", broken)
    with pytest.raises(Stopped, match="step 1: the loss on demonstrations is nan; the weights before it are in check"):
        loop.train(short(METHOD), tmp_path)
    assert len(run_dir.read_metrics(tmp_path).lines) == 1
