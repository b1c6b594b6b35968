"""Write docs/methods.md, the census of methods, from the registry and docs/methods.toml."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

from berrypick.agents.methods import LAYERS, METHODS
from berrypick.agents.methods.method import DEFAULT, Addition

HERE = Path(__file__).parent
_ARXIV = re.compile(r"\b(\d{4}\.\d{5})\b")


def render(facts: dict[str, Any]) -> str:
    """Return the page."""
    layers: dict[str, list[str]] = {}
    for name in METHODS:
        layers.setdefault(LAYERS[name], []).append(name)
    lines = [
        f"# Methods: a census of {facts['date']}",
        f"{len(METHODS)} methods and controls are built; {len(facts['missing'])} known entries are not, and why. "
        "Made by `python docs/methods.py` from the registry and [methods.toml](methods.toml); "
        "`berrypick show METHOD` has formula, defaults and what a method stands on. Loss terms of combined methods add "
        "up, shaped rewards chain, credits multiply. *Read* says how the formula was read; a verdict names where its "
        "numbers are.",
        "",
    ]
    for layer, names in layers.items():
        lines += [
            f"## {layer.capitalize()}",
            "| method | what it does | stands on | paper | read |",
            "|---|---|---|---|---|",
        ]
        lines += [_row(name, facts) for name in names]
        lines.append("")
    lines += ["## Verdicts", "| method | verdict |", "|---|---|"]
    lines += [f"| `{name}` | {facts['verdict'][name]} |" for name in METHODS if name in facts["verdict"]]
    lines += [
        "",
        "All other methods: not run in even worlds yet.",
        "",
        "## Known and not built",
        "| method | paper | why |",
        "|---|---|---|",
    ]
    lines += [f"| {one['name']} | {one['paper']} | {one['why']} |" for one in facts["missing"]]
    return "\n".join([*lines, ""])


def _row(name: str, facts: dict[str, Any]) -> str:
    made = METHODS[name]()
    base = (made.alone or DEFAULT) if isinstance(made, Addition) else "is a base"
    papers = dict.fromkeys(_ARXIV.findall(inspect.getdoc(inspect.getmodule(METHODS[name])) or ""))
    what, read = METHODS.help(name).removeprefix("base: "), facts["read"].get(name, "paper or authors")
    return f"| `{name}` | {what} | {base} | {', '.join(papers)} | {read} |"


def main() -> None:
    """Write the page."""
    facts = tomllib.loads((HERE / "methods.toml").read_text())
    (HERE / "methods.md").write_text(render(facts))


if __name__ == "__main__":
    main()
