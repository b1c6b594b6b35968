"""Moves: what one action of an episode does, told by tool, source and form ("move" as in Bates 1990)."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import NamedTuple

from berrypick.envs.actions import Action, Answer, Open, Search
from berrypick.envs.scoring.query_forms import Lexicon, Passage, Query
from berrypick.envs.scoring.trace import Turn

ANSWER = "answer"
INVALID = "invalid"
#: Between the moves of a strategy, where it is written as one string.
STEP = " > "


class Move(NamedTuple):
    """One move; its text is ``tool/source/form``.

    Attributes:
        tool: the engine searched, or ``open``.
        source: where the content words come from: ``asked``, ``found``, ``both`` or ``own``.
        form: ``names`` (``names:full``, ``names:initial``, ``names:byname``), ``words``, ``names+words`` or ``whole``.
    """

    tool: str
    source: str
    form: str

    def __str__(self) -> str:
        return "/".join(self)


def displayed(turn: Turn, lexicon: Lexicon) -> list[Passage]:
    """Return what a turn displayed: titles, sentences and, of an opened page, links."""
    passages = [lexicon.title(document) for document in turn.docs]
    passages += [lexicon.sentence(document, sentence) for document, sentence in turn.shown]
    if isinstance(turn.action, Open):
        passages += [lexicon.links(document) for document in turn.docs]
    return passages


class Context:
    """What the policy has seen up to a turn: the question and everything displayed.

    Attributes:
        asked: content words of the question.
        found: content words displayed.
        learnt: those displayed by productive turns.
        running: words capitalised in either.
    """

    def __init__(self, lexicon: Lexicon, question: str) -> None:
        self.lexicon = lexicon
        self.question = lexicon.question(question)
        self.asked = self.question.words
        self.found: set[str] = set()
        self.learnt: set[str] = set()
        self.running: set[str] = set(self.question.names)

    def see(self, turn: Turn, *, productive: bool = False) -> None:
        """Add what a turn displayed."""
        for passage in displayed(turn, self.lexicon):
            self.found |= passage.words
            if productive:
                self.learnt |= passage.words
            self.running |= passage.names

    def query(self, text: str) -> Query:
        """Take a query, or a title that is opened, apart as it stands now."""
        return self.lexicon.take_apart(text, self.question, self.running)

    def source(self, words: Iterable[str]) -> str:
        """Where words come from. Single letters have no source: an initial stands for a name read in full."""
        return source({word for word in words if len(word) > 1}, self.asked, self.found)


def source(words: Set[str], asked: Set[str], found: Set[str]) -> str:
    """``asked`` if all words are in the question, else ``found`` if all were displayed, else ``both``, else ``own``."""
    if words <= asked:
        return "asked"
    if words <= found:
        return "found"
    return "both" if words <= (asked | found) else "own"


def raw_move(turn: Turn, context: Context) -> str:
    """Name the move of a turn as it was written; a turn that is not valid is ``invalid``."""
    if isinstance(turn.action, Answer):
        return ANSWER
    move = written(turn.action, turn.engine, context) if turn.valid else None
    return str(move) if move else INVALID


def written(action: Action, engine: str, context: Context) -> Move | None:
    """Name a search or an open as it is written, whether or not it is carried out; None for anything else.

    The title of an open is a name, whatever its words are.
    """
    if isinstance(action, Search):
        query = context.query(action.query)
        return Move(engine, context.source(query.words), query.form)
    if isinstance(action, Open):
        query = context.query(action.title)
        return Move("open", context.source(query.words), f"names:{query.kind}" if query.kind else "names")
    return None


def way_of(move: str) -> tuple[str, str]:
    """The (tool, form) of a move as text, by which dominant moves are counted; the form is "" where a move has none."""
    tool, *rest = move.rsplit("/", 2)  # an engine's name may hold a path
    return tool, rest[1] if rest else ""
