from __future__ import annotations

from berrypick.corpora.store import Corpus
from berrypick.envs.actions import Invalid, Open, Search
from berrypick.envs.scoring.progress import Progress, Sighting, first_shown, gold_info, hops_found
from berrypick.envs.scoring.trace import Turn
from berrypick.records import Attestation, Hop, Question


def turn(*shown: tuple[int, int]) -> Turn:
    return Turn("", Search("q"), "bm25", 3, tuple(dict.fromkeys(p for p, _ in shown)), (), shown, True, "")


def test_the_first_display_of_each_hop_is_kept(toy_corpus: Corpus):
    at, question = toy_corpus.position, toy_corpus.question_by_id["q1"]
    turns = [
        Turn("", Invalid("x"), "", 0, (), (), (), False, ""),
        turn((at["p1"], 0), (at["p6"], 0)),  # the right page, another sentence: nothing
        turn((at["p2"], 0), (at["c1"], 1), (at["r1"], 0)),  # the chronicle is listed before the roster
        turn((at["p1"], 1)),  # later
    ]
    assert first_shown(question, toy_corpus, turns) == (Sighting(2, 1, "c1", "chronicle"), None)
    assert hops_found(question, toy_corpus, turns) == 1
    turns.append(turn((at["p3"], 0)))
    assert first_shown(question, toy_corpus, turns)[1] == Sighting(4, 0, "p3", "profile")
    assert hops_found(question, toy_corpus, turns) == 2


def test_nothing_shown_is_nothing_found(toy_corpus: Corpus):
    question = toy_corpus.question_by_id["q1"]
    assert first_shown(question, toy_corpus, []) == (None, None)
    assert hops_found(question, toy_corpus, [turn()]) == 0


def test_without_sentences_a_page_counts_when_it_is_opened_or_shows_the_answer(toy_corpus: Corpus):
    """Page p5: "Upper Harrowgate lies in the north." "It is governed by Osric Penn."."""
    at = toy_corpus.position["p5"]
    hop = Hop("", "", "Osric Penn", (Attestation("p5", None),))
    question = Question("q", "?", "f", ("x",), (hop, hop))
    opened = Turn("", Open("Upper Harrowgate"), "", 0, (at,), (0.0,), ((at, 0), (at, 1)), True, "")
    other, telling = turn((at, 0)), turn((toy_corpus.position["p4"], 0), (at, 1))
    assert first_shown(question, toy_corpus, [other]) == (None, None), "a snippet of another sentence"
    # one display may attest several hops
    assert first_shown(question, toy_corpus, [other, telling]) == (Sighting(1, 1, "p5", "document"),) * 2
    assert first_shown(question, toy_corpus, [other, opened]) == (Sighting(1, 0, "p5", "document"),) * 2


def test_a_hop_without_an_object_is_shown_by_the_answer_of_the_question(toy_corpus: Corpus):
    at = toy_corpus.position["p5"]
    hop = Hop("", "", "", (Attestation("p5", None),))
    for answers, found in ((("O. Penn", "the osric penn"), 1), (("north",), 0), ((), 0), (("The",), 0)):
        assert hops_found(Question("q", "?", "f", answers, (hop,)), toy_corpus, [turn((at, 1))]) == found


def test_turn_by_turn_is_the_same_as_all_at_once(toy_corpus: Corpus):
    at, question = toy_corpus.position, toy_corpus.question_by_id["q2"]
    turns = [turn((at["c2"], 0)), turn((at["p3"], 0), (at["p4"], 0))]
    progress = Progress(question, toy_corpus)
    found = []
    for one in turns:
        progress.see(one)
        found.append(progress.found)
    assert found == [1, 2]
    assert tuple(progress.first) == first_shown(question, toy_corpus, turns)


def test_gold_info_names_answers_and_documents(toy_corpus: Corpus):
    assert gold_info(toy_corpus.question_by_id["q2"]) == {
        "answers": ("Maud Ellery", "M. Ellery"),
        "documents": (("p3", "c2"), ("p4",)),
    }
