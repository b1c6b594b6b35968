"""Diversity of the text of queries: surface controls, beside which strategies show what text alone misses.

Query words differ from question to question and with every name, so that these rise and fall with things that are no
strategy. They are computed from the first query of each episode, which every outcome keeps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np

from berrypick.benchmarks.metrics.base import FEWEST, Array, Metric, TaskOutcomes, each
from berrypick.diversity import pairs_alike
from berrypick.text import tokens

#: Longest character n-gram of chrF, and how much more recall weighs than precision (Popovic 2015).
ORDER: Final = 6
BETA: Final = 2.0
#: chrF at which two clusters are merged (arXiv 2509.21128).
ALIKE: Final = 0.60


def _queries(task: TaskOutcomes) -> list[str]:
    return [outcome.first_query for outcome in task.outcomes if outcome.first_query is not None]


def _bigrams(task: TaskOutcomes) -> float | None:
    counts = Counter(pair for query in _queries(task) for pair in pairwise(("", *tokens(query), "")))
    return pairs_alike(list(counts.values())) if counts.total() >= 2 else None


QUERY_BIGRAMS = Metric(
    "query_bigrams_D2",
    "effective number of word bigrams, order 2, in the first queries of a task; a control for surface diversity",
    each(_bigrams),
    lambda means: 1 / means[..., 0],
    needs_n=FEWEST,
)


def chrf(texts: Sequence[str]) -> Array:
    """Return the chrF of all pairs of texts, 0 to 1, the two directions averaged; shape (texts, texts).

    chrF is the F score, recall weighing ``BETA`` times as much as precision, of character n-grams up to ``ORDER``
    without white space, precision and recall averaged over the orders that both texts have (Popovic 2015).
    """
    bare = ["".join(text.split()) for text in texts]
    precisions = np.zeros((len(texts), len(texts)))
    orders = np.zeros_like(precisions)
    for order in range(1, ORDER + 1):
        counts = [Counter(text[at : at + order] for at in range(len(text) - order + 1)) for text in bare]
        column = {ngram: place for place, ngram in enumerate(dict.fromkeys(ngram for one in counts for ngram in one))}
        table = np.zeros((len(texts), len(column)))
        for row, one in zip(table, counts, strict=True):
            row[[column[ngram] for ngram in one]] = list(one.values())
        totals = table.sum(axis=1)
        shared = np.minimum(table[:, None, :], table[None, :, :]).sum(axis=2)
        both = np.outer(totals > 0, totals > 0)
        precisions += np.where(both, shared / np.maximum(totals, 1)[:, None], 0.0)
        orders += both
    precisions /= np.maximum(orders, 1)
    recalls, weight = precisions.T, BETA**2
    below = weight * precisions + recalls
    scores = np.where(below > 0, (1 + weight) * precisions * recalls / np.maximum(below, 1e-12), 0.0)
    return np.asarray((scores + scores.T) / 2)


@lru_cache(maxsize=16384)
def clusters(texts: tuple[str, ...]) -> tuple[int, ...]:
    """Number the cluster of each text: average linkage (UPGMA) of 1 - chrF, cut at ``ALIKE``."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(texts) == 1:
        return (1,)
    distances = 1 - chrf(texts)
    upper = distances[np.triu_indices(len(texts), 1)]
    return tuple(int(number) for number in fcluster(linkage(upper, "average"), 1 - ALIKE, "distance"))


def _clustered(task: TaskOutcomes) -> float | None:
    queries = Counter(_queries(task))
    if queries.total() < 2:
        return None
    texts = tuple(sorted(queries))
    sizes: Counter[int] = Counter()
    for text, number in zip(texts, clusters(texts), strict=True):
        sizes[number] += queries[text]
    return pairs_alike(list(sizes.values()))


CHRF_CLUSTERS = Metric(
    "chrf_clusters_D2",
    "effective number of clusters, order 2, of the first queries of a task: average linkage at chrF 60 "
    "(arXiv 2509.21128); a control that sees text and no strategy",
    each(_clustered),
    lambda means: 1 / means[..., 0],
    needs_n=FEWEST,
)


def _words(task: TaskOutcomes) -> list[frozenset[str]]:
    return [frozenset(tokens(query)) for query in _queries(task)]


def _columns(tasks: Sequence[TaskOutcomes]) -> Array:
    """Of each task the entropy of its first queries, then the share of each query of any task among its own."""
    of_task = [Counter(_words(task)) for task in tasks]
    names = dict.fromkeys(query for counts in of_task for query in counts)
    rows = np.full((len(tasks), len(names) + 1), np.nan)
    for row, counts in zip(rows, of_task, strict=True):
        if counts:
            shares = np.array([counts[query] for query in names]) / counts.total()
            row[0] = _entropy(shares)
            row[1:] = shares
    return rows


def _entropy(shares: Array) -> Array:
    return np.asarray(-(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=-1))


QUERY_INFORMATION = Metric(
    "query_information",
    "mutual information of question and first query, in nats (as RAGEN-2 has it for reasoning, arXiv 2604.06268): 0 "
    "where queries do not depend on the question, at most the logarithm of the number of questions",
    _columns,
    lambda means: _entropy(means[..., 1:]) - means[..., 0],
    needs_n=FEWEST,
)
