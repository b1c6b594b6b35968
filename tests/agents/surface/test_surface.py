"""Scripts without a grammar: what they read off a question and a page, and how they play a user's corpus."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from berrypick import agents
from berrypick.agents.base import EpisodeView
from berrypick.agents.surface import asking, following, reading
from berrypick.agents.surface.scripts import SCRIPTS
from berrypick.benchmarks import cells
from berrypick.benchmarks.suites import Cell, cells_of
from berrypick.corpora.adding import add
from berrypick.envs.reading.reader import Passage

FILM = Passage("Loft Lane", ("Loft Lane is a 1961 drama film directed by Ada Quill.", "It was shot in Oslo."), (), True)
OTHER = Passage("Bay (film)", ("Bay is a 1970 film directed by Bo Tarn.",), (), True)
ADA = Passage("Ada Quill", ("Ada Quill (4 May 1920 – 2 June 1999) was a Norwegian director born in Bergen.",), (), True)
BO = Passage("Bo Tarn", ("Bo Tarn (born 1931) is a Swedish director.",), (), True)
PAGES = (FILM, OTHER, ADA, BO)


@pytest.mark.parametrize(
    ("question", "kind", "names"),
    [
        ("When did the director of film Loft Lane die?", "date", ["Loft Lane"]),
        ("Which film was released first, Loft Lane or Cuatro balazos?", "choice", ["Loft Lane", "Cuatro"]),
        ("Are Burbur, North Khorasan and Qarah Dasht located in the same country?", "yes/no",
         ["Burbur, North Khorasan", "Qarah Dasht"]),
        ("Who is Joan Of Kent's father?", "name", ["Joan Of Kent"]),
        ("In what year did the Third World (band) form?", "year", ["Third World (band)"]),
        ('Which German singer wrote "Wonderland by Night"?', "name", ["Wonderland by Night"]),
        ("how many people live there", "number", []),
        ("", "name", []),
    ],
)  # fmt: skip
def test_a_question_shows_its_names_and_what_it_asks_for(question: str, kind: str, names: list[str]):
    asked = asking.read(question)
    assert asked.kind == kind and [name.spellings[0] for name in asked.names] == names


def test_a_choice_is_between_the_two_that_are_named_whatever_their_case():
    asked = asking.read("Which film was released first, Cuatro balazos or Column South?")
    assert [name.spellings[0] for name in asked.choices] == ["Cuatro balazos", "Column South"]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When did the director of film Loft Lane die?", "2 June 1999"),
        ("Where was the director of film Loft Lane born?", "Bergen"),
        ("What nationality is the director of film Loft Lane?", "Norwegian"),
        ("Who is the director of film Loft Lane?", "Ada Quill"),
        ("Which film has the director born later, Loft Lane or Bay (film)?", "Bay"),
        ("Which film came out first, Bay (film) or Loft Lane?", "Loft Lane"),
        ("Do the directors of Loft Lane and Bay (film) have the same nationality?", "no"),
    ],
)
def test_pages_that_say_it_give_the_answer(question: str, answer: str):
    assert following.solve(asking.read(question), PAGES).answer == answer


def test_what_is_missing_is_named_one_page_after_the_other():
    asked = asking.read("When did the director of film Loft Lane die?")
    first, second = (following.solve(asked, seen).missing for seen in ((), (FILM,)))
    assert first[0].spellings[0] == "Loft Lane" and second[0].spellings == ("Ada Quill",)


def test_reading_nothing_gives_nothing():
    assert reading.date((), ("born",)) == reading.name((), ("band",), "Which band?") == ""
    assert reading.country((Passage("A", ("No land here.",)),)) == ("", "") and reading.day("") == (0, 0, 0)


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path / "home"))
    context = [[page.title, list(page.sentences)] for page in PAGES]
    rows = [
        ("q1", "When did the director of film Loft Lane die?", "2 June 1999", [["Loft Lane", 0], ["Ada Quill", 0]]),
        ("q2", "Where was the director of film Loft Lane born?", "Bergen", [["Loft Lane", 0], ["Ada Quill", 0]]),
    ]
    made = [
        {"_id": id, "question": text, "answer": answer, "type": "bridge", "level": "easy",
         "supporting_facts": facts, "context": context}
        for id, text, answer, facts in rows
    ]  # fmt: skip
    (tmp_path / "films.json").write_text(json.dumps(made))
    add("films", "hotpotqa", tmp_path / "films.json")
    return "films"


@pytest.mark.parametrize("name", [*(f"surface:{script}" for script in SCRIPTS), "hop_mixture"])
def test_every_script_plays_a_corpus_of_ones_own(corpus: str, name: str):
    (cell, *_) = cells_of(f"corpus:{corpus}")
    run = cells.play(agents.make(name), Cell(cell.env, corpus, 1, 2, 2, cell.split), 0, 0)
    outcomes = [outcome for task in run.tasks for outcome in task.outcomes]
    assert run.failures == () and all(outcome.invalid == 0 and outcome.answered for outcome in outcomes)
    assert name == "surface:whole-question" or any(outcome.grounded for outcome in outcomes)


def test_opening_titles_needs_no_search_and_falls_with_opening(corpus: str):
    (cell, *_) = cells_of(f"corpus:{corpus}")
    titles = agents.make("surface:titles")
    plain, closed = (
        cells.play(titles, Cell(cell.env, corpus, 1, 2, 1, cell.split, knockouts=knockouts), 0, 0)
        for knockouts in ((), ("no_open",))
    )
    assert [task.outcomes[0].grounded for task in plain.tasks] == [True, True]
    assert all(task.outcomes[0].searches == 0 for task in plain.tasks)
    assert [task.outcomes[0].grounded for task in closed.tasks] == [False, False]


def test_two_hops_survive_without_opening_and_without_bm25(corpus: str):
    (cell, *_) = cells_of(f"corpus:{corpus}")
    for knockouts in (("no_open",), ("no_bm25",)):
        changed = Cell(cell.env, corpus, 1, 2, 1, cell.split, knockouts=knockouts)
        run = cells.play(agents.make("surface:two-hop"), changed, 0, 0)
        assert any(task.outcomes[0].grounded for task in run.tasks), knockouts


def test_the_mixture_over_hops_draws_for_each_missing_page(corpus: str):
    """Several strategies on one question: without them no D2 has a ceiling there."""
    (cell, *_) = cells_of(f"corpus:{corpus}")
    run = cells.play(agents.make("hop_mixture"), Cell(cell.env, corpus, 1, 2, 16, cell.split), 0, 0)
    used = {outcome.strategy for outcome in run.tasks[0].outcomes if outcome.grounded}
    assert len(used) >= 3


def test_closed_book_guesses_by_type_where_it_read_nothing(corpus: str):
    env = cells.search_env(cells_of(f"corpus:{corpus}")[0])
    prompt, _ = env.reset(options={"task_id": 0})
    agent = agents.make("closed_book")
    (action,) = agent.act([EpisodeView(0, (prompt,))], [np.random.default_rng(0)])
    asked = "Are Bay (film) and Loft Lane from the same country?"
    assert action.startswith("<answer>") and following.guess(asking.read(asked)) == "yes"
