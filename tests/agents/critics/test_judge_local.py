"""A tiny random model of transformers as a judge: what it writes is nonsense, and is treated as such."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from berrypick import seeding
from berrypick.agents.critics import Attempt, make
from berrypick.agents.critics.base import CritiqueError
from berrypick.agents.critics.judge import Judge, Local
from berrypick.agents.lm.load import Card, pack, save


@pytest.fixture
def folder(tmp_path: Path, bytewise: PreTrainedTokenizerFast) -> Callable[[int], str]:
    """Save a random model that reads so many tokens."""

    def write(positions: int) -> str:
        sizes = {"hidden_size": 16, "num_hidden_layers": 1, "intermediate_size": 24, "num_attention_heads": 2}
        config = LlamaConfig(vocab_size=257, **sizes, max_position_embeddings=positions, eos_token_id=0)
        with seeding.torch_rng(0):
            save(pack(LlamaForCausalLM(config), bytewise, Card()), tmp_path)
        return str(tmp_path)

    return write


def rngs(*numbers: int) -> list[np.random.Generator]:
    return [seeding.rollout_rng(5, "critique", 0, number) for number in numbers]


def test_texts_depend_on_prompt_and_generator_alone(folder: Callable[[int], str]):
    model = Local(folder(2048), most=40)
    both = model(["Judge this.", "And that, which is longer."], rngs(0, 1))
    assert both == [*model(["Judge this."], rngs(0)), *model(["And that, which is longer."], rngs(1))]
    assert both[0] != model(["Judge this."], rngs(1))[0]
    assert all(0 < len(text) <= 40 for text in both)


def test_nonsense_is_no_critique(folder: Callable[[int], str], attempt: Callable[..., Attempt]):
    judge = Judge(Local(folder(4096), most=20), tries=2)
    with pytest.raises(CritiqueError, match=r"no verdict on question 'q-bridge' in 2 tries"):
        judge([attempt("q-bridge", "<answer>unknown</answer>")], [0], rngs(0))


def test_a_prompt_that_is_too_long_is_an_error(folder: Callable[[int], str], attempt: Callable[..., Attempt]):
    with pytest.raises(CritiqueError, match=r"tokens, .* reads 64; take a model that reads more"):
        make(f"lm:{folder(64)}")([attempt("q-bridge", "<answer>unknown</answer>")], [0], rngs(0))
