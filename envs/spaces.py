"""A text space that accepts any Unicode string."""

from __future__ import annotations

import string
from typing import Any, Final, NoReturn

from gymnasium.error import CustomSpaceError
from gymnasium.spaces import Text
from gymnasium.vector.utils import create_shared_memory

#: What ``sample`` draws from: enough of Unicode to catch code that expects ASCII.
SAMPLED: Final = string.ascii_letters + string.digits + string.punctuation + " \näöüßéçñøλжшא中文日本🫐"
#: Longest string that ``sample`` draws.
SAMPLE_LENGTH: Final = 256


class UnicodeText(Text):
    """Any Unicode string of at most ``max_length`` characters, the empty one included.

    Gymnasium's ``Text`` refuses every character outside its character set; here the set only says what ``sample``
    draws. In an ``AsyncVectorEnv`` use ``shared_memory=False``: shared memory holds characters of the set alone, and
    is refused.
    """

    def __init__(self, max_length: int, *, seed: int | None = None) -> None:
        super().__init__(max_length, min_length=0, charset=SAMPLED, seed=seed)

    def contains(self, x: Any) -> bool:
        """Whether ``x`` is a string that is not too long."""
        return isinstance(x, str) and len(x) <= self.max_length

    def sample(self, mask: Any | None = None, probability: Any | None = None) -> str:
        """Draw a string of at most ``SAMPLE_LENGTH`` characters; masks as in ``Text``."""
        if mask is None and probability is None:
            mask = (int(self.np_random.integers(min(self.max_length, SAMPLE_LENGTH) + 1)), None)
        return str(super().sample(mask, probability))

    @property
    def is_np_flattenable(self) -> bool:
        """False: a character outside the set has no index."""
        return False

    def __eq__(self, other: object, /) -> bool:
        """Equal to a UnicodeText of the same length."""
        return isinstance(other, UnicodeText) and self.max_length == other.max_length

    def __repr__(self) -> str:
        """Short: without the character set."""
        return f"UnicodeText({self.max_length})"


@create_shared_memory.register(UnicodeText)
def _refuse_shared_memory(space: UnicodeText, n: int = 1, ctx: Any = None) -> NoReturn:
    # Text's own would garble observations without a word; AsyncVectorEnv turns this error into its advice.
    raise CustomSpaceError("shared memory cannot hold any Unicode text: pass shared_memory=False")
