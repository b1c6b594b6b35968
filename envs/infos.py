"""Infos of many environments in Gymnasium's form: arrays by key, and ``_key`` for who has it.

``VectorEnv._add_info`` gives the same one environment at a time, which takes longer than the steps themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


class Infos:
    """Collects the infos of one step.

    Args:
        count: number of environments.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._places: list[int] = []
        self._infos: list[dict[str, Any]] = []
        self._ended: list[tuple[int, str, dict[str, Any]]] = []

    def add(self, place: int, info: dict[str, Any]) -> None:
        """Add the info of one environment."""
        self._places.append(place)
        self._infos.append(info)

    def end(self, place: int, observation: str, info: dict[str, Any]) -> None:
        """Add what an episode ended with, where another has begun in its place."""
        self._ended.append((place, observation, info))

    def merged(self) -> dict[str, Any]:
        """Return all infos together; empty where nobody has any."""
        infos: dict[str, Any] = {}
        if self._ended:
            places = [place for place, _, _ in self._ended]
            infos["final_obs"] = self._array([observation for _, observation, _ in self._ended], places)
            infos["final_info"] = self._merge([info for _, _, info in self._ended], places)
            infos["_final_obs"] = self._who(places)
            infos["_final_info"] = self._who(places)
        return infos | self._merge(self._infos, self._places)

    def _merge(self, infos: Sequence[dict[str, Any]], places: Sequence[int]) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        who = self._who(places)
        for key in infos[0] if infos else ():  # all environments are of one kind and tell the same things
            values = [info[key] for info in infos]
            nested = isinstance(values[0], dict)
            merged[key] = self._merge(values, places) if nested else self._array(values, places)
            merged[f"_{key}"] = who.copy()
        return merged

    def _array(self, values: Sequence[Any], places: Sequence[int]) -> npt.NDArray[Any]:
        kind = type(values[0])
        plain = kind in (int, float, bool)
        array = np.zeros(self._count, dtype=kind) if plain else np.full(self._count, None, dtype=object)
        for place, value in zip(places, values, strict=True):
            array[place] = value
        return array

    def _who(self, places: Sequence[int]) -> npt.NDArray[np.bool_]:
        who = np.zeros(self._count, dtype=np.bool_)
        who[list(places)] = True
        return who
