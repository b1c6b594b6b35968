"""Reading the Factbook: its public grammar and relations behind the ``Language`` protocol."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

from berrypick.corpora.answerability.plans import Node
from berrypick.corpora.builders.factbook import grammar, readers
from berrypick.corpora.builders.factbook.names import canonical, fold
from berrypick.corpora.builders.factbook.relations import LISTING, MEASURES, RELATIONS, sources
from berrypick.corpora.builders.factbook.topics import TOPICS
from berrypick.envs.reading.plan import Unknown
from berrypick.envs.reading.reader import Fact, Passage


class Factbook:
    """See ``Language``."""

    corpora = ("factbook",)
    train = ("factbook", "train", 0)
    joint = False
    forms = ("full",)

    def plan(self, question: str) -> Node | None:
        """Read a question with the public grammar."""
        return grammar.parse_question(question)

    def read(self, passage: Passage) -> Iterator[Fact]:
        """Read "Field: value" sentences under their title."""
        for sentence in passage.sentences:
            for fact in grammar.statements(passage.title, sentence):
                yield Fact(fact.subject, fact.relation, fact.object)

    def names(self, passage: Passage) -> Iterator[str]:
        """What stands before the colon of a title, unless the page is a field listing."""
        if ": " in passage.title and not passage.title.startswith(LISTING):
            yield passage.title.partition(": ")[0]

    def form(self, name: str) -> str:
        """There is one form."""
        return "full"

    def initial(self, full: str) -> str:
        """There is none."""
        return ""

    def key(self, name: str) -> str:
        """Written variants of a name have one key."""
        return fold(canonical(name))

    def number(self, text: str) -> float:
        """Figures with their units."""
        return readers.number(text)

    def symmetric(self, relation: str) -> bool:
        """Whether (s, o) implies (o, s)."""
        return relation in RELATIONS and RELATIONS[relation].symmetric

    def words(self, unknown: Unknown) -> tuple[str, ...]:
        """The relation's public wordings."""
        return grammar.search_wording(unknown.relation)

    def gist(self, unknown: Unknown) -> str:
        """The likeliest wording: a field has one name."""
        return self.words(unknown)[0]

    def question(self, unknown: Unknown, name: str) -> str:
        """The unknown in the first wording that the grammar has for it."""
        if unknown.relation in MEASURES:
            return f"What is the {self.words(unknown)[0]} of {grammar.the(name)}?"
        row = RELATIONS[unknown.relation]
        if not unknown.inverse:
            asks = (*row.asks, *(f"What is {phrase}?" for phrase in row.phrases))
            return (asks or (f"What is the {row.words[0]} of {{x}}?",))[0].format(x=grammar.the(name))
        asks = (*(f"What is {clause}?" for clause in row.clauses), *(f"Which country {end}?" for end in row.predicates))
        return (asks or (f"Which country has the {row.words[0]} {{x}}?",))[0].format(x=name)

    def list_query(self, unknown: Unknown, name: str) -> str:
        """The title of the relation's first field listing, and the name."""
        return f"{next(iter(grammar.listing_titles(unknown.relation)), self.words(unknown)[0])} {name}"

    def is_list(self, title: str, unknown: Unknown, name: str) -> bool:
        """Field listings hold a dozen countries each; which one holds the answer, their titles do not tell."""
        return False

    def pages(self, unknown: Unknown, name: str) -> tuple[str, ...]:
        """The page of the field's topic, and the country's overview, which links to it."""
        return (*(f"{name}: {topic}" for topic in _topics(unknown.relation)), name)

    def is_page(self, title: str, name: str) -> bool:
        """Pages are titled "Country: Section"."""
        return self.key(title.partition(": ")[0]) == self.key(name)


@cache
def _topics(relation: str) -> tuple[str, ...]:
    labels = [source.label for name, source in sources() if name == relation]
    return tuple(
        f"{section} - {topic}"
        for section, topics in TOPICS.items()
        for topic, fields in topics.items()
        if any(label.startswith(fields) for label in labels)
    )


FACTBOOK: Final = Factbook()
