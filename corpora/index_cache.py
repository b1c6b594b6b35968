"""Index folders beside a corpus: one per engine and key, built atomically, checked when opened."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from berrypick import io as files
from berrypick.corpora.manifest import LARGE, Manifest
from berrypick.errors import Damaged
from berrypick.records import Record
from berrypick.text import TOKENS_VERSION

STAMP: Final = "stamp.json"


class Stamp(Record):
    """What an index folder was built from, and what its files must be.

    Attributes:
        documents_sha256: hash of the corpus's documents.
        parameters: everything else the index depends on.
        files: size in bytes, and hash, of every file; "" for the hash of large ones, checked by size alone.
    """

    documents_sha256: str
    parameters: dict[str, Any]
    files: dict[str, tuple[int, str]]


def index_folder(
    corpus: Path, manifest: Manifest, name: str, parameters: dict[str, Any], fill: Callable[[Path], None]
) -> Path:
    """Return the folder of an index, building it first where it is not there.

    Args:
        corpus: folder of the corpus that is indexed; the index lies in its folder ``index``.
        manifest: of the corpus.
        name: the engine.
        parameters: everything but the documents that the content depends on, versions included; plain JSON.
        fill: writes the index into an empty folder.

    Raises:
        Damaged: the folder is there, but is not what was built for this corpus; the message names it.
    """
    documents = manifest.sha256["documents.jsonl"]
    parameters = {**parameters, "tokens": TOKENS_VERSION}
    key = hashlib.sha256(msgspec.json.encode([documents, parameters], order="sorted")).hexdigest()[:12]
    folder = corpus / "index" / f"{name}-{key}"
    if not folder.exists():
        with files.new_folder(folder) as draft:
            fill(draft)
            stamp = Stamp(documents, parameters, {path.name: _state(path) for path in _content(draft)})
            files.write_bytes(draft / STAMP, msgspec.json.encode(stamp))
    _check(folder, documents, parameters)
    return folder


def damaged(folder: Path, reason: str) -> Damaged:
    """The error of an index folder that cannot be used."""
    return Damaged(f"{reason}; delete this folder, the index is then built again", file=folder)


def _content(folder: Path) -> list[Path]:
    # Hidden files are tantivy's locks and its own list of files.
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.name != STAMP)


def _state(path: Path) -> tuple[int, str]:
    size = path.stat().st_size
    return size, files.sha256(path) if size <= LARGE else ""


def _check(folder: Path, documents: str, parameters: dict[str, Any]) -> None:
    path = folder / STAMP
    if not path.is_file():
        raise damaged(folder, f"{STAMP} is missing")
    try:
        stamp = msgspec.json.decode(path.read_bytes(), type=Stamp)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise damaged(folder, f"{STAMP} cannot be read ({error})") from error
    if stamp.documents_sha256 != documents or stamp.parameters != parameters:
        raise damaged(folder, "the index is of another corpus or of other parameters")
    for name, state in stamp.files.items():
        if not (folder / name).is_file():
            raise damaged(folder, f"{name} is missing")
        if _state(folder / name) != state:
            raise damaged(folder, f"{name} is not what was written (truncated or edited)")
