"""Every question that the facts allow, family by family. Which are asked is decided in ``questions``."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from berrypick.corpora.answerability.plans import Both, Name, Node, Step, Winner
from berrypick.corpora.builders.factbook.draw import hashed
from berrypick.corpora.builders.factbook.facts import Fact, Facts
from berrypick.corpora.builders.factbook.names import fold
from berrypick.corpora.builders.factbook.readers import number
from berrypick.corpora.builders.factbook.relations import MEASURES, RELATIONS
from berrypick.corpora.builders.factbook.unique import Lookout

#: A comparison needs the greater figure to be this much above the lesser.
MARGIN: Final = 1.1
#: Of relations with many objects, a country lends this many to questions.
KEYS_PER_COUNTRY: Final = 3
_ASKED: Final = tuple(row.name for row in RELATIONS.values() if row.asks)
_KEYS: Final = tuple(row.name for row in RELATIONS.values() if row.clauses)
_PREDICATES: Final = tuple(row.name for row in RELATIONS.values() if row.predicates and row.name != "borders")
#: An organisation with more members than this says little about a country.
MEMBERS: Final = 40


@dataclass(frozen=True)
class Candidate:
    """A question that could be asked.

    Attributes:
        kind: ``key``, ``named``, ``chain``, ``meet`` or ``compare``.
        group: the relations it uses; the choice goes round the groups of a kind.
        plan: what it asks.
        facts: the facts it rests on, in order.
        answer: the canonical answer.
        named: the names that the question shows.
    """

    kind: str
    group: tuple[str, ...]
    plan: Step | Both
    facts: tuple[Fact, ...]
    answer: str
    named: tuple[str, ...]


def candidates(facts: Facts, lookout: Lookout) -> dict[str, list[Candidate]]:
    """Candidates of each kind.

    Args:
        facts: what the passages state.
        lookout: judges uniqueness.
    """
    keys = list(_keys(facts, lookout))
    return {
        "key": [found for key in keys for found in _asked(facts, "key", key.subject, _clause(key), (key,))],
        "named": [
            found
            for country in facts.countries
            for link in _links(facts, lookout, country)
            for found in _asked(facts, "named", link.object, _phrase(link, Name(country)), (link,))
        ],
        "chain": [
            found
            for key in keys
            for link in _links(facts, lookout, key.subject)
            for found in _asked(facts, "chain", link.object, _phrase(link, _clause(key)), (key, link))
        ],
        "meet": list(_meetings(facts, lookout)),
        "compare": list(_comparisons(facts)),
    }


def _keys(facts: Facts, lookout: Lookout) -> Iterator[Fact]:
    """Facts whose object stands for one country."""
    for relation, country in itertools.product(_KEYS, facts.countries):
        drawn = sorted(facts.objects(relation, country), key=lambda fact: hashed(relation, fact.object))
        good = (fact for fact in drawn if lookout.identifies(relation, fact.object, country))
        yield from itertools.islice(good, KEYS_PER_COUNTRY)


def _links(facts: Facts, lookout: Lookout, country: str) -> Iterator[Fact]:
    """Facts that lead from a country to exactly one other."""
    sole = lookout.sole_neighbour(country)
    found = [facts.fact("borders", country, sole)] if sole else []
    for fact in (*found, facts.object("export_partner", country), facts.object("import_partner", country)):
        if fact and fact.object in facts.countries:
            yield fact


def _clause(key: Fact) -> Step:
    return Step(key.relation, True, Name(key.object))


def _phrase(link: Fact, of: Node) -> Step:
    return Step(link.relation, False, of)


def _asked(facts: Facts, kind: str, subject: str, of: Node, so_far: tuple[Fact, ...]) -> Iterator[Candidate]:
    """Ask for every attribute of the country that a phrase leads to."""
    named = (so_far[0].object,) if kind != "named" else (so_far[0].subject,)
    for relation in _ASKED:
        last = facts.object(relation, subject)
        if last and not _tells(last) and relation not in {fact.relation for fact in so_far}:
            group = (*(fact.relation for fact in so_far), relation)
            yield Candidate(kind, group, Step(relation, False, of), (*so_far, last), last.object, named)


def _tells(fact: Fact) -> bool:
    """Whether the answer could be guessed from the country's name alone: Mexico City, Congo."""
    subject, object_ = fold(fact.subject), fold(fact.object)
    return subject in object_ or object_ in subject


def _meetings(facts: Facts, lookout: Lookout) -> Iterator[Candidate]:
    """Pairs of predicates that only one country meets, and that neither meets alone."""
    for country in facts.countries:
        for one, other in _pairs(facts, lookout, country):
            first, second = (lookout.possible(fact.relation, fact.object) for fact in (one, other))
            if one.object != other.object and first & second == {country} and len(first) > 1 and len(second) > 1:
                plan = Both(*(Step(fact.relation, True, Name(fact.object)) for fact in (one, other)))
                group, named = (one.relation, other.relation), (one.object, other.object)
                yield Candidate("meet", group, plan, (one, other), country, named)


def _pairs(facts: Facts, lookout: Lookout, country: str) -> Iterator[tuple[Fact, Fact]]:
    """Two facts of a country to find it by: a border and anything, or a year of independence and anything."""
    near = facts.objects("borders", country)
    more = [fact for relation in _PREDICATES for fact in facts.objects(relation, country)]
    told = [f for f in more if f.relation != "member" or len(lookout.possible(f.relation, f.object)) <= MEMBERS]
    yield from itertools.combinations(near, 2)
    yield from itertools.product(near, told)
    for one, other in itertools.combinations(told, 2):
        if "independence_year" in (one.relation, other.relation):
            yield one, other


def _comparisons(facts: Facts) -> Iterator[Candidate]:
    """For every measure, attribute and country, one other country drawn by hash."""
    for measure, relation, one in itertools.product(MEASURES, _ASKED, facts.countries):
        pair = (one, facts.countries[hashed(measure, relation, one) % len(facts.countries)])
        figures = [fact for country in pair if (fact := facts.object(measure, country))]
        attributes = [fact for country in pair if (fact := facts.object(relation, country))]
        if len(set(pair)) + len(figures) + len(attributes) < 6 or attributes[0].object == attributes[1].object:
            continue
        values = [number(fact.object) for fact in figures]
        most = hashed("most", measure, relation, one) % 2 == 0
        last = attributes[values.index(max(values) if most else min(values))]
        if min(values) >= 0 and min(values) * MARGIN < max(values) and not _tells(last):
            plan = Step(relation, False, Winner(measure, most, *map(Name, pair)))
            yield Candidate("compare", (measure, relation), plan, (*figures, last), last.object, pair)
