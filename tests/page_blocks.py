"""The code blocks of a page in Markdown: what kind each is, and what the page says about running it.

The convention, for everybody who writes a page:

- ``python`` is run, in one namespace a page, in order; ``await`` is allowed.
- ``bash`` (or ``sh``, ``console``, ``shell``), and a block that is indented by four blanks, is run command by command.
- A block with ``title="NAME"`` behind its language, or whose first line has the comment ``# NAME.py``, is that file: it lies
  in the page's folder from the start. A Python file is run as well, so that later blocks know its names.
- A block without a language, or of the language ``text``, shows what the blocks before it printed: its lines, blanks folded,
  come in this order in their output. ``…`` stands for whatever varies.
- ``yaml``, ``json`` and ``toml`` without a title are read.
- A command whose sizes would take long runs in small (:data:`SMALLER`).
- ``# exits 1`` behind a command says how it ends, if not with 0.
- ``<!-- not run: REASON -->`` or ``<!-- dry run: REASON -->`` before a block keeps it from running, or adds ``--dry-run``.
  ``<!-- page dry run: REASON -->`` on a page adds it to every command that knows it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parents[1]
Kind = Literal["python", "shell", "file", "output", "data"]
SHELLS = ("bash", "sh", "shell", "console")
DATA = ("yaml", "yml", "json", "jsonl", "toml", "csv", "markdown", "html", "css", "javascript", "js")
# Examples that ask nobody, so that there is nothing to show before they ask.
ASKS_NOBODY = ("personarium bench perma", "personarium measure confidence")
# Commands whose examples have the sizes that people want: here they run in small, the last size that is given being the one that counts.
SMALLER = {
    "personarium remember compare --users": "--users 1 --sessions 20",
    "personarium remember compare --strategy": "--users 1 --sessions 20",
    "personarium calibrate": "--personas 6",
    "personarium make deeppersona": "--count 2",
}
_FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,})(?P<language>[\w+-]*)(?P<rest>[^`]*)$")
_TITLE = re.compile(r"title=\"([^\"]+)\"")
_NAMED = re.compile(r"#\s*([\w-]+\.(?:py|ya?ml|toml|csv|jsonl?|txt))\b")
_MARK = re.compile(r"^\s*<!--\s*(not|dry) run:\s*(.*?)\s*-->\s*$")
_PAGE_MARK = re.compile(r"^<!-- page dry run: (.*?) -->$", re.MULTILINE)
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+\.)\s|^(?:!!!|\?\?\?|===)")


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a page.

    Args:
        page: Path of the page, from the repository's root.
        line: Where it begins, from 1.
        language: As the page names it; ``indented`` where there is no fence.
        text: Without the fence and the indentation.
        title: The file that it is, or empty.
        mark: ``not`` or ``dry``, where the page keeps it from running; empty where it runs.
        reason: Why.
    """

    page: str
    line: int
    language: str
    text: str
    title: str = ""
    mark: str = ""
    reason: str = ""

    @property
    def where(self) -> str:
        """``docs/page.md:12``."""
        return f"{self.page}:{self.line}"

    @property
    def kind(self) -> Kind:
        """What is done with it."""
        if self.title:
            return "file"
        if self.language in ("python", "py"):
            return "python"
        if self.language == "indented" or self.language in SHELLS:
            return "shell"
        if self.language in ("", "text"):
            return "output"
        if self.language in DATA:
            return "data"
        raise ValueError(f"{self.where}: nobody knows what to do with a block of {self.language}")


def pages() -> list[Path]:
    """The README and every page of the documentation."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    return list(_blocks(page.relative_to(ROOT).as_posix(), lines))


def page_dry_run(page: Path) -> str:
    """Why the commands of a page run dry; empty where they do not."""
    found = _PAGE_MARK.search(page.read_text(encoding="utf-8"))
    return found[1] if found else ""


@lru_cache
def commands_with_dry_run() -> frozenset[str]:
    """The commands that know ``--dry-run``, from the page of all commands."""
    sections = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8").split("\n## ")[1:]
    return frozenset(one.partition("\n")[0] for one in sections if "| `--dry-run` |" in one)


def made_dry(command: str) -> str:
    """The command with ``--dry-run``, where it knows that."""
    known = any(re.match(rf"\s*{name}\s", command + " ") for name in commands_with_dry_run())
    return _with(command, "--dry-run") if known and not command.startswith(ASKS_NOBODY) else command


def made_small(command: str) -> str:
    """The command in the size in which it is tried."""
    return next((_with(command, size) for name, size in SMALLER.items() if command.startswith(name)), command)


def _with(command: str, options: str) -> str:
    told, mark, comment = command.partition(" #")
    return f"{told.rstrip()} {options}{'  #' + comment if mark else ''}"


def _blocks(page: str, lines: list[str]) -> Iterator[Block]:
    at, before = 0, ""  # the last line that is neither blank nor indented code
    while at < len(lines):
        line = lines[at]
        fence = _FENCE.match(line)
        if fence:
            end = _end_of_fence(lines, at, fence["ticks"])
            text = textwrap.dedent("\n".join(lines[at + 1 : end]))
            yield _block(page, at, fence["language"], text, _title(fence["rest"], fence["language"], text), before)
            at, before = end + 1, ""
        elif line.startswith("    ") and not (at and lines[at - 1].strip()) and not _ITEM.match(before):
            end = _end_of_indented(lines, at)
            yield _block(page, at, "indented", textwrap.dedent("\n".join(lines[at:end])), "", before)
            at, before = end, ""
        else:
            before = line if line.strip() and not (line.startswith(" ") and _ITEM.match(before)) else before
            at += 1


def _block(page: str, at: int, language: str, text: str, title: str, before: str) -> Block:
    mark = _MARK.match(before)
    return Block(page, at + 1, language, text, title, mark[1] if mark else "", mark[2] if mark else "")


def _title(rest: str, language: str, text: str) -> str:
    found = _TITLE.search(rest)
    if found is None and language not in ("", "text", *SHELLS):
        found = _NAMED.search(text.partition("\n")[0])
    return found[1] if found else ""


def _end_of_fence(lines: list[str], start: int, ticks: str) -> int:
    for at in range(start + 1, len(lines)):
        if lines[at].strip() == ticks:
            return at
    raise ValueError(f"line {start + 1}: the block is never closed")


def _end_of_indented(lines: list[str], start: int) -> int:
    end = start
    for at in range(start, len(lines)):
        if lines[at].startswith("    "):
            end = at + 1
        elif lines[at].strip():
            break
    return end


def commands_of(text: str) -> list[str]:
    """The commands of a shell block, one by one; a here-document and continued lines stay with theirs."""
    commands: list[str] = []
    lines = iter(text.splitlines())
    for line in lines:
        command = line.removeprefix("$ ")
        if not command.strip() or command.lstrip().startswith("#"):
            continue
        while command.endswith("\\"):
            command += "\n" + next(lines)
        here = re.search(r"<<-?\s*'?(\w+)'?", command)
        while here and command.splitlines()[-1].strip() != here[1]:
            command += "\n" + next(lines)
        commands.append(command)
    return commands


def exit_code_told(command: str) -> int | None:
    """What ``# exits N`` behind a command says; None where nothing is said."""
    found = re.search(r"#.*?\bexits? (\d+)", command)
    return int(found[1]) if found else None


def folded(text: str) -> list[str]:
    """The lines that say something, blanks folded."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def lines_not_printed(shown: str, printed: str) -> list[str]:
    """Lines of an output block that do not come, in this order, in what was printed."""
    rest, missing = iter(folded(printed)), []
    remaining = list(rest)
    for line in folded(shown):
        if line == "…":
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in line.split("…")))
        for at, candidate in enumerate(remaining):
            if pattern.fullmatch(candidate):
                remaining = remaining[at + 1 :]
                break
        else:
            missing.append(line)
    return missing
