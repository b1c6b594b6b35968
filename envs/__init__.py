"""The simulator. Importing it registers every environment id."""

from __future__ import annotations

import gymnasium

from berrypick.envs.specs import ENTRY_POINT, ENVS

for _id in ENVS:
    gymnasium.register(_id, entry_point=ENTRY_POINT, kwargs=ENVS[_id])

__all__ = ["ENVS"]
