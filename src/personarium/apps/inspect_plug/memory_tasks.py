"""The tasks on what is remembered of a user; see :mod:`personarium.apps.inspect_plug.tasks`."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

from inspect_ai import Task, task

from personarium.apps.inspect_plug.task_arguments import errata_of, listed, task_of
from personarium.core.errors import UsageError


def _scratch() -> str:
    """A folder for a made-up set; who reads from it sees to it that it goes (``weakref.finalize``)."""
    return tempfile.mkdtemp(prefix="personarium-inspect-")


@task
def personamem(
    questions: str | None = None,
    contexts: str | None = None,
    memory: str = "full",
    recall: int = 5,
    persona: str = "seen",
    merge_system: bool = False,
    users: int = 3,
    errata: str | list[str] | None = None,
    seed: int = 0,
) -> Task:
    """PersonaMem: does a model, or a memory, follow a user who changes? Four replies, one fits the user now.

    Args:
        questions: ``questions_32k.csv`` or another size; without files scripted users are asked about.
        contexts: ``shared_contexts_32k.jsonl`` of the same size.
        memory: ``full`` (the talk itself), ``none``, or a memory (facts, bm25, …), made anew for every question by its rules.
        recall: Entries of a memory that are recalled.
        persona: ``seen`` or ``hidden``: whether system messages, which state the persona, may be read.
        merge_system: Write system messages into user messages.
        users: How many scripted users, without files.
        errata: Published faults to bring back: ids, or ``all``.
        seed: Of replies and scripted users.
    """
    from personarium.apps.inspect_plug.remembered import PersonaMem
    from personarium.benchmarks.personamem import Contexts, PersonaMemConfig, read_items

    if (questions is None) != (contexts is None):
        raise UsageError("give both -T questions=… and -T contexts=…, or neither for scripted users")
    config = PersonaMemConfig(persona, merge_system=merge_system)  # type: ignore[arg-type]
    if questions is None or contexts is None:
        items, found = _scripted_personamem(users, seed)
        notice = "the published questions are not shipped (-T questions=… -T contexts=…); these users are scripted"
    else:
        found = Contexts(contexts)
        items, notice = read_items(questions, found), ""
    benchmark = PersonaMem(items, found, _memory(memory, recall), memory, config, seed, errata_of(errata))
    return task_of(benchmark, seed, notice=notice)


def _scripted_personamem(users: int, seed: int) -> tuple[Any, Any]:
    from personarium.benchmarks.personamem import Contexts, read_items, timelines, write_scripted
    from personarium.benchmarks.personamem.scripted import KINDS

    folder = _scratch()
    questions, contexts = write_scripted(folder, timelines(users, seed), KINDS, seed)
    found = Contexts(contexts)
    weakref.finalize(found, shutil.rmtree, folder, True)
    return read_items(questions, found), found


@task
def personamem_v2(
    data: str | None = None,
    histories: str | None = None,
    size: str = "32k",
    memory: str = "personamem-v2",
    recall: int = 5,
    full_history: bool = True,
    users: int = 3,
    seed: int = 0,
) -> Task:
    """PersonaMem-v2: preferences that show between the lines, changes, other people's, and wishes to forget.

    Args:
        data: ``benchmark.csv``, ``val.csv`` or ``train.csv``; without it scripted users are asked about.
        histories: The folder that the links to histories start from; the file's own without.
        size: Which histories: ``32k`` or ``128k``.
        memory: ``personamem-v2`` (one short text, by its rules), ``full``, ``none``, or another memory.
        recall: Entries of another memory that are recalled.
        full_history: Also ask with the whole history: the dear baseline.
        users: How many scripted users, without a file.
        seed: Of replies and scripted users.
    """
    from personarium.apps.inspect_plug.remembered import PersonaMemV2
    from personarium.benchmarks.personamem_v2 import Histories, read_items, write_scripted

    if data is None:
        root = Path(_scratch())
        csv_file = write_scripted(root, users, seed)
        notice = "the published queries are not shipped (-T data=benchmark.csv); these users are scripted"
        found = Histories(root)
        weakref.finalize(found, shutil.rmtree, root, True)
    else:
        csv_file, notice = Path(data), ""
        found = Histories(histories or csv_file.parent)
    items = read_items(csv_file, size)
    return task_of(PersonaMemV2(items, found, _memory(memory, recall), memory, full_history, seed), seed, notice=notice)


def _memory(name: str, recall: int) -> Any:
    """``full`` and ``none`` as they are, else what makes a memory that writes by its plain rules."""
    from personarium.measure.memory_at_cut import strategy_memories
    from personarium.remember.strategies import open_strategy

    if name in ("full", "none"):
        return name
    if name == "personamem-v2":
        from personarium.benchmarks.personamem_v2 import agent_memories

        return agent_memories(None)
    open_strategy(name)  # an unknown name is refused before anything is asked
    return strategy_memories(lambda: open_strategy(name), None, k=recall)


@task
def perma(
    data: str | None = None,
    memory: str | list[str] = "rag",
    users: int = 3,
    domains: int = 4,
    multi: bool = False,
    noise: bool = False,
    top_k: int = 10,
    errata: str | list[str] | None = None,
    judge: str | None = None,
    user: str | None = None,
    seed: int = 0,
) -> Task:
    """PERMA: preferences that show over a time line, asked for before, right after and long after; one sample a user.

    Args:
        data: The published folders (profile/, tasks/, evaluation/); without them a template world.
        memory: Memories under test: rag, whole, last, or strategies. Full context and no memory are always beside them.
        users: How many.
        domains: Of the template world.
        multi: Tasks over several domains.
        noise: Talks with noise.
        top_k: Entries that a memory is asked for.
        errata: Published faults to bring back: ids, or ``all``.
        judge: Scores what was fetched, and whether the goal was reached; role ``grader``, nobody without.
        user: Plays the user in live talks; role ``user``, no talks without.
        seed: Of every draw.
    """
    from personarium.apps.inspect_plug.remembered import Perma
    from personarium.benchmarks.perma import PermaConfig, WorldConfig, make_worlds, read_user, users_in

    if data is not None:
        variant: Any = "noise" if noise else "clean"
        people = [read_user(data, id, variant, multi=multi) for id in users_in(data)[:users]]
    else:
        pairs = min(6, domains * (domains - 1) // 2) if multi else 0
        people = make_worlds(WorldConfig(users, domains, multi_tasks=pairs, noisy=noise), seed)
    benchmark = Perma(people, listed(memory), PermaConfig(top_k=top_k), seed, errata_of(errata))
    notice = "" if data else "the published users are not shipped (-T data=FOLDER); this is a world of templates"
    return task_of(benchmark, seed, judge, user, notice)
