"""Read what a stranger wrote: bounded before it is parsed, strict in what it may say, never anything but the two files.

msgspec alone would keep the last of duplicate keys and take integers of any length, so every value first goes through
``json``, whose hooks see each key and each number as it is written.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol, TypeVar

import msgspec

from berrypick import io as files
from berrypick.errors import BadInput

Row = TypeVar("Row")

#: Most digits of a whole number.
DIGITS: Final = 18
#: Most lists and objects inside each other: what an interpreter bears differs between versions.
DEPTH: Final = 64
#: A text, which ends with the data at the latest so that none is read twice, or a bracket.
_MARKS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
#: Memory that expanding an xz file may take, in bytes: ``recorded.packed`` needs 9 MiB.
XZ_MEMORY: Final = 2**25
#: Most characters of what a file says that a message repeats.
SHOWN: Final = 400


class Rejected(BadInput):
    """A submission that breaks its contract; not an error of whoever checks it."""


class _Unfit(ValueError):
    """What a hook of ``json`` found."""


def plain(text: str) -> str:
    """Show foreign text in a message: on one line, without what a terminal would act on, cut to ``SHOWN``."""
    cut = text if len(text) <= SHOWN else text[:SHOWN] + "..."
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in cut)


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader]:
    """Open a regular file, following no link and waiting for no pipe.

    Raises:
        Rejected: it is missing or anything else.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise Rejected("is not there", file=path) from error
    except OSError as error:
        raise Rejected(f"is no regular file, or cannot be read ({error.strerror})", file=path) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Rejected("is no regular file", file=path)
    with open(handle, "rb") as file:
        yield file


def read_small(path: Path, limit: int) -> bytes:
    """Return a file's bytes, of which there may be ``limit``."""
    with opened(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Rejected(f"is larger than {limit} bytes", file=path)
    return data


def sha256(path: Path, most: int) -> str:
    """Hex digest of a file's bytes, of which there may be ``most``: a file with holes can claim any number."""
    with opened(path) as file:
        if os.fstat(file.fileno()).st_size > most:
            raise Rejected(f"is larger than {most} bytes", file=path)
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Gzip:
    """Expand gzip data piece by piece."""

    def __init__(self) -> None:
        self._inflate, self._left = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16), b""

    @property
    def is_whole(self) -> bool:
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        return not self._left

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def expand(self, packed: bytes, most: int) -> bytes:
        data = self._inflate.decompress(packed or self._left, most)
        self._left = self._inflate.unconsumed_tail
        return data


class _Xz:
    """Expand xz data piece by piece, within ``XZ_MEMORY``."""

    def __init__(self) -> None:
        self._expander = lzma.LZMADecompressor(lzma.FORMAT_XZ, XZ_MEMORY)

    @property
    def is_whole(self) -> bool:
        return self._expander.eof

    @property
    def needs_input(self) -> bool:
        return self._expander.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._expander.unused_data

    def expand(self, packed: bytes, most: int) -> bytes:
        return self._expander.decompress(packed, most)


class _Source(Protocol):
    """Where packed bytes come from."""

    def read(self, size: int, /) -> bytes: ...


class _Hashed:
    """The bytes of a file, hashed as they are read."""

    def __init__(self, file: _Source) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


class _Expanded(io.RawIOBase):
    """The expanded bytes of a file of one member or stream, which ends where the file does.

    ``gzip`` and ``lzma`` read on behind it: further members, and zeros one by one, however many there are.
    """

    def __init__(self, file: _Source, expander: _Gzip | _Xz) -> None:
        self._file, self._expander = file, expander

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data, expander = b"", self._expander
        while not data and not expander.is_whole:
            is_fed = not expander.needs_input
            packed = b"" if is_fed else self._file.read(io.DEFAULT_BUFFER_SIZE)
            data = expander.expand(packed, len(buffer))
            if not (is_fed or packed or data or expander.is_whole):
                raise EOFError("it ends before its last byte")
        if not data and (expander.unused_data or self._file.read(1)):
            raise zlib.error("something stands behind its end")
        buffer[: len(data)] = data
        return len(data)


def lines(path: Path, longest: int, most: int, digest: str = "") -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a gzip or xz file with their numbers, counting from 1.

    Args:
        path: the file; one whose name ends in ``.xz`` is an xz file.
        longest: bytes of a line, at most.
        most: bytes of all lines, at most.
        digest: sha256 that the file must have, "" for any. It is of the very bytes that the lines come from: a file
            that was hashed before may be another one by now.

    Raises:
        Rejected: it is no whole file of its kind, a limit is passed, or, after the last line, it has another hash; no
            more than the limit is held in memory.
    """
    read = number = 0
    kind, expander = ("xz", _Xz()) if path.suffix == ".xz" else ("gzip", _Gzip())
    with opened(path) as raw, io.BufferedReader(_Expanded(source := _Hashed(raw), expander)) as file:
        while True:
            try:
                line = file.readline(longest + 1)
            except (EOFError, zlib.error, lzma.LZMAError) as error:
                raise Rejected(f"not a whole {kind} file ({error})", file=path, line=number + 1) from error
            if not line:
                if digest and source.digest.hexdigest() != digest:
                    raise Rejected(f"changed while it was read: its sha256 is not {digest:.12} any more", file=path)
                return
            number, read = number + 1, read + len(line)
            if len(line) > longest:
                raise Rejected(f"is longer than {longest} bytes", file=path, line=number)
            if read > most:
                raise Rejected(f"the file holds more than {most} bytes when expanded", file=path, line=number)
            yield number, line


def strict(data: bytes, decoder: msgspec.json.Decoder[Row], path: Path, line: int | None = None) -> Row:
    """Decode one JSON value that a stranger wrote.

    Raises:
        Rejected: it is not UTF-8 or not JSON, a key stands twice, a number has no finite value or too many digits, it
            is nested more than ``DEPTH`` times, or it does not fit the schema; names file, line and field.
    """
    try:
        _check_depth(data)
        json.loads(data.decode("utf-8"), **_HOOKS)
        return files.decode(data, decoder, path, line)
    except UnicodeDecodeError as error:
        raise Rejected(f"not valid UTF-8 (byte {error.start})", file=path, line=line) from error
    except BadInput as error:
        field = None if error.field is None else plain(error.field)
        raise Rejected(plain(error.reason), file=path, line=line, field=field) from error
    except _Unfit as error:
        raise Rejected(plain(str(error)), file=path, line=line) from error
    except json.JSONDecodeError as error:
        raise Rejected(f"not valid JSON: {error.msg}", file=path, line=line) from error


def _check_depth(data: bytes) -> None:
    depth = 0
    for mark in _MARKS.finditer(data):
        letter = data[mark.start()]
        depth += (letter in b"[{") - (letter in b"]}")
        if depth > DEPTH:
            raise _Unfit(f"nested too deeply, more than {DEPTH} times")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen = set[str]()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Unfit(f"the key {twice!r} stands twice")
    return found


def _no_number(word: str) -> NoReturn:
    raise _Unfit(f"{word} is no number")


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > DIGITS:
        raise _Unfit(f"a whole number has {len(digits)} digits, more than {DIGITS}")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _Unfit(f"{digits} is too large a number")
    return value


_HOOKS: Final[dict[str, Any]] = {
    "object_pairs_hook": _distinct,
    "parse_constant": _no_number,
    "parse_int": _whole,
    "parse_float": _finite,
}
