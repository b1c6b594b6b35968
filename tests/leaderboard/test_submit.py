"""Submitting: the numbers of the runs, or a plain refusal that leaves nothing behind."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from berrypick.benchmarks import result, run
from berrypick.errors import BadInput
from berrypick.leaderboard import submit
from berrypick.leaderboard.runs import RUN, Run, read_run, write_run
from berrypick.leaderboard.schema import About
from berrypick.leaderboard.verify import submission

#: conftest's ``Submission``, which cannot be imported.
Forged = Any


@pytest.fixture
def copied(runs: list[Path], tmp_path: Path) -> list[Path]:
    """Runs to spoil."""
    return [Path(shutil.copytree(folder, tmp_path / "runs" / folder.name)) for folder in runs]


def test_the_entry_says_what_the_runs_said(forged: Forged, runs: list[Path]):
    entry = forged.entry
    assert (entry["agent"], entry["suite"], entry["protocol"], entry["seeds"]) == (
        "mixture", "board-tiny", "tags", [0, 1, 2],
    )  # fmt: skip
    assert (entry["tier"], entry["unread"], entry["about"]["notes"]) == ("replayed", [], "<b>as is</b>")
    assert re.fullmatch(r"Linux \S+, \d+ cores", entry["about"]["hardware"])
    assert (entry["budgets"]["turns"], entry["budgets"]["searches"]) == (10, 6)
    assert {name.partition(":")[0] for name in entry["fingerprints"]} == {"documents", "questions"}
    assert entry["contract"] == {"suite": 1, "protocol": 1, "scorer": 1}
    assert "berrypick" in entry["versions"]
    assert [cell["label"] for cell in entry["cells"]] == [
        "almanac-tiny", "almanac-tiny no_favourite", "almanac-tiny shuffled",
    ]  # fmt: skip
    read = [result.read(folder) for folder in runs]
    for name in ("EM", "searches", "EM_no_favourite"):
        mean = sum(one.metrics[name].value or 0.0 for one in read) / 3
        assert entry["metrics"][name]["value"] == pytest.approx(mean), name


def test_episodes_are_the_runs_own_with_their_seeds(packed: Forged, runs: list[Path]):
    ours = [json.loads(line) for folder in runs for line in result._expand(folder / "episodes.jsonl.gz").splitlines()]
    for line, one in zip(packed.lines, ours, strict=True):
        same = ("cell", "question_id", "rollout", "status")
        assert [line[name] for name in same] == [one[name] for name in same]
        assert line["actions"] == [step["action"] for step in one["steps"]]
        assert line["tokens"] == [step["tokens"] for step in one["steps"]]
        assert line["seen"] == "".join(step["obs_sha256"][:8] for step in one["steps"])
        assert line.keys() == {*same, "schema", "seed", "actions", "tokens", "seen"}
    assert [line["seed"] for line in packed.lines] == [seed for seed in (0, 1, 2) for _ in range(36)]


def test_the_same_runs_give_the_same_bytes(honest: Path, runs: list[Path], tmp_path: Path):
    again = submit.submit(runs[::-1], "honest", About(notes="<b>as is</b>"), tmp_path)
    for name in ("entry.json", "episodes.jsonl.xz"):
        assert (again / name).read_bytes() == (honest / name).read_bytes()


def test_another_loop_submits_the_same_way(runs: list[Path], tmp_path: Path, forged: Forged):
    """``run.json`` in place of ``result.json``: nothing else is known of the run."""
    folders = []
    for seed, folder in enumerate(runs):
        folders.append(tmp_path / "own" / str(seed))
        shuffled = result.read_episodes(folder)[::-1]
        write_run(folders[-1], Run(agent="own", suite="board-tiny", seed=seed), shuffled)
    path = submit.submit(folders, "own", About(), tmp_path / "submissions")
    assert submission.verify(path).problems == ()
    entry = json.loads((path / "entry.json").read_bytes())
    assert entry["agent"] == "own" and entry["metrics"] == forged.entry["metrics"]


def test_what_an_agent_does_not_read_is_blank(runs: list[Path], tmp_path: Path):
    folders = []
    for seed, folder in enumerate(runs):
        folders.append(tmp_path / "own" / str(seed))
        part = [one for one in result.read_episodes(folder) if one.cell != 2]
        write_run(folders[-1], Run(agent="own", suite="board-tiny", seed=seed, unread=(2,)), part)
    path = submit.submit(folders, "own", About(), tmp_path / "submissions")
    assert submission.verify(path).problems == ()
    cells = json.loads((path / "entry.json").read_bytes())["cells"]
    assert [cell["metrics"]["EM"]["value"] is None for cell in cells] == [False, False, True]
    assert cells[2]["missing"] == 0


@pytest.mark.parametrize("unread", [(99,), (1, 1), (2, 1), (-1,)])
def test_unread_are_numbers_of_cells(unread: tuple[int, ...], tmp_path: Path):
    folders = [tmp_path / "own" / str(seed) for seed in range(3)]
    for seed, folder in enumerate(folders):
        write_run(folder, Run(agent="own", suite="board-tiny", seed=seed, unread=unread), ())
    message = refused(folders, tmp_path / "out")
    assert f"{folders[0] / RUN}, field 'unread': {list(unread)} must be numbers of cells from 0 to 2" in message


@pytest.mark.parametrize("name", ["", "../up", "a/b", "/tmp/x", ".hidden", "Capital", "a\n", "a" * 65, "ü"])
def test_a_name_is_a_folders_and_nothing_else(name: str, runs: list[Path], tmp_path: Path):
    with pytest.raises(BadInput, match="is no name"):
        submit.submit(runs, name, About(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_name_that_is_taken_is_left_alone(forged: Forged, runs: list[Path]):
    before = (forged.path / "entry.json").read_bytes()
    with pytest.raises(BadInput, match="is there already; choose another --name"):
        submit.submit(runs, "honest", About(), forged.path.parent)
    assert (forged.path / "entry.json").read_bytes() == before


def refused(folders: list[Path], out: Path, **more: Any) -> str:
    with pytest.raises(BadInput) as error:
        submit.submit(folders, "name", more.pop("about", About()), out, **more)
    assert not out.exists() or list(out.iterdir()) == [], "nothing is left behind"
    return str(error.value)


def test_every_seed_is_needed_once(runs: list[Path], tmp_path: Path):
    out = tmp_path / "out"
    assert "for each of the seeds 0, 1, 2; these have 0, 2" in refused([runs[0], runs[2]], out)
    assert "these have 0, 0, 1" in refused([runs[0], runs[1], runs[0]], out)


def test_runs_of_several_agents_need_a_name(copied: list[Path], tmp_path: Path):
    """Three trainings give three policies."""
    data = json.loads((copied[1] / "result.json").read_bytes())
    data["agent"] = "lm:other"
    (copied[1] / "result.json").write_text(json.dumps(data))
    out = tmp_path / "out"
    assert "the runs differ in agent: mixture, lm:other; pass --agent" in refused(copied, out)
    path = submit.submit(copied, "name", About(), out, agent="grpo")
    assert json.loads((path / "entry.json").read_bytes())["agent"] == "grpo"


def spoil_setup(data: dict[str, Any]) -> None:
    data["cells"][0]["setup"]["expose_gold"] = True


def spoil_cells(data: dict[str, Any]) -> None:
    data["config"]["cells"][0]["tasks"] = 3


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            spoil_setup,
            r"field 'cells\[0\].setup.expose_gold': is True, the suite has False; episodes played",
        ),
        (spoil_cells, "field 'config.cells': suite board-tiny has other cells here"),
    ],
)
def test_another_environment_is_refused(
    spoil: Callable[[dict[str, Any]], None], message: str, copied: list[Path], tmp_path: Path
):
    path = copied[0] / "result.json"
    data = json.loads(path.read_bytes())
    spoil(data)
    path.write_text(json.dumps(data))
    assert re.search(message, refused(copied, tmp_path / "out"))


def test_episodes_that_do_not_replay_are_refused(copied: list[Path], tmp_path: Path):
    path = copied[1] / "episodes.jsonl.gz"
    rows = [json.loads(line) for line in result._expand(path).splitlines()]
    for row in rows:
        row["reward"] = 1.0 - row["reward"]
    path.write_bytes(result.squeeze("".join(json.dumps(row) + "\n" for row in rows).encode()))
    message = refused(copied, tmp_path / "out")
    assert "do not replay here" in message and f"{path}, line 1, seed 1" in message and "more" in message
    path.write_bytes(b"no gzip")
    assert f"{path}, line 1: not a whole gzip file" in refused(copied, tmp_path / "out")


def test_texts_are_bounded_before_anything_is_written(runs: list[Path], tmp_path: Path):
    out = tmp_path / "out"
    for about, field in (
        (About(notes="a" * 2001), "about.notes"),
        (About(notes="two\nlines"), "about.notes"),
        (About(agent_url="ftp://x"), "about.agent_url"),
        (About(training_tokens=-1), "about.training_tokens"),
    ):
        assert field in refused(runs, out, about=about)


def test_a_folder_without_a_run(tmp_path: Path):
    with pytest.raises(BadInput, match=f"no run here: neither result.json, .*, nor {RUN}"):
        read_run(tmp_path)


def test_a_run_that_bench_wrote(tmp_path: Path):
    (folder,) = run.run(["closed_book"], "board-tiny", 1, tmp_path)
    found = read_run(folder)
    assert (found.agent, found.suite, found.seed, found.protocol, found.unread) == (
        "closed_book", "board-tiny", 1, "tags", (),
    )  # fmt: skip


def test_a_policy_is_not_known_by_the_folder_it_lies_in(tmp_path: Path):
    runs = [Run(f"lm:{tmp_path}", "quick", seed, weights=str(seed) * 64) for seed in range(3)]
    told = submit._filled(About(), runs)
    assert (told.model, told.revision) == ("", ", ".join(str(seed) * 16 for seed in range(3)))
    told = submit._filled(About(), [Run("lm:org/policy", "quick", 0, weights="a" * 64)] * 3)
    assert (told.model, told.revision) == ("org/policy", "a" * 64)
    assert submit._filled(About(model="mine"), runs).model == "mine"
