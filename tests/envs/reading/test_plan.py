"""Plans against facts written down by hand."""

from __future__ import annotations

import pytest

from berrypick.corpora.answerability.plans import Both, Name, Step, Winner, names
from berrypick.envs.reading.plan import Progress, Unknown, solve


class Known:
    """Facts as triples; every name is its own key."""

    def __init__(self, *facts: tuple[str, str, str]) -> None:
        self.facts = facts

    def related(self, name: str, relation: str, inverse: bool) -> list[str]:
        if inverse:
            return [s for s, r, o in self.facts if (r, o) == (relation, name)]
        return [o for s, r, o in self.facts if (s, r) == (name, relation)]

    def key(self, name: str) -> str:
        return name

    def number(self, name: str, relation: str) -> float | None:
        found = self.related(name, relation, False)
        return float(found[0]) if found else None

    def settled(self, name: str, relation: str) -> bool:
        return bool(self.related(name, relation, False))


CHAIN = Step("based_in", False, Step("works_at", False, Name("Tessa")))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ((), Progress([], [[Unknown("Tessa", "works_at")]])),
        ((("Tessa", "works_at", "Mills"),), Progress([], [[Unknown("Mills", "based_in")]])),
        ((("Tessa", "works_at", "Mills"), ("Mills", "based_in", "Bal")), Progress(["Bal"], [])),
        # A fact of somebody else is no step.
        ((("Hugo", "works_at", "Mills"), ("Mills", "based_in", "Bal")), Progress([], [[Unknown("Tessa", "works_at")]])),
    ],
)
def test_chain(facts: tuple[tuple[str, str, str], ...], expected: Progress):
    assert solve(CHAIN, Known(*facts)) == expected


def test_inverse_asks_for_the_subject():
    goal = Step("led_by", True, Name("Vera"))
    assert solve(goal, Known()) == Progress([], [[Unknown("Vera", "led_by", True)]])
    assert solve(goal, Known(("College", "led_by", "Vera"))) == Progress(["College"], [])


MEET = Both(Step("works_at", True, Name("Mills")), Step("born_in", True, Name("Bal")))


def test_intersection_with_nothing_known_asks_for_both_sides():
    expected = [[Unknown("Mills", "works_at", True), Unknown("Bal", "born_in", True)], []]
    assert solve(MEET, Known()) == Progress([], expected)


def test_intersection_hands_candidates_of_one_side_to_the_other():
    progress = solve(MEET, Known(("Tessa", "works_at", "Mills"), ("Hugo", "works_at", "Mills")))
    sides, checks = progress.unknowns
    assert sides == [
        Unknown("Mills", "works_at", True),
        Unknown("Bal", "born_in", True, ("Tessa", "Hugo")),
    ]
    assert checks == [Unknown("Tessa", "born_in"), Unknown("Hugo", "born_in")]


def test_intersection_rules_out_whose_other_fact_is_known():
    progress = solve(MEET, Known(("Tessa", "works_at", "Mills"), ("Tessa", "born_in", "Dorn")))
    assert progress.unknowns[1] == []


def test_intersection_is_what_all_sides_name():
    facts = Known(("Tessa", "works_at", "Mills"), ("Hugo", "works_at", "Mills"), ("Hugo", "born_in", "Bal"))
    assert solve(MEET, facts) == Progress(["Hugo"], [])


@pytest.mark.parametrize(("least", "winner"), [(True, "Tessa"), (False, "Hugo")])
def test_comparison_of_1790_with_1801(least: bool, winner: str):
    goal = Winner("born_in_year", not least, Name("Hugo"), Name("Tessa"))
    facts = (("Hugo", "born_in_year", "1801"), ("Tessa", "born_in_year", "1790"))
    assert solve(goal, Known(*facts)).names == [winner]
    assert solve(goal, Known(facts[0])) == Progress([], [[Unknown("Tessa", "born_in_year")]])


def test_a_value_of_zero_counts():
    goal = Winner("airports", False, Name("A"), Name("B"))
    assert solve(goal, Known(("A", "airports", "0"), ("B", "airports", "-1"))).names == ["B"]


def test_names_in_order():
    assert names(CHAIN) == ["Tessa"]
    assert names(MEET) == ["Mills", "Bal"]
    assert names(Step("x", False, Winner("y", False, Name("A"), Name("B")))) == ["A", "B"]
