"""Strategic phrases of a sweep: how evenly they are said, by hand, and as episodes that were played say them."""

from __future__ import annotations

import gzip
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from berrypick import io
from berrypick.agents.training.text.ngrams import MinedNgrams, encode
from berrypick.benchmarks import result, run
from berrypick.benchmarks.studies.hicra import phrases
from berrypick.benchmarks.studies.hicra.phrases import entropy, measure
from berrypick.benchmarks.studies.sweep import config, trials
from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.cli.main import main
from berrypick.errors import BadInput

SWEEP = """
[[tracks]]
name = "text"
suite = "phrased"
methods = ["grpo", "hicra_grams"]
training = { env = "berrypick/Almanac-v0", start = "tiny-diverse", steps = 1 }
"""
GRAMS = (("rules", "council", "obeys"), ("rules", "council", "obeys", "runs"), ("in", "favour", "of"))
A, B, C = GRAMS


def test_entropy_by_hand():
    """Three of one and one of another: -(3/4 ln 3/4 + 1/4 ln 1/4) = .2158 + .3466."""
    assert entropy(Counter({A: 3, B: 1})) == pytest.approx(0.5623, abs=1e-4)
    assert entropy(Counter({A: 5})) == 0 and entropy(Counter()) is None


def test_methods_are_read_over_as_many_tokens():
    """The tersest trial generated 10: of hicra's first seed the first two episodes are read, 8 tokens, not the third.

    Seed 0: a and b, entropy ln 2, 2 in 8 tokens; grpo says a twice in 10: entropy 0, 20 in a hundred.
    """
    heard = {
        ("grpo", 0): [(4, Counter({A: 1})), (6, Counter({A: 1}))],
        ("hicra", 0): [(5, Counter({A: 1})), (3, Counter({B: 1})), (4, Counter({C: 9}))],
        ("start", 0): [(11, Counter({A: 1}))],
    }
    budget, rows = phrases._rows("text", "dev", heard)
    grpo, hicra, start = rows
    assert budget == 10
    assert (grpo.entropy.value, grpo.rate.value, grpo.entropy_less.value) == (0, 20, None)
    assert hicra.entropy.value == hicra.entropy_less.value == pytest.approx(math.log(2))
    assert (hicra.rate.value, hicra.rate_less.value) == (25, 5)
    assert (start.entropy.value, start.rate.value, start.rate_less.value) == (None, None, None)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A sweep whose trials the scripts' mixture played; hicra_grams mined three phrases of theirs."""
    cells = [
        Cell("berrypick/Almanac-v0", "almanac-tiny", split=split, worlds=1, tasks=6, rollouts=2, knockouts=changes)
        for split, changes in (("dev", ()), ("test", ()), ("test", ("no_profile",)))
    ]
    SUITES.add("phrased", tuple(cells), "for tests")
    out = tmp_path_factory.mktemp("sweep")
    (out / "sweep.toml").write_text(SWEEP)
    plan = config.read(out / "sweep.toml")
    config.claim(plan, out)
    for number, trial in enumerate(plan.trials):
        run.run(["mixture"], "phrased", number, out / trial.place / config.EVALUATION)
    mined = encode(MinedNgrams(GRAMS, 4, 4, 100))
    io.write_bytes(out / plan.trials[-1].place / config.TRAINING / "grams.json", mined)
    yield out
    del SUITES._rows["phrased"], SUITES._help["phrased"]


def written(place: Path, cell: int) -> tuple[int, Counter[str]]:
    """What a plain text search finds in the searches of a cell; longer phrases first."""
    episodes = [episode for episode in result.read_episodes(place) if episode.cell == cell]
    texts = [step.action for episode in episodes for step in episode.steps if "<search" in step.action]
    sought = re.compile("|".join(r"\b" + " ".join(gram) + r"\b" for gram in (B, A, C)))
    found = Counter(match.lower() for text in texts for match in sought.findall(text.lower()))
    return sum(step.tokens for episode in episodes for step in episode.steps), found


def test_what_episodes_say_is_what_a_search_of_their_text_finds(swept: Path):
    done: list[str] = []
    found = measure(swept, ["berrypick", "phrases"], done.append)
    assert len(done) == phrases.progress_steps(swept) == 6 and found.grams == {"text": 3}
    assert found.mined == {"text": "text hicra_grams seed 0"}
    for cell, split in enumerate(("dev", "test")):
        told = {row.method: row for row in found.rows if row.split == split}
        counts = {
            run.trial.method: written(swept / run.trial.place / config.EVALUATION, cell) for run in trials.read(swept)
        }
        assert found.tokens["text"][split] == min(tokens for tokens, _ in counts.values())
        tersest = min(counts, key=lambda method: counts[method][0])
        tokens, said = counts[tersest]  # read whole
        assert said and told[tersest].entropy.value == pytest.approx(entropy(said))
        assert told[tersest].rate.value == pytest.approx(100 * said.total() / tokens)


def test_the_command_prints_and_writes(swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["study", "phrases", str(swept), "--out", str(tmp_path / "said.json")]) == 0
    captured = capsys.readouterr()
    assert "text, dev worlds: 3 phrases of text hicra_grams seed 0" in captured.out and "6/6" in captured.err
    first = (tmp_path / "said.json").read_bytes()
    assert main(["study", "phrases", str(swept)]) == 0 and b'"hicra_grams"' in first
    assert (swept / phrases.PHRASES).is_file()


def test_a_sweep_that_mined_nothing_and_episodes_that_changed_are_refused(
    swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "sweep.toml").write_text(SWEEP)
    config.claim(config.read(tmp_path / "sweep.toml"), tmp_path)
    assert main(["study", "phrases", str(tmp_path)]) == 2
    assert "put hicra_grams among its methods" in capsys.readouterr().err
    path = swept / trials.read(swept)[0].trial.place / config.EVALUATION / result.EPISODES
    before = path.read_bytes()
    others = re.sub(rb'"obs_sha256":"[0-9a-f]{4}', b'"obs_sha256":"0000', gzip.decompress(before))
    path.write_bytes(gzip.compress(others))
    with pytest.raises(BadInput, match="goes another way than recorded"):
        measure(swept, ["x"])
    path.write_bytes(before)
