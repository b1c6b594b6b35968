"""Demonstrated second attempts: a success under the critique of a failure at the same question."""

from __future__ import annotations

import numpy as np
import pytest

from berrypick import seeding
from berrypick.agents.base import EpisodeView
from berrypick.agents.critics.templates import AGAIN, EARLIER
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.scripted.agent import Scripted
from berrypick.agents.training.pretraining import demonstrations as room
from berrypick.agents.training.pretraining import second_attempts


@pytest.fixture(scope="module", autouse=True)
def _small(small_env):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "make_env", small_env)
        patch.setattr(second_attempts, "make_env", small_env)
        yield


@pytest.fixture(scope="module")
def made(_small):
    return second_attempts.play_refinements(0, "train")


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer()


def parted(made: room.Demonstrations, number: int) -> tuple[list[int], list[int]]:
    """Tokens before the first action, and from there on."""
    ids, mask = made.sequence(number)
    acted = int(np.flatnonzero(mask)[0])
    return ids[:acted].tolist(), ids[acted:].tolist()


def test_each_reads_a_critique_and_is_a_demonstration_of_the_same_question(made, tokenizer):
    plain = room.play_scripts(0, "train")
    known = {(*before, *after) for before, after in (parted(plain, number) for number in range(len(plain.ends)))}
    earlier, again = (tokenizer(text).input_ids for text in (EARLIER, AGAIN))
    met = read = 0
    for number in range(len(made.ends)):
        before, after = parted(made, number)
        start = next(place for place in range(len(before)) if before[place : place + len(earlier)] == earlier)
        assert before[-len(again) :] == again
        read += len(before) > start + len(earlier) + len(again)
        met += (*before[:start], *after) in known
    # Three critiques of four say something. A script succeeds as it always does; five of nine play a question in one
    # room and three of nine in the other.
    assert 0.6 < read / len(made.ends) < 0.9 and met > 0.3 * len(made.ends) > 20
    assert tokenizer.unk_token_id not in made.ids


def test_a_quarter_of_the_critiques_tell_the_answer(made, tokenizer):
    telling = tokenizer("The answer is").input_ids
    told = [
        any(before[place : place + 3] == telling for place in range(len(before)))
        for before, _ in (parted(made, number) for number in range(len(made.ends)))
    ]
    assert 0.15 < np.mean(told) < 0.35


def test_the_hasty_answer_with_a_title_that_they_saw(small_env):
    env = small_env(0, "train")
    agent = second_attempts.Hasty("names-only")
    hasty = 0
    for task in range(40):
        rng = seeding.rollout_rng(0, "rollout", task, 0)
        observation, _ = env.reset(seed=0, options={"task_id": task})
        history, over = [observation], False
        while not over:
            action = agent.act([EpisodeView(0, tuple(history))], [rng])[0]
            patient = Scripted("names-only").act([EpisodeView(0, tuple(history))], [rng])[0]
            observation, _, terminated, truncated, _ = env.step(action)
            over = terminated or truncated
            if action != patient:
                hasty += 1
                assert terminated and f"(Title: {env.trace.answer})" in "".join(history)
            history += [action, observation]
    # At least one turn with something seen comes before the answer of each episode that gets that far.
    assert hasty >= 10


def test_the_same_world_gives_the_same_bytes(made):
    again = second_attempts.play_refinements(0, "train")
    assert room.digest(made) == room.digest(again)
