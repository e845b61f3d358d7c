"""How deep and how useful deep personas are: what a judge recovers from their account, and answers fitted to them.

Source: deeppersona page, steps 11 and 12. Differs: the judge's questions are our own; recovered attributes are counted once by
name; the ten metrics are graded by the judge core, each on its own (the page states no prompt).
Units: attributes are counted for each text; ratings and grades lie on 1 to 5.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.errors import UsageError
from personarium.core.results import Estimate, Failure, count_failures
from personarium.core.rubric import Rubric
from personarium.judges.judging import Judge
from personarium.judges.verdicts import Grade
from personarium.make.deeppersona.profile import Profile
from personarium.make.deeppersona.steps import ANSWER, RATE, RECOVER
from personarium.make.deeppersona.taxonomy import read_data
from personarium.models.step import Answer
from personarium.runs.executors import AsyncioExecutor
from personarium.text.similarity import letters_and_digits

ASKS = 2


@dataclass(frozen=True)
class Intrinsic:
    """What a judge said of one text.

    Args:
        id: Whose.
        recovered: Distinct attributes that the text tells; None where no reply could be read.
        uniqueness: 1 to 5.
        actionability: 1 to 5.
        failures: One for each missing part.
    """

    id: str
    recovered: int | None
    uniqueness: int | None
    actionability: int | None
    failures: tuple[Failure, ...] = ()

    def as_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": f"intrinsic/{self.id}",
            "recovered": self.recovered,
            "uniqueness": self.uniqueness,
            "actionability": self.actionability,
            "failures": count_failures(self.failures),
        }


@dataclass(frozen=True)
class IntrinsicResult:
    """The judge's findings about all texts."""

    texts: tuple[Intrinsic, ...]
    judge: str = ""
    seed: int = 0

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row a text."""
        return (text.as_row() for text in self.texts)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that failed."""
        return tuple(f for text in self.texts for f in text.failures)

    def estimates(self) -> dict[str, Estimate]:
        """Means over texts."""
        from personarium.stats import bootstrap_mean

        columns = {
            "Attributes recovered from a text": [text.recovered for text in self.texts],
            "Uniqueness": [text.uniqueness for text in self.texts],
            "Actionability": [text.actionability for text in self.texts],
        }
        return {name: bootstrap_mean(values, "person", seed=self.seed) for name, values in columns.items()}


async def evaluate_intrinsic(
    people: Sequence[Profile], judge: ChatModel, *, seed: int = 0, asks: int = ASKS, concurrency: int = 20
) -> IntrinsicResult:
    """Step 11: let a judge recover attributes from each account and rate it; accounts that are empty are missing.

    Args:
        people: Whose accounts.
        judge: Another model than the writer, as a rule.
        seed: Of the judge's draws.
        asks: Most times a question is put.
        concurrency: Texts at once.
    """

    async def one(profile: Profile) -> Intrinsic:
        return await judge_text(profile.id, profile.summary, judge, seed=seed, asks=asks)

    found = await AsyncioExecutor().map(people, one, concurrency=concurrency)
    return IntrinsicResult(tuple(found), judge.name, seed)


async def judge_text(id: str, text: str, judge: ChatModel, *, seed: int = 0, asks: int = ASKS) -> Intrinsic:
    """Step 11 for one text, of whatever origin."""
    if not text.strip():
        return Intrinsic(id, None, None, None, (Failure("missing", "there is no text to judge", id),))
    told = await RECOVER.ask(judge, {"text": text}, item=id, asks=asks, seed=seed)
    shown = {"text": text, "attributes": attribute_lines(told)}
    rated = await RATE.ask(judge, shown, item=id, asks=asks, seed=seed)
    failures = tuple(answer.failure for answer in (told, rated) if answer.failure is not None)
    return Intrinsic(
        id,
        None if told.values is None else distinct_attributes(told),
        None if rated.values is None else int(rated["uniqueness"]),
        None if rated.values is None else int(rated["actionability"]),
        failures,
    )


def distinct_attributes(told: Answer) -> int:
    """How many attributes of different names a reply lists."""
    return len({name for fact in told["items"] if (name := letters_and_digits(str(fact["attribute"])))})


def attribute_lines(told: Answer) -> str:
    """What was recovered, one ``attribute: value`` a line; "" where nothing was."""
    facts = [] if told.values is None else told["items"]
    return "\n".join(
        f"{' '.join(str(fact['attribute']).split())}: {' '.join(str(fact['answer']).split())}" for fact in facts
    )


# --- step 12: personalised answers, ten metrics ---


@lru_cache(maxsize=1)
def _qa() -> tuple[tuple[str, ...], dict[str, Rubric]]:
    data = tomllib.loads(read_data("qa.toml"))
    rubrics = {id: Rubric(row["criterion"], tuple(row["levels"]), id=id) for id, row in data["metric"].items()}
    return tuple(data["questions"]), rubrics


def qa_questions() -> tuple[str, ...]:
    """Everyday requests."""
    return _qa()[0]


def qa_rubrics() -> dict[str, Rubric]:
    """The ten metrics: name -> rubric."""
    return dict(_qa()[1])


@dataclass(frozen=True)
class Judged:
    """One answer to one person and its grades.

    Args:
        id: Person and number of the question.
        person: Whose.
        answer: What the assistant said; "" where it failed.
        grades: Metric -> grade.
        failures: Everything that failed.
    """

    id: str
    person: str
    answer: str
    grades: dict[str, Grade] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()

    def as_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": f"qa/{self.id}",
            "answer": self.answer,
            "grades": {name: grade.value for name, grade in self.grades.items()},
            "failures": count_failures(self.failures),
        }


@dataclass(frozen=True)
class QAResult:
    """Answers to all people and their grades."""

    answers: tuple[Judged, ...]
    seed: int = 0

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row an answer."""
        return (answer.as_row() for answer in self.answers)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that failed."""
        return tuple(f for answer in self.answers for f in answer.failures)

    def estimates(self) -> dict[str, Estimate]:
        """The mean of each metric; people are resampled."""
        from personarium.stats import bootstrap_mean

        groups = [answer.person for answer in self.answers]
        columns = {
            name: [answer.grades[name].value if name in answer.grades else None for answer in self.answers]
            for name in qa_rubrics()
        }
        return {name: bootstrap_mean(values, "person", groups, seed=self.seed) for name, values in columns.items()}


async def evaluate_qa(
    people: Sequence[Profile],
    assistant: ChatModel,
    judge: ChatModel,
    *,
    questions: Sequence[str] | None = None,
    seed: int = 0,
    asks: int = ASKS,
    concurrency: int = 20,
) -> QAResult:
    """Step 12: an assistant that knows the person answers, a judge grades the answers by ten metrics.

    Args:
        people: Whom the assistant helps; it sees their account, or their attributes where there is none.
        assistant: Who answers.
        judge: Who grades, seeing the same.
        questions: What the people ask; the bundled questions where it is None.
        seed: Of all draws.
        asks: Most times a question is put.
        concurrency: Answers at once.

    Raises:
        UsageError: No question.
    """
    asked = qa_questions() if questions is None else tuple(questions)
    if not asked:
        raise UsageError("at least one question is needed")
    grading = Judge(judge, asks=asks, seed=seed)

    async def one(job: tuple[Profile, int]) -> Judged:
        profile, k = job
        return await _judged(profile, k, asked[k], assistant, grading, seed, asks)

    jobs = [(profile, k) for profile in people for k in range(len(asked))]
    return QAResult(tuple(await AsyncioExecutor().map(jobs, one, concurrency=concurrency)), seed)


async def _judged(
    profile: Profile, k: int, question: str, assistant: ChatModel, grading: Judge, seed: int, asks: int
) -> Judged:
    known, id = profile.summary or profile.table(), f"{profile.id}/{k + 1}"
    answer = await ANSWER.ask(assistant, {"person": known, "question": question}, item=id, asks=asks, seed=seed)
    if answer.failure is not None:
        return Judged(id, profile.id, "", {}, (answer.failure,))
    said = str(answer["text"])
    grades = {
        name: await grading.grade(rubric, question, said, persona=known, item=f"{id}/{name}")
        for name, rubric in qa_rubrics().items()
    }
    return Judged(id, profile.id, said, grades, tuple(f for grade in grades.values() for f in grade.failures))
