"""LSA against scikit-learn's own transform; a transformer against its own hidden states."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
import pytest

from berrypick import seeding
from berrypick.corpora import store
from berrypick.corpora.engines import encoders, open_engine
from berrypick.corpora.engines.encoders import ENCODERS, fit_lsa, open_lsa
from berrypick.corpora.store import Corpus, Draft
from berrypick.records import Document
from berrypick.text import tokens

TEXTS = [" ".join(random.Random(n).choices([f"w{m}" for m in range(700)], k=40)) for n in range(400)]


def test_there_are_encoders():
    assert {"lsa", "hf"} <= set(ENCODERS)


def test_lsa_is_sklearns_transform(tmp_path: Path):
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize
    from threadpoolctl import threadpool_limits

    fit_lsa(TEXTS, tmp_path)
    encoder = open_lsa(tmp_path)
    vectorizer = TfidfVectorizer(analyzer=tokens, sublinear_tf=True, dtype=np.float32)
    svd = TruncatedSVD(256, random_state=int(seeding.rng(0, "encoder", 0).integers(2**32)))
    with threadpool_limits(limits=1):  # as the encoder does: more threads sum in another order
        svd.fit(vectorizer.fit_transform(TEXTS))
    queries = [*TEXTS[:20], "w1", "w2 w2 w2 w3", "w4 unknown W5's", "the w6"]
    expected = normalize(svd.transform(vectorizer.transform(queries)))
    assert encoder.dimensions == 256
    np.testing.assert_allclose(encoder.encode(queries), expected, atol=2e-5)


def test_fitting_twice_gives_the_same_bytes(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        fit_lsa(TEXTS[:100], tmp_path / name)
    a, b = (np.load(tmp_path / name / "lsa.npz", allow_pickle=False) for name in ("a", "b"))
    assert {*a.files} == {"vocabulary", "idf", "components"}
    assert all((a[file] == b[file]).all() for file in a.files)
    assert a["components"].dtype == a["idf"].dtype == np.float32


@pytest.mark.parametrize(
    ("texts", "dimensions"),
    [
        (["one"], 1),
        (["one two three"], 1),
        (["one two", "two three", "three four", "one"], 4),
        (["", "the"], 1),
        (["a b", "", "c"], 2),
    ],
)
def test_small_corpora_get_what_fits(tmp_path: Path, texts: list[str], dimensions: int):
    fit_lsa(texts, tmp_path)
    encoder = open_lsa(tmp_path)
    vectors = encoder.encode([*texts, "one", ""])
    assert encoder.dimensions == dimensions
    assert vectors.shape == (len(texts) + 2, dimensions) and np.isfinite(vectors).all()


def test_rows_are_unit_or_zero_and_do_not_depend_on_their_batch(tmp_path: Path):
    fit_lsa(TEXTS, tmp_path)
    encoder = open_lsa(tmp_path)
    batch = encoder.encode([*TEXTS[:50], "nowhere", ""])
    assert np.linalg.norm(batch, axis=1) == pytest.approx([1.0] * 50 + [0.0, 0.0], abs=1e-6)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS[:50]])
    assert (alone == batch[:50]).all()
    assert encoder.encode([]).shape == (0, 256)


@pytest.mark.filterwarnings("error")
def test_one_text_fits_without_a_warning(tmp_path: Path):
    fit_lsa(["one two three"], tmp_path)
    assert open_lsa(tmp_path).encode(["two"]).tolist() == [[1.0]]


def small_corpus(folder: Path) -> Corpus:
    names = ["plum tree", "pear tree", "red fig", "dry date", "plum jam"]
    draft = Draft([Document(f"d{n}", name, (f"the {name} grows",)) for n, name in enumerate(names)], [])
    folder.mkdir()
    store.write(folder, draft, name="t", builder="t", version=1, parameters={}, seed=0, licence="CC0-1.0")
    return store.read(folder)


def test_missing_extras_say_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"pip install 'berrypick\[train\]'"):
        open_engine("dense:hf:some/model", small_corpus(tmp_path / "corpus"))


def test_hf_needs_a_name(tmp_path: Path):
    with pytest.raises(ValueError, match="hf: needs a hub name or a path"):
        open_engine("dense:hf", small_corpus(tmp_path / "corpus"))


@pytest.fixture
def tiny_bert(tmp_path: Path) -> Path:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "the",
        "plum",
        "pear",
        "tree",
        "fig",
        "date",
        "jam",
        "red",
        "grows",
    ]
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("\n".join(words))
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=24,
    )
    folder = tmp_path / "bert"
    transformers.BertModel(config).save_pretrained(folder)
    transformers.BertTokenizer(vocab=str(vocabulary)).save_pretrained(folder)
    return folder


def test_a_local_transformer_offline(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import torch
    import transformers

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    encoder = encoders.Transformer(str(tiny_bert))
    texts = ["plum tree", "the red fig grows", "", "plum " * 400, "\ud800 pear"]
    vectors = encoder.encode(texts)
    assert vectors.shape == (5, 16) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_allclose(vectors, alone, atol=1e-5)

    model = transformers.AutoModel.from_pretrained(tiny_bert).eval()
    ids = torch.tensor([[2, 6, 8, 3]])  # [CLS] plum tree [SEP]
    with torch.inference_mode():
        mean = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0].mean(0).numpy()
    np.testing.assert_allclose(alone[0], mean / np.linalg.norm(mean), atol=1e-5)

    corpus = small_corpus(tmp_path / "corpus")
    name = f"dense:hf:{tiny_bert}"
    hits = open_engine(name, corpus).search(["plum tree\nthe plum tree grows"], 2)[0]
    assert (hits[0].index, hits[0].score) == (0, 1.0)
    assert open_engine(name, corpus).search(["plum tree\nthe plum tree grows"], 2)[0] == hits
    (tiny_bert / "more.txt").write_text("another model, as far as anybody can tell")
    open_engine(name, corpus)
    assert len(list((corpus.path / "index").glob("dense-*"))) == 2
