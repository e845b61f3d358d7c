"""The room measures in a browser: fill in a form, see what it would cost, run, stop, go on, read, compare."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from personarium.apps.workspace import Workspace
from personarium.core.results import Estimate
from personarium.runs import Run
from tests.apps.studio.conftest import NARROW, SCRIPT, Running, overflow

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def expect(what: Any) -> Any:
    from playwright.sync_api import expect as waiting

    return waiting(what, "the page did not show it")


def finished(folder: Path, name: str, value: float) -> None:
    """A run as a benchmark leaves it, with a hostile text wherever one can stand."""
    with Run.open(
        folder / "runs" / name, {"kind": SCRIPT, "name": name}, command=f"personarium bench {SCRIPT!r}"
    ) as run:
        score = Estimate(value, value - 0.2, value + 0.2, 12, "persona", "mean").as_dict()
        run.write_summary(
            {"kind": "personagym", "title": SCRIPT, "estimates": {"PersonaScore": score}, "notices": [SCRIPT]}
        )


def test_a_benchmark_is_filled_in_priced_run_and_its_report_read(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/measures")
    page.get_by_role("link", name=re.compile("PersonaGym")).click()
    page.get_by_label("Personas", exact=True).fill("300")
    expect(page.get_by_label("The command line")).to_contain_text("expected a whole number from 1 to 200")
    page.get_by_label("Personas", exact=True).fill("2")
    page.get_by_label("Task", exact=True).fill("Toxicity")
    expect(page.get_by_label("The command line")).to_have_text(
        "personarium bench personagym --personas=2 --task=Toxicity"
    )
    page.get_by_role("button", name="What would it cost?").click()
    expect(page.get_by_text("28", exact=True)).to_be_visible(timeout=30_000)
    page.get_by_label("Name of the run").fill("../first")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("letters, digits, blanks")).to_be_visible()
    page.get_by_label("Name of the run").fill("first try")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("complete", exact=True)).to_be_visible(timeout=60_000)
    report = page.frame_locator("iframe[title='Report of first try']")
    expect(report.get_by_role("heading", level=1)).to_have_text("PersonaGym: 2 personas, 20 questions")
    with Workspace(studio.folder) as work:
        assert work.runs.get("first try").status == "complete"
    page.goto(f"{studio.url}/measures")
    expect(page.get_by_role("link", name=re.compile("first try"))).to_be_visible()


def test_a_run_is_stopped_and_goes_on_without_paying_twice(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/measures/new/bench%20personagym")
    page.get_by_label("Personas", exact=True).fill("60")
    page.get_by_text("Limits and seed").click()
    page.get_by_label("Concurrency").fill("1")
    page.get_by_label("Name of the run").fill("long")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("/", timeout=30_000)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("interrupted", exact=True)).to_be_visible(timeout=30_000)
    with Workspace(studio.folder) as work:
        before = work.runs.get("long").totals.calls
    assert before > 0
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("dialog").get_by_role("button", name="Go on").click()
    expect(page.get_by_role("status")).to_contain_text("from disk", timeout=30_000)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("interrupted", exact=True)).to_be_visible(timeout=30_000)


def test_runs_stand_side_by_side_and_nothing_in_them_is_run(studio: Running, page: Any) -> None:
    for name, value in (("one", 3.0), ("two", 4.0)):
        finished(studio.folder, name, value)
    page.goto(f"{studio.url}/measures")
    page.get_by_label("Set one side by side").click()
    page.get_by_role("button", name="Side by side").click()
    expect(page.get_by_text("choose two runs or more")).to_be_visible()
    page.get_by_label("Set two side by side").click()
    page.get_by_role("button", name="Side by side").click()
    shown = page.frame_locator("iframe[title='Runs side by side']")
    expect(shown.get_by_role("heading", name="PersonaScore")).to_be_visible()
    expect(shown.get_by_text("4.00").first).to_be_visible()
    assert shown.locator("body").evaluate("window.hacked") is None
    page.goto(f"{studio.url}/measures/run/two")
    inside = page.frame_locator("iframe[title='Report of two']")
    expect(inside.get_by_role("heading", level=1)).to_have_text(SCRIPT)
    assert inside.locator("body").evaluate("window.hacked") is None
    assert inside.locator("body").evaluate("window.origin") == "null"  # an origin of its own: nothing of the studio's
    shutil.rmtree(studio.folder / "runs" / "two")
    page.goto(f"{studio.url}/measures/run/two")
    expect(page.get_by_text("There is no run 'two' here.").first).to_be_visible()


@pytest.mark.parametrize("path", ["/measures", "/measures/new/calibrate", "/measures/run/one"])
def test_it_fits_a_phone_and_can_be_used_without_eyes(
    studio: Running, page: Any, axe: Callable[[Any], list[str]], path: str
) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{studio.url}{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert axe(page) == []
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    page.goto(f"{studio.url}{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert overflow(page) == []
