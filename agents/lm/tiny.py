"""The tiny policy: a million parameters over the closed vocabulary (docs/design.md).

A Llama whose queries and keys are normalised, which transformers calls Qwen3: it learns to copy names in half of the
steps that a plain Llama needs (docs/log/2026-11.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from berrypick import seeding

if TYPE_CHECKING:
    from transformers import Qwen3ForCausalLM

WIDTH: Final = 128
LAYERS: Final = 3
HEADS: Final = 4
#: Longest episode, in tokens.
POSITIONS: Final = 2048
#: Base of the rotary frequencies. With the usual 1e4, half of a head's dimensions turn over within an episode, and the
#: policy copies names over ten tokens but not over a hundred (docs/log/2026-11.md).
ROTARY: Final = 1e7


def make_tiny(vocabulary: int, seed: int) -> Qwen3ForCausalLM:
    """Make an untrained tiny policy; the same weights for the same seed.

    Args:
        vocabulary: number of tokens.
        seed: of the weights.
    """
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=3 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        head_dim=WIDTH // HEADS,
        max_position_embeddings=POSITIONS,
        rope_parameters={"rope_type": "default", "rope_theta": ROTARY},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=2,
        pad_token_id=0,
    )
    with seeding.torch_rng(seed):
        return Qwen3ForCausalLM(config)
