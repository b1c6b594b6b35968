"""Versions of everything that a published number follows from. A person raises them; nothing hashes source code.

``tests/golden`` replays recorded episodes and fails where behaviour changed and no version was raised.
"""

from __future__ import annotations

from typing import Final

from berrypick.benchmarks.suites import version_of
from berrypick.records import Record

#: Raise it when one of the recorded actions gets another observation, reward or end: environments, protocols, engines.
PROTOCOL_VERSION: Final = 1
#: Raise it when one of the recorded episodes gets another outcome, or a metric another value.
SCORER_VERSION: Final = 1


class Contract(Record):
    """Versions that two results must share before their numbers are compared.

    The defaults are what everything had that was made before versions existed.

    Attributes:
        suite: of the suite's cells, see ``suites.version_of``.
        protocol: ``PROTOCOL_VERSION``.
        scorer: ``SCORER_VERSION``.
    """

    suite: int = 1
    protocol: int = 1
    scorer: int = 1


def contract(suite: str) -> Contract:
    """Return the versions that a suite is played and scored with by this code."""
    return Contract(version_of(suite), PROTOCOL_VERSION, SCORER_VERSION)
