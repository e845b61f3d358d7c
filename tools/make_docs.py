"""Write the pages of docs/ that are made from the code: systems, errata and commands. ``--check`` only compares.

Run: python tools/make_docs.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from personarium.apps.cli.application import COMMANDS, HELP, build
from personarium.catalog import SystemRow, load_catalogue

DOCS = Path(__file__).resolve().parents[1] / "docs"
MADE = "<!-- made by tools/make_docs.py from {}; edit that instead -->\n\n"


def systems_page(rows: tuple[SystemRow, ...]) -> str:
    """The table of systems and a section for each."""
    lines = [MADE.format("src/personarium/catalog/"), "# Systems\n\n"]
    lines.append("| system | paper | verbs | errata | command |\n|---|---|---|---|---|\n")
    for row in rows:
        paper = f"{row.title}, {row.year}, arXiv {row.arxiv}"
        lines.append(f"| `{row.slug}` | {paper} | {', '.join(row.verbs)} | {len(row.errata)} | `{row.command}` |\n")
    lines.append("\nEvery row has passed the statements of its method page (`tests/systems/`) and the common contract ")
    lines.append("(`personarium.testing.check_system`). Modules:\n\n")
    for row in rows:
        lines.append(f"- `{row.slug}`: {', '.join(f'`{module}`' for module in row.modules)}\n")
    return "".join(lines)


def errata_page(rows: tuple[SystemRow, ...]) -> str:
    """Every published fault, both ways."""
    lines = [MADE.format("src/personarium/catalog/"), "# Errata\n\n"]
    lines.append(
        "Where published code departs from its paper or is wrong, both behaviours exist: `as_published=True`, or a set of these "
    )
    lines.append("ids, gives the published one; the default gives the right one. A test pins both.\n")
    for row in rows:
        if row.errata:
            lines.append(f"\n## {row.slug}\n\n| id | published | right | test |\n|---|---|---|---|\n")
        for e in row.errata:
            where = f" (`{e.where}`)" if e.where else ""
            lines.append(
                f"| `{e.id}`{where} | {cell(e.what_was_published)} | {cell(e.what_is_right)} | `{e.test.split('::')[-1]}` |\n"
            )
    return "".join(lines)


def commands_page() -> str:
    """Every command with its options, from the one application object."""
    import typer.main

    root = typer.main.get_command(build())
    lines = [MADE.format("src/personarium/apps/cli/"), f"# Commands\n\n{HELP}\n\n"]
    lines.append(
        "`--json` prints one document `{status, data, warnings}`. Exit codes: 0 ok, 1 nothing could be measured or the disk refused, 2 usage, 3 not found, 4 stopped at the cost "
    )
    lines.append("limit, 5 a file that is not what it should be, 6 an endpoint, 130 stopped by hand.\n")
    for group, name, _, _ in COMMANDS:
        command = root.commands[group].commands[name] if group else root.commands[name]  # type: ignore[attr-defined]
        words = f"{group} {name}".strip()
        text = (command.help or "").strip().split("\n\n")
        lines.append(f"\n## personarium {words}\n\n")
        lines.extend(
            f"    {p.removeprefix('Example:').strip()}\n\n" if p.startswith("Example:") else f"{p}\n\n" for p in text
        )
        lines.append("| option | meaning | default |\n|---|---|---|\n")
        lines.extend(option_row(p) for p in command.params if p.name != "help")
    return "".join(lines)


def option_row(parameter: object) -> str:
    """One line of a command's table."""
    opts = getattr(parameter, "opts", [])
    names = ", ".join(f"`{o}`" for o in opts if o.startswith("-")) or f"`{parameter.name.upper()}`"  # type: ignore[attr-defined]
    default = getattr(parameter, "default", None)
    shown = (
        ""
        if default in (None, False, (), [], "") or callable(default) or "required" in str(default).lower()
        else f"`{default}`"
    )
    return f"| {names} | {cell(getattr(parameter, 'help', None) or '')} | {shown} |\n"


def cell(text: str) -> str:
    """A text inside a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def pages() -> dict[str, str]:
    """File name -> text."""
    rows = load_catalogue(plugins=False)
    return {"systems.md": systems_page(rows), "errata.md": errata_page(rows), "commands.md": commands_page()}


def main() -> int:
    """Write, or with --check say which page is out of date."""
    made = pages()
    if "--check" in sys.argv:
        stale = [
            name
            for name, text in made.items()
            if not (DOCS / name).exists() or (DOCS / name).read_text(encoding="utf-8") != text
        ]
        for name in stale:
            print(f"docs/{name} is out of date: run make docs")
        return int(bool(stale))
    for name, text in made.items():
        (DOCS / name).write_text(text, encoding="utf-8")
        print(f"docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
