"""Tables: one name, one row; unknown names get help; paths are imported on use."""

from __future__ import annotations

import pickle
import sys

import pytest

from berrypick import registry
from berrypick.errors import BadInput
from berrypick.registry import Table, UnknownName, resolve


def table() -> Table[object]:
    made: Table[object] = Table("fruit")
    made.add("plum", 1, "a stone fruit")
    made.add("pear", 2, "a pome")
    return made


def test_rows_keep_their_order():
    fruits = table()
    assert list(fruits) == ["plum", "pear"] and len(fruits) == 2
    assert (fruits["plum"], fruits["pear"]) == (1, 2)
    assert "plum" in fruits and "fig" not in fruits and 7 not in fruits
    assert fruits.help("pear") == "a pome"


def test_a_name_is_given_once():
    fruits = table()
    with pytest.raises(ValueError, match="fruit 'plum' is registered twice"):
        fruits.add("plum", 3, "another")
    assert fruits["plum"] == 1 and fruits.help("plum") == "a stone fruit"


@pytest.mark.parametrize("look", [lambda fruits, name: fruits[name], lambda fruits, name: fruits.help(name)])
def test_an_unknown_name_lists_what_is_near_or_what_is_there(look: object):
    fruits = table()
    with pytest.raises(UnknownName, match="unknown fruit 'plumm'; did you mean 'plum'"):
        look(fruits, "plumm")
    with pytest.raises(UnknownName, match="unknown fruit 'quince'; known: pear, plum"):
        look(fruits, "quince")
    with pytest.raises(UnknownName, match="unknown nut 'x'; known: none"):
        look(Table("nut"), "x")


def test_unknown_name_survives_a_worker_process():
    error = UnknownName("fruit", "plumm", ["plum"])
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, UnknownName) and str(again) == str(error) and again.known == ["plum"]


def test_a_path_is_imported_on_first_use():
    fruits = table()
    sys.modules.pop("this_is_nowhere", None)
    fruits.add("lazy", "fractions:Fraction", "imported late")
    fruits.add("broken", "this_is_nowhere:X", "no such module")
    assert fruits["lazy"](1, 2) == 0.5
    assert "broken" in fruits and fruits.help("broken") == "no such module"
    with pytest.raises(ModuleNotFoundError):
        fruits["broken"]


def test_resolve_wants_module_and_attribute():
    assert resolve("math:pi") == pytest.approx(3.14159, abs=1e-5)
    with pytest.raises(ValueError, match=r"'math\.pi' is not of the form 'module:attribute'"):
        resolve("math.pi")
    with pytest.raises(AttributeError):
        resolve("math:pie")


def test_a_path_is_a_row_of_an_open_table(tmp_path, monkeypatch):
    (tmp_path / "own_fruits.py").write_text("FIG = 7\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "own_fruits", raising=False)
    fruits: Table[object] = Table("fruit", "berrypick.test_fruits")
    fruits.add("plum", 1, "a stone fruit")
    assert fruits["own_fruits:FIG"] == 7 and list(fruits) == ["plum"]
    assert fruits.is_path("own_fruits:FIG") and not fruits.is_path("plum:FIG") and not fruits.is_path("plum")
    with pytest.raises(BadInput, match="no module 'no_fruits'"):
        fruits["no_fruits:FIG"]
    with pytest.raises(BadInput, match="no attribute 'KIWI'"):
        fruits["own_fruits:KIWI"]
    with pytest.raises(UnknownName):
        table()["own_fruits:FIG"]  # a closed table


class Point:
    """An entry point."""

    def __init__(self, name: str, value: str):
        self.name, self.value, self.dist = name, value, None


def test_entry_points_are_rows(monkeypatch):
    asked = []
    points = [Point("fig", "string:digits")]
    monkeypatch.setattr(registry, "entry_points", lambda group: asked.append(group) or points)
    fruits: Table[object] = Table("fruit", "berrypick.test_fruits")
    fruits.add("plum", 1, "a stone fruit")
    assert list(fruits) == ["plum", "fig"] and fruits["fig"] == "0123456789" and "fig" in fruits
    assert fruits.help("fig") == "of package string:digits" and asked == ["berrypick.test_fruits"]
    rival: Table[object] = Table("fruit", "berrypick.test_fruits")
    rival.add("fig", 1, "a fruit")
    with pytest.raises(BadInput, match="brings a fruit 'fig', which is there already"):
        list(rival)
