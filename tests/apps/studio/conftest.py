"""A studio in a process of its own, with a small workspace, and a browser to walk through it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from personarium.apps.workspace import Workspace
from personarium.core import Facet, Persona, Population

WIDE, NARROW = (1280, 900), (390, 844)
# Written into every field that a person, a card or a model can fill; it must be shown and never run.
SCRIPT = "<img src=x onerror=\"window.hacked='yes'\"><script>window.hacked='yes'</script>{{constructor.constructor('window.hacked=1')()}}"


@dataclass(frozen=True)
class Running:
    """A studio that is listening: its address and its workspace's folder."""

    url: str
    folder: Path


def torill() -> Persona:
    """A persona with facets of several kinds."""
    told = Persona.from_text(
        "I keep eleven hives on the roof of a hotel in Bergen. I am afraid of the sea. I have a dog called Moll.",
        id="torill",
        name="Torill",
    )
    job = Facet("", "social.occupation", "beekeeper", "extracted", ("diary.txt:3",), 0.8)
    return told.with_facet(job).with_facet(Facet("", "demographics.age", 52))


def furnish(folder: Path) -> None:
    """A workspace with three personas, one of them hostile, a population and a memory of one person."""
    with Workspace(folder) as work:
        work.personas.put(torill())
        work.personas.put(
            Persona.from_text("I am a loud chef from Naples. I love opera.", id="gennaro", name="Gennaro")
        )
        hostile = Facet("", "social.occupation", SCRIPT)
        work.personas.put(Persona.from_text(SCRIPT, id="hostile", name=SCRIPT).with_facet(hostile))
        rows = [{"id": f"m{i}", "job": ("baker", "smith")[i % 2], "age": 20 + i} for i in range(40)]
        work.populations.put("town", Population.from_rows(rows))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(folder: Path, *options: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start a studio on a folder and wait until it answers; the caller stops it."""
    url = f"http://127.0.0.1:{(port := _free_port())}"
    command = [sys.executable, "-m", "personarium", "studio", str(folder), "--port", str(port), "--no-open", *options]
    log = folder.with_name(f"{folder.name}.log")  # a pipe that nobody reads would fill up and stop it
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/v1/models", timeout=5).close()
            return process, url
        except OSError:
            if process.poll() is not None:
                raise AssertionError(log.read_text(encoding="utf-8")) from None
            time.sleep(0.1)
    process.kill()
    raise AssertionError("the studio did not answer within 30 seconds")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A studio with a furnished workspace, one a test file; in the end its log holds no traceback."""
    folder = tmp_path_factory.mktemp("studio")
    furnish(folder)
    process, url = start(folder)
    yield Running(url, folder)
    process.terminate()
    process.communicate(timeout=20)
    log = folder.with_name(f"{folder.name}.log").read_text(encoding="utf-8")
    assert "Traceback" not in log, log


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless browser, one a test file."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A fresh page at 1280 pixels; at the end nothing hostile has run and no error stands in the console."""
    context = chromium.new_context(viewport={"width": WIDE[0], "height": WIDE[1]}, reduced_motion="reduce")
    shown = context.new_page()
    errors: list[str] = []
    shown.on("pageerror", lambda error: errors.append(str(error)))
    shown.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    shown.set_default_timeout(15_000)
    yield shown
    hacked = shown.evaluate("window.hacked") if not shown.is_closed() else None
    context.close()
    assert hacked is None, "a text was run as a script"
    assert not errors, errors


@pytest.fixture
def axe() -> Callable[..., list[str]]:
    """Serious faults of accessibility of what a page, or a part of it (a dialog), shows now: rule, element, in words."""
    axe_playwright = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is missing"
    )

    def faults(page: Any, within: str | None = None) -> list[str]:
        found = axe_playwright.Axe().run(page, context=within).response["violations"]
        return [
            json.dumps(
                {"rule": one["id"], "help": one["help"], "where": [node["html"][:160] for node in one["nodes"][:3]]}
            )
            for one in found
            if one["impact"] in ("serious", "critical")
        ]

    return faults


def overflow(page: Any) -> list[str]:
    """What reaches beyond the right edge of the screen."""
    found: list[str] = page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] :
        [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
        .slice(0, 5).map(e => e.tagName + '.' + e.className)"""
    )
    return found
