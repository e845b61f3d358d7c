"""The documentation site builds without a warning, loads nothing from elsewhere, and every link in it leads somewhere.

The build is what ``make docs-site`` does; it reads the package and never imports it.
"""

from __future__ import annotations

import functools
import http.server
import importlib
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
HOST = "http://docs.test/"  # where the built pages are thought to lie, so that their links can be joined
BUILD = """
import sys
from mkdocs.__main__ import cli
try:
    cli(["build", "--strict", "--site-dir", sys.argv[1]], standalone_mode=False)
finally:
    print("imported:", sorted(name for name in sys.modules if name.split(".")[0] == "personarium"))
"""
ROOMS = sorted(
    {path.parent.name for path in (ROOT / "src" / "personarium").glob("*/__init__.py")} - {"apps", "catalog"}
)
LOOKED_AT = [
    "",
    "start/",
    "systems/",
    "errata/",
    "coverage/",
    "verbs/measure/",
    "howto/simulate-a-survey/",
    "reference/core/",
]


@dataclass
class Links(HTMLParser):
    """What a page loads, where it links, and which anchors it has."""

    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        self.classes |= set(given.get("class", "").split())
        self.loads += [given[name] for name in ("src", "srcset", "poster", "data") if given.get(name)]
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag in ("link", "use", "image") and given.get("href"):
            self.loads.append(given["href"])


@dataclass(frozen=True)
class Site:
    """A built site: its folder, what the build said, and its pages by address."""

    folder: Path
    said: str
    pages: dict[str, Links]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    pytest.importorskip("mkdocs", reason="mkdocs-material is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-c", BUILD, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=_quiet())
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {path.relative_to(folder).as_posix(): _read(path) for path in sorted(folder.rglob("*.html"))}
    return Site(folder, done.stdout + done.stderr, pages)


def _quiet() -> dict[str, str]:
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    return {**os.environ, **nowhere, "NO_MKDOCS_2_WARNING": "1"}


def _read(path: Path) -> Links:
    links = Links()
    links.feed(path.read_text(encoding="utf-8"))
    return links


def test_the_build_warns_of_nothing_and_imports_nothing_of_the_package(site: Site) -> None:
    assert "WARNING" not in site.said
    assert "imported: []" in site.said


def test_no_page_loads_anything_from_elsewhere(site: Site) -> None:
    foreign = {
        (name, target)
        for name, page in site.pages.items()
        for target in page.loads
        if target.startswith("//") or urlsplit(target).scheme in ("http", "https")
    }
    assert foreign == set()
    # The theme's script would fetch these from a network of copies where a page asks for a diagram or an emoji.
    assert not any(page.classes & {"mermaid", "twemoji-remote"} for page in site.pages.values())


def test_no_style_sheet_loads_anything_from_elsewhere(site: Site) -> None:
    for path in site.folder.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        targets = re.findall(r"url\(\s*['\"]?([^)'\"]+)|@import\s+['\"]([^'\"]+)", text)
        assert not [t for pair in targets for t in pair if t.startswith(("http:", "https:", "//"))], path.name


def test_every_internal_link_and_anchor_leads_somewhere(site: Site) -> None:
    lost = [
        f"{name}: {link}"
        for name, page in site.pages.items()
        if name != "404.html"  # its links are rooted, and the root is wherever the site will lie
        for link in page.links
        if not _leads_somewhere(site, name, link)
    ]
    assert lost == []


def test_every_file_that_a_page_loads_is_there(site: Site) -> None:
    lost = [
        f"{name}: {target}"
        for name, page in site.pages.items()
        if name != "404.html"
        for target in page.loads
        if not target.startswith("data:") and not _target(site, name, target).is_file()
    ]
    assert lost == []


def _target(site: Site, page: str, link: str) -> Path:
    path = site.folder / unquote(urlsplit(urljoin(HOST + page, link)).path).lstrip("/")
    return path / "index.html" if path.is_dir() else path


def _leads_somewhere(site: Site, page: str, link: str) -> bool:
    whole = urljoin(HOST + page, link)
    if not whole.startswith(HOST):
        return urlsplit(whole).scheme in ("http", "https", "mailto")
    target = _target(site, page, link)
    anchor = unquote(urldefrag(whole).fragment)
    name = target.relative_to(site.folder).as_posix()
    return target.is_file() and (not anchor or name not in site.pages or anchor in site.pages[name].ids)


def nav_pages(entry: Any) -> Iterator[str]:
    """The files that a navigation names."""
    if isinstance(entry, str):
        yield entry
    for child in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ():
        yield from nav_pages(child)


def test_the_navigation_names_every_page_and_no_other() -> None:
    named = list(nav_pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
    there = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    assert sorted(named) == sorted([*there, "reference/"])
    assert not (DOCS / "reference").exists()  # made while the site is built, never committed


@pytest.mark.parametrize("room", ROOMS)
def test_the_reference_has_every_public_name_of_a_room(site: Site, room: str) -> None:
    package = importlib.import_module(f"personarium.{room}")
    page = site.pages[f"reference/{room}/index.html"]
    linked = [urldefrag(link).fragment for link in page.links]
    shown = {name.rpartition(".")[2] for name in [*page.ids, *linked] if name.startswith("personarium.")}
    assert set(package.__all__) <= shown


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    handler = functools.partial(_Silent, directory=str(site.folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_pages_fit_the_window_and_fetch_nothing_from_elsewhere(address: str, width: int, scheme: str) -> None:
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed (tools/install_browser.sh)")
    asked: list[str] = []
    with sync.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("request", lambda request: asked.append(request.url))
        wide = {name: _width(page, address + name) for name in LOOKED_AT}
        browser.close()
    assert wide == dict.fromkeys(LOOKED_AT, width)
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def _width(page: Any, url: str) -> int:
    page.goto(url)
    return int(page.evaluate("document.documentElement.scrollWidth"))
