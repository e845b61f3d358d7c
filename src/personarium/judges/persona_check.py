"""What somebody should know about a persona before using it: contradictions, missing evidence, flags, injected text, length.

A check only reads. It gives findings with their place, never a score.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from personarium.core.cards.persona import stored_card
from personarium.core.cards.record import NEVER_IN_PROMPTS
from personarium.core.errors import InvalidInput
from personarium.core.facets import Facet, Value
from personarium.core.persona import Persona
from personarium.core.tokens import estimate_tokens
from personarium.core.views import STYLES, show_value
from personarium.judges.persona_conflicts import ENTAILMENT_AT_LEAST, contradictions, head_contradictions
from personarium.judges.persona_findings import Finding, Severity
from personarium.judges.persona_flags import flag_findings
from personarium.judges.suspect_text import Suspicion, suspicions
from personarium.text.similarity import letters_and_digits

__all__ = ["Finding", "PersonaCheck", "Severity", "check_persona"]

MOST_CHARACTERS = 4 * 2**20  # of all texts of one persona that are searched for injected text
SHORTEST_SECRET = 4  # letters; shorter ones stand in other words by chance
_EVIDENT = ("extracted", "inferred")
_RANK: Mapping[str, int] = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class PersonaCheck:
    """What a check found.

    Args:
        persona: Id of the persona.
        name: Its name.
        findings: Errors first, then warnings, then what is good to know.
        tokens: Tokens of each view, at four characters a token.
        notes: How it was looked: the threshold of the entailment head, what was cut off.
    """

    persona: str
    name: str
    findings: tuple[Finding, ...]
    tokens: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def count(self, severity: Severity) -> int:
        """How many findings of a severity there are."""
        return sum(finding.severity == severity for finding in self.findings)

    def passes(self, strict: bool = False) -> bool:
        """Whether there is no error; with ``strict`` no warning either."""
        return not self.count("error") and not (strict and self.count("warning"))

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "persona": self.persona,
            "name": self.name,
            "counts": {severity: self.count(severity) for severity in ("error", "warning", "info")},
            "findings": [finding.as_dict() for finding in self.findings],
            "tokens": dict(self.tokens),
            "notes": list(self.notes),
        }


def check_persona(persona: Persona, *, entail: bool = True) -> PersonaCheck:
    """Look a persona over.

    Args:
        persona: Who.
        entail: Whether the entailment head also looks for statements that contradict each other (it loads the static
            embedder, a quarter of a second); pairs that share a content word, at most 2,000.

    Returns:
        Findings of these kinds: ``empty``, ``contradiction``, ``layers``, ``evidence``, ``real person``, ``minor``,
        ``secret``, ``card`` and those of :mod:`personarium.judges.suspect_text`.
    """
    findings = [
        *_emptiness(persona),
        *contradictions(persona),
        *_layers(persona),
        *_evidence(persona),
        *flag_findings(persona),
        *_secrets(persona),
        *_card(persona),
    ]
    injected, cut = _injected(persona)
    findings += injected
    notes = list(cut)
    if entail:
        known = [frozenset(f.where) for f in findings if f.kind == "contradiction"]
        found, compared = head_contradictions(persona, known)
        findings += found
        notes.append(
            f"entailment head: {compared} pair{'' if compared == 1 else 's'} of statements compared, "
            f"a contradiction from {ENTAILMENT_AT_LEAST:g} on"
        )
    tokens = {style: estimate_tokens(persona.view(style).text) for style in STYLES}  # type: ignore[arg-type]
    ordered = sorted(findings, key=lambda finding: _RANK[finding.severity])
    return PersonaCheck(persona.id, persona.name, tuple(ordered), tokens, tuple(notes))


def _emptiness(persona: Persona) -> Iterator[Finding]:
    if not any(not f.blank and not f.machinery for f in persona.facets):
        yield Finding("empty", "warning", (), "no facet says anything of the persona; views show its name at most")


def _layers(persona: Persona) -> Iterator[Finding]:
    for conflict in persona.conflicts:
        told = "; ".join(f"{claim.layer}: {show_value(claim.value)}" for claim in conflict.claims)
        ids = tuple(f.id for f in persona.facets if f.path == conflict.path)
        yield Finding(
            "layers", "warning", ids, f"layers differ in {conflict.path}; {conflict.winner.layer} holds", told
        )


def _evidence(persona: Persona) -> Iterator[Finding]:
    """Facets that say they were found somewhere, without saying where."""
    for sources, severity, rest in (
        (_EVIDENT, "warning", "extracted or inferred"),
        (("generated",), "info", "generated"),
    ):
        ids = tuple(f.id for f in persona.facets if f.source in sources and not f.evidence)
        if ids:
            number = f"{len(ids)} facet{'s' * (len(ids) > 1)}"
            severe: Severity = "warning" if severity == "warning" else "info"
            yield Finding("evidence", severe, ids, f"{number} {rest} without evidence of where from")


def _secrets(persona: Persona) -> Iterator[Finding]:
    """What must not be told, and where it is told all the same."""
    hidden = [f for f in persona.facets if f.secret and not f.blank]
    topics = persona.knowledge.never_disclose
    if not hidden and not topics:
        return
    number = len(hidden) + len(topics)
    yield Finding(
        "secret",
        "info",
        tuple(f.id for f in hidden),
        f"{number} secret{'s' * (number > 1)}, in the views system and personagym with the order to keep "
        f"{'them' if number > 1 else 'it'}, in no other",
    )
    open_texts = list(_open_texts(persona))
    wanted = [(f.id, letters_and_digits(show_value(f.value) or f.text or "")) for f in hidden]
    wanted += [("@knowledge.never_disclose", letters_and_digits(topic)) for topic in topics]
    for id, secret in wanted[:200]:
        places = tuple(place for place, told in open_texts if len(secret) >= SHORTEST_SECRET and secret in told)
        if places:
            yield Finding("secret", "warning", (id, *places), "a secret also stands in what every view shows")


def _open_texts(persona: Persona) -> Iterator[tuple[str, str]]:
    for facet in persona.facets:
        if not facet.secret and not facet.machinery:
            yield facet.id, letters_and_digits(f"{show_value(facet.value)} {facet.text or ''}")
    for number, shown in enumerate(persona.demonstrations, 1):
        yield f"@demonstration.{number}", letters_and_digits(f"{shown.scene} {shown.text}")


def _card(persona: Persona) -> Iterator[Finding]:
    """What had to be filled in when the card was read."""
    try:
        card = stored_card(persona)
    except InvalidInput as error:
        yield Finding("card", "error", ("@provenance",), "the stored card cannot be read any more", str(error))
        return
    places: dict[str, list[str]] = {}
    for note in card.notes if card else ():
        place, _, said = note.partition(": ")
        places.setdefault(said or note, []).extend([f"@{place}"] if said else [])
    yield from (Finding("card", "info", tuple(where), said) for said, where in places.items())


# -- injected text -----------------------------------------------------------------------------------------------------


def _injected(persona: Persona) -> tuple[list[Finding], list[str]]:
    found: dict[tuple[str, str], tuple[Suspicion, list[str], Severity]] = {}
    read, notes = 0, list[str]()
    for place, text in _all_texts(persona):
        if read > MOST_CHARACTERS:
            notes.append(f"only the first {MOST_CHARACTERS:,} characters were searched for injected text")
            break
        read += len(text)
        for one in suspicions(text):
            key = (one.kind, one.quote.lower())
            severity = _severity(one, place)
            if key not in found:
                found[key] = (one, [place], severity)
            elif not place.startswith("@provenance") and place not in found[key][1]:
                found[key][1].append(place)
    return [
        Finding(one.kind, severity, tuple(places), one.meaning, one.quote) for one, places, severity in found.values()
    ], notes


def _severity(one: Suspicion, place: str) -> Severity:
    """A note that goes into no prompt can do no harm by what it says; the prompts of a card are there to give orders."""
    field = place.removeprefix("card.").partition(".")[0]
    if place.startswith("card.") and field in NEVER_IN_PROMPTS:
        return "info"
    if place.startswith("card.") and one.kind in ("role switch", "role mark") and one.severity == "warning":
        return "info"
    return one.severity


def _all_texts(persona: Persona) -> Iterator[tuple[str, str]]:
    """Every text of a persona with its place; the record a card came from stands last, for the facets tell most of it."""
    yield "@name", persona.name
    for facet in persona.facets:
        yield from _texts(facet)
    for number, shown in enumerate(persona.demonstrations, 1):
        yield f"@demonstration.{number}", f"{shown.scene}\n{shown.text}"
    scope = persona.knowledge
    topics = (*(scope.known_topics or ()), *scope.unknown_topics, *scope.never_disclose)
    yield "@knowledge", "\n".join(topics)
    yield from (("@extra", text) for text in _strings(persona.extra))
    yield from (("@provenance", text) for text in _strings(persona.provenance) if not text.startswith("data:"))


def _texts(facet: Facet) -> Iterator[tuple[str, str]]:
    yield from ((facet.id, text) for text in _strings(facet.value))
    if facet.text is not None:
        yield facet.id, facet.text


def _strings(value: Value) -> Iterator[str]:
    """Every text in a JSON value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _strings(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)
