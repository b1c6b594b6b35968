"""What every test shares: one cache folder for the whole run, and a corpus small enough to rank by hand."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from berrypick.corpora import store
from berrypick.corpora.store import Corpus, Draft, QuestionAudit
from berrypick.records import Attestation, Document, Entity, Hop, Question


def pytest_configure(config: pytest.Config) -> None:
    """Point BERRYPICK_HOME at one folder for this run, before anything is collected.

    Workers of xdist and subprocesses inherit it, so each world is built once; BERRYPICK_TEST_HOME keeps it for the
    next run.
    """
    if hasattr(config, "workerinput"):
        return
    kept = os.environ.get("BERRYPICK_TEST_HOME")
    if not kept:
        kept = config.stash[_MADE] = tempfile.mkdtemp(prefix="berrypick-test-")
    os.environ["BERRYPICK_HOME"] = kept


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder that this run made."""
    made = config.stash.get(_MADE, None)
    if made:
        shutil.rmtree(made, ignore_errors=True)


_MADE = pytest.StashKey[str]()


def _page(id: str, title: str, *sentences: str, genre: str = "profile", links: tuple[str, ...] = ()) -> Document:
    return Document(id=id, title=title, sentences=sentences, genre=genre, links=links)


TOY_DOCUMENTS = (
    _page(
        "b1",
        "Register of bynames (1)",
        "the Lantern Poet: Tessa Thornwell.",
        "the Iron Gull: Osric Penn.",
        genre="byname",
    ),
    _page(
        "c1",
        "Spring 1845 in Upper Harrowgate",
        "Rain fell for a week.",
        "The Lantern Poet took a post at Northern Halvard Foundry.",
        genre="chronicle",
    ),
    _page("c2", "Autumn 1851 in Quillport", "N. Halvard Foundry moved its works to Quillport.", genre="chronicle"),
    _page(
        "p1",
        "Tessa Thornwell",
        "Tessa Thornwell was born in Upper Harrowgate.",
        "She works at Northern Halvard Foundry.",
        links=("Upper Harrowgate", "Northern Halvard Foundry"),
    ),
    _page(
        "p2",
        "Corin Vale",
        "Corin Vale studied at Marlow College.",
        "He is married to Tessa Thornwell.",
        links=("Tessa Thornwell",),
    ),
    _page(
        "p3",
        "Northern Halvard Foundry",
        "Northern Halvard Foundry is based in Quillport.",
        "It was founded by Osric Penn.",
        links=("Quillport", "Osric Penn"),
    ),
    _page(
        "p4",
        "Quillport",
        "Quillport is governed by Maud Ellery.",
        "It is twinned with Upper Harrowgate.",
        links=("Upper Harrowgate",),
    ),
    _page(
        "p5",
        "Upper Harrowgate",
        "Upper Harrowgate lies in the north.",
        "It is governed by Osric Penn.",
        links=("Osric Penn",),
    ),
    _page("p6", "Osric Penn", "Osric Penn was born in 1790.", "He wrote nothing."),
    _page("r1", "Staff of Northern Halvard Foundry (1)", "T. Thornwell.", "M. Ellery.", genre="roster"),
)

_WORKS = Hop(
    "Tessa Thornwell",
    "works_at",
    "Northern Halvard Foundry",
    (Attestation("p1", 1, "profile"), Attestation("r1", 0, "roster"), Attestation("c1", 1, "chronicle")),
)
_BASED = Hop(
    "Northern Halvard Foundry",
    "based_in",
    "Quillport",
    (Attestation("p3", 0, "profile"), Attestation("c2", 0, "chronicle")),
)
_GOVERNED = Hop("Quillport", "governed_by", "Maud Ellery", (Attestation("p4", 0, "profile"),))
_BYNAME = Hop("the Lantern Poet", "byname_of", "Tessa Thornwell", (Attestation("b1", 0, "byname"),))
_BORN = Hop("Tessa Thornwell", "born_in", "Upper Harrowgate", (Attestation("p1", 0, "profile"),))

TOY_QUESTIONS = (
    Question(
        "q1",
        "In which city is the company where Tessa Thornwell works based?",
        "bridge",
        ("Quillport",),
        (_WORKS, _BASED),
        "city",
    ),
    Question(
        "q2",
        "Who governs the city where Northern Halvard Foundry is based?",
        "bridge",
        ("Maud Ellery", "M. Ellery"),
        (_BASED, _GOVERNED),
        "person",
    ),
    Question("q3", "Where was the Lantern Poet born?", "alias", ("Upper Harrowgate",), (_BYNAME, _BORN), "city"),
)

TOY_ENTITIES = (
    Entity("Tessa Thornwell", "T. Thornwell", "the Lantern Poet", "person"),
    Entity("Corin Vale", "C. Vale", "", "person"),
    Entity("Osric Penn", "O. Penn", "the Iron Gull", "person"),
    Entity("Maud Ellery", "M. Ellery", "", "person"),
    Entity("Northern Halvard Foundry", "N. Halvard Foundry", "", "company"),
    Entity("Quillport", "", "", "city"),
    Entity("Upper Harrowgate", "", "", "city"),
)

TOY_AUDIT = (
    QuestionAudit(
        "q1",
        tuple((first, second) for first in ("profile", "roster", "chronicle") for second in ("profile", "chronicle")),
        ("no_profile", "no_roster", "no_chronicle"),
        2,
    ),
    QuestionAudit("q2", (("profile", "profile"), ("chronicle", "profile")), ("no_roster", "no_chronicle"), 2),
    QuestionAudit("q3", (("byname", "profile"),), ("no_roster", "no_chronicle"), 2),
)


@pytest.fixture(scope="session")
def toy_corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Ten documents, three questions, their routes; stored and read back, so its path and manifest are real."""
    folder: Path = tmp_path_factory.mktemp("toy")
    draft = Draft(TOY_DOCUMENTS, TOY_QUESTIONS, TOY_ENTITIES)
    store.write(folder, draft, name="toy", builder="toy", version=1, parameters={}, seed=0, licence="CC0-1.0")
    store.save_audit(store.read(folder), TOY_AUDIT)
    return store.read(folder)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let SIGINT interrupt this process and its children: shells start background jobs with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def clean_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a fresh clone has it, new files included: no ``build/`` whose leftovers would be shipped."""
    root, copy = Path(__file__).resolve().parents[1], tmp_path_factory.mktemp("copy")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    for name in filter(lambda name: (root / name).is_file(), listed.stdout.splitlines()):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, copy / name)
    return copy
