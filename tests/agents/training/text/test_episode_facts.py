"""Facts of played episodes, checked against a recount from their traces."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from msgspec.structs import replace

from berrypick.agents.methods import make
from berrypick.agents.training import loop
from berrypick.agents.training.annotators import annotate, make_all
from berrypick.agents.training.config import Config
from berrypick.agents.training.learner import RolloutBatch
from berrypick.agents.training.text.episode_facts import _first_shown
from berrypick.agents.training.tracks import make_learner
from berrypick.envs.actions import Search
from berrypick.text import normalise

CONFIG = Config(
    "grpo", "tiny-even", "berrypick/Almanac-v0", {"corpus": "almanac-tiny", "split": "train", "worlds": 1},
    steps=1, prompts_per_step=3, group_size=6, minibatches_per_step=1, lr=1e-3,
)  # fmt: skip


@pytest.fixture(scope="module")
def annotated() -> RolloutBatch:
    rollouts = make_learner(CONFIG).play(0, 0, CONFIG.prompts_per_step, CONFIG.group_size)
    return annotate(rollouts, make_all(make("grpo+stratified_grpo+gigpo+turn_credit").annotators))


def test_searches_repeats_and_answers(annotated: RolloutBatch):
    extra = annotated.batch.extra
    for row, (trace, outcome) in enumerate(zip(annotated.traces, annotated.outcomes, strict=True)):
        queries = [
            frozenset(turn.action.query.lower().split())
            for turn in trace.turns
            if turn.valid and isinstance(turn.action, Search)
        ]
        assert extra["searches"][row] == outcome.searches == len(queries)
        assert extra["repeats"][row] <= max(0, len(queries) - 1)
        if len(set(queries)) < len(queries):
            assert extra["repeats"][row] > 0
        assert (extra["answer_id"][row] == -1) == (trace.answer is None)
    same = extra["answer_id"][:, None] == extra["answer_id"][None, :]
    answers = [trace.answer for trace in annotated.traces]
    assert all(same[i, j] for i, a in enumerate(answers) for j, b in enumerate(answers) if a == b)
    assert not same.all()


def test_turns_that_begin_alike_share_a_state(annotated: RolloutBatch):
    batch, state = annotated.batch, annotated.batch.extra["state_id"]
    first = [int(state[row][batch.mask[row]][0]) for row in range(len(state))]
    groups = batch.group.tolist()
    # Every episode of a question begins in one state, and no other question's does.
    assert len(set(zip(first, groups, strict=True))) == len(set(first)) == CONFIG.prompts_per_step
    for row, trace in enumerate(annotated.traces):
        for turn in range(len(trace.turns)):
            of_turn = state[row][batch.mask[row] & (batch.turn[row] == turn)]
            assert len(set(of_turn.tolist())) == 1
    # Two episodes that did the same so far are in the same state.
    for one, trace in enumerate(annotated.traces):
        for two, other in enumerate(annotated.traces):
            if groups[one] == groups[two] and len(trace.turns) > 1 and len(other.turns) > 1:
                if trace.turns[0] == other.turns[0]:
                    states = [int(state[row][batch.mask[row] & (batch.turn[row] == 1)][0]) for row in (one, two)]
                    assert states[0] == states[1]


@pytest.mark.parametrize("method", ["stratified_grpo+gigpo", "outcome_exploration+repeat_penalty", "darling+gmpo"])
def test_a_step_of_training(method: str, tmp_path: Path):
    loop.train(replace(CONFIG, method=make(method).name), tmp_path)
    assert (tmp_path / "policy").is_dir()


def test_the_first_turn_that_shows_the_answer_is_rewarded(annotated: RolloutBatch):
    batch, reward, rewarded = annotated.batch, annotated.batch.extra["turn_reward"], 0
    for row, trace in enumerate(annotated.traces):
        turns = set(batch.turn[row][reward[row] > 0].tolist())
        shown = [
            number
            for number, turn in enumerate(trace.turns)
            if turn.valid and any(normalise(answer) in normalise(turn.observation) for answer in trace.question.answers)
        ]
        assert len(turns) <= 1 and turns <= set(shown)
        for number in turns:
            of_turn = batch.mask[row] & (batch.turn[row] == number)
            assert torch.equal(reward[row] > 0, of_turn)
        rewarded += bool(turns)
    assert 0 < rewarded < len(annotated.traces) and not reward[~batch.mask].any()


def test_an_answer_is_shown_as_whole_words_by_a_valid_turn(annotated: RolloutBatch):
    row = next(row for row in range(len(annotated.traces)) if annotated.batch.extra["turn_reward"][row].any())
    trace = annotated.traces[row]
    answer, turn = trace.question.answers[0], trace.turns[0]
    none, within, told, refused = (
        dataclasses.replace(turn, observation=text, valid=valid)
        for text, valid in (("nothing", True), (f"x{answer}x", True), (f"The, {answer}.", True), (answer, False))
    )
    assert _first_shown(dataclasses.replace(trace, turns=[none, within, refused])) is None
    assert _first_shown(dataclasses.replace(trace, turns=[refused, within, told, told])) == 2
