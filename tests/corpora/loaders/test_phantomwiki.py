"""PhantomWiki folders: goals of the Prolog query become hops."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from berrypick.corpora.loaders.phantomwiki import load
from berrypick.errors import BadInput

ARTICLES = [
    {
        "title": "Aida Wang",
        "article": "# Aida Wang\n\n## Family\nThe sisters of Aida Wang are Vicki Wang, Jean Wexler.\n"
        "The husband of Aida Wang is Ryan Wang.\n\n## Friends\nThe friend of Aida Wang is Ryan Wang.\n\n"
        "## Attributes\nThe job of Aida Wang is sports therapist.\nThe date of birth of Aida Wang is 0269-03-21.\n",
        "facts": ["sister('Aida Wang', 'Vicki Wang')"],
    },
    {"title": "Vicki Wang", "article": "# Vicki Wang\n\n## Family\nThe son of Vicki Wang is Saul Wang.\n"},
    {"title": "Ryan Wang", "article": "# Ryan Wang\n\n## Attributes\nThe hobby of Ryan Wang is chess.\n"},
]


def row(query: list[str], answer: list[str], traces: object = "[]", **more: object) -> dict:
    base = {"id": "u1", "question": "Who ?", "answer": answer, "prolog": {"query": query, "answer": "Y_2"}, "type": 3}
    return base | {"solution_traces": traces, "template": ["Who is"], "difficulty": 2} | more


CHAIN = row(
    ["son(Y_4, Y_2)", 'sister("Aida Wang", Y_4)'],
    ["Saul Wang"],
    json.dumps([{"Y_4": "Vicki Wang", "Y_2": "Saul Wang"}]),
)


def folder(path: Path, *questions: dict, articles: object = ARTICLES) -> Path:
    (path / "articles.json").write_text(json.dumps(articles))
    (path / "questions.json").write_text(json.dumps(questions))
    return path


def stated(draft, question: int = 0) -> list[list[str | None]]:
    """The attesting sentences of every hop, None where the page stands for it."""
    pages = {page.id: page for page in draft.documents}
    return [
        [None if spot.sentence is None else pages[spot.document].sentences[spot.sentence] for spot in hop.attestations]
        for hop in draft.questions[question].gold
    ]


def test_goals_are_hops_in_the_order_of_reasoning(tmp_path):
    draft = load(folder(tmp_path, CHAIN))
    (question,) = draft.questions
    assert (question.family, question.answers) == ("type3", ("Saul Wang",))
    assert [(hop.subject, hop.relation, hop.object) for hop in question.gold] == [
        ("Aida Wang", "sister", "Vicki Wang"),
        ("Vicki Wang", "son", "Saul Wang"),
    ]
    assert stated(draft) == [
        ["The sisters of Aida Wang are Vicki Wang, Jean Wexler."],
        ["The son of Vicki Wang is Saul Wang."],
    ]
    assert draft.documents[0].sentences[0] == "The sisters of Aida Wang are Vicki Wang, Jean Wexler."
    assert draft.documents[0].links == ("Vicki Wang", "Ryan Wang")


def test_of_two_lines_with_the_object_the_one_with_the_relation_is_taken(tmp_path):
    friend = row(['friend("Aida Wang", Y_2)'], ["Ryan Wang"], [{"Y_2": "Ryan Wang"}])
    assert stated(load(folder(tmp_path, friend))) == [["The friend of Aida Wang is Ryan Wang."]]


def test_every_solution_attests_and_version_05_calls_traces_intermediate_answers(tmp_path):
    traces = json.dumps([{"Y_4": "Aida Wang", "Y_2": "Ryan Wang"}, {"Y_4": "Vicki Wang", "Y_2": "Saul Wang"}])
    either = row(["son(Y_4, Y_2)"], ["Ryan Wang", "Saul Wang"], intermediate_answers=traces)
    draft = load(folder(tmp_path, either))
    assert draft.questions[0].answers == ("Ryan Wang", "Saul Wang")
    # Aida's page names Ryan as husband and friend, not as son: the first line with his name stands.
    assert stated(draft) == [["The husband of Aida Wang is Ryan Wang.", "The son of Vicki Wang is Saul Wang."]]


def test_attributes_and_counts(tmp_path):
    job = row(['job(Y_2, "sports therapist")'], ["Aida Wang"], [{"Y_2": "Aida Wang"}])
    born = row(["dob(Y_4, Y_2)"], ["0269-03-21"], [{"Y_4": "Aida Wang", "Y_2": "0269-03-21"}], id="u2")
    count = row(['aggregate_all(count, distinct(sister("Aida Wang", Y_1)), Count_1)'], ["2"], [{"Count_1": 2}], id="u3")
    draft = load(folder(tmp_path, job, born, count))
    assert stated(draft, 0) == [["The job of Aida Wang is sports therapist."]]
    assert stated(draft, 1) == [["The date of birth of Aida Wang is 0269-03-21."]]
    assert stated(draft, 2) == [["The sisters of Aida Wang are Vicki Wang, Jean Wexler."]]
    assert [draft.questions[2].gold[0].relation, draft.questions[2].gold[0].object] == ["sister", "2"]


def test_questions_without_answers_or_traces_are_counted(tmp_path):
    unbound = row(["son(Y_4, Y_2)"], ["Saul Wang"], id="u2")
    draft = load(folder(tmp_path, CHAIN, unbound, row(["son(Y_4, Y_2)"], [], id="u3")))
    assert [len(question.gold) for question in draft.questions] == [2, 0]
    assert draft.notes == {"unanswerable": 1, "without_trace": 1, "repeated_questions": 0}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"answer": "Saul Wang"}, "[1].answer"),
        ({"prolog": {"query": ["son"], "answer": "Y_2"}}, "[1].prolog.query[0]"),
        ({"prolog": {"answer": "Y_2"}}, "[1].prolog"),
        ({"solution_traces": "[{"}, "[1].solution_traces"),
        ({"solution_traces": '[{"Y_4": ["x"]}]'}, "[1].solution_traces"),
        ({"type": "chain"}, "[1].type"),
    ],
)
def test_malformed_questions_are_named(tmp_path, change, field):
    with pytest.raises(BadInput) as caught:
        load(folder(tmp_path, CHAIN, CHAIN | {"id": "u2"} | change))
    assert (caught.value.file, caught.value.field) == (tmp_path / "questions.json", field)


def test_malformed_articles_are_named_and_text_articles_asked_for_as_json(tmp_path):
    with pytest.raises(BadInput) as caught:
        load(folder(tmp_path, CHAIN, articles=[{"title": "A", "article": None}]))
    assert (caught.value.file, caught.value.field) == (tmp_path / "articles.json", "[0].article")
    (tmp_path / "articles.json").unlink()
    with pytest.raises(BadInput, match="--article-format json"):
        load(tmp_path)
