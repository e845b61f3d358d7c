"""The room cast in a real browser: find, take in, write, edit, stack, export and delete personas."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from personarium.apps.studio.rooms.cast.addresses import sheet_url
from personarium.apps.workspace import PersonaShelf
from personarium.core import Facet, Persona, load_persona
from personarium.core.cards.files import card_bytes, load_card
from personarium.core.cards.record import Card
from personarium.core.layers import Layer
from personarium.core.persona import Flags
from tests.apps.studio.conftest import NARROW, SCRIPT, WIDE, Running, overflow, torill

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
pytestmark = pytest.mark.browser
DIALOG = ".q-dialog"


def shelf(studio: Running) -> PersonaShelf:
    """The personas as they lie in the folder now."""
    return PersonaShelf(studio.folder / "personas")


def put(studio: Running, *personas: Persona) -> None:
    """Personas that another program writes into the folder, once the studio has seen them."""
    shelf(studio).put_all(personas)
    wait_for(studio, personas[-1])


def wait_for(studio: Running, persona: Persona) -> None:
    """Until the studio knows this version of a persona: it looks at its folder once a second."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(f"{studio.url}{sheet_url(persona.id)}", timeout=5) as answer:
                if f"version {persona.version} " in answer.read().decode():
                    return
        except urllib.error.HTTPError as error:
            assert error.code == 404
        time.sleep(0.05)
    raise AssertionError(f"the studio has not seen {persona.id} within five seconds")


SECRET = Facet("", "past.crime", "burnt the mill down", visibility="never_disclose")
ODD = ("a/b c?d#e%41", "..", "line\nbreak", "<script>alert(1)</script>", "ÅØ 字")
CROWD = [Persona.from_text(f"I am number {n}.", id=f"crowd-{n:04}", name=f"Crowd {n:04}") for n in range(300)]
ROGUE = Persona(
    id="rogue",
    name=SCRIPT,
    licence=SCRIPT,
    language=SCRIPT,
    facets=(
        Facet("", SCRIPT.replace(".", ","), SCRIPT, evidence=(SCRIPT,), valid_from=SCRIPT, text=SCRIPT),
        Facet("", "list", [SCRIPT, {SCRIPT: SCRIPT}], "inferred"),
        Facet("", "card.tags", SCRIPT),
    ),
    layers=(
        Layer(SCRIPT, "session", (Facet("", "a", SCRIPT),)),
        Layer("other", "session", (Facet("", "a", 1),)),
    ),
)


@pytest.fixture(scope="module", autouse=True)
def everybody(studio: Running) -> None:
    """Who is there in all tests beside the three of the furnished workspace."""
    folder = studio.folder / "personas"
    (folder / "crowd.jsonl").write_text("".join(json.dumps(p.to_dict()) + "\n" for p in CROWD), encoding="utf-8")
    (folder / "broken.json").write_text("{", encoding="utf-8")
    town = Facet("", "demographics.age", 40)
    put(
        studio,
        replace(torill(), id="flagged", name="Old Halla", flags=Flags(real_person=True, deceased=True)),
        Persona(id="town", name="Anybody of Bergen", kinds=("demographic",), facets=(town,)),
        replace(torill().with_facet(SECRET), id="secretive", name="Secretive"),
        *(replace(torill(), id=id, name=id.title()) for id in ("twin", "edited", "shared", "doomed")),
        *(replace(torill(), id=id, name="Odd") for id in ODD),
        ROGUE,
    )


def nyx(**fields: Any) -> bytes:
    """A character card in a PNG, as others make them."""
    data = {
        "name": "Nyx",
        "description": "Nyx keeps a lighthouse. Nyx hates gulls.",
        "first_mes": "Who goes there?",
        "tags": ["coast", "grumpy"],
        **fields,
    }
    card = Card.from_object({"spec": "chara_card_v2", "spec_version": "2.0", "data": data}, "card")
    return card_bytes(card, ".png", "card")


def cards(page: Any) -> Any:
    return page.locator("a.persona-card")


def choose(page: Any, label: str, option: str) -> None:
    """Open a field of choices and take one."""
    page.get_by_label(label, exact=True).first.click()
    page.get_by_role("option", name=option).first.click()


# -- the gallery -------------------------------------------------------------------------------------------------------


def test_somebody_is_found_by_words_and_by_facets(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/cast?q=torill")
    expect(cards(page)).to_have_count(1)
    expect(cards(page)).to_contain_text("I keep eleven hives on the roof")

    page.get_by_label("Search the cast").fill("opera NAPLES")
    expect(cards(page)).to_have_count(1)
    expect(cards(page)).to_contain_text("Gennaro")
    expect(page.get_by_role("status").first).to_contain_text("1 of")
    page.reload()  # the address holds the search
    expect(cards(page)).to_have_count(1)

    page.get_by_label("Search the cast").fill("nobody at all")
    expect(page.get_by_text("Nobody like that")).to_be_visible()
    page.get_by_role("button", name="Show everybody").click()
    choose(page, "Filter by", "demographics.age")
    choose(page, "Value", "40")
    expect(cards(page)).to_have_count(1)
    expect(cards(page)).to_contain_text("Anybody of Bergen")
    page.get_by_role("button", name="Remove the filter demographics.age: 40").click()
    expect(page.get_by_role("status").first).to_have_text("316 personas")


def test_a_long_cast_is_fetched_while_it_scrolls_and_only_what_is_seen_is_in_the_page(
    studio: Running, page: Any
) -> None:
    page.goto(f"{studio.url}/cast?q=number")
    expect(page.get_by_role("status").first).to_contain_text("300 of")
    expect(cards(page).first).to_contain_text("Crowd 0000")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.get_by_role("link", name="Crowd 0299")).to_be_visible()
    assert cards(page).count() < 60

    cards(page).last.focus()  # the arrow keys walk through the grid, Enter opens
    page.keyboard.press("ArrowLeft")
    expect(page.locator("a.persona-card:focus")).to_contain_text("Crowd 0298")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Crowd 0298")).to_be_visible()


def test_what_has_to_be_known_of_somebody_is_shown(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/cast?q=Halla")
    expect(cards(page)).to_contain_text("real person")
    expect(cards(page)).to_contain_text("deceased")
    page.get_by_text("1 file in the folder cannot be read").click()
    expect(page.get_by_text("broken.json: line 1")).to_be_visible()
    cards(page).click()
    expect(page.get_by_label("Who it is")).to_contain_text("real person")


# -- coming in ---------------------------------------------------------------------------------------------------------


def test_files_are_taken_in_by_drag_and_drop_and_every_refusal_says_why(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/cast")
    expect(cards(page).first).to_be_visible()
    files = {"nyx.png": list(nyx()), "broken.png": list(b"no picture"), "bomb.json": list(b"[" * 100_000)}
    drop = """files => {
        const carried = new DataTransfer();
        for (const [name, bytes] of Object.entries(files)) carried.items.add(new File([new Uint8Array(bytes)], name));
        return carried;
    }"""
    carried = page.evaluate_handle(drop, files)
    page.dispatch_event("body", "dragenter", {"dataTransfer": carried})  # a file over the page opens the zone
    zone = page.locator(".cast-upload")
    expect(zone).to_be_visible()
    zone.dispatch_event("dragover", {"dataTransfer": carried})
    page.locator(".q-uploader__dnd").dispatch_event("drop", {"dataTransfer": carried})
    rows = page.locator(".import-row")
    expect(rows.filter(has_text="Nyx")).to_contain_text("imported")
    expect(rows.filter(has_text="broken.png")).to_contain_text("expected a PNG")
    expect(rows.filter(has_text="bomb.json")).to_contain_text("bomb.json: expected JSON of less depth")

    [found] = shelf(studio).find("lighthouse")
    assert found.name == "Nyx"
    assert (studio.folder / "personas" / found.file).read_bytes() == nyx()
    page.keyboard.press("Escape")
    page.get_by_label("Search the cast").fill("lighthouse")
    expect(cards(page)).to_have_count(1)
    expect(cards(page)).to_contain_text("coast")


def test_a_duplicate_is_named_and_nobody_is_replaced_unasked(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/cast")
    page.get_by_role("button", name="Import").click()
    choosing = page.locator(".cast-upload input[type=file]")
    same = {
        "name": "same.json",
        "mimeType": "application/json",
        "buffer": _record(replace(torill(), id="twin", name="Twin")),
    }
    choosing.set_input_files([same])
    expect(page.locator(".import-row")).to_contain_text("already here, nothing changed")

    other = Persona.from_text("I sell maps.", id="twin", name="Twin")
    choosing.set_input_files([{"name": "other.json", "mimeType": "application/json", "buffer": _record(other)}])
    row = page.locator(".import-row").filter(has_text="other.json")
    expect(row).to_contain_text("already here, with other statements")
    assert shelf(studio).get("twin").value("social.occupation") == "beekeeper"
    row.get_by_role("button", name="Keep both").click()
    expect(page.locator(".import-row").filter(has_text="imported")).to_be_visible()
    assert shelf(studio).get("twin-2").facets == other.facets
    assert shelf(studio).get("twin").value("social.occupation") == "beekeeper"


def test_a_file_that_is_too_large_or_of_another_kind_is_refused(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/cast")
    page.get_by_role("button", name="Import").click()
    page.evaluate("""() => {
        const carried = new DataTransfer();
        carried.items.add(new File([new Uint8Array(65 * 2 ** 20)], 'huge.png'));
        carried.items.add(new File(['MZ'], 'tool.exe'));
        const field = document.querySelector('.cast-upload input[type=file]');
        field.files = carried.files;
        field.dispatchEvent(new Event('change', { bubbles: true }));
    }""")
    expect(page.locator(".import-row").filter(has_text="huge.png")).to_contain_text("larger than 64 MB")
    expect(page.locator(".import-row").filter(has_text="tool.exe")).to_contain_text("another kind")
    assert shelf(studio).find("huge") == []


def test_a_persona_is_written_in_a_few_sentences(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/cast")
    page.get_by_role("button", name="New persona").click()
    page.get_by_label("Name").fill("Ole")
    page.get_by_label("Who is it?").fill("I am a ferry pilot. I am 61 years old.")
    expect(page.locator(".write-facet")).to_have_count(2)
    page.get_by_text("Read age, work, home").click()
    expect(page.locator(".write-preview")).to_contain_text("work.occupation")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Make persona").click()
    expect(page.get_by_role("heading", name="Ole")).to_be_visible()
    [row] = shelf(studio).find("ferry pilot")
    assert (row.name, row.facets["work.occupation"]) == ("Ole", ("ferry pilot",))


# -- one persona -------------------------------------------------------------------------------------------------------


def test_facets_are_changed_added_removed_undone_and_saved_as_one_version(studio: Running, page: Any) -> None:
    before = shelf(studio).get("edited")
    page.goto(f"{studio.url}{sheet_url('edited')}")
    page.get_by_role("button", name="Change social.occupation").click()
    expect(page.get_by_label("Evidence")).to_have_value("diary.txt:3")
    page.get_by_label("Value", exact=True).fill("keeper of bees")
    page.get_by_label("Confidence").fill("0.55")
    choose(page, "Who may hear it", "never disclose")
    page.get_by_role("button", name="Apply").click()
    row = page.locator(".facets tr").filter(has_text="keeper of bees")
    expect(row).to_contain_text("never disclose")
    expect(row).to_contain_text("0.55")

    page.get_by_role("button", name="Add facet").click()
    page.get_by_label("Path", exact=True).fill("not..a path")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("expected a path such as social.occupation")).to_be_visible()
    page.get_by_label("Path", exact=True).fill("life.languages")
    choose(page, "Kind of value", "list, one a line")
    page.get_by_label("Value", exact=True).fill("Norwegian\nLatin")
    page.get_by_label("Holds from").fill("1999")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".facets tr.added")).to_contain_text("Norwegian, Latin")

    page.get_by_role("button", name="Remove demographics.age").click()
    expect(page.get_by_text("3 unsaved edits")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".facets tr").filter(has_text="demographics.age")).to_be_visible()
    assert shelf(studio).get("edited") == before

    page.get_by_role("button", name="Save version 4").click()
    expect(page.get_by_text("Saved as version 4")).to_be_visible()
    after = shelf(studio).get("edited")
    job, languages = after.facet("social.occupation"), after.facet("life.languages")
    assert (after.version, after.parent_version) == (4, 3)
    assert job is not None and (job.value, job.confidence, job.secret) == ("keeper of bees", 0.55, True)
    assert (job.source, job.evidence) == ("extracted", ("diary.txt:3",))
    assert languages is not None and (languages.value, languages.valid_from) == (("Norwegian", "Latin"), 1999)
    assert after.value("demographics.age") == 52


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/cast/shared")
    page.get_by_role("button", name="Remove demographics.age").click()
    theirs = shelf(studio).get("shared").with_value("demographics.age", 53)
    put(studio, theirs)
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_text("Somebody else has saved this persona")).to_be_visible()
    assert shelf(studio).get("shared") == theirs


def test_the_prompt_is_shown_as_a_model_sees_it_with_the_unsaved_edits(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/cast/torill")
    page.get_by_role("tab", name="Prompt").click()
    expect(page.locator(".prompt-text").first).to_have_text(torill().view("system").text)
    page.get_by_role("tab", name="Facets").click()
    page.get_by_role("button", name="Remove social.occupation").click()
    page.get_by_role("tab", name="Prompt").click()
    expect(page.locator(".prompt-text").first).not_to_contain_text("beekeeper")
    choose(page, "View", "Statements")
    expect(page.locator(".prompt-text")).to_have_count(1)
    expect(page.locator(".prompt-text")).to_contain_text("I am afraid of the sea.")
    page.get_by_role("tab", name="Facets").click()
    page.get_by_role("button", name="Undo").click()


def test_layers_are_stacked_and_their_conflicts_seen_before_anything_is_saved(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/cast/torill")
    page.get_by_role("tab", name="Layers").click()
    page.get_by_label("Add a persona as a layer").fill("bergen anybody")
    page.get_by_role("button", name="Anybody of Bergen").click()
    conflict = page.locator(".conflict").filter(has_text="demographics.age")
    expect(conflict.locator(".claim.wins")).to_contain_text("52")
    expect(conflict.locator(".claim:not(.wins)")).to_contain_text("40")
    assert shelf(studio).find("stacked") == []

    page.get_by_label("Name of the new persona").fill("Stacked Torill")
    page.get_by_role("button", name="Save as a new persona").click()
    expect(page.get_by_role("heading", name="Stacked Torill")).to_be_visible()
    page.get_by_role("button", name="2 conflicts between its layers").click()
    expect(page.get_by_label("Stacked from")).to_contain_text("Anybody of Bergen: demographic")
    [row] = [row for row in shelf(studio).rows() if row.name == "Stacked Torill"]
    made = shelf(studio).get(row.id)
    assert [layer.kind for layer in made.layers] == ["session", "demographic"]
    assert made.value("demographics.age") == 52
    assert shelf(studio).get("torill") == torill()


def test_a_card_leaves_without_secrets_unless_people_say_so(studio: Running, page: Any, tmp_path: Path) -> None:
    page.goto(f"{studio.url}/cast/secretive")

    def download(form: str, whole: bool) -> Path:
        page.get_by_role("button", name="Export").click()
        page.get_by_text(form).click()
        if whole:
            page.get_by_text("With what no card has a field for").click()
            expect(page.get_by_text("1 statement that must never be disclosed is in this file")).to_be_visible()
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Download").click()
        target = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(target)
        return target

    picture = download("PNG with a picture", whole=False)
    assert picture.name == "secretive.png"
    assert "mill" not in json.dumps(load_card(picture).to_v3())
    assert load_persona(picture).name == "Secretive"
    card = download("Character card, JSON", whole=True)
    assert load_persona(card) == shelf(studio).get("secretive")


def test_a_persona_is_deleted_only_after_a_yes(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/cast/doomed")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("out of doomed.json on the disk. This cannot be undone.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("This cannot be undone")).to_be_hidden()
    assert shelf(studio).get("doomed").name == "Doomed"
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_label("Search the cast")).to_be_visible()
    assert [row for row in shelf(studio).rows() if row.id == "doomed"] == []


def test_the_stage_is_one_click_away(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/cast/torill")
    expect(page.get_by_role("link", name="Talk")).to_have_attribute("href", "/stage?persona=torill")


def test_any_id_has_a_page_and_a_picture(studio: Running, page: Any) -> None:
    for id in ODD:
        page.goto(f"{studio.url}{sheet_url(id)}")
        expect(page.get_by_role("heading", name="Odd")).to_be_visible()
        expect(page.get_by_label("Who it is").locator(".mono")).to_have_text(" ".join(id.split()))
        assert (
            page.locator(".sheet-head img").evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0
        )


def test_an_id_that_nobody_has_is_said_to_be_unknown(studio: Running, page: Any) -> None:
    answer = page.request.get(f"{studio.url}/cast/nobody")
    assert answer.status == 404
    assert "Nobody has this id" in answer.text()


# -- hostile text, narrow screens, everybody ---------------------------------------------------------------------------


def test_scripts_in_every_field_are_shown_as_text(studio: Running, page: Any) -> None:
    page.goto(f"{studio.url}/cast/rogue")
    expect(page.locator(".facets tbody tr")).to_have_count(2)
    expect(page.locator(".facet-said").first).to_have_text(SCRIPT)
    page.get_by_role("tab", name="Layers").click()
    expect(page.locator(".conflict")).to_contain_text("onerror")
    page.get_by_label("Add a persona as a layer").fill("onerror")
    page.locator(".stack-choice").first.click()
    expect(page.get_by_label("Name of the new persona")).to_have_value(SCRIPT)
    page.get_by_role("tab", name="Prompt").click()
    expect(page.locator(".prompt-text").first).to_contain_text(SCRIPT)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Delete <img")).to_be_visible()
    page.goto(f"{studio.url}/cast?q=onerror")
    expect(cards(page)).to_have_count(2)
    choose(page, "Filter by", "social.occupation")
    choose(page, "Value", "<img")
    expect(page.get_by_role("button", name="Remove the filter")).to_be_visible()
    page.get_by_role("button", name="Import").click()
    bad = {"name": f"{SCRIPT}.json", "mimeType": "application/json", "buffer": b"{"}
    page.locator(".cast-upload input[type=file]").set_input_files([bad])
    expect(page.locator(".import-row")).to_contain_text("expected")


def test_the_gallery_fits_a_phone_and_has_no_serious_fault_of_accessibility(
    studio: Running, page: Any, axe: Callable[..., list[str]]
) -> None:
    page.goto(f"{studio.url}/cast?q=i")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        expect(cards(page).first).to_be_visible()
        assert axe(page) == [], theme
        page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
        expect(cards(page).first).to_be_visible()
        assert axe(page) == [], theme
        assert overflow(page) == []
        for button, sign in (("Import", "Drop files here"), ("New persona", "Read age, work, home")):
            page.get_by_role("button", name=button).click()
            expect(page.get_by_text(sign)).to_be_visible()
            assert axe(page, DIALOG) == [], theme
            page.keyboard.press("Escape")
            expect(page.get_by_text(sign)).to_be_hidden()


def test_a_persona_fits_a_phone_and_has_no_serious_fault_of_accessibility(
    studio: Running, page: Any, axe: Callable[..., list[str]]
) -> None:
    page.goto(f"{studio.url}/cast/secretive")
    for name, sign in (("Prompt", ".prompt-text"), ("Layers", ".stack-parts"), ("Facets", ".facets")):
        page.get_by_role("tab", name=name).click()
        expect(page.locator(sign).first).to_be_visible()
        for theme, (width, height) in (("light", WIDE), ("dark", NARROW)):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": width, "height": height})
            assert axe(page) == [], (name, theme)
            assert overflow(page) == [], (name, theme)
    page.get_by_role("button", name="Change social.occupation").click()
    expect(page.get_by_label("Evidence")).to_be_visible()
    assert axe(page, DIALOG) == []
    assert overflow(page) == []


def _record(persona: Persona) -> bytes:
    return json.dumps(persona.to_dict()).encode()
