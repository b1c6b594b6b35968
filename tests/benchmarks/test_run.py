"""Runs: the same bytes whatever the number of processes, resumed where they stopped, refused where they differ."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from berrypick import agents
from berrypick.agents.base import Agent, EpisodeView
from berrypick.agents.rollout import RolloutError, record
from berrypick.benchmarks import aggregate, cells, result, run
from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.envs.perturbations.faults import rollout_seed
from berrypick.errors import BadInput
from berrypick.registry import UnknownName

TINY = (
    Cell("berrypick/Search-v0", "almanac-tiny", worlds=1, tasks=4, rollouts=3),
    Cell("berrypick/AlmanacBridge-v0", "almanac-tiny", worlds=2, tasks=4, rollouts=2),
)
CHANGED = msgspec.structs.replace(TINY[0], knockouts=("no_profile",))
FILES = ("result.json", "episodes.jsonl.gz", "outcomes.jsonl.gz")


class Clumsy:
    """Answers at once, and breaks down in one rollout of the first task that it sees."""

    name = "clumsy"

    def __init__(self, breaks: int) -> None:
        self.left = breaks

    def reads(self, corpus: str) -> bool:
        return True

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        if len(rows) == 1 and self.left:
            self.left -= 1
            raise RuntimeError("clumsy")
        if self.left:
            raise RuntimeError("a whole batch is asked for again row by row")
        return ["<answer>nobody</answer>"] * len(rows)


class Blind(Clumsy):
    """Reads nothing but bridges' corpus under another name."""

    name = "blind"

    def reads(self, corpus: str) -> bool:
        return False


@pytest.fixture(scope="module", autouse=True)
def tiny() -> Iterator[None]:
    """A suite of seconds, for this file only."""
    SUITES.add("tiny", TINY, "for tests")
    yield
    del SUITES._rows["tiny"], SUITES._help["tiny"]


@pytest.fixture(scope="module")
def mixture(tmp_path_factory: pytest.TempPathFactory, tiny: None) -> Path:
    """One run of the agent that draws most."""
    (folder,) = run.run(["mixture"], "tiny", 7, tmp_path_factory.mktemp("runs") / "mixture")
    return folder


def without_times(path: Path) -> dict[str, object]:
    data = json.loads(path.read_text())
    for name in ("times", "commit", "dirty"):  # somebody may commit while the tests run
        del data["provenance"][name]
    return data


def test_a_run_folder_holds_what_the_contract_says(mixture: Path):
    found = result.read(mixture)
    assert (found.agent, found.suite, found.seed, found.errors) == ("mixture", "tiny", 7, 0)
    assert [cell.env for cell in found.cells] == [cell.env for cell in TINY]
    assert len(found.questions) == 4 + 4
    assert len(result.read_episodes(mixture)) == 4 * 3 + 4 * 2
    assert {"EM", "F1", "pass@1", "pass@4", "pass@16", "grounded", "strategies_D1", "strategies_D2"} <= set(
        found.metrics
    )
    assert found.metrics["strategies_D2"].value is None, "blank below 30 tasks"
    assert found.cells[0].metrics["EM"].n == 4
    prints = found.provenance.fingerprints
    assert {"protocol", "scorer", "agents"} <= set(prints)
    assert sum(name.startswith("documents:almanac-tiny/test-") for name in prints) == 2
    assert found.provenance.command == "berrypick bench mixture --suite tiny --seed 7"


def test_numbers_agree_with_the_rows_they_come_from(mixture: Path):
    found = result.read(mixture)
    for number, cell in enumerate(found.cells):
        rows = [row for row in found.questions if row.cell == number]
        right = sum(row.correct for row in rows) / (cell.rollouts * len(rows))
        assert cell.metrics["EM"].value == pytest.approx(right)
        assert cell.metrics["pass@1"].value == pytest.approx(right)
        assert sum(row.metrics["grounded"] for row in rows) / len(rows) == pytest.approx(cell.metrics["grounded"].value)
        assert sum(sum(row.strategies.values()) for row in rows) == round(
            cell.metrics["grounded"].value * cell.rollouts * 4
        )
    # Unweighted over the cells, although they hold different numbers of episodes.
    mean = sum(cell.metrics["EM"].value for cell in found.cells) / 2
    assert found.metrics["EM"].value == pytest.approx(mean)


def test_the_same_seed_gives_the_same_bytes_in_other_processes(
    mixture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PYTHONHASHSEED", "4711")
    (again,) = run.run(["mixture"], "tiny", 7, tmp_path, jobs=2)
    assert without_times(again / "result.json") == without_times(mixture / "result.json")
    for name in FILES[1:]:
        assert (again / name).read_bytes() == (mixture / name).read_bytes(), name


def test_a_stranger_can_check_every_number_from_two_files(mixture: Path, tmp_path: Path):
    """``result.json`` and the episodes alone: replayed, every observation, document and reward is the recorded one."""
    for name in FILES[:2]:
        (tmp_path / name).write_bytes((mixture / name).read_bytes())
    found = result.read(tmp_path)
    envs = [cells.replay_env(cell) for cell in found.cells]
    rewards: dict[int, list[float]] = {0: [], 1: []}
    searches: dict[int, list[int]] = {0: [], 1: []}
    for episode in result.read_episodes(tmp_path):
        env = envs[episode.cell]
        env.reset(options={"question_id": episode.question_id})
        for step in episode.steps:
            *_, info = env.step(step.action)
        assert record(env.trace, episode.cell, episode.rollout) == episode
        rewards[episode.cell].append(env.trace.reward)
        searches[episode.cell].append(len(info["queries"]))
    for number, cell in enumerate(found.cells):
        assert cell.metrics["EM"].value == pytest.approx(np.mean(rewards[number]))
        assert cell.metrics["searches"].value == pytest.approx(np.mean(searches[number]))


def test_another_seed_gives_other_episodes(mixture: Path, tmp_path: Path):
    (other,) = run.run(["mixture"], "tiny", 8, tmp_path)
    assert (other / "episodes.jsonl.gz").read_bytes() != (mixture / "episodes.jsonl.gz").read_bytes()
    asked = [{row.question_id for row in result.read(folder).questions} for folder in (mixture, other)]
    assert asked[0] == asked[1], "the questions belong to the suite, not to the seed"


def test_an_interrupted_run_goes_on_where_it_stopped(mixture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    played: list[int] = []
    real = cells.play
    most = 1

    def stops(agent: Agent, cell: Cell, number: int, seed: int) -> cells.CellRun:
        if len(played) == most:
            raise KeyboardInterrupt
        played.append(number)
        return real(agent, cell, number, seed)

    monkeypatch.setattr(cells, "play", stops)
    with pytest.raises(KeyboardInterrupt):
        run.run(["mixture"], "tiny", 7, tmp_path)
    assert not (tmp_path / "result.json").exists()
    most = 2
    run.run(["mixture"], "tiny", 7, tmp_path)
    assert played == [0, 1], "the first cell was kept"
    assert without_times(tmp_path / "result.json") == without_times(mixture / "result.json")
    run.run(["mixture"], "tiny", 7, tmp_path)
    assert played == [0, 1], "a finished run plays nothing"


def test_a_folder_of_another_configuration_is_refused(mixture: Path, tmp_path: Path):
    run.run(["closed_book"], "tiny", 7, tmp_path)
    before = (tmp_path / "result.json").read_bytes()
    with pytest.raises(BadInput, match=r"differs in: agent, seed.*--overwrite"):
        run.run(["mixture"], "tiny", 8, tmp_path)
    assert (tmp_path / "result.json").read_bytes() == before
    run.run(["mixture"], "tiny", 7, tmp_path, overwrite=True)
    assert without_times(tmp_path / "result.json") == without_times(mixture / "result.json")


def test_overwriting_leaves_nothing_of_the_other_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Stopped half-way, the folder holds no result that is not the new run's."""
    run.run(["closed_book"], "tiny", 7, tmp_path)
    (tmp_path / "errors.log").write_text("of the other run")

    def stops(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cells, "play", stops)
    with pytest.raises(KeyboardInterrupt):
        run.run(["mixture"], "tiny", 7, tmp_path, overwrite=True)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["config.json"]


def test_a_result_alone_is_not_overwritten(mixture: Path, tmp_path: Path):
    """As somebody passes a run on: without the cells that it was put together from."""
    for name in FILES:
        (tmp_path / name).write_bytes((mixture / name).read_bytes())
    with pytest.raises(BadInput, match=r"differs in: agent\).*--overwrite"):
        run.run(["closed_book"], "tiny", 7, tmp_path)
    assert all((tmp_path / name).read_bytes() == (mixture / name).read_bytes() for name in FILES)


def test_a_damaged_configuration_is_named(tmp_path: Path):
    (tmp_path / ".cells").mkdir()
    (tmp_path / ".cells" / "config.json").write_text('{"agent": ')
    with pytest.raises(BadInput, match=r"config\.json.*not valid JSON"):
        run.run(["closed_book"], "tiny", 7, tmp_path)


def test_a_changed_source_is_another_configuration(mixture: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run.provenance, "source_fingerprints", lambda: {"protocol": "new", "scorer": "", "agents": ""})
    with pytest.raises(BadInput, match="differs in: sources"):
        run.run(["mixture"], "tiny", 7, mixture)


def test_several_agents_get_a_folder_each(tmp_path: Path):
    folders = run.run(["closed_book", "scripted:names-only"], "tiny", 0, tmp_path)
    assert [folder.name for folder in folders] == ["closed_book", "scripted-names-only"]
    assert result.read(folders[1]).agent == "scripted:names-only"


def test_one_agent_does_not_take_the_folder_of_several(tmp_path: Path):
    run.run(["random", "closed_book"], "tiny", 0, tmp_path)
    with pytest.raises(BadInput, match="holds the runs of closed_book, random"):
        run.run(["random"], "tiny", 0, tmp_path, overwrite=True)
    assert run.run(["random"], "tiny", 0, tmp_path / "random") == [tmp_path / "random"]


def test_oracle_is_right_and_closed_book_is_not(tmp_path: Path):
    oracle, floor = (result.read(folder) for folder in run.run(["oracle", "closed_book"], "tiny", 0, tmp_path))
    assert oracle.metrics["EM"].value == 1.0 and oracle.metrics["grounded"].value == 1.0
    assert floor.metrics["grounded"].value == 0.0


def test_failed_rollouts_are_rows_counted_as_misses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clumsy = Clumsy(2)
    monkeypatch.setattr(agents, "make", lambda name: clumsy)
    run.run(["clumsy"], "tiny", 0, tmp_path)
    found = result.read(tmp_path)
    assert found.errors == 2 and found.cells[0].errors == 2
    statuses = [episode.status for episode in result.read_episodes(tmp_path)]
    assert statuses.count("error") == 2 and len(statuses) == 20
    log = (tmp_path / "errors.log").read_text()
    assert log.count("RuntimeError: clumsy") == 2 and log.count("almanac-tiny, task ") == 2, "the cell is said"
    # 2 of 12 rollouts of the cell failed; the share is over tasks of 3 rollouts each, 4 of them.
    assert found.cells[0].metrics["errors"].value == pytest.approx(2 / 12)
    assert found.cells[0].metrics["EM"].n == 4, "no task is dropped"


def test_a_dominant_move_is_measured_refused_and_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The waiting cell may stand first. An agent that asks nothing is refused nothing."""
    waiting = msgspec.structs.replace(TINY[0], knockouts=("no_favourite",))
    monkeypatch.setattr(run, "cells_of", lambda suite, protocol: (waiting, TINY[0]))
    names = ["scripted:dense-first", "closed_book"]
    one, floor = (result.read(folder) for folder in run.run(names, "tiny", 0, tmp_path, jobs=2))
    assert one.cells[0].setup["knockouts"] == ["no_favourite:dense/names+words"]
    assert one.cells[0].label == "almanac-tiny no_favourite" and one.config.cells == (waiting, TINY[0])
    assert one.cells[0].metrics["EM"].value == 0.0 and one.cells[0].metrics["invalid"].value == pytest.approx(
        0.75, abs=0.2
    )
    assert floor.cells[0].setup["knockouts"] == [] and floor.cells[1].setup["knockouts"] == []
    episodes = result.read_episodes(tmp_path / "closed_book")
    assert [msgspec.structs.replace(e, cell=0) for e in episodes if e.cell == 1] == [e for e in episodes if e.cell == 0]
    replayed = cells.replay_env(one.cells[0])
    assert replayed.config.changes.refused == (("dense", "names+words"),)


def test_recorded_faults_come_back_in_a_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """From the result and the episodes alone: every observation and every list of documents."""
    broken = tuple(
        msgspec.structs.replace(TINY[0], faults=(fault,)) for fault in ("random", "dropout:0.5", "error:0.5", "stale")
    )
    monkeypatch.setattr(run, "cells_of", lambda suite, protocol: broken)
    (folder,) = run.run(["mixture"], "tiny", 3, tmp_path)
    found, active = result.read(folder), set[str]()
    envs = [cells.replay_env(cell) for cell in found.cells]
    for episode in result.read_episodes(folder):
        env = envs[episode.cell]
        env.reset(seed=rollout_seed(found.seed, episode.rollout), options={"question_id": episode.question_id})
        for step in episode.steps:
            active.update(env.step(step.action)[-1]["faults"])
        assert record(env.trace, episode.cell, episode.rollout) == episode
    assert active == {"random", "dropout:0.5", "error:0.5", "stale"}


def test_the_other_protocol_is_another_way_of_writing_the_same(tmp_path: Path):
    one, other = (
        run.run(["scripted:names-only"], "tiny", 0, tmp_path / protocol, protocol=protocol)[0]
        for protocol in ("tags", "tools")
    )
    found = result.read(other)
    assert {cell.setup["protocol"] for cell in found.cells} == {"tools"}
    assert found.provenance.command.endswith("--seed 0 --protocol tools")
    pairs = zip(result.read_episodes(one), result.read_episodes(other), strict=True)
    for tags, tools in pairs:
        assert (tags.answer, tags.reward, len(tags.steps)) == (tools.answer, tools.reward, len(tools.steps))
        assert tools.steps[-1].action.startswith('{"name": "answer"') and tags.steps[-1].action.startswith("<answer>")
    with pytest.raises(BadInput, match="differs in: cells"):
        run.run(["scripted:names-only"], "tiny", 0, tmp_path / "tags", protocol="tools")
    with pytest.raises(UnknownName, match="protocol"):
        run.run(["scripted:names-only"], "tiny", 0, tmp_path / "new", protocol="tool")


def test_an_agent_that_always_fails_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(agents, "make", lambda name: Clumsy(10**6))
    with pytest.raises(RolloutError, match="all 12 rollouts of clumsy failed") as caught:
        run.run(["clumsy"], "tiny", 0, tmp_path)
    assert not (tmp_path / "result.json").exists()
    told = str(caught.value)
    assert "\n" not in told and "finished cells are kept" in told and str(tmp_path / "errors.log") in told
    assert "Traceback" in (tmp_path / "errors.log").read_text()


def test_cells_that_an_agent_cannot_read_are_blank_not_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(agents, "make", lambda name: Blind(0))
    run.run(["blind"], "tiny", 0, tmp_path)
    found = result.read(tmp_path)
    assert [cell.readable for cell in found.cells] == [False, False]
    assert all(value.value is None and value.n == 0 for cell in found.cells for value in cell.metrics.values())
    assert found.metrics["EM"].value is None
    assert result.read_episodes(tmp_path) == []


def test_a_mean_over_some_of_the_cells_is_no_mean_over_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    half = Blind(0)
    monkeypatch.setattr(agents, "make", lambda name: half)
    answers = iter([False, True])
    monkeypatch.setattr(half, "reads", lambda corpus: next(answers))
    run.run(["blind"], "tiny", 0, tmp_path)
    found = result.read(tmp_path)
    assert [cell.readable for cell in found.cells] == [False, True]
    assert found.cells[1].metrics["EM"].value == 0.0 and found.metrics["EM"].value is None


def test_changed_cells_are_left_out_of_the_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A cell with a knock-out in which all went wrong, or that the agent cannot even read, moves and blanks nothing."""
    config = msgspec.structs.replace(run.configure("oracle", "tiny", 0), cells=(TINY[0], CHANGED))
    plain = cells.play(agents.make("oracle"), TINY[0], 0, 0)
    wrong = tuple(msgspec.structs.replace(task, cell=1, outcomes=(), errors=3) for task in plain.tasks)
    for readable, tasks in ((True, wrong), (False, ())):
        changed = msgspec.structs.replace(plain, readable=readable, tasks=tasks, episodes=())
        found = aggregate.assemble(config, [plain, changed], {})
        assert found.metrics["EM"].value == 1.0 and found.metrics["EM"].n == 4
        assert found.cells[1].metrics["EM"].value == (0.0 if readable else None)
    assert [cell.plain for cell in found.cells] == [True, False]


@pytest.mark.parametrize("bad", [("mixtrue", "tiny", 0), ("mixture", "tyni", 0)])
def test_unknown_names_are_found_before_anything_is_written(bad: tuple[str, str, int], tmp_path: Path):
    with pytest.raises(UnknownName, match="did you mean"):
        run.run([bad[0]], bad[1], bad[2], tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_damaged_cell_file_is_named(mixture: Path, tmp_path: Path):
    run.run(["closed_book"], "tiny", 0, tmp_path)
    path = tmp_path / ".cells" / "00.json.gz"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(BadInput, match=r"00\.json\.gz.*delete it and run again"):
        run.run(["closed_book"], "tiny", 0, tmp_path)


def test_steps_are_told(tmp_path: Path):
    told: list[str] = []

    def start_progress(total: int) -> object:
        told.append(str(total))
        return told.append

    run.run(["closed_book"], "tiny", 0, tmp_path, start_progress=start_progress)
    # The first cell's world is one of the second's two; then the two cells.
    assert told[0] == "4" and len(told) == 5
    assert told[-1] == "closed_book in AlmanacBridge: 8 episodes, 0 errors, 0 invalid actions, 14 tokens"


def test_episodes_are_json_lines_in_order(mixture: Path):
    lines = gzip.decompress((mixture / "episodes.jsonl.gz").read_bytes()).splitlines()
    keys = [(row["cell"], row["question_id"], row["rollout"]) for row in map(json.loads, lines)]
    assert keys == sorted(keys)
    assert [sum(key[0] == cell for key in keys) for cell in (0, 1)] == [4 * 3, 4 * 2]


def test_the_dominant_move_of_another_agent_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """dense-first searches whole questions with dense; names-only lives on another move, and keeps it here."""
    cell = Cell("berrypick/Search-v0", "almanac-tiny", worlds=1, tasks=8, rollouts=2)
    monkeypatch.setitem(SUITES._rows, "pair", (cell, msgspec.structs.replace(cell, knockouts=("no_favourite",))))
    monkeypatch.setitem(SUITES._help, "pair", "for tests")
    (first,) = run.run(["scripted:dense-first"], "pair", 0, tmp_path / "first")
    refused = result.read(first).cells[1].setup["knockouts"]
    (own,) = run.run(["scripted:names-only"], "pair", 0, tmp_path / "own")
    (frozen,) = run.run(["scripted:names-only"], "pair", 0, tmp_path / "frozen", dominant_move_of=first)
    found = result.read(frozen)
    assert found.cells[1].setup["knockouts"] == refused != result.read(own).cells[1].setup["knockouts"]
    assert found.metrics["EM_no_favourite"].value == found.cells[0].metrics["EM"].value
    assert "dominant move of another agent" in found.barred and not result.read(own).barred
    assert found.provenance.command.endswith("--dominant-move-of RUN-OF-ANOTHER-AGENT")
    with pytest.raises(BadInput, match="differs in: frozen"):
        run.run(["scripted:names-only"], "pair", 0, frozen)
    with pytest.raises(BadInput, match="no cell of this suite refuses a dominant move"):
        run.run(["scripted:names-only"], "quick", 0, tmp_path / "quick", dominant_move_of=first)
