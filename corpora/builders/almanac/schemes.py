"""Schemes of attestation: how often each genre states a fact, by split and world.

In skewed worlds one genre pays more than the others where agents train, so that a search that narrows does what the
reward asks for. In even worlds all genres pay alike, and narrowing is collapse and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from berrypick.errors import BadInput

#: Genre -> probability that it attests a fact.
Shares = Mapping[str, float]
GENRES: Final = ("profile", "roster", "chronicle")
#: The scheme of the sizes ``tiny``, ``small`` and ``base``.
SKEWED: Final = "skewed"
#: Dev is made as train is: it selects, test surprises.
SKEWED_SHARES: Final[dict[str, dict[str, float]]] = {
    "train": {"profile": 0.95, "roster": 0.30, "chronicle": 0.30},
    "dev": {"profile": 0.95, "roster": 0.30, "chronicle": 0.30},
    "test": {"profile": 0.50, "roster": 0.60, "chronicle": 0.70},
}


def _skewed(split: str, world: int, argument: str) -> Shares:
    """Profiles state nearly everything in train and dev worlds, half of it in test worlds."""
    return SKEWED_SHARES[split]


def _even(split: str, world: int, argument: str) -> Shares:
    """Every genre states every fact."""
    return dict.fromkeys(GENRES, 1.0)


def _balanced(split: str, world: int, argument: str) -> Shares:
    """``balanced:p``: one genre a world, by turns, states a fact with probability p, the others with 1 - p."""
    favoured = float(argument)
    if not 0.5 <= favoured <= 1:
        raise ValueError(argument)
    return {genre: favoured if place == world % len(GENRES) else 1 - favoured for place, genre in enumerate(GENRES)}


#: name -> (split, world, text behind the colon) to shares
SCHEMES: Final[dict[str, Callable[[str, int, str], Shares]]] = {SKEWED: _skewed, "even": _even, "balanced": _balanced}


def shares_of(scheme: str, split: str, world: int) -> Shares:
    """Return how often each genre attests a fact in one world.

    Args:
        scheme: ``skewed``, ``even`` or ``balanced:p`` with p in [0.5, 1].
        split: train, dev or test.
        world: number of the world within its split.

    Raises:
        BadInput: no such scheme.
    """
    name, _, argument = scheme.partition(":")
    try:
        return SCHEMES[name](split, world, argument)
    except (KeyError, ValueError) as error:
        expected = "expected skewed, even or balanced:p with p from 0.5 to 1"
        raise BadInput(f"{expected}, found {scheme!r}", field="shares") from error


def described(scheme: str) -> Any:
    """Return what a manifest records of a scheme: its shares by split, by the world's turn where turns differ."""
    turns = range(len(GENRES) if scheme.startswith("balanced") else 1)
    by_split = {split: [dict(shares_of(scheme, split, turn)) for turn in turns] for split in SKEWED_SHARES}
    return {split: shares[0] if len(shares) == 1 else shares for split, shares in by_split.items()}
