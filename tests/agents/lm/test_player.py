"""Going on from any state: what is played, and what it costs."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from berrypick import seeding
from berrypick.agents.lm.load import Card, pack
from berrypick.agents.lm.player import Continuation, Player
from berrypick.agents.lm.tiny import make_tiny
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.training.text.learner import TextLearner
from berrypick.agents.treesearch import samples
from berrypick.agents.treesearch.critics import Critics, Head, Scores
from berrypick.agents.treesearch.distil import distil, imitation
from berrypick.agents.treesearch.features import NAMES
from berrypick.agents.treesearch.samples import collect, plain
from berrypick.agents.treesearch.search import Tree, best, grow_trees
from berrypick.agents.treesearch.tree import Search, nodes
from berrypick.envs.scoring.trace import Trace
from berrypick.envs.search import SearchEnv
from berrypick.errors import BadInput

TOKENIZER = make_tokenizer()
PLACES = [(20, 0), (20, 1), (21, 0)]
EPISODES = (20, 21, 22)
SEARCH = Search(tokens=60, fewest_first=4, rollouts=2)


@pytest.fixture(scope="module")
def learner() -> TextLearner:
    """A policy that has learnt nothing but to like tags and the question's words."""
    model = make_tiny(len(TOKENIZER), 0)
    tags = [number for token, number in TOKENIZER.get_vocab().items() if token.startswith(("<answer", "</answer"))]
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if not name.endswith(("q_norm.weight", "k_norm.weight")):
                weights.mul_(2.0)
        model.model.embed_tokens.weight[tags] *= 3.0
    policy = pack(model, TOKENIZER, Card(("almanac",), ("tags",), 0.8, 6))
    return TextLearner(
        policy, lambda: SearchEnv(corpus="almanac-tiny", worlds=1, engines=["bm25"], max_turns=3, reward="f1")
    )


@pytest.fixture(scope="module")
def player(learner: TextLearner) -> Player:
    return learner.player


@pytest.fixture(scope="module")
def went(player: Player) -> list[Continuation]:
    return plain(player, 5, PLACES)


@pytest.fixture(scope="module")
def judges() -> Critics:
    draw = seeding.rng(0, "training", 0)
    heads = [Head(tuple(draw.normal(0, 1, len(NAMES)).tolist()), 0.0) for _ in range(3)]
    return Critics(heads[0], heads[1], heads[2], NAMES, 1, 1)


@pytest.fixture(scope="module")
def trees(player: Player, judges: Critics) -> list[Tree]:
    return grow_trees(player, judges, SEARCH, 5, [20, 21, 22])


def test_plain_rollouts_are_those_of_training(learner: TextLearner, went: list[Continuation]):
    played = learner.play(5, 20, 2, 2)
    for one, row in zip(went, (0, 1, 2), strict=True):
        mask = played.batch.mask[row]
        end = one.points[-1]
        assert one.trace.turns == played.traces[row].turns and one.trace.reward == played.traces[row].reward
        assert list(end.ids) == played.batch.inputs["ids"][row, : len(end.ids)].tolist() and end.over
        assert list(end.mask) == mask[: len(end.ids)].tolist() and one.tokens == int(mask.sum())


def test_points_go_on_to_the_same_end(player: Player, went: list[Continuation]):
    """What is played from a point, with a generator that stands where it stood, is what was played."""
    one = next(one for one in went if len(one.points) == 3)
    start, _ = player.begin(5, 20)
    for number, point in enumerate((start, *one.points[:-1])):
        rng = seeding.rollout_rng(5, "sampling", *PLACES[went.index(one)])
        rng.random(sum(point.mask))
        (again,) = player.play([point], [rng])
        assert again.trace.turns == one.trace.turns and again.points == one.points[number:]
        assert again.tokens == one.tokens - sum(point.mask)


def test_a_turn_is_one_turn(player: Player, went: list[Continuation]):
    starts = [player.begin(5, group)[0] for group, _ in PLACES]
    rngs = [seeding.rollout_rng(5, "sampling", *place) for place in PLACES]
    for short, whole in zip(player.play(starts, rngs, turns=1), went, strict=True):
        assert short.points == whole.points[:1] and short.trace.turns == whole.trace.turns[:1]
    assert player.play([], []) == []


def test_questions_differ(player: Player):
    found = player.episodes(5, 3, 10)
    asked = [player.begin(5, number)[1].question.id for number in found]
    assert len(set(asked)) == 10 and found == sorted(found) and found[0] == 3
    with pytest.raises(BadInput, match="100000 questions are wanted"):
        player.episodes(5, 0, 100000)


def test_prefixes_are_labelled_by_their_own_completions(player: Player):
    """One in four episodes; a completion begins with the prefix; the value is the share of those that were paid."""
    found = collect(player, 5, range(20, 26), 2, completions=3)
    assert len(found.went) == 12 and [turns > 0 for turns in found.prefix] == [n % 4 == 0 for n in range(12)]
    assert np.isnan(found.value).tolist() == [turns == 0 for turns in found.prefix]
    assert set(found.value[~np.isnan(found.value)] * 3) <= {0.0, 1.0, 2.0, 3.0}
    assert found.tokens > sum(one.tokens for one in found.went)
    value, process, outcome = found.examples()
    paid = [one.trace.reward > 0 for one in found.went]
    lengths = [len(one.points) + 1 for one in found.went]
    assert value.label.tolist() == [label for label, length in zip(paid, lengths, strict=True) for _ in range(length)]
    assert outcome.label.tolist() == paid and len(outcome.features) == 12
    known, begun = found.value[~np.isnan(found.value)], found.completed()
    drawn = [row for row, turns in enumerate(found.prefix) if turns]
    assert begun.label.tolist() == (known > samples.THRESHOLD).tolist()
    assert process.label.tolist() == [*begun.label.tolist(), *(paid[row] for row in drawn)]
    assert np.array_equal(process.features, np.concatenate([begun.features, outcome.features[drawn]]))
    assert process.features[0][NAMES.index("turns")] == pytest.approx(found.prefix[0] / 10)


def test_all_that_a_tree_generates_is_counted(player: Player, judges: Critics, monkeypatch: pytest.MonkeyPatch):
    generated, play = [], Player.play

    def counting(self, points, rngs, turns=None):
        found = play(self, points, rngs, turns)
        generated.extend(sum(one.points[-1].mask) - sum(at.mask) for one, at in zip(found, points, strict=True))
        return found

    monkeypatch.setattr(Player, "play", counting)
    trees = grow_trees(player, judges, SEARCH, 5, [20, 21])
    assert sum(tree.tokens for tree in trees) == sum(generated)
    assert all(tree.tokens >= SEARCH.tokens for tree in trees)
    most = (1 + SEARCH.rollouts * 3) * 6  # a round: an option and whole rollouts, three turns of six tokens each
    assert all(tree.tokens < SEARCH.tokens + most for tree in trees)


def test_a_tree_is_that_of_its_question_alone(player: Player, judges: Critics, trees: list[Tree]):
    (alone,) = grow_trees(player, judges, SEARCH, 5, [21])
    assert shape(alone) == shape(trees[1]) != shape(trees[0])
    (other,) = grow_trees(player, judges, SEARCH, 6, [21])
    assert shape(other) != shape(alone)


def shape(tree: Tree) -> list[object]:
    grown = [(node.key, node.draws, node.visits, round(node.total, 6), node.point.ids) for node in nodes(tree.root)]
    return [grown, tree.tokens, tree.merged, [each.end for each in tree.candidates]]


def test_a_tree_adds_up(trees: list[Tree], judges: Critics):
    for tree in trees:
        grown = list(nodes(tree.root))
        assert sum(node.draws for node in grown) == len(grown) - 1 + tree.merged
        assert tree.root.visits == len(grown) - 1
        assert tree.candidates and all(each.end.over for each in tree.candidates)
        assert best(tree.candidates).scores.total == max(each.scores.total for each in tree.candidates)
        assert all(each.scores == judges.score(each.trace) for each in tree.candidates)
        for node in grown[1:]:
            assert node.point.ids[: len(node.parent.point.ids)] == node.parent.point.ids


class Letters:
    """Critics that count: nearly every episode has other scores."""

    def score(self, trace: Trace) -> Scores:
        letters = sum(map(len, (turn.raw for turn in trace.turns)))
        return Scores(letters / 300, letters / 500, letters / 700)


def test_scores_backed_up_are_the_sum_with_the_mean_of_rollouts(player: Player):
    """The first round: an option from the root; where it ended nothing, the first two candidates are its rollouts."""
    told_apart, judges = 0, Letters()
    for episode, tree in zip(EPISODES, grow_trees(player, judges, SEARCH, 5, EPISODES), strict=True):  # type: ignore[arg-type]
        start, _ = player.begin(5, episode)
        (option,) = player.play([start], [seeding.rollout_rng(5, "tree", episode, 0)], turns=1)
        own, child = judges.score(option.trace), tree.root.children[0]
        assert child.point.ids == option.points[-1].ids
        outcomes = [each.scores.outcome for each in tree.candidates[:2]]
        outcome = own.outcome if child.point.over else sum(outcomes) / 2
        told_apart += not child.point.over and outcomes[0] != outcomes[1]
        backed_up = child.total - sum(below.total for below in child.children)
        assert backed_up == pytest.approx(own.value + own.process + outcome)
        assert child.visits == 1 + sum(below.visits for below in child.children)
    assert told_apart, "or the mean is as good as the largest"


def test_imitation_is_of_what_was_generated(learner: TextLearner, went: list[Continuation]):
    """Mean over generated tokens of -log p, as the learner scores them at temperature 1."""
    ends = [one.points[-1] for one in went]
    total, count = 0.0, 0
    with torch.no_grad():
        for end in ends:
            logs = torch.log_softmax(learner.module(torch.tensor([end.ids])).logits[0], -1)
            for place in range(1, len(end.ids)):
                if end.mask[place]:
                    total, count = total - float(logs[place - 1, end.ids[place]]), count + 1
        assert float(imitation(learner.module, ends)) == pytest.approx(total / count, abs=1e-4)


def test_what_is_imitated_becomes_likelier_and_the_same_each_time(learner: TextLearner, went: list[Continuation]):
    ends = [one.points[-1] for one in went]
    models = [copy.deepcopy(learner.module) for _ in range(2)]
    losses = [distil(model, ends, 0, epochs=3, lr=1e-3, size=2) for model in models]
    with torch.no_grad():
        before, after = (float(imitation(model, ends)) for model in (learner.module, models[0]))
    assert after < before and losses[0] == losses[1]
    states = [model.state_dict() for model in models]
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())
    with pytest.raises(BadInput, match="no episode is good enough"):
        distil(models[0], [], 0)
