"""Replay the episodes of one question: play every action again, and say where a record tells something else.

Dense scores differ in their last bits between machines, so a dense list may have documents of nearly equal scores in
another order. Where the recorded observation is that of such a list, replay goes on from it, as the policy did, and
counts the step. The lists that are tried follow from the scores here alone: a record has no say in them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple

from msgspec.structs import replace

from berrypick.benchmarks.cells import search_env
from berrypick.benchmarks.suites import Cell
from berrypick.corpora.engines import Engine, kinds_in
from berrypick.envs.actions import Search
from berrypick.envs.perturbations.faults import rollout_seed
from berrypick.envs.protocols import TOPK_LIMIT
from berrypick.envs.scoring.outcome import Outcome, analyse
from berrypick.envs.scoring.trace import Turn
from berrypick.envs.search import SearchEnv
from berrypick.envs.simulation import Request
from berrypick.leaderboard.recorded import Packed, short_hash
from berrypick.leaderboard.untrusted import plain
from berrypick.records import Episode, Hit, Step

#: How far apart the scores of one document may be on two machines: one in the last digit, twice, as both are rounded.
DRIFT: Final = 2e-4
#: Hits beyond those shown among which a document is looked for that another machine ranked higher.
_DEEPER: Final = 20
#: Lists that are tried for one step. Two neighbours that trade places make 2, three of one score 6.
MOST_LISTS: Final = 256


class Recorded(NamedTuple):
    """One episode of a job: where it stands, in words; what is kept of it; and what schema 1 states beyond that."""

    place: str
    episode: Packed
    stated: Episode | None


class Job(NamedTuple):
    """The episodes of one question in one run, small enough to hand to another process.

    Attributes:
        cell: what was played, with what ``no_dominant_move`` refuses filled in.
        seed: of the run.
        task: the environment's number for the question.
        episodes: in order.
    """

    cell: Cell
    seed: int
    task: int
    episodes: tuple[Recorded, ...]


class Replayed(NamedTuple):
    """What became of a job.

    Attributes:
        outcomes: of the episodes that ran, in order; those with status "error" have none.
        problems: what differs, with where it stands.
        drifted: steps with a dense list in another order than here.
        moved: episodes with such a step.
        tokens: sum of what the steps say.
    """

    outcomes: tuple[Outcome, ...]
    problems: tuple[str, ...]
    drifted: int
    moved: int
    tokens: int


class Differs(Exception):
    """Where a record differs from its replay."""


def replay(job: Job) -> Replayed:
    """Replay a job in this process; environments are kept for the next one."""
    env = _env(job.cell)
    engines = env.engines_of(env.tasks.at(job.task).world)
    outcomes, problems = list[Outcome](), list[str]()
    drifted = moved = 0
    known = dict[tuple[Packed, Episode | None], tuple[Outcome, int]]()
    for place, episode, stated in job.episodes:
        # Faults strike each rollout in its own way; without them what was played twice need be replayed once.
        if not env.config.faults:
            episode, stated = replace(episode, rollout=0), stated and replace(stated, rollout=0)
        try:
            if (episode, stated) not in known:
                env.reset(seed=rollout_seed(job.seed, episode.rollout), options={"task_id": job.task})
                steps = sum(_steps(env, episode, stated))
                _check_end(env, episode, stated)
                known[episode, stated] = analyse(env.trace, engines), steps
        except Differs as error:
            problems.append(f"{place}{error}")
            continue
        outcome, steps = known[episode, stated]
        drifted, moved = drifted + steps, moved + bool(steps)
        if episode.status == "ok":
            outcomes.append(outcome)
    tokens = sum(sum(episode.tokens) for _, episode, _ in job.episodes)
    return Replayed(tuple(outcomes), tuple(problems), drifted, moved, tokens)


def has_near_ties(cell: Cell, seed: int, task: int, episode: Packed) -> bool:
    """Whether a dense list that an episode met here may have another order on another machine."""
    env = _env(cell)
    env.reset(seed=rollout_seed(seed, episode.rollout), options={"task_id": task})
    for action in episode.actions:
        asked = env.ask(action)
        if isinstance(asked, Turn):
            env.settle(asked)
            continue
        sources = _sources(env, asked)
        env.settle(asked, asked.engine.search([asked.action.query], asked.k)[0])
        turn = env.trace.turns[-1]
        if _is_dense(sources) and any(len(hits) > 1 for hits in _near_hits(sources, turn)):
            return True
    return False


@lru_cache(maxsize=32)
def _env(cell: Cell) -> SearchEnv:
    return search_env(cell)


def _steps(env: SearchEnv, episode: Packed, stated: Episode | None) -> list[bool]:
    """Play the steps; returns of each whether its list came in another order.

    Raises:
        Differs: a step does not come back as recorded.
    """
    drifted = []
    for number, action in enumerate(episode.actions):
        if env.simulation.over:
            raise Differs(f", step {number + 1}: the episode was over before this step")
        turn, moved, is_dense = _play(env, action, episode.digest(number))
        if problem := _difference(turn, action, episode.digest(number)):
            raise Differs(f", step {number + 1}: {problem}")
        if stated and (problem := _other_statement(env, turn, stated.steps[number], is_dense)):
            raise Differs(f", step {number + 1}: {problem}")
        drifted.append(moved)
    return drifted


def _play(env: SearchEnv, action: str, digest: str) -> tuple[Turn, bool, bool]:
    """Play one step without the delays that faults make.

    Returns:
        The turn, whether its list has another order than here, and whether a dense engine gave it.
    """
    asked = env.ask(action)
    if isinstance(asked, Turn):
        env.settle(asked)
        return asked, False, False
    sources = _sources(env, asked)
    before = env.snapshot() if _is_dense(sources) else None
    env.settle(asked, asked.engine.search([asked.action.query], asked.k)[0])
    own = env.trace.turns[-1]
    if before is None or short_hash(own.observation) == digest:
        return own, False, before is not None
    for hits in islice(_other_orders(sources, own), MOST_LISTS):
        env.restore(before)
        turn = env.simulation.list_as(asked, hits, own.faults)
        if short_hash(turn.observation) == digest:
            env.settle(turn)
            return turn, True, True
    return own, False, True


def _sources(env: SearchEnv, request: Request) -> list[tuple[Engine, str]]:
    """Engines and queries that the list of a search may come from: a fault may list what the one before it found."""
    before = [turn for turn in env.trace.turns if isinstance(turn.action, Search) and turn.valid]
    earlier = [(turn.engine, turn.action.query) for turn in before[-1:] if isinstance(turn.action, Search)]
    looks_back = any(fault.looks_back for fault in env.config.faults)
    return [(request.engine, request.action.query)] + [
        (env.engines[name], query) for name, query in earlier if looks_back and name in env.engines
    ]


def _is_dense(sources: Sequence[tuple[Engine, str]]) -> bool:
    return any("dense" in kinds_in(engine.name) for engine, _ in sources)


def _near_hits(sources: Sequence[tuple[Engine, str]], turn: Turn) -> list[list[Hit]]:
    """For each rank of a list the documents that may stand there on another machine, first the one that does here."""
    own = [hit for engine, query in sources for hit in engine.search([query], TOPK_LIMIT + _DEEPER)[0]]
    listed = [Hit(index, score) for index, score in zip(turn.docs, turn.scores, strict=True)]
    near = [{hit.index: hit for hit in own if _near(hit.score, here.score)} for here in listed]
    return [
        [here, *(hit for hit in hits.values() if hit.index != here.index)]
        for here, hits in zip(listed, near, strict=True)
    ]


def _other_orders(sources: Sequence[tuple[Engine, str]], turn: Turn) -> Iterator[list[Hit]]:
    """The other lists that another machine may have given, from scores alone, those with the fewest changes first.

    An empty list has no order: where a fault emptied it, what was said about that is part of the observation.
    """

    def filled(before: list[Hit], changes: int) -> Iterator[list[Hit]]:
        rank = len(before)
        if rank == len(ranks):
            yield from [before] * (changes == 0)
            return
        used = {hit.index for hit in before}
        for place, hit in enumerate(ranks[rank]):
            if hit.index not in used and changes >= (place > 0):
                yield from filled([*before, hit], changes - (place > 0))

    ranks = _near_hits(sources, turn)
    return (hits for changes in range(1, len(ranks) + 1) for hits in filled([], changes))


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= DRIFT + 1e-9  # both are whole ten-thousandths, which binary fractions miss by a hair


def _difference(turn: Turn, action: str, digest: str) -> str:
    """In what a step differs from its replay, "" for nothing."""
    if turn.raw != action:
        return "the action holds what no environment takes"
    if short_hash(turn.observation) != digest:
        return f"the observation's hash begins with {plain(digest)}, in replay with {short_hash(turn.observation)}"
    return ""


def _other_statement(env: SearchEnv, turn: Turn, step: Step, is_dense: bool) -> str:
    """In what a step of schema 1 differs from its replay beyond the observation, "" for nothing."""
    documents = env.trace.corpus.documents
    if (shown := tuple(documents[position].id for position in turn.docs)) != step.doc_ids:
        return f"doc_ids are {_few(step.doc_ids)}, replay gives {_few(shown)}"
    pairs = list(zip(turn.scores, step.scores, strict=False))
    if len(turn.scores) != len(step.scores) or not all(a == b or (is_dense and _near(a, b)) for a, b in pairs):
        return f"scores are {_few(step.scores)}, replay gives {_few(turn.scores)}"
    if hashlib.sha256(turn.observation.encode("utf-8", "surrogatepass")).hexdigest() != step.obs_sha256:
        return "obs_sha256 is of another observation than replay gives"
    return ""


def _few(values: Sequence[object]) -> str:
    """A list in a message: its first values."""
    return plain(f"[{', '.join(map(str, values[:10]))}{', ...' if len(values) > 10 else ''}]")


def _check_end(env: SearchEnv, episode: Packed, stated: Episode | None) -> None:
    """Compare how an episode ended; one that failed earned nothing, wherever it stopped.

    Raises:
        Differs: a field is not what replay gives, or an episode that did not fail has not ended.
    """
    trace = env.trace
    failed = episode.status == "error"
    ends = {"answer": trace.answer, "reward": 0.0 if failed else trace.reward}
    ends |= {"terminated": trace.terminated, "truncated": trace.truncated}
    for name, value in ends.items() if stated else ():
        if (said := getattr(stated, name)) != value:
            raise Differs(f": {name} is {plain(repr(said))}, replay gives {plain(repr(value))}")
    if not failed and not env.simulation.over:
        raise Differs(f": status is 'ok', but the episode has not ended after {len(episode.actions)} steps")
