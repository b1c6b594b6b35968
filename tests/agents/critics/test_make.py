"""The table of critics."""

from __future__ import annotations

import subprocess
import sys

import pytest

from berrypick.agents.critics import CRITICS, make
from berrypick.agents.critics.steps import noise
from berrypick.agents.critics.templates import with_answer
from berrypick.errors import BadInput
from berrypick.registry import UnknownName


def test_every_row_is_there():
    assert list(CRITICS) == ["indicative", "with_answer", "steps", "empty", "noise", "lm", "chat"]
    assert make("with_answer") is with_answer and make("noise") is noise


def test_unknown_names_list_near_ones():
    with pytest.raises(UnknownName, match="did you mean 'steps'"):
        make("step")


@pytest.mark.parametrize("name", ["steps:x", "steps:", "lm", "lm:", "chat", "chat:http://127.0.0.1:1/v1"])
def test_arguments_that_do_not_fit(name: str):
    with pytest.raises(BadInput):
        make(name)


def test_trace_critics_load_no_torch():
    code = (
        "from berrypick.agents.critics import CRITICS, make; make('steps'); import sys; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
