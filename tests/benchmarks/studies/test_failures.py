"""Where episodes fail: every class from an episode that is written out, a recorded run, and an agent that plays."""

from __future__ import annotations

from pathlib import Path

import pytest

from berrypick import agents
from berrypick.benchmarks import cells, run
from berrypick.benchmarks.golden.scenes import PLAIN, QUESTION
from berrypick.benchmarks.studies import failures
from berrypick.benchmarks.studies.failures import BUDGET, FAILED, LUCKY, MISSING, RIGHT, WRONG, Case, table
from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.cli.main import main
from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.protocols import PROTOCOLS
from berrypick.errors import BadInput

PAGES = (Open("Strath Thistlevale"), Open("Wilma Jorrwald"), Open("Pen Thistlevale"))
SMALL = Cell("berrypick/Search-v0", "almanac-tiny", worlds=1, tasks=6, rollouts=3)


def classified(*actions: Search | Open | Answer | str) -> Case:
    env = cells.search_env(PLAIN)
    env.reset(seed=0, options={"question_id": QUESTION})
    for action in actions:
        if not env.simulation.over:
            env.step(action if isinstance(action, str) else PROTOCOLS["tags"].write(action))
    return failures.case(env.trace, QUESTION)


def test_every_class():
    assert classified(*PAGES, Answer("Zan Stonehaven")).outcome == RIGHT
    assert classified(*PAGES, Answer("Pen Thistlevale")).outcome == WRONG
    assert classified(Answer("Zan Stonehaven")).outcome == LUCKY
    assert classified(PAGES[0], Answer("Pen Thistlevale")).outcome == MISSING
    assert classified(*["no action"] * 20).outcome == BUDGET
    assert classified(*["no action"] * 20).has_invalid and not classified(Answer("x")).has_invalid


def test_names_that_were_never_displayed():
    """Wilma Jorrwald stands on the page of Strath Thistlevale, which the question names."""
    end = Answer("x")
    assert classified(Search("Wilma Jorrwald"), end).has_unseen_name
    assert not classified(Search("Strath Thistlevale governor"), end).has_unseen_name
    assert not classified(PAGES[0], Search("Wilma Jorrwald"), end).has_unseen_name
    assert not classified(PAGES[0], Search("W. Jorrwald"), end).has_unseen_name, "an initial of a name read in full"


def test_shares_are_over_all_episodes_and_resample_questions():
    cases = [Case("q0", "bridge", RIGHT), Case("q0", "bridge", WRONG), Case("q1", "alias", MISSING, True, True)]
    cases += [Case("q1", "alias", MISSING)]
    lines = {(line.name, line.level): line for line in table(cases)}
    assert lines[RIGHT, 0].share.value == lines[WRONG, 0].share.value == 0.25
    assert (lines[MISSING, 0].share.value, lines[MISSING, 0].episodes) == (0.5, 2)
    assert lines[failures.UNSEEN, 1].episodes == 1 and lines["bridge", 1].share.value == 0.25
    assert ("alias", 1) not in lines and (FAILED, 0) not in lines and lines[BUDGET, 0].share.value == 0.0
    assert (lines[MISSING, 0].share.low, lines[MISSING, 0].share.high, lines[MISSING, 0].share.n) == (0.0, 1.0, 2)
    assert lines[f"of all: {failures.INVALID}", 0].share.value == 0.25
    with pytest.raises(BadInput, match="no episode to classify"):
        table([])


def test_a_recorded_run_and_the_same_agent_playing_give_one_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(SUITES._rows, "small", (SMALL,))
    monkeypatch.setitem(SUITES._help, "small", "for tests")
    (folder,) = run.run(["mixture"], "small", 0, tmp_path / "run")
    again = table(failures.replayed(folder))
    assert again == table(failures.played(agents.make("mixture"), (SMALL,), 0))
    assert sum(line.episodes for line in again if line.name in failures.CLASSES) == 18
    assert main(["study", "failures", str(folder)]) == 0
    assert RIGHT in capsys.readouterr().out
    played = ["study", "failures", "mixture", "--suite", "small", "--questions", "6", "--rollouts", "3"]
    assert main(played) == 0
    assert RIGHT in capsys.readouterr().out
