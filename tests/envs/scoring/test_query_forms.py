"""Names, words and forms of names, on the toy corpus."""

from __future__ import annotations

import gc

import pytest

from berrypick.corpora.store import Corpus
from berrypick.envs.scoring.query_forms import Lexicon, capitalised, lexicon, passage
from berrypick.records import Document, Entity

QUESTION = "In which city is the company where Tessa Thornwell works based?"


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        ("She works at Northern Halvard Foundry.", {"northern", "halvard", "foundry"}),
        ("Rain fell for a week.", set()),
        ("Tessa Thornwell was born in Quillport.", {"tessa", "thornwell", "quillport"}),
        ("the Lantern Poet: Tessa Thornwell.", {"lantern", "poet", "tessa", "thornwell"}),
        ("T. Thornwell.", {"t", "thornwell"}),
        ("Opened in 1845.", set()),
        ("", set()),
        ("École Ünder Straße", {"école", "ünder", "straße"}),
    ],
)
def test_capitals_count_in_running_text_and_not_at_its_start(sentence: str, names: set[str]) -> None:
    assert capitalised(sentence) == names


def form(corpus: Corpus, query: str, running: str = "") -> str:
    words = lexicon(corpus)
    question = words.question(QUESTION)
    return words.take_apart(query, question, question.names | passage(running).names).form


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Tessa Thornwell", "names:full"),
        ("thornwell TESSA, tessa", "names:full"),  # order, case and repeats change nothing
        ("where is Tessa Thornwell", "names:full"),  # stopwords are no content words
        ("T. Thornwell", "names:initial"),
        ("the Lantern Poet", "names:byname"),
        ("Tessa Thornwell, the Lantern Poet", "names"),  # two forms
        ("Thornwell", "names"),  # capitalised in the question; no whole name of an entity
        ("Osric Penn", "names:full"),  # not in the question: an entity's whole name
        ("Penn", "words"),  # part of a title and of a name that nobody has shown yet
        ("Staff of Northern Halvard Foundry", "names"),  # a whole title, number aside; more than the company's name
        ("staff", "words"),  # one word of a title is no name
        ("born in the north", "words"),
        ("", "words"),
        ("Tessa Thornwell employer", "names+words"),
        ("Osric Penn birth", "names+words"),
        # content words of the question: city, company, tessa, thornwell, works, based; 4 of 6 = 2/3
        ("Tessa Thornwell company city", "whole"),
        ("Tessa Thornwell company", "names+words"),  # 3 of 6
        ("company city works based", "whole"),
        (QUESTION, "whole"),
    ],
)
def test_form_of_a_query(toy_corpus: Corpus, query: str, expected: str) -> None:
    assert form(toy_corpus, query) == expected


def test_a_word_becomes_a_name_when_it_was_displayed_capitalised(toy_corpus: Corpus) -> None:
    assert form(toy_corpus, "Ellery") == "words"
    assert form(toy_corpus, "Ellery", "It is governed by Maud Ellery.") == "names"


def test_names_alone_are_names_even_where_they_are_most_of_the_question(toy_corpus: Corpus) -> None:
    words = lexicon(toy_corpus)
    question = words.question("Where was Tessa Thornwell born?")  # tessa, thornwell, born: the name is 2 of 3
    assert words.take_apart("Tessa Thornwell", question, question.names).form == "names:full"


def test_an_initial_that_is_a_stopword_lies_within_the_full_name() -> None:
    # tokens("A. Vale") = ["vale"], a part of {"ana", "vale"}: the full name must not read as full and initial at once.
    words = Lexicon([], [Entity("Ana Vale", "A. Vale", "", "person")])
    question = words.question("Who knows?")
    assert words.take_apart("Ana Vale", question, frozenset()).form == "names:full"
    assert words.take_apart("A. Vale", question, frozenset()).form == "names:initial"


def test_a_title_counts_without_its_number_and_up_to_its_colon() -> None:
    pages = [Document("1", "Chad: Land boundaries", ()), Document("2", "Ed Wood (film)", ())]
    words = Lexicon(pages, [])
    question = words.question("Who knows?")
    assert words.take_apart("Chad", question, frozenset()).form == "names"
    assert words.take_apart("ed wood", question, frozenset()).form == "names"
    assert words.take_apart("land boundaries", question, frozenset()).form == "words"
    assert words.take_apart("Chad boundaries", question, frozenset()).form == "names+words"


def test_a_page_without_sentences_displays_nothing_but_its_title() -> None:
    words = Lexicon([Document("1", "Ed Wood", ())], [])
    assert words.sentence(0, 0).words == frozenset()
    assert words.title(0).normalised == "ed wood"
    assert words.links(0).normalised == ""


def test_the_lexicon_is_kept_with_its_corpus_and_dropped_with_it(toy_corpus: Corpus) -> None:
    from dataclasses import replace

    from berrypick.envs.scoring import query_forms

    assert lexicon(toy_corpus) is lexicon(toy_corpus)
    other = replace(toy_corpus)
    lexicon(other)
    key = id(other)
    assert key in query_forms._LEXICONS
    del other
    gc.collect()
    assert key not in query_forms._LEXICONS
