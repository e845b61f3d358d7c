"""What a diff of two personas pairs, names and leaves out."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from personarium.core.facets import Facet
from personarium.core.persona import Flags, Persona
from personarium.core.persona_diff import diff_personas, word_changes


def test_the_same_persona_is_equal_whatever_its_id_and_version() -> None:
    one = Persona.from_text("A nurse from Naples. She sings.")
    other = replace(one, id="other", version=3, parent_version=2)
    diff = diff_personas(one, other)
    assert diff.equal
    assert [f.name for f in diff.fields] == ["id", "version", "parent_version"]
    assert diff.unchanged == 2


def test_a_sentence_put_in_at_the_top_is_one_addition() -> None:
    before = Persona.from_text("A nurse from Naples. She sings. She has two cats.")
    after = Persona.from_text("She is tall. A nurse from Naples. She sings. She has two cats.")
    diff = diff_personas(before, after)
    assert [f.value for f in diff.added] == ["She is tall."]
    assert (diff.removed, diff.changed, diff.moved, diff.unchanged) == ((), (), False, 3)


def test_a_changed_sentence_is_paired_with_the_one_most_like_it() -> None:
    before = Persona.from_text("A nurse from Naples. She has two cats.")
    after = Persona.from_text("She is tall. A nurse from Rome. She has two cats.")
    (change,) = diff_personas(before, after).changed
    assert (change.before.value, change.after.value) == ("A nurse from Naples.", "A nurse from Rome.")
    assert change.fields == ("value",)


def test_sentences_that_share_little_are_removed_and_added() -> None:
    diff = diff_personas(Persona.from_text("She sings. He naps."), Persona.from_text("Rain falls. He naps."))
    assert ([f.value for f in diff.removed], [f.value for f in diff.added]) == (["She sings."], ["Rain falls."])


def test_every_field_of_a_facet_counts() -> None:
    before = Persona(facets=(Facet("age", "age", 34, "extracted", ("a[0:1]",), 0.9),))
    after = Persona(facets=(Facet("age", "age", 35, "extracted", ("a[0:1]",), 0.5, visibility="private"),))
    (change,) = diff_personas(before, after).changed
    assert set(change.fields) == {"value", "confidence", "visibility"}


def test_order_alone_is_a_difference() -> None:
    facets = (Facet("a", "x", 1), Facet("b", "y", 2))
    diff = diff_personas(Persona(facets=facets), Persona(facets=facets[::-1]))
    assert diff.moved
    assert not diff.equal


def test_fields_of_the_persona_are_named_down_to_what_changed() -> None:
    before = Persona(id="p", name="Nyx", provenance={"a": {"b": [1, 2], "c": 3}}, flags=Flags(minor=False))
    after = Persona(id="p", name="Nyxie", provenance={"a": {"b": [1, 4], "c": 3}}, flags=Flags(minor=True))
    found = [(f.name, f.before, f.after) for f in diff_personas(before, after).fields]
    assert found == [("name", "Nyx", "Nyxie"), ("provenance.a.b[1]", 2, 4), ("flags.minor", False, True)]


def test_as_dict_is_the_whole_of_it() -> None:
    data = diff_personas(Persona.from_text("She sings."), Persona.from_text("He naps.")).as_dict()
    assert set(data) == {"equal", "added", "removed", "changed", "fields", "unchanged", "moved"}
    assert data["equal"] is False


def test_words_that_changed() -> None:
    assert word_changes("A nurse from Naples, old.", "A nurse from Rome, very old.") == [
        ("same", "A nurse from "),
        ("removed", "Naples"),
        ("added", "Rome"),
        ("same", ","),
        ("added", " very"),
        ("same", " old."),
    ]
    assert word_changes("", "new") == [("added", "new")]
    assert word_changes("", "") == []


def test_a_very_long_text_is_replaced_whole() -> None:
    before, after = "a " * 5000, "b " * 5000
    assert word_changes(before, after) == [("removed", before), ("added", after)]
    same = "a " * 900  # 900 x 900 comparisons of one word
    assert word_changes(same, same + "b")[0][0] == "removed"


@given(st.text(max_size=200), st.text(max_size=200))
def test_the_stretches_join_to_both_texts(before: str, after: str) -> None:
    found = word_changes(before, after)
    assert "".join(words for kind, words in found if kind != "added") == before
    assert "".join(words for kind, words in found if kind != "removed") == after


_FACETS = st.lists(
    st.tuples(st.sampled_from(["description", "age", "a.b"]), st.sampled_from(["tea", "red tea", "rain", ""])),
    max_size=6,
)


@given(_FACETS, _FACETS)
def test_every_facet_is_accounted_for_once(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:
    before, after = (Persona(facets=tuple(Facet("", p, v) for p, v in facets)) for facets in (one, other))
    diff = diff_personas(before, after)
    assert len(diff.removed) + len(diff.changed) + diff.unchanged == len(before.facets)
    assert len(diff.added) + len(diff.changed) + diff.unchanged == len(after.facets)
    assert diff.equal == ([f.to_dict() for f in before.facets] == [f.to_dict() for f in after.facets])
    assert diff_personas(before, before).equal
