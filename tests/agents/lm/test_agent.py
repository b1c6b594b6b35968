"""``lm:`` as an agent: rows come, go on, go and come back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from berrypick import agents
from berrypick.agents.base import AgentDown, EpisodeView, Metered
from berrypick.agents.lm.agent import LM
from berrypick.agents.lm.load import Card, pack, save
from berrypick.envs.observations import Setup, prompt
from berrypick.errors import BadInput

SEEN = "<information>\nNo documents found.\n</information>"


def model(positions: int = 2048) -> LlamaForCausalLM:
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "intermediate_size": 24, "num_attention_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=257, **sizes, max_position_embeddings=positions, eos_token_id=0))


@pytest.fixture
def folder(tmp_path: Path, bytewise: PreTrainedTokenizerFast) -> str:
    save(pack(model(), bytewise, Card(("almanac",), ("tags",), 1.0, 9)), tmp_path)
    return str(tmp_path)


def asked(question: str, protocol: str = "tags") -> str:
    return prompt(Setup(protocol, ("bm25",), 3, 10, 6), question)


def rngs(*numbers: int) -> Sequence[np.random.Generator]:
    return [np.random.default_rng([number, 2, 2]) for number in numbers]


def test_a_row_goes_on_where_it_stopped(folder: str):
    """The second call feeds what is new: the last token of the action and the observation."""
    agent = LM(folder)
    (action,) = agent.act([EpisodeView(1, (asked("Who?"),))], rngs(1))
    before = agent.cost()
    agent.act([EpisodeView(1, (asked("Who?"), action, SEEN))], rngs(2))
    after = agent.cost()
    fed = after["tokens_forwarded"] - before["tokens_forwarded"]
    made = after["tokens_generated"] - before["tokens_generated"]
    assert fed == 1 + len(f"\n{SEEN}\n") + made - 1
    assert isinstance(agent, Metered) and after["episodes_without_room"] == 0


def test_order_and_company_change_no_action(folder: str):
    agent, questions = LM(folder), {1: "Who?", 2: "Where was it?", 3: "When?"}
    first = agent.act([EpisodeView(i, (asked(text),)) for i, text in questions.items()], rngs(1, 2, 3))
    rows = [EpisodeView(i, (asked(questions[i]), first[i - 1], SEEN)) for i in (3, 1)]
    later = agent.act([*rows, EpisodeView(4, (asked("Why?"),))], rngs(6, 4, 7))
    for row, number, action in zip(rows, (6, 4), later, strict=False):
        alone = LM(folder)
        (start,) = alone.act([EpisodeView(9, row.history[:1])], rngs(row.id))
        assert alone.act([EpisodeView(9, (row.history[0], start, SEEN))], rngs(number)) == [action]
    assert later[2] == LM(folder).act([EpisodeView(0, (asked("Why?"),))], rngs(7))[0]


def test_a_row_that_comes_back_or_says_something_else_is_read_anew(folder: str):
    agent = LM(folder)
    history = (asked("Who?"), "<open>x</open>", SEEN)
    agent.act([EpisodeView(1, (asked("Who?"),))], rngs(1))
    agent.act([EpisodeView(2, (asked("Where?"),))], rngs(1))
    assert agent.act([EpisodeView(1, history)], rngs(5)) == LM(folder).act([EpisodeView(8, history)], rngs(5))


def test_an_episode_without_room_says_nothing(tmp_path: Path, bytewise: PreTrainedTokenizerFast):
    save(pack(model(positions=100), bytewise, Card(max_new_tokens=9)), tmp_path)
    agent = LM(str(tmp_path))
    assert agent.act([EpisodeView(1, (asked("Who?"),))], rngs(1)) == [""] and agent.cost()["episodes_without_room"] == 1
    assert agent.act([EpisodeView(1, (asked("Who?"), "", SEEN))], rngs(1)) == [""]
    assert agent.cost() == {"tokens_generated": 0.0, "tokens_forwarded": 0.0, "episodes_without_room": 1.0}


def test_the_card_says_what_is_read_and_written(folder: str):
    agent = agents.make(f"lm:{folder}")
    assert agent.name == f"lm:{folder}" and agent.reads("almanac-tiny") and not agent.reads("factbook")
    with pytest.raises(AgentDown, match="tags, not tools"):
        agent.act([EpisodeView(1, (asked("Who?", "tools"),))], rngs(1))


def test_without_torch_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for module in [name for name in sys.modules if name.startswith("berrypick.agents.lm.")]:
        monkeypatch.delitem(sys.modules, module)
    with pytest.raises(ImportError, match=r"berrypick\[train\]"):
        agents.make("lm:anything")


def test_the_temperature_may_stand_behind_the_name(folder: str):
    """At 0 every generator gives the likeliest tokens; the name tells the two agents apart, the weights do not."""
    cold, warm = LM(f"{folder}?temperature=0"), LM(folder)
    row = EpisodeView(1, (asked("Who?"),))
    assert cold.act([row], rngs(1)) == LM(f"{folder}?temperature=0").act([row], rngs(2))
    assert warm.act([row], rngs(1)) != LM(folder).act([row], rngs(2))
    assert warm.act([EpisodeView(2, row.history)], rngs(1)) == LM(f"{folder}?temperature=1").act([row], rngs(1))
    assert cold.name == f"lm:{folder}?temperature=0" and cold.weights() == warm.weights()


@pytest.mark.parametrize("options", ["temperature=warm", "temperature=nan", "top_p=0.9", "temperature"])
def test_other_options_are_refused(folder: str, options: str):
    with pytest.raises(BadInput, match=r"expected \?temperature=NUMBER behind the model"):
        LM(f"{folder}?{options}")


def test_a_temperature_below_zero_is_refused(folder: str):
    with pytest.raises(BadInput, match="must be 0 or more"):
        LM(f"{folder}?temperature=-1")
