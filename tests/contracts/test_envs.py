"""What every registered environment promises."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv, VectorEnv

from berrypick.envs.discrete.choices import NUMBER, SLOTS, Choice
from berrypick.envs.protocols import PROTOCOLS
from berrypick.envs.spaces import UnicodeText
from berrypick.envs.specs import ENVS
from berrypick.text import normalise

IDS = list(ENVS)
#: One world: the first of each corpus is enough here, and building more takes minutes.
SMALL = {"worlds": 1}
every_id = pytest.mark.parametrize("id", IDS)

#: Actions that find something in any corpus, non-ASCII and nonsense among them.
SCRIPT = (
    "<think>où? 日本 🫐</think><search>who was born in the city</search>",
    '<search engine="dense" topk="5">capital of the country</search>',
    "<open>é 日本</open>",
    "ничего",
    "<search>naïve \ud800 café</search>",
)


#: The same for environments that take numbers: searches, a page, an empty slot.
NUMBERS = tuple(
    NUMBER[choice]
    for choice in (
        Choice("bm25", None, "whole"),
        Choice("dense", None, "whole"),
        Choice("open", 0, "page"),
        Choice("open", SLOTS - 1, "list"),
        Choice("bm25", 0, "full"),
    )
)


def make(id: str, **arguments: Any) -> gymnasium.Env[Any, Any]:
    return gymnasium.make(id, **SMALL | arguments)


def takes_text(env: gymnasium.Env[Any, Any]) -> bool:
    return isinstance(env.action_space, UnicodeText)


def script(env: gymnasium.Env[Any, Any]) -> tuple[Any, ...]:
    return SCRIPT if takes_text(env) else NUMBERS


def nothing(env: gymnasium.Env[Any, Any]) -> Any:
    """A turn without an action."""
    return "nothing" if takes_text(env) else NUMBER[Choice("open", SLOTS - 1, "list")]


def plain(step: Any) -> Any:
    """What reset and step return, comparable."""
    if isinstance(step, np.ndarray):
        return step.tolist()
    if isinstance(step, dict):
        return {name: plain(value) for name, value in step.items()}
    return tuple(map(plain, step)) if isinstance(step, tuple) else step


def search_open_answer(env: gymnasium.Env[Any, Any]) -> Iterator[Any]:
    """Search the question, open what it showed, answer."""
    trace = env.unwrapped.trace  # type: ignore[attr-defined]
    text = takes_text(env)
    yield f"<search>{trace.question.text}</search>" if text else NUMBERS[0]
    for position in trace.turns[0].docs:
        yield f"<open>{trace.corpus.documents[position].title}</open>" if text else NUMBERS[2]
    yield "<answer>x</answer>" if text else NUMBER[Choice("answer", 0, "")]


def rollout(env: gymnasium.Env[Any, Any], seed: int) -> list[Any]:
    """Two episodes: one by the script, one that opens what it was shown and answers."""
    seen: list[Any] = [env.reset(seed=seed)]
    seen += [env.step(action) for action in script(env)]
    seen.append(env.reset())
    seen += [env.step(action) for action in search_open_answer(env)]
    return seen


def test_the_registry_holds_what_the_readme_names():
    families = ("", "Bridge", "Intersection", "Comparison", "Alias", "Inverse")
    named = [f"berrypick/Almanac{family}-v0" for family in families]
    named += [f"berrypick/{name}-v0" for name in ("AlmanacDiscrete", "Factbook", "Search")]
    assert named == IDS
    assert all(id in gymnasium.registry for id in IDS)


@every_id
def test_gymnasium_finds_nothing_to_say(id: str):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(id).unwrapped)


@pytest.mark.slow
@every_id
def test_gymnasium_finds_nothing_to_say_about_the_defaults(id: str):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gymnasium.make(id).unwrapped)


@every_id
def test_one_seed_is_one_rollout_and_stays_in_the_spaces(id: str):
    env = make(id)
    seen = rollout(env, 11)
    assert plain(tuple(seen)) == plain(tuple(rollout(make(id), 11)))
    assert all(step[0] in env.observation_space for step in seen)
    assert any(step[-1]["doc_ids"] for step in seen), "no search found anything"
    assert seen[-1][2] is True
    assert plain(tuple(seen)) != plain(tuple(rollout(env, 12)))


@every_id
def test_many_at_once_are_of_the_same_kind(id: str):
    one, many = make(id), gymnasium.make_vec(id, 2, **SMALL)
    assert many.single_action_space == one.action_space and many.single_observation_space == one.observation_space
    together, alone = many.reset(seed=3)[0], [one.reset(seed=seed)[0] for seed in (3, 4)]
    assert plain(tuple(together)) == plain(tuple(alone))
    many.close()


@every_id
def test_the_last_turn_truncates(id: str):
    env = make(id, max_turns=3)
    env.reset(seed=0)
    assert [env.step(nothing(env))[2:4] for _ in range(3)] == [(False, False), (False, False), (False, True)]


@every_id
def test_specs_survive_json(id: str):
    spec = gymnasium.spec(id)
    read = EnvSpec.from_json(spec.to_json())
    assert read == spec and json.loads(json.dumps(ENVS[id].arguments)) == ENVS[id].arguments
    remade = gymnasium.make(read, **SMALL)
    assert plain(remade.reset(seed=1)) == plain(make(id).reset(seed=1))


@every_id
def test_no_gold_reaches_the_policy(id: str):
    env = make(id)
    for seed in range(20):
        prompt, info = env.reset(seed=seed)
        question = env.unwrapped.trace.question  # type: ignore[attr-defined]
        told = f" {normalise(str(prompt).replace(question.text, ''))} {normalise(repr(info))} "
        assert "gold" not in info
        assert [answer for answer in question.answers if f" {normalise(answer)} " in told] == []


@every_id
def test_a_snapshot_goes_on_elsewhere(id: str):
    env, other = make(id).unwrapped, make(id).unwrapped
    env.reset(seed=4)
    first, *others = script(env)
    env.step(first)
    state = pickle.dumps(env.snapshot())  # type: ignore[attr-defined]
    expected = [plain(env.step(action)) for action in others] + [plain(env.reset())]
    other.restore(pickle.loads(state))  # type: ignore[attr-defined]
    assert [plain(other.step(action)) for action in others] + [plain(other.reset())] == expected


def test_the_same_bytes_whatever_the_hash_seed():
    code = (
        "import sys, hashlib, importlib.util as u\n"
        f"spec = u.spec_from_file_location('contract', {__file__!r}); module = u.module_from_spec(spec)\n"
        "spec.loader.exec_module(module); import berrypick\n"
        "for id in module.IDS:\n"
        "    seen = repr(module.plain(tuple(module.rollout(module.make(id), 5))))\n"
        "    print(id, hashlib.sha256(seen.encode()).hexdigest())"
    )
    done = [
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True
        )
        for seed in ("1", "2")
    ]
    assert [run.returncode for run in done] == [0, 0], done[0].stderr + done[1].stderr
    assert done[0].stdout == done[1].stdout and done[0].stdout.count("\n") == len(IDS)


def test_make_imports_the_package_in_a_fresh_process():
    code = (
        "import gymnasium, sys; env = gymnasium.make('berrypick:berrypick/Search-v0', worlds=1)\n"
        "assert 'Question: ' in env.reset(seed=0)[0]; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def vector(kind: type[VectorEnv[Any, Any, Any]]) -> VectorEnv[Any, Any, Any]:
    made = [lambda protocol=protocol: make("berrypick/Search-v0", protocol=protocol) for protocol in PROTOCOLS]
    return kind(made, shared_memory=False) if kind is AsyncVectorEnv else kind(made)  # type: ignore[call-arg]


def test_shared_memory_is_refused_not_garbled():
    with pytest.raises(ValueError, match="shared_memory=False"):
        AsyncVectorEnv([lambda: make("berrypick/Search-v0")])


@pytest.mark.parametrize("kind", [SyncVectorEnv, AsyncVectorEnv])
def test_vector_environments_take_any_text(kind: type[VectorEnv[Any, Any, Any]]):
    single = [make("berrypick/Search-v0", protocol=protocol) for protocol in PROTOCOLS]
    envs = vector(kind)
    try:
        prompts, _ = envs.reset(seed=9)
        assert list(prompts) == [env.reset(seed=9 + number)[0] for number, env in enumerate(single)]
        actions = ("<search>日本 ñandú born</search>", '{"name": "search", "arguments": {"query": "城 born 🫐"}}')
        texts, *_, infos = envs.step(actions)
        expected = [env.step(action) for env, action in zip(single, actions, strict=True)]
        assert list(texts) == [step[0] for step in expected]
        assert list(infos["doc_ids"]) == [step[-1]["doc_ids"] for step in expected]
        assert list(infos["budget_left"]["searches"]) == [5, 5]
        finished = envs.step(("<answer>京都</answer>", '{"name": "answer", "arguments": {"text": "京都"}}'))
        assert list(finished[2]) == [True, True]
    finally:
        envs.close()
