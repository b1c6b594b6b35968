"""The floors and the mixture: what they may use, and what they draw."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from berrypick.agents import make
from berrypick.agents.base import EpisodeView
from berrypick.agents.baselines.closed_book import ClosedBook
from berrypick.agents.rollout import rollout
from berrypick.agents.scripted.agent import Scripted
from berrypick.agents.scripted.mixture import Mixture
from berrypick.agents.scripted.strategies import STRATEGIES
from berrypick.corpora import load
from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.reading.view import look


def test_random_uses_words_and_titles_that_it_has_seen(little_env):
    kinds: Counter[str] = Counter()
    for _, trace in rollout(make("random"), little_env(), [0, 1], 60, 0):
        seen = set(trace.question.text.split())
        titles: set[str] = set()
        for turn in trace.turns:
            kinds[type(turn.action).__name__] += 1
            match turn.action:
                case Search(words) | Answer(words):
                    assert set(words.split()) <= seen and 1 <= len(words.split()) <= 4
                case Open(title):
                    assert title in titles
            for page in look((trace.prompt, turn.raw, turn.observation)).passages:
                seen |= {word for text in (page.title, *page.sentences) for word in text.split()}
                titles |= {page.title, *page.links}
        assert all(turn.valid for turn in trace.turns)
    assert min(kinds["Search"], kinds["Open"], kinds["Answer"]) > 20


def test_random_asks_every_engine(little_env):
    turns = [turn for _, trace in rollout(make("random"), little_env(), [0], 60, 0) for turn in trace.turns]
    assert {turn.engine for turn in turns} == {"bm25", "dense", ""}


def test_closed_book_answers_at_once_with_a_train_answer_of_the_right_kind():
    agent = ClosedBook()
    train = load("almanac-tiny", "train", 0).questions
    cities = {answer for question in train if question.answer_type == "city" for answer in question.answers}
    assert agent.answer("What is the birthplace of Tessa Thornwell?") in cities
    assert agent.answer("What is the year of birth of the mentor of Tessa Thornwell?").isdigit()
    assert agent.answer("Is it raining?") == "yes", "of no corpus that it has read: by the type alone"


def test_closed_book_learns_from_train_questions_alone(monkeypatch: pytest.MonkeyPatch):
    """The Factbook holds the questions of every split in one corpus."""
    from berrypick.agents.baselines import closed_book
    from berrypick.envs.reading import reader

    question = load("almanac-tiny", "train", 0).questions[0]
    others = [msgspec.structs.replace(question, split=split, answers=("leak",)) for split in ("dev", "test")]
    held = SimpleNamespace(questions=[question, *others, *others])
    monkeypatch.setattr(closed_book.corpora, "load", lambda *place: held)
    counts = closed_book._learned.__wrapped__(reader.LANGUAGES["almanac"])
    assert len(counts) == 2 and all(dict(counted) == {question.answers[0]: 1} for counted in counts.values())


def test_closed_book_takes_the_commonest_and_the_first_of_equals(monkeypatch: pytest.MonkeyPatch):
    """Three born in Dorn, two in Bal; asked for something never asked in training: over all."""
    from berrypick.agents.baselines import closed_book

    counts = {
        ("", False): Counter({"Zan": 9, "Dorn": 3}),
        ("born_in", False): Counter({"Wyre": 2, "Dorn": 3, "Bal": 3}),
    }
    monkeypatch.setattr(closed_book, "_learned", lambda language: counts)
    assert ClosedBook().answer("What is the birthplace of Tessa Thornwell?") == "Bal"
    assert ClosedBook().answer("What is the employer of Tessa Thornwell?") == "Zan"


def test_closed_book_never_knows_the_test_world():
    """Full names belong to one split, so only years can be right by chance."""
    from berrypick.envs.search import SearchEnv

    episodes = [e for e, _ in rollout(ClosedBook(), lambda: SearchEnv("almanac-tiny", split="test"), range(20), 1, 0)]
    assert all(len(episode.steps) == 1 for episode in episodes)
    assert sum(episode.reward for episode in episodes) <= 1


def test_a_mixture_stays_with_the_script_it_drew(little_env):
    plays = {script: tuple(t.raw for t in _trace(Scripted(script), little_env, 0).turns) for script in STRATEGIES}
    mixed = [trace for _, trace in rollout(Mixture(), little_env(), [0], 64, 0)]
    assert {tuple(turn.raw for turn in trace.turns) for trace in mixed} == set(plays.values())


def _trace(agent, little_env, task: int):
    ((_, trace),) = rollout(agent, little_env(), [task], 1, 0)
    return trace


def test_a_mixture_draws_only_scripts_that_can_work():
    from berrypick.envs.observations import Setup, prompt

    setup = Setup("tags", ("bm25",), 3, 10, 6)
    question = prompt(setup, "What is the capital of the country whose internet country code is .at?")
    agent = Mixture()
    for number in range(200):
        agent.act([EpisodeView(number, (question,))], [np.random.default_rng([number, 0, 0])])
    assert {script.name for script in agent._drawn.values()} == {f"scripted:{s}" for s in STRATEGIES} - {
        "scripted:byname"
    }
