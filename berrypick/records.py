"""The records that every layer shares. All are frozen; all have one JSON form."""

from __future__ import annotations

from typing import Literal, dataclass_transform

import msgspec


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A frozen record with a strict JSON form: unknown and missing fields are errors."""


class Document(Record):
    """One searchable page.

    Attributes:
        id: unique in its corpus.
        title: what ``open`` takes; unique in its corpus.
        sentences: the text, sentence by sentence; ``text`` joins them with a blank.
        genre: how the page came to be (profile, roster, chronicle, byname), or "" where a corpus has one kind only.
        links: titles of the documents that this page mentions.
    """

    id: str
    title: str
    sentences: tuple[str, ...]
    genre: str = ""
    links: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole text."""
        return " ".join(self.sentences)


class Attestation(Record):
    """A place that states a fact.

    Attributes:
        document: the document's id.
        sentence: index into its ``sentences``, or None where only the document is known.
        genre: the document's genre, "document" where the corpus has none.
    """

    document: str
    sentence: int | None
    genre: str = "document"


class Hop(Record):
    """One fact of a plan, with all the places that state it.

    ``subject``, ``relation`` and ``object`` are "" where a corpus does not know them.
    """

    subject: str
    relation: str
    object: str
    attestations: tuple[Attestation, ...]


class Question(Record):
    """A question with its answers and its gold plan.

    ``gold`` may be read by the audit, rewards, progress, oracle, critics and metrics only; a test enforces the list.

    Attributes:
        id: unique in its corpus.
        text: as asked.
        family: bridge, intersection, comparison, alias, inverse, or the source's own type.
        answers: canonical answer first, then accepted aliases; empty for retrieval-only sets.
        answer_type: kind of the answer (person, city, year, ...), "" where unknown.
        split: train, dev or test.
        gold: the facts the answer rests on, in order.
    """

    id: str
    text: str
    family: str
    answers: tuple[str, ...]
    gold: tuple[Hop, ...]
    answer_type: str = ""
    split: str = "test"

    @property
    def hops(self) -> int:
        """Number of facts the answer rests on."""
        return len(self.gold)

    def gold_places(self) -> tuple[Attestation, ...]:
        """Every attestation of every hop, in order."""
        return tuple(place for hop in self.gold for place in hop.attestations)

    def qrels(self) -> tuple[str, ...]:
        """Ids of all documents that attest a hop, in order of first mention."""
        return tuple(dict.fromkeys(place.document for place in self.gold_places()))


class Entity(Record):
    """The names of one entity. ``initial`` and ``byname`` are "" where it has none."""

    full: str
    initial: str = ""
    byname: str = ""
    kind: str = ""


class Hit(Record):
    """One retrieved document: its position in the corpus and its score, rounded to 1e-4."""

    index: int
    score: float


class Step(Record):
    """One step of a recorded episode.

    Attributes:
        action: the raw text that the policy wrote.
        obs_sha256: hex digest of the observation that came back, UTF-8.
        doc_ids: documents listed or opened by the step.
        scores: their scores, 0.0 for an opened page.
        tokens: cost of the action in tokens (white-space words where the agent has no tokenizer).
    """

    action: str
    obs_sha256: str
    doc_ids: tuple[str, ...]
    scores: tuple[float, ...]
    tokens: int


class Episode(Record):
    """One line of ``episodes.jsonl.gz``."""

    schema: Literal[1]
    cell: int
    question_id: str
    rollout: int
    status: Literal["ok", "error"]
    steps: tuple[Step, ...]
    answer: str | None
    reward: float
    terminated: bool
    truncated: bool
