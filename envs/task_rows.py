"""The tasks of an environment as rows of the data sets that trainers read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from berrypick.envs.search import SearchEnv
from berrypick.errors import BadInput
from berrypick.registry import UnknownName

FORMATS: Final = ("plain", "trl", "verl", "skyrl")


def task_rows(env: Any, format: str = "plain", count: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield a row for each task.

    Every format has ``task_id``, which ``reset(options={"task_id": ...})`` takes, so that all rollouts of a group play
    one question. ``plain``: ``question``, ``answers``, ``family``. ``trl``: ``prompt`` as messages. ``verl``:
    ``data_source``, ``prompt``, ``ability``, ``reward_model`` and ``extra_info``. ``skyrl``: ``prompt``,
    ``env_class`` and ``reward_spec``.

    Args:
        env: a ``SearchEnv``, wrapped or not.
        format: a row of ``FORMATS``.
        count: number of tasks, from the first; None for all.

    Raises:
        UnknownName: no such format.
        BadInput: the environment has fewer tasks, or a question has no answers where the format needs some.
    """
    if format not in FORMATS:
        raise UnknownName("format", format, list(FORMATS))
    inner: SearchEnv = env.unwrapped
    there = inner.tasks.count()
    if count is not None and not 0 < count <= there:
        raise BadInput(f"must be from 1 to {there}, the tasks of the environment; got {count}", field="count")
    scratch = inner.replay(0, ())
    for task_id in range(there if count is None else count):
        question = inner.tasks.at(task_id).question
        messages = [{"role": "user", "content": scratch.reset(seed=0, options={"task_id": task_id})[0]}]
        yield _row(format, inner, task_id, messages, question.text, list(question.answers), question.family)


def _row(
    format: str, env: SearchEnv, task_id: int, messages: list[Any], text: str, answers: list[str], family: str
) -> dict[str, Any]:
    if format == "plain":
        return {"task_id": task_id, "question": text, "answers": answers, "family": family}
    if format == "trl":
        return {"prompt": messages, "task_id": task_id}
    if not answers:
        raise BadInput(f"question {text!r} has no answers; leave it out, or use format plain or trl", field="format")
    source = f"berrypick/{env.tasks.corpus}"
    if format == "skyrl":
        spec = {"method": "rule", "ground_truth": answers}
        return {
            "data_source": source,
            "prompt": messages,
            "env_class": "berrypick",
            "reward_spec": spec,
            "task_id": task_id,
        }
    return {
        "data_source": source,
        "prompt": messages,
        "ability": "search",
        "reward_model": {"style": "rule", "ground_truth": {"target": answers}},
        "extra_info": {"index": task_id, "task_id": task_id, "split": env.tasks.split},
        "task_id": task_id,
    }
