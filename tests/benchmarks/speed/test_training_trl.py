"""What TRL is given: the same tokens, the same actions, the same ends of episodes. Needs the extra ``trl``."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("trl", reason="the extra trl is not installed")

from transformers.utils.chat_parsing import parse_response

from berrypick.agents.lm.load import Card, Policy, pack
from berrypick.agents.lm.render import Script
from berrypick.agents.lm.tiny import make_tiny
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.training.config import Config
from berrypick.benchmarks.speed import training_trl
from berrypick.envs.search import SearchEnv


@pytest.fixture(scope="module")
def policy() -> Policy:
    tokenizer = make_tokenizer()
    return pack(make_tiny(len(tokenizer), 0), tokenizer, Card(("almanac",), ("tags",), 1.0, 4))


@pytest.fixture
def env() -> SearchEnv:
    return SearchEnv(corpus="almanac-tiny", worlds=1, engines=["bm25"], max_turns=2)


def test_the_template_writes_the_tokens_of_our_script(policy: Policy, env: SearchEnv):
    tokenizer, script = training_trl._speaking(policy), Script(policy.tokenizer, policy.ends)
    prompt = training_trl.Bench(env).reset(task_id=3)
    asked = [{"role": "user", "content": prompt}]
    ids = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=False)
    assert ids == script.opening(prompt) and len(ids) > 5
    said = training_trl.Bench(env).act("<search>names</search>")
    whole = tokenizer.apply_chat_template([*asked, {"role": "tool", "content": said}], return_dict=False)
    assert whole == ids + script.reply(said, ())


@pytest.mark.parametrize("text", ["<search> a </search>", "<open> a", "nonsense", "<answer> a"])
def test_all_but_an_answer_is_a_call(text: str):
    message = parse_response(text, training_trl._RESPONSE, prefix="Question: who?")
    (call,) = message["tool_calls"]
    assert call["function"] == {"name": "act", "arguments": {"action": text}}


@pytest.mark.parametrize("text", ["<answer> a </answer>", "a <answer> b </answer>"])
def test_an_answer_is_the_last_word(text: str):
    message = parse_response(text, training_trl._RESPONSE, prefix="Question: who?")
    assert message == {"role": "assistant", "content": text}


def test_the_last_word_is_played_and_earns_the_reward(env: SearchEnv):
    right, late = training_trl.Bench(env), training_trl.Bench(SearchEnv(corpus="almanac-tiny", worlds=1, max_turns=1))
    for desk in (right, late):
        desk.reset(task_id=0)
    answer = env.trace.question.answers[0]
    call = {"function": {"name": "act", "arguments": {"action": "<search>names</search>"}}}
    last = [
        [{"role": "assistant", "content": f"<answer>{answer}</answer>"}],
        [{"role": "assistant", "content": "", "tool_calls": [call]}],
    ]
    assert training_trl._reward(completions=last, environments=[right, late]) == [1.0, 0.0]
    assert right.env.trace.terminated and late.env.trace.truncated


def test_steps_count_what_was_played(policy: Policy, env: SearchEnv, monkeypatch: pytest.MonkeyPatch):
    """As for ours (``test_training``); the untrained policy never answers, so every episode takes both turns."""
    monkeypatch.setitem(os.environ, "TRL_EXPERIMENTAL_SILENCE", "1")
    config = Config("grpo", "none", "none", steps=2, prompts_per_step=2, group_size=2, minibatches_per_step=2, lr=1e-8)
    (only,) = training_trl.steps(policy, env, config)
    assert only.episodes == 4 and only.turns == 8
    assert only.turns <= only.generated <= 32 < only.scored
    assert min(only.rollout, only.update, only.other) > 0
