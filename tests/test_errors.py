"""Messages that say where, and survive a worker process."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from berrypick.errors import BadInput, Damaged


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({}, "is wrong"),
        ({"file": "a.json"}, "a.json: is wrong"),
        ({"file": Path("b/a.json"), "line": 3}, "b/a.json, line 3: is wrong"),
        ({"file": "a.json", "line": 3, "field": "id"}, "a.json, line 3, field 'id': is wrong"),
        ({"line": 0}, "line 0: is wrong"),
        ({"field": ""}, "field '': is wrong"),
    ],
)
@pytest.mark.parametrize("kind", [BadInput, Damaged])
def test_the_message_names_the_place(kind: type[BadInput], place: dict[str, object], message: str):
    error = kind("is wrong", **place)
    assert str(error) == message
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind and str(again) == message
    assert (again.reason, again.file, again.line, again.field) == (error.reason, error.file, error.line, error.field)


def test_they_are_value_errors():
    assert issubclass(Damaged, BadInput) and issubclass(BadInput, ValueError)
