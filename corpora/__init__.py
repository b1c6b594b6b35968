"""What is searched: ``load`` a corpus by name or path, building it on first use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from berrypick.corpora import private_worlds, store
from berrypick.corpora.corpus import Builder, Corpus, QuestionAudit
from berrypick.errors import BadInput
from berrypick.io import home
from berrypick.registry import Table, UnknownName

#: Splits of a family of worlds, and of the questions of a corpus of one world.
SPLITS: Final = ("train", "dev", "test")

CORPORA: Table[Builder] = Table("corpus", "berrypick.corpora")
CORPORA.add(
    "almanac-tiny", "berrypick.corpora.builders.almanac:TINY", "procedural people, companies, cities; ~300 documents"
)
CORPORA.add(
    "almanac-small", "berrypick.corpora.builders.almanac:SMALL", "the same, ~2,000 documents a world; the default"
)
CORPORA.add(
    "almanac-small-reworded",
    "berrypick.corpora.builders.almanac:SMALL_REWORDED",
    "the same, its pages worded in held-out paraphrases",
)
CORPORA.add(
    "almanac-even",
    "berrypick.corpora.builders.almanac:EVEN",
    "every genre states every fact, so that every strategy pays alike; ~3,300 documents a world",
)
CORPORA.add(
    "almanac-even-reworded",
    "berrypick.corpora.builders.almanac:EVEN_REWORDED",
    "almanac-even, its pages worded in held-out paraphrases",
)
CORPORA.add(
    "almanac-balanced",
    "berrypick.corpora.builders.almanac:BALANCED",
    "one genre a world, by turns, states a fact with probability 0.8, the others with 0.2",
)
CORPORA.add("almanac-base", "berrypick.corpora.builders.almanac:BASE", "the same, ~30,000 documents a world")
for _name, _row, _size in (
    ("almanac-1k", "NESTED_1K", "1,000"),
    ("almanac-10k", "NESTED_10K", "10,000"),
    ("almanac-100k", "NESTED_100K", "100,000"),
    ("almanac-large", "LARGE", "1,000,000"),
):
    CORPORA.add(
        _name,
        f"berrypick.corpora.builders.almanac:{_row}",
        f"nested: each size starts with the smaller ones and asks what they ask; ~{_size} documents a world",
    )
CORPORA.add("factbook", "berrypick.corpora.builders.factbook:FACTBOOK", "CIA World Factbook, real facts and prose")


def added() -> list[str]:
    """Names of the corpora that the user added with ``berrypick corpus add``."""
    folder = home() / "added"
    if not folder.is_dir():
        return []
    # A name with a dot in front is a corpus that is being written.
    return sorted(path.parent.name for path in folder.glob("[!.]*/manifest.json"))


if _salt := os.environ.get(private_worlds.VARIABLE):
    private_worlds.register(CORPORA, Path(_salt))


#: ``NAME:answerable`` is an added corpus without the questions that its audit found no route for.
ANSWERABLE: Final = ":answerable"


def folder_of(name: str) -> Path | None:
    """The folder of an added corpus or of a path, with or without ``:answerable``; None where there is none."""
    for spelled in dict.fromkeys((name, name.removesuffix(ANSWERABLE))):
        for folder in (home() / "added" / spelled, Path(spelled)):
            if (folder / "manifest.json").is_file():
                return folder
    return None


def load(name: str, split: str = "test", world: int = 0, *, progress: bool = False) -> Corpus:
    """Load a corpus by registered name, added name or folder path, building a registered one on first use.

    Args:
        name: a row of ``CORPORA``, a name given to ``corpus add``, or a path to a corpus folder; of the latter two
            ``NAME:answerable`` asks only what the audit found a route for.
        split: split of the world; ignored by corpora of one world.
        world: number of the world within its split; ignored by corpora of one world.
        progress: show what a long build is doing on standard error.

    Raises:
        UnknownName: no such corpus, or no such split.
        BadInput: the number of the world is out of range, or a corpus that was not audited is asked for what is
            answerable.
        Damaged: a file of the corpus is not what its manifest records.
    """
    if split not in SPLITS:
        raise UnknownName("split", split, list(SPLITS))
    if not 0 <= world < 2**32:
        raise BadInput(f"must be in [0, 2**32), got {world}", field="world")
    if name in CORPORA:
        builder = CORPORA[name]
        judge = partial(_judge, builder=builder, split=split, world=world, progress=progress)
        return store.open_or_build(name, builder, split, world, judge)
    folder = folder_of(name)
    if folder is None:
        raise UnknownName("corpus", name, [*CORPORA, *added()])
    found = store.read(folder)
    if not name.endswith(ANSWERABLE):
        return found
    if not found.audit:
        raise BadInput(f"{found.name} was not audited; run `berrypick audit {found.name}` first", field="corpus")
    return replace(found, answerable_only=True)


def _judge(corpus: Corpus, builder: Builder, split: str, world: int, progress: bool) -> Sequence[QuestionAudit]:
    """Audit a corpus that was just built."""
    from berrypick.corpora.answerability.audit import audit  # engines load when something is built, not before

    if builder.audited_as:
        return [*load(builder.audited_as, split, world, progress=progress).audit.values()]
    found = audit(corpus, progress=progress)
    return found.surviving() if builder.survives_all else found.rows


__all__ = ["ANSWERABLE", "CORPORA", "SPLITS", "Corpus", "added", "folder_of", "load"]
