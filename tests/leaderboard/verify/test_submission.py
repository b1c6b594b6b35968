"""Verifying: which submissions are meant, the same verdict from several processes, and a verdict on anything at all."""

from __future__ import annotations

import copy
import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from berrypick.benchmarks import provenance
from berrypick.benchmarks.metrics.table import Value
from berrypick.benchmarks.versions import Contract
from berrypick.errors import BadInput
from berrypick.leaderboard.verify import submission
from berrypick.leaderboard.verify.compare import Allowance, _other_metrics, _other_strategies
from berrypick.leaderboard.verify.plan import Plan
from berrypick.leaderboard.verify.submission import find

#: conftest's ``Submission``, which cannot be imported.
Forged = Any


SAME = Allowance((), True)


def test_a_path_is_a_submission_or_a_folder_of_some(forged: Forged):
    folder = forged.path.parent
    shutil.copytree(forged.path, folder / "another")
    (folder / ".draft").mkdir()
    (folder / "README.md").write_text("x")
    assert find([folder]) == [folder / "another", forged.path]
    assert find([forged.path, folder / "another"]) == [forged.path, folder / "another"]


def test_a_folder_without_an_entry_is_rejected_not_passed_over(forged: Forged):
    (forged.path / "entry.json").unlink()
    assert find([forged.path.parent]) == find([forged.path]) == [forged.path]
    assert "entry.json: is not there" in forged.problems()[0]


def test_a_path_that_is_no_folder(tmp_path: Path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BadInput, match=r"holds no submission|no folder here"):
            find([path])


def test_several_processes_say_the_same_in_the_same_order(forged: Forged):
    """The cell without the dominant move is not looked at: what was refused there follows from the others."""
    changed = [line for line in forged.lines[::11] if line["cell"] != 1]
    for line in changed:
        line["steps"][0]["obs_sha256"] = "0" * 64
    forged.save()
    alone, together = submission.verify(forged.path), submission.verify(forged.path, jobs=2)
    assert alone == together and len(alone.problems) == len(changed)


def test_it_gives_up_after_so_many_differences(forged: Forged):
    for line in forged.lines:
        line["steps"][0]["obs_sha256"] = "0" * 64
    forged.save()
    # Twenty are reached with the seventh question of three rollouts.
    assert len(forged.problems()) == 21


def test_numbers_may_differ_by_rounding_and_swapped_lists_by_their_share():
    here = {"EM": Value(0.5, 0.4, 0.6, 9), "strategies_D2": Value(2.0, None, 3.0, 9)}

    def problems(drifted: int, **changes: Value) -> int:
        return len(list(_other_metrics(here | changes, here, "metrics", SAME, drifted)))

    assert problems(0) == 0
    assert problems(0, EM=Value(0.5 + 5e-7, 0.4, 0.6, 9)) == 0
    assert problems(9, EM=Value(0.5 + 2e-6, 0.4, 0.6, 9)) == 1
    assert problems(9, EM=Value(0.5, 0.4, 0.6, 8)) == 1
    assert problems(9, EM=Value(None, 0.4, 0.6, 9)) == 1
    wide = {"strategies_D2": Value(2.0, None, 3.0, 400)}
    for value, moved, found in (  # one episode in 400 questions is .0025, so 2 may be 2.005; never more than 2.02
        (2.004, 0, 1), (2.004, 1, 0), (2.007, 1, 1), (2.009, 2, 0), (2.019, 400, 0), (2.021, 400, 1),
    ):  # fmt: skip
        said = {"strategies_D2": Value(value, None, 3.0, 400)}
        assert len(list(_other_metrics(said, wide, "metrics", SAME, moved))) == found, (value, moved)


def test_as_many_strategies_may_differ_as_episodes_drifted():
    here, known = {"a": 150, "b": 50}, {"a", "b", "c"}  # c was found in another cell
    for said, moved, problems in (
        (here, 0, 0), ({"a": 149, "b": 51}, 0, 2), ({"a": 149, "b": 51}, 1, 0), ({"a": 148, "b": 52}, 1, 2),
        ({"a": 149, "b": 50, "c": 1}, 1, 0), ({"a": 149, "b": 49, "c": 2}, 1, 3), ({"a": 149, "b": 49, "c": 2}, 2, 0),
        ({"a": 149, "b": 50, "made up": 1}, 1, 1), ({**here, "made up": 0}, 0, 1),
        ({"a": 151, "b": 50}, 9, 1), ({"a": 149, "b": 50}, 9, 1),
        ({"a": 148, "b": 52}, 200, 0), ({"a": 147, "b": 53}, 200, 2),  # a hundredth at most
    ):  # fmt: skip
        assert len(list(_other_strategies(said, here, known, "s", SAME, moved))) == problems, (said, moved)


def test_an_agent_that_played_otherwise_may_differ_in_every_number_by_as_much():
    """One episode in 400 questions is 0.0025; a hundredth at most; without near ties nothing."""
    other = Allowance((0,), False)
    for value, moved, problems in ((0.502, 0, 1), (0.502, 1, 0), (0.504, 1, 1), (0.509, 99, 0), (0.52, 400, 1)):
        said, here = {"EM": Value(value, None, None, 400)}, {"EM": Value(0.5, None, None, 400)}
        assert len(list(_other_metrics(said, here, "metrics", other, moved))) == problems, (value, moved)
        assert len(list(_other_metrics(said, here, "metrics", SAME, moved))) == 1
    said, here = {"a": 150, "b": 49}, {"a": 150, "b": 50}
    assert list(_other_strategies(said, here, {"a", "b"}, "s", other, 1)) == []
    assert len(list(_other_strategies(said, here, {"a", "b"}, "s", SAME, 1))) == 1


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, below in inside for place in places(below, (*path, key)))]


ODD = st.sampled_from(
    [None, True, 0, -1, 3, 10**17, 0.5, -1e300, "", "x", "<script>", "0" * 64, [], {}, [[]], {"a": 1}, "delete"]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_a_record_gets_a_verdict(data: st.DataObject, forged: Forged):
    """Where it passes, every number was found again; nothing raises."""
    entry, lines = copy.deepcopy(forged.entry), copy.deepcopy(forged.lines)
    kept = copy.deepcopy(forged.entry["metrics"])
    number = data.draw(st.integers(-1, len(forged.lines) - 1))
    root = {"": forged.entry if number < 0 else forged.lines[number]}
    place = data.draw(st.sampled_from(places(root)[2:]))
    holder: Any = root
    for key in place[:-1]:
        holder = holder[key]
    value = data.draw(ODD)
    if value == "delete":
        del holder[place[-1]]
    else:
        holder[place[-1]] = value
    try:
        if number < 0:
            forged.write_entry(json.dumps(forged.entry).encode())
        else:
            forged.save()
        if not forged.problems():
            assert forged.entry["metrics"] == kept
    finally:
        forged.entry, forged.lines = entry, lines


def meant(lines: bytes) -> list[Any]:
    """What episodes came to; what was asked may have a blank more, and scores of dense lists be 2e-4 off."""
    return [
        [*(episode[name] for name in ("cell", "question_id", "rollout", "seed", "status", "answer", "reward")),
         *((step["obs_sha256"], step["doc_ids"], step["tokens"]) for step in episode["steps"])]
        for episode in map(json.loads, lines.splitlines())
    ]  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), packed=st.booleans())
def test_any_change_of_bytes_gets_a_verdict(data: st.DataObject, packed: bool, forged: Forged):
    """In the gzip file, whose hash is made to fit, or in the text inside."""
    there = (forged.path / "episodes.jsonl.gz").read_bytes()
    before = there if packed else gzip.decompress(there)
    start = data.draw(st.integers(0, len(before)))
    after = before[:start] + data.draw(st.binary(max_size=9)) + before[start + data.draw(st.integers(0, 9)) :]
    try:
        forged.write_episodes(after if packed else gzip.compress(after))
        if not forged.problems():
            kept = after if not packed else gzip.decompress(after)
            assert meant(kept) == meant(gzip.decompress(there))
    finally:
        forged.write_episodes(there)


def test_no_world_is_built_for_what_is_refused_anyway(forged: Forged, monkeypatch: pytest.MonkeyPatch):
    def built(plan: object, number: int) -> None:
        raise AssertionError("a world was built")

    monkeypatch.setattr("berrypick.leaderboard.verify.plan.Plan.corpora", built)
    forged.entry["contract"]["scorer"] = 2
    forged.save()
    assert "contract.scorer" in forged.problems()[0]
    forged.entry["contract"]["scorer"] = 1
    forged.save()
    (forged.path / "episodes.jsonl.gz").write_bytes(b"x")
    assert "field 'episodes'" in forged.problems()[0]


def test_an_entry_from_before_versions_is_read_as_version_1(forged: Forged):
    """It had hashes of cells and sources in their place; they say nothing, as replay says more."""
    del forged.entry["contract"]
    forged.entry["fingerprints"] |= dict.fromkeys(("suite", "protocol", "scorer"), "0" * 64)
    forged.save()
    assert forged.problems() == ()


def test_other_source_code_changes_nothing(forged: Forged, monkeypatch: pytest.MonkeyPatch):
    """A comment, a rename, a moved file: the hashes of the sources change, and no submission does."""
    other = dict.fromkeys(("protocol", "scorer", "corpora", "agents"), "0" * 64)
    monkeypatch.setattr(provenance, "source_fingerprints", lambda: other)
    assert forged.problems() == ()
    plan = Plan("board-tiny", "tags")
    assert not set(plan.fingerprints.values()) & set(other.values()) and plan.contract == Contract()


def test_what_differs_is_said_twenty_times_at_most(forged: Forged):
    forged.entry["cells"][0]["strategies"] = {f"made up {number}": 1 for number in range(1000)}
    forged.save()
    *problems, rest = forged.problems()
    assert len(problems) == 20 and rest.startswith("and 9") and rest.endswith(" more")


def test_questions_are_those_that_are_asked(forged: Forged):
    texts = {line["question_id"]: "" for line in forged.lines[:6]}
    assert len(texts) == 2 and all(text.endswith("?") for text in forged.entry["questions"].values())
    forged.entry["questions"] = dict.fromkeys(texts, "Is it me?")
    forged.save()
    assert [problem.partition("field ")[2] for problem in forged.problems()] == [
        f"'questions.{question}': is not how a plain cell puts it" for question in texts
    ]
    forged.entry["questions"] = {}
    forged.save()
    assert forged.problems() == ()
