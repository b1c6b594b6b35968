"""FAISS over LSA against NumPy, the graph against the flat index, and damaged folders."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import faiss
import numpy as np
import pytest

from berrypick.corpora import store
from berrypick.corpora.encoders import open_lsa
from berrypick.corpora.engines import dense, open_engine
from berrypick.corpora.engines.ranking import indexed_text
from berrypick.corpora.store import Corpus, Draft
from berrypick.errors import Damaged
from berrypick.records import Document
from berrypick.registry import UnknownName

WORDS = [f"w{number}" for number in range(300)]
QUERIES = ["w1 w2", "w40 w41 w42", "page w7", "w100", "w250 w3 w99"]


def write(folder: Path, count: int) -> Corpus:
    draw = random.Random(2)
    documents = [Document(f"d{n:04}", f"Page {n}", (" ".join(draw.choices(WORDS, k=20)),)) for n in range(count)]
    draft = Draft(documents, [])
    folder.mkdir(parents=True, exist_ok=True)
    store.write(folder, draft, name="t", builder="t", version=1, parameters={}, seed=0, licence="CC0-1.0")
    return store.read(folder)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    corpus = write(tmp_path_factory.mktemp("dense"), 500)
    open_engine("dense", corpus)
    return corpus


def index_of(corpus: Corpus) -> Path:
    (folder,) = (corpus.path / "index").glob("dense-*")
    return folder


@pytest.mark.parametrize("query", QUERIES)
def test_scores_are_cosines_and_only_positive_ones_count(corpus: Corpus, query: str):
    encoder = open_lsa(index_of(corpus))
    cosines = encoder.encode([indexed_text(document) for document in corpus.documents]) @ encoder.encode([query])[0]
    assert (cosines < 0).any()
    hits = open_engine("dense", corpus).search([query], 500)[0]
    assert {hit.index for hit in hits} == set(np.flatnonzero(np.round(cosines.astype(float), 4) > 0).tolist())
    assert [hit.score for hit in hits] == pytest.approx([cosines[hit.index] for hit in hits], abs=1e-4)


def test_the_masked_search_is_left_to_faiss(corpus: Corpus, monkeypatch: pytest.MonkeyPatch):
    """A mask that hides nearly all costs one shallow search, not a fetch of everything."""
    engine = open_engine("dense", corpus)
    full = engine.search(["w1 w2"], 500)[0]
    mask = np.ones(500, dtype=bool)
    kept = [full[-1].index, full[len(full) // 2].index]
    mask[kept] = False
    limits: list[int] = []
    fetch = dense.Dense._fetch

    def counted(self: dense.Dense, vector: np.ndarray, limit: int, parameters: object) -> list[tuple[float, int]]:
        limits.append(limit)
        return fetch(self, vector, limit, parameters)

    monkeypatch.setattr(dense.Dense, "_fetch", counted)
    assert [hit.index for hit in engine.search(["w1 w2"], 2, exclude=mask)[0]] == kept[::-1]
    assert limits == [6]
    assert engine.search(["w1 w2"], 2, exclude=mask.copy())[0] and limits == [6]


def test_the_graph_above_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    flat = open_engine("dense", write(tmp_path / "flat", 500))
    monkeypatch.setattr(dense, "FLAT_LIMIT", 100)
    corpora = [write(tmp_path / name, 500) for name in ("one", "two")]
    engines = [open_engine("dense", corpus) for corpus in corpora]
    first, second = (index_of(corpus) / "vectors.faiss" for corpus in corpora)
    assert isinstance(faiss.read_index(str(first)), faiss.IndexHNSWFlat)
    assert first.read_bytes() == second.read_bytes()
    exact, walked = flat.search(QUERIES, 10), engines[0].search(QUERIES, 10)
    shared = [len({h.index for h in a} & {h.index for h in b}) for a, b in zip(exact, walked, strict=True)]
    assert sum(shared) >= 0.9 * 10 * len(QUERIES)
    mask = np.zeros(500, dtype=bool)
    mask[[hit.index for hit in walked[0]]] = True
    hidden = engines[0].search(QUERIES[:1], 10, exclude=mask)[0]
    assert len(hidden) == 10 and not mask[[hit.index for hit in hidden]].any()
    assert len(engines[0].search(QUERIES[:1], 500)[0]) > 100


def test_threads_are_as_before_after_a_build(tmp_path: Path):
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(before + 1)
    try:
        open_engine("dense", write(tmp_path, 20))
        assert faiss.omp_get_max_threads() == before + 1
    finally:
        faiss.omp_set_num_threads(before)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_vectors_are_memory_mapped(corpus: Corpus):
    engine = open_engine("dense", corpus)
    assert engine.search(["w1"], 1)[0]
    assert str(index_of(corpus) / "vectors.faiss") in Path("/proc/self/maps").read_text()


def test_opening_and_searching_imports_no_sklearn_and_no_torch(corpus: Corpus):
    code = (
        "import sys; from pathlib import Path; from berrypick.corpora import store; "
        "from berrypick.corpora.engines import open_engine; "
        "assert open_engine('dense', store.read(Path(sys.argv[1]))).search(['w1 w2'], 3)[0]; "
        "print([name for name in ('sklearn', 'scipy', 'torch', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(corpus.path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("file", ["vectors.faiss", "lsa.npz", "stamp.json"])
@pytest.mark.parametrize("harm", ["cut", "remove"])
def test_a_damaged_index_is_named(tmp_path: Path, file: str, harm: str):
    corpus = write(tmp_path, 30)
    open_engine("dense", corpus)
    path = index_of(corpus) / file
    data = path.read_bytes()
    path.unlink()
    if harm == "cut":
        path.write_bytes(data[: len(data) // 2])
    with pytest.raises(Damaged, match="delete this folder") as caught:
        open_engine("dense", corpus)
    assert caught.value.file == path.parent


def test_vectors_of_another_shape_are_refused(corpus: Corpus, tmp_path: Path):
    encoder = open_lsa(index_of(corpus))
    with pytest.raises(Damaged, match=f"expected 499 vectors of {encoder.dimensions}"):
        dense.Dense(index_of(corpus), encoder, 499)
    (tmp_path / "vectors.faiss").write_bytes(b"not an index")
    with pytest.raises(Damaged, match="FAISS cannot open the index"):
        dense.Dense(tmp_path, encoder, 500)


def test_the_encoder_is_chosen_by_name(corpus: Corpus):
    assert open_engine("dense:lsa", corpus).search(["w1 w2"], 3) == open_engine("dense", corpus).search(["w1 w2"], 3)
    with pytest.raises(UnknownName, match="unknown encoder 'lsi'; did you mean 'lsa'"):
        open_engine("dense:lsi", corpus)
