"""Who may import whom, who may read gold, what an import may load; all by reading the source or a fresh process."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: Lowest first: a layer may import itself and what stands before it.
LAYERS = ("berrypick", "corpora", "envs", "agents", "benchmarks", "leaderboard")
#: The composition root: may import every layer, and nothing may import it.
CLI = ("berrypick/cli.py", "berrypick/commands/")
#: ``import berrypick`` registers the environments; nothing else in the root package may look up.
REGISTERS = "berrypick/__init__.py"
GOLD_READERS = (
    "berrypick/records.py",
    "corpora/store.py",
    "corpora/audit.py",
    "envs/rewards.py",
    "envs/progress.py",
    "agents/oracle.py",
    "agents/critics",
    "benchmarks/metrics.py",
)
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


def sources() -> list[Path]:
    found = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))
    assert len(found) > 20, "the source was not found"
    return found


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_cli(path: Path) -> bool:
    return name_of(path).startswith(CLI)


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, and every lazy ``"module:attribute"`` that it names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the layer"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("berrypick."):
            if ":" in node.value and " " not in node.value:
                yield node.value.split(":")[0]


def layer_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in LAYERS else "berrypick"


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_imports_point_down(path: Path):
    if is_cli(path) or name_of(path) == REGISTERS:
        return
    own = LAYERS.index(path.relative_to(ROOT).parts[0])
    for module in imports(path):
        if module.split(".")[0] != "berrypick":
            continue
        assert LAYERS.index(layer_of(module)) <= own, f"{name_of(path)} imports {module}, which stands above it"


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_nothing_imports_the_cli(path: Path):
    if not is_cli(path):
        assert [m for m in imports(path) if m.startswith(("berrypick.cli", "berrypick.commands"))] == []


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_gold_is_read_by_the_listed_files_only(path: Path):
    if name_of(path).startswith(GOLD_READERS):
        return
    reads = [
        f"line {node.lineno}: .{node.attr}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("gold", "gold_places", "qrels")
        and isinstance(node.ctx, ast.Load)
    ]
    assert reads == [], f"{name_of(path)} reads gold"


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_agents_never_see_the_simulators_truth(path: Path):
    """``Agent.act`` gets text; only the oracles may hold a question or a trace."""
    if not name_of(path).startswith("agents/") or path.name in ("oracle.py", "rollout.py"):
        return
    assert [m for m in imports(path) if m.startswith(("berrypick.envs.trace", "berrypick.records.Question"))] == []


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_randomness_comes_from_seeding_only(path: Path):
    """``np.random`` may be named as a type (``np.random.Generator``) and called nowhere but in seeding."""
    if name_of(path) == "berrypick/seeding.py":
        return
    assert {"random", "secrets"}.isdisjoint(module.split(".")[0] for module in imports(path))
    tree = ast.parse(path.read_text())
    called = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert [name for name in called if "np.random." in name or "numpy.random." in name] == []


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_only_the_cli_prints(path: Path):
    calls = [
        n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    ]
    assert is_cli(path) or [n.lineno for n in calls if n.func.id == "print"] == []


def loaded_by(script: str) -> set[str]:
    """The heavy modules in ``sys.modules`` after a script has run in a process of its own."""
    code = f"{script}\nimport sys; print('LOADED', *sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_importing_berrypick_loads_nothing_heavy():
    assert loaded_by("import berrypick") == set()


def test_help_loads_nothing_heavy():
    help_of = "import berrypick.cli as c\ntry: c.main({!r})\nexcept SystemExit as e: assert e.code in (0, None), e.code"
    assert loaded_by(help_of.format(["--help"])) == set()
    assert loaded_by(help_of.format(["bench", "--help"])) == set()
