"""What the README says is so: its snippets run, its commands and targets exist, its links lead somewhere."""

from __future__ import annotations

import csv
import functools
import importlib
import inspect
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from berrypick import cli as package
from berrypick.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def commands() -> list[list[str]]:
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


def test_there_are_snippets_and_commands():
    assert blocks("python") and len(commands()) >= 8


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_commands_are_understood(command: list[str], monkeypatch: pytest.MonkeyPatch):
    """Every make target is a target; every berrypick command is parsed, with a stand-in that does nothing."""
    if command[0] == "make":
        assert re.search(rf"^{command[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if found.name == main.__module__:
            continue
        module = importlib.import_module(found.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__:
                monkeypatch.setattr(module, name, functools.wraps(function)(lambda *args, **kwargs: 0))
    assert command[0] == "berrypick"
    assert main(command[1:]) == 0


def test_links_lead_somewhere():
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    assert targets
    assert [target for target in targets if not (ROOT / target.split("#")[0]).exists()] == []


def test_metrics_that_it_explains_exist():
    from berrypick.benchmarks.metrics.table import metric
    from berrypick.cli.bench import COLUMNS

    for name in COLUMNS:
        assert metric(name).name == name
        assert f"`{name}`" in README, f"the table of `make bench` has {name}, which the README does not explain"


def test_the_table_is_the_one_in_the_repository():
    with (ROOT / "docs/results/quick/metrics.csv").open() as file:
        values = {(row["agent"], row["cell"], row["metric"]): row["value"] for row in csv.DictReader(file)}
    lines = README.splitlines()
    begins = lines.index("| agent | `EM` | `pass@16` | `strategies_D2` | `searches` |")
    metrics = ("EM", "pass@16", "strategies_D2", "searches")
    body = [line.strip("| ").split(" | ") for line in lines[begins + 2 : begins + 7]]
    assert len(body) == 5 and not lines[begins + 7]
    for agent, *shown in body:
        for metric, text in zip(metrics, shown, strict=True):
            value = values[agent, "Almanac", metric]
            assert text == (f"{float(value):.2f}" if value else "\u2013"), (agent, metric)


def test_the_snippet_prints_what_the_readme_shows(tmp_path: Path):
    [snippet], [shown] = blocks("python"), blocks("text")
    done = subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == shown


def test_it_is_one_screen_of_short_tables():
    assert len(README.splitlines()) <= 150
    assert all(line.count(" | ") < 5 for line in README.splitlines() if line.startswith("|"))


def test_the_picture_is_what_its_script_draws(tmp_path: Path):
    script = tmp_path / "world.py"
    script.write_text((ROOT / "docs/figures/world.py").read_text())
    subprocess.run([sys.executable, script], check=True)
    assert (tmp_path / "world.svg").read_text() == (ROOT / "docs/figures/world.svg").read_text()
