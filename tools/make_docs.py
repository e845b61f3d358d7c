"""Write the pages of docs/ that are made from the code: systems, errata, commands and coverage. ``--check`` only compares.

Run: python tools/make_docs.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from personarium.apps.cli.application import COMMANDS, HELP, build
from personarium.catalog import SystemRow, load_catalogue
from personarium.core import KINDS, VERBS, Cell
from personarium.core.rpla_survey import documented_coverage

COVERAGE = """# Coverage

A survey of role-playing agents (arXiv 2404.18231) sorts personas into three kinds: of a group, of a figure, of one person. This is what there is here for each
kind and each verb. The command of a cell runs as it stands on the page that it links to, and without a key.

"""
KIND_IS = {
    "demographic": "A group: occupation, age, region, schooling; made by sampling, measured against real margins.",
    "character": "An established figure, invented or not: a card, a biography, scenes.",
    "individualized": "One person, known from what they said and did, and growing with it.",
}
LAYERS = """
## How layers stack

The kinds can be stacked: *Socrates as my philosophy tutor* is a philosopher, a figure, and somebody's own. Layers merge from general to
specific (demographic, character, individualized, session), path by path:

- a later value replaces an earlier one if it is declared, or if the earlier one is not declared and the later confidence is not lower;
- a declared value yields only to a declared one;
- every path with two different values is listed as a conflict, with both sources, whoever wins;
- known topics merge by intersection, time limits by the earliest, what must not be disclosed by union.

```python
from personarium.core.rpla_survey import socrates_layers
from personarium.core import stack

found = stack(socrates_layers())
for facet in found.facets:
    print(facet.path, "=", facet.value)
print(len(found.conflicts), "conflicts")
```

```text
social.occupation = stonemason
style.register = formal
social.name = Sokrates
life.birthplace = Athens
4 conflicts
```
"""
DOCS = Path(__file__).resolve().parents[1] / "docs"
RUN_DRY = (
    "<!-- page dry run: each command is run in full by its own tests in tests/apps; here its example is checked -->\n\n"
)
MADE = "<!-- made by tools/make_docs.py from {}; edit that instead -->\n\n"


def systems_page(rows: tuple[SystemRow, ...]) -> str:
    """The table of systems and a section for each."""
    lines = [MADE.format("src/personarium/catalog/"), "# Systems\n\n"]
    lines.append(
        f"{len(rows)} published systems. Every one has passed the statements of its method page (`tests/systems/`) and the common "
    )
    lines.append(
        "contract (`personarium.testing.check_system`); what was found wrong in print stands under [errata](errata.md).\n\n"
    )
    lines.append("| system | paper | year | verbs | errata |\n|---|---|---|---|---|\n")
    for row in rows:
        errata = f"[{len(row.errata)}](errata.md#{row.slug})" if row.errata else ""
        lines.append(f"| [{row.slug}](#{row.slug}) | {row.title} | {row.year} | {', '.join(row.verbs)} | {errata} |\n")
    lines.extend(system_section(row) for row in rows)
    return "".join(lines)


def system_section(row: SystemRow) -> str:
    """One system: where it comes from, how it is run, where it lives."""
    modules = ", ".join(f"`{module}`" for module in row.modules)
    return (
        f"\n## {row.slug}\n\n{row.title}. {row.year}, [arXiv {row.arxiv}](https://arxiv.org/abs/{row.arxiv}). "
        f"{', '.join(row.verbs)}.\n\n`{row.command}`\n\nModules: {modules}\n"
    )


def errata_page(rows: tuple[SystemRow, ...]) -> str:
    """Every published fault, both ways."""
    lines = [MADE.format("src/personarium/catalog/"), "# Errata\n\n"]
    lines.append(
        "Where published code departs from its paper or is wrong, both behaviours exist: `as_published=True`, or a set of these "
    )
    lines.append("ids, gives the published one; the default gives the right one. A test pins both.\n")
    for row in rows:
        if row.errata:
            lines.append(f"\n## {row.slug}\n\n| id | published | right, and the test that pins both |\n|---|---|---|\n")
        for e in row.errata:
            where = f" (`{e.where}`)" if e.where else ""
            pinned = f"`{e.test.split('::')[-1]}`"
            lines.append(f"| `{e.id}`{where} | {cell(e.what_was_published)} | {cell(e.what_is_right)} {pinned} |\n")
    return "".join(lines)


def coverage_page(rows: tuple[SystemRow, ...]) -> str:
    """The coverage table of the rpla-survey page: kinds of persona by verbs, with a command and an example in each cell that exists."""
    cells = documented_coverage([row.as_dict() for row in rows])
    lines = [MADE.format("src/personarium/core/rpla_coverage.toml and src/personarium/catalog/"), COVERAGE]
    lines.append(f"|  | {' | '.join(VERBS)} |\n|---|{'---|' * len(VERBS)}\n")
    for kind in KINDS:
        marks = [mark(cell) for cell in cells if cell.kind == kind]
        lines.append(f"| **{kind}** | {' | '.join(marks)} |\n")
    filled = sum(cell.covered for cell in cells)
    lines.append(f"\n{filled} of {len(cells)} cells exist.\n")
    for kind in KINDS:
        lines.append(f"\n## {kind}\n\n{KIND_IS[kind]}\n")
        lines.extend(cell_section(cell) for cell in cells if cell.kind == kind)
    return "".join([*lines, LAYERS])


def mark(cell: Cell) -> str:
    """A cell of the small table."""
    return f"[yes](#{cell.kind}-{cell.verb})" if cell.covered else f"[empty](#{cell.kind}-{cell.verb})"


def cell_section(cell: Cell) -> str:
    """What a cell holds, or why it holds nothing."""
    heading = f"\n### {cell.verb} {{: #{cell.kind}-{cell.verb} }}\n\n"
    if not cell.covered:
        return f"{heading}*Empty:* {cell.empty}.\n"
    systems = ", ".join(f"[`{slug}`](systems.md#{slug})" for slug in cell.systems)
    served = f" Systems: {systems}." if systems else ""
    return (
        f"{heading}`{cell.commands[0]}`\n\n"
        f"{cell.gives[0].upper()}{cell.gives[1:]}: [example]({cell.examples[0]}).{served}\n"
    )


def commands_page() -> str:
    """Every command with its options, from the one application object."""
    import typer.main

    root = typer.main.get_command(build())
    lines = [MADE.format("src/personarium/apps/cli/"), RUN_DRY, f"# Commands\n\n{HELP}\n\n"]
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
    return {
        "systems.md": systems_page(rows),
        "errata.md": errata_page(rows),
        "commands.md": commands_page(),
        "coverage.md": coverage_page(rows),
    }


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
