"""Recorded episodes as a submission holds them: one JSON object a line, in one of two schemas.

Schema 2 keeps what replay cannot give back (actions, their tokens, how the episode stopped) and eight hex digits of the
hash of each observation, which say at which step a replay first differs. Schema 1 is a run's own line with its seed: it
also states documents, scores, answer and reward, which are compared where they stand.
"""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Literal, NamedTuple

import msgspec

from berrypick.leaderboard import untrusted
from berrypick.leaderboard.untrusted import Rejected
from berrypick.records import Episode, Record

#: Schema 2 and schema 1; a submission has one of them.
EPISODES: Final = "episodes.jsonl.xz"
OLD_EPISODES: Final = "episodes.jsonl.gz"
#: Hex digits that are kept of an observation's hash.
DIGITS: Final = 8
#: Longest line, in bytes, and largest mean size of an episode over those that a suite asks for.
LINE_LIMIT: Final = 2**22
MEAN_LIMIT: Final = 2**16


class Packed(Record):
    """One line of schema 2.

    Attributes:
        schema: 2.
        seed: of the run.
        cell: number of the cell in the suite.
        question_id: the question.
        rollout: number of the episode among those of the question.
        status: ``error`` where the agent or the environment failed.
        actions: the raw text of each step.
        tokens: cost of each action in the agent's own tokens.
        seen: ``DIGITS`` hex digits of the sha256 of each step's observation, one after the other.
    """

    schema: Literal[2]
    seed: int
    cell: int
    question_id: str
    rollout: int
    status: Literal["ok", "error"]
    actions: tuple[str, ...]
    tokens: tuple[int, ...]
    seen: str

    def digest(self, step: int) -> str:
        """Return what is kept of the hash of a step's observation; steps count from 0."""
        return self.seen[DIGITS * step : DIGITS * (step + 1)]


class SeededEpisode(Episode):
    """One line of schema 1: a line of a run, with the seed of the run."""

    seed: int


class Line(NamedTuple):
    """An episode with where it stands, and what a line of schema 1 states beyond it."""

    file: Path
    number: int
    episode: Packed
    stated: Episode | None = None


_DECODER: Final = msgspec.json.Decoder(Packed)
_OLD_DECODER: Final = msgspec.json.Decoder(SeededEpisode)
_ENCODER: Final = msgspec.json.Encoder()


def pack(episode: Episode, seed: int) -> Packed:
    """Return what schema 2 keeps of an episode of a run."""
    return Packed(
        schema=2,
        seed=seed,
        cell=episode.cell,
        question_id=episode.question_id,
        rollout=episode.rollout,
        status=episode.status,
        actions=tuple(step.action for step in episode.steps),
        tokens=tuple(step.tokens for step in episode.steps),
        seen="".join(step.obs_sha256[:DIGITS] for step in episode.steps),
    )


def short_hash(observation: str) -> str:
    """Return the hex digits of an observation's hash that schema 2 keeps."""
    return hashlib.sha256(observation.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]


def encode(episode: Packed) -> bytes:
    """Encode one line of schema 2; equal episodes give equal bytes."""
    return _ENCODER.encode(episode) + b"\n"


def file_of(path: Path) -> Path:
    """Return the file with the episodes of a submission.

    Raises:
        Rejected: there are two. Where there is none, the name of schema 2 is returned.
    """
    new, old = path / EPISODES, path / OLD_EPISODES
    if _is_there(new) and _is_there(old):
        raise Rejected(f"has both {EPISODES} and {OLD_EPISODES}; one of them must go", file=path)
    return old if _is_there(old) else new


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def read(file: Path, most: int, digest: str = "") -> Iterator[Line]:
    """Read episodes that a stranger wrote, one by one.

    Args:
        file: of either schema, told by its name.
        most: bytes of all lines, at most.
        digest: sha256 that the file must have, "" for any.

    Raises:
        Rejected: a limit is passed, a line is no episode, or, after the last line, the file has another hash; names
            file, line and field.
    """
    for number, line in untrusted.lines(file, LINE_LIMIT, most, digest):
        if file.name == OLD_EPISODES:
            old = untrusted.strict(line, _OLD_DECODER, file, number)
            yield Line(file, number, pack(old, old.seed), old)
        else:
            episode = untrusted.strict(line, _DECODER, file, number)
            _check_lengths(episode, file, number)
            yield Line(file, number, episode)


def _check_lengths(episode: Packed, file: Path, line: int) -> None:
    steps = len(episode.actions)
    for field, length, expected in (
        ("tokens", len(episode.tokens), steps),
        ("seen", len(episode.seen), DIGITS * steps),
    ):
        if length != expected:
            reason = f"length {expected} expected for {steps} actions, found {length}"
            raise Rejected(reason, file=file, line=line, field=field)


@contextmanager
def packed(file: BinaryIO) -> Iterator[lzma.LZMAFile]:
    """Compress into a file; equal episodes give equal bytes with one version of liblzma."""
    with lzma.LZMAFile(file, "wb", preset=6 | lzma.PRESET_EXTREME) as out:
        yield out


def cell_digest(episodes: Iterable[Packed]) -> str:
    """Return sixteen hex digits of the hash of a cell's episodes, in order of question and rollout."""
    digest = hashlib.sha256()
    for episode in sorted(episodes, key=lambda one: (one.question_id, one.rollout)):
        digest.update(encode(episode))
    return digest.hexdigest()[:16]
