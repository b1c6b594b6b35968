"""The public table of relations: which sentences state them, how questions ask for them, which words find them.

Agents may read all of it; it says how facts are worded, never which facts hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from berrypick.corpora.builders.factbook import readers

Reader = Callable[[str], list[str]]


class Source(NamedTuple):
    """A field that states a relation.

    Attributes:
        label: what its sentences begin with: "Capital - name".
        read: from the value to the objects it names.
        listing: the field listing that repeats it for all countries, "" without one.
    """

    label: str
    read: Reader
    listing: str = ""


class Relation(NamedTuple):
    """One relation between a country and something.

    Attributes:
        name: its identifier.
        kind: kind of the object.
        sources: fields that state it; facts come from the first, the others confirm them.
        asks: questions for the object, over ``{x}`` = a phrase for the country.
        phrases: noun phrases for the object, over ``{x}`` = a phrase for the country.
        clauses: noun phrases for the country, over ``{x}`` = the object.
        predicates: what "Which country" goes on with, over ``{x}`` = the object.
        words: wordings of the relation for a query, likeliest first.
        single: whether a country has one object at most.
        symmetric: whether (s, o) implies (o, s).
    """

    name: str
    kind: str
    sources: tuple[Source, ...]
    asks: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    predicates: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    single: bool = True
    symmetric: bool = False


class Measure(NamedTuple):
    """A relation whose object is a figure, for comparisons.

    Attributes:
        name: its identifier.
        source: the field.
        most: noun phrase for the greater of two countries.
        least: noun phrase for the lesser.
        words: wordings for a query.
    """

    name: str
    source: Source
    most: str
    least: str
    words: tuple[str, ...]


_URBAN: Final = "Major urban areas - population"
_ROWS: Final = (
    Relation(
        "capital", "city",
        (
            Source("Capital - name", readers.capital_city, "Capital"),
            Source(_URBAN, readers.marked_capital, "Major urban areas"),
        ),
        asks=("What is the capital of {x}?", "Which city is the capital of {x}?"),
        clauses=("the country whose capital is {x}", "the country with the capital {x}"),
        words=("capital", "capital name", "seat of government"),
    ),
    Relation(
        "city", "city", (Source(_URBAN, readers.other_cities, "Major urban areas"),),
        clauses=("the country in which {x} is a major urban area",),
        words=("major urban areas population", "city"), single=False,
    ),
    Relation(
        "currency", "currency", (Source("Exchange rates - Currency", readers.currency, "Currency"),),
        asks=("What is the currency of {x}?", "Which currency is used in {x}?"),
        clauses=("the country that uses the currency {x}",),
        predicates=("uses the currency {x}",),
        words=("currency", "exchange rates currency per US dollar", "money"),
    ),
    Relation(
        "internet_code", "internet code", (Source("Internet country code", readers.code, "Internet country code"),),
        asks=("What is the internet country code of {x}?",),
        clauses=("the country whose internet country code is {x}",),
        words=("internet country code", "internet domain"),
    ),
    Relation(
        "aircraft_code", "aircraft code",
        (Source("Civil aircraft registration country code prefix", readers.code, "Civil aircraft registration code"),),
        asks=(
            "What is the civil aircraft registration prefix of {x}?",
            "Which code prefix do civil aircraft of {x} bear?",
        ),
        clauses=("the country whose civil aircraft registration prefix is {x}",),
        words=("civil aircraft registration country code prefix", "aircraft registration"),
    ),
    Relation(
        "highest_point", "place", (Source("Elevation - highest point", readers.mountain, "Highest point"),),
        asks=("What is the highest point of {x}?",),
        clauses=("the country whose highest point is {x}",),
        words=("highest point elevation", "mountain"),
    ),
    Relation(
        "anthem", "title", (Source("National anthem(s) - title", readers.title, "National anthem"),),
        asks=("What is the title of the national anthem of {x}?", "What is the national anthem of {x} called?"),
        clauses=('the country whose national anthem is "{x}"',),
        words=("national anthem title", "national song"),
    ),
    Relation(
        "chief_of_state", "person", (Source("Executive branch - chief of state", readers.person, "Chief of state"),),
        asks=("Who is the chief of state of {x}?",),
        clauses=("the country whose chief of state is {x}",),
        words=("chief of state executive branch", "president king"),
    ),
    Relation(
        "head_of_government", "person",
        (Source("Executive branch - head of government", readers.person, "Head of government"),),
        asks=("Who is the head of government of {x}?",),
        clauses=("the country whose head of government is {x}",),
        words=("head of government executive branch", "prime minister president"),
    ),
    Relation(
        "independence_year", "year", (Source("Independence", readers.independence_year, "Independence"),),
        asks=("In which year did {x} become independent?",),
        predicates=("became independent in {x}",),
        words=("independence", "independence year"),
    ),
    Relation(
        "independence_from", "state", (Source("Independence", readers.independence_from, "Independence"),),
        predicates=("gained its independence from {x}",),
        words=("independence from", "colonial rule"),
    ),
    Relation(
        "local_name", "name",
        (Source("Country name - local short form", readers.local_name, "Local short form of name"),),
        asks=("What is the local short name of {x}?", "What is {x} called locally?"),
        clauses=("the country locally called {x}",),
        words=("country name local short form", "local name"),
    ),
    Relation(
        "borders", "country", (Source("Land boundaries - border countries", readers.neighbours, "Border countries"),),
        phrases=("the only country that borders {x}",),
        predicates=("borders {x}",),
        words=("land boundaries border countries", "neighbours"), single=False, symmetric=True,
    ),
    Relation(
        "export_partner", "country", (Source("Exports - partners", readers.largest_partner, "Exports - partners"),),
        phrases=("the largest export partner of {x}",),
        predicates=("has {x} as its largest export partner",),
        words=("exports partners", "exports trade"),
    ),
    Relation(
        "import_partner", "country", (Source("Imports - partners", readers.largest_partner, "Imports - partners"),),
        phrases=("the largest import partner of {x}",),
        predicates=("has {x} as its largest import partner",),
        words=("imports partners", "imports trade"),
    ),
    Relation(
        "language", "language", (Source("Languages", readers.official_languages, "Languages"),),
        predicates=("has {x} as an official language",),
        words=("languages official", "spoken"), single=False,
    ),
    Relation(
        "division", "division", (Source("Administrative divisions", readers.divisions),),
        clauses=("the country that has an administrative division called {x}",),
        words=("administrative divisions", "province region"), single=False,
    ),
    Relation(
        "heritage_site", "place",
        (Source("National heritage - selected World Heritage Site locales", readers.heritage_sites),),
        clauses=("the country with the World Heritage Site {x}",),
        words=("selected World Heritage Site locales national heritage", "heritage"), single=False,
    ),
    Relation(
        "port", "place", (Source("Ports - key ports", readers.ports),),
        clauses=("the country whose key ports include {x}",),
        words=("key ports", "harbour"), single=False,
    ),
    Relation(
        "member", "organisation", (Source("International organization participation", readers.members),),
        predicates=("is a member of {x}",),
        words=("international organization participation", "member"), single=False,
    ),
)  # fmt: skip
_MEASURES: Final = (
    Measure(
        "area", Source("Area - total", readers.amount, "Total area"),
        "the one with the larger total area", "the one with the smaller total area", ("area total", "size sq km"),
    ),
    Measure(
        "population", Source("Population - total", readers.amount, "Total population"),
        "the one with the larger population", "the one with the smaller population", ("population total", "people"),
    ),
    Measure(
        "coastline", Source("Coastline", readers.amount, "Coastline"),
        "the one with the longer coastline", "the one with the shorter coastline", ("coastline", "coast length km"),
    ),
    Measure(
        "forest", Source("Land use - forest", readers.amount, "Forest share of land"),
        "the one with the larger share of forest", "the one with the smaller share of forest",
        ("land use forest", "woodland"),
    ),
    Measure(
        "urban", Source("Urbanization - urban population", readers.amount, "Urban share of population"),
        "the one with the larger share of urban population", "the one with the smaller share of urban population",
        ("urbanization urban population", "towns"),
    ),
    Measure(
        "median_age", Source("Median age - total", readers.amount, "Median age"),
        "the one with the higher median age", "the one with the lower median age", ("median age total", "years old"),
    ),
    Measure(
        "life_expectancy",
        Source("Life expectancy at birth - total population", readers.amount, "Life expectancy at birth"),
        "the one with the higher life expectancy", "the one with the lower life expectancy",
        ("life expectancy at birth total population", "lifespan"),
    ),
    Measure(
        "gdp", Source("Real GDP per capita 2024", readers.amount, "Real GDP per capita"),
        "the one with the higher real GDP per capita", "the one with the lower real GDP per capita",
        ("real GDP per capita 2024", "income per head"),
    ),
    Measure(
        "airports", Source("Airports", readers.amount, "Airports"),
        "the one with more airports", "the one with fewer airports", ("airports", "airfields"),
    ),
    Measure(
        "internet", Source("Internet users - percent of population", readers.amount, "Internet users"),
        "the one with the larger share of internet users", "the one with the smaller share of internet users",
        ("internet users percent of population", "online"),
    ),
)  # fmt: skip

RELATIONS: Final[dict[str, Relation]] = {row.name: row for row in _ROWS}
MEASURES: Final[dict[str, Measure]] = {row.name: row for row in _MEASURES}

#: What all titles of field listings begin with.
LISTING: Final = "Field listing: "


def sources() -> list[tuple[str, Source]]:
    """Every (relation or measure, source), relations first."""
    pairs = [(row.name, source) for row in _ROWS for source in row.sources]
    return [*pairs, *((row.name, row.source) for row in _MEASURES)]
