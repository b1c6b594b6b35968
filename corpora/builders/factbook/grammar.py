"""Reading the Factbook's language: questions into plans, displayed sentences into facts. Public; knows no gold."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from berrypick.corpora.answerability.plans import Both, Name, Node, Stated, Step, Winner
from berrypick.corpora.builders.factbook.relations import LISTING, MEASURES, RELATIONS, Reader, sources

_ARTICLE: Final = re.compile(
    r"United |(?:Democratic )?Republic of |Federated States |.*(?:Republic|Islands)$"
    r"|(?:Comoros|Holy See|Maldives|Netherlands|Ottoman Empire|Philippines|Seychelles|Soviet Union)$"
)
_TITLE: Final = re.compile(r"(.*?)(?:: (.*?))?(?: \(\d+\))?")
_COMPARE: Final = re.compile(r"Compare (.+?) with (.+?): (.+)")
_BOTH: Final = re.compile(r"Which country (.+?) and also (.+)\?")


def the(country: str) -> str:
    """Return a country's name as it stands in running text: "the Netherlands", "France"."""
    return f"the {country}" if _ARTICLE.match(country) else country


def parse_question(text: str) -> Node | None:
    """Parse a question into its plan, or return None where it is not of this language."""
    if match := _BOTH.fullmatch(text):
        one, other = (_predicate(part) for part in match.groups())
        return Both(one, other) if one and other else None
    pair = None
    if match := _COMPARE.fullmatch(text):
        pair, text = (_name(match[1]), _name(match[2])), match[3][:1].upper() + match[3][1:]
    for pattern, relation in _asks():
        if (found := pattern.fullmatch(text)) and (node := _winner(found[1], pair) if pair else _phrase(found[1])):
            return Step(relation, False, node)
    return None


def write_question(plan: Step | Both, choose: int = 0) -> str:
    """Write a plan as a question; ``choose`` picks among the wordings. The inverse of ``parse_question``."""
    if isinstance(plan, Both):
        ends = (_pick(RELATIONS[step.relation].predicates, choose) for step in (plan.one, plan.other))
        one, other = (
            end.format(x=_words(step.of, choose)) for end, step in zip(ends, (plan.one, plan.other), strict=True)
        )
        return f"Which country {one} and also {other}?"
    text = _pick(RELATIONS[plan.relation].asks, choose).format(x=_words(plan.of, choose))
    if isinstance(plan.of, Winner):
        return f"Compare {the(plan.of.one.text)} with {the(plan.of.other.text)}: {text[0].lower()}{text[1:]}"
    return text


def statements(title: str, sentence: str) -> list[Stated]:
    """Every fact that a displayed sentence states under its title.

    Pages of a country: "Austria: Government - Capital" with "Capital - name: Vienna."; field listings:
    "Field listing: Capital (1)" with "Austria: Vienna.". Prose states nothing here.
    """
    label, _, value = sentence.removesuffix(".").partition(": ")
    match = _TITLE.fullmatch(title)
    if not value or not match:
        return []
    subject, readers = match[1], _by_label().get(label, ())
    if title.startswith(LISTING):
        subject, readers = label, _by_listing().get(match[2], ())
    return [Stated(subject, relation, found) for relation, read in readers for found in read(value)]


def search_wording(relation: str) -> tuple[str, ...]:
    """Ways to word a relation or measure in a query, likeliest first, without the name."""
    return (RELATIONS.get(relation) or MEASURES[relation]).words


def listing_titles(relation: str) -> tuple[str, ...]:
    """Titles, without the number, of the field listings that state a relation or measure."""
    found = (source.listing for name, source in sources() if name == relation and source.listing)
    return tuple(LISTING + listing for listing in found)


def _name(text: str) -> Name:
    bare = text.removeprefix("the ")
    return Name(bare if _ARTICLE.match(bare) else text)


def _phrase(text: str) -> Node | None:
    for pattern, relation, inverse in _noun_phrases():
        if match := pattern.fullmatch(text):
            inner = Name(match[1]) if inverse else _phrase(match[1])
            return Step(relation, inverse, inner) if inner else None
    return None if text.startswith(("the country ", "the one ")) else _name(text)


def _predicate(text: str) -> Step | None:
    for pattern, relation in _predicates():
        if match := pattern.fullmatch(text):
            return Step(relation, True, _name(match[1]))
    return None


def _winner(text: str, pair: tuple[Name, Name]) -> Winner | None:
    for row in MEASURES.values():
        if text in (row.most, row.least):
            return Winner(row.name, text == row.most, *pair)
    return None


def _words(node: Node, choose: int) -> str:
    match node:
        case Name(text):
            return the(text)
        case Winner(measure, most):
            return MEASURES[measure].most if most else MEASURES[measure].least
        case Step(relation, inverse, of) if not inverse:
            return _pick(RELATIONS[relation].phrases, choose).format(x=_words(of, choose))
        case Step(relation, _, Name(text)):
            return _pick(RELATIONS[relation].clauses, choose).format(x=text)
    raise ValueError(f"no noun phrase says {node}: only names have a clause, and an intersection is a whole question")


def _pick(wordings: tuple[str, ...], choose: int) -> str:
    return wordings[choose % len(wordings)]


@cache
def _asks() -> list[tuple[re.Pattern[str], str]]:
    return [(_pattern(ask), row.name) for row in RELATIONS.values() for ask in row.asks]


@cache
def _noun_phrases() -> list[tuple[re.Pattern[str], str, bool]]:
    return [
        (_pattern(wording), row.name, inverse)
        for row in RELATIONS.values()
        for inverse, wordings in ((True, row.clauses), (False, row.phrases))
        for wording in wordings
    ]


@cache
def _predicates() -> list[tuple[re.Pattern[str], str]]:
    return [(_pattern(wording), row.name) for row in RELATIONS.values() for wording in row.predicates]


@cache
def _pattern(template: str) -> re.Pattern[str]:
    before, _, after = template.partition("{x}")
    return re.compile(f"{re.escape(before)}(.+){re.escape(after)}")


@cache
def _by_label() -> dict[str, list[tuple[str, Reader]]]:
    table: dict[str, list[tuple[str, Reader]]] = {}
    for relation, source in sources():
        table.setdefault(source.label, []).append((relation, source.read))
    return table


@cache
def _by_listing() -> dict[str, list[tuple[str, Reader]]]:
    table: dict[str, list[tuple[str, Reader]]] = {}
    for relation, source in sources():
        table.setdefault(source.listing, []).append((relation, source.read))
    return table
