"""What a training run is: a frozen record, written to ``config.json`` as it was resolved."""

from __future__ import annotations

import re
from typing import Any, Final, Literal

import msgspec

from berrypick.errors import BadInput
from berrypick.records import Record

#: Weights and the optimiser's state are kept in it, whatever the precision of a forward pass.
DTYPE: Final = "float32"
#: Names of fields in schema 1 -> their names now.
_SCHEMA_1: Final = {
    "groups": "prompts_per_step",
    "size": "group_size",
    "updates": "minibatches_per_step",
    "micro": "micro_batch_size",
}


class Config(Record):
    """One training run.

    Attributes:
        method: parts joined with "+", as ``agents.methods.make`` reads them.
        start: the policy that is trained: a published start, or a folder.
        env: id of the environment.
        options: keyword arguments of the environment.
        steps: rollout batches.
        seed: of tasks, sampling and updates.
        prompts_per_step: questions a step.
        group_size: rollouts a question.
        minibatches_per_step: optimiser steps a rollout batch, each on its share of whole groups.
        micro_batch_size: episodes that are scored at once. Few of them stay in a processor's cache: 4 are scored twice
            as fast as 32 (docs/log/2026-11.md); raise it where an accelerator waits. Sums are the same but for
            rounding.
        lr: learning rate of Adam, constant.
        max_norm: gradients are scaled down to this norm.
        critic: what refinements read, as ``agents.critics.make`` takes it, in place of the method's own critic; "" for
            that.
        precision: "no" for float32, "bf16" for mixed precision.
        schema: of this record.
    """

    method: str
    start: str
    env: str
    options: dict[str, Any] = msgspec.field(default_factory=dict)
    steps: int = 40
    seed: int = 0
    prompts_per_step: int = 12
    group_size: int = 8
    minibatches_per_step: int = 4
    micro_batch_size: int = 4
    lr: float = 2e-4
    max_norm: float = 1.0
    critic: str = ""
    precision: str = "no"
    schema: Literal[2] = 2

    def __post_init__(self) -> None:
        for field in ("steps", *_SCHEMA_1.values()):
            if getattr(self, field) < 1:
                raise BadInput(f"must be at least 1, got {getattr(self, field)}", field=field)
        if self.minibatches_per_step > self.prompts_per_step:
            raise BadInput(
                f"{self.minibatches_per_step} updates need as many groups, got {self.prompts_per_step}", field="updates"
            )
        for field in ("lr", "max_norm"):
            if not 0 < getattr(self, field) < float("inf"):
                raise BadInput(f"must be positive and finite, got {getattr(self, field)}", field=field)
        if self.precision not in ("no", "bf16"):
            raise BadInput(f"must be no or bf16, got {self.precision!r}", field="precision")


def encode(config: Config) -> bytes:
    """The bytes of ``config.json``."""
    return msgspec.json.format(msgspec.json.encode(config)) + b"\n"


#: Methods that stand on a base of their own today and stood on grpo in schema 1; the second ones unless alone.
_ON_GRPO: Final = re.compile(r"(^|\+)(clip_higher|clip_cov|kl_cov|gppo|ce_gppo|forking_tokens)\b")
_ON_GRPO_TOGETHER: Final = re.compile(r"(critique_(grpo|verdict|answer|empty|noise)|more_rollouts)\b")
_BASE: Final = re.compile(r"(reinforce|rloo|grpo|dr_grpo|dapo|gspo|cispo)\b")


def upgrade(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a configuration of schema 1 as they are written today; those of others as they are."""
    if fields.get("schema") != 1:
        return fields
    renamed = {_SCHEMA_1.get(name, name): value for name, value in fields.items()} | {"schema": 2}
    if isinstance(method := renamed.get("method"), str):
        renamed["method"] = named_base(method)
    return renamed


def named_base(method: str) -> str:
    """Return the name of a method of schema 1 with the base that it stood on, where it stands on another today."""
    together = "+" in method and _ON_GRPO_TOGETHER.search(method)
    if _BASE.match(method) or not (_ON_GRPO.search(method) or together):
        return method
    return f"grpo+{method}"
