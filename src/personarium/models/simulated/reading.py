"""Reading a persona: keyed lines, sentence patterns, unkeyed clauses and trait words; no embeddings, no models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a persona text says.

    Args:
        id: ``p1``, ``p2``, ... for the persona text; ``m``, ``d``, ``t`` for memory, dialogue and own turns.
        key: The attribute's key, or "" for an unkeyed clause.
        value: The value, or the clause.
        span: Where it stands in its text (start, end).
        stems: Content stems of the value.
        negated: Whether the text denies it ("I do not smoke").
        text: The words it was read from.
    """

    id: str
    key: str
    value: str
    span: tuple[int, int]
    stems: frozenset[str]
    negated: bool
    text: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """What the subject knows of one attribute of people: how it is named, asked about, and what else it could be."""

    key: str
    synonyms: tuple[str, ...]
    question_words: tuple[str, ...]
    values: tuple[str, ...]


def read_facts(persona_text: str, memory: Sequence[str] = ()) -> list[Fact]:
    """The facts of a persona text and of memory notes; of several values of one key the newest is valid."""
    raise NotImplementedError


def read_levels(persona_text: str) -> dict[str, float]:
    """Trait levels -2..2 by letter (O, C, E, A, N) that the text states in trait words with an intensity."""
    raise NotImplementedError


def attributes() -> Mapping[str, Attribute]:
    """The attribute lexicon by key, loaded on first use."""
    raise NotImplementedError
