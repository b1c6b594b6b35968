"""Demonstrations: grounded successes of the scripted agents in many worlds, as token sequences.

Many worlds are what makes a policy search and copy instead of remembering. A world's demonstrations are one file, so
that an interrupted collection goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from berrypick import io as files
from berrypick import seeding
from berrypick.agents.scripted.mixture import SCRIPTS
from berrypick.envs.scoring.trace import Trace
from berrypick.errors import Damaged

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from berrypick.envs.search import SearchEnv

#: Scripts that play each question, drawn per question; those that fail leave nothing.
TRIES: Final = 5
ENVIRONMENT: Final = "berrypick/Almanac-v0"


class Demonstrations(NamedTuple):
    """Token sequences, end to end.

    Attributes:
        ids: tokens. Shape (tokens,).
        mask: those that the script wrote. Shape (tokens,), bool.
        ends: where each sequence ends. Shape (sequences,).
        script: index into ``SCRIPTS`` of who wrote it. Shape (sequences,).
    """

    ids: np.ndarray
    mask: np.ndarray
    ends: np.ndarray
    script: np.ndarray

    def sequence(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Tokens and mask of one sequence."""
        start = int(self.ends[number - 1]) if number else 0
        return self.ids[start : self.ends[number]], self.mask[start : self.ends[number]]


def collect(
    play: Callable[[int, str], Demonstrations],
    worlds: Sequence[int],
    split: str,
    folder: Path,
    *,
    jobs: int = 1,
    done: Callable[[str], None] = lambda _: None,
) -> Demonstrations:
    """Play some worlds, or read what an earlier call wrote.

    Args:
        play: from a world's number and split to its demonstrations.
        worlds: their numbers.
        split: train, dev or test.
        folder: where each world's file is kept.
        jobs: processes.
        done: called after each world with its name.

    Raises:
        Damaged: a file that is no such file; the message names it.
    """
    paths = [folder / f"{split}-{world:04d}.npz" for world in worlds]
    missing = [(world, path) for world, path in zip(worlds, paths, strict=True) if not path.exists()]
    with ProcessPoolExecutor(max(1, min(jobs, len(missing))), mp_context=get_context("spawn")) as pool:
        for path in pool.map(partial(_write_world, play, split), *zip(*missing, strict=True)) if missing else ():
            done(path.stem)
    return _joined([_read(path) for path in paths])


def digest(*demonstrations: Demonstrations) -> str:
    """Hash of all sequences, for the model card."""
    sha = hashlib.sha256()
    for part in itertools.chain(*demonstrations):
        sha.update(np.ascontiguousarray(part).tobytes())
    return sha.hexdigest()


def tokenize(prompt: str, trace: Trace, tokenizer: PreTrainedTokenizerFast) -> tuple[list[int], list[bool]]:
    """Return an episode's tokens and which of them were acted: prompt, action, observation, ..., last action."""
    ids = list(tokenizer(prompt).input_ids)
    mask = [False] * len(ids)
    for turn in trace.turns:
        acted, seen = tokenizer(turn.raw).input_ids, tokenizer(turn.observation).input_ids
        ids += acted + seen
        mask += [True] * len(acted) + [False] * len(seen)
    last = len(mask) - mask[::-1].index(True)
    return ids[:last], mask[:last]


def make_env(world: int, split: str, corpus: str = "almanac-small") -> SearchEnv:
    """The environment of one world of a corpus."""
    import gymnasium

    from berrypick.envs.search import SearchEnv

    env = gymnasium.make(ENVIRONMENT, corpus=corpus, worlds=(world,), split=split, disable_env_checker=True).unwrapped
    assert isinstance(env, SearchEnv)
    return env


def play_scripts(world: int, split: str) -> Demonstrations:
    """Play the scripts in one world; what was grounded and right is kept."""
    from berrypick.agents.lm.tokenizer import make_tokenizer
    from berrypick.agents.rollout import rollout
    from berrypick.agents.scripted.agent import Scripted
    from berrypick.envs.scoring.outcome import is_grounded

    env, tokenizer = make_env(world, split), make_tokenizer()
    draw = seeding.rng(world, "demonstration", seeding.SPLITS[split])
    rows = []
    for number, own in enumerate(drawn(draw, env.tasks.count(), TRIES)):
        for _, trace in rollout(Scripted(SCRIPTS[number]), lambda: env, own, 1, seed=0, batch=1):
            if is_grounded(trace):
                rows.append((*tokenize(trace.prompt, trace, tokenizer), number))
    return pack(rows)


def drawn(draw: np.random.Generator, tasks: int, tries: int) -> list[list[int]]:
    """For each script the tasks that it plays; each task is played by as many scripts."""
    chosen = [set(draw.permutation(len(SCRIPTS))[:tries].tolist()) for _ in range(tasks)]
    return [[task for task in range(tasks) if number in chosen[task]] for number in range(len(SCRIPTS))]


def pack(rows: Sequence[tuple[list[int], list[bool], int]]) -> Demonstrations:
    """Put sequences end to end: tokens, which of them were acted, number of the script."""
    return Demonstrations(
        np.array([token for ids, _, _ in rows for token in ids], np.int16),
        np.array([acted for _, mask, _ in rows for acted in mask], bool),
        np.cumsum([len(ids) for ids, _, _ in rows], dtype=np.int64),
        np.array([number for _, _, number in rows], np.int8),
    )


def _write_world(play: Callable[[int, str], Demonstrations], split: str, world: int, path: Path) -> Path:
    with io.BytesIO() as buffer:
        np.savez_compressed(buffer, **play(world, split)._asdict())
        files.write_bytes(path, buffer.getvalue())
    return path


def _read(path: Path) -> Demonstrations:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return Demonstrations(*(stored[name] for name in Demonstrations._fields))
    except (ValueError, OSError, KeyError, EOFError) as error:
        raise Damaged(f"not demonstrations ({error}); delete the file, it is then made again", file=path) from error


def _joined(parts: Sequence[Demonstrations]) -> Demonstrations:
    starts = np.cumsum([0, *(len(part.ids) for part in parts[:-1])])
    return Demonstrations(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.mask for part in parts]),
        np.concatenate([part.ends + start for part, start in zip(parts, starts, strict=True)]),
        np.concatenate([part.script for part in parts]),
    )
