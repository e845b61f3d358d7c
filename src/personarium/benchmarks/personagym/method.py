"""PersonaGym: does a model play a persona well? Five tasks, graded by an ensemble of judges on enriched rubrics.

The protocol in the paper's order: settings, questions, answers, score examples, rubrics, grading, parsing, aggregation.

Source: *PersonaGym: Evaluating Persona Agents and LLMs*, arXiv 2407.18416 (EMNLP Findings 2025); method page steps 1-8.
Differs: prompts are in our own words; a batch whose headings are not complete is unparsed and not guessed; a judge that could
not be read is missing and not 0 (``missing``); a failed call is a failure and never graded as text. ``as_published`` brings
each published fault back by its erratum id. Units: scores are points from 1 to 5; the unit of analysis is the persona.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from personarium.benchmarks.personagym.aggregation import Missing
from personarium.benchmarks.personagym.bundled import load_personas, load_questions, load_settings
from personarium.benchmarks.personagym.results import PersonaGymResult, QuestionResult
from personarium.benchmarks.personagym.steps import (
    ANSWER,
    EXAMPLES,
    GRADE,
    QUESTIONS,
    SETTINGS,
    STEPS,
    printed_list,
    read_examples,
    read_grades,
    read_question_list,
)
from personarium.benchmarks.personagym.tasks import BY_NAME, TASKS, Task
from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.errors import UsageError, shorten
from personarium.core.persona import Persona
from personarium.core.results import Failure, count_failures
from personarium.models.step import Answer
from personarium.runs import Outcome, map_items

T = TypeVar("T")
R = TypeVar("R")
Questions = Mapping[str, Sequence[str]]

ERRATA = (
    "examples-joined",
    "example-lines-lost",
    "failed-call-graded",
    "question-characters",
    "printed-rubrics",
    "unparsed-batch-zero",
    "loose-verdict",
    "missing-heading",
    "last-persona-only",
)


@dataclass(frozen=True)
class PersonaGymConfig:
    """The paper's constants.

    Args:
        tasks: Which tasks, by name.
        questions_per_task: 10 (paper).
        batch_size: Questions graded in one prompt: 5 (code); 1 avoids order effects.
        question_attempts: Times that a question list is asked for: 5 (code).
        example_attempts: Times that the score examples are asked for until every question has its block: 5 (ours).
        grade_attempts: Times that a judge is asked: 1 (code).
        missing: ``drop`` (ours) or ``paper``, see :func:`task_score`.
        identity: Whose identity the player gets: its own (``own``), none (``none``) or the next persona's
            (``shuffled``); the last two are the benchmark's trivial baselines. An own agent gets none: the bare question.
    """

    tasks: tuple[str, ...] = tuple(task.name for task in TASKS)
    questions_per_task: int = 10
    batch_size: int = 5
    question_attempts: int = 5
    example_attempts: int = 5
    grade_attempts: int = 1
    missing: Missing = "drop"
    identity: str = "own"

    def __post_init__(self) -> None:
        unknown = [task for task in self.tasks if task not in BY_NAME]
        if unknown:
            raise UsageError(f"no PersonaGym task is called '{unknown[0]}'; the tasks are {', '.join(BY_NAME)}")
        if self.batch_size < 1 or self.questions_per_task < 1:
            raise UsageError("batch_size and questions_per_task must be at least 1")
        if self.missing not in ("drop", "paper"):
            raise UsageError(f"missing must be drop or paper, found {shorten(self.missing)}")
        if self.identity not in ("own", "none", "shuffled"):
            raise UsageError(f"identity must be own, none or shuffled, found '{self.identity}'")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question on its way: who, which task, which place."""

    persona: Persona
    task: Task
    index: int
    question: str
    identity: str

    @property
    def id(self) -> str:
        return f"{self.persona.id}/{self.task.name}/{self.index}"


@dataclass(frozen=True)
class Batch:
    """Up to ``batch_size`` answered questions of one persona and task, with the answers (None: there is none)."""

    persona: Persona
    task: Task
    number: int
    asked: tuple[Asked, ...]
    answers: Mapping[str, str | None]
    examples: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.persona.id}/{self.task.name}/batch{self.number}"

    @property
    def graded(self) -> tuple[Asked, ...]:
        """The questions that have an answer; only these are graded."""
        return tuple(a for a in self.asked if self.answers[a.id] is not None)


async def run_personagym(
    player: ChatModel,
    judges: Sequence[ChatModel],
    *,
    personas: Sequence[Persona] | None = None,
    questions: str | Mapping[str, Questions] = "stored",
    writer: ChatModel | None = None,
    config: PersonaGymConfig = PersonaGymConfig(),
    seed: int = 0,
    as_published: Published = False,
    run: Any = None,
    concurrency: int = 100,
) -> PersonaGymResult:
    """Run the benchmark.

    Args:
        player: Who plays the personas.
        judges: One or more judges; the paper has two.
        personas: Whom to play; the 200 of the benchmark by default.
        questions: ``stored`` (the benchmark's own, for its own personas), ``fresh`` (settings and questions are written
            for every persona), or your own: persona id -> task -> questions.
        writer: Writes settings, questions and score examples; the first judge by default.
        config: The paper's constants and our choices.
        seed: Seed of every draw.
        as_published: True, or a set of erratum ids, brings published faults back.
        run: A run folder to record and resume in; without one nothing is kept.
        concurrency: Items worked on at once.

    Raises:
        UsageError: No judge, or no stored questions for a persona.
    """
    if not judges:
        raise UsageError("PersonaGym needs at least one judge")
    work = _Work(player, tuple(judges), writer or judges[0], config, seed, run, concurrency)
    work.faults = published_faults(as_published, ERRATA)
    if run is not None:
        run.add_prompts(STEPS)
    people = list(load_personas() if personas is None else personas)
    asked = await _all_questions(work, people, questions)
    answers = await _answers(work, asked)
    batches = _batches(work, asked, answers)
    batches = await _examples(work, batches)
    verdicts = await _grades(work, batches)
    return _result(work, asked, answers, batches, verdicts)


@dataclass
class _Work:
    """What every step of one run shares."""

    player: ChatModel
    judges: tuple[ChatModel, ...]
    writer: ChatModel
    config: PersonaGymConfig
    seed: int
    run: Any
    concurrency: int
    faults: frozenset[str] = frozenset()
    failures: list[Failure] = field(default_factory=list)
    reasks: int = 0

    @property
    def missing(self) -> Missing:
        return "paper" if "unparsed-batch-zero" in self.faults else self.config.missing

    @property
    def judge_names(self) -> tuple[str, ...]:
        """Judge names, numbered where two judges are the same model."""
        names = [judge.name for judge in self.judges]
        return tuple(n if names.count(n) == 1 else f"{n} #{names[:k].count(n) + 1}" for k, n in enumerate(names))

    def same_judges_before(self, k: int) -> int:
        """How many earlier judges are the same model: the second one's verdict is another sample."""
        return sum(judge.name == self.judges[k].name for judge in self.judges[:k])

    def took(self, answer: Answer) -> Answer:
        """Count the re-asks of an answer."""
        self.reasks += max(0, answer.asks - 1)
        return answer

    async def map(
        self, stage: str, items: Iterable[T], work: Callable[[T], Awaitable[R | Failure]], key: Callable[[T], str]
    ) -> list[Outcome[R]]:
        """Work on all items of a stage, in the run when there is one."""
        return await map_items(self.run, stage, items, work, key=key, concurrency=self.concurrency)


# --- steps 1 and 2: settings and questions ---


async def _all_questions(work: _Work, people: Sequence[Persona], questions: Any) -> list[Asked]:
    per_persona: dict[str, Questions]
    if questions == "fresh":
        written = await work.map("questions", people, lambda p: _write_questions(work, p), lambda p: p.id)
        per_persona = {o.key: o.value or {} for o in written}
    elif questions == "stored":
        per_persona = {p.id: _stored(p) for p in people}
    elif isinstance(questions, Mapping):
        per_persona = {p.id: _own(questions, p) for p in people}
    else:
        raise UsageError("questions must be 'stored', 'fresh', or a mapping from persona id to questions by task")
    return [
        Asked(person, BY_NAME[task], index, question, _identity(work, people, place))
        for place, person in enumerate(people)
        for task in work.config.tasks
        for index, question in enumerate(per_persona[person.id].get(task, ()))
    ]


def _stored(person: Persona) -> Questions:
    found = load_questions().get(person.id)
    if found is None:
        raise UsageError(
            f"the benchmark has no stored questions for persona {person.id}; use fresh questions, or give your own"
        )
    return found


def _own(questions: Mapping[str, Questions], person: Persona) -> Questions:
    found = questions.get(person.id)
    if found is None:
        raise UsageError(f"no questions were given for persona {person.id}")
    return found


def _identity(work: _Work, people: Sequence[Persona], place: int) -> str:
    if work.config.identity == "none":
        return ""
    other = people[(place + 1) % len(people)] if work.config.identity == "shuffled" else people[place]
    return other.view("personagym").text


def in_words(person: Persona) -> str:
    """The persona as the writer and the judges see it."""
    said = [facet for facet in person.facets if not facet.machinery]
    return str(said[0].value) if len(said) == 1 and said[0].text is None else person.view("card").text


async def _write_questions(work: _Work, person: Persona) -> dict[str, list[str]] | Failure:
    words = in_words(person)
    chosen = await SETTINGS.ask(work.writer, {"persona": words, "settings": load_settings()}, seed=work.seed)
    if chosen.failure is not None:
        work.failures.append(chosen.failure)
        return chosen.failure
    written: dict[str, list[str]] = {}
    for name in work.config.tasks:
        inputs = question_inputs(words, list(dict.fromkeys(chosen["items"])), BY_NAME[name], work.config)
        answer = work.took(
            await QUESTIONS.ask(
                work.writer, inputs, item=f"{person.id}/{name}", asks=work.config.question_attempts, seed=work.seed
            )
        )
        if answer.failure is not None and "question-characters" in work.faults:
            values = read_question_list(work.faults)(answer.text)
            written[name] = list(values["items"]) if isinstance(values, dict) else []
        elif answer.failure is not None:
            work.failures.append(answer.failure)
        else:
            written[name] = [str(q) for q in answer["items"]]
    return written


def question_inputs(words: str, settings: Sequence[str], task: Task, config: PersonaGymConfig) -> dict[str, Any]:
    """What step 2 is asked with."""
    return {
        "persona": words,
        "settings": list(settings),
        "task": task.name,
        "guideline": task.guideline,
        "count": config.questions_per_task,
    }


# --- step 3: answers ---


async def _answers(work: _Work, asked: Sequence[Asked]) -> dict[str, Answer]:
    async def one(item: Asked) -> Answer | Failure:
        inputs = {"identity": item.identity, "question": item.question}
        return _or_failure(await ANSWER.ask(work.player, inputs, seed=work.seed))

    outcomes = await work.map("answers", asked, one, lambda a: a.id)
    return {o.key: _answer_in(o) for o in outcomes}


def _or_failure(answer: Answer) -> Answer | Failure:
    """What a stage gets: an answer that failed is listed in the run as the failure that it is."""
    return answer if answer.failure is None else answer.failure


def _answer_in(outcome: Outcome[Answer]) -> Answer:
    if outcome.value is not None:
        return outcome.value
    raw = outcome.failure.raw if outcome.failure is not None else ()
    return Answer(None, raw[-1] if raw else "", outcome.failure, len(raw), raw)


def _text(work: _Work, answer: Answer) -> str | None:
    if answer.values is not None:
        return str(answer.values["text"])
    return "Error" if "failed-call-graded" in work.faults else None


# --- step 4: score examples; step 5: rubrics ---


def _batches(work: _Work, asked: Sequence[Asked], answers: Mapping[str, Answer]) -> list[Batch]:
    size = work.config.batch_size
    found: dict[tuple[str, str, int], list[Asked]] = {}
    for item in asked:
        found.setdefault((item.persona.id, item.task.name, item.index // size), []).append(item)
    return [
        Batch(group[0].persona, group[0].task, number, tuple(group), {a.id: _text(work, answers[a.id]) for a in group})
        for (_, _, number), group in found.items()
    ]


async def _examples(work: _Work, batches: Sequence[Batch]) -> list[Batch]:
    async def one(batch: Batch) -> Answer | Failure:
        inputs = example_inputs(batch)
        read = read_examples(len(batch.asked), work.faults)
        asks = work.config.example_attempts
        return _or_failure(work.took(await EXAMPLES.ask(work.writer, inputs, asks=asks, seed=work.seed, read=read)))

    outcomes = await work.map("examples", batches, one, lambda b: b.id)
    return [_with_examples(work, b, _answer_in(o)) for b, o in zip(batches, outcomes, strict=True)]


def _with_examples(work: _Work, batch: Batch, answer: Answer) -> Batch:
    """A batch whose examples could not be had is graded without, and the failure is listed."""
    if answer.failure is not None:
        work.failures.append(answer.failure)
    blocks = answer.values["blocks"] if answer.values is not None else [""] * len(batch.asked)
    return replace(batch, examples=tuple(blocks))


def example_inputs(batch: Batch) -> dict[str, Any]:
    """What step 4 is asked with."""
    return {
        "persona": in_words(batch.persona),
        "rubric": batch.task.rubric.render(),
        "questions": [a.question for a in batch.asked],
    }


# --- steps 6 and 7: grading and parsing ---


async def _grades(work: _Work, batches: Sequence[Batch]) -> dict[tuple[str, int], Answer]:
    jobs = [(batch, k) for batch in batches if batch.graded for k in range(len(work.judges))]

    async def one(job: tuple[Batch, int]) -> Answer | Failure:
        batch, k = job
        read = read_grades(len(batch.graded), work.faults)
        answer = await GRADE.ask(
            work.judges[k],
            grade_inputs(batch, work.faults),
            asks=work.config.grade_attempts,
            seed=work.seed,
            sample=work.same_judges_before(k),
            read=read,
        )
        return _or_failure(work.took(answer))

    outcomes = await work.map("grading", jobs, one, lambda job: f"{job[0].id}/judge{job[1] + 1}")
    return {(batch.id, k): _answer_in(o) for (batch, k), o in zip(jobs, outcomes, strict=True)}


def grade_inputs(batch: Batch, faults: frozenset[str] = frozenset()) -> dict[str, Any]:
    """What step 6 is asked with: each question with its own rubric and its own examples."""
    example_of = dict(zip((a.id for a in batch.asked), batch.examples, strict=True))
    cases = [
        {
            "rubric": batch.task.rubric.render(),
            "examples": example_of[a.id],
            "question": a.question,
            "answer": batch.answers[a.id],
        }
        for a in batch.graded
    ]
    if "printed-rubrics" in faults:
        for case in cases:
            case["rubric"] = printed_list([str(case["rubric"])])
    return {"persona": in_words(batch.persona), "cases": cases}


# --- step 8: the result ---


def _result(
    work: _Work,
    asked: Sequence[Asked],
    answers: Mapping[str, Answer],
    batches: Sequence[Batch],
    verdicts: Mapping[tuple[str, int], Answer],
) -> PersonaGymResult:
    batch_of = {a.id: batch for batch in batches for a in batch.asked}
    rows = tuple(_row(work, item, answers[item.id], batch_of[item.id], verdicts) for item in asked)
    return PersonaGymResult(
        rows, work.judge_names, work.player.name, work.missing, tuple(work.failures), work.seed, work.reasks
    )


def _row(
    work: _Work, item: Asked, answer: Answer, batch: Batch, verdicts: Mapping[tuple[str, int], Answer]
) -> QuestionResult:
    scores: dict[str, int | None] = {}
    reasons: dict[str, str] = {}
    failures = [answer.failure] if answer.failure is not None else []
    place = [a.id for a in batch.graded].index(item.id) if item in batch.graded else None
    for k, judge in enumerate(work.judge_names):
        verdict = verdicts.get((batch.id, k))
        if place is None or verdict is None:
            scores[judge] = None  # nothing to grade: the answer's failure says why
        elif verdict.values is None:
            scores[judge], reasons[judge] = None, verdict.text
            failures.append(verdict.failure or Failure("missing", "no verdict", item.id))
        else:
            scores[judge] = verdict.values["scores"][place]
            reasons[judge] = verdict.values["reasons"][place]
            if scores[judge] is None:
                failures.append(
                    Failure("unparsed", f"no readable final score from {judge}", item.id, (reasons[judge],))
                )
    return QuestionResult(
        item.id,
        item.persona.id,
        in_words(item.persona),
        item.task.name,
        item.index,
        batch.number,
        item.question,
        batch.answers[item.id],
        scores,
        reasons,
        tuple(failures),
    )


# --- planning and the contract ---


def plan_calls(
    personas: int,
    judges: int,
    config: PersonaGymConfig = PersonaGymConfig(),
    fresh: bool = False,
    questions: Mapping[str, Questions] | None = None,
) -> dict[str, int]:
    """Calls of each step, re-asks and retries not counted: 86 for one persona and two judges, 80 with stored questions."""
    tasks = len(config.tasks)
    if questions is None:
        lists = [config.questions_per_task] * (personas * tasks)
    else:
        lists = [len(asked) for by_task in questions.values() for asked in by_task.values()]
    batches = sum(-(-length // config.batch_size) for length in lists)
    counts = {
        SETTINGS.name: personas if fresh else 0,
        QUESTIONS.name: personas * tasks if fresh else 0,
        ANSWER.name: sum(lists),
        EXAMPLES.name: batches,
        GRADE.name: batches * judges,
    }
    return {name: count for name, count in counts.items() if count}


_EXAMPLE = "A 71-year-old retired nurse from Italy, volunteering in hospice care and advocating for compassionate end-of-life support"


async def _contract_example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    config = PersonaGymConfig(questions_per_task=2, batch_size=2)
    person = Persona.from_text(_EXAMPLE, id="example")
    result = await run_personagym(model, [model], personas=[person], questions="fresh", config=config, seed=seed)
    summary = {"id": "setup", "failures": count_failures(result.setup_failures), "unparsed": result.unparsed}
    return [summary, *result.rows()]


CONTRACT = Contract(
    example=_contract_example,
    steps=STEPS,
    first=(SETTINGS.name, {"persona": _EXAMPLE, "settings": load_settings()}),
    unheard={
        f"{SETTINGS.name}/rules": "the subject follows the form's alternatives, not prose about them",
        f"{QUESTIONS.name}/rules": "the subject writes from persona and materials and does not weigh a guideline",
        f"{EXAMPLES.name}/rules": "the form says the same",
        f"{GRADE.name}/examples": "the subject grades by what it reads, not by comparison with examples",
    },
)
