"""What ``entry.json`` of a submission holds; RULES.md explains every field with an example."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from berrypick.benchmarks.metrics.table import Value
from berrypick.benchmarks.versions import Contract
from berrypick.records import Record

SCHEMA: Final = 1
ENTRY: Final = "entry.json"
#: Maintainers' file beside the folder of submissions: what nobody can claim for himself.
TIERS: Final = "tiers.json"
#: Fingerprint of a submission that was played in worlds of a private salt: the salt's digest.
SALT: Final = "salt"
#: Fingerprints that entries had before versions: hashes of cells and sources, which are read and say nothing.
RETIRED: Final = ("suite", "protocol", "scorer")
#: Seeds of the runs that make up a submission.
SEEDS: Final = (0, 1, 2)

#: Largest ``entry.json``, in bytes, before anything is parsed.
ENTRY_LIMIT: Final = 2**22

NAME: Final = r"^[a-z0-9][a-z0-9._-]{0,63}\Z"
Name = Annotated[str, Meta(pattern=NAME)]
Short = Annotated[str, Meta(max_length=200)]
Long = Annotated[str, Meta(max_length=2000)]
Url = Annotated[str, Meta(pattern=r"^(https?://[!-~]{1,500})?\Z")]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
#: Cells of a suite, and questions and episodes of one run of it, at most: what a board can hold of a stranger's entry.
CELLS_LIMIT: Final = 256
TASKS_LIMIT: Final = 10**4
EPISODES_LIMIT: Final = 10**6
#: Questions whose text an entry holds, at most.
QUESTIONS_LIMIT: Final = 6
#: What a cell has of something: enough for any suite, and not too many to hold a number for each.
Few = Annotated[int, Meta(ge=0, le=10**5)]
Count = Annotated[int, Meta(ge=0, le=10**18)]


class Budgets(Record):
    """What an episode may spend, and what was spent.

    Attributes:
        turns: of one episode, at most.
        searches: of one episode, at most.
        tokens: sum of what the steps say that their actions took, over all episodes.
    """

    turns: Count
    searches: Count
    tokens: Count


class About(Record):
    """What only the submitter can say. None of it can be replayed.

    Attributes:
        model: name or hub id of the model; "" for agents without one.
        revision: which one: a commit, or the hash of its weights.
        method: how it was trained.
        start: what the training started from.
        training_tokens: tokens that were trained on, None where nothing was trained or nobody says.
        hardware: what it ran on.
        agent_url: where the agent can be had, http or https.
        contact: whom to ask.
        licence: of the episodes.
        notes: anything else, on one line.
    """

    model: Short = ""
    revision: Short = ""
    method: Short = ""
    start: Short = ""
    training_tokens: Count | None = None
    hardware: Short = ""
    agent_url: Url = ""
    contact: Short = ""
    licence: Short = "CC-BY-4.0"
    notes: Long = ""


class Changes(msgspec.Struct):
    """What the board reads of a cell's setup, the rest of which is compared and not read.

    Attributes:
        knockouts: what is refused.
        faults: what is disturbed.
        reward: by its name.
    """

    knockouts: tuple[Short, ...] = ()
    faults: tuple[Short, ...] = ()
    reward: Short = ""


class EntryCell(Record):
    """One cell of the suite, over all seeds.

    Attributes:
        label: what tables and pictures call the cell.
        setup: what the environment was made with, defaults included.
        tasks: questions asked.
        rollouts: episodes per question and seed.
        missing: episodes that failed or are not there, over all seeds; they count as failures.
        metrics: name -> mean over the seeds; where the cell has knock-outs, also ``resilience``.
        strategies: strategy -> grounded successes that used it.
        right: right answers to each question, over rollouts and seeds, in the order of the questions' ids. Empty in
            cells with changes or with another reward than ``exact_match``, and in those that are not read.
    """

    label: Short
    setup: dict[str, Any]
    tasks: Few
    rollouts: Few
    missing: Count
    metrics: dict[str, Value]
    strategies: dict[str, Count]
    right: tuple[Count, ...] = ()


class Grant(Record):
    """What a maintainer says of a submission in ``TIERS``.

    Attributes:
        tier: given.
        episodes: sha256 of the episodes that it is given for.
        how: it was found out, on one line.
    """

    tier: Literal["reproduced"]
    episodes: Sha256
    how: Long


class Entry(Record):
    """``entry.json``.

    Attributes:
        schema: of the entry.
        name: of the submission, and of its folder.
        agent: who played.
        suite: what was played.
        protocol: how actions are written.
        seeds: of the runs.
        fingerprints: name -> sha256 of the documents and questions, and the hash of a salt; compared on replay.
        versions: of the package and of what decides a number; recorded, not compared.
        commit: of the source tree, where there was one; recorded.
        unread: numbers of cells that the agent does not read; blank, not failed.
        about: what only the submitter can say.
        budgets: see ``Budgets``.
        metrics: means over the seeds of the means over the cells without knock-outs and faults, and measures over the
            changed cells.
        cells: the suite's cells, in order.
        episodes: sha256 of the file, or of ``digests`` where there are some.
        tier: claimed. ``replayed`` is what ``berrypick verify`` can show; what is above it stands in ``TIERS``.
        questions: id -> text of the questions whose episodes the board shows; none of a private salt.
        contract: versions of suite, protocol and scorer; compared.
        digests: of the episodes of each seed's cells, in order, where the episodes are not kept because the agent is
            played again; empty where they are.
    """

    schema: Literal[1]
    name: Name
    agent: Short
    suite: Short
    protocol: Short
    seeds: tuple[int, ...]
    fingerprints: dict[str, Sha256]
    versions: dict[str, Short]
    commit: Short | None
    unread: tuple[int, ...]
    about: About
    budgets: Budgets
    metrics: dict[str, Value]
    cells: Annotated[tuple[EntryCell, ...], Meta(max_length=CELLS_LIMIT)]
    episodes: Sha256
    tier: Literal["self-reported", "replayed"]
    questions: Annotated[dict[Short, Long], Meta(max_length=QUESTIONS_LIMIT)] = msgspec.field(default_factory=dict)
    contract: Contract = Contract()
    digests: Annotated[tuple[Digest, ...], Meta(max_length=CELLS_LIMIT * len(SEEDS))] = ()


#: Decoders are made once: making one costs more than using it.
ENTRY_DECODER: Final = msgspec.json.Decoder(Entry)
TIERS_DECODER: Final = msgspec.json.Decoder(dict[Name, Grant])
