"""The text track's learner: what it records is what it scores, and nothing but its own words is trained on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from berrypick import agents, seeding
from berrypick.agents.lm.load import Card, load, pack
from berrypick.agents.lm.tiny import make_tiny
from berrypick.agents.lm.tokenizer import END, make_tokenizer
from berrypick.agents.methods.batch import TOKEN_TYPES, Batch
from berrypick.agents.training.learner import RolloutBatch
from berrypick.agents.training.text.learner import TextLearner
from berrypick.agents.training.text.ngrams import StrategicNgrams
from berrypick.agents.training.text.planning import spoken
from berrypick.agents.training.text.reflection import InformationGain
from berrypick.envs.search import SearchEnv
from berrypick.errors import BadInput

CARD = Card(("almanac",), ("tags",), 0.8, 6)
TOKENIZER = make_tokenizer()


def make_env(**changes) -> SearchEnv:
    return SearchEnv(**{"corpus": "almanac-tiny", "worlds": 1, "engines": ["bm25"], "max_turns": 3, **changes})


def make(card: Card = CARD, **changes) -> TextLearner:
    """A policy that has learnt nothing but to like tags and the question's words."""
    model = make_tiny(len(TOKENIZER), 0)
    tags = [number for token, number in TOKENIZER.get_vocab().items() if token.startswith(("<answer", "</answer"))]
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if not name.endswith(("q_norm.weight", "k_norm.weight")):  # they would only magnify rounding
                weights.mul_(2.0)
        model.model.embed_tokens.weight[tags] *= 3.0
    return TextLearner(pack(model, TOKENIZER, card), lambda: make_env(**changes))


@pytest.fixture(scope="module")
def learner() -> TextLearner:
    return make()


@pytest.fixture(scope="module")
def played(learner: TextLearner) -> RolloutBatch:
    return learner.play(5, 20, 3, 4)


def everything(batch: Batch) -> torch.Tensor:
    return torch.arange(len(batch.reward))


PLACES = [(20, 4), (21, 5), (21, 6)]
CRITIQUES = ["This is not the answer.", "", "The searches are used up. This is not the answer."]


@pytest.fixture(scope="module")
def refined(learner: TextLearner) -> RolloutBatch:
    return learner.refine(5, PLACES, CRITIQUES)


def test_refinements_stand_behind_the_prompt_without_the_critique(
    learner: TextLearner, played: RolloutBatch, refined: RolloutBatch
):
    batch, first = refined.batch, played.batch
    assert batch.off is not None and batch.off.all() and batch.group.tolist() == [0, 1, 1]
    for row, question in enumerate((0, 4, 4)):
        assert refined.traces[row].question == played.traces[question].question
        assert refined.traces[row].prompt == played.traces[question].prompt
        prompt = int(batch.mask[row].int().argmax())
        assert batch.inputs["ids"][row, :prompt].tolist() == first.inputs["ids"][question, :prompt].tolist()
        assert int(first.mask[question].int().argmax()) == prompt
        written = "".join(turn.raw for turn in refined.traces[row].turns)
        tokens = batch.inputs["ids"][row][batch.mask[row]].tolist()
        assert "".join(written.split()) == "".join(TOKENIZER.decode(tokens, skip_special_tokens=True).split())


def test_refinements_are_scored_as_if_they_had_read_nothing(learner: TextLearner, refined: RolloutBatch):
    with torch.no_grad():
        new, entropy = learner.score(learner.module, refined.batch, everything(refined.batch))
    assert torch.equal(new, refined.batch.old_logprobs) and torch.equal(entropy, refined.batch.entropy)


def test_refinements_read_their_critique_and_are_the_same_each_time(learner: TextLearner, refined: RolloutBatch):
    def ids(critiques):
        batch = learner.refine(5, PLACES, critiques).batch
        return [batch.inputs["ids"][row][batch.mask[row]].tolist() for row in range(len(PLACES))]

    assert ids(CRITIQUES) == [
        refined.batch.inputs["ids"][row][refined.batch.mask[row]].tolist() for row in range(len(PLACES))
    ]
    other = ids(["The answer is Hale Brockberg."] * 3)
    assert all(one != two for one, two in zip(ids(CRITIQUES), other, strict=True))


def test_further_rollouts_are_those_that_a_larger_group_would_have_had(learner: TextLearner, played: RolloutBatch):
    further = learner.refine(5, [(20, 2), (21, 3)], None)
    assert further.batch.off is None
    for row, place in enumerate((2, 7)):  # groups of four
        assert further.traces[row].turns == played.traces[place].turns
        width = further.batch.mask.shape[1]
        assert torch.allclose(further.batch.old_logprobs[row], played.batch.old_logprobs[place][:width], atol=1e-5)


def test_what_was_sampled_scores_as_it_was_recorded(learner: TextLearner, played: RolloutBatch):
    batch = played.batch
    with torch.no_grad():
        new, entropy = learner.score(learner.module, batch, everything(batch))
    assert new.shape == entropy.shape == batch.mask.shape and batch.mask.sum() > 100
    assert torch.allclose(new, batch.old_logprobs, atol=1e-4, rtol=0) and torch.allclose(
        entropy, batch.entropy, atol=1e-4
    )
    assert not new[~batch.mask].any() and not entropy[~batch.mask].any()


def test_full_logits_score_as_chosen_ones(learner: TextLearner, played: RolloutBatch, monkeypatch: pytest.MonkeyPatch):
    rows = torch.tensor([7, 2])
    chosen = learner.score(learner.module, played.batch, rows)
    assert learner._selects
    monkeypatch.setattr(learner, "_selects", False)
    for one, other in zip(chosen, learner.score(learner.module, played.batch, rows), strict=True):
        assert torch.allclose(one, other, atol=1e-5) and one.shape[0] == 2


def test_only_what_the_policy_wrote_is_masked(learner: TextLearner, played: RolloutBatch):
    """The masked tokens of a turn say what the trace says was written; the others the prompt and what came back."""
    batch = played.batch
    for row, trace in enumerate(played.traces):
        ids, mask, turn_of = batch.inputs["ids"][row], batch.mask[row], batch.turn[row]
        assert learner._script.opening(trace.prompt) == ids[: int(mask.int().argmax())].tolist()
        for number, turn in enumerate(trace.turns):
            written = ids[mask & (turn_of == number)].tolist()
            assert learner._script.text(written) == turn.raw
        assert int(turn_of[mask].max()) == len(trace.turns) - 1


def test_what_the_environment_said_is_no_target(learner: TextLearner, played: RolloutBatch):
    """With an observation's tokens exchanged, nothing before it changes, and it has no score of its own."""
    batch = played.batch
    later = (~batch.mask) & (batch.turn == 1)
    assert later.any()
    ids = batch.inputs["ids"].masked_fill(later, 9)
    other = replace(batch, inputs={"ids": ids})
    with torch.no_grad():
        new, _ = learner.score(learner.module, other, everything(batch))
        same, _ = learner.score(learner.module, batch, everything(batch))
    assert not new[~batch.mask].any() and torch.allclose(new[batch.turn == 0], same[batch.turn == 0], atol=1e-5)
    assert not torch.allclose(new, same, atol=1e-3)


def test_gradients_reach_the_weights_and_add_up_over_parts(learner: TextLearner, played: RolloutBatch):
    batch = played.batch

    def gradient(*parts: torch.Tensor) -> torch.Tensor:
        learner.module.zero_grad()
        for rows in parts:
            new, entropy = learner.score(learner.module, batch, rows)
            (new.sum() + entropy.sum()).backward()
        return torch.cat([weights.grad.flatten() for weights in learner.module.parameters()])

    whole, split = gradient(everything(batch)), gradient(*everything(batch).split(5))
    learner.module.zero_grad()
    assert whole.abs().max() > 0 and torch.allclose(whole, split, rtol=1e-3, atol=1e-3 * float(whole.abs().max()))


def test_the_same_seed_and_episode_play_the_same_bytes(learner: TextLearner, played: RolloutBatch):
    again = make().play(5, 20, 3, 4)
    for name in ("reward", "group", "strategy_id", "mask", "old_logprobs", "entropy", "token_type", "turn"):
        assert torch.equal(getattr(again.batch, name), getattr(played.batch, name)), name
    assert torch.equal(again.batch.inputs["ids"], played.batch.inputs["ids"])
    assert [trace.turns for trace in again.traces] == [trace.turns for trace in played.traces]
    assert [trace.turns for trace in learner.play(6, 20, 3, 4).traces] != [trace.turns for trace in played.traces]


def test_groups_play_alone_as_they_play_together(learner: TextLearner, played: RolloutBatch):
    for group in range(3):
        alone = learner.play(5, 20 + group, 1, 4)
        together = played.traces[4 * group : 4 * group + 4]
        assert [trace.turns for trace in alone.traces] == [trace.turns for trace in together]
        width, rows = alone.batch.mask.shape[1], slice(4 * group, 4 * group + 4)
        for name in ("old_logprobs", "entropy"):
            both = getattr(played.batch, name)[rows, :width], getattr(alone.batch, name)
            assert torch.allclose(*both, atol=1e-5, rtol=0), name
        assert torch.equal(played.batch.token_type[rows, :width], alone.batch.token_type)


def test_a_group_is_asked_the_task_that_is_drawn(played: RolloutBatch):
    tasks = make_env().tasks
    for row, trace in enumerate(played.traces):
        assert trace.question.id == tasks.draw(5, 20 + row // 4).question.id
        assert int(played.batch.group[row]) == row // 4
        assert float(played.batch.reward[row]) == trace.reward and played.outcomes[row].tokens >= 0
    assert len({id(trace) for trace in played.traces}) == 12


def test_a_rollout_samples_with_its_own_generator(learner: TextLearner):
    """The first token of rollout 1 of the group is where its first uniform falls in the distribution."""
    batch = learner.play(5, 20, 1, 2).batch
    first = int(batch.mask[1].int().argmax())
    with torch.no_grad():
        logits = learner.module(batch.inputs["ids"][1:2, :first]).logits[0, -1]
    heaped = torch.softmax(logits.double() / 0.8, 0).cumsum(0).numpy()
    drawn = seeding.rollout_rng(5, "sampling", 20, 1).random()
    assert int(batch.inputs["ids"][1, first]) == int(np.searchsorted(heaped, drawn, side="right"))


def test_kinds_stand_at_generated_tokens(learner: TextLearner, played: RolloutBatch):
    """In a turn whose first tag is <answer>: thought before it, a tool token there, the answer after it."""
    batch, found = played.batch, 0
    assert not batch.token_type[~batch.mask].any()
    for row, trace in enumerate(played.traces):
        for turn in range(len(trace.turns)):
            own = batch.mask[row] & (batch.turn[row] == turn)
            tokens = TOKENIZER.convert_ids_to_tokens(batch.inputs["ids"][row, own].tolist())
            kinds = [TOKEN_TYPES[kind] for kind in batch.token_type[row, own].tolist()]
            first = next((place for place, token in enumerate(tokens) if token.startswith("<")), len(tokens))
            assert kinds[:first] == ["think"] * first
            if tokens[first : first + 1] == ["<answer>"]:
                found += 1
                rest = [token for token in tokens[first + 1 :] if token not in ("</answer>", END)]
                assert kinds[first] == "tool" and kinds[first + 1 :][: len(rest)] == ["answer"] * len(rest)
    assert found


def test_planning_stands_at_generated_tokens_and_tags_are_planning(played: RolloutBatch):
    batch = played.batch
    assert not batch.planning[~batch.mask].any() and not batch.extra
    tool, answer = (batch.mask & (batch.token_type == TOKEN_TYPES.index(kind)) for kind in ("tool", "answer"))
    assert tool.any() and batch.planning[tool].all() and not batch.planning[answer].any()
    assert (batch.uniform >= 0).all() and (batch.uniform < 1).all() and len(batch.uniform[batch.mask].unique()) > 100


def test_grams_that_are_known_are_looked_for(played: RolloutBatch):
    """The policy has learnt nothing: any three of its words that stand in a row will do."""
    words = next(
        [word.text for word in phrase[:3]]
        for trace in played.traces
        for turn in spoken(trace, "tags")
        for phrase in turn.phrases
        if len(phrase) >= 3 and not any(word.name or word.text.isdigit() for word in phrase[:3])
    )
    annotator = StrategicNgrams(1)
    annotator._learner, annotator.ngrams = make(), frozenset({tuple(words)})
    strategic = annotator.annotate(played)["strategic"]
    assert strategic.shape == played.batch.mask.shape and not strategic[~played.batch.mask].any()
    assert strategic.sum() >= 3


@pytest.fixture(scope="module")
def start() -> TextLearner:
    """A policy that answers."""
    return TextLearner(load("tiny-diverse", "float32"), lambda: make_env(max_turns=4))


@pytest.fixture(scope="module")
def answered(start: TextLearner) -> RolloutBatch:
    return start.play(5, 20, 4, 4)


def by_itself(learner: TextLearner, before: list[int], answer: list[int]) -> tuple[list[float], list[int]]:
    """Log-probabilities and ranks of an answer's tokens, one forward pass a token."""
    found: tuple[list[float], list[int]] = ([], [])
    for token in answer:
        with torch.no_grad():
            logits = learner.module(torch.tensor([before])).logits[0, -1]
        found[0].append(float(torch.log_softmax(logits, 0)[token]))
        found[1].append(int((logits > logits[token]).sum()))
        before = [*before, token]
    return found


def test_reference_answers_stand_where_episodes_answer(start: TextLearner, answered: RolloutBatch):
    batch, seen, found = answered.batch, set(), start.reference_answers(answered)
    logprobs, ranks = found["answer_logprobs"], found["answer_ranks"]
    for row, trace in enumerate(answered.traces):
        ids, mask, turns = (each[row].tolist() for each in (batch.inputs["ids"], batch.mask, batch.turn))
        answer = TOKENIZER(trace.question.answers[0]).input_ids
        turn = [place for place in range(len(ids)) if mask[place] and turns[place] == len(trace.turns) - 1]
        own = [place for place in turn if TOKEN_TYPES[batch.token_type[row, place]] == "answer"]
        opening = TOKENIZER("<answer>").input_ids
        if trace.terminated and own:
            before = ids[: own[0]]
        elif trace.terminated:
            before = ids[: turn[0]] + opening
        else:
            before = ids[: turn[-1] + 1] + TOKENIZER(f"\n{trace.turns[-1].observation}\n").input_ids + opening
        seen.add((trace.terminated, bool(own)))
        likely, rank = by_itself(start, before, answer)
        assert logprobs[row, : len(answer)].tolist() == pytest.approx(likely, abs=1e-4)
        assert ranks[row, : len(answer)].tolist() == rank
        assert logprobs[row, len(answer) :].isnan().all() and ranks[row, len(answer) :].isnan().all()
    assert {(True, True), (False, False)} <= seen


def test_an_answer_that_was_given_is_not_what_is_reflected_on(start: TextLearner, answered: RolloutBatch):
    """Whatever the policy answered: up to there, reasoning is the same, and so are the values, to the bit."""
    row = next(row for row, trace in enumerate(answered.traces) if trace.answer)
    batch = answered.batch
    own = (
        (batch.token_type[row] == TOKEN_TYPES.index("answer"))
        & batch.mask[row]
        & (batch.turn[row] == batch.turn[row].max())
    )
    ids = batch.inputs["ids"].clone()
    ids[row, own] = 7
    other = start.reference_answers(answered._replace(batch=replace(batch, inputs={"ids": ids})))
    same = start.reference_answers(answered)
    assert torch.equal(other["answer_logprobs"].nan_to_num(), same["answer_logprobs"].nan_to_num())


def test_reasoning_of_another_episode_stands_behind_the_own_question(start: TextLearner, answered: RolloutBatch):
    """One row of the next question's: its turns, behind this question's prompt and before this question's answer."""
    donors = [(row + 4) % 16 for row in range(16)]
    found, row = start.reference_answers(answered, donors)["answer_logprobs"], 2
    own, other = answered.traces[row], answered.traces[donors[row]]
    assert own.question.text != other.question.text and other.terminated and other.answer
    ids = answered.batch.inputs["ids"][donors[row]].tolist()
    theirs, ours = (start._script.opening(trace.prompt) for trace in (other, own))
    assert ids[: len(theirs)] == theirs
    said = (answered.batch.token_type[donors[row]] == TOKEN_TYPES.index("answer")) & answered.batch.mask[donors[row]]
    before = ours + ids[len(theirs) : int(said.nonzero()[0])]
    answer = TOKENIZER(own.question.answers[0]).input_ids
    assert found[row, : len(answer)].tolist() == pytest.approx(by_itself(start, before, answer)[0], abs=1e-4)
    same, given = (start.reference_answers(answered, of)["answer_logprobs"] for of in (None, list(range(16))))
    assert torch.equal(same.nan_to_num(), given.nan_to_num())


def test_limit_is_what_an_episode_can_have(learner: TextLearner, played: RolloutBatch):
    assert learner.limit == 3 * 6 >= int(played.batch.mask.sum(1).max())


def test_what_is_saved_plays_as_an_agent(learner: TextLearner, tmp_path: Path):
    learner.save(tmp_path)
    assert load(str(tmp_path)).card == CARD and agents.make(f"lm:{tmp_path}").reads("almanac-tiny")


def test_an_environment_in_another_protocol_is_refused():
    with pytest.raises(BadInput, match="tools"):
        make(protocol="tools")


def test_turn_answers_stand_in_the_place_of_each_turn(start: TextLearner, answered: RolloutBatch):
    batch, found = answered.batch, start.turn_answers(answered)
    opening, several = TOKENIZER("<answer>").input_ids, 0
    for row, trace in enumerate(answered.traces):
        ids = batch.inputs["ids"][row].tolist()
        answer = TOKENIZER(trace.question.answers[0]).input_ids
        turns = sorted(set(batch.turn[row][batch.mask[row]].tolist()))
        several += len(turns) > 1
        assert (~found[row].isnan()).nonzero().flatten().tolist() == turns
        for turn in turns:
            first = int((batch.mask[row] & (batch.turn[row] == turn)).nonzero()[0])
            likely, _ = by_itself(start, ids[:first] + opening, answer)
            assert float(found[row, turn]) == pytest.approx(float(np.exp(np.mean(likely))), rel=1e-3)
    assert several


def test_information_gain_is_what_a_turn_adds(start: TextLearner, answered: RolloutBatch):
    annotator = InformationGain()
    annotator.prepare(Path(), start, 5)
    gain, likely = annotator.annotate(answered)["information_gain"], start.turn_answers(answered)
    batch, several = answered.batch, 0
    for row in range(len(gain)):
        turns = sorted(set(batch.turn[row][batch.mask[row]].tolist()))
        several += len(turns) > 1
        total = sum(float(gain[row][batch.mask[row] & (batch.turn[row] == turn)][0]) for turn in turns)
        # Gains telescope: all that was added is the likelihood at the last turn less that at the first.
        assert total == pytest.approx(float(likely[row, turns[-1]] - likely[row, turns[0]]), abs=1e-6)
        assert not gain[row][batch.mask[row] & (batch.turn[row] == turns[-1])].any()
    assert several and not gain[~batch.mask].any()
