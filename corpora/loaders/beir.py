"""BEIR folders (Thakur et al., NeurIPS 2021, arXiv 2104.08663), and the same with answers and supporting passages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from berrypick.corpora.loaders import rows
from berrypick.corpora.loaders.pool import Pool, collapse
from berrypick.corpora.store import Draft
from berrypick.errors import BadInput
from berrypick.records import Attestation, Hop, Question
from berrypick.text import sentences

_SPLITS = ("train", "dev", "test")


class Passage(msgspec.Struct):
    """One row of corpus.jsonl."""

    text: str
    id: str = msgspec.field(name="_id")
    title: str = ""


class Query(msgspec.Struct):
    """One row of queries.jsonl: BEIR's ``text``, or ``question`` with the fields after it."""

    id: str = msgspec.field(name="_id")
    text: str = ""
    question: str = ""
    answers: list[str] = msgspec.field(default_factory=list)
    type: str = "adhoc"
    hops: int = 1
    supporting: list[str] = msgspec.field(default_factory=list)


class Judgements(msgspec.Struct):
    """Relevant passages of one query, in the order of the file, and the split that they were given for."""

    split: str
    relevant: dict[str, None] = msgspec.field(default_factory=dict)


def load(path: Path) -> Draft:
    """Read a BEIR folder.

    A query with ``hops`` of 2 or more has one hop per supporting passage, in that order. Otherwise it has one hop and
    its relevant passages are alternatives. Queries without a relevant passage are left out, as in BEIR's own
    evaluation, and counted in ``notes["unjudged"]``. Judgements in ``qrels/train.tsv``, ``dev.tsv``, ``test.tsv`` give
    the split.

    Raises:
        BadInput: a row does not fit, an id repeats, or a judgement names a query or passage that is not there.
    """
    pool, ids = Pool(), {}
    for line, passage in rows.lines(rows.need(path / "corpus.jsonl", "BEIR passages"), Passage):
        if passage.id in ids:
            raise BadInput(f"id {passage.id!r} appears twice", file=path / "corpus.jsonl", line=line, field="_id")
        ids[passage.id] = pool.add(passage.title, sentences(collapse(passage.text)), passage.id)
    queries = list(rows.lines(rows.need(path / "queries.jsonl", "BEIR queries"), Query))
    judged = _judgements(path, ids, {query.id for _, query in queries})
    questions, file = rows.Questions(id="_id", text="text", answers="answers"), path / "queries.jsonl"
    for line, query in queries:
        if query.id in judged:
            questions.add(_question(query, judged[query.id], ids, file, line), file, line=line)
    notes = {"unjudged": len(queries) - len(questions.kept)}
    return Draft(documents=pool.finished(), questions=questions.kept, notes=notes)


def _judgements(folder: Path, passages: dict[str, str], queries: set[str]) -> dict[str, Judgements]:
    files = [folder / "qrels.tsv"] if (folder / "qrels.tsv").is_file() else sorted((folder / "qrels").glob("*.tsv"))
    if not files:
        raise BadInput("holds no judgements; expected qrels.tsv or qrels/*.tsv", file=folder)
    judged: dict[str, Judgements] = {}
    for file in files:
        split = file.stem if file.stem in _SPLITS else "test"
        for line, row in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            cells = row.split("\t")
            if not row.strip() or (line == 1 and cells[-1] == "score"):
                continue
            query, passage, score = _judgement(cells, file, line)
            for name, value, known in (("query-id", query, queries), ("corpus-id", passage, passages)):
                if value not in known:
                    raise BadInput(f"{value!r} is not in the folder's files", file=file, line=line, field=name)
            if score > 0:
                judged.setdefault(query, Judgements(split)).relevant[passages[passage]] = None
    return judged


def _judgement(cells: Sequence[str], file: Path, line: int) -> tuple[str, str, float]:
    if len(cells) != 3:
        raise BadInput(
            f"expected query-id, corpus-id, score between tabs, got {len(cells)} cells", file=file, line=line
        )
    try:
        return cells[0], cells[1], float(cells[2])
    except ValueError as error:
        raise BadInput(f"{cells[2]!r} is not a number", file=file, line=line, field="score") from error


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
        id=query.id, text=text, family=query.type, answers=tuple(query.answers), gold=gold, split=judged.split
    )
