"""The simulator. Importing it registers every environment id."""

from __future__ import annotations

import gymnasium

from berrypick.envs.specs import ENVS

for _id in ENVS:
    _spec = ENVS[_id]
    gymnasium.register(
        _id, entry_point=_spec.entry_point, vector_entry_point=_spec.vector_entry_point, kwargs=_spec.arguments
    )

__all__ = ["ENVS"]
