"""``berrypick corpus add``: a user's own files become a corpus folder under ``$BERRYPICK_HOME/added``."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Final

from berrypick import io
from berrypick.corpora import CORPORA, store
from berrypick.corpora.corpus import LOADED
from berrypick.corpora.loaders import LOADERS
from berrypick.corpora.store import Corpus
from berrypick.errors import BadInput

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")


def add(name: str, format: str, path: Path, *, licence: str = "unknown", force: bool = False) -> Corpus:
    """Load files of a known format and store them as the corpus ``name``.

    Nothing is visible under the name before all of it is written, and a corpus that is there already stays as it is
    until its replacement is complete.

    Args:
        name: lower-case letters, digits, dot, dash, underscore; not the name of a registered corpus.
        format: a row of ``LOADERS``.
        path: the file or folder that the format calls for.
        licence: of the text, for the manifest.
        force: replace an added corpus of that name.

    Raises:
        BadInput: the name is not allowed or taken, or a row of the files is malformed.
        UnknownName: no such format.
    """
    folder = _folder(name, force)
    draft = LOADERS[format](path)
    parameters = {"format": format, "source": path.name}
    try:
        with io.new_folder(folder) as target:
            store.write(
                target,
                draft,
                name=name,
                builder=f"{LOADED}{format}",
                version=1,
                parameters=parameters,
                seed=0,
                licence=licence,
            )
            manifest = (target / "manifest.json").read_bytes()
            if force and folder.exists():
                folder.rename(folder.with_name(f".{name}.retired-{os.getpid()}"))
    finally:
        _settle(folder)
    if (folder / "manifest.json").read_bytes() != manifest:
        raise BadInput(f"another process added {name!r} at the same time, and that one stays", file=folder)
    return store.read(folder)


def _settle(folder: Path) -> None:
    """Put a replaced corpus back where its replacement did not come, this time or before a kill; else drop it."""
    retired = re.compile(rf"\.{re.escape(folder.name)}\.retired-\d+")
    for left in sorted(path for path in folder.parent.glob(".*") if retired.fullmatch(path.name)):
        if folder.exists():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.rename(folder)


def check_name(name: str) -> None:
    """Raise BadInput unless a corpus can be added under a name."""
    if not NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name for a corpus; use lower-case letters, digits, '.', '-', '_'", field="name")
    if name in CORPORA:
        raise BadInput(f"{name!r} is a corpus that berrypick builds itself; pick another name", field="name")


def _folder(name: str, force: bool) -> Path:
    check_name(name)
    folder = io.home() / "added" / name
    _settle(folder)
    if folder.exists() and not force:
        raise BadInput(
            f"a corpus {name!r} is there already; use --force to replace it, or pick another name", file=folder
        )
    return folder
