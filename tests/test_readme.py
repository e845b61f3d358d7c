"""The README's second example says what really comes out."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from personarium.apps.cli.application import application

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
Capture = pytest.CaptureFixture[str]


def example() -> str:
    start = README.index("You have a character and a bot already.")
    return README[start : README.index("Which facts does a reply carry", start)]


def words(text: str) -> list[str]:
    """The lines that say something, blanks folded."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def test_the_second_example_prints_what_the_readme_shows(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    told = example()
    person = re.search(r"<<'END'\n(.*?)\n    END\n", told, re.DOTALL)
    bot, shown = re.findall(r"```(?:python)?\n(.*?)```", told, re.DOTALL)
    assert person is not None
    Path("torill.txt").write_text(textwrap.dedent(person[1]) + "\n", encoding="utf-8")
    Path("bot.py").write_text(bot, encoding="utf-8")
    commands = re.findall(r"^    personarium ([^#\n]+)", told, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["persona", "bench", "check-character"]
    codes, printed = [], ""
    for command in commands:
        codes.append(application([part.strip('"') for part in re.findall(r'"[^"]*"|\S+', command)]))
        printed += capsys.readouterr().out
    assert codes == [0, 0, 1]
    missing = [line for line in words(shown) if line not in words(printed)]
    assert missing == []
