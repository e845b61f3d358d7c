"""What a SPASM run is set to and what it gives: persons, screened dialogues, statistics.

Source: spasm page, step 7 and "Data formats"; constants from paper and release.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from personarium.core.dialogue import Dialogue
from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.core.results import Failure, count_failures
from personarium.play.agents import Projection
from personarium.play.dialogues import Played
from personarium.play.role_audit import Audit, Finding, audit_summary, replace_contacts
from personarium.play.spasm.data_format import Conversation
from personarium.play.spasm.schema import Fields, persona_of
from personarium.play.spasm.steps import CRAFT, VALIDATE
from personarium.play.termination import TERMINATION

# Scans whose hit rejects a dialogue; links, e-mails and doubled turns are counted only (contacts become placeholders).
REJECTING = frozenset({"machine_self_identification", "prompt_leak", "credential", "empty_turn"})


@dataclass(frozen=True)
class SpasmConfig:
    """The constants of paper and release.

    Args:
        personas: 500 (release).
        dialogues_per_persona: 10 (release).
        seed: 20260712 (release).
        max_draws: Draws of one person before its place stays empty: 10 (ours).
        max_turns: Utterances per agent: 25, so 50 in all (paper, release).
        detect_after: T, utterances before the detector is asked: 4 (ours; the release has no shorter dialogue).
        detect_window: m, utterances it sees: 4 (ours).
        temperature: Of both speakers: 0.7 (paper).
        projection: ``egocentric``, or the baseline ``concat``.
        regenerations: How often a rejected dialogue is played again: 3 (ours).
        audit: Whether a model screens every dialogue (release).
        fields_shown: Whether the client sees its drawn fields beside the description (ours).
    """

    personas: int = 500
    dialogues_per_persona: int = 10
    seed: int = 20260712
    max_draws: int = 10
    max_turns: int = 25
    detect_after: int = 4
    detect_window: int = 4
    temperature: float = 0.7
    projection: Projection = "egocentric"
    regenerations: int = 3
    audit: bool = True
    fields_shown: bool = True

    def __post_init__(self) -> None:
        for name in ("personas", "dialogues_per_persona", "max_draws", "max_turns", "detect_after", "detect_window"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, found {getattr(self, name)}")
        if self.regenerations < 0:
            raise UsageError(f"regenerations must be at least 0, found {self.regenerations}")


RELEASE = SpasmConfig()


@dataclass(frozen=True, slots=True)
class Person:
    """One place of the population.

    Args:
        number: Its place, from 0.
        fields: The accepted fields; None when the place stays empty.
        description: As crafted; empty when the place stays empty.
        drawn: How often fields were drawn.
        rejected: How often the validator rejected them.
        failures: Unread verdicts, and a crafter that gave nothing.
    """

    number: int
    fields: Fields | None
    description: str
    drawn: int
    rejected: int
    failures: tuple[Failure, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nobody took the place."""
        return not self.description

    def persona(self, fields_shown: bool = True) -> Persona:
        """As a record; only for a place that is taken."""
        return persona_of(f"spasm-{self.number:04d}", self.fields or {}, self.description, fields_shown)


@dataclass(frozen=True, slots=True)
class Screened:
    """A played dialogue with what the quality pass said of it (``audit`` is None where no model was asked)."""

    person: Person
    number: int
    played: Played
    audit: Audit | None
    findings: tuple[Finding, ...]
    attempts: int
    failures: tuple[Failure, ...]

    @property
    def rejected_because(self) -> str:
        """Why it is not in the release; empty when it is."""
        if self.played.failed:
            return "failed"
        hit = next((f.kind for f in self.findings if f.kind in REJECTING), "")
        if hit or self.audit is None:
            return hit
        if self.audit.role_failure is None:
            return "unread audit"
        return self.audit.category if self.audit.role_failure else ""

    def as_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": f"dialogue/{self.played.id}",
            **self.conversation().to_dict(),
            "rejected_because": self.rejected_because,
            "attempts": self.attempts,
            "detector_calls": self.played.detector_calls,
            "findings": dict(sorted(Counter(f.kind for f in self.findings).items())),
            "failures": count_failures(self.failures),
        }

    def conversation(self) -> Conversation:
        """In the release's form; only one that is not rejected passes its validator."""
        return Conversation(
            self.person.number,
            self.number,
            self.person.fields or {},
            self.person.description,
            self.played.dialogue,
            self.played.termination_reason,
        )


@dataclass(frozen=True)
class SpasmResult:
    """Everything that was made.

    Args:
        config: The constants.
        people: One entry for each place, empty ones included.
        dialogues: One entry for each dialogue of a taken place, rejected ones included.
        models: Role (``client``, ``responder``, ``helper``) -> model name.
    """

    config: SpasmConfig
    people: tuple[Person, ...]
    dialogues: tuple[Screened, ...]
    models: Mapping[str, str]

    @property
    def rejection_rate(self) -> float | None:
        """Rejected / drawn fields."""
        drawn = sum(p.drawn for p in self.people)
        return sum(p.rejected for p in self.people) / drawn if drawn else None

    @property
    def empty_places(self) -> int:
        """Places that nobody took."""
        return sum(p.empty for p in self.people)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that failed: unread verdicts, empty and refused turns, crafters that gave nothing."""
        found = [f for p in self.people for f in p.failures]
        return (*found, *(f for d in self.dialogues for f in d.failures))

    @property
    def rejected(self) -> tuple[Screened, ...]:
        """Dialogues that were not accepted after all regenerations."""
        return tuple(d for d in self.dialogues if d.rejected_because)

    def conversations(self, redact: bool = True) -> list[Conversation]:
        """The accepted dialogues in the release's form, contact-like strings replaced by placeholders.

        :func:`~personarium.play.spasm.write_release` refuses them when places are empty or dialogues rejected.
        """
        found = [d.conversation() for d in self.dialogues if not d.rejected_because]
        return [_redacted(c)[0] for c in found] if redact else found

    def stats(self) -> dict[str, Any]:
        """Counts in the release's form (``run_stats.json``), with what was rejected and left out beside them."""
        kept = [d for d in self.dialogues if not d.rejected_because]
        placeholders: Counter[str] = Counter()
        for screened in kept:
            placeholders.update(_redacted(screened.conversation())[1])
        lengths = Counter(len(d.played.dialogue) for d in kept)
        return {
            **{f"{role}_model": name for role, name in self.models.items()},
            "seed": self.config.seed,
            "temperature": _temperatures(self.config),
            "persona_count": len(self.people) - self.empty_places,
            "conversations_per_persona": self.config.dialogues_per_persona,
            "conversation_count": len(kept),
            "max_turns_per_agent": self.config.max_turns,
            "max_utterances": 2 * self.config.max_turns,
            "termination_counts": dict(sorted(Counter(d.played.termination_reason for d in kept).items())),
            "utterance_count_distribution": {str(k): n for k, n in sorted(lengths.items())},
            "rejection_rate": self.rejection_rate,
            "empty_places": self.empty_places,
            "rejected_dialogues": dict(sorted(Counter(d.rejected_because for d in self.rejected).items())),
            "role_audit": audit_summary(d.audit for d in self.dialogues if d.audit is not None),
            "failures": count_failures(self.failures),
            "postprocessing": {
                "contact_like_string_redaction": {"placeholder_counts": dict(sorted(placeholders.items()))}
            },
        }

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each place and each dialogue."""
        places = [
            {
                "id": f"person/{p.number:04d}",
                "fields": None if p.fields is None else dict(p.fields),
                "description": p.description,
                "drawn": p.drawn,
                "rejected": p.rejected,
                "failures": count_failures(p.failures),
            }
            for p in self.people
        ]
        return [*places, *(d.as_row() for d in self.dialogues)]


def _temperatures(config: SpasmConfig) -> dict[str, float]:
    """By role, with the release's names."""
    return {
        "client": config.temperature,
        "responder": config.temperature,
        "persona_crafter": CRAFT.sampling.temperature,
        "persona_validator": VALIDATE.sampling.temperature,
        "termination_detector": TERMINATION.sampling.temperature,
    }


def _redacted(conversation: Conversation) -> tuple[Conversation, Mapping[str, int]]:
    """Contact-like strings out of every turn, and how many of each; the history itself stays as it was played."""
    counts: Counter[str] = Counter()
    clean = Dialogue(conversation.dialogue.id, cast=conversation.dialogue.cast)
    for utterance in conversation.dialogue:
        text, found = replace_contacts(utterance.text)
        counts.update(found)
        clean.say(utterance.speaker, text)
    return replace(conversation, dialogue=clean), counts
