"""Asking a population a questionnaire: each person for itself, question by question, as interviews that nothing remembers.

Source: deeppersona page, step 13 (each person asked several times, independently); conditions, permuted options, checked
answers and kept raw replies are the laboratory's (the page's traps).
Differs: answers are never averaged before they are compared; a number out of range, "nan" or a wrong option is counted.
Units: persons; several answers of one person are one cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from personarium.core.chat import ChatModel
from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.core.results import Failure
from personarium.core.views import Style
from personarium.models.step import Answer, Step
from personarium.play.survey.conditions import SKIPPED
from personarium.play.survey.prompting import ASK, Read, Shown, inputs_for, read_page, show
from personarium.play.survey.questions import Question, Questionnaire, Value
from personarium.runs.mapping import map_items
from personarium.runs.outcome import values_or_failures
from personarium.text.form import Unparsed

if TYPE_CHECKING:
    from personarium.play.survey.result import SurveyResult
    from personarium.runs.plan import Plan
    from personarium.runs.run import Run

CONCURRENCY = 100
# answered; invalid and unparsed (see prompting); refused, empty, error; skipped (its condition does not hold) and blocked
# (an answer that its condition needs failed).
Status = Literal["answered", "invalid", "unparsed", "refused", "empty", "error", "skipped", "blocked"]
NOT_ASKED = frozenset({"skipped", "blocked"})


@dataclass(frozen=True, slots=True)
class SurveyConfig:
    """How a survey is done.

    Args:
        repeats: How often every person is asked, each time a different sample.
        by_section: One call a section instead of one a question (see :meth:`Questionnaire.pages`).
        style: How a persona is put into words; ``none`` asks the model itself, once for each person.
        temperature: Of the answers (not stated by the source).
        baseline: How often the model is also asked without any persona; 0 for not at all.
        asks: How often a question is put while the reply is no answer (1: a wrong answer is data).
        seed: Of samples and of the order of options.
    """

    repeats: int = 1
    by_section: bool = False
    style: Style | Literal["none"] = "system"
    temperature: float = 1.0
    baseline: int = 0
    asks: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.repeats < 1 or self.asks < 1 or self.baseline < 0:
            raise UsageError("repeats and asks are at least 1 and baseline at least 0")


@dataclass(frozen=True, slots=True)
class Given:
    """What became of one question with one person.

    Args:
        person: The persona's id; of the baseline a number.
        question: The question's id.
        repeat: Which time it was asked, from 0.
        status: See :data:`Status`.
        value: The answer, None unless answered.
        raw: The reply as it came, "" where it was not asked.
        reason: Why there is no answer.
        order: The options' keys in the order shown.
    """

    person: str
    question: str
    repeat: int
    status: Status
    value: Value | None = None
    raw: str = ""
    reason: str = ""
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interview:
    """One time that one person is asked: its key in the run, its text, which sample it draws."""

    person: str
    text: str
    repeat: int
    sample: int

    @property
    def key(self) -> str:
        return f"{self.person}/{self.repeat}"


async def run_survey(
    model: ChatModel,
    questionnaire: Questionnaire,
    people: Sequence[Persona],
    *,
    weights: Sequence[float] | None = None,
    config: SurveyConfig | None = None,
    run: Run | None = None,
    concurrency: int = CONCURRENCY,
) -> SurveyResult:
    """Ask every person every question that concerns it.

    Args:
        model: Who answers as the persons.
        questionnaire: What is asked.
        people: Who is asked; ids must differ.
        weights: How much each person counts; all alike without.
        config: Repeats, views, baseline, seed.
        run: The run to record and resume in.
        concurrency: Interviews at once.

    Raises:
        UsageError: When there is nobody, an id occurs twice, or weights are not one for each person and above 0.
    """
    from personarium.play.survey.result import SurveyResult

    chosen = config or SurveyConfig()
    shares = _checked(people, weights)
    if run is not None:
        run.add_prompts((ASK,))
    asked = list(_interviews(people, chosen))
    answers = await _hold(model, questionnaire, asked, chosen, run, "survey", concurrency)
    alone = [Interview(f"{k:04d}", "", 0, k) for k in range(chosen.baseline)]
    baseline = await _hold(model, questionnaire, alone, chosen, run, "survey.no_persona", concurrency)
    ids = tuple(person.id for person in people)
    return SurveyResult(questionnaire, ids, shares, answers, baseline, model.name, chosen)


def _checked(people: Sequence[Persona], weights: Sequence[float] | None) -> tuple[float, ...]:
    if not people:
        raise UsageError("a survey needs at least one person")
    if len({person.id for person in people}) < len(people):
        raise UsageError("two persons have the same id; give each its own")
    if weights is None:
        return (1.0,) * len(people)
    numbers = tuple(float(weight) for weight in weights)
    if len(numbers) != len(people) or not all(0 < weight < float("inf") for weight in numbers):
        raise UsageError(f"weights must be {len(people)} numbers above 0, one for each person")
    return numbers


def _interviews(people: Sequence[Persona], config: SurveyConfig) -> Iterator[Interview]:
    for k, person in enumerate(people):
        text = "" if config.style == "none" else person.view(config.style).text.strip()
        for repeat in range(config.repeats):
            # Nobody's text tells two persons apart, so that there every interview is another sample.
            sample = k * config.repeats + repeat if config.style == "none" else repeat
            yield Interview(person.id, text, repeat, sample)


async def _hold(
    model: ChatModel,
    questionnaire: Questionnaire,
    interviews: Sequence[Interview],
    config: SurveyConfig,
    run: Run | None,
    stage: str,
    concurrency: int,
) -> tuple[Given, ...]:
    """All interviews of a stage, in order."""
    if not interviews:
        return ()

    pages = questionnaire.pages(config.by_section)

    async def one(interview: Interview) -> tuple[Given, ...] | Failure:
        given = await _interview(model, questionnaire, pages, interview, config)
        tried = [one for one in given if one.status not in NOT_ASKED]
        # Said to the run as a failure, so that it stops when a model is not to be had at all.
        lost = bool(tried) and all(one.status == "error" for one in tried)
        return Failure("error", tried[0].reason, interview.key) if lost else given

    outcomes = await map_items(run, stage, interviews, one, key=lambda one: one.key, concurrency=concurrency)
    found = values_or_failures(outcomes)
    return tuple(
        answer
        for interview, given in zip(interviews, found, strict=True)
        for answer in (_lost(questionnaire, interview, given) if isinstance(given, Failure) else given)
    )


def _lost(questionnaire: Questionnaire, interview: Interview, failure: Failure) -> Iterator[Given]:
    """Every question of an interview that could not be held; those with a condition were never come to."""
    for question in questionnaire.questions:
        status: Status = "error" if question.ask_if is None else "blocked"
        yield Given(interview.person, question.id, interview.repeat, status, reason=failure.reason)


async def _interview(
    model: ChatModel,
    questionnaire: Questionnaire,
    pages: Sequence[Sequence[Question]],
    interview: Interview,
    config: SurveyConfig,
) -> tuple[Given, ...]:
    """One interview: page after page, each decided by the answers before it; what was said is not shown again."""
    answers: dict[str, Any] = {}
    given: list[Given] = []
    for page in pages:
        met = True if page[0].ask_if is None else page[0].ask_if.met(answers)
        if met is not True:
            status: Status = "skipped" if met is False else "blocked"
            answers.update((question.id, SKIPPED if met is False else None) for question in page)
            given += [Given(interview.person, question.id, interview.repeat, status) for question in page]
            continue
        for one in await _ask(model, questionnaire, page, interview, config):
            answers[one.question] = one.value
            given.append(one)
    return tuple(given)


async def _ask(
    model: ChatModel,
    questionnaire: Questionnaire,
    page: Sequence[Question],
    interview: Interview,
    config: SurveyConfig,
) -> list[Given]:
    shown = [show(question, f"{config.seed}|{interview.key}") for question in page]
    inputs = inputs_for(shown, interview.text, questionnaire.intro_of(page[0]))

    def read(reply: str) -> dict[str, Any] | Unparsed:
        found = read_page(shown, reply)
        reasons = [one.reason for one in found.values() if one.status != "answered"]
        return Unparsed(reasons[0], reply) if len(reasons) == len(found) else found

    answer = await ASK.ask(
        model,
        inputs,
        item=f"{interview.key}/{page[0].id}",
        sample=interview.sample,
        asks=config.asks,
        read=read,
        seed=config.seed,
        sampling=ASK.sampling.but(temperature=config.temperature),
    )
    return [_given(one, answer, shown, interview) for one in shown]


def _given(one: Shown, answer: Answer, page: Sequence[Shown], interview: Interview) -> Given:
    id, failure = one.question.id, answer.failure
    if failure is not None and failure.kind != "unparsed":
        read = Read(None, failure.kind, failure.reason)
    else:
        read = (answer.values or read_page(page, answer.text))[id]
    return Given(
        interview.person,
        id,
        interview.repeat,
        read.status,  # type: ignore[arg-type]
        read.value,
        answer.text,
        read.reason,
        one.order,
    )


def plan_survey(
    plan: Plan, model: str, questionnaire: Questionnaire, people: Sequence[Persona], config: SurveyConfig
) -> None:
    """Write into the plan of a dry run the most calls that a survey makes: conditions may save some.

    Args:
        plan: The plan.
        model: The model's name.
        questionnaire: What is asked.
        people: Who is asked; prompts are measured on the first.
        config: As for :func:`run_survey`.
    """
    from personarium.runs.plan import estimate_prompt_tokens

    _checked(people, None)
    first = next(_interviews(people[:1], config))
    kinds = [(first, len(people) * config.repeats)]
    if config.baseline:
        kinds.append((Interview("0000", "", 0, 0), config.baseline))
    for interview, times in kinds:
        for page in questionnaire.pages(config.by_section):
            shown = [show(question, f"{config.seed}|{interview.key}") for question in page]
            messages = ASK.render(**inputs_for(shown, interview.text, questionnaire.intro_of(page[0])))
            name = (
                f"{ASK.name} ({page[0].id})" if interview.text or config.style == "none" else f"{ASK.name} (no persona)"
            )
            plan.see(name, model, messages, ASK.sampling)
            plan.expect(name, model, times - 1, prompt_tokens=estimate_prompt_tokens(messages))


STEPS: tuple[Step, ...] = (ASK,)
