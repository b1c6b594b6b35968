"""``berrypick corpus add``: a user's own files become a corpus folder under ``$BERRYPICK_HOME/added``."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Final

from berrypick import files
from berrypick.corpora import CORPORA, store
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
    staged = folder.with_name(f".{name}.staged-{os.getpid()}")
    parameters = {"format": format, "source": path.name}
    with files.new_folder(staged) as target:
        store.write(
            target,
            draft,
            name=name,
            builder=f"loader:{format}",
            version=1,
            parameters=parameters,
            seed=0,
            licence=licence,
        )
    _swap(staged, folder, force)
    return store.read(folder)


def _folder(name: str, force: bool) -> Path:
    if not NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name for a corpus; use lower-case letters, digits, '.', '-', '_'", field="name")
    if name in CORPORA:
        raise BadInput(f"{name!r} is a corpus that berrypick builds itself; pick another name", field="name")
    folder = files.home() / "added" / name
    if folder.exists() and not force:
        raise BadInput(
            f"a corpus {name!r} is there already; use --force to replace it, or pick another name", file=folder
        )
    return folder


def _swap(staged: Path, folder: Path, force: bool) -> None:
    """Move ``staged`` to ``folder``; what was there goes only once its replacement is in place.

    Without ``force`` a folder that another process put there meanwhile stays, and OSError is raised.
    """
    retired = staged.with_name(staged.name.replace(".staged-", ".retired-"))
    replaced = force and folder.exists()
    if replaced:
        folder.rename(retired)
    try:
        staged.rename(folder)
    except OSError:
        if replaced:
            retired.rename(folder)
        raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    shutil.rmtree(retired, ignore_errors=True)
