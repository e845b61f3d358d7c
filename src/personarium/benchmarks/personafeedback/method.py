"""PersonaFeedback: given a user's persona, which of two replies suits this user better?

The protocol in the page's order: items in three tiers and two question types (:mod:`data_format`), a chooser that is asked in
both orders (:mod:`choosers`), with the persona given, withheld, exchanged for another user's, or only what a search finds of it;
accuracy by type and tier with intervals over personas (:mod:`results`). It measures choosing between given replies, which is
judging: not how well a model writes them.

Source: *PersonaFeedback: A Large-scale Human-annotated Benchmark For Personalization*, arXiv 2506.12915; personafeedback page (the
full text could not be read: both orders, clusters and artefact baselines are this project's protocol).
Differs: nothing that is known; how the paper averages tiers is not, so both averages are given.
Units: one item; intervals resample personas; a reply that cannot be read is wrong and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from personarium.benchmarks.personafeedback.choosers import BASELINES, FIRST, SECOND, Chooser, ModelChooser, Order
from personarium.benchmarks.personafeedback.data_format import FeedbackSet
from personarium.benchmarks.personafeedback.items import FeedbackItem, notices
from personarium.benchmarks.personafeedback.planted import planted_items
from personarium.benchmarks.personafeedback.results import FeedbackReport, FeedbackResult
from personarium.benchmarks.personafeedback.steps import CHOOSE, STEPS
from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.controls import next_different
from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.core.sentences import sentence_spans
from personarium.measure.choice_items import ChoiceAnswer
from personarium.runs.mapping import map_kept

if TYPE_CHECKING:
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

EXPLICIT, NONE, SHUFFLED, RETRIEVED = "explicit", "none", "shuffled", "retrieved"
SETTINGS = (EXPLICIT, NONE, SHUFFLED, RETRIEVED)
RETRIEVE = 3  # statements of the persona that the retrieved setting shows; not stated by the paper


async def run_personafeedback(
    chooser: Chooser | ChatModel,
    items: Sequence[FeedbackItem] | FeedbackSet,
    *,
    settings: Sequence[str] = (NONE, SHUFFLED),
    both_orders: bool = True,
    retrieve: int = RETRIEVE,
    unparsed_wrong: bool = True,
    baselines: Sequence[Chooser] = BASELINES,
    seed: int = 0,
    run: Run | DryRun | None = None,
    concurrency: int = 100,
) -> FeedbackResult:
    """Let somebody choose in every item, with the explicit persona and in further settings.

    Args:
        chooser: A chat model, which is asked for a letter, or any chooser.
        items: What is chosen between.
        settings: Beside the explicit one: ``none``, ``shuffled`` (left out and noted where there is one persona only),
            ``retrieved`` (the statements of the persona that BM25 finds for the question).
        both_orders: Ask each item again with the replies swapped.
        retrieve: How many statements the retrieved setting shows.
        unparsed_wrong: Whether a choice that could not be read is wrong; else it is left out. It is counted either way.
        baselines: Rules that are set beside the chooser.
        seed: Of the run and of the bootstrap.
        run: The run to record and resume in.
        concurrency: Items at once.

    Raises:
        UsageError: No items, an unknown setting, or nothing to retrieve.
    """
    listed, notes = (items.items, items.notes) if isinstance(items, FeedbackSet) else (tuple(items), notices(items))
    wanted = [setting for setting in dict.fromkeys(settings) if setting != EXPLICIT]
    _check(listed, wanted, retrieve)
    alone = SHUFFLED in wanted and next_different([item.persona for item in listed]) is None
    if alone:
        wanted.remove(SHUFFLED)
        notes = (*notes, "all items have one persona, so there is no other user's to compare with")
    who: Chooser = chooser if isinstance(chooser, Chooser) else ModelChooser(chooser)
    if run is not None:
        run.add_prompts(STEPS)

    async def report(setting: str, by: Chooser, recorded: Run | DryRun | None) -> FeedbackReport:
        personas = _personas(listed, setting, retrieve)
        orders = (FIRST, SECOND) if both_orders else (FIRST,)
        found = [
            await _choices(by, listed, personas, order, f"personafeedback.{setting}", seed, recorded, concurrency)
            for order in orders
        ]
        return FeedbackReport(listed, found[0], found[1] if both_orders else None, unparsed_wrong, seed)

    explicit = await report(EXPLICIT, who, run)
    others = {setting: await report(setting, who, run) for setting in wanted}
    rules = {rule.name: await report(EXPLICIT, rule, None) for rule in baselines}
    return FeedbackResult(who.name, explicit, others, rules, tuple(notes))


def _check(items: Sequence[FeedbackItem], settings: Sequence[str], retrieve: int) -> None:
    if not items:
        raise UsageError("there is nothing to choose between")
    unknown = [setting for setting in settings if setting not in SETTINGS]
    if unknown:
        raise UsageError(f"a setting is one of {', '.join(SETTINGS)}, found '{unknown[0]}'")
    if retrieve < 1:
        raise UsageError(f"at least one statement must be retrieved, found {retrieve}")


def _personas(items: Sequence[FeedbackItem], setting: str, retrieve: int) -> list[str]:
    """What the chooser is told of the user of each item."""
    if setting == NONE:
        return [""] * len(items)
    if setting == SHUFFLED:
        others = next_different([item.persona for item in items])
        assert others is not None  # left out before
        return others
    if setting == RETRIEVED:
        find = _Retriever(retrieve)
        return [find(item.persona, item.question) for item in items]
    return [item.persona for item in items]


class _Retriever:
    """Finds what a question asks for among the statements of a persona; each persona is indexed once."""

    def __init__(self, k: int) -> None:
        self.k = k
        self._known: dict[str, tuple[list[str], Callable[[str, int], list[tuple[int, float]]]]] = {}

    def __call__(self, persona: str, question: str) -> str:
        if persona not in self._known:
            from personarium.text.bm25 import BM25Index

            statements = [persona[start:end] for start, end in sentence_spans(persona)]
            self._known[persona] = (statements, BM25Index.build(statements).top)
        statements, top = self._known[persona]
        return "\n".join(statements[number] for number in sorted(number for number, _ in top(question, self.k)))


async def _choices(
    chooser: Chooser,
    items: Sequence[FeedbackItem],
    personas: Sequence[str],
    order: Order,
    stage: str,
    seed: int,
    run: Run | DryRun | None,
    concurrency: int,
) -> tuple[ChoiceAnswer, ...]:
    """One order of one setting."""

    async def one(pair: tuple[FeedbackItem, str]) -> ChoiceAnswer:
        return await chooser.choose(pair[0], pair[1], order, seed)

    def lost(pair: tuple[FeedbackItem, str], failure: Failure) -> ChoiceAnswer:
        return ChoiceAnswer(pair[0].id, order, None, replace(failure, where=failure.where or pair[0].id))

    name = stage if order == FIRST else f"{stage}.swapped"
    return tuple(
        await map_kept(
            run,
            name,
            list(zip(items, personas, strict=True)),
            one,
            key=lambda pair: pair[0].id,
            failure=lambda answer: answer.failure,
            lost=lost,
            concurrency=concurrency,
        )
    )


# --- the contract: two made-up users ---


async def _example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    result = await run_personafeedback(model, planted_items(2, 3, seed), settings=(SHUFFLED,), baselines=(), seed=seed)
    return result.rows()


def _first_inputs() -> Mapping[str, Any]:
    item = planted_items(2, 1)[0]
    shown = {"response_a": item.responses[0], "response_b": item.responses[1]}
    return {"persona": item.persona, "question": item.question, "letters": "AB", **shown}


CONTRACT = Contract(example=_example, steps=STEPS, first=(CHOOSE.name, _first_inputs()))
