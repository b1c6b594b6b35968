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
from berrypick.corpora.engines import dense, open_engine, vectors
from berrypick.corpora.engines.encoders import open_lsa
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


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any corpus is large."""
    monkeypatch.setattr(vectors, "LAYOUTS", vectors.LAYOUTS[1:])


@pytest.mark.usefixtures("codes")
def test_codes_of_a_large_corpus_find_what_all_vectors_find(tmp_path: Path):
    corpora = [write(tmp_path / name, 3000) for name in ("one", "two")]
    engines = [open_engine("dense", corpus) for corpus in corpora]
    first, second = (index_of(corpus) / "vectors.faiss" for corpus in corpora)
    assert isinstance(faiss.read_index(str(first)), faiss.IndexRefine)
    assert first.read_bytes() == second.read_bytes()
    encoder = open_lsa(index_of(corpora[0]))
    stored = encoder.encode([indexed_text(document) for document in corpora[0].documents])
    for query in QUERIES[:3]:
        exact = stored @ encoder.encode([query])[0]
        hits = engines[0].search([query], 10)[0]
        # Right is what scores as the tenth best or better, within the tolerance of 8 bits a dimension.
        assert sum(exact[hit.index] >= np.sort(exact)[-10] - 5e-3 for hit in hits) >= 9
        assert [hit.score for hit in hits] == pytest.approx([exact[hit.index] for hit in hits], abs=5e-3)


@pytest.mark.usefixtures("codes")
def test_a_list_of_a_large_corpus_does_not_depend_on_how_deep_it_was_asked_for(tmp_path: Path):
    corpus = write(tmp_path, 3000)
    deep = open_engine("dense", corpus).search(QUERIES[:1], 100)[0]
    engine = open_engine("dense", corpus)
    assert engine.search(QUERIES[:1], 3)[0] == deep[:3]
    assert engine.search(QUERIES[:1], 100)[0] == deep
    mask = np.zeros(3000, dtype=bool)
    mask[[hit.index for hit in deep[:10]]] = True
    assert engine.search(QUERIES[:1], 5, exclude=mask)[0] == deep[10:15]
    assert len(engine.search(QUERIES[:1], 3000)[0]) <= vectors.SHORTLIST


def test_the_layout_follows_the_number_of_documents():
    assert vectors.layout_for(1) is vectors.layout_for(200_000) is vectors.LAYOUTS[0]
    assert vectors.layout_for(200_001) is vectors.LAYOUTS[1]
    assert vectors.LAYOUTS[1].make(7).d == 7  # seven parts of one dimension each


def test_an_encoder_is_fitted_on_a_sample_of_what_is_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = open_lsa(index_of_opened(write(tmp_path / "whole", 60)))
    monkeypatch.setattr(dense, "SAMPLE", 40)
    folders = [index_of_opened(write(tmp_path / name, 60)) for name in ("one", "two")]
    first, second = ((folder / "lsa.npz").read_bytes() for folder in folders)
    assert first == second
    assert len(open_lsa(folders[0])._row) < len(whole._row)


def index_of_opened(corpus: Corpus) -> Path:
    open_engine("dense", corpus)
    return index_of(corpus)


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
