"""Who may import whom, who may read gold, what an import may load; all by reading the source or a fresh process."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
#: Lowest first: a layer may import itself and what stands before it. ``docs/design.md`` draws the same list.
LAYERS = ("berrypick", "corpora", "envs", "agents", "benchmarks", "leaderboard", "integrations")
#: Imports that close a circle of modules today, (importing, imported); no other may.
CLOSING: set[tuple[str, str]] = set()
#: The composition root: may import every layer, and nothing may import it.
CLI = ("berrypick/cli/",)
#: ``import berrypick`` registers the environments; nothing else in the root package may look up.
REGISTERS = "berrypick/__init__.py"
GOLD_READERS = (
    "berrypick/records.py",
    "corpora/answerability/checks.py",
    "corpora/store.py",
    "corpora/answerability/audit.py",
    "envs/scoring/rewards.py",
    "envs/scoring/progress.py",
    "agents/baselines/oracle.py",
    "agents/critics",
    "benchmarks/metrics/",
)
#: What a Question's gold is read by.
GOLD = ("places", "gold", "qrels")
HEAVY = (
    "torch",
    "numba",
    "faiss",
    "sklearn",
    "tantivy",
    "scipy",
    "matplotlib",
    "transformers",
    "rank_bm25",
    "ir_measures",
)


class Source(NamedTuple):
    """One file of the package: its name in the repository, its layer, its syntax."""

    name: str
    layer: str
    nodes: list[ast.AST]

    @property
    def is_cli(self) -> bool:
        return self.name.startswith(CLI)

    @property
    def module(self) -> str:
        """The name under which the file is imported."""
        parts = Path(self.name).with_suffix("").parts
        dotted = ".".join(parts if parts[0] == "berrypick" else ("berrypick", *parts))
        return dotted.removesuffix(".__init__")

    def statements(self) -> Iterator[str]:
        """Every module, or attribute of one, that an import names, in functions and for type checkers too."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name}: relative imports hide the layer"
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def imports(self) -> Iterator[str]:
        """The modules of ``statements``, and of every lazy ``"module:attribute"`` that the file names."""
        yield from self.statements()
        for node in self.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                module, colon, attribute = node.value.partition(":")
                if module.startswith("berrypick.") and colon and attribute.isidentifier():
                    yield module


def sources() -> list[Source]:
    found = [
        Source(path.relative_to(ROOT).as_posix(), layer, list(ast.walk(ast.parse(path.read_text()))))
        for layer in LAYERS
        for path in sorted((ROOT / layer).rglob("*.py"))
    ]
    assert len(found) > 80, "the source was not found"
    return found


SOURCES = sources()


def layer_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in LAYERS else "berrypick"


def test_imports_point_down():
    wrong = [
        f"{source.name} imports {module}, which stands above it"
        for source in SOURCES
        if not source.is_cli and source.name != REGISTERS
        for module in source.imports()
        if module.split(".")[0] == "berrypick" and LAYERS.index(layer_of(module)) > LAYERS.index(source.layer)
    ]
    assert wrong == []


def modules_imported() -> dict[str, set[str]]:
    """Module to the modules of the package that its import statements name."""
    names = {source.module for source in SOURCES}
    return {
        source.module: {
            target if target in names else target.rpartition(".")[0]
            for target in source.statements()
            if target in names or target.rpartition(".")[0] in names
        }
        for source in SOURCES
    }


def circles(graph: dict[str, set[str]]) -> list[str]:
    """Return what is left of a graph when whatever imports nothing that is left has been taken away, time and again."""
    left = {module: set(targets) - {module} for module, targets in graph.items()}
    while free := {module for module, targets in left.items() if not targets & left.keys()}:
        left = {module: targets for module, targets in left.items() if module not in free}
    while unused := left.keys() - {target for targets in left.values() for target in targets}:
        left = {module: targets for module, targets in left.items() if module not in unused}
    return sorted(left)


def test_circles_are_found_and_what_hangs_on_them_is_not():
    # b and c import each other; a imports the circle, and d is imported by it.
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}) == ["b", "c"]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": {"c"}}) == []


def test_no_modules_import_each_other_in_a_circle():
    graph = {
        module: {target for target in targets if (module, target) not in CLOSING}
        for module, targets in modules_imported().items()
    }
    assert circles(graph) == []


def test_the_design_draws_the_same_layers():
    text = (ROOT / "docs" / "design.md").read_text()
    drawn = [line.split()[0] for line in text.splitlines() if line.startswith(LAYERS) and "  " in line]
    assert drawn == list(reversed(LAYERS))


def test_nothing_imports_the_cli():
    assert [s.name for s in SOURCES if not s.is_cli and any(m.startswith("berrypick.cli") for m in s.imports())] == []


def test_gold_is_read_by_the_listed_files_only():
    """``places`` is a name that builders and the audit use for their own books, so it is looked for above corpora."""
    wrong = [
        f"{source.name}, line {node.lineno}: .{node.attr}"
        for source in SOURCES
        if not source.name.startswith(GOLD_READERS)
        for node in source.nodes
        if isinstance(node, ast.Attribute) and node.attr in GOLD[source.layer == "corpora" :]
    ]
    assert wrong == []


def test_every_gold_reader_is_there():
    names = [source.name for source in SOURCES]
    assert [reader for reader in GOLD_READERS if not any(name.startswith(reader) for name in names)] == []


def test_agents_never_see_the_simulators_truth():
    """``Agent.act`` gets text; only the oracles may hold a question or a trace; rollouts and training record them.

    Critics read finished episodes, for training; no agent is given one.
    """
    truth = (
        "berrypick.envs.scoring.trace",
        "berrypick.envs.search",
        "berrypick.envs.scoring.progress",
        "berrypick.records.Question",
    )
    knowing = (
        "agents/baselines/oracle.py",
        "agents/rollout.py",
        "agents/lm/player.py",
        "agents/critics/",
        "agents/training/",
        "agents/treesearch/",
    )
    acting = [source for source in SOURCES if source.layer == "agents" and not source.name.startswith(knowing)]
    assert [source.name for source in acting if any(module.startswith(truth) for module in source.imports())] == []


def test_randomness_comes_from_seeding_only():
    """``np.random`` may be named as a type (``np.random.Generator``) and called nowhere but in seeding."""
    others = [source for source in SOURCES if source.name != "berrypick/seeding.py"]
    assert [s.name for s in others if {"random", "secrets"} & {module.split(".")[0] for module in s.imports()}] == []
    called = [(s.name, ast.unparse(node.func)) for s in others for node in s.nodes if isinstance(node, ast.Call)]
    assert [call for call in called if ".random." in call[1]] == []


def test_only_the_cli_prints():
    wrong = [
        f"{source.name}, line {node.lineno}"
        for source in SOURCES
        if not source.is_cli
        for node in source.nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert wrong == []


def loaded_by(script: str) -> set[str]:
    """The heavy modules in ``sys.modules`` after a script has run in a process of its own."""
    code = f"{script}\nimport sys; print('LOADED', *sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_importing_berrypick_loads_nothing_heavy():
    assert loaded_by("import berrypick") == set()


def test_help_loads_nothing_heavy():
    help_of = (
        "import berrypick.cli.main as c\ntry: c.main({!r})\nexcept SystemExit as e: assert e.code in (0, None), e.code"
    )
    assert loaded_by(help_of.format(["--help"])) == set()
    assert loaded_by(help_of.format(["bench", "--help"])) == set()
    assert loaded_by(help_of.format(["verify", "--help"])) == set()
