"""An environment of OpenEnv: a server of WebSocket sessions and its client (package ``openenv-core``).

``uvicorn berrypick.integrations.openenv:app`` serves. The variable ``BERRYPICK_ENV`` holds the arguments of
``SearchEnv`` as JSON: ``{"corpus": "almanac-even", "worlds": 8}``.
"""

from __future__ import annotations

import os
import threading
from functools import partial
from typing import Any, Final, Literal

import msgspec
from openenv.core.client_types import StepResult
from openenv.core.env_client import EnvClient
from openenv.core.env_server.http_server import create_app
from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import Action, EnvironmentMetadata, Observation, State

import berrypick
from berrypick.errors import BadInput
from berrypick.integrations.episodes import ToolEpisodes, task_text

#: Holds the arguments of ``SearchEnv``, as JSON.
VARIABLE: Final = "BERRYPICK_ENV"
#: Sessions at a time.
MOST_SESSIONS: Final = 256


class SearchAction(Action):
    """A turn: a tool and its text, or the turn as a policy wrote it.

    Attributes:
        tool: ``search``, ``open``, ``answer``; ``raw`` for text in the environment's protocol.
        text: query, title, answer or the whole turn.
        engine: of a search; the first one where it is None.
        topk: documents that a search shows, 1 to 10; the environment's number where it is None.
    """

    tool: Literal["search", "open", "answer", "raw"] = "raw"
    text: str
    engine: str | None = None
    topk: int | None = None


class SearchObservation(Observation):
    """What the policy sees.

    Attributes:
        text: after ``reset`` the task; then what the turn brought.
        question_id: of the task.
        outcome: what became of the episode, once it is over: see ``episodes.outcome_row``.
    """

    text: str
    question_id: str
    outcome: dict[str, Any] | None = None


class SearchState(State):
    """Where an episode stands. Neither gold nor evidence is in it."""

    question_id: str | None = None
    searches_left: int = 0
    turns_left: int = 0


class SearchEnvironment(Environment[SearchAction, SearchObservation, SearchState]):
    """One session.

    Args:
        first: whose tasks are played; sessions share worlds and indexes.
        native: whether the task is put to a model that is offered the tools natively, without the grammar of calls.
    """

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, first: ToolEpisodes, native: bool = False) -> None:
        super().__init__()
        self._episode, self._native = first.fork(), native
        self._state = SearchState()

    def reset(
        self, seed: int | None = None, episode_id: str | None = None, task_id: int | None = None, **others: Any
    ) -> SearchObservation:
        """Start an episode.

        Args:
            seed: of the draw and the faults; None goes on with the sequence of the session.
            episode_id: kept in the state.
            task_id: chooses the task instead of drawing it.
            others: ignored, as OpenEnv asks.

        Raises:
            BadInput: there is no such task, or the seed is out of range.
        """
        prompt = self._episode.reset(task_id, seed)
        self._state = SearchState(episode_id=episode_id)
        return self._observe(task_text(prompt) if self._native else prompt, None)

    def step(self, action: SearchAction, timeout_s: float | None = None, **others: Any) -> SearchObservation:
        """Play a turn; the reward is paid with the last one."""
        episode = self._episode
        if action.tool == "search":
            seen = episode.search(action.text, action.engine, action.topk)
        elif action.tool == "raw":
            seen = episode.step(action.text)
        else:
            seen = getattr(episode, action.tool)(action.text)
        self._state.step_count += 1
        return self._observe(seen, episode.reward)

    @property
    def state(self) -> SearchState:
        """Where the episode stands."""
        return self._state

    def get_metadata(self) -> EnvironmentMetadata:
        """Describe the environment."""
        described = "Search a local corpus for the facts that a question rests on, and answer it."
        return EnvironmentMetadata(name="berrypick", description=described, version=berrypick.__version__)

    def _observe(self, text: str, reward: float | None) -> SearchObservation:
        episode = self._episode
        info = episode.env.simulation.info()
        left = info["budget_left"]
        self._state.question_id = info["question_id"]
        self._state.searches_left, self._state.turns_left = left["searches"], left["turns"]
        outcome = episode.row() if episode.is_over else None
        return SearchObservation(
            text=text, question_id=info["question_id"], outcome=outcome, done=episode.is_over, reward=reward
        )


class SearchClient(EnvClient[SearchAction, SearchObservation, SearchState]):
    """A session with a server: ``async with SearchClient(base_url=...)``, or ``.sync()``."""

    def _step_payload(self, action: SearchAction) -> dict[str, Any]:
        return dict(action.model_dump(exclude_none=True))

    def _parse_result(self, payload: dict[str, Any]) -> StepResult[SearchObservation]:
        reward, done = payload.get("reward"), bool(payload.get("done"))
        observation = SearchObservation(**{**payload["observation"], "reward": reward, "done": done})
        return StepResult(observation=observation, reward=reward, done=done)

    def _parse_state(self, payload: dict[str, Any]) -> SearchState:
        return SearchState(**payload)


def make_app(native: bool = False, **arguments: Any) -> Any:
    """Return the web application of an environment.

    Args:
        native: see ``SearchEnvironment``.
        arguments: of ``SearchEnv``.

    Raises:
        BadInput: as ``SearchEnv``.
        UnknownName: as ``SearchEnv``.
    """
    first = ToolEpisodes(**arguments)
    made = partial(SearchEnvironment, first, native)
    return create_app(made, SearchAction, SearchObservation, env_name="berrypick", max_concurrent_envs=MOST_SESSIONS)


_made: list[Any] = []
_lock = threading.Lock()


def __getattr__(name: str) -> Any:
    """Make ``app`` on first use, from ``BERRYPICK_ENV``."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with _lock:
        if not _made:
            text = os.environ.get(VARIABLE, "{}")
            try:
                arguments = msgspec.json.decode(text.encode(), type=dict[str, Any])
            except msgspec.MsgspecError as error:
                raise BadInput(f"must be a JSON object of SearchEnv's arguments: {error}", field=VARIABLE) from error
            _made.append(make_app(**arguments))
    return _made[0]
