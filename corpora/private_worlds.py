"""Worlds that nobody has seen: families of worlds drawn anew from a salt that only its keeper has.

A salt's hash may be published. Worlds are drawn from another hash of the same bytes, which cannot be told from the
first. The file is named by an environment variable, so that worker processes find it too.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final, NamedTuple

from berrypick.corpora.corpus import Builder
from berrypick.errors import BadInput
from berrypick.registry import Table

#: Names the file of the salt in use.
VARIABLE: Final = "BERRYPICK_SALT"
#: Fewest bytes of a salt: fewer could be guessed from their hash.
FEWEST: Final = 32
#: Corpora that have salted worlds.
SALTED: Final = (
    "almanac-tiny",
    "almanac-small",
    "almanac-small-reworded",
    "almanac-base",
    "almanac-even",
    "almanac-even-reworded",
)


class Salt(NamedTuple):
    """A salt that was read.

    Attributes:
        digest: may be published.
        secret: what worlds are drawn with; never leaves the process.
    """

    digest: str
    secret: str


def read(path: Path) -> Salt:
    """Read a salt: the bytes of a file, but for white space around them.

    Raises:
        BadInput: there is no such file, or it is too short.
    """
    if not path.is_file():
        raise BadInput("is not there; `openssl rand -hex 32` makes a salt", file=path, field="--salt")
    data = path.read_bytes().strip()
    if len(data) < FEWEST:
        raise BadInput(
            f"holds {len(data)} bytes, a salt has {FEWEST} or more; `openssl rand -hex 32` makes one", file=path
        )
    public, secret = (
        hashlib.sha256(purpose + data).hexdigest() for purpose in (b"berrypick salt ", b"berrypick worlds ")
    )
    return Salt(public, secret)


def name_of(corpus: str, digest: str) -> str:
    """What the salted worlds of a corpus are called."""
    return f"{corpus}~{digest[:16]}"


def use(table: Table[Builder], path: Path) -> str:
    """Make the salted worlds known in this process and in those it starts; returns the digest of the salt."""
    os.environ[VARIABLE] = str(path.resolve())
    return register(table, path)


def register(table: Table[Builder], path: Path) -> str:
    """Add the salted corpora to a table that may have them already; returns the digest of the salt."""
    from berrypick.corpora.builders import almanac

    salt = read(path)
    for corpus in SALTED:
        if (name := name_of(corpus, salt.digest)) not in table:
            table.add(name, almanac.salted(table[corpus], *salt), f"{corpus} in worlds of a private salt")
    return salt.digest


def check(table: Table[Builder], digest: str) -> None:
    """Raise BadInput unless the salt of a digest is in use, whose worlds are in a table then."""
    name = name_of(SALTED[0], digest)
    if name not in table or table[name].parameters["salt"] != digest:
        raise BadInput(f"was played in worlds of a private salt, sha256 {digest:.16}; pass its file with --salt")
