"""The shared reader: how one family of corpora words questions and facts, its *language*, in one table (``LANGUAGES``).

It sees observations only and knows no gold; ``knowledge`` keeps what it reads.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple, Protocol

from berrypick.corpora.answerability.plans import Node
from berrypick.envs.reading.plan import Unknown
from berrypick.registry import Table

#: The relation of another name of an entity (subject) to its full name (object).
ALIAS = "alias"


class Fact(NamedTuple):
    """A fact as it was read, with the names as they stand there."""

    subject: str
    relation: str
    object: str


class Passage(NamedTuple):
    """A displayed document.

    Attributes:
        title: as displayed.
        sentences: the one of the snippet, or those of the whole page.
        links: titles that an opened page links to.
        opened: whether this is a whole page.
    """

    title: str
    sentences: tuple[str, ...]
    links: tuple[str, ...] = ()
    opened: bool = False


class Forms(NamedTuple):
    """The known names of an entity, "" where not known. A kind of corpus without other forms has ``full`` only."""

    full: str
    initial: str = ""
    byname: str = ""

    @property
    def best(self) -> str:
        """The form to answer with."""
        return self.full or self.initial or self.byname


class Language(Hashable, Protocol):
    """How one family of corpora words things. All methods but ``number`` are total: any text in, no exception."""

    corpora: tuple[str, ...]
    """Prefixes of the names of the corpora that it reads."""
    train: tuple[str, str, int]
    """Corpus, split and world whose train questions anybody may have read: the arguments of ``corpora.load``."""
    joint: bool
    """Whether one page states several facts about its subject, so that a search for two objects can find it."""
    forms: tuple[str, ...]
    """Forms of names that it tells apart, the full one first."""

    def plan(self, question: str) -> Node | None:
        """Read a question; None where it is not of this language."""
        ...

    def read(self, passage: Passage) -> Iterable[Fact]:
        """Facts that a displayed document states."""
        ...

    def names(self, passage: Passage) -> Iterable[str]:
        """Full names that a displayed document shows, beyond those of its facts."""
        ...

    def form(self, name: str) -> str:
        """Which form a name has: ``full``, ``initial``, ``byname``, or "" for a literal."""
        ...

    def initial(self, full: str) -> str:
        """The initial form of a full name, "" where there is none."""
        ...

    def key(self, name: str) -> str:
        """One string for the full name and the initial form of an entity; bynames need to be learned."""
        ...

    def number(self, text: str) -> float:
        """The value of a number as it is written; raises ValueError for anything else."""
        ...

    def symmetric(self, relation: str) -> bool:
        """Whether (s, o) implies (o, s)."""
        ...

    def words(self, unknown: Unknown) -> tuple[str, ...]:
        """Ways to word the relation of an unknown in a query, without the name, likeliest first; at least one."""
        ...

    def gist(self, unknown: Unknown) -> str:
        """A few words that meet the relation in any wording, without outweighing a name."""
        ...

    def question(self, unknown: Unknown, name: str) -> str:
        """The unknown as a question in full."""
        ...

    def list_query(self, unknown: Unknown, name: str) -> str:
        """A query for the entry of ``name`` in the pages that list a relation, or for the list about ``name``."""
        ...

    def is_list(self, title: str, unknown: Unknown, name: str) -> bool:
        """Whether a title is that of a page that lists the relation (for ``name``, where each object has its own)."""
        ...

    def pages(self, unknown: Unknown, name: str) -> tuple[str, ...]:
        """Titles of the pages that may state a fact about the entity of this full name, likeliest first."""
        ...

    def is_page(self, title: str, name: str) -> bool:
        """Whether a title is that of a page about the entity of this full name."""
        ...


LANGUAGES: Table[Language] = Table("language")
LANGUAGES.add("almanac", "berrypick.envs.reading.almanac:ALMANAC", "the lexicon of Almanac, held out wordings too")
LANGUAGES.add("factbook", "berrypick.envs.reading.factbook:FACTBOOK", "the Factbook's fields and question forms")


@lru_cache(maxsize=4096)
def understand(question: str) -> tuple[Language, Node] | None:
    """Find the language that reads a question, and its plan; None where none does."""
    for language in languages():
        if (goal := language.plan(question)) is not None:
            return language, goal
    return None


def languages() -> Iterator[Language]:
    """Every language; each is imported when it is come to."""
    return (LANGUAGES[name] for name in LANGUAGES)
