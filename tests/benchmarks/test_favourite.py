"""The favourite way: counted over everything an agent searched and opened."""

from __future__ import annotations

import msgspec
import pytest

from berrypick.benchmarks.favourite import favourite, plain_of, without_favourite
from berrypick.benchmarks.metrics import TaskOutcomes
from berrypick.benchmarks.suites import Cell
from berrypick.envs.outcome import Outcome

PLAIN = Cell("berrypick/Almanac-v0", "almanac-small", worlds=1, tasks=1)
WAITS = msgspec.structs.replace(PLAIN, knockouts=("no_favourite",))


def task(*episodes: tuple[str, ...]) -> TaskOutcomes:
    blank = dict.fromkeys(("first_shown", "route", "strategy", "fine", "evidence"), ())
    numbers = dict.fromkeys(("hops", "hops_found", "searches", "opens", "invalid", "tokens"), 0)
    flags = dict.fromkeys(("em", "answered", "grounded", "supported"), False)
    made = [
        Outcome(**blank, **numbers, **flags, f1=0.0, first_query=None, raw_moves=moves)  # type: ignore[arg-type]
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
    assert favourite(tasks) == ("bm25", "names:full")
    assert without_favourite(WAITS, tasks).knockouts == ("no_favourite:bm25/names:full",)


def test_answers_and_invalid_turns_are_no_way():
    assert favourite([task(("answer",), ("invalid", "invalid", "answer"))]) is None
    assert without_favourite(WAITS, [task(("answer",))]).knockouts == ()
    assert favourite([]) is None


def test_equals_are_told_apart_by_alphabet():
    assert favourite([task(("open/asked/names", "bm25/asked/words"))]) == ("bm25", "words")


def test_an_engine_may_be_named_by_a_path():
    assert favourite([task(("dense:hf:/models/e5/asked/whole",))]) == ("dense:hf:/models/e5", "whole")


def test_other_knockouts_of_the_cell_stay():
    cell = msgspec.structs.replace(WAITS, knockouts=("no_open", "no_favourite"))
    assert without_favourite(cell, [task(("dense/asked/words",))]).knockouts == ("no_open", "no_favourite:dense/words")


def test_the_plain_cell_is_of_the_same_environment_and_corpus():
    other = msgspec.structs.replace(PLAIN, corpus="almanac-tiny")
    assert plain_of((WAITS, other, PLAIN), WAITS) == 2
    with pytest.raises(ValueError, match="needs its plain cell"):
        plain_of((WAITS, other), WAITS)
