"""Generators by name: ours, and those of plugins; requests that make no sense are refused before anything is asked."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from personarium.core.errors import NotFound, UsageError
from personarium.make.makers import MAKERS, Made, Maker, MakeRequest, find_maker, maker_names
from personarium.models import ScriptedModel
from personarium.runs import Run

PLUGIN = """
from personarium.make.makers import Made, Maker

async def make(request):
    return Made(rows=[{"made": request.count}])

MINE = Maker("mine", "rows", make, {"size": "how large"})
"""


def request(**changes: object) -> MakeRequest:
    model = ScriptedModel([])
    return MakeRequest(3, model, Run.dry(), model, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", MAKERS)
def test_every_generator_is_called_what_it_is_listed_as(name: str) -> None:
    assert find_maker(name).name == name
    assert find_maker(name).makes


def test_a_plugin_adds_a_generator_and_replaces_none_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = tmp_path / "mine-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[personarium.makers]\nmine = my_maker:MINE\nsynthpai = my_maker:MINE\n")
    (tmp_path / "my_maker.py").write_text(PLUGIN)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert "mine" in maker_names()
    assert find_maker("mine").makes == "rows"
    assert find_maker("synthpai").name == "synthpai"


def test_an_unknown_generator_is_not_found_and_the_message_lists_those_there_are() -> None:
    with pytest.raises(NotFound, match=r"no generator is called 'nobody'; there are .*synthpai"):
        find_maker("nobody")


async def test_a_request_is_checked_before_the_work(tmp_path: Path) -> None:
    async def make(asked: MakeRequest) -> Made:
        return Made(rows=[{"size": asked.options.get("size", "none")}])

    plain = Maker("plain", "rows", make, {"size": "how large"})
    hungry = Maker("hungry", "rows", make, takes="a file", needs_input=True)
    assert (await plain(request(options={"size": "4"}))).rows == [{"size": "4"}]
    for maker, changes, said in (
        (plain, {"options": {"sise": "4"}}, "no option 'sise'; its options: size"),
        (plain, {"input": tmp_path}, "takes no --input"),
        (hungry, {}, "starts from a file"),
    ):
        with pytest.raises(UsageError, match=said):
            await maker(request(**changes))
