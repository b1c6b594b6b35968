"""Schemes of attestation: what each genre states, and which questions an even world asks."""

from __future__ import annotations

import pytest

from berrypick import corpora
from berrypick.corpora import CORPORA, private_worlds, store
from berrypick.corpora.answerability.audit import audit
from berrypick.corpora.builders import almanac
from berrypick.corpora.builders.almanac.schemes import GENRES, shares_of
from berrypick.errors import BadInput

KNOCKOUTS = {"no_profile", "no_roster", "no_chronicle", "no_bm25", "no_dense", "no_open"}


def test_shares_by_hand():
    assert shares_of("skewed", "test", 3) == {"profile": 0.5, "roster": 0.6, "chronicle": 0.7}
    assert shares_of("even", "train", 0) == {"profile": 1.0, "roster": 1.0, "chronicle": 1.0}
    # World 4 is the second of its turn of three: the roster is favoured; 1 - 0.75 = 0.25 is left to the others.
    assert shares_of("balanced:0.75", "dev", 4) == {"profile": 0.25, "roster": 0.75, "chronicle": 0.25}


@pytest.mark.parametrize("scheme", ["evn", "balanced", "balanced:x", "balanced:0.4", "balanced:1.1", "balanced:nan"])
def test_no_scheme(scheme: str):
    with pytest.raises(BadInput, match=r"'shares': expected skewed, even or balanced:p .*, found"):
        almanac.builder("tiny", scheme)


def test_every_genre_states_every_fact_of_an_even_world():
    made = almanac.make("train", 0, size="tiny", shares="even")
    for question in made.questions:
        for hop in question.gold:
            genres = {place.genre for place in hop.attestations}
            # A byname is looked up in the registers, or in a chronicle that states the next fact under it.
            assert {"byname"} <= genres <= {"byname", "chronicle"} if hop.relation == "alias" else genres == {*GENRES}


@pytest.mark.parametrize(("scheme", "favoured"), [("balanced:1", "profile"), ("even", None)])
def test_a_favoured_genre_leaves_nothing_to_the_others(scheme: str, favoured: str | None):
    made = almanac.make("test", 0, size="tiny", shares=scheme)
    stated = {place.genre for question in made.questions for hop in question.gold for place in hop.attestations}
    assert stated == ({favoured, "byname"} if favoured else {*GENRES, "byname"})


def test_skewed_worlds_stay_where_they_were():
    """The folder of a corpus is named by its parameters: another key would build every published world anew."""
    parameters = CORPORA["almanac-small"].parameters
    assert [*parameters] == ["size", "entities", "questions_per_family", "shares"]
    assert parameters["shares"]["test"] == {"profile": 0.5, "roster": 0.6, "chronicle": 0.7}


def test_schemes_are_recorded_and_salted_worlds_keep_theirs():
    even, skewed = almanac.builder("tiny", "even"), almanac.builder("tiny")
    assert even.parameters["scheme"] == "even" and even.parameters["shares"]["dev"] == dict.fromkeys(GENRES, 1.0)
    assert len(almanac.builder("tiny", "balanced:0.8").parameters["shares"]["dev"]) == 3
    assert {"almanac-even", "almanac-even-reworded"} <= {*private_worlds.SALTED}
    pages = {
        name: sum(page.genre == "roster" for page in almanac.salted(family, "d", "secret").make("train", 0).documents)
        for name, family in (("even", even), ("skewed", skewed))
    }
    assert pages["even"] > 1.5 * pages["skewed"], pages  # all facts on rosters instead of three in ten


def test_a_question_that_a_knock_out_makes_unanswerable_is_left_out():
    whole = corpora.load("almanac-tiny", "test", 0)
    left = store.open_or_build(
        "almanac-strict",
        almanac.builder("tiny", survives_all=True),
        "test",
        0,
        lambda corpus: audit(corpus).surviving(),
    )
    keeps = {id for id, row in whole.audit.items() if {*row.survives} >= KNOCKOUTS}
    assert {question.id for question in left.questions} == keeps
    assert 0 < len(keeps) < len(whole.questions)
    assert audit(whole).surviving_all == len(keeps)


@pytest.mark.slow
@pytest.mark.parametrize("split", corpora.SPLITS)
def test_even_worlds_keep_nearly_all_questions_under_every_knock_out(split: str):
    for world in range(2):
        corpus = corpora.load("almanac-even", split, world)
        assert len(corpus.questions) >= 0.95 * len(corpus.all_questions)
        assert all({*corpus.audit[question.id].survives} >= KNOCKOUTS for question in corpus.questions)


@pytest.mark.slow
def test_genres_of_even_worlds_are_found_in_different_ways():
    """The bars of the skewed worlds hold: each genre has a form that finds it, no form finds two."""
    for world in range(2):
        matrix = audit(corpora.load("almanac-even", "test", world)).matrix
        for genre in (*GENRES, "byname"):
            assert max(row.get(genre, 0.0) for row in matrix["bm25"].values()) >= 0.8, genre
        for engine, forms in matrix.items():
            for form, row in forms.items():
                found = sorted(row.values(), reverse=True)
                assert len(found) < 2 or found[1] <= 0.4, (engine, form, row)
