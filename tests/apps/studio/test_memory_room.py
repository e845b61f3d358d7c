"""The room memory in a browser: tell, consolidate, look at the diff, apply, undo, forget with a receipt, test a recall, take along."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from personarium.apps.server.keys import LOCAL, Key
from personarium.apps.server.memories import memory_name
from personarium.apps.studio.rooms.memory.people import person_of
from personarium.apps.workspace import Workspace
from personarium.remember import Memory
from personarium.runs import run_sync
from tests.apps.studio.conftest import NARROW, SCRIPT, Running, overflow

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
JANUARY, DAY = 1767434400.0, 86400.0  # 2026-01-03 10:00 UTC


def expect(what: Any) -> Any:
    from playwright.sync_api import expect as waiting

    return waiting(what, "the page did not show it")


@pytest.fixture(scope="module", autouse=True)
def _remembered(studio: Running) -> Iterator[None]:
    """Ana moved once and has two drinks; another memory has a script in every field."""
    with Workspace(studio.folder) as work:
        memory = work.memory
        memory.clock = lambda: JANUARY
        ana = memory.user("ana")
        ana.observe("I live in Tartu. My favourite drink is tea.", session="monday")
        run_sync(ana.learn(closing=True))
        memory.clock = lambda: JANUARY + 30 * DAY
        ana.observe("I moved to Viljandi last week. I have a sister called Lena.", session="february")
        run_sync(ana.learn(closing=True))
        ana.set_block("person", "Ana lives in Estonia.", limit=60)
        kim = memory.user(memory_name(LOCAL, "kim", "torill"))
        kim.observe("I live in Graz.")
        run_sync(kim.learn(closing=True))
        eva = memory.user("eva")
        eva.observe("My favourite drink is tea. I love swimming.")
        eva.observe("I live in Narva.")
        run_sync(eva.learn(closing=True))
        hostile = memory.user(SCRIPT)
        said = hostile.observe(SCRIPT, speaker=SCRIPT, session=SCRIPT)
        hostile.remember(SCRIPT, key=SCRIPT, kind=SCRIPT, holder=SCRIPT, evidence=[said.id])
        hostile.remember(f"old {SCRIPT}", key="a.b", evidence=[said.id])
        hostile.remember(f"new {SCRIPT}", key="a.b", evidence=[said.id], replaces=True)
        hostile.set_block(SCRIPT, SCRIPT)
        hostile.observe(f"My favourite drink is {SCRIPT}.")
    yield


@pytest.fixture
def memory(studio: Running) -> Iterator[Memory]:
    with Workspace(studio.folder) as work:
        yield work.memory


def go(page: Any, studio: Running, of: str, tab: str = "beliefs") -> None:
    page.goto(f"{studio.url}/memory?of={quote(of, safe='')}&tab={tab}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Memory")


def values(memory: Memory, user: str) -> dict[str, str]:
    return {fact.key: fact.text for fact in memory.user(user).facts()}


def erase(page: Any, word: str) -> None:
    """Ask for the erasure of a word, as far as what will go."""
    page.get_by_role("button", name="Forget", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What", exact=True).fill(word)
    dialog.get_by_text("Erase: removed").click()
    dialog.get_by_role("button", name="Show what will go").click()


def test_what_is_said_is_consolidated_with_a_diff_applied_and_undone(
    studio: Running, page: Any, memory: Memory
) -> None:
    page.goto(f"{studio.url}/memory")
    page.get_by_role("button", name="More").click()
    page.get_by_text("New person").click()
    page.get_by_label("Name", exact=True).fill("bo")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is believed yet")).to_be_visible()
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("write down what was said first")).to_be_visible()
    page.get_by_role("alert").get_by_role("button", name="Close").click()
    page.get_by_label("An utterance").fill("My favourite drink is cocoa.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Kept, word by word.")).to_be_visible()
    page.get_by_role("button", name="Consolidate").click()
    proposal = page.get_by_role("list", name="Proposed changes")
    expect(proposal).to_contain_text("tastes.drink")
    expect(proposal).to_contain_text("“My favourite drink is cocoa.” the person")
    assert values(memory, "bo") == {}  # nothing is changed before it is applied
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("button", name="drink cocoa")).to_be_visible()
    assert values(memory, "bo") == {"tastes.drink": "cocoa"}
    page.get_by_role("tab", name="Edits").click()
    page.get_by_role("button", name="Undo", exact=False).first.click()
    page.get_by_role("dialog").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 batch taken back.")).to_be_visible()
    assert values(memory, "bo") == {}
    page.get_by_role("tab", name="Beliefs").click()
    page.get_by_role("button", name="Consolidate").click()
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_text("Refused; nothing was changed.")).to_be_visible()
    page.get_by_role("button", name="Consolidate").click()
    expect(page.get_by_text("Nothing was said since the last time")).to_be_visible()


def test_a_fact_shows_its_words_its_history_and_what_was_known_before(studio: Running, page: Any) -> None:
    go(page, studio, "ana")
    row = page.get_by_role("button", name="location Viljandi")
    expect(row).to_contain_text("since 2026-02-02")
    expect(row).to_contain_text("0.90")
    row.click()
    expect(page.get_by_text("I moved to Viljandi last week. I have a sister called Lena.")).to_be_visible()
    expect(page.get_by_text("2026-01-03 to 2026-02-02, recorded 2026-01-03 10:00")).to_be_visible()
    expect(page.get_by_role("button", name="location Tartu")).to_have_count(0)
    page.get_by_text("What is over, too").click()
    expect(page.get_by_role("button", name="location Tartu")).to_be_visible()
    page.get_by_text("What is over, too").click()
    page.get_by_label("As of").fill("2026-01-31")
    expect(page.get_by_text("As it was known on 2026-01-31 23:59 UTC.")).to_be_visible()
    expect(page.get_by_role("button", name="location Tartu")).to_be_visible()
    expect(page.get_by_role("button", name="Consolidate")).to_be_hidden()
    page.get_by_label("As of").fill("2026-1")
    expect(page.get_by_text("a day is written 2026-05-01")).to_be_visible()


def test_a_fact_is_stated_and_corrected_and_a_block_is_kept_within_its_limit(
    studio: Running, page: Any, memory: Memory
) -> None:
    go(page, studio, "dee")
    page.get_by_label("Path").fill("leisure.music")
    page.get_by_label("What is so").fill("plays the cello")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="music plays the cello").click()
    page.get_by_role("button", name="Correct plays the cello").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What is so").fill("plays the viola")
    dialog.get_by_text("It was never right").click()
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="music plays the viola")).to_be_visible()
    assert [one.text for one in memory.user("dee").history("leisure.music")] == ["plays the cello", "plays the viola"]
    page.get_by_role("button", name="New block").click()
    dialog.get_by_label("Name").fill("manner")
    dialog.get_by_label("Text", exact=True).fill("Short answers, please.")
    dialog.get_by_label("Most characters").fill("10")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("expected at most 10 characters")).to_be_visible()
    dialog.get_by_label("Most characters").fill("40")
    dialog.get_by_text("Read only").click()
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("22 of 40 characters")).to_be_visible()
    block = memory.user("dee").blocks()["manner"]
    assert (block.text, block.attributes["read_only"]) == ("Short answers, please.", True)


def test_what_is_archived_is_recalled_no_more_and_is_brought_back(studio: Running, page: Any, memory: Memory) -> None:
    fay = memory.user("fay")
    fay.remember("rowing", key="leisure.sport")
    go(page, studio, "fay")
    page.get_by_role("button", name="sport rowing").click()
    page.get_by_role("button", name="Forget rowing").click()
    page.get_by_role("button", name="Archive 1 entry").click()
    expect(page.get_by_text("Receipt: archived")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text("Nothing is believed yet")).to_be_visible()
    page.get_by_role("tab", name="Edits").click()
    page.get_by_role("button", name="Bring back").click()
    expect(page.get_by_text("1 brought back.")).to_be_visible()
    assert values(memory, "fay") == {"leisure.sport": "rowing"}


def test_a_recall_says_why_and_from_which_words_and_changes_nothing(studio: Running, page: Any, memory: Memory) -> None:
    before = memory.store.last("ana")
    go(page, studio, "ana", "recall")
    page.get_by_label("What is asked, or said").fill("what does she drink?")
    page.keyboard.press("Enter")
    first = page.get_by_role("list", name="What was recalled").get_by_role("listitem").first
    expect(first).to_contain_text("tea")
    expect(first).to_contain_text("found by")
    expect(first).to_contain_text("meaning")
    expect(first).to_contain_text("“I live in Tartu. My favourite drink is tea.” the person, 2026-01-03 10:00")
    page.get_by_role("switch", name="Weigh by hand").click()
    slider = page.get_by_role("slider", name="Weight of words")
    expect(slider).not_to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("0.35", exact=True)).to_be_visible()
    page.get_by_role("button", name="Recall", exact=True).click()
    expect(first).to_contain_text("× 0.35")
    assert memory.store.last("ana") == before


def test_a_memory_is_taken_along_and_comes_back(studio: Running, page: Any, memory: Memory, tmp_path: Path) -> None:
    go(page, studio, "ana")
    page.get_by_role("button", name="More").click()
    with page.expect_download() as loading:
        page.get_by_text("Export what is believed (Markdown)").click()
    loading.value.save_as(tmp_path / "ana.md")
    assert "- tastes.drink: tea" in (tmp_path / "ana.md").read_text()
    (tmp_path / "bad.jsonl").write_text('{"format": "other"}\n')
    page.get_by_role("button", name="More").click()
    page.get_by_text("Import a memory").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "bad.jsonl")
    expect(page.get_by_text("bad.jsonl:1: expected the first line of a memory export")).to_be_visible()
    page.get_by_label("Whose it is").fill("ana again")
    page.locator("input[type=file]").set_input_files(tmp_path / "ana.md")
    page.wait_for_url("**/memory?of=ana%20again")
    expect(page.get_by_role("button", name="location Viljandi")).to_be_visible()
    assert values(memory, "ana again")["tastes.drink"] == "tea"
    assert memory.user("ana again").blocks()["person"].text == "Ana lives in Estonia."


def test_a_memory_of_the_server_has_a_readable_name(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/memory")
    page.get_by_label("Whose memory").click()
    page.get_by_role("option", name="kim, as Torill knows them").click()
    expect(page.get_by_role("button", name="location Graz")).to_be_visible()


@pytest.mark.parametrize(
    ("id", "label"),
    [
        ("ana", "ana"),
        ("a/b/c/d", "a/b/c/d"),
        ("team/a b", "team/a b"),  # the server would have escaped the blank
        (memory_name(LOCAL, "kim", "torill"), "kim, as torill knows them"),
        (memory_name(Key("my phone", frozenset()), "jörg", "p", "shared"), "jörg (key my phone)"),
        (memory_name(LOCAL, "x" * 300, "torill"), "x" * 100 + "…, as torill knows them"),
    ],
)
def test_names_of_memories_are_read(id: str, label: str) -> None:
    assert person_of(id).label() == label


def test_texts_are_shown_and_never_run(studio: Running, page: Any) -> None:
    go(page, studio, SCRIPT)
    page.get_by_text("What is over, too").click()
    old = page.get_by_role("button", name=f"b old {SCRIPT}")
    expect(old).to_be_visible()
    old.click()
    expect(page.locator(".quote").first).to_contain_text(SCRIPT)
    page.get_by_role("button", name="Consolidate").click()
    expect(page.get_by_role("list", name="Proposed changes")).to_contain_text(SCRIPT[:20])
    for tab in ("Said", "Recall", "Edits"):
        page.get_by_role("tab", name=tab).click()
        if tab == "Recall":
            page.get_by_label("What is asked, or said").fill(SCRIPT)
            page.keyboard.press("Enter")
        expect(page.locator(".q-tab-panel:visible").get_by_text(SCRIPT[:20]).first).to_be_visible()
    page.get_by_role("button", name="Forget", exact=True).click()
    page.get_by_role("dialog").get_by_label("What", exact=True).fill("window")
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="What will go")).to_contain_text(SCRIPT[:20])
    page.goto(f"{studio.url}/memory?of=%00")
    expect(page.get_by_text("without control characters").first).to_be_visible()


@pytest.mark.parametrize("tab", ["beliefs", "said", "recall", "edits"])
def test_it_fits_a_phone_and_can_be_used_without_eyes(
    studio: Running, page: Any, axe: Callable[[Any], list[str]], tab: str
) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # colours are measured when nothing fades
        go(page, studio, "ana", tab)
        if tab == "beliefs":
            page.get_by_role("button", name="location Viljandi").click()
            expect(page.locator(".quote").first).to_be_visible()
        assert axe(page) == []
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    go(page, studio, "ana", tab)
    assert overflow(page) == []
    page.get_by_role("button", name="Forget", exact=True).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert overflow(page) == []
    # Of what stands before a dialog's backdrop axe misjudges the ground, so that its contrasts mean nothing.
    assert [fault for fault in axe(page) if '"color-contrast"' not in fault] == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_erasing_shows_what_goes_asks_gives_a_receipt_and_reaches_the_runs(
    studio: Running, page: Any, memory: Memory, tmp_path: Path
) -> None:
    go(page, studio, "gus")
    page.get_by_label("An utterance").fill("I play the bassoon in a windy town.")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("Kept, word by word.")).to_be_visible()
    page.get_by_label("Read by").click()
    page.get_by_role("option", name="simulated").click()
    page.get_by_role("button", name="Consolidate").click()
    expect(page.get_by_text("1 model call")).to_be_visible()
    page.locator(".proposal-acts").get_by_role("button").first.click()
    expect(page.locator(".proposal")).to_have_count(0)
    (calls,) = (studio.folder / "runs").glob("memory-*/calls.jsonl")
    assert "bassoon" in calls.read_text()
    dialog = page.get_by_role("dialog")
    erase(page, "bassoon")
    dialog.get_by_role("button", name="for good").click()
    expect(dialog.get_by_text("1 call, 1 cached reply")).to_be_visible()
    assert "bassoon" not in calls.read_text()
    assert memory.user("gus").observations() == []
    go(page, studio, "eva")
    erase(page, "violin")
    expect(page.get_by_text("the memory has nothing of that")).to_be_visible()
    dialog.get_by_label("What", exact=True).fill("tea")
    dialog.get_by_role("button", name="Show what will go").click()
    going = dialog.get_by_role("list", name="What will go")
    expect(going).to_contain_text("My favourite drink is tea. I love swimming.")
    expect(going).to_contain_text("tastes.likes: swimming")
    assert values(memory, "eva")["tastes.drink"] == "tea"  # nothing goes before somebody says so
    dialog.get_by_role("button", name="Erase 3 entries for good").click()
    expect(dialog.get_by_text("Receipt: erased")).to_be_visible()
    with page.expect_download() as loading:
        dialog.get_by_role("button", name="Download the receipt").click()
    loading.value.save_as(tmp_path / "receipt.json")
    receipt = json.loads((tmp_path / "receipt.json").read_text())
    assert (receipt["mode"], receipt["observations"], len(receipt["facts"])) == ("erase", ["o1"], 2)
    assert values(memory, "eva") == {"place.location": "Narva"}
    assert b"swimming" not in b"".join(path.read_bytes() for path in studio.folder.glob("people.db*"))
