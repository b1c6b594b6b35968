"""The audit: which questions can be answered with the shipped engines, on how many routes, and which forms find what.

Reachability only; running agents is the benchmarks' business. It answers the complaint that rankings of methods flip
between corpora because questions cannot be answered from the corpus at all (arXiv 2605.27881).
"""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from berrypick.corpora.answerability.probe_queries import Panel, Panels
from berrypick.corpora.answerability.probe_search import Searcher, Way, ways_to
from berrypick.corpora.answerability.reachability import Budget, Condition, Registers, routes
from berrypick.corpora.corpus import Corpus, QuestionAudit
from berrypick.corpora.engines import kinds_in

if TYPE_CHECKING:
    pass

RECALL_DEPTHS: Final = (1, 3, 5, 10)
PLAIN: Final = Condition("")
#: engine -> form -> genre -> share of (hop, place) pairs whose document the form lists
Matrix = dict[str, dict[str, dict[str, float]]]


@dataclass(frozen=True)
class Audit:
    """What the audit found.

    Attributes:
        corpus: its name.
        rows: one per question, kept or not.
        kept: family -> (questions with a viable route, questions).
        survivors: knock-out -> questions that keep a viable route under it.
        knockouts: the knock-outs that mean something in this corpus.
        routes_two_hop: mean number of viable routes of the kept questions with two hops; None without one.
        unjudged: questions without any gold plan; they are kept, for nothing can be said against them.
        recall: engine -> {k: mean recall@k of the gold documents for the whole question}; empty without gold.
        matrix: query form x genre: how often the form lists the genre's attesting document at topk.
        topk: length of the lists.
        seconds: how long the audit took, indexes included.
    """

    corpus: str
    rows: list[QuestionAudit]
    kept: dict[str, tuple[int, int]]
    survivors: dict[str, int]
    knockouts: tuple[str, ...]
    routes_two_hop: float | None
    unjudged: int
    recall: dict[str, dict[int, float]]
    matrix: Matrix
    topk: int
    seconds: float

    @property
    def share(self) -> float:
        """Share of all questions that were kept; 1 where there is no question."""
        return sum(good for good, _ in self.kept.values()) / len(self.rows) if self.rows else 1.0

    @property
    def surviving_all(self) -> int:
        """Number of questions that keep a viable route under every single knock-out."""
        return sum(bool(row.routes) for row in self.surviving())

    def surviving(self) -> list[QuestionAudit]:
        """Return the rows, without routes where some single knock-out leaves the question none."""
        return [
            row
            if {*row.survives} >= {*self.knockouts}
            else QuestionAudit(question=row.question, routes=(), survives=(), cost=0)
            for row in self.rows
        ]

    def figures(self) -> dict[str, Any]:
        """All numbers as plain JSON."""
        return {
            "corpus": self.corpus,
            "questions": len(self.rows),
            "kept": self.share,
            "families": {name: {"kept": good, "questions": all_} for name, (good, all_) in self.kept.items()},
            "survivors": self.survivors,
            "surviving_all": self.surviving_all,
            "routes_two_hop": self.routes_two_hop,
            "unjudged": self.unjudged,
            "recall": {name: {f"R@{k}": value for k, value in row.items()} for name, row in self.recall.items()},
            "matrix": self.matrix,
            "topk": self.topk,
            "seconds": round(self.seconds, 2),
        }


def audit(
    corpus: Corpus,
    *,
    engines: Sequence[str] = ("bm25", "dense"),
    topk: int = 3,
    search_budget: int = 6,
    max_turns: int = 10,
    progress: bool = False,
) -> Audit:
    """Find for every question which routes are viable with the given engines and budgets.

    Args:
        corpus: its folder receives the engines' indexes.
        engines: names of engines; a route may use all of them.
        topk: documents listed for a query.
        search_budget: most searches in an episode.
        max_turns: most turns in an episode, the answer included.
        progress: show what it is doing on standard error.
    """
    started = time.perf_counter()
    panels = Panels(corpus, [question.gold for question in corpus.all_questions])
    panel = [panels.make(question.text, question.gold) for question in corpus.all_questions]
    searcher = Searcher(corpus, engines, topk)
    registers = Registers(searcher, {query.name for each in panel for hop in each.hops for query in hop.queries})
    texts = [query.text for each in panel for hop in each.hops for query in (*hop.queries, *hop.forms)]
    texts += [each.whole for each in panel] + list(registers.queries())
    for engine in _tracked(engines, progress):
        searcher.ask(engine, texts)
    judge = _Judge(searcher, registers, Budget(search_budget, max_turns))
    rows = [judge.row(question.id, each) for question, each in zip(corpus.all_questions, panel, strict=True)]
    return Audit(
        corpus=corpus.name,
        rows=rows,
        kept=_kept(corpus, rows),
        survivors=dict(sorted(Counter(name for row in rows for name in row.survives).items())),
        knockouts=judge.knockouts,
        routes_two_hop=_mean(
            len(row.routes) for row, each in zip(rows, panel, strict=True) if row.routes and len(each.hops) == 2
        ),
        unjudged=sum(not each.hops for each in panel),
        recall=_recall(corpus, searcher),
        matrix=_matrix(panel, searcher),
        topk=topk,
        seconds=time.perf_counter() - started,
    )


def conditions(searcher: Searcher) -> list[Condition]:
    """The knock-outs that mean something here: a genre that the corpus has, an engine that is used, opening."""
    genres = [Condition(f"no_{genre}", genre=genre) for genre in searcher.masks]
    used = {kind for name in searcher.engines for kind in kinds_in(name)}
    engines = [Condition(f"no_{engine}", engine=engine) for engine in ("bm25", "dense") if engine in used]
    return [*genres, *engines, Condition("no_open", no_open=True)]


class _Judge:
    """Turns panels into rows."""

    def __init__(self, searcher: Searcher, registers: Registers, budget: Budget) -> None:
        self._searcher, self._registers, self._budget = searcher, registers, budget
        self._conditions = conditions(searcher)

    @property
    def knockouts(self) -> tuple[str, ...]:
        return tuple(condition.name for condition in self._conditions)

    def row(self, id: str, panel: Panel) -> QuestionAudit:
        if not panel.hops:
            return QuestionAudit(question=id, routes=((),), survives=(), cost=0)
        ways = {genre: self._ways(panel, genre) for genre in ("", *self._searcher.masks)}
        found = routes(panel, ways[""], self._registers, PLAIN, self._budget)
        survives = [
            condition.name
            for condition in self._conditions
            if found and routes(panel, ways[condition.genre], self._registers, condition, self._budget)
        ]
        cost = min((cost for _, cost in found), default=0)
        return QuestionAudit(question=id, routes=tuple(r for r, _ in found), survives=tuple(survives), cost=cost)

    def _ways(self, panel: Panel, masked: str) -> list[Mapping[str, Sequence[Way]]]:
        hops: list[Mapping[str, Sequence[Way]]] = []
        for hop in panel.hops:
            by_genre: dict[str, list[Way]] = defaultdict(list)
            for way in ways_to(self._searcher, hop.places, hop.queries, masked):
                by_genre[way.place.genre].append(way)
            hops.append(by_genre)
        return hops


def _dropped(row: QuestionAudit) -> QuestionAudit:
    return QuestionAudit(question=row.question, routes=(), survives=(), cost=0)


def _kept(corpus: Corpus, rows: Sequence[QuestionAudit]) -> dict[str, tuple[int, int]]:
    total = Counter(question.family for question in corpus.all_questions)
    pairs = zip(corpus.all_questions, rows, strict=True)
    good = Counter(question.family for question, row in pairs if row.routes)
    return {family: (good[family], total[family]) for family in sorted(total)}


def _recall(corpus: Corpus, searcher: Searcher) -> dict[str, dict[int, float]]:
    """Mean recall of all gold documents for the whole question as it stands."""
    import ir_measures

    qrels = {q.id: dict.fromkeys(q.qrels(), 1) for q in corpus.all_questions if q.qrels()}
    if not qrels:
        return {}
    texts = {question.id: question.text for question in corpus.all_questions if question.id in qrels}
    measures = {k: ir_measures.R @ k for k in RECALL_DEPTHS}
    recall = {}
    for engine in searcher.engines:
        run = {
            id: {corpus.documents[index].id: -float(rank) for rank, index in enumerate(searcher.deep[engine][text])}
            for id, text in texts.items()
        }
        values = ir_measures.calc_aggregate(list(measures.values()), qrels, run)
        recall[engine] = {k: float(values[measure]) for k, measure in measures.items()}
    return recall


def _matrix(panels: Sequence[Panel], searcher: Searcher) -> Matrix:
    """Mean over (hop, place): the share of a form's wordings that list the document, by the name that does best."""
    cells: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for engine in searcher.engines:
        for hop in (hop for panel in panels for hop in panel.hops):
            by_form: dict[str, dict[str, list[frozenset[int]]]] = defaultdict(lambda: defaultdict(list))
            for text, form, name in hop.forms:
                by_form[form][name].append(frozenset(searcher.top(engine, text)))
            for place in hop.places:
                for form, by_name in by_form.items():
                    shares = (sum(place.document in top for top in lists) / len(lists) for lists in by_name.values())
                    cells[engine, form, place.genre].append(max(shares))
    matrix: Matrix = {engine: defaultdict(dict) for engine in searcher.engines}
    for (engine, form, genre), values in cells.items():
        matrix[engine][form][genre] = sum(values) / len(values)
    return {engine: dict(rows) for engine, rows in matrix.items()}


def _mean(values: Iterable[int]) -> float | None:
    found = list(values)
    return sum(found) / len(found) if found else None


def _tracked(engines: Sequence[str], progress: bool) -> Iterable[str]:
    if not progress:
        return engines
    from rich.console import Console
    from rich.progress import track

    return track(engines, description="audit: asking the engines", console=Console(file=sys.stderr))
