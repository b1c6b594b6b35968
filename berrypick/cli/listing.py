"""``list`` and ``show``: what there is, by kind and by name."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import tyro

from berrypick.cli.console import OUT, table
from berrypick.registry import Table, UnknownName, resolve

#: Kind, as users write it -> its table. Adding a kind is adding a row.
KINDS: Final[dict[str, str]] = {
    "envs": "berrypick.envs:ENVS",
    "corpora": "berrypick.corpora:CORPORA",
    "engines": "berrypick.corpora.engines:ENGINES",
    "formats": "berrypick.corpora.loaders:LOADERS",
    "protocols": "berrypick.envs.protocols:PROTOCOLS",
    "rewards": "berrypick.envs.scoring.rewards:REWARDS",
    "knock-outs": "berrypick.envs.perturbations.knockouts:KNOCKOUTS",
    "faults": "berrypick.envs.perturbations.faults:FAULTS",
    "agents": "berrypick.agents:AGENTS",
    "agent-kinds": "berrypick.agents:KINDS",
    "policies": "berrypick.agents.discrete.agent:POLICIES",
    "critics": "berrypick.agents.critics:CRITICS",
    "methods": "berrypick.agents.methods:METHODS",
    "annotators": "berrypick.agents.training.annotators:ANNOTATORS",
    "starts": "berrypick.benchmarks.studies.starts.make:STARTS",
    "metrics": "berrypick.benchmarks.metrics.table:METRICS",
    "measures": "berrypick.benchmarks.metrics.robustness:MEASURES",
    "suites": "berrypick.benchmarks.suites:SUITES",
    "sweeps": "berrypick.benchmarks.studies.sweep.config:SWEEPS",
}


def rows_of(kind: str) -> Table[Any]:
    """Return the table of a kind; raises UnknownName with near matches."""
    if kind not in KINDS:
        raise UnknownName("kind", kind, list(KINDS))
    found = resolve(KINDS[kind])
    assert isinstance(found, Table)
    return found


def list_(
    kind: Annotated[
        str | None, tyro.conf.Positional, tyro.conf.arg(metavar="[KIND]", help_behavior_hint="(default: all)")
    ] = None,
) -> int:
    """List what there is: environments, corpora, engines, agents, metrics, suites and the like.

    Args:
        kind: one kind only.
    """
    for one in [kind] if kind else KINDS:
        rows = rows_of(one)
        shown = table(one, "name", "what it is")
        sections = _sections(one, list(rows))
        for section, names in sections.items():
            if section:
                shown.add_section()
                shown.add_row(f"[bold]{section}[/bold]", "")
            for name in names:
                shown.add_row(name, rows.help(name))
        for name in _added() if one == "corpora" else ():
            shown.add_row(name, "added with `berrypick corpus add`")
        OUT.print(shown)
        OUT.print()
    return 0


def _sections(kind: str, names: list[str]) -> dict[str, list[str]]:
    """Methods by layer; everything else in one section."""
    if kind != "methods":
        return {"": names}
    from berrypick.agents.methods import LAYERS

    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(LAYERS.get(name, "other packages"), []).append(name)
    return found


def show(name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]) -> int:
    """Show everything known about a name: what it is, its parameters, its documentation.

    Args:
        name: of anything that `berrypick list` lists.
    """
    found = [kind for kind in KINDS if name in rows_of(kind)]
    if not found:
        raise UnknownName("name", name, [known for kind in KINDS for known in rows_of(kind)])
    for kind in found:
        rows = rows_of(kind)
        OUT.print(f"[bold]{name}[/bold] ({rows.kind}): {rows.help(name)}")
        for line in _of_method(name) if kind == "methods" else describe(rows[name]):
            OUT.print(line, markup=False)
    return 0


def _of_method(name: str) -> Iterator[str]:
    """Yield layer, base, seams, parameters with their defaults, and the documentation of a method's file."""
    from berrypick.agents.methods import LAYERS, METHODS, make
    from berrypick.agents.methods.method import DEFAULT, Addition

    factory = METHODS[name]
    made = factory()
    yield f"  layer: {LAYERS.get(name, 'of another package')}"
    if isinstance(made, Addition):
        yield f"  stands on: {made.alone or DEFAULT}, unless a base is named"
        yield f"  touches: {', '.join(made.seams)}"
    needs = [annotation.annotator for annotation in make(name).annotators]
    yield f"  annotators: {', '.join(needs) or 'none'}"
    defaults = [f"{one.name}={one.default:g}" for one in inspect.signature(factory).parameters.values()]
    yield f"  defaults: {', '.join(defaults) or 'no parameters'}"
    yield ""
    yield inspect.getdoc(inspect.getmodule(factory)) or ""


def describe(row: Any) -> Iterator[str]:
    """Yield lines on a row: the fields of a record, the items of a tuple, the documentation of a function or class."""
    if isinstance(row, tuple) and not hasattr(row, "_fields"):
        for item in row:
            yield from describe(item)
            yield ""
    elif isinstance(row, Mapping):
        yield from (f"  {name} = {value!r}" for name, value in row.items())
    elif isinstance(row, Path):
        yield row.read_text("utf-8")
    elif isinstance(row, partial):
        yield from describe(row.func)
        yield "  with " + ", ".join(map(repr, row.args))
    elif inspect.isroutine(row) or inspect.isclass(row):
        yield f"{row.__module__}.{row.__qualname__}{inspect.signature(row)}"
        yield inspect.getdoc(row) or ""
    elif fields := _fields(row):
        values = {name: getattr(row, name) for name in fields if name not in ("name", "help")}  # said above
        yield from (f"  {name} = {value!r}" for name, value in values.items() if not callable(value))
    else:
        yield inspect.getdoc(row) or repr(row)


def _fields(row: Any) -> tuple[str, ...]:
    for attribute in ("__struct_fields__", "__dataclass_fields__", "_fields"):
        if found := getattr(row, attribute, ()):
            return tuple(found)
    return ()


def _added() -> list[str]:
    from berrypick.corpora import added

    return added()
