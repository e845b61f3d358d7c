"""Personas and dialogues of every shape, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from personarium.core import Demonstration, Dialogue, Facet, Flags, Knowledge, Layer, Persona, Utterance

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
steps = st.text(st.characters(categories=("Ll", "Lu", "Nd", "Lo"), include_characters="_- "), min_size=1, max_size=8)
paths = st.lists(steps.map(str.strip).filter(bool), min_size=1, max_size=3).map(".".join)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
extras = st.dictionaries(st.sampled_from(["zzz", "höhe", "x y"]), values, max_size=2)
facets = st.builds(
    Facet,
    id=st.just(""),
    path=paths,
    value=values,
    source=st.sampled_from(["sampled", "declared", "extracted", "inferred", "generated"]),
    evidence=st.lists(texts, max_size=2),
    confidence=st.floats(0, 1),
    valid_from=st.none() | st.integers(-500, 2100) | st.just("2020-01-31"),
    visibility=st.sampled_from(["public", "private", "never_disclose"]),
    text=st.none() | texts,
    extra=extras,
)
knowledge = st.builds(
    Knowledge,
    known_topics=st.none() | st.lists(texts, max_size=3),
    unknown_topics=st.lists(texts, max_size=2),
    time_limit=st.none() | st.integers(-500, 2100),
    never_disclose=st.lists(texts, max_size=2),
    extra=extras,
)
layers = st.builds(
    Layer,
    name=texts,
    kind=st.sampled_from(["demographic", "character", "individualized", "session"]),
    facets=st.lists(facets, max_size=3),
    knowledge=knowledge,
    extra=extras,
)
personas = st.builds(
    Persona,
    name=texts,
    kinds=st.lists(st.sampled_from(["demographic", "character", "individualized"]), max_size=3),
    language=st.sampled_from(["en", "zh", "pt-BR"]),
    facets=st.lists(facets, max_size=4),
    layers=st.lists(layers, max_size=2),
    knowledge=knowledge,
    demonstrations=st.lists(st.builds(Demonstration, text=texts, speaker=texts, scene=texts), max_size=2),
    provenance=extras,
    version=st.integers(1, 9),
    parent_version=st.none() | st.integers(1, 9),
    licence=texts,
    flags=st.builds(Flags, real_person=st.none() | st.booleans(), minor=st.none() | st.booleans(), extra=extras),
    extra=extras,
)
dialogues = st.builds(
    Dialogue,
    id=texts,
    utterances=st.lists(
        st.builds(Utterance, speaker=st.sampled_from(["ana", "ben", "eve"]), text=texts, meta=extras), max_size=8
    ),
    cast=st.sampled_from([(), ("ana", "ben"), ("eve",)]),
)
