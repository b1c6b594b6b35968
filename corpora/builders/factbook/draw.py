"""Drawing by hash: an order that depends on the things alone, on no seed and no process."""

from __future__ import annotations

import hashlib


def hashed(*parts: str) -> int:
    """A number that is fixed for these words and looks random: 64 bits of their SHA-256."""
    return int.from_bytes(hashlib.sha256("\n".join(parts).encode()).digest()[:8], "big")
