"""The simulator. Importing it registers every environment id."""

from __future__ import annotations

import gymnasium

from berrypick.envs.specs import ENTRY_POINT, ENVS, VECTOR_ENTRY_POINT

for _id in ENVS:
    gymnasium.register(_id, entry_point=ENTRY_POINT, vector_entry_point=VECTOR_ENTRY_POINT, kwargs=ENVS[_id])

__all__ = ["ENVS"]
