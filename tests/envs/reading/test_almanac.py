"""Almanac's language against the generator: every question and every attested fact of a world is read."""

from __future__ import annotations

import pytest

from berrypick.corpora.answerability import plans
from berrypick.corpora.answerability.plans import Both, Name, Step, Winner
from berrypick.corpora.builders.almanac import make
from berrypick.corpora.builders.almanac.lexicon import RELATIONS
from berrypick.envs.reading import plan
from berrypick.envs.reading.almanac import ALMANAC
from berrypick.envs.reading.knowledge import Knowledge
from berrypick.envs.reading.plan import Unknown
from berrypick.envs.reading.reader import Passage
from berrypick.text import tokens


@pytest.mark.parametrize(
    ("question", "goal"),
    [
        ("What is the birthplace of Tessa Thornwell?", Step("born_in", False, Name("Tessa Thornwell"))),
        (
            "Name the city where the employer of the one known as the Lantern Poet is based.",
            Step("based_in", False, Step("works_at", False, Name("the Lantern Poet"))),
        ),
        (
            "Which is both the employee of Beacon Halvard Foundry and the native of Bal Harrowgate?",
            Both(Step("works_at", True, Name("Beacon Halvard Foundry")), Step("born_in", True, Name("Bal Harrowgate"))),
        ),
        (
            "Find the owner of the older of Beacon Halvard Foundry and Cobalt Bormont Mills.",
            Step(
                "owned_by",
                False,
                Winner("founded_in_year", False, Name("Beacon Halvard Foundry"), Name("Cobalt Bormont Mills")),
            ),
        ),
    ],
)
def test_plans(question: str, goal: object):
    assert ALMANAC.plan(question) == goal


@pytest.mark.parametrize("question", ["What is Tessa Thornwell?", "What is the older of A B and C D?", "", "?"])
def test_what_asks_for_nothing_is_no_plan(question: str):
    assert ALMANAC.plan(question) is None


def test_a_comparison_of_what_has_no_year_is_no_plan():
    assert ALMANAC.plan("What is the head of the older of Canon Osric Academy and Dean Osric Academy?") is None


@pytest.fixture(scope="module")
def draft():
    return make("test", 1, size="tiny")


def test_every_question_is_solved_from_its_own_evidence(draft):
    """Read nothing but the sentences that attest the plan, and the registers: the answer follows."""
    pages = {document.id: document for document in draft.documents}
    registers = [Passage(page.title, page.sentences) for page in draft.documents if page.genre == "byname"]
    assert len(draft.questions) > 30
    for question in draft.questions:
        goal = ALMANAC.plan(question.text)
        assert goal is not None, question.text
        shown = [
            Passage(pages[place.document].title, (pages[place.document].sentences[place.sentence],))
            for hop in question.gold
            for place in hop.attestations
        ]
        known = Knowledge(ALMANAC, plans.names(goal), [*shown, *registers])
        names = plan.solve(goal, known).names
        assert names, question.text
        assert names[0] in question.answers, (question.text, names)


def test_the_question_for_a_byname():
    unknown = Unknown("the Lantern Poet", "alias")
    assert ALMANAC.question(unknown, unknown.entity) == "What is the one known as the Lantern Poet?"


def test_the_gist_has_a_word_of_every_wording():
    for relation, row in RELATIONS.items():
        gist = set(ALMANAC.gist(Unknown("", relation)).split())
        for state in row.states:
            assert gist & set(tokens(state.format(s="", o=""))), state
