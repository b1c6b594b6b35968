"""Loaders of other people's formats: name -> ``load(path) -> Draft``, one file each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from berrypick.corpora.store import Draft
from berrypick.registry import Table

#: ``load(path) -> Draft``; raises BadInput with file, line or row, and field.
Loader = Callable[[Path], Draft]

LOADERS: Table[Loader] = Table("format")
LOADERS.add(
    "beir", "berrypick.corpora.loaders.beir:load", "folder: corpus.jsonl, queries.jsonl, qrels.tsv or qrels/*.tsv"
)
LOADERS.add(
    "search_r1", "berrypick.corpora.loaders.search_r1:load", "folder: corpus.jsonl (id, contents), QA .jsonl/.parquet"
)
LOADERS.add(
    "hotpotqa", "berrypick.corpora.loaders.hotpotqa:load", "JSON list: question, answer, context, supporting_facts"
)
LOADERS.add(
    "2wiki", "berrypick.corpora.loaders.two_wiki:load", "as hotpotqa, with evidences (subject, relation, object)"
)
LOADERS.add("musique", "berrypick.corpora.loaders.musique:load", "JSONL: question, paragraphs, question_decomposition")
LOADERS.add("phantomwiki", "berrypick.corpora.loaders.phantomwiki:load", "folder: articles.json, questions.json")

__all__ = ["LOADERS", "Loader"]
