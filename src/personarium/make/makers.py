"""How a generator is called: one request, one result, whatever the system makes; the command ``make`` knows no system."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.dialogue import Dialogue
from personarium.core.errors import NotFound, UsageError
from personarium.core.persona import Persona
from personarium.core.population import Population
from personarium.core.results import Estimate, Failure
from personarium.runs import Run
from personarium.runs.plan import DryRun

ENTRY_POINTS = "personarium.makers"  # name = module:attribute of a Maker; a name of ours is not replaced
# System -> the module that has its MAKER.
MAKERS: dict[str, str] = {
    "characterchat": "personarium.make.characterchat.maker",
    "deeppersona": "personarium.make.deeppersona.maker",
    "hachimi": "personarium.make.hachimi.maker",
    "personaldialog": "personarium.make.personaldialog",
    "personamath": "personarium.make.personamath.maker",
    "personax": "personarium.make.personax.method",
    "prodigy": "personarium.make.prodigy.maker",
    "spectrum": "personarium.make.spectrum",
    "synthetic-persona-chat": "personarium.make.synthetic_persona_chat.maker",
    "synthpai": "personarium.make.synthpai.maker",
}


@dataclass(frozen=True)
class MakeRequest:
    """What a generator is asked for.

    Args:
        count: How many of what it makes.
        model: Who writes, as the run asks it.
        run: The run to work in: its ``map`` makes the work resumable item by item.
        judge: Who validates and criticises; the writer where nobody else was named.
        seed: Of everything drawn.
        input: A file that the system starts from (seed dialogues, problems, profiles), where it takes one.
        options: Further options by name (``--set name=value``), as text; the maker's ``options`` say which there are.
    """

    count: int
    model: ChatModel
    run: Run | DryRun
    judge: ChatModel
    seed: int = 0
    input: Path | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """What came of it; the kind that was made is not empty, or everything failed and the failures say why.

    Args:
        personas: People, as a list or as a whole population.
        dialogues: Talks.
        rows: Anything else, JSON-ready.
        estimates: Numbers for the report, by name.
        sections: Sections for the report, in the schema of docs/report.md.
        failures: One for everything that was asked for and could not be made.
    """

    personas: Sequence[Persona] | Population = ()
    dialogues: Sequence[Dialogue] = ()
    rows: Sequence[Mapping[str, Any]] = ()
    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    sections: Sequence[Mapping[str, Any]] = ()
    failures: Sequence[Failure] = ()


@dataclass(frozen=True)
class Maker:
    """A generator.

    Args:
        name: Its slug.
        makes: What it makes, for people: ``personas``, ``dialogues``, ``threads``, ...
        make: The work.
        options: Name -> what it sets and its default, for help and for checking ``--set``.
        takes: What ``input`` must be, for people; empty when it takes none.
        needs_input: Whether there is nothing to do without one.
    """

    name: str
    makes: str
    make: Callable[[MakeRequest], Awaitable[Made]]
    options: Mapping[str, str] = field(default_factory=dict)
    takes: str = ""
    needs_input: bool = False

    async def __call__(self, request: MakeRequest) -> Made:
        """Check the request and do the work.

        Raises:
            UsageError: An unknown option, or an input that is missing or not wanted.
        """
        unknown = [name for name in request.options if name not in self.options]
        if unknown:
            known = ", ".join(self.options) or "none"
            raise UsageError(f"{self.name} has no option '{unknown[0]}'; its options: {known}")
        if request.input is None and self.needs_input:
            raise UsageError(f"{self.name} starts from a file: give --input with {self.takes}")
        if request.input is not None and not self.takes:
            raise UsageError(f"{self.name} takes no --input")
        return await self.make(request)


def maker_names() -> tuple[str, ...]:
    """Every generator there is, plugins' included, sorted."""
    return tuple(sorted(_places()))


def find_maker(name: str) -> Maker:
    """The generator of a system.

    Raises:
        NotFound: There is none; the message lists those there are.
    """
    places = _places()
    if name not in places:
        raise NotFound(f"no generator is called '{name}'; there are {', '.join(sorted(places))}")
    module, _, attribute = places[name].partition(":")
    maker: Maker = getattr(importlib.import_module(module), attribute or "MAKER")
    return maker


def _places() -> dict[str, str]:
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=ENTRY_POINTS)} | MAKERS
