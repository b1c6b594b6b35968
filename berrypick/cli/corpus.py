"""``corpus build``, ``add``, ``list``, ``show``, ``remove`` and ``rename``, and ``audit``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import tyro

from berrypick.cli.console import ERR, OUT, table
from berrypick.errors import BadInput

if TYPE_CHECKING:
    from berrypick.corpora import Corpus

#: Counts of a manifest that are of what the corpus holds; the others are of what its making left out or met.
RECORDS: Final = ("documents", "questions", "entities")

Name = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]


def build(name: Name, split: str = "test", world: int = 0, worlds: int = 1) -> int:
    """Build a registered corpus, audit it, and index it for the default engines; what is there already stays.

    Args:
        name: a corpus that `berrypick list corpora` lists.
        split: train, dev or test; ignored by corpora of one world.
        world: number of the first world; ignored by corpora of one world.
        worlds: how many worlds, counting up from the first.
    """
    from berrypick.corpora import load
    from berrypick.corpora.engines import open_engine

    if worlds < 1:
        raise BadInput(f"must be at least 1, got {worlds}", field="worlds")
    for number in range(world, world + worlds):
        corpus = load(name, split, number, progress=ERR.is_terminal)
        for engine in ("bm25", "dense"):
            open_engine(engine, corpus)
        _print_info(corpus)
    return 0


def add(
    name: Name,
    path: Annotated[Path, tyro.conf.Positional],
    format: str,
    licence: str = "unknown",
    force: bool = False,
) -> int:
    """Add your own documents and questions as a corpus, from files of a known format.

    Args:
        name: what to call it: lower-case letters, digits, '.', '-', '_'.
        path: the file or folder that the format calls for.
        format: a format that `berrypick list formats` lists.
        licence: of the text, for the manifest.
        force: replace an added corpus of that name.
    """
    from berrypick.corpora.adding import add as add_corpus

    _print_info(add_corpus(name, format, path, licence=licence, force=force))
    OUT.print(f"Next: berrypick audit {name}", markup=False)
    return 0


def list_() -> int:
    """List the corpora that were added, and those of berrypick's own that were built here."""
    from berrypick import io
    from berrypick.corpora import CORPORA, added
    from berrypick.corpora.manifest import read_manifest

    shown = table(
        "corpora here", "name", "documents", "questions", "builder", "MB", right=("documents", "questions", "MB")
    )
    for kind, names in (("added", added()), ("corpora", list(CORPORA))):
        for name in names:
            base = io.home() / kind / name
            manifests = [read_manifest(path.parent) for path in sorted(base.glob("**/manifest.json"))]
            if manifests:
                documents, questions = (sum(one.counts[key] for one in manifests) for key in RECORDS[:2])
                size = sum(path.stat().st_size for path in base.rglob("*") if path.is_file()) / 1e6
                worlds = f", {len(manifests)} worlds" if len(manifests) > 1 else ""
                shown.add_row(name, f"{documents:,}", f"{questions:,}", manifests[0].builder + worlds, f"{size:,.1f}")
    OUT.print(shown if shown.row_count else "No corpus was added or built yet; `berrypick corpus add` adds one.")
    return 0


def remove(name: Name) -> int:
    """Remove an added corpus with its indexes, or what was built of one of berrypick's own.

    Args:
        name: a corpus that `berrypick corpus list` lists.
    """
    from berrypick.corpora.managing import remove as remove_corpus

    OUT.print(f"Removed {remove_corpus(name)}", markup=False, soft_wrap=True)
    return 0


def rename(
    old: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OLD")],
    new: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NEW")],
) -> int:
    """Give an added corpus another name; its audit and indexes stay.

    Args:
        old: an added corpus.
        new: what to call it: lower-case letters, digits, '.', '-', '_'.
    """
    from berrypick.corpora.managing import rename as rename_corpus

    OUT.print(f"Now {rename_corpus(old, new)}", markup=False, soft_wrap=True)
    return 0


def show(name: Name, split: str = "test", world: int = 0) -> int:
    """Show what a corpus holds and where it lies, building a registered one if it is not there.

    Args:
        name: a registered corpus, an added one, or a folder.
        split: train, dev or test; ignored by corpora of one world.
        world: number of the world; ignored by corpora of one world.
    """
    from berrypick.corpora import load

    _print_info(load(name, split, world, progress=ERR.is_terminal))
    return 0


def audit(name: Name, split: str = "test", world: int = 0, at_least: float = 0.0) -> int:
    """Find which questions can be answered by searching, on how many routes; an added corpus keeps the findings.

    Nothing is dropped from an added corpus: NAME:answerable asks only the questions that were found answerable.

    Args:
        name: a registered corpus, an added one, or a folder.
        split: train, dev or test; ignored by corpora of one world.
        world: number of the world; ignored by corpora of one world.
        at_least: exit with code 1 where a family keeps a smaller share (0 to 1) of its questions.
    """
    from berrypick.corpora import added, load
    from berrypick.corpora.answerability.audit import audit as find
    from berrypick.corpora.answerability.tables import tables
    from berrypick.corpora.managing import audit_added

    shown = ERR.is_terminal
    found = audit_added(name, progress=shown) if name in added() else find(load(name, split, world), progress=shown)
    for rows in tables(found):
        OUT.print(rows)
    short = {family: good / total for family, (good, total) in found.kept.items() if total and good / total < at_least}
    for family, share in short.items():
        ERR.print(f"berrypick: {family} keeps {share:.1%} of its questions, less than {at_least:.1%}", style="red")
    return 1 if short else 0


def _print_info(corpus: Corpus) -> None:
    from berrypick.corpora import ANSWERABLE

    manifest = corpus.manifest
    shown = table(corpus.name, "", "")
    shown.show_header = False
    numbers, of_documents = corpus.genres
    genres = Counter({genre or "document": int((of_documents == number).sum()) for genre, number in numbers.items()})
    families = Counter(question.family for question in corpus.questions)
    asked = f"; all are asked, {corpus.name}{ANSWERABLE} asks those alone" if corpus.is_loaded else ""
    audited = f"{len(corpus.answerable)} of {len(corpus.all_questions)} with a viable route{asked}"
    further = {name: count for name, count in manifest.counts.items() if count and name not in RECORDS}
    for key, value in (
        ("folder", str(corpus.path)),
        ("builder", f"{manifest.builder}, version {manifest.version}, seed {manifest.seed}"),
        ("licence", manifest.licence),
        ("documents", f"{len(corpus.documents):,} ({_counted(genres)})"),
        ("questions", f"{len(corpus.questions):,} ({_counted(families)}){_unanswered(corpus)}"),
        ("also counted", ", ".join(f"{name} {count:,}" for name, count in further.items())),
        ("audit", audited if corpus.audit else "not yet: berrypick audit " + corpus.name),
        ("fingerprint", corpus.fingerprint),
    ):
        if value:
            shown.add_row(key, value)
    OUT.print(shown)


def _unanswered(corpus: Corpus) -> str:
    count = sum(not question.answers for question in corpus.questions)
    return f"; {count:,} without answers, which are asked with reward evidence alone" if count else ""


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
