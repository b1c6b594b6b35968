"""What pages share: one style, tables, and pictures that lie within the page."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from html import escape
from importlib.resources import files as resources
from string import Template
from typing import Final

#: Where there is no value.
DASH: Final = "\u2013"


def template(name: str) -> Template:
    """A page of ``templates/``."""
    return Template((resources(__package__) / "templates" / name).read_text())


def style() -> str:
    """The style of ``report.html``, for pages beside it."""
    found = re.search(r"<style>.*</style>", template("report.html").template, re.DOTALL)
    assert found is not None
    return found[0]


def picture(png: bytes, heading: str, reading: str) -> str:
    """A picture under its heading and how to read it."""
    image = f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" alt="{escape(heading)}">'
    return f"<h2>{escape(heading)}</h2><p>{escape(reading)}</p><figure>{image}</figure>"


def table(caption: str, note: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of text; a cell of ``DASH`` alone is blank."""
    top = f"<caption>{escape(caption)} <span>{escape(note)}</span></caption>"
    top += f"<thead><tr>{''.join(f'<th>{escape(name)}</th>' for name in head)}</tr></thead>"
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f'<div class="scroll"><table>{top}<tbody>{body}</tbody></table></div>'


def _cell(text: str) -> str:
    return f'<td class="blank">{DASH}</td>' if text == DASH else f"<td>{escape(text)}</td>"


def number(value: float | None, digits: int = 2) -> str:
    """A number with so many decimals, a dash where there is none."""
    return DASH if value is None else f"{value:.{digits}f}"
