"""The commands that make a run, as forms: what each asks for, in which words, and the command line that a filled form means."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from personarium.core.errors import InvalidInput, NotFound

Kind = Literal["text", "number", "whole", "switch", "list", "file"]
RUN_FOLDER = "Run folder"  # how the help of --out begins where it names a run folder
# What a studio sets itself, or what makes no sense in it.
_LEFT_OUT = frozenset({"out", "dry_run", "as_json", "by_hand"})
_SECTIONS = {"bench": "Benchmarks", "judge": "Judges", "measure": "Instruments"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a command asks for.

    Args:
        name: Its name inside the command.
        flag: How it is written (``--personas``); empty for what stands without a flag.
        off: How its opposite is written (``--no-controls``); empty where it has none.
        kind: What it holds; a ``list`` is one value a line.
        help: What it is for.
        panel: Under which heading it stands; empty for the command's own.
        default: What it is unless said otherwise.
        required: Whether it must be given.
        least: Smallest number.
        most: Largest number.
    """

    name: str
    flag: str
    off: str
    kind: Kind
    help: str
    panel: str
    default: Any
    required: bool
    least: float | None = None
    most: float | None = None

    @property
    def label(self) -> str:
        """Its name for people."""
        return (self.flag.lstrip("-") or self.name).replace("-", " ").replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class CommandForm:
    """A command as a form.

    Args:
        words: How it is called (``bench personagym``).
        section: Under which heading it stands.
        summary: What it does, in a sentence.
        example: A command line that works.
        entries: What it asks for, in its order.
        plans: Whether it can say beforehand what it would cost.
    """

    words: str
    section: str
    summary: str
    example: str
    entries: tuple[Entry, ...]
    plans: bool

    @property
    def title(self) -> str:
        """Its name without the group."""
        return self.words.split()[-1]

    @property
    def called(self) -> str:
        """Its name for people: as the summary writes it, where that begins with it (``PersonaGym: five tasks``)."""
        head, colon, _ = self.summary.partition(": ")
        if colon and head.casefold().replace(" ", "").replace("-", "") == self.title.replace("-", ""):
            return head
        return self.title.replace("-", " ").capitalize()

    @property
    def does(self) -> str:
        """The summary without its name."""
        head, colon, rest = self.summary.partition(": ")
        return rest[:1].upper() + rest[1:] if colon and head == self.called else self.summary

    def arguments(self, values: Mapping[str, Any]) -> list[str]:
        """The command line (behind ``personarium``) that a filled form means; what is at its default is left out.

        Raises:
            InvalidInput: When a value is missing or is none of what the entry holds.
        """
        flags: list[str] = []
        bare: list[str] = []
        for entry in self.entries:
            given = _value_of(entry, values.get(entry.name, entry.default), self.words)
            if given == entry.default or given in (None, "", []):
                if entry.required:
                    raise InvalidInput(self.words, "a value", None, entry.label)
                continue
            if entry.kind == "switch":
                flags += [entry.flag if given else entry.off]
                continue
            for one in given if isinstance(given, list) else [given]:
                if entry.flag:
                    flags.append(f"{entry.flag}={one}")
                else:
                    bare.append(str(one))
        return [*self.words.split(), *flags, *(["--", *bare] if bare else [])]

    def command_line(self, values: Mapping[str, Any]) -> str:
        """The same as somebody would type it."""
        return shlex.join(["personarium", *self.arguments(values)])


def form_of(words: str) -> CommandForm:
    """The form of the command called so; raises NotFound when no command of this name makes a run."""
    for form in command_forms():
        if form.words == words:
            return form
    raise NotFound(f"no command '{words}' makes a run")


@lru_cache(maxsize=1)
def command_forms() -> tuple[CommandForm, ...]:
    """Every command that makes a run folder, in the order of the help page."""
    import typer

    from personarium.apps.cli.application import build

    found: list[CommandForm] = []
    for name, command in typer.main.get_group(build()).commands.items():
        inner = getattr(command, "commands", None)
        leaves = [(name, command)] if inner is None else [(f"{name} {n}", c) for n, c in inner.items()]
        found += [_form(words, leaf) for words, leaf in leaves if _makes_a_run(words, leaf)]
    return tuple(found)


def _makes_a_run(words: str, command: Any) -> bool:
    return words.split()[0] not in ("demo", "remember", "describe", "play", "survey") and any(
        option.name == "out" and (option.help or "").startswith(RUN_FOLDER) for option in command.params
    )


def _form(words: str, command: Any) -> CommandForm:
    head, _, rest = (command.help or "").partition("Example:")
    example = " ".join(rest.partition("Example:")[0].split())
    names = {option.name for option in command.params}
    entries = tuple(_entry(option) for option in command.params if option.name not in _LEFT_OUT)
    section = _SECTIONS.get(words.split()[0], "Agents and calibration")
    return CommandForm(words, section, " ".join(head.split()), example, entries, "dry_run" in names)


def _entry(option: Any) -> Entry:
    flags = [flag for flag in option.opts if flag.startswith("--")]
    return Entry(
        name=option.name,
        flag=flags[0] if flags else "",
        off=next(iter(option.secondary_opts), ""),
        kind=_kind(option),
        help=getattr(option, "help", None) or "",
        panel=getattr(option, "rich_help_panel", None) or "",
        default=option.default,
        required=bool(option.required),
        least=getattr(option, "min", None),
        most=getattr(option, "max", None),
    )


def _kind(option: Any) -> Kind:
    annotation = option.type_descriptor.annotation
    if getattr(option, "multiple", False) or get_origin(annotation) is list or option.nargs == -1:
        return "list"
    held = next((a for a in get_args(annotation) if a is not type(None)), annotation)
    kinds: dict[Any, Kind] = {bool: "switch", int: "whole", float: "number", Path: "file"}
    return kinds.get(held, "text")


def _value_of(entry: Entry, value: Any, where: str) -> Any:
    """A value as the entry holds it."""
    if entry.kind == "list":
        lines = value.splitlines() if isinstance(value, str) else [str(one) for one in value or ()]
        return [line.strip() for line in lines if line.strip()]
    if entry.kind in ("whole", "number") and value not in (None, ""):
        return _number(entry, value, where)
    if entry.kind == "switch":
        return bool(value)
    return str(value).strip() if value is not None else None


def _number(entry: Entry, value: Any, where: str) -> float:
    low = "" if entry.least is None else f" from {entry.least:g}"
    high = "" if entry.most is None else f" to {entry.most:g}"
    expected = f"a {'whole ' if entry.kind == 'whole' else ''}number{low}{high}"
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InvalidInput(where, expected, value, entry.label) from None
    whole = entry.kind == "whole"
    outside = not (-1e15 < number < 1e15) or (entry.least is not None and number < entry.least)
    if outside or (entry.most is not None and number > entry.most) or (whole and number != int(number)):
        raise InvalidInput(where, expected, value, entry.label)
    return int(number) if whole else number
