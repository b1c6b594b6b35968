"""Every metric against a hand-computed example."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick import seeding
from berrypick.benchmarks.metrics import surface
from berrypick.benchmarks.metrics.table import METRICS, TaskOutcomes, metric
from berrypick.envs.scoring.outcome import Outcome
from berrypick.registry import UnknownName

BLANK = Outcome(
    em=False,
    f1=0.0,
    answered=True,
    grounded=False,
    supported=True,
    hops=2,
    hops_found=0,
    first_shown=(None, None),
    route=(None, None),
    strategy=(),
    raw_moves=("answer",),
    fine=("answer",),
    evidence=(),
    first_query=None,
    searches=0,
    opens=0,
    invalid=0,
    tokens=0,
)
ROUTES = (("profile", "profile"), ("roster", "profile"), ("roster", "chronicle"), ("profile", "chronicle"))


def miss(**fields: object) -> Outcome:
    return msgspec.structs.replace(BLANK, **fields)


def hit(strategy: str = "a", **fields: object) -> Outcome:
    """A grounded success."""
    return miss(em=True, f1=1.0, grounded=True, hops_found=2, strategy=(strategy, "answer"), **fields)


def task(*outcomes: Outcome, errors: int = 0, hops: int = 2, number: int = 0, routes: tuple = ROUTES) -> TaskOutcomes:
    return TaskOutcomes(0, number, f"q{number}", "bridge", hops, routes, outcomes, errors)


def value(name: str, *tasks: TaskOutcomes) -> float | None:
    """The value without the rule of 30 tasks: the tasks are repeated until there are enough of them."""
    return metric(name)(list(tasks) * 30)


def test_em_and_f1_count_failed_rollouts_as_misses() -> None:
    # first task: 2 right of 4 rollouts, one of which failed: 2/4; second: 0 of 2. Mean (1/2 + 0) / 2 = 1/4.
    tasks = task(hit(), hit(), miss(f1=0.5), errors=1), task(miss(f1=0.2), miss())
    assert value("EM", *tasks) == pytest.approx(1 / 4)
    # (1 + 1 + .5 + 0)/4 = .625; (.2 + 0)/2 = .1; mean .3625
    assert value("F1", *tasks) == pytest.approx(0.3625)


def test_a_task_without_rollouts_scores_the_default() -> None:
    tasks = task(hit()), task()
    assert value("EM", *tasks) == 0.5
    assert value("pass@1", *tasks) == 0.5
    assert value("grounded", *tasks) == 0.5
    assert value("hop_recall", *tasks) == 0.5
    assert value("searches", *tasks) == 0.0  # cost: left out


def test_pass_at_k() -> None:
    # 4 rollouts, 1 right: pass@2 = 1 - C(3,2)/C(4,2) = 1/2. 4 rollouts (1 failed), 2 right: 1 - C(2,2)/C(4,2) = 5/6.
    tasks = task(hit(), miss(), miss(), miss()), task(hit(), hit(), miss(), errors=1)
    assert value("pass@2", *tasks) == pytest.approx((1 / 2 + 5 / 6) / 2)
    assert value("pass@1", *tasks) == pytest.approx((1 / 4 + 2 / 4) / 2)
    assert value("pass@4", *tasks) == 1.0
    assert value("pass@8", *tasks) is None  # only 4 rollouts
    # 16 rollouts: 1 right of 16 surely is among them; 17 with 1 right: 1 - C(16,16)/C(17,16) = 16/17
    assert value("pass@16", task(hit(), *[miss()] * 15), task(hit(), *[miss()] * 16)) == pytest.approx(
        (1 + 16 / 17) / 2
    )


def test_pass_at_k_drops_no_task_with_too_few_rollouts() -> None:
    # Missing rollouts are misses: none right is 0; one right of 8, of which 4 are missing, is 1 - C(7,8)/C(8,8) = 1.
    whole, none, one = task(*[hit()] * 16), task(*[miss()] * 4), task(hit(), *[miss()] * 3)
    assert value("pass@16", whole, none) == 0.5
    assert value("pass@8", whole, none, one) == pytest.approx(2 / 3)
    assert value("pass@8", none, one) is None  # nobody has 8


def test_pass_at_k_within_turns() -> None:
    # Right after 1, 2, 2 and 5 turns before the answer, and wrong after 2, of 5 rollouts: one attempt is right within
    # 1, 2 and 5 turns with 1/5, 3/5 and 4/5. Two of five: 1 - C(2,2)/C(5,2) = 9/10 within 2 turns.
    moves = [("m",) * turns + ("answer",) for turns in (1, 2, 2, 5)]
    rollouts = task(*[hit(raw_moves=made) for made in moves], miss(raw_moves=("m", "m", "answer")))
    assert [value(f"pass@(1,{turns})", rollouts) for turns in (1, 2, 4, 5)] == pytest.approx([0.2, 0.6, 0.6, 0.8])
    assert value("pass@(2,2)", rollouts) == pytest.approx(9 / 10)
    assert value("pass@(16,2)", rollouts) is None
    # Of 16 rollouts the right one took 3 turns: it surely is among 16, and never within 2.
    sixteen = task(hit(raw_moves=("m", "m", "m", "answer")), *[miss()] * 15)
    assert (value("pass@(16,2)", sixteen), value("pass@(16,4)", sixteen), value("pass@(16,6)", sixteen)) == (0, 1, 1)
    assert value("pass@(8,4)", sixteen) == pytest.approx(1 / 2)
    assert value("pass@(8,4)", sixteen, task()) == pytest.approx(1 / 4)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=4, max_size=12))
def test_pass_at_k_within_turns_grows_with_both(rollouts: list[tuple[bool, int]]) -> None:
    one = [task(*((hit if ok else miss)(raw_moves=("m",) * turns + ("answer",)) for ok, turns in rollouts))]
    table = [[metric(f"pass@({k},{turns})")(one) for turns in range(1, 10)] for k in range(1, 5)]
    assert (np.diff(table, axis=0) >= -1e-12).all() and (np.diff(table, axis=1) >= -1e-12).all()
    assert [row[-1] for row in table] == [metric(f"pass@{k}")(one) for k in range(1, 5)]  # nobody takes 9 turns


def test_grounded_needs_a_known_plan() -> None:
    # right without evidence is no grounded success: 1 of 2; a question without a plan cannot have any and is left out.
    assert value("grounded", task(hit(), miss(em=True, f1=1.0))) == 0.5
    assert value("grounded", task(hit()), task(miss(em=True, hops=0), hops=0)) == 1.0
    assert value("grounded", task(miss(em=True, hops=0), hops=0)) is None


def test_hop_recall() -> None:
    # (2/2 + 1/2 + 0 [failed]) / 3 = 1/2
    assert value("hop_recall", task(hit(), miss(hops_found=1), errors=1)) == pytest.approx(0.5)
    assert value("hop_recall", task(miss(hops=0), hops=0)) is None


def test_strategies_d2() -> None:
    # first task: a a b: (2*1 + 0)/(3*2) = 1/3; second: a a: 1; third has one success and does not count.
    tasks = task(hit("a"), hit("a"), hit("b"), miss()), task(hit("a"), hit("a")), task(hit("c"), miss())
    assert value("strategies_D2", *tasks) == pytest.approx(1 / ((1 / 3 + 1) / 2))


def test_strategies_d2_of_all_different_is_unbounded_and_prints_as_blank() -> None:
    assert value("strategies_D2", task(hit("a"), hit("b"))) is None


def test_strategies_d1() -> None:
    # a a b b: exp(log 2) = 2; a a a a: 1; three successes do not count. Mean 1.5.
    tasks = task(*map(hit, "aabb")), task(*map(hit, "aaaa"), miss()), task(*map(hit, "abc"))
    assert value("strategies_D1", *tasks) == pytest.approx(1.5)


def test_vendi() -> None:
    # The answer tells no two ways apart: a a b b and a b c d have nothing else in common, so 2 and 4; a a a a is 1.
    # Three successes do not count. Mean 7/3.
    tasks = task(*map(hit, "aabb")), task(*map(hit, "abcd")), task(*map(hit, "aaaa"), miss()), task(*map(hit, "abc"))
    assert value("vendi", *tasks) == pytest.approx(7 / 3)
    # Ways alike in part count as less: a b twice and a twice have a beginning in common (2 if nothing).
    found = value("vendi", task(*[hit("a")] * 2, *[miss(em=True, grounded=True, strategy=("a", "b", "answer"))] * 2))
    assert found is not None and 1.5 < found < 1.95


def test_dominant_share() -> None:
    # over all grounded successes: a 3, b 2 of 5
    assert value("dominant_share", task(*map(hit, "aab")), task(*map(hit, "ab")), task(miss())) == pytest.approx(3 / 5)


def test_only_grounded_successes_have_strategies() -> None:
    lucky = miss(em=True, strategy=("z", "answer"))
    assert value("dominant_share", task(hit("a"), hit("a"), lucky, lucky, lucky)) == 1.0
    assert value("strategies_D2", task(lucky, lucky)) is None


def test_route_coverage() -> None:
    # Viable: profile, roster | profile, chronicle. Used: {profile, roster} and {profile}: (2/2 + 1/2)/2 = 3/4.
    # The second task has no success: 0. A genre that the audit does not know adds nothing.
    used = hit(route=("profile", "profile")), hit(route=("roster", "profile")), hit(route=("roster", "register"))
    assert value("route_coverage", task(*used)) == pytest.approx(3 / 4)
    assert value("route_coverage", task(*used), task(miss(route=("roster", "chronicle")))) == pytest.approx(3 / 8)
    assert value("route_coverage", task(*used), task(*used, routes=())) == pytest.approx(3 / 4)  # no audit: left out
    assert value("route_coverage", task(*used), task()) == pytest.approx(3 / 8)


def test_route_coverage_at_m() -> None:
    # 3 successes, profile in 1 of them at hop 1, roster in 2; profile in 3 at hop 2. Of 2 successes:
    # P(profile) = 1 - C(2,2)/C(3,2) = 2/3, P(roster) = 1 - C(1,2)/C(3,2) = 1, hop 1: (2/3 + 1)/2 = 5/6;
    # hop 2: profile 1, chronicle 0: 1/2. Mean 2/3. A task with one success does not count.
    routes = ("profile", "profile"), ("roster", "profile"), ("roster", "profile")
    successes = task(*[hit(route=route) for route in routes])
    assert value("route_coverage@2", successes, task(hit(route=routes[0]))) == pytest.approx(2 / 3)
    assert value("route_coverage@4", successes) is None


def test_evidence_diversity() -> None:
    # {x,y} {y,z}: 1/3; {x,y} {x,y}: 1; {y,z} {x,y}: 1/3. Mean 5/9, diversity 4/9.
    successes = [hit(evidence=evidence) for evidence in (("x", "y"), ("y", "z"), ("y", "x"))]
    assert value("evidence_diversity", task(*successes, miss(evidence=("w",)))) == pytest.approx(4 / 9)
    assert value("evidence_diversity", task(successes[0])) is None


def test_first_query_duplicates() -> None:
    # "Tessa Thornwell" twice (order, case and stopwords aside) and one other: 1 of 3 pairs; no query: no part in pairs.
    queries = "Tessa Thornwell", "thornwell and TESSA", "Osric Penn", None
    assert value("first_query_duplicates", task(*[miss(first_query=query) for query in queries])) == pytest.approx(
        1 / 3
    )


def test_adaptivity() -> None:
    # 0 is miss, 1 hit. A0 B1 B1: changes after the miss and not after the hit, 1 - 0. The last step stays last, so that
    # of the other two in random order A0 always changes and B1 in one of two orders: 1 - 1/2. Weight 1*1/(1+1).
    # A0 A1 B1: 0 - 1; in random order 1/2 - 1/2. Together ((1 - 1) - (1/2 + 0)) / ((1 + 1) - 1/2) = -1/3.
    moves = "dense/own/whole", "bm25/asked/names"
    first = task(miss(raw_moves=(moves[0], moves[1], moves[1], "answer"), first_shown=(1, 2)))
    second = task(miss(raw_moves=(moves[0], moves[0], moves[1], "answer"), first_shown=(1, 2)))
    assert value("adaptivity", first) == pytest.approx(1)
    assert value("adaptivity", first, second) == pytest.approx(-1 / 3)
    # No miss, no hit, or no known plan: nothing to go by.
    assert value("adaptivity", task(miss(raw_moves=moves, first_shown=(0, 1)))) == 0
    assert value("adaptivity", task(miss(raw_moves=moves)), task(miss(raw_moves=("answer",)))) == 0
    assert value("adaptivity", task(miss(hops=0, first_shown=()), hops=0)) is None


def test_cost_and_honesty() -> None:
    episodes = (
        miss(searches=3, opens=1, tokens=20, invalid=1, raw_moves=("a", "b", "c", "d", "answer"), supported=False),
        miss(searches=1, opens=0, tokens=10, invalid=0, raw_moves=("a", "answer"), answered=False, supported=False),
        miss(searches=2, opens=2, tokens=0, invalid=0, raw_moves=()),
    )
    tasks = task(*episodes, errors=1)  # the failed rollout has no cost
    sized = [msgspec.structs.replace(one, bytes=size) for one, size in zip(episodes, (90, 30, 0), strict=True)]
    assert value("bytes", task(*sized)) == pytest.approx(40.0)  # (90 + 30 + 0) / 3
    assert value("bytes", tasks) is None, "recorded before bytes were counted"
    assert value("searches", tasks) == pytest.approx(2.0)  # (3 + 1 + 2) / 3
    assert value("opens", tasks) == pytest.approx(1.0)  # (1 + 0 + 2) / 3
    assert value("tokens", tasks) == pytest.approx(10.0)  # (20 + 10 + 0) / 3
    assert value("invalid", tasks) == pytest.approx(1 / 15)  # (1/5 + 0 + 0) / 3
    assert value("unsupported", tasks) == pytest.approx(1 / 3)  # only the first gave an answer never displayed
    assert value("errors", tasks) == pytest.approx(1 / 4)
    assert value("searches", task(errors=4)) is None and value("errors", task(errors=4)) == 1.0


def test_all_wrong_and_all_right() -> None:
    wrong, right = task(*[miss()] * 16), task(*[hit("a", route=("profile", "profile"))] * 16)
    for name in ("EM", "F1", "pass@1", "pass@4", "pass@16", "grounded", "hop_recall", "route_coverage"):
        assert value(name, wrong) == 0.0, name
    for name in ("strategies_D1", "strategies_D2", "vendi", "dominant_share", "route_coverage@4", "evidence_diversity"):
        assert value(name, wrong) is None, name
    for name in ("EM", "F1", "pass@16", "grounded", "hop_recall", "strategies_D1", "strategies_D2", "dominant_share"):
        assert value(name, right) == pytest.approx(1.0), name
    assert value("route_coverage", right) == value("route_coverage@4", right) == 0.5
    assert value("evidence_diversity", right) == 0.0


def test_diversity_is_blank_below_30_tasks() -> None:
    tasks = [task(*map(hit, "aabb"), number=number) for number in range(30)]
    assert metric("strategies_D2")(tasks) == pytest.approx(3.0)  # (2 + 2)/12 = 1/3
    assert metric("strategies_D2")(tasks[:29]) is None
    assert metric("strategies_D2")([*tasks[:29], task(hit())]) is None  # 30 tasks, 29 with two successes
    assert metric("EM")(tasks[:1]) == 1.0
    assert metric("EM")([]) is None


@pytest.mark.parametrize("accuracy", [0.3, 0.9])
def test_a_mixture_is_recovered_whatever_its_accuracy(accuracy: float) -> None:
    # Shares .5, .3, .2: D2 = 1/(.25 + .09 + .04) = 2.63; the commonest has .5.
    tasks = mixture(accuracy, (0.5, 0.3, 0.2), 400)
    assert metric("strategies_D2")(tasks) == pytest.approx(1 / 0.38, rel=0.1)
    assert metric("dominant_share")(tasks) == pytest.approx(0.5, rel=0.1)
    assert metric("EM")(tasks) == pytest.approx(accuracy, abs=0.03)


def test_accuracy_does_not_enter_diversity_at_fixed_size() -> None:
    low, high = (mixture(accuracy, (0.5, 0.3, 0.2), 400) for accuracy in (0.3, 0.9))
    for name in ("strategies_D1", "route_coverage@4", "evidence_diversity"):
        assert metric(name)(low) == pytest.approx(metric(name)(high), rel=0.1), name
    # What does depend on accuracy is told apart by its name.
    assert metric("route_coverage")(low) < metric("route_coverage")(high) - 0.05


def mixture(accuracy: float, shares: Sequence[float], count: int) -> list[TaskOutcomes]:
    """Tasks whose rollouts choose one of three strategies, each with its own route and evidence."""
    routes = ("profile", "profile"), ("roster", "profile"), ("roster", "chronicle")
    ways = [hit("abc"[i], route=routes[i], evidence=("abc"[i], "x")) for i in range(len(shares))]
    generator = seeding.rng(1, "mixture", round(accuracy * 10))
    tasks = []
    for number in range(count):
        right = generator.random(16) < accuracy
        chosen = generator.choice(len(shares), size=16, p=np.array(shares))
        rollouts = (ways[way] if ok else miss() for ok, way in zip(right, chosen, strict=True))
        tasks.append(task(*rollouts, number=number))
    return tasks


@pytest.mark.parametrize(
    "name",
    [
        "pass@0",
        "pass@04",
        "pass@",
        "pass@#",
        "pass@(#,4)",
        "pass@(4)",
        "pass@(4,0)",
        "pass@(4, 2)",
        "pass@4,2",
        "pass@x",
        "pass@²",
        "pass",
        "EM@3",
        "em",
        "",
        "@4",
    ],
)
def test_unknown_names_are_errors(name: str) -> None:
    with pytest.raises(UnknownName):
        metric(name)


def test_unknown_names_list_near_matches() -> None:
    with pytest.raises(UnknownName, match="strategies_D2"):
        metric("strategy_D2")


def test_determinism_counts_wrong_episodes_too() -> None:
    # a, a, b of which b is wrong: one pair alike of three.
    moves = ("x", "answer"), ("x", "answer"), ("y", "answer")
    rollouts = task(hit(raw_moves=moves[0]), hit(raw_moves=moves[1]), miss(raw_moves=moves[2]))
    assert value("determinism", rollouts) == pytest.approx(1 / 3)
    assert value("determinism", rollouts, task(miss())) == pytest.approx(1 / 3)  # one rollout makes no pair
    assert metric("determinism")([rollouts] * 29) is None


def test_strategies_over_merged_engines() -> None:
    # bm25 > dense and dense alone are one search with names; an open stays one of its own.
    names = [("bm25/asked/names", "dense/asked/names", "answer"), ("dense/asked/names", "answer")]
    pages = ("open/asked/names", "answer")
    both = task(*[miss(em=True, grounded=True, strategy=strategy) for strategy in names])
    three = task(*[miss(em=True, grounded=True, strategy=strategy) for strategy in (*names, pages)])
    assert (value("strategies_D2_forms", both), value("strategies_D2", both)) == (1.0, None)  # 1 / 0: no two alike
    assert value("strategies_D2_forms", three) == pytest.approx(3)  # one pair alike of three
    remote = task(*[miss(em=True, grounded=True, strategy=(f"http:h/{n}/asked/names", "answer")) for n in "ab"])
    assert value("strategies_D2_forms", remote) == 1.0


def test_distinct_k() -> None:
    # Strategies a, a, b, (none): of 2 of 4 rollouts a is there with 1 - C(2,2)/C(4,2) = 5/6, the others with 1/2.
    rollouts = task(hit("a"), hit("a"), hit("b"), miss())
    assert value("distinct_2", rollouts) == pytest.approx(5 / 6 + 1 / 2 + 1 / 2)
    assert value("distinct_4", rollouts) == pytest.approx(3)
    assert value("distinct_8", rollouts) is None


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=2, max_size=6), st.data())
def test_utility_k_is_the_mean_over_orders(kinds: list[str | None], data: st.DataObject) -> None:
    """Against the formula of the paper over every order of the rollouts; None is a wrong one of strategy ()."""
    k = data.draw(st.integers(1, len(kinds)))
    total = []
    for order in permutations(kinds):
        gains = [0.8**i * (kind not in order[:i]) * (kind is not None) for i, kind in enumerate(order[:k])]
        total.append((1 - 0.8) / (1 - 0.8**k) * sum(gains))
    rollouts = task(*(miss() if kind is None else hit(kind) for kind in kinds))
    assert value(f"utility_{k}", rollouts) == pytest.approx(np.mean(total))


def test_utility_of_new_strategies() -> None:
    # Four different successes are worth all there is; four alike the first place of 1 + .8 + .64 + .512 = 2.952.
    assert value("utility_4", task(*map(hit, "abcd"))) == pytest.approx(1)
    assert value("utility_4", task(*[hit("a")] * 4)) == pytest.approx(1 / 2.952)
    assert value("utility_4", task(*[miss()] * 4)) == 0.0


def test_questions_without_a_signal() -> None:
    mixed, right, wrong = task(hit(), miss()), task(hit(), hit()), task(miss(), miss())
    assert value("ACR", mixed, right, wrong) == pytest.approx(2 / 3)
    assert value("ACR", task(hit(), errors=1)) == 0.0, "a failed rollout is a miss, so that there is a signal"
    assert value("ACR", task(hit())) is None


def test_share_of_adopted_terms() -> None:
    # 3 of 4 and 1 of 4 terms over two tasks; a task without new terms has none to adopt.
    tasks = task(miss(new_terms=4, adopted_terms=3)), task(miss(new_terms=4, adopted_terms=1)), task(miss())
    assert value("CTAR", *tasks) == pytest.approx(0.5)
    assert value("CTAR", task(miss())) is None


def test_effort_against_success() -> None:
    # Right after 1 turn, wrong after 2: the walk goes to 1/2 (1 - 1/2) = 1/4 and back.
    short, long = ("answer",), ("x", "answer")
    assert value("kuiper", task(hit(raw_moves=short), miss(raw_moves=long))) == pytest.approx(1 / 4)
    assert value("kuiper", task(hit(raw_moves=long), miss(raw_moves=short))) == pytest.approx(1 / 4)
    same = task(hit(raw_moves=short), miss(raw_moves=short), hit(raw_moves=long), miss(raw_moves=long))
    assert value("kuiper", same) == pytest.approx(0)


def test_word_bigrams_of_first_queries() -> None:
    # "a"-"Mill" twice: of the pairs among (^ Mill), (Mill $), (^ Mill), (Mill $), two of six are alike: 3 bigrams.
    same = task(miss(first_query="Mill"), miss(first_query="the mill"))
    assert value("query_bigrams_D2", same) == pytest.approx(3)
    other = task(miss(first_query="Mill"), miss(first_query="Ford"), miss(first_query="Ford"))
    # (^ mill), (mill $), 2 x (^ ford), 2 x (ford $): two of fifteen pairs are alike.
    assert value("query_bigrams_D2", other) == pytest.approx(7.5)
    assert value("query_bigrams_D2", task(miss(), miss())) is None


def test_chrf_by_hand() -> None:
    # "abc" against "abd": 1-grams 2 of 3, 2-grams 1 of 2, 3-grams 0 of 1: mean 7/18 in both directions.
    assert surface.chrf(["abc", "a bd"]) == pytest.approx(np.array([[1, 7 / 18], [7 / 18, 1]]))
    assert surface.chrf(["ab", "cd"])[0, 1] == 0.0


def test_clusters_of_texts() -> None:
    texts = ("governor of Ost", "governor of Osta", "sister city of Velm")
    first, second, third = surface.clusters(texts)
    assert first == second != third
    rollouts = task(*[miss(first_query=text) for text in texts])
    assert value("chrf_clusters_D2", rollouts) == pytest.approx(3)  # one pair of three is alike
    assert value("chrf_clusters_D2", task(*[miss(first_query=texts[0])] * 4)) == 1.0
    assert value("chrf_clusters_D2", task(miss())) is None


def test_what_a_query_says_of_its_question() -> None:
    # Two questions with a query of their own: log 2. The same query at both: 0. Two queries at both alike: 0.
    own = [task(miss(first_query=name), number=n) for n, name in enumerate(("Ost", "Velm"))]
    assert value("query_information", *own) == pytest.approx(np.log(2))
    assert value("query_information", task(miss(first_query="Ost")), task(miss(first_query="the OST"))) == 0.0
    both = task(miss(first_query="Ost"), miss(first_query="Velm"))
    assert value("query_information", both, both) == pytest.approx(0)
    assert value("query_information", task(miss())) is None


def test_every_metric_is_tested_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in METRICS if f'value("{name}"' not in source] == []


def test_route_coverage_is_blank_where_there_is_one_route_at_most() -> None:
    """A corpus of one's own has no genres: its only route is covered whenever the answer is right."""
    for routes in ((), (("", ""),)):
        tasks = [
            TaskOutcomes(0, number, f"q{number}", "bridge", 2, routes, (hit("a", route=("", "")),) * 4)
            for number in range(40)
        ]
        assert metric("route_coverage")(tasks) is None and metric("route_coverage@4")(tasks) is None
