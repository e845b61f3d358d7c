"""The options that commands with a run share: each is an option of its own, and a command says its defaults."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import speaks


def command(seen: list[dict[str, object]]) -> Typer:
    @speaks
    @opt.takes_common
    def bees(hives: int = 1, common: opt.Common = opt.Common(concurrency=4, seed=7)) -> None:
        seen.append(opt.given(locals()))

    app = Typer()
    app.command()(bees)
    return app


def test_each_field_is_an_option_with_the_commands_default() -> None:
    seen: list[dict[str, object]] = []
    done = CliRunner().invoke(command(seen), ["--hives", "3", "--seed", "9", "-o", "there", "--json"])
    assert done.exit_code == 0, done.output
    (given,) = seen
    assert given == {
        "seen": seen, "hives": 3, "concurrency": 4, "timeout": None, "max_cost": None, "prices": None, "track": None,
        "track_content": False, "out": Path("there"), "seed": 9, "dry_run": False, "as_json": True,
    }  # fmt: skip


@pytest.mark.parametrize("arguments", [["--concurrency", "0"], ["--timeout", "0"], ["--max-cost", "-1"]])
def test_their_bounds_hold(arguments: list[str]) -> None:
    seen: list[dict[str, object]] = []
    assert CliRunner().invoke(command(seen), arguments).exit_code == 2
    assert seen == []


def test_a_command_shows_them_in_place_of_the_one_parameter() -> None:
    from personarium.apps.cli.esc_eval import esc_eval

    names = list(inspect.signature(esc_eval).parameters)
    assert names[-len(fields(opt.Common)) :] == [one.name for one in fields(opt.Common)]
    assert "common" not in names
