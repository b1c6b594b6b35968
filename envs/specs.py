"""The environments: ids and the arguments that ``SearchEnv`` is made with. Data only, in JSON's types."""

from __future__ import annotations

from typing import Any, Final

from berrypick.registry import Table

ENTRY_POINT: Final = "berrypick.envs.search:SearchEnv"
VECTOR_ENTRY_POINT: Final = "berrypick.envs.batched:BatchedSearchEnv"

#: id -> keyword arguments; ``gymnasium.make`` overrides them one by one.
ENVS: Table[dict[str, Any]] = Table("environment")
_ALMANAC: Final = {"corpus": "almanac-small", "worlds": 8}

ENVS.add("berrypick/Almanac-v0", _ALMANAC, "procedural almanac, all families")
for _family, _help in (
    ("bridge", "a chain of facts, each found through the one before"),
    ("intersection", "the one thing that two facts share"),
    ("comparison", "an attribute of the winner of a comparison"),
    ("alias", "the question knows its subject by a byname only"),
    ("inverse", "who or what stands in a relation to the thing named"),
):
    ENVS.add(f"berrypick/Almanac{_family.capitalize()}-v0", {**_ALMANAC, "families": [_family]}, f"almanac: {_help}")
ENVS.add("berrypick/Factbook-v0", {"corpus": "factbook"}, "CIA World Factbook, real facts and real prose")
ENVS.add("berrypick/Search-v0", {"corpus": "almanac-tiny"}, "any corpus: corpus= a name or a folder")
