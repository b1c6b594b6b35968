"""The census of methods is what its script writes, and names nothing that there is not."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path

from berrypick.agents.methods import METHODS

DOCS = Path(__file__).resolve().parents[1] / "docs"


def test_the_page_is_what_its_script_writes():
    spec = importlib.util.spec_from_file_location("methods_page", DOCS / "methods.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    facts = tomllib.loads((DOCS / "methods.toml").read_text())
    assert (DOCS / "methods.md").read_text() == module.render(facts), "run `python docs/methods.py`"
    assert {*facts["read"], *facts["verdict"]} <= set(METHODS)
