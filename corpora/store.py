"""A corpus on disk: documents, questions, entities, qrels, audit, and a manifest with the hash of each file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from berrypick import files
from berrypick.corpora import documents as large
from berrypick.corpora.checks import Checks
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
from berrypick.corpora.persisted import index_folder
from berrypick.corpora.rows import Rows, line_starts
from berrypick.errors import BadInput, Damaged
from berrypick.records import Document, Entity, Question, Record


class QuestionAudit(Record):
    """What the audit found for one question (``corpora.audit``).

    Attributes:
        question: the question's id.
        routes: viable routes, each one genre per hop; none means that the question is dropped.
        survives: knock-outs under which at least one route stays viable.
        cost: least number of searches and opens over the viable routes, 0 without one.
    """

    question: str
    routes: tuple[tuple[str, ...], ...]
    survives: tuple[str, ...]
    cost: int


_ROWS: Final[dict[str, type[Record]]] = {
    "documents.jsonl": Document,
    "questions.jsonl": Question,
    "entities.jsonl": Entity,
    AUDIT_FILE: QuestionAudit,
}


@dataclass(frozen=True)
class Draft:
    """What a builder or loader makes, before it is stored: a corpus, or a part of a large one.

    Attributes:
        documents: in any order; those of a later part have later ids.
        questions: they rest on documents of this part.
        entities: the names known.
        notes: further counts for the manifest.
    """

    documents: Sequence[Document]
    questions: Sequence[Question]
    entities: Sequence[Entity] = ()
    notes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Builder:
    """How a registered corpus is made.

    Attributes:
        make: ``make(split, world)``, a pure function of its arguments and ``parameters``; a large corpus comes in
            parts, made one after the other, so that it need not fit into memory.
        parameters: everything else the content depends on; part of the folder's name.
        version: raised whenever the same parameters give other bytes.
        licence: of the text.
        worlds: whether the corpus is a family of worlds, one per (split, number); else one corpus for all.
        audited: whether unreachable questions are found and dropped at build time.
        audited_as: name of the registered corpus whose audit holds here, "" for an audit of its own. Corpora that grow
            ask the same questions at every size: one that drops what it no longer finds would hide what size does.
    """

    make: Callable[[str, int], Draft | Iterable[Draft]]
    parameters: dict[str, Any]
    version: int
    licence: str
    worlds: bool
    audited: bool = True
    audited_as: str = ""


@dataclass(frozen=True)
class Corpus:
    """A corpus that was read. Documents are in order of id: an engine that breaks ties by position breaks them by id.

    Documents and entities are lists where their files are small, else they are decoded as they are asked for.
    """

    name: str
    path: Path
    manifest: Manifest
    documents: Sequence[Document]
    all_questions: list[Question]
    entities: Sequence[Entity]
    audit: dict[str, QuestionAudit] = field(default_factory=dict)

    @cached_property
    def questions(self) -> list[Question]:
        """The questions to ask: once audited, those with a viable route."""
        if not self.audit:
            return self.all_questions
        return [question for question in self.all_questions if self.audit[question.id].routes]

    @cached_property
    def question_by_id(self) -> dict[str, Question]:
        """Question id to question."""
        return {question.id: question for question in self.questions}

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Document id to its position."""
        if isinstance(self.documents, large.Documents):
            return self.documents.position
        return {document.id: index for index, document in enumerate(self.documents)}

    @cached_property
    def position_of_title(self) -> Mapping[str, int]:
        """Title, case-folded, to the document's position."""
        if isinstance(self.documents, large.Documents):
            return self.documents.position_of_title
        return {document.title.casefold(): index for index, document in enumerate(self.documents)}

    @cached_property
    def genres(self) -> large.Genres:
        """Genre to its number, and the number of each document's genre. Shape (documents,)."""
        documents = self.documents
        return documents.genres if isinstance(documents, large.Documents) else large.number_genres(documents)

    @cached_property
    def _genre_masks(self) -> dict[str, npt.NDArray[np.bool_]]:
        return {}

    def genre_mask(self, genre: str) -> npt.NDArray[np.bool_]:
        """True where a document is of the genre: what an engine takes as ``exclude``. Shape (documents,), read-only."""
        if genre not in self._genre_masks:
            numbers, of_documents = self.genres
            mask = of_documents == numbers.get(genre, len(numbers))
            mask.setflags(write=False)
            self._genre_masks[genre] = mask
        return self._genre_masks[genre]

    @property
    def fingerprint(self) -> str:
        """Hex digest over the hashes of the stored files, the audit's rows included: they decide what is asked."""
        joined = "".join(digest for _, digest in sorted(self.manifest.sha256.items()))
        return hashlib.sha256(joined.encode()).hexdigest()


def open_or_build(name: str, builder: Builder, split: str, world: int, *, progress: bool = False) -> Corpus:
    """Read a registered corpus, building it first where it is not there."""
    folder = folder_of(name, builder, split, world)
    if not folder.exists():
        build(name, builder, split, world, folder, progress=progress)
    return read(folder)


def folder_of(name: str, builder: Builder, split: str, world: int) -> Path:
    """Where a registered corpus lives; another version or another parameter is another folder."""
    key = hashlib.sha256(msgspec.json.encode([builder.version, builder.parameters], order="sorted")).hexdigest()[:8]
    which = f"{split}-{world}-{key}" if builder.worlds else key
    return files.home() / "corpora" / name / which


def build(name: str, builder: Builder, split: str, world: int, folder: Path, *, progress: bool = False) -> None:
    """Build a registered corpus, audit it, and move it to its folder in one step."""
    seed = world if builder.worlds else 0
    parameters = builder.parameters | ({"split": split, "world": world} if builder.worlds else {})
    with files.new_folder(folder) as target:
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
        if builder.audited:
            corpus = read(target)
            save_audit(corpus, _audit(corpus, builder, split, world, progress))


def _audit(corpus: Corpus, builder: Builder, split: str, world: int, progress: bool) -> Sequence[QuestionAudit]:
    from berrypick.corpora import load
    from berrypick.corpora.audit import audit

    if builder.audited_as:
        return [*load(builder.audited_as, split, world, progress=progress).audit.values()]
    return audit(corpus, progress=progress).rows


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
    files.write_bytes(folder / "questions.jsonl", files.jsonl(questions))
    files.write_bytes(folder / "qrels.tsv", ("query-id\tcorpus-id\tscore\n" + qrels).encode())
    manifest = Manifest(
        schema=SCHEMA,
        name=name,
        builder=builder,
        version=version,
        parameters=parameters,
        seed=seed,
        licence=licence,
        counts=counts,
        sha256={file: files.sha256(folder / file) for file in DATA_FILES},
        package=berrypick.__version__,
    )
    write_manifest(folder, manifest)


def _write_rows(folder: Path, parts: Iterable[Draft]) -> tuple[list[Question], dict[str, int]]:
    """Write documents and entities part by part; returns the questions and what was counted."""
    checks, questions = Checks(folder), list[Question]()
    counts, notes = Counter(documents=0, questions=0, entities=0), Counter[str]()
    with ExitStack() as stack:
        pages, names = (
            stack.enter_context(files.writing(folder / f"{kind}.jsonl")) for kind in ("documents", "entities")
        )
        for part in parts:
            documents = sorted(part.documents, key=lambda document: document.id)
            checks.part(documents, part.questions)
            pages.write(files.jsonl(documents))
            names.write(files.jsonl(part.entities))
            questions += part.questions
            counts.update(documents=len(documents), questions=len(part.questions), entities=len(part.entities))
            notes.update(part.notes)
        pages.flush()
        checks.end(files.iter_jsonl(Path(pages.name), Document))
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
    files.write_bytes(folder / AUDIT_FILE, files.jsonl(rows))
    hashes[AUDIT_FILE] = files.sha256(folder / AUDIT_FILE)
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
    audit = files.read_jsonl(folder / AUDIT_FILE, QuestionAudit) if AUDIT_FILE in manifest.sha256 else []
    corpus = Corpus(
        name=manifest.name,
        path=folder,
        manifest=manifest,
        documents=_documents(folder, manifest),
        all_questions=files.read_jsonl(folder / "questions.jsonl", Question),
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
        return files.read_jsonl(path, Document)

    def fill(draft: Path) -> None:
        large.index_documents(path, draft)

    return large.Documents(path, index_folder(folder, manifest, "documents", {"version": large.VERSION}, fill))


def _entities(path: Path) -> Sequence[Entity]:
    return files.read_jsonl(path, Entity) if path.stat().st_size <= LARGE else Rows(path, Entity, line_starts(path))


def _check_file(path: Path, expected: str) -> None:
    """Raise Damaged unless a file has the hash; where one of its rows cannot be read, that row is named."""
    if not path.is_file():
        raise Damaged(f"is missing; {remedy(path.parent)}", file=path)
    if intact(path, expected):
        return
    reason = f"is not what the manifest records (truncated or edited); {remedy(path.parent)}"
    if path.name in _ROWS:
        try:
            for _ in files.iter_jsonl(path, _ROWS[path.name]):
                pass
        except BadInput as error:
            told = f"{error.reason}; the file {reason}"
            raise Damaged(told, file=path, line=error.line, field=error.field) from error
    raise Damaged(reason, file=path)
