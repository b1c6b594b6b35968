"""Added corpora: audit, remove or rename what lies under ``$BERRYPICK_HOME``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from msgspec.structs import replace

from berrypick import io
from berrypick.corpora import CORPORA, added, load, store
from berrypick.corpora.adding import check_name
from berrypick.corpora.answerability.audit import Audit, audit
from berrypick.corpora.manifest import read_manifest, write_manifest
from berrypick.errors import BadInput
from berrypick.registry import UnknownName


def audit_added(name: str, *, progress: bool = False) -> Audit:
    """Audit a corpus that the user added (or a corpus folder), and store the rows with it.

    Raises:
        BadInput: the corpus is one that berrypick builds itself, which is audited when it is built.
        UnknownName: no such corpus.
    """
    if name in CORPORA:
        raise BadInput(
            f"{name!r} was audited when it was built; use audit(load({name!r})) for the figures", field="name"
        )
    corpus = load(name)
    found = audit(corpus, progress=progress)
    store.save_audit(corpus, found.rows)
    return found


def remove(name: str) -> Path:
    """Remove an added corpus with its indexes, or what was built so far of a registered one; returns its folder.

    The name is free at once. A process that is killed leaves a hidden folder, which the next removal drops.

    Raises:
        UnknownName: no such corpus.
        BadInput: a registered corpus of which nothing was built here.
    """
    folder = io.home() / "corpora" / name if name in CORPORA else _added(name)
    if not folder.is_dir():
        raise BadInput(f"nothing of {name!r} was built here, so there is nothing to remove", field="name")
    doomed = folder.with_name(f".{name}.removed-{os.getpid()}")
    folder.rename(doomed)
    for left in (doomed, *folder.parent.glob(".*.removed-*")):
        shutil.rmtree(left, ignore_errors=True)
    return folder


def rename(old: str, new: str) -> Path:
    """Give an added corpus another name; its audit and indexes stay. Returns its folder.

    Raises:
        UnknownName: no added corpus ``old``.
        BadInput: ``new`` is no name for a corpus, or taken.
    """
    check_name(new)
    folder = _added(old)
    target = folder.with_name(new)
    if target.exists():
        raise BadInput(f"a corpus {new!r} is there already; pick another name, or remove it first", file=target)
    # The name inside first: after a kill in between, the same command goes through.
    write_manifest(folder, replace(read_manifest(folder), name=new))
    folder.rename(target)
    return target


def _added(name: str) -> Path:
    if name not in added():
        raise UnknownName("added corpus", name, added())
    return io.home() / "added" / name
