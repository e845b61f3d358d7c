"""Views: every character traces back to a facet; removing a facet removes its span and nothing else."""

from __future__ import annotations

import core_strategies as some
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.core import STYLES, Demonstration, Facet, Knowledge, Persona, Rendered, UsageError, sentence

styles = st.sampled_from(STYLES)
modes = st.sampled_from([None, "instruct", "omit", "show"])


def pieces(rendered: Rendered) -> list[tuple[str, str]]:
    return [(s.source, rendered.text[s.start : s.end]) for s in rendered.spans]


@given(some.personas, styles, modes, st.data())
@settings(max_examples=60, deadline=None)
def test_spans_cover_and_removal_is_exact(persona: Persona, style: str, mode: str | None, data: st.DataObject) -> None:
    whole = persona.view(style, mode)  # type: ignore[arg-type]
    assert "".join(text for _, text in pieces(whole)) == whole.text
    assert all(a.end == b.start for a, b in zip(whole.spans, whole.spans[1:], strict=False))
    named = [f for f in persona.facets if f.key != "name"]  # without a name facet the field steps in
    if named:
        gone = data.draw(st.sampled_from(named))
        rest = persona.without_facet(gone.id).view(style, mode)  # type: ignore[arg-type]
        assert pieces(rest) == [piece for piece in pieces(whole) if piece[0] != gone.id]
        changed = persona.with_value(gone.id, "another value").view(style, mode)  # type: ignore[arg-type]
        assert [p for p in pieces(changed) if p[0] != gone.id] == [p for p in pieces(whole) if p[0] != gone.id]


def test_secrets_are_marked_in_prompts_and_left_out_elsewhere() -> None:
    persona = Persona(facets=(Facet("f", "contact.phone", "555-0142", visibility="never_disclose"),))
    assert persona.view("system").of("f") == "\nYour phone is 555-0142. Never disclose this."
    assert "555" not in persona.view("card").text
    assert "Never" not in persona.view("system", secrets="show").text
    assert persona.view("attributes", secrets="instruct").text == "phone: 555-0142 (never disclose this)\n"


def test_name_scope_and_demonstrations_have_spans_of_their_own() -> None:
    persona = Persona(
        name="Socrates",
        knowledge=Knowledge(("ethics",), ("physics",), -399, ("escape plan",)),
        demonstrations=(Demonstration("Know thyself.", "Socrates", "At Delphi"),),
    )
    view = persona.view()
    assert view.of("@name") == "\nYour name is Socrates."
    assert view.of("@knowledge.time_limit") == "\nYou know of nothing after the year 399 BC."
    assert "escape plan" in view.of("@knowledge.never_disclose")
    assert "Know thyself." in view.of("@demonstration.1")
    assert view.source_at(0).source == "system.opening"


@pytest.mark.parametrize(
    ("path", "value", "you", "me"),
    [
        ("social.age", 71, "You are 71 years old.", "I am 71 years old."),
        ("social.occupation", "engineer", "You are an engineer.", "I am an engineer."),
        ("social.city", "Lisbon", "You live in Lisbon.", "I live in Lisbon."),
        ("life.birthplace", "Athens", "You were born in Athens.", "I was born in Athens."),
        ("interests", ["tea", "rain"], "You are interested in tea and rain.", "I am interested in tea and rain."),
        ("style.register", "formal", "Your register is formal.", "My register is formal."),
        ("social.married", True, "married: yes", "married: yes"),
        ("description", "A nurse from Italy", "You are a nurse from Italy.", "I am a nurse from Italy."),
        ("description", "I like cats.", "I like cats.", "I like cats."),
    ],
)
def test_sentences_of_facets(path: str, value: object, you: str, me: str) -> None:
    facet = Facet("f", path, value)
    assert (sentence(facet, "you"), sentence(facet, "I")) == (you, me)


def test_other_languages_are_shown_as_key_and_value() -> None:
    assert Persona(language="zh", facets=(Facet("", "social.age", 13),)).view("statements").text == "age: 13\n"


def test_traits_shows_personality_only() -> None:
    persona = Persona(facets=(Facet("", "personality.openness", "high"), Facet("", "social.age", 3)))
    assert persona.view("traits").text == "openness: high\n"


def test_an_unknown_view_is_refused_with_the_names() -> None:
    with pytest.raises(UsageError, match="biography"):
        Persona().view("poem")  # type: ignore[arg-type]
