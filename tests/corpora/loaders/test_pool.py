"""Passages are kept once, titles are unique, sentences are found by their words."""

from __future__ import annotations

from berrypick.corpora.loaders.pool import Pool
from berrypick.records import Attestation


def test_identical_passages_are_merged_across_white_space_case_and_punctuation():
    pool = Pool()
    first = pool.add("Rush (band)", ["Rush is a  band.", " It has a drummer."])
    assert pool.add("Rush (Band)", ["Rush is a band. It has a drummer !"]) == first
    assert [page.sentences for page in pool.finished()] == [("Rush is a band.", "It has a drummer.")]


def test_equal_titles_over_different_texts_are_numbered_in_order():
    pool = Pool()
    for text in ("One.", "Two.", "Three."):
        pool.add("York", [text])
    pool.add("york", ["Four."])
    assert [page.title for page in pool.finished()] == ["York", "York (2)", "York (3)", "york (4)"]


def test_a_numbered_title_steps_over_one_that_is_taken():
    pool = Pool()
    pool.add("York (2)", ["One."])
    pool.add("York", ["Two."])
    pool.add("York", ["Three."])
    assert [page.title for page in pool.finished()] == ["York (2)", "York", "York (3)"]


def test_titles_without_letters_do_not_merge_passages_with_equal_text():
    pool = Pool()
    assert pool.add("!", ["Same."]) != pool.add("?", ["Same."])


def test_a_passage_without_title_is_called_by_its_id():
    pool = Pool()
    pool.add("", ["Words."], "d7")
    assert pool.finished()[0].title == "d7"


def test_a_sentence_is_found_by_its_words_and_else_the_page_stands_for_it():
    pool = Pool()
    id = pool.add("T", ["", "First one.", "Second one."])
    assert pool.place(id, " Second  one. ") == Attestation(id, 1)
    assert pool.place(id, "Third one.") == Attestation(id, None)
    assert pool.place(id, "...") == Attestation(id, None)
    assert pool.place(id, None) == Attestation(id, None)


def test_pages_link_to_the_titles_in_their_text_and_not_to_themselves():
    pool = Pool()
    pool.add("Neil Peart", ["Neil Peart played in Rush."])
    pool.add("Rush", ["A band, in no rush, with Neil Peart."])
    pool.add("Peart", ["A surname."])
    links = {page.title: page.links for page in pool.finished()}
    # "rush" in small letters is a word; "Peart" inside "Neil Peart" belongs to the longer title.
    assert links == {"Neil Peart": ("Rush",), "Rush": ("Neil Peart",), "Peart": ()}
