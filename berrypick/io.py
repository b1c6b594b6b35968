"""Files: atomic writes, hashes, strict JSON lines. Nothing half-written is ever visible under its final name."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from berrypick.errors import BadInput, Damaged

Row = TypeVar("Row")


def home() -> Path:
    """The folder for corpora and indexes: ``BERRYPICK_HOME``, else the user cache directory."""
    import platformdirs

    return Path(os.environ.get("BERRYPICK_HOME") or platformdirs.user_cache_dir("berrypick"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old bytes or all of the new ones."""
    with writing(path) as file:
        file.write(data)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Write a file piece by piece; it appears when the block ends, and not at all where the block raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)
    try:
        with open(name, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Fill a folder under a temporary name and move it to ``path`` when the block ends without an error.

    Two processes may do this at once: the first to finish wins and the other's work is dropped. A process killed
    half-way leaves only a temporary folder, which the next call removes once its process is gone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    draft = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.{os.getpid()}.", suffix=".tmp"))
    try:
        os.chmod(draft, 0o755)
        yield draft
        try:
            os.rename(draft, path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def locked(folder: Path, patience: float = 0.0) -> Iterator[None]:
    """Have a folder for this process alone; the system lets go of it however the process ends.

    Args:
        folder: made where it is missing.
        patience: seconds to wait for another process that has it.

    Raises:
        BadInput: another process has it still.
    """
    import fcntl  # POSIX only, and `import berrypick` is to work elsewhere

    folder.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + patience
    with (folder / ".lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= until:
                    raise BadInput("another process is at work here; wait until it has ended", file=folder) from error
                time.sleep(0.05)
        yield


def _sweep(path: Path) -> None:
    # The whole name must fit: a draft of "wiki.2024" is no draft of "wiki" left by process 2024.
    draft = re.compile(rf"\.{re.escape(path.name)}\.(\d+)\.[^.]+\.tmp")
    for left in path.parent.iterdir():
        match = draft.fullmatch(left.name)
        if match and not _alive(int(match[1])):
            shutil.rmtree(left, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Log:
    """A JSON-lines file that grows a line at a time; a line is on disk when ``add`` returns.

    Args:
        path: the file; its folder is made where it is missing.
        keep: lines of an earlier run that stay; what follows them, half a line included, is dropped.

    Raises:
        Damaged: the file has fewer whole lines.
    """

    def __init__(self, path: Path, keep: int = 0) -> None:
        lines = path.read_bytes().splitlines(keepends=True)[:keep] if keep and path.exists() else []
        if len(lines) < keep or (lines and not lines[-1].endswith(b"\n")):
            raise Damaged(f"holds fewer than the {keep} lines that its checkpoint stands on", file=path)
        write_bytes(path, b"".join(lines))
        self._path = path

    def add(self, row: object) -> None:
        """Append a row."""
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(row) + b"\n")
            file.flush()
            os.fsync(file.fileno())


def jsonl(rows: Iterable[object]) -> bytes:
    """Encode rows as JSON lines."""
    return msgspec.json.Encoder().encode_lines(list(rows))


def read_jsonl(path: Path, kind: type[Row]) -> list[Row]:
    """Decode JSON lines strictly; a bad row raises BadInput with file, line and field."""
    return list(iter_jsonl(path, kind))


def iter_jsonl(path: Path, kind: type[Row]) -> Iterator[Row]:
    """Decode JSON lines one by one, as ``read_jsonl`` does."""
    decoder = msgspec.json.Decoder(kind)
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield decode(line, decoder, path, number)


def decode(data: bytes, decoder: msgspec.json.Decoder[Row], path: Path, line: int | None = None) -> Row:
    """Decode one JSON value, turning msgspec's message into BadInput with file, line and field."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise misfit(error, path, line) from error
    except RecursionError as error:
        raise BadInput("expected JSON of few levels, found it nested too deeply", file=path, line=line) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"not valid JSON: {error}", file=path, line=line) from error


def convert(value: Any, kind: type[Row], path: Path) -> Row:
    """Make a record of what was decoded from JSON, turning msgspec's message into BadInput with file and field."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise misfit(error, path) from error


def misfit(error: msgspec.ValidationError, path: Path, line: int | None = None, below: str = "") -> BadInput:
    """Turn msgspec's message into an error that names file, line and field, the latter with what it lies ``below``."""
    reason, _, field = str(error).partition(" - at `")
    field = below + field.rstrip("`").removeprefix("$")
    return BadInput(reason, file=path, line=line, field=field.removeprefix(".") or None)
