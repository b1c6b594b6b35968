"""Resilience and comprehension, against synthetic outcomes whose price is known."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import Any

import msgspec
import pytest

from berrypick import seeding
from berrypick.benchmarks.metrics import robustness
from berrypick.benchmarks.metrics.robustness import MEASURES, compare, parts, solvable, summarise
from berrypick.benchmarks.metrics.table import TaskOutcomes, Value
from berrypick.benchmarks.suites import Cell
from berrypick.envs.scoring.outcome import Outcome

ENV = "berrypick/Almanac-v0"
ALL = ("no_profile", "no_roster", "no_open")


def outcome(right: bool) -> Outcome:
    return Outcome(
        em=right, f1=float(right), answered=True, grounded=right, supported=right, hops=2, hops_found=2 * right,
        first_shown=(0, 1), route=(None, None), strategy=("answer",), raw_moves=("answer",), fine=("answer",),
        evidence=(), first_query=None, searches=0, opens=0, invalid=0, tokens=0,
    )  # fmt: skip


def cell(*knockouts: str, faults: tuple[str, ...] = (), env: str = ENV, corpus: str = "almanac-small") -> Cell:
    return Cell(env, corpus, worlds=1, tasks=40, knockouts=knockouts, faults=faults)


def asked(number: int, right: Sequence[float], survives: Any = ALL, rollouts: int = 16) -> list[TaskOutcomes]:
    """A cell's tasks with these shares of right answers; ``survives`` of all, or a list of it task by task."""
    each = survives if isinstance(survives, list) else [survives] * len(right)
    return [
        TaskOutcomes(
            number, id, f"q{id:02d}", "bridge", 2, (),
            tuple(outcome(i < round(p * rollouts)) for i in range(rollouts)), 0, kept,
        )
        for id, (p, kept) in enumerate(zip(right, each, strict=True))
    ]  # fmt: skip


def measured(
    cells: Sequence[Cell], *tasks: list[TaskOutcomes], resolved: Sequence[Sequence[str]] | None = None
) -> dict[str, Value]:
    setups = [{"knockouts": each.knockouts} for each in cells]
    if resolved is not None:
        setups = [{"knockouts": list(names)} for names in resolved]
    return summarise(parts(cells, setups, [task for several in tasks for task in several]), 0).overall


def resilience(plain: Sequence[float], changed: Sequence[float], survives: Any = ALL) -> Value:
    cells = (cell(), cell("no_profile"))
    return measured(cells, asked(0, plain, survives), asked(1, changed, survives))["resilience_no_profile"]


def test_an_agent_with_one_way_keeps_nothing() -> None:
    assert resilience([1.0] * 40, [0.0] * 40) == Value(0.0, 0.0, 0.0, 40)


def test_an_agent_that_is_not_affected_keeps_everything() -> None:
    assert resilience([1.0, 0.0] * 20, [1.0, 0.0] * 20).value == 1.0
    assert resilience([0.25, 0.5] * 20, [0.25, 0.5] * 20).value == 1.0


def test_half_is_half_with_an_interval_over_questions() -> None:
    # Kept on every second question: 20/40. Resampled over 40 questions: standard error .5 / sqrt(40) = .079.
    found = resilience([1.0] * 40, [1.0, 0.0] * 20)
    assert found.value == 0.5 and found.n == 40
    assert found.low == pytest.approx(0.5 - 1.96 * 0.079, abs=0.03)
    assert found.high == pytest.approx(0.5 + 1.96 * 0.079, abs=0.03)


def test_questions_weigh_by_what_there_was_to_keep() -> None:
    # (min(.25, 1) + min(.5, .5)) / (1 + .5) = .75 / 1.5
    assert resilience([1.0, 0.5] * 20, [0.25, 0.5] * 20).value == pytest.approx(0.5)


def test_a_weak_agent_is_not_flattered() -> None:
    # 2 of 50 questions right: .04 < .05, though both stay right under the knock-out; with 3 of 50 it counts.
    assert resilience([1.0] * 2 + [0.0] * 48, [1.0] * 2 + [0.0] * 48).value == 0.0
    assert resilience([1.0] * 3 + [0.0] * 47, [1.0] * 3 + [0.0] * 47).value == 1.0
    assert resilience([0.0] * 40, [1.0] * 40).value == 0.0


def test_getting_better_is_not_credited() -> None:
    assert resilience([0.5] * 40, [1.0] * 40).value == 1.0


def test_a_question_won_does_not_pay_for_one_lost() -> None:
    # EM is .5 in both cells, on other questions.
    assert resilience([1.0, 0.0] * 20, [0.0, 1.0] * 20).value == 0.0


def test_unsolvable_questions_do_not_count() -> None:
    # The first 10 cannot be solved without profiles, and are lost; the others are kept.
    survives = [()] * 10 + [("no_profile",)] * 30
    found = resilience([1.0] * 40, [0.0] * 10 + [1.0] * 30, survives)
    assert (found.value, found.n) == (1.0, 30)
    # Nor do they help: what is right all the same is a guess.
    assert resilience([1.0] * 40, [1.0] * 10 + [0.0] * 30, survives).value == 0.0
    assert resilience([1.0] * 40, [1.0] * 40, [()] * 40) == Value(None, None, None, 0)


def test_a_question_that_was_not_played_in_a_cell_is_lost_there() -> None:
    cells = (cell(), cell("no_profile"))
    plain, changed = asked(0, [1.0] * 40), asked(1, [1.0] * 40)
    assert measured(cells, plain, changed[:30])["resilience_no_profile"].value == 0.75
    assert measured(cells, plain[:30], changed)["resilience_no_profile"] == Value(1.0, 1.0, 1.0, 40)
    failed = [msgspec.structs.replace(task, outcomes=(), errors=16) for task in changed[:20]]
    assert measured(cells, plain, failed + changed[20:])["resilience_no_profile"].value == 0.5


@pytest.mark.parametrize(
    ("survives", "knockouts", "answer"),
    [
        (("no_bm25",), ("no_bm25",), True),
        (("no_bm25",), ("no_dense",), False),
        ((), ("no_profile",), False),
        (None, ("no_profile",), True),  # no audit
        ((), ("no_favourite:bm25/names:full",), True),  # other forms of the same engine are left
        ((), ("no_favourite:dense/whole",), True),
        ((), ("no_favourite:open/names:full",), False),
        (("no_open",), ("no_favourite:open/names",), True),
        ((), (), True),  # an agent without a dominant move
        (("no_bm25",), ("no_bm25", "no_open"), False),
        (("no_bm25", "no_open"), ("no_bm25", "no_open"), True),
    ],
)
def test_what_stays_solvable(survives: tuple[str, ...] | None, knockouts: tuple[str, ...], answer: bool) -> None:
    assert solvable(asked(0, [1.0], survives)[0], knockouts) is answer


def test_the_dominant_move_is_the_one_that_was_refused() -> None:
    cells = (cell(), cell("no_favourite"))
    tasks = asked(0, [1.0] * 40, ()), asked(1, [0.0] * 40, ())
    searched = measured(cells, *tasks, resolved=[(), ("no_favourite:bm25/names:full",)])
    assert searched["resilience_no_favourite"] == Value(0.0, 0.0, 0.0, 40)
    opened = measured(cells, *tasks, resolved=[(), ("no_favourite:open/names:full",)])
    assert opened["resilience_no_favourite"].value is None  # nothing is left without opening


def test_mean_and_worst_over_knockouts_and_the_accuracy_beside_each() -> None:
    cells = (cell(), cell("no_profile"), cell("no_roster"), cell("no_profile", "no_roster"))
    found = measured(cells, asked(0, [1.0] * 40), *(asked(i, [p] * 40) for i, p in ((1, 1.0), (2, 0.5), (3, 0.0))))
    assert {name: value.value for name, value in found.items()} == {
        "resilience_no_profile": 1.0, "EM_no_profile": 1.0, "retained_accuracy_no_profile": 1.0,
        "resilience_no_roster": 0.5, "EM_no_roster": 0.5, "retained_accuracy_no_roster": 0.5,
        "resilience_no_profile+no_roster": 0.0, "EM_no_profile+no_roster": 0.0,
        "retained_accuracy_no_profile+no_roster": 0.0,
        "resilience_mean": 0.5, "resilience_worst": 0.0,
    }  # fmt: skip
    assert found["resilience_mean"].n == 120 and found["resilience_worst"].n == 40


def test_one_stream_for_all_that_is_held_against_one_cell() -> None:
    # Under either knock-out the other half of the questions is kept: every resample has (a + b) / 2 = 1/2 in the mean.
    cells = (cell(), cell("no_profile"), cell("no_roster"))
    found = measured(cells, asked(0, [1.0] * 40), asked(1, [1.0, 0.0] * 20), asked(2, [0.0, 1.0] * 20))
    assert found["resilience_mean"] == Value(0.5, 0.5, 0.5, 80)
    # The worst is the smaller of the two in each resample, so its interval ends at 1/2.
    worst = found["resilience_worst"]
    assert worst.value == 0.5 and worst.low is not None and worst.low < 0.5 and worst.high == 0.5


def test_two_environments_weigh_alike() -> None:
    other = "berrypick/Factbook-v0"
    cells = (cell(), cell(env=other, corpus="factbook"), cell("no_bm25"), cell("no_bm25", env=other, corpus="factbook"))
    tasks = (
        asked(0, [1.0] * 40, None),
        asked(1, [1.0] * 10, None),
        asked(2, [1.0] * 40, None),
        asked(3, [0.0] * 10, None),
    )
    found = measured(cells, *tasks)
    assert found["resilience_no_bm25"].value == 0.5 and found["EM_no_bm25"].value == 0.5


def test_comprehension_is_plain_accuracy_and_no_part_of_resilience() -> None:
    cells = (cell(), cell("renamed"), cell("reworded", corpus="almanac-small-reworded"), cell("no_profile"))
    tasks = asked(0, [1.0] * 40), asked(1, [0.5] * 40, ()), asked(2, [0.25] * 20, ()), asked(3, [1.0] * 40)
    found = measured(cells, *tasks)
    assert found["comprehension_renamed"] == Value(0.5, 0.5, 0.5, 40)
    assert found["comprehension_reworded"] == Value(0.25, 0.25, 0.25, 20)
    assert found["resilience_mean"].value == 1.0 and "resilience_renamed" not in found


def test_faults_and_mixtures_of_changes_are_told_by_their_cells_alone() -> None:
    cells = (cell(), cell(faults=("empty",)), cell("no_profile", faults=("empty",)), cell("renamed", "no_profile"))
    assert measured(cells, *(asked(i, [1.0] * 40) for i in range(4))) == {}


def test_a_cell_without_a_plain_one_is_an_error() -> None:
    with pytest.raises(ValueError, match="needs its plain cell"):
        measured((cell(corpus="factbook"), cell("no_profile")), asked(1, [1.0] * 40))


def test_cells_that_an_agent_does_not_read_are_blank() -> None:
    found = measured((cell(), cell("no_profile")))
    assert found["resilience_no_profile"] == found["EM_no_profile"] == found["resilience_mean"] == Value(*[None] * 3, 0)


def test_each_cell_has_its_resilience() -> None:
    cells = (cell(), cell("no_profile"), cell("renamed"))
    tasks = [task for i, p in enumerate((1.0, 0.5, 0.0)) for task in asked(i, [p] * 40)]
    found = summarise(parts(cells, [{"knockouts": each.knockouts} for each in cells], tasks), 0)
    assert found.cells == {
        1: {name: found.overall[f"{name}_no_profile"] for name in ("resilience", "retained_accuracy")}
    }


def test_a_deterministic_and_a_diverse_agent_retain_alike_in_an_unchanged_environment() -> None:
    """Both are right half of the time: one always or never by question, the other by chance at every question."""
    rng = seeding.rng(0, "bootstrap", 7)

    def played(shares: Sequence[float], number: int) -> list[TaskOutcomes]:
        return asked(number, [float(rng.binomial(16, p)) / 16 for p in shares])

    narrow, diverse = [0.0, 1.0] * 800, [0.5] * 1600
    cells = (cell(), cell("no_profile"))
    found = [measured(cells, played(shares, 0), played(shares, 1)) for shares in (narrow, diverse)]
    ratios = [each["retained_accuracy_no_profile"].value for each in found]
    assert ratios == pytest.approx([1.0, 1.0], abs=0.02)
    assert found[0]["resilience_no_profile"].value == 1.0
    assert found[1]["resilience_no_profile"].value == pytest.approx(0.86, abs=0.02), "which favours the deterministic"


def test_gains_count_for_retained_accuracy_alone() -> None:
    cells = (cell(), cell("no_profile"))
    found = measured(cells, asked(0, [0.5] * 20 + [1.0] * 20), asked(1, [1.0] * 20 + [0.5] * 20))
    assert found["retained_accuracy_no_profile"].value == 1.0
    assert found["resilience_no_profile"].value == pytest.approx(2 / 3)


def test_chance_alone_lowers_resilience_with_few_rollouts() -> None:
    """The number that the help states: an unaffected agent that is right half of the time."""

    def expected(p: float, n: int) -> float:
        """E min(X, Y) / E X of two independent binomials."""
        chance = [comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
        return sum(a * b * min(i, j) for i, a in enumerate(chance) for j, b in enumerate(chance)) / (n * p)

    assert expected(0.5, 16) == pytest.approx(0.86, abs=0.001) and expected(0.1, 16) == pytest.approx(0.593, abs=0.001)
    assert expected(0.5, 64) == pytest.approx(0.93, abs=0.001)
    assert ".86 with 16 rollouts" in MEASURES.help("resilience")
    generator = seeding.rng(0, "mixture", 0)
    plain, changed = (generator.binomial(16, 0.5, size=4000) / 16 for _ in range(2))
    assert resilience(plain.tolist(), changed.tolist()).value == pytest.approx(0.86, abs=0.01)


def run(right: dict[int, list[float]], cells: Sequence[Cell]) -> list[robustness.Part]:
    tasks = [task for number, shares in right.items() for task in asked(number, shares)]
    return parts(cells, [{"knockouts": each.knockouts} for each in cells], tasks)


def test_runs_are_compared_question_by_question() -> None:
    cells = (cell(), cell("no_profile"), cell("renamed"))
    strong = run({0: [1.0] * 40, 1: [1.0] * 40, 2: [0.5] * 40}, cells)
    narrow = run({0: [1.0] * 40, 1: [0.0] * 40, 2: [0.5] * 40}, cells)
    found = compare(strong, narrow, 0)
    for name in ("resilience_no_profile", "resilience_mean", "resilience_worst", "EM_no_profile"):
        assert (found[name].value, found[name].n, found[name].better) == (1.0, 40, "first"), name
    assert (found["comprehension_renamed"].value, found["comprehension_renamed"].better) == (0.0, "")
    assert all(each.value == 0.0 and each.better == "" for each in compare(strong, strong, 0).values())


def test_pairing_sees_what_separate_intervals_do_not() -> None:
    # Questions differ widely, and one run keeps 1/16 more of each.
    plain = [1.0] * 40
    low, high = [i / 40 for i in range(40)], [min(1.0, i / 40 + 1 / 16) for i in range(40)]
    cells = (cell(), cell("no_profile"))
    a, b = run({0: plain, 1: high}, cells), run({0: plain, 1: low}, cells)
    intervals = [summarise(each, 0).overall["resilience_mean"] for each in (a, b)]
    assert intervals[0].low < intervals[1].high  # type: ignore[operator]
    assert compare(a, b, 0)["resilience_mean"].better == "first"


def test_a_question_counts_where_it_does_in_both_runs() -> None:
    """The dominant move of one run is to open pages, so half of the questions are not solvable for it."""
    cells = (cell(), cell("no_favourite"))
    tasks = [task for number in (0, 1) for task in asked(number, [1.0] * 40, [("no_open",), ()] * 20)]
    setups = [[{"knockouts": ()}, {"knockouts": [f"no_favourite:{it}"]}] for it in ("open/names", "bm25/whole")]
    opens, searches = (parts(cells, setup, tasks) for setup in setups)
    assert [summarise(each, 0).overall["resilience_mean"].n for each in (opens, searches)] == [20, 40]
    assert compare(opens, searches, 0)["resilience_mean"].n == 20
