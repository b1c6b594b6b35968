"""Encoders: text to unit vectors. ``lsa`` is fitted on the corpus and needs no download; ``hf:`` is any transformer."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from berrypick import io, seeding
from berrypick.errors import BadInput, missing_extra
from berrypick.registry import Table
from berrypick.text import tokens

#: Shape (texts, dimensions), float32.
Vectors = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into vectors whose inner product says how alike the texts are."""

    dimensions: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text: of length 1, or zero where nothing of the text is known."""
        ...


@dataclass(frozen=True)
class EncoderKind:
    """How an encoder is made. ``argument`` is what follows the colon in ``hf:<name or path>``, "" for none.

    Attributes:
        parameters: ``parameters(argument)``: all that the vectors depend on besides the texts; plain JSON.
        fit: ``fit(texts, folder)`` stores what the corpus teaches the encoder.
        open: ``open(folder, argument)`` makes the encoder.
    """

    parameters: Callable[[str], dict[str, Any]]
    fit: Callable[[Sequence[str], Path], None]
    open: Callable[[Path, str], Encoder]


ENCODERS: Table[EncoderKind] = Table("encoder")

_LSA_FILE: Final = "lsa.npz"
_LSA_DIMENSIONS: Final = 256
_HF_BATCH: Final = 32
_HF_TOKENS: Final = 512


class Lsa:
    """Latent semantic analysis (Deerwester et al. 1990): TF-IDF with sublinear tf, projected by a truncated SVD.

    Fitted by scikit-learn, applied by NumPy alone: importing scikit-learn takes longer than all else at a cold start.

    Args:
        vocabulary: the known words.
        idf: shape (words,).
        components: shape (words, dimensions), one row a word.
    """

    def __init__(self, vocabulary: Sequence[str], idf: npt.NDArray[np.float32], components: Vectors) -> None:
        self._row = {word: row for row, word in enumerate(vocabulary)}
        self._idf = idf
        self._components = components
        self.dimensions = int(components.shape[1])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text, zero where no word is known. Rows do not depend on each other."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            counts = Counter(row for word in tokens(text) if (row := self._row.get(word)) is not None)
            if counts:
                rows = np.fromiter(counts.keys(), dtype=np.int64)
                weights = (1 + np.log(np.fromiter(counts.values(), dtype=np.float32))) * self._idf[rows]
                vector[:] = weights @ self._components[rows]
        return _unit(vectors)


def fit_lsa(texts: Sequence[str], folder: Path) -> None:
    """Fit on texts and write words, idf and components (float32) to ``folder / "lsa.npz"``."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from threadpoolctl import threadpool_limits

    bags = [tokens(text) for text in texts]
    words = sorted({word for bag in bags for word in bag})
    # Scikit-learn refuses fewer than two words.
    if len(words) < 2:
        return _write_lsa(folder, words, np.ones(len(words)), np.eye(len(words), 1))
    vectorizer = TfidfVectorizer(analyzer=list, sublinear_tf=True, dtype=np.float32)
    matrix = vectorizer.fit_transform(bags)
    seed = int(seeding.rng(0, "encoder", 0).integers(2**32))
    svd = TruncatedSVD(n_components=min(_LSA_DIMENSIONS, *matrix.shape), random_state=seed)
    # The number of threads changes the order of sums, and so the last bits. One text alone has no variance to explain.
    with threadpool_limits(limits=1), np.errstate(invalid="ignore"):
        svd.fit(matrix)
    _write_lsa(folder, words, vectorizer.idf_, svd.components_.T)


def _write_lsa(folder: Path, words: list[str], idf: npt.NDArray[Any], components: npt.NDArray[Any]) -> None:
    np.savez(
        folder / _LSA_FILE,
        # Words hold no white space; a NumPy array of strings would pad every word to the longest.
        vocabulary=np.frombuffer("\n".join(words).encode(), dtype=np.uint8),
        idf=np.asarray(idf, dtype=np.float32),
        components=np.ascontiguousarray(components, dtype=np.float32),
    )


def lsa_parameters(argument: str) -> dict[str, Any]:
    """Name the encoder's version; it has no other parameter."""
    if argument:
        raise BadInput(f"the lsa encoder takes no argument, got {argument!r}; write 'lsa' alone")
    return {"lsa": 1}


def open_lsa(folder: Path) -> Lsa:
    """Open what ``fit_lsa`` wrote."""
    with np.load(folder / _LSA_FILE, allow_pickle=False) as stored:
        words = stored["vocabulary"].tobytes().decode().split("\n") if stored["vocabulary"].size else []
        return Lsa(words, stored["idf"], stored["components"])


class Transformer:
    """Any transformers encoder: mean of the last hidden states over the text's tokens, to unit length.

    Rows of one batch are padded to one length, which moves the last bits of a vector (within the dense tolerance).

    Args:
        name: hub name, or path to a folder; a path needs no network.
    """

    def __init__(self, name: str) -> None:
        torch, transformers = _import_transformers()
        self._torch = torch
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(name, trust_remote_code=False)
        self._model = transformers.AutoModel.from_pretrained(name, trust_remote_code=False).eval()
        self._longest = min(_HF_TOKENS, getattr(self._model.config, "max_position_embeddings", _HF_TOKENS))
        self.dimensions = int(self._model.config.hidden_size)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), _HF_BATCH):
            batch = [_printable(text) for text in texts[start : start + _HF_BATCH]]
            vectors[start : start + _HF_BATCH] = self._mean_states(batch)
        return _unit(vectors)

    def _mean_states(self, texts: list[str]) -> Vectors:
        inputs = self._tokenizer(texts, padding=True, truncation=True, max_length=self._longest, return_tensors="pt")
        with self._torch.inference_mode():
            states = self._model(**inputs).last_hidden_state.float()
        mask = inputs["attention_mask"].unsqueeze(-1).float()
        mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1.0)
        return np.asarray(mean.numpy(), dtype=np.float32)


def hf_parameters(name: str) -> dict[str, Any]:
    """Name a transformer by what it computes: hashes of a local folder's files, else the hub's commit."""
    if not name:
        raise BadInput("hf: needs a hub name or a path, as in dense:hf:intfloat/e5-small-v2")
    folder = Path(name)
    if folder.is_dir():
        hashes = {path.name: io.sha256(path) for path in sorted(folder.iterdir()) if path.is_file()}
        return {"model": hashlib.sha256(repr(hashes).encode()).hexdigest()}
    _, transformers = _import_transformers()
    return {
        "model": name,
        "commit": transformers.AutoConfig.from_pretrained(name, trust_remote_code=False)._commit_hash,
    }


def _import_transformers() -> tuple[Any, Any]:
    try:
        import torch
        import transformers
    except ImportError as error:
        raise missing_extra(error, "an encoder hf:") from error
    return torch, transformers


def _printable(text: str) -> str:
    """Replace lone surrogates, which fast tokenizers refuse."""
    return text.encode("utf-8", "replace").decode()


def _unit(vectors: Vectors) -> Vectors:
    """Scale rows to length 1; rows of zeros stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = np.divide(vectors, norms, out=vectors, where=norms > 0)
    return unit


def _nothing_to_fit(texts: Sequence[str], folder: Path) -> None:
    """A pretrained encoder learns nothing from the corpus."""


ENCODERS.add(
    "lsa",
    EncoderKind(lsa_parameters, fit_lsa, lambda folder, _: open_lsa(folder)),
    "TF-IDF + truncated SVD, fitted here",
)
ENCODERS.add(
    "hf",
    EncoderKind(hf_parameters, _nothing_to_fit, lambda folder, name: Transformer(name)),
    "hf:<name or path>: a transformers encoder, mean pooling",
)
