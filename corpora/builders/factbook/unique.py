"""Whether a question has one answer, judged with care: what no field denies counts as possible."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from berrypick.corpora.builders.factbook.facts import Facts
from berrypick.corpora.builders.factbook.names import VARIANTS, fold
from berrypick.corpora.builders.factbook.relations import RELATIONS
from berrypick.corpora.builders.factbook.source import Entry
from berrypick.text import tokens


class Lookout:
    """Looks over all entries, countries or not, for further answers.

    Args:
        facts: what the passages state.
        entries: every entry that states facts about one place.
    """

    def __init__(self, facts: Facts, entries: Sequence[Entry]) -> None:
        self.facts = facts
        self.entries = entries
        self.possible = cache(self._possible)
        self.mentioned = cache(self._mentioned)
        self._texts = cache(self._field)
        self._names = frozenset(fold(entry.name) for entry in entries)

    def identifies(self, relation: str, object_: str, subject: str) -> bool:
        """Whether an object can stand for the one country that has it, without giving the country's name away."""
        own, name = fold(subject), fold(object_)
        hidden = own not in name and name not in own and name not in self._names
        capital_of = self.facts.subjects("capital", object_)
        elsewhere = {*self.mentioned(relation, object_), *capital_of} - {subject}
        return hidden and bool(tokens(object_)) and not elsewhere and not (relation == "city" and capital_of)

    def sole_neighbour(self, country: str) -> str | None:
        """The one neighbour of a country, None where any text names another."""
        near = self.possible("borders", country) - {country}
        return next(iter(near)) if len(near) == 1 and self.facts.fact("borders", country, *near) else None

    def _possible(self, relation: str, object_: str) -> frozenset[str]:
        """Entries that have, or may have, this object; of a single-valued relation, those told nothing about too."""
        if not RELATIONS[relation].single:
            return self.mentioned(relation, object_)
        silent = {entry.name for entry in self.entries if not self.facts.speaks(relation, entry.name)}
        # One currency may be part of another's name ("lei", "Moldovan lei").
        stated = self.mentioned(relation, object_) if relation == "currency" else self.facts.subjects(relation, object_)
        return frozenset(silent.union(stated))

    def _mentioned(self, relation: str, object_: str) -> frozenset[str]:
        """Entries that have this object, or whose field has its name anywhere."""
        spellings = [_words(name) for name in (object_, *(key for key, name in VARIANTS.items() if name == object_))]
        named = (name for name, text in self._texts(relation) if any(spelling in text for spelling in spellings))
        return frozenset((*self.facts.subjects(relation, object_), *named))

    def _field(self, relation: str) -> list[tuple[str, str]]:
        label = RELATIONS[relation].sources[0].label
        return [(entry.name, _words(entry.texts[label])) for entry in self.entries if label in entry.texts]


def _words(text: str) -> str:
    """The words of a text between blanks, so that one text holds another's words where it contains this string."""
    return " ".join(("", *re.findall(r"\w+", fold(text)), ""))
