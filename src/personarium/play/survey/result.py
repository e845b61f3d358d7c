"""What a survey found: every answer as it was given, and for each question the distribution with intervals over persons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from personarium.core.results import Estimate, Failure
from personarium.play.survey.asking import NOT_ASKED, Given, SurveyConfig
from personarium.play.survey.questions import Question, Questionnaire, Value

STATUSES = ("answered", "invalid", "unparsed", "refused", "empty", "error", "skipped", "blocked")
BINS = 10  # of a wide range of numbers
MOST_VALUES = 21  # whole numbers that are listed one by one


@dataclass(frozen=True)
class SurveyResult:
    """The answers of a survey.

    Args:
        questionnaire: What was asked.
        people: Ids of the persons, in order.
        weights: How much each counts.
        given: What became of every question with every person, each time it was asked.
        baseline: The same for the model without any persona; empty when it was not asked.
        model: Who answered.
        config: How it was done.
    """

    questionnaire: Questionnaire
    people: tuple[str, ...]
    weights: tuple[float, ...]
    given: tuple[Given, ...]
    baseline: tuple[Given, ...]
    model: str
    config: SurveyConfig

    @property
    def weighted(self) -> bool:
        """Whether persons count differently."""
        return len(set(self.weights)) > 1

    @cached_property
    def weight_of(self) -> dict[str, float]:
        """Person -> weight."""
        return dict(zip(self.people, self.weights, strict=True))

    def of(self, question: str, baseline: bool = False) -> list[Given]:
        """What became of one question, in order."""
        return self._by_question[baseline].get(question, [])

    @cached_property
    def _by_question(self) -> tuple[dict[str, list[Given]], dict[str, list[Given]]]:
        found: tuple[dict[str, list[Given]], dict[str, list[Given]]] = ({}, {})
        for sorted_in, all_given in zip(found, (self.given, self.baseline), strict=True):
            for one in all_given:
                sorted_in.setdefault(one.question, []).append(one)
        return found

    def counts(self, question: str, baseline: bool = False) -> dict[str, int]:
        """How often each status occurred, all of them named."""
        counted: Counter[str] = Counter(one.status for one in self.of(question, baseline))
        return {status: counted[status] for status in STATUSES}

    def distribution(self, question: str, baseline: bool = False) -> dict[str, Estimate]:
        """Share of each answer among the answers there are; of several options and places each on its own.

        A ranking gives for each option the share that puts it first.
        """
        asked = self.questionnaire[question]
        answered = [one for one in self.of(question, baseline) if one.status == "answered"]
        missing = sum(one.status not in NOT_ASKED for one in self.of(question, baseline)) - len(answered)
        columns = columns_of(asked, [one.value for one in answered])
        return {label: self._share(hits, answered, missing, baseline) for label, hits in columns.items()}

    def _share(self, hits: Sequence[float], answered: Sequence[Given], missing: int, baseline: bool) -> Estimate:
        from personarium.stats.weighted import weighted_share

        unit = "sample" if baseline else "person"
        weights, groups = self._weights(answered, baseline)
        found = weighted_share(hits, weights, groups, unit)
        return _with_missing(found, missing)

    def mean(self, question: str, baseline: bool = False) -> Estimate | None:
        """Mean answer of a scale, a number or yes/no (yes counts 1); None for choices and rankings."""
        from personarium.stats.weighted import weighted_mean

        if self.questionnaire[question].options:
            return None
        answered = [one for one in self.of(question, baseline) if one.status == "answered"]
        missing = sum(one.status not in NOT_ASKED for one in self.of(question, baseline)) - len(answered)
        weights, groups = self._weights(answered, baseline)
        values = [float(one.value) for one in answered]  # type: ignore[arg-type]
        return _with_missing(weighted_mean(values, weights, groups, "sample" if baseline else "person"), missing)

    def _weights(self, answered: Sequence[Given], baseline: bool) -> tuple[list[float] | None, list[str] | None]:
        """Weights and persons of answers, where they matter: equal single answers need neither."""
        plain = baseline or not self.weighted
        weights = None if plain else [self.weight_of[one.person] for one in answered]
        return weights, None if baseline or self.config.repeats == 1 else [one.person for one in answered]

    def answered(self) -> Estimate:
        """Share of the questions put that were answered, over persons."""
        from personarium.stats.weighted import weighted_share

        asked = [one for one in self.given if one.status not in NOT_ASKED]
        hits = [float(one.status == "answered") for one in asked]
        return weighted_share(hits, None, [one.person for one in asked])

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Every question put that was not answered, of the baseline too; an invalid answer is an unparsed reply."""
        found = []
        for one in (*self.given, *self.baseline):
            if one.status in NOT_ASKED or one.status == "answered":
                continue
            kind: Any = "unparsed" if one.status == "invalid" else one.status
            where = f"{one.person}/{one.repeat}/{one.question}"
            found.append(Failure(kind, one.reason, where, (one.raw,) if one.raw else ()))
        return tuple(found)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row for each question, person and repeat, with the reply as it came; numbers once more as numbers."""
        for who, all_given in (("persona", self.given), ("none", self.baseline)):
            for one in all_given:
                number = isinstance(one.value, (bool, int, float))
                yield {
                    "identity": "none" if self.config.style == "none" else who,
                    "person": one.person,
                    "repeat": one.repeat,
                    "question": one.question,
                    "status": one.status,
                    "answer": None if one.value is None else answer_text(one.value),
                    "number": float(one.value) if number else None,  # type: ignore[arg-type]
                    "reply": one.raw,
                    "reason": one.reason,
                    "shown": ";".join(one.order),
                    "weight": self.weight_of.get(one.person, 1.0) if who == "persona" else 1.0,
                }


def answer_text(value: Value) -> str:
    """An answer as one cell of a table: several keys with ``;`` between them."""
    if isinstance(value, tuple):
        return ";".join(value)
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def columns_of(question: Question, values: Sequence[Any]) -> dict[str, list[float]]:
    """Label -> 1 or 0 for each answer: the bars of a question."""
    if question.type == "multiple":
        return {option.text: [float(option.key in value) for value in values] for option in question.options}
    if question.type == "ranking":
        return {option.text: [float(value[0] == option.key) for value in values] for option in question.options}
    if question.type == "single":
        return {option.text: [float(value == option.key) for value in values] for option in question.options}
    if question.type == "yesno":
        return {word: [float(bool(value) == yes) for value in values] for word, yes in (("yes", True), ("no", False))}
    if question.type == "scale":
        return {question.label_of(place): [float(value == place) for value in values] for place in question.places}
    return _bins(question, values)


def _bins(question: Question, values: Sequence[Any]) -> dict[str, list[float]]:
    lo, hi = question.lo, question.hi
    if question.integer and hi - lo < MOST_VALUES:
        return {f"{v}": [float(value == v) for value in values] for v in range(int(lo), int(hi) + 1)}
    width = (hi - lo) / BINS
    at = [min(BINS - 1, int((value - lo) / width)) for value in values]
    names = [f"{lo + k * width:g} to {'' if k == BINS - 1 else 'under '}{lo + (k + 1) * width:g}" for k in range(BINS)]
    return {name: [float(place == k) for place in at] for k, name in enumerate(names)}


def _with_missing(estimate: Estimate, missing: int) -> Estimate:
    from dataclasses import replace

    return replace(estimate, failures={"missing": missing}) if missing else estimate
