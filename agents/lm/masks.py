"""What a query may see in a packed cache, in the form that a model takes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from berrypick.errors import BadInput

_FULL, _SLIDING = "full_attention", "sliding_attention"


class Masks:
    """Makes attention masks from positions.

    Args:
        config: of the model.

    Raises:
        BadInput: a layer keeps something other than keys and values of all tokens.
    """

    def __init__(self, config: Any) -> None:
        text = config.get_text_config(decoder=True)
        self._window: int | None = getattr(text, "sliding_window", None)
        kinds = getattr(text, "layer_types", None)
        self._kinds = sorted(set(kinds)) if kinds else [_FULL if self._window is None else _SLIDING]
        if strange := [kind for kind in self._kinds if kind not in (_FULL, _SLIDING)]:
            raise BadInput(f"a model with layers of kind {strange[0]} cannot be played", field="layer_types")
        # Models with several kinds of layers take a mask for each, by name; the others take one.
        self._named = bool(kinds) and self._kinds != [_FULL]
        self._added = text._attn_implementation != "sdpa"

    def __call__(self, positions: Tensor, columns: int) -> Any:
        """Return what the tokens at some positions, shape (n, width), may see of so many columns."""
        made = {kind: self._mask(kind, positions[:, None, :, None], columns) for kind in self._kinds}
        return made if self._named else made[self._kinds[0]]

    def _mask(self, kind: str, positions: Tensor, columns: int) -> Tensor:
        column = torch.arange(columns, device=positions.device)
        seen = column <= positions
        if kind == _SLIDING and self._window is not None:
            seen &= column > positions - self._window
        return torch.where(seen, 0.0, torch.finfo(torch.float32).min) if self._added else seen
