"""HACHIMI: a population of students with exact quotas, each written by five writers under a validator, a filter and a gate.

The procedure in the paper's order: slots, writers, fast validator, deep validator with revisions by the owners, light filter,
similarity gate, chunks that a killed run goes on with.

Source: *HACHIMI: Scalable and Controllable Student Persona Generation via Orchestrated Agents*, arXiv 2603.04855 (Findings of
ACL 2026); page hachimi, steps 1 to 10; constants from the code.
Differs: prompts are our own; rules are also predicates, owners see the issues, what is left after the last round is looked at
once more, grade and gender are checked against the slot, names of earlier chunks are shown, attempts are counted once (errata:
``HachimiConfig.as_published``); slots of one chunk are drafted together and pass the gate in order.
Units: an attempt is a whole draft of one slot; a round is one call of the deep validator with the revisions that follow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.results import count_failures
from personarium.make.hachimi.filtering import OPTIMISM, light_filter
from personarium.make.hachimi.gate import StudentGate
from personarium.make.hachimi.outline import outline
from personarium.make.hachimi.published import (
    ATTEMPTS_TWICE,
    BLIND_REVISION,
    FAST_SKIPS_RULES,
    MODEL_RULES,
    NAMES_UNSEEN,
    NO_LAST_CHECK,
)
from personarium.make.hachimi.result import PAPER, HachimiConfig, HachimiResult, Place
from personarium.make.hachimi.rules import local_issues
from personarium.make.hachimi.run_folder import StudentFolder
from personarium.make.hachimi.schema import WRITERS, StudentSchema, student_schema
from personarium.make.hachimi.slots import StudentSlot, plan_students
from personarium.make.hachimi.steps import DEEP, FAST, STEPS, WRITE
from personarium.make.hachimi.validators import StudentValidator
from personarium.make.population.drafting import Draft, Drafted, FieldWriter, Issue, Slot, Writing, lines
from personarium.make.population.generator import NEAR_DUPLICATE
from personarium.make.population.model_writing import Members, write_members

if TYPE_CHECKING:
    from personarium.runs.plan import DryRun
    from personarium.runs.run import Run

CONCURRENCY = 50
QUEUES = 4  # how often the published command line puts a failed slot back


async def run_hachimi(
    writer: ChatModel,
    validator: ChatModel | None = None,
    count: int = 10,
    *,
    config: HachimiConfig = PAPER,
    schema: StudentSchema | None = None,
    slots: Sequence[Mapping[str, Any]] | None = None,
    folder: Path | str | None = None,
    run: Run | DryRun | None = None,
    concurrency: int = CONCURRENCY,
) -> HachimiResult:
    """Make a population of students.

    Args:
        writer: Plays the five writers.
        validator: Validates; the writer where nobody else is named.
        count: How many students.
        config: The constants.
        schema: The school; the published Chinese one by default.
        slots: Slot objects in place of the schedule's own.
        folder: Where chunks, schedule and failure log go; what is finished there is not made again.
        run: The run to record and resume in.
        concurrency: Slots at once, within a chunk.

    Raises:
        UsageError: Fewer than one student, or a folder with another run.
        InvalidInput: Wrong slots, or a file in the folder that cannot be read.
    """
    schema = schema or student_schema()
    planned = plan_students(count, schema, config.mix, seed=config.seed, slots=slots, faults=config.faults)
    store = None if folder is None else StudentFolder(folder, schema, count, config.chunk_size)
    if store is not None:
        planned = store.schedule(planned)
    if run is not None:
        run.add_prompts(STEPS)
    work = _Work(writer, validator or writer, config, schema, planned, store, run, concurrency)
    for chunk in range(0, count, config.chunk_size):
        await work.fill(chunk, min(chunk + config.chunk_size, count))
    if store is not None:
        store.close()
    models = {"writer": writer.name, "validator": work.validator.name}
    return HachimiResult(config, schema, tuple(work.places[sid] for sid in range(1, count + 1)), models)


@dataclass
class _Work:
    """What all chunks of one run share."""

    writer: ChatModel
    validator: ChatModel
    config: HachimiConfig
    schema: StudentSchema
    planned: Sequence[StudentSlot]
    store: StudentFolder | None
    run: Run | DryRun | None
    concurrency: int
    places: dict[int, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gate = StudentGate(self.schema, self.config.threshold, self.config.faults)
        self.finished = {} if self.store is None else dict(self.store.records)
        self.gate.refill(self.finished.values())
        for sid, record in self.finished.items():
            self.places[sid] = Place(sid, self.planned[sid - 1].to_dict(self.schema), record)

    async def fill(self, start: int, stop: int) -> None:
        """Fill the places start + 1 to stop, those that an earlier session filled excepted."""
        due = [self._slot(sid) for sid in range(start + 1, stop + 1) if sid not in self.finished]
        writing = students_writing(self.config, self.schema, self._wanted(due), self._taken(start))
        queues = QUEUES if ATTEMPTS_TWICE in self.config.faults else 1
        for queue in range(queues):
            members = await self._write(due, writing, start, queue)
            for drafted, tries in zip(members.drafted, members.attempts, strict=True):
                self._settle(drafted, tries, drafted.slot.number in members.near)
            due = [slot for slot in due if self._again(slot.number)]
            if not due:
                break
        self._log(start, stop)

    async def _write(self, due: Sequence[Slot], writing: Writing, start: int, queue: int) -> Members:
        stage = f"hachimi.{start // self.config.chunk_size + 1}" + (f".again{queue}" if queue else "")
        return await write_members(
            due,
            writing,
            self.writer,
            judge=self.validator,
            run=self.run,
            seed=self.config.seed + 1_000_003 * queue,
            accepts=self._accept,
            stage=stage,
            concurrency=self.concurrency,
        )

    def _slot(self, sid: int) -> Slot:
        wanted = self.planned[sid - 1]
        values = {key: _shown(value) for key, value in wanted.to_dict(self.schema).items()}
        if self.config.outline:
            values |= outline(wanted, sid, self.schema, self.config.seed)
        return Slot(sid, f"{sid:07d}", values)

    def _wanted(self, due: Sequence[Slot]) -> dict[int, StudentSlot]:
        return {slot.number: self.planned[slot.number - 1] for slot in due}

    def _taken(self, start: int) -> list[str]:
        """The latest names of earlier chunks: known whatever the order in which this chunk's replies come."""
        records = (self.places[sid].record for sid in range(start, 0, -1))
        names = (str(record[self.schema.keys["name"]]) for record in records if record is not None)
        limit = self.config.names_shown
        return [name for name, _ in zip(names, range(limit), strict=False)]

    def _accept(self, drafted: Sequence[Drafted]) -> list[bool]:
        """Step 8, in the order of the slots; who is accepted is written down at once."""
        return [self._accept_one(one.slot.number, one.values or {}) for one in drafted]

    def _accept_one(self, sid: int, draft: Draft) -> bool:
        record = self.schema.record(sid, draft, self.planned[sid - 1].to_dict(self.schema))
        if self.gate.accept(sid, record) is not None:
            return False
        if self.store is not None:
            self.store.add(record)
        return True

    def _settle(self, drafted: Drafted, tries: int, near: bool) -> None:
        """Note what came of a slot, beside what earlier queues counted."""
        sid = drafted.slot.number
        slot = self.planned[sid - 1].to_dict(self.schema)
        record = None if drafted.values is None else self.schema.record(sid, drafted.values, slot)
        before = self.places.get(sid)
        failures = Counter(before.failures if before else {}) + Counter(count_failures(drafted.failures))
        tries += (before.attempts or 0) if before else 0
        reason = "" if record is not None else NEAR_DUPLICATE if near else _reason(drafted)
        self.places[sid] = Place(sid, slot, record, tries, drafted.revisions, reason, dict(sorted(failures.items())))

    def _again(self, sid: int) -> bool:
        """Whether the published command line puts a slot back: a near duplicate is logged at once."""
        return self.places[sid].record is None and self.places[sid].reason != NEAR_DUPLICATE

    def _log(self, start: int, stop: int) -> None:
        for sid in range(start + 1, stop + 1):
            place = self.places[sid]
            if self.store is not None and place.record is None:
                self.store.fail(sid, place.reason, place.attempts or 0)


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _reason(drafted: Drafted) -> str:
    """Every rule that was broken at last, or what failed."""
    told = dict.fromkeys(issue.text for issue in drafted.issues)
    return "; ".join(told) or drafted.reason


# --- steps 2 to 7: writers, validators, filter ---


def students_writing(
    config: HachimiConfig, schema: StudentSchema, wanted: Mapping[int, StudentSlot], taken: Sequence[str] = ()
) -> Writing:
    """How the students of some slots are written: the engine's :class:`Writing` with HACHIMI's parts.

    Args:
        config: The constants.
        schema: The school.
        wanted: Number of a slot -> what it wants.
        taken: Names that are in use.
    """
    faults = config.faults

    def local(draft: Draft, number: int) -> list[Issue]:
        return local_issues(schema.student(draft), wanted[number], schema, faults)

    def nothing(draft: Draft, number: int) -> list[Issue]:
        return []

    # The published local checks belong to the deep validator; a clean fast one skips them.
    fast_looks = nothing if faults & {FAST_SKIPS_RULES, MODEL_RULES} else local
    last = 0 if NO_LAST_CHECK in faults else config.rounds + 1
    fast = StudentValidator(FAST, schema, wanted, fast_looks, faults)
    deep = StudentValidator(DEEP, schema, wanted, local, faults, last)

    def last_word(draft: Draft, slot: Slot) -> list[Issue]:
        student, target = schema.student(draft), wanted[slot.number]
        found = light_filter(student, target, schema, faults)
        if NO_LAST_CHECK not in faults:
            found += [*local(draft, slot.number), *deep.open.pop(slot.number, ())]
        return list(dict.fromkeys(found))

    return Writing(
        tuple(FieldWriter(owner, schema.writer_keys(owner), WRITE[owner], values=_tidied(schema)) for owner in WRITERS),
        first=fast,
        deep=deep,
        filter=last_word,
        forced=lambda slot: {schema.keys["level"]: schema.levels[wanted[slot.number].level]},
        extra=lambda slot: _inputs(config, schema, slot, wanted[slot.number], taken),
        rounds=last or config.rounds,
        attempts=config.attempts,
        asks=config.asks,
        language=schema.language_name,
    )


def _tidied(schema: StudentSchema) -> Any:
    """Subjects that a writer names twice are kept once."""
    lists = (schema.keys["strong"], schema.keys["weak"])

    def values(read: dict[str, Any]) -> dict[str, Any]:
        return {key: list(dict.fromkeys(value)) if key in lists else value for key, value in read.items()}

    return values


def _inputs(
    config: HachimiConfig, schema: StudentSchema, slot: Slot, wanted: StudentSlot, taken: Sequence[str]
) -> dict[str, Any]:
    """What the writers' prompts have beside the engine's own inputs; the slot also has the grade's usual ages."""
    low, high = schema.age_norm(wanted.grade) or (6, 18)
    age = schema.keys["age"]
    return {
        "slot": f"{lines(slot.values)}\n{age} >= {low}\n{age} <= {high}",
        "schema": schema,
        "quota": OPTIMISM[wanted.level],
        "outlined": config.outline,
        "names": "" if NAMES_UNSEEN in config.faults else "\n".join(taken),
        "blind": BLIND_REVISION in config.faults,
    }


def plan_calls(config: HachimiConfig, count: int) -> dict[str, int]:
    """How often each step is asked when every first draft is accepted."""
    return {**{step.name: count for step in WRITE.values()}, FAST.name: count, DEEP.name: 0}


# --- the contract ---


async def _example(model: ChatModel, seed: int) -> Sequence[dict[str, Any]]:
    # Two chunks, so that names are shown; an outline, because the simulated subject keeps what it is told and invents little.
    config = replace(PAPER, chunk_size=4, outline=True, seed=seed, attempts=2)
    return (await run_hachimi(model, count=6, config=config, schema=student_schema("en"))).rows()


def first_inputs() -> dict[str, Any]:
    """The inputs of the first question of a run."""
    schema = student_schema("en")
    wanted = plan_students(1, schema)[0]
    slot = Slot(1, "0000001", {key: _shown(value) for key, value in wanted.to_dict(schema).items()})
    engine = {"draft": "", "issues": "", "language": "English", "spark": "SEED-00000000000000000"}
    return {**engine, **_inputs(PAPER, schema, slot, wanted, ())}


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(WRITE["enrolment"].name, first_inputs()),
    load=Place.from_row,
    save=Place.as_row,
    unheard={
        f"{FAST.name}/rubric": "the subject checks the plain rules beside it, not prose",
        f"{DEEP.name}/rubric": "the subject checks the plain rules beside it, not prose",
    },
)
