"""PhantomWiki's JSON (Gong et al., ICML 2025, arXiv 2502.20377): a fictional world with Prolog-backed questions.

Written by ``phantom-wiki-generate --article-format json --question-format json``: ``articles.json`` is a list of
``{title, article}`` with one fact a line under markdown headings; ``questions.json`` a list of ``{id, question, answer,
prolog: {query, answer}, type}`` with the bindings of the query's variables as a JSON string in ``solution_traces``
(``intermediate_answers`` before version 1).
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from berrypick.corpora.loaders import rows
from berrypick.corpora.loaders.pool import Pool, collapse
from berrypick.corpora.store import Draft
from berrypick.errors import BadInput
from berrypick.records import Attestation, Document, Hop, Question
from berrypick.text import sentences, tokens

Trace = dict[str, str | int]
# Innermost call of a goal: child(Y_2, Y_3), job(Y_4, "baker"), aggregate_all(count, distinct(son("A", Y_1)), Count_1).
_CALL = re.compile(r"(\w+)\(\s*(\"[^\"]*\"|'[^']*'|\w+)\s*,\s*(\"[^\"]*\"|'[^']*'|\w+)\s*\)")
_COUNT = re.compile(r"\b(Count_\d+)\b")
_TRACES = msgspec.json.Decoder(list[Trace])
_SINGULAR = {"children": "child", "wives": "wife"}


class Article(msgspec.Struct):
    """One page."""

    title: str
    article: str


class Prolog(msgspec.Struct):
    """The query, last goal first, and the variable that answers it."""

    query: list[str]
    answer: str


class PhantomWikiRow(msgspec.Struct):
    """One question."""

    id: str
    question: str
    answer: list[str | int]
    prolog: Prolog
    type: int
    solution_traces: str | list[Trace] = "[]"
    intermediate_answers: str | list[Trace] = "[]"


def load(path: Path) -> Draft:
    """Read a PhantomWiki folder.

    A hop is a goal of the query in the order in which a person would follow it; it is attested on its subject's page
    by the line that names relation and object, in any solution. PhantomWiki asks for all answers at once; here each of
    them is accepted. Questions without an answer are left out (``notes["unanswerable"]``); questions whose variables
    are not bound by a trace have no gold plan (``notes["without_trace"]``).

    Raises:
        BadInput: a row does not fit, or a goal or trace cannot be read.
    """
    pool, pages = Pool(), {}
    for article in rows.listed(rows.need(path / "articles.json", "articles (--article-format json)"), Article):
        id = pool.add(article.title, _facts(article.article))
        pages[collapse(article.title)] = pool.documents[id]
    questions, notes = rows.Questions(), {"unanswerable": 0, "without_trace": 0}
    file = rows.need(path / "questions.json", "questions (--question-format json)")
    for number, row in enumerate(rows.listed(file, PhantomWikiRow)):
        if not row.answer:
            notes["unanswerable"] += 1
            continue
        gold = _gold(row, pages, file, number)
        notes["without_trace"] += not gold
        answers = tuple(dict.fromkeys(str(answer) for answer in row.answer))
        question = Question(
            id=row.id, text=collapse(row.question), family=f"type{row.type}", answers=answers, gold=gold
        )
        questions.add(question, file, row=number)
    notes["repeated_questions"] = questions.repeated
    return Draft(documents=pool.finished(), questions=questions.kept, notes=notes)


def _facts(article: str) -> list[str]:
    return [part for line in article.splitlines() if not line.startswith("#") for part in sentences(line)]


def _gold(row: PhantomWikiRow, pages: dict[str, Document], file: Path, number: int) -> tuple[Hop, ...]:
    traces = _traces(row, file, number) or [{}]
    hops = []
    for position, goal in reversed(list(enumerate(row.prolog.query))):
        call = _CALL.search(goal)
        if call is None:
            field = f"[{number}].prolog.query[{position}]"
            raise BadInput(f"cannot read the goal {goal!r}", file=file, field=field)
        hop = _hop(call, _COUNT.search(goal), traces, pages)
        if hop is None:
            return ()
        hops.append(hop)
    return tuple(hops)


def _hop(
    call: re.Match[str], count: re.Match[str] | None, traces: list[Trace], pages: dict[str, Document]
) -> Hop | None:
    facts: dict[tuple[str, str], None] = {}
    for trace in traces:
        subject = _value(call[2], trace)
        object = "" if count else _value(call[3], trace)
        if subject in pages and object is not None:
            facts[subject, object] = None
    if not facts:
        return None
    relation = _SINGULAR.get(call[1], call[1].removesuffix("s") if count else call[1])
    places = {_place(pages[subject], relation, object): None for subject, object in facts}
    subject, object = next(iter(facts))
    if count:
        object = str(traces[0].get(count[1], ""))
    return Hop(subject=subject, relation=relation, object=object, attestations=tuple(places))


def _value(term: str, trace: Trace) -> str | None:
    if term[0] in "\"'":
        return collapse(term[1:-1])
    return collapse(str(trace[term])) if term in trace else None


def _place(page: Document, relation: str, object: str) -> Attestation:
    """The line with the object's words, one that names the relation first; the page where no line has them."""
    wanted, stems = set(tokens(object)), tokens(relation.replace("_", " "))
    lines = [(index, set(tokens(line))) for index, line in enumerate(page.sentences)]
    # Several objects put the relation in the plural: "sister", "sisters"; "child", "children".
    named = {i: all(any(word.startswith(stem) for word in words) for stem in stems) for i, words in lines}
    fits = [index for index, words in lines if wanted <= words and (wanted or named[index])]
    return Attestation(document=page.id, sentence=min(fits, key=lambda index: not named[index], default=None))


def _traces(row: PhantomWikiRow, file: Path, number: int) -> list[Trace]:
    for name in ("solution_traces", "intermediate_answers"):
        value: str | list[Trace] = getattr(row, name)
        if isinstance(value, list):
            traces = value
        else:
            try:
                traces = _TRACES.decode(value)
            except msgspec.DecodeError as error:
                raise BadInput(
                    f"is not a JSON list of bindings: {error}", file=file, field=f"[{number}].{name}"
                ) from error
        if traces:
            return traces
    return []
