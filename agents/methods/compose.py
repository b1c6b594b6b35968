"""Method names: ``kl_cov(ratio=0.02)+fitness_sharing`` -> the method, under its canonical name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, get_args, get_type_hints

from torch import Tensor

from berrypick.agents.methods.batch import Batch, MicroBatch
from berrypick.agents.methods.method import DEFAULT, Addition, Annotation, Method
from berrypick.agents.methods.parameters import Takes
from berrypick.agents.methods.seams import BASE
from berrypick.errors import BadInput
from berrypick.registry import Table

Factory = Callable[..., Method | Addition]
Regularise = Callable[[MicroBatch], Tensor]
Credit = Callable[[Batch, Tensor], Tensor]
#: Plus signs that stand outside parentheses: 1e+3 is a number.
_PLUS: Final = re.compile(r"\+(?![^()]*\))")
_PART: Final = re.compile(r"\s*([^\s()]+)\s*(?:\(([^()]*)\))?\s*")


def both_terms(tokens: MicroBatch, *, first: Regularise, then: Regularise) -> Tensor:
    """Regularise: the sum of two terms."""
    return first(tokens) + then(tokens)


def shaped_again(batch: Batch, *, first: Callable[[Batch], Tensor], then: Callable[[Batch], Tensor]) -> Tensor:
    """Shape: the rewards that one shape makes, shaped by another."""
    return then(replace(batch, reward=first(batch)))


def credited_again(batch: Batch, advantage: Tensor, *, first: Credit, then: Credit) -> Tensor:
    """Credit: the advantages that one credit makes, credited by another: weights multiply."""
    return then(batch, first(batch, advantage))


#: Seams that several parts of a name may touch -> how two become one, in the order of ``METHODS``.
SHARED: Final[dict[str, Callable[..., Tensor]]] = {
    "regularise": both_terms,
    "shape": shaped_again,
    "credit": credited_again,
}


@dataclass(frozen=True)
class Part:
    """One method of a name: its row, its canonical name, what it makes."""

    row: str
    name: str
    made: Method | Addition


def compose(name: str, methods: Table[Factory]) -> Method:
    """Make the method of a name, see ``berrypick.agents.methods.make``."""
    parts = [_part(text, methods) for text in _PLUS.split(name)]
    implied = _implied(parts)
    if all(isinstance(part.made, Addition) for part in parts):
        if len(implied) > 1:
            wish = " and ".join(f"{name} stands on {base}" for base, name in implied.items())
            raise BadInput(f"{wish}; name the base, as in {next(iter(implied))}+{name}", field="method")
        parts.append(_part(next(iter(implied), DEFAULT), methods))
    order = list(methods)
    parts.sort(key=lambda part: order.index(part.row) if part.row in methods else len(order))
    rows = [part.row for part in parts if isinstance(part.made, Addition)]
    if twice := next((row for row in rows if rows.count(row) > 1), ""):
        raise BadInput(f"{twice} is named twice; keep one", field="method")
    bases = [(part.name, part.made) for part in parts if isinstance(part.made, Method)]
    additions = [(part.name, part.made) for part in parts if isinstance(part.made, Addition)]
    if len(bases) > 1:
        raise BadInput(f"{bases[0][0]} and {bases[1][0]} are both bases; keep one", field="method")
    called, base = bases[0]
    shown = [] if additions and [called] == (list(implied) or [DEFAULT]) else [called]
    return replace(_put(called, base, additions), name="+".join([*shown, *(name for name, _ in additions)]))


def _implied(parts: list[Part]) -> dict[str, str]:
    """Return the bases that additions stand on where none is named -> one that does."""
    return {part.made.alone: part.name for part in parts if isinstance(part.made, Addition) and part.made.alone}


def _put(called: str, method: Method, additions: list[tuple[str, Addition]]) -> Method:
    """Put the additions' seams into a base, raising BadInput where two want one that has one owner."""
    # Most bases' token loss is there to be replaced; whatever else they set would be lost without a word.
    own = (seam for seam, left_alone in vars(BASE).items() if getattr(method, seam) is not left_alone)
    owners = {seam: called for seam in own if seam != "token_loss" or seam in method.protected_seams}
    for name, addition in additions:
        changes: dict[str, Any] = {"state": {**method.state, **addition.state}}
        for seam, function in addition.seams.items():
            changes[seam] = function
            if seam in owners:
                if seam not in SHARED:
                    raise BadInput(f"{owners[seam]} and {name} both touch {seam}; keep one", field="method")
                changes[seam] = partial(SHARED[seam], first=getattr(method, seam), then=function)
            owners[seam] = f"{owners[seam]}+{name}" if seam in owners else name
        changes["needs_token_filter"] = method.needs_token_filter or "token_filter" in addition.seams
        changes["reference"] = method.reference or addition.reference
        changes["annotators"] = _annotators(method.annotators, addition.annotators)
        method = replace(method, **changes)
    return method


def _annotators(own: tuple[Annotation, ...], further: tuple[Annotation, ...]) -> tuple[Annotation, ...]:
    """Join what two parts of a name need; an annotator runs once, so both must want it with the same settings."""
    for annotation in further:
        for other in own:
            if annotation.annotator == other.annotator and annotation != other:
                raise BadInput(f"two parts want {other.annotator} with different settings; keep one", field="method")
    return (*own, *(annotation for annotation in further if annotation not in own))


def _part(text: str, methods: Table[Factory]) -> Part:
    found = _PART.fullmatch(text)
    if not found:
        raise BadInput(
            f"{text!r} is no method; write for instance 'kl_cov(ratio=0.02,beta=1)+fitness_sharing'", field="method"
        )
    row, arguments = found.groups()
    make = methods[row]
    given = {} if arguments is None else _arguments(row, arguments, make)
    defaults = {name: parameter.default for name, parameter in inspect.signature(make).parameters.items()}
    changed = [
        f"{name}={_written(given[name])}" for name in defaults if given.get(name, defaults[name]) != defaults[name]
    ]
    return Part(row, f"{row}({','.join(changed)})" if changed else row, make(**given))


def _arguments(row: str, text: str, make: Factory) -> dict[str, float]:
    takes, given = _takes(make), dict[str, float]()
    for argument in text.split(","):
        name, equals, value = (piece.strip() for piece in argument.partition("="))
        if not equals or name not in takes:
            known = ", ".join(f"{known} ({what.what})" for known, (_, what) in takes.items())
            raise BadInput(f"{row} got {argument.strip()!r}; it takes {known or 'no parameters'}", field="method")
        if name in given:
            raise BadInput(f"{row} got {name} twice", field="method")
        kind, what = takes[name]
        try:
            given[name] = kind(value) + 0  # -0.0 becomes 0.0: one method, one name
        except ValueError:
            given[name] = float("nan")  # which nothing takes
        if not what.holds(given[name]):
            raise BadInput(f"{row} takes {what.what} as {name}, got {value!r}", field="method")
    return given


def _takes(make: Factory) -> Mapping[str, tuple[type, Takes]]:
    """Return what each parameter of a factory is and takes, from its annotations."""
    hints = get_type_hints(make, include_extras=True)
    return {name: get_args(hints[name]) for name in inspect.signature(make).parameters}


def _written(value: float) -> str:
    return repr(value).removesuffix(".0")
