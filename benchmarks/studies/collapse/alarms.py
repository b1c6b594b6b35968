"""Series over the steps of a training run, and the alarms that watch them. Pure functions.

Every rule looks at trailing means, which know nothing of later steps: an alarm could have been raised while the run was
going on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from berrypick.agents.training.run_dir import Line

#: What a step has of something, None where it is not defined.
Of = Callable[[Line], float | None]

#: A value at each step, None where it is not defined.
Series = Sequence[float | None]

#: Steps in a trailing mean.
WINDOW: Final = 5
#: Steps that the likelihood of rewarded episodes must have been falling for (LLDS, arXiv 2512.04220).
PATIENCE: Final = 20


def smooth(values: Series) -> list[float | None]:
    """Trailing means over ``WINDOW`` steps, fewer at the start; what is not defined is left out of them."""
    means: list[float | None] = []
    for end in range(1, len(values) + 1):
        known = [value for value in values[max(0, end - WINDOW) : end] if value is not None]
        means.append(sum(known) / len(known) if known else None)
    return means


def lost(share: float) -> Callable[[Series], int | None]:
    """Fires where the trailing mean has lost more than this share of its highest so far."""

    def fires(values: Series) -> int | None:
        highest = 0.0
        for place, value in enumerate(smooth(values)):
            if value is not None:
                highest = max(highest, value)
                if value < (1 - share) * highest:
                    return place
        return None

    return fires


def above(level: float) -> Callable[[Series], int | None]:
    """Fires where the trailing mean is above a level."""

    def fires(values: Series) -> int | None:
        return next((place for place, value in enumerate(smooth(values)) if value is not None and value > level), None)

    return fires


def falling(values: Series) -> int | None:
    """Fires where the trailing mean was below that of ``WINDOW`` steps earlier for more than ``PATIENCE`` steps."""
    means, run = smooth(values), 0
    for place in range(WINDOW, len(means)):
        now, before = means[place], means[place - WINDOW]
        run = run + 1 if now is not None and before is not None and now < before else 0
        if run > PATIENCE:
            return place
    return None


class Watch(NamedTuple):
    """What is watched, when it fires (as an index into the series), and the rule in words."""

    of: Callable[[Line], float | None]
    fires: Callable[[Series], int | None]
    rule: str


def _spare(line: Line) -> float | None:
    return None if line.strategies_D2 is None else line.strategies_D2 - 1


#: What warns of a collapse.
ALARMS: Final[Mapping[str, Watch]] = {
    "entropy": Watch(lambda line: line.entropy, lost(0.5), "token entropy has lost half of its highest so far"),
    "variance": Watch(
        lambda line: line.group_variance,
        lost(0.5),
        "the variance of rewards within groups has lost half of its highest so far",
    ),
    "likelihood": Watch(
        lambda line: line.logprob_correct,
        falling,
        f"the log-probability of rewarded episodes has been below that of {WINDOW} steps earlier for more than "
        f"{PATIENCE} steps on end",
    ),
    "dominance": Watch(
        lambda line: line.dominant_share, above(0.6), "one strategy makes up more than .6 of the grounded successes"
    ),
}
#: What the alarms are to come before.
FALLS: Final[Mapping[str, Watch]] = {
    "reward": Watch(lambda line: line.reward, lost(1 / 3), "reward has lost a third of its highest so far"),
    "strategies": Watch(_spare, lost(0.5), "the strategies_D2 beyond the first has lost half of its highest so far"),
}

#: Two phases, as in HICRA: where to go is settled before or after how to get there.
PHASES: Final[Mapping[str, Watch]] = {
    "planning": Watch(
        lambda line: line.entropy_planning, lost(0.5), "entropy of planning tokens has lost half of its highest so far"
    ),
    "execution": Watch(
        lambda line: line.entropy_execution,
        lost(0.5),
        "entropy of the other tokens has lost half of its highest so far",
    ),
}


def fired(lines: Sequence[Line], watches: Mapping[str, Watch]) -> dict[str, int | None]:
    """Name -> step at which it fired, None where it stayed silent."""
    places = {name: watch.fires([watch.of(line) for line in lines]) for name, watch in watches.items()}
    return {name: None if place is None else lines[place].step for name, place in places.items()}
