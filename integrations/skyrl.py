"""An environment of SkyRL-gym: the class, its registration, rows of a data set (package ``skyrl-gym``).

``register()`` has to run in the process that makes environments: in SkyRL, inside of the Ray entry point.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final

import skyrl_gym
from omegaconf import DictConfig, OmegaConf
from skyrl_gym.envs.base_text_env import BaseTextEnv, BaseTextEnvStepOutput

from berrypick.errors import BadInput
from berrypick.integrations.episodes import Row, ToolEpisodes, aggregate, replay

#: The id under which SkyRL finds the environment.
ENV_ID: Final = "berrypick"

#: A conversation in OpenAI's form.
Messages = list[dict[str, str]]


class SearchTextEnv(BaseTextEnv):
    """One episode, written in the environment's protocol (``tags`` unless the configuration says otherwise).

    Args:
        env_config: arguments of ``SearchEnv``, as a mapping, a dataclass or OmegaConf's; None for none.
        extras: fields of the data set's row: ``task_id`` chooses the question; ``berrypick`` holds arguments of
            ``SearchEnv`` that go before ``env_config``'s; ``seed`` seeds the faults.

    Raises:
        BadInput: the row has no task_id, or as ``SearchEnv``.
        UnknownName: as ``SearchEnv``.
    """

    def __init__(self, env_config: Any = None, extras: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        extras = extras or {}
        if not isinstance(extras.get("task_id"), int):
            raise BadInput(f"must be a whole number in each row, got {extras.get('task_id')!r}", field="task_id")
        arguments = {"protocol": "tags", **_plain(env_config), **_plain(extras.get("berrypick"))}
        self._episode: ToolEpisodes = replay(arguments, extras["task_id"], (), int(extras.get("seed", 0)))
        self.max_turns = self._episode.env.setup.max_turns

    def init(self, prompt: Messages) -> tuple[Messages, dict[str, Any]]:
        """Return the conversation to begin with: the system messages of ``prompt``, then the task."""
        system = [message for message in prompt or [] if message.get("role") == "system"]
        task = {"role": "user", "content": self._episode.env.trace.prompt}
        return [*system, task], {"question_id": self._episode.env.trace.question.id}

    def step(self, action: str) -> BaseTextEnvStepOutput:
        """Play a turn; the reward is paid with the last one."""
        before = self._episode.reward
        seen = self._episode.step(action)
        self.turns += 1
        done = self._episode.is_over
        observations = [] if done else [{"role": "user", "content": seen}]
        info = self._episode.env.simulation.info()
        metadata = {"valid": info["valid"], "faults": list(info["faults"]), "hops_found": info["hops_found"]}
        return BaseTextEnvStepOutput(
            observations=observations, reward=self._episode.reward - before, done=done, metadata=metadata
        )

    def get_metrics(self) -> Row:
        """What became of the episode: see ``episodes.outcome_row``."""
        return self._episode.row()

    @staticmethod
    def aggregate_metrics(metrics: list[Row]) -> dict[str, float]:
        """Means over episodes, and measures of strategies where there are enough: see ``episodes.aggregate``."""
        return aggregate(metrics)


def register(env_id: str = ENV_ID) -> None:
    """Register the environment with SkyRL-gym; doing so again changes nothing."""
    if env_id not in skyrl_gym.envs.registration.registry:
        skyrl_gym.register(id=env_id, entry_point=f"{__name__}:{SearchTextEnv.__name__}")


def dataset_rows(count: int | None = None, **arguments: Any) -> Iterator[dict[str, Any]]:
    """Yield rows of a SkyRL data set, a question each.

    Args:
        count: number of rows; None for every question.
        arguments: of ``SearchEnv``, which every row carries.

    Raises:
        BadInput: there are fewer questions.
    """
    episode = ToolEpisodes(**{"protocol": "tags", **arguments})
    there = episode.env.tasks.count()
    if count is not None and count > there:
        raise BadInput(f"must be at most {there}, the number of questions, got {count}", field="count")
    for task_id in range(there if count is None else count):
        yield {
            "data_source": "berrypick",
            "prompt": [{"role": "user", "content": episode.reset(task_id)}],
            "env_class": ENV_ID,
            "task_id": task_id,
            "berrypick": arguments,
        }


def _plain(config: Any) -> dict[str, Any]:
    if config is None:
        return {}
    if isinstance(config, DictConfig):
        config = OmegaConf.to_container(config, resolve=True)
    elif dataclasses.is_dataclass(config) and not isinstance(config, type):
        config = dataclasses.asdict(config)
    # Parquet gives every row the fields of all rows, None where a row has none.
    return {str(name): value for name, value in dict(config).items() if value is not None}
