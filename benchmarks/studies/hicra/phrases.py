"""How many strategic phrases policies say, and how evenly: the check of HICRA (Wang et al. 2025, arXiv 2509.03646).

What they call semantic entropy is that of the frequencies of strategic n-grams in what a policy says, which HICRA is to
keep at least as high as GRPO does. It grows with length, so that all policies are read over as many generated tokens.
The n-grams are those that one trial mined from the start which all trials of a track share.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

import msgspec

from berrypick import io
from berrypick.agents.training import run_dir
from berrypick.agents.training.text.ngrams import Gram, MinedNgrams, said
from berrypick.agents.training.text.planning import spoken
from berrypick.benchmarks import provenance, result
from berrypick.benchmarks.cells import replay_env
from berrypick.benchmarks.metrics.base import Value
from berrypick.benchmarks.provenance import Provenance
from berrypick.benchmarks.result import canonical
from berrypick.benchmarks.studies.sweep import summary, trials
from berrypick.benchmarks.studies.sweep.config import BASELINE, EVALUATION, START, TRAINING
from berrypick.benchmarks.studies.sweep.trials import SPLITS, TrialState
from berrypick.envs.perturbations.faults import rollout_seed
from berrypick.envs.scoring.trace import Trace
from berrypick.envs.search import SearchEnv
from berrypick.errors import BadInput
from berrypick.records import Episode, Record

#: In the folder of a sweep.
PHRASES: Final = "phrases.json"

#: One trial in one split: generated tokens and the n-grams said, episode by episode.
_Heard = Sequence[tuple[int, Counter[Gram]]]


class PhraseRow(Record):
    """A method in one split: means over seeds with 95 % intervals over them.

    Attributes:
        track: of the sweep.
        split: of the worlds.
        method: its name.
        entropy: of the frequencies of n-grams, in nats.
        entropy_less: the same less that of the baseline, seed by seed.
        rate: grams said in a hundred generated tokens.
        rate_less: the same less that of the baseline.
    """

    track: str
    split: str
    method: str
    entropy: Value
    entropy_less: Value
    rate: Value
    rate_less: Value


class Phrases(Record):
    """The file.

    Attributes:
        grams: track -> how many strategic n-grams were looked for.
        mined: track -> whose they are.
        tokens: track -> split -> generated tokens that are read of every trial.
        rows: tracks, splits, methods.
        provenance: where it comes from.
    """

    grams: dict[str, int]
    mined: dict[str, str]
    tokens: dict[str, dict[str, int]]
    rows: tuple[PhraseRow, ...]
    provenance: Provenance


def measure(out: Path, command: Sequence[str], on_progress: Callable[[str], object] = lambda _: None) -> Phrases:
    """Read the evaluated trials of a sweep.

    Args:
        out: its folder.
        command: its words, for the file.
        on_progress: called after each trial and split.

    Raises:
        BadInput: no trial of it mined phrases, or an episode is not there or goes another way than recorded.
    """
    tracks = trials.tracks(trials.read(out))
    mined = {track: label for track, runs in tracks.items() if (label := _miner(out, runs))}
    if not mined:
        raise BadInput("no trial here mined strategic phrases; put hicra_grams among its methods", file=out)
    grams, tokens, rows = dict[str, int](), dict[str, dict[str, int]](), list[PhraseRow]()
    for track, miner in mined.items():
        runs = [run for run in tracks[track] if run.result]
        looked = _grams_of(out, miner)
        grams[track], tokens[track] = len(looked), {}
        for split in SPLITS:
            heard = {}
            for run in runs:
                heard[run.trial.method, run.trial.seed] = _hear(out, run, split, looked)
                on_progress(f"{run.trial.label}: {split}")
            tokens[track][split], found = _rows(track, split, heard)
            rows += found
    labels = {track: miner.trial.label for track, miner in mined.items()}
    return Phrases(grams, labels, tokens, tuple(rows), provenance.collect(command, {}, {}, {}))


def progress_steps(out: Path) -> int:
    """How often ``measure`` calls ``on_progress``."""
    tracks = trials.tracks(trials.read(out)).values()
    return sum(len(SPLITS) * sum(run.result is not None for run in runs) for runs in tracks if _miner(out, runs))


def write(path: Path, found: Phrases) -> None:
    """Write the file."""
    io.write_bytes(path, canonical(found))


def entropy(counts: Mapping[Gram, int]) -> float | None:
    """Shannon entropy of frequencies, in nats; None where nothing was said."""
    total = sum(counts.values())
    return -math.fsum(n / total * math.log(n / total) for n in counts.values()) if total else None


def _miner(out: Path, runs: Sequence[TrialState]) -> TrialState | None:
    return next((run for run in runs if (out / run.trial.place / TRAINING / run_dir.GRAMS).is_file()), None)


def _grams_of(out: Path, miner: TrialState) -> frozenset[Gram]:
    path = out / miner.trial.place / TRAINING / run_dir.GRAMS
    return frozenset(io.decode(path.read_bytes(), msgspec.json.Decoder(MinedNgrams), path).grams)


def _hear(out: Path, run: TrialState, split: str, grams: frozenset[Gram]) -> _Heard:
    """Replay the episodes of the plain cells of a split, the first rollout of every question first."""
    assert run.result is not None
    cells = {n: cell for n, cell in enumerate(run.result.cells) if cell.plain and cell.setup["split"] == split}
    envs = {number: replay_env(cell) for number, cell in cells.items()}
    place = out / run.trial.place / EVALUATION
    episodes = [episode for episode in result.read_episodes(place) if episode.cell in cells]
    heard = []
    for episode in sorted(episodes, key=lambda episode: episode.rollout):
        env = envs[episode.cell]
        try:
            trace = _replayed(env, episode, run.result.seed)
        except BadInput as error:
            raise BadInput(error.reason, file=place / result.EPISODES, field=episode.question_id) from error
        turns = spoken(trace, env.setup.protocol)
        counts = Counter(gram for turn in turns for phrase in turn.phrases for gram in said(phrase, grams))
        heard.append((sum(step.tokens for step in episode.steps), counts))
    return heard


def _replayed(env: SearchEnv, episode: Episode, seed: int) -> Trace:
    env.reset(seed=rollout_seed(seed, episode.rollout), options={"question_id": episode.question_id})
    for step in episode.steps:
        observation, *_ = env.step(step.action)
        if hashlib.sha256(observation.encode("utf-8", "surrogatepass")).hexdigest() != step.obs_sha256:
            raise BadInput(f"rollout {episode.rollout} goes another way than recorded: corpus or code have changed")
    return env.trace


def _rows(track: str, split: str, heard: Mapping[tuple[str, int], _Heard]) -> tuple[int, list[PhraseRow]]:
    """What is said of the methods, and over how many tokens each: as many as the tersest trial generated."""
    budget = min(sum(tokens for tokens, _ in episodes) for episodes in heard.values())
    of: dict[str, dict[int, dict[str, Value]]] = {}
    for (method, seed), episodes in heard.items():
        of.setdefault(method, {})[seed] = _values(episodes, budget)
    rows = []
    for method, seeds in of.items():
        baseline = {} if method in (BASELINE, START) else of.get(BASELINE, {})
        found = {}
        for name in ("entropy", "rate"):
            found[name] = summary.spread([values[name] for values in seeds.values()]).estimate
            found[f"{name}_less"] = summary.less(name, seeds, baseline).estimate
        rows.append(PhraseRow(track, split, method, **found))
    return budget, rows


def _values(episodes: _Heard, budget: int) -> dict[str, Value]:
    ends = accumulate(tokens for tokens, _ in episodes)
    read = [episode for episode, end in zip(episodes, ends, strict=True) if end <= budget]
    tokens, counts = sum(tokens for tokens, _ in read), sum((counts for _, counts in read), Counter[Gram]())
    rate = 100 * counts.total() / tokens if tokens else None
    return {"entropy": Value(entropy(counts), None, None, 0), "rate": Value(rate, None, None, 0)}
