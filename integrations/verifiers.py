"""A taskset for ``verifiers`` (v1 API): ``vf-eval berrypick-search``, and through it prime-rl.

The model is offered the tools search, open and answer. The state of a rollout is the list of its actions: a tool server
replays them on each call (0.1 ms a step), so that any number of rollouts share a server and any server can go on.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import verifiers.v1 as vf
from pydantic import Field

from berrypick.integrations.episodes import Row, ToolEpisodes, replay, task_text, write_call

#: Measures of an episode that are recorded as metrics.
METRICS: Final = ("em", "f1", "grounded", "hops_found", "searches", "opens", "invalid", "turns")


class SearchState(vf.State):
    """A rollout: its environment, task and actions so far."""

    arguments: dict[str, Any] = Field(default_factory=dict)
    task_id: int = 0
    actions: list[str] = Field(default_factory=list)
    seed: int = 0

    def episode(self) -> ToolEpisodes:
        """Replay the rollout."""
        return replay(self.arguments, self.task_id, self.actions, self.seed)


class SearchData(vf.TaskData):
    """A question. ``arguments`` are those of ``SearchEnv``."""

    arguments: dict[str, Any]
    task_id: int
    family: str


class SearchTask(vf.Task[SearchData, SearchState, vf.TaskConfig]):
    """Plays one question; the reward is the environment's."""

    async def setup(self, trace: vf.Trace, runtime: vf.Runtime) -> None:
        """Begin the rollout; its id seeds the faults."""
        trace.state.arguments, trace.state.task_id = self.data.arguments, self.data.task_id
        trace.state.actions, trace.state.seed = [], zlib.crc32(str(trace.id).encode())

    @vf.stop
    async def is_over(self, trace: vf.Trace) -> bool:
        """Whether the episode has ended, by an answer or by its last turn."""
        return bool(trace.state.actions) and trace.state.episode().is_over

    @vf.reward
    async def reward(self, trace: vf.Trace) -> float:
        """The reward of the environment; 0 without an answer."""
        return float(trace.state.episode().reward)

    @vf.metric
    async def outcome(self, trace: vf.Trace) -> dict[str, float]:
        """Exact match, grounded success, searches and so on; the strategy is in ``trace.info``."""
        row = trace.state.episode().row()
        trace.info["berrypick"] = row
        return {name: float(row[name]) for name in METRICS}


class SearchTools(vf.Toolset[vf.SharedToolsetConfig, SearchState]):
    """The tools. One server for all rollouts of a worker."""

    TOOL_PREFIX = None

    @vf.tool
    async def search(self, query: str, engine: str | None = None, topk: int | None = None) -> str:
        """Search the corpus and show the best sentence of each document found.

        Args:
            query: The words to look for.
            engine: The engine to ask; the first one if left out.
            topk: How many documents to show, 1 to 10.
        """
        return self._play("search", query=query, engine=engine, topk=topk)

    @vf.tool
    async def open(self, title: str) -> str:
        """Show a whole page and its links.

        Args:
            title: The title of a document that was listed or linked before, or is named in the question.
        """
        return self._play("open", title=title)

    @vf.tool
    async def answer(self, text: str) -> str:
        """Give the final answer and end the task.

        Args:
            text: The bare answer, without a sentence around it.
        """
        return self._play("answer", text=text)

    def _play(self, tool: str, **arguments: Any) -> str:
        action = write_call(tool, arguments)
        episode = self.state.episode()
        if not episode.is_over:
            self.state.actions = [*self.state.actions, action]
        return str(episode.step(action))


class SearchConfig(vf.TasksetConfig):
    """What is asked: arguments of ``SearchEnv``, under ``--env.taskset.*``. ``worlds`` are drawn from the split."""

    corpus: str = "almanac-small"
    worlds: int = 1
    split: str = "test"
    families: list[str] | None = None
    engines: list[str] = Field(default_factory=lambda: ["bm25", "dense"])
    topk: int = 3
    max_turns: int = 10
    search_budget: int = 6
    reward: str = "exact_match"
    knockouts: list[str] = Field(default_factory=list)
    faults: list[str] = Field(default_factory=list)
    tools: vf.SharedToolsetConfig = vf.SharedToolsetConfig()

    def arguments(self) -> dict[str, Any]:
        """Arguments of ``SearchEnv``."""
        names = ("corpus", "worlds", "split", "families", "engines", "topk", "max_turns", "search_budget", "reward")
        return {name: getattr(self, name) for name in (*names, "knockouts", "faults")}


class SearchTaskset(vf.Taskset[SearchTask, SearchConfig]):
    """Questions of an environment, in the order of their task ids."""

    def load(self) -> Iterator[SearchTask]:
        """Yield the tasks; loads worlds, building those that are missing."""
        arguments = self.config.arguments()
        episode = ToolEpisodes(**arguments)
        for task_id in range(episode.env.tasks.count()):
            prompt = task_text(episode.reset(task_id))
            question = episode.env.trace.question
            data = SearchData(
                id=question.id,
                name=question.id,
                prompt=prompt,
                arguments=arguments,
                task_id=task_id,
                family=question.family,
            )
            yield SearchTask(data, self.config.task)

    @classmethod
    def toolsets(cls, config: SearchConfig) -> list[vf.Toolset]:
        """One server of tools."""
        return [SearchTools(config.tools)]


def read_rows(path: Path) -> list[Row]:
    """Return what became of the rollouts of a run, for ``episodes.aggregate``.

    Args:
        path: ``traces.jsonl`` of a run.
    """
    runs = [json.loads(line) for line in path.read_text().splitlines()]
    traces = [trace for run in runs for trace in run.get("traces", [run])]
    return [trace["info"]["berrypick"] for trace in traces if "berrypick" in trace.get("info", {})]


def load_environment(config: SearchConfig | None = None) -> SearchTaskset:
    """Return the taskset, for those who make it in Python."""
    return SearchTaskset(config or SearchConfig(id="berrypick-search"))


__all__ = ["SearchTaskset"]


if __name__ == "__main__":  # how verifiers starts a server of tools
    SearchTools.run()
