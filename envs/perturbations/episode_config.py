"""What an episode is played by: engines and budgets, knock-outs, faults. Checked once, shared by all episodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from berrypick.corpora.engines import with_alias
from berrypick.envs.observations import Setup
from berrypick.envs.perturbations import faults, knockouts
from berrypick.envs.perturbations.faults import Fault
from berrypick.envs.perturbations.knockouts import NOTHING, Changes
from berrypick.envs.protocols import PROTOCOLS, TOPK_LIMIT, Protocol
from berrypick.envs.worlds import check_engine
from berrypick.errors import BadInput


@dataclass(frozen=True)
class EpisodeConfig:
    """What an episode is played by.

    Attributes:
        setup: what the policy is told.
        changes: what it has to find out: see ``envs.knockouts``.
        faults: what goes wrong with its searches: see ``envs.faults``.
        renamed: engines whose name in the setup is an alias: alias to name.
    """

    setup: Setup
    changes: Changes = NOTHING
    faults: tuple[Fault, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)

    def source(self, name: str) -> str:
        """The name by which an engine of the setup is opened."""
        return self.renamed.get(name, name)

    @cached_property
    def protocol(self) -> Protocol:
        """How actions are written."""
        return PROTOCOLS[self.setup.protocol]


def named_engines(engines: Sequence[str]) -> dict[str, str]:
    """Return the name of each engine in prompts, actions and moves -> the name by which it is opened.

    Raises:
        BadInput: an alias is malformed, or two engines have one name.
    """
    named = dict(map(with_alias, engines))
    if len(named) < len(engines) or not named:
        raise BadInput(f"must be distinct and at least one, got {tuple(engines)}", field="engines")
    return named


def make(
    setup: Setup, knocked_out: Sequence[str], broken: Sequence[str], named: Mapping[str, str] | None = None
) -> EpisodeConfig:
    """Check the arguments of an environment and return what its episodes are played by.

    Args:
        setup: engines and budgets.
        knocked_out: rows of ``knockouts.KNOCKOUTS``.
        broken: rows of ``faults.FAULTS``.
        named: of ``named_engines``, None where no engine has an alias.

    Raises:
        UnknownName: a protocol, engine, knock-out or fault that does not exist; the message lists what does.
        BadInput: a number out of range, a name given twice, or a knock-out that changes nothing here.
    """
    PROTOCOLS[setup.protocol]
    renamed = {alias: name for alias, name in (named or {}).items() if alias != name}
    for name in setup.engines:
        check_engine(renamed.get(name, name))
    if not setup.engines or len(set(setup.engines)) < len(setup.engines):
        raise BadInput(f"must be distinct and at least one, got {setup.engines}", field="engines")
    if not 1 <= setup.topk <= TOPK_LIMIT:
        raise BadInput(f"must be from 1 to {TOPK_LIMIT}, got {setup.topk}", field="topk")
    if setup.max_turns < 1 or setup.search_budget < 0:
        raise BadInput(f"max_turns must be at least 1 and search_budget at least 0, got {setup}", field="max_turns")
    return EpisodeConfig(setup, knockouts.parse(knocked_out, setup.engines), faults.parse(broken), renamed)
