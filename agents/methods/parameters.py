"""What parameters of methods take, as annotations of the functions that make them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class Takes:
    """What a parameter takes.

    Attributes:
        what: in words, after "takes".
        holds: whether a number of the parameter's type is that.
    """

    what: str
    holds: Callable[[float], bool]


Size = Annotated[float, Takes("a finite number, at least 0", lambda value: 0 <= value < math.inf)]
Fraction = Annotated[float, Takes("a number from 0 to 1", lambda value: 0 <= value <= 1)]
Share = Annotated[float, Takes("a number above 0, at most 1", lambda value: 0 < value <= 1)]
Bound = Annotated[float, Takes("a number above 1, inf for none", lambda value: value > 1)]
Positive = Annotated[float, Takes("a finite number above 0", lambda value: 0 < value < math.inf)]
Estimator = Annotated[int, Takes("1, 2 or 3", lambda value: value in (1, 2, 3))]
Ddof = Annotated[int, Takes("0 or 1", lambda value: value in (0, 1))]
Count = Annotated[int, Takes("a whole number, at least 0", lambda value: value >= 0)]
Times = Annotated[int, Takes("a whole number, at least 1", lambda value: value >= 1)]
