"""The catalogue is data: every row names things that exist."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from personarium.catalog import SystemRow, find_system, load_catalogue, read_row
from personarium.core.errors import InvalidInput, NotFound

TESTS = Path(__file__).resolve().parent
ROWS = load_catalogue(plugins=False)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.slug)
def test_row_names_what_exists(row: SystemRow) -> None:
    for module in row.modules:
        importlib.import_module(module)
    assert row.command.startswith("personarium ")
    assert (TESTS / "systems" / f"test_{row.slug.replace('-', '_')}.py").exists()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.slug)
def test_errata_are_pinned_by_tests_that_exist(row: SystemRow) -> None:
    for erratum in row.errata:
        path, _, name = erratum.test.partition("::")
        tree = ast.parse((TESTS.parent / path).read_text(encoding="utf-8"))
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name.partition("[")[0] in names, f"{row.slug}/{erratum.id} is pinned by a test that is not there"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.slug)
def test_command_of_a_row_exists(row: SystemRow) -> None:
    from personarium.apps.cli.application import COMMANDS

    words = row.command.split()[1:]
    known = {(group, command) for group, command, _, _ in COMMANDS}
    assert ("", words[0]) in known or (words[0], words[1]) in known


def test_nearest_names_are_offered() -> None:
    with pytest.raises(NotFound, match="personagym"):
        find_system("persona-gim")


def test_a_broken_row_names_file_and_field() -> None:
    with pytest.raises(InvalidInput, match=r"x\.toml: field 'year'"):
        read_row('slug="x"\ntitle="X"\nyear="soon"\narxiv=""\nverbs=[]\nmodules=[]\ncommand=""', "x.toml")
