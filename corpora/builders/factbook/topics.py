"""Which fields share a page: the topics of each section, and the genre of its pages."""

from __future__ import annotations

from typing import Final

from berrypick.corpora.builders.factbook.source import Leaf

#: Section -> genre. Each is found by other words, and linked from the country's overview.
GENRES: Final = {
    "Introduction": "overview",
    "Geography": "geography",
    "People and Society": "people",
    "Environment": "environment",
    "Government": "government",
    "Economy": "economy",
    "Energy": "infrastructure",
    "Communications": "infrastructure",
    "Transportation": "infrastructure",
    "Military and Security": "security",
    "Space": "infrastructure",
    "Terrorism": "security",
    "Transnational Issues": "security",
}
#: Section -> topic -> fields. What questions ask about stands on short pages, so that a country's name weighs enough
#: to find them; all other fields of a section are packed together under its name.
TOPICS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "Geography": {
        "location and area": ("Location", "Geographic coordinates", "Area", "Area - comparative"),
        "borders": ("Land boundaries",),
        "coast": ("Coastline", "Maritime claims"),
        "terrain and land use": ("Terrain", "Elevation", "Land use", "Irrigated land"),
    },
    "People and Society": {
        "population": ("Population", "Nationality", "Median age", "Life expectancy at birth"),
        "cities": ("Population distribution", "Urbanization", "Major urban areas - population"),
        "peoples and languages": ("Ethnic groups", "Languages", "Religions"),
    },
    "Environment": {
        "climate and land": ("Climate", "Land use", "Urbanization"),
    },
    "Government": {
        "names": ("Country name", "Government type", "Dependency status"),
        "capital": ("Capital",),
        "divisions and independence": ("Administrative divisions", "Independence", "National holiday"),
        "executive": ("Executive branch",),
        "memberships": ("International organization participation",),
        "anthem and heritage": ("National anthem(s)", "National heritage"),
    },
    "Economy": {
        "exports": ("Exports", "Exports - partners", "Exports - commodities"),
        "imports": ("Imports", "Imports - partners", "Imports - commodities"),
        "currency": ("Exchange rates",),
        "output": (
            "Real GDP (purchasing power parity)", "Real GDP growth rate", "Real GDP per capita",
            "GDP (official exchange rate)",
        ),
    },
    "Communications": {
        "telephones and internet": (
            "Telephones - fixed lines", "Telephones - mobile cellular", "Internet country code", "Internet users",
            "Broadband - fixed subscriptions",
        ),
    },
    "Transportation": {
        "aviation": ("Civil aircraft registration country code prefix", "Airports", "Heliports"),
        "ports and railways": ("Ports", "Merchant marine", "Railways"),
    },
}  # fmt: skip
_TOPIC: Final = {
    (section, field): topic
    for section, topics in TOPICS.items()
    for topic, fields in topics.items()
    for field in fields
}


def topic_of(leaf: Leaf) -> str:
    """The topic of a text within its section, "" for what is packed together."""
    return _TOPIC.get((leaf.section, leaf.field), "")
