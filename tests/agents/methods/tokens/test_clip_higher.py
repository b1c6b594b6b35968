from __future__ import annotations

import math

import pytest

from berrypick.agents.methods import make
from berrypick.agents.methods.reductions import token_mean


def test_by_hand(micro, slopes):
    tokens = micro([[math.log(1.25), math.log(1.29), math.log(0.75), math.log(0.85)]], [[0.0] * 4], [[1, 1, -1, -1]])
    # weights 1/4: 1.25 is within 1.28, 1.29 is not; 0.75 is below 0.8, 0.85 is not
    assert slopes(make("clip_higher"), tokens)[0].tolist() == pytest.approx([-0.3125, 0, 0, 0.2125])
    # the same under the bounds of GRPO: nothing is left of 1.25
    assert slopes(make("grpo"), tokens)[0].tolist() == pytest.approx([0, 0, 0, 0.2125])


def test_it_leaves_the_rest_of_its_base_alone():
    assert make("clip_higher").reduce is token_mean and not make("clip_higher").needs_token_filter
