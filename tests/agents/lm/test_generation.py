"""The engine: what is recorded is what the model gives, whoever else plays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from berrypick.agents.lm.cache import PackedCache
from berrypick.agents.lm.generation import Session
from berrypick.agents.lm.masks import Masks
from berrypick.agents.lm.tokens import RowTokens
from berrypick.errors import BadInput

WORDS, END = 50, 7
SIZES = {"vocab_size": WORDS, "hidden_size": 16, "num_hidden_layers": 2, "intermediate_size": 24}
HEADS = {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 400}
KINDS = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**SIZES, **HEADS)),
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config(vocab_size=WORDS, n_positions=400, n_embd=16, n_layer=2, n_head=4)),
    "eager": lambda: LlamaForCausalLM(LlamaConfig(**SIZES, **HEADS, attn_implementation="eager")),
    "sliding": lambda: MistralForCausalLM(MistralConfig(**SIZES, **HEADS, sliding_window=5)),
    "mixed": lambda: Gemma3ForCausalLM(
        Gemma3TextConfig(
            **SIZES, **HEADS, head_dim=4, sliding_window=5, layer_types=["sliding_attention", "full_attention"]
        )
    ),
    "biased": lambda: Qwen2ForCausalLM(Qwen2Config(**SIZES, **HEADS)),
    "normalised": lambda: Qwen3ForCausalLM(Qwen3Config(**SIZES, **HEADS, head_dim=4)),
}
PROMPTS = ([1, 2, 3, 4, 5], [1, 2, 9], [1, 2, 3, 4, 5], [8] * 90, [1, 2, 3, 30, 31, 32, 33])
REPLIES = ([11, 12], [13] * 60, [14], [15, 16, 17], [])


def made(kind: str = "llama") -> Any:
    torch.manual_seed(0)
    model = KINDS[kind]().eval()
    with torch.no_grad():  # far from uniform, so that a wrong distribution shows; norms stay what they are
        for weights in (weights for weights in model.parameters() if weights.ndim > 1):
            weights.mul_(4.0)
    return model


def stop(action: Sequence[int]) -> bool:
    return action[-1] % 5 == 0


def rngs(numbers: Sequence[int]) -> list[np.random.Generator]:
    return [np.random.default_rng([number, 1, 1]) for number in numbers]


def play(model: Any, numbers: Sequence[int], turns: int = 3, **settings: Any) -> list[RowTokens]:
    """Play some of the rows for some turns; row i retires after ``turns`` - i % 2."""
    session = Session(model, **{"most": 12, "ends": frozenset({END}), **settings})
    session.start([PROMPTS[number] for number in numbers], [stop] * len(numbers))
    rows, own, live = list(session.rows), rngs(numbers), list(range(len(numbers)))
    for turn in range(turns):
        session.act([own[place] for place in live])
        keep = [number for number, place in enumerate(live) if numbers[place] % 2 == 0 or turn + 1 < turns - 1]
        session.keep(keep)
        live = [live[number] for number in keep]
        for row, place in zip(session.rows, live, strict=True):
            row.read(REPLIES[numbers[place]])
    return rows


@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_recorded_is_what_a_full_forward_pass_gives(kind: str, temperature: float):
    model = made(kind)
    for row in play(model, range(5), temperature=temperature):
        with torch.no_grad():
            logs = torch.log_softmax(model(torch.tensor([row.ids])).logits[0].float() / temperature, -1)
        assert sum(row.mask) >= 2 and len(row.ids) == len(row.mask) == len(row.old_logprobs) == len(row.turns)
        for place in (place for place, acted in enumerate(row.mask) if acted):
            expected = logs[place - 1]
            assert row.old_logprobs[place] == pytest.approx(float(expected[row.ids[place]]), abs=1e-4)
            assert row.entropy[place] == pytest.approx(float(-(expected.exp() * expected).sum()), abs=1e-4)
        for values in (row.old_logprobs, row.entropy):
            assert not any(value for value, acted in zip(values, row.mask, strict=True) if not acted)


@pytest.mark.parametrize("kind", KINDS)
def test_company_changes_nothing_but_the_last_bits(kind: str):
    model = made(kind)
    together = play(model, range(5))
    for number, row in enumerate(together):
        for other in (play(model, [number])[0], play(model, [3, number])[1]):
            assert other.ids == row.ids and other.mask == row.mask and other.turns == row.turns
            assert np.abs(np.subtract(other.old_logprobs, row.old_logprobs)).max() <= 1e-5
            assert np.abs(np.subtract(other.entropy, row.entropy)).max() <= 1e-5


def test_rows_may_join_later():
    model = made()
    session = Session(model, most=12)
    own = rngs([1, 4])
    session.start([PROMPTS[1]], [stop])
    session.act(own[:1])
    session.rows[0].read(REPLIES[1])
    session.start([PROMPTS[4]], [stop])
    session.act(own)
    alone = Session(model, most=12)
    alone.start([PROMPTS[4]], [stop])
    alone.act(rngs([4]))
    assert session.rows[1].ids == alone.rows[0].ids
    assert session.rows[0].ids == play(model, [1], turns=3)[0].ids  # which retires after its second action


def test_a_token_takes_one_uniform_of_its_own_row():
    """A row that samples n tokens leaves its generator where n draws leave it."""
    session = Session(made(), most=6)
    session.start(PROMPTS[:2], [stop] * 2)
    own = rngs([0, 1])
    session.act(own)
    for generator, fresh, row in zip(own, rngs([0, 1]), session.rows, strict=True):
        fresh.random(sum(row.mask))
        assert generator.random() == fresh.random()


class Fixed(torch.nn.Module):
    """Gives the same distribution for whatever it reads: .5, .25, .125, .125."""

    config = LlamaConfig(vocab_size=4)

    def __init__(self) -> None:
        super().__init__()
        self.logits = torch.nn.Parameter(torch.tensor([0.5, 0.25, 0.125, 0.125]).log())

    def forward(self, input_ids: torch.Tensor, **_: Any) -> Any:
        self.last = type("Output", (), {"logits": self.logits.expand(len(input_ids), 1, 4)})
        return self.last


class Uniform:
    """A generator whose draws are given."""

    def __init__(self, *draws: float) -> None:
        self.draws = list(draws)

    def random(self) -> float:
        return self.draws.pop(0)


def test_sampling_inverts_the_cumulative_distribution():
    """Cumulative: .5, .75, .875, 1. A draw on a boundary belongs to the token above it."""
    session = Session(Fixed(), most=6)
    session.start([[0]], [lambda action: False])
    (action,) = session.act([Uniform(0.0, 0.49, 0.5, 0.8, 0.875, 0.999)])
    assert action == [0, 0, 1, 2, 3, 3]
    # H = .5 ln 2 + .25 ln 4 + .25 ln 8 = (.5 + .5 + .75) ln 2
    assert session.rows[0].entropy[1] == pytest.approx(1.75 * np.log(2))
    assert session.rows[0].old_logprobs[3] == pytest.approx(np.log(0.25))


def test_temperature_divides_logits_and_zero_takes_the_likeliest():
    """At temperature 1/2 the chances are squared: .25, .0625, .015625 twice, of .34375: the first is 8/11."""
    session = Session(Fixed(), most=1, temperature=0.5)
    session.start([[0]], [stop])
    session.act([Uniform(0.7)])
    assert session.rows[0].ids == [0, 0] and session.rows[0].old_logprobs[1] == pytest.approx(np.log(8 / 11))
    greedy = Session(Fixed(), most=1, temperature=0.0)
    greedy.start([[0]], [stop])
    greedy.act([Uniform()])
    assert greedy.rows[0].ids == [0, 0] and greedy.rows[0].old_logprobs[1] == pytest.approx(np.log(0.5))


def test_actions_end_at_their_stop_at_an_end_token_and_at_the_limit():
    session = Session(Fixed(), most=3, ends=frozenset({2}))
    session.start([[0]] * 3, [lambda action: action[-1] == 1, lambda action: False, lambda action: False])
    actions = session.act([Uniform(0.1, 0.6), Uniform(0.1, 0.8), Uniform(0.1, 0.1, 0.1)])
    assert actions == [[0, 1], [0, 2], [0, 0, 0]] and session.generated == 7


def test_a_row_without_room_acts_no_more():
    """Eight positions: the prompt of 5 leaves 3 tokens; what was read then leaves none, and the other row goes on."""
    session = Session(made(), most=5, positions=8)
    session.start([PROMPTS[0], [1]], [lambda action: False] * 2)
    first = session.act(rngs([0, 1]))
    assert [len(action) for action in first] == [3, 5] and [row.full for row in session.rows] == [True, False]
    for row in session.rows:
        row.read([3])
    second = session.act(rngs([2, 3]))
    assert [len(action) for action in second] == [0, 1] and session.overflowed == 2
    assert session.rows[1].turns == [0] * 6 + [1] * 2
    assert session.act(rngs([2, 3])) == [[], []]


def test_a_prompt_that_is_too_long_takes_nobody_with_it():
    session = Session(made(), most=5, positions=50)
    session.start([PROMPTS[3], PROMPTS[0]], [stop] * 2)
    long, short = session.act(rngs([3, 0]))
    alone = Session(made(), most=5, positions=50)
    alone.start([PROMPTS[0]], [stop])
    assert long == [] and [short] == alone.act(rngs([0]))


def test_nothing_is_computed_twice():
    """Forwarded: the common start once, what is left of each prompt, each reply, each token but a row's last."""
    session = Session(made(), most=3)
    session.start([[1, 2, 3], [1, 2, 4, 5]], [lambda action: False] * 2)
    session.act(rngs([0, 1]))
    assert session.forwarded == 2 + (1 + 2) + 2 * 2
    for row in session.rows:
        row.read([9, 9])
    session.act(rngs([0, 1]))
    assert session.forwarded == 9 + 2 * (1 + 2) + 2 * 2


def test_room_grows_without_changing_what_is_kept():
    cache = PackedCache(2, torch.device("cpu"))
    states = torch.arange(2 * 1 * 130 * 2, dtype=torch.float32).reshape(2, 1, 130, 2)
    cache.place(torch.tensor([130, 129]), None)
    cache.update(states, states, 0)
    cache.place(torch.tensor([130, 0]), None)
    keys, _ = cache.update(states, states, 0)
    assert keys.shape == (2, 1, 260, 2) and torch.equal(keys[0, 0], torch.cat([states[0, 0], states[0, 0]]))
    assert torch.equal(keys[1, 0, :129], states[1, 0, 1:])  # aligned on the right, the first is padding


def test_other_kinds_of_memory_are_refused():
    config = LlamaConfig(**SIZES, **HEADS)
    config.layer_types = ["linear_attention", "full_attention"]
    with pytest.raises(BadInput, match="linear_attention"):
        Masks(config)
