"""The rows that the project itself submits: what everything else on the board is compared with."""

from __future__ import annotations

import re
from typing import Final

from berrypick.agents import AGENTS

#: Rows to lose: ways to look better than one is (``tests/benchmarks/test_adversarial.py``).
GAMING: Final = (
    "padded:mixture",
    "noisy:mixture",
    "decoy:mixture",
    "shotgun:mixture",
    "cosmetic:scripted:reformulate-on-miss",
)
#: What does look better, as RULES.md says: it changes what is displayed, and so what finds the evidence.
VARYING: Final = ("deep:mixture", "wordy:scripted:reformulate-on-miss")
#: Agents that are given the evidence: shown, and on no front.
CEILINGS: Final = ("oracle", "route_oracle")
#: The scripts without a grammar play a user's own corpora, which no suite of the board searches.
BASELINES: Final = (*(agent for agent in AGENTS if not agent.startswith("surface:")), *GAMING, *VARYING)
#: What stands on the large suites too, where a sampling agent takes megabytes of the repository: the floors, a script
#: with one way and one with fallbacks, a random script an episode, and the ceiling.
ANCHORS: Final = (
    "random", "closed_book", "scripted:names-only", "scripted:reformulate-on-miss", "mixture", "oracle",
)  # fmt: skip


def name_of(suite: str, agent: str) -> str:
    """What the project calls the submission of an agent of its own."""
    return re.sub(r"[^a-z0-9._]+", "-", f"{suite}-{agent}".lower())


def is_baseline(name: str, suite: str, agent: str) -> bool:
    """Whether a submission is the project's: names that begin with a suite are its own (RULES.md)."""
    return agent in BASELINES and name == name_of(suite, agent)
