"""BEIR folders (Thakur et al., NeurIPS 2021, arXiv 2104.08663), and the same with answers and supporting passages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec

from berrypick.corpora.loaders import rows
from berrypick.corpora.loaders.pool import Pool, collapse
from berrypick.corpora.store import Draft
from berrypick.errors import BadInput
from berrypick.records import Attestation, Hop, Question
from berrypick.text import sentences

_SCORE_COLUMNS = ("score", "relevance")


class Passage(msgspec.Struct):
    """One row of corpus.jsonl."""

    text: str
    id: str | int = msgspec.field(name="_id")
    title: str | None = ""


class Query(msgspec.Struct):
    """One row of queries.jsonl: BEIR's ``text``, or ``question`` with the fields after it."""

    id: str | int = msgspec.field(name="_id")
    text: str = ""
    question: str = ""
    answers: list[str] = msgspec.field(default_factory=list)
    type: str = "adhoc"
    hops: int = 1
    supporting: list[str] = msgspec.field(default_factory=list)


class Judgements(msgspec.Struct):
    """Relevant passages of one query, in the order of the files, and the splits that they were given for."""

    splits: set[str] = msgspec.field(default_factory=set)
    relevant: dict[str, None] = msgspec.field(default_factory=dict)


def load(path: Path) -> Draft:
    """Read a BEIR folder.

    A query with ``hops`` of 2 or more has one hop per supporting passage, in that order. Otherwise it has one hop and
    its relevant passages are alternatives. Queries without a relevant passage are left out, as in BEIR's own
    evaluation, and counted in ``notes["unjudged"]``. Judgements that name an absent query or passage are left out and
    counted in ``notes["dangling_judgements"]``. The names of the files in ``qrels/`` give the split; a query that is
    judged in two splits would leak from one to the other, so it is left out and counted in ``notes["in_two_splits"]``.

    Raises:
        BadInput: a row does not fit, an id repeats, or no judged query is left.
    """
    pool, ids = Pool(), {}
    for line, passage in rows.lines(rows.need(path / "corpus.jsonl", "BEIR passages"), Passage):
        id = str(passage.id)
        if id in ids:
            raise BadInput(f"id {id!r} appears twice", file=path / "corpus.jsonl", line=line, field="_id")
        ids[id] = pool.add(passage.title or "", sentences(collapse(passage.text)), id)
    queries = list(rows.lines(rows.need(path / "queries.jsonl", "BEIR queries"), Query))
    judged, dangling = _judgements(path, ids, {str(query.id) for _, query in queries})
    shared = {query for query, judgements in judged.items() if len(judgements.splits) > 1}
    questions, file = rows.Questions(id="_id", text="text", answers="answers"), path / "queries.jsonl"
    for line, query in queries:
        if str(query.id) in judged and str(query.id) not in shared:
            questions.add(_question(query, judged[str(query.id)], ids, file, line), file, line=line)
    if not questions.kept:
        raise BadInput("expected a query with a relevant passage in one split, found none", file=file)
    unjudged = sum(str(query.id) not in judged for _, query in queries)
    notes = {"unjudged": unjudged, "dangling_judgements": dangling, "in_two_splits": len(shared)}
    notes["repeated_questions"] = questions.repeated
    return Draft(documents=pool.finished(), questions=questions.kept, notes=notes)


def _judgements(folder: Path, passages: dict[str, str], queries: set[str]) -> tuple[dict[str, Judgements], int]:
    """Return the judgements by query, and the number of those that name an absent query or passage."""
    files = [folder / "qrels.tsv"] if (folder / "qrels.tsv").is_file() else sorted((folder / "qrels").glob("*.tsv"))
    if not files:
        raise BadInput("holds no judgements; expected qrels.tsv or qrels/*.tsv", file=folder)
    judged: dict[str, Judgements] = {}
    dangling = 0
    for file in files:
        split = rows.split_of(file.stem)
        for line, row in enumerate(file.read_text(encoding="utf-8-sig", errors="replace").splitlines(), 1):
            cells = row.split("\t") if "\t" in row else row.split()
            if not row.strip() or (line == 1 and cells[-1] in _SCORE_COLUMNS):
                continue
            query, passage, score = _judgement(cells, file, line)
            if query not in queries or passage not in passages:
                dangling += 1
            elif score > 0:
                judgements = judged.setdefault(query, Judgements())
                judgements.splits.add(split)
                judgements.relevant[passages[passage]] = None
    return judged, dangling


def _judgement(cells: Sequence[str], file: Path, line: int) -> tuple[str, str, float]:
    if len(cells) == 4:  # TREC's form: query, iteration, passage, score
        cells = [cells[0], *cells[2:]]
    if len(cells) != 3:
        raise BadInput(
            f"expected query-id, corpus-id, score between tabs, got {len(cells)} cells", file=file, line=line
        )
    try:
        score = float(cells[2])
    except ValueError as error:
        raise BadInput(f"{cells[2]!r} is not a number", file=file, line=line, field="score") from error
    if not math.isfinite(score):
        raise BadInput(f"expected a finite number, found {cells[2]!r}", file=file, line=line, field="score")
    return cells[0], cells[1], score


def _question(query: Query, judged: Judgements, ids: dict[str, str], file: Path, line: int) -> Question:
    text = collapse(query.question or query.text)
    for name in query.supporting:
        if name not in ids:
            raise BadInput(f"passage {name!r} is not in corpus.jsonl", file=file, line=line, field="supporting")
    places = list(dict.fromkeys(ids[name] for name in query.supporting)) or list(judged.relevant)
    groups = [[place] for place in places] if query.hops > 1 else [places]
    gold = tuple(
        Hop(
            subject="",
            relation="",
            object="",
            attestations=tuple(Attestation(document=d, sentence=None) for d in group),
        )
        for group in groups
    )
    return Question(
        id=str(query.id),
        text=text,
        family=query.type,
        answers=tuple(query.answers),
        gold=gold,
        split=next(iter(judged.splits)),
    )
