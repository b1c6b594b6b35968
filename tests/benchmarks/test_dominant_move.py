"""The dominant move: counted over the searches and opens that were the first to show evidence."""

from __future__ import annotations

import msgspec
import pytest

from berrypick.benchmarks.dominant_move import dominant_move, plain_of, without_dominant_move
from berrypick.benchmarks.metrics.table import TaskOutcomes
from berrypick.benchmarks.suites import Cell
from berrypick.envs.scoring.outcome import Outcome

PLAIN = Cell("berrypick/Almanac-v0", "almanac-small", worlds=1, tasks=1)
WAITS = msgspec.structs.replace(PLAIN, knockouts=("no_favourite",))


def task(*episodes: tuple[str, ...], shown: tuple[int | None, ...] = (), hops: int = 0) -> TaskOutcomes:
    """Without hops nothing is known of the evidence, and every move counts."""
    blank = dict.fromkeys(("route", "strategy", "fine", "evidence"), ())
    numbers = dict.fromkeys(("hops_found", "searches", "opens", "invalid", "tokens"), 0)
    flags = dict.fromkeys(("em", "answered", "grounded", "supported"), False)
    made = [
        Outcome(  # type: ignore[arg-type]
            **blank, **numbers, **flags, hops=hops, first_shown=shown, f1=0.0, first_query=None, raw_moves=moves
        )
        for moves in episodes
    ]
    return msgspec.convert(
        {"cell": 0, "task_id": 0, "question_id": "q", "family": "f", "hops": 1, "routes": [], "survives": None}
        | {"outcomes": [msgspec.to_builtins(outcome) for outcome in made]},
        TaskOutcomes,
    )


def test_the_source_of_words_is_no_part_of_a_way():
    """bm25/names:full stands three times, from two sources; open/names twice."""
    tasks = [
        task(("bm25/asked/names:full", "bm25/found/names:full", "answer"), ("open/found/names", "invalid")),
        task(("open/asked/names", "bm25/asked/names:full", "answer")),
    ]
    assert dominant_move(tasks) == ("bm25", "names:full")
    assert without_dominant_move(WAITS, tasks).knockouts == ("no_favourite:bm25/names:full",)


def test_only_what_first_showed_evidence_counts():
    """dense/words stands four times and found nothing; turn 2 showed both hops of one question and counts once."""
    idle = ("dense/asked/words", "dense/asked/words")
    tasks = [
        task((*idle, "bm25/asked/names", "open/found/names", "answer"), shown=(2, 2), hops=2),
        task((*idle, "open/asked/names", "answer"), shown=(2, None), hops=2),
        task(("open/asked/names", "answer"), shown=(0,), hops=1),
    ]
    assert dominant_move(tasks) == ("open", "names")
    assert dominant_move([task(idle, shown=(None, None), hops=2)]) is None


def test_answers_and_invalid_turns_are_no_way():
    assert dominant_move([task(("answer",), ("invalid", "invalid", "answer"))]) is None
    assert without_dominant_move(WAITS, [task(("answer",))]).knockouts == ()
    assert dominant_move([]) is None


def test_equals_are_told_apart_by_alphabet():
    assert dominant_move([task(("open/asked/names", "bm25/asked/words"))]) == ("bm25", "words")


def test_an_engine_may_be_named_by_a_path():
    assert dominant_move([task(("dense:hf:/models/e5/asked/whole",))]) == ("dense:hf:/models/e5", "whole")


def test_other_knockouts_of_the_cell_stay():
    cell = msgspec.structs.replace(WAITS, knockouts=("no_open", "no_favourite"))
    assert without_dominant_move(cell, [task(("dense/asked/words",))]).knockouts == (
        "no_open",
        "no_favourite:dense/words",
    )


def test_the_plain_cell_is_of_the_same_environment_and_corpus():
    other = msgspec.structs.replace(PLAIN, corpus="almanac-tiny")
    assert plain_of((WAITS, other, PLAIN), WAITS) == 2
    with pytest.raises(ValueError, match="needs its plain cell"):
        plain_of((WAITS, other), WAITS)
