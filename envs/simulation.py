"""One episode as the simulator plays it: text in, a turn out. Gymnasium is left to ``envs.search``."""

from __future__ import annotations

from typing import Any

from berrypick.envs import observe
from berrypick.envs.actions import Action, Answer, Invalid, Open, Search
from berrypick.envs.observe import Setup
from berrypick.envs.progress import Progress
from berrypick.envs.protocols import ACTION_LIMIT, Protocol, encodable, quote
from berrypick.envs.trace import Trace, Turn
from berrypick.envs.worlds import World, names_title
from berrypick.records import Hit, Question


class Simulation:
    """An episode so far. Everything but ``trace.reward`` follows from the turns: ``record`` them again and it is back.

    Args:
        world: where the question is asked.
        question: what is asked.
        setup: engines and budgets.
        protocol: how actions are written; the one that ``setup`` names.
    """

    def __init__(self, world: World, question: Question, setup: Setup, protocol: Protocol) -> None:
        self.world, self.setup, self.protocol = world, setup, protocol
        self.trace = Trace(world.corpus, question, observe.prompt(setup, question.text))
        self._progress = Progress(question, world.corpus)
        self._openable: set[int] = set()
        self._queries: list[str] = []

    @property
    def over(self) -> bool:
        """Whether the episode has ended, by an answer or by its last turn."""
        return self.trace.terminated or self.trace.truncated

    def play(self, text: str) -> Turn:
        """Play one turn and record it; what the text holds beyond ``ACTION_LIMIT`` characters is not kept."""
        raw = encodable(text[: ACTION_LIMIT + 1])
        turn = self._act(raw, self.protocol.parse(raw))
        self.record(turn)
        return turn

    def record(self, turn: Turn) -> None:
        """Append a turn and take in what it showed."""
        trace = self.trace
        trace.turns.append(turn)
        self._progress.see(turn)
        self._openable.update(turn.docs)
        match turn.action:
            case Search(query) if turn.valid:
                self._queries.append(query)
            case Open() if turn.valid:
                self._openable.update(self.world.linked(turn.docs[0]))
            case Answer(text):
                trace.answer, trace.terminated = text, True
        trace.truncated = not trace.terminated and len(trace.turns) >= self.setup.max_turns

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
            "budget_left": {
                "searches": self.setup.search_budget - len(self._queries),
                "turns": self.setup.max_turns - len(trace.turns),
            },
        }

    def _act(self, raw: str, action: Action) -> Turn:
        match action:
            case Search(_, engine) if engine is not None and engine not in self.setup.engines:
                known = ", ".join(self.setup.engines)
                return self._correct(raw, Invalid(f"unknown engine {quote(engine)}; the engines here are {known}"))
            case Search():
                return self._search(raw, action)
            case Open():
                return self._open(raw, action)
            case Answer():
                return Turn(raw, action, "", 0, (), (), (), True, "")
            case Invalid():
                return self._correct(raw, action)

    def _search(self, raw: str, action: Search) -> Turn:
        budget = self.setup.search_budget
        if len(self._queries) >= budget:
            return self._refuse(raw, action, f"Search refused: all {budget} searches are used. Open a page or answer.")
        engine, topk = action.engine or self.setup.engines[0], action.topk or self.setup.topk
        hits = self._retrieve(engine, action.query, topk)
        shown = self.world.snippets(action.query, hits)
        documents = self.world.corpus.documents
        body = observe.results([(documents[position], index) for position, index in shown])
        docs, scores = tuple(hit.index for hit in hits), tuple(hit.score for hit in hits)
        return Turn(raw, action, engine, topk, docs, scores, shown, True, self.protocol.wrap(body))

    def _retrieve(self, engine: str, query: str, topk: int) -> list[Hit]:
        """The one place where an engine is asked; its errors propagate."""
        return self.world.engine(engine).search([query], topk)[0]

    def _open(self, raw: str, action: Open) -> Turn:
        position = self.world.find(action.title, self._openable)
        if position is None or not (position in self._openable or self._is_asked_about(position)):
            return self._refuse(raw, action, observe.NO_SUCH_PAGE)
        documents = self.world.corpus.documents
        links = [documents[link].title for link in self.world.linked(position)]
        body, count = observe.page(documents[position], links)
        # A page without sentences still displays its document.
        shown = tuple((position, index) for index in range(max(count, 1)))
        return Turn(raw, action, "", 0, (position,), (0.0,), shown, True, self.protocol.wrap(body))

    def _is_asked_about(self, position: int) -> bool:
        return names_title(self.trace.question.text, self.world.corpus.documents[position].title)

    def _correct(self, raw: str, action: Invalid) -> Turn:
        return self._refuse(raw, action, f"Invalid action: {action.reason}. {self.protocol.reminder}")

    def _refuse(self, raw: str, action: Action, message: str) -> Turn:
        return Turn(raw, action, "", 0, (), (), (), False, self.protocol.wrap(message))
