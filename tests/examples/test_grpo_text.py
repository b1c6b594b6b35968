"""The one-file example and the trainer: the same run, to the last digit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from berrypick.cli.main import main

SIZES = {"prompts_per_step": 4, "group_size": 4, "minibatches_per_step": 2, "micro_batch_size": 3}


def test_it_gives_the_numbers_and_the_weights_of_the_trainer(load: Callable[[str], ModuleType], tmp_path: Path):
    example = load("grpo_text")
    names = ("prompts", "group", "minibatches", "micro")
    short = dict(zip(names, SIZES.values(), strict=True))
    example.train(
        example.Args(start="tiny-even", corpus="almanac-tiny", worlds=1, steps=2, seed=3, lr=1e-3, **short),
        tmp_path / "one",
    )
    options = ["--option", 'corpus="almanac-tiny"', "worlds=1", "--from", "tiny-even", "--steps", "2", "--seed", "3"]
    flags = [word for name, value in SIZES.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    assert main(["train", "grpo", *options, *flags, "--lr", "1e-3", "--out", str(tmp_path / "two")]) == 0
    ours, theirs = (
        [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("one", "two")
    )
    assert len(ours) == 2
    for one, two in zip(ours, theirs, strict=True):
        assert (one["reward"], one["loss"], one["grad_norm"]) == (two["reward"], two["loss"], two["grad_norm"])
        assert one["D2"] == two["strategies_D2"]
    hashes = {
        hashlib.sha256((tmp_path / name / "policy/model.safetensors").read_bytes()).hexdigest()
        for name in ("one", "two")
    }
    assert len(hashes) == 1
    assert ours[0]["grad_norm"] > 0  # something was learned, so that equal weights mean equal updates


def test_it_is_one_page():
    path = Path(__file__).resolve().parents[2] / "examples" / "grpo_text.py"
    assert len(path.read_text().splitlines()) <= 250
