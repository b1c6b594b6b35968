"""Outcomes by hand, from episodes of the real simulator and engines over the toy corpus."""

from __future__ import annotations

import time

import msgspec
import pytest

from berrypick.corpora.store import Corpus
from berrypick.envs.observations import Setup
from berrypick.envs.perturbations.episode_config import EpisodeConfig
from berrypick.envs.scoring.outcome import Outcome, analyse
from berrypick.envs.scoring.trace import Trace
from berrypick.envs.simulation import Simulation
from berrypick.envs.worlds import World

NAMES = ("bm25", "dense")
OPEN_P1, OPEN_P3 = "<open>Tessa Thornwell</open>", "<open>Northern Halvard Foundry</open>"


@pytest.fixture(scope="module")
def world(toy_corpus: Corpus) -> World:
    return World(toy_corpus)


def play(world: World, question: str, *actions: str) -> Trace:
    setup = Setup("tags", NAMES, 3, 10, 6)
    simulation = Simulation(world, world.corpus.question_by_id[question], EpisodeConfig(setup))
    for action in actions:
        simulation.play(action)
    return simulation.trace


def outcome(world: World, question: str, *actions: str) -> Outcome:
    return analyse(play(world, question, *actions), {name: world.engine(name) for name in NAMES})


def test_every_field_of_a_grounded_success(world: World) -> None:
    found = outcome(world, "q1", "<search>T. Thornwell</search>", OPEN_P1, OPEN_P3, "<answer>Quillport</answer>")
    # "t thornwell" lists the roster first (the only page with "t"), whose sentence 0 attests hop 1; the pages of Tessa
    # and of her employer are opened then, the latter being linked from the former.
    assert found == Outcome(
        em=True,
        f1=1.0,
        answered=True,
        grounded=True,
        supported=True,
        hops=2,
        hops_found=2,
        first_shown=(0, 2),
        route=("roster", "profile"),
        strategy=("bm25/asked/names:initial", "open/found/names:full", "answer"),
        raw_moves=("bm25/asked/names:initial", "open/asked/names:full", "open/found/names:full", "answer"),
        fine=("bm25/asked/names:initial/new", "open/asked/names:full", "open/found/names:full", "answer"),
        evidence=("r1", "p3"),
        first_query="T. Thornwell",
        searches=1,
        opens=2,
        invalid=0,
        tokens=8,  # "<search>T." and "Thornwell</search>": 2; then 2, 3 and 1
        bytes=sum(map(len, ("<search>T. Thornwell</search>", OPEN_P1, OPEN_P3, "<answer>Quillport</answer>"))),
    )


def test_a_thought_without_blanks_is_one_word_and_no_small_cost(world: World) -> None:
    plain, thinking, foreign = (
        outcome(world, "q1", f"{thought}<answer>Quillport</answer>") for thought in ("", "x" * 1000, "\u00e9" * 1000)
    )
    assert plain.tokens == thinking.tokens == 1
    assert (thinking.bytes - plain.bytes, foreign.bytes - plain.bytes) == (1000, 2000)


def test_nothing_done(world: World) -> None:
    found = outcome(world, "q1")
    assert not (found.em or found.answered or found.grounded or found.supported)
    assert found.f1 == 0.0 and found.hops == 2 and found.hops_found == 0
    assert found.first_shown == (None, None) and found.route == (None, None)
    assert found.strategy == found.raw_moves == found.fine == found.evidence == ()
    assert found.first_query is None and found.tokens == found.searches == found.opens == found.invalid == 0


@pytest.mark.parametrize(
    ("answer", "em", "f1"),
    [
        ("Maud Ellery", True, 1.0),
        ("  the maud   ELLERY. ", True, 1.0),  # case, blanks, article, punctuation
        ("M. Ellery", True, 1.0),  # an alias
        ("Maud", False, 2 / 3),  # precision 1, recall 1/2
        ("Maud Ellery of Quillport", False, 2 / 3),  # precision 2/4, recall 1: 2 * .5 * 1 / 1.5
        ("Osric Penn", False, 0.0),
        ("", False, 0.0),
        ("the", False, 0.0),
        ("?", False, 0.0),
    ],
)
def test_near_misses(world: World, answer: str, em: bool, f1: float) -> None:
    found = outcome(world, "q2", f"<answer>{answer}</answer>")
    assert (found.em, found.answered) == (em, True)
    assert found.f1 == pytest.approx(f1)
    assert not found.grounded  # right or wrong, nothing was displayed


def test_right_without_all_evidence_is_not_grounded(world: World) -> None:
    found = outcome(world, "q1", OPEN_P1, "<answer>Quillport</answer>")
    assert found.em and found.hops_found == 1 and found.route == ("profile", None)
    assert not found.grounded


def test_all_evidence_without_the_answer_is_not_grounded(world: World) -> None:
    found = outcome(world, "q1", OPEN_P1, OPEN_P3, "<answer>Upper Harrowgate</answer>")
    assert found.hops_found == 2 and not found.em and not found.grounded


@pytest.mark.parametrize(
    ("answer", "supported"),
    [
        ("Upper Harrowgate", True),  # in a sentence
        ("the UPPER harrowgate!", True),
        ("Northern Halvard Foundry", True),
        ("Tessa Thornwell", True),  # a title
        ("Osric Penn", False),  # nowhere yet
        ("Upper", True),
        ("Uppe", False),  # no whole word
        ("Harrowgate Upper", False),  # not in this order
        ("Thornwell Tessa", False),  # the end of one sentence and the beginning of the next
        ("Foundry Upper Harrowgate", False),  # links stand one by one
        ("", False),
        ("the", False),
    ],
)
def test_supported_means_displayed(world: World, answer: str, supported: bool) -> None:
    assert outcome(world, "q1", OPEN_P1, f"<answer>{answer}</answer>").supported is supported


def test_the_prompt_and_invalid_turns_support_nothing(world: World) -> None:
    found = outcome(world, "q1", "<open>Osric Penn</open>", "Osric Penn", "<answer>Osric Penn</answer>")
    assert not found.supported and found.invalid == 2 and found.opens == 0
    assert found.raw_moves == ("invalid", "invalid", "answer")


def test_searches_count_when_they_were_answered(world: World) -> None:
    found = outcome(world, "q1", *["<search>zzz</search>"] * 8)
    assert (found.searches, found.invalid, found.first_query) == (6, 2, "zzz")  # six searches in the budget


def test_dense_moves_reduce_over_their_own_engine(world: World) -> None:
    actions = ('<search engine="dense">Lantern Poet zzz</search>', OPEN_P1)
    found = outcome(world, "q3", *actions)
    assert found.strategy[0] == "dense/asked/names:byname"


def test_an_outcome_has_one_json_form(world: World) -> None:
    found = outcome(world, "q1", OPEN_P1, OPEN_P3, "<answer>Quillport</answer>")
    assert msgspec.json.decode(msgspec.json.encode(found), type=Outcome) == found


def test_an_episode_is_read_in_well_under_a_millisecond(world: World) -> None:
    actions = ["<search>Tessa Thornwell works</search>", "<search>Northern Halvard Foundry based</search>"]
    trace = play(world, "q1", *actions, OPEN_P1, OPEN_P3, "<answer>Quillport</answer>")
    engines = {name: world.engine(name) for name in NAMES}
    analyse(trace, engines)
    best = min(_seconds(trace, engines) for _ in range(5))
    assert best < 0.001  # about 0.1 ms; the bound leaves room for a loaded machine


def _seconds(trace: Trace, engines: dict) -> float:
    start = time.process_time()
    for _ in range(20):
        analyse(trace, engines)
    return (time.process_time() - start) / 20
