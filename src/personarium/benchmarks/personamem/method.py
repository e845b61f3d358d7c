"""PersonaMem: does a model follow a user who changes? Letters, no judge; with the whole talk, without it, or with a memory.

The protocol in the page's order: the context is cut where the question is asked, one call chooses among four replies, the letter
is scored, and the answers that need no reading stand beside the score.

Source: *Know Me, Respond to Me: Benchmarking LLMs for Dynamic User Profiling and Personalized Responses at Scale*, arXiv
2504.14225 (COLM 2025); personamem page; official repository bowen-upenn/PersonaMem.
Differs: the prompt is in our own words; the answer is read without knowing the gold letter (``gold-in-scorer``); system messages
are rewritten for a model only when that is asked for (``letter-o``); ``as_published`` brings each back. A memory is read up to the
cut and no further. The paper's other generator (histories written by a model) is not here; a scripted one with known truth is.
Units: one question; shares with Wilson intervals.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from personarium.benchmarks.personamem.data_format import Contexts, PersonaMemItem, read_items
from personarium.benchmarks.personamem.letters import LETTERS, read_answer, read_as_published
from personarium.benchmarks.personamem.results import PersonaMemResult
from personarium.benchmarks.personamem.scripted import KINDS, timelines, write_scripted
from personarium.benchmarks.personamem.steps import ANSWER, STEPS, STYLE
from personarium.core.chat import ChatModel, Message
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.errors import UsageError
from personarium.core.results import Failure, count_failures
from personarium.measure.choice_items import ChoiceAnswer, ChoiceItem, ChoiceReport, LetterReader, ask_choice
from personarium.measure.memory_at_cut import (
    Asked,
    MemoryFactory,
    Shown,
    memory_failures,
    recall_at_cuts,
    strategy_memories,
)
from personarium.runs.mapping import map_kept

if TYPE_CHECKING:
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

ERRATA = ("gold-in-scorer", "letter-o")
FULL, NONE = "full", "none"


@dataclass(frozen=True)
class PersonaMemConfig:
    """How the benchmark is run.

    Args:
        persona: ``seen`` leaves the system messages, which state the persona, in the context and in what a memory reads (as
            published); ``hidden`` takes them out of both. The result says which.
        rebuild: Make a fresh memory at each cut; otherwise one memory goes through a context and is asked on the way.
        merge_system: Write system messages into the next user message, for a model that has no system role.
    """

    persona: Literal["seen", "hidden"] = "seen"
    rebuild: bool = False
    merge_system: bool = False

    def __post_init__(self) -> None:
        if self.persona not in ("seen", "hidden"):
            raise UsageError(f"persona must be seen or hidden, found '{self.persona}'")


PLAIN = PersonaMemConfig()


@dataclass
class _Work:
    """What every part of one run shares."""

    model: ChatModel
    contexts: Contexts
    config: PersonaMemConfig
    faults: frozenset[str]
    seed: int
    run: Run | DryRun | None
    concurrency: int

    def before(self, item: PersonaMemItem) -> list[Message]:
        """Step 5: the messages before the cut, as this model is sent them; nothing behind the cut is ever touched."""
        said = self.contexts.load(item.context_id)[: item.end_index]
        kept = [m for m in said if self.config.persona == "seen" or m["role"] != "system"]
        letter_o = "letter-o" in self.faults and "o" in self.model.name.rsplit("/", 1)[-1]
        return merge_system(kept) if letter_o or self.config.merge_system else kept


async def run_personamem(
    model: ChatModel,
    items: Sequence[PersonaMemItem],
    contexts: Contexts,
    memory: str | MemoryFactory = FULL,
    *,
    memory_name: str = "memory",
    config: PersonaMemConfig = PLAIN,
    as_published: Published = False,
    seed: int = 0,
    run: Run | DryRun | None = None,
    concurrency: int = 50,
) -> PersonaMemResult:
    """Ask every question, with the history in the form that is tried, and once more without any.

    Args:
        model: Who answers.
        items: As :func:`read_items` gives them.
        contexts: Their contexts.
        memory: ``full`` (the context itself), ``none``, or what makes a memory (see
            :func:`personarium.measure.memory_at_cut.strategy_memories`).
        memory_name: What a memory is called in the result.
        config: Persona and how memories are made.
        as_published: True or erratum ids bring published faults back.
        seed: Of the replies.
        run: The run to record and resume in.
        concurrency: Questions at once.

    Raises:
        UsageError: ``memory`` is another word.
        InvalidInput: A context cannot be read.
    """
    if isinstance(memory, str) and memory not in (FULL, NONE):
        raise UsageError(f"memory must be full, none or a memory, found '{memory}'")
    faults = published_faults(as_published, ERRATA)
    work = _Work(model, contexts, config, faults, seed, run, concurrency)
    if run is not None:
        run.add_prompts(STEPS)
    shown: dict[str, Shown | Failure] = {} if isinstance(memory, str) else await _memories(work, items, memory)
    kind = memory if isinstance(memory, str) else "memory"
    answers = await _answers(work, items, kind, shown)
    bare = None if kind == NONE else _report(items, await _answers(work, items, NONE, {}))
    return PersonaMemResult(
        model.name,
        memory if isinstance(memory, str) else memory_name,
        tuple(items),
        _report(items, answers),
        bare,
        {id: one for id, one in shown.items() if isinstance(one, Shown)},
        config.persona,
        tuple(memory_failures(shown)),
        faults,
    )


def _report(items: Sequence[PersonaMemItem], answers: Sequence[ChoiceAnswer]) -> ChoiceReport:
    return ChoiceReport(tuple(item.item for item in items), tuple(answers))


async def _memories(work: _Work, items: Sequence[PersonaMemItem], factory: MemoryFactory) -> dict[str, Shown | Failure]:
    """A memory of every context, asked at every cut. With a hidden persona the cuts count what is left."""
    hidden = work.config.persona == "hidden"
    kept: dict[str, list[bool]] = {
        name: [not hidden or m["role"] != "system" for m in work.contexts.load(name)]
        for name in {item.context_id for item in items}
    }

    def history(name: str) -> list[Message]:
        return [m for m, keep in zip(work.contexts.load(name), kept[name], strict=True) if keep]

    asked = [
        Asked(item.id, item.context_id, sum(kept[item.context_id][: item.end_index]), item.item.question)
        for item in items
    ]
    return await recall_at_cuts(
        factory, history, asked, rebuild=work.config.rebuild, stage="personamem.memory", run=work.run
    )


async def _answers(
    work: _Work, items: Sequence[PersonaMemItem], kind: str, shown: Mapping[str, Shown | Failure]
) -> list[ChoiceAnswer]:
    """Steps 5 and 6 for every question."""

    async def one(item: PersonaMemItem) -> ChoiceAnswer:
        remembered = shown.get(item.id)
        if isinstance(remembered, Failure):
            return _lost(item, remembered)
        inputs = {
            "context": work.before(item) if kind == FULL else [],
            "memory": remembered.text if remembered is not None else "",
        }
        return await ask_choice(
            work.model,
            item.item,
            step=ANSWER,
            inputs=inputs,
            reader=_reader(item.item, work.faults),
            style=STYLE,
            letters=LETTERS,
            seed=work.seed,
        )

    return await map_kept(
        work.run,
        f"personamem.{kind}",
        items,
        one,
        key=lambda item: item.id,
        failure=lambda answer: answer.failure,
        lost=_lost,
        concurrency=work.concurrency,
    )


def _lost(item: PersonaMemItem, failure: Failure) -> ChoiceAnswer:
    return ChoiceAnswer(item.id, tuple(range(len(LETTERS))), None, replace(failure, where=failure.where or item.id))


def _reader(item: ChoiceItem, faults: frozenset[str]) -> LetterReader:
    if "gold-in-scorer" not in faults:
        return read_answer
    gold = LETTERS[item.gold]
    return lambda text, options: read_as_published(text, gold)


def merge_system(messages: Sequence[Message]) -> list[Message]:
    """Messages for a model without a system role: ``[System]: ...`` before the next message, equal roles joined.

    System messages that nothing follows are dropped, as in the reference code.
    """
    out: list[Message] = []
    waiting = ""
    for message in messages:
        if message["role"] == "system":
            waiting += f"[System]: {message['content']}\n"
            continue
        content, waiting = waiting + message["content"], ""
        if out and out[-1]["role"] == message["role"]:
            out[-1]["content"] += "\n" + content
        else:
            out.append({"role": message["role"], "content": content})
    return out


# --- the contract: two scripted users, with the talk itself and with a memory of facts ---


async def _example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    from personarium.remember.facts import FactMemory

    with tempfile.TemporaryDirectory(prefix="personarium-personamem-") as folder:
        questions, contexts_file = write_scripted(folder, timelines(2, seed), KINDS, seed)
        contexts = Contexts(contexts_file)
        items = read_items(questions, contexts)
        rows: list[dict[str, Any]] = []
        for memory in (FULL, strategy_memories(FactMemory)):
            result = await run_personamem(model, items, contexts, memory, memory_name="facts", seed=seed)
            name = result.memory
            rows.append({"id": f"{name}/memory", "failures": count_failures(result.failures)})
            rows += [{**row, "id": f"{name}/{row['id']}"} for row in result.rows()]
    return rows


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(
        ANSWER.name,
        {
            "context": [],
            "memory": "- favourite drink: tea",
            "question": "What do I drink?",
            "options": "(a) tea\n(b) coffee\n(c) cocoa\n(d) water",
        },
    ),
)
