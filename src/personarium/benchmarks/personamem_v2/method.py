r"""PersonaMem-v2: does a model fit its reply to a user whose preferences show between the lines?

The protocol in the page's order: the options are shuffled by the row, the history (whole, remembered, or nothing) and the query give
one call, the letter in the last box is compared with the gold one.

Source: *PersonaMem-v2: Towards Personalized Intelligence via Learning Implicit User Personas and Agentic Memory*, arXiv 2512.06688;
personamem-v2 page, parts B4, D and E; official repository bowen-upenn/PersonaMem-v2.
Differs: a memory is written without the query (``query-aware-memory``) and an empty box never scores (``empty-box``);
``as_published`` brings each back. The generator with a model (part A) is not here; a scripted set with known truth is. Open answers
and pictures are not scored. Units: one query; shares with Wilson intervals; tokens by the rule of four characters.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from personarium.benchmarks.personamem_v2.boxed_letter import ERRATA, LETTERS, QUERY_AWARE, read_boxed
from personarium.benchmarks.personamem_v2.data_format import Histories, V2Item, read_items
from personarium.benchmarks.personamem_v2.results import FULL_HISTORY, NO_MEMORY, V2Result
from personarium.benchmarks.personamem_v2.scripted import write_scripted
from personarium.benchmarks.personamem_v2.steps import ANSWER, STEPS, STYLE
from personarium.core.chat import ChatModel, Message
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.results import Failure, count_failures
from personarium.core.tokens import estimate_tokens
from personarium.measure.choice_items import ChoiceAnswer, ChoiceItem, ChoiceReport, ask_choice, lettered
from personarium.measure.memory_at_cut import (
    Asked,
    MemoryFactory,
    Shown,
    memory_failures,
    recall_at_cuts,
    strategy_memories,
)
from personarium.remember.personamem_v2 import PersonaMemV2, PersonaMemV2Config, history_of, write_memory
from personarium.runs.mapping import map_items, map_kept

if TYPE_CHECKING:
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

FULL, NONE = "full", "none"
AGENT = PersonaMemV2Config(skip_failed=True)


def agent_memories(model: ChatModel | None, config: PersonaMemV2Config = AGENT) -> MemoryFactory:
    """The page's own memory: one bullet text, written by ``model``, or by rules without one."""
    return strategy_memories(partial(PersonaMemV2, config), model)


@dataclass
class _Work:
    """What every part of one run shares."""

    model: ChatModel
    histories: Histories
    config: PersonaMemV2Config
    faults: frozenset[str]
    seed: int
    run: Run | DryRun | None
    concurrency: int
    loaded: dict[str, list[Message]] = field(default_factory=dict)

    def history(self, link: str) -> list[Message]:
        """A history, read once."""
        if link not in self.loaded:
            self.loaded[link] = self.histories.load(link)
        return self.loaded[link]

    def end(self, item: V2Item) -> int:
        """How many messages come before a query."""
        length = len(self.history(item.history))
        if item.end_index is not None and item.end_index > length:
            raise InvalidInput(item.id, f"at most the history's {length} messages", item.end_index, "end_index")
        return length if item.end_index is None else item.end_index

    def before(self, item: V2Item) -> list[Message]:
        """The messages before a query, those with neither role nor content left out."""
        return [m for m in self.history(item.history)[: self.end(item)] if m["role"] and m["content"]]


async def run_personamem_v2(
    model: ChatModel,
    items: Sequence[V2Item],
    histories: Histories,
    memory: str | MemoryFactory = FULL,
    *,
    memory_name: str = "memory",
    full_history: bool = True,
    config: PersonaMemV2Config = AGENT,
    as_published: Published = False,
    seed: int = 0,
    run: Run | DryRun | None = None,
    concurrency: int = 50,
) -> V2Result:
    """Ask every query with the memory that is tried, without any, and with the whole history.

    Args:
        model: Who answers (and, as published, writes the query-aware memory).
        items: As :func:`read_items` gives them; open rows are counted and left out.
        histories: The data folder.
        memory: ``full``, ``none``, or what makes a memory (:func:`agent_memories`, or any strategy's).
        memory_name: What a memory is called in the result.
        full_history: Whether the baseline with the whole history is asked too.
        config: Of the query-aware memory.
        as_published: True or erratum ids; ``query-aware-memory`` puts the query and its options into every update of the
            page's own memory, which then takes the place of ``memory``.
        seed: Of the replies.
        run: The run to record and resume in.
        concurrency: Queries at once.

    Raises:
        UsageError: ``memory`` is another word, or no row has options.
        InvalidInput, NotFound: A history cannot be read.
    """
    if isinstance(memory, str) and memory not in (FULL, NONE):
        raise UsageError(f"memory must be full, none or a memory, found '{memory}'")
    closed = [item for item in items if item.item is not None]
    if not closed:
        raise UsageError("no row has four answers; open rows have no letter to score")
    faults = published_faults(as_published, ERRATA)
    work = _Work(model, histories, config, faults, seed, run, concurrency)
    if run is not None:
        run.add_prompts(STEPS)
    shown: dict[str, Shown | Failure] = {}
    if not isinstance(memory, str):
        aware = QUERY_AWARE in faults
        shown = await (_query_aware(work, closed) if aware else _memories(work, closed, memory))
    kind = memory if isinstance(memory, str) else "memory"
    report, tokens = await _answers(work, closed, kind, shown)
    others: dict[str, tuple[ChoiceReport, tuple[int, ...]]] = {}
    if kind != NONE:
        others[NO_MEMORY] = await _answers(work, closed, NONE, {})
    if kind != FULL and full_history:
        others[FULL_HISTORY] = await _answers(work, closed, FULL, {})
    return V2Result(
        model.name,
        memory if isinstance(memory, str) else memory_name,
        tuple(closed),
        report,
        tokens,
        others[NO_MEMORY][0] if NO_MEMORY in others else None,
        others[FULL_HISTORY][0] if FULL_HISTORY in others else None,
        {name: used for name, (_, used) in others.items()},
        {id: one for id, one in shown.items() if isinstance(one, Shown)},
        len(items) - len(closed),
        tuple(memory_failures(shown)),
        faults,
    )


async def _memories(work: _Work, items: Sequence[V2Item], factory: MemoryFactory) -> dict[str, Shown | Failure]:
    """A memory for each history and cut; the query reaches it as a query only, its options never."""
    asked = [Asked(item.id, item.history, work.end(item), item.query) for item in items]
    return await recall_at_cuts(factory, work.history, asked, rebuild=True, stage="personamem_v2.memory", run=work.run)


async def _query_aware(work: _Work, items: Sequence[V2Item]) -> dict[str, Shown | Failure]:
    """As published: a memory for each query, which every update has seen with its options."""

    async def one(item: V2Item) -> Shown:
        assert item.item is not None  # open rows are left out before
        end = work.end(item)
        query = f"{item.query}\n\n{lettered(item.item.options, STYLE, LETTERS)}"
        history = history_of(work.history(item.history)[:end])
        written = await write_memory(work.model, history, work.config, query=query, item=item.id)
        return Shown(written.text, end, written.failures)

    outcomes = await map_items(
        work.run, "personamem_v2.memory", items, one, key=lambda item: item.id, concurrency=work.concurrency
    )
    lost = Failure("missing", "the memory was not built")
    return {
        item.id: outcome.value if outcome.value is not None else outcome.failure or lost
        for item, outcome in zip(items, outcomes, strict=True)
    }


async def _answers(
    work: _Work, items: Sequence[V2Item], kind: str, shown: Mapping[str, Shown | Failure]
) -> tuple[ChoiceReport, tuple[int, ...]]:
    """Step B4 for every query: the report, and the tokens of each prompt."""

    async def one(item: V2Item) -> ChoiceAnswer:
        remembered = shown.get(item.id)
        if isinstance(remembered, Failure):
            return _lost(item, remembered)
        return await ask_choice(
            work.model,
            _choice(item),
            step=ANSWER,
            inputs=_inputs(work, item, kind, remembered),
            reader=read_boxed,
            style=STYLE,
            letters=LETTERS,
            seed=work.seed,
        )

    answers = await map_kept(
        work.run,
        f"personamem_v2.{kind}",
        items,
        one,
        key=lambda item: item.id,
        failure=lambda answer: answer.failure,
        lost=_lost,
        concurrency=work.concurrency,
    )
    tokens = tuple(_prompt_tokens(work, item, kind, shown.get(item.id)) for item in items)
    return ChoiceReport(tuple(map(_choice, items)), tuple(answers), "query"), tokens


def _choice(item: V2Item) -> ChoiceItem:
    assert item.item is not None  # open rows are left out before
    return item.item


def _inputs(work: _Work, item: V2Item, kind: str, shown: Shown | None) -> dict[str, Any]:
    return {"context": work.before(item) if kind == FULL else [], "memory": "" if shown is None else shown.text}


def _prompt_tokens(work: _Work, item: V2Item, kind: str, shown: Shown | Failure | None) -> int:
    if isinstance(shown, Failure):
        return 0
    options = lettered(_choice(item).options, STYLE, LETTERS)
    messages = ANSWER.render(question=item.query, options=options, **_inputs(work, item, kind, shown))
    return sum(estimate_tokens(message["content"]) for message in messages)


def _lost(item: V2Item, failure: Failure) -> ChoiceAnswer:
    return ChoiceAnswer(item.id, tuple(range(len(LETTERS))), None, replace(failure, where=failure.where or item.id))


# --- the contract: two scripted users, with the memory that a model writes ---


async def _example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="personarium-personamem-v2-") as folder:
        items = read_items(write_scripted(folder, 2, seed))
        small = PersonaMemV2Config(chunk_tokens=120, skip_failed=True, seed=seed)
        result = await run_personamem_v2(
            model, items, Histories(folder), agent_memories(model, small), memory_name="personamem-v2", seed=seed
        )
    return [{"id": "memory", "failures": count_failures(result.failures)}, *result.rows()]


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(STEPS[0].name, {"memory": "No previous memory", "chunk": "Message 1 (user): I like tea.", "query": ""}),
)
