"""What the audit's panel may ask about the Factbook: wordings of relations and titles of field listings, all public."""

from __future__ import annotations

from typing import Final

from berrypick.corpora.builders.factbook.grammar import listing_titles, search_wording


class FactbookWording:
    """The public words of the Factbook, for the audit's panel; see ``answerability.wording.Wording``."""

    def phrases(self, relation: str) -> tuple[str, ...]:
        """Wordings of a relation for a query."""
        return search_wording(relation)

    def noun(self, relation: str) -> str:
        """The relation's name in words."""
        return relation.replace("_", " ")

    def titles(self, relation: str, name: str) -> tuple[tuple[str, str], ...]:
        """Titles of the field listings that state the relation, with the name of the row that is sought."""
        return tuple(("roster", f"{title} {name}") for title in listing_titles(relation))

    def lookup(self, name: str) -> str:
        """No page is needed: a country's names stand on its own pages."""
        return ""

    def held_out(self, question: str) -> str | None:
        """The Factbook has one way of asking for each thing."""
        return None


WORDING: Final = FactbookWording()
