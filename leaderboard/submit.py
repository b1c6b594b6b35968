"""Make a submission from run folders. Its numbers are those that replay gives, so what is written can be verified."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from lzma import LZMAFile
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from berrypick import io
from berrypick.benchmarks import result
from berrypick.benchmarks.run import StartProgress
from berrypick.errors import BadInput
from berrypick.leaderboard import entries, episodes, recorded, schema
from berrypick.leaderboard.recorded import Line
from berrypick.leaderboard.runs import RUN, Run, read_lines, read_run
from berrypick.leaderboard.schema import About, Entry
from berrypick.leaderboard.verify.plan import Plan
from berrypick.leaderboard.verify.scoring import replayed

#: Problems that a message names.
_SHOWN: Final = 3
#: Digits of a hash that tell one policy from another.
_SHORT: Final = 16


def submit(
    runs: Sequence[Path],
    name: str,
    about: About,
    out: Path,
    *,
    agent: str | None = None,
    jobs: int = 1,
    start_progress: StartProgress = lambda total: lambda done: None,
) -> Path:
    """Write ``out/name`` from the runs of one agent on one suite, one run for each of ``schema.SEEDS``.

    Args:
        runs: run folders, in any order.
        name: of the submission: small letters, digits, ``.``, ``_`` and ``-``.
        about: what only the submitter can say; model, revision (of several policies, the first digits of each) and
            hardware are filled in where the runs tell.
        out: folder of submissions.
        agent: who played, where the runs' agents have names of their own, as policies of several trainings have.
        jobs: processes that replay.
        start_progress: called once with the number of steps; what it returns is called after each.

    Raises:
        BadInput: a run is missing, of another suite, or does not replay; the name is none or taken; a text is too
            long. Nothing is written then.
    """
    target = _free(out, name)
    found = sorted(((read_run(folder), folder) for folder in runs), key=lambda pair: pair[0].seed)
    played = [run for run, _ in found]
    _check_together(played, agent)
    plan = Plan(played[0].suite, played[0].protocol, played[0].salt)
    if not plan.orders(unread := played[0].unread):
        reason = f"{list(unread)} must be numbers of cells from 0 to {len(plan.cells) - 1}, each once and in order"
        raise BadInput(reason, file=found[0][1] / RUN, field="unread")
    lines = (line for run, folder in found for line in read_lines(folder, run, plan))
    with io.new_folder(target) as draft:
        with open(draft / recorded.EPISODES, "wb") as file, recorded.packed(file) as packed:
            tally = replayed(
                plan, _copied(lines, packed), schema.SEEDS, unread, jobs=jobs, start_progress=start_progress
            )
        scored = tally.score()
        if scored.problems:
            more = len(scored.problems) - _SHOWN
            shown = "; ".join(scored.problems[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
            raise BadInput(f"the episodes do not replay here, so they cannot be submitted: {shown}")
        entry = entries.describe(name, agent or played[0].agent, plan, unread, _filled(about, played), scored)
        entry = replace(entry, episodes=io.sha256(draft / recorded.EPISODES))
        entry = replace(entry, questions=questions(draft, entry, plan))
        io.write_bytes(draft / schema.ENTRY, _checked(entry))
    return target


def questions(path: Path, entry: Entry, plan: Plan) -> dict[str, str]:
    """Id -> text of the questions whose episodes the board shows; nothing of a private salt."""
    if plan.salt:
        return {}
    asked = dict.fromkeys(episode.question_id for episode, _ in episodes.samples(path, entry))
    return {question: text for question in asked if (text := plan.text(question)) is not None}


def _free(out: Path, name: str) -> Path:
    """The folder of a new submission; raises BadInput where the name is none or taken."""
    if not re.match(schema.NAME, name):
        reason = "use 1 to 64 small letters, digits, '.', '_' and '-', a letter or digit first"
        raise BadInput(f"{name!r} is no name; {reason}", field="--name")
    target = out / name
    if target.exists() or target.is_symlink():
        raise BadInput("is there already; choose another --name, or remove it first", file=target)
    return target


def _check_together(played: Sequence[Run], agent: str | None) -> None:
    """Raise BadInput unless the runs, in order of their seeds, make one submission."""
    for name in ("suite", "protocol", "salt", "unread", *(() if agent else ("agent",))):
        several = list(dict.fromkeys(str(getattr(run, name)) for run in played))
        if len(several) > 1:
            hint = "; pass --agent with a name for all" if name == "agent" else ""
            raise BadInput(f"the runs differ in {name}: {', '.join(several)}{hint}", field="RUN")
    there = [run.seed for run in played]
    if there != list(schema.SEEDS):
        asked = ", ".join(map(str, schema.SEEDS))
        said = ", ".join(map(str, there)) or "none"
        reason = f"a submission takes one run for each of the seeds {asked}; these have {said}"
        raise BadInput(f"{reason}; `berrypick bench AGENT --seed N` makes one", field="RUN")


def _copied(lines: Iterable[Line], packed: LZMAFile) -> Iterator[Line]:
    """Pass on lines, writing what schema 2 keeps of each."""
    for line in lines:
        packed.write(recorded.encode(line.episode))
        yield line


def _filled(about: About, played: Sequence[Run]) -> About:
    """What the submitter says, and what the runs tell where nothing was said."""
    weights = list(dict.fromkeys(run.weights for run in played))
    several = [weight[:_SHORT] for weight in weights]
    told = {
        "model": _model(played[0].agent) if weights[0] else "",
        "revision": weights[0] if len(weights) == 1 else ", ".join(several),
        "hardware": played[0].device,
    }
    return replace(about, **{name: value for name, value in told.items() if not getattr(about, name)})


def _model(agent: str) -> str:
    """What a policy is known by: not the folder that it happens to lie in."""
    name = agent.partition(":")[2]
    return "" if Path(name).exists() or Path(name).is_absolute() else name


def _checked(entry: Entry) -> bytes:
    """The bytes of ``entry.json``; raises BadInput where it would not be accepted."""
    data = result.canonical(entry)
    entries.decode(data, Path(schema.ENTRY))
    return data
