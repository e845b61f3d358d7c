"""Pages of the Python reference, made from the source while the site is built: an MkDocs hook, nothing of it is committed.

A room's public names are read off its ``__init__.py`` (the imports for type checkers, which stand beside the lazy ones); their
docstrings are rendered by mkdocstrings. All of it is static analysis: nothing of the package is imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "personarium"
PLACE = "reference/"  # the entry of the navigation that becomes the list of rooms
# The rooms from the ground up, as DESIGN and .importlinter have them; what has no public names of its own is left out.
ROOMS = (
    "core",
    "stats",
    "text",
    "models",
    "runs",
    "judges",
    "remember",
    "play",
    "measure",
    "make",
    "steer",
    "benchmarks",
)
ROOMS += ("report", "testing")
_ROLE = re.compile(r":(?:class|func|mod|meth|data|attr|exc|obj):(?=<code>)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the rooms where the navigation says ``reference/``."""
    pages = [{"All rooms": f"{PLACE}index.md"}, *({room: f"{PLACE}{room}.md"} for room in ROOMS)]
    config.nav = _replaced(config.nav, pages)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each room, and one that lists them."""
    for name, text in reference_pages().items():
        files.append(File.generated(config, f"{PLACE}{name}", content=text))
    return files


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Drop the roles of Sphinx that docstrings have before a name."""
    return _ROLE.sub("", html) if page.file.src_uri.startswith(PLACE) else html


def reference_pages() -> dict[str, str]:
    """File name -> Markdown."""
    pages = {f"{room}.md": room_page(room) for room in ROOMS}
    return {"index.md": index_page(), **pages}


def index_page() -> str:
    """What can be imported from ``personarium`` itself, and the rooms."""
    lines = ["# Python\n\n", f"{_docstring(PACKAGE / '__init__.py')}\n\n", "| from `personarium` | room |\n|---|---|\n"]
    for module, names in sorted(public_names(PACKAGE / "__init__.py").items()):
        room = module.split(".")[1]
        lines.extend(f"| `{name}` | [{room}]({room}.md) |\n" for name in names)
    lines.append("\n## Rooms\n\nA room imports only from rooms above it.\n\n| room | what for |\n|---|---|\n")
    lines.extend(f"| [`personarium.{room}`]({room}.md) | {_first_line(PACKAGE / room)} |\n" for room in ROOMS)
    return "".join(lines)


def room_page(room: str) -> str:
    """The public names of a room, by the module that defines them, and the packages inside it."""
    lines = [f"# personarium.{room}\n\n", f"{_docstring(PACKAGE / room / '__init__.py')}\n"]
    found = public_names(PACKAGE / room / "__init__.py")
    for module, names in found.items():
        if module.split(".")[1] == room:
            lines.append(f"\n## {module}\n\n{_first_line(_path_of(module))}\n")
            lines.extend(f"\n::: {module}.{name}\n    options:\n      heading_level: 3\n" for name in names)
    lent = [
        f"[`{name}`][{module}.{name}]"
        for module, names in found.items()
        for name in names
        if f".{room}." not in f"{module}."
    ]
    if lent:
        lines.append(f"\n## From the rooms below\n\n{', '.join(lent)}\n")
    packages = list(inner_packages(room))
    if packages:
        lines.append("\n## Packages inside\n\n| package | what for | public names |\n|---|---|---|\n")
    for package, names in packages:
        shown = ", ".join(f"`{name}`" for name in names)
        lines.append(f"| `personarium.{room}.{package.name}` | {_first_line(package)} | {shown} |\n")
    return "".join(lines)


def inner_packages(room: str) -> Iterator[tuple[Path, list[str]]]:
    """The packages of a room that offer names, sorted."""
    for initial in sorted((PACKAGE / room).glob("*/__init__.py")):
        names = sorted(name for names in public_names(initial).values() for name in names)
        if names:
            yield initial.parent, names


def public_names(path: Path) -> dict[str, list[str]]:
    """Module -> the names that a package offers from it, both in the order of the file."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("personarium."):
            names = [one.name for one in node.names if one.asname is not None]
            if names and node.module:
                found.setdefault(node.module, []).extend(names)
    return found


def _replaced(nav: Any, pages: list[dict[str, str]]) -> Any:
    if isinstance(nav, dict):
        return {title: pages if target == PLACE else _replaced(target, pages) for title, target in nav.items()}
    return [_replaced(entry, pages) for entry in nav] if isinstance(nav, list) else nav


def _path_of(module: str) -> Path:
    return PACKAGE.joinpath(*module.split(".")[1:])


def _docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def _first_line(module: Path) -> str:
    """Of the docstring of a module or package."""
    path = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
    return _docstring(path).partition("\n")[0].replace("|", "\\|")
