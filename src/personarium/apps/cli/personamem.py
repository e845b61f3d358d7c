"""``personarium bench personamem`` and ``bench personamem-v2``: a user who changes, and one who shows it between the lines."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import speaks
from personarium.apps.cli.session import Session, finish_run, run_options, warn_of_failures

Writer = Annotated[
    str | None,
    typer.Option("--writer", help="Who writes the memory; plain rules do it without.", rich_help_panel="Models"),
]
Users = Annotated[int, typer.Option("--users", min=1, max=10_000, help="How many scripted users, without files.")]
Recalled = Annotated[int, typer.Option("--recall", min=0, max=1000, help="How many entries of a memory are recalled.")]
AsPublished = Annotated[bool, typer.Option("--as-published", help="Bring all published faults back.")]
Erratum = Annotated[list[str], typer.Option("--erratum", help="Bring one published fault back, by its id.")]
SCRIPTED = "Scripted users whose preferences are told plainly: shows what a memory loses, not how well a model reads."


@speaks
@opt.takes_common
def personamem(
    questions: Annotated[
        Path | None,
        typer.Argument(help="questions_32k.csv or another size; without files scripted users are asked about."),
    ] = None,
    contexts: Annotated[Path | None, typer.Argument(help="shared_contexts_32k.jsonl of the same size.")] = None,
    memory: Annotated[
        str,
        typer.Option(
            "--memory", help="full (the talk itself), none, or a memory: facts, bm25, memorybank, personatree, …"
        ),
    ] = "full",
    model: opt.Model = "simulated",
    writer: Writer = None,
    persona: Annotated[
        str, typer.Option("--persona", help="seen: system messages, which state the persona, may be read; hidden: not.")
    ] = "seen",
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make a fresh memory for every cut, not one that goes through the talk.")
    ] = False,
    merge_system: Annotated[
        bool, typer.Option("--merge-system", help="Write system messages into user messages, for models without them.")
    ] = False,
    recall: Recalled = 5,
    users: Users = 3,
    as_published: AsPublished = False,
    erratum: Erratum = [],  # noqa: B006
    base_url: opt.BaseUrl = None,
    judge_base_url: Annotated[
        str | None, typer.Option("--writer-base-url", help="Endpoint of --writer.", rich_help_panel="Models")
    ] = None,
    common: opt.Common = opt.Common(),
) -> None:
    """PersonaMem: does a model, or a memory, follow a user who changes? Four replies, one fits the user's state now.

    Example: personarium bench personamem questions_32k.csv shared_contexts_32k.jsonl --memory facts --model openai/gpt-4o
    """
    given = opt.given(locals())
    from personarium.benchmarks.personamem import PersonaMemConfig, read_items, run_personamem
    from personarium.core.errors import UsageError

    if (questions is None) != (contexts is None):
        raise UsageError("give the questions and their contexts, or neither for scripted users")
    config = PersonaMemConfig(persona, rebuild, merge_system)  # type: ignore[arg-type]
    faults: Any = True if as_published else sorted(erratum)
    with _personamem_files(questions, contexts, users, common.seed) as (csv_file, found):
        items = read_items(csv_file, found)
        settings = {
            **_common(memory, recall, faults, questions is None, csv_file, found.path),
            "persona": persona,
            "rebuild": rebuild,
            "merge_system": merge_system,
        }

        async def work(session: Session) -> Any:
            return await run_personamem(
                session.player,
                items,
                found,
                _memory(session, memory, recall),
                memory_name=memory,
                config=config,
                as_published=faults or False,
                seed=common.seed,
                run=session.run,
                concurrency=common.concurrency,
            )

        _carry_out("personamem", given, settings, writer, work, _write_personamem)


@speaks
@opt.takes_common
def personamem_v2(
    file: Annotated[
        Path | None,
        typer.Argument(help="benchmark.csv, val.csv or train.csv; without it scripted users are asked about."),
    ] = None,
    histories: Annotated[
        Path | None,
        typer.Option("--histories", help="The folder that the links to histories start from; the file's own."),
    ] = None,
    size: Annotated[str, typer.Option("--size", help="Which histories: 32k or 128k.")] = "32k",
    memory: Annotated[
        str, typer.Option("--memory", help="personamem-v2 (one short text), full, none, or another memory.")
    ] = "personamem-v2",
    model: opt.Model = "simulated",
    writer: Writer = None,
    full_history: Annotated[
        bool,
        typer.Option("--full-history/--no-full-history", help="Also ask with the whole history: the dear baseline."),
    ] = True,
    recall: Recalled = 5,
    users: Users = 3,
    as_published: AsPublished = False,
    erratum: Erratum = [],  # noqa: B006
    base_url: opt.BaseUrl = None,
    judge_base_url: Annotated[
        str | None, typer.Option("--writer-base-url", help="Endpoint of --writer.", rich_help_panel="Models")
    ] = None,
    common: opt.Common = opt.Common(),
) -> None:
    """PersonaMem-v2: preferences that show between the lines, changes, other people's, and wishes to forget.

    Example: personarium bench personamem-v2 benchmark.csv --writer openai/gpt-4o-mini --model openai/gpt-4o
    """
    given = opt.given(locals())
    from personarium.benchmarks.personamem_v2 import Histories, read_items, run_personamem_v2

    faults: Any = True if as_published else sorted(erratum)
    with _personamem_v2_files(file, histories, users, common.seed) as (csv_file, root):
        items = read_items(csv_file, size)
        settings = {
            **_common(memory, recall, faults, file is None, csv_file),
            "size": size,
            "full_history": full_history,
        }

        async def work(session: Session) -> Any:
            return await run_personamem_v2(
                session.player,
                items,
                Histories(root),
                _memory(session, memory, recall),
                memory_name=memory,
                full_history=full_history,
                as_published=faults or False,
                seed=common.seed,
                run=session.run,
                concurrency=common.concurrency,
            )

        _carry_out("personamem-v2", given, settings, writer, work, _write_personamem_v2)


# --- what both share ---


def _common(memory: str, recall: int, faults: Any, scripted: bool, *files: Path) -> dict[str, Any]:
    """What decides the result in both."""
    return {
        "memory": memory,
        "recall": recall,
        "as_published": faults,
        "scripted": scripted,
        "files": [_digest(path) for path in files],
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).hexdigest()


@contextmanager
def _personamem_files(
    questions: Path | None, contexts: Path | None, users: int, seed: int
) -> Iterator[tuple[Path, Any]]:
    from personarium.benchmarks.personamem import Contexts, timelines, write_scripted
    from personarium.benchmarks.personamem.scripted import KINDS

    if questions is not None and contexts is not None:
        yield questions, Contexts(contexts)
        return
    with tempfile.TemporaryDirectory(prefix="personarium-") as folder:
        csv_file, lines = write_scripted(folder, timelines(users, seed), KINDS, seed)
        yield csv_file, Contexts(lines)


@contextmanager
def _personamem_v2_files(
    file: Path | None, histories: Path | None, users: int, seed: int
) -> Iterator[tuple[Path, Path]]:
    from personarium.benchmarks.personamem_v2 import write_scripted

    if file is not None:
        yield file, histories or file.parent
        return
    with tempfile.TemporaryDirectory(prefix="personarium-") as folder:
        yield write_scripted(folder, users, seed), Path(folder)


def _memory(session: Session, name: str, recall: int) -> Any:
    """``full`` and ``none`` as they are, else the factory of a strategy's memories."""
    from personarium.measure.memory_at_cut import strategy_memories
    from personarium.remember.strategies import open_strategy

    if name in ("full", "none"):
        return name
    if name == "personamem-v2":
        from personarium.benchmarks.personamem_v2 import agent_memories

        return agent_memories(_writer(session))
    open_strategy(name)  # an unknown name is refused before anything is asked
    return strategy_memories(lambda: open_strategy(name), _writer(session), k=recall)


def _writer(session: Session) -> Any:
    return session.judges[0] if session.judges else None


def _carry_out(
    kind: str,
    given: Mapping[str, Any],
    settings: Mapping[str, Any],
    writer: str | None,
    work: Callable[[Session], Any],
    write: Callable[[Session, Any], dict[str, Any]],
) -> None:
    """The run from its folder to its report."""
    session = Session(run_options(kind, given, settings, [writer] if writer else [], roles=["writer"]))
    if settings["scripted"]:
        session.output.warn(SCRIPTED)
    if given["dry_run"]:
        session.work(work(session))
        session.show_plan()
        return
    with session:
        result = session.work(work(session))
        if result.failures:
            session.output.warn(
                f"{len(result.failures)} calls failed while memories were written: {result.failures[0].reason}"
            )
        summary = write(session, result)
    warn_of_failures(session, list(result.report.failures))
    data = {"estimates": summary["estimates"], "failures": result.failed, "questions": len(result.items)}
    finish_run(session, data, lambda out: _show(out, result, summary["title"]))


def _show(out: Any, result: Any, title: str) -> None:
    from personarium.apps.cli.tables import estimates_table

    out.print(estimates_table(result.estimates(), title))
    first = next(iter(_tables(result)))
    out.print()
    out.print(estimates_table(result.by(first), f"By {first}"))


def _tables(result: Any) -> tuple[str, ...]:
    from personarium.benchmarks.personamem import results
    from personarium.benchmarks.personamem_v2 import results as results_v2

    return results.TABLES if isinstance(result, results.PersonaMemResult) else results_v2.TABLES


def _summary(kind: str, title: str, subtitle: str, result: Any, notices: list[str]) -> dict[str, Any]:
    sections = [
        {
            "kind": "table",
            "title": f"By {table}",
            "columns": [table, "accuracy"],
            "rows": [[value, estimate.as_dict()] for value, estimate in result.by(table).items()],
        }
        for table in _tables(result)
    ]
    letters = {
        "kind": "table",
        "title": "Letters chosen",
        "columns": ["letter", "times"],
        "rows": [[letter, count] for letter, count in result.report.letters().items()],
    }
    return {
        "kind": kind,
        "title": title,
        "subtitle": subtitle,
        "headline": "Accuracy",
        "estimates": {name: estimate.as_dict() for name, estimate in result.estimates().items()},
        "scale": {"lo": 0, "hi": 1, "higher_is_better": True, "unit": "share"},
        "meaning": "How often the reply was chosen that fits the user as they were when they asked.",
        "notices": notices,
        "sections": [*sections, letters],
    }


def _write_personamem(session: Session, result: Any) -> dict[str, Any]:
    from personarium.benchmarks.personamem import write_result_csv

    session.run.write_results(result.rows())
    write_result_csv(Path(session.run.path) / "result.csv", result.items, result.report.answers)
    for label, count in result.unknown_labels().items():
        session.output.warn(f"question type '{label}' is not one of the known ones ({count} questions)")
    title = f"PersonaMem: {len(result.items)} questions, memory {result.memory}"
    subtitle = f"{result.model} answered; the persona in system messages was {result.persona}."
    summary = _summary("personamem", title, subtitle, result, list(session.output.warnings))
    session.run.write_summary(summary)
    return summary


def _write_personamem_v2(session: Session, result: Any) -> dict[str, Any]:
    session.run.write_results(result.rows())
    if result.open_rows:
        session.output.warn(f"{result.open_rows} rows have fewer than four answers and are not asked")
    title = f"PersonaMem-v2: {len(result.items)} queries, memory {result.memory}"
    summary = _summary("personamem-v2", title, f"{result.model} answered.", result, list(session.output.warnings))
    tokens = {
        "kind": "table",
        "title": "Tokens read per answer (estimated)",
        "columns": ["with", "tokens"],
        "rows": [[name, estimate.value] for name, estimate in result.tokens_read().items()],
    }
    summary["sections"].append(tokens)
    session.run.write_summary(summary)
    return summary
