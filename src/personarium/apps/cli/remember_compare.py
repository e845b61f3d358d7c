"""``personarium remember compare``: which memory method works, on scripted users or on one's own questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, speaks
from personarium.apps.cli.session import RUNS, Session, command_line, digest_of, run_options
from personarium.apps.cli.tables import number
from personarium.core.errors import NotFound, UsageError

SCRIPTED = "Scripted users and plain wordings: shows what the methods keep, fetch and forget; says nothing about any language model."
# Measure of the comparison -> column of the table, digits shown.
_QUALITY = 5  # the first columns say how well a method remembers, the others at what price
_COLUMNS = {
    "accuracy": ("accuracy", 2),
    "stale": ("stale", 2),
    "contradiction": ("contradiction", 2),
    "precision": ("precision", 2),
    "evidence": ("evidence", 2),
    "tokens": ("tokens", 0),
    "recall_ms": ("recall ms", 1),
    "consolidate_ms": ("consolidate ms", 1),
    "calls": ("calls", 0),
    "bytes": ("kB", 0),
}


@speaks
def compare(
    store: Annotated[
        Path | None, typer.Argument(metavar="[MEMORY]", help="Your own logs, a memory; scripted users without.")
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option("--questions", help="Your own questions, JSONL of user, at, question, options, answer."),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option("--strategy", "-s", help="Which to compare; all of them without. The baselines always are."),
    ] = None,
    users: Annotated[int, typer.Option("--users", "-n", min=1, max=1000, help="How many scripted users.")] = 4,
    sessions: Annotated[int, typer.Option("--sessions", min=20, max=5000, help="Talks of each in a year.")] = 60,
    cuts: Annotated[int, typer.Option("--cuts", min=1, max=50, help="At how many times of the year is asked.")] = 4,
    each: Annotated[int, typer.Option("--each", min=1, max=50, help="Questions of a type at each time.")] = 2,
    entries: Annotated[int, typer.Option("--number", "-k", min=0, max=1000, help="Entries that are recalled.")] = 5,
    budget: Annotated[int, typer.Option("--budget", min=1, help="Most tokens of what is recalled.")] = 1000,
    reader: Annotated[
        str | None,
        typer.Option(
            "--reader", help="Model that answers from what is recalled; a rule without.", rich_help_panel="Models"
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="Model that consolidates; plain rules without.", rich_help_panel="Models"),
    ] = None,
    base_url: opt.BaseUrl = None,
    concurrency: opt.Concurrency = 20,
    timeout: opt.Timeout = None,
    max_cost: opt.MaxCost = None,
    prices: opt.Prices = None,
    out: opt.Out = None,
    seed: opt.Seed = 0,
    as_json: opt.AsJson = False,
) -> None:
    """Compare memory methods: accuracy by type of question, staleness, contradiction, evidence, tokens, time, calls, bytes.

    Every method hears the same talks and is asked when the question's time has come; one that knows more than it was told is
    marked. Without --reader and --model no model is asked.

    Example: personarium remember compare --strategy facts --strategy personatree --users 4
    """
    given = dict(locals())
    if (store is None) != (questions is None):
        raise UsageError("your own data are a memory and --questions, both")
    cases = _own(given) if store is not None else _scripted(given)
    chosen = strategy or _all()
    names = ("users", "sessions", "cuts", "each") if store is None else ("store", "questions")
    config = {
        "strategies": chosen,
        "entries": entries,
        "budget": budget,
        "reader": reader,
        "memory_model": model,
        **{name: str(given[name]) for name in names},
    }
    output = Output(as_json)
    if reader is None and model is None:
        result, folder = _by_rules(given, cases, chosen, config, output)
    else:
        result, folder = _with_models(given, cases, chosen, config, output)
    _warn(result, output, store is None)
    data = {**result.summary(), "run": str(folder)}
    output.finish(data, lambda: _show(result, folder))


def _all() -> list[str]:
    from personarium.remember.strategies import BASELINES, STRATEGIES

    return [name for name in STRATEGIES if name not in BASELINES]


def _scripted(given: Mapping[str, Any]) -> Any:
    from personarium.measure.memory import ScriptConfig, scripted_cases, scripted_users

    people = scripted_users(given["users"], ScriptConfig(sessions=given["sessions"]), seed=given["seed"])
    return scripted_cases(people, cuts=given["cuts"], each=given["each"])


def _own(given: Mapping[str, Any]) -> Any:
    from personarium.measure.memory import own_cases, own_questions
    from personarium.remember import Memory

    store = given["store"]
    if not store.exists():
        raise NotFound(f"there is no memory {store}; make one with personarium remember add {store} --user NAME LOG")
    asked = own_questions(given["questions"])
    with Memory.open(store) as memory:
        logs = {name: memory.user(name).observations() for name in dict.fromkeys(one.user for one in asked)}
    return own_cases(asked, logs, seed=given["seed"])


def _by_rules(
    given: Mapping[str, Any], cases: Any, chosen: Sequence[str], config: Mapping[str, Any], output: Output
) -> tuple[Any, Path]:
    """Without any model: nothing to resume, and the report stands in a run folder all the same."""
    from personarium.measure.memory import compare_strategies
    from personarium.runs import Run, run_sync

    folder = given["out"] or RUNS / f"memory-{digest_of({**config, 'seed': given['seed']})}"
    with Run.open(folder, {"kind": "memory", **config}, seed=given["seed"], command=command_line()) as run:
        result = run_sync(
            compare_strategies(chosen, cases, k=given["entries"], budget_tokens=given["budget"], seed=given["seed"])
        )
        _write(run, result, [SCRIPTED] if given["store"] is None else [])
    return result, _report(folder)


def _with_models(
    given: Mapping[str, Any], cases: Any, chosen: Sequence[str], config: Mapping[str, Any], output: Output
) -> tuple[Any, Path]:
    from personarium.measure.memory import ModelReader, compare_strategies

    named = [name for name in (given["reader"], given["model"]) if name is not None]
    session = Session(run_options("memory", given, config, named[1:], named[0], ["memory"]))
    with session:
        models = iter(session.plain_models)
        reads = ModelReader(next(models), seed=given["seed"]) if given["reader"] is not None else None
        result = session.work(
            compare_strategies(
                chosen,
                cases,
                reads,
                next(models) if given["model"] is not None else None,
                k=given["entries"],
                budget_tokens=given["budget"],
                seed=given["seed"],
                run=session.run,
                concurrency=given["concurrency"],
            )
        )
        output.warnings += session.output.warnings
        _write(session.run, result, session.output.warnings)
    return result, _report(Path(session.run.path))


def _warn(result: Any, output: Output, scripted: bool) -> None:
    if scripted:
        output.warn(SCRIPTED)
    for row in result.table():
        if row["looks_ahead"]:
            output.warn(f"{row['strategy']} looks ahead, and its figures are not valid: {row['findings'][0]}")
    if result.lost:
        output.warn(f"{len(result.lost)} walks failed: {result.lost[0]}")


def _report(folder: Path) -> Path:
    from personarium.report import write_report

    write_report(folder)
    return folder


def _write(run: Any, result: Any, notices: Sequence[str]) -> None:
    table = result.table()
    run.write_results(result.rows())
    best = {f"Accuracy, {row['strategy']}": row["accuracy"] for row in table}
    run.write_summary(
        {
            "kind": "memory",
            "title": f"Memory: {len(table) - 1} methods side by side",
            "subtitle": f"{len(result.users)} users, {len(result.questions)} questions, answered by {result.reader}.",
            "headline": max(best, key=lambda name: (not name.endswith("right sources"), best[name]["value"] or 0.0)),
            "estimates": best,
            "scale": {"lo": 0, "hi": 1, "higher_is_better": True, "unit": "share"},
            "meaning": "Share of questions answered rightly from what the method showed; no answer is wrong. "
            "'right sources' is what the reader makes of exactly the right messages.",
            "notices": list(notices),
            "sections": sections(result),
        }
    )


def sections(result: Any) -> list[dict[str, Any]]:
    """The tables of a comparison for a report: the measures, and accuracy by type of question."""
    from personarium.measure.memory.result import MEASURES

    table = result.table()
    well, price = list(_COLUMNS)[:_QUALITY], list(_COLUMNS)[_QUALITY:]
    measures = [[_name(row), *(row[name] for name in well)] for row in table]
    costs = [[_name(row), *(_plain(name, row[name]) for name in price)] for row in table]
    types = [[_name(row), *row["by_type"].values()] for row in table]
    floor = [[name, one.as_dict()] for name, one in result.baselines().items()]

    def told(names: Sequence[str]) -> str:
        return " · ".join(f"{_COLUMNS[name][0]}: {MEASURES[name].replace('`', '')}" for name in names)

    return [
        _table(
            "How well each method remembers", ["method", *(_COLUMNS[name][0] for name in well)], measures, told(well)
        ),
        _table("At what price", ["method", *(_COLUMNS[name][0] for name in price)], costs, told(price)),
        _table("Accuracy by type of question", ["method", *result.types], types, ""),
        _table(
            "Without any memory",
            ["answer", "accuracy"],
            floor,
            "What a reader gets who reads neither memory nor question.",
        ),
    ]


def _plain(name: str, estimate: Mapping[str, Any]) -> float | None:
    value = _scaled(name, estimate)["value"]
    return None if value is None else round(value, _COLUMNS[name][1])


def _table(title: str, columns: list[str], rows: list[list[Any]], note: str) -> dict[str, Any]:
    return {"kind": "table", "title": title, "columns": columns, "rows": rows, "note": note}


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['strategy']} (looks ahead)" if row["looks_ahead"] else str(row["strategy"])


def _scaled(name: str, estimate: Mapping[str, Any]) -> dict[str, Any]:
    """An estimate for the table; bytes as kilobytes."""
    if name != "bytes":
        return dict(estimate)
    small = {end: None if estimate[end] is None else estimate[end] / 1000 for end in ("value", "lo", "hi")}
    return {**estimate, **small}


def _show(result: Any, folder: Path) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    shown = Table(title="Memory methods side by side", title_justify="left", box=None, pad_edge=False)
    shown.add_column("", header_style="bold")
    for head, _ in _COLUMNS.values():
        shown.add_column(head, justify="right", header_style="bold")
    for row in result.table():
        style = "dim" if row["strategy"] == "right sources" else "red" if row["looks_ahead"] else ""
        cells = [_cell(_scaled(name, row[name]), digits) for name, (_, digits) in _COLUMNS.items()]
        shown.add_row(Text(_name(row), style=style), *cells)
    out.print(shown)
    out.print(_types(result))
    guess = result.baselines()
    floor = ", ".join(f"{name.lower()} {number(one.value)}" for name, one in guess.items())
    out.print(f"without any memory: {floor}", style="dim", soft_wrap=True)
    out.print(f"{len(result.users)} users, {len(result.questions)} questions, answered by {result.reader}", style="dim")
    out.print(f"report  {folder / 'report.html'}", style="dim", markup=False, soft_wrap=True)


def _types(result: Any) -> Any:
    from rich.table import Table

    shown = Table(title="Accuracy by type of question", title_justify="left", box=None, pad_edge=False)
    shown.add_column("", header_style="bold")
    for kind in result.types:
        shown.add_column(kind, justify="right", header_style="bold")
    for row in result.table():
        shown.add_row(_name(row), *(_cell(row["by_type"][kind], 2) for kind in result.types))
    return shown


def _cell(estimate: Mapping[str, Any], digits: int) -> str:
    """A value with half the width of its interval: ``0.82 ±.05``; a dash where there is none."""
    if estimate["value"] is None:
        return "–"
    told = f"{estimate['value']:,.{digits}f}"
    if estimate["lo"] is None or estimate["hi"] is None or digits == 0:
        return told
    half = f"{(estimate['hi'] - estimate['lo']) / 2:.{digits}f}"
    return f"{told} ±{half.lstrip('0') or '0'}"
