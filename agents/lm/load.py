"""A policy from a folder, a GGUF file or the hub, and into a folder."""

from __future__ import annotations

import difflib
import hashlib
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from logging import ERROR
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from berrypick import io
from berrypick.agents import starts
from berrypick.errors import BadInput
from berrypick.records import Record
from berrypick.registry import UnknownName

#: What a folder says about its policy, beside what transformers reads.
CARD: Final = "berrypick.json"
#: Characters of a library's message that are shown, and tensors that are named.
_SHOWN: Final = 300
_NAMED: Final = 3
_KNOWN: Final = f"a published start ({', '.join(starts.names()) or 'none here'}) or a hub name"


class Card(Record):
    """What a policy is for and how it is sampled.

    Attributes:
        corpora: prefixes of the names of corpora that it reads, None for any.
        protocols: protocols that it writes, None for any.
        temperature: of sampling; 0 takes the likeliest token.
        max_new_tokens: most tokens of an action.
    """

    corpora: tuple[str, ...] | None = None
    protocols: tuple[str, ...] | None = None
    temperature: float = 1.0
    max_new_tokens: int = 256

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise BadInput(f"must be 0 or more and finite, got {self.temperature}", field="temperature")
        if self.max_new_tokens < 1:
            raise BadInput(f"must be at least 1, got {self.max_new_tokens}", field="max_new_tokens")


class Policy(NamedTuple):
    """A model as it is played.

    Attributes:
        model: a transformers causal language model, in evaluation mode.
        tokenizer: its tokenizer.
        card: what it is for.
        ends: tokens that end an action.
        positions: tokens that a sequence may have, None for any number.
    """

    model: Any
    tokenizer: Any
    card: Card
    ends: frozenset[int]
    positions: int | None


def load(name: str, dtype: str = "auto") -> Policy:
    """Load a published start, a folder, a ``.gguf`` file, or a model of the hub, onto the GPU if there is one.

    Args:
        name: a row of ``agents.starts``, a path, or a hub name.
        dtype: ``float32``, or ``auto`` for bfloat16 on a GPU and float32 elsewhere.

    Raises:
        BadInput: there is no such model, or it cannot be loaded or played; the message says what to do.
    """
    import torch

    place = starts.find(name)
    source, options = _source(place)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    precision = torch.bfloat16 if dtype == "auto" and device == "cuda" else torch.float32
    model, tokenizer = _read(source, options, precision)
    path = Path(source) / CARD
    return pack(model.to(device), tokenizer, read_card(path) if path.exists() else Card())


def pack(model: Any, tokenizer: Any, card: Card) -> Policy:
    """Put a model, its tokenizer and its card together.

    Raises:
        BadInput: the model cannot be played.
    """
    from berrypick.agents.lm.masks import Masks

    Masks(model.config)
    if "logits_to_keep" not in inspect.signature(model.forward).parameters:
        raise BadInput(f"{type(model).__name__} cannot be played: its forward takes no logits_to_keep")
    ended = getattr(model.generation_config, "eos_token_id", None)
    ends = {tokenizer.eos_token_id, *(ended if isinstance(ended, list) else [ended])} - {None}
    positions = getattr(model.config.get_text_config(decoder=True), "max_position_embeddings", None)
    return Policy(model.eval(), tokenizer, card, frozenset(ends), positions)


def save(policy: Policy, folder: Path) -> None:
    """Write a policy into a folder that ``load`` takes."""
    with _quietly():
        policy.model.save_pretrained(folder)
    policy.tokenizer.save_pretrained(folder)
    io.write_bytes(folder / CARD, msgspec.json.format(msgspec.json.encode(policy.card)) + b"\n")


def weights(name: str) -> str:
    """Hash of the files that hold a model's weights, "" for one of the hub."""
    path = Path(starts.find(name)).expanduser()
    found = [path] if path.is_file() else sorted(path.glob("*.safetensors")) if path.is_dir() else []
    return hashlib.sha256("".join(io.sha256(file) for file in found).encode()).hexdigest() if found else ""


def read_card(path: Path) -> Card:
    """Read a card; raises BadInput naming file and field."""
    return io.decode(path.read_bytes(), msgspec.json.Decoder(Card), path)


def _source(place: str) -> tuple[str, dict[str, Any]]:
    """Where transformers looks, and what it is told."""
    path = Path(place).expanduser()
    if path.suffix == ".gguf":
        if not path.is_file():
            raise BadInput("there is no such file", file=path)
        return str(path.parent), {"gguf_file": path.name, "local_files_only": True}
    if path.is_dir():
        for needed in ("config.json", "tokenizer.json"):
            if not (path / needed).is_file():
                reason = "is missing; save model and tokenizer with save_pretrained into this folder"
                raise BadInput(reason, file=path / needed)
        return str(path), {"local_files_only": True}
    if path.is_absolute() or place.startswith((".", "~")) or place.count("/") > 1:
        raise BadInput(f"there is no such folder; lm: takes a folder, a .gguf file, {_KNOWN}", file=path)
    if near := difflib.get_close_matches(place, starts.names(), n=1, cutoff=0.7):
        raise UnknownName("start", place, near)  # rather than to ask the hub for a misspelt name
    return place, {}


def _read(source: str, options: dict[str, Any], precision: Any) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    # Left unset, transformers asks on the terminal whether it may run a folder's code.
    options = {**options, "trust_remote_code": False}
    # Of a folder, weights in safetensors alone: the other format holds a program that makes them.
    kept: dict[str, Any] = (
        {"use_safetensors": True} if options.get("local_files_only") and "gguf_file" not in options else {}
    )
    try:
        with _quietly():
            tokenizer = AutoTokenizer.from_pretrained(source, **options)
            # With output_loading_info: the model, and what was missing in its files.
            made: Any = AutoModelForCausalLM.from_pretrained(
                source, dtype=precision, output_loading_info=True, **kept, **options
            )
    except ImportError:
        raise
    except Exception as error:  # a stranger's files: whatever transformers, torch or the tokenizers make of them
        said = " ".join(str(error).split())[:_SHOWN]
        reason = (
            f"no causal language model that transformers loads ({type(error).__name__}: {said}); "
            f"lm: takes a folder, a .gguf file, {_KNOWN}"
        )
        raise BadInput(reason, file=source) from error
    _check_whole(source, made[0], tokenizer, made[1])
    return made[0], tokenizer


def _check_whole(source: str, model: Any, tokenizer: Any, told: Mapping[str, Any]) -> None:
    """Raise BadInput where weights are missing, which would be random ones, or tokens that the model has no row for."""
    lacking = sorted(told.get("missing_keys", ())) + sorted(str(key) for key in told.get("mismatched_keys", ()))
    if lacking:
        shown = ", ".join(lacking[:_NAMED]) + (f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else "")
        reason = f"expected weights for every tensor of {type(model).__name__}, found none that fit for {shown}"
        raise BadInput(f"{reason}; copy the folder anew", file=source)
    rows, tokens = model.get_input_embeddings().num_embeddings, max(tokenizer.get_vocab().values(), default=-1) + 1
    if tokens > rows:
        reason = f"expected a tokenizer of at most {rows} tokens, as the model has, found {tokens}"
        raise BadInput(f"{reason}; save model and tokenizer of one training into the folder", file=source)


@contextmanager
def _quietly() -> Iterator[None]:
    """Without transformers' progress bars and warnings, which would stand between a command's own lines."""
    from transformers.utils import logging

    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity(ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
