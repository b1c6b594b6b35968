"""Nested corpora: what grows, what stays, and that no name is given twice."""

from __future__ import annotations

from functools import cache
from itertools import islice, pairwise

import pytest

from berrypick import corpora
from berrypick.corpora import CORPORA
from berrypick.corpora.answerability.audit import Audit, audit
from berrypick.corpora.builders.almanac.grammar import parse_question, read_sentence
from berrypick.corpora.builders.almanac.inventory import ADJECTIVES, POOLS
from berrypick.corpora.builders.almanac.nested import QUESTIONS, SHARD, shards
from berrypick.corpora.builders.almanac.schemes import SKEWED_SHARES
from berrypick.corpora.builders.almanac.world import name_split
from berrypick.corpora.store import Draft

SIZES = {"almanac-1k": 1, "almanac-10k": 10, "almanac-100k": 100, "almanac-large": 1000}


@cache
def written(split: str = "test", world: int = 0) -> tuple[Draft, ...]:
    return tuple(shards(split, world, count=4, shares=SKEWED_SHARES))


def test_the_sizes_are_the_first_shards_of_one_another() -> None:
    assert {name: CORPORA[name].parameters["shards"] for name in SIZES} == SIZES
    for name in ("almanac-1k", "almanac-large"):
        made = CORPORA[name].make("test", 0)
        assert not isinstance(made, Draft)
        for part, expected in zip(islice(made, 4), written(), strict=False):
            assert (part.documents, part.questions, part.entities) == (
                expected.documents,
                expected.questions,
                expected.entities,
            )


def test_a_shard_has_about_a_thousand_documents_and_only_the_first_one_questions() -> None:
    for part in written():
        assert 950 <= len(part.documents) <= 1150 and len(part.entities) == sum(SHARD.values())
    first, *others = written()
    assert len(first.questions) == 5 * QUESTIONS and not any(part.questions for part in others)
    assert all(parse_question(question.text) is not None for question in first.questions)


@pytest.mark.parametrize("split", ["train", "test"])
def test_names_titles_and_ids_are_unique_over_all_shards(split: str) -> None:
    parts = written(split)
    entities = [entity for part in parts for entity in part.entities]
    for name in ("full", "initial"):
        assert len({getattr(entity, name) for entity in entities}) == len(entities), name
    # Engines see no order of words.
    assert len({frozenset(entity.byname.split()) for entity in entities}) == len(entities)
    assert {name_split(entity.full) for entity in entities} == {split}
    documents = [document for part in parts for document in part.documents]
    assert len({document.title.casefold() for document in documents}) == len(documents)
    ids = [sorted(document.id for document in part.documents) for part in parts]
    assert all(earlier[-1] < later[0] for earlier, later in pairwise(ids))


def test_the_first_shard_is_named_from_the_inventories_of_every_world() -> None:
    first, *others = written()
    for entity in first.entities:
        pool = POOLS[entity.kind]
        assert set(entity.full.split()) <= {*pool.firsts, *pool.stems, *pool.types}
        assert set(entity.byname.split()) <= {"the", *ADJECTIVES, *pool.roles}
    stems = {stem for pool in POOLS.values() for stem in pool.stems}
    assert any(entity.full.split()[1] not in stems for part in others for entity in part.entities)


def test_sentences_of_later_shards_are_read_as_any_other() -> None:
    registers = [document for document in written()[3].documents if document.genre == "byname"]
    entities = {entity.byname: entity.full for entity in written()[3].entities}
    read = [fact for page in registers for sentence in page.sentences for fact in read_sentence(sentence)]
    assert {fact.subject: fact.object for fact in read} == entities


@cache
def audited(name: str) -> Audit:
    return audit(corpora.load(name))


def test_at_a_thousand_documents_genres_are_found_in_different_ways() -> None:
    found = audited("almanac-1k")
    for genre in ("profile", "roster", "chronicle", "byname"):
        assert max(row.get(genre, 0.0) for row in found.matrix["bm25"].values()) >= 0.8, genre
    for engine in ("bm25", "dense"):
        for form, row in found.matrix[engine].items():
            # Registers lead to evidence and hold none: bynames of three words find them as well (.58).
            found_in = sorted((share for genre, share in row.items() if genre != "byname"), reverse=True)
            assert len(found_in) < 2 or found_in[1] <= 0.4, (engine, form, row)
    for family, (kept, asked) in found.kept.items():
        assert kept / asked >= 0.8, family
    rows = [row for row in found.rows if row.routes]
    for name in ("no_profile", "no_roster", "no_chronicle", "no_bm25", "no_dense", "no_open"):
        assert sum(name in row.survives for row in rows) / len(rows) >= 0.4, name


@pytest.mark.slow
def test_a_larger_size_starts_with_the_smaller_one_and_asks_the_same() -> None:
    small, large = corpora.load("almanac-1k"), corpora.load("almanac-10k")
    assert large.documents[: len(small.documents)] == small.documents
    assert large.entities[: len(small.entities)] == small.entities
    assert (large.questions, large.audit) == (small.questions, small.audit)
