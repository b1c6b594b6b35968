"""The golden scenes: what is played, written out, so that a new agent, knock-out or fault changes nothing."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec.structs import replace

from berrypick.benchmarks.suites import ANY, Cell
from berrypick.envs.actions import Answer, Open, Search

PLAIN: Final = Cell(ANY, "almanac-tiny", worlds=1, tasks=40, rollouts=4)
QUESTION: Final = "almanac-tiny-test-0-bridge-005"

#: Ways to answer the question (the sister city of the birthplace of the governor of Strath Thistlevale), and to fail.
TOURS: Final[dict[str, tuple[Search | Open | Answer | str, ...]]] = {
    "both engines and pages": (
        Search("governed Strath Thistlevale"),
        Search("Wilma Jorrwald born", "dense"),
        Open("Wilma Jorrwald"),
        Search("Pen Thistlevale sister city", "bm25"),
        Search("sister city of Pen Thistlevale", "dense"),
        Open("Pen Thistlevale"),
        Answer("Zan Stonehaven"),
    ),
    "names and words": (
        Search("governed Strath Thistlevale"),
        Search("Wilma Jorrwald born"),
        Search("Pen Thistlevale sister city"),
        Answer("the Velour Wharf"),
    ),
    "names and words, dense": (
        Search("governed Strath Thistlevale", "bm25", 5),
        Search("Wilma Jorrwald born", "dense", 2),
        Search("sister city of Pen Thistlevale", "dense", 10),
        Answer("Z. Stonehaven"),
    ),
    "names alone": (
        Search("Strath Thistlevale"),
        Search("Wilma Jorrwald"),
        Search("Pen Thistlevale"),
        Answer("Zan Stonehaven"),
    ),
    "initial forms": (
        Search("S. Thistlevale governed W. Jorrwald"),
        Search("Wilma Jorrwald born"),
        Search("the Urbane Harbour sister city"),
        Answer("Zan Stonehaven"),
    ),
    "bynames": (
        Search("register bynames Strath Thistlevale"),
        Search("the Saffron Crossing governed", "bm25", 10),
        Search("the Leaden Fiddler grew up from infancy"),
        Search("the Urbane Harbour sister city"),
        Answer("Zan Stonehaven"),
    ),
    "pages alone": (
        Open("Strath Thistlevale"),
        Open("Wilma Jorrwald"),
        Open("Pen Thistlevale"),
        Answer("Zan Stonehaven"),
    ),
    "the whole question": (
        Search("Which is the sister city of the birthplace of the governor of Strath Thistlevale?", "bm25", 10),
        Search("Strath Thistlevale"),
        Answer("Pen Thistlevale"),
    ),
    "no search": (Answer("Zan Stonehaven"),),
    "mistakes until the last turn": (
        "",
        "I will look for it.",
        Search("Strath Thistlevale", "google"),
        Open("Zan Stonehaven"),
        "<search>Strath Thistlevale</search><answer>Zan Stonehaven</answer>",
        '<search topk="11">Strath Thistlevale</search>',
        '{"name": "search", "arguments": {"query": 7}}',
        "<think>a\u0301 <answer>no</answer></think> <search>  </search>",
        "<access>Strath Thistlevale</access>",
        "<answer>",
    ),
    "more searches than the budget": (*(Search(f"Strath Thistlevale {n}") for n in range(8)), Answer("unknown")),
}


class Scene(NamedTuple):
    """One episode: a tour in a cell."""

    tour: str
    cell: Cell
    rollout: int = 0

    @property
    def name(self) -> str:
        """Unique name in messages and in the recording."""
        changes = [*self.cell.knockouts, *self.cell.faults]
        return ", ".join((self.tour, self.cell.protocol, *changes, f"rollout {self.rollout}"))


_TOUR: Final = "both engines and pages"
_KNOCKOUTS: Final = (
    "no_profile", "no_roster", "no_chronicle", "no_bm25", "no_dense", "no_open", "no_favourite:bm25/names+words",
    "renamed", "reworded",
)  # fmt: skip
_FAULTS: Final = ("empty", "random", "shuffled", "stale", "dropout:0.5", "error:0.3", "latency:1")
#: Every tour in tags; some in tools; every knock-out and fault that a suite has.
SCENES: Final = (
    *(Scene(tour, PLAIN) for tour in TOURS),
    *(Scene(tour, replace(PLAIN, protocol="tools")) for tour in (_TOUR, "mistakes until the last turn")),
    *(Scene(_TOUR, replace(PLAIN, knockouts=(name,))) for name in _KNOCKOUTS),
    *(Scene(_TOUR, replace(PLAIN, faults=(name,)), rollout=1) for name in _FAULTS),
)
