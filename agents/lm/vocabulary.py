"""Every word that an Almanac world, its questions and the simulator's replies can hold: closed, whatever the seed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Final

from berrypick.corpora.builders.almanac import inventory, lexicon, pages
from berrypick.corpora.builders.almanac.inventory_nested import MORE_ADJECTIVES, TAILS
from berrypick.envs import observations
from berrypick.envs.protocols import TOPK_LIMIT
from berrypick.envs.protocols.tags import REMINDER

#: What one token is, before words of the largest corpora are split into stem and tail: a tag, the head of a result
#: or a page, an initial, the number of a list's page, a word, or a mark.
PIECE: Final = r"<[^<>\n]*>|Doc \d+ \(Title:|Page \(Title:|\b[A-Z]\.(?= [A-Z])|\(\d{1,2}\)|\w+|[^\w\s]"
#: Engines that the published starts know by name. A new engine does not enter: it would move the numbers of all tokens.
ENGINES: Final = ("bm25", "rank_bm25", "dense", "hybrid")
#: Marks a word's tail, as in WordPiece.
TAIL: Final = "##"
_TEMPLATE: Final = re.compile(r"\{\w+\}")


def tags() -> list[str]:
    """Every tag of the protocol, searches with each engine and number of documents."""
    engines = ("", *(f' engine="{name}"' for name in ENGINES))
    counts = ("", *(f' topk="{count}"' for count in range(1, TOPK_LIMIT + 1)))
    searches = [f"<search{engine}{count}>" for engine, count in itertools.product(engines, counts)]
    names = ("think", "open", "answer", "information")
    return [*searches, "</search>", *(f"<{slash}{name}>" for name in names for slash in ("", "/"))]


def words() -> list[str]:
    """All tokens but the tags, sorted; tails start with ``TAIL``."""
    found: set[str] = set()
    for text in _texts():
        for sentence in (text, text[:1].upper() + text[1:]):
            found.update(re.findall(PIECE, _TEMPLATE.sub(" ", sentence)))
    found.update(f"{letter}." for letter in {name[0] for pool in inventory.POOLS.values() for name in pool.firsts})
    found.update(f"Doc {rank} (Title:" for rank in range(1, TOPK_LIMIT + 1))
    found.update(["Page (Title:", *(f"({number})" for number in range(100))])
    digits = "0123456789"
    found.update([*digits, *(TAIL + digit for digit in digits)])
    found.update(TAIL + tail for tails in TAILS.values() for tail in tails.split())
    return sorted(found - set(tags()))


def _texts() -> Iterator[str]:
    for pool in inventory.POOLS.values():
        yield from itertools.chain(pool.firsts, pool.stems, pool.types, pool.roles, pool.nouns)
    yield from itertools.chain(inventory.ADJECTIVES, MORE_ADJECTIVES, inventory.SEASONS, inventory.PLACES)
    yield from inventory.YEARS
    for relation in lexicon.RELATIONS.values():
        # Lower case too: scripts search for words of titles and of sentences.
        titled = (relation.roster, *relation.states)
        yield from itertools.chain(titled, map(str.lower, titled), relation.asks, relation.asks_inverse)
    yield from itertools.chain(lexicon.ALIAS_ASKS, (lexicon.REGISTER, lexicon.REGISTER.lower(), lexicon.REGISTER_ENTRY))
    yield from itertools.chain(lexicon.FRAMES, lexicon.BOTH_FRAMES, *lexicon.ORDERS.values())
    yield from itertools.chain(pages.PROFILE_FILLERS, pages.CHRONICLE_FILLERS)
    yield from _said()


def _said() -> Iterable[str]:
    """What the simulator says, and the fixed words of pages: "X is a weaver", "Thornwell of Fellmoor", "the"."""
    tools = ("open", *ENGINES)
    return (
        "is a an the of Question: Links: - unknown names words whole initial byname full title",
        REMINDER,
        observations.NOTHING_FOUND,
        observations.NO_SUCH_PAGE,
        observations.ENGINE_FAILED,
        observations.used_up(6),
        *(observations.unavailable(tool) for tool in tools),
        *(observations.unavailable_form(tool, "names") for tool in tools),
    )
