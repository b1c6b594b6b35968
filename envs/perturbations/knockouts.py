"""Knock-outs: lasting changes that remove one way of finding things and leave others (docs/design.md).

A policy is not told: the reset observation stays as it is, and what no longer works is found out by trying. Documents
are masked in the same index, so the ranks of the others do not move. Comprehension shifts stand in the same table; they
change how the question is put, and are reported apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from berrypick.corpora.engines import kinds_in
from berrypick.corpora.store import Corpus
from berrypick.envs.perturbations import rewrites
from berrypick.envs.scoring.query_forms import FORMS, NAME_FORMS
from berrypick.errors import BadInput
from berrypick.records import Question, Record
from berrypick.registry import Table, with_argument, without_argument

#: ``rewrite(question, corpus)`` -> the question as it is put instead.
Rewrite = Callable[[Question, Corpus], Question]


class Changes(Record):
    """What some knock-outs change together.

    Attributes:
        genres: documents of these genres are neither listed nor opened.
        engines: kinds of engine that refuse every search, as does whatever asks them in turn.
        closed: no page can be opened.
        refused: (tool, form) of the searches and opens that are refused.
        rewrites: names of the comprehension shifts.
    """

    genres: tuple[str, ...] = ()
    engines: frozenset[str] = frozenset()
    closed: bool = False
    refused: tuple[tuple[str, str], ...] = ()
    rewrites: tuple[str, ...] = ()

    def plus(self, other: Changes) -> Changes:
        """Both together."""
        return Changes(
            self.genres + other.genres,
            self.engines | other.engines,
            self.closed or other.closed,
            self.refused + other.refused,
            self.rewrites + other.rewrites,
        )


NOTHING: Final = Changes()

#: name -> ``change(argument)``, the argument being what follows the colon, "" for none
KNOCKOUTS: Table[Callable[[str], Changes]] = Table("knock-out", "berrypick.knockouts")
#: Those that change how the question is put.
SHIFTS: Final[dict[str, Rewrite]] = {"renamed": rewrites.renamed, "reworded": rewrites.reworded}
#: The one that is measured before it is refused, and the name that it has in suites published before 2026-12.
DOMINANT_MOVE: Final = "no_dominant_move"
PUBLISHED_DOMINANT_MOVE: Final = "no_favourite"


def _plain(name: str, change: Changes) -> Callable[[str], Changes]:
    return without_argument(name, change, "knockouts")


def _dominant_move(argument: str) -> Changes:
    tool, _, form = argument.rpartition("/")
    if not tool or form not in (NAME_FORMS if tool == "open" else FORMS):
        reason = (
            f"{DOMINANT_MOVE} needs a tool and a form, as in {DOMINANT_MOVE}:bm25/names:full or "
            f"{DOMINANT_MOVE}:open/names; "
            f"forms are {', '.join(FORMS)}; `berrypick bench` measures it in the plain cell of the same run"
        )
        raise BadInput(reason, field="knockouts")
    return Changes(refused=((tool, form),))


for _genre in ("profile", "roster", "chronicle"):
    _name = f"no_{_genre}"
    KNOCKOUTS.add(_name, _plain(_name, Changes(genres=(_genre,))), f"pages of genre {_genre} are gone")
for _engine in ("bm25", "dense"):
    _name = f"no_{_engine}"
    KNOCKOUTS.add(_name, _plain(_name, Changes(engines=frozenset({_engine}))), f"searches with {_engine} are refused")
KNOCKOUTS.add("no_open", _plain("no_open", Changes(closed=True)), "opening pages is refused")
for _name, _help in (
    (DOMINANT_MOVE, f"{DOMINANT_MOVE}:TOOL/FORM: searches or opens of this form are refused"),
    (PUBLISHED_DOMINANT_MOVE, f"{DOMINANT_MOVE} under the name that it has in suites published before 2026-12"),
):
    KNOCKOUTS.add(_name, _dominant_move, _help)
for _name, _help in (
    ("renamed", "shift: the question calls by byname what it called by full name"),
    ("reworded", "shift: the question is put in held-out paraphrases"),
):
    KNOCKOUTS.add(_name, _plain(_name, Changes(rewrites=(_name,))), _help)


def parse(names: Sequence[str], engines: Sequence[str]) -> Changes:
    """Return what knock-outs change together.

    Args:
        names: rows of ``KNOCKOUTS``, ``no_dominant_move`` with its argument.
        engines: names of the environment's engines.

    Raises:
        UnknownName: no such knock-out.
        BadInput: one is named twice, lacks its argument, or knocks out an engine that is not there.
    """
    if len(set(names)) < len(names):
        raise BadInput(f"must be distinct, got {tuple(names)}", field="knockouts")
    changes = NOTHING
    for name in names:
        changes = changes.plus(with_argument(KNOCKOUTS, name, "knockouts"))
    kinds = {kind for name in engines for kind in kinds_in(name)}
    missing = [kind for kind in sorted(changes.engines) if kind not in kinds]
    missing += [tool for tool, _ in changes.refused if tool not in (*engines, "open")]
    if missing:
        reason = f"knocks out {missing[0]}, but the engines here are {', '.join(engines)}"
        raise BadInput(reason, field="knockouts")
    return changes


def put(question: Question, corpus: Corpus, changes: Changes) -> Question:
    """Return the question as it is put under the comprehension shifts of some changes.

    Raises:
        BadInput: the corpus knows no bynames, or no other paraphrases.
    """
    for name in changes.rewrites:
        question = SHIFTS[name](question, corpus)
    return question


def is_dominant_move(name: str) -> bool:
    """Whether a knock-out refuses a dominant move, be it measured yet or not."""
    return name.partition(":")[0] in (DOMINANT_MOVE, PUBLISHED_DOMINANT_MOVE)
