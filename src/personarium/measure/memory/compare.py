"""Which memory method works: strategies side by side on the same talks, the same questions and the same reader.

Every strategy hears every user's sessions in order, consolidates after each, and is asked at the cuts (see
:mod:`~personarium.measure.memory.walk`); a reader answers from what it shows and from nothing else. The baselines (nothing, the
whole talk, BM25, embeddings) are always among the strategies; what a reader makes of exactly the right sources stands beside
them as the ceiling, constant letters and a guess as the floor. A strategy that knows more than it was told is marked (see
:mod:`~personarium.measure.memory.guard`).

Example:
    >>> import asyncio
    >>> from personarium.measure.memory import ScriptConfig, compare_strategies, scripted_cases, scripted_users
    >>> users = scripted_users(2, ScriptConfig(sessions=30, matters=6))
    >>> result = asyncio.run(compare_strategies(["facts"], scripted_cases(users, cuts=2, each=1)))
    >>> [row["strategy"] for row in result.table()]
    ['right sources', 'none', 'full-context', 'bm25', 'embedding', 'facts']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from personarium.core.chat import ChatModel, Usage
from personarium.core.errors import UsageError
from personarium.core.results import count_failures
from personarium.core.tokens import estimate_tokens
from personarium.measure.memory.guard import LATER, WORLD, Finding, Guard, check_prefix, check_shown, check_world
from personarium.measure.memory.meter import Meter
from personarium.measure.memory.questions import Case, Question
from personarium.measure.memory.readers import Answered, Reader, RuleReader
from personarium.measure.memory.reading_lines import present_values
from personarium.measure.memory.result import CEILING, AnswerRow, ComparisonResult, WalkRow
from personarium.measure.memory.walk import Shown, Terms, Walked, walk
from personarium.remember.baselines import of_observation
from personarium.remember.recollection import line_of
from personarium.remember.strategies import BASELINES, open_strategy
from personarium.remember.strategy import Strategy
from personarium.runs.mapping import map_items

if TYPE_CHECKING:
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

STAGE = "compare"
INVENTED = 0.02  # share of questions in which a model may name, by chance, a value that it was not told


@dataclass(frozen=True)
class _Work:
    """What all walks share."""

    strategies: Mapping[str, Strategy]
    cases: Mapping[str, Case]
    reader: Reader
    terms: Terms
    guard: Guard
    worlds: frozenset[str]
    model: ChatModel | None
    repeatable: bool
    folder: Path | None


@dataclass
class _Tally:
    """What the reader's calls of one walk come to."""

    calls: int = 0
    usage: Usage = field(default_factory=Usage)

    def add(self, answered: Answered) -> None:
        """Count one answer."""
        self.calls += answered.calls
        self.usage += answered.usage


async def compare_strategies(
    strategies: Sequence[str | Strategy],
    users: Sequence[Case],
    reader: Reader | None = None,
    model: ChatModel | None = None,
    *,
    k: int = 5,
    budget_tokens: int | None = 1000,
    guard: Guard | None = None,
    baselines: bool = True,
    terms: Terms | None = None,
    folder: Path | None = None,
    seed: int = 0,
    run: Run | DryRun | None = None,
    concurrency: int = 4,
) -> ComparisonResult:
    """Put strategies through the same talks and questions.

    Args:
        strategies: Names of :data:`personarium.remember.strategies.STRATEGIES`, or strategies.
        users: The talks and questions: :func:`scripted_cases`, or :func:`own_cases` for one's own data.
        reader: Who answers from what a memory shows; :class:`RuleReader` when left out.
        model: Who consolidates; None lets rules do it.
        k: How many entries are recalled.
        budget_tokens: The longest text of recalled entries.
        guard: How much is checked for look-ahead. When left out, a fifth of the users' changed worlds are walked where no
            model is paid for it, and none with a model.
        baselines: Whether the four baselines are put in front of the strategies.
        terms: Replaces ``k`` and ``budget_tokens``, and may bring an embedder.
        folder: Where every walk keeps its memory as an SQLite file (``bytes`` is then their size); None keeps them in memory.
        seed: Of the bootstrap.
        run: The run to record and resume in, where models are used.
        concurrency: Walks at once where models are used; without a model one goes after the other.

    Raises:
        UsageError: On a strategy that is not known, two of one name, no users, or two users of one name.
    """
    chosen = _chosen([*(BASELINES if baselines else ()), *strategies])
    cases = {case.user: case for case in users}
    if not cases or len(cases) != len(users):
        raise UsageError("a comparison needs users with names of their own")
    asks = reader or RuleReader()
    if run is not None:
        asks = asks.recorded(run)
        model = None if model is None else run.model(model, role="memory")
    checks = guard or Guard(worlds=0.2 if model is None else 0.0, seed=seed)
    asked = terms or Terms(k, budget_tokens)
    worlds = checks.world_users(users)
    repeatable = model is None or (run is not None and run.status != "dry")
    work = _Work(chosen, cases, asks, asked, checks, worlds, model, repeatable, folder)
    pairs = [(name, user) for name in (CEILING, *chosen) for user in cases]
    alone = model is None and isinstance(asks, RuleReader)  # so that times are those of one walk
    outcomes = await map_items(
        run,
        STAGE,
        pairs,
        lambda pair: _one(work, *pair),
        key=lambda pair: f"{pair[0]}/{pair[1]}",
        concurrency=1 if alone else concurrency,
    )
    done = [one.value for one in outcomes if one.value is not None]
    return ComparisonResult(
        (CEILING, *chosen),
        tuple(question for case in users for question in case.questions),
        tuple(answer for answers, _ in done for answer in answers),
        tuple(row for _, row in done),
        asks.name,
        {"k": asked.k, "budget_tokens": asked.budget_tokens, "model": "" if model is None else model.name},
        seed,
        tuple(f"{one.key}: {one.failure.reason}" for one in outcomes if one.failure is not None),
    )


def _chosen(strategies: Sequence[str | Strategy]) -> dict[str, Strategy]:
    chosen: dict[str, Strategy] = {}
    for one in strategies:
        made = open_strategy(one) if isinstance(one, str) else one
        if made.name in chosen and not (isinstance(one, str) and one in BASELINES):
            raise UsageError(f"two strategies are called '{made.name}'; give one of them another name")
        chosen.setdefault(made.name, made)
    if CEILING in chosen:
        raise UsageError(f"'{CEILING}' is the name of the ceiling; give the strategy another name")
    return chosen


# --- one strategy and one user ---


async def _one(work: _Work, name: str, user: str) -> tuple[list[AnswerRow], WalkRow]:
    case, tally = work.cases[user], _Tally()
    if name == CEILING:
        return await _ceiling(work, case, tally)
    strategy = work.strategies[name]
    meter = None if work.model is None else Meter(work.model)
    again = work.guard.prefix_questions(case) if work.repeatable else []
    walked = await walk(
        strategy,
        user,
        case.messages,
        case.questions,
        terms=work.terms,
        model=meter,
        path=_file(work, name, user),
        digests=frozenset(question.id for question in again),
    )
    answers = [
        await _answer(work, name, case, question, walked.shown[question.id], tally) for question in case.questions
    ]
    paid = Usage() if meter is None else meter.usage  # what the guard asks again is not the strategy's cost
    calls = 0 if meter is None else meter.calls
    findings = await _guarded(work, strategy, case, walked, again)
    row = WalkRow(
        name,
        user,
        walked.observe_ms,
        walked.consolidate_ms,
        walked.bytes,
        calls,
        tally.calls,
        (paid + tally.usage).cost_usd,
        count_failures(walked.failures),
        len(again),
        tuple(map(str, findings)),
        _held_against(findings, len(case.questions), work.model is not None),
    )
    return answers, row


async def _guarded(
    work: _Work, strategy: Strategy, case: Case, walked: Walked, again: Sequence[Question]
) -> list[Finding]:
    found = [one for q in case.questions for one in check_shown(case, q, walked.shown[q.id])]
    for question in again:
        found += await check_prefix(strategy, case, question, walked, work.terms, work.model)
    if case.user in work.worlds:
        found += await check_world(strategy, case, work.terms, work.model)
    return found


def _held_against(findings: Sequence[Finding], questions: int, invents: bool) -> bool:
    """Whether findings mark a strategy: every source and every byte counts; a model may name a value now and then by chance."""
    if any(one.check not in (LATER, WORLD) for one in findings):
        return True
    named = len({(one.check, one.question) for one in findings})
    return named > (INVENTED * questions if invents else 0)


async def _ceiling(work: _Work, case: Case, tally: _Tally) -> tuple[list[AnswerRow], WalkRow]:
    """What the reader makes of the messages that tell the matter's values up to the question, and of nothing else."""
    answers = []
    for question in case.questions:
        told = [first for _, first in case.told.get((question.matter, question.holder), ()) if first < question.end]
        numbers = sorted({*told, *question.sources}) if question.sources else []
        text = "\n".join(line_of(of_observation(case.messages[number], "")) for number in numbers)
        answered = await work.reader.answer(f"{CEILING}/{question.id}", question.text, question.options, text)
        tally.add(answered)
        row = _row(CEILING, question, answered, estimate_tokens(text))
        known = bool(question.sources) or None
        count = len(numbers)
        answers.append(replace(row, entries=count, hits=len(question.sources) if known else None, evidence=known))
    return answers, WalkRow(CEILING, case.user, 0.0, 0.0, 0, 0, tally.calls, tally.usage.cost_usd)


async def _answer(work: _Work, name: str, case: Case, question: Question, shown: Shown, tally: _Tally) -> AnswerRow:
    answered = await work.reader.answer(f"{name}/{question.id}", question.text, question.options, shown.text)
    tally.add(answered)
    row = _row(name, question, answered, shown.tokens)
    gold = set(question.sources)
    return replace(
        row,
        entries=len(shown.recalled),
        hits=sum(not gold.isdisjoint(entry) for entry in shown.recalled) if gold else None,
        evidence=any(not gold.isdisjoint(entry) for entry in shown.sources) if gold else None,
        contradiction=_contradicts(case, question, shown.text),
        recall_ms=shown.ms,
    )


def _row(name: str, question: Question, answered: Answered, tokens: int) -> AnswerRow:
    kind = "" if answered.failure is None else answered.failure.kind
    right = answered.place == question.gold
    role = question.role(answered.place)
    return AnswerRow(
        name,
        question.user,
        question.id,
        question.type,
        answered.place,
        right,
        role,
        kind,
        tokens,
        0,
        None,
        None,
        None,
        0.0,
    )


def _contradicts(case: Case, question: Question, text: str) -> bool | None:
    """Whether two values of the question's matter and holder are shown as holding; None where not two were told."""
    told = case.told.get((question.matter, question.holder), ())
    values = [value for value, first in told if first < question.end]
    return len(present_values(text, values, question.holder)) > 1 if len(values) > 1 else None


def _file(work: _Work, name: str, user: str) -> Path | None:
    """The file of one walk: numbers and no names, which are somebody else's text."""
    if work.folder is None:
        return None
    work.folder.mkdir(parents=True, exist_ok=True)
    return work.folder / f"{list(work.strategies).index(name):03}-{list(work.cases).index(user):04}.db"
