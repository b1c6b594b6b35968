"""New processes: what importing, asking for help and the first query take, interpreter included."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import repeat
from pathlib import Path

import pytest

from berrypick.benchmarks.speed.measuring import BLOCKS, Measure, turns
from berrypick.corpora.engines import ENGINES, open_engine
from berrypick.corpora.store import Corpus

ROUNDS = 3
COMMANDS = {
    "python": [sys.executable, "-P", "-c", "pass"],
    "import berrypick": [sys.executable, "-P", "-c", "import berrypick"],
    "berrypick --help": [str(Path(sys.executable).with_name("berrypick")), "--help"],
}
FIRST_QUERY = """
import sys
from pathlib import Path
from berrypick.corpora import store
from berrypick.corpora.engines import open_engine
open_engine(sys.argv[2], store.read(Path(sys.argv[1]))).search(["w12 w345 w678"], 3)
"""


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize(("block", "way"), turns(*COMMANDS))
def test_start(block: int, way: str, measure: Measure) -> None:
    """The files are in the page cache."""
    _run(COMMANDS[way])
    measure("start", way, block, _run, repeat(COMMANDS[way]), ROUNDS)


@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("engine", ENGINES)
def test_first_query(engine: str, block: int, corpus_of: Callable[..., Corpus], measure: Measure) -> None:
    """Import, read a corpus of 2,000 documents, open the engine, ask; the index is there."""
    corpus = corpus_of(2_000)
    open_engine(engine, corpus)
    command = [sys.executable, "-P", "-c", FIRST_QUERY, str(corpus.path), engine]
    measure("first query", engine, block, _run, repeat(command), ROUNDS)
