"""What is measured of one size of corpus; each step runs in a process of its own and prints JSON.

``python -m berrypick.benchmarks.studies.scale.measure STEP CORPUS``; ``benchmarks.scale`` runs them all.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
import numpy as np

from berrypick import corpora
from berrypick.corpora import store

if TYPE_CHECKING:
    from berrypick.corpora import Corpus
    from berrypick.corpora.answerability.audit import Audit
    from berrypick.corpora.engines.base import Engine
    from berrypick.corpora.store import Builder

Measured = TypeVar("Measured")
#: name -> number, and text for names.
Figures = dict[str, float]

ENGINES: Final = ("bm25", "dense")
AGENTS: Final = (
    "scripted:names-only",
    "scripted:initial-form",
    "scripted:byname",
    "scripted:reformulate-on-miss",
    "mixture",
)
TASKS: Final = 60
ROLLOUTS: Final = 4
#: Lengths of list for which recall is told; the first is what agents see.
DEPTHS: Final = (3, 10)
#: query form -> the genre that it is there to find, as the audit names them.
FORMS: Final = {"full": "profile", "initial": "roster", "byname": "chronicle", "roster": "roster", "register": "byname"}
#: Entities of the first shard, the same at every size, whose names are searched.
_NAMED: Final = 200
_PASSES: Final = 3
_MIB: Final = 2**20


def build(name: str) -> Figures:
    """Build a corpus and its indexes: seconds of each, peak memory up to then, and bytes on disk.

    The audit is left out, for the larger sizes take over that of the smallest; it is made afterwards.
    """
    from berrypick.corpora.answerability.audit import audit
    from berrypick.corpora.engines import open_engine
    from berrypick.corpora.snippets import corpus_idf
    from berrypick.envs.scoring.query_forms import lexicon

    figures: Figures = {}

    def step(label: str, make: Callable[[], Measured]) -> Measured:
        made, figures[f"build_{label}_s"] = _timed(make)
        figures[f"peak_{label}_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return made

    builder = corpora.CORPORA[name]
    if builder.audited_as:
        corpora.load(builder.audited_as)  # the audit that all sizes share
    corpus = step("corpus", lambda: _without_audit(name, builder))
    step("bm25", lambda: open_engine("bm25", corpus))
    step("dense", lambda: open_engine("dense", corpus))
    step("idf", lambda: corpus_idf(corpus))
    words = lexicon(corpus)
    step("phrases", lambda: words.take_apart("x", words.question("x"), frozenset()))
    figures["build_s"] = sum(value for key, value in figures.items() if key.startswith("build_"))
    figures["peak_mib"] = figures["peak_phrases_mib"]
    figures["documents"] = len(corpus.documents)
    figures["documents_mib"] = (corpus.path / "documents.jsonl").stat().st_size / _MIB
    for engine in ENGINES:
        files = [file for folder in (corpus.path / "index").glob(f"{engine}-*") for file in folder.iterdir()]
        figures[f"{engine}_index_mib"] = sum(file.stat().st_size for file in files) / _MIB
    if not corpus.audit:
        store.save_audit(corpus, audit(corpus).rows)
    return figures


def _without_audit(name: str, builder: Builder) -> Corpus:
    bare = replace(builder, audited=builder.audited_as != "")
    return store.open_or_build(name, bare, "test", 0)


def serve(engine: str, name: str) -> Figures:
    """Open a corpus that is there and search it: milliseconds, and resident memory afterwards.

    A query's time is the least of ``_PASSES``, each through an engine that remembers nothing: other processes only add.
    """
    from berrypick.corpora.engines import open_engine

    corpus, loaded = _timed(lambda: corpora.load(name))
    opened, seconds = _timed(lambda: open_engine(engine, corpus))
    queries = _queries(corpus)
    passes = [_times(opened, queries)]
    resident = _resident()
    del opened
    passes += [_times(open_engine(engine, corpus), queries) for _ in range(_PASSES - 1)]
    least = np.min(passes, axis=0)
    return {
        "load_ms": 1e3 * loaded,
        f"{engine}_open_ms": 1e3 * seconds,
        f"{engine}_first_ms": passes[0][0],
        f"{engine}_p50_ms": float(np.percentile(least, 50)),
        f"{engine}_p95_ms": float(np.percentile(least, 95)),
        f"{engine}_resident_mib": resident,
    }


def _times(engine: Engine, queries: Sequence[str]) -> list[float]:
    """Milliseconds of each query."""
    return [1e3 * _timed(lambda query=query: engine.search([query], DEPTHS[0]))[1] for query in queries]  # type: ignore[misc]


def quality(name: str) -> Figures:
    """Ask the audit: which questions keep a viable route, and what each form of a name finds at this size."""
    from berrypick.corpora.answerability.audit import audit

    corpus = corpora.load(name)
    figures: Figures = {}
    for depth in DEPTHS:
        found, seconds = _timed(lambda depth=depth: audit(corpus, topk=depth))  # type: ignore[misc]
        figures[f"audit{depth}_s"] = seconds
        figures |= dict(_recalls(found, depth))
        if depth == DEPTHS[0]:
            figures["viable"] = found.share
    return figures


def _recalls(found: Audit, depth: int) -> Iterator[tuple[str, float]]:
    for engine in ENGINES:
        yield f"{engine}_whole_R@{depth}", found.recall[engine][depth]
        for form, genre in FORMS.items():
            yield f"{engine}_{form}_R@{depth}", found.matrix[engine][form][genre]


def play(name: str) -> Figures:
    """Let the agents answer the questions that all sizes share."""
    from berrypick import agents
    from berrypick.benchmarks import cells
    from berrypick.benchmarks.metrics.table import metric
    from berrypick.benchmarks.suites import Cell

    figures: Figures = {}
    cell = Cell("berrypick/Almanac-v0", name, worlds=1, tasks=TASKS, rollouts=ROLLOUTS)
    for agent in AGENTS:
        tasks = cells.play(agents.make(agent), cell, 0, seed=0).tasks
        for wanted in ("EM", "hop_recall", "searches"):
            figures[f"{agent}_{wanted}"] = metric(wanted)(tasks) or 0.0
    return figures


def _queries(corpus: Corpus) -> list[str]:
    """Whole questions and names in every form, all different and the same at every size."""
    named = corpus.entities[:_NAMED]
    names = [name for entity in named for name in (entity.full, entity.initial, entity.byname)]
    return list(dict.fromkeys([*(question.text for question in corpus.questions), *names]))


def _timed(make: Callable[[], Measured]) -> tuple[Measured, float]:
    start = time.perf_counter()
    made = make()
    return made, time.perf_counter() - start


def _resident() -> float:
    """Resident memory of this process now, in MiB; the peak where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmRSS")) / 1024


#: name -> what it measures
STEPS: Final[dict[str, Callable[[str], Figures]]] = {
    "build": build,
    "bm25": lambda name: serve("bm25", name),
    "dense": lambda name: serve("dense", name),
    "quality": quality,
    "play": play,
}


def main(words: Sequence[str]) -> None:
    """Run one step of one corpus."""
    step, name = words
    sys.stdout.write(msgspec.json.encode(STEPS[step](name)).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
