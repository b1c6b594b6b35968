"""How a corpus words its relations in public: what a searcher may type besides names."""

from __future__ import annotations

from typing import Final, Protocol

from berrypick.corpora.store import Corpus
from berrypick.registry import Table


class Wording(Protocol):
    """The public words of a corpus. The audit builds its panel of queries from them, without the held-out ones."""

    def phrases(self, relation: str) -> tuple[str, ...]:
        """The train paraphrases of a relation, without names ("works at", "is employed by")."""
        ...

    def noun(self, relation: str) -> str:
        """The noun that questions use for a relation ("employer"), "" where there is none."""
        ...

    def titles(self, relation: str, name: str) -> tuple[tuple[str, str], ...]:
        """Titles of pages that list facts of a relation about ``name``, as (form, title).

        ``form`` is "roster" or "register", the column of the audit's matrix that the query counts for.
        """
        ...

    def lookup(self, name: str) -> str:
        """A query for the page that says which other names ``name`` has, "" where there is no such page."""
        ...

    def held_out(self, question: str) -> str | None:
        """The same question in paraphrases that the ordinary splits never use, None where there are none."""
        ...


class NoWording:
    """The wording of a corpus that publishes none: queries are names and whole questions."""

    def phrases(self, relation: str) -> tuple[str, ...]:
        """No phrase."""
        return ()

    def noun(self, relation: str) -> str:
        """No noun."""
        return ""

    def titles(self, relation: str, name: str) -> tuple[tuple[str, str], ...]:
        """No title."""
        return ()

    def lookup(self, name: str) -> str:
        """No page."""
        return ""

    def held_out(self, question: str) -> str | None:
        """No paraphrase."""
        return None


#: first word of the manifest's builder ("almanac" of "almanac-small") -> wording
WORDINGS: Final[Table[Wording]] = Table("wording")
WORDINGS.add(
    "almanac", "berrypick.corpora.builders.almanac.wording:WORDING", "relations of the Almanac, train paraphrases"
)
WORDINGS.add("factbook", "berrypick.corpora.builders.factbook.wording:WORDING", "fields and listings of the Factbook")


def wording_of(corpus: Corpus) -> Wording:
    """The wording of a corpus, by the builder that its manifest names."""
    family = corpus.manifest.builder.partition("-")[0]
    return WORDINGS[family] if family in WORDINGS else NoWording()
