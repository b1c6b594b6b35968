"""The table of training steps: every number worked out by hand; and that our steps measure what was played."""

from __future__ import annotations

from berrypick.agents.lm.load import Card, pack
from berrypick.agents.lm.tiny import make_tiny
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.training.config import Config
from berrypick.agents.training.text.learner import TextLearner
from berrypick.benchmarks.provenance import Provenance
from berrypick.benchmarks.speed import training_page
from berrypick.benchmarks.speed.training_page import ROWS, Block, Report
from berrypick.benchmarks.speed.training_step import Step, steps
from berrypick.envs.search import SearchEnv

MADE = Provenance(
    "make speed-train", "0123456789abcdef", False, {"trl": "1.16.0"}, {}, {"cores": "2", "system": "L"}, {}
)


def step(rollout: float, update: float, scale: int = 1) -> Step:
    return Step(rollout, update, 0.5, generated=120 * scale, scored=600 * scale, turns=12, episodes=6)


#: Ours take 4 s (1 + 2.5 + .5) in both blocks, TRL's 8 (3 + 4.5 + .5) in one and 20 (9 + 10.5 + .5) in the other.
BLOCKS = (
    Block((step(1, 2.5), step(1, 2.5), step(2, 50)), (step(3, 4.5),)),
    Block((step(1, 2.5),), (step(9, 10.5),)),
)


def line(what: str, blocks: tuple[Block, ...] = BLOCKS) -> tuple[str, ...]:
    (row,) = (row for row in ROWS if row.what == what)
    return training_page.cells(row, blocks)[2:]


def test_ratios_are_medians_of_blocks_whatever_the_direction():
    # 8 / 4 and 20 / 4 times as fast: 2 and 5, 3.5 in the middle. TRL's median step of 8 and 20 s is 14.
    assert line("step") == ("4", "14", "3.5 x", "2-5", "", "")
    # 120 / 1 a second against 120 / 3 = 40 and 120 / 9 = 13.3, whose median is 26.7: 3 and 9 times, 6.
    assert line("rollout") == ("120", "26.7", "6 x", "3-9", "", "")
    # 600 / 2.5 = 240 against 133 and 57.1: 1.8 and 4.2 times.
    assert line("update") == ("240", "95.2", "3 x", "1.8-4.2", "", "")


def test_the_target_and_its_near_miss():
    # 600 / 3.5 against 600 / 7.5 and 600 / 19.5: 2.14 and 5.57 times, 3.86 in the middle.
    assert line("rollout and update")[2:] == ("3.86 x", "2.14-5.57", ">= 2 x", "met")
    close = (Block((step(1, 2.5),), (step(2.4, 4.5),)),)  # 6.9 / 3.5
    assert line("rollout and update", close)[2:] == ("1.97 x", "1.97-1.97", ">= 2 x", "missed")


def test_shares_and_what_must_be_alike_have_no_ratio():
    assert line("share of rollout", BLOCKS[:1]) == ("25", "37.5", "", "", "", "")  # 1 / 4 and 3 / 8
    assert line("actions an episode") == ("2", "2", "", "", "", "")


def test_without_trl_the_page_says_why():
    alone = (Block((step(1, 2.5),), ()),)
    assert line("rollout and update", alone) == ("171", "", "", "", ">= 2 x", "not measured")
    page = training_page.as_markdown(Report(MADE, "tiny-diverse", "", "trl is not installed", alone))
    assert "TRL was not measured: trl is not installed." in page and "Provisional" not in page
    assert "`make speed-train` at 0123456789: 1 steps of each in 1 blocks from `tiny-diverse`, 2 cores, L; trl" in page
    assert page.count("\n| ") == 2 + len(ROWS)


def test_our_steps_count_what_was_played():
    """Actions of at most 4 tokens in 2 turns: 4 episodes cannot hold more than 32 generated ones."""
    env = SearchEnv(corpus="almanac-tiny", worlds=1, engines=["bm25"], max_turns=2)
    tokenizer = make_tokenizer()
    policy = pack(make_tiny(len(tokenizer), 0), tokenizer, Card(("almanac",), ("tags",), 1.0, 4))
    config = Config("grpo", "none", "none", steps=2, prompts_per_step=2, group_size=2, minibatches_per_step=2, lr=1e-8)
    (only,) = steps(TextLearner(policy, lambda: env), config)
    assert only.episodes == 4 and 4 <= only.turns <= 8
    assert only.turns <= only.generated <= 32 < only.scored
    assert min(only.rollout, only.update, only.other) > 0
