"""Environments for TRL's GRPOTrainer (package ``trl``): classes for ``environment_factory``, and a reward.

``SearchTools`` is for models that call tools natively, ``ActionTool`` for policies that write actions in a protocol,
such as the published starts. ``Reward`` ends the episodes, pays for them and logs how they searched. TRL itself is not
imported: a trainer takes these as they are.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from berrypick.envs.task_rows import task_rows
from berrypick.integrations.episodes import ToolEpisodes, task_text
from berrypick.strategies import Tally

#: Writes assistants' calls only for TRL's check of templates: TRL concatenates the tokens that were generated.
CHAT_TEMPLATE: Final = """\
{%- for message in messages %}
{%- if message.role == "assistant" %}
{{- message.content }}
{%- for call in message.tool_calls or [] %}<{{ call.function.name }}>{{ call.function.arguments | tojson }}{% endfor %}
{%- else %}
{{- "\\n" if message.role == "tool" }}{{ message.content }}{{ "\\n" }}
{%- endif %}
{%- endfor %}"""
#: Reads a turn that is no answer as a call of ``act``.
RESPONSE_TEMPLATE: Final = {
    "defaults": {"role": "assistant"},
    "start_anchor_pattern": r"\Z",
    "fields": {
        "tool_calls": {
            "open_pattern": r"\A(?!.*<answer>.*</answer>)(?P<action>.+)",
            "repeats": True,
            "content": "text",
            "transform": {"type": "function", "function": {"name": "act", "arguments": {"action": "{action}"}}},
        },
        "content": {"content": "text"},
    },
}
_CLOSING: Final = ("</search>", "</open>", "</answer>")


class _Episode:
    """What both classes share. Every public method but ``reset`` is a tool for TRL, so all else is private."""

    def __init__(self, episodes: ToolEpisodes) -> None:
        self._episodes = episodes
        self._task_id = -1

    def _start(self, task_id: int) -> str:
        self._task_id = task_id
        return self._episodes.reset(task_id, seed=0)

    def _last_word(self, message: dict[str, Any]) -> None:
        raise NotImplementedError

    def _finish(self, message: dict[str, Any]) -> bool:
        """Play an assistant's last message; end what still goes on by an empty answer. Returns if it was answered."""
        if not self._episodes.is_over and message.get("role") == "assistant":
            self._last_word(message)
        answered = self._episodes.env.trace.answer is not None
        if not self._episodes.is_over:
            self._episodes.answer("")
        return answered


class SearchTools(_Episode):
    """An episode whose tools are ``search``, ``open`` and ``answer``."""

    def reset(self, task_id: int, **_: Any) -> str:
        """Begin a task; returns what the model is asked."""
        return task_text(self._start(task_id))

    def search(self, query: str, engine: str = "") -> str:
        """Search the documents.

        Args:
            query: words to look for.
            engine: an engine of those named in the task; empty for the first.

        Returns:
            The documents found.
        """
        return self._episodes.search(query, engine or None)

    def open(self, title: str) -> str:
        """Open a page.

        Args:
            title: of a page that was listed or linked.

        Returns:
            Its text.
        """
        return self._episodes.open(title)

    def answer(self, text: str) -> str:
        """Answer the question, which ends the task.

        Args:
            text: the bare answer.

        Returns:
            A note that the task is over.
        """
        return self._episodes.answer(text)

    def _last_word(self, message: dict[str, Any]) -> None:
        """Take a message without calls as the answer."""
        if not message.get("tool_calls"):
            self._episodes.answer(str(message.get("content") or ""))


class ActionTool(_Episode):
    """An episode whose one tool takes an action as it was written; an answer is a message that calls no tool."""

    def reset(self, task_id: int, **_: Any) -> str:
        """Begin a task; returns what the policy is shown."""
        return self._start(task_id)

    def act(self, action: str) -> str:
        """Do what an action says.

        Args:
            action: a search, or a page to open.

        Returns:
            What it brought.
        """
        return self._episodes.step(action)

    def _last_word(self, message: dict[str, Any]) -> None:
        calls = message.get("tool_calls")
        self._episodes.step(calls[0]["function"]["arguments"]["action"] if calls else str(message.get("content") or ""))


def environment_factory(native_tools: bool = True, **arguments: Any) -> Callable[[], SearchTools | ActionTool]:
    """Return what ``GRPOTrainer(environment_factory=...)`` takes; all its environments share one corpus.

    Args:
        native_tools: for models that call tools by their own chat template; False for policies that write actions.
        arguments: of ``SearchEnv``; ``task_id`` in the data set counts the tasks of this environment.

    Raises:
        BadInput: as ``SearchEnv``.
        UnknownName: as ``SearchEnv``.
    """
    first = ToolEpisodes(**({} if native_tools else {"protocol": "tags"}), **arguments)
    kind = SearchTools if native_tools else ActionTool
    return lambda: kind(first.fork())


def dataset_rows(count: int | None = None, **arguments: Any) -> Iterator[dict[str, Any]]:
    """Yield rows for ``datasets.Dataset.from_list``: an empty prompt that ``reset`` fills in, and ``task_id``.

    TRL repeats a row for each rollout of its group, so that a group answers one question.

    Args:
        count: number of tasks, from the first; None for all.
        arguments: of ``SearchEnv``, the same as for ``environment_factory``.

    Raises:
        BadInput: as ``SearchEnv``, or the environment has fewer tasks.
        UnknownName: as ``SearchEnv``.
    """
    for row in task_rows(ToolEpisodes(**arguments).env, "trl", count):
        yield {"prompt": [{"role": "user", "content": ""}], "task_id": row["task_id"]}


class Reward:
    """Plays each rollout's last message, pays what the episode earned, and logs how the batch searched.

    TRL averages what it logs over the processes. Numbers that too few questions support are left out (``Tally``).
    ``search/unfinished`` is the share of rollouts that ended without an answer; they count as wrong.

    Args:
        ceiling: D2 of ``hop_mixture`` in the environment, for ``D2_share``; None where it was not measured.
    """

    __name__ = "berrypick"  # TRL names the column of rewards after it

    def __init__(self, ceiling: float | None = None) -> None:
        self._tally = Tally(ceiling)

    def __call__(
        self,
        completions: Sequence[Sequence[dict[str, Any]]],
        environments: Sequence[SearchTools | ActionTool],
        log_metric: Callable[[str, float], None] | None = None,
        **_: Any,
    ) -> list[float]:
        """Return the reward of each rollout, as TRL calls it."""
        unfinished = 0
        for messages, episode in zip(completions, environments, strict=True):
            unfinished += not episode._finish(messages[-1] if messages else {})
            self._tally.add(episode._episodes.env, episode._task_id)
        numbers = self._tally.flush() | {"unfinished": unfinished / max(len(completions), 1)}
        for name, value in numbers.items():
            if log_metric is not None and value is not None:
                log_metric(f"search/{name}", value)
        return [episode._episodes.reward for episode in environments]


def prepare(model: Any, tokenizer: Any) -> tuple[Any, Any]:
    """Return a policy that writes tags, and its tokenizer, as TRL needs them.

    The model's generation ends at a closing tag; the tokenizer, a copy, has the templates above.

    Args:
        model: a causal language model of transformers; its generation config is changed.
        tokenizer: with a token for each closing tag, as the published starts have.
    """
    ends = model.generation_config.eos_token_id
    ends = set(ends) if isinstance(ends, list) else {ends} - {None}
    model.generation_config.eos_token_id = sorted(ends | set(tokenizer.convert_tokens_to_ids(list(_CLOSING))))
    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.chat_template, tokenizer.response_template = CHAT_TEMPLATE, RESPONSE_TEMPLATE
    return model, tokenizer
