"""One episode as the simulator plays it: text in, a turn out. Gymnasium is left to ``envs.search``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from berrypick.corpora.engines import Engine, kinds_in
from berrypick.corpora.engines.base import Mask, searched
from berrypick.envs import observations
from berrypick.envs.actions import Action, Answer, Invalid, Open, Search
from berrypick.envs.perturbations import faults, knockouts
from berrypick.envs.perturbations.episode_config import EpisodeConfig
from berrypick.envs.perturbations.faults import Retrieval
from berrypick.envs.protocols import ACTION_LIMIT, encodable, quote
from berrypick.envs.scoring.moves import Context, written
from berrypick.envs.scoring.progress import Progress
from berrypick.envs.scoring.query_forms import lexicon
from berrypick.envs.scoring.trace import Trace, Turn
from berrypick.envs.worlds import World, names_title
from berrypick.records import Hit, Question
from berrypick.seeding import rng


class Request(NamedTuple):
    """A search that is to be put to an engine. Requests to one engine with one ``k`` may be put together.

    Attributes:
        raw: the text that the policy wrote.
        action: what it parsed to.
        name: the engine's name.
        engine: the engine, without what is knocked out.
        topk: number of documents to show.
        k: number of documents to ask for.
        seconds: how long the faults delay the answer.
    """

    raw: str
    action: Search
    name: str
    engine: Engine
    topk: int
    k: int
    seconds: float


class Simulation:
    """An episode so far. Everything but ``trace.reward`` follows from the turns: ``record`` them again and it is back.

    Args:
        world: where the question is asked.
        question: what is asked.
        config: how it is played.
        fault_seed: seed of the faults; see ``faults.key``.

    Raises:
        BadInput: a knock-out changes nothing in this world, or a comprehension shift cannot be made in it.
    """

    def __init__(self, world: World, question: Question, config: EpisodeConfig, fault_seed: int = 0) -> None:
        question = knockouts.put(question, world.corpus, config.changes)
        self.world, self.config = world, config
        self.trace = Trace(world.corpus, question, observations.prompt(config.setup, question.text))
        self._fault_seed = fault_seed
        self._mask: Mask | None = world.mask(config.changes.genres)
        self._progress = Progress(question, world.corpus)
        self._openable: set[int] = set()
        self._queries: list[str] = []
        # Telling forms apart takes longer than all else in a turn, so it is done where a form is refused.
        self._seen = Context(lexicon(world.corpus), question.text) if config.changes.refused else None

    @property
    def over(self) -> bool:
        """Whether the episode has ended, by an answer or by its last turn."""
        return self.trace.terminated or self.trace.truncated

    def play(self, text: str) -> Turn:
        """Play one turn and record it; what the text holds beyond ``ACTION_LIMIT`` characters is not kept."""
        asked = self.ask(text)
        if isinstance(asked, Turn):
            return asked
        if asked.seconds:
            time.sleep(asked.seconds)
        return self.answer(asked, searched(asked.engine, [asked.action.query], asked.k)[0])

    def ask(self, text: str) -> Turn | Request:
        """Play one turn as far as it goes without an engine: to its end, or to the request that ``answer`` ends."""
        raw = encodable(text[: ACTION_LIMIT + 1])
        asked = self._act(raw, self.config.protocol.parse(raw))
        if isinstance(asked, Turn):
            self.record(asked)
        return asked

    def answer(self, request: Request, hits: Sequence[Hit] | None) -> Turn:
        """Play the turn of a request to its end with what the engine found, None where it failed, and record it."""
        found, active = (None, (faults.ENGINE_FAILED,)) if hits is None else self._distort(request, list(hits))
        if found is None:
            turn = self._listed(request, [], observations.ENGINE_FAILED, active)
        else:
            turn = self._listed(request, found[: request.topk], None, active)
        self.record(turn)
        return turn

    def list_as(self, request: Request, listed: Sequence[Hit], active: tuple[str, ...]) -> Turn:
        """Play the turn of a request to its end with the list that came back when it was played elsewhere.

        Args:
            request: what was asked.
            listed: what came back, faults included.
            active: names of the faults that made a difference.
        """
        turn = self._listed(request, listed, None, active)
        self.record(turn)
        return turn

    def record(self, turn: Turn) -> None:
        """Append a turn and take in what it showed."""
        trace = self.trace
        trace.turns.append(turn)
        self._progress.see(turn)
        self._openable.update(turn.docs)
        if self._seen is not None:
            self._seen.see(turn)
        match turn.action:
            case Search(query) if turn.valid:
                self._queries.append(query)
            case Open() if turn.valid:
                self._openable.update(self.world.linked(turn.docs[0]))
            case Answer(text):
                trace.answer, trace.terminated = text, True
        trace.truncated = not trace.terminated and len(trace.turns) >= self.config.setup.max_turns

    def info(self) -> dict[str, Any]:
        """Return a new ``info`` dictionary, without gold."""
        trace, question = self.trace, self.trace.question
        last = trace.turns[-1] if trace.turns else None
        return {
            "question_id": question.id,
            "family": question.family,
            "hops": question.hops,
            "hops_found": self._progress.found,
            "turns": len(trace.turns),
            "queries": tuple(self._queries),
            "doc_ids": tuple(trace.corpus.documents[position].id for position in last.docs) if last else (),
            "scores": last.scores if last else (),
            "valid": last.valid if last else True,
            "faults": last.faults if last else (),
            "budget_left": {
                "searches": self.config.setup.search_budget - len(self._queries),
                "turns": self.config.setup.max_turns - len(trace.turns),
            },
        }

    def _act(self, raw: str, action: Action) -> Turn | Request:
        match action:
            case Search(_, engine) if engine is not None and engine not in self.config.setup.engines:
                known = ", ".join(self.config.setup.engines)
                return self._correct(raw, Invalid(f"unknown engine {quote(engine)}; the engines here are {known}"))
            case Search():
                return self._search(raw, action)
            case Open():
                return self._open(raw, action)
            case Answer():
                return Turn(raw, action, "", 0, (), (), (), True, "")
            case Invalid():
                return self._correct(raw, action)

    def _search(self, raw: str, action: Search) -> Turn | Request:
        setup, changes = self.config.setup, self.config.changes
        if len(self._queries) >= setup.search_budget:
            return self._refuse(raw, action, observations.used_up(setup.search_budget))
        name, topk = action.engine or setup.engines[0], action.topk or setup.topk
        if not changes.engines.isdisjoint(kinds_in(name)):
            return self._refuse(raw, action, observations.unavailable(name))
        if refusal := self._refused_form(action, name):
            return self._refuse(raw, action, refusal)
        engine = self.world.engine_without(self.config.source(name), changes.genres)
        seconds = sum(fault.seconds for fault in self.config.faults)
        return Request(raw, action, name, engine, topk, self._depth(topk), seconds)

    def _depth(self, topk: int) -> int:
        """How many hits to ask for, so that the faults have what they work on."""
        return max(topk, *(fault.depth for fault in self.config.faults), 0)

    def _refused_form(self, action: Search | Open, tool: str) -> str:
        """What is said where the form of a search or an open is refused, "" where it is not."""
        if self._seen is None:
            return ""
        move = written(action, tool, self._seen)
        refused = move is not None and (move.tool, move.form) in self.config.changes.refused
        return observations.unavailable_form(move.tool, move.form) if move and refused else ""

    def _distort(self, request: Request, hits: list[Hit]) -> tuple[list[Hit] | None, tuple[str, ...]]:
        """What the faults make of the hits, None where the engine fails, and which of them made a difference."""

        def at(number: int) -> Retrieval:
            draw = rng(self._fault_seed, "fault", len(self.trace.turns) * len(self.config.faults) + number)
            return Retrieval(request.topk, draw, len(self.trace.corpus.documents), self._mask, self._hits_before)

        return faults.apply(self.config.faults, hits, request.topk, at)

    def _hits_before(self) -> list[Hit]:
        """What the last search of the episode would have brought without faults."""
        for turn in reversed(self.trace.turns):
            if isinstance(turn.action, Search) and turn.valid:
                engine = self.world.engine_without(self.config.source(turn.engine), self.config.changes.genres)
                return searched(engine, [turn.action.query], self._depth(turn.topk))[0] or []
        return []

    def _listed(self, request: Request, hits: Sequence[Hit], message: str | None, active: tuple[str, ...]) -> Turn:
        shown = self.world.snippets(request.action.query, hits)
        documents = self.world.corpus.documents
        body = observations.results([(documents[position], index) for position, index in shown])
        docs, scores = tuple(hit.index for hit in hits), tuple(hit.score for hit in hits)
        observation = self.config.protocol.wrap(body if message is None else message)
        return Turn(
            request.raw, request.action, request.name, request.topk, docs, scores, shown, True, observation, active
        )

    def _open(self, raw: str, action: Open) -> Turn:
        if self.config.changes.closed:
            return self._refuse(raw, action, observations.unavailable("open"))
        if refusal := self._refused_form(action, "open"):
            return self._refuse(raw, action, refusal)
        position = self.world.find(action.title, self._openable)
        if position is None or not (position in self._openable or self._is_asked_about(position)):
            return self._refuse(raw, action, observations.NO_SUCH_PAGE)
        if self._mask is not None and self._mask[position]:
            return self._refuse(raw, action, observations.NO_SUCH_PAGE)
        documents = self.world.corpus.documents
        links = [documents[link].title for link in self.world.linked(position)]
        body, count = observations.page(documents[position], links)
        # A page without sentences still displays its document.
        shown = tuple((position, index) for index in range(max(count, 1)))
        return Turn(raw, action, "", 0, (position,), (0.0,), shown, True, self.config.protocol.wrap(body))

    def _is_asked_about(self, position: int) -> bool:
        return names_title(self.trace.question.text, self.world.corpus.documents[position].title)

    def _correct(self, raw: str, action: Invalid) -> Turn:
        return self._refuse(raw, action, f"Invalid action: {action.reason}. {self.config.protocol.reminder}")

    def _refuse(self, raw: str, action: Action, message: str) -> Turn:
        return Turn(raw, action, "", 0, (), (), (), False, self.config.protocol.wrap(message))
