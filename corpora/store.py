"""A corpus on disk: documents, questions, entities, qrels, audit, and a manifest with the hash of each file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import msgspec

from berrypick import io
from berrypick.corpora import documents as large
from berrypick.corpora.answerability.checks import Checks
from berrypick.corpora.corpus import Builder, Corpus, Draft, QuestionAudit
from berrypick.corpora.index_cache import index_folder
from berrypick.corpora.lazy_jsonl import Rows, line_starts
from berrypick.corpora.manifest import (
    AUDIT_FILE,
    DATA_FILES,
    LARGE,
    SCHEMA,
    Manifest,
    intact,
    read_manifest,
    remedy,
    write_manifest,
)
from berrypick.errors import BadInput, Damaged
from berrypick.records import Document, Entity, Question, Record

__all__ = [
    "AUDIT_FILE",
    "DATA_FILES",
    "Builder",
    "Corpus",
    "Draft",
    "QuestionAudit",
    "build",
    "folder_of",
    "open_or_build",
    "read",
    "save_audit",
    "write",
]

#: Corpus -> the audit of its questions.
Judge = Callable[[Corpus], Sequence[QuestionAudit]]

_ROWS: Final[dict[str, type[Record]]] = {
    "documents.jsonl": Document,
    "questions.jsonl": Question,
    "entities.jsonl": Entity,
    AUDIT_FILE: QuestionAudit,
}


def open_or_build(name: str, builder: Builder, split: str, world: int, judge: Judge | None = None) -> Corpus:
    """Read a registered corpus, building it first where it is not there; arguments as of ``build``."""
    folder = folder_of(name, builder, split, world)
    if not folder.exists():
        build(name, builder, split, world, folder, judge)
    return read(folder)


def folder_of(name: str, builder: Builder, split: str, world: int) -> Path:
    """Where a registered corpus lives; another version or another parameter is another folder."""
    key = hashlib.sha256(msgspec.json.encode([builder.version, builder.parameters], order="sorted")).hexdigest()[:8]
    which = f"{split}-{world}-{key}" if builder.worlds else key
    return io.home() / "corpora" / name / which


def build(name: str, builder: Builder, split: str, world: int, folder: Path, judge: Judge | None = None) -> None:
    """Build a registered corpus, audit it, and move it to its folder in one step.

    Args:
        name: of the corpus.
        builder: what makes it.
        split: of the world.
        world: its number.
        folder: where to.
        judge: audits what was built, where the builder asks for it.

    Raises:
        ValueError: the builder asks for an audit, and there is no judge.
    """
    if builder.audited and judge is None:
        raise ValueError(f"{name} is audited when it is built; pass a judge, or load it by berrypick.corpora.load")
    seed = world if builder.worlds else 0
    parameters = builder.parameters | ({"split": split, "world": world} if builder.worlds else {})
    with io.new_folder(folder) as target:
        write(
            target,
            builder.make(split, world),
            name=name,
            builder=name,
            version=builder.version,
            parameters=parameters,
            seed=seed,
            licence=builder.licence,
        )
        if builder.audited and judge is not None:
            corpus = read(target)
            save_audit(corpus, judge(corpus))


def write(
    folder: Path,
    draft: Draft | Iterable[Draft],
    *,
    name: str,
    builder: str,
    version: int,
    parameters: dict[str, Any],
    seed: int,
    licence: str,
) -> None:
    """Check a corpus and write its files and manifest into an existing folder.

    Args:
        folder: where to.
        draft: the corpus, or its parts in order, of which one at a time is in memory.
        name: of the corpus.
        builder: what made it.
        version: of the builder.
        parameters: of the builder.
        seed: of the builder.
        licence: of the text.

    Raises:
        BadInput: the corpus contradicts itself; nothing is written then.
    """
    import berrypick

    questions, counts = _write_rows(folder, [draft] if isinstance(draft, Draft) else draft)
    qrels = "".join(f"{q.id}\t{document}\t1\n" for q in questions for document in q.qrels())
    io.write_bytes(folder / "questions.jsonl", io.jsonl(questions))
    io.write_bytes(folder / "qrels.tsv", ("query-id\tcorpus-id\tscore\n" + qrels).encode())
    manifest = Manifest(
        schema=SCHEMA,
        name=name,
        builder=builder,
        version=version,
        parameters=parameters,
        seed=seed,
        licence=licence,
        counts=counts,
        sha256={file: io.sha256(folder / file) for file in DATA_FILES},
        package=berrypick.__version__,
    )
    write_manifest(folder, manifest)


def _write_rows(folder: Path, parts: Iterable[Draft]) -> tuple[list[Question], dict[str, int]]:
    """Write documents and entities part by part; returns the questions and what was counted."""
    checks, questions = Checks(folder), list[Question]()
    counts, notes = Counter(documents=0, questions=0, entities=0), Counter[str]()
    with ExitStack() as stack:
        pages, names = (stack.enter_context(io.writing(folder / f"{kind}.jsonl")) for kind in ("documents", "entities"))
        for part in parts:
            documents = sorted(part.documents, key=lambda document: document.id)
            checks.part(documents, part.questions)
            pages.write(io.jsonl(documents))
            names.write(io.jsonl(part.entities))
            questions += part.questions
            counts.update(documents=len(documents), questions=len(part.questions), entities=len(part.entities))
            notes.update(part.notes)
        pages.flush()
        checks.end(io.iter_jsonl(Path(pages.name), Document))
    return questions, {**counts, **notes}


def save_audit(corpus: Corpus, rows: Sequence[QuestionAudit]) -> None:
    """Store the audit's rows beside the questions and record their hash.

    Raises:
        BadInput: the folder holds another corpus by now, as after ``berrypick corpus add --force``.
    """
    folder = corpus.path
    manifest = read_manifest(folder)
    hashes = {file: manifest.sha256[file] for file in DATA_FILES}
    if any(corpus.manifest.sha256[file] != digest for file, digest in hashes.items()):
        raise BadInput("was replaced while it was audited; audit it again", file=folder)
    # First without an audit: a process killed between the writes must leave a corpus that can be read.
    write_manifest(folder, msgspec.structs.replace(manifest, sha256=hashes))
    io.write_bytes(folder / AUDIT_FILE, io.jsonl(rows))
    hashes[AUDIT_FILE] = io.sha256(folder / AUDIT_FILE)
    write_manifest(folder, msgspec.structs.replace(manifest, sha256=hashes))


def read(folder: Path) -> Corpus:
    """Read a corpus folder, checking every file against the manifest.

    Raises:
        Damaged: a file is missing, truncated or edited; the message names it.
        BadInput: a row does not fit its schema; the message names file, line and field.
    """
    manifest = read_manifest(folder)
    for name, expected in manifest.sha256.items():
        _check_file(folder / name, expected)
    audit = io.read_jsonl(folder / AUDIT_FILE, QuestionAudit) if AUDIT_FILE in manifest.sha256 else []
    corpus = Corpus(
        name=manifest.name,
        path=folder,
        manifest=manifest,
        documents=_documents(folder, manifest),
        all_questions=io.read_jsonl(folder / "questions.jsonl", Question),
        entities=_entities(folder / "entities.jsonl"),
        audit={row.question: row for row in audit},
    )
    if AUDIT_FILE in manifest.sha256 and {*corpus.audit} != {question.id for question in corpus.all_questions}:
        raise Damaged(
            f"is not the audit of these questions; {remedy(folder)}", file=folder / AUDIT_FILE, field="question"
        )
    return corpus


def _documents(folder: Path, manifest: Manifest) -> Sequence[Document]:
    path = folder / "documents.jsonl"
    if path.stat().st_size <= LARGE:
        return io.read_jsonl(path, Document)

    def fill(draft: Path) -> None:
        large.index_documents(path, draft)

    return large.Documents(path, index_folder(folder, manifest, "documents", {"version": large.VERSION}, fill))


def _entities(path: Path) -> Sequence[Entity]:
    return io.read_jsonl(path, Entity) if path.stat().st_size <= LARGE else Rows(path, Entity, line_starts(path))


def _check_file(path: Path, expected: str) -> None:
    """Raise Damaged unless a file has the hash; where one of its rows cannot be read, that row is named."""
    if not path.is_file():
        raise Damaged(f"is missing; {remedy(path.parent)}", file=path)
    if intact(path, expected):
        return
    reason = f"is not what the manifest records (truncated or edited); {remedy(path.parent)}"
    if path.name in _ROWS:
        try:
            for _ in io.iter_jsonl(path, _ROWS[path.name]):
                pass
        except BadInput as error:
            told = f"{error.reason}; the file {reason}"
            raise Damaged(told, file=path, line=error.line, field=error.field) from error
    raise Damaged(reason, file=path)
