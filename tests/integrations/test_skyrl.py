"""The class in the real package's registry, its steps, and its averages."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

skyrl_gym = pytest.importorskip("skyrl_gym", reason="pip install 'berrypick[skyrl]'")

from omegaconf import OmegaConf
from skyrl_gym.metrics import aggregate_for_environment

from berrypick.corpora.store import Corpus
from berrypick.envs.search import SearchEnv
from berrypick.errors import BadInput
from berrypick.integrations.skyrl import ENV_ID, SearchTextEnv, dataset_rows, register


def arguments(corpus: Corpus) -> dict[str, Any]:
    return {"corpus": str(corpus.path), "split": "test", "engines": ["bm25"]}


def make(corpus: Corpus, task: int = 0, **extras: Any) -> Any:
    register()
    return skyrl_gym.make(ENV_ID, env_config=OmegaConf.create(arguments(corpus)), extras={"task_id": task, **extras})


ACTIONS = (
    '<search topk="1">staff T. Thornwell</search>',
    "nothing to do",
    "<open>Staff of Northern Halvard Foundry (1)</open>",
    "<think>It is there.</think><answer>Quillport</answer>",
)


def test_an_episode_is_that_of_the_environment(toy_corpus: Corpus):
    env = make(toy_corpus)
    local = SearchEnv(**arguments(toy_corpus))
    system = {"role": "system", "content": "Be brief."}
    prompt, info = env.init([system, {"role": "user", "content": "old"}])
    task, _ = local.reset(options={"task_id": 0})
    assert prompt == [system, {"role": "user", "content": task}] and info == {"question_id": "q1"}
    for action in ACTIONS:
        said = env.step(action)
        seen, reward, terminated, truncated, _ = local.step(action)
        done = terminated or truncated
        assert said["observations"] == ([] if done else [{"role": "user", "content": seen}])
        assert (said["reward"], said["done"]) == (reward, done)
    assert said["reward"] == 1.0
    assert env.get_metrics()["invalid"] == 1


def test_every_form_of_configuration_is_read(toy_corpus: Corpus):
    config = dataclasses.make_dataclass("Config", [("corpus", str), ("split", str), ("engines", list)])
    given = arguments(toy_corpus)
    prompts = [
        SearchTextEnv(form, {"task_id": 1}).init([])[0] for form in (given, OmegaConf.create(given), config(**given))
    ]
    prompts.append(SearchTextEnv(None, {"task_id": 1, "berrypick": {**given, "knockouts": None}}).init([])[0])
    assert all(prompt == prompts[0] for prompt in prompts)


def test_metrics_are_averaged_through_the_registry(toy_corpus: Corpus):
    rows = []
    for answer in ("Quillport", "elsewhere"):
        env = make(toy_corpus)
        env.step(f"<answer>{answer}</answer>")
        rows.append(json.loads(json.dumps(env.get_metrics())))
    said = aggregate_for_environment(ENV_ID, rows)
    assert said["em"] == said["reward"] == 0.5 and said["episodes"] == 2.0
    assert all(isinstance(value, float) for value in said.values())


def test_rows_of_a_data_set_make_the_environments(toy_corpus: Corpus):
    rows = list(dataset_rows(**arguments(toy_corpus)))
    assert [row["task_id"] for row in rows] == [0, 1, 2] and {row["env_class"] for row in rows} == {ENV_ID}
    for row in json.loads(json.dumps(rows)):
        env = SearchTextEnv(None, row)
        assert env.init(row["prompt"])[0] == row["prompt"]
    assert len(list(dataset_rows(2, **arguments(toy_corpus)))) == 2
    with pytest.raises(BadInput, match="at most 3"):
        list(dataset_rows(4, **arguments(toy_corpus)))


@pytest.mark.parametrize("extras", [{}, {"task_id": "0"}, {"task_id": 7}])
def test_a_row_without_its_question_is_refused(toy_corpus: Corpus, extras: dict[str, Any]):
    with pytest.raises(BadInput) as error:
        SearchTextEnv(arguments(toy_corpus), extras)
    assert error.value.field == "task_id"


def test_faults_follow_the_seed_of_the_row(toy_corpus: Corpus):
    def seen(seed: int) -> list[Any]:
        env = make(toy_corpus, seed=seed, berrypick={"faults": ["dropout:0.5"]})
        return [env.step('<search topk="10">Northern Halvard Foundry</search>')["observations"] for _ in range(4)]

    assert seen(1) == seen(1)
    assert len({json.dumps(seen(seed)) for seed in range(5)}) > 1
