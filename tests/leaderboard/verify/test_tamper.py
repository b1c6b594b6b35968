"""The tamper suite: each way to cheat is refused, and named with where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

#: Episodes of the submission.
ALL = 3 * 3 * 4 * 3
#: conftest's ``Submission``, which cannot be imported.
Forged = Any
Tamper = Callable[[Callable[[Forged], object]], str]


def first(forged: Forged, **fields: Any) -> dict[str, Any]:
    """The first episode with such fields."""
    return next(line for line in forged.lines if all(line[name] == value for name, value in fields.items()))


def searched(forged: Forged) -> dict[str, Any]:
    """A step of the plain cell that listed documents."""
    return next(step for line in forged.lines for step in line["steps"] if "<search>" in step["action"])


def test_an_honest_submission_passes(forged: Forged):
    forged.save()
    assert forged.problems() == ()


def change_metric(forged: Forged) -> None:
    forged.entry["metrics"]["EM"]["value"] = 0.99


def change_interval(forged: Forged) -> None:
    forged.entry["metrics"]["EM"]["low"] = 0.0


def add_metric(forged: Forged) -> None:
    forged.entry["metrics"]["brilliance"] = {"value": 1.0, "low": 1.0, "high": 1.0, "n": 12}


def change_cell_metric(forged: Forged) -> None:
    forged.entry["cells"][1]["metrics"]["resilience"]["value"] = 1.0


def change_strategies(forged: Forged) -> None:
    forged.entry["cells"][0]["strategies"]["telepathy > answer"] = 9


def change_missing(forged: Forged) -> None:
    forged.entry["cells"][2]["missing"] = 1


def change_budget(forged: Forged) -> None:
    forged.entry["budgets"]["tokens"] = 1


def show_gold(forged: Forged) -> None:
    forged.entry["cells"][0]["setup"]["expose_gold"] = True


def change_turns(forged: Forged) -> None:
    forged.entry["cells"][0]["setup"]["max_turns"] = 99


def knock_out_a_number(forged: Forged) -> None:
    forged.entry["cells"][1]["setup"]["knockouts"] = 5


def fault_in_a_list(forged: Forged) -> None:
    forged.entry["cells"][2]["setup"]["faults"] = [["shuffled"]]


def reward_of_a_kind(forged: Forged) -> None:
    forged.entry["cells"][0]["setup"]["reward"] = {"exact_match": 1}


def change_reward(forged: Forged) -> None:
    first(forged, reward=0.0)["reward"] = 1.0


def change_answer(forged: Forged) -> None:
    first(forged, cell=0)["answer"] = "somebody else"


def change_hash(forged: Forged) -> None:
    searched(forged)["obs_sha256"] = "0" * 64


def change_action(forged: Forged) -> None:
    searched(forged)["action"] = "<search>something else entirely</search>"


def change_documents(forged: Forged) -> None:
    searched(forged)["doc_ids"].reverse()


def change_score(forged: Forged) -> None:
    """BM25 scores are the same on every machine: not the last digit may differ."""
    scores = searched(forged)["scores"]
    scores[0] = round(scores[0] + 1e-4, 4)


def go_on(forged: Forged) -> None:
    line = first(forged, terminated=True)
    line["steps"].append(line["steps"][-1])


def too_many_turns(forged: Forged) -> None:
    line = forged.lines[0]
    line["steps"] = line["steps"][:1] * 11


def hide_a_success_as_error(forged: Forged) -> None:
    first(forged, reward=1.0)["status"] = "error"


def stop_before_the_end(forged: Forged) -> None:
    """An episode without steps costs nothing."""
    first(forged, reward=0.0).update(steps=[], answer=None, terminated=False, truncated=False)


def answer_in_an_error(forged: Forged) -> None:
    first(forged, reward=0.0).update(status="error", answer="somebody else")


def swap_questions(forged: Forged) -> None:
    """The episodes of two questions trade places, so that the order still holds."""
    questions = sorted({line["question_id"] for line in forged.lines})[:2]
    other = dict(zip(questions, reversed(questions), strict=True))
    for line in forged.lines:
        line["question_id"] = other.get(line["question_id"], line["question_id"])
    forged.lines.sort(key=lambda line: (line["seed"], line["cell"], line["question_id"], line["rollout"]))


def drop_failures(forged: Forged) -> None:
    forged.lines = [line for line in forged.lines if line["reward"] or line["cell"] != 2]


def drop_a_cell(forged: Forged) -> None:
    """Said to be unread, its measures would have to be blank."""
    forged.lines = [line for line in forged.lines if line["cell"] != 1]
    forged.entry["unread"] = [1]


def leave_unread_what_was_played(forged: Forged) -> None:
    forged.entry["unread"] = [1]


def no_such_unread(forged: Forged) -> None:
    forged.entry["unread"] = [7]


def duplicate(forged: Forged) -> None:
    forged.lines.insert(1, forged.lines[0])


def duplicate_at_the_end(forged: Forged) -> None:
    forged.lines.append(forged.lines[0])


def surplus(forged: Forged) -> None:
    forged.lines.insert(3, {**forged.lines[2], "rollout": 3})


def negative_rollout(forged: Forged) -> None:
    forged.lines[0]["rollout"] = -1


def strange_question(forged: Forged) -> None:
    forged.lines[0]["question_id"] = "../../etc/passwd"


def strange_cell(forged: Forged) -> None:
    forged.lines[0]["cell"] = 10**17


def strange_seed(forged: Forged) -> None:
    forged.lines[0]["seed"] = 7


def other_seeds(forged: Forged) -> None:
    forged.entry["seeds"] = [3, 4, 5]


def one_seed_three_times(forged: Forged) -> None:
    forged.entry["seeds"] = [0, 0, 0]


def no_seeds(forged: Forged) -> None:
    forged.entry["seeds"] = []


def long_action(forged: Forged) -> None:
    forged.lines[0]["steps"][0]["action"] = "a" * (2**18 + 2)


def negative_tokens(forged: Forged) -> None:
    forged.lines[0]["steps"][0]["tokens"] = -5


def many_documents(forged: Forged) -> None:
    forged.lines[0]["steps"][0]["doc_ids"] = ["d"] * 11


def other_print(name: str) -> Callable[[Forged], None]:
    def change(forged: Forged) -> None:
        key = next(key for key in forged.entry["fingerprints"] if key.startswith(name))
        forged.entry["fingerprints"][key] = "0" * 64

    return change


def other_version(name: str, version: int) -> Callable[[Forged], None]:
    def change(forged: Forged) -> None:
        forged.entry["contract"][name] = version

    return change


def no_print(forged: Forged) -> None:
    key = next(key for key in forged.entry["fingerprints"] if key.startswith("documents:"))
    del forged.entry["fingerprints"][key]


def unknown_print(forged: Forged) -> None:
    forged.entry["fingerprints"]["moon"] = "0" * 64


def other_suite(forged: Forged) -> None:
    forged.entry["suite"] = "<script>alert(1)</script>"


def unknown_schema(forged: Forged) -> None:
    forged.entry["schema"] = 2


def unknown_line_schema(forged: Forged) -> None:
    forged.lines[4]["schema"] = 2


def unknown_field(forged: Forged) -> None:
    forged.entry["about"]["blended_score"] = "100"


def traversal(forged: Forged) -> None:
    forged.entry["name"] = "../honest"


def other_name(forged: Forged) -> None:
    forged.entry["name"] = "other"


def script_link(forged: Forged) -> None:
    forged.entry["about"]["agent_url"] = "javascript:alert(1)"


def control(forged: Forged) -> None:
    forged.entry["about"]["notes"] = "fine\x1b[2J"


def control_in_a_key(forged: Forged) -> None:
    forged.entry["fingerprints"]["\x1b[2J"] = "0" * 64


def long_notes(forged: Forged) -> None:
    forged.entry["about"]["notes"] = "a" * 2001


def claim_what_maintainers_give(forged: Forged) -> None:
    forged.entry["tier"] = "reproduced"


def out_of_range(forged: Forged) -> None:
    forged.entry["budgets"]["tokens"] = -1


CASES: list[tuple[Callable[[Forged], None], str]] = [
    (change_metric, r"entry.json, field 'metrics.EM': is 0\.99.*replay gives 0\."),
    (change_interval, r"field 'metrics.EM': is 0\.\d+ \(0\.000000 to"),
    (add_metric, r"field 'metrics.brilliance': is not a metric of the suite"),
    (change_cell_metric, r"field 'cells\[1\].metrics.resilience'"),
    (change_strategies, r"field 'cells\[0\].strategies': 'telepathy > answer' 9 times, replay gives 0"),
    (change_missing, r"field 'cells\[2\].missing': is 1, replay gives 0"),
    (change_budget, r"field 'budgets.tokens': is 1, replay gives \d+"),
    (show_gold, r"field 'cells\[0\].setup.expose_gold': is True, replay gives False"),
    (change_turns, r"field 'cells\[0\].setup.max_turns': is 99, replay gives 10"),
    (knock_out_a_number, r"entry.json, field 'cells\[1\].setup.knockouts': Expected `array`, got `int`"),
    (fault_in_a_list, r"entry.json, field 'cells\[2\].setup.faults\[0\]': Expected `str`, got `array`"),
    (reward_of_a_kind, r"entry.json, field 'cells\[0\].setup.reward': Expected `str`, got `object`"),
    (change_reward, r"line \d+, seed 0, cell 0, question \S+, rollout \d: reward is 1.0, replay gives 0.0"),
    (change_answer, r"answer is 'somebody else', replay gives"),
    (change_hash, r"line 1, seed 0, cell 0, question \S+, rollout 0, step 1: the observation's hash begins"),
    (change_action, r"line 1, .*, step 1: the observation's hash begins with"),
    (change_documents, r"step 1: doc_ids are \[.*\], replay gives"),
    (change_score, r"step 1: scores are \[.*\], replay gives"),
    (go_on, r"step \d+: the episode was over before this step"),
    (too_many_turns, r"line 1: question \S+, rollout 0: 11 steps, but an episode has 10 turns"),
    (hide_a_success_as_error, r"reward is 1.0, replay gives 0.0"),
    (
        stop_before_the_end,
        r"episodes.jsonl.gz, line \d+, .*, question \S+, rollout \d: status is 'ok', but the episode has not",
    ),
    (answer_in_an_error, r"line \d+, .*, question \S+, rollout \d: answer is 'somebody else', replay gives"),
    (leave_unread_what_was_played, r"field 'cell': cell 1 is said to be unread, but was played"),
    (no_such_unread, r"field 'unread': 7 are not numbers of cells"),
    (duplicate, r"line 2: rollout 0 of question \S+ is a duplicate$"),
    (duplicate_at_the_end, r"line 109: rollout 0 of question \S+ is a duplicate, or out of order"),
    (surplus, r"line 4, field 'rollout': must be from 0 to 2, got 3: surplus"),
    (negative_rollout, r"line 1, field 'rollout': must be from 0 to 2, got -1"),
    (strange_question, r"line 1, field 'question_id': cell 0 does not ask '../../etc/passwd'"),
    (strange_cell, r"line 1, field 'cell': suite board-tiny has no cell 10+"),
    (strange_seed, r"line 1, field 'seed': must be one of 0, 1, 2, got 7"),
    (other_seeds, r"field 'seeds': are 3, 4, 5, must be 0, 1, 2"),
    (one_seed_three_times, r"field 'seeds': are 0, 0, 0, must be 0, 1, 2"),
    (no_seeds, r"field 'seeds': are none, must be 0, 1, 2"),
    (long_action, r"line 1: .*, step 1: the action is longer than 262145 characters"),
    (negative_tokens, r"line 1: .*, step 1: tokens must be from 0 to"),
    (many_documents, r"line 1: .*, step 1: more than 10 documents"),
    (other_print("documents:"), r"field 'fingerprints.documents:almanac-tiny/test-\S+': is 0{12}, here [0-9a-f]{12}$"),
    (other_print("questions:"), r"field 'fingerprints.questions:almanac-tiny/test-\S+'"),
    (other_version("protocol", 2), r"'contract.protocol': version 1 expected, found 2; verify it with the release"),
    (other_version("scorer", 0), r"field 'contract.scorer': version 1 expected, found 0"),
    (other_version("suite", -(10**17)), r"field 'contract.suite': version 1 expected, found -10+"),
    (no_print, r"field 'fingerprints.documents:\S+': is missing, here"),
    (unknown_print, r"field 'fingerprints.moon': is 0{12}, here not known"),
    (other_suite, r"field 'suite': unknown suite '<script>"),
    (unknown_schema, r"field 'schema': Invalid enum value 2"),
    (unknown_line_schema, r"episodes.jsonl.gz, line 5, field 'schema': Invalid enum value 2"),
    (unknown_field, r"field 'about': Object contains unknown field `blended_score`"),
    (traversal, r"field 'name': Expected `str` matching regex"),
    (other_name, r"field 'name': is 'other', but the folder is 'honest'"),
    (script_link, r"field 'about.agent_url': Expected `str` matching regex"),
    (control, r"field 'about.notes': holds a character that is not printed"),
    (control_in_a_key, r"field 'fingerprints.\\\\x1b\[2J': holds a character that is not printed"),
    (long_notes, r"field 'about.notes': Expected `str` of length <= 2000"),
    (claim_what_maintainers_give, r"entry.json, field 'tier': Invalid enum value 'reproduced'"),
    (out_of_range, r"field 'budgets.tokens': Expected `int` >= 0"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), CASES, ids=[message[:40] for _, message in CASES])
def test_it_is_refused_and_named(change: Callable[[Forged], None], message: str, tamper: Tamper):
    assert re.search(message, tamper(change))


def test_swapped_questions_are_seen_in_their_episodes(forged: Forged):
    swap_questions(forged)
    forged.save()
    problems = forged.problems()
    assert problems and all(re.search(r"line \d+, seed \d, cell \d, question \S+, rollout \d", one) for one in problems)


def test_what_is_dropped_counts_as_failed(forged: Forged):
    """Nothing is gained by it, and the entry must own up to it."""
    drop_failures(forged)
    gone = ALL - len(forged.lines)
    forged.save()
    (problem,) = (one for one in forged.problems() if "missing" in one)
    assert f"field 'cells[2].missing': is 0, replay gives {gone}" in problem and gone > 0
    forged.entry["cells"][2]["missing"] = gone
    forged.save()
    assert [one for one in forged.problems() if "'cells[2].metrics.EM'" in one] == [], "as failures they counted before"


def test_what_is_said_to_be_unread_is_blank(forged: Forged):
    drop_a_cell(forged)
    forged.save()
    problems = forged.problems()
    assert any("field 'cells[1].metrics.EM'" in one and "replay gives blank" in one for one in problems)
    assert any("field 'metrics.resilience_mean'" in one for one in problems)
    assert all("entry.json, field" in one for one in problems[:20])


def test_a_package_version_is_recorded_not_compared(forged: Forged):
    forged.entry["versions"]["berrypick"] = "9.9.9"
    forged.save()
    assert forged.problems() == ()


def test_script_in_texts_is_text(forged: Forged):
    """Nothing is wrong with it; whoever shows it must show it as text."""
    for name in ("model", "method", "notes", "contact", "licence", "hardware"):
        forged.entry["about"][name] = "<script>alert('x')</script><img src=x onerror=alert(1)>"
    forged.save()
    assert forged.problems() == ()
