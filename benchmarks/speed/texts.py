"""Corpora and queries of made-up words, as many as it takes: nothing here is asked twice unless that is the point."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from berrypick import seeding
from berrypick.corpora import store
from berrypick.corpora.store import Corpus, Draft
from berrypick.records import Attestation, Document, Hop, Question
from berrypick.text import STOPWORDS

WORDS: Final = [f"w{number}" for number in range(10_000)]
#: Zipf's law without its first ranks: those are stopwords, of which engines see nothing.
_WEIGHTS: Final = 1 / (np.arange(1, len(WORDS) + 1) + len(STOPWORDS))
_SHARES: Final = _WEIGHTS / _WEIGHTS.sum()
_CHUNK: Final = 4096
_QUERY_WORDS: Final = 4
_QUESTIONS: Final = 500


def synthetic(folder: Path, count: int, index: int) -> Corpus:
    """Write a corpus of Zipf-distributed words, about 60 a document, and read it back.

    Lengths differ as in real text: documents of one length score alike in hundreds, and such groups are fetched whole.

    Args:
        folder: where to; must not exist.
        count: number of documents.
        index: another one gives other text.
    """
    draw = seeding.rng(0, "test", index)
    sentences = draw.integers(2, 9, size=count)
    lengths = draw.integers(4, 21, size=sentences.sum())
    words = iter(draw.choice(len(WORDS), size=lengths.sum(), p=_SHARES).tolist())
    made = iter([" ".join(WORDS[next(words)] for _ in range(length)) for length in lengths.tolist()])
    documents = [
        Document(f"d{n:07}", f"Page {index}.{n}", tuple(next(made) for _ in range(several)))
        for n, several in enumerate(sentences.tolist())
    ]
    questions = [_question(document) for document in documents[:: max(count // _QUESTIONS, 1)]]
    folder.mkdir()
    draft = Draft(documents, questions)
    store.write(folder, draft, name="synthetic", builder="speed", version=1, parameters={}, seed=0, licence="CC0-1.0")
    return store.read(folder)


def _question(document: Document) -> Question:
    hop = Hop("", "", "", (Attestation(document.id, 0), Attestation(document.id, 1)))
    return Question(f"q-{document.id}", f"Which page says {document.sentences[0]}?", "made", (document.title,), (hop,))


def queries(index: int, *, common: bool = True) -> Iterator[str]:
    """Yield queries of 4 distinct words without end, no two alike.

    Args:
        index: of the stream; another one has other queries.
        common: words as frequent as in the text, else all alike.
    """
    draw = seeding.rng(1, "test", index)
    seen: set[str] = set()
    while True:
        drawn = draw.choice(len(WORDS), size=(_CHUNK, _QUERY_WORDS), p=_SHARES if common else None)
        for row in drawn.tolist():
            query = " ".join(WORDS[word] for word in row)
            # Engines drop repeated words.
            if len(set(row)) == _QUERY_WORDS and query not in seen:
                seen.add(query)
                yield query
