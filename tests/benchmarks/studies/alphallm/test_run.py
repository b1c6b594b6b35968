"""The command ``search`` on a few questions of a tiny world: what it writes, and that it goes on."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from berrypick.agents.lm.load import load
from berrypick.agents.treesearch.tree import Search
from berrypick.benchmarks.studies.alphallm import run as alphallm_run
from berrypick.benchmarks.studies.alphallm.result import RESULT, Plan, read
from berrypick.benchmarks.studies.alphallm.run import run
from berrypick.cli.main import main
from berrypick.errors import BadInput

PLAN = Plan(
    "tiny-diverse", corpus="almanac-tiny", worlds=1, critic_train_questions=16, eval_questions=3, group_size=4,
    distill_questions=2, threshold=0.0, greedy_questions=4,
    search=Search(tokens=40, rollouts=1),
)  # fmt: skip


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("search")
    reports: list[str] = []
    run(PLAN, place, reports.append)
    assert len(reports) == alphallm_run.PROGRESS_STEPS
    return place


def test_every_check_is_made(out: Path):
    found = read(out)
    assert (
        found.plan == PLAN
        and set(found.judged) == {"value", "process", "process, prefixes alone", "outcome", "sum"}
        and found.tokens_critics > 64
    )
    assert set(found.ranking.right) == {"sum", "value", "process", "outcome", "random", "oracle"}
    assert set(found.search.right) == {"tree", "plain"} and found.greedy is not None
    assert set(found.greedy.right) == {"tree", "plain", "start"}
    assert set(found.ways) == {"start", "tree", "plain"} and set(found.ways_lost) == {"tree", "plain"}
    assert found.plain_gained is not None and found.plain_gained.n == PLAN.greedy_questions
    assert found.imitated == {"tree": 2, "plain": 2}  # whatever its score, at a threshold of 0
    assert load(str(out / alphallm_run.POLICY)).card == load("tiny-diverse").card


def test_plain_rollouts_have_no_fewer_tokens(out: Path):
    found = read(out)
    assert found.tokens["plain"] >= found.tokens["tree"] >= PLAN.search.tokens
    assert found.tokens["plain"] < found.tokens["tree"] + 10 * 48  # one episode more at most


def test_what_is_done_is_not_done_again(out: Path, monkeypatch: pytest.MonkeyPatch):
    before = (out / RESULT).read_bytes()
    done = read(out)
    (out / RESULT).write_bytes(msgspec.json.encode(msgspec.structs.replace(done, greedy=None, imitated={})))
    monkeypatch.delattr(alphallm_run, "_held_out")
    assert run(PLAN, out) == done
    assert (out / RESULT).read_bytes() == before
    monkeypatch.delattr(alphallm_run, "_distilled")
    assert run(PLAN, out) == done


def test_another_plan_needs_another_folder(out: Path):
    with pytest.raises(BadInput, match="another plan"):
        run(msgspec.structs.replace(PLAN, seed=1), out)
    with pytest.raises(BadInput, match="distill_questions"):
        Plan("tiny-diverse", distill_questions=0)
    for field, value in (("seed", -1), ("threshold", 7.0), ("group_size", 456)):
        with pytest.raises(BadInput, match=field):
            msgspec.structs.replace(PLAN, **{field: value}).__post_init__()


def test_critics_of_a_search_that_was_cut_off_are_of_its_plan(tmp_path: Path):
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(BadInput, match="another plan"):
        run(PLAN, tmp_path)


def test_the_command_shows_what_it_found(out: Path, capsys: pytest.CaptureFixture[str], monkeypatch):
    monkeypatch.setattr(alphallm_run, "run", lambda plan, place, on_progress: read(out))
    assert main(["study", "search", "tiny-diverse", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("value", "process", "outcome", "oracle", "plain", "search.json"))
