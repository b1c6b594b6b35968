"""Who searches: ``make`` an agent by name.

Two tables: ``AGENTS`` holds agents by their whole name, ``KINDS`` those that take an argument after a colon
(``padded:scripted:byname``).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import cast

from berrypick.agents.adversarial import ADVERSARIAL
from berrypick.agents.base import Agent, EpisodeView
from berrypick.agents.scripted.strategies import STRATEGIES
from berrypick.agents.surface.scripts import SCRIPTS as SURFACE
from berrypick.errors import missing_extra
from berrypick.registry import Table, UnknownName, resolve


def _scripted(script: str) -> Agent:
    from berrypick.agents.scripted.agent import Scripted

    return Scripted(script)


def _surface(script: str) -> Agent:
    from berrypick.agents.surface.agent import Surface

    return Surface(script)


#: name -> a function that makes the agent
AGENTS: Table[Callable[[], Agent]] = Table("agent", "berrypick.agents")
AGENTS.add("random", "berrypick.agents.baselines.random:Random", "random queries, pages and answers from words seen")
AGENTS.add(
    "closed_book", "berrypick.agents.baselines.closed_book:ClosedBook", "commonest train answer of its kind; no search"
)
for _script in STRATEGIES:
    AGENTS.add(f"scripted:{_script}", partial(_scripted, _script), STRATEGIES[_script].help)
for _script, _row in SURFACE.items():
    AGENTS.add(f"surface:{_script}", partial(_surface, _script), f"any corpus, no grammar: {_row.help}")
AGENTS.add("mixture", "berrypick.agents.scripted.mixture:Mixture", "one of the scripts, drawn per rollout")
AGENTS.add(
    "hop_mixture",
    "berrypick.agents.scripted.hop_mixture:HopMixture",
    "a script drawn anew for each unknown fact, with two to fall back on: the ceiling of strategies",
)
AGENTS.add("oracle", "berrypick.agents.baselines.oracle:Oracle", "displays the gold evidence and answers: the ceiling")
AGENTS.add(
    "route_oracle", "berrypick.agents.baselines.oracle:RouteOracle", "the same on a viable route drawn per rollout"
)

#: kind -> a function from the argument to the agent
KINDS: Table[Callable[[str], Agent]] = Table("kind of agent")


def _adversarial(kind: str, inner: str) -> Agent:
    wrap = cast(Callable[[Agent], Agent], resolve(ADVERSARIAL[kind].make))
    return wrap(make(inner))


for _kind in ADVERSARIAL:
    KINDS.add(_kind, partial(_adversarial, _kind), f"{_kind}:<agent>: {ADVERSARIAL.help(_kind)}")
KINDS.add(
    "hop_mixture",
    "berrypick.agents.scripted.hop_mixture:parse",
    "hop_mixture:<0, 1 or 2>: hop_mixture with so many scripts to fall back on",
)


def _lm(name: str) -> Agent:
    try:
        from berrypick.agents.lm.agent import LM

        return LM(name)
    except ImportError as error:
        raise missing_extra(error, "an agent lm:") from error


KINDS.add("lm", _lm, "lm:<folder, .gguf file or hub name>[?temperature=T]: a transformers language model")
KINDS.add(
    "chat", "berrypick.agents.chat.agent:Chat", "chat:<base_url>:<model>: a model behind an OpenAI-compatible endpoint"
)


def _discrete(policy: str) -> Agent:
    """Play a policy of the discrete track in any text cell of Almanac.

    It is one of `berrypick list policies`, a published start, or a folder; what is none of them is taken for a
    misspelt name unless it is written as a path.
    """
    from pathlib import Path

    from berrypick import io
    from berrypick.agents import starts
    from berrypick.agents.discrete.agent import POLICIES, Discrete

    folder = Path(starts.find(policy))
    if policy in POLICIES or not (os.sep in policy or folder.is_dir()):
        return Discrete(policy, POLICIES[policy])
    try:
        from berrypick.agents.discrete import policy as discrete_policy
    except ImportError as error:
        raise missing_extra(error, "an agent discrete: in a folder") from error

    return Discrete(
        policy, discrete_policy.sampler(discrete_policy.load(folder)), io.sha256(folder / discrete_policy.WEIGHTS)
    )


KINDS.add("discrete", _discrete, "discrete:<policy>: a policy of the discrete track, by name or folder, played in text")


def make(name: str) -> Agent:
    """Make an agent from its name.

    Raises:
        UnknownName: no such agent; the message lists near matches.
        BadInput: an argument that its kind does not take; MissingExtra, which is one, where a package is not installed.
    """
    if name in AGENTS:
        return AGENTS[name]()
    kind, colon, argument = name.partition(":")
    if colon and kind in KINDS:
        return KINDS[kind](argument)
    try:
        return AGENTS[name]()
    except UnknownName:
        known = [*AGENTS, *(f"{kind}:<argument>" for kind in KINDS), "module:Agent"]
        raise UnknownName("agent", name, known) from None


__all__ = ["AGENTS", "KINDS", "Agent", "EpisodeView", "make"]
