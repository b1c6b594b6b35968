"""The table of discrete actions: a tool, the slot of an entity, and the form in which it is asked for."""

from __future__ import annotations

from typing import Final, NamedTuple

#: Entities that can be acted on at a time.
SLOTS: Final = 8
#: Engines that can be searched, by kind.
ENGINES: Final = ("bm25", "dense")
#: Name of the entity, and what stands beside it: the words of the relation sought, the title of the pages that list
#: the relation, or that of the registers of bynames.
QUERIES: Final = (
    "full",
    "full+words",
    "full+list",
    "full+register",
    "initial",
    "initial+words",
    "initial+list",
    "byname",
    "byname+words",
    "byname+register",
)
#: Pages that can be opened: the one that bears the entity's full name, the next displayed one that lists the relation.
PAGES: Final = ("page", "list")
#: Queries that need no slot: the question as it stands, and the names in it where there are several.
TOGETHER: Final = ("whole", "names")


class Choice(NamedTuple):
    """One discrete action.

    Attributes:
        tool: one of ``ENGINES``, ``open`` or ``answer``.
        slot: the entity; None for the forms of ``TOGETHER``.
        form: one of ``QUERIES``, ``TOGETHER`` or ``PAGES``, "" for an answer.
    """

    tool: str
    slot: int | None
    form: str


def _of_slot(slot: int) -> tuple[Choice, ...]:
    return (
        *(Choice(engine, slot, form) for engine in ENGINES for form in QUERIES),
        *(Choice("open", slot, form) for form in PAGES),
        Choice("answer", slot, ""),
    )


#: Every action, by its number: those of each slot side by side, in the order of ``_of_slot``, then those without.
CHOICES: Final = (
    *(choice for slot in range(SLOTS) for choice in _of_slot(slot)),
    *(Choice(engine, None, form) for engine in ENGINES for form in TOGETHER),
)
PER_SLOT: Final = len(_of_slot(0))
#: The same the other way round.
NUMBER: Final = {choice: number for number, choice in enumerate(CHOICES)}
