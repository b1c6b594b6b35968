from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from berrypick.corpora import CORPORA
from berrypick.corpora.store import Builder, Corpus, Draft
from berrypick.envs.tasks import Tasks
from berrypick.errors import BadInput
from berrypick.records import Document, Question
from berrypick.registry import UnknownName


def toy_world(split: str, world: int) -> Draft:
    """World w has w + 2 questions; families alternate."""
    questions = [
        Question(f"{split}-{world}-{n}", f"?{n}", "bridge" if n % 2 else "alias", ("x",), (), "", split)
        for n in range(world + 2)
    ]
    return Draft([Document("a", f"A {split} {world}", ("x",))], questions)


@pytest.fixture
def worlds_corpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path))
    monkeypatch.setitem(CORPORA._rows, "toys", Builder(toy_world, {}, 1, "CC0-1.0", worlds=True, audited=False))
    return "toys"


def test_task_ids_interleave_the_worlds(worlds_corpus: str):
    tasks = Tasks(worlds_corpus, (3, 1), "test", None)
    asked = [tasks.at(number).question.id for number in range(6)]
    assert asked == ["test-3-0", "test-1-0", "test-3-1", "test-1-1", "test-3-2", "test-1-2"]
    assert tasks.at(8).question.id == "test-3-4"
    assert tasks.count() == 6  # world 1 has three questions
    assert [tasks.at(number).slot for number in range(4)] == [0, 1, 0, 1]


def test_a_number_of_worlds_means_the_first_ones(worlds_corpus: str):
    assert [Tasks(worlds_corpus, 3, "train", None).at(n).question.id for n in range(3)] == [
        "train-0-0",
        "train-1-0",
        "train-2-0",
    ]


@pytest.mark.parametrize("task_id", [-1, 7, 9, 10**9])
def test_task_ids_out_of_range_are_refused(worlds_corpus: str, task_id: int):
    tasks = Tasks(worlds_corpus, (3, 1), "test", None)
    with pytest.raises(BadInput, match=f"there is no task {task_id} "):
        tasks.at(task_id)


def test_worlds_are_loaded_when_needed_and_once(worlds_corpus: str, tmp_path: Path):
    tasks = Tasks(worlds_corpus, 4, "dev", None)
    assert list(tmp_path.rglob("manifest.json")) == []
    tasks.at(2)
    assert len(list(tmp_path.rglob("manifest.json"))) == 1
    assert Tasks(worlds_corpus, 9, "dev", None).world(2) is tasks.world(2)
    assert tasks.world(2).corpus.documents[0].title == "A dev 2"


def test_questions_are_found_by_id_within_the_filters(worlds_corpus: str):
    tasks = Tasks(worlds_corpus, 3, "test", ("alias",))
    assert tasks.named("test-2-2").slot == 2
    for missing in ("test-2-1", "test-3-0", "train-0-0", ""):  # another family, world, split; nothing
        with pytest.raises(BadInput, match="no question"):
            tasks.named(missing)


def test_draws_are_uniform_over_worlds_then_questions(worlds_corpus: str):
    tasks = Tasks(worlds_corpus, 2, "test", None)
    drawn = Counter(tasks.draw(seed, 0).question.id for seed in range(3000))
    # World 0 has 2 questions of 1/4 each, world 1 has 3 of 1/6: 750 and 500 of 3000, give or take 24 and 20 (one sd).
    expected = {"test-0-0": 750, "test-0-1": 750, "test-1-0": 500, "test-1-1": 500, "test-1-2": 500}
    assert drawn.keys() == expected.keys()
    assert all(abs(drawn[name] - count) < 110 for name, count in expected.items())


def test_draws_depend_on_seed_and_episode_alone(worlds_corpus: str):
    tasks = Tasks(worlds_corpus, 3, "test", None)
    first = [tasks.draw(7, episode).question.id for episode in range(20)]
    assert first == [Tasks(worlds_corpus, 3, "test", None).draw(7, episode).question.id for episode in range(20)]
    assert first != [tasks.draw(8, episode).question.id for episode in range(20)]


def test_families_are_checked_and_filter(worlds_corpus: str):
    assert {q.family for q in Tasks(worlds_corpus, 1, "test", ("bridge",)).questions(0)} == {"bridge"}
    with pytest.raises(UnknownName, match="unknown family 'brigde'; did you mean 'bridge'"):
        Tasks(worlds_corpus, 1, "test", ("alias", "brigde")).questions(0)


@pytest.mark.parametrize("numbers", [0, (), (1, 1), (-1,), 2.0, "2", (1.5,)])
def test_world_numbers_are_checked(worlds_corpus: str, numbers: object):
    with pytest.raises(BadInput, match="worlds"):
        Tasks(worlds_corpus, numbers, "test", None)  # type: ignore[arg-type]


def test_names_are_checked_before_anything_is_loaded(worlds_corpus: str):
    with pytest.raises(UnknownName, match="unknown corpus 'toyz'; did you mean 'toys'"):
        Tasks("toyz", 1, "test", None)
    with pytest.raises(UnknownName, match="unknown split 'valid'; known: dev, test, train"):
        Tasks(worlds_corpus, 1, "valid", None)
    with pytest.raises(BadInput, match="split must be one of train, dev, test"):
        Tasks(worlds_corpus, 1, None, None)


def test_a_corpus_of_one_world_ignores_worlds_and_filters_by_split(toy_corpus: Corpus):
    path = str(toy_corpus.path)
    assert Tasks(path, 5, "test", None).count() == 3
    assert [q.id for q in Tasks(path, (9,), None, None).questions(0)] == ["q1", "q2", "q3"]
    with pytest.raises(BadInput, match=r"toy has no question of split train .* it has test alias: 1, test bridge: 2"):
        Tasks(path, 1, "train", None).questions(0)
