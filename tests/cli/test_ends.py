"""How commands end that cannot go on: one sentence that says what is kept and how to go on, no traceback."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from berrypick.cli import main as cli_main
from berrypick.cli.main import KEPT, main
from berrypick.errors import EXTRAS, MissingExtra, missing_extra

FORMATS = Path(__file__).parents[1] / "data" / "formats"


def only_line(capsys: pytest.CaptureFixture[str]) -> str:
    caught = capsys.readouterr()
    assert caught.err.startswith("berrypick: ") and caught.err.count("\n") == 1, caught.err
    return caught.err


def full(file: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path))
    monkeypatch.setattr(os, "fsync", full)
    assert main(["corpus", "add", "mine", str(FORMATS / "hotpotqa.json"), "--format", "hotpotqa"]) == 2
    told = only_line(capsys)
    assert told == f"berrypick: No space left on device; free some; {KEPT['corpus']}\n"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB, where this process may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_full_indeed(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Adding fits, indexing does not; then adding does not fit either, and what is there stays as it is."""
    monkeypatch.setenv("BERRYPICK_HOME", str(small_disk / "home"))
    add = ["corpus", "add", "mine", str(FORMATS / "hotpotqa.json"), "--format", "hotpotqa"]
    assert main(add) == 0
    capsys.readouterr()
    assert main(["audit", "mine"]) == 2
    assert f"No space left on device; free some; {KEPT['audit']}" in only_line(capsys)
    left = os.statvfs(small_disk)
    (small_disk / "filler").write_bytes(bytes(left.f_bavail * left.f_frsize))
    before = {path: path.read_bytes() for path in (small_disk / "home").rglob("*") if path.is_file()}
    assert main([*add, "--force"]) == 2
    assert f"No space left on device; free some; {KEPT['corpus']}" in only_line(capsys)
    assert {path: path.read_bytes() for path in (small_disk / "home").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "x", "/disk/a.json"), "/disk/a.json: No space left on device"),
        (OSError(errno.EDQUOT, "x"), "berrypick: No space left on device"),
        (ValueError("writing failed: No space left on device (os error 28)"), "berrypick: No space left on device"),
    ],
)
def test_whoever_finds_the_disk_full_it_is_said_alike(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli_main, "build", fail)
    assert main(["bench"]) == 2
    assert said in (told := only_line(capsys)) and KEPT["bench"] in told


@pytest.mark.parametrize(
    ("number", "code", "said"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_is_one_sentence_that_says_what_is_kept(
    number: int, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    interruptible: None,
):  # fmt: skip
    def hit() -> None:
        os.kill(os.getpid(), number)
        time.sleep(5)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(cli_main, "build", hit)
    assert main(["train", "grpo"]) == code
    assert only_line(capsys) == f"berrypick: {said}; {KEPT['train']}\n"
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("package", EXTRAS)
def test_a_missing_extra_is_one_sentence(
    package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fail() -> None:
        raise ModuleNotFoundError(f"No module named '{package}.sub'", name=f"{package}.sub")

    monkeypatch.setattr(cli_main, "build", fail)
    assert main(["list"]) == 2
    told = only_line(capsys)
    assert f"needs {package}, which is not installed; pip install 'berrypick[{EXTRAS[package]}]'" in told


@pytest.mark.parametrize(
    ("words", "module", "who"),
    [
        (["bench", "chat:http://127.0.0.1:1/v1:m"], "httpx2", "an agent chat: needs httpx2"),
        (["bench", "lm:/nowhere"], "torch", "needs torch"),
        (["serve", "almanac-tiny"], "fastapi", "needs fastapi"),
    ],
)
def test_the_agent_that_needs_it_is_named(words: list[str], module: str, who: str, tmp_path: Path):
    """In a process of its own, where the package cannot be imported."""
    script = (
        f"import sys; sys.modules['{module}'] = None; from berrypick.cli.main import main; sys.exit(main({words!r}))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and who in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_another_import_that_fails_stays_what_it_is():
    error = ModuleNotFoundError("No module named 'nowhere'", name="nowhere")
    assert missing_extra(error) is error
    assert isinstance(missing_extra(ModuleNotFoundError("x", name="torch")), MissingExtra)


@pytest.mark.slow
@pytest.mark.parametrize(("send", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("everybody", [True, False])
def test_a_run_of_several_processes_ends_at_once_and_leaks_nothing(
    send: int, code: int, everybody: bool, tmp_path: Path, interruptible: None
):
    """The terminal sends an interrupt to every process, a scheduler a signal to the first alone."""
    command = [Path(sys.executable).with_name("berrypick"), "bench", "mixture", "random", "--jobs", "2", "--out", "run"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    time.sleep(12)
    kill: Callable[[int, int], None] = os.killpg if everybody else os.kill
    begun = time.perf_counter()
    kill(process.pid, send)
    _, error = process.communicate(timeout=60)
    assert process.returncode == code, error
    assert "Traceback" not in error and "leaked" not in error and KEPT["bench"] in error
    assert time.perf_counter() - begun < 20
