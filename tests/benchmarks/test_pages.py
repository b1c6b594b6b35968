"""Parts of pages."""

from __future__ import annotations

from berrypick.benchmarks import pages


def test_tables_escape_and_mark_blanks():
    html = pages.table("a < b", "n & m", ["x>y"], [["<i>", pages.DASH]])
    assert "<caption>a &lt; b <span>n &amp; m</span></caption>" in html and "<th>x&gt;y</th>" in html
    assert f'<td>&lt;i&gt;</td><td class="blank">{pages.DASH}</td>' in html


def test_numbers():
    assert (pages.number(0.126), pages.number(0.1264, 3), pages.number(None)) == ("0.13", "0.126", pages.DASH)


def test_the_style_is_the_report_s():
    assert pages.style().startswith("<style>") and pages.style() in pages.template("report.html").template


def test_pictures_lie_within_the_page():
    assert 'src="data:image/png;base64,YWI=" alt="A &amp; b"' in pages.picture(b"ab", "A & b", "read")
