"""A Model Context Protocol server: any agent that speaks MCP plays the environments (package ``mcp``).

Tools: ``reset`` (the question), ``search``, ``open``, ``answer``. Each connection of a process plays its own episodes
by naming them: ``reset`` returns an episode's name, and a tool without one means the latest.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

import berrypick
from berrypick.errors import BadInput
from berrypick.integrations.episodes import ToolEpisodes

#: Episodes that are kept.
_KEPT: Final = 1024
_INSTRUCTIONS: Final = (
    "A search environment. Call reset for a question, then search and open to find evidence, and answer once to end "
    "the task. Each turn counts against a budget that the question states."
)


class Games:
    """Episodes by name. Safe for threads.

    Args:
        log: file to which the row of every ended episode is appended; None writes none.
        arguments: of ``SearchEnv``.
    """

    def __init__(self, log: Path | None = None, **arguments: Any) -> None:
        self._first, self._log = ToolEpisodes(**arguments), log
        self._episodes: OrderedDict[str, ToolEpisodes] = OrderedDict()
        self._lock = threading.Lock()
        self._started = 0

    def reset(self, task_id: int | None = None, seed: int | None = None) -> str:
        """Start an episode and return its name, instructions and question.

        Raises:
            BadInput: there is no such task, or the seed is out of range.
        """
        with self._lock:
            episode = self._first.fork()
            # Without a seed the process counts, so that episodes draw different tasks, the same in every run.
            prompt = episode.reset(task_id, self._started if seed is None else seed)
            self._started += 1
            name = f"e{self._started}"
            self._episodes[name] = episode
            while len(self._episodes) > _KEPT:
                self._episodes.popitem(last=False)
        return f"{prompt}\nEpisode: {name}"

    def play(self, name: str, tool: str, *arguments: Any) -> str:
        """Play a turn of an episode, the latest where the name is "".

        Raises:
            BadInput: there is no such episode.
        """
        with self._lock:
            if not self._episodes or (name and name not in self._episodes):
                raise BadInput(f"no episode {name!r} here; call reset first", field="episode")
            name = name or next(reversed(self._episodes))
            episode = self._episodes[name]
            was_over = episode.is_over
            seen = str(getattr(episode, tool)(*arguments))
            if episode.is_over and not was_over:
                seen += self._end(name, episode)
        return seen

    def _end(self, name: str, episode: ToolEpisodes) -> str:
        row = episode.row()
        if self._log is not None:
            with self._log.open("ab") as file:
                file.write(msgspec.json.encode({"episode": name, **row}) + b"\n")
        verdict = "right" if row["em"] else "wrong" if row["answered"] else "missing"
        return f"\nThe answer is {verdict}. Reward: {episode.reward:g}."


def server(games: Games) -> MCPServer[Any]:
    """Return an MCP server over episodes; ``run`` starts it. Mistakes in a call are told to the agent."""

    def reset(task_id: int | None = None, seed: int | None = None) -> str:
        """Start a task and show its question.

        Args:
            task_id: Number of the task; left out, one is drawn.
            seed: Seed of the draw; left out, each call draws another task.
        """
        return _told(games.reset, task_id, seed)

    def search(query: str, engine: str | None = None, topk: int | None = None, episode: str = "") -> str:
        """Search the corpus and show the best sentence of each document found.

        Args:
            query: The words to look for.
            engine: The engine to ask; the first one listed if left out.
            topk: How many documents to show, 1 to 10.
            episode: Name of the task that reset gave; the latest if left out.
        """
        return _told(games.play, episode, "search", query, engine, topk)

    def open(title: str, episode: str = "") -> str:
        """Show a whole page and its links.

        Args:
            title: The title of a document that was listed or linked before, or is named in the question.
            episode: Name of the task that reset gave; the latest if left out.
        """
        return _told(games.play, episode, "open", title)

    def answer(text: str, episode: str = "") -> str:
        """Give the final answer and end the task.

        Args:
            text: The bare answer, without a sentence around it.
            episode: Name of the task that reset gave; the latest if left out.
        """
        return _told(games.play, episode, "answer", text)

    made: MCPServer[Any] = MCPServer(
        "berrypick", version=berrypick.__version__, instructions=_INSTRUCTIONS, log_level="WARNING"
    )
    for tool in (reset, search, open, answer):
        made.add_tool(tool)
    return made


def _told(call: Callable[..., str], *arguments: Any) -> str:
    try:
        return call(*arguments)
    except BadInput as error:
        raise ToolError(str(error)) from error


def run(games: Games, transport: str, host: str, port: int) -> None:
    """Serve over standard input and output, or over HTTP at ``/mcp``, until the client or an interrupt ends it."""
    made = server(games)
    with contextlib.suppress(KeyboardInterrupt):
        if transport == "stdio":
            made.run("stdio")
        else:
            made.run("streamable-http", host=host, port=port)
