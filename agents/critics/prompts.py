"""How a critique stands in a prompt. A refinement is an episode like any other; the simulator says what it always says.

The words stand after the question, on lines of their own: what tokenizers of the tiny policies drop, the instructions,
ends before it, and what ``observe.read_prompt`` reads of the setup stays as it is.
"""

from __future__ import annotations

from typing import Final

from berrypick.envs.observations import line

EARLIER: Final = "The earlier answer to the question:"
AGAIN: Final = "Find the answer again."


def refinement(prompt: str, critique: str) -> str:
    """Put the critique of an earlier attempt into the prompt of another one at the same question.

    Whoever trains on the episode takes the prompt without the critique, which is ``Trace.prompt`` as ever.

    Args:
        prompt: the reset observation.
        critique: may be foreign text: it is put on one line, with what reads as a tag escaped.
    """
    return "\n".join((prompt, f"{EARLIER} {line(critique)}".rstrip(), AGAIN))
