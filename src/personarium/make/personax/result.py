"""What trait rating is set to and what it gives: every rater's scores, the pooled ones, agreement, abstentions.

Source: personax page, steps 2 to 4 and "Takes and gives".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from personarium.core.errors import UsageError
from personarium.core.facets import Facet
from personarium.core.persona import Persona
from personarium.core.results import Estimate, Failure, count_failures
from personarium.make.personax.pooling import SCALE, Pooled, abstention_rate, pool_scores, rater_agreement
from personarium.stats.agreement import Level
from personarium.text.holes import Unparsed

# The Big Five in the paper's order; what each means, in our own words.
BIG_FIVE: Mapping[str, str] = {
    "openness": "curious, imaginative, drawn to what is new, against conventional and practical",
    "conscientiousness": "organised, thorough, disciplined, against careless and spontaneous",
    "extraversion": "outgoing, talkative, full of energy, against quiet and reserved",
    "agreeableness": "kind, trusting, cooperative, against critical and competitive",
    "neuroticism": "worried, moody, easily upset, against calm and even-tempered",
}
BRANCH = "traits"  # where the pooled scores stand in a persona


@dataclass(frozen=True)
class PersonaxConfig:
    """The constants.

    Args:
        traits: Trait -> what it means (paper: the Big Five; the wording is ours).
        scale: Lowest and highest score: 1 and 3 (paper: a 3-point numeric scale varied least of four formats).
        hide: Facets (paths, branches, or ``name``) that raters do not see: what an audit asks about can be blinded.
        asks: How often a rater is asked when the whole reply cannot be read: 1 (ours).
        seed: Of the draws, where a rater is asked above temperature 0.
        level: Of Krippendorff's alpha: interval (page).
    """

    traits: Mapping[str, str] = field(default_factory=lambda: dict(BIG_FIVE))
    scale: tuple[int, int] = SCALE
    hide: tuple[str, ...] = ()
    asks: int = 1
    seed: int = 0
    level: Level = "interval"

    def __post_init__(self) -> None:
        if not self.traits:
            raise UsageError("name at least one trait")
        strange = [t for t in self.traits if not t.replace("_", "").isalnum() or t != t.casefold()]
        if strange:
            raise UsageError(f"a trait is called by small letters, digits and _ only, found '{strange[0]}'")
        if not 1 <= self.scale[0] < self.scale[1] <= 100:
            raise UsageError(f"the scale rises from 1 or more to at most 100 (0 abstains), found {self.scale}")
        if self.asks < 1:
            raise UsageError(f"asks must be at least 1, found {self.asks}")


PAPER = PersonaxConfig()


@dataclass(frozen=True, slots=True)
class Rating:
    """What one rater said of one subject.

    Args:
        subject: The persona's id.
        rater: The rater's name.
        scores: Trait -> score, 0 for "not enough information", None where there is no usable score.
        reasons: Trait -> the justification.
        rejected: Trait -> what stood there instead of a score.
        failure: Why there is no score at all.
    """

    subject: str
    rater: str
    scores: Mapping[str, int | None]
    reasons: Mapping[str, str] = field(default_factory=dict)
    rejected: Mapping[str, str] = field(default_factory=dict)
    failure: Failure | None = None

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Why scores are missing: the whole reply, or single scores that are none. An abstention is no failure."""
        if self.failure is not None:
            return (self.failure,)
        where = f"{self.subject}/{self.rater}"
        gaps = [t for t, score in self.scores.items() if score is None and t not in self.rejected]
        return (
            *(Failure("unparsed", f"{t}: {found}", where) for t, found in self.rejected.items()),
            *(Failure("missing", f"the reply has no score for {t}", where) for t in gaps),
        )


@dataclass(frozen=True)
class RatedPersonas:
    """Rated personas.

    Args:
        config: The constants.
        raters: Their names, in order.
        subjects: Who was rated.
        ratings: For each subject one rating of each rater.
        left_out: Who was not rated, and why.
    """

    config: PersonaxConfig
    raters: tuple[str, ...]
    subjects: tuple[Persona, ...]
    ratings: tuple[tuple[Rating, ...], ...]
    left_out: tuple[Failure, ...] = ()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that is missing."""
        return (*self.left_out, *(f for given in self.ratings for rating in given for f in rating.failures))

    def pooled(self, place: int, trait: str) -> Pooled:
        """What the raters' scores of one subject come to."""
        return pool_scores([_given(rating, trait) for rating in self.ratings[place]], self.config.scale)

    def agreement(self, trait: str) -> tuple[Estimate, dict[str, Estimate]]:
        """Krippendorff's alpha over all subjects, and each rater's abstention rate."""
        scores = {r: [given[k].scores[trait] for given in self.ratings] for k, r in enumerate(self.raters)}
        return rater_agreement(scores, self.config.level, self.config.seed)

    def personas(self) -> list[Persona]:
        """The subjects with their pooled scores as facets ``traits.<trait>``; a trait without support has none."""
        return [self._rated(place) for place in range(len(self.subjects))]

    def _rated(self, place: int) -> Persona:
        persona = self.subjects[place]
        ours = {f"{BRANCH}.{t}" for t in self.config.traits}
        kept = tuple(f for f in persona.facets if f.path not in ours)
        made = (self._facet(place, trait) for trait in self.config.traits)
        facets = (*kept, *(f for f in made if f is not None))
        return replace(persona, facets=facets, version=persona.version + 1, parent_version=persona.version)

    def _facet(self, place: int, trait: str) -> Facet | None:
        pooled = self.pooled(place, trait)
        if pooled.value is None:
            return None
        lo, hi = self.config.scale
        return Facet(
            "",
            f"{BRANCH}.{trait}",
            pooled.value,
            "inferred",
            confidence=pooled.support / len(self.raters),
            text=f"Rated {pooled.value:g} for {trait}, from {lo} (low) to {hi} (high).",
            extra={"scale": [lo, hi], "raters": {r.rater: r.scores[trait] for r in self.ratings[place]}},
        )

    def estimates(self) -> dict[str, Estimate]:
        """Alpha of each trait, and the abstention rate of each rater over all traits."""
        found = {f"alpha, {trait}": self.agreement(trait)[0] for trait in self.config.traits}
        for place, rater in enumerate(self.raters):
            scores = [score for given in self.ratings for score in given[place].scores.values()]
            found[f"abstentions, {rater}"] = abstention_rate(scores, "score")
        return found

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each subject."""
        return [self._row(place, persona) for place, persona in enumerate(self.subjects)]

    def _row(self, place: int, persona: Persona) -> dict[str, Any]:
        pooled = {t: self.pooled(place, t) for t in self.config.traits}
        lost = [f for rating in self.ratings[place] for f in rating.failures]
        return {
            "id": persona.id,
            "scores": {t: p.value for t, p in pooled.items()},
            "support": {t: p.support for t, p in pooled.items()},
            "abstained": {t: p.abstained for t, p in pooled.items()},
            "rejected": {t: p.rejected for t, p in pooled.items()},
            "raters": {r.rater: {"scores": dict(r.scores), "reasons": dict(r.reasons)} for r in self.ratings[place]},
            "failures": count_failures(lost),
        }


def _given(rating: Rating, trait: str) -> int | Unparsed | None:
    if trait in rating.rejected:
        return Unparsed(rating.rejected[trait], "")
    return rating.scores[trait]
