"""Parts of pages."""

from __future__ import annotations

from berrypick.benchmarks.report import html as report_html


def test_tables_escape_and_mark_blanks():
    html = report_html.table("a < b", "n & m", ["x>y"], [["<i>", report_html.DASH]])
    assert "<caption>a &lt; b <span>n &amp; m</span></caption>" in html and "<th>x&gt;y</th>" in html
    assert f'<td>&lt;i&gt;</td><td class="blank">{report_html.DASH}</td>' in html


def test_numbers():
    assert (report_html.number(0.126), report_html.number(0.1264, 3), report_html.number(None)) == (
        "0.13",
        "0.126",
        report_html.DASH,
    )


def test_the_style_is_the_report_s():
    assert (
        report_html.style().startswith("<style>")
        and report_html.style() in report_html.template("report.html").template
    )


def test_pictures_lie_within_the_page():
    assert 'src="data:image/png;base64,YWI=" alt="A &amp; b"' in report_html.picture(b"ab", "A & b", "read")
