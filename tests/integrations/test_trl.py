from __future__ import annotations

from importlib.util import find_spec

import pytest

from berrypick.envs.search import SearchEnv
from berrypick.integrations.trl import Reward, dataset_rows, environment_factory, prepare

ARGUMENTS = {"corpus": "almanac-even", "worlds": 1}


def _answer(task_id: int) -> str:
    return SearchEnv(**ARGUMENTS).tasks.at(task_id).question.answers[0]


def _say(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def test_the_tools_are_all_that_is_public() -> None:
    for native, tools in ((True, {"search", "open", "answer"}), (False, {"act"})):
        made = environment_factory(native, **ARGUMENTS)()
        assert {name for name in dir(made) if not name.startswith("_")} - {"reset"} == tools


def test_a_last_message_is_the_answer_and_is_paid() -> None:
    native, tags = environment_factory(True, **ARGUMENTS), environment_factory(False, **ARGUMENTS)
    right = _answer(3)
    for factory, text in ((native, right), (tags, f"<answer>{right}</answer>")):
        good, bad = factory(), factory()
        for episode in (good, bad):
            episode.reset(task_id=3)
        wrong = text.replace(right, "nobody")
        assert Reward()([_say(text), _say(wrong)], [good, bad]) == [1.0, 0.0]


def test_an_answer_by_tool_is_not_played_twice() -> None:
    episode = environment_factory(True, **ARGUMENTS)()
    episode.reset(task_id=3)
    episode.answer(_answer(3))
    assert Reward()([_say("nobody")], [episode]) == [1.0]


def test_rollouts_without_an_answer_count_as_wrong() -> None:
    logged: dict[str, float] = {}
    episode, cut = (environment_factory(True, **ARGUMENTS)() for _ in range(2))
    for one in (episode, cut):
        one.reset(task_id=3)
    tool = {"role": "tool", "content": "a page"}
    assert Reward()([_say(_answer(3)), [tool]], [episode, cut], log_metric=logged.__setitem__) == [1.0, 0.0]
    assert logged["search/unfinished"] == 0.5
    assert logged["search/EM"] == 0.5
    assert "search/strategies_D2" not in logged  # one question supports no estimate


def test_episodes_that_run_out_of_turns_are_unfinished() -> None:
    logged: dict[str, float] = {}
    episode = environment_factory(True, max_turns=2, **ARGUMENTS)()
    episode.reset(task_id=3)
    for _ in range(2):
        episode.search("the head of the school")
    assert Reward()([_say(_answer(3))], [episode], log_metric=logged.__setitem__) == [0.0]
    assert logged["search/unfinished"] == 1.0


def test_reset_forgets_the_last_episode() -> None:
    episode = environment_factory(True, **ARGUMENTS)()
    first = episode.reset(task_id=3)
    seen = episode.search("the head of the school")
    episode.answer("nobody")
    assert episode.reset(task_id=3) == first
    assert episode.search("the head of the school") == seen


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("trl"), reason="needs the extra trl")
def test_the_trainer_makes_a_step_and_logs_strategies(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    from berrypick.agents.lm.load import load

    policy = load("tiny-even")
    model, tokenizer = prepare(policy.model, policy.tokenizer)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    trainer = GRPOTrainer(
        model=model,
        processing_class=tokenizer,
        reward_funcs=Reward(),
        args=GRPOConfig(
            output_dir=str(tmp_path),
            max_steps=1,
            per_device_train_batch_size=32,
            num_generations=4,
            max_completion_length=policy.positions,
            max_tool_calling_iterations=9,
            generation_kwargs={"max_new_tokens": policy.card.max_new_tokens},
            learning_rate=1e-4,
            bf16=False,
            use_cpu=True,
            report_to="none",
            mask_truncated_completions=True,  # a closing tag is an end; else no token would be left to learn from
            logging_steps=1,
            save_strategy="no",
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list(list(dataset_rows(16, protocol="tags", **ARGUMENTS))),
        environment_factory=environment_factory(False, **ARGUMENTS),
    )
    trainer.train()
    logged = trainer.state.log_history[0]
    assert logged["search/episodes"] == 32
    assert logged["search/searches"] > 1
    assert logged["search/EM"] == pytest.approx(logged["rewards/berrypick/mean"], abs=1e-6)
    assert any(not value.equal(before[name]) for name, value in model.named_parameters())
