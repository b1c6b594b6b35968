"""A world of a dozen pages in Almanac's language, small enough to follow every search by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from berrypick.corpora import store
from berrypick.corpora.store import Corpus, Draft, QuestionAudit
from berrypick.envs.search import SearchEnv
from berrypick.records import Attestation, Document, Entity, Hop, Question


def _page(id: str, title: str, *sentences: str, genre: str, links: tuple[str, ...] = ()) -> Document:
    return Document(id, title, sentences, genre, links)


TESSA, BEACON, BAL = "Tessa Thornwell", "Beacon Halvard Foundry", "Bal Harrowgate"
DOCUMENTS = (
    _page(
        "b1",
        "Register of bynames and epithets (1)",
        "The Lantern Poet: Tessa Thornwell.",
        "The Copper Anvil: Beacon Halvard Foundry.",
        "The Silver Poet: Hugo Marlmere.",
        genre="byname",
    ),
    _page(
        "c1",
        "Spring 1845 at Fellmoor",
        "Rain fell for most of the week.",
        "The Lantern Poet works at Beacon Halvard Foundry.",
        genre="chronicle",
    ),
    _page(
        "c2",
        "Autumn 1846 at Coldend",
        "The Copper Anvil is based in Bal Harrowgate.",
        "The bells rang until dusk.",
        genre="chronicle",
    ),
    _page("c3", "Summer 1901 at Westacre", "The Silver Poet was born in Dorn Fernport.", genre="chronicle"),
    _page("p1", TESSA, f"{TESSA} is a weaver.", f"Tessa works at {BEACON}.", genre="profile", links=(BEACON,)),
    _page("p2", BEACON, f"{BEACON} is a supplier.", f"Beacon is based in {BAL}.", genre="profile", links=(BAL,)),
    _page("p3", BAL, f"{BAL} is a borough.", "Every guidebook has a page on Bal.", genre="profile"),
    _page("p4", "Hugo Marlmere", "Hugo Marlmere is a clerk.", "Old letters mention Hugo.", genre="profile"),
    _page("p5", "Ivo Thornwell", "Ivo Thornwell is a clerk.", "Ivo kept a careful diary.", genre="profile"),
    _page("r1", f"Payroll of {BEACON} (1)", "T. Thornwell.", "H. Marlmere.", genre="roster"),
    _page("r2", f"Ratepayers of {BAL} (1)", "B. Halvard Foundry.", genre="roster"),
    _page("r3", "Payroll of Cobalt Bormont Mills (1)", "I. Thornwell.", genre="roster"),
)


def _fact(subject: str, relation: str, object: str, *places: tuple[str, int, str]) -> Hop:
    return Hop(subject, relation, object, tuple(Attestation(*place) for place in places))


WORKS = _fact(TESSA, "works_at", BEACON, ("p1", 1, "profile"), ("r1", 0, "roster"), ("c1", 1, "chronicle"))
BASED = _fact(BEACON, "based_in", BAL, ("p2", 1, "profile"), ("r2", 0, "roster"), ("c2", 0, "chronicle"))
ALIAS = _fact("the Lantern Poet", "alias", TESSA, ("b1", 0, "byname"), ("c1", 1, "chronicle"))
GENRES = ("profile", "roster", "chronicle")

BRIDGE = f"What is the city where the company where {TESSA} works is based?"
INVERSE = f"What is the employee of {BEACON}?"
BYNAME = "What is the employer of the one known as the Lantern Poet?"
QUESTIONS = (
    Question("q-bridge", BRIDGE, "bridge", (BAL, "B. Harrowgate"), (WORKS, BASED), "city"),
    Question("q-alias", BYNAME, "alias", (BEACON, "B. Halvard Foundry"), (ALIAS, WORKS), "company"),
)
ENTITIES = (
    Entity(TESSA, "T. Thornwell", "the Lantern Poet", "person"),
    Entity(BEACON, "B. Halvard Foundry", "the Copper Anvil", "company"),
    Entity(BAL, "B. Harrowgate", "the Stone Citadel", "city"),
    Entity("Hugo Marlmere", "H. Marlmere", "the Silver Poet", "person"),
    Entity("Ivo Thornwell", "I. Thornwell", "", "person"),
)
AUDIT = (
    QuestionAudit("q-bridge", tuple((one, two) for one in GENRES for two in GENRES), (), 2),
    QuestionAudit("q-alias", (("byname", "profile"), ("byname", "chronicle"), ("chronicle", "chronicle")), (), 1),
)


@pytest.fixture(scope="session")
def little(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Two people, a company, a city; two questions, each fact in three genres."""
    folder: Path = tmp_path_factory.mktemp("almanac-little")
    draft = Draft(DOCUMENTS, QUESTIONS, ENTITIES)
    store.write(
        folder, draft, name="almanac-little", builder="almanac-little", version=1, parameters={}, seed=0, licence="CC0"
    )
    store.save_audit(store.read(folder), AUDIT)
    return store.read(folder)


@pytest.fixture
def little_env(little: Corpus) -> Callable[..., Callable[[], SearchEnv]]:
    """Make a function that makes environments over the little world."""

    def factory(**changes: Any) -> Callable[[], SearchEnv]:
        return lambda: SearchEnv(**{"corpus": str(little.path), "split": "test", **changes})

    return factory
