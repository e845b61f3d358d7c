"""``personarium bench perma``: which memory knows what a person likes, right after it showed and long after."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, speaks
from personarium.apps.cli.session import Session, finish_run, run_options, warn_of_failures

INCREMENTAL = "Incremental protocol: accuracy by share of the sessions held"


@speaks
@opt.takes_common
def perma(
    folder: Annotated[
        Path | None,
        typer.Argument(help="The published folders (profile/, tasks/, evaluation/); without them a template world."),
    ] = None,
    memory: Annotated[
        list[str],
        typer.Option(
            "--memory", help="A memory under test; may be repeated: rag, whole, last, or a strategy (facts, bm25, …)."
        ),
    ] = ["rag"],  # noqa: B006 (typer copies it)
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Who answers, with every memory alike; a rule that knows what the templates plant without.",
            rich_help_panel="Models",
        ),
    ] = None,
    user_model: Annotated[
        str | None,
        typer.Option("--user-model", help="Who plays the user in live talks.", rich_help_panel="Models"),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge", "-j", help="Scores what was fetched, and whether the goal was reached.", rich_help_panel="Models"
        ),
    ] = None,
    consolidate_with: Annotated[
        str | None,
        typer.Option(
            "--consolidate-with",
            help="Who reads and writes for the strategies; their plain rules without one.",
            rich_help_panel="Models",
        ),
    ] = None,
    users: Annotated[int, typer.Option("--users", "-n", min=1, max=1000, help="How many users.")] = 3,
    domains: Annotated[int, typer.Option("--domains", min=1, max=6, help="Domains of the template world.")] = 4,
    multi: Annotated[bool, typer.Option("--multi", help="Tasks over several domains.")] = False,
    noise: Annotated[bool, typer.Option("--noise", help="Talks with noise.")] = False,
    top_k: Annotated[int, typer.Option("--top-k", min=1, max=1000, help="Entries that a memory is asked for.")] = 10,
    incremental: Annotated[
        bool, typer.Option("--incremental", help="Also ask at every 10 % of the time line.")
    ] = False,
    as_published: Annotated[bool, typer.Option("--as-published", help="Bring all published faults back.")] = False,
    erratum: Annotated[list[str], typer.Option("--erratum", help="Bring one published fault back, by its id.")] = [],  # noqa: B006
    base_url: opt.BaseUrl = None,
    judge_base_url: opt.JudgeBaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """PERMA: preferences that show over a time line, asked for before, right after and long after.

    Full context and no memory are always beside the memories, with the same reader.

    Example: personarium bench perma --memory rag --memory bm25 --users 5
    """
    given = opt.given(locals())
    from personarium.benchmarks.perma import PlantedReader

    faults: Any = True if as_published else sorted(erratum)
    _check(given)
    people = _people(folder, users, domains, multi, noise, common.seed)
    if model is None:
        _by_rule(Output(common.as_json), people, given, faults, PlantedReader())
        return
    others = {"user": user_model, "judge": judge, "writer": consolidate_with}
    named = {role: name for role, name in others.items() if name is not None}
    settings = {
        "folder": str(folder) if folder else None,
        "memory": sorted(memory),
        "roles": named,
        "as_published": faults,
        **{name: given[name] for name in ("users", "domains", "multi", "noise", "top_k", "incremental")},
    }
    options = run_options("perma", given, settings, list(named.values()), model, list(named))
    session = Session(options)
    if common.dry_run:
        _plan(
            session, _run(people, given, faults, session.player, dict(zip(named, session.judges, strict=True)), session)
        )
        return
    with session:
        models = dict(zip(named, session.judges, strict=True))
        result, steps = session.work(_run(people, given, faults, session.player, models, session))
        _warn_of_leaks(session.output, result)
        summary = _write(session, result, steps)
    warn_of_failures(session, result.failed)
    finish_run(
        session, {**_document(result, steps), "estimates": summary["estimates"]}, lambda o: _show(o, result, steps)
    )


def _check(given: dict[str, Any]) -> None:
    from personarium.core.errors import UsageError

    if len(set(given["memory"])) < len(given["memory"]):
        raise UsageError("each memory can be tested once; name it once with --memory")
    if given["model"] is not None:
        return
    if given["folder"] is not None:
        raise UsageError("the rule knows only what the templates plant; name who answers with --model")
    needless = [name for name in ("user_model", "judge", "consolidate_with", "out", "dry_run") if given[name]]
    if needless:
        raise UsageError(
            f"--{needless[0].replace('_', '-')} belongs to a run with models: name who answers with --model"
        )


def _people(folder: Path | None, users: int, domains: int, multi: bool, noise: bool, seed: int) -> Any:
    from personarium.benchmarks.perma import WorldConfig, make_worlds, read_user, users_in

    if folder is not None:
        variant: Any = "noise" if noise else "clean"
        return [read_user(folder, user, variant, multi=multi) for user in users_in(folder)[:users]]
    pairs = min(6, domains * (domains - 1) // 2) if multi else 0
    return make_worlds(WorldConfig(users, domains, multi_tasks=pairs, noisy=noise), seed)


async def _run(
    people: Any, given: dict[str, Any], faults: Any, reader: Any, models: Any, session: Session | None
) -> Any:
    from personarium.benchmarks.perma import PermaConfig, open_memory, run_incremental, run_perma

    config = PermaConfig(top_k=given["top_k"])
    run, writer = (session.run if session else None), models.get("writer")
    shared: dict[str, Any] = {
        "config": config,
        "as_published": faults or False,
        "seed": given["seed"],
        "run": run,
        "concurrency": given["concurrency"],
    }
    memories = {name: open_memory(name, writer) for name in given["memory"]}
    result = await run_perma(
        people, memories, reader, user_model=models.get("user"), judge=models.get("judge"), **shared
    )
    steps = {}
    for name in given["memory"] if given["incremental"] else ():
        steps[name] = await run_incremental(people, open_memory(name, writer), reader, name=name, **shared)
    return result, steps


def _plan(session: Session, work: Any) -> None:
    session.work(work)  # a dry run: nobody is asked
    session.output.warn("the least calls: a talk takes two for each turn, and how long it is depends on the replies")
    session.show_plan()


def _by_rule(output: Output, people: Any, given: dict[str, Any], faults: Any, reader: Any) -> None:
    from personarium.runs import run_sync

    result, steps = run_sync(_run(people, given, faults, reader, {}, None))
    output.warn(
        "A template world read by a rule: shows what the memories fetch; says nothing about any language model."
    )
    _warn_of_leaks(output, result)
    estimates = {name: estimate.as_dict() for name, estimate in result.estimates().items()}
    output.finish({"estimates": estimates, **_document(result, steps)}, lambda: _show(console(), result, steps))


def _warn_of_leaks(output: Output, result: Any) -> None:
    leaks = result.leaks
    if leaks:
        name, first = leaks[0]
        output.warn(
            f"{len(leaks)} leaks: {name} knew session {first.session} of the future at {first.task} ({first.how}); "
            "its figures are not valid"
        )


def _document(result: Any, steps: Any) -> dict[str, Any]:
    from personarium.core.results import count_failures

    return {
        "reader": result.reader,
        "measures": {m: {k: e.as_dict() for k, e in result.measures(m).items()} for m in result.memories},
        "depth": {m: {f"type {t}": e.as_dict() for t, e in result.depth(m).items()} for m in result.memories},
        "incremental": {
            name: [
                {"percent": s.percent, "sessions": dict(s.sessions), "accuracy": s.accuracy.as_dict()} for s in found
            ]
            for name, found in steps.items()
        },
        "leaks": [{"memory": m, "task": k.task, "session": k.session, "how": k.how} for m, k in result.leaks],
        "failures": count_failures(result.failed),
    }


def _write(session: Session, result: Any, steps: Any) -> dict[str, Any]:
    session.run.write_results([row.as_row() for row in result.rows])
    summary = {
        "kind": "perma",
        "title": f"PERMA: {len(result.memories)} memories, baselines included",
        "subtitle": f"{result.reader} answered.",
        "headline": next(iter(result.estimates())),
        "estimates": {name: estimate.as_dict() for name, estimate in result.estimates().items()},
        "scale": {"lo": 0, "hi": 1, "higher_is_better": True, "unit": "share"},
        "meaning": "How often the option that does the task and fits the user is chosen, after the whole time line.",
        "notices": session.output.warnings,
        "sections": _sections(result, steps),
    }
    session.run.write_summary(summary)
    return summary


def _sections(result: Any, steps: Any) -> list[dict[str, Any]]:
    from personarium.benchmarks.perma.published import CLEAN_SINGLE, MEASURES, STANDALONE

    measured = [[name, *(e.as_dict() for e in result.measures(name).values())] for name in result.memories]
    depth = [[name, *(e.as_dict() for e in result.depth(name).values())] for name in result.memories]
    tables: list[tuple[str, list[str], list[list[Any]]]] = [
        ("Measures over the Type 3 tasks", ["memory", *MEASURES], measured),
        ("Accuracy by moment, tasks asked at all three", ["memory", "before", "right after", "long after"], depth),
    ]
    for name, found in steps.items():
        rows = [[f"{step.percent} %", step.accuracy.as_dict()] for step in found]
        tables.append((f"{INCREMENTAL}, {name}", ["held", "accuracy"], rows))
    published = [[name, *row] for name, row in CLEAN_SINGLE.items()]
    tables.append(("Published: clean, one domain", ["memory", *MEASURES], published))
    whole = [[name, *row] for name, row in STANDALONE.items()]
    columns = ["model", "clean single", "noise single", "clean multi", "noise multi"]
    tables.append(("Published: the whole history in the prompt", columns, whole))
    return [{"kind": "table", "title": title, "columns": columns, "rows": rows} for title, columns, rows in tables]


def _show(out: Any, result: Any, steps: Any) -> None:
    from personarium.apps.cli.output import printable
    from personarium.apps.cli.tables import estimates_table
    from personarium.benchmarks.perma.published import MEASURES

    caption = f"{printable(result.reader)} answered; share of gold answers, Type 3 tasks"
    out.print(estimates_table(result.estimates(), "PERMA", caption))
    out.print()
    names = MEASURES[1:]
    rows = {m: [result.measures(m)[name].value for name in names] for m in result.memories}
    used = [k for k in range(len(names)) if any(row[k] is not None for row in rows.values())]
    out.print(
        _numbers("What was fetched", [names[k] for k in used], {m: [r[k] for k in used] for m, r in rows.items()})
    )
    out.print()
    depth = {m: [e.value for e in result.depth(m).values()] for m in result.memories}
    out.print(_numbers("Accuracy by moment", ["before", "right after", "long after"], depth))
    if steps:
        held = [f"{step.percent} %" for step in next(iter(steps.values()))]
        out.print()
        out.print(_numbers(INCREMENTAL, held, {m: [s.accuracy.value for s in found] for m, found in steps.items()}))


def _numbers(title: str, columns: list[str], rows: dict[str, list[float | None]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for name in columns:
        table.add_column(name, justify="right")
    for name, values in rows.items():
        table.add_row(Text(name), *("" if value is None else f"{value:.4g}" for value in values))
    return table
