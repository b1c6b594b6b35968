"""No critique without ground truth gives anything away, over real episodes of every script and all that came before.

The check is made anew here, from the texts that the policy read and the gold plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from berrypick import agents
from berrypick.agents.critics import Attempt, make, steps, templates
from berrypick.agents.lm.tokenizer import UNKNOWN, make_tokenizer
from berrypick.agents.rollout import rollout
from berrypick.agents.scripted.strategies import STRATEGIES
from berrypick.corpora import store
from berrypick.corpora.answerability.probe_queries import forms
from berrypick.corpora.engines import Engine
from berrypick.envs.scoring.outcome import analyse
from berrypick.envs.scoring.trace import Trace
from berrypick.envs.search import SearchEnv

AGENTS = ("random", *(f"scripted:{name}" for name in STRATEGIES))
#: Few pages and many, both splits, questions that name by byname, genres and tools that are missing; another corpus.
WHERE = {
    "tiny-train": {"corpus": "almanac-tiny", "split": "train"},
    "tiny-dev": {"corpus": "almanac-tiny", "split": "dev"},
    "tiny-train-no-profile": {"corpus": "almanac-tiny", "split": "train", "knockouts": "no_profile"},
    "tiny-dev-renamed": {"corpus": "almanac-tiny", "split": "dev", "knockouts": "renamed"},
    "tiny-dev-faulty": {"corpus": "almanac-tiny", "split": "dev", "faults": "shuffled", "protocol": "tools"},
    "small-train": {"corpus": "almanac-small", "split": "train"},
    "factbook-dev": {"corpus": "factbook", "split": "dev"},
}
TASKS = 24


@cache
def attempts(where: str) -> list[Attempt]:
    """Episodes of all agents."""
    return [Attempt(trace, analyse(trace, engines(where))) for trace in traces(where)]


@cache
def beginnings(where: str) -> list[Attempt]:
    """The same episodes broken off after each turn: all states of knowledge that led there."""
    cut = [replace(t, turns=t.turns[:count], answer=None) for t in traces(where) for count in range(len(t.turns))]
    return [Attempt(trace, analyse(trace, engines(where))) for trace in cut]


@cache
def traces(where: str) -> list[Trace]:
    env = environment(where)
    players = [agent for agent in map(agents.make, AGENTS) if agent.reads(str(WHERE[where]["corpus"]))]
    return [trace for agent in players for _, trace in rollout(agent, lambda: env, range(TASKS), 1, seed=0, batch=1)]


@cache
def environment(where: str) -> SearchEnv:
    return SearchEnv(worlds=1, **WHERE[where])


def engines(where: str) -> dict[str, Engine]:
    env = environment(where)
    return env.engines_of(env.tasks.at(0).world)


def words(text: str) -> str:
    found = re.findall(r"\w+", text.casefold())
    return f" {' '.join(found)} "


class Plan(NamedTuple):
    """What a critique must not say: the answer, names that were not displayed, and those that nothing led to."""

    answers: tuple[str, ...]
    unseen: tuple[str, ...]
    astray: tuple[str, ...]


@cache
def entities(path: Path) -> dict[str, tuple[str, ...]]:
    return {form: forms(entity) for entity in store.read(path).entities for form in forms(entity)}


def plan_of(attempt: Attempt) -> Plan:
    trace = attempt.trace
    read = words(" ".join([trace.question.text, *(turn.observation for turn in trace.turns)]))
    named = entities(trace.corpus.path)

    def every(names: Iterable[str]) -> set[str]:
        return {form for name in names for form in (name, *named.get(name, ()))} - {""}

    facts = [{hop.subject, hop.object} for hop in trace.question.gold]
    names = set().union(*facts)
    come_to = {name for name in names if any(words(form) in words(trace.question.text) for form in every([name]))}
    for _ in facts:
        for fact, first in zip(facts, attempt.outcome.first_shown, strict=True):
            come_to |= fact if first is not None and fact & come_to else set()
    unseen = {form for form in every(names) if words(form) not in read}
    return Plan(trace.question.answers, tuple(unseen), tuple(every(names - come_to) - every(come_to)))


def leaks(critique: str, plan: Plan) -> list[str]:
    return [name for part in plan for name in part if words(name).strip() and words(name) in words(critique)]


@pytest.mark.parametrize("where", WHERE)
def test_nothing_is_given_away(where: str):
    named = 0
    for attempt in attempts(where) + beginnings(where):
        plan = plan_of(attempt)
        for name in ("indicative", "steps"):
            (critique,) = make(name)([attempt], [0], [])
            assert leaks(critique, plan) == [], (attempt.trace.question, critique)
        met = {hop.object for hop in attempt.trace.question.gold} - {*plan.answers}
        named += any(words(name) in words(critique) and name not in attempt.trace.question.text for name in met)
    assert named > 10, "no critique named what the episode had found on its way"


@pytest.mark.parametrize("where", WHERE)
def test_ground_truth_is_given_away_and_the_check_sees_it(where: str):
    for attempt in attempts(where):
        (critique,) = make("with_answer")([attempt], [0], [])
        assert attempt.trace.question.answers[0] in leaks(critique, plan_of(attempt))


@pytest.mark.parametrize("where", [where for where in WHERE if "factbook" not in where])
def test_the_tiny_policies_know_every_word(where: str):
    tokenizer = make_tokenizer()
    for attempt in attempts(where):
        for name in ("indicative", "with_answer", "steps"):
            (critique,) = make(name)([attempt], [0], [])
            assert UNKNOWN not in tokenizer.convert_ids_to_tokens(tokenizer(critique).input_ids), critique


@pytest.mark.parametrize("module", [steps, templates])
def test_the_tiny_policies_know_every_template(module: ModuleType):
    """Those too that these episodes did not need."""
    tokenizer = make_tokenizer()
    templates = [value for name, value in vars(module).items() if name.isupper() and isinstance(value, str)]
    assert len(templates) >= 2
    for template in templates:
        ids = tokenizer(re.sub(r"\{\w+\}", "1", template)).input_ids
        assert UNKNOWN not in tokenizer.convert_ids_to_tokens(ids), template


def test_critiques_are_short():
    """An episode of a tiny policy may have 2,048 tokens, the critique before it among them."""
    tokenizer = make_tokenizer()
    assert max(len(tokenizer(steps.step_by_step(attempt)).input_ids) for attempt in attempts("small-train")) < 400
