"""PersonaGym question by question: as many questions for one persona as wanted, and the score of each by itself.

The benchmark grades five answers in one prompt and has ten questions a task; a test that stops as soon as it knows enough
needs items that are independent and more of them than ten. So each question is answered and graded alone, by the same
steps, and the writer is asked for list after list.

Source: PersonaGym (arXiv 2407.18416), steps 1 to 7. Differs: batches of one question; several lists of ten; an answer that
refuses to answer is a failure and has no score.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from personarium.benchmarks.personagym.bundled import load_settings
from personarium.benchmarks.personagym.instrument import POINTS
from personarium.benchmarks.personagym.method import PersonaGymConfig, in_words, question_inputs, run_personagym
from personarium.benchmarks.personagym.planning import plan_personagym
from personarium.benchmarks.personagym.results import QuestionResult
from personarium.benchmarks.personagym.steps import ANSWER, EXAMPLES, GRADE, QUESTIONS, SETTINGS
from personarium.benchmarks.personagym.tasks import BY_NAME
from personarium.core.chat import ChatModel
from personarium.core.errors import RemoteError
from personarium.core.persona import Persona
from personarium.core.results import Failure
from personarium.measure.gate import Verdict, run_gate
from personarium.runs import AsyncioExecutor, Plan, Run
from personarium.runs.plan import StepPlan
from personarium.text.refusals import is_refusal

ITEM_STEPS = (SETTINGS, QUESTIONS, ANSWER, EXAMPLES, GRADE)
_BARREN = 2  # lists in a row without a new question before the writer is taken to have no more


@dataclass(frozen=True, slots=True)
class Item:
    """One question of one task; ``index`` is its place in the order of asking."""

    task: str
    question: str
    index: int

    @property
    def id(self) -> str:
        """``task/index``."""
        return f"{self.task}/{self.index}"


def in_random_order(
    questions: Mapping[str, Sequence[str]], seed: int = 0, first: Iterable[tuple[str, str]] = ()
) -> list[Item]:
    """Given questions as items in an order drawn with the seed.

    Args:
        questions: Task -> questions.
        seed: Of the draw.
        first: (task, question) of items that come before all others and keep their order: what an earlier run asked.
    """
    known = {(task, question): None for task, asked in questions.items() for question in asked}
    before = [pair for pair in dict.fromkeys(first) if pair in known]
    rest = [pair for pair in known if pair not in set(before)]
    random.Random(f"{seed} order of items").shuffle(rest)
    return [Item(task, question, k) for k, (task, question) in enumerate([*before, *rest])]


@dataclass
class WrittenItems:
    """Items that a model writes for a persona, list by list, only as they are wanted; iterate with ``async for``.

    Each round asks for one list a task and gives the new questions of all tasks in an order drawn with the seed. The order
    does not depend on how many are taken.

    Args:
        writer: Who writes.
        persona: For whom.
        config: Tasks, questions in a list, attempts at a list.
        seed: Of the run.

    Attributes:
        failures: Lists that could not be had.
    """

    writer: ChatModel
    persona: Persona
    config: PersonaGymConfig = PersonaGymConfig()
    seed: int = 0
    failures: list[Failure] = field(default_factory=list)

    async def __aiter__(self) -> AsyncIterator[Item]:
        """The items; ends when two rounds in a row bring nothing new.

        Raises:
            RemoteError: When the writer cannot be reached before there is any question.
        """
        settings = await self._settings()
        seen: set[tuple[str, str]] = set()
        number = barren = 0
        while settings and barren < _BARREN:
            new = _new(await self._lists(settings, number), seen)
            random.Random(f"{self.seed} list {number}").shuffle(new)
            for task, question in new:
                yield Item(task, question, len(seen))
                seen.add((task, plain(question)))
            number, barren = number + 1, 0 if new else barren + 1

    async def _settings(self) -> list[str]:
        inputs = {"persona": in_words(self.persona), "settings": load_settings()}
        chosen = await SETTINGS.ask(self.writer, inputs, item=self.persona.id, seed=self.seed)
        if chosen.failure is not None:
            self._failed(chosen.failure, first=True)
            return []
        return list(dict.fromkeys(chosen["items"]))

    async def _lists(self, settings: Sequence[str], number: int) -> list[tuple[str, str]]:
        async def one(task: str) -> list[tuple[str, str]]:
            return await self._list(settings, task, number)

        lists = await AsyncioExecutor().map(self.config.tasks, one)
        return [pair for pairs in lists for pair in pairs]

    async def _list(self, settings: Sequence[str], task: str, number: int) -> list[tuple[str, str]]:
        answer = await QUESTIONS.ask(
            self.writer,
            question_inputs(in_words(self.persona), settings, BY_NAME[task], self.config),
            item=f"{self.persona.id}/{task}",
            sample=number,
            asks=self.config.question_attempts,
            seed=self.seed,
        )
        if answer.failure is not None:
            self._failed(answer.failure, first=number == 0)
            return []
        return [(task, str(question)) for question in answer["items"]]

    def _failed(self, failure: Failure, first: bool) -> None:
        self.failures.append(failure)
        if first and failure.kind == "error":
            raise RemoteError(f"no questions could be written: {failure.reason}")


def _new(pairs: Iterable[tuple[str, str]], seen: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """What has not been asked yet, each once."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for task, question in pairs:
        name = (task, plain(question))
        if name[1] and name not in seen:
            found.setdefault(name, (task, question))
    return list(found.values())


def plain(question: str) -> str:
    """A question as it is compared: case and blanks make no new question."""
    return " ".join(question.casefold().split())


async def score_question(
    player: ChatModel,
    judges: Sequence[ChatModel],
    persona: Persona,
    item: Item,
    *,
    config: PersonaGymConfig = PersonaGymConfig(),
    seed: int = 0,
) -> QuestionResult:
    """Steps 3 to 7 for one question: asked by itself, graded by itself.

    Args:
        player: Who plays.
        judges: Who grades; the first also writes the score examples.
        persona: Whom.
        item: The question.
        config: Attempts and identity; its tasks and batch size do not matter here.
        seed: Of the run.
    """
    alone = replace(config, tasks=(item.task,), batch_size=1)
    questions = {persona.id: {item.task: [item.question]}}
    result = await run_personagym(player, judges, personas=[persona], questions=questions, config=alone, seed=seed)
    (answered,) = result.questions
    failures = (*answered.failures, *result.setup_failures)
    return replace(answered, id=f"{persona.id}/{item.id}", index=item.index, batch=item.index, failures=failures)


async def ask_until_sure(
    player: ChatModel,
    judges: Sequence[ChatModel],
    persona: Persona,
    items: Sequence[Item] | WrittenItems,
    *,
    at_least: float,
    confidence: float = 0.95,
    max_items: int = 60,
    most_failed: float = 0.2,
    config: PersonaGymConfig = PersonaGymConfig(),
    seed: int = 0,
    run: Run | None = None,
) -> tuple[Verdict, list[QuestionResult]]:
    """Ask question after question until it is clear whether a player reaches a score; see :func:`run_gate`.

    Args:
        player: Who plays.
        judges: Who grades; the first also writes the score examples.
        persona: Whom.
        items: The questions, in random order.
        at_least: Score to reach, strictly between 1 and 5 points.
        confidence: How sure it must be.
        max_items: The most questions asked.
        most_failed: With more than this share of the questions failed nothing is decided.
        config: As for :func:`score_question`.
        seed: Of the run.
        run: The run to record and resume in.

    Returns:
        The verdict, and every question that it rests on with its answer and scores, in the order asked.
    """
    if run is not None:
        run.add_prompts(ITEM_STEPS)
    found: dict[int, QuestionResult] = {}

    async def score(item: Item) -> float | Failure:
        found[item.index] = await score_question(player, judges, persona, item, config=config, seed=seed)
        return score_of(found[item.index])

    verdict = await run_gate(
        items,
        score,
        at_least=at_least,
        scale=POINTS,
        confidence=confidence,
        max_items=max_items,
        most_failed=most_failed,
        unit="question",
        key=lambda item: item.id,
        run=run,
    )
    return verdict, [found[k] for k in sorted(found) if k < verdict.asked]


def score_of(answered: QuestionResult) -> float | Failure:
    """The score of a question, 1 to 5 points, the mean over the judges that could be read; or why there is none.

    An answer that refuses has no score, whatever the judges made of it.
    """
    if answered.answer is not None and is_refusal(answered.answer):
        return Failure("refused", "the answer refuses to answer", answered.id, (answered.answer,))
    if answered.score is not None:
        return answered.score
    return answered.failures[0] if answered.failures else Failure("missing", "no verdict", answered.id)


def plan_items(
    plan: Plan,
    persona: Persona,
    *,
    player: str,
    judges: Sequence[str],
    items: int,
    config: PersonaGymConfig = PersonaGymConfig(),
    questions: Mapping[str, Sequence[str]] | None = None,
) -> Plan:
    """Fill a plan with the calls of at most ``items`` items; the first judge writes.

    Args:
        plan: Where to count.
        persona: Who is played.
        player: Model name of the player.
        judges: Model names of the judges.
        items: The most items asked.
        config: As for the run.
        questions: Task -> given questions; without them they are written.
    """
    sample = Plan()
    own = None if questions is None else {persona.id: questions}
    one = replace(config, batch_size=1)
    plan_personagym(
        sample, [persona], player=player, judges=judges, writer=judges[0], config=one, fresh=own is None, questions=own
    )
    a_round = len(config.tasks) * config.questions_per_task
    calls = {SETTINGS.name: 1, QUESTIONS.name: len(config.tasks) * -(-items // a_round)}
    for (step, model), entry in sample.steps.items():
        same = sum(judge == model for judge in judges) if step == GRADE.name else 1
        plan.steps[step, model] = _times(entry, calls.get(step, items * same))
    return plan


def _times(entry: StepPlan, calls: int) -> StepPlan:
    """The same step with another number of calls."""
    return StepPlan(
        calls,
        entry.prompt_tokens * calls // entry.calls,
        entry.least_completion_tokens * calls // entry.calls,
        entry.most_completion_tokens * calls // entry.calls,
        entry.sample,
    )
