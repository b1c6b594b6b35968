"""The board's page: what it holds, and how it behaves in a browser, which is asked to load it from a file."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from berrypick.benchmarks.metrics.table import Value
from berrypick.leaderboard import entries
from berrypick.leaderboard.board import groups as board_groups
from berrypick.leaderboard.board import tables
from berrypick.leaderboard.board.groups import BoardRow, Group
from berrypick.leaderboard.board.html import page
from berrypick.leaderboard.board.html_parts import marks
from berrypick.leaderboard.recorded import Packed
from berrypick.leaderboard.schema import About, Entry, EntryCell

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

ROOT = Path(__file__).resolve().parents[3]
RULES = (ROOT / "leaderboard" / "RULES.md").read_text()
EXAMPLE = entries.decode(re.findall(r"```json\n(.*?)```", RULES, re.DOTALL)[0].encode(), Path("entry.json"))
EVIL = "\"'><script>document.title='run'</script><img src=http://evil.example/x.png onerror=\"document.title='run'\">"
NAMES = ("quick-oracle", "quick-mixture", "wide", "narrow", "evil")


def cells(kept: float) -> tuple[EntryCell, ...]:
    """The example's plain cell, and one with a knock-out."""
    plain = EXAMPLE.cells[0]
    metrics = plain.metrics | {"resilience": Value(kept, kept, kept, 60)}
    return plain, replace(plain, label="Almanac no_open", setup={"knockouts": ["no_open"]}, metrics=metrics)


def row(name: str, agent: str, right: float | None, ways: float | None, about: About | None = None) -> BoardRow:
    values = {"EM": right, "strategies_D2": ways, "resilience_mean": right}
    metrics = {metric: Value(value, value, value, 60) for metric, value in values.items()}
    entry: Entry = replace(EXAMPLE, name=name, agent=agent, metrics=metrics, cells=cells(right or 0.0))
    text = EVIL if name == "evil" else "<answer>x</answer>"
    samples = ((Packed(2, 0, 0, text, 0, "ok", (text,), (2,), "0" * 8), True),)
    return BoardRow(replace(entry, about=about or About(method="none")), samples)


def groups() -> list[Group]:
    evil = About(*(EVIL,) * 4, hardware=EVIL, contact=EVIL, licence=EVIL, notes=EVIL)
    return board_groups.groups(
        [
            row("quick-oracle", "oracle", 1.0, 1.0),
            row("quick-mixture", "mixture", 0.4, 1.9),
            row("wide", "lm:wide", 0.5, 3.0, About(method="grpo", agent_url="https://example.org/wide")),
            row("narrow", "lm:narrow", 0.3, 1.0),
            row("evil", EVIL, None, None, evil),
        ]
    )


def marks_of(name: str) -> str:
    (group,) = groups()
    return marks(group, next(row for row in group.rows if row.entry.name == name))


def test_what_submitters_wrote_is_text():
    html = page(groups())
    assert "<img" not in html and html.count("<script>") == 1 and "&lt;script&gt;" in html
    assert html.count("&lt;img src=http") >= 10  # agent, eight texts, question, action, answer


def test_cells_suites_and_addresses_are_text_too():
    """Of an entry that nobody verified: all that the schema lets through."""
    about = About(agent_url="https://example.org/\"><script>document.title='run'</script>")
    made = row("evil", EVIL, 0.5, 1.0, about)
    plain, changed = made.entry.cells
    changed = replace(changed, label=EVIL, setup={"knockouts": [EVIL], "faults": [EVIL]}, strategies={EVIL: 3})
    plain = replace(plain, label=EVIL, strategies={EVIL: 3})
    entry = replace(made.entry, suite=EVIL, protocol=EVIL, cells=(plain, changed))
    found = board_groups.groups([BoardRow(entry, made.samples)])
    html = page(found)
    assert "<img" not in html and html.count("<script>") == 1 and "onerror=&quot;" in html
    assert 'href="https://example.org/&quot;&gt;&lt;script&gt;' in html
    for text in (tables.readme(found), html.partition("</style>")[2].partition("<script>")[0]):
        assert "<img" not in text and "<script" not in text


def test_nothing_is_asked_of_a_network():
    html = page(groups())
    assert "default-src 'none'" in html and "unsafe-inline" not in html
    links = set(re.findall(r'(?:src|href|action|data)="([^"]*)"', html))
    assert links == {"RULES.md", "https://example.org/wide"}  # links of people, followed by people
    assert "url(" not in html and "@import" not in html and "<link" not in html


def test_every_row_is_in_table_picture_map_and_details():
    html = page(groups())
    for name in NAMES:  # in the first column, in the map and over its details; as a point, evil aside, too
        assert html.count(f'<td data-v="{name}">') == html.count(f"<tr {marks_of(name)}><td>{name}<") == 1
        assert html.count(f"<summary>{name} ") == 1 and (f"<title>{name}<" in html) == (name != "evil")
    assert html.count("<circle") == 4  # all but the one without numbers
    assert 'class="ceiling"' in html and html.count('class="anchor"') == 1
    assert html.count('<td class="h') == 5 and "<h3>What is kept under knock-outs</h3>" in html
    assert html.count('class="pareto" title') == 1  # wide: .5, 3 and .5 exceed everything but the ceiling


def test_an_empty_board_is_a_page():
    html = page([])
    assert "No submissions yet" in html and "<form" not in html and "<dt>EM</dt>" in html


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Chromium with the page, keeping a record of every request."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs chromium and chromedriver (Debian: chromium chromium-driver)")
    from selenium import webdriver

    folder = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text(page(groups()))
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    chrome = webdriver.Chrome(options, webdriver.ChromeService(driver))
    try:
        chrome.get((folder / "index.html").as_uri())
        yield chrome
    finally:
        chrome.quit()


@pytest.fixture
def fresh(browser: Chrome) -> Chrome:
    browser.refresh()
    return browser


def find(browser: Chrome, selector: str) -> WebElement:
    return browser.find_element("css selector", selector)


def names(browser: Chrome) -> list[str]:
    """Rows of the table as they are seen."""
    rows = browser.find_elements("css selector", "table.board tbody tr")
    return [str(row.find_element("css selector", "td").get_attribute("data-v")) for row in rows if row.is_displayed()]


def test_rows_stand_by_em_and_nothing_was_asked_for_or_refused(browser: Chrome):
    assert names(browser) == ["quick-oracle", "wide", "quick-mixture", "narrow", "evil"]
    assert browser.title == "berrypick leaderboard"
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert asked and all(url.startswith("file://") for url in asked), asked
    assert browser.get_log("browser") == []  # the policy refused nothing: styles and script are those it names


def test_scripts_of_others_do_not_run(browser: Chrome):
    for summary in browser.find_elements("css selector", "summary"):
        summary.send_keys("\n")
    assert EVIL in find(browser, "main").text
    assert browser.title == "berrypick leaderboard"
    assert browser.find_elements("css selector", "img, main script") == []


def test_the_policy_holds_what_escaping_would_miss(fresh: Chrome):
    """Were there a hole, a script that gets into the page would still not run, nor a style apply."""
    added: Any = fresh.execute_script(
        "const script = document.createElement('script'); script.textContent = 'document.title = 1';"
        "document.body.append(script);"
        'const html = \'<p id=x style="color: red" onclick="document.title = 2">x\';'
        "document.body.insertAdjacentHTML('beforeend', html);"
        "x.click(); return getComputedStyle(x).color"
    )
    assert added != "rgb(255, 0, 0)" and fresh.title == "berrypick leaderboard"


def test_sorting_by_click_both_ways_with_blanks_last(fresh: Chrome):
    head = find(fresh, "table.board th:nth-child(3)")
    assert head.text.startswith("strategies_")
    head.find_element("css selector", "button").click()
    assert names(fresh) == ["wide", "quick-mixture", "quick-oracle", "narrow", "evil"]
    assert head.get_attribute("aria-sort") == "descending"
    head.find_element("css selector", "button").click()
    assert names(fresh) == ["quick-oracle", "narrow", "quick-mixture", "wide", "evil"]
    assert head.get_attribute("aria-sort") == "ascending"
    assert len(fresh.find_elements("css selector", "[aria-sort]")) == 1


def test_filtering_keeps_anchors_and_holds_in_every_table(fresh: Chrome):
    find(fresh, "input[name=words]").send_keys("GRPO lm")
    assert names(fresh) == ["quick-oracle", "wide", "quick-mixture"]
    assert find(fresh, "output").text == "3 rows"
    heat = [
        row.text.split("\n")[0] for row in fresh.find_elements("css selector", ".heat tbody tr") if row.is_displayed()
    ]
    assert len(heat) == 3
    find(fresh, "input[name=words]").clear()
    find(fresh, "input[name=words]").send_keys(" ")
    find(fresh, "input[name=front]").click()
    assert names(fresh) == ["quick-oracle", "wide", "quick-mixture"]


def test_everything_is_reached_and_done_by_keys(fresh: Chrome):
    """Tab from the top: rules, find, suite, tier, front, the table's region, its heads; Enter sorts, Space opens."""
    from selenium.webdriver import ActionChains, Keys

    reached = []
    for _ in range(8):
        ActionChains(fresh).send_keys(Keys.TAB).perform()
        here = fresh.switch_to.active_element
        reached.append(here.get_attribute("name") or here.get_attribute("aria-label") or here.text)
    assert reached[:6] == ["rules", "words", "suite", "tier", "front", "table of quick-v1, tags"]
    assert reached[6] == "submission" and reached[7].startswith("EM")
    ActionChains(fresh).send_keys(Keys.ENTER).perform()
    assert names(fresh) == ["narrow", "quick-mixture", "wide", "quick-oracle", "evil"]
    summary = find(fresh, "section > details > summary")
    summary.send_keys(Keys.SPACE)
    assert find(fresh, "section > details").get_attribute("open") is not None


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_phones_and_desks_in_light_and_dark(fresh: Chrome, width: int, scheme: str):
    """The page itself never scrolls sideways, and the ground is as the reader wants it."""
    fresh.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    wanted = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    fresh.execute_cdp_cmd("Emulation.setEmulatedMedia", wanted)
    assert fresh.execute_script("return document.documentElement.scrollWidth") <= width
    ground = fresh.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 23, 27)"}[scheme]
