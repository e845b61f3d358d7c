"""The page in a real browser: wide and narrow, both themes, the tools at work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from personarium.report import render
from tests.report.example import example_document

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    selenium = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("chromium or chromedriver is not installed (tools/install_browser.sh)")
    options = selenium.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    yield found
    found.quit()


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Any:
    path = tmp_path / "report.html"
    path.write_text(render(example_document()), encoding="utf-8")
    browser.get(path.as_uri())
    yield browser
    assert browser.get_log("browser") == []


def _size(browser: Any, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


@pytest.mark.parametrize("width", [390, 640, 860, 1120, 1280])
def test_the_page_never_scrolls_sideways(page: Any, width: int) -> None:
    _size(page, width)
    page.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.execute_script("return innerWidth") == width
    assert page.execute_script("return document.documentElement.scrollWidth") <= width


def test_text_in_drawings_keeps_its_size_on_a_phone(page: Any) -> None:
    _size(page, 390)
    heights = page.execute_script(
        "return [...document.querySelectorAll('svg text')].map(t => t.getBoundingClientRect().height)"
    )
    assert min(heights) >= 10


def test_ticks_do_not_run_into_each_other_on_a_phone(page: Any) -> None:
    _size(page, 390)
    overlaps = page.execute_script(
        """let bad = 0;
        document.querySelectorAll('svg.plot, svg.ticks, svg.yticks').forEach(svg => {
          const boxes = [...svg.querySelectorAll('text.tick')].map(t => t.getBoundingClientRect());
          boxes.forEach((a, i) => boxes.slice(i + 1).forEach(b => {
            if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) bad += 1; }));
        }); return bad;"""
    )
    assert overlaps == 0


def test_the_toggle_changes_the_theme_and_back(page: Any) -> None:
    _size(page, 1280)
    colour = "return getComputedStyle(document.body).backgroundColor"
    button = page.find_element("css selector", "button.theme")
    first = page.execute_script(colour)
    button.click()
    second = page.execute_script(colour)
    button.click()
    assert first != second
    assert page.execute_script(colour) == first


def test_dark_is_taken_from_the_system(page: Any) -> None:
    page.execute_script("localStorage.clear(); document.documentElement.removeAttribute('data-theme')")
    features = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
    dark = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert dark == "rgb(20, 22, 26)"


def test_print_is_light_keeps_table_heads_and_drops_the_tools(page: Any) -> None:
    page.execute_script("document.documentElement.setAttribute('data-theme', 'dark')")
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    colour = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    heads = page.find_elements("css selector", "table.sortable th button")
    shown = [head.is_displayed() for head in heads]
    tools = [page.find_element("css selector", css).is_displayed() for css in (".tools", "nav.toc", "button.theme")]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert colour == "rgb(255, 255, 255)"
    assert shown
    assert all(shown)
    assert not any(tools)


def _cards(page: Any) -> list[dict[str, str]]:
    found: list[dict[str, str]] = page.execute_script(
        "return [...document.querySelectorAll('section.answers .card')].filter(c => !c.hidden).map(c => ({...c.dataset}))"
    )
    return found


def _pick(page: Any, select: Any, value: str) -> None:
    page.execute_script(
        "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))", select, value
    )


def test_worst_answers_can_be_searched_filtered_and_sorted(page: Any) -> None:
    _size(page, 1280)
    assert len(_cards(page)) == 12
    search, task, order = page.find_elements("css selector", ".tools input, .tools select")
    search.send_keys("accent is mocked nowhere")
    assert _cards(page) == []
    search.clear()
    search.send_keys("TECHNO")
    assert {card["task"] for card in _cards(page)} == {"Expected action"}
    search.clear()
    search.send_keys(" ")
    _pick(page, task, "Toxicity")
    assert {card["task"] for card in _cards(page)} == {"Toxicity"}
    _pick(page, task, "")
    _pick(page, order, "best")
    scores = [float(card["score"]) for card in _cards(page)]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 12


def test_tables_sort_with_the_unmeasured_last(page: Any) -> None:
    _size(page, 1280)
    section = next(s for s in page.find_elements("css selector", "section") if "What fools" in s.text)
    column = "return [...arguments[0].querySelectorAll('tbody tr')].map(r => r.cells[1].dataset.value)"
    head = section.find_elements("css selector", "th button")[1]
    page.execute_script("arguments[0].click()", head)
    assert page.execute_script(column, section) == ["1.42", "2.21", "4.05", ""]
    page.execute_script("arguments[0].click()", head)
    assert page.execute_script(column, section) == ["4.05", "2.21", "1.42", ""]


def test_the_page_is_usable_without_scripts(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(example_document()), encoding="utf-8")
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(path.as_uri())
    shown = len([card for card in browser.find_elements("css selector", ".answers .card") if card.is_displayed()])
    tools = browser.find_element("css selector", ".tools").is_displayed()
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert (shown, tools) == (12, False)
