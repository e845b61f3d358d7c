"""The room populations in a browser: make from a schema, look into it, take somebody into the cast, survey, export, delete."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from personarium.apps.workspace import Workspace
from personarium.core.population import Population, Quota
from personarium.make.population import example_schema, sample_population
from tests.apps.studio.conftest import NARROW, SCRIPT, Running, overflow

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
OWN = """\
name: crew
fields:
  rank: {values: [captain, sailor]}
  port: {values: [Bergen, Tromsø]}
targets:
  - {fields: [rank], shares: {captain: 0.25, sailor: 0.75}}
"""
QUESTIONS = """\
title: Harbour
questions:
  - id: sea
    type: yesno
    text: Do you like the sea?
"""


def expect(what: Any) -> Any:
    from playwright.sync_api import expect as waiting

    return waiting(what, "the page did not show it")


def choose(page: Any, field: str, option: str) -> None:
    page.get_by_role("combobox", name=field, exact=True).click()
    page.get_by_role("option", name=re.compile(option)).click()


@pytest.fixture(scope="module", autouse=True)
def peopled(studio: Running) -> None:
    """A population of 10,000, and one with a hostile column, value, id and quota."""
    with Workspace(studio.folder) as work:
        work.populations.put("big", sample_population(example_schema("citizens"), 10_000, 3))
        rows = [{"id": f"{SCRIPT}{k}", SCRIPT: (SCRIPT, "calm")[k % 2]} for k in range(40)]
        quotas = [Quota({SCRIPT: SCRIPT}, 22), Quota({SCRIPT: "calm"}, 18)]
        work.populations.put("hostile", Population.from_rows(rows, quotas=quotas))


def test_a_shipped_schema_becomes_a_population_with_exact_quotas(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/populations")
    page.get_by_role("button", name="Make a population").click()
    expect(page.get_by_text("24 exact cells, equal shares")).to_be_visible()
    page.get_by_label("Members", exact=True).fill("0")
    page.get_by_role("button", name="Make", exact=True).click()
    expect(page.get_by_text("expected a whole number from 1 to 200,000")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("town")
    page.get_by_label("Members", exact=True).fill("240")
    page.get_by_role("button", name="Make", exact=True).click()
    expect(page.get_by_text("there is a population 'town' already")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("pupils")
    page.get_by_label("Seed", exact=True).fill("7")
    page.get_by_label("Seed", exact=True).press("Enter")
    expect(page).to_have_url(re.compile("/populations/of/pupils$"))
    expect(page.get_by_text("28 of 28")).to_be_visible()
    level = page.get_by_role("table", name="level").get_by_role("row", name=re.compile("middling"))
    expect(level).to_contain_text("60 of 60")
    with Workspace(studio.folder) as work:
        made = work.populations.get("pupils")
        assert made.frame.equals(sample_population(example_schema("students"), 240, 7).frame)
        assert {row.missing for row in made.quota_report()} == {0}


def test_a_pasted_schema_is_refused_by_its_line_and_then_made(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/populations/make")
    choose(page, "Schema", "My own")
    text = page.get_by_label("Schema text")
    text.fill(OWN.replace("fields: [rank]", "fields: [rang]"))
    expect(page.get_by_role("alert")).to_contain_text("line 6")
    expect(page.get_by_role("alert")).to_contain_text("6 │   - {fields: [rang]")
    expect(page.get_by_role("button", name="Make", exact=True)).to_be_disabled()
    text.fill(f"{OWN}{SCRIPT}: [")
    expect(page.get_by_role("alert")).to_contain_text("expected YAML")
    text.fill(OWN)
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.get_by_label("Name", exact=True)).to_have_value("crew")
    page.get_by_label("Members", exact=True).fill("8")
    page.get_by_role("button", name="Make", exact=True).click()
    expect(page).to_have_url(re.compile("/populations/of/crew$"))
    expect(page.get_by_role("table", name="rank").get_by_role("row", name=re.compile("captain"))).to_contain_text(
        "2 of 2"
    )
    with Workspace(studio.folder) as work:
        assert work.populations.get("crew").frame["rank"].value_counts().sort("rank").rows() == [
            ("captain", 2),
            ("sailor", 6),
        ]


def test_what_is_being_made_shows_its_quotas_and_can_be_cancelled(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/populations/make")
    page.get_by_label("Members", exact=True).fill("200000")
    page.get_by_label("Name", exact=True).fill("endless")
    page.get_by_text("Draw near duplicates again").click()  # slow enough to be stopped
    page.get_by_role("button", name="Make", exact=True).click()
    expect(page.get_by_role("table", name="level")).to_contain_text("of 50,000")
    expect(page.get_by_text(re.compile(r"^[1-9][0-9,]* of 200,000 members"))).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled; nothing was kept.")).to_be_visible()
    with Workspace(studio.folder) as work:
        assert "endless" not in work.populations.names()


def test_a_member_far_down_is_found_and_taken_into_the_cast(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/populations/of/big")
    page.get_by_role("tab", name="Members").click()
    with Workspace(studio.folder) as work:
        last = work.populations.get("big")[9_999]
    table = page.get_by_role("region", name="Members")
    table.evaluate("box => box.scrollTo(0, box.scrollHeight)")
    row = table.locator("[data-index='9999']")
    expect(row).to_have_text(last.name)
    assert table.get_by_role("row").count() < 60
    row.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text(last.name)
    dialog.get_by_role("button", name="Take into the cast").click()
    expect(dialog.get_by_text("It is in the cast now.")).to_be_visible()
    dialog.get_by_role("link", name="To its page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(last.name)
    with Workspace(studio.folder) as work:
        assert work.personas.get(last.id).name == last.name


def test_a_pasted_survey_is_priced_started_and_watched(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/populations/of/town")
    page.get_by_role("tab", name="Survey").click()
    expect(page.get_by_text("A day in your life: 7 questions")).to_be_visible()
    choose(page, "Questionnaire", "My own")
    page.get_by_label("Questions", exact=True).fill(QUESTIONS.replace("yesno", "perhaps"))
    expect(page.get_by_role("alert")).to_contain_text("line 4")
    page.get_by_label("Questions", exact=True).fill(QUESTIONS)
    expect(page.get_by_text("Do you like the sea?", exact=True)).to_be_visible()
    page.get_by_label("Members asked").fill("5")
    page.get_by_label("Name of the run").fill("harbour")
    page.get_by_role("button", name="What would it cost?").click()
    expect(page.get_by_text("Prompt tokens")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Ask them").click()
    page.get_by_role("link", name="Watch it").click()
    expect(page.get_by_text("complete", exact=True)).to_be_visible(timeout=40_000)
    with Workspace(studio.folder) as work:
        run = work.runs.get("harbour")
        assert (run.status, run.totals.calls) == ("complete", 5)
        assert (studio.folder / "questionnaires" / "harbour.yaml").read_text(encoding="utf-8") == QUESTIONS


def test_it_leaves_as_a_file_and_for_good(studio: Running, page: Any, tmp_path: Path) -> None:
    with Workspace(studio.folder) as work:
        work.populations.put("leaving", Population.from_rows([{"id": "a", "age": 3}, {"id": "b", "age": 4}]))
    page.goto(f"{studio.url}/populations/of/leaving")
    for choice, ending in (("Parquet", ".parquet"), ("CSV", ".csv"), ("JSON Lines", ".jsonl")):
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            page.get_by_text(choice, exact=True).click()
        assert download.value.suggested_filename == f"leaving{ending}"
        download.value.save_as(tmp_path / f"leaving{ending}")
        assert Population.load(tmp_path / f"leaving{ending}").frame["age"].to_list() == [3, 4]
        expect(page.get_by_text(choice, exact=True)).to_be_hidden()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("Its file with 2 members goes from the workspace.")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile("/populations$"))
    expect(page.get_by_role("link", name=re.compile("leaving"))).to_have_count(0)
    with Workspace(studio.folder) as work:
        assert "leaving" not in work.populations.names()


def test_hostile_columns_values_and_ids_are_shown_and_never_run(
    studio: Running, page: Any, axe: Callable[[Any], list[str]]
) -> None:
    page.goto(f"{studio.url}/populations/of/hostile")
    row = page.get_by_role("table", name=SCRIPT).get_by_role("row").filter(has_text="onerror")
    expect(row.last).to_contain_text("20 of 22")
    expect(page.get_by_text("0 of 2", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Members").click()
    page.get_by_role("region", name="Members").locator("[data-index='0']").click()
    expect(page.get_by_role("dialog").get_by_role("heading")).to_contain_text("<script>")
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Near duplicates").click()
    expect(page.get_by_text("38 of 40 members")).to_be_visible()
    nowhere = page.request.get(f"{studio.url}/populations/of?id=..%2Ftown")
    assert (nowhere.status, "there is no population '../town' here" in nowhere.text()) == (404, True)


def test_it_fits_a_phone_and_can_be_used_without_eyes(
    studio: Running, page: Any, axe: Callable[[Any], list[str]]
) -> None:
    for path in ("/populations", "/populations/make", "/populations/of/big"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": 1280 if scheme == "light" else NARROW[0], "height": NARROW[1]})
            page.goto(f"{studio.url}{path}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            assert axe(page) == []
        assert overflow(page) == []
    for title in ("Members", "Near duplicates", "Survey"):
        page.get_by_role("tab", name=title).click()
        expect(page.get_by_role("tabpanel", name=title)).to_be_visible()
        assert axe(page) == []
        assert overflow(page) == []
