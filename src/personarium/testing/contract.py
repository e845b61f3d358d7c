"""The contract that every system passes: recorded, renderable, deterministic, readable, failure-proof, resumable.

``check_system`` tries one system through its ``CONTRACT`` object; it works the same on foreign systems.
"""

from __future__ import annotations

import importlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personarium.catalog import SystemRow
from personarium.core.chat import Message, Reply, Sampling, canonical_json
from personarium.core.contract import Contract, Row
from personarium.core.errors import UsageError
from personarium.text.blocks import blocks

UNREAD_LIMIT = 0.01  # SIMULATED.md, "What is asked"
FAULTY = "simulated:malformed=0.5,empty=0.25,sloppy=0,seed=7"
REFUSING = "simulated/refuser"
BLANKED = 12  # prompts of a step that are tried before a block counts as unheard
# A subject without chance in what it understands and does, so that a change of its ledger has a cause in the prompt.
QUIET = "simulated:contradict=0,copy=0,fidelity=1,flip=0,hallucinate=0,initiative=0,invent=0,judge_noise=0,obey=1,recall=1,sloppy=0"


@dataclass
class Findings:
    """What the checks saw.

    Args:
        system: The slug.
        problems: One sentence for each broken clause; empty means that the contract holds.
        calls: Model calls of one clean run.
        roles: How the simulated subject understood them, role -> count.
        unread: Share of requests with something the subject did not understand.
        failures: Failures counted under malformed, empty and refused replies.
    """

    system: str
    problems: list[str] = field(default_factory=list)
    calls: int = 0
    roles: dict[str, int] = field(default_factory=dict)
    unread: float = 0.0
    failures: dict[str, int] = field(default_factory=dict)

    def add(self, problem: str) -> None:
        """Note one broken clause."""
        self.problems.append(problem)


async def check_system(row: SystemRow, seed: int = 11) -> Findings:
    """Try one catalogued system against the common contract.

    Args:
        row: Its catalogue row; ``row.contract`` names the contract object.
        seed: Seed of all runs.

    Returns:
        What was seen; ``problems`` is empty when the contract holds.
    """
    contract = load_contract(row)
    findings = Findings(row.slug)
    _check_docstrings(row, findings)
    _check_first(contract, findings)
    rows = await _check_clean_run(contract, seed, findings)
    _check_rows(contract, rows, findings)
    if contract.steps:
        await _check_recording(contract, seed, findings)
        await _check_failures(contract, seed, findings)
        await _check_resume(contract, seed, findings)
    return findings


def load_contract(row: SystemRow) -> Contract:
    """Import the contract object that a catalogue row names.

    Raises:
        UsageError: When the row names none or what it names is no Contract.
    """
    module, _, name = row.contract.partition(":")
    if not name:
        raise UsageError(
            f'system {row.slug} names no contract; write contract = "module:CONTRACT" in its catalogue file'
        )
    found = getattr(importlib.import_module(module), name, None)
    if not isinstance(found, Contract):
        raise UsageError(f"{row.contract} of system {row.slug} is no Contract object")
    return found


class _Counting:
    """A chat model that keeps what it was asked, and can fall over after ``die_after`` real calls."""

    def __init__(self, inner: Any, die_after: int | None = None) -> None:
        self.inner, self.die_after = inner, die_after
        self.calls: list[tuple[list[Message], Sampling]] = []

    @property
    def name(self) -> str:
        return str(self.inner.name)

    async def generate(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        if self.die_after is not None and len(self.calls) >= self.die_after:
            raise _Killed
        self.calls.append((list(messages), sampling))
        reply: Reply = await self.inner.generate(messages, sampling)
        return reply


class _Killed(BaseException):
    """Stands for a killed process; nothing may catch it."""


def _subject(name: str) -> Any:
    from personarium.models import open_model

    return open_model(name)


def _check_docstrings(row: SystemRow, findings: Findings) -> None:
    for module in row.modules:
        text = importlib.import_module(module).__doc__ or ""
        if "Source:" not in text:
            findings.add(f"the docstring of {module} names no source (a line 'Source: …')")


def _check_first(contract: Contract, findings: Findings) -> None:
    if contract.first is None:
        if contract.steps:
            findings.add("the contract names no first step")
        return
    name, inputs = contract.first
    steps = {step.name: step for step in contract.steps}
    if name not in steps:
        findings.add(f"the first step '{name}' is not among the steps {sorted(steps)}")
    elif not steps[name].render(**inputs):
        findings.add(f"the first step '{name}' renders to no message")


async def _check_clean_run(contract: Contract, seed: int, findings: Findings) -> Sequence[Row]:
    from personarium.models.step import observing

    first, second = _Counting(_subject(f"simulated:seed={seed}")), _Counting(_subject(f"simulated:seed={seed}"))
    observed: list[tuple[Any, Mapping[str, Any], list[Message]]] = []
    with observing(lambda step, inputs, messages: observed.append((step, inputs, messages))):
        rows = await contract.example(first, seed)
    again = await contract.example(second, seed)
    if _bytes(rows) != _bytes(again):
        findings.add("two runs with one seed differ (rows sorted by id, without times)")
    findings.calls = len(first.calls)
    _check_rendering(contract, observed, first, findings)
    _check_reading(first, findings)
    _check_blanking(contract, observed, findings)
    return rows


def _check_rendering(contract: Contract, observed: list[Any], model: _Counting, findings: Findings) -> None:
    sent = {canonical_json(messages) for messages, _ in model.calls}
    known = {step.name for step in contract.steps}
    for step, inputs, messages in observed:
        if step.name not in known:
            findings.add(f"step '{step.name}' is asked but not listed in the contract")
        if step.render(**inputs) != messages:
            findings.add(f"step '{step.name}' renders other messages than it sends")
        if canonical_json(messages) not in sent:
            findings.add(f"step '{step.name}' rendered messages that no model received")
    unseen = known - {step.name for step, _, _ in observed}
    if unseen:
        findings.add(f"the example never asks the steps {sorted(unseen)}")


def _check_reading(model: _Counting, findings: Findings) -> None:
    unread = 0
    for messages, sampling in model.calls:
        ledger = model.inner.explain(messages, sampling)
        findings.roles[ledger.role] = findings.roles.get(ledger.role, 0) + 1
        unread += bool(ledger.unread)
    findings.unread = unread / len(model.calls) if model.calls else 0.0
    if findings.unread >= UNREAD_LIMIT:
        findings.add(f"the simulated subject did not understand {unread} of {len(model.calls)} requests")


def _check_blanking(contract: Contract, observed: list[Any], findings: Findings) -> None:
    """Empty one block after the other in a few prompts of each step: what is lost must be noticed, or be listed."""
    subject = _subject(QUIET)
    prompts: dict[str, list[tuple[Any, list[Message]]]] = {}
    for step, _, messages in observed:
        prompts.setdefault(step.name, []).append((step, messages))
    for name, asked in prompts.items():
        unnoticed: dict[str, bool] = {}
        for step, messages in asked[:BLANKED]:
            heard = _understood(subject, messages, step)
            for tag in {one.tag for message in messages for one in blocks(message["content"])} - {"reply"}:
                blanked = [_without(message, tag) for message in messages]
                unnoticed[tag] = unnoticed.get(tag, True) and _understood(subject, blanked, step) == heard
        for tag, lost in sorted(unnoticed.items()):
            listed = f"{name}/{tag}" in contract.unheard
            if lost and not listed:
                findings.add(f"emptying the block {name}/{tag} changes nothing that the simulated subject understands")
            if listed and not lost:
                findings.add(f"the block {name}/{tag} is listed as unheard, but emptying it is noticed")


def _understood(subject: Any, messages: Sequence[Message], step: Any) -> str:
    ledger = subject.explain(messages, step.sampling.but(seed=0, temperature=0.0))
    latents = [(name, round(value, 6)) for name, *values in ledger.latents for value in values]
    facts = [(fact.key, fact.value) for fact in ledger.facts]
    return canonical_json(
        [ledger.role, ledger.rule, ledger.form, facts, ledger.relevant, ledger.acts, latents, ledger.unread]
    )


def _without(message: Message, tag: str) -> Message:
    text = message["content"]
    for one in reversed(blocks(text)):
        if one.tag == tag:
            whole = text[one.start : one.end]
            text = text[: one.start] + whole.replace(one.text, "", 1) + text[one.end :]
    return {"role": message["role"], "content": text}


def _check_rows(contract: Contract, rows: Sequence[Row], findings: Findings) -> None:
    for row in rows:
        if "id" not in row:
            findings.add("a result row has no id")
        text = canonical_json(row)
        if canonical_json(json.loads(text)) != text:
            findings.add(f"result row {row.get('id')} does not survive JSON")
        if contract.load and contract.save and canonical_json(contract.save(contract.load(row))) != text:
            findings.add(f"result row {row.get('id')} does not survive loading and saving")
    if not rows:
        findings.add("the example gives no result row")


async def _check_recording(contract: Contract, seed: int, findings: Findings) -> None:
    with _run_folder("record") as (folder, open_run):
        counting = _Counting(_subject(f"simulated:seed={seed}"))
        with open_run() as run:
            await contract.example(run.model(counting), seed)
        lines = (folder / "calls.jsonl").read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines]
    if len(records) != len(counting.calls):
        findings.add(f"{len(counting.calls)} calls were made but {len(records)} recorded")
    unnamed = sum(not record.get("step") for record in records)
    if unnamed:
        findings.add(f"{unnamed} recorded calls name no step")


async def _check_failures(contract: Contract, seed: int, findings: Findings) -> None:
    for name in (FAULTY, REFUSING):
        try:
            rows = await contract.example(_subject(name), seed)
        except Exception as error:  # the finding is the product here
            findings.add(f"with the model {name} the system raised {type(error).__name__}: {error}")
            continue
        counted = _failures(rows)
        for kind, number in counted.items():
            findings.failures[kind] = findings.failures.get(kind, 0) + number
        if not sum(counted.values()):
            findings.add(f"with the model {name} no failure was counted")


async def _check_resume(contract: Contract, seed: int, findings: Findings) -> None:
    with _run_folder("resume") as (_, open_run):
        dying = _Counting(_subject(f"simulated:seed={seed}"), die_after=max(1, findings.calls // 2))
        try:
            with open_run() as run:
                await contract.example(run.model(dying), seed)
        except BaseException as error:
            if not _killed(error):
                raise
        rest = _Counting(_subject(f"simulated:seed={seed}"))
        with open_run() as run:
            rows = await contract.example(run.model(rest), seed)
    repeated = {_call_key(call) for call in dying.calls} & {_call_key(call) for call in rest.calls}
    if repeated:
        findings.add(f"after a kill {len(repeated)} calls that had returned were asked again")
    if _failures(rows).get("error"):
        findings.add("after a kill the resumed run has errors")


def _killed(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_killed(part) for part in error.exceptions)
    return isinstance(error, _Killed)


def _call_key(call: tuple[list[Message], Sampling]) -> str:
    return canonical_json([call[0], call[1].as_dict()])


def _run_folder(name: str) -> Any:
    from contextlib import contextmanager

    from personarium.runs import Run

    @contextmanager
    def folder() -> Iterator[tuple[Path, Any]]:
        with tempfile.TemporaryDirectory(prefix="personarium-contract-") as base:
            path = Path(base) / name
            yield path, lambda: Run.open(path, {"contract": name}, seed=0)

    return folder()


def _failures(rows: Sequence[Row]) -> dict[str, int]:
    total: dict[str, int] = {}
    for row in rows:
        for kind, number in dict(row.get("failures") or {}).items():
            total[kind] = total.get(kind, 0) + int(number)
    return total


def _bytes(rows: Sequence[Row]) -> str:
    cleaned = [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
    return "\n".join(sorted(canonical_json(row) for row in cleaned))
