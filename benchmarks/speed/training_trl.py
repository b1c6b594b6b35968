"""TRL's GRPOTrainer over the same model, tasks and environment, through its ``environment_factory``.

TRL renders prompts with a chat template and finds tool calls with a response template; both are given here for a
tokenizer that has none, such that the tokens of an episode are those that ``agents.lm.render.Script`` writes. The one
tool takes an action as it was written: a turn that is no answer is a call of it, so that episodes go on and end as they
do in our trainer. TRL's own loops are timed by overriding three of its methods; ``constraints.txt`` has the version.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, Final

from datasets import Dataset
from msgspec import structs
from transformers import PrinterCallback, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from berrypick.agents.lm.load import Policy
from berrypick.agents.training.config import Config
from berrypick.benchmarks.speed.training_step import WARM, Step
from berrypick.envs.search import SearchEnv

#: Assistants' calls are rendered nowhere but in TRL's checks: it concatenates the tokens that were generated.
_CHAT: Final = """\
{%- for message in messages %}
{%- if message.role == "assistant" %}
{{- message.content }}
{%- for call in message.tool_calls or [] %}<{{ call.function.name }}>{{ call.function.arguments | tojson }}{% endfor %}
{%- else %}
{{- "\\n" if message.role == "tool" }}{{ message.content }}{{ "\\n" }}
{%- endif %}
{%- endfor %}"""
_RESPONSE: Final = {
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


class Bench:
    """An environment in the form of TRL: every public method but ``reset`` is a tool."""

    def __init__(self, env: SearchEnv) -> None:
        self.env = env

    def reset(self, task_id: int, **_: Any) -> str:
        """Begin a task; returns what the policy is shown."""
        return str(self.env.reset(seed=0, options={"task_id": task_id})[0])

    def act(self, action: str) -> str:
        """Do what an action says.

        Args:
            action: a search, or a page to open.

        Returns:
            What it brought.
        """
        return str(self.env.step(action)[0])


def _reward(completions: Sequence[Any], environments: Sequence[Bench], **_: Any) -> list[float]:
    """Play what each rollout wrote last, and return what the episode earned; without a last word it earned nothing."""
    for completion, desk in zip(completions, environments, strict=True):
        last = completion[-1]
        calls = last.get("tool_calls")
        if last["role"] == "assistant" and not desk.env.simulation.over:
            desk.env.step(calls[0]["function"]["arguments"]["action"] if calls else last["content"])
    return [desk.env.trace.reward for desk in environments]


class _Timed(GRPOTrainer):
    """Notes how long each generation batch was played and scored again, and what it held."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.played: list[Step] = []
        self._scoring = 0.0

    def _generate_and_score_completions(self, inputs: Any) -> Any:
        begun, self._scoring = process_time(), 0.0
        made = super()._generate_and_score_completions(inputs)
        seconds = process_time() - begun - self._scoring
        completions = made["completion_mask"]
        self.played.append(
            Step(
                rollout=seconds,
                update=0.0,
                other=0.0,
                generated=int((completions * made["tool_mask"]).sum()),
                scored=int(made["prompt_mask"].sum() + completions.sum()),
                turns=sum(len(desk.env.trace.turns) for desk in self.environments),
                episodes=len(inputs),
            )
        )
        return made

    def _get_per_token_logps_and_entropies(self, *args: Any, **kwargs: Any) -> Any:
        """Old log-probabilities are scored among the rollouts; they count as update."""
        begun = process_time()
        found = super()._get_per_token_logps_and_entropies(*args, **kwargs)
        self._scoring += process_time() - begun
        return found


class _Clock(TrainerCallback):
    """When each optimiser step began and ended."""

    def __init__(self) -> None:
        self.begun: list[float] = []
        self.ended: list[float] = []

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self.begun.append(process_time())

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.ended.append(process_time())


def steps(policy: Policy, env: SearchEnv, config: Config) -> list[Step]:
    """Make the steps of a run with TRL, over the tasks that ours asks; the first ``WARM`` are dropped."""
    clock = _Clock()
    with TemporaryDirectory() as folder:
        trainer = _Timed(
            model=_stopping(policy),
            processing_class=_speaking(policy),
            reward_funcs=_reward,
            args=_arguments(policy, env, config, folder),
            train_dataset=_tasks(env, config),
            environment_factory=lambda: Bench(copy.copy(env)),
            callbacks=[clock],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return _assembled(trainer.played, clock, config.minibatches_per_step)[WARM:]


def _assembled(played: Sequence[Step], clock: _Clock, updates: int) -> list[Step]:
    """Put optimiser steps together with the rollouts they are made on: the first of them played."""
    made = []
    for number, step in enumerate(played):
        begun, ended = (times[number * updates :][:updates] for times in (clock.begun, clock.ended))
        busy = sum(end - begin for begin, end in zip(begun, ended, strict=True))
        before = clock.ended[number * updates - 1] if number else begun[0]
        made.append(structs.replace(step, update=busy - step.rollout, other=ended[-1] - before - busy))
    return made


def _arguments(policy: Policy, env: SearchEnv, config: Config, folder: str) -> GRPOConfig:
    episodes = config.prompts_per_step * config.group_size
    return GRPOConfig(
        output_dir=folder,
        max_steps=config.steps * config.minibatches_per_step,
        per_device_train_batch_size=config.micro_batch_size,
        gradient_accumulation_steps=episodes // config.minibatches_per_step // config.micro_batch_size,
        steps_per_generation=episodes // config.micro_batch_size,
        num_generations=config.group_size,
        shuffle_dataset=False,
        learning_rate=config.lr,
        lr_scheduler_type="constant",
        max_grad_norm=config.max_norm,
        loss_type="grpo",
        beta=0.0,
        temperature=policy.card.temperature,
        max_completion_length=policy.positions,
        max_tool_calling_iterations=env.setup.max_turns - 1,
        generation_kwargs={"max_new_tokens": policy.card.max_new_tokens},
        gradient_checkpointing=False,
        bf16=False,
        use_cpu=True,
        dataloader_pin_memory=False,
        seed=config.seed,
        report_to="none",
        logging_strategy="no",
        save_strategy="no",
        disable_tqdm=True,
    )


def _tasks(env: SearchEnv, config: Config) -> Dataset:
    """The tasks of ``Learner.play``, in its order."""
    drawn = [env.tasks.draw(config.seed, episode) for episode in range(config.steps * config.prompts_per_step)]
    prompt = [{"role": "user", "content": ""}]
    return Dataset.from_list([{"prompt": prompt, "task_id": env.tasks.number(task)} for task in drawn])


def _stopping(policy: Policy) -> Any:
    """The model, which ends an action at a closing tag."""
    closing = policy.tokenizer.convert_tokens_to_ids(list(_CLOSING))
    policy.model.generation_config.eos_token_id = sorted(policy.ends | set(closing))
    return policy.model


def _speaking(policy: Policy) -> Any:
    """The tokenizer, with what TRL reads episodes by."""
    tokenizer = copy.deepcopy(policy.tokenizer)
    tokenizer.chat_template, tokenizer.response_template = _CHAT, _RESPONSE
    return tokenizer
