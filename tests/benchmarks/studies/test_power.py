"""Standard errors of a planned study, from recorded trials that are worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from berrypick.agents.training.config import Config
from berrypick.benchmarks.result import QuestionResult, Result
from berrypick.benchmarks.studies import power
from berrypick.benchmarks.studies.sweep.config import START, Trial
from berrypick.benchmarks.studies.sweep.trials import TrialState
from berrypick.errors import BadInput

CONFIG = Config("grpo", "tiny-diverse", "berrypick/Almanac-v0")

#: (method, seed) -> right answers in four at each of two questions.
RIGHT = {
    (START, 0): (4, 4),
    ("grpo", 0): (0, 1), ("grpo", 1): (2, 3),
    ("gppo", 0): (1, 2), ("gppo", 1): (3, 4),
    ("dapo", 0): (4, 0),
}  # fmt: skip


@pytest.fixture
def recorded(make_result: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    def ran(method: str, seed: int, right: tuple[int, ...]) -> TrialState:
        run = make_result("lm:policy", 0.5)
        asked = [QuestionResult(0, f"q{n}", "bridge", 2, 4, 0, count, (), {}, {}) for n, count in enumerate(right)]
        changed = replace(run.cells[0], knockouts=(f"no_favourite:bm25/{method}",))
        asked += [replace(row, cell=1) for row in asked]
        trial = Trial("text", method, seed, "collapse", "lm", "x", None if method == START else CONFIG)
        return TrialState(trial, [], replace(run, cells=(run.cells[0], changed), questions=tuple(asked)), None)

    monkeypatch.setattr(power.trials, "read", lambda out: [ran(*key, right) for key, right in RIGHT.items()])


def test_standard_errors_of_one_method_and_of_a_difference(recorded: None):
    """Shares of grpo: (0, 0.25), (0.5, 0.75); of gppo the same and 0.25 more; dapo has one seed, the start no config.

    Both methods: means of seeds differ by 0.5, variance 0.125; of questions by 0.25, variance 0.03125; no residual.
    With 5 seeds and 10 questions: 0.125 / 5 + 0.03125 / 10 = 0.028125. The difference is 0.25 everywhere: no variance.
    """
    plain, refused = power.precisions(Path(), "text", 5, 10)
    assert plain.arm == pytest.approx(0.028125**0.5)
    assert (plain.methods, plain.questions, plain.difference, plain.detectable) == (2, 10, 0.0, 0.0)
    assert refused.measure == f"{plain.measure} no_favourite" and refused.arm == plain.arm


def test_without_a_number_of_questions_those_recorded_count(recorded: None):
    # 0.125 / 5 + 0.03125 / 2 = 0.040625
    assert power.precisions(Path(), "text", 5)[0].arm == pytest.approx(0.040625**0.5)


def test_an_effect_is_detectable_at_2_8_standard_errors():
    assert power.Precision("EM", 1, 2, 0.1, 0.01).detectable == pytest.approx(0.02802)
    assert power.Precision("EM", 1, 2, 0.1, None).detectable is None


@pytest.mark.parametrize(
    ("track", "seeds", "questions", "message"),
    [("txt", 3, None, "one of text; got 'txt'"), ("text", 1, None, "2 or more"), ("text", 3, 1, "2 or more")],
)
def test_bad_plans_say_so(recorded: None, track: str, seeds: int, questions: int | None, message: str):
    with pytest.raises(BadInput, match=message):
        power.precisions(Path(), track, seeds, questions)


def test_one_seed_a_method_is_not_enough(recorded: None, monkeypatch: pytest.MonkeyPatch):
    first = [ran for ran in power.trials.read(Path()) if ran.trial.seed == 0]
    monkeypatch.setattr(power.trials, "read", lambda out: first)
    with pytest.raises(BadInput, match="two seeds or more"):
        power.precisions(Path(), "text", 3)
