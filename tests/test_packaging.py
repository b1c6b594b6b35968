"""The traps of a package whose parts lie in top-level folders (each was seen to bite)."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
TOP = PROJECT["tool"]["setuptools"]["package-dir"]
PACKAGES = PROJECT["tool"]["setuptools"]["packages"]
DATA = PROJECT["tool"]["setuptools"]["package-data"]


def folder_of(package: str) -> Path:
    top = max((name for name in TOP if package == name or package.startswith(name + ".")), key=len)
    return ROOT / TOP[top] / package.removeprefix(top).lstrip(".").replace(".", "/")


def packages_on_disk() -> set[str]:
    found = set()
    for package, folder in TOP.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            below = init.parent.relative_to(ROOT / folder).parts
            found.add(".".join((package, *below)))
    return found


def data_on_disk() -> set[Path]:
    """Every committed file of a package folder that is no Python source."""
    listed = subprocess.run(["git", "ls-files", *TOP.values()], cwd=ROOT, capture_output=True, text=True, check=True)
    return {Path(line) for line in listed.stdout.splitlines() if not line.endswith(".py")}


def test_package_list_is_complete_and_holds_nothing_else():
    """Trap 1: a new sub-package works in the editable install and is silently missing from the wheel."""
    assert len(PACKAGES) == len(set(PACKAGES))
    assert set(PACKAGES) == packages_on_disk()


def test_every_data_file_is_matched_by_package_data():
    """Trap 5: data files are left out of the wheel unless a pattern names them."""
    matched = {
        path.relative_to(ROOT)
        for package, patterns in DATA.items()
        for p in patterns
        for path in folder_of(package).glob(p)
    }
    # The board and its submissions are the repository's, not the package's.
    board = {Path("leaderboard") / name for name in ("leaderboard.csv", "tiers.json", "verified.json")}
    submissions = Path("leaderboard/submissions")
    found = data_on_disk() - board
    shipped = {path for path in found if path.suffix != ".md" and submissions not in path.parents}
    assert shipped, "berrypick/py.typed at least"
    assert shipped - matched == set()


def test_tests_are_no_package():
    """Trap 4: an ``__init__.py`` under tests/ would make the module ``envs`` of a test folder."""
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_no_bare_folder_name_is_a_module():
    """Trap 2: with the repository root on sys.path, one file becomes two modules with two registries."""
    bare = {name for name in TOP.values() if name != "berrypick"}
    assert bare == {"corpora", "envs", "agents", "benchmarks", "leaderboard", "integrations"}
    assert bare.isdisjoint(sys.modules)
    assert str(ROOT) not in sys.path


@pytest.mark.parametrize("name", sorted(set(TOP.values()) - {"berrypick"}))
def test_ruff_refuses_bare_imports(name: str, tmp_path: Path):
    """Trap 2, at its source: TID251 fires on ``import envs`` and on ``from envs import x``."""
    ruff = Path(sys.executable).with_name("ruff")
    for statement in (f"import {name}\n", f"from {name} import x\n"):
        command = [
            ruff,
            "check",
            "--config",
            ROOT / "pyproject.toml",
            "--select",
            "TID251",
            "--stdin-filename",
            "x.py",
            "-",
        ]
        done = subprocess.run(command, input=statement, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 1 and "TID251" in done.stdout, done.stdout + done.stderr


def test_constraints_pin_every_dependency():
    pinned = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    wanted = [
        *PROJECT["project"]["dependencies"],
        *(d for extra in PROJECT["project"]["optional-dependencies"].values() for d in extra),
    ]
    names = {line.split(">")[0].split("[")[0].strip().lower().replace("_", "-") for line in wanted}
    assert len(names) > 20
    assert names - pinned == set()


def test_no_committed_file_names_a_package_index():
    """But for the public one of torch's wheels without CUDA, which the README names."""
    command = ["git", "grep", "-hIE", "(extra-)?index-url|find-links|file:///opt", "--", ":!tests/test_packaging.py"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    assert [line for line in listed if "--index-url https://download.pytorch.org/whl/cpu" not in line] == []


@pytest.fixture(scope="module")
def wheel(clean_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built as a fresh clone would build it."""
    out = tmp_path_factory.mktemp("wheel")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        out,
        clean_copy,
    ]
    subprocess.run(pip, check=True)
    return next(out.glob("*.whl"))


def test_wheel_holds_every_module_and_data_file_and_nothing_else(wheel: Path):
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {
        f"{package.replace('.', '/')}/{path.name}" for package in PACKAGES for path in folder_of(package).glob("*.py")
    } | {
        f"{package.replace('.', '/')}/{path.relative_to(folder_of(package))}"
        for package, patterns in DATA.items()
        for pattern in patterns
        for path in folder_of(package).glob(pattern)
        if path.parent.name != "__pycache__"  # byte code of a tree that was imported from is in no wheel
    }
    expected |= {f"{name}.py" for name in PROJECT["tool"]["setuptools"]["py-modules"]}
    assert shipped == expected
    assert not any(name.endswith(".pyc") for name in shipped)


def test_wheel_imports_in_a_fresh_environment(wheel: Path, tmp_path: Path):
    """The wheel, not the working tree, is what is imported; its dependencies are borrowed from this environment."""
    venv.create(tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    installed = subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel],
        capture_output=True,
        text=True,
    )
    assert installed.returncode == 0, installed.stderr
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    script = (
        f"import sys; sys.path += {borrowed!r}\n"
        f"import importlib; [importlib.import_module(name) for name in {PACKAGES!r}]\n"
        "import berrypick, berrypick.cli.main; print(berrypick.__file__)\n"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([python, "-c", script], cwd=tmp_path, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().startswith(str(tmp_path))
