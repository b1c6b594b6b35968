"""Names as the Factbook writes them: one canonical name for each of a country's written variants. Public knowledge."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

#: Written variant -> canonical name, where no rule of ``canonical`` leads there.
VARIANTS: Final = {
    "Bosnia": "Bosnia and Herzegovina",
    "Congo": "Republic of the Congo",
    "Congo (Brazzaville)": "Republic of the Congo",
    "Congo (Kinshasa)": "Democratic Republic of the Congo",
    "Congo, Democratic Republic of the": "Democratic Republic of the Congo",
    "Congo, Republic of the": "Republic of the Congo",
    "Czech Republic": "Czechia",
    "Côte d'Ivoire": "Cote d'Ivoire",
    "DRC": "Democratic Republic of the Congo",
    "Democratic Republic of Congo": "Democratic Republic of the Congo",
    "Macedonia": "North Macedonia",
    "NZ": "New Zealand",
    "Republic of Congo": "Republic of the Congo",
    "S. Korea": "South Korea",
    "UAE": "United Arab Emirates",
    "UK": "United Kingdom",
    "US": "United States",
    "USA": "United States",
}
#: Canonical name -> the abbreviation that lists of partners and neighbours write.
ABBREVIATIONS: Final = {
    "Democratic Republic of the Congo": "DRC",
    "New Zealand": "NZ",
    "South Korea": "S. Korea",
    "United Arab Emirates": "UAE",
    "United Kingdom": "UK",
    "United States": "USA",
}
_PARENTHESIS = re.compile(r"\s*\([^()]*\)")


def canonical(name: str) -> str:
    """Return the canonical name of a country for any variant that the Factbook writes; tidy any other name.

    >>> [canonical(name) for name in ("Czech Republic", "Gambia, The", "Trinidad & Tobago", "China (south)")]
    ['Czechia', 'The Gambia', 'Trinidad and Tobago', 'China']
    """
    name = " ".join(name.split())
    if name not in VARIANTS and not re.match(r"\S+ \(\S+\) \S", name):
        name = _PARENTHESIS.sub("", name).strip()
    name = re.sub(r"^(.*), The$", r"The \1", name.replace(" & ", " and ").replace("St. ", "Saint "))
    return VARIANTS.get(name, name)


@lru_cache(maxsize=65_536)
def fold(name: str) -> str:
    """Return a name without case, accents and kinds of apostrophe: equal for spellings of one name."""
    return unaccented(name).casefold()


def unaccented(name: str) -> str:
    """Return a name in plain letters, case kept."""
    if name.isascii():
        return name
    plain = unicodedata.normalize("NFKD", name.replace("\u2019", "'").replace("\u2018", "'"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
