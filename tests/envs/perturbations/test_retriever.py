"""A retriever outside of episodes meets the knock-outs and faults of the environments."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from berrypick.corpora.engines import open_engine
from berrypick.corpora.store import Corpus
from berrypick.envs.perturbations.retriever import Retriever, Search
from berrypick.envs.worlds import World
from berrypick.errors import BadInput
from berrypick.registry import UnknownName

QUERY = "Northern Halvard Foundry"


@pytest.fixture(scope="module")
def world(toy_corpus: Corpus) -> World:
    return World(toy_corpus)


def ids(world: World, retriever: Retriever, searches: Sequence[Search]) -> list[list[str] | None]:
    documents = world.corpus.documents
    return [
        None if found.hits is None else [documents[hit.index].id for hit in found.hits]
        for found in retriever.search(searches)
    ]


def test_without_conditions_it_is_the_engine(world: World, toy_corpus: Corpus):
    searches = [Search(QUERY, 3), Search("Tessa", 1), Search("nowhere", 2)]
    found = Retriever(world, "bm25").search(searches)
    engine = open_engine("bm25", toy_corpus)
    assert [each.hits for each in found] == [engine.search([each.query], each.k)[0] for each in searches]
    assert [each.faults for each in found] == [(), (), ()]


def test_a_knocked_out_genre_is_not_listed_and_cannot_be_opened(world: World):
    retriever = Retriever(world, "bm25", ["no_chronicle"])
    (plain,), (masked,) = (ids(world, each, [Search(QUERY, 10)]) for each in (Retriever(world, "bm25"), retriever))
    assert plain is not None and masked == [name for name in plain if not name.startswith("c")] != plain
    hidden = [doc.id for position, doc in enumerate(world.corpus.documents) if retriever.is_hidden(position)]
    assert hidden == ["c1", "c2"]


def test_a_knocked_out_engine_refuses_and_another_answers(world: World):
    assert "bm25" in Retriever(world, "bm25", ["no_bm25"]).refusal
    assert Retriever(world, "bm25", ["no_bm25"]).search([Search(QUERY, 1)])[0].hits is None
    assert Retriever(world, "bm25", ["no_dense"]).refusal == ""
    assert "hybrid" in Retriever(world, "hybrid", ["no_dense"]).refusal


@pytest.mark.parametrize("name", ["no_favourite:bm25/words", "renamed", "reworded"])
def test_what_depends_on_the_question_is_refused(world: World, name: str):
    with pytest.raises(BadInput, match="depends on the question") as error:
        Retriever(world, "bm25", [name])
    assert error.value.field == "knockouts"


def test_unknown_names_are_refused(world: World):
    with pytest.raises(UnknownName, match="no_profile"):
        Retriever(world, "bm25", ["no_profil"])
    with pytest.raises(UnknownName, match="shuffled"):
        Retriever(world, "bm25", (), ["shufled"])


def test_the_same_seed_and_number_give_the_same_faults(world: World):
    retriever = Retriever(world, "bm25", (), ["dropout:0.5"])
    searches = [Search(QUERY, 5, seed, number) for seed in range(3) for number in range(20)]
    once, again = ids(world, retriever, searches), ids(world, retriever, searches)
    assert once == again
    assert len({tuple(each or ()) for each in once}) > 3
    alone = [ids(world, retriever, [search])[0] for search in searches]
    assert alone == once


def test_errors_come_as_often_as_asked_for_and_are_named(world: World):
    found = Retriever(world, "bm25", (), ["error:0.25"]).search([Search(QUERY, 2, 0, n) for n in range(400)])
    failed = [each for each in found if each.hits is None]
    assert 70 <= len(failed) <= 130
    assert {each.faults for each in failed} == {("error:0.25",)}


def test_stale_repeats_the_search_before(world: World):
    retriever = Retriever(world, "bm25", (), ["stale"])
    assert retriever.needs_previous
    first, second = ids(world, retriever, [Search(QUERY, 2), Search("Corin Vale", 2, before=QUERY)])
    assert first == []
    assert [second] == ids(world, Retriever(world, "bm25"), [Search(QUERY, 2)])


def test_shuffled_works_on_the_depth_of_the_environments_in_any_batch(world: World):
    retriever = Retriever(world, "bm25", (), ["shuffled"])
    search = Search(QUERY, 2, 5, 1)
    (alone,) = ids(world, retriever, [search])
    (beside, _) = ids(world, retriever, [search, Search(QUERY, 90)])
    assert alone == beside


def test_latency_adds_up(world: World):
    assert Retriever(world, "bm25", (), ["latency:250"]).seconds == 0.25
