"""The board: groups, order, front, the paired difference, and its files."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from berrypick.benchmarks.metrics.table import Value
from berrypick.benchmarks.suites import SUITES, cells_of
from berrypick.benchmarks.versions import Contract
from berrypick.leaderboard import entries, episodes, recorded, schema
from berrypick.leaderboard.board import groups as board_groups
from berrypick.leaderboard.board import tables, write
from berrypick.leaderboard.board.groups import BoardRow
from berrypick.leaderboard.board.html import page
from berrypick.leaderboard.untrusted import Rejected

#: conftest's ``Submission``, which cannot be imported.
Forged = Any
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def made(honest: Path) -> BoardRow:
    """The one real submission."""
    entry = entries.read(honest)
    return BoardRow(entry, episodes.samples(honest, entry))


def row(made: BoardRow, name: str, **metrics: float) -> BoardRow:
    """A row with some numbers of its own."""
    values = {metric: Value(value, value, value, 4) for metric, value in metrics.items()}
    return BoardRow(replace(made.entry, name=name, metrics=values), made.samples)


def with_right(made: BoardRow, *right: int) -> BoardRow:
    """A row with so many right answers of nine to each question of its plain cell."""
    plain, *others = made.entry.cells
    return BoardRow(replace(made.entry, cells=(replace(plain, tasks=len(right), right=right), *others)))


def test_right_answers_make_the_accuracy(made: BoardRow):
    """Cell 0 is plain, 1 has a knock-out, 2 a fault: EM of the entry is the mean over its 4 questions of 9 episodes."""
    assert [len(cell.right) for cell in made.entry.cells] == [4, 0, 0]
    assert made.entry.metrics["EM"].value == pytest.approx(sum(made.entry.cells[0].right) / 9 / 4)


def test_an_entry_from_before_that_field_gets_it_from_its_episodes(honest_old: Path, made: BoardRow):
    entry = entries.read(honest_old)
    bare = replace(entry, cells=tuple(replace(cell, right=()) for cell in entry.cells))
    assert [cell.right for cell in episodes.with_right(honest_old, bare).cells] == [
        cell.right for cell in made.entry.cells
    ]


def test_episodes_that_are_shown_are_right_or_wrong_for_certain(made: BoardRow, honest: Path):
    """They are the first of a question that was always answered rightly, and of one that never was."""
    always, never = with_right(made, 9, 0, 9, 0).entry, with_right(made, 3, 4, 5, 6).entry
    shown = episodes.samples(honest, always)
    questions = sorted({line.episode.question_id for line in recorded.read(honest / recorded.EPISODES, 2**20)})
    assert [(one.question_id, is_right) for one, is_right in shown] == [(questions[0], True), (questions[1], False)]
    assert all((one.seed, one.cell, one.rollout) == (0, 0, 0) for one, _ in shown)
    assert episodes.samples(honest, never) == ()


def test_episodes_of_another_file_are_refused(honest: Path, made: BoardRow):
    with pytest.raises(Rejected, match="is not the file that entry"):
        episodes.samples(honest, replace(made.entry, episodes="0" * 64))


def test_order_front_and_groups(made: BoardRow):
    """b is beaten by a in both; c has less EM and more ways; d has no EM; e and f are of groups of their own."""
    a, b = row(made, "a", EM=0.5, strategies_D2=2.0), row(made, "b", EM=0.4, strategies_D2=2.0)
    c, d = row(made, "c", EM=0.4, strategies_D2=3.0), row(made, "d")
    e, f = row(made, "e", EM=0.9), row(made, "f", EM=0.9)
    e = BoardRow(replace(e.entry, contract=Contract(suite=2)), e.samples)
    f = BoardRow(replace(f.entry, fingerprints={"documents:x": "1" * 64}), f.samples)
    found = board_groups.groups([d, c, e, f, b, a])
    assert sorted([one.entry.name for one in group.rows] for group in found) == [["a", "b", "c", "d"], ["e"], ["f"]]
    assert {group.title for group in found} == {"board-tiny-v1, tags", "board-tiny-v2, tags"}
    group = next(group for group in found if len(group.rows) == 4)
    assert group.front == {"a", "c"}
    assert set(group.above) == {"b", "c", "d"}
    assert [group.above[name].partner for name in "bcd"] == ["a", "b", "c"]
    assert group.columns() == ["EM", "strategies_D2"]


def test_equal_fingerprints_and_other_cells_are_refused(made: BoardRow):
    """No honest pair of submissions is like that, and the map of knock-outs has one column a cell."""
    short = replace(made.entry, name="short", cells=made.entry.cells[:1])
    with pytest.raises(Rejected, match="honest have the same versions and fingerprints, and not the same cells"):
        board_groups.groups([made, BoardRow(short, made.samples)])


def test_equals_share_the_front(made: BoardRow):
    assert board_groups.front([row(made, "a", EM=0.5), row(made, "b", EM=0.5)]) == {"a", "b"}


def test_anchors_are_known_by_a_name_that_is_taken_once(made: BoardRow):
    def of(name: str, agent: str) -> BoardRow:
        return BoardRow(replace(made.entry, name=name, agent=agent, suite="core"), made.samples)

    oracle = of("core-oracle", "oracle")
    assert oracle.anchor and oracle.ceiling
    assert of("core-scripted-names-words", "scripted:names+words").anchor
    assert of("core-shotgun-mixture", "shotgun:mixture").anchor
    assert not of("mine", "oracle").anchor and not of("core-mine", "mine").anchor
    assert board_groups.front([oracle, of("mine", "oracle")]) == {"mine"}


def test_the_row_above_question_by_question(made: BoardRow):
    """20 questions; the row above is right on 15 of them always, this one on 5 of those: 15/20 - 5/20 = .5.

    The 10 differences of 1 among 20 make an interval of about .5 +- 1.96 sqrt(.25 / 20) = .28 to .72.
    """
    above, below = with_right(made, *[9] * 15, *[0] * 5), with_right(made, *[9] * 5, *[0] * 15)
    found = board_groups.against(above, below)
    assert found is not None and found.value == pytest.approx(0.5) and found.n == 20
    assert found.low == pytest.approx(0.28, abs=0.06) and found.high == pytest.approx(0.72, abs=0.06)
    assert found.better == "first"
    assert tables.verdict(found).startswith("+0.500 (+0.") and tables.verdict(found).endswith(", better")
    same = board_groups.against(above, above)
    assert same is not None and (same.value, same.better) == (0.0, "")


def test_cells_that_are_not_read_are_not_compared(made: BoardRow):
    plain, *others = made.entry.cells
    blank = replace(made.entry, cells=(replace(plain, right=()), *others))
    assert board_groups.against(made, BoardRow(blank)) is None and board_groups.against(BoardRow(blank), made) is None
    assert tables.verdict(None) == "–"


def test_files_are_the_same_again_and_know_when_they_are_stale(honest: Path, tmp_path: Path):
    contents = write.render(board_groups.read(honest.parent))
    assert contents == write.render(board_groups.read(honest.parent))
    assert write.stale(tmp_path, contents) == ["README.md", "leaderboard.csv"]  # the page is built, not committed
    write.write(tmp_path, contents)
    assert write.stale(tmp_path, contents) == []
    (tmp_path / "README.md").write_text("edited")
    assert write.stale(tmp_path, contents) == ["README.md"]


def test_without_submissions(tmp_path: Path):
    contents = write.render(board_groups.read(tmp_path / "nothing"))
    assert b"No submissions yet" in contents["README.md"] and b"No submissions yet" in contents["index.html"]
    assert contents["leaderboard.csv"].count(b"\n") == 1


def test_the_committed_board_is_that_of_the_committed_submissions():
    contents = write.render(board_groups.read(ROOT / "leaderboard" / "submissions"))
    assert write.stale(ROOT / "leaderboard", contents) == [], "run `berrypick board write`"


def test_the_table_holds_every_number(honest: Path):
    (line,) = csv.DictReader(io.StringIO(tables.table_csv(board_groups.read(honest.parent))))
    entry = entries.read(honest)
    assert (line["name"], line["agent"], line["front"], line["tier"]) == ("honest", "mixture", "yes", "replayed")
    assert line["EM"] == f"{entry.metrics['EM'].value:.4f}" and line["EM n"] == str(entry.metrics["EM"].n)
    assert line["strategies_D2"] == "" and line["above"] == ""  # 4 questions are too few; no row is above


def test_columns_of_honesty_and_the_partner_of_a_difference(made: BoardRow):
    """2 and 3 episodes are missing, in two cells; the second row is compared with the first, which it names."""
    cells = tuple(replace(cell, missing=count) for cell, count in zip(made.entry.cells, (2, 0, 3), strict=True))
    worse = row(made, "worse", EM=0.25, unsupported=0.125)
    groups = board_groups.groups(
        [
            row(made, "better", EM=0.5, unsupported=0.125),
            BoardRow(replace(worse.entry, cells=(replace(cells[0], right=()), *cells[1:]))),
        ]
    )
    first, second = csv.DictReader(io.StringIO(tables.table_csv(groups)))
    assert (first["missing"], first["above name"], first["unsupported"]) == ("0", "", "0.1250")
    # Of so few episodes five are more than a hundredth: dropped failures would make it look better supported.
    assert (second["missing"], second["above name"], second["unsupported"]) == ("5", "better", "")
    assert second["EM"] == "0.2500"
    assert (second["above"], second["above low"]) == ("", "")
    for text in ("| &#8211; | 5 | replayed | better&#58; &#8211; |", "`unsupported` | missing | tier |"):
        assert text in tables.readme(groups).replace("–", "&#8211;")
    html = page(groups)
    assert '<td data-v="5">5</td>' in html and '<td class="above" data-v="">better: –</td>' in html
    assert 'title="share of episodes that ended with an answer never displayed"' in html


def test_foreign_text_stays_text_in_markdown_and_spreadsheets(made: BoardRow):
    assert tables.markdown("a|b <i> `x` [y](z) _u_") == (
        "a&#124;b &#60;i&#62; &#96;x&#96; &#91;y&#93;&#40;z&#41; &#95;u&#95;"
    )
    assert tables.markdown("Www.a.b") == "Www&#46;a.b"
    evil = BoardRow(replace(made.entry, agent="=1+1|<script>"), made.samples)
    groups = board_groups.groups([evil])
    assert "<script>" not in tables.readme(groups) and "&#61;1&#43;1&#124;" in tables.readme(groups)
    assert next(csv.DictReader(io.StringIO(tables.table_csv(groups))))["agent"] == "'=1+1|<script>"


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", " =", "\u3000\uff1d", "\ufe62"]
)
def test_nothing_in_the_csv_is_a_formula(start: str):
    """Spreadsheets read full-width and small marks as the plain ones."""
    assert tables._is_formula(f"{start}1+1") and not tables._is_formula("names=only")


def test_an_entry_that_claims_no_seeds_is_shown(forged: Forged):
    forged.entry["seeds"] = []
    forged.save()
    assert [row.entry.seeds for group in board_groups.read(forged.path.parent) for row in group.rows] == [()]


@pytest.mark.parametrize(("field", "value"), [("knockouts", 5), ("faults", "shuffled"), ("reward", None)])
def test_what_the_board_reads_of_a_setup_is_checked(forged: Forged, field: str, value: object):
    forged.entry["cells"][2]["setup"][field] = value
    forged.save()
    with pytest.raises(Rejected, match=rf"entry.json, field 'cells\[2\].setup.{field}': Expected"):
        board_groups.read(forged.path.parent)


def test_a_maintainers_tier_is_shown(forged: Forged):
    grant = {"tier": "reproduced", "episodes": forged.entry["episodes"], "how": "by <b>hand</b>"}
    (forged.path.parents[1] / "tiers.json").write_text(json.dumps({"honest": grant}))
    contents = write.render(board_groups.read(forged.path.parent))
    assert next(csv.DictReader(io.StringIO(contents["leaderboard.csv"].decode())))["tier"] == "reproduced"
    assert b"| reproduced |" in contents["README.md"] and b'data-tier="reproduced"' in contents["index.html"]
    assert b"<dt>reproduced</dt><dd>by &lt;b&gt;hand&lt;/b&gt;</dd>" in contents["index.html"]


@pytest.mark.parametrize(
    ("name", "episodes", "message"),
    [
        ("honest", "0" * 64, "tiers.json, field 'honest.episodes': is 000000000000, the entry has"),
        ("gone", "0" * 64, "tiers.json, field 'gone': no such submission"),
        ("honest", "none", "tiers.json, field '.*episodes': Expected `str` matching regex"),
    ],
)
def test_a_tier_is_of_a_submission_as_it_stands(name: str, episodes: str, message: str, forged: Forged):
    grant = {"tier": "reproduced", "episodes": episodes, "how": ""}
    (forged.path.parents[1] / "tiers.json").write_text(json.dumps({name: grant}))
    with pytest.raises(Rejected, match=message):
        board_groups.read(forged.path.parent)


def test_what_is_no_submission_is_named(honest: Path, tmp_path: Path):
    shutil.copytree(honest, tmp_path / "other")
    with pytest.raises(Rejected, match="is 'honest', but the folder is 'other'"):
        board_groups.read(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tasks": 10**4}, r"field 'cells': ask \d+ questions of a run, a suite has 10000 at most"),
        ({"tasks": 3000, "rollouts": 3000}, r"field 'cells': ask \d+ episodes of a run, a suite has 1000000 at most"),
    ],
)
def test_more_than_any_suite_has_is_not_read(forged: Forged, change: dict[str, int], message: str):
    forged.entry["cells"][0] |= change
    forged.save()
    with pytest.raises(Rejected, match=message):
        board_groups.read(forged.path.parent)
    forged.entry["cells"] *= 100
    forged.save()
    with pytest.raises(Rejected, match="length <= 256"):
        board_groups.read(forged.path.parent)


def test_questions_that_an_entry_does_not_count_are_not_held(forged: Forged):
    """Four are asked in the first cell; the fifth ends it."""
    extra = [forged.lines[0] | {"question_id": f"q{number}"} for number in range(5)]
    forged.lines[:0] = extra
    forged.save()
    with pytest.raises(Rejected, match=r"line 5: cell 0 has more questions than entry\.json says"):
        board_groups.read(forged.path.parent)


def test_any_suite_fits():
    for suite in SUITES:
        cells = cells_of(suite)
        assert len(cells) <= schema.CELLS_LIMIT and sum(cell.tasks for cell in cells) <= schema.TASKS_LIMIT
        assert sum(cell.tasks * cell.rollouts for cell in cells) <= schema.EPISODES_LIMIT
