"""What a PersonaBench run gives: a row a question, estimates by category, and the tables of the published files.

Source: PersonaBench (arXiv 2502.20616), page steps 8 and 9, "Data formats". Units: one question; intervals resample
questions, for the three people of a community are too few to resample: they say nothing about another person's documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from personarium.benchmarks.personabench.scoring import CATEGORIES, OVERALL, Alphabet, word_scores, word_set
from personarium.core.errors import UsageError
from personarium.core.results import Estimate, Failure, count_failures

RECALL, NDCG = "Recall", "NDCG"
PRECISION, WORD_RECALL, F1, OUTDATED = "Word precision", "Word recall", "Word F1", "Outdated recall"
RETRIEVAL: tuple[str, ...] = (RECALL, NDCG)
ANSWERS: tuple[str, ...] = (F1, PRECISION, WORD_RECALL, OUTDATED)
PUBLISHED_NAMES = {RECALL: "ave_recall", NDCG: "ave_ndcg"} | {
    PRECISION: "ave_precision",
    WORD_RECALL: "ave_recall",
    F1: "ave_f1",
}
Missing = Literal["drop", "zero"]


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """One scored question.

    Args:
        id: ``community/question id``.
        person: Whose question.
        question: As asked.
        answer: The gold answer as the file has it.
        type: As the file has it.
        difficulty: As the file has it.
        category: Under which it is averaged.
        items: Item of the answer -> segments that state it.
        retrieved: Segments found, best first, each once.
        recall: Of segments; None for the oracle (its list is the truth) and where nothing could be retrieved.
        ndcg: Likewise.
        prediction: The reader's answer; None without reader or answer.
        precision: Of words; None without prediction.
        word_recall: Likewise.
        f1: Likewise.
        outdated: The outdated value as the file has it, or None.
        outdated_recall: Share of its words in the prediction; None where there is no such value.
        failures: Why something is missing.
    """

    id: str
    person: str
    question: str
    answer: Any
    type: str
    difficulty: str
    category: str
    items: Mapping[str, tuple[str, ...]]
    retrieved: tuple[str, ...] = ()
    recall: float | None = None
    ndcg: float | None = None
    prediction: str | None = None
    precision: float | None = None
    word_recall: float | None = None
    f1: float | None = None
    outdated: Any = None
    outdated_recall: float | None = None
    failures: tuple[Failure, ...] = ()

    def as_row(self) -> dict[str, Any]:
        """JSON-ready; ``failures`` counts by kind, ``problems`` tells them."""
        row = asdict(self)
        row["items"] = {item: list(segments) for item, segments in self.items.items()}
        row["retrieved"] = list(self.retrieved)
        row["problems"] = [asdict(f) | {"raw": list(f.raw)} for f in self.failures]
        row["failures"] = count_failures(self.failures)
        return row

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> QuestionResult:
        """The inverse of :meth:`as_row`."""
        known = {name: row[name] for name in cls.__dataclass_fields__ if name != "failures"}
        known["items"] = {item: tuple(segments) for item, segments in row["items"].items()}
        known["retrieved"] = tuple(row["retrieved"])
        return cls(**known, failures=tuple(Failure(**{**p, "raw": tuple(p["raw"])}) for p in row["problems"]))


_FIELDS = {RECALL: "recall", NDCG: "ndcg", PRECISION: "precision", WORD_RECALL: "word_recall", F1: "f1"} | {
    OUTDATED: "outdated_recall"
}


@dataclass(frozen=True)
class PersonaBenchResult:
    """One retriever, and perhaps one reader, at one level of noise.

    Args:
        questions: One entry for each scored question, in the order of communities, people and questions.
        noise: The level.
        k: How many segments were wanted.
        retriever: Its name; ``gt-context`` is the oracle.
        reader: The reader's name; "" for a retrieval run.
        missing: Whether a reply that could not be had is missing or scores 0.
        alphabet: What a word was.
        seed: Of the bootstrap.
        faults: Erratum ids that were switched on.
    """

    questions: tuple[QuestionResult, ...]
    noise: float
    k: int
    retriever: str
    reader: str = ""
    missing: Missing = "drop"
    alphabet: Alphabet = "ascii"
    seed: int = 0
    faults: frozenset[str] = frozenset()

    @property
    def metrics(self) -> tuple[str, ...]:
        """What this run measures, the headline first."""
        retrieval = () if self.retriever == "gt-context" else RETRIEVAL
        return (*(ANSWERS if self.reader else ()), *retrieval)

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories that have questions: the published order, then others by name."""
        present = {q.category for q in self.questions}
        return (*(c for c in CATEGORIES if c in present), *sorted(present - set(CATEGORIES)))

    def values(self, metric: str, category: str = OVERALL) -> list[float | None]:
        """One value a question of the category (of all for ``Overall``); None where it is missing.

        Outdated recall has values only for questions with an outdated value.
        """
        chosen = [q for q in self.questions if category in (OVERALL, q.category)]
        if metric == OUTDATED:
            chosen = [q for q in chosen if q.outdated is not None]
        return [getattr(q, _FIELDS[metric]) for q in chosen]

    def estimates(self, category: str = OVERALL) -> dict[str, Estimate]:
        """Every metric: mean over questions with a 95 % bootstrap interval over questions."""
        from personarium.stats import bootstrap_mean

        return {
            metric: bootstrap_mean(self.values(metric, category), "question", seed=self.seed) for metric in self.metrics
        }

    def by_category(self) -> dict[str, dict[str, Estimate]]:
        """The estimates of every category."""
        return {category: self.estimates(category) for category in self.categories}

    def repeated_question(self) -> Estimate:
        """Trivial baseline: the F1 of a reader that returns the question; the gold words are those of the answers."""
        from personarium.benchmarks.personabench.scoring import answer_words
        from personarium.stats import bootstrap_mean

        values = [
            word_scores(answer_words(q.answer, self.alphabet), word_set(q.question, self.alphabet)).f1
            for q in self.questions
        ]
        return bootstrap_mean(values, "question", seed=self.seed)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that failed."""
        return tuple(f for q in self.questions for f in q.failures)

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each question."""
        return [q.as_row() for q in self.questions]

    # --- the published files ---

    @property
    def published_name(self) -> str:
        """``llm+retriever``, as the published files call a run."""
        return f"{self.reader}+{self.retriever}"

    def results_file(self) -> list[dict[str, Any]]:
        """The content of ``result_noise_X.json``."""
        rows = [
            {
                "q_id": q.id.rpartition("/")[2],
                "question": q.question,
                "answer": q.answer,
                "prediction": q.prediction,
                "type": q.type,
                "difficulty": q.difficulty,
                "retrieved_segment_ids": list(q.retrieved),
                "ground_truth_segment_ids": {item: list(segments) for item, segments in q.items.items()},
            }
            for q in self.questions
        ]
        return [{"Model": self.published_name, "Results": rows}]

    def statistics(self) -> dict[str, Any]:
        """One entry of ``statistics_all_noises.json``: averages rounded to 3 decimals, None where nothing was measured."""
        answers = {}
        if self.reader:
            answers = self._averages((PRECISION, WORD_RECALL, F1))
            answers["outdated_information"] = {"ave_recall": _rounded_mean(self.values(OUTDATED))}
        retrieval = {} if self.retriever == "gt-context" else {self.retriever: self._averages(RETRIEVAL)}
        table = {"end2end_eval": {self.published_name: answers} if answers else {}, "retrieval_eval": retrieval}
        return {"Noise": self.noise, "Statistics": table}

    def _averages(self, metrics: Sequence[str]) -> dict[str, dict[str, float | None]]:
        return {
            category: {PUBLISHED_NAMES[metric]: _rounded_mean(self.values(metric, category)) for metric in metrics}
            for category in (OVERALL, *self.categories)
        }


def _rounded_mean(values: Iterable[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return round(sum(present) / len(present), 3) if present else None


def noise_robustness(results: Iterable[PersonaBenchResult]) -> Estimate:
    """1 - (F1 at the lowest noise - F1 at the highest), paired by question (page, step 8).

    Args:
        results: Runs of the same reader and retriever on the same questions, at two levels of noise or more.

    Raises:
        UsageError: Fewer than two levels, or other questions.
    """
    from personarium.stats import bootstrap_mean

    ordered = sorted(results, key=lambda result: result.noise)
    if len({result.noise for result in ordered}) < 2:
        raise UsageError("noise robustness compares two levels of noise or more; run the benchmark at each")
    low, high = ordered[0], ordered[-1]
    if [q.id for q in low.questions] != [q.id for q in high.questions]:
        raise UsageError("noise robustness compares runs on the same questions")
    pairs = zip(low.values(F1), high.values(F1), strict=True)
    values = [None if a is None or b is None else 1 - (a - b) for a, b in pairs]
    return bootstrap_mean(values, "question", seed=low.seed)


def radar(results: Iterable[PersonaBenchResult]) -> dict[str, float | None]:
    """The six axes of the published radar plot, not normalised; all but the first at the highest noise (code)."""
    ordered = sorted(results, key=lambda result: result.noise)
    last = ordered[-1].statistics()["Statistics"]["end2end_eval"].get(ordered[-1].published_name, {})

    def mean(metric: str, *categories: str) -> float | None:
        values = [last.get(category, {}).get(metric) for category in categories]
        return None if None in values else sum(values) / len(values)

    outdated = mean("ave_recall", "outdated_information")
    return {
        "Noise robustness": noise_robustness(ordered).value,
        "Social relations": mean("ave_recall", "Social_easy"),
        "Basic information": mean("ave_recall", "Basic_information_easy"),
        "Information updating": None if outdated is None else 1 - outdated,
        "Preference completeness": mean("ave_recall", "Preference_easy", "Preference_hard"),
        "Preference precision": mean("ave_precision", "Preference_easy", "Preference_hard"),
    }
