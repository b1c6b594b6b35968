"""Made-up results: the shape of a real run without running anything."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from berrypick import io, seeding
from berrypick.agents.training import run_dir as folders
from berrypick.agents.training.config import Config as Training
from berrypick.benchmarks import result
from berrypick.benchmarks.metrics.table import Value
from berrypick.benchmarks.provenance import Provenance
from berrypick.benchmarks.report import plots
from berrypick.benchmarks.result import CellResult, Config, QuestionResult, Result
from berrypick.benchmarks.studies.sweep.config import EVALUATION, TRAINING, Trial
from berrypick.benchmarks.suites import cells_of

NAMES = "bm25/asked/names:full > bm25/found/names:full > answer"
OPENS = "bm25/asked/names:full > open/found/names:full > answer"
BYNAME = "dense/asked/whole > bm25/found/names:byname > bm25/found/names+words > answer"
PROVENANCE = Provenance(
    "berrypick bench x --suite quick --seed 0",
    None,
    None,
    {},
    {},
    {},
    {"started": "2026-01-01T00:00:00Z", "total": 61.5},
)


def estimate(value: float | None, n: int = 60) -> Value:
    return Value(value, None, None, n) if value is None else Value(value, max(value - 0.06, 0), value + 0.06, n)


def cell_of(env: str, accuracy: float, ways: float | None, searches: float) -> CellResult:
    metrics = {
        "EM": estimate(accuracy), "grounded": estimate(accuracy * 0.95), "pass@16": estimate(min(1.0, accuracy * 1.2)),
        "strategies_D2": estimate(ways, 60 if ways else 7), "searches": estimate(searches),
    }  # fmt: skip
    return CellResult(env, (), (), 60, 16, True, 0, {"corpus": "almanac-small", "split": "test"}, metrics)


def spread(correct: int, rng: np.random.Generator) -> tuple[int, ...]:
    """Right answers after 2 to 7 turns."""
    return (0, 0, *map(int, rng.multinomial(correct, [0.3, 0.25, 0.2, 0.15, 0.05, 0.05])))


def questions_of(
    cell: int, agent: str, accuracy: float, strategies: tuple[str, ...], searches: float
) -> list[QuestionResult]:
    rng = seeding.rng(len(agent), "bootstrap", cell)
    rows = []
    for i in range(60):
        correct = int(rng.binomial(16, accuracy))
        counts = {
            name: int(n)
            for name, n in zip(
                strategies, rng.multinomial(correct, [1 / len(strategies)] * len(strategies)), strict=True
            )
        }
        hops = 2 + i % 2
        metrics = {"EM": correct / 16, "grounded": correct / 16, "searches": searches * hops / 2}
        rows.append(
            QuestionResult(
                cell,
                f"q{cell}-{i:02d}",
                "bridge",
                hops,
                16,
                0,
                correct,
                spread(correct, rng),
                {k: v for k, v in counts.items() if v},
                metrics,
            )
        )
    return rows


@pytest.fixture(scope="session")
def make_result() -> Callable[..., Result]:
    """``make_result(agent, accuracy, ways, searches, strategies)``: a run of two cells."""

    def make(
        agent: str,
        accuracy: float,
        ways: float | None = 1.0,
        searches: float = 2.0,
        strategies: tuple[str, ...] = (NAMES,),
    ) -> Result:
        cells = (
            cell_of("berrypick/Almanac-v0", accuracy, ways, searches),
            cell_of("berrypick/Factbook-v0", accuracy * 0.8, ways, searches),
        )
        config = Config(1, agent, "quick", 0, cells_of("quick"), {}, {})
        questions = [q for i in range(2) for q in questions_of(i, agent, accuracy, strategies, searches)]
        return Result(1, agent, "quick", 0, cells[0].metrics, cells, tuple(questions), config, PROVENANCE)

    return make


CHANGES = ("no_profile", "no_bm25", "no_open", "no_favourite", "renamed", "reworded")
FAULTS = ("empty", "dropout:0.5")


def changed_cell(change: str, accuracy: float, kept: float) -> CellResult:
    """A cell of Almanac in which this share of what was right still is; under a shift or a fault, half of it."""
    knocked_out = change.startswith("no_")
    faults = (change,) if change in FAULTS else ()
    knockouts = (change,) if change and not faults else ()
    share = kept if knocked_out else 0.5
    cell = cell_of("berrypick/Almanac-v0", accuracy * share if change else accuracy, None, 2.0)
    resolved = ("no_favourite:bm25/names:full",) if change == "no_favourite" else knockouts
    metrics = cell.metrics | ({"resilience": estimate(kept)} if knocked_out else {})
    setup = {"corpus": "almanac-small", "split": "test", "knockouts": list(resolved), "faults": list(faults)}
    return msgspec.structs.replace(cell, knockouts=knockouts, faults=faults, setup=setup, metrics=metrics)


@pytest.fixture(scope="session")
def robust(make_result: Callable[..., Result]) -> list[Result]:
    """Three agents in a suite with changed cells; of the first, one knock-out leaves nothing."""

    def made(agent: str, accuracy: float, kept: dict[str, float]) -> Result:
        run = make_result(agent, accuracy)
        cells = tuple(changed_cell(each, accuracy, kept.get(each, 1.0)) for each in ("", *CHANGES, *FAULTS))
        metrics = dict(run.metrics)
        for cell in cells:
            if "resilience" in cell.metrics:
                metrics |= {
                    f"resilience_{cell.change}": cell.metrics["resilience"],
                    f"EM_{cell.change}": cell.metrics["EM"],
                }
        shares = [kept.get(each, 1.0) for each in CHANGES if each.startswith("no_")]
        metrics |= {"resilience_mean": estimate(sum(shares) / 4, 240), "resilience_worst": estimate(min(shares))}
        questions = tuple(question for question in run.questions if question.cell == 0)
        return msgspec.structs.replace(run, suite="robust", cells=cells, metrics=metrics, questions=questions)

    return [
        made("scripted:names-only", 0.5, {"no_bm25": 0.0}),
        made("scripted:reformulate-on-miss", 0.9, {"no_profile": 0.8}),
        made("mixture", 0.5, {"no_open": 0.6, "no_bm25": 0.7}),
    ]


@pytest.fixture(scope="session")
def many(make_result: Callable[..., Result]) -> list[Result]:
    """A dozen agents, many of them alike: the hard case for labels."""
    scripts = (
        "names-only",
        "names+words",
        "initial-form",
        "byname",
        "open-and-read",
        "browse-by-links",
        "whole-question",
        "dense-first",
    )
    return [
        make_result("random", 0.0, None, 4.1),
        make_result("closed_book", 0.03, None, 0.0),
        *(
            make_result(f"scripted:{name}", 0.34 + 0.03 * i, 1.0 + 0.02 * i, 2 + 0.2 * i, (NAMES, OPENS)[i % 2 :][:1])
            for i, name in enumerate(scripts)
        ),
        make_result("scripted:reformulate-on-miss", 0.93, 1.9, 3.4, (NAMES, BYNAME)),
        make_result("mixture", 0.61, 3.7, 2.6, (NAMES, OPENS, BYNAME)),
        make_result("oracle", 1.0, 1.0, 2.0),
    ]


@pytest.fixture(scope="session")
def drawn(many: list[Result]) -> dict[str, bytes]:
    """The pictures of ``many``; drawing takes seconds."""
    return plots.draw_all(many)


WAYS = (
    NAMES,
    OPENS,
    BYNAME,
    "dense/asked/names:full > bm25/found/names:full > answer",
    "open/asked/names:full > answer",
)


def step_of(step: int, seed: int, collapses: bool) -> folders.Line:
    """A step of a made-up run: the third strategy grows by a tenth a step, and reward follows the exponential law."""
    rng = seeding.rng(seed, "bootstrap", step)
    grown = step if collapses else 0
    weights = np.array([4, 3, 2, 2, 1]) * np.array([1, 1, 1.1**grown, 1, 1])
    shares = rng.multinomial(60, weights / weights.sum()) / 60
    entropy = (0.5 * math.exp(-grown / 12) + 0.05) * (1 + 0.03 * rng.standard_normal())
    reward = 0.95 - 0.4 * math.exp(entropy) + 0.01 * rng.standard_normal()
    chance = float(np.sum(shares**2))
    return folders.Line(
        step=step, reward=reward, group_variance=reward * (1 - reward) * 0.7, informative_groups=0.6,
        entropy=entropy, entropy_think=None, entropy_tool=entropy * 1.4, entropy_query=entropy * 0.9,
        entropy_answer=entropy * 0.3, tokens=900, tokens_think=0, tokens_tool=300, tokens_query=500, tokens_answer=100,
        logprob_correct=-entropy, covariance=0.01 * entropy, clip_fraction=0.02, clip_fraction_high=0.015,
        clip_fraction_low=0.005, approx_kl=0.002, selected_tokens=0.0, loss=0.1,
            grad_norm=1 + 0.2 * rng.standard_normal(),
        lr=2e-4, strategies_D2=1 / chance, dominant_share=float(shares.max()),
        strategies={name: float(share) for name, share in zip(WAYS, shares, strict=True) if share},
        grounded=reward * 0.9, searches=1.8, opens=0.6, turns=3.4, invalid=0.01, unanswered=0.02,
        first_query_duplicates=0.4, episodes=96, selected=96, seconds_rollout=1.5, seconds_update=2.5,
        seconds_other=0.1, state={}, entropy_planning=entropy * 1.3, entropy_execution=entropy * 0.6,
        tokens_planning=360, tokens_strategic=90, tokens_dropped=225,
        reflection={"rank_r3": 0.4 + 0.01 * (step % 2), "rank_uniform": 0.3}, unsolved=0.3,
    )  # fmt: skip


@pytest.fixture(scope="session")
def make_training(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``make_training(method, seed, steps, collapses)``: the folder of a made-up training run, weights and all."""
    from safetensors.numpy import save_file

    start = tmp_path_factory.mktemp("start")
    shapes = {"model.embed_tokens.weight": (40, 16), "model.layer.weight": (16, 24), "model.norm.weight": (16,)}
    rng = seeding.rng(0, "bootstrap", 0)
    first = {name: rng.normal(0, 0.02, shape).astype(np.float32) for name, shape in shapes.items()}
    save_file(first, start / folders.WEIGHTS)

    def make(method: str = "grpo", seed: int = 0, steps: int = 40, collapses: bool = True) -> Path:
        folder = tmp_path_factory.mktemp(f"{method}-{seed}")
        options = {"worlds": 8, "split": "train"}
        config = Training(method, str(start), "berrypick/Almanac-v0", options, steps=steps, seed=seed)
        io.write_bytes(folder / folders.CONFIG, msgspec.json.encode(config))
        lines = [step_of(step, seed, collapses) for step in range(1, steps + 1)]
        io.write_bytes(folder / folders.METRICS, io.jsonl(lines))
        own = seeding.rng(seed, "bootstrap", 1)
        final = {name: value + own.normal(0, 1e-4, value.shape).astype(np.float32) for name, value in first.items()}
        (folder / folders.POLICY).mkdir()
        save_file(final, folder / folders.POLICY / folders.WEIGHTS)
        return folder

    return make


@pytest.fixture(scope="session")
def line() -> Callable[..., folders.Line]:
    """``line(step, **fields)``: a step in which nothing moves but what is given."""

    def make(step: int, **fields: object) -> folders.Line:
        return msgspec.structs.replace(step_of(0, 0, False), step=step, **fields)

    return make


#: What methods do to a made-up start: EM in dev and test worlds, strategies_D2, token entropy, share left of EM.
AFTER = {
    "start": (0.54, 0.23, 5.2, 0.9, 0.8), "grpo": (0.85, 0.24, 1.05, 0.05, 0.1),
    "adaptive_entropy": (0.8, 0.25, 1.3, 0.4, 0.15), "fitness_sharing": (0.83, 0.33, 6.1, 0.06, 0.75),
}  # fmt: skip


@pytest.fixture(scope="session")
def fill(make_result: Callable[..., Result]) -> Callable[[Trial, Path], None]:
    """``fill(trial, out)``: write what a trial leaves behind, numbers from ``AFTER`` with some noise of its seed."""

    def result_of(trial: Trial) -> Result:
        draw = seeding.rng(trial.seed, "training", len(trial.method))
        about = AFTER.get(trial.method, AFTER["adaptive_entropy"]) * draw.normal(1.0, 0.05, 5)
        dev, test, ways, _, kept = map(float, about)
        cells = [changed_cell(change, test, kept) for change in ("", "no_profile", "no_open", "no_favourite")]
        cells[0] = cell_of("berrypick/Almanac-v0", test, max(ways, 1.0), 2.0)
        before = cell_of("berrypick/Almanac-v0", dev, max(ways, 1.0), 2.0)
        before = msgspec.structs.replace(before, setup=before.setup | {"split": "dev"})
        left = {f"resilience_{cell.change}": cell.metrics["resilience"] for cell in cells[1:]}
        metrics = left | {"resilience_mean": estimate(kept), "resilience_worst": estimate(kept - 0.1)}
        run = make_result("lm:policy", test)
        asked = tuple(
            QuestionResult(cell, f"q{number}", "bridge", 2, 16, 0, right, (), {}, {})
            for cell in (0, 1)
            for number in range(10)  # the first three are too hard for the baseline
            for right in [0 if number < 3 and trial.method == "grpo" else int(draw.binomial(16, 0.25))]
        )
        return msgspec.structs.replace(run, suite="collapse", cells=(before, *cells), metrics=metrics, questions=asked)

    def write(trial: Trial, out: Path) -> None:
        place = out / trial.place
        if trial.config is not None:
            draw, steps = seeding.rng(trial.seed, "training", 99), trial.config.steps
            now, then = (AFTER.get(name, AFTER["adaptive_entropy"]) for name in ("start", trial.method))
            done = [1 - math.exp(-6 * step / steps) for step in range(steps)]
            lines = []
            for step, x in enumerate(done):
                reward, ways, entropy = (
                    now[k] + (then[k] - now[k]) * x + 0.03 * float(draw.normal()) for k in (0, 2, 3)
                )
                own = {"reward": reward, "strategies_D2": ways, "entropy": entropy}
                lines.append(msgspec.structs.replace(step_of(step, 0, False), **own))
            io.write_bytes(place / TRAINING / "metrics.jsonl", io.jsonl(lines))
        result.write(place / EVALUATION, result_of(trial), [], [])

    return write
