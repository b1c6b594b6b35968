"""The discrete environment is the text one behind numbers: the same turns, rewards and traces."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from berrypick.corpora.store import Corpus
from berrypick.envs.actions import Invalid, Open
from berrypick.envs.discrete.choices import CHOICES, NUMBER, Choice
from berrypick.envs.discrete.codec import Codec
from berrypick.envs.discrete.env import AlmanacDiscrete
from berrypick.envs.discrete.features import NAMES, observe
from berrypick.envs.protocols import PROTOCOLS
from berrypick.envs.reading.view import look
from berrypick.envs.scoring.outcome import analyse
from berrypick.envs.search import SearchEnv
from berrypick.errors import BadInput
from berrypick.registry import UnknownName
from berrypick.seeding import rng

ANSWER, PAGE = NUMBER[Choice("answer", 0, "")], NUMBER[Choice("open", 0, "page")]
EMPTY = NUMBER[Choice("open", 7, "page")]


def make(**arguments: Any) -> AlmanacDiscrete:
    return AlmanacDiscrete(**{"corpus": "almanac-tiny", "worlds": 1} | arguments)


def history(env: AlmanacDiscrete) -> list[str]:
    return [env.trace.prompt, *(text for turn in env.trace.turns for text in (turn.raw, turn.observation))]


def random_episode(env: AlmanacDiscrete, task: int) -> list[int]:
    """Play legal actions, answers last; now and then an illegal one."""
    draw, played = rng(0, "rollout", task), []
    _, info = env.reset(options={"task_id": task})
    over = False
    while not over:
        mask = info["action_mask"]
        answers = [number for number, choice in enumerate(CHOICES) if choice.tool == "answer"]
        if len(played) < 6:
            mask[answers] = False
        action = int(draw.choice(np.flatnonzero(mask))) if draw.random() < 0.9 else int(draw.integers(len(CHOICES)))
        *_, terminated, truncated, info = env.step(action)
        played.append(action)
        over = terminated or truncated
    return played


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_legal_actions_are_valid_turns_and_others_are_none(protocol: str):
    env = make(protocol=protocol)
    illegal = 0
    for task in range(12):
        _, info = env.reset(options={"task_id": task})
        draw = rng(1, "rollout", task)
        while not env.simulation.over:
            action = int(draw.integers(len(CHOICES)))
            *_, after = env.step(action)
            turn = env.trace.turns[-1]
            assert turn.valid == after["valid"] == bool(info["action_mask"][action]), (CHOICES[action], turn)
            assert turn.valid or isinstance(turn.action, Invalid)
            illegal += not turn.valid
            info = after
    assert illegal > 50


def test_the_text_environment_gives_the_same_trace():
    env = make()
    for task in range(10):
        random_episode(env, task)
        text = SearchEnv(corpus="almanac-tiny", worlds=1)
        text.reset(options={"task_id": task})
        for turn in env.trace.turns:
            text.step(turn.raw)
        assert text.trace == env.trace
        assert analyse(env.trace, env.engines) == analyse(text.trace, text.engines)


def test_step_by_step_is_all_at_once():
    """What is kept between turns equals what is read from the whole text anew."""
    env = make()
    for task in range(10):
        actions = random_episode(env, task)
        observation, info = env.reset(options={"task_id": task})
        for action in actions:
            anew = Codec.of(look(history(env)))
            assert np.array_equal(observation, observe(anew)) and np.array_equal(info["action_mask"], anew.mask())
            assert np.array_equal(env.action_masks(), info["action_mask"])
            observation, *_, info = env.step(action)


def test_a_page_that_is_not_there_is_no_longer_legal():
    env = make(knockouts=("no_profile",))
    _, info = env.reset(options={"task_id": 0})
    assert info["action_mask"][PAGE]
    observation, *_, info = env.step(PAGE)
    assert not info["valid"] and not info["action_mask"][PAGE]
    assert observation[NAMES.index("last:invalid")] == 1.0


@pytest.mark.parametrize(
    ("knockouts", "tool"), [(("no_bm25",), "bm25"), (("no_dense",), "dense"), (("no_open",), "open")]
)
def test_what_turned_out_not_to_work_is_no_longer_legal(knockouts: tuple[str, ...], tool: str):
    """The first try is legal, for nothing was said; the refusal costs a turn, but no search."""
    env = make(knockouts=knockouts)
    for task in range(4):
        _, info = env.reset(options={"task_id": task})
        ours = [number for number, choice in enumerate(CHOICES) if choice.tool == tool]
        legal = [number for number in ours if info["action_mask"][number]]
        if not legal:  # no page may be opened: the question names none
            continue
        observation, *_, info = env.step(legal[0])
        assert not info["valid"] and not info["action_mask"][ours].any()
        assert info["budget_left"] == {"searches": 6, "turns": 9} and env.codec.searches_left == 6
        again = Codec.of(look(history(env)))
        assert (again.mask() == info["action_mask"]).all() and (observe(again) == observation).all()


def test_an_illegal_action_says_in_the_trace_what_it_was():
    env = make()
    env.reset(seed=0)
    _, reward, terminated, truncated, info = env.step(EMPTY)
    assert (reward, terminated, truncated, info["valid"]) == (0.0, False, False, False)
    assert env.trace.turns[0].raw == "illegal: open page, slot 7"
    assert info["budget_left"] == {"searches": 6, "turns": 9}


def test_an_answer_ends_and_is_paid():
    env = make()
    env.reset(seed=0)
    *_, terminated, truncated, _ = env.step(np.int64(ANSWER))
    assert terminated and not truncated
    with pytest.raises(ResetNeeded):
        env.step(PAGE)


@pytest.mark.parametrize("action", [-1, len(CHOICES), 1.0, "x", None])
def test_what_is_no_number_of_an_action_is_refused(action: Any):
    env = make()
    env.reset(seed=0)
    with pytest.raises(BadInput, match="action"):
        env.step(action)
    assert env.trace.turns == []


def test_before_the_first_reset_there_is_nothing():
    for use in (lambda: make().step(0), lambda: make().action_masks(), lambda: make().trace):
        with pytest.raises(ResetNeeded):
            use()


def test_other_languages_are_refused(toy_corpus: Corpus):
    env = AlmanacDiscrete(corpus=str(toy_corpus.path), split="test", engines="bm25")
    with pytest.raises(BadInput, match="not in Almanac's language"):
        env.reset(seed=0)


def test_a_snapshot_brings_the_numbers_back():
    env, other = make(), make()
    env.reset(seed=3)
    env.step(PAGE)
    state = pickle.loads(pickle.dumps(env.snapshot()))
    expected = env.step(EMPTY)
    other.restore(state)
    assert isinstance(other.trace.turns[0].action, Open)
    again = other.step(EMPTY)
    assert np.array_equal(again[0], expected[0]) and again[1:4] == expected[1:4]


def test_arguments_are_those_of_the_text_environment():
    env = make(engines="bm25", max_turns=4, expose_gold=True)
    _, info = env.reset(seed=0)
    assert env.setup.max_turns == 4 and set(env.engines) == {"bm25"} and info["gold"]
    assert not any(info["action_mask"][number] for number, choice in enumerate(CHOICES) if choice.tool == "dense")
    with pytest.raises(UnknownName, match="reward"):
        make(reward="extact_match")


def test_a_render_mode_that_is_none_is_a_type_error():
    """Stable-Baselines3 asks for pictures first and goes on without them after a TypeError only."""
    with pytest.raises(TypeError, match="known: ansi, human"):
        make(render_mode="rgb_array")
    env = make(render_mode="ansi")
    env.reset(seed=0)
    assert env.trace.question.text in (env.render() or "")


def test_it_runs_side_by_side_and_is_made_in_a_fresh_process():
    envs = gymnasium.make_vec("berrypick/AlmanacDiscrete-v0", 3, "sync", corpus="almanac-tiny", worlds=1)
    observations, info = envs.reset(seed=5)
    assert observations.shape == (3, *make().observation_space.shape)
    assert np.stack(info["action_mask"]).shape == (3, len(CHOICES))
    code = (
        "import gymnasium, sys\n"
        "env = gymnasium.make('berrypick:berrypick/AlmanacDiscrete-v0', corpus='almanac-tiny', worlds=1)\n"
        "env.reset(seed=0); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_info_can_be_the_mask_alone() -> None:
    full, lean = make(), make(info="mask")
    for (seen, told), (same, masked) in (
        (full.reset(seed=3), lean.reset(seed=3)),
        *((full.step(number)[::4], lean.step(number)[::4]) for number in (PAGE, ANSWER)),
    ):
        assert np.array_equal(seen, same)
        assert masked.keys() == {"action_mask"}
        assert masked["action_mask"].shape == (len(CHOICES),)
        assert np.array_equal(masked["action_mask"], told["action_mask"])
    with pytest.raises(UnknownName):
        make(info="masks")
