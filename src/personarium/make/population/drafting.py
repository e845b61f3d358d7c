"""Fields that models write: writers with owned keys fill one shared draft, checks name the owner of what is wrong, owners revise.

One slot goes through attempts; an attempt is: every writer in turn, each seeing the draft so far; then the first validator (one
call, where there is one) beside the executable checks; while something is wrong, at most ``rounds`` rounds of the deep validator
and one revision by each owner of an issue, who is shown the issue's text; at the end the executable filter decides. What the
filter or the near-duplicate gate refuses begins anew, at most ``attempts`` times, and is then listed.

Source: HACHIMI, steps 2 to 8.
Differs: owners see the issues (in the published code they do not); executable checks run in every round and at the end; attempts
are counted once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from personarium.core.chat import ChatModel
from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.make.population.chance import mixed
from personarium.models.step import Answer, Read, Step
from personarium.text.form import Unparsed
from personarium.text.json_reading import read_json

MAX_TEXT = 4000  # characters of one written value; a longer one counts as unreadable
Draft = Mapping[str, Any]


@dataclass(frozen=True)
class Slot:
    """A member to be written.

    Args:
        number: From 1.
        id: The member's id.
        values: What is fixed about it.
    """

    number: int
    id: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Issue:
    """Something wrong with a draft.

    Args:
        owner: The writer who must change it.
        text: What is wrong, as the writer is told.
        code: The rule's name.
        fields: Where.
        hint: What would be right.
    """

    owner: str
    text: str
    code: str = ""
    fields: tuple[str, ...] = ()
    hint: str = ""

    @property
    def line(self) -> str:
        """As one line of a prompt."""
        where = f" ({', '.join(self.fields)})" if self.fields else ""
        return f"{self.text}{where}" + (f" {self.hint}" if self.hint else "")


@dataclass(frozen=True)
class Findings:
    """What a validator says.

    Args:
        issues: What is wrong.
        ready: Whether it would accept the draft; a failure is never a yes.
        failure: Why it could not be asked or read.
    """

    issues: tuple[Issue, ...] = ()
    ready: bool = True
    failure: Failure | None = None


@dataclass(frozen=True)
class Asking:
    """How questions about one draft are put.

    Args:
        model: Who is asked.
        slot: The member.
        attempt: Which attempt at the slot, from 0: another attempt is another draw.
        round: Which round of revision, from 0.
        seed: Of the population.
        asks: How often a question is put again while the reply cannot be read.
    """

    model: ChatModel
    slot: Slot
    attempt: int
    round: int
    seed: int
    asks: int

    async def ask(self, step: Step, inputs: Mapping[str, Any], read: Read | None = None) -> Answer:
        """Put one question."""
        return await step.ask(
            self.model,
            inputs,
            item=self.slot.id,
            sample=self.attempt,
            repeat=self.round,
            asks=self.asks,
            seed=self.seed,
            read=read,
        )


class Validator(Protocol):
    """Reads a draft and says what is wrong; :class:`personarium.make.population.validation.ModelValidator` is one."""

    async def __call__(self, draft: Draft, asking: Asking) -> Findings: ...


@dataclass(frozen=True)
class FieldWriter:
    """A writer and the keys that it owns.

    Args:
        owner: Its name; issues are addressed to it.
        keys: What it writes, in order.
        step: The prompt. Its inputs: ``slot``, ``draft`` and ``issues`` (``key = value`` lines, empty at first), ``rules``,
            ``keys``, ``task``, ``language``, ``spark`` (a random word to draw from), and whatever ``extra`` of the writing
            adds. Its form is a JSON object with exactly the keys.
        task: A sentence of its own for the prompt.
        values: Turns what was read into values (for instance words into numbers); unreadable ones are an ``Unparsed``.
    """

    owner: str
    keys: tuple[str, ...]
    step: Step
    task: str = ""
    values: Callable[[dict[str, Any]], dict[str, Any] | Unparsed] | None = None


Check = Callable[[Draft, Slot], Sequence[Issue]]


def _nothing(draft: Draft, slot: Slot) -> Sequence[Issue]:
    return ()


@dataclass(frozen=True)
class Writing:
    """How members are written.

    Args:
        writers: In the order in which they write.
        checks: Executable rules; in every round.
        first: A validator that is asked once; where it and the checks find nothing, no round is needed.
        deep: A validator that is asked in every round; without it ``first`` is.
        filter: The last word; the checks by default.
        forced: Values that are put back after every call, whatever a writer says, from the slot.
        rules: The rules as lines of text, for each owner (``""``: for everybody).
        extra: Further inputs for the prompts.
        rounds: Most rounds of revision.
        attempts: Most attempts at a slot, the gate's refusals included.
        asks: Most times that one question is put while its reply cannot be read.
        language: What texts are written in, in English (``English``, ``Chinese``).
    """

    writers: tuple[FieldWriter, ...]
    checks: Check = _nothing
    first: Validator | None = None
    deep: Validator | None = None
    filter: Check | None = None
    forced: Callable[[Slot], Mapping[str, Any]] | None = None
    rules: Mapping[str, str] = field(default_factory=dict)
    extra: Callable[[Slot], Mapping[str, Any]] | None = None
    rounds: int = 3
    attempts: int = 4
    asks: int = 2
    language: str = "English"

    def __post_init__(self) -> None:
        owned = [key for writer in self.writers for key in writer.keys]
        double = [key for k, key in enumerate(owned) if key in owned[:k]]
        if not owned or double:
            raise UsageError(f"every key has one writer, found {double[0] if double else 'no key'} twice or none")
        if min(self.rounds, self.attempts - 1, self.asks - 1) < 0:
            raise UsageError("rounds are at least 0, attempts and asks at least 1")

    @property
    def steps(self) -> tuple[Step, ...]:
        """The prompts of the writers and of validators that have one."""
        found = [writer.step for writer in self.writers]
        readers = (getattr(validator, "step", None) for validator in (self.first, self.deep))
        found += [step for step in readers if isinstance(step, Step)]
        return tuple({step.name: step for step in found}.values())


@dataclass(frozen=True)
class Drafted:
    """What came of one attempt at a slot.

    Args:
        slot: The slot.
        values: Everything written; None where the attempt failed.
        issues: What was still wrong.
        failures: Every reply that could not be used.
        revisions: How often each owner revised.
    """

    slot: Slot
    values: Mapping[str, Any] | None
    issues: tuple[Issue, ...] = ()
    failures: tuple[Failure, ...] = ()
    revisions: Mapping[str, int] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Why there are no values: the rules that were broken, or the last failure."""
        if self.issues:
            return "; ".join(dict.fromkeys(issue.code or issue.text for issue in self.issues))
        return self.failures[-1].reason if self.failures else ""


def exact_keys(writer: FieldWriter, read: Read) -> Read:
    """A reader that takes a JSON object with exactly the writer's keys and bounded texts, and nothing else."""

    def reader(text: str) -> dict[str, Any] | Unparsed:
        found = read_json(text)
        if isinstance(found, Unparsed):
            return found
        if set(found) != set(writer.keys):
            told = ", ".join(map(str, found))[:200]
            return Unparsed(f"the keys are not exactly {', '.join(writer.keys)}: found {told}", text)
        values = read(text)
        if isinstance(values, Unparsed):
            return values
        long = [key for key, value in values.items() if isinstance(value, str) and len(value) > MAX_TEXT]
        if long:
            return Unparsed(f"'{long[0]}' has more than {MAX_TEXT} characters", text)
        return writer.values(values) if writer.values is not None else values

    return reader


def lines(values: Mapping[str, Any]) -> str:
    """Values as ``key = value`` lines."""
    return "\n".join(f"{key} = {value}" for key, value in values.items())


async def draft_slot(
    slot: Slot, writing: Writing, model: ChatModel, judge: ChatModel, seed: int, attempt: int
) -> Drafted:
    """One attempt at a slot (see the module)."""
    return await _Attempt(slot, writing, model, judge, seed, attempt).run()


class _Attempt:
    """The shared draft and what has happened to it."""

    def __init__(
        self, slot: Slot, writing: Writing, model: ChatModel, judge: ChatModel, seed: int, attempt: int
    ) -> None:
        self.slot, self.writing, self.seed, self.attempt = slot, writing, seed, attempt
        self.model, self.judge = model, judge
        self.draft: dict[str, Any] = {}
        self.failures: list[Failure] = []
        self.revisions: dict[str, int] = {}

    async def run(self) -> Drafted:
        for writer in self.writing.writers:
            if not await self._write(writer, (), 0):
                return self._done(None, ())
        await self._revise_while_wrong()
        issues = tuple((self.writing.filter or self.writing.checks)(self.draft, self.slot))
        return self._done(None if issues else dict(self.draft), issues)

    async def _revise_while_wrong(self) -> None:
        found = await self._look(self.writing.first, 0)
        if found.ready and not found.issues:
            return
        for number in range(1, self.writing.rounds + 1):
            if self.writing.deep is not None or number > 1:
                found = await self._look(self.writing.deep or self.writing.first, number)
            if found.ready and not found.issues:
                return
            await self._revise(found.issues, number)

    async def _look(self, validator: Validator | None, number: int) -> Findings:
        """The executable checks, and the validator where there is one."""
        issues = tuple(self.writing.checks(self.draft, self.slot))
        if validator is None:
            return Findings(issues, not issues)
        asking = Asking(self.judge, self.slot, self.attempt, number, self.seed, self.writing.asks)
        found = await validator(self.draft, asking)
        if found.failure is not None:
            self.failures.append(found.failure)
        return Findings((*issues, *found.issues), found.ready and found.failure is None)

    async def _revise(self, issues: Sequence[Issue], number: int) -> None:
        """Every owner of an issue writes once more; a revision that cannot be read leaves the draft as it was."""
        for writer in self.writing.writers:
            own = [issue for issue in issues if issue.owner == writer.owner]
            if own:
                self.revisions[writer.owner] = self.revisions.get(writer.owner, 0) + 1
                await self._write(writer, own, number)

    async def _write(self, writer: FieldWriter, issues: Sequence[Issue], number: int) -> bool:
        inputs = self._inputs(writer, issues)
        form = writer.step.form_for(inputs)
        if form is None:
            raise UsageError(f"step {writer.step.name} needs a reply form: a JSON object with {', '.join(writer.keys)}")
        asking = Asking(self.model, self.slot, self.attempt, number, self.seed, self.writing.asks)
        answer = await asking.ask(writer.step, inputs, exact_keys(writer, form.read))
        if answer.values is None:
            if answer.failure is not None:
                self.failures.append(answer.failure)
            return False
        self.draft.update(answer.values)
        if self.writing.forced is not None:
            forced = self.writing.forced(self.slot)
            self.draft.update({key: value for key, value in forced.items() if key in writer.keys})
        return True

    def _inputs(self, writer: FieldWriter, issues: Sequence[Issue]) -> dict[str, Any]:
        rules = self.writing.rules
        extra = self.writing.extra(self.slot) if self.writing.extra is not None else {}
        return {
            "slot": lines(self.slot.values),
            "draft": lines(self.draft),
            "issues": "\n".join(issue.line for issue in issues),
            "rules": "\n".join(filter(None, (rules.get("", ""), rules.get(writer.owner, "")))),
            "keys": ", ".join(writer.keys),
            "task": writer.task,
            "language": self.writing.language,
            "spark": self._spark(writer),
            **extra,
        }

    def _spark(self, writer: FieldWriter) -> str:
        """A random mark for variety: the same for the same seed, slot, writer and attempt."""
        import numpy as np

        drawn = mixed(self.seed, f"spark|{writer.owner}", np.array([self.slot.number], dtype=np.uint64), self.attempt)
        return f"SEED-{int(drawn[0]) % 10**17:017d}"

    def _done(self, values: Mapping[str, Any] | None, issues: tuple[Issue, ...]) -> Drafted:
        return Drafted(self.slot, values, issues, tuple(self.failures), dict(self.revisions))
