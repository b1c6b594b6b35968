"""What a corpus is: as a builder makes it, and as it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from berrypick.corpora.documents import Documents, Genres, number_genres
from berrypick.corpora.manifest import Manifest
from berrypick.records import Document, Entity, Question, Record

#: What the builder of a user's corpus begins with in its manifest; the format follows.
LOADED: Final = "loader:"


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
        survives_all: whether the questions that lose every route under some knock-out are dropped, too.
    """

    make: Callable[[str, int], Draft | Iterable[Draft]]
    parameters: dict[str, Any]
    version: int
    licence: str
    worlds: bool
    audited: bool = True
    audited_as: str = ""
    survives_all: bool = False


@dataclass(frozen=True)
class Corpus:
    """A corpus that was read. Documents are in order of id: an engine that breaks ties by position breaks them by id.

    Documents and entities are lists where their files are small, else they are decoded as they are asked for.
    ``answerable_only`` leaves out of a user's corpus what the audit found no route for: ``load("NAME:answerable")``.
    """

    name: str
    path: Path
    manifest: Manifest
    documents: Sequence[Document]
    all_questions: list[Question]
    entities: Sequence[Entity]
    audit: dict[str, QuestionAudit] = field(default_factory=dict)
    answerable_only: bool = False

    @property
    def is_loaded(self) -> bool:
        """Whether a user brought the corpus, rather than a builder here made it."""
        return self.manifest.builder.startswith(LOADED)

    @cached_property
    def answerable(self) -> list[Question]:
        """The questions with a viable route; all where there was no audit."""
        if not self.audit:
            return self.all_questions
        return [question for question in self.all_questions if self.audit[question.id].routes]

    @cached_property
    def questions(self) -> list[Question]:
        """The questions to ask: those with a viable route in built corpora, all of them in a user's own.

        There the audit marks and does not choose what is asked, unless ``answerable_only`` says so.
        """
        return self.all_questions if self.is_loaded and not self.answerable_only else self.answerable

    @cached_property
    def question_by_id(self) -> dict[str, Question]:
        """Question id to question."""
        return {question.id: question for question in self.questions}

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Document id to its position."""
        if isinstance(self.documents, Documents):
            return self.documents.position
        return {document.id: index for index, document in enumerate(self.documents)}

    @cached_property
    def position_of_title(self) -> Mapping[str, int]:
        """Title, case-folded, to the document's position."""
        if isinstance(self.documents, Documents):
            return self.documents.position_of_title
        return {document.title.casefold(): index for index, document in enumerate(self.documents)}

    @cached_property
    def genres(self) -> Genres:
        """Genre to its number, and the number of each document's genre. Shape (documents,)."""
        documents = self.documents
        return documents.genres if isinstance(documents, Documents) else number_genres(documents)

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
