"""A sweep: tracks x methods x seeds, read from a TOML file. What is run is a list of trials, and a trial is data."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files as resources
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from berrypick import io
from berrypick.agents import methods
from berrypick.agents.training.config import Config, upgrade
from berrypick.benchmarks.result import canonical
from berrypick.benchmarks.run import folder_name
from berrypick.benchmarks.suites import cells_of
from berrypick.errors import BadInput
from berrypick.records import Record
from berrypick.registry import Table, UnknownName

Kind = TypeVar("Kind", bound=Record)

#: The method of the trial that only evaluates the start of a track.
START: Final = "start"
#: The method that the others are compared with.
BASELINE: Final = "grpo"
#: In the folder of a sweep: its trials, as they were resolved.
PLAN: Final = "sweep.json"
#: In the folder of a trial.
TRIAL: Final = "trial.json"
TRAINING: Final = "training"
EVALUATION: Final = "evaluation"
ERROR: Final = "error.txt"

#: What the sweep itself sets in a configuration, and what all runs of a track share.
_OURS: Final = ("method", "seed", "schema")
_SHARED: Final = ("env", "start")
_SHIPPED: Final = Path(str(resources(__package__))) / "configs"

#: name -> the file that says what is run
SWEEPS: Table[Path] = Table("sweep")
SWEEPS.add("collapse", _SHIPPED / "collapse.toml", "one start in even and in skewed worlds, two methods, one seed")
SWEEPS.add(
    "collapse-skewed", _SHIPPED / "collapse-skewed.toml", "three methods, one seed, skewed worlds: as of November 2026"
)
SWEEPS.add("even", _SHIPPED / "even.toml", "four methods x 3 seeds in even worlds, text track; two hours")
SWEEPS.add("critique", _SHIPPED / "critique.toml", "starts x width x critique, 3 seeds; then the other signals; hours")
SWEEPS.add("first", _SHIPPED / "first.toml", "five methods x 3 seeds in text, nine x 10 in the discrete track; hours")


Seed = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]


class Track(Record):
    """The runs that are compared with each other.

    Attributes:
        name: of the track, and of its folder.
        methods: as ``agents.methods.make`` reads them.
        later: further methods, whose trials begin when those of ``methods`` are done.
        training: fields of ``training.config.Config`` that all of its runs share, ``env`` at least.
        suite: what the final policies and the start are evaluated with, a row of ``SUITES``.
        seeds: of tasks, sampling and updates; and of the sampling of the evaluation.
        overrides: method -> fields in which its runs differ.
        dominant_move: whose dominant move is refused where the suite refuses one: each policy's ``own``, or that of the
            ``start`` in all arms.
    """

    name: str
    methods: tuple[str, ...]
    training: dict[str, Any]
    suite: str = "collapse"
    later: tuple[str, ...] = ()
    seeds: tuple[Seed, ...] = (0,)
    overrides: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    dominant_move: Literal["own", "start"] = "own"


class Sweep(Record):
    """What a TOML file holds.

    Attributes:
        tracks: what is run.
        order: ``tracks``, one after the other; or ``seeds``: the first seed of every track, then the second, and
            methods that are ``later`` when all others are done in every track.
    """

    tracks: tuple[Track, ...]
    order: Literal["tracks", "seeds"] = "tracks"


class _Turn(NamedTuple):
    """When a trial's turn is: the number of its track, 1 if its method comes later, the place of its seed."""

    track: int
    later: int
    seed: int


class Trial(Record):
    """One training run and the evaluation of its final policy; or of a track's start, which is not trained.

    Attributes:
        track: name of its track.
        method: as the file has it, or ``START``.
        seed: of the run and of its evaluation.
        suite: what is evaluated with.
        kind: of the agent that plays the policy.
        start: the policy that training starts from.
        config: of the training run; None for the start.
        weights: hash of the start's, as one that was made anew is another one; "" for a model of the hub.
        dominant_move: see ``Track``.
    """

    track: str
    method: str
    seed: int
    suite: str
    kind: str
    start: str
    config: Config | None
    weights: str = ""
    dominant_move: Literal["own", "start"] = "own"

    @property
    def place(self) -> Path:
        """Where it is kept, below the folder of the sweep."""
        below = f"seed-{self.seed}" if self.config else ""
        return Path(self.track, folder_name(self.method), below)

    @property
    def frozen_from(self) -> Path | None:
        """Folder of the trial of the start, below that of the sweep, where its dominant move is refused here."""
        return Path(self.track, START) if self.config and self.dominant_move == "start" else None

    @property
    def label(self) -> str:
        """What progress and pages call it."""
        return f"{self.track} {self.method}" + (f" seed {self.seed}" if self.config else "")


class Plan(Record):
    """``sweep.json``: trials in the order in which they are begun."""

    trials: tuple[Trial, ...]


def find(name: str) -> Path:
    """The file of a sweep that is named, or given by its path; raises UnknownName for neither."""
    if name in SWEEPS:
        return SWEEPS[name]
    if not Path(name).is_file():
        raise UnknownName(SWEEPS.kind, name, list(SWEEPS))
    return Path(name)


def read(path: Path) -> Plan:
    """Read a sweep and resolve its trials: of each track the start first, then seed by seed every method.

    Raises:
        BadInput: the file is no TOML, a field does not fit, or two things would share a folder; names file and field.
        UnknownName: no such environment, suite or method.
    """
    try:
        sweep = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Sweep)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"not valid TOML: {error}", file=path) from error
    except msgspec.ValidationError as error:
        raise io.misfit(error, path) from error
    _unlike([track.name for track in sweep.tracks], path, "tracks")
    trials = [pair for number, track in enumerate(sweep.tracks) for pair in _trials(track, number, path)]
    if sweep.order == "seeds":
        trials.sort(key=lambda pair: (pair[0].later, pair[0].seed, pair[0].track))
    return Plan(tuple(trial for _, trial in trials))


def _trials(track: Track, number: int, path: Path) -> Iterator[tuple[_Turn, Trial]]:
    from berrypick.agents.lm.load import weights

    place = f"tracks[{number}]"
    if not re.fullmatch(r"[\w-]+", track.name):
        raise BadInput(f"must be letters, digits, _ and -, got {track.name!r}", file=path, field=f"{place}.name")
    methods = (*track.methods, *track.later)
    _unlike([START, *map(folder_name, methods)], path, f"{place}.methods")
    _unlike(track.seeds, path, f"{place}.seeds")
    for method in track.overrides:
        if method not in methods:
            raise BadInput(f"{method!r} is none of the methods", file=path, field=f"{place}.overrides")
    cells_of(track.suite)
    trained = [
        (_Turn(number, later, turn), _trial(track, method, seed, _config(track, method, seed, path, place)))
        for later, some in enumerate((track.methods, track.later))
        for turn, seed in enumerate(track.seeds)
        for method in some
    ]
    hashed = weights(trained[0][1].start)
    trained.insert(0, (_Turn(number, -1, 0), replace(trained[0][1], method=START, seed=0, config=None)))
    yield from ((turn, replace(trial, weights=hashed)) for turn, trial in trained)


def _unlike(names: tuple[object, ...] | list[str], path: Path, field: str) -> None:
    if not names or len(set(names)) < len(names):
        reason = f"must differ from each other, also as names of folders, and be one at least; got {list(names)}"
        raise BadInput(reason, file=path, field=field)


def _config(track: Track, method: str, seed: int, path: Path, place: str) -> Config:
    from berrypick.agents.training import tracks as training_tracks

    place += f".overrides.{method}" if method in track.overrides else ".training"
    own = track.overrides.get(method, {})
    fields = track.training | own
    for name in (*_OURS, *_SHARED):
        if name in own or (name in fields and name in _OURS):
            raise BadInput("is not for this table to set", file=path, field=f"{place}.{name}")
    if isinstance(fields.get("env"), str):
        fields = {"start": training_tracks.track_of(fields["env"]).start} | fields
    try:
        return msgspec.convert(fields | {"method": methods.make(method).name, "seed": seed}, Config)
    except msgspec.ValidationError as error:
        raise io.misfit(error, path, below=place) from error


def _trial(track: Track, method: str, seed: int, config: Config) -> Trial:
    from berrypick.agents.training import tracks as training_tracks

    kind = training_tracks.track_of(config.env).agent
    return Trial(track.name, method, seed, track.suite, kind, config.start, config, dominant_move=track.dominant_move)


def claim(plan: Plan, out: Path) -> None:
    """Take a folder for a sweep; trials that are the same stay, and those of other sweeps are left alone.

    A trial that is not begun may change.

    Raises:
        BadInput: a trial's folder holds a trial with other settings; names it and what differs.
    """
    for trial in plan.trials:
        path = out / trial.place / TRIAL
        if path.is_file() and any((path.parent / part).exists() for part in (TRAINING, EVALUATION)):
            ours, theirs = (msgspec.to_builtins(one) for one in (trial, _read(path, Trial)))
            fields = _flat(ours).items() ^ _flat(theirs).items()
            if names := sorted({name for name, _ in fields}):
                raise BadInput(f"was run with another {', '.join(names)}; choose another --out", file=path)
    for trial in plan.trials:
        io.write_bytes(out / trial.place / TRIAL, canonical(trial))
    io.write_bytes(out / PLAN, canonical(plan))


def _flat(trial: dict[str, Any]) -> dict[str, str]:
    """Fields of a trial and of its configuration, as text."""
    fields = trial | (trial["config"] or {})
    encode = msgspec.json.Encoder(order="sorted").encode  # options come back from JSON in another order
    return {name: encode(value).decode() for name, value in fields.items() if name != "config"}


def planned(out: Path) -> Plan:
    """The plan in the folder of a sweep; BadInput where there is none."""
    if not (out / PLAN).is_file():
        raise BadInput("is not there; `berrypick study sweep FILE --out DIR` writes it", file=out / PLAN)
    return _read(out / PLAN, Plan)


def _read(path: Path, kind: type[Kind]) -> Kind:
    found = io.decode(path.read_bytes(), msgspec.json.Decoder(dict[str, Any]), path)
    trials = found.get("trials", [found])
    for trial in trials if isinstance(trials, list) else ():
        if isinstance(trial, dict) and isinstance(trial.get("config"), dict):
            trial["config"] = upgrade(trial["config"])
    return io.convert(found, kind, path)
