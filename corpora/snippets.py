"""The sentence of a hit that a searcher sees: the one that says most of the query."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from berrypick import io
from berrypick.corpora.engines.ranking import indexed_text
from berrypick.corpora.index_cache import index_folder
from berrypick.corpora.store import Corpus
from berrypick.records import Document
from berrypick.text import tokens

VERSION: Final = 1
_FILE: Final = "idf.json"
_REMEMBERED_CORPORA: Final = 256

_idf: dict[str, dict[str, float]] = {}


def corpus_idf(corpus: Corpus) -> dict[str, float]:
    """Inverse document frequency of every word of a corpus: ln(1 + (N - n + 0.5) / (n + 0.5)), as in BM25.

    Computed once, stored beside the corpus and kept in memory; do not change what is returned.
    """
    key = corpus.manifest.sha256["documents.jsonl"]
    if key not in _idf:
        folder = index_folder(
            corpus.path, corpus.manifest, "idf", {"version": VERSION}, lambda draft: _build(corpus, draft)
        )
        if len(_idf) >= _REMEMBERED_CORPORA:
            del _idf[next(iter(_idf))]
        _idf[key] = msgspec.json.decode((folder / _FILE).read_bytes(), type=dict[str, float])
    return _idf[key]


def best_sentence(document: Document, query_tokens: Sequence[str], idf: Mapping[str, float]) -> int:
    """Index of the sentence with the largest sum of idf over the distinct query words in it, the earliest of equals.

    Args:
        document: the hit.
        query_tokens: ``berrypick.text.tokens`` of the query.
        idf: of the corpus, from ``corpus_idf``; other words count nothing.

    Returns:
        The index; 0 where no sentence shares a word with the query, also for a page without sentences.
    """
    known = [(word, idf[word]) for word in dict.fromkeys(query_tokens) if word in idf]
    best, most = 0, 0.0
    for index, sentence in enumerate(_lowered(document.sentences)):
        # Words of a sentence are pieces of its text: most sentences need not be taken apart.
        if _total(known, sentence) > most and (total := _total(known, _words(sentence))) > most:
            best, most = index, total
    return best


def _total(known: Sequence[tuple[str, float]], text: Container[str]) -> float:
    total = 0.0
    for word, weight in known:
        if word in text:
            total += weight
    return total


@lru_cache(maxsize=16_384)
def _lowered(sentences: tuple[str, ...]) -> list[str]:
    return [sentence.lower() for sentence in sentences]


@lru_cache(maxsize=65_536)
def _words(lowered: str) -> frozenset[str]:
    return frozenset(tokens(lowered))


def _build(corpus: Corpus, folder: Path) -> None:
    count = len(corpus.documents)
    seen = Counter(word for document in corpus.documents for word in sorted(set(tokens(indexed_text(document)))))
    idf = {word: math.log(1 + (count - n + 0.5) / (n + 0.5)) for word, n in sorted(seen.items())}
    io.write_bytes(folder / _FILE, msgspec.json.encode(idf))
