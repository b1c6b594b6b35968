"""RULES.md: its examples are what is accepted, and it names every field."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from berrypick.leaderboard import entries, recorded, schema, untrusted
from berrypick.leaderboard.schema import About, Budgets, Entry, EntryCell

RULES = (Path(__file__).resolve().parents[2] / "leaderboard" / "RULES.md").read_text()
ENTRY, LINE = re.findall(r"```json\n(.*?)```", RULES, re.DOTALL)


def test_the_examples_are_accepted():
    assert entries.decode(ENTRY.encode(), Path("entry.json")).about.method == "grpo"
    line = untrusted.strict(LINE.encode(), recorded._DECODER, Path("episodes"))
    assert len(line.seen) == 8 * len(line.actions)


def test_every_field_is_named():
    named = RULES.partition("## `entry.json`")[2]
    fields = [name for kind in (Entry, EntryCell, About, Budgets) for name in kind.__struct_fields__]
    assert [name for name in fields if f"`{name}`" not in named] == []


def test_the_limits_are_those_of_the_code():
    assert (schema.ENTRY_LIMIT, recorded.LINE_LIMIT, recorded.MEAN_LIMIT) == (4 * 2**20, 4 * 2**20, 64 * 2**10)
    assert (untrusted.DIGITS, untrusted.DEPTH) == (18, 64) and str(list(schema.SEEDS)) in named_seeds()


def named_seeds() -> str:
    return RULES.partition("| `seeds` |")[2].partition("\n")[0]


def test_the_schema_can_be_given_to_others():
    """A JSON schema of the entry can be made: no field is of a kind that only Python knows."""
    assert msgspec.json.schema(Entry)["$defs"]["Entry"]["properties"]["tier"]["enum"]
