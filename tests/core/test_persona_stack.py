"""Several personas as one: who wins, what is warned of, where it is from."""

from __future__ import annotations

import pytest

from personarium.core import Demonstration, Facet, Persona
from personarium.core.errors import UsageError
from personarium.core.persona import Flags
from personarium.core.persona_stack import Part, stack_personas

TOWN = Persona(
    id="town", kinds=("demographic",), facets=(Facet("", "social.home", "Bergen", "sampled"), Facet("", "age", 40))
)
NYX = Persona(
    id="nyx",
    name="Nyx",
    facets=(Facet("", "age", 52), Facet("", "likes", "storms")),
    demonstrations=(Demonstration("Hark!"),),
    licence="CC0-1.0",
    version=2,
)


def test_the_more_specific_wins_and_every_difference_is_a_conflict() -> None:
    both = stack_personas([Part(NYX, "character"), Part(TOWN, "demographic")])
    assert (both.value("age"), both.value("social.home"), both.name) == (52, "Bergen", "Nyx")
    [conflict] = both.conflicts
    assert (conflict.path, [c.value for c in conflict.claims], conflict.winner.layer) == ("age", [40, 52], "Nyx")


def test_a_stack_says_what_it_is_made_of() -> None:
    both = stack_personas([Part(TOWN, "demographic"), Part(NYX, "character")], "Nyx of Bergen")
    assert both.name == "Nyx of Bergen"
    assert both.provenance["stacked_from"] == ("town (version 1)", "nyx (version 2)")
    assert (both.licence, both.demonstrations) == ("CC0-1.0", NYX.demonstrations)
    assert both.id not in ("town", "nyx")


@pytest.mark.parametrize(
    ("one", "other", "stacked"),
    [
        (Flags(minor=True), Flags(minor=False), Flags(minor=True)),
        (Flags(minor=False), Flags(minor=False), Flags(minor=False)),
        (Flags(minor=False), Flags(), Flags()),
        (Flags(real_person=True, consent=True), Flags(), Flags(real_person=True, consent=True)),
        (
            Flags(real_person=True, consent=True),
            Flags(real_person=True),
            Flags(real_person=True),
        ),
        (
            Flags(real_person=True, consent=True),
            Flags(real_person=True, consent=False),
            Flags(real_person=True, consent=False),
        ),
        (Flags(consent=True), Flags(), Flags()),
    ],
)
def test_warnings_are_kept(one: Flags, other: Flags, stacked: Flags) -> None:
    parts = [Part(Persona(id="a", flags=one), "character"), Part(Persona(id="b", flags=other), "session")]
    assert stack_personas(parts).flags == stacked


def test_one_is_no_stack() -> None:
    with pytest.raises(UsageError):
        stack_personas([Part(NYX, "character")])
