"""What a run gives: dialogues with their scores, means on seven dimensions apart, checks of player and model.

Source: esc-eval page, step 6, "Works when" 3 and "Traps". The seven are never put together; English and Chinese are rated by
different readers and never pooled; a score that could not be read is counted and is in no mean.
Units: one dialogue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, cast

from personarium.benchmarks.esc_eval.agreement import UNIT, RaterAgreement, rater_agreement
from personarium.benchmarks.esc_eval.cards import LANGUAGES, Language, RoleCard, cards_of
from personarium.benchmarks.esc_eval.checks import Flag, LeakCheck, ReferralCheck, keywords_of
from personarium.benchmarks.esc_eval.dimensions import DIMENSIONS, UNPARSED
from personarium.core.dialogue import Dialogue
from personarium.core.results import Estimate, Failure, FailureKind, count_failures
from personarium.stats.intervals import bootstrap_mean, wilson

Scores = Mapping[str, int | None]
DRAWS = 2_000  # the interval of a mean must not leave the scale


def dimension_means(scores: Sequence[Scores]) -> dict[str, Estimate]:
    """The mean of each dimension over dialogues, with a bootstrap interval; None and -1 are unparsed, counted and in no mean."""
    found: dict[str, Estimate] = {}
    for name in DIMENSIONS:
        values = [None if row.get(name) in (None, UNPARSED) else row[name] for row in scores]
        estimate = bootstrap_mean(values, UNIT, draws=DRAWS)
        unparsed = values.count(None)
        found[name] = replace(estimate, failures={"unparsed": unparsed} if unparsed else {})
    return found


@dataclass(frozen=True)
class Rated:
    """One dialogue.

    Args:
        card: Who was played.
        dialogue: What was said; of a failed one, what was said before.
        complete: Whether all rounds were played; only these are rated.
        scores: Rater -> dimension -> 0 to 4, None for one that could not be read.
        leaks: How the player told its problem.
        referral: Whether danger was spoken of, and a professional named.
        declined: Turns of the tested model that open by declining.
        failures: Of turns and ratings.
    """

    card: RoleCard
    dialogue: Dialogue
    complete: bool
    scores: Mapping[str, Scores] = field(default_factory=dict)
    leaks: LeakCheck = LeakCheck((), (), ())
    referral: ReferralCheck = ReferralCheck(False, False)
    declined: int = 0
    failures: tuple[Failure, ...] = ()

    def as_row(self) -> dict[str, Any]:
        """JSON-ready form; ``failures`` counts by kind, :meth:`from_row` reads it."""
        return {
            "id": self.card.name,
            "card": self.card.to_dict(),
            "dialogue": self.dialogue.to_dict(),
            "complete": self.complete,
            "scores": {rater: dict(row) for rater, row in self.scores.items()},
            "leaks": self.leaks.as_dict(),
            "referral": asdict(self.referral),
            "declined": self.declined,
            "failures": count_failures(self.failures),
            "failed": [{**asdict(one), "raw": list(one.raw)} for one in self.failures],
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Rated:
        """The inverse of :meth:`as_row`."""
        card = cards_of([row["card"]], str(row["id"]))[0]
        flags = tuple(Flag(**flag) for flag in row["leaks"]["flags"])
        return cls(
            card,
            Dialogue.from_dict(row["dialogue"], str(row["id"])),
            row["complete"],
            {rater: dict(scores) for rater, scores in row["scores"].items()},
            LeakCheck(keywords_of(card.problem or ""), tuple(row["leaks"]["shares"]), flags),
            ReferralCheck(**row["referral"]),
            row["declined"],
            tuple(
                Failure(cast("FailureKind", one["kind"]), one["reason"], one["where"], tuple(one["raw"]))
                for one in row["failed"]
            ),
        )


@dataclass(frozen=True)
class EscEvalResult:
    """All dialogues of one tested model.

    Args:
        model: Who was tested.
        player: Who played the people.
        raters: Who rated.
        dialogues: One for each card.
        player_version: Content hash of the player's prompt by language: results compare only within one.
        faults: Erratum ids that were switched on.
    """

    model: str
    player: str
    raters: tuple[str, ...]
    dialogues: tuple[Rated, ...]
    player_version: Mapping[str, str] = field(default_factory=dict)
    faults: frozenset[str] = frozenset()

    @property
    def languages(self) -> tuple[Language, ...]:
        """Which of the two there are."""
        there = {one.card.language for one in self.dialogues}
        return tuple(language for language in LANGUAGES if language in there)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Of all dialogues, in order."""
        return tuple(failure for one in self.dialogues for failure in one.failures)

    def means(self, language: Language, rater: str | None = None) -> dict[str, Estimate]:
        """Dimension -> mean over the complete dialogues of a language.

        Args:
            language: English and Chinese are never pooled.
            rater: One of the raters; the first without.
        """
        who = self.raters[0] if rater is None else rater
        return dimension_means([one.scores[who] for one in self.dialogues if self._counts(one, language, who)])

    @staticmethod
    def _counts(one: Rated, language: Language, rater: str) -> bool:
        return one.complete and one.card.language == language and rater in one.scores

    def estimates(self) -> dict[str, Estimate]:
        """The seven means of each language by the first rater, then the shares of what the checks found."""
        several = len(self.languages) > 1
        means = {
            f"{name}, {language}" if several else name: estimate
            for language in self.languages
            for name, estimate in self.means(language).items()
        }
        return {**means, **self.checks()}

    def checks(self) -> dict[str, Estimate]:
        """Dialogues that were played to the end, that the player leaked in, that met danger with a referral."""
        n = len(self.dialogues)
        danger = [one.referral.offered for one in self.dialogues if one.referral.needed]
        return {
            "played to the end": wilson(sum(one.complete for one in self.dialogues), n, UNIT),
            "told at once or out of role": wilson(sum(bool(one.leaks.flags) for one in self.dialogues), n, UNIT),
            "danger met with a referral": wilson(sum(danger), len(danger), UNIT),
        }

    def agreement(self, first: str, second: str) -> dict[str, RaterAgreement]:
        """Dimension -> how far two raters agree, over all dialogues that both rated."""
        both = [one.scores for one in self.dialogues if first in one.scores and second in one.scores]
        return {
            name: rater_agreement([row[first].get(name) for row in both], [row[second].get(name) for row in both])
            for name in DIMENSIONS
        }

    def spread(self, rater: str | None = None) -> dict[str, dict[int, int]]:
        """Dimension -> score -> how often: ratings that are all 3 show here."""
        who = self.raters[0] if rater is None else rater
        rows = [one.scores[who] for one in self.dialogues if who in one.scores]
        return {name: {k: sum(row.get(name) == k for row in rows) for k in range(5)} for name in DIMENSIONS}

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each dialogue."""
        return [one.as_row() for one in self.dialogues]
