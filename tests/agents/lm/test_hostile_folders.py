"""Folders of policies that are broken, cut off or made to harm: one line, and never a random weight."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from berrypick import agents
from berrypick.agents.discrete.policy import DESCRIPTION, SlotPolicy
from berrypick.agents.discrete.policy import load as load_discrete
from berrypick.agents.discrete.policy import save as save_discrete
from berrypick.agents.lm.load import Card, load, pack, save
from berrypick.agents.lm.tiny import make_tiny
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.cli.main import main
from berrypick.errors import BadInput

WEIGHTS = "model.safetensors"
FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", WEIGHTS, "berrypick.json")
DEEP = '{"a":' * 20_000 + "1" + "}" * 20_000


class Runs:
    """What a pickle runs when it is read."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, ("ran", "w")


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    tokenizer = make_tokenizer()
    save(pack(make_tiny(len(tokenizer), 0), tokenizer, Card()), folder)
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "policy"))


def _weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> None:
    found = safetensors.torch.load_file(folder / WEIGHTS)
    safetensors.torch.save_file(change(found), folder / WEIGHTS, metadata={"format": "pt"})


def _without(word: str) -> Callable[[Path], None]:
    return lambda folder: _weights(
        folder, lambda found: {name: value for name, value in found.items() if word not in name}
    )


def _cut(share: float) -> Callable[[Path], None]:
    def cut(folder: Path) -> None:
        data = (folder / WEIGHTS).read_bytes()
        (folder / WEIGHTS).write_bytes(data[: int(len(data) * share)])

    return cut


def _pickled(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Runs()))


def _pickle_as_weights(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(pickle.dumps(Runs()))


def _smaller(folder: Path) -> None:
    """The model of a smaller vocabulary than the tokenizer's."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 100}))
    _weights(folder, lambda found: {name: value[:100] if "embed" in name else value for name, value in found.items()})


def _says(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text(text) and None  # type: ignore[func-returns-value]


HARM: dict[str, Callable[[Path], None]] = {
    "no embeddings": _without("embed_tokens"),
    "no layer": _without("layers.0."),
    "no norm": _without("model.norm"),
    "no tensor": lambda folder: _weights(folder, lambda found: {"other": torch.zeros(1)}),
    "another shape": lambda folder: _weights(
        folder, lambda found: {name: value[:-1] if value.dim() == 2 else value for name, value in found.items()}
    ),
    "half of the weights' file": _cut(0.5),
    "a tenth of it": _cut(0.001),
    "nothing of it": _cut(0.0),
    "a header without an end": lambda folder: (folder / WEIGHTS).write_bytes(b"\xff" * 8 + b"{}") and None,
    "a pickle": _pickled,
    "a pickle under the name of weights": _pickle_as_weights,
    "a vocabulary that does not fit": _smaller,
    "deep config": _says("config.json", DEEP),
    "deep tokenizer": _says("tokenizer.json", DEEP),
    "deep tokenizer settings": _says("tokenizer_config.json", DEEP),
    "deep card": _says("berrypick.json", DEEP),
    "config is a list": _says("config.json", "[]"),
    "config is no JSON": _says("config.json", "{"),
    "config of nothing": _says("config.json", "{}"),
    "sizes are words": _says("config.json", '{"model_type": "llama", "hidden_size": "many"}'),
    "sizes are negative": _says("config.json", '{"model_type": "llama", "hidden_size": -64, "num_attention_heads": 0}'),
    "tokenizer is a list": _says("tokenizer.json", "[]"),
    "tokenizer is no JSON": _says("tokenizer.json", "\x00"),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_folder_that_is_not_whole_is_one_line(
    harm: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(folder.parent)
    HARM[harm](folder)
    assert main(["bench", f"lm:{folder}", "--questions", "1", "--rollouts", "1", "--out", "run"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("berrypick: ") and told.count("\n") == 1 and len(told) < 2000, told
    assert str(folder) in told and not Path("ran").exists()


def test_missing_tensors_are_named(folder: Path):
    _without("layers.0.")(folder)
    with pytest.raises(BadInput, match=r"found none that fit for model\.layers\.0\..* and \d+ more"):
        load(str(folder))


def test_tied_weights_are_not_missing(folder: Path):
    assert load(str(folder)).model.config.tie_word_embeddings, "else this shows nothing"


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(FILES), st.binary(min_size=1, max_size=64), st.floats(0, 1))
def test_any_bytes_in_any_file_are_a_policy_or_one_line(sound: Path, tmp_path: Path, name: str, put: bytes, at: float):
    """Overwritten somewhere: what still loads is whole, everything else is ``BadInput``."""
    folder = tmp_path / "fuzz"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(sound, folder)
    data = bytearray((folder / name).read_bytes())
    start = int(at * len(data))
    data[start : start + len(put)] = put
    (folder / name).write_bytes(data)
    try:
        load(str(folder))
    except BadInput as error:
        assert "\n" not in str(error)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(FILES), st.binary(min_size=1, max_size=4096), st.floats(0, 1))
def test_any_bytes_in_any_file_at_length(sound: Path, tmp_path: Path, name: str, put: bytes, at: float):
    test_any_bytes_in_any_file_are_a_policy_or_one_line.hypothesis.inner_test(sound, tmp_path, name, put, at)


@pytest.fixture
def discrete(tmp_path: Path) -> Path:
    folder = tmp_path / "discrete"
    folder.mkdir()
    save_discrete(SlotPolicy(8), folder)
    return folder


@pytest.mark.parametrize("width", [0, -1, 10**12, 1e308])
def test_a_width_that_cannot_be_asks_for_no_memory(discrete: Path, width: float):
    described = json.loads((discrete / DESCRIPTION).read_text())
    (discrete / DESCRIPTION).write_text(json.dumps(described | {"width": width}))
    with pytest.raises(BadInput, match="width"):
        load_discrete(discrete)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from((DESCRIPTION, WEIGHTS)), st.binary(min_size=1, max_size=64), st.floats(0, 1))
def test_any_bytes_in_a_discrete_policy_are_a_policy_or_one_line(discrete: Path, name: str, put: bytes, at: float):
    save_discrete(SlotPolicy(8), discrete)
    path = discrete / name
    data = bytearray(path.read_bytes())
    start = int(at * len(data))
    data[start : start + len(put)] = put
    path.write_bytes(data)
    try:
        agents.make(f"discrete:{discrete}")
    except BadInput as error:
        assert "\n" not in str(error)
