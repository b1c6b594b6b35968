"""What is run to compare agents: a suite is a list of cells, and a cell is data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from msgspec.structs import replace

from berrypick import corpora
from berrypick.corpora import private_worlds
from berrypick.corpora.store import Corpus
from berrypick.envs.perturbations.knockouts import DOMINANT_MOVE, PUBLISHED_DOMINANT_MOVE, is_dominant_move
from berrypick.envs.protocols import PROTOCOLS
from berrypick.errors import BadInput
from berrypick.records import Record
from berrypick.registry import Table

ROLLOUTS: Final = 16
#: What stands before the name of a corpus where a suite is one corpus alone.
OWN: Final = "corpus:"
#: The environment over any corpus; its cells are told apart by their corpus.
ANY: Final = "berrypick/Search-v0"
ALMANAC: Final = "almanac-small"
EVEN: Final = "almanac-even"


def label(env: str, corpus: str, split: str | None, knockouts: tuple[str, ...], faults: tuple[str, ...]) -> str:
    """Name a cell in short: what is searched, in which worlds if not those of the test, and what was changed in it."""
    where = corpus if env == ANY else env.removeprefix("berrypick/").rsplit("-v", 1)[0]
    scheme = ("even",) if corpus.startswith(EVEN) and env != ANY else ()
    worlds = (split,) if split and split != "test" and env != ANY else ()
    return " ".join((where, *scheme, *worlds, *knockouts, *faults))


class Cell(Record):
    """One (environment, knock-outs, faults) with the number of tasks and rollouts played in it.

    Attributes:
        env: Gymnasium id.
        corpus: registered name of the corpus, which agents are asked whether they can read.
        worlds: number of worlds the tasks are drawn from; 1 for corpora of one world.
        tasks: questions asked, spread over the worlds.
        rollouts: episodes per question.
        split: split of worlds and questions; None for any, in corpora of one world.
        knockouts: lasting changes that remove a way of finding things; ``no_dominant_move`` is measured in the plain
            cell.
        faults: ways in which the engines misbehave.
        protocol: how actions are written.
    """

    env: str
    corpus: str
    worlds: int
    tasks: int
    rollouts: int = ROLLOUTS
    split: str | None = "test"
    knockouts: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    protocol: str = "tags"

    @property
    def label(self) -> str:
        """What tables and pictures call the cell."""
        return label(self.env, self.corpus, self.split, self.knockouts, self.faults)

    @property
    def plain(self) -> bool:
        """Whether nothing was changed in the environment; only such cells enter the means over cells."""
        return not (self.knockouts or self.faults)

    @property
    def bare(self) -> Cell:
        """The cell with nothing changed."""
        return replace(self, knockouts=(), faults=())

    @property
    def waits(self) -> bool:
        """Whether what is knocked out is measured in the plain cell of the same run."""
        return any(is_dominant_move(name) and ":" not in name for name in self.knockouts)

    def make(self) -> dict[str, Any]:
        """Keywords for ``gymnasium.make(cell.env, ...)``."""
        changes = {"knockouts": self.knockouts, "faults": self.faults}
        where = {"corpus": self.corpus, "worlds": self.worlds, "split": self.split, "protocol": self.protocol}
        return where | {name: names for name, names in changes.items() if names}


FACTBOOK: Final = "factbook"
FAMILIES: Final = ("Bridge", "Intersection", "Comparison", "Alias", "Inverse")

#: Versions of the suites whose cells were changed after they were published; the others have version 1. A published
#: suite is its cells as listed here: a new knock-out or fault enters none. ``tests/golden`` has every cell written out.
REVISED: Final[dict[str, int]] = {}

#: Knock-outs of Almanac that are the same for every agent: one genre, one engine, or opening.
SINGLE: Final = ("no_profile", "no_roster", "no_chronicle", "no_bm25", "no_dense", "no_open")
#: Faults, at strengths that leave something to be found.
BROKEN: Final = ("empty", "random", "shuffled", "stale", "dropout:0.5", "error:0.3", "latency:1")

#: Knock-outs that mean something in any corpus.
ANYWHERE: Final = ("no_bm25", "no_dense", "no_open", DOMINANT_MOVE)

#: Knock-outs that policies are evaluated under after training: one genre, one tool, and what each leans on most.
AFTER_TRAINING: Final = ("no_profile", "no_open", PUBLISHED_DOMINANT_MOVE)

_ROBUST: Final = Cell("berrypick/Almanac-v0", ALMANAC, worlds=10, tasks=100)
#: Questions asked of one corpus in ``real``, at most.
_MOST: Final = 200


def _robust() -> Iterator[Cell]:
    yield _ROBUST
    yield from (replace(_ROBUST, knockouts=(name,)) for name in (*SINGLE, PUBLISHED_DOMINANT_MOVE, "renamed"))
    yield replace(_ROBUST, corpus=f"{ALMANAC}-reworded", knockouts=("reworded",))
    yield from (replace(_ROBUST, faults=(name,)) for name in BROKEN)


def _collapse(tasks: int, rollouts: int) -> Iterator[Cell]:
    """In ``dev`` worlds profiles state as much as in those that agents train on, in ``test`` worlds half as much."""
    test = Cell("berrypick/Almanac-v0", ALMANAC, worlds=8, tasks=tasks, rollouts=rollouts)
    yield replace(test, split="dev")
    yield test
    yield from (replace(test, knockouts=(name,)) for name in AFTER_TRAINING)


def _collapse_even(tasks: int, rollouts: int) -> Iterator[Cell]:
    """In even worlds every strategy pays alike: fewer strategies are collapse, not adaptation to the reward."""
    even = Cell("berrypick/Almanac-v0", EVEN, worlds=8, tasks=tasks, rollouts=rollouts)
    yield replace(even, split="dev")
    yield even
    yield from (replace(even, knockouts=(name,)) for name in SINGLE)


def _collapse_v1(tasks: int, rollouts: int) -> Iterator[Cell]:
    """Even test worlds, plain and under each single knock-out; then skewed test worlds, where strategies pay unequally.

    With the same budget many questions and few rollouts give narrower intervals than few questions and many rollouts.
    """
    even = Cell("berrypick/Almanac-v0", EVEN, worlds=8, tasks=tasks, rollouts=rollouts)
    yield even
    yield from (replace(even, knockouts=(name,)) for name in SINGLE)
    yield replace(even, corpus=ALMANAC)


def real() -> tuple[Cell, ...]:
    """Factbook and every corpus that the user added with answers, plain and without the dominant move."""
    plain = [Cell("berrypick/Factbook-v0", FACTBOOK, worlds=1, tasks=_MOST)]
    plain += [cell for cell in map(_added, corpora.added()) if cell is not None]
    return tuple(cell for one in plain for cell in (one, replace(one, knockouts=(PUBLISHED_DOMINANT_MOVE,))))


def _added(name: str) -> Cell | None:
    """The cell of a corpus of one world: its test questions, else those for development, else all."""
    corpus = corpora.load(name)
    if not any(question.answers for question in corpus.questions):
        return None
    split = next((split for split in ("test", "dev") if _count(corpus, split)), None)
    return Cell(ANY, name, worlds=1, tasks=min(_count(corpus, split), _MOST), split=split)


def own(name: str) -> tuple[Cell, ...]:
    """The suite ``corpus:NAME``: one corpus, plain and under the knock-outs that any corpus has.

    Raises:
        UnknownName: no such corpus.
        BadInput: it is a family of worlds, or has no question with answers.
    """
    if name in corpora.CORPORA and corpora.CORPORA[name].worlds:
        reason = f"{name} is a family of worlds; name a corpus of one world, or a suite of `berrypick list suites`"
        raise BadInput(reason, field="--suite")
    plain = _added(name)
    if plain is None:
        reason = f"{name} has no question with answers, so nothing can be scored; `berrypick audit {name}` measures"
        raise BadInput(f"{reason} how well its engines find the documents", field="--suite")
    return plain, *(replace(plain, knockouts=(knockout,)) for knockout in ANYWHERE)


def _count(corpus: Corpus, split: str | None) -> int:
    return sum(bool(question.answers) and split in (None, question.split) for question in corpus.questions)


#: name -> its cells, or a function that finds them where they depend on what the user added
SUITES: Table[tuple[Cell, ...] | Callable[[], tuple[Cell, ...]]] = Table("suite")
SUITES.add(
    "quick",
    (
        Cell("berrypick/Almanac-v0", ALMANAC, worlds=4, tasks=60),
        Cell("berrypick/Factbook-v0", FACTBOOK, worlds=1, tasks=60),
    ),
    "Almanac and Factbook, 60 questions each x 16 rollouts; minutes",
)
SUITES.add(
    "core",
    (
        *(Cell(f"berrypick/Almanac{family}-v0", ALMANAC, worlds=10, tasks=200) for family in FAMILIES),
        Cell("berrypick/Factbook-v0", FACTBOOK, worlds=1, tasks=200),
    ),
    "every Almanac family and Factbook, 200 questions each x 16 rollouts",
)
SUITES.add(
    "robust", tuple(_robust()), "Almanac under every knock-out, comprehension shift and fault, 100 questions each"
)
SUITES.add(
    "collapse",
    tuple(_collapse(100, ROLLOUTS)),
    "what training changed: Almanac worlds like those trained on (dev), test worlds, and three knock-outs there",
)
SUITES.add(
    "collapse-brief", tuple(_collapse(50, 8)), "the same with 50 questions x 8 rollouts, for sweeps of many seeds"
)
SUITES.add(
    "collapse-even",
    tuple(_collapse_even(100, ROLLOUTS)),
    "collapse where every way pays alike: even Almanac worlds of dev and test, and each single knock-out",
)
SUITES.add(
    "collapse-even-brief",
    tuple(_collapse_even(100, 8)),
    "the same with 100 questions x 8 rollouts",
)
SUITES.add(
    "collapse-v1",
    tuple(_collapse_v1(400, 4)),
    "for studies: even test worlds, plain and under each single knock-out, and skewed test worlds; 400 questions x 4",
)
SUITES.add("collapse-v1-brief", tuple(_collapse_v1(100, 8)), "the same with 100 questions x 8 rollouts")
SUITES.add(
    "scale",
    tuple(Cell(ANY, f"almanac-{size}", worlds=1, tasks=60, rollouts=4) for size in ("1k", "10k", "100k", "large")),
    "the same 60 questions x 4 rollouts among 1,000 to 1,000,000 documents (a quarter of an hour to build)",
)
SUITES.add("real", real, "Factbook and every corpus you added, plain and with the agent's dominant move refused")


def version_of(suite: str) -> int:
    """Return the version of a suite, which is raised when its cells change."""
    return REVISED.get(suite, 1)


def privately(cells: Sequence[Cell], digest: str) -> tuple[Cell, ...]:
    """The same cells in the worlds of a salt, without those over corpora that have no others than everybody's.

    Raises:
        BadInput: no cell is left, or the salt is not in use.
    """
    private_worlds.check(corpora.CORPORA, digest)
    kept = [cell for cell in cells if cell.corpus in private_worlds.SALTED]
    if not kept:
        searched = ", ".join(dict.fromkeys(cell.corpus for cell in cells))
        raise BadInput(
            f"a salt draws worlds of {', '.join(private_worlds.SALTED)}; the suite searches {searched}", field="--salt"
        )
    return tuple(replace(cell, corpus=private_worlds.name_of(cell.corpus, digest)) for cell in kept)


def corpus_of(suite: str) -> str:
    """The corpus that a suite ``corpus:NAME`` searches, "" for the suites of ``SUITES``."""
    return suite.removeprefix(OWN) if suite.startswith(OWN) else ""


def cells_of(suite: str, protocol: str = "tags") -> tuple[Cell, ...]:
    """The cells of a suite, or of ``corpus:NAME``, played in a protocol; raises UnknownName with near matches."""
    PROTOCOLS[protocol]
    if name := corpus_of(suite):
        found = own(name)
    else:
        row = SUITES[suite]
        found = row if isinstance(row, tuple) else row()
    return tuple(replace(cell, protocol=protocol) for cell in found)


def reduced(cells: Sequence[Cell], questions: int | None, rollouts: int | None) -> tuple[Cell, ...]:
    """The same cells with so many questions and rollouts each, None for as many as the suite has.

    Raises:
        BadInput: a number is below 1.
    """
    for field, number in (("--questions", questions), ("--rollouts", rollouts)):
        if number is not None and number < 1:
            raise BadInput(f"expected at least 1, found {number}", field=field)
    return tuple(replace(cell, tasks=questions or cell.tasks, rollouts=rollouts or cell.rollouts) for cell in cells)
