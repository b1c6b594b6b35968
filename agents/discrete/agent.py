"""Policies of the discrete track, from numbers to a number, and the agent that plays them in any text environment."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from berrypick.agents.base import EpisodeView
from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.discrete.choices import NUMBER, SLOTS, TOGETHER, Choice
from berrypick.envs.discrete.codec import Codec, Mask
from berrypick.envs.discrete.features import NAMES, Observation, observe
from berrypick.envs.reading.almanac import ALMANAC
from berrypick.envs.reading.view import View, look
from berrypick.registry import Table

#: (observation, mask of legal actions, generator) -> a legal action; the mask has at least one.
Policy = Callable[[Observation, Mask, np.random.Generator], int]

#: What an agent answers where no action is legal, as in a question of another language.
NO_ANSWER: Final = "unknown"
_FEATURE: Final = {name: position for position, name in enumerate(NAMES)}
_ANSWER: Final = NUMBER[Choice("answer", 0, "")]


def random(observation: Observation, mask: Mask, rng: np.random.Generator) -> int:
    """Draw uniformly among the legal actions."""
    return int(rng.choice(np.flatnonzero(mask)))


@dataclass(frozen=True)
class Script:
    """Ways of asking, each a tool and a form, in the order in which they are tried.

    Attributes:
        object: where the object of a relation is sought,
        subject: and where the subject is.
    """

    object: tuple[tuple[str, str], ...]
    subject: tuple[tuple[str, str], ...]

    def __call__(self, observation: Observation, mask: Mask, rng: np.random.Generator) -> int:
        """Ask in each way in turn for what is sought, then answer; draws nothing.

        The answer is what the plan stands for, or, when every way was tried or the last turn has come, the first slot.
        """
        if not (observation[_FEATURE["slot0:answer"]] or observation[_FEATURE["final"]]):
            for group in ("sought", "later"):
                slots = [slot for slot in range(SLOTS) if observation[_FEATURE[f"slot{slot}:{group}"]]]
                ways = [self._ways(slot, bool(observation[_FEATURE[f"slot{slot}:inverse"]])) for slot in slots]
                for choice in filter(None, itertools.chain(*itertools.zip_longest(*ways))):
                    if mask[NUMBER[choice]] and not _tried(choice, observation):
                        return NUMBER[choice]
        return _ANSWER if mask[_ANSWER] else int(np.flatnonzero(mask)[0])

    def _ways(self, slot: int, inverse: bool) -> list[Choice]:
        ways = self.subject if inverse else self.object
        return [Choice(tool, None if form in TOGETHER else slot, form) for tool, form in ways]


def _tried(choice: Choice, observation: Observation) -> bool:
    """Whether an action was done before; of lists, the mask offers only those that were not opened."""
    if choice.form == "list":
        return False
    name = "opened" if choice.form == "page" else f"{choice.tool}:{choice.form}"
    return bool(observation[_FEATURE[name if choice.slot is None else f"slot{choice.slot}:{name}"]])


_PAGE: Final = (("open", "page"),)
_NAME: Final = (("bm25", "full"),)
_WORDS: Final = (("bm25", "full+words"),)
_ENTRY: Final = (("bm25", "initial+list"), ("bm25", "initial"))
_LIST: Final = (("bm25", "full+list"), ("open", "list"))
_BYNAME: Final = (("bm25", "full+register"), ("bm25", "byname+register"), ("bm25", "byname+words"), ("bm25", "byname"))
_DENSE: Final = (("dense", "full+words"), ("dense", "byname+words"))
_WHOLE: Final = (("bm25", "whole"), ("dense", "whole"))
_NAMES: Final = (("bm25", "names"),)

#: name -> policy
POLICIES: Table[Policy] = Table("policy")
POLICIES.add("random", random, "uniform over the legal actions")
for _name, _script, _help in (
    ("full-name", Script(_NAME + _PAGE, _NAMES + _NAME), "searches full names, and opens the pages of subjects"),
    ("open", Script(_PAGE, _LIST), "opens pages; searches only to have lists displayed"),
    ("words", Script(_WORDS, _WORDS), "searches name and relation words"),
    ("initial-form", Script(_ENTRY, _LIST), "searches and opens lists, and the initial form"),
    ("byname", Script(_BYNAME, _WORDS), "looks the byname up and searches it"),
    ("dense", Script(_DENSE, _DENSE), "asks the dense engine for name and relation words"),
    ("whole-question", Script(_WHOLE, _WHOLE), "searches the question as it stands"),
    (
        "fallbacks",
        Script(_PAGE + _ENTRY[:1] + _BYNAME + _WORDS + _DENSE, _LIST + _NAMES + _WORDS + _DENSE),
        "one way after another",
    ),
):
    POLICIES.add(_name, _script, _help)


class Discrete:
    """Plays a policy of numbers in text, in any environment of Almanac's language.

    Args:
        name: of the policy.
        policy: the policy.
        weights: hash of its weights, "" for a policy without.
    """

    def __init__(self, name: str, policy: Policy, weights: str = "") -> None:
        self.name = f"discrete:{name}"
        self._policy, self._weights = policy, weights

    def weights(self) -> str:
        """Hash of the weights, "" for a policy without."""
        return self._weights

    def reads(self, corpus: str) -> bool:
        """Almanac's corpora."""
        return corpus.startswith(ALMANAC.corpora)

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one action per row."""
        views = [look(row.history) for row in rows]
        return [view.write(self._decide(view, rng)) for view, rng in zip(views, rngs, strict=True)]

    def _decide(self, view: View, rng: np.random.Generator) -> Search | Open | Answer:
        codec = Codec.of(view)
        mask = codec.mask()
        chosen = codec.action(self._policy(observe(codec), mask, rng)) if mask.any() else None
        return chosen or Answer(NO_ANSWER)
