"""The stage in a browser: talk, see how true each reply is, stop, fail, branch, compare blind, vote, let two talk, keep."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from personarium.apps.workspace import Workspace
from personarium.core import Dialogue
from personarium.core.dialogue import load_dialogues
from personarium.measure.prompt_tournament import read_study
from personarium.measure.prompt_tournament.votes import read_votes
from personarium.models import open_model
from personarium.play.characters import agent_for
from personarium.testing.stub import StubServer
from tests.apps.studio.conftest import NARROW, SCRIPT, Running, furnish, overflow, start, torill

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def expect(what: Any) -> Any:
    from playwright.sync_api import expect as waiting

    return waiting(what, "the page did not show it")


def on_stage(page: Any, running: Running, persona: str = "torill", model: str = "") -> None:
    page.goto(f"{running.url}/stage?persona={persona}")
    expect(page.get_by_role("heading", level=1, name="Stage")).to_be_visible()
    if model:
        page.get_by_label("Played by").fill(model)


def say(page: Any, text: str) -> None:
    """Say something and wait until the persona may be asked again."""
    field = page.get_by_label(re.compile("Say something to"))
    field.fill(text)
    field.press("Enter")
    expect(page.get_by_role("article").filter(has_text=text).last).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def replies(page: Any) -> Any:
    return page.locator(".turn.first.said")


def test_a_person_talks_and_sees_how_true_each_reply_is(studio: Running, page: Any) -> None:
    on_stage(page, studio)
    expect(page.get_by_text("Spoken by a simulated subject")).to_be_visible()
    say(page, "What is your occupation?")
    expect(replies(page)).to_have_count(1)
    said = replies(page).locator(".bubble").inner_text()
    assert "beekeeper" in said
    strip = page.get_by_role("button", name=re.compile("Facts: .*asked for and carried"))
    expect(strip).to_contain_text("I am a beekeeper.")
    strip.click()
    detail = page.get_by_role("dialog")
    expect(detail.get_by_role("row", name=re.compile("I am a beekeeper"))).to_contain_text("asked for and carried")
    expect(detail.get_by_text("measured accuracy on held-out sets")).to_be_visible()
    page.keyboard.press("Escape")
    expect(detail).to_be_hidden()
    say(page, "Do you have a dog?")
    side = page.get_by_role("region", name="True to character")
    expect(side.get_by_text(re.compile("of 2 facts asked for were carried"))).to_be_visible()
    expect(side.get_by_role("img", name=re.compile("Distance of the last replies"))).to_be_visible()
    page.get_by_role("button", name="What was sent").last.click()
    shown = page.get_by_role("dialog").locator(".message .mono").all_inner_texts()
    first = {"you": "What is your occupation?", "torill": said}
    asked = Dialogue("d", [*first.items(), ("you", "Do you have a dog?")], cast=("you", "torill"))  # type: ignore[list-item]
    sent = agent_for(torill(), open_model("simulated"), id="torill").render(asked)
    assert [one.split() for one in shown] == [message["content"].split() for message in sent]


def test_enter_sends_and_shift_enter_begins_a_line(studio: Running, page: Any) -> None:
    on_stage(page, studio)
    field = page.get_by_label("Say something to Torill")
    field.press_sequentially("Hello")
    field.press("Shift+Enter")
    field.press_sequentially("How old are you?")
    field.press("Enter")
    expect(page.locator(".turn.other .bubble")).to_have_text(re.compile("Hello\nHow old are you"))
    expect(field).to_have_value("")


def test_what_gives_no_reply_is_shown_and_counted_and_never_a_reply(studio: Running, page: Any) -> None:
    on_stage(page, studio, model="simulated/refuser")
    say(page, "Hello")
    expect(page.locator(".turn.failed")).to_contain_text("No reply (refused)")
    page.get_by_label("Played by").fill("simulated/mute")
    page.get_by_role("button", name="Let Torill answer").click()
    expect(page.locator(".turn.failed").last).to_contain_text("No reply (empty)")
    expect(page.get_by_text("Without a reply: 1 empty, 1 refused")).to_be_visible()
    page.get_by_label("Played by").fill("nonsense")
    page.get_by_role("button", name="Let Torill answer").click()
    expect(page.get_by_text("no model is called 'nonsense'")).to_be_visible()
    page.get_by_label("Played by").fill("openai-compatible/x@http://127.0.0.1:1/v1")
    page.get_by_role("button", name="Let Torill answer").click()
    expect(page.get_by_text("a model's address cannot be given here")).to_be_visible()
    expect(replies(page)).to_have_count(0)
    page.get_by_role("button", name="Keep this talk").click()
    page.get_by_role("dialog").get_by_label("Name").fill("failures")
    page.get_by_role("dialog").get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("Kept as dialogues/failures.jsonl")).to_be_visible()
    (kept,) = load_dialogues(studio.folder / "dialogues" / "failures.jsonl")
    assert [(u.speaker, u.text) for u in kept] == [("you", "Hello")]
    assert [one["kind"] for one in kept.meta["failures"]] == ["refused", "empty"]


def test_two_models_are_compared_blind_and_the_vote_feeds_the_tournament(studio: Running, page: Any) -> None:
    on_stage(page, studio)
    say(page, "What is your occupation?")
    page.get_by_role("button", name="Compare two models here").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Another model").fill("simulated")
    dialog.get_by_role("button", name="Let both answer").click()
    expect(page.get_by_text("two different models are compared")).to_be_visible()
    dialog.get_by_label("Another model").fill("simulated/generic")
    dialog.get_by_role("button", name="Let both answer").click()
    expect(dialog.get_by_role("button", name="Both bad")).to_be_visible()
    assert dialog.get_by_text(re.compile("A was|B was")).count() == 0  # blind until the vote
    true = "A" if "beekeeper" in dialog.get_by_role("region", name="Reply A").inner_text() else "B"
    dialog.get_by_role("button", name=f"{true} is better").click()
    expect(dialog.get_by_text(f"{true} was simulated", exact=True)).to_be_visible()
    (vote,) = read_votes(studio.folder / "votes.jsonl")
    assert (vote.persona, vote.said, vote.judge) == ("torill", true, "me")
    assert {vote.a, vote.b} == {"simulated", "simulated/generic"}
    assert read_study(studio.folder / "votes.jsonl")[1] == [vote.judgement]
    fields = "at context_id dimension judge_id left period persona right said winner"
    assert " ".join(sorted(json.loads((studio.folder / "votes.jsonl").read_text(encoding="utf-8")))) == fields
    dialog.get_by_role("button", name=f"Go on with {true}").click()
    expect(page.get_by_role("button", name="Torill, turn 2")).to_have_attribute("aria-current", "true")
    expect(replies(page)).to_have_count(1)
    ratings = page.get_by_role("region", name="Ratings so far")
    expect(ratings.get_by_role("listitem").first).to_contain_text(re.compile(r"simulated.*\(\d+ to \d+\)", re.S))
    expect(ratings.get_by_text("1 won, 0 lost, 0 tied")).to_be_visible()


def test_a_branch_goes_its_own_way_and_a_kept_talk_is_taken_up_again(studio: Running, page: Any) -> None:
    on_stage(page, studio)
    say(page, "Hello")
    say(page, "How old are you?")
    page.get_by_role("button", name="Branch from here").nth(1).click()
    expect(page.get_by_role("article")).to_have_count(2)
    say(page, "Do you have a dog?")
    page.get_by_role("button", name="Keep this talk").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("../out")
    dialog.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("letters, digits, blanks")).to_be_visible()
    dialog.get_by_label("Name").fill("the branch")
    dialog.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("Kept as dialogues/the branch.jsonl")).to_be_visible()
    (kept,) = load_dialogues(studio.folder / "dialogues" / "the branch.jsonl")
    assert [u.text for u in kept if u.speaker == "you"] == ["Hello", "Do you have a dog?"]
    page.get_by_role("button", name="Torill", exact=True).click()
    expect(page.get_by_role("article").filter(has_text="How old are you?")).to_be_visible()
    on_stage(page, studio)
    page.get_by_role("button", name="Take up a talk").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("the branch")).click()
    expect(page.get_by_role("article")).to_have_count(4)
    expect(page.get_by_role("button", name=re.compile("Facts: "))).not_to_have_count(0)
    expect(page.get_by_text(re.compile("over 2 replies"))).to_be_visible()


def test_the_persona_remembers_when_it_may(studio: Running, page: Any) -> None:
    on_stage(page, studio)
    say(page, "This is between us.")
    page.get_by_role("switch", name="Remember me").click()
    say(page, "My sister is called Ida.")
    with Workspace(studio.folder) as work:
        kept = [(one.speaker, one.text) for one in work.memory.user("me").observations()]
    assert ("user", "My sister is called Ida.") in kept
    assert kept[-1][0] == "torill"
    assert "This is between us." not in [text for _, text in kept]
    page.get_by_role("button", name="Branch from here").first.click()  # what both talks share was said once
    say(page, "What is my sister called?")
    page.get_by_role("button", name="What was sent").last.click()
    expect(page.get_by_role("dialog").get_by_text("<memory").first).to_contain_text("My sister is called Ida.")


def test_two_personas_talk_by_turns(studio: Running, page: Any) -> None:
    on_stage(page, studio)
    page.get_by_role("button", name="Let two personas talk").click()
    page.get_by_role("dialog").get_by_label("Search the cast").fill("opera")
    expect(page.get_by_role("dialog").get_by_role("button", name=re.compile("Torill"))).to_have_count(0)
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Gennaro")).click()
    page.get_by_label("Turns of each").fill("2")
    page.get_by_role("button", name="Let them talk").click()
    expect(page.get_by_role("article")).to_have_count(4)
    names = [one.get_attribute("aria-label") for one in page.get_by_role("article").all()]
    assert names == ["Torill", "Gennaro", "Torill", "Gennaro"]
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    expect(page.get_by_text(re.compile("Gennaro: .* over 2 replies"))).to_be_visible()
    page.get_by_role("button", name="Gennaro: choose another persona").click()
    page.get_by_role("dialog").get_by_label("Search the cast").fill("hives")
    expect(page.get_by_role("dialog").get_by_role("button", name=re.compile("Gennaro"))).to_have_count(0)
    page.get_by_role("dialog").get_by_label("Search the cast").press("Enter")
    expect(page.get_by_text("Torill cannot talk to itself")).to_be_visible()


@contextmanager
def upstream(**options: Any) -> Iterator[str]:
    """A model endpoint in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = StubServer(**options)
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    try:
        yield server.base_url
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def test_a_reply_streams_in_and_is_stopped(page: Any, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    furnish(folder)
    with upstream(reply="word " * 400, tokens_per_s=8.0) as address:
        process, url = start(folder, "--model", "openai-compatible/slow", "--base-url", address)
        try:
            on_stage(page, Running(url, folder))
            assert page.get_by_text("Spoken by a simulated subject").is_hidden()
            field = page.get_by_label("Say something to Torill")
            field.fill("Hello")
            field.press("Enter")
            expect(page.locator(".turn.saying .bubble")).to_contain_text("word word")
            page.get_by_role("button", name="Stop").click()
            expect(page.locator(".turn.stopped")).to_contain_text("no part of the talk")
            expect(page.get_by_role("button", name="Let Torill answer")).to_be_visible()
            page.get_by_role("button", name="Keep this talk").click()
            page.get_by_role("dialog").get_by_role("button", name="Keep", exact=True).click()
            expect(page.get_by_text("Kept as dialogues/torill.jsonl")).to_be_visible()
            (kept,) = load_dialogues(folder / "dialogues" / "torill.jsonl")
            assert [u.text for u in kept] == ["Hello"]
        finally:
            process.terminate()
            process.communicate(timeout=20)


def test_script_in_every_field_is_shown_as_it_is(studio: Running, page: Any) -> None:
    on_stage(page, studio, "hostile", model="simulated:copy=1,fidelity=1")
    expect(page.get_by_role("button", name=re.compile("choose another persona"))).to_contain_text("<img src=x")
    say(page, SCRIPT)
    expect(page.locator(".turn.other .bubble")).to_contain_text(SCRIPT)
    say(page, "What is your occupation?")
    page.get_by_role("button", name=re.compile("Facts: |No fact")).last.click()
    expect(page.get_by_role("dialog")).to_contain_text("<img src=x")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="What was sent").last.click()
    expect(page.get_by_role("dialog")).to_contain_text("{{constructor.constructor")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Compare two models here").last.click()
    page.get_by_role("dialog").get_by_label("Another model").fill(SCRIPT)
    page.get_by_role("dialog").get_by_role("button", name="Let both answer").click()
    expect(page.get_by_text("no model is called")).to_be_visible()
    page.goto(f"{studio.url}/stage?persona=%3Cscript%3E")
    expect(page.get_by_text("there is no persona '<script>' here")).to_be_visible()


# What the server says is heard in order, but each message that sets a field's value comes half a second late.
LATE_VALUES = """
const heard = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onmessage');
let before = Promise.resolve();
window.on_their_way = 0;
Object.defineProperty(WebSocket.prototype, 'onmessage', {
  set(listener) {
    heard.set.call(this, (message) => {
      const value = String(message.data).includes('updateValue');
      if (value) window.on_their_way++;
      before = before.then(() => new Promise((done) => setTimeout(done, value ? 500 : 0))).then(() => {
        listener(message);
        if (value) window.on_their_way--;
      });
    });
  },
});
"""


def test_what_is_typed_the_moment_a_dialog_opens_is_not_taken_back(studio: Running, page: Any) -> None:
    page.add_init_script(LATE_VALUES)
    on_stage(page, studio)
    say(page, "What is your occupation?")
    for _ in range(2):  # the second time the field holds what was typed the first time
        page.get_by_role("button", name="Compare two models here").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Another model").fill("nonsense")
        page.wait_for_function("window.on_their_way === 0")
        dialog.get_by_role("button", name="Let both answer").click()
        expect(page.get_by_text("no model is called 'nonsense'").last).to_be_visible()
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Keep this talk").click()
    page.get_by_role("dialog").get_by_label("Name").fill("my own name")
    page.wait_for_function("window.on_their_way === 0")
    page.get_by_role("dialog").get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("Kept as dialogues/my own name.jsonl")).to_be_visible()


def long_talk(folder: Path, turns: int) -> None:
    """A kept talk of many turns."""
    said = [("you", f"Question {k}: where do you keep your hives?") for k in range(turns)]
    said[1::2] = [("torill", f"Answer {k}. " + "On the roof of the hotel. " * (k % 7)) for k in range(turns // 2)]
    with Workspace(folder) as work:
        work.dialogues.put("long", Dialogue("long", said, {"personas": {"torill": "torill"}}))  # type: ignore[arg-type]


def test_of_a_long_talk_only_what_is_near_the_screen_exists(studio: Running, page: Any) -> None:
    long_talk(studio.folder, 500)
    on_stage(page, studio)
    page.get_by_role("button", name="Take up a talk").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("long")).click()
    expect(page.get_by_text("Answer 249.")).to_be_visible()
    expect(page.get_by_label("Say something to Torill")).to_be_focused()  # where a talk that was taken up goes on
    talk = page.get_by_role("region", name="What was said")
    talk.focus()
    page.keyboard.press("Home")
    expect(page.get_by_text("Question 0:")).to_be_in_viewport()
    assert page.get_by_role("article").count() < 60
    page.keyboard.press("End")
    expect(page.get_by_text("Answer 249.")).to_be_in_viewport()
    assert page.get_by_role("article").count() < 60


def test_it_fits_a_phone_and_can_be_used_without_eyes(
    studio: Running, page: Any, axe: Callable[[Any], list[str]]
) -> None:
    for size, scheme in (((1280, 900), "light"), ((1280, 900), "dark"), (NARROW, "light")):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=scheme)
        on_stage(page, studio)
        expect(page.locator(".q-loading-bar")).to_have_attribute("aria-hidden", "true")
        assert axe(page) == []
        say(page, "What is your occupation?")
        say(page, "How old are you?")
        assert axe(page) == []
        assert overflow(page) == []
        page.get_by_role("button", name="Compare two models here").last.click()
        page.get_by_role("dialog").get_by_label("Another model").fill("simulated/generic")
        page.get_by_role("dialog").get_by_role("button", name="Let both answer").click()
        expect(page.get_by_role("button", name="Both bad")).to_be_visible()
        assert axe(page) == []
        assert overflow(page) == []


def test_pages_that_are_left_at_once_leave_nothing_in_the_log(studio: Running, page: Any) -> None:
    for room in ("cast", "stage", "memory", "populations", "measures", "stage"):
        page.goto(f"{studio.url}/{room}", wait_until="commit")
    page.get_by_role("heading", level=1, name="Stage").wait_for()
    page.wait_for_timeout(1500)  # what a page is asked and does not answer is given up after a second
    assert "Traceback" not in studio.folder.with_name(f"{studio.folder.name}.log").read_text(encoding="utf-8")


def test_an_empty_cast_says_what_to_do(page: Any, tmp_path: Path) -> None:
    process, url = start(tmp_path / "empty")
    try:
        page.goto(f"{url}/stage")
        expect(page.get_by_text("The cast is empty")).to_be_visible()
        expect(page.get_by_role("link", name="To the cast", exact=True)).to_be_visible()
    finally:
        process.terminate()
        process.communicate(timeout=20)
