"""``watch`` and ``play``: episodes in the terminal, recorded ones and one's own."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import tyro

from berrypick.cli.console import ERR, OUT
from berrypick.errors import BadInput

if TYPE_CHECKING:
    from berrypick.envs.actions import Answer, Open, Search
    from berrypick.envs.search import SearchEnv
    from berrypick.records import Episode

ALL: Final = "(default: all)"
DRAWN: Final = "(default: drawn anew)"

PLAY_HELP: Final = """Type words to search for them, or
  ENGINE: words   search with that engine ({engines})
  open: Title     open a page that was listed, linked, or is named in the question
  answer: text    answer, which ends the episode
  quit            stop"""


def watch(
    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    question: Annotated[str | None, tyro.conf.arg(metavar="ID", help_behavior_hint=ALL)] = None,
    cell: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint=ALL)] = None,
    rollout: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint=ALL)] = None,
    limit: int = 10,
) -> int:
    """Step through a run's recorded episodes, replaying them in the environment to show what the agent saw.

    Exits with code 1 where the environment no longer answers as it did when the episode was recorded.

    Args:
        run: a run folder.
        question: only this question's id.
        cell: only this cell, counting from 0.
        rollout: only this rollout, counting from 0.
        limit: episodes at most.
    """
    from berrypick.benchmarks import result
    from berrypick.benchmarks.cells import replay_env

    if limit < 1:
        raise BadInput(f"must be at least 1, got {limit}", field="limit")
    found = result.read(run)
    wanted = {"question_id": question, "cell": cell, "rollout": rollout}
    episodes = [
        episode
        for episode in result.read_episodes(run)
        if all(value is None or getattr(episode, name) == value for name, value in wanted.items())
    ][:limit]
    if not episodes:
        raise BadInput("holds no such episode", file=run / result.EPISODES)
    if strange := [episode.cell for episode in episodes if not 0 <= episode.cell < len(found.cells)]:
        raise BadInput(f"there is no cell {strange[0]} in {result.RESULT}", file=run / result.EPISODES, field="cell")
    envs = {number: replay_env(found.cells[number]) for number in {episode.cell for episode in episodes}}
    changed = 0
    for number, episode in enumerate(episodes, 1):
        label = found.cells[episode.cell].label
        OUT.rule(f"{number}/{len(episodes)}  {found.agent} in {label}, rollout {episode.rollout}", style="bold")
        changed += show_episode(envs[episode.cell], episode, found.seed)
    if changed:
        ERR.print(
            f"berrypick: {changed} episodes went another way than recorded: corpus or code have changed", style="red"
        )
    return 1 if changed else 0


def show_episode(env: SearchEnv, episode: Episode, seed: int) -> bool:
    """Replay one episode of a run, pausing after every turn in a terminal; returns whether it went another way."""
    from berrypick.envs import render
    from berrypick.envs.perturbations.faults import rollout_seed

    env.reset(seed=rollout_seed(seed, episode.rollout), options={"question_id": episode.question_id})
    render.show(render.blocks(env.trace))
    shown, changed = len(render.blocks(env.trace)), False
    for step in episode.steps:
        if env.simulation.over:
            OUT.print("the episode ends here, but the record goes on", style="red")
            return True
        if not _go_on():
            break
        observation, *_ = env.step(step.action)
        same = hashlib.sha256(observation.encode("utf-8", "surrogatepass")).hexdigest() == step.obs_sha256
        changed |= not same
        parts = render.blocks(env.trace)
        render.show(parts[shown:])
        shown = len(parts)
        if not same:
            OUT.print("this is not what the agent was shown", style="red")
    if episode.status != "ok":
        OUT.print("the rollout failed here", style="red")
    return changed


def _go_on() -> bool:
    """Wait for Enter where a person watches; "q" ends the episode."""
    if not (os.isatty(0) and os.isatty(1)):
        return True
    return OUT.input("[dim]Enter: next turn, q: next episode, Ctrl-C: stop [/dim]").strip().lower() != "q"


def play(
    env: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="[ENV]")] = "berrypick/Almanac-v0",
    corpus: Annotated[str | None, tyro.conf.arg(metavar="NAME", help_behavior_hint="(default: its own)")] = None,
    split: str = "train",
    task: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint=DRAWN)] = None,
    seed: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint=DRAWN)] = None,
    knockouts: tuple[str, ...] = (),
    faults: tuple[str, ...] = (),
) -> int:
    """Search yourself: one episode in the terminal.

    Args:
        env: an environment that `berrypick list envs` lists.
        corpus: a corpus for the environment.
        split: train, dev or test.
        task: number of the question, counting from 0.
        seed: of the draw of the question.
        knockouts: what does not work, from `berrypick list knock-outs`.
        faults: how the engines misbehave, from `berrypick list faults`.
    """
    import gymnasium

    from berrypick.envs import ENVS, render
    from berrypick.envs.protocols import PROTOCOLS
    from berrypick.envs.search import SearchEnv

    ENVS[env]
    chosen: dict[str, Any] = {"split": split, "knockouts": knockouts, "faults": faults}
    chosen |= {"corpus": corpus} if corpus else {}
    search = gymnasium.make(env, **chosen).unwrapped
    if not isinstance(search, SearchEnv):
        raise BadInput(f"{env} takes numbers; its questions are those of berrypick/Almanac-v0: play that", field="env")
    search.reset(seed=seed, options={} if task is None else {"task_id": task})
    engines = search.setup.engines
    OUT.print(f"{search.trace.corpus.name}, question {search.trace.question.id}", style="dim", markup=False)
    OUT.print(search.trace.question.text, style="bold", markup=False)
    OUT.print(PLAY_HELP.format(engines=", ".join(engines)), style="dim", markup=False)
    write = PROTOCOLS[search.setup.protocol].write
    for line in _lines():
        shown = len(render.blocks(search.trace))
        search.step(write(understand(line, engines)))
        render.show(render.blocks(search.trace)[shown + 1 :])  # the first new block repeats what was typed
        if search.trace.terminated or search.trace.truncated:
            right = "right" if search.trace.reward > 0 else f"the answer was {search.trace.question.answers[0]}"
            OUT.print(right, style="bold", markup=False)
            break
    return 0


def _lines() -> Iterator[str]:
    """What a person types, until "quit" or the end of input; empty lines are passed over."""
    while True:
        try:
            line = OUT.input("[bold]> [/bold]").strip()
        except EOFError:
            return
        if line.lower() in ("quit", "exit", "q"):
            return
        if line:
            yield line


def understand(line: str, engines: Sequence[str]) -> Search | Open | Answer:
    """Turn a typed line into an action; what names no command is a search with the default engine."""
    from berrypick.envs.actions import Answer, Open, Search

    word, colon, rest = line.partition(":")
    command, rest = word.strip().lower(), rest.strip()
    if colon and command == "open":
        return Open(rest)
    if colon and command == "answer":
        return Answer(rest)
    if colon and command in engines:
        return Search(rest, engine=command)
    return Search(line)
