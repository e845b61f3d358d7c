"""Benchmarks whose free answers are scored by rules, as units: PersoBench by row, PersonaBench by question, SynthPAI by author."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from personarium.apps.inspect_plug.item_benchmark import ItemBenchmark, Part, Seats, Unit, failure_rows, failures_of
from personarium.benchmarks.persobench import PersoBenchConfig, PersoBenchResult, PersoRow, Scorers, run_persobench
from personarium.benchmarks.persobench.results import METRICS, RowResult
from personarium.benchmarks.personabench import Community, PersonaBenchConfig, PersonaBenchResult, run_personabench
from personarium.benchmarks.personabench.results import QuestionResult
from personarium.benchmarks.personabench.retrievers import Oracle, Retriever
from personarium.benchmarks.synthpai import Author, GradingConfig, SynthPAIResult, run_synthpai
from personarium.benchmarks.synthpai.results import TOP1, TOP3, Graded
from personarium.core.results import Estimate, Failure

MALFORMED = "failure ratio"  # as a run of our own calls it


class PersoBench(ItemBenchmark[PersoBenchResult]):
    """A row: the next reply for given personas, by every metric that has a scorer.

    Args:
        rows: What to reply to.
        scorers: What measures.
        config: The setup, its seed included.
    """

    name = "persobench"

    def __init__(self, rows: Sequence[PersoRow], scorers: Scorers, config: PersoBenchConfig) -> None:
        self._rows = {row.id: row for row in rows}
        self._scorers, self._config = scorers, config
        measured = scorers.bertscore is not None
        self._metrics = [metric for metric in METRICS if measured or not metric.startswith("BERTScore")]
        self.units = [Unit(r.id, f"{r.personas}\n\n{r.context}", r.reference) for r in rows]

    async def measure(self, id: str, seats: Seats) -> Part:
        """One row."""
        result = await run_persobench([self._rows[id]], seats.player, self._scorers, config=self._config)
        return {"model": result.model, "row": result.rows[0].as_row()}

    def join(self, parts: Mapping[str, Part]) -> PersoBenchResult:
        """All rows."""
        return PersoBenchResult(
            tuple(RowResult.from_row(part["row"]) for part in parts.values()),
            next(iter(parts.values()))["model"],
            self._config.reasoning,
            self._config.parser,
            self._scorers.names(),
            self._config.seed,
        )

    def values(self, result: PersoBenchResult) -> dict[str, float | None]:
        """Every metric; none where there is no reply."""
        return {metric: result.rows[0].value(metric, "valid") for metric in self._metrics}

    def estimates(self, result: PersoBenchResult) -> Mapping[str, Estimate]:
        """Every metric as published (a malformed reply has the worst value), and how many replies are malformed."""
        return {**result.estimates(), MALFORMED: result.failure_estimate()}

    def failures(self, result: PersoBenchResult) -> Sequence[Failure]:
        """Replies and labels that are missing."""
        return result.failures


class PersonaBench(ItemBenchmark[PersonaBenchResult]):
    """A question about somebody's private documents: what was found, and what was answered.

    Args:
        communities: All at one level of noise.
        retriever: Finds documents.
        config: Constants.
        seed: Of the reader and the bootstrap.
    """

    name = "personabench"

    def __init__(
        self,
        communities: Sequence[Community],
        retriever: Retriever | Oracle,
        config: PersonaBenchConfig,
        seed: int = 2024,
    ) -> None:
        self._retriever, self._config, self._seed = retriever, config, seed
        self._cases: dict[str, Community] = {}
        self.units = []
        for community in communities:
            for person in community.tested(config.num_people):
                for question in person.questions:
                    if question.category is not None:
                        id = f"{community.name}/{question.id}"
                        self._cases[id] = replace(community, people=(replace(person, questions=(question,)),))
                        facts = {"person": person.name, "category": question.category}
                        self.units.append(Unit(id, question.question, str(question.answer), facts))

    async def measure(self, id: str, seats: Seats) -> Part:
        """One question."""
        result = await run_personabench(
            self._cases[id], self._retriever, seats.player, config=self._config, seed=self._seed
        )
        return {"reader": result.reader, "noise": result.noise, "row": result.questions[0].as_row()}

    def join(self, parts: Mapping[str, Part]) -> PersonaBenchResult:
        """All questions."""
        first = next(iter(parts.values()))
        return PersonaBenchResult(
            tuple(QuestionResult.from_row(part["row"]) for part in parts.values()),
            first["noise"],
            self._config.k,
            self._retriever.name,
            first["reader"],
            self._config.missing,
            self._config.alphabet,
            self._seed,
        )

    def values(self, result: PersonaBenchResult) -> dict[str, float | None]:
        """Words of the answer, segments found."""
        return {metric: (result.values(metric) or [None])[0] for metric in result.metrics}

    def estimates(self, result: PersonaBenchResult) -> Mapping[str, Estimate]:
        """Every metric."""
        return result.estimates()

    def failures(self, result: PersonaBenchResult) -> Sequence[Failure]:
        """Answers that are missing."""
        return result.failures


class SynthPAI(ItemBenchmark[SynthPAIResult]):
    """An author of comments: what is guessed of the labelled attributes. A named ``grader`` judges what the rules leave open.

    Args:
        authors: Whom it reads; those without a label that counts are left out.
        config: How guesses are graded; the mode is ``model`` where a grader was named, else ``none``.
        seed: Of every draw and of the intervals.
    """

    name = "synthpai"

    def __init__(self, authors: Sequence[Author], config: GradingConfig, seed: int = 0) -> None:
        asked = [author for author in authors if author.labelled(config.certainty, config.hardness)]
        self._authors = {author.username: author for author in asked}
        self._config, self._seed = config, seed
        self.units = [
            Unit(
                a.username,
                "\n".join(a.comments),
                metadata={"labels": sorted(a.labelled(config.certainty, config.hardness))},
            )
            for a in asked
        ]

    async def measure(self, id: str, seats: Seats) -> Part:
        """One author."""
        judge = seats.grader if "grader" in seats.named else None
        config = replace(self._config, mode="none" if judge is None else "model")
        result, _ = await run_synthpai(seats.player, [self._authors[id]], judge, config=config, seed=self._seed)
        return {
            "model": result.model,
            "mode": result.mode,
            "rows": result.rows(),
            "unlabelled": dict(result.unlabelled),
            "lost": failure_rows(result.failures),
        }

    def join(self, parts: Mapping[str, Part]) -> SynthPAIResult:
        """All authors."""
        first = next(iter(parts.values()))
        return SynthPAIResult(
            first["model"],
            tuple(Graded.from_row(row) for part in parts.values() for row in part["rows"]),
            first["mode"],
            {name: claimed for part in parts.values() for name, claimed in part["unlabelled"].items()},
            tuple(failure for part in parts.values() for failure in failures_of(part["lost"])),
            self._seed,
        )

    def values(self, result: SynthPAIResult) -> dict[str, float | None]:
        """The shares of the author's labels that are right."""
        return {TOP1: result.tally(1).share, TOP3: result.tally(3).share}

    def estimates(self, result: SynthPAIResult) -> Mapping[str, Estimate]:
        """Accuracies, and the majority answer's."""
        return result.estimates()

    def failures(self, result: SynthPAIResult) -> Sequence[Failure]:
        """Guesses and decisions that are missing."""
        return (*result.failures, *(failure for label in result.labels for failure in label.failures))
