r"""PersonaMath: problems with checked answers, told anew by many personas.

The procedure in the page's order: solve the seed problems and keep what the reference confirms (1a), reflect on the wrong
ones and keep what is repaired (2), let personas pose the kept problems anew (1b, more often for repaired ones), and accept a
rewrite only through the gate.

Source: *PersonaMath: Enhancing Math Reasoning through Persona-Driven Data Augmentation*, arXiv 2410.01504 (v1; v2 is retitled
and differs in data and figures); personamath page.
Differs: prompts are our own (the official ones are not published); the gate, the numbers of rewrites and the temperatures are
our own (not stated); any task with a checkable answer will do, not only GSM8K and MATH; a seed whose solver gave no reply
is dropped and counted, not reflected on.
Units: rows are problems; an answer is what the answer checker reads from a solution.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract, Row
from personarium.core.results import Failure
from personarium.make.personamath.answers import AnswerChecker, NumberAnswer
from personarium.make.personamath.bank import CLASSES, BankPersona, draw_personas
from personarium.make.personamath.data_format import SeedProblem
from personarium.make.personamath.gate import judge_rewrite, words_verdict
from personarium.make.personamath.result import PersonaMathConfig, PersonaMathResult, ProblemRow, Rejected, Stage
from personarium.make.personamath.steps import CLASSIFY, REFLECT, REWRITE, SOLVE, STEPS
from personarium.models.step import Answer
from personarium.runs.executors import AsyncioExecutor
from personarium.runs.mapping import map_items
from personarium.runs.outcome import failures, values
from personarium.text.holes import Unparsed

if TYPE_CHECKING:
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

T = TypeVar("T")
R = TypeVar("R")

NUMBER = NumberAnswer()
DEFAULT = PersonaMathConfig()


@dataclass(frozen=True, slots=True)
class Solved:
    """A seed's solution and whether the reference confirms it."""

    seed: SeedProblem
    response: str
    answer: str
    right: bool


@dataclass(frozen=True, slots=True)
class Slot:
    """One rewrite to be made: of which row, the how-manieth, by whom."""

    parent: ProblemRow
    number: int
    persona: BankPersona | None

    @property
    def id(self) -> str:
        """The id of the row that may come of it."""
        return f"{self.parent.id}/{self.number}"


@dataclass
class _Work:
    """What all steps of one call share."""

    rewriter: ChatModel
    solver: ChatModel
    reflector: ChatModel
    checker: AnswerChecker
    config: PersonaMathConfig
    run: Run | DryRun | None
    concurrency: int
    failures: list[Failure] = field(default_factory=list)

    async def map(
        self, stage: str, items: Sequence[T], work: Callable[[T], Awaitable[R | Failure]], key: Callable[[T], str]
    ) -> list[R]:
        """Work on all items, in the run where there is one; the values in order, failures set aside."""
        name = f"personamath.{stage}"
        outcomes = await map_items(self.run, name, items, work, key=key, concurrency=self.concurrency)
        self.failures += failures(outcomes)
        return values(outcomes)

    def solution(self, problem: str) -> dict[str, str]:
        """The inputs of a step that asks for a solution."""
        return {"problem": problem, "form": self.checker.form}

    def read(self, text: str) -> dict[str, str] | Unparsed:
        """Read a solution's answer."""
        answer = self.checker.read(text)
        return answer if isinstance(answer, Unparsed) else {"answer": answer}


async def make_problems(
    seeds: Sequence[SeedProblem],
    bank: Sequence[BankPersona],
    rewriter: ChatModel,
    solver: ChatModel | None = None,
    reflector: ChatModel | None = None,
    *,
    checker: AnswerChecker = NUMBER,
    config: PersonaMathConfig = DEFAULT,
    run: Run | DryRun | None = None,
    concurrency: int = 20,
) -> PersonaMathResult:
    """Make a data set of checked problems.

    Args:
        seeds: Problems with known answers; ids are unique.
        bank: Who poses them anew.
        rewriter: Writes the rewrites, and sorts personas into classes where version 2 needs it (GPT-4o-mini in the paper).
        solver: Solves seeds and rewrites; the rewriter's model by default. Another model makes the gate more independent.
        reflector: Finds mistakes; the solver's model by default.
        checker: How answers are asked for, read and compared.
        config: The constants.
        run: The run to record and resume in.
        concurrency: Problems at once.
    """
    work = _Work(rewriter, solver or rewriter, reflector or solver or rewriter, checker, config, run, concurrency)
    if run is not None:
        run.add_prompts(STEPS)
    bank = await _sorted_bank(work, bank)
    tried = await work.map("solve", seeds, lambda seed: _solve(work, seed), lambda seed: seed.id)
    wrong = [one for one in tried if not one.right]
    repaired = await work.map("reflect", wrong, lambda one: _reflect(work, one), lambda one: one.seed.id)
    kept = [_seed_row(one, "solved") for one in tried if one.right]
    kept += [_seed_row(one, "repaired") for one in repaired if one.right]
    slots, missing = _slots(kept, bank, config)
    made = await work.map("rewrite", slots, lambda slot: _rewrite(work, slot), lambda slot: slot.id)
    children = [one for one in made if isinstance(one, ProblemRow)]
    known = {row.id for row in kept}
    return PersonaMathResult(
        config,
        (*kept, *children),
        tuple(one for one in made if isinstance(one, Rejected)),
        tuple(seed.id for seed in seeds if seed.id not in known),
        len(wrong),
        len(slots),
        tuple(work.failures),
        missing,
    )


# --- step 1a: solutions of the seeds ---


async def _solve(work: _Work, seed: SeedProblem) -> Solved | Failure:
    """Up to ``attempts`` solutions until one is right; without any text there is nothing to reflect on: a failure."""
    answer: Answer | None = None
    for attempt in range(work.config.attempts):
        answer = await SOLVE.ask(
            work.solver, work.solution(seed.problem), sample=attempt, read=work.read, seed=work.config.seed
        )
        solved = _compared(work, seed, answer)
        if isinstance(solved, Solved) and solved.right:
            break
    return solved


def _compared(work: _Work, seed: SeedProblem, answer: Answer) -> Solved | Failure:
    if answer.failure is not None and answer.failure.kind != "unparsed":
        return answer.failure
    if answer.failure is not None:
        work.failures.append(
            answer.failure
        )  # a solution without an answer is wrong, can be reflected on, and is counted
        return Solved(seed, answer.text, "", False)
    return Solved(seed, answer.text, answer["answer"], work.checker.same(answer["answer"], seed.reference))


def _seed_row(solved: Solved, stage: Stage) -> ProblemRow:
    seed = solved.seed
    return ProblemRow(seed.id, seed.problem, solved.response, solved.answer, stage, True, seed.source)


# --- step 2: reflection ---


async def _reflect(work: _Work, wrong: Solved) -> Solved | Failure:
    inputs = {**work.solution(wrong.seed.problem), "solution": wrong.response}
    return _compared(work, wrong.seed, await REFLECT.ask(work.reflector, inputs, read=work.read, seed=work.config.seed))


# --- step 1b: personas pose the problems anew ---


async def _sorted_bank(work: _Work, bank: Sequence[BankPersona]) -> list[BankPersona]:
    """In version 2 everybody gets an occupation class; who cannot be sorted stays out of the draw, counted."""
    if work.config.version == "v1":
        return list(bank)

    async def one(persona: BankPersona) -> BankPersona | Failure:
        inputs = {"persona": persona.text, "classes": ", ".join(CLASSES)}
        answer = await CLASSIFY.ask(work.rewriter, inputs, seed=work.config.seed)
        return answer.failure or replace(persona, occupation_class=answer["class"])

    found = await work.map("classify", [p for p in bank if not p.occupation_class], one, lambda p: p.id)
    return [*(p for p in bank if p.occupation_class), *found]


def _slots(
    parents: Sequence[ProblemRow], bank: Sequence[BankPersona], config: PersonaMathConfig
) -> tuple[list[Slot], dict[str, int]]:
    """The rewrites to be made; solved problems first, so that a change in stage 2 moves none of their personas."""
    numbers = {"solved": config.rewrites, "repaired": config.repaired_rewrites}
    places = [(parent, k) for parent in parents for k in range(numbers[parent.stage])]
    drawn = draw_personas(bank, len(places), per_class=config.version == "v2", seed=config.seed)
    slots = [Slot(parent, k, persona) for (parent, k), persona in zip(places, drawn.slots, strict=True)]
    return slots, dict(drawn.missing)


async def _rewrite(work: _Work, slot: Slot) -> ProblemRow | Rejected | Failure:
    parent, persona, config = slot.parent, slot.persona, work.config
    if persona is None:
        return Failure("missing", "no persona is left for this rewrite: its class of the bank is empty", slot.id)
    inputs = {"persona": persona.text, "problem": parent.problem, "keep_numbers": config.keep_numbers}
    written = await REWRITE.ask(work.rewriter, inputs, sample=slot.number, seed=config.seed)
    if written.failure is not None:
        return written.failure
    problem = str(written["problem"])
    stage: Stage = "rewritten" if parent.stage == "solved" else "rewritten_repaired"
    row = ProblemRow(slot.id, problem, "", "", stage, config.gate, parent.source, persona.id, parent.id)
    return await (_checked(work, slot, row) if config.gate else _unchecked(work, slot, row))


async def _checked(work: _Work, slot: Slot, row: ProblemRow) -> ProblemRow | Rejected:
    """The gate; without the right numbers no solution is asked for."""
    verdict = words_verdict(slot.parent.problem, row.problem, work.config.keep_numbers)
    solutions: list[Answer] = []
    if verdict.passed:
        solutions = await _solutions(work, slot, row.problem, work.config.agreeing)
        work.failures += [one.failure for one in solutions if one.failure is not None]
        read = [Unparsed(one.failure.reason, one.text) if one.failure else str(one["answer"]) for one in solutions]
        verdict = judge_rewrite(read, work.checker, slot.parent.answer, verdict)
    if not verdict.passed:
        return Rejected(row.id, row.parent_id, row.persona, row.problem, verdict.reason, str(verdict))
    return replace(row, response=solutions[0].text, answer=verdict.answer)


async def _unchecked(work: _Work, slot: Slot, row: ProblemRow) -> ProblemRow | Failure:
    (solution,) = await _solutions(work, slot, row.problem, 1)
    return solution.failure or replace(row, response=solution.text, answer=solution["answer"])


async def _solutions(work: _Work, slot: Slot, problem: str, count: int) -> list[Answer]:
    """Independent solutions; the slot's number keeps those of two equal rewrites of one parent apart."""

    async def one(sample: int) -> Answer:
        return await SOLVE.ask(
            work.solver,
            work.solution(problem),
            sample=sample,
            repeat=slot.number + 1,
            read=work.read,
            seed=work.config.seed,
        )

    return await AsyncioExecutor().map(range(count), one, concurrency=count)


def plan_calls(seeds: int, config: PersonaMathConfig = DEFAULT, unsorted: int = 0) -> dict[str, int]:
    """The most calls of each step for so many seeds and personas without a class."""
    rewrites = seeds * max(config.rewrites, config.repaired_rewrites)
    return {
        CLASSIFY.name: unsorted if config.version == "v2" else 0,
        SOLVE.name: seeds * config.attempts + rewrites * (config.agreeing if config.gate else 1),
        REFLECT.name: seeds,
        REWRITE.name: rewrites,
    }


# --- the contract ---

# The last one's reference is wrong on purpose, so that there is something to reflect on.
EXAMPLES = tuple(
    SeedProblem(f"example-{k}", problem, answer, "example")
    for k, (problem, answer) in enumerate(
        (
            ("What is 12 + 7?", "19"),
            ("Work out 6 x 9.", "54"),
            ("How much is 15% of 80?", "12"),
            ("What is the sum of 31 and 14?", "45"),
            ("What is 20 - 4?", "15"),
        )
    )
)
_PEOPLE = ("A tram driver who knows the city by its bells.", "A beekeeper who moves his hives with the lime blossom.")


async def _example(model: ChatModel, seed: int) -> Sequence[Row]:
    bank = [BankPersona(f"unsorted-{k}", text) for k, text in enumerate(_PEOPLE)]
    bank += [BankPersona(name, f"Somebody of the {name}.", name) for name in CLASSES]
    result = await make_problems(EXAMPLES, bank, model, config=PersonaMathConfig("v2", seed=seed))
    statistics = result.statistics()
    return [*(row.to_dict() for row in result.rows), {"id": "statistics", **statistics}]


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(CLASSIFY.name, {"persona": _PEOPLE[0], "classes": ", ".join(CLASSES)}),
    unheard={
        f"{REFLECT.name}/draft": "the subject works every problem out anew, whatever was tried before",
    },
)
