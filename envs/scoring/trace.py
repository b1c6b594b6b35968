"""What happened in one episode, as the simulator saw it. Moves, strategies and metrics are computed from this alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from berrypick.corpora.store import Corpus
from berrypick.envs.actions import Action
from berrypick.records import Question


@dataclass(frozen=True)
class Turn:
    """One step.

    Attributes:
        raw: the text that the policy wrote.
        action: what it parsed to.
        engine: engine that answered, "" for all but searches.
        topk: number of documents asked for, 0 for all but searches.
        docs: positions of the documents listed (best first) or of the page opened.
        scores: their scores, 0.0 for a page.
        shown: (document position, sentence index) of every sentence displayed, in order of display.
        valid: False for Invalid, a refused engine and a page that cannot be opened.
        observation: the text that came back.
        faults: names of the faults that changed what came back.
    """

    raw: str
    action: Action
    engine: str
    topk: int
    docs: tuple[int, ...]
    scores: tuple[float, ...]
    shown: tuple[tuple[int, int], ...]
    valid: bool
    observation: str
    faults: tuple[str, ...] = ()


@dataclass
class Trace:
    """One episode so far.

    Attributes:
        corpus: the world it was played in.
        question: what was asked.
        prompt: the reset observation.
        turns: the steps.
        answer: the parsed answer, None until there is one.
        reward: sum of rewards.
        terminated: the policy answered.
        truncated: turns or budget ran out.
    """

    corpus: Corpus
    question: Question
    prompt: str
    turns: list[Turn] = field(default_factory=list)
    answer: str | None = None
    reward: float = 0.0
    terminated: bool = False
    truncated: bool = False


@dataclass(frozen=True)
class State:
    """A point in an episode, as ``SearchEnv.snapshot`` gives it. Picklable; holds no corpus and no engine."""

    config: tuple[object, ...]
    fingerprint: str
    seed: int
    episode: int
    slot: int
    question_id: str
    turns: tuple[Turn, ...]
    reward: float
