"""The body of a response, read within a bound: a few kilobytes may expand to gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Final, NamedTuple

#: Largest body after expansion, in bytes: a million tokens of text and their frame fit.
LIMIT: Final = 2**24
#: Encodings that are asked for, and that are read.
ACCEPTED: Final = "gzip, deflate"
#: zlib reads both frames, gzip's and its own, by itself.
_EITHER_FRAME: Final = 32 + zlib.MAX_WBITS


class Answer(NamedTuple):
    """A whole response.

    Attributes:
        status: of HTTP.
        reason: the phrase beside it.
        headers: by name in small letters.
        body: expanded.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, with marks for what is no UTF-8."""
        return self.body.decode(errors="replace")


class BadBody(ValueError):
    """A body that is too large, or in an encoding that is not read."""


async def read(chunks: AsyncIterator[bytes], encoding: str) -> bytes:
    """Read a body as it comes in, expanding it.

    Args:
        chunks: the bytes as they were sent.
        encoding: the header ``Content-Encoding``, "" for none.

    Raises:
        BadBody: it passes ``LIMIT``, is in another encoding, or is none of the one that it says.
    """
    expand = zlib.decompressobj(_EITHER_FRAME) if encoding in ("gzip", "deflate", "x-gzip") else None
    if expand is None and encoding not in ("", "identity"):
        raise BadBody(f"expected a body in {ACCEPTED} or none, found {encoding!r}")
    found = bytearray()
    async for chunk in chunks:
        try:
            # One byte more than fits is enough to know.
            found += expand.decompress(chunk, LIMIT + 1 - len(found)) if expand else chunk
        except zlib.error as error:
            raise BadBody(f"no body in {encoding} ({error})") from None
        if len(found) > LIMIT:
            raise BadBody(f"expected at most {LIMIT >> 20} MiB, found more")
    return bytes(found)
