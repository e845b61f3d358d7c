"""Several personas stacked into a new one: each is a layer, from general to specific, and what it warns of is kept.

Source: rpla-survey page, point 7 (the rule of :func:`~personarium.core.layers.stack`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from personarium.core.errors import UsageError
from personarium.core.facets import unique
from personarium.core.layers import LAYER_KINDS, LayerKind
from personarium.core.persona import Flags, Persona

WARNINGS = ("real_person", "minor", "deceased")


@dataclass(frozen=True, slots=True)
class Part:
    """One persona of a stack, and the kind of layer that it is there."""

    persona: Persona
    kind: LayerKind


def stack_personas(parts: Sequence[Part], name: str = "") -> Persona:
    """A new persona of several; it keeps them as its layers and names them in its provenance.

    A warning (real person, minor, deceased) of any of them is one of the new persona; consent it has only when all who
    are real people gave theirs. Demonstrations follow one another, from general to specific.

    Args:
        parts: At least two; those of one kind stack in the order given.
        name: What the new one is called; empty takes the name of the most specific part that has one.

    Raises:
        UsageError: When there are fewer than two.
    """
    if len(parts) < 2:
        raise UsageError("a stack needs at least two personas")
    ordered = [part.persona for part in sorted(parts, key=lambda part: LAYER_KINDS.index(part.kind))]
    named = [persona.name for persona in ordered if persona.name]
    return Persona.stacked(
        [part.persona.as_layer(part.kind) for part in parts],
        name=name or (named[-1] if named else ""),
        language=ordered[-1].language,
        demonstrations=tuple(shown for persona in ordered for shown in persona.demonstrations),
        provenance={"format": "stack", "stacked_from": [f"{p.id} (version {p.version})" for p in ordered]},
        licence="; ".join(unique(persona.licence for persona in ordered if persona.licence)),
        flags=_flags(ordered),
    )


def _flags(personas: Sequence[Persona]) -> Flags:
    warnings: dict[str, Any] = {name: _any([getattr(p.flags, name) for p in personas]) for name in WARNINGS}
    asked = [persona.flags.consent for persona in personas if persona.flags.real_person]
    consent = None if not asked else False if False in asked else True if all(asked) else None
    return Flags(**warnings, consent=consent)


def _any(said: Sequence[bool | None]) -> bool | None:
    """True when one is, False when all are said not to be, else not said."""
    return True if True in said else None if None in said else False
