"""The audit over engines whose lists are written by hand, and over real ones."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from berrypick.corpora import added, load, store
from berrypick.corpora.adding import add
from berrypick.corpora.answerability.audit import Audit, audit
from berrypick.corpora.answerability.probe_search import Searcher
from berrypick.corpora.answerability.tables import tables
from berrypick.corpora.managing import audit_added
from berrypick.corpora.store import Corpus, Draft
from berrypick.errors import BadInput
from berrypick.records import Attestation, Document, Entity, Hit, Hop, Question


class Listed:
    """An engine that lists what it was told to list."""

    name = "listed"

    def __init__(self, corpus: Corpus, lists: dict[str, list[str]]) -> None:
        self._lists = {text: [corpus.position[id] for id in ids] for text, ids in lists.items()}

    def search(self, queries: Sequence[str], k: int, exclude: np.ndarray | None = None) -> list[list[Hit]]:
        found = [[i for i in self._lists.get(text, []) if exclude is None or not exclude[i]] for text in queries]
        return [[Hit(index, 1.0 / (rank + 1)) for rank, index in enumerate(each[:k])] for each in found]


@pytest.fixture
def audited(toy_corpus, monkeypatch):
    """``audited(question ids, engine -> query -> documents, ...) -> (Audit, rows by question)``."""

    def run(questions, lists, corpus=toy_corpus, **options) -> tuple[Audit, dict]:
        monkeypatch.setattr(
            "berrypick.corpora.answerability.probe_search.open_engine", lambda name, corpus: Listed(corpus, lists[name])
        )
        some = replace(corpus, all_questions=[q for q in corpus.all_questions if q.id in questions], audit={})
        found = audit(some, engines=tuple(lists), **options)
        return found, {row.question: row for row in found.rows}

    return run


Q1 = "In which city is the company where Tessa Thornwell works based?"


def test_pages_titled_in_the_question_are_opened_and_their_links_followed(audited):
    _, rows = audited({"q1"}, {"bm25": {}, "dense": {}})
    # p1 stands in the question: one open. It links to p3: another.
    assert rows["q1"].routes == (("profile", "profile"),)
    assert rows["q1"].cost == 2
    assert rows["q1"].survives == ("no_roster", "no_chronicle", "no_bm25", "no_dense")


def test_a_snippet_that_is_the_sentence_saves_the_open(audited):
    # Most of the words are in p1's first sentence, so that is the snippet; the fact is in its second.
    lists = {"T. Thornwell": ["p1"], "Northern Halvard Foundry": ["p3"]}
    _, rows = audited({"q1"}, {"bm25": lists})
    # p1: open (1); p3: its first sentence names the foundry, so one search shows it, one open by the link as well.
    assert rows["q1"].cost == 2
    assert rows["q1"].survives == ("no_roster", "no_chronicle", "no_bm25")
    _, rows = audited({"q1"}, {"bm25": lists | {Q1: ["r1"]}})
    assert rows["q1"].routes == (("profile", "profile"), ("roster", "profile"))
    # roster: one search shows "T. Thornwell.", another p3; no page is opened.
    assert rows["q1"].survives == ("no_roster", "no_chronicle", "no_bm25", "no_open")


def test_a_byname_costs_a_look_up_that_must_succeed(audited):
    found = {"the Lantern Poet": ["c1"], "Northern Halvard Foundry": ["p3"]}
    _, rows = audited({"q1"}, {"bm25": found})
    assert ("chronicle", "profile") not in rows["q1"].routes
    _, rows = audited({"q1"}, {"bm25": found | {"Tessa Thornwell": ["b1"]}})
    assert ("chronicle", "profile") in rows["q1"].routes
    # Look-up, chronicle, p3: three searches. Two are too few.
    _, rows = audited({"q1"}, {"bm25": found | {"Tessa Thornwell": ["b1"]}}, search_budget=2)
    assert ("chronicle", "profile") not in rows["q1"].routes


def test_without_opening_the_register_must_show_the_entry_itself(audited):
    lists = {"the Lantern Poet": ["c1"], "Tessa Thornwell": ["b1"], "Northern Halvard Foundry": ["p3"]}
    _, rows = audited({"q1"}, {"bm25": lists})
    # "Tessa Thornwell" is in the register's first sentence, so the snippet is her entry.
    assert "no_open" in rows["q1"].survives
    del lists["Tessa Thornwell"]
    _, rows = audited({"q1"}, {"bm25": lists})
    assert "no_open" not in rows["q1"].survives


def test_a_register_is_asked_by_the_full_name_that_an_initial_form_leads_to(tmp_path, audited):
    pages = [
        Document("b1", "Register", ("the Poet: Tessa Thorn.",), "byname"),
        Document("c1", "Spring 1845", ("The Poet moved to Ely.",), "chronicle"),
    ]
    hop = Hop("Tessa Thorn", "moved", "Ely", (Attestation("c1", 0, "chronicle"),))
    entities = [Entity("Tessa Thorn", "T. Thorn", "the Poet"), Entity("Ely")]
    corpus = plain_corpus(
        tmp_path, pages, [Question("q", "Where did T. Thorn move?", "alias", ("Ely",), (hop,))], entities
    )
    lists = {"Tessa Thorn": ["b1"], "the Poet": ["c1"]}
    _, rows = audited({"q"}, {"bm25": lists}, corpus)
    # Her name in full, the register, the chronicle.
    assert (rows["q"].routes, rows["q"].cost) == ((("chronicle",),), 3)
    _, rows = audited({"q"}, {"bm25": lists}, corpus, search_budget=2)
    assert rows["q"].routes == ()


def test_a_place_without_sentence_is_found_by_any_display(tmp_path, audited):
    page = Document("d1", "Ann Lee", ("Ann Lee was born.", "She died in Ely."))
    hops = tuple(Hop("", "", "", (Attestation("d1", sentence),)) for sentence in (0, None))
    corpus = plain_corpus(tmp_path, [page], [Question("q", "Of Ann Lee?", "bridge", ("Ely",), hops)])
    _, rows = audited({"q"}, {"bm25": {"Ann Lee": ["d1"]}}, corpus)
    assert rows["q"].cost == 1


def test_turns_bound_searches_and_opens_together(audited):
    _, rows = audited({"q1"}, {"bm25": {}}, max_turns=2)
    # Two opens and the answer are three turns.
    assert rows["q1"].routes == ()
    assert rows["q1"].survives == () and rows["q1"].cost == 0
    _, rows = audited({"q1"}, {"bm25": {}}, max_turns=3)
    assert rows["q1"].routes == (("profile", "profile"),)


def test_names_become_known_by_what_was_read(audited):
    # The question says "the Lantern Poet". "Tessa Thornwell" would find her page, but only the register gives it.
    page = {"Tessa Thornwell": ["p1"]}
    _, rows = audited({"q3"}, {"bm25": page})
    assert rows["q3"].routes == ()
    _, rows = audited({"q3"}, {"bm25": page | {"the Lantern Poet": ["b1"]}})
    assert rows["q3"].routes == (("byname", "profile"),)
    assert rows["q3"].cost == 2


def test_masked_pages_leave_their_ranks_to_others(audited):
    # Under no_profile the roster page rises from rank 4 to rank 1.
    lists = {"T. Thornwell": ["p1", "p2", "p4", "r1"], "Northern Halvard Foundry": ["c2"]}
    _, rows = audited({"q1"}, {"bm25": lists})
    assert ("roster", "chronicle") not in rows["q1"].routes
    assert "no_profile" in rows["q1"].survives


def test_a_refused_engine_leaves_the_other(audited):
    lists = {"T. Thornwell": ["r1"], "Northern Halvard Foundry": ["c2"]}
    _, rows = audited({"q1"}, {"bm25": lists, "dense": {}}, max_turns=3)
    # Each of these is two moves and the answer; c2 in place of p3 is as near as p1 by its title.
    assert rows["q1"].routes == (("profile", "chronicle"), ("profile", "profile"), ("roster", "chronicle"))
    # Without bm25 only opening is left, without opening only bm25.
    assert rows["q1"].survives == ("no_profile", "no_roster", "no_chronicle", "no_bm25", "no_dense", "no_open")
    _, rows = audited({"q1"}, {"bm25": {}, "dense": lists}, max_turns=3)
    assert rows["q1"].survives == ("no_profile", "no_roster", "no_chronicle", "no_bm25", "no_dense", "no_open")


def test_figures_by_hand(audited):
    found, _ = audited({"q1", "q2", "q3"}, {"bm25": {Q1: ["p1", "p2", "p3", "p4"]}})
    # q1 by opens; q2 names Northern Halvard Foundry: open it, then Quillport by its link; q3 needs a search.
    assert found.kept == {"alias": (0, 1), "bridge": (2, 2)}
    assert found.share == 2 / 3
    assert found.routes_two_hop == 1.0
    # Gold of q1: p1 r1 c1 p3 c2 (5); R@1 = 1/5, R@3 = 2/5, and 0 for q2 and q3: means over three questions.
    assert found.recall["bm25"] == pytest.approx({1: 0.2 / 3, 3: 0.4 / 3, 5: 0.4 / 3, 10: 0.4 / 3})
    figures = found.figures()
    assert figures["families"]["bridge"] == {"kept": 2, "questions": 2}
    assert figures["recall"]["bm25"]["R@3"] == pytest.approx(0.4 / 3)
    assert figures["survivors"]["no_bm25"] == 2


def test_the_matrix_by_hand(audited):
    lists = {"T. Thornwell": ["r1"], "Tessa Thornwell": ["p1", "c1"], "the Lantern Poet": ["b1", "p1"], Q1: ["p3"]}
    lists |= {"Northern Halvard Foundry": ["p3"], "N. Halvard Foundry": []}
    found, _ = audited({"q1"}, {"bm25": lists})
    matrix = found.matrix["bm25"]
    # Two hops, one profile place each: p1 by Tessa's full name, p3 by the foundry's. Rosters: r1; chronicles: c1, c2.
    assert matrix["full"] == {"profile": 1.0, "roster": 0.0, "chronicle": 0.5}
    assert matrix["initial"] == {"profile": 0.0, "roster": 1.0, "chronicle": 0.0}
    # The foundry has no byname: only the first hop counts.
    assert matrix["byname"] == {"profile": 1.0, "roster": 0.0, "chronicle": 0.0}
    assert matrix["whole"] == {"profile": 0.5, "roster": 0.0, "chronicle": 0.0}


def test_wordings_of_a_form_are_averaged(audited, monkeypatch):
    class Words:
        def phrases(self, relation):
            return ("works at", "is paid by") if relation == "works_at" else ()

        def noun(self, relation):
            return "employer" if relation == "works_at" else ""

        def titles(self, relation, name):
            return (("roster", f"Staff of {name}"),) if relation == "works_at" else ()

        def lookup(self, name):
            return ""

    for module in ("probe_queries", "reachability"):
        monkeypatch.setattr(f"berrypick.corpora.answerability.{module}.wording_of", lambda corpus: Words())
    lists = {"Tessa Thornwell works at": ["p1"], "employer Tessa Thornwell": ["r1"]}
    lists |= {"Staff of Northern Halvard Foundry": ["r1", "c1"]}
    found, _ = audited({"q1"}, {"bm25": lists})
    matrix = found.matrix["bm25"]
    assert matrix["full+words"] == {"profile": 0.5, "roster": 0.0, "chronicle": 0.0}
    assert matrix["noun+full"] == {"profile": 0.0, "roster": 1.0, "chronicle": 0.0}
    assert matrix["roster"] == {"profile": 0.0, "roster": 1.0, "chronicle": 1.0}


def plain_corpus(tmp_path, documents, questions, entities: Sequence[Entity] = ()) -> Corpus:
    draft = Draft(documents, questions, entities)
    store.write(tmp_path, draft, name="plain", builder="x", version=1, parameters={}, seed=0, licence="x")
    return store.read(tmp_path)


def test_without_entities_hops_are_taken_in_the_order_that_works(tmp_path, audited):
    pages = [
        Document("d1", "Ann Lee", ("Ann Lee was born in Ely.",)),
        Document("d2", "Blue Song (album)", ("Blue Song was sung by Ann Lee.",)),
    ]
    hops = tuple(Hop("", "", "", (Attestation(page.id, 0),)) for page in pages)
    question = Question("q", "Where was the singer of Blue Song born?", "bridge", ("Ely",), hops)
    corpus = plain_corpus(tmp_path, pages, [question])
    lists = {"Blue Song": ["d2"], "Ann Lee": ["d1"]}
    _, rows = audited({"q"}, {"bm25": lists}, corpus)
    # First the song, whose sentence names the singer, then her page, though the source lists her page first.
    assert (rows["q"].routes, rows["q"].cost) == ((("document", "document"),), 2)
    assert rows["q"].survives == ("no_open",)
    _, rows = audited({"q"}, {"bm25": {"Ann Lee": ["d1"]}}, corpus)
    assert rows["q"].routes == ()


def test_questions_without_evidence_are_kept_and_counted(tmp_path, audited):
    corpus = plain_corpus(tmp_path, [Document("d", "T", ("S.",))], [Question("q", "Who?", "qa", ("Ann",), ())])
    found, rows = audited({"q"}, {"bm25": {}}, corpus)
    assert (rows["q"].routes, rows["q"].survives, found.unjudged) == (((),), (), 1)
    assert found.recall == {} and found.share == 1.0


def test_masked_lists_are_the_engines_own(toy_corpus, monkeypatch):
    """Cutting masked documents out of a deeper list must not differ from asking under the mask."""
    monkeypatch.setattr("berrypick.corpora.answerability.probe_search.DEPTH", 3)
    searcher = Searcher(toy_corpus, ("bm25", "dense"), 3)
    texts = ["Northern Halvard Foundry", "Quillport Upper Harrowgate Osric Penn", "the", "poet"]
    for engine in searcher.engines:
        searcher.ask(engine, texts)
        for genre, mask in searcher.masks.items():
            hits = searcher._open[engine].search(texts, 3, mask)
            assert [searcher.top(engine, text, genre) for text in texts] == [
                tuple(hit.index for hit in found) for found in hits
            ]
    assert set(searcher.masks) == {"profile", "roster", "chronicle"}


def test_rows_and_tables_with_real_engines(toy_corpus):
    found = audit(toy_corpus)
    assert [row.question for row in found.rows] == ["q1", "q2", "q3"]
    assert found.share == 1.0
    console = Console(width=120, record=True, file=open(os.devnull, "w"))
    for table in tables(found):
        console.print(table)
    text = console.export_text()
    assert all(word in text for word in ("bridge", "100.0%", "no_profile", "R@10", "bm25: hop recall@3", "roster"))


def test_another_hash_seed_gives_the_same_rows(toy_corpus):
    code = (
        "import sys, msgspec; from pathlib import Path; from berrypick.corpora import store; "
        "from berrypick.corpora.answerability.audit import audit; "
        "found = audit(store.read(Path(sys.argv[1])), engines=('bm25',)); "
        "figures = found.figures() | {'seconds': 0}; "
        "sys.stdout.buffer.write(msgspec.json.encode([found.rows, figures]))"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code, str(toy_corpus.path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1] != b""


def test_an_added_corpus_is_audited_where_it_lies(tmp_path, monkeypatch, pytestconfig):
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path))
    add("mine", "hotpotqa", pytestconfig.rootpath / "tests/data/formats/hotpotqa.json")
    assert load("mine").audit == {}
    found = audit_added("mine")
    assert added() == ["mine"]
    assert load("mine").audit == {row.question: row for row in found.rows}
    assert all(row.routes for row in found.rows)
    with pytest.raises(BadInput, match="audited when it was built"):
        audit_added("almanac-tiny")


def test_an_entity_without_other_names_needs_no_look_up(tmp_path, audited):
    pages = [Document("d1", "Ely", ("Ely is a city.",)), Document("d2", "Ann", ("Ann lives in Ely.",))]
    question = Question(
        "q", "Where does Ann live?", "bridge", ("Ely",), (Hop("Ann", "in", "Ely", (Attestation("d2", 0),)),)
    )
    corpus = plain_corpus(tmp_path, pages, [question], [Entity("Ann"), Entity("Ely")])
    _, rows = audited({"q"}, {"bm25": {"Ann": ["d2"]}}, corpus)
    assert (rows["q"].routes, rows["q"].cost) == ((("document",),), 1)
