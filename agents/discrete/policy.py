"""A policy for the discrete track: features of an episode to probabilities of the legal actions, and its files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional

from berrypick import io, seeding
from berrypick.envs.discrete.choices import CHOICES, PER_SLOT, SLOTS
from berrypick.envs.discrete.features import NAMES, SLOT
from berrypick.errors import BadInput, Damaged
from berrypick.records import Record

if TYPE_CHECKING:
    from berrypick.agents.discrete.agent import Policy
    from berrypick.envs.discrete.codec import Mask
    from berrypick.envs.discrete.features import Observation

#: Units of a layer.
WIDTH: Final = 96
#: What a policy's folder holds.
DESCRIPTION: Final = "berrypick.json"
WEIGHTS: Final = "model.safetensors"
KIND: Final = "discrete policy"

_OF_SLOTS: Final = SLOTS * len(SLOT)
_OF_EPISODE: Final = len(NAMES) - _OF_SLOTS
_TOGETHER: Final = len(CHOICES) - SLOTS * PER_SLOT


class SlotPolicy(nn.Module):
    """A small network that treats every slot alike: what it learns of one entity it knows of all.

    Each slot is read with its place, the episode with the mean and the maximum over slots, and each slot's actions
    are weighed from both (Zaheer et al. 2017, "Deep Sets").

    Args:
        width: units of a layer.
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.width = width
        self.slot = nn.Linear(len(SLOT) + SLOTS, width)
        self.episode = nn.Linear(_OF_EPISODE, width)
        self.whole = nn.Linear(3 * width, width)
        self.from_slot = nn.Linear(width, width)
        self.from_whole = nn.Linear(width, width, bias=False)
        self.own = nn.Linear(width, PER_SLOT)
        self.together = nn.Linear(width, _TOGETHER)

    def forward(self, observations: Tensor, legal: Tensor) -> Tensor:
        """Return log-probabilities of all actions, -inf for illegal ones.

        Args:
            observations: as ``envs.discrete.features.observe`` makes them. Shape (n, features), float32.
            legal: actions that can be taken, at least one a row. Shape (n, actions), bool.
        """
        n = len(observations)
        features = observations[:, :_OF_SLOTS].view(n, SLOTS, len(SLOT))
        places = torch.eye(SLOTS, device=observations.device).expand(n, SLOTS, SLOTS)
        slots = functional.relu(self.slot(torch.cat([features, places], -1)))
        episode = functional.relu(self.episode(observations[:, _OF_SLOTS:]))
        whole = functional.relu(self.whole(torch.cat([episode, slots.mean(1), slots.amax(1)], -1)))
        both = functional.relu(self.from_slot(slots) + self.from_whole(whole)[:, None])
        logits = torch.cat([self.own(both).view(n, -1), self.together(whole)], -1)
        return logits.float().masked_fill(~legal, -torch.inf).log_softmax(-1)


def make_policy(seed: int, width: int = WIDTH) -> SlotPolicy:
    """Make an untrained policy; the same weights for the same seed."""
    with seeding.torch_rng(seed):
        return SlotPolicy(width)


def entropies(logprobs: Tensor) -> Tensor:
    """Exact entropies in nats, over the legal actions. Shape (n, actions) -> (n,)."""
    finite = logprobs.masked_fill(logprobs.isneginf(), 0.0)  # 0 log 0 is 0, in its gradient too
    return -(logprobs.exp() * finite).sum(-1)


def choose(logprobs: Tensor, uniforms: Sequence[float]) -> Tensor:
    """Draw one action a row: the first at which the cumulative probability exceeds the row's uniform.

    Args:
        logprobs: of all actions, -inf for those that must not be drawn. Shape (n, actions).
        uniforms: in [0, 1), one a row.

    Returns:
        Numbers of actions. Shape (n,), int64.
    """
    cumulative = logprobs.double().exp().cumsum(-1)
    # Divided by its last value it ends in exactly 1, above every uniform, however the sum was rounded.
    cumulative = cumulative / cumulative[:, -1:]
    drawn = torch.tensor(uniforms, dtype=torch.float64, device=logprobs.device)
    return torch.searchsorted(cumulative, drawn[:, None], right=True)[:, 0]


def sampler(policy: SlotPolicy) -> Policy:
    """Return the policy as agents play it: one decision at a time, at temperature 1, a uniform a decision."""

    def sample(observation: Observation, mask: Mask, rng: np.random.Generator) -> int:
        with torch.no_grad():
            logprobs = policy(torch.from_numpy(observation)[None], torch.from_numpy(mask)[None])
        return int(choose(logprobs, [rng.random()]))

    return sample


#: Units of a layer, at most: what a stranger's description may ask memory for.
WIDEST: Final = 4096


class Description(Record):
    """What stands beside a policy's weights.

    Attributes:
        kind: ``KIND``.
        width: units of a layer.
        observations: number of features.
        observation_version: changes with their names and order.
        actions: number of actions.
        action_version: changes with their names and order.
        sha256: of the weights' file.
    """

    kind: str
    width: int
    observations: int
    observation_version: str
    actions: int
    action_version: str
    sha256: str


def _version(names: Iterable[object]) -> str:
    return hashlib.sha256("\n".join(map(str, names)).encode()).hexdigest()[:12]


#: What a policy must be made for to be played here.
_HERE: Final[dict[str, Any]] = {
    "kind": KIND,
    "observations": len(NAMES),
    "observation_version": _version(NAMES),
    "actions": len(CHOICES),
    "action_version": _version(map(tuple, CHOICES)),
}


def save(policy: SlotPolicy, folder: Path) -> None:
    """Write a policy into a folder: its weights, and what they are for."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in policy.state_dict().items()}
    io.write_bytes(folder / WEIGHTS, safetensors.torch.save(weights))
    described = Description(width=policy.width, sha256=io.sha256(folder / WEIGHTS), **_HERE)
    io.write_bytes(folder / DESCRIPTION, msgspec.json.format(msgspec.json.encode(described)) + b"\n")


def load(folder: Path) -> SlotPolicy:
    """Read what ``save`` wrote.

    Raises:
        BadInput: there is no policy, or it was made for other observations or actions; names file and field.
        Damaged: the weights are not those that were written.
    """
    for name in (DESCRIPTION, WEIGHTS):
        if not (folder / name).is_file():
            reason = f"no {name} here; a policy of the discrete track is a folder with {DESCRIPTION} and {WEIGHTS}"
            raise BadInput(reason, file=folder)
    path = folder / DESCRIPTION
    described = io.decode(path.read_bytes(), msgspec.json.Decoder(Description), path)
    for field, wanted in _HERE.items():
        if (found := getattr(described, field)) != wanted:
            raise BadInput(f"is {found!r}, this version of berrypick plays {wanted!r}", file=path, field=field)
    if io.sha256(folder / WEIGHTS) != described.sha256:
        raise Damaged(f"is not what {DESCRIPTION} describes; copy the folder anew", file=folder / WEIGHTS)
    if not 1 <= described.width <= WIDEST:
        raise BadInput(f"expected a number from 1 to {WIDEST}, found {described.width}", file=path, field="width")
    policy = SlotPolicy(described.width)
    try:
        policy.load_state_dict(safetensors.torch.load_file(folder / WEIGHTS))
    except (SafetensorError, RuntimeError) as error:
        reason = f"{WEIGHTS} holds no weights of a policy of width {described.width}: {error}"
        raise Damaged(reason, file=path, field="width") from error
    return policy.eval()
