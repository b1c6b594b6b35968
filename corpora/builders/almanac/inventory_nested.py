"""Larger inventories, of the same words and more, from which the later shards of the nested corpora are named.

A million documents need 212,000 names that differ in their initial forms and bynames. Stems get a further syllable, or
none: at a million documents a surname has about nine bearers, where the four of one shard are all at a thousand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from berrypick.corpora.builders.almanac.inventory import (
    ADJECTIVES,
    CITY_STEMS,
    COMPANY_STEMS,
    POOLS,
    SCHOOL_STEMS,
    SURNAMES,
    WORK_STEMS,
    Pool,
)

#: What a stem may get: "Thornwell" is one, and "Thornwellin" another.
TAILS: Final = {
    "person": "a ard el en er ian ic in is o on or ux",
    "company": "ax eon ium on",
    "school": "ard el oth und",
    "city": "aven den eth ing mouth over ridge star thorpe ulm wyn yard",
    "work": "bane call dance fall flight grove lore song spire tide wake ward wreath",
}
_STEMS: Final = {
    "person": SURNAMES,
    "company": COMPANY_STEMS,
    "school": SCHOOL_STEMS,
    "city": CITY_STEMS,
    "work": WORK_STEMS,
}


def _longer(stems: Iterable[str], tails: str) -> tuple[str, ...]:
    return tuple(stem + tail for stem in stems for tail in ("", *tails.split()))


MORE_ADJECTIVES: Final[tuple[str, ...]] = (
    *ADJECTIVES,
    *"""
    Ashen Austere Azure Bitterest Blazing Blithe Brassy Breezy Bristling Bronze Candid Carefree Cheerful Clever Cloudy
    Cosmic Courtly Crafty Curious Dancing Dapple Dazzling Demure Devout Dreamy Drowsy Ebony Elegant Elusive Errant
    Fabled Faithful Famished Flaxen Fleeting Floating Frosty Generous Glacial Gleaming Glowing Gracious Grumpy Hardy
    Hearty Honest Hungry Icy Jaunty Jovial Keen Limping Loyal Lucky Mellow Mossy Muddy Muted Nocturnal Ornate
    """.split(),
)

NESTED_POOLS: Final[dict[str, Pool]] = {
    kind: pool._replace(stems=_longer(_STEMS[kind], TAILS[kind])) for kind, pool in POOLS.items()
}
