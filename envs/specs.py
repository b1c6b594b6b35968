"""The environments: ids and what each is made with. Data only, in JSON's types."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from berrypick.registry import Table


class Spec(NamedTuple):
    """One environment.

    Attributes:
        arguments: keywords that the class is called with; ``gymnasium.make`` overrides them one by one.
        entry_point: the class.
        vector_entry_point: the class of many at once; None for Gymnasium's own.
        track: how it is trained, a row of ``agents.training.tracks.TRACKS``.
    """

    arguments: dict[str, Any]
    entry_point: str = "berrypick.envs.search:SearchEnv"
    vector_entry_point: str | None = "berrypick.envs.batched:BatchedSearchEnv"
    track: str = "text"


#: id -> how it is made
ENVS: Table[Spec] = Table("environment")
_ALMANAC: Final = {"corpus": "almanac-small", "worlds": 8}

ENVS.add("berrypick/Almanac-v0", Spec(_ALMANAC), "procedural almanac, all families")
for _family, _help in (
    ("bridge", "a chain of facts, each found through the one before"),
    ("intersection", "the one thing that two facts share"),
    ("comparison", "an attribute of the winner of a comparison"),
    ("alias", "the question knows its subject by a byname only"),
    ("inverse", "who or what stands in a relation to the thing named"),
):
    _spec = Spec({**_ALMANAC, "families": [_family]})
    ENVS.add(f"berrypick/Almanac{_family.capitalize()}-v0", _spec, f"almanac: {_help}")
ENVS.add(
    "berrypick/AlmanacDiscrete-v0",
    Spec(_ALMANAC, "berrypick.envs.discrete.env:AlmanacDiscrete", vector_entry_point=None, track="discrete"),
    "almanac in numbers: a Box observed, a Discrete action, for any RL library",
)
ENVS.add("berrypick/Factbook-v0", Spec({"corpus": "factbook"}), "CIA World Factbook, real facts and real prose")
ENVS.add("berrypick/Search-v0", Spec({"corpus": "almanac-tiny"}), "any corpus: corpus= a name or a folder")
