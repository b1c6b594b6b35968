"""The folder of a training run: read strictly, with errors that name file and line."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from berrypick import io
from berrypick.agents.training import run_dir
from berrypick.agents.training.config import Config, upgrade
from berrypick.agents.training.run_dir import Line
from berrypick.errors import BadInput

CONFIG = Config("grpo", "tiny-diverse", "berrypick/Almanac-v0", {"worlds": 8}, steps=3)
LINE = Line(
    step=1, reward=0.5, group_variance=0.2, informative_groups=0.75,
    entropy=0.5, entropy_think=None, entropy_tool=0.4, entropy_query=0.3, entropy_answer=0.2,
    tokens=100, tokens_think=0, tokens_tool=50, tokens_query=30, tokens_answer=20, logprob_correct=-0.4,
    covariance=0.01, clip_fraction=0.03, clip_fraction_high=0.02, clip_fraction_low=0.01, approx_kl=0.001,
    selected_tokens=0.0,
    loss=0.1, grad_norm=1.5, lr=2e-4, strategies_D2=2.5, dominant_share=0.6,
    strategies={"bm25/asked/names:full > answer": 0.6, "other": 0.4}, grounded=0.4,
    searches=1.5, opens=0.5, turns=3.0, invalid=0.01, unanswered=0.05, first_query_duplicates=0.3,
    episodes=96, selected=72, seconds_rollout=1.0, seconds_update=2.0, seconds_other=0.1, state={"beta": 0.1},
)  # fmt: skip


def write(path: Path, *steps: int, tail: bytes = b"") -> None:
    lines = [msgspec.structs.replace(LINE, step=step) for step in steps]
    io.write_bytes(path / run_dir.METRICS, io.jsonl(lines) + tail)


def test_what_is_written_is_read(tmp_path: Path):
    assert not run_dir.is_run(tmp_path)
    write(tmp_path, 1, 2, 3)
    io.write_bytes(tmp_path / run_dir.CONFIG, msgspec.json.encode(CONFIG))
    assert run_dir.is_run(tmp_path)
    assert run_dir.read_config(tmp_path) == CONFIG
    lines, cut = run_dir.read_metrics(tmp_path)
    assert [line.step for line in lines] == [1, 2, 3] and lines[0] == LINE and not cut


def test_a_line_that_was_cut_off_is_an_error_unless_it_is_expected(tmp_path: Path):
    write(tmp_path, 1, 2, tail=b'{"step":3,"rew')
    with pytest.raises(BadInput, match=r"metrics\.jsonl, line 3: the line is cut off"):
        run_dir.read_metrics(tmp_path)
    lines, cut = run_dir.read_metrics(tmp_path, unfinished=True)
    assert [line.step for line in lines] == [1, 2] and cut


def test_only_the_last_line_may_be_cut_off(tmp_path: Path):
    write(tmp_path, 1, tail=b'{"step":2,"rew\n' + io.jsonl([msgspec.structs.replace(LINE, step=3)]))
    with pytest.raises(BadInput, match="line 2: not valid JSON"):
        run_dir.read_metrics(tmp_path, unfinished=True)


def test_a_step_that_comes_twice_is_named(tmp_path: Path):
    write(tmp_path, 1, 2, 2)
    with pytest.raises(BadInput, match="line 3, field 'step': step 2 after step 2"):
        run_dir.read_metrics(tmp_path)


def test_configurations_of_schema_1_are_read(tmp_path: Path):
    old = {"groups": 3, "size": 5, "updates": 2, "micro": 7, "schema": 1}
    new = {"prompts_per_step": 3, "group_size": 5, "minibatches_per_step": 2, "micro_batch_size": 7}
    same = {"method": "grpo", "start": "tiny-diverse", "env": "berrypick/Almanac-v0", "steps": 9}
    io.write_bytes(tmp_path / run_dir.CONFIG, msgspec.json.encode(same | old))
    assert run_dir.read_config(tmp_path) == Config(**same, **new)
    io.write_bytes(tmp_path / run_dir.CONFIG, msgspec.json.encode(same | old | {"micro": "7"}))
    with pytest.raises(BadInput, match="field 'micro_batch_size'"):
        run_dir.read_config(tmp_path)
    io.write_bytes(tmp_path / run_dir.CONFIG, msgspec.json.encode(same | {"groups": 3}))
    with pytest.raises(BadInput, match="unknown field `groups`"):
        run_dir.read_config(tmp_path)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("kl_cov(ratio=0.02)+fitness_sharing", "grpo+kl_cov(ratio=0.02)+fitness_sharing"),
        ("fitness_sharing+critique_grpo", "grpo+fitness_sharing+critique_grpo"),
        ("critique_grpo", "critique_grpo"),  # alone it stood on dr_grpo, as it does
        ("rloo+kl_cov", "rloo+kl_cov"),
        ("adaptive_entropy", "adaptive_entropy"),
    ],
)
def test_methods_of_schema_1_keep_their_base(before: str, after: str):
    assert upgrade({"method": before, "schema": 1})["method"] == after
    assert upgrade({"method": before, "schema": 2})["method"] == before


def test_missing_and_unknown_fields_are_errors(tmp_path: Path):
    with pytest.raises(BadInput, match=r"config\.json: is not there"):
        run_dir.read_config(tmp_path)
    io.write_bytes(tmp_path / run_dir.CONFIG, msgspec.json.encode(msgspec.to_builtins(CONFIG) | {"schema": 3}))
    with pytest.raises(BadInput, match="field 'schema'"):
        run_dir.read_config(tmp_path)
    io.write_bytes(tmp_path / run_dir.METRICS, b"")
    with pytest.raises(BadInput, match="no whole step"):
        run_dir.read_metrics(tmp_path)
    io.write_bytes(tmp_path / run_dir.METRICS, b'{"step":1}\n')
    with pytest.raises(BadInput, match=r"line 1.*reward"):
        run_dir.read_metrics(tmp_path)
