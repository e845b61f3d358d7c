"""How soon the studio shows a cast of 10,000 personas, and how smoothly it scrolls, in a real browser.

    python benchmarks/studio.py [--quick]

The studio runs in a process of its own on a folder with one file a persona; the browser is Chromium, headless, at 1280 x 900,
with an empty cache at every visit. The time to the first cards is taken in the page, from the start of the navigation to the
first frame in which cards stand; the scripts of the page are loaded within it. A long task is what the browser's own observer
calls so: anything that keeps its main thread busy for more than 50 ms.
"""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from figures import Figure, middle, run_alone

JOBS = ["beekeeper", "nurse", "ferry captain", "potter", "journalist", "judge", "carpenter", "gardener", "violinist"]
TOWNS = ["Bergen", "Ghent", "Naples", "Segou", "Busan", "Leeds", "Basel", "Tunis", "Kochi"]
WORDS = ["harbour", "lantern", "orchard", "copper", "winter", "letter", "garden", "quarrel", "compass", "kitchen"]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
FIRST_VIEW_S, LONG_TASK_MS = 1.0, 100
# When cards stand in a painted frame, in milliseconds from the start of the navigation.
SHOWN = """() => new Promise(done => {
    const look = () => document.querySelector('a.persona-card .persona-name') ? done(performance.now())
        : requestAnimationFrame(look);
    look();
})"""
WATCH = """() => {
    window.longTasks = [];
    new PerformanceObserver(list => window.longTasks.push(...list.getEntries().map(task => task.duration)))
        .observe({ type: 'longtask' });
}"""
# One step a frame: the whole way in so many frames, as somebody who drags the bar does, or so many pixels each, as a wheel does.
SCROLL = """async ([frames, pixels]) => {
    const frame = () => new Promise(requestAnimationFrame);
    const whole = document.documentElement.scrollHeight - innerHeight;
    for (let step = 1; step <= frames; step++) {
        scrollTo(0, pixels ? step * pixels : whole * step / frames);
        await frame();
    }
    await new Promise(done => setTimeout(done, 300));
    return [window.longTasks, document.querySelectorAll('a.persona-card').length];
}"""


def persona(number: int) -> dict[str, Any]:
    """One persona of ten facets."""
    draw = random.Random(number)
    facets = [
        {"id": f"s{place}", "path": "description", "value": f"I keep a {' '.join(draw.sample(WORDS, 5))}."}
        for place in range(4)
    ]
    facts = {
        "work.occupation": draw.choice(JOBS),
        "place.home": draw.choice(TOWNS),
        "social.age": draw.randint(18, 90),
        "family.children": draw.randint(0, 4),
        "tastes.likes": draw.choice(WORDS),
        "tastes.dislikes": draw.choice(WORDS),
    }
    facets += [{"id": path, "path": path, "value": value, "source": "sampled"} for path, value in facts.items()]
    return {
        "schema_version": 1,
        "id": f"member-{number:05}",
        "name": f"Member {number:05}",
        "kinds": ["individualized"],
        "language": "en",
        "facets": facets,
        "version": 1,
    }


def write(folder: Path, count: int) -> None:
    """The workspace."""
    place = folder / "personas"
    place.mkdir()
    for number in range(count):
        (place / f"member-{number:05}.json").write_text(json.dumps(persona(number)), encoding="utf-8")


@contextmanager
def studio(folder: Path) -> Iterator[str]:
    """A studio on a free port, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "personarium", "studio", str(folder), "--port", str(port), "--no-open"]
    with (folder / "studio.log").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        _wait(f"http://127.0.0.1:{port}/cast", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=20).close()
            return
        except OSError:
            if process.poll() is not None:
                raise RuntimeError(f"the studio ended with {process.returncode}") from None
            time.sleep(0.1)
    raise RuntimeError("the studio did not answer within a minute")


def visit(browser: Any, url: str, size: dict[str, int]) -> tuple[float, Any]:
    """One visit with an empty cache: seconds to the first cards, and the page."""
    page = browser.new_context(viewport=size).new_page()
    page.goto(url, wait_until="commit")
    return page.evaluate(SHOWN) / 1000, page


def first_views(browser: Any, url: str, size: dict[str, int], rounds: int) -> list[float]:
    """Seconds to the first cards of several visits."""
    found = []
    for _ in range(rounds):
        seconds, page = visit(browser, url, size)
        page.context.close()
        found.append(seconds)
    return found


def scrolled(browser: Any, url: str, rounds: int, frames: int, pixels: int = 0) -> Figure:
    """The longest task of a way through the gallery: the whole of it, or so many pixels a frame."""
    longest, busiest, cards = [], [], 0
    for _ in range(rounds):
        _, page = visit(browser, url, WIDE)
        page.wait_for_load_state("networkidle")
        page.evaluate(WATCH)
        browser.start_tracing(page=page, categories=["toplevel"])
        tasks, cards = page.evaluate(SCROLL, [frames, pixels])
        busiest.append(processor_ms(json.loads(browser.stop_tracing())["traceEvents"]))
        page.context.close()
        longest.append(max(tasks, default=0.0))
    way = f"{pixels} pixels a frame" if pixels else "from top to bottom"
    what = f"studio, cast: longest task while it scrolls {way}"
    note = (
        f"{frames:,} frames; median of {rounds}, worst {max(longest):.0f} ms; no task took more than {max(busiest):.0f} ms of "
        f"processor time; {cards} cards in the page"
    )
    return Figure(what, middle(longest), "ms", LONG_TASK_MS, at_most=True, note=note)


def processor_ms(events: list[dict[str, Any]]) -> float:
    """The most processor time of any task on the page's main thread: what a quiet machine would show."""
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = (event for event in events if (event.get("pid"), event.get("tid")) in main and "tdur" in event)
    return max((event["tdur"] for event in tasks), default=0) / 1000


def searched(browser: Any, url: str, count: int) -> float:
    """Seconds from the last key of a search to its number on the screen."""
    _, page = visit(browser, url, WIDE)
    page.wait_for_load_state("networkidle")
    page.get_by_label("Search the cast").fill("beekeeper bergen")
    start = time.perf_counter()
    page.wait_for_function(
        "count => { const said = document.querySelector('.cast-number')?.textContent ?? ''; return said.includes(' of ' + count); }",
        arg=f"{count:,}",
    )
    page.context.close()
    return time.perf_counter() - start


def measure(quick: bool = False) -> list[Figure]:
    """All figures of this benchmark."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("chromium is not installed (tools/install_browser.sh)")
    count, rounds, frames = (1_000, 2, 200) if quick else (10_000, 7, 600)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        write(folder, count)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        with studio(folder) as url:
            first_views(browser, f"{url}/cast", WIDE, 1)  # the cast is read, and the machine warm
            wide = first_views(browser, f"{url}/cast", WIDE, rounds)
            narrow = first_views(browser, f"{url}/cast", NARROW, rounds)
            ways = [scrolled(browser, f"{url}/cast", min(rounds, 3), frames, pixels) for pixels in (0, 120)]
            found = middle([searched(browser, f"{url}/cast", count) for _ in range(rounds)])
        browser.close()
    what = f"studio, cast of {count:,}"
    note = f"median of {rounds}, slowest {max(wide):.2f} s, empty cache, request to first cards painted"
    narrow_note = f"median of {rounds}, slowest {max(narrow):.2f} s"
    return [
        Figure(f"{what}: first view, 1280 px", middle(wide), "s", FIRST_VIEW_S, at_most=True, note=note),
        Figure(f"{what}: first view, 390 px", middle(narrow), "s", FIRST_VIEW_S, at_most=True, note=narrow_note),
        *ways,
        Figure(
            f"{what}: search to its number on the screen", found, "s", note=f"median of {rounds}, 150 ms of it waiting"
        ),
    ]


if __name__ == "__main__":
    run_alone(measure, "The studio's cast in a real browser.")
