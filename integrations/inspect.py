"""A task for Inspect: a solver with the tools search, open and answer, a scorer, strategy metrics (``inspect-ai``).

``inspect eval berrypick/search --model openai/gpt-5 -T corpus=almanac-even --epochs 8``. Epochs are rollouts: measures
of strategies compare the epochs of a question.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageUser
from inspect_ai.scorer import SampleScore, Score, Scorer, Target, mean, metric, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Tool, tool
from inspect_ai.util import StoreModel, store_as
from pydantic import Field

from berrypick.integrations.episodes import Row, ToolEpisodes, aggregate, replay, task_text, write_call

#: Measures of an episode that are scored.
MEASURES: Final = ("em", "f1", "grounded", "searches", "opens", "invalid", "turns")
#: Measures over all episodes, NaN where there are too few successes to tell.
OVER_ALL: Final = ("strategies_D2", "determinism", "dominant_share")


class Rollout(StoreModel):
    """A rollout: its environment, task and actions so far. Replayed on each call, 0.1 ms a step."""

    arguments: dict[str, Any] = Field(default_factory=dict)
    task_id: int = 0
    seed: int = 0
    actions: list[str] = Field(default_factory=list)

    def episode(self) -> ToolEpisodes:
        """Replay the rollout."""
        return replay(self.arguments, self.task_id, self.actions, self.seed)

    def play(self, action: str) -> str:
        """Play a turn, and return what the policy sees."""
        episode = self.episode()
        if not episode.is_over:
            self.actions = [*self.actions, action]
        return str(episode.step(action))


@tool
def search() -> Tool:
    """The tool search."""

    async def execute(query: str, engine: str | None = None, topk: int | None = None) -> str:
        """Search the corpus and show the best sentence of each document found.

        Args:
            query: The words to look for.
            engine: The engine to ask; the first one if left out.
            topk: How many documents to show, 1 to 10.
        """
        return str(store_as(Rollout).play(write_call("search", {"query": query, "engine": engine, "topk": topk})))

    return execute


@tool(name="open")
def open_page() -> Tool:
    """The tool open."""

    async def execute(title: str) -> str:
        """Show a whole page and its links.

        Args:
            title: The title of a document that was listed or linked before, or is named in the question.
        """
        return str(store_as(Rollout).play(write_call("open", {"title": title})))

    return execute


@tool
def answer() -> Tool:
    """The tool answer."""

    async def execute(text: str) -> str:
        """Give the final answer and end the task.

        Args:
            text: The bare answer, without a sentence around it.
        """
        return str(store_as(Rollout).play(write_call("answer", {"text": text})))

    return execute


@solver
def player() -> Solver:
    """Let the model call tools until the episode is over. A message without a call costs a turn and is corrected."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        rollout = store_as(Rollout)
        rollout.arguments, rollout.task_id = state.metadata["arguments"], state.metadata["task_id"]
        rollout.seed, rollout.actions = zlib.crc32(f"{state.sample_id}/{state.epoch}".encode()), []
        state.tools = [search(), open_page(), answer()]
        while not rollout.episode().is_over and not state.completed:
            before = len(rollout.actions)
            state = await generate(state, tool_calls="single")
            if len(rollout.actions) == before:  # no call, or none that could be read
                seen = rollout.play(state.output.completion)
                state.messages.append(ChatMessageUser(content=seen))
        return state

    return solve


@metric(scores="unreduced")
def strategies() -> Any:
    """Effective number of strategies, determinism and dominant share over all epochs; NaN where nothing can be told."""

    def measure(scores: list[SampleScore]) -> dict[str, float]:
        rows = [score.score.metadata["berrypick"] for score in scores if score.score.metadata]
        measured = aggregate(rows)
        return {name: measured.get(name, float("nan")) for name in OVER_ALL}

    return measure


_MEANS: Final = {name: [mean(), stderr()] for name in MEASURES}


@scorer(metrics=[_MEANS, strategies()])
def outcome() -> Scorer:
    """Score what became of the episode, by the environment's own scorer."""

    async def score(state: TaskState, target: Target) -> Score:
        row: Row = state.store_as(Rollout).episode().row()
        values = {name: float(row[name]) for name in MEASURES}
        return Score(value=values, answer=row["answer"] or "", explanation=row["strategy"], metadata={"berrypick": row})

    return score


@task(name="search")
def search_task(
    corpus: str = "almanac-small",
    worlds: int = 1,
    split: str = "test",
    families: str | list[str] | None = None,
    engines: str | list[str] = "bm25,dense",
    topk: int = 3,
    max_turns: int = 10,
    search_budget: int = 6,
    knockouts: str | list[str] = "",
    faults: str | list[str] = "",
) -> Task:
    """Questions of an environment; the arguments are ``SearchEnv``'s, names of several things separated by commas.

    Raises:
        BadInput: as ``SearchEnv``.
        UnknownName: as ``SearchEnv``.
    """
    arguments: dict[str, Any] = {
        "corpus": corpus,
        "worlds": worlds,
        "split": split,
        "families": _names(families) or None,
        "engines": _names(engines),
        "topk": topk,
        "max_turns": max_turns,
        "search_budget": search_budget,
        "knockouts": _names(knockouts),
        "faults": _names(faults),
    }
    episode = ToolEpisodes(**arguments)
    samples = [_sample(episode, arguments, number) for number in range(episode.env.tasks.count())]
    # A turn is a message of the model and one of its tools.
    return Task(
        dataset=MemoryDataset(samples, name=corpus),
        solver=player(),
        scorer=outcome(),
        message_limit=2 * max_turns + 8,
        version=1,
    )


def _sample(episode: ToolEpisodes, arguments: dict[str, Any], number: int) -> Sample:
    text = task_text(episode.reset(number))
    question = episode.env.trace.question
    metadata = {"arguments": arguments, "task_id": number, "family": question.family}
    return Sample(input=text, target=list(question.answers), id=question.id, metadata=metadata)


def _names(value: str | list[str] | None) -> list[str]:
    names = value.split(",") if isinstance(value, str) else value or []
    return [name for name in names if name]
