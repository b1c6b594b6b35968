"""Policies from folders and into them; what is said where that fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from berrypick.agents.lm.load import CARD, Card, Policy, load, pack, read_card, save
from berrypick.agents.lm.tiny import make_tiny
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.errors import BadInput

GOOD = Card(("almanac",), ("tags",), 0.5, 48)


@pytest.fixture(scope="module")
def policy() -> Policy:
    tokenizer = make_tokenizer()
    return pack(make_tiny(len(tokenizer), 0), tokenizer, GOOD)


def test_what_is_saved_is_what_is_loaded(policy: Policy, tmp_path: Path):
    save(policy, tmp_path)
    again = load(str(tmp_path))
    assert again.card == GOOD and again.ends == policy.ends == {2} and again.positions == 2048
    assert again.tokenizer.get_vocab() == policy.tokenizer.get_vocab()
    for name, weights in policy.model.state_dict().items():
        assert torch.equal(weights, again.model.state_dict()[name].cpu().float()), name


def test_a_folder_without_a_card_is_read_in_any_corpus(policy: Policy, tmp_path: Path):
    save(policy, tmp_path)
    (tmp_path / CARD).unlink()
    assert load(str(tmp_path)).card == Card(None, None, 1.0, 256)


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_folder_that_lacks_a_file_says_which(policy: Policy, tmp_path: Path, missing: str):
    save(policy, tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(BadInput, match=missing) as caught:
        load(str(tmp_path))
    assert str(tmp_path) in str(caught.value)


def test_a_folders_code_is_never_run_and_nobody_is_asked(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """transformers asks on the terminal where it is not told; a "y" would write the file."""
    save(policy, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    code = {"AutoConfig": "code.Config", "AutoModelForCausalLM": "code.Model"}
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "stranger", "auto_map": code}))
    (tmp_path / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda prompt="": asked.append(prompt) or "y")
    with pytest.raises(BadInput, match="no causal language model"):
        load(str(tmp_path))
    assert asked == [] and not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["/nowhere/at/all", "./nowhere", "runs/x/policy", "nowhere.gguf"])
def test_a_path_that_does_not_exist_is_no_hub_name(name: str):
    with pytest.raises(BadInput, match="there is no such"):
        load(name)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"temperature": -1}', "temperature"),
        ('{"max_new_tokens": 0}', "max_new_tokens"),
        ('{"corpora": "almanac"}', "corpora"),
        ('{"corpus": []}', "corpus"),
        ("{", "JSON"),
    ],
)
def test_a_bad_card_is_named_with_its_field(tmp_path: Path, text: str, field: str):
    path = tmp_path / CARD
    path.write_text(text)
    with pytest.raises(BadInput, match=field) as caught:
        read_card(path)
    assert str(path) in str(caught.value)
