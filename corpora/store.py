"""A corpus on disk: documents, questions, entities, qrels, audit, and a manifest with the hash of each file."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from berrypick import files
from berrypick.corpora.checks import check
from berrypick.errors import BadInput, Damaged
from berrypick.records import Document, Entity, Question, Record

SCHEMA: Final = 1
DATA_FILES: Final = ("documents.jsonl", "questions.jsonl", "entities.jsonl", "qrels.tsv")
AUDIT_FILE: Final = "audit.jsonl"


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


@dataclass(frozen=True)
class Draft:
    """What a builder or loader makes, before it is stored. ``notes`` are further counts for the manifest."""

    documents: Sequence[Document]
    questions: Sequence[Question]
    entities: Sequence[Entity] = ()
    notes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Builder:
    """How a registered corpus is made.

    Attributes:
        make: ``make(split, world) -> Draft``, a pure function of its arguments and ``parameters``.
        parameters: everything else the content depends on; part of the folder's name.
        version: raised whenever the same parameters give other bytes.
        licence: of the text.
        worlds: whether the corpus is a family of worlds, one per (split, number); else one corpus for all.
        audited: whether unreachable questions are found and dropped at build time.
    """

    make: Callable[[str, int], Draft]
    parameters: dict[str, Any]
    version: int
    licence: str
    worlds: bool
    audited: bool = True


@dataclass(frozen=True)
class Corpus:
    """A corpus in memory. Documents are in order of id, so an engine that breaks ties by position breaks them by id."""

    name: str
    path: Path
    manifest: Manifest
    documents: list[Document]
    all_questions: list[Question]
    entities: list[Entity]
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
    def position(self) -> dict[str, int]:
        """Document id to its position."""
        return {document.id: index for index, document in enumerate(self.documents)}

    @cached_property
    def position_of_title(self) -> dict[str, int]:
        """Title, case-folded, to the document's position."""
        return {document.title.casefold(): index for index, document in enumerate(self.documents)}

    @cached_property
    def _genres(self) -> tuple[dict[str, int], npt.NDArray[np.uint16]]:
        """Genre to its number, and the number of each document's genre."""
        return genre_numbers(self.documents)

    @cached_property
    def _genre_masks(self) -> dict[str, npt.NDArray[np.bool_]]:
        return {}

    def genre_mask(self, genre: str) -> npt.NDArray[np.bool_]:
        """True where a document is of the genre: what an engine takes as ``exclude``. Shape (documents,), read-only."""
        if genre not in self._genre_masks:
            numbers, of_documents = self._genres
            mask = of_documents == numbers.get(genre, len(numbers))
            mask.setflags(write=False)
            self._genre_masks[genre] = mask
        return self._genre_masks[genre]

    @property
    def fingerprint(self) -> str:
        """Hex digest over the hashes of the stored files, the audit's rows included: they decide what is asked."""
        joined = "".join(digest for _, digest in sorted(self.manifest.sha256.items()))
        return hashlib.sha256(joined.encode()).hexdigest()


def genre_numbers(documents: Iterable[Document]) -> tuple[dict[str, int], npt.NDArray[np.uint16]]:
    """Number the genres in order of first mention, and say which one each document has."""
    numbers: dict[str, int] = {}
    found = array("H", (numbers.setdefault(document.genre, len(numbers)) for document in documents))
    return numbers, np.frombuffer(found, dtype=np.uint16)


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
    draft = builder.make(split, world)
    seed = world if builder.worlds else 0
    parameters = builder.parameters | ({"split": split, "world": world} if builder.worlds else {})
    with files.new_folder(folder) as target:
        write(
            target,
            draft,
            name=name,
            builder=name,
            version=builder.version,
            parameters=parameters,
            seed=seed,
            licence=builder.licence,
        )
        if builder.audited:
            from berrypick.corpora.audit import audit

            corpus = read(target)
            save_audit(corpus, audit(corpus, progress=progress).rows)


def write(
    folder: Path,
    draft: Draft,
    *,
    name: str,
    builder: str,
    version: int,
    parameters: dict[str, Any],
    seed: int,
    licence: str,
) -> None:
    """Check a draft and write its files and manifest into an existing folder."""
    import berrypick

    draft = replace(draft, documents=sorted(draft.documents, key=lambda document: document.id))
    check(draft.documents, draft.questions, folder)
    qrels = "".join(f"{q.id}\t{document}\t1\n" for q in draft.questions for document in q.qrels())
    files.write_bytes(folder / "documents.jsonl", files.jsonl(draft.documents))
    files.write_bytes(folder / "questions.jsonl", files.jsonl(draft.questions))
    files.write_bytes(folder / "entities.jsonl", files.jsonl(draft.entities))
    files.write_bytes(folder / "qrels.tsv", ("query-id\tcorpus-id\tscore\n" + qrels).encode())
    manifest = Manifest(
        schema=SCHEMA,
        name=name,
        builder=builder,
        version=version,
        parameters=parameters,
        seed=seed,
        licence=licence,
        counts={
            "documents": len(draft.documents),
            "questions": len(draft.questions),
            "entities": len(draft.entities),
            **draft.notes,
        },
        sha256={file: files.sha256(folder / file) for file in DATA_FILES},
        package=berrypick.__version__,
    )
    _write_manifest(folder, manifest)


def save_audit(corpus: Corpus, rows: Sequence[QuestionAudit]) -> None:
    """Store the audit's rows beside the questions and record their hash.

    Raises:
        BadInput: the folder holds another corpus by now, as after ``berrypick corpus add --force``.
    """
    folder = corpus.path
    manifest = _read_manifest(folder)
    hashes = {file: manifest.sha256[file] for file in DATA_FILES}
    if any(corpus.manifest.sha256[file] != digest for file, digest in hashes.items()):
        raise BadInput("was replaced while it was audited; audit it again", file=folder)
    # First without an audit: a process killed between the writes must leave a corpus that can be read.
    _write_manifest(folder, msgspec.structs.replace(manifest, sha256=hashes))
    files.write_bytes(folder / AUDIT_FILE, files.jsonl(rows))
    hashes[AUDIT_FILE] = files.sha256(folder / AUDIT_FILE)
    _write_manifest(folder, msgspec.structs.replace(manifest, sha256=hashes))


def read(folder: Path) -> Corpus:
    """Read a corpus folder, checking every file against the manifest.

    Raises:
        Damaged: a file is missing, truncated or edited; the message names it.
        BadInput: a row does not fit its schema; the message names file, line and field.
    """
    manifest = _read_manifest(folder)
    for name, expected in manifest.sha256.items():
        _check_file(folder / name, expected)
    audit = files.read_jsonl(folder / AUDIT_FILE, QuestionAudit) if AUDIT_FILE in manifest.sha256 else []
    corpus = Corpus(
        name=manifest.name,
        path=folder,
        manifest=manifest,
        documents=files.read_jsonl(folder / "documents.jsonl", Document),
        all_questions=files.read_jsonl(folder / "questions.jsonl", Question),
        entities=files.read_jsonl(folder / "entities.jsonl", Entity),
        audit={row.question: row for row in audit},
    )
    if AUDIT_FILE in manifest.sha256 and {*corpus.audit} != {question.id for question in corpus.all_questions}:
        raise Damaged(
            f"is not the audit of these questions; {_remedy(folder)}", file=folder / AUDIT_FILE, field="question"
        )
    return corpus


def _check_file(path: Path, expected: str) -> None:
    """Raise Damaged unless a file has the hash; where one of its rows cannot be read, that row is named."""
    if not path.is_file():
        raise Damaged(f"is missing; {_remedy(path.parent)}", file=path)
    if files.sha256(path) == expected:
        return
    reason = f"is not what the manifest records (truncated or edited); {_remedy(path.parent)}"
    if path.name in _ROWS:
        try:
            files.read_jsonl(path, _ROWS[path.name])
        except BadInput as error:
            told = f"{error.reason}; the file {reason}"
            raise Damaged(told, file=path, line=error.line, field=error.field) from error
    raise Damaged(reason, file=path)


def _remedy(folder: Path) -> str:
    return f"delete the folder {folder} and build or add the corpus again"


def _read_manifest(folder: Path) -> Manifest:
    path = folder / "manifest.json"
    remedy = _remedy(folder)
    if not path.is_file():
        raise Damaged(f"is missing; {remedy}", file=path)
    try:
        manifest = files.decode(path.read_bytes(), msgspec.json.Decoder(Manifest), path)
    except BadInput as error:
        raise Damaged(f"{error.reason}; {remedy}", file=path, field=error.field) from error
    if manifest.schema != SCHEMA:
        raise Damaged(f"schema {manifest.schema} is not {SCHEMA}, which this version reads; {remedy}", file=path)
    if {*manifest.sha256} - {AUDIT_FILE} != {*DATA_FILES}:
        raise Damaged(
            f"must name exactly {', '.join(DATA_FILES)} and at most {AUDIT_FILE}; {remedy}", file=path, field="sha256"
        )
    return manifest


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    files.write_bytes(
        folder / "manifest.json", msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1) + b"\n"
    )
