"""One row of the board from near: who, by which ways, and a few of its episodes."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import Final

from msgspec.structs import asdict

from berrypick.leaderboard.board.groups import BoardRow, Group
from berrypick.leaderboard.board.html_parts import marks
from berrypick.leaderboard.episodes import plain
from berrypick.leaderboard.recorded import Packed
from berrypick.leaderboard.untrusted import plain as shown

#: Strategies that are told apart.
_MOST: Final = 6
_BUDGETS: Final = (("turns", "an episode"), ("searches", "an episode"), ("tokens", "all"))


def details(group: Group, row: BoardRow) -> str:
    """What opens under the name of a row."""
    entry = row.entry
    facts = {name.replace("_", " "): value for name, value in asdict(entry.about).items() if value not in ("", None)}
    facts |= {f"{name} (of {what})": getattr(entry.budgets, name) for name, what in _BUDGETS}
    facts |= {"missing episodes": row.missing, "episodes": entry.episodes}
    facts |= {row.grant.tier: row.grant.how} if row.grant else {}
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{_text(name, str(value))}</dd>" for name, value in facts.items())
    episodes = "".join(_episode(row, episode, is_right) for episode, is_right in row.samples)
    episodes = f"<h4>Episodes</h4>{episodes}" if episodes else ""
    return (
        f"<details {marks(group, row)}><summary>{escape(entry.name)} <small>{escape(entry.agent)}</small></summary>"
        f'<div class="more"><dl>{listed}</dl>{_ways(row)}{episodes}</div></details>'
    )


def _text(name: str, value: str) -> str:
    """A fact; what the schema checks to be a web address as a link, which asks for nothing until it is followed."""
    if name == "agent url":
        return f'<a href="{escape(value)}" rel="nofollow noopener noreferrer">{escape(value)}</a>'
    return escape(value)


def _ways(row: BoardRow) -> str:
    """Shares of the strategies among the grounded successes of the plain cells."""
    used = Counter[str]()
    for cell in filter(plain, row.entry.cells):
        used.update(cell.strategies)
    total = used.total()
    if not total:
        return "<p>No grounded success.</p>"
    ordered = sorted(used, key=lambda way: (-used[way], way))
    lines = [_way(way, used[way] / total) for way in ordered[:_MOST]]
    if rest := ordered[_MOST:]:
        lines.append(_way(f"{len(rest)} others", sum(used[way] for way in rest) / total))
    head = f"<caption>Strategies <span>{total} grounded successes of plain cells, all seeds</span></caption>"
    return f'<div class="scroll"><table>{head}<tbody>{"".join(lines)}</tbody></table></div>'


def _way(way: str, share: float) -> str:
    bar = (
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="rest" width="100" height="6"/><rect width="{100 * share:.1f}" height="6"/></svg>'
    )
    return f"<tr><td>{escape(shown(way))}</td><td>{100 * share:.0f} %</td><td>{bar}</td></tr>"


def _episode(row: BoardRow, episode: Packed, is_right: bool) -> str:
    cell = row.entry.cells[episode.cell].label
    end = "right" if is_right else "not right"
    head = f"{cell}, {shown(episode.question_id)}, rollout {episode.rollout}: {end}"
    asked = row.entry.questions.get(episode.question_id)
    text = f"<p>{escape(asked)}</p>" if asked else ""
    steps = "".join(f"<li><code>{escape(shown(action))}</code></li>" for action in episode.actions)
    return f"<details><summary>{escape(head)}</summary>{text}<ol>{steps}</ol></details>"
