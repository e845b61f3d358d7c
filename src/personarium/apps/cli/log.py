"""``personarium log``: chat logs that people already have: look into one, turn one into another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, printable, speaks
from personarium.core.errors import InvalidInput, UsageError

_FORMATS = "sillytavern, openai, sharegpt, script or personarium"
From = Annotated[str | None, typer.Option("--from", help=f"Format of the log, {_FORMATS}; found out without it.")]
User = Annotated[str | None, typer.Option("--user", help="Name of the user; else the one in the log, or User.")]
Character = Annotated[
    str | None, typer.Option("--character", help="Name of the character; else the one in the log, or Assistant.")
]
_MOST_SPEAKERS = 20  # rows of the table
_MOST_NOTES = 12
_FIRST_LINE = 200  # characters of an utterance that are shown


@speaks
def show(
    file: Annotated[Path, typer.Argument(help="A chat log of any format.")],
    from_format: From = None,
    user: User = None,
    character: Character = None,
    as_json: opt.AsJson = False,
) -> None:
    """Show what is in a chat log: its format, who speaks how often, how it begins and ends, and what was noted.

    Example: personarium log show "Mira - 2025-03-02.jsonl"
    """
    from personarium.core.chat_logs import iter_log

    seen = _Seen()
    for imported in iter_log(file, format=from_format, names=_names(user, character)):
        seen.add(imported)
    data = {"file": str(file), **seen.as_dict()}
    Output(as_json).finish(data, lambda: _show(data))


@speaks
def convert(
    file: Annotated[Path, typer.Argument(metavar="IN", help="A chat log of any format.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write; .json gets one JSON document.")],
    to: Annotated[str, typer.Option("--to", help=f"Format to write: {_FORMATS}.")],
    from_format: From = None,
    user: User = None,
    character: Character = None,
    as_json: opt.AsJson = False,
) -> None:
    """Turn a chat log into another format; what the other format cannot hold is said.

    Example: personarium log convert chat.jsonl chat.json --to openai --user Ada --character Mira
    """
    from personarium.core.chat_logs import iter_log, write_log

    if file.exists() and out.exists() and out.samefile(file):
        raise UsageError(f"{out} is the log itself; name another file")
    seen = _Seen()

    def passing() -> Iterator[Any]:
        for imported in iter_log(file, format=from_format, names=_names(user, character)):
            seen.add(imported)
            yield imported.dialogue

    lost = write_log(passing(), out, to, user=user, char=character)
    found = seen.as_dict()
    data = {
        "file": str(file),
        "out": str(out),
        "from": found["format"],
        "to": to,
        "dialogues": found["dialogues"],
        "utterances": found["utterances"],
        "notes": found["notes"],
        "not_held": list(lost),
    }
    Output(as_json).finish(data, lambda: _show_converted(data))


def _names(user: str | None, character: str | None) -> dict[str, str]:
    given = {"user": user, "assistant": character}
    return {side: name for side, name in given.items() if name is not None}


@dataclass
class _Seen:
    """What went by while a log was read; a log of any length is summed up in bounded memory."""

    format: str = ""
    dialogues: int = 0
    utterances: Counter[str] = field(default_factory=Counter)
    characters: Counter[str] = field(default_factory=Counter)
    users: set[str] = field(default_factory=set)
    asides: Counter[str] = field(default_factory=Counter)
    notes: dict[str, tuple[str, int]] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)
    last: dict[str, str] = field(default_factory=dict)

    def add(self, imported: Any) -> None:
        """Take note of one dialogue."""
        from personarium.core.chat_logs import asides_of, users_of

        dialogue = imported.dialogue
        self.format = imported.format
        self.dialogues += 1
        for utterance in dialogue:
            self.utterances[utterance.speaker] += 1
            self.characters[utterance.speaker] += len(utterance.text)
        self.users.update(users_of(dialogue) or ())
        self.asides.update(aside["role"] for aside in asides_of(dialogue))
        for note in imported.notes:
            kind = note.partition(":")[0]  # of the same kind in many dialogues: the first, and how often
            first, count = self.notes.get(kind, (note, 0))
            self.notes[kind] = (first, count + 1)
        if len(dialogue):
            self.first = self.first or _line(dialogue[0])
            self.last = _line(dialogue[-1])

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form.

        Raises:
            InvalidInput: When no dialogue went by.
        """
        if not self.dialogues:
            raise InvalidInput("log", "at least one dialogue", "none")
        speakers = [
            {"name": name, "user": name in self.users, "utterances": count, "characters": self.characters[name]}
            for name, count in self.utterances.most_common()
        ]
        return {
            "format": self.format,
            "dialogues": self.dialogues,
            "utterances": self.utterances.total(),
            "speakers": speakers,
            "asides": dict(self.asides),
            "first": self.first or None,
            "last": self.last or None,
            "notes": [{"note": note, "dialogues": count} for note, count in self.notes.values()],
        }


def _line(utterance: Any) -> dict[str, str]:
    return {"speaker": utterance.speaker, "text": utterance.text}


# -- for people --------------------------------------------------------------------------------------------------------


def _show(data: dict[str, Any]) -> None:
    from rich.text import Text

    out = console()
    sums = [_counted(data["dialogues"], "dialogue"), _counted(data["utterances"], "utterance")]
    sums += [f"{count} {role} kept aside" for role, count in data["asides"].items()]
    out.print(Text(printable(data["file"]), style="bold"), soft_wrap=True)
    out.print(Text(f"{data['format']} · {' · '.join(map(printable, sums))}\n"))
    if data["speakers"]:
        out.print(_speakers(data["speakers"]))
        more = len(data["speakers"]) - _MOST_SPEAKERS
        out.print(Text(f"and {_counted(more, 'other speaker')}", style="dim") if more > 0 else Text(""))
        _show_line(out, "first", data["first"])
        if data["utterances"] > 1:
            _show_line(out, "last", data["last"])
    _show_notes(out, [_counted_note(note, data["dialogues"]) for note in data["notes"]])


def _speakers(speakers: list[dict[str, Any]]) -> Any:
    """Who speaks how often, as a table with a bar of the share."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("speaker", overflow="ellipsis", max_width=30)
    table.add_column("side")
    for name in ("utterances", "mean length"):
        table.add_column(name, justify="right")
    table.add_column("")
    most = speakers[0]["utterances"]
    known = any(row["user"] for row in speakers)
    for row in speakers[:_MOST_SPEAKERS]:
        each = f"{row['characters'] / row['utterances']:,.0f}"
        bar = "█" * max(1, round(20 * row["utterances"] / most))
        table.add_row(
            Text(_one_line(row["name"])),
            "user" if row["user"] else "character" if known else "",
            f"{row['utterances']:,}",
            each,
            Text(bar, style="cyan"),
        )
    return table


def _show_line(out: Any, label: str, line: dict[str, str]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    said = _one_line(line["text"])
    said = said if len(said) <= _FIRST_LINE else f"{said[: _FIRST_LINE - 1]}…"
    out.print(Text.assemble((f"{label}  ", "bold"), (_one_line(line["speaker"]), "cyan")))
    out.print(Padding(Text(said), (0, 0, 0, 2)))


def _show_notes(out: Any, notes: list[str], title: str = "noted") -> None:
    from rich.table import Table
    from rich.text import Text

    if not notes:
        return
    out.print(Text(f"\n{title}", style="bold"))
    grid = Table.grid(padding=(0, 1))
    for note in notes[:_MOST_NOTES]:
        grid.add_row(Text(" ·"), Text(_one_line(note)))
    if len(notes) > _MOST_NOTES:
        grid.add_row(Text(""), Text(f"and {len(notes) - _MOST_NOTES} more; --json lists them all", style="dim"))
    out.print(grid)


def _show_converted(data: dict[str, Any]) -> None:
    from rich.text import Text

    out = console()
    sums = f"{_counted(data['dialogues'], 'dialogue')}, {_counted(data['utterances'], 'utterance')}"
    out.print(Text(printable(f"{sums}: {data['from']} → {data['to']}, {data['out']}")), soft_wrap=True)
    _show_notes(out, [_counted_note(note, data["dialogues"]) for note in data["notes"]], "noted in reading")
    _show_notes(out, data["not_held"], "noted in writing")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _counted_note(note: dict[str, Any], dialogues: int) -> str:
    said: str = note["note"]
    kind = said.partition(":")[0]
    return said if dialogues == 1 else f"{kind}: in {_counted(note['dialogues'], 'dialogue')}"


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))
