"""BM25 in tantivy against a ten-line BM25, and what happens to a folder that somebody touched."""

from __future__ import annotations

import math
import random
import shutil
import subprocess
import sys
from bisect import bisect_right
from collections import Counter
from pathlib import Path

import pytest

from berrypick.corpora import store
from berrypick.corpora.engines import bm25, open_engine
from berrypick.corpora.engines.ranking import MAX_QUERY_TERMS, query_terms
from berrypick.corpora.index_cache import STAMP
from berrypick.corpora.store import Corpus, Draft
from berrypick.errors import Damaged
from berrypick.records import Document
from berrypick.text import tokens

WORDS = [f"w{number}" for number in range(400)]


def write(folder: Path, documents: list[Document]) -> Corpus:
    folder.mkdir(parents=True, exist_ok=True)
    draft = Draft(documents, [])
    store.write(folder, draft, name="t", builder="t", version=1, parameters={}, seed=0, licence="CC0-1.0")
    return store.read(folder)


def pages(count: int, shortest: int, longest: int) -> list[Document]:
    draw = random.Random(3)
    weights = [1 / (rank + 1) for rank in range(len(WORDS))]
    made = []
    for n in range(count):
        text = " ".join(draw.choices(WORDS, weights, k=draw.randint(shortest, longest)))
        made.append(Document(f"d{n:04}", "!" * (n + 1), (text,)))
    return made


def small_float_lengths() -> list[int]:
    """Lengths that Lucene and tantivy can store in one byte: exact up to 40, then steps of 1/8, rounded down.

    Lucene's SmallFloat: 24 values are stored as they are, the rest as 24 + a float of 4 significant bits.
    """
    lengths = list(range(24))
    for code in range(256 - 24):
        mantissa, shift = (code & 7, -1) if code < 8 else ((code & 7) | 8, (code >> 3) - 1)
        lengths.append(24 + (mantissa if shift < 0 else mantissa << shift))
    return lengths


def reference(documents: list[list[str]], query: list[str], quantise: bool = True) -> list[float]:
    """Lucene's BM25, k1 = 1.2, b = 0.75: sum of ln(1 + (N-n+.5) / (n+.5)) * tf (k1+1) / (tf + k1 (1 - b + b l / L))."""
    steps = small_float_lengths()
    mean = sum(map(len, documents)) / len(documents)
    seen = Counter(word for words in documents for word in set(words))
    scores = []
    for words in documents:
        length = steps[bisect_right(steps, len(words)) - 1] if quantise else len(words)
        counts, score = Counter(words), 0.0
        for word in query:
            idf = math.log(1 + (len(documents) - seen[word] + 0.5) / (seen[word] + 0.5))
            score += idf * counts[word] * 2.2 / (counts[word] + 1.2 * (0.25 + 0.75 * length / mean))
        scores.append(score)
    return scores


def queries(count: int) -> list[list[str]]:
    draw = random.Random(5)
    return [list(dict.fromkeys(draw.choices(WORDS[:150], k=draw.randint(1, 6)))) for _ in range(count)]


@pytest.mark.parametrize("quantise", [True, False])
def test_scores_are_lucenes(tmp_path: Path, quantise: bool):
    """Exact (to the last digit shown) with one-byte lengths; with true lengths within 7 % (steps are 1/8 wide)."""
    documents = pages(250, 5, 120)
    engine = open_engine("bm25", write(tmp_path, documents))
    words = [tokens(document.text) for document in documents]
    for query in queries(25):
        expected = reference(words, query, quantise)
        hits = engine.search([" ".join(query)], len(documents))[0]
        assert sorted(hit.index for hit in hits) == [n for n, score in enumerate(expected) if score > 0]
        for hit in hits:
            close = {"abs": 1e-4} if quantise else {"rel": 0.07}
            assert hit.score == pytest.approx(expected[hit.index], **close)


def test_ranking_is_lucenes_where_lengths_are_exact(tmp_path: Path):
    """Below 40 words nothing is lost in the stored lengths, so the whole list agrees, ties (4 digits) by position."""
    documents = pages(200, 4, 39)
    engine = open_engine("bm25", write(tmp_path, documents))
    words = [tokens(document.text) for document in documents]
    for query in queries(25):
        scores = reference(words, query, quantise=False)
        best = {hit.index: hit.score for hit in engine.search([" ".join(query)], 10)[0]}
        order = sorted(range(len(scores)), key=lambda n: (-round(scores[n], 4), n))[:10]
        # A score on the border of two roundings may go either way, hence the tolerance instead of equal lists.
        assert [scores[n] for n in best] == pytest.approx([scores[n] for n in order if scores[n] > 0], abs=2e-4)


def test_one_document_by_hand(tmp_path: Path):
    # N = 2, n = 1: idf = ln(1 + 1.5 / 1.5) = 0.6931. Lengths 2 and 4, mean 3, tf = 1:
    # 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 3)) = 2.2 / 1.9 = 1.1579; 0.6931 * 1.1579 = 0.8026.
    corpus = write(tmp_path, [Document("a", "!", ("plum pear",)), Document("b", "?", ("fig fig fig date",))])
    (hit,) = open_engine("bm25", corpus).search(["plum"], 5)[0]
    assert (hit.index, hit.score) == (0, 0.8026)
    # tf = 3, length 4: 6.6 / (3 + 1.2 * (0.25 + 0.75 * 4 / 3)) = 6.6 / 4.5 = 1.4667; times 0.6931 = 1.0166.
    assert open_engine("bm25", corpus).search(["fig"], 5)[0][0].score == 1.0166


def test_title_and_text_are_one_field(tmp_path: Path):
    corpus = write(
        tmp_path, [Document("a", "Plum", ("pear",)), Document("b", "Pear", ("plum",)), Document("c", "Fig", ())]
    )
    hits = open_engine("bm25", corpus).search(["plum"], 5)[0]
    assert [hit.index for hit in hits] == [0, 1]
    assert hits[0].score == hits[1].score


def test_a_query_is_a_bag_of_distinct_words(tmp_path: Path):
    engine = open_engine("bm25", write(tmp_path, pages(120, 5, 60)))
    wanted = engine.search(["w1 w2 w30 w41"], 20)
    assert engine.search(["w41 W30 w1 w2 w2 the"], 20) == wanted
    assert engine.search(["What of w2, w1 & (w41) -- w30's?"], 20) == wanted


def test_words_beyond_the_cap_count_nothing():
    long = " ".join(f"x{n}" for n in range(MAX_QUERY_TERMS))
    assert query_terms(f"{long} w1") == sorted(f"x{n}" for n in range(MAX_QUERY_TERMS))
    assert query_terms("w2 w1 w2") == ["w1", "w2"]


def test_the_index_is_reused_memory_mapped_and_beside_the_corpus(tmp_path: Path):
    corpus = write(tmp_path, pages(50, 5, 20))
    engine = open_engine("bm25", corpus)
    (folder,) = (corpus.path / "index").iterdir()
    built = {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if not path.name.startswith(".")}
    again = open_engine("bm25", corpus)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if not path.name.startswith(".")} == built
    assert again.search(["w1"], 3) == engine.search(["w1"], 3)
    if sys.platform == "linux":
        assert str(folder) in Path("/proc/self/maps").read_text()


@pytest.fixture
def indexed(tmp_path: Path) -> tuple[Corpus, Path]:
    corpus = write(tmp_path / "corpus", pages(50, 5, 20))
    open_engine("bm25", corpus)
    (folder,) = (corpus.path / "index").iterdir()
    return corpus, folder


FILES = ("idx", "term", "fieldnorm", "fast", "store", "meta.json", STAMP)


def _file(folder: Path, kind: str) -> Path:
    return next(path for path in folder.iterdir() if path.name == kind or path.suffix == f".{kind}")


def _replace(path: Path, data: bytes) -> None:
    # Not in place: a thread of tantivy's may still be opening the mapped file, and a mapping cut short is a SIGBUS.
    path.unlink()
    path.write_bytes(data)


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("harm", ["cut", "flip", "remove"])
def test_a_damaged_index_is_named(indexed: tuple[Corpus, Path], kind: str, harm: str):
    corpus, folder = indexed
    path = _file(folder, kind)
    data = bytearray(path.read_bytes())
    if harm == "remove":
        path.unlink()
    elif harm == "cut":
        _replace(path, data[: len(data) // 2])
    else:
        data[len(data) // 2] ^= 0xFF
        _replace(path, data)
    with pytest.raises(Damaged, match="delete this folder") as caught:
        open_engine("bm25", corpus)
    assert caught.value.file == folder


def test_a_file_in_the_index_folders_place_is_named(indexed: tuple[Corpus, Path]):
    corpus, folder = indexed
    shutil.rmtree(folder)
    folder.write_bytes(b"")
    with pytest.raises(Damaged, match=r"stamp\.json is missing; delete this") as caught:
        open_engine("bm25", corpus)
    assert caught.value.file == folder


def test_a_deleted_index_is_built_again(indexed: tuple[Corpus, Path]):
    corpus, folder = indexed
    shutil.rmtree(folder)
    open_engine("bm25", corpus)
    assert folder.is_dir()


def test_the_index_of_another_corpus_is_refused(indexed: tuple[Corpus, Path], tmp_path: Path):
    corpus, folder = indexed
    other = write(tmp_path / "other", pages(49, 5, 20))
    open_engine("bm25", other)
    (theirs,) = (other.path / "index").iterdir()
    shutil.rmtree(folder)
    shutil.copytree(theirs, folder)
    with pytest.raises(Damaged, match="of another corpus"):
        open_engine("bm25", corpus)


def test_an_index_in_another_order_is_refused(indexed: tuple[Corpus, Path], monkeypatch: pytest.MonkeyPatch):
    corpus, folder = indexed
    with pytest.raises(Damaged, match="expected 1 segment of 51 documents, found 1 of 50"):
        bm25.Bm25(folder, len(corpus.documents) + 1)
    folder.rename(folder.with_name("left"))  # not deleted: the writer that indexed it may still be tidying up
    folder.mkdir()
    real = bm25.tantivy.Document
    turned = lambda **fields: real(**{**fields, "position": (fields["position"] + 1) % 50})  # noqa: E731
    monkeypatch.setattr(bm25.tantivy, "Document", turned)
    bm25._build(corpus, folder)
    with pytest.raises(Damaged, match="not in the corpus's order"):
        bm25.Bm25(folder, len(corpus.documents))


def test_another_version_is_another_folder(indexed: tuple[Corpus, Path], monkeypatch: pytest.MonkeyPatch):
    corpus, folder = indexed
    monkeypatch.setattr(bm25, "VERSION", bm25.VERSION + 1)
    open_engine("bm25", corpus)
    assert len(list(folder.parent.iterdir())) == 2


def test_processes_that_index_at_once_share_one_result(tmp_path: Path):
    corpus = write(tmp_path, pages(300, 20, 60))
    code = (
        "import sys; from pathlib import Path; from berrypick.corpora import store; "
        "from berrypick.corpora.engines import open_engine; "
        "print(open_engine('bm25', store.read(Path(sys.argv[1]))).search(['w1 w2'], 5))"
    )
    command = [sys.executable, "-P", "-c", code, str(corpus.path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    printed = {process.communicate()[0] for process in running}
    assert len(printed) == 1 and "Hit" in printed.pop()
    assert [path.name.startswith("bm25-") for path in (corpus.path / "index").iterdir()] == [True]


def test_a_deep_search_agrees_with_a_shallow_one_past_the_remembered_depth(tmp_path: Path):
    corpus = write(tmp_path, pages(900, 5, 30))
    engine = open_engine("bm25", corpus)
    deep = engine.search(["w0 w1"], 900)[0]
    assert len(deep) > 600
    assert engine.search(["w0 w1"], 400)[0] == deep[:400]
    assert engine.search(["w0 w1"], 900)[0] == deep
