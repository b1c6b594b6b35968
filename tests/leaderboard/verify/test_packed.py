"""Schema 2, and agents that are played again: what a cheater may try with less in the record."""

from __future__ import annotations

import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from berrypick.leaderboard import entries, recorded
from berrypick.leaderboard.maintain import restamp, verify_all
from berrypick.leaderboard.verify import playing, submission

#: conftest's ``Submission``, which cannot be imported.
Forged = Any


def searched(forged: Forged) -> tuple[dict[str, Any], int]:
    """An episode and the number of a step of it that listed documents."""
    return next((line, n) for line in forged.lines for n, action in enumerate(line["actions"]) if "<search" in action)


def change_action(forged: Forged) -> None:
    line, step = searched(forged)
    line["actions"][step] = "<search>something else entirely</search>"


def change_digest(forged: Forged) -> None:
    line, step = searched(forged)
    line["seen"] = line["seen"][: 8 * step] + "00000000" + line["seen"][8 * (step + 1) :]


def swap_digests(forged: Forged) -> None:
    line = next(line for line in forged.lines if len({line["seen"][:8], line["seen"][8:16]}) == 2)
    line["seen"] = line["seen"][8:16] + line["seen"][:8] + line["seen"][16:]


def short_digests(forged: Forged) -> None:
    forged.lines[0]["seen"] = forged.lines[0]["seen"][:-1]


def more_tokens_than_actions(forged: Forged) -> None:
    forged.lines[0]["tokens"].append(1)


def cheaper_tokens(forged: Forged) -> None:
    forged.lines[0]["tokens"] = [0] * len(forged.lines[0]["tokens"])


def negative_tokens(forged: Forged) -> None:
    forged.lines[0]["tokens"][0] = -1


def stop_early(forged: Forged) -> None:
    line = forged.lines[0]
    line.update(actions=[], tokens=[], seen="")


def go_on(forged: Forged) -> None:
    line = forged.lines[0]
    line.update(
        actions=[*line["actions"], "<answer>x</answer>"], tokens=[*line["tokens"], 1], seen=line["seen"] + "0" * 8
    )


def hide_as_error(forged: Forged) -> None:
    """A success that is said to have failed is one more that is missing."""
    for line in forged.lines[:4]:
        line["status"] = "error"


def state_a_reward(forged: Forged) -> None:
    forged.lines[0]["reward"] = 1.0


def old_schema(forged: Forged) -> None:
    forged.lines[0]["schema"] = 1


def more_right_answers(forged: Forged) -> None:
    forged.entry["cells"][0]["right"] = [9, 9, 9, 9]


def right_answers_of_fewer_questions(forged: Forged) -> None:
    forged.entry["cells"][0]["right"] = [9]


def right_answers_of_a_changed_cell(forged: Forged) -> None:
    forged.entry["cells"][2]["right"] = [9, 9, 9, 9]


def digests_beside_episodes(forged: Forged) -> None:
    forged.entry["digests"] = ["0" * 16] * 9


def too_few_digests(forged: Forged) -> None:
    forged.entry["digests"] = ["0" * 16]


def digests_of_an_agent_that_asks_a_server(forged: Forged) -> None:
    forged.entry |= {"digests": ["0" * 16] * 9, "agent": "chat:http://127.0.0.1:9:model"}


CASES: list[tuple[Callable[[Forged], None], str]] = [
    (change_action, ", step 1: the observation's hash begins with "),
    (change_digest, ", step 1: the observation's hash begins with 00000000, in replay with "),
    (swap_digests, ", step 1: the observation's hash begins with "),
    (short_digests, "line 1, field 'seen': length "),
    (more_tokens_than_actions, "line 1, field 'tokens': length "),
    (cheaper_tokens, "field 'budgets.tokens': is "),
    (negative_tokens, ", step 1: tokens must be from 0 to "),
    (stop_early, "status is 'ok', but the episode has not ended after 0 steps"),
    (go_on, ": the episode was over before this step"),
    (hide_as_error, "field 'cells[0].missing': is 0, replay gives 4"),
    (state_a_reward, "line 1: Object contains unknown field `reward`"),
    (old_schema, "line 1, field 'schema': Invalid enum value 1"),
    (more_right_answers, "field 'cells[0].right[0]': is 9, replay gives "),
    (right_answers_of_fewer_questions, "cells[0].right': none or 4 numbers expected, one for each question, found 1"),
    (right_answers_of_a_changed_cell, "field 'cells[2].right[0]': is 9, replay gives nothing"),
    (digests_beside_episodes, "is there, though field 'digests' says that the agent is played again"),
    (too_few_digests, "field 'digests': 9 expected, one for each seed and cell, found 1"),
    (digests_of_an_agent_that_asks_a_server, "is no agent that is played again; add its episodes"),
]


@pytest.mark.parametrize(("change", "message"), CASES, ids=[change.__name__ for change, _ in CASES])
def test_it_is_refused_and_named(
    change: Callable[[Forged], None], message: str, packed: Forged, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(submission, "MOST_PROBLEMS", 100)  # every metric that differs has a line before some of these
    change(packed)
    packed.save()
    assert any(message in problem for problem in packed.problems()), packed.problems()


def test_an_honest_one_passes_and_is_smaller(packed: Forged, forged: Forged):
    packed.save()
    assert packed.problems() == () and forged.problems() == ()
    assert packed.file.stat().st_size < forged.file.stat().st_size / 2


def test_both_files_are_one_too_many(packed: Forged):
    (packed.path / recorded.OLD_EPISODES).write_bytes(b"x")
    assert "one of them must go" in packed.problems()[0]


def test_bytes_that_are_no_xz_file(packed: Forged):
    whole = packed.file.read_bytes()
    packed.write_episodes(whole + b"#!/bin/sh")
    assert "not a whole xz file (something stands behind its end)" in packed.problems()[0]
    for data in (b"{}\n", whole[:-3], whole[: len(whole) // 2], b""):
        packed.write_episodes(data)
        assert "not a whole xz file" in packed.problems()[0]


def test_an_xz_file_that_expands_without_end(packed: Forged):
    packed.write_episodes(lzma.compress(b"a" * 2**26))
    assert "line 1: is longer than 4194304 bytes" in packed.problems()[0]


def test_an_xz_file_that_wants_much_memory(packed: Forged):
    chain = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 2**28}]
    packed.write_episodes(lzma.compress(b"{}\n", filters=chain))
    assert "not a whole xz file (Memory usage limit exceeded)" in packed.problems()[0]


def test_what_an_entry_does_not_state_is_named_and_no_problem(packed: Forged):
    """A new metric voids no entry; one that is kept quiet is blank on the board."""
    del packed.entry["metrics"]["unsupported"]
    packed.save()
    verdict = submission.verify(packed.path)
    assert verdict.problems == () and any("does not state unsupported" in note for note in verdict.notes)


@pytest.fixture
def again(forged: Forged, monkeypatch: pytest.MonkeyPatch) -> Forged:
    """The submission as one of the project's own, restamped, so that its agent is played again."""
    monkeypatch.setattr(restamp, "is_baseline", lambda *names: True)
    (done,) = restamp.restamp_all(forged.path.parent)
    assert done.problems == () and "episodes dropped" in done.done
    forged.entry = json.loads((forged.path / "entry.json").read_bytes())
    return forged


def write(again: Forged) -> None:
    again.entry["episodes"] = entries.of_digests(entries.decode(json.dumps(again.entry).encode(), Path("x")))
    again.write_entry(json.dumps(again.entry).encode())


def test_an_agent_is_played_again(again: Forged):
    assert not again.file.exists() and len(again.entry["digests"]) == 9
    verdict = submission.verify(again.path)
    assert (verdict.problems, verdict.episodes) == ((), 108)
    assert submission.verify(again.path, jobs=2).problems == ()
    assert verify_all.read(again.path.parents[1]).keys() == {"honest"}


def test_numbers_of_an_agent_that_is_played_again_are_compared(again: Forged):
    again.entry["metrics"]["EM"]["value"] = 0.99
    write(again)
    (problem,) = again.problems()
    assert "field 'metrics.EM': is 0.990000" in problem


def test_another_digest_excuses_what_near_ties_explain_and_nothing_more(again: Forged, monkeypatch: pytest.MonkeyPatch):
    """With near ties in every episode a number may be a hundredth off; without any not at all."""
    again.entry["digests"] = ["0" * 16] * 9
    again.entry["metrics"]["EM"]["value"] += 0.009
    write(again)
    with monkeypatch.context() as patch:
        patch.setattr(playing, "has_near_ties", lambda *args: False)
        assert "metrics.EM" in again.problems()[0]
        patch.setattr(playing, "has_near_ties", lambda *args: True)
        assert again.problems() == ()
        again.entry["metrics"]["EM"]["value"] += 0.003
        write(again)
        assert "metrics.EM" in again.problems()[0]


def test_an_agent_that_plays_otherwise_keeps_its_episodes(forged: Forged, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(restamp, "is_baseline", lambda *names: True)
    before = forged.entry["metrics"]
    forged.lines[0]["steps"][0]["tokens"] += 1  # as a loop of one's own may count them
    forged.entry["budgets"]["tokens"] += 1
    forged.save()
    done = restamp.restamp(forged.path)
    assert done.problems == () and "verified, 108 episodes" in done.done
    entry = json.loads((forged.path / "entry.json").read_bytes())
    assert entry["metrics"] == before and "digests" not in {name for name in entry if entry[name]}
    assert [path.name for path in sorted(forged.path.iterdir())] == ["entry.json", "episodes.jsonl.xz"]
    assert submission.verify(forged.path).problems == ()


def test_restamping_keeps_the_numbers_and_writes_the_versions(forged: Forged):
    del forged.entry["contract"]
    forged.entry["fingerprints"] |= dict.fromkeys(("suite", "protocol", "scorer"), "0" * 64)
    del forged.entry["metrics"]["unsupported"]
    before = forged.entry["metrics"]
    forged.save()
    assert [one.problems for one in restamp.restamp_all(forged.path.parent)] == [()]
    entry = json.loads((forged.path / "entry.json").read_bytes())
    assert entry["contract"] == {"suite": 1, "protocol": 1, "scorer": 1}
    assert {name.partition(":")[0] for name in entry["fingerprints"]} == {"documents", "questions"}
    assert before.items() <= entry["metrics"].items() and "unsupported" in entry["metrics"]
    assert list(restamp.restamp_all(forged.path.parent)) == [], "what is up to date is left alone"


def test_what_is_wrong_is_not_restamped(forged: Forged):
    forged.entry["metrics"]["EM"]["value"] = 0.99
    forged.save()
    before = (forged.path / "entry.json").read_bytes()
    (done,) = restamp.restamp_all(forged.path.parent)
    assert "metrics.EM" in done.problems[0] and (forged.path / "entry.json").read_bytes() == before
