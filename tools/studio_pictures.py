"""Take the pictures of the studio that README and docs show: ``python tools/studio_pictures.py [ROOM ...]``.

A workspace with people, talks, a year of one person's memory, a population and runs is made in a temporary folder; a studio is
started on it, and headless Chromium walks through the rooms at 1280 and 390 pixels. The pictures go to ``docs/images``; look at
every one before it is committed.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from personarium.apps.workspace import Workspace
from personarium.core import Facet, Persona
from personarium.runs import run_sync

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WIDE, PHONE = (1280, 860), (390, 844)
# Name | work | age | home | two sentences | traits: people who do not exist.
PEOPLE = """
Torill Aune|beekeeper|52|Bergen|I keep eleven hives on the roof of a hotel. I am afraid of the sea.|patient, dry
Gennaro Vallo|cook|38|Naples|I cook loudly and I sing opera while I do. I never measure anything.|loud, generous
Ode Lannoy|nurse|61|Ghent|I have worked nights for thirty years. I hum when somebody is afraid.|calm, blunt
Ibrahim Sano|ferry captain|47|Conakry|I know every sandbank of the estuary. I do not trust satellite maps.|proud, careful
Wren Okafor|programmer|24|Leeds|I write tools for archives. I sleep badly before a release.|curious, anxious
Halla Brekke|retired teacher|79|Tromsø|I taught three generations to read. I still correct menus.|strict, warm
Mateo Ruiz|carpenter|33|Valparaíso|I build boats that nobody orders. My brother keeps the books.|stubborn, dreamy
Yuna Seo|violinist|29|Busan|I practise before sunrise. I forgive wrong notes and never wrong time.|exact, shy
Old Tam|lighthouse keeper|84|Skye|The light has been automatic since 1998. I polish the lens anyway.|wry, lonely
Priya Menon|judge|56|Kochi|I read every file twice. I have a weakness for bad crime novels.|fair, tired
Leif Dahl|student|19|Umeå|I moved out last month. I live on noodles and borrowed books.|hopeful, messy
Amara Diallo|potter|44|Ségou|I fire my kiln on Fridays. The river gives me the clay.|quiet, sure
Nico Stern|detective|41|Trieste|I lost a case in 2009 and still carry its file. I drink tea.|watchful, kind
Rosa Lind|gardener|67|Malmö|I grow pears against the south wall. I talk to them.|talkative, brave
Elias Roth|physician|50|Basel|I ask what people ate before I ask where it hurts.|precise, dry
Mina Haddad|journalist|36|Tunis|I collect what people say in queues. I never name a source.|quick, loyal
Captain Ardent|pirate|45|the Amber Sea|I took my name from a ship I sank. I cannot swim.|vain, daring
"""
SAID = {
    "winter": (
        "My name is Ana and I live in Tartu. I work as a nurse on the night shift.",
        "My favourite drink is tea.",
    ),
    "february": (
        "I have a sister called Lena.",
        "I moved to Viljandi last week. I am allergic to peanuts.",
        "I don't drink tea any more. My favourite drink is coffee.",
    ),
    "spring": (
        "I am learning Finnish with an app. My brother Mart lives in Turku.",
        "I hate loud music in the morning.",
    ),
}
BERGEN = Persona(
    id="bergen-50s",
    name="A woman of Bergen, 50 to 54",
    kinds=("demographic",),
    facets=(
        Facet("", "place.home", "Bergen", "sampled"),
        Facet("", "work.occupation", "shop assistant", "sampled", (), 0.4),
        Facet("", "social.age", 50, "sampled", (), 0.7),
    ),
)


def furnish(folder: Path) -> None:
    """A workspace as somebody has it who has worked in it for a while."""
    with Workspace(folder) as work:
        work.personas.put_all([BERGEN, *(_person(*line.split("|")) for line in PEOPLE.strip().splitlines())])
        remember(work)
    for command in (
        ["make", "students", "--count", "2000", "--out", "populations/students.parquet"],
        ["bench", "personagym", "-n", "5", "--model", "simulated:fidelity=0.9", "--out", "runs/careful model"],
        ["bench", "personagym", "-n", "5", "--model", "simulated:fidelity=0.4", "--out", "runs/forgetful model"],
        ["calibrate", "apc", "--personas", "16", "--out", "runs/calibration of apc"],
    ):
        subprocess.run([sys.executable, "-m", "personarium", *command], cwd=folder, check=True, capture_output=True)


def remember(work: Workspace) -> None:
    """What somebody called Ana said over three months, most of it read already."""
    moment = [1767434400.0]
    memory = work.memory
    memory.clock = lambda: moment[0]
    ana = memory.user("ana")
    for session, sentences in SAID.items():
        for sentence in sentences:
            ana.observe(sentence, at=moment[0], session=session)
            moment[0] += 60
        if session != "spring":  # what was said last waits to be read
            run_sync(ana.learn(closing=True))
        moment[0] += 30 * 86400
    ana.remember("nervous about the exam for ward sister in May", key="plans.career", confidence=0.55)
    ana.set_block(
        "person", "Ana, a night nurse in Viljandi. Keep it short after 22:00, she reads on the ward.", limit=400
    )
    ana.set_block("safety", "Allergic to peanuts: never suggest a recipe with them.", read_only=True)


def _person(name: str, work: str, age: str, home: str, told: str, traits: str) -> Persona:
    persona = Persona.from_text(told, id=name.lower().replace(" ", "-"), name=name)
    facets = [
        Facet("", "work.occupation", work, "extracted", ("interview.txt:12",), 0.9),
        Facet("", "social.age", int(age)),
        Facet("", "place.home", home, "extracted", ("interview.txt:3",), 0.85),
        Facet("", "personality.traits", traits.split(", "), "inferred", ("interview.txt:40",), 0.6),
    ]
    if name == "Torill Aune":
        secret = "She sold her sister's boat"
        facets.append(Facet("", "past.secret", secret, evidence=("letter.txt:9",), visibility="never_disclose"))
    kind: tuple[Any, ...] = (
        ("character",) if name in ("Captain Ardent", "Old Tam", "Nico Stern") else ("individualized",)
    )
    return replace(persona, kinds=kind, facets=(*persona.facets, *facets))


@contextmanager
def studio(folder: Path) -> Iterator[str]:
    """A studio on the folder; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "personarium",
        "studio",
        str(folder),
        "--port",
        str(port),
        "--no-open",
        "--user",
        "ana",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{url}/v1/models", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@dataclass(frozen=True)
class Picture:
    """One picture: its name, where it is taken, and what is done before."""

    name: str
    path: str
    steps: Callable[[Any], None] = lambda page: None


def _layers(page: Any) -> None:
    page.get_by_role("tab", name="Layers").click()
    page.get_by_label("Add a persona as a layer").fill("bergen 50")
    page.get_by_text("A woman of Bergen").first.click()


def _talk(page: Any) -> None:
    for said in (
        "Hello! Who are you?",
        "Where do you keep your hives?",
        "What are you afraid of?",
        "What is your age?",
    ):
        page.get_by_label("Say something to Torill Aune").fill(said)
        page.keyboard.press("Enter")
        page.get_by_text(said, exact=True).first.wait_for()
        page.get_by_role("button", name="Send").wait_for()
    if page.viewport_size["width"] < 800:
        page.locator(".talk-panel").evaluate("panel => panel.scrollIntoView({block: 'start'})")


def _consolidate(page: Any) -> None:
    page.get_by_role("button", name="Consolidate").click()
    page.get_by_text("changes proposed").wait_for()
    if page.viewport_size["width"] > 800:
        page.evaluate("scrollTo(0, 0)")


PICTURES = (
    Picture("cast", "/cast"),
    Picture("stage", "/stage?persona=torill-aune", _talk),
    Picture("memory", "/memory?of=ana", _consolidate),
    Picture("populations", "/populations/of/students"),
    Picture("persona", "/cast/torill-aune"),
    Picture("layers", "/cast/torill-aune", _layers),
    Picture("measures", "/measures"),
    Picture("benchmark", "/measures/new/bench%20personagym"),
    Picture("report", "/measures/run/careful%20model"),
)


def take(browser: Any, url: str, picture: Picture, size: tuple[int, int], name: str, dark: bool = False) -> None:
    """Walk and take it."""
    scheme = "dark" if dark else "light"
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(url + picture.path)
    page.get_by_role("heading", level=1).wait_for()
    picture.steps(page)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    page.screenshot(path=IMAGES / f"{name}.png")
    context.close()
    print(f"{name}.png")


def main() -> None:
    """Make the workspace and take the pictures."""
    from playwright.sync_api import sync_playwright

    wanted = [picture for picture in PICTURES if not sys.argv[1:] or picture.name in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        furnish(Path(folder))  # before playwright, which keeps an event loop running
        with sync_playwright() as playwright, studio(Path(folder)) as url:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for picture in wanted:
                take(browser, url, picture, WIDE, f"studio-{picture.name}")
                take(browser, url, picture, PHONE, f"studio-{picture.name}-phone")
            browser.close()


if __name__ == "__main__":
    main()
