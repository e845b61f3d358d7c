"""How smoothly a talk of 500 turns scrolls on the studio's stage, and how soon it stands there, in a real browser.

    python benchmarks/studio_stage.py [--quick]

The studio runs in a process of its own; the talk is one that was kept, between a person and a persona of twenty facts, turns of 5
to 90 words, every reply read against the facts. Chromium, headless, at 1280 x 900 and 390 x 844. A long task is what the browser's
own observer calls so: anything that keeps its main thread busy for more than 50 ms; the processor's time of the longest task stands
beside it, for a machine that does nothing else.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from figures import Figure, middle, run_alone
from studio import LONG_TASK_MS, NARROW, WATCH, WIDE, WORDS, processor_ms, studio

TURNS = 500
# One step a frame, from the end to the beginning: the whole way in so many frames, or so many pixels each, as a wheel does.
SCROLL = """async ([frames, pixels]) => {
    const frame = () => new Promise(requestAnimationFrame);
    const box = document.querySelector('.talk-list');
    const whole = box.scrollHeight - box.clientHeight;
    let most = 0;
    for (let step = 1; step <= frames; step++) {
        box.scrollTop = pixels ? box.scrollTop - pixels : whole * (1 - step / frames);
        await frame();
        most = Math.max(most, box.querySelectorAll('.turn').length);
    }
    await new Promise(done => setTimeout(done, 300));
    return [window.longTasks, most];
}"""


def talk(turns: int) -> list[tuple[str, str]]:
    """What was said: questions of one line, answers of one to several."""
    rng = random.Random(0)
    return [
        ("you", f"Question {turn}: what about the {rng.choice(WORDS)}?")
        if turn % 2 == 0
        else ("speaker", f"Answer {turn}. " + " ".join(rng.choices(WORDS, k=rng.randint(3, 90))) + ".")
        for turn in range(turns)
    ]


def write(folder: Path, turns: int) -> None:
    """The workspace: one persona and one talk."""
    from personarium.apps.workspace import Workspace
    from personarium.core import Dialogue, Persona

    rng = random.Random(1)
    facts = [f"I keep a {' '.join(rng.sample(WORDS, 4))}." for _ in range(20)]
    said: Any = talk(turns)
    with Workspace(folder) as work:
        work.personas.put(Persona.from_text(" ".join(facts), id="speaker", name="Speaker"))
        work.dialogues.put("long", Dialogue("long", said, {"personas": {"speaker": "speaker"}}))


def taken_up(browser: Any, url: str, size: dict[str, int], turns: int) -> tuple[float, Any]:
    """Seconds from the choice of the talk to its last turn, and the page, once every reply is read."""
    page = browser.new_context(viewport=size).new_page()
    page.goto(f"{url}/stage?persona=speaker")
    page.get_by_role("button", name="Take up a talk").click()
    row = page.get_by_role("dialog").get_by_role("button", name="long")
    row.wait_for()
    start = time.perf_counter()
    row.click()
    page.get_by_text(f"Answer {turns - 1}.").wait_for()
    seconds = time.perf_counter() - start
    page.get_by_text(f"over {turns // 2} replies").wait_for(timeout=60_000)
    page.wait_for_load_state("networkidle")
    return seconds, page


def scrolled(browser: Any, url: str, size: dict[str, int], turns: int, rounds: int, way: tuple[int, int]) -> Figure:
    """The longest task of a way through the talk.

    Args:
        browser: The browser.
        url: The studio.
        size: Of the screen.
        turns: Of the talk.
        rounds: Ways.
        way: Frames, and pixels a frame; 0 pixels for the whole way.
    """
    longest, busiest, most = [], [], 0
    for _ in range(rounds):
        _, page = taken_up(browser, url, size, turns)
        page.evaluate(WATCH)
        browser.start_tracing(page=page, categories=["toplevel"])
        tasks, most = page.evaluate(SCROLL, list(way))
        busiest.append(processor_ms(json.loads(browser.stop_tracing())["traceEvents"]))
        page.context.close()
        longest.append(max(tasks, default=0.0))
    how = f"{way[1]} pixels a frame" if way[1] else "from end to beginning"
    what = f"studio, talk of {turns} turns, {size['width']} px: longest task while it scrolls {how}"
    note = (
        f"{way[0]:,} frames; median of {rounds}, worst {max(longest):.0f} ms (0: none over 50 ms); no task took more than "
        f"{max(busiest):.0f} ms of processor time; at most {most} turns in the page"
    )
    return Figure(what, middle(longest), "ms", LONG_TASK_MS, at_most=True, note=note)


def measure(quick: bool = False) -> list[Figure]:
    """All figures of this benchmark."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("chromium is not installed (tools/install_browser.sh)")
    rounds, frames = (1, 150) if quick else (3, 600)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        write(folder, TURNS)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        with studio(folder) as url:
            seconds = [_closed(taken_up(browser, url, WIDE, TURNS)) for _ in range(rounds + 1)][1:]
            ways = [
                scrolled(browser, url, size, TURNS, rounds, (frames, pixels))
                for size, pixels in ((WIDE, 0), (WIDE, 120), (NARROW, 0))
            ]
        browser.close()
    note = f"median of {rounds}, slowest {max(seconds):.2f} s, from the click to the last turn"
    return [*ways, Figure(f"studio, talk of {TURNS} turns: taken up", middle(seconds), "s", note=note)]


def _closed(found: tuple[float, Any]) -> float:
    seconds, page = found
    page.context.close()
    return seconds


if __name__ == "__main__":
    run_alone(measure, "A long talk on the studio's stage in a real browser.")
