"""The manifest of a corpus folder: where the corpus comes from, and what its files must be.

Hashing a file of a million documents takes seconds. Of files above ``LARGE`` bytes the hash is therefore checked once
and remembered with the file's size, times and inode, as Git does: whatever rewrites the file changes its ctime, which
no program can set, and has it hashed again; so has a copy of the folder. What the disk itself spoils is not noticed.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from berrypick import io
from berrypick.errors import BadInput, Damaged
from berrypick.records import Record

SCHEMA: Final = 1
DATA_FILES: Final = ("documents.jsonl", "questions.jsonl", "entities.jsonl", "qrels.tsv")
AUDIT_FILE: Final = "audit.jsonl"
MANIFEST: Final = "manifest.json"
#: Files of more bytes are not read whole when a corpus is opened.
LARGE: Final = 16 * 2**20
_CHECKED: Final = "checked.json"


class Manifest(Record):
    """Where a corpus comes from and what its files must hash to."""

    schema: int
    name: str
    builder: str
    version: int
    parameters: dict[str, Any]
    seed: int
    licence: str
    counts: dict[str, int]
    sha256: dict[str, str]
    package: str


class _State(Record):
    """What a file was when its hash was checked."""

    sha256: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


def intact(path: Path, expected: str) -> bool:
    """Whether a file of a corpus folder has the hash that is expected; see the module about large ones."""
    stat = path.stat()
    if stat.st_size <= LARGE:
        return io.sha256(path) == expected
    state = _State(expected, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
    checked = path.parent / "index" / _CHECKED
    known = _read_states(checked)
    if known.get(path.name) == state:
        return True
    if io.sha256(path) != expected:
        return False
    with suppress(OSError):  # a folder that may not be written to is hashed again each time
        io.write_bytes(checked, msgspec.json.encode(known | {path.name: state}))
    return True


def _read_states(path: Path) -> dict[str, _State]:
    """What was checked before; nothing where the file cannot be read, for then all is checked again."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, _State])
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def remedy(folder: Path) -> str:
    """What to do about a damaged corpus."""
    return f"delete the folder {folder} and build or add the corpus again"


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a corpus folder; raises Damaged where it is missing or cannot be one."""
    path = folder / MANIFEST
    if not path.is_file():
        raise Damaged(f"is missing; {remedy(folder)}", file=path)
    try:
        manifest = io.decode(path.read_bytes(), msgspec.json.Decoder(Manifest), path)
    except BadInput as error:
        raise Damaged(f"{error.reason}; {remedy(folder)}", file=path, field=error.field) from error
    if manifest.schema != SCHEMA:
        raise Damaged(
            f"schema {manifest.schema} is not {SCHEMA}, which this version reads; {remedy(folder)}", file=path
        )
    if {*manifest.sha256} - {AUDIT_FILE} != {*DATA_FILES}:
        raise Damaged(
            f"must name exactly {', '.join(DATA_FILES)} and at most {AUDIT_FILE}; {remedy(folder)}",
            file=path,
            field="sha256",
        )
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a corpus folder."""
    io.write_bytes(
        folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1) + b"\n"
    )
