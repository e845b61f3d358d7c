"""A persona that is being edited: steps, taking them back, and one new version in the end."""

from __future__ import annotations

import pytest

from personarium.core import Facet, Persona
from personarium.core.errors import InvalidInput, NotFound
from personarium.core.layers import Layer
from personarium.core.persona_draft import Draft

TORILL = Persona(
    id="torill", name="Torill", facets=(Facet("job", "social.occupation", "beekeeper"), Facet("", "age", 52)), version=3
)


def test_many_steps_are_one_version() -> None:
    draft = Draft(TORILL)
    draft.add(Facet("", "social.pet", "a dog", confidence=0.5))
    draft.change("job", Facet("", "work.occupation", "keeper of bees", "extracted", ("diary.txt:3",), 0.8))
    draft.remove("age")
    draft.about(name="Torill Aune")

    done = draft.finished()

    assert [(f.id, f.path, f.value) for f in done.facets] == [
        ("job", "work.occupation", "keeper of bees"),
        ("social.pet", "social.pet", "a dog"),
    ]
    assert (done.name, done.version, done.parent_version) == ("Torill Aune", 4, 3)
    assert [draft.state(f) for f in done.facets] == ["changed", "added"]
    assert [f.id for f in draft.removed] == ["age"]


def test_steps_are_taken_back_one_by_one() -> None:
    draft = Draft(TORILL)
    draft.remove("age")
    draft.remove("job")
    draft.undo()
    assert [f.id for f in draft.persona.facets] == ["job"]
    draft.undo()
    draft.undo()
    assert draft.persona == TORILL and not draft.changed and len(draft) == 0


def test_a_step_that_changes_nothing_is_none() -> None:
    draft = Draft(TORILL)
    draft.change("job", TORILL.facets[0])
    draft.about(name="Torill")
    assert len(draft) == 0


def test_a_facet_goes_from_the_layers_too() -> None:
    layers = [Layer("town", "demographic", (Facet("home", "home", "Bergen"),))]
    draft = Draft(Persona.stacked(layers, id="x"))
    draft.remove("home")
    assert draft.persona.layers[0].facets == ()


def test_what_cannot_be_done_leaves_the_draft_as_it_was() -> None:
    draft = Draft(TORILL)
    with pytest.raises(NotFound):
        draft.change("nobody", Facet("", "a", 1))
    with pytest.raises(NotFound):
        draft.remove("nobody")
    with pytest.raises(InvalidInput):
        draft.add(Facet("job", "again", 1))
    assert not draft.changed


def test_a_draft_goes_on_from_what_was_stored() -> None:
    draft = Draft(TORILL)
    draft.remove("age")
    draft.stored_as(draft.finished())
    assert not draft.changed and draft.removed == ()
    draft.add(Facet("", "age", 53))
    assert (draft.finished().version, draft.finished().parent_version) == (5, 4)
