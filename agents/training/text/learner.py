"""The learner of the text track: a language model that plays ``SearchEnv``."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import gymnasium
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from berrypick import seeding
from berrypick.agents.critics.templates import refinement
from berrypick.agents.lm import load
from berrypick.agents.lm.generation import Session
from berrypick.agents.lm.load import Policy
from berrypick.agents.lm.player import Player, SessionPlay
from berrypick.agents.lm.render import Script
from berrypick.agents.lm.tokens import RowTokens
from berrypick.agents.training.config import Config
from berrypick.agents.training.learner import DemonstrationBuffer, RolloutBatch, Scorable
from berrypick.agents.training.strategy_ids import analyse_all, strategy_ids
from berrypick.agents.training.text.demonstrations import demonstrate
from berrypick.agents.training.text.packing import prompted, to_batch
from berrypick.agents.training.text.reflection import ReferenceQuery, ask, ask_turns, transplanted
from berrypick.agents.training.text.token_labels import label_all
from berrypick.envs.perturbations.faults import rollout_seed
from berrypick.envs.search import SearchEnv
from berrypick.errors import BadInput

#: Episodes and reference answers that are scored at once.
_TOGETHER: Final = 32


def make(config: Config) -> TextLearner:
    """Make the learner of a run."""
    environment = partial(gymnasium.make, config.env, disable_env_checker=True, **config.options)
    return TextLearner(load.load(config.start, "float32"), environment)


class TextLearner:
    """Plays and scores with one model; see ``training.learner.Learner``.

    ``Batch.inputs["ids"]``, shape (N, T), holds the tokens.

    Args:
        policy: the model, in evaluation mode for good: dropout would make new log-probabilities differ from old ones.
        make_env: makes a SearchEnv, whose wrappers are taken off.

    Raises:
        BadInput: the environment's protocol is none that the policy writes.
    """

    def __init__(self, policy: Policy, make_env: Callable[[], Any]) -> None:
        env: SearchEnv = make_env().unwrapped
        written = policy.card.protocols
        if written is not None and env.setup.protocol not in written:
            reason = f"the policy writes {', '.join(written)}, the environment asks for {env.setup.protocol}"
            raise BadInput(reason, field="protocol")
        if policy.card.temperature == 0:
            raise BadInput("is 0: rollouts that are all alike teach nothing; train at 1", field="temperature")
        self.module: nn.Module = policy.model
        self.limit = env.setup.max_turns * policy.card.max_new_tokens
        self.protocol = env.setup.protocol
        self._policy, self._envs = policy, [env]
        self._script = Script(policy.tokenizer, policy.ends)
        self._temperature = policy.card.temperature
        self._selects = _selects(policy.model)

    @property
    def player(self) -> Player:
        """See ``training.learner.TextLearner``."""
        return Player(self._policy._replace(model=self.module), self._envs[0])

    def play(self, seed: int, episode: int, groups: int, size: int) -> RolloutBatch:
        """Play ``groups`` questions ``size`` times each, groups outermost; see ``Learner.play``."""
        return self._play(seed, list(itertools.product(range(episode, episode + groups), range(size))), None)

    def refine(self, seed: int, places: Sequence[tuple[int, int]], critiques: Sequence[str] | None) -> RolloutBatch:
        """Play further rollouts; see ``training.learner.TextLearner``."""
        played = self._play(seed, places, critiques)
        if critiques is None:
            return played
        batch, everything = (
            replace(played.batch, off=torch.ones(len(places), dtype=torch.bool)),
            torch.arange(len(places)),
        )
        with torch.no_grad():
            parts = [self.score(self.module, batch, rows) for rows in torch.split(everything, _TOGETHER)]
        old, entropy = (torch.cat(each).float().cpu() for each in zip(*parts, strict=True))
        return played._replace(batch=replace(batch, old_logprobs=old, entropy=entropy))

    def _play(self, seed: int, places: Sequence[tuple[int, int]], critiques: Sequence[str] | None) -> RolloutBatch:
        envs = self._begin(seed, places)
        rngs = [seeding.rollout_rng(seed, "sampling", *place) for place in places]
        rows, starts = self._played(envs, rngs, critiques)
        traces = [env.trace for env in envs]
        labels = label_all(traces, starts, self.protocol)
        uniforms = [rng.random(len(row.ids)) for rng, row in zip(rngs, rows, strict=True)]
        outcomes = analyse_all(traces, [env.engines for env in envs])
        reward = torch.tensor([trace.reward for trace in traces])
        group = torch.tensor([episode for episode, _ in places]) - min(episode for episode, _ in places)
        batch = to_batch(rows, labels, uniforms, reward, group, strategy_ids(reward.tolist(), outcomes))
        return RolloutBatch(batch, traces, outcomes)

    def demonstrate(self, seed: int, episode: int, questions: int) -> DemonstrationBuffer:
        """Let scripts play; see ``Learner.demonstrate``. What the policy has no room for is left out."""
        tasks = self._envs[0].tasks
        asked = [tasks.number(tasks.draw(seed, episode + number)) for number in range(questions)]
        return demonstrate(self._envs[0], list(dict.fromkeys(asked)), self._script, self._policy.positions)

    def score(self, module: nn.Module, batch: Scorable, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return log-probabilities and exact entropies of some episodes; see ``Learner.score``."""
        device = next(module.parameters()).device
        mask = batch.mask[rows].to(device)
        new = torch.zeros(mask.shape, device=device)
        entropy = torch.zeros(mask.shape, device=device)
        if not mask.any():
            return new, entropy
        width = int(mask.any(0).nonzero().max()) + 1
        ids = batch.inputs["ids"][rows, :width].to(device)
        logits = self._logits(module, ids[:, :-1], mask[:, 1:width])
        logs = torch.log_softmax(logits.float() / self._temperature, dim=-1)
        each = -(logs.exp() * logs.clamp(min=torch.finfo(logs.dtype).min)).sum(-1)
        taken = logs.gather(1, ids[mask[:, :width]][:, None])[:, 0]
        return new.masked_scatter(mask, taken), entropy.masked_scatter(mask, each)

    def token_starts(self, played: RolloutBatch, row: int) -> list[list[int]]:
        """Where in its action's text each token begins, turn by turn; see ``training.learner.TextLearner``."""
        batch, own = played.batch, played.batch.mask[row]
        ids, turns = batch.inputs["ids"][row, own].tolist(), batch.turn[row, own].tolist()
        actions: list[list[int]] = [[] for _ in played.traces[row].turns]
        for token, turn in zip(ids, turns, strict=True):
            actions[turn].append(token)
        return [self._script.starts(action) for action in actions]

    def reference_answers(self, played: RolloutBatch, donors: Sequence[int] | None = None) -> dict[str, Tensor]:
        """Score reference answers; see ``training.learner.TextLearner``. What finds no room is cut off."""
        asked = [ask(played.batch, row, trace, self._script, self.protocol) for row, trace in enumerate(played.traces)]
        if donors is not None:
            openings = [self._script.opening(trace.prompt) for trace in played.traces]
            asked = transplanted(asked, openings, donors)
        found = self._all_answers(asked)
        answer, rank = pad_sequence([found[each] for each in asked], True, torch.nan).unbind(-1)
        return {"answer_logprobs": answer, "answer_ranks": rank}

    def turn_answers(self, played: RolloutBatch) -> Tensor:
        """Score reference answers turn by turn; see ``training.learner.TextLearner``."""
        asked = [
            ask_turns(played.batch, row, trace, self._script, self.protocol) for row, trace in enumerate(played.traces)
        ]
        found = self._all_answers([query for of_row in asked for query in of_row.values()])
        likely = torch.full((len(asked), 1 + max((max(each, default=0) for each in asked), default=0)), torch.nan)
        for row, of_row in enumerate(asked):
            for turn, query in of_row.items():
                likely[row, turn] = found[query][:, 0].mean().exp()
        return likely

    def _all_answers(self, asked: Sequence[ReferenceQuery]) -> dict[ReferenceQuery, Tensor]:
        """As ``_answers``, equal ones once, so many at a time as there is room for."""
        different = sorted(set(asked), key=lambda each: (len(each.before), each))
        found: dict[ReferenceQuery, Tensor] = {}
        for start in range(0, len(different), _TOGETHER):
            some = different[start : start + _TOGETHER]
            found |= zip(some, self._answers(some), strict=True)
        return found

    @torch.no_grad()
    def _answers(self, asked: Sequence[ReferenceQuery]) -> Sequence[Tensor]:
        """Log-probability and rank of each token of some answers. Shapes: (J, 2) each."""
        device = next(self.module.parameters()).device
        room = self._policy.positions
        rows = [
            (each.before if room is None else each.before[: room - len(each.answer)]) + each.answer for each in asked
        ]
        ids = pad_sequence([torch.tensor(row) for row in rows], True).to(device)
        place = torch.arange(ids.shape[1], device=device)
        ends, counts = (
            torch.tensor(list(map(len, each)), device=device)[:, None] for each in (rows, [a.answer for a in asked])
        )
        mask = (place >= ends - counts) & (place < ends)
        logits = self._logits(self.module, ids[:, :-1], mask[:, 1:]).float()
        taken = logits.gather(1, ids[mask][:, None])
        likely = torch.log_softmax(logits / self._temperature, dim=-1).gather(1, ids[mask][:, None])
        both = torch.cat([likely, (logits > taken).sum(1, keepdim=True)], dim=1).cpu()
        return torch.split(both, counts.flatten().tolist())

    def save(self, folder: Path) -> None:
        """Write the policy into an empty folder; ``lm:FOLDER`` plays it."""
        load.save(self._policy, folder)

    def _begin(self, seed: int, places: Sequence[tuple[int, int]]) -> list[SearchEnv]:
        first = self._envs[0]
        self._envs += [copy.copy(first) for _ in range(len(places) - len(self._envs))]
        tasks = first.tasks
        for env, (episode, rollout) in zip(self._envs, places, strict=False):
            number = tasks.number(tasks.draw(seed, episode))
            env.reset(seed=rollout_seed(seed, rollout), options={"task_id": number})
        return self._envs[: len(places)]

    def _played(
        self, envs: Sequence[SearchEnv], rngs: Sequence[np.random.Generator], critiques: Sequence[str] | None
    ) -> tuple[list[RowTokens], list[list[list[int]]]]:
        """Play episodes to their ends; returns their tokens, and for each action where its tokens begin in its text.

        What is played under a critique is returned behind the prompt without it.
        """
        openings = [self._script.opening(env.trace.prompt) for env in envs]
        read = openings
        if critiques is not None:
            prompts = [refinement(env.trace.prompt, said) for env, said in zip(envs, critiques, strict=True)]
            read = [self._script.opening(prompt) for prompt in prompts]
        session = Session.of(self._policy._replace(model=self.module))
        play = SessionPlay(session, self._script, envs, read, rngs)
        for _ in play.turns():
            pass
        rows = play.rows
        starts = [[self._script.starts(action) for action in actions] for actions in play.actions]
        if critiques is not None:
            rows = [prompted(row, len(old), new) for row, old, new in zip(rows, read, openings, strict=True)]
        return rows, starts

    def _logits(self, module: nn.Module, ids: Tensor, chosen: Tensor) -> Tensor:
        """Logits at the chosen places alone. Shapes: (n, T), (n, T) bool; (chosen, vocabulary)."""
        if self._selects:
            logits: Tensor = module(input_ids=ids, use_cache=False, logits_to_keep=chosen).logits
            return logits
        every: Tensor = module(input_ids=ids, use_cache=False).logits
        return every[chosen]


@torch.no_grad()
def _selects(model: Any) -> bool:
    """Whether a model gives the logits of chosen places alone, as those of recent transformers do."""
    device = next(model.parameters()).device
    ids, chosen = torch.tensor([[1, 2, 3], [3, 2, 1]]), torch.tensor([[True, False, True], [False, True, False]])
    every = model(input_ids=ids.to(device), use_cache=False).logits[chosen.to(device)]
    try:
        some = model(input_ids=ids.to(device), use_cache=False, logits_to_keep=chosen.to(device)).logits
    except (IndexError, RuntimeError, TypeError):
        return False
    return some.shape == every.shape and torch.allclose(some, every, atol=1e-4)
