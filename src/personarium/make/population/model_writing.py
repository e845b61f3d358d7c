"""Populations some of whose fields a model writes: slots are drawn, drafted, passed through the gate in order, and stored.

Attempts go in stages, so that the gate sees drafts in the order of their slots however long each took: the same replies give the
same population. Finished chunks are not asked for again; inside a chunk the run's own store spares every call already paid for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personarium.core.chat import ChatModel, Sampling
from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.make.population.drafting import Drafted, FieldWriter, Slot, Writing, draft_slot
from personarium.make.population.generator import NEAR_DUPLICATE, Chunk, Generator
from personarium.make.population.lexical_gate import LexicalGate
from personarium.make.population.repair import Unfilled
from personarium.make.population.schema import Field, Schema
from personarium.make.population.validation import (
    ModelValidator,
    RuleChecks,
    completed,
    model_rules,
)
from personarium.make.population.writing import ChunkStore, Written, check_language, translated
from personarium.models.step import Step
from personarium.runs.mapping import map_kept
from personarium.text.form import Form, Unparsed

if TYPE_CHECKING:
    import polars as pl

    from personarium.runs.plan import DryRun, Plan
    from personarium.runs.run import Run

_PACKAGE = "personarium.make.population"
MODEL_CHUNK = 500  # slots that are drafted together
_LANGUAGES = {"en": "English", "zh": "Chinese", "de": "German", "fr": "French", "es": "Spanish", "pt": "Portuguese"}
_ANY_NUMBER = "<0-1000000>"
Accepts = Callable[[Sequence[Drafted]], Sequence[bool]]


# ------------------------------------------------------------------------------------------ a schema's own writers


def writing_of(schema: Schema, *, validate: bool = False, language: str = "en", **changes: Any) -> Writing:
    """How a schema's model fields are written: one writer for each owner, the rules as checks.

    Args:
        schema: A schema with fields that a model writes.
        validate: Whether a model also reads each draft, beside the rules. (The simulated subject understands rules whose
            text has a plain form: ``key = value``, ``key < number``, ``not (a and b)``.)
        language: What texts are written in.
        changes: Other constants of :class:`Writing` (rounds, attempts, asks, ...).
    """
    owners = tuple(dict.fromkeys(field.owner for field in schema.by_model))
    if not owners:
        raise UsageError(f"{schema.where}: no field is written by a model")
    rules = "\n".join(rule.text for rule in model_rules(schema))
    writers = tuple(_writer(owner, [f for f in schema.by_model if f.owner == owner]) for owner in owners)
    validator = ModelValidator({writer.owner: writer.keys for writer in writers}, rules) if validate else None
    return Writing(
        writers,
        RuleChecks(schema),
        first=validator,
        rules={"": rules},
        language=_LANGUAGES.get(language, f"the language with the code {language}"),
        **changes,
    )


def _writer(owner: str, fields: Sequence[Field]) -> FieldWriter:
    holes = ", ".join(f'"{field.path}": {_hole(field)}' for field in fields)
    step = write_step(f"population.write.{owner}", "{" + holes + "}")
    typed = {field.path: {str(value): value for value in field.choices} for field in fields if field.choices}

    def values(read: dict[str, Any]) -> dict[str, Any] | Unparsed:
        return {key: typed[key].get(str(value), value) if key in typed else value for key, value in read.items()}

    return FieldWriter(owner, tuple(field.path for field in fields), step, values=values)


@lru_cache(maxsize=256)
def write_step(name: str, form: str, sampling: Sampling = Sampling(temperature=0.9)) -> Step:
    """The standard prompt of a writer for a JSON form."""
    return Step(name, _PACKAGE, "write", Form.parse(form), sampling)


def _hole(field: Field) -> str:
    if len(field.choices) > 1:
        return f"<{'|'.join(map(str, field.choices))}>"
    return {"number": _ANY_NUMBER, "truth": "<yes|no>"}.get(field.kind, "<text>")


# ------------------------------------------------------------------------------------------------ slots to members


@dataclass(frozen=True)
class Members:
    """What became of some slots.

    Args:
        drafted: The last attempt at every slot, in order.
        attempts: How many were made at each.
        near: The slots whose every draft was too near to another member.
    """

    drafted: tuple[Drafted, ...]
    attempts: tuple[int, ...]
    near: frozenset[int]

    @property
    def unfilled(self) -> tuple[Unfilled, ...]:
        """The slots that stayed empty, and why."""
        pairs = zip(self.drafted, self.attempts, strict=True)
        return tuple(
            Unfilled(d.slot.number, NEAR_DUPLICATE if d.slot.number in self.near else d.reason, tries)
            for d, tries in pairs
            if d.values is None
        )

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Every reply that could not be used."""
        return tuple(failure for drafted in self.drafted for failure in drafted.failures)


async def write_members(
    slots: Sequence[Slot],
    writing: Writing,
    model: ChatModel,
    *,
    judge: ChatModel | None = None,
    run: Run | DryRun | None = None,
    seed: int = 0,
    accepts: Accepts | None = None,
    stage: str = "population.write",
    concurrency: int = 100,
) -> Members:
    """Write the members of these slots.

    Args:
        slots: What is fixed about each.
        writing: Writers, checks, validators and bounds.
        model: Who writes, as the run asks it.
        judge: Who validates; the writer where nobody else is named.
        run: The run to work in: its store makes the work resumable call by call.
        seed: Of everything drawn.
        accepts: A gate: which of these drafts (in order) are far enough from all accepted before. Those refused are
            written anew.
        stage: Name of the stages in the run.
        concurrency: Slots at once.
    """
    last: dict[int, Drafted] = {}
    tries = dict.fromkeys((slot.number for slot in slots), 0)
    failures: dict[int, tuple[Failure, ...]] = {slot.number: () for slot in slots}
    near: set[int] = set()
    due = list(slots)
    for attempt in range(writing.attempts):
        if not due:
            break
        drafted = await map_kept(
            run,
            f"{stage}.{attempt + 1}",
            due,
            lambda slot, attempt=attempt: draft_slot(slot, writing, model, judge or model, seed, attempt),  # type: ignore[misc]
            key=lambda slot: slot.id,
            failure=_why_undrafted,
            lost=lambda slot, failure: Drafted(slot, None, (), (failure,)),
            concurrency=concurrency,
        )
        refused = _refused(drafted, accepts)
        for one in drafted:
            number = one.slot.number
            tries[number] += 1
            failures[number] = (*failures[number], *one.failures)
            near.discard(number)
            if number in refused:
                near.add(number)
                one = replace(one, values=None)
            last[number] = replace(one, failures=failures[number])
        due = [slot for slot in due if last[slot.number].values is None]
    return Members(tuple(last[s.number] for s in slots), tuple(tries[s.number] for s in slots), frozenset(near))


def _refused(drafted: Sequence[Drafted], accepts: Accepts | None) -> set[int]:
    written = [one for one in drafted if one.values is not None]
    if accepts is None or not written:
        return set()
    return {one.slot.number for one, accepted in zip(written, accepts(written), strict=True) if not accepted}


def _why_undrafted(draft: Drafted) -> Failure | None:
    """For the run: an attempt that is given up and made again is counted where it happened."""
    if draft.values is not None:
        return None
    lost = draft.failures and not draft.issues
    return draft.failures[-1] if lost else Failure("missing", draft.reason, draft.slot.id)


async def write_population(
    schema: Schema,
    count: int,
    out: str | Path,
    *,
    model: ChatModel,
    judge: ChatModel | None = None,
    run: Run | None = None,
    seed: int = 0,
    writing: Writing | None = None,
    distinct: bool = True,
    language: str | None = None,
    chunk: int = MODEL_CHUNK,
    concurrency: int = 100,
) -> Written:
    """Make a population some of whose fields a model writes, and write it; the same call goes on where it was stopped.

    Args:
        schema: With fields that a model writes.
        count: How many members.
        out: A .parquet, .jsonl or .csv file, or a folder for chunks.
        model: Who writes, as the run asks it.
        judge: Who validates.
        run: The run to work in.
        seed: Same seed and same replies, same population.
        writing: How; :func:`writing_of` the schema by default.
        distinct: Whether drafts that are nearly another member are written anew.
        language: One of the schema's languages.
        chunk: Slots that are drafted and stored together.
        concurrency: Slots at once.

    Returns:
        What was made; slots that stayed empty are listed with their reason.

    Raises:
        InvalidInput: A wrong count or language, or not one slot could be filled.
        StorageError: The disk refuses; finished chunks are kept.
    """
    language = check_language(schema, language)
    writing = writing or writing_of(schema, language=language)
    if run is not None:
        run.add_prompts(writing.steps)
    generator = Generator(schema, count, seed)
    about = {"seed": seed, "count": count, "distinct": distinct, "language": language, "chunk": chunk}
    prompts = {step.name: step.hash for step in writing.steps}
    names = [model.name, (judge or model).name]
    limits = [writing.rounds, writing.attempts, writing.asks]
    store = ChunkStore(schema, Path(out), {**about, "prompts": prompts, "models": names, "limits": limits})
    store.open()
    gate = LexicalGate(schema.compared) if distinct else None
    work = _Work(schema, writing, model, judge, run, seed, gate, concurrency)
    for number, start in enumerate(range(0, count, chunk), 1):
        if not store.has(number):
            drawn = generator.chunk(start, min(start + chunk, count))
            made = await work.write(drawn, f"population.{number}")
            store.write(number, made, translated(made.frame, schema, language))
        elif gate is not None:
            gate.offer(store.read(number, schema, language))
    return store.finish(count, generator.plan, language)


@dataclass(frozen=True)
class _Work:
    """What every chunk of one population shares."""

    schema: Schema
    writing: Writing
    model: ChatModel
    judge: ChatModel | None
    run: Run | None
    seed: int
    gate: LexicalGate | None
    concurrency: int

    async def write(self, drawn: Chunk, stage: str) -> Chunk:
        """The drawn members of a chunk, written; a slot that nobody could fill is listed."""
        rows = drawn.frame.drop("id").iter_rows(named=True)
        slots = [Slot(n, i, row) for n, i, row in zip(drawn.slots, drawn.frame["id"].to_list(), rows, strict=True)]
        members = await write_members(
            slots,
            self.writing,
            self.model,
            judge=self.judge,
            run=self.run,
            seed=self.seed,
            accepts=None if self.gate is None else self._accepts,
            stage=stage,
            concurrency=self.concurrency,
        )
        done = [drafted for drafted in members.drafted if drafted.values is not None]
        frame = self._frame(done)
        return Chunk(frame, (*drawn.unfilled, *members.unfilled), tuple(drafted.slot.number for drafted in done))

    def _accepts(self, drafted: Sequence[Drafted]) -> Sequence[bool]:
        assert self.gate is not None
        return [bool(accepted) for accepted in self.gate.offer(self._frame(drafted))]

    def _frame(self, drafted: Sequence[Drafted]) -> pl.DataFrame:
        import polars as pl

        columns = ["id", *(field.path for field in self.schema.fields)]
        if not drafted:
            return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        frames = [
            completed(self.schema, {**one.slot.values, **(one.values or {})}).with_columns(id=pl.lit(one.slot.id))
            for one in drafted
        ]
        return pl.concat(frames, how="vertical_relaxed").select(columns)


def plan_calls(plan: Plan, writing: Writing, count: int, writer: str, judge: str, prompt_tokens: int = 500) -> None:
    """What a dry run shows: the calls of one attempt at every slot without revision.

    Args:
        plan: Filled.
        writing: How members are written.
        count: How many.
        writer: The writing model's name.
        judge: The validating model's name.
        prompt_tokens: Of one call, about.
    """
    for one in writing.writers:
        plan.expect(one.step.name, writer, count, prompt_tokens=prompt_tokens)
    if writing.first is not None:
        plan.expect("population.validate", judge, count, prompt_tokens=prompt_tokens)
