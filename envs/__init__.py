"""The simulator. Importing it registers every environment id."""

from __future__ import annotations

import gymnasium

from berrypick.envs.specs import ENVS

for _id in ENVS:
    gymnasium.register(_id, entry_point=ENVS[_id].entry_point, kwargs=ENVS[_id].arguments)

__all__ = ["ENVS"]
