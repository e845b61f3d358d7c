"""``personarium make``: a population from a schema, or whatever a published generator makes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, printable, speaks
from personarium.apps.cli.session import Session, finish_run, run_options, warn_of_failures
from personarium.core.errors import UsageError

COUNT = 100  # of a schema's members; a system's things may cost money
FEW = 10
MOST_QUOTAS = 30  # shown in the terminal


@speaks
def make(
    what: Annotated[
        str,
        typer.Argument(
            help="A schema file (YAML or JSON), the word example, or a system; --list names the systems.",
            show_default=False,
        ),
    ] = "",
    number: Annotated[
        int | None, typer.Option("--count", "--number", "-n", min=1, help="How many (100 of a schema, 10 of a system).")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="File (.parquet, .jsonl, .csv; one card .png), or a folder for a card each; by kind without.",
        ),
    ] = None,
    model: opt.Model = "simulated",
    judge: opt.Judge = ["simulated:seed=1"],  # noqa: B006 (typer copies it)
    input: Annotated[
        Path | None, typer.Option("--input", "-i", help="What the system starts from, where it takes a file.")
    ] = None,
    settings: Annotated[
        list[str], typer.Option("--set", help="An option of the system, NAME=VALUE; may be repeated.")
    ] = [],  # noqa: B006
    distinct: Annotated[
        bool, typer.Option("--distinct", help="Draw near duplicates of a schema's members again.")
    ] = False,
    language: Annotated[
        str | None, typer.Option("--language", help="One of the schema's languages; its first without.")
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the systems with what they make and their options.")
    ] = False,
    base_url: opt.BaseUrl = None,
    judge_base_url: opt.JudgeBaseUrl = None,
    concurrency: opt.Concurrency = 50,
    timeout: opt.Timeout = None,
    max_cost: opt.MaxCost = None,
    prices: opt.Prices = None,
    run: Annotated[
        Path | None, typer.Option("--run", help="Run folder of a system; the same command on it resumes.")
    ] = None,
    seed: opt.Seed = 0,
    dry_run: opt.DryRun = False,
    as_json: opt.AsJson = False,
) -> None:
    """Make personas: a population whose quotas are exact, or what a published generator makes.

    Example: personarium make students --count 1000 --out students.parquet
    """
    given = dict(locals())
    from personarium.make.makers import maker_names

    if listed:
        _list(Output(as_json))
    elif what in maker_names():
        _by_system(given)
    elif not what:
        raise UsageError(
            "nothing to make: name a schema (students, citizens, characters, a file), or a system (--list)"
        )
    else:
        _by_schema(given)


# --- a schema ---


def _by_schema(given: Mapping[str, Any]) -> None:
    from personarium.make.population import example_schema, load_schema
    from personarium.make.population.reading import EXAMPLES

    if given["input"] is not None or given["settings"]:
        raise UsageError(f"--input and --set belong to a system, and '{given['what']}' is read as a schema file")
    schema = example_schema(given["what"]) if given["what"] in EXAMPLES else load_schema(given["what"])
    if schema.by_model:
        _with_a_writer(schema, given)
        return
    from personarium.make import make_population

    made = make_population(
        schema,
        given["number"] or COUNT,
        given["out"] or Path("population.parquet"),
        seed=given["seed"],
        distinct=given["distinct"],
        language=given["language"],
        progress=None if given["as_json"] else _counter(),
    )
    output = Output(given["as_json"])
    _warn_of_gaps(output, made)
    output.finish(_told(made), lambda: _show(made))


def _with_a_writer(schema: Any, given: Mapping[str, Any]) -> None:
    """A schema some of whose fields a model writes: asked through a run folder, so that nothing is paid for twice."""
    from personarium.make.population import plan_calls, write_population, writing_of

    count, out = given["number"] or FEW, given["out"] or Path("population.parquet")
    config = {"schema": _digest(schema), "count": count, "distinct": given["distinct"], "language": given["language"]}
    session = Session(run_options("make", {**given, "out": given["run"]}, config, given["judge"][:1]))
    if given["dry_run"]:
        plan_calls(session.run.plan, writing_of(schema), count, session.player.name, session.judges[0].name)
        session.show_plan()
        return
    with session:
        made = session.work(
            write_population(
                schema,
                count,
                out,
                model=session.player,
                judge=session.judges[0],
                run=session.run,
                seed=given["seed"],
                distinct=given["distinct"],
                language=given["language"],
                concurrency=given["concurrency"],
            )
        )
    _warn_of_gaps(session.output, made)
    session.output.finish({**_told(made), "run": str(session.run.path)}, lambda: _show(made))


def _digest(schema: Any) -> str:
    from personarium.make.population.writing import schema_digest

    return schema_digest(schema)


def _counter() -> Any:
    """Progress on standard error; nothing when that is no terminal."""
    import sys

    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        sys.stderr.write(f"\r{done:,} of {total:,}" + ("\n" if done == total else ""))
        sys.stderr.flush()

    return show


def _warn_of_gaps(output: Output, made: Any) -> None:
    from collections import Counter

    if made.unfilled:
        why = Counter(gap.reason for gap in made.unfilled).most_common(3)
        told = ", ".join(f"{count:,} by {reason}" for reason, count in why)
        output.warn(f"{len(made.unfilled):,} of {made.count:,} places stayed empty: {told}")


def _told(made: Any) -> dict[str, Any]:
    return {
        "population": str(made.path),
        "personas": made.members,
        "unfilled": [{"slot": gap.slot, "reason": gap.reason} for gap in made.unfilled],
        "quotas": [{"cell": dict(r.cell), "target": r.target, "actual": r.actual} for r in made.quotas],
        "largest_deviation": made.plan.largest_deviation,
    }


def _show(made: Any) -> None:
    from personarium.core import Population

    out = console()
    rows = [{"cell": dict(r.cell), "target": r.target, "actual": r.actual} for r in made.quotas]
    out.print(quota_table(rows[:MOST_QUOTAS]))
    if len(rows) > MOST_QUOTAS:
        wrong = sum(row["target"] != row["actual"] for row in rows)
        out.print(f"and {len(rows) - MOST_QUOTAS:,} more quotas; {wrong or 'none'} of all differ from their target")
    if made.plan.largest_deviation:
        out.print(f"largest deviation of a two-way cell from its share: {made.plan.largest_deviation:.2f}")
    if made.members and made.path.suffix == ".parquet" and made.members <= 100_000:
        first = Population.load(made.path)[0].view("statements").text.replace("\n", " ")
        out.print(f"\nthe first: {first}", soft_wrap=True, markup=False)
    out.print(f"{made.members:,} personas in {made.path}", soft_wrap=True, markup=False)


def quota_table(rows: list[dict[str, Any]]) -> Any:
    """Quotas against what was made."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Quotas", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name, justify in (("cell", "left"), ("target", "right"), ("made", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        cell = ", ".join(f"{k} = {v}" for k, v in row["cell"].items())
        table.add_row(Text(cell), str(row["target"]), str(row["actual"]))
    return table


# --- a system ---


def _by_system(given: Mapping[str, Any]) -> None:
    from personarium.make.makers import MakeRequest, find_maker

    maker = find_maker(given["what"])
    options = _options(given["settings"])
    count = given["number"] or FEW
    config = {"count": count, "input": given["input"] and str(given["input"]), "options": options}
    session = Session(run_options(f"make-{maker.name}", {**given, "out": given["run"]}, config, given["judge"][:1]))
    request = MakeRequest(count, session.player, session.run, session.judges[0], given["seed"], given["input"], options)
    if given["dry_run"]:
        session.work(maker(request))
        session.show_plan()
        return
    with session:
        made = session.work(maker(request))
        places = _save(made, given["out"], session.run.path)
        _keep(session, maker, made, places)
    warn_of_failures(session, list(made.failures))
    data = {
        "made": {kind: len(things) for kind, things in _kinds(made)},
        "files": [str(place) for place in places],
        "failures": len(made.failures),
        "estimates": {name: e.as_dict() for name, e in made.estimates.items()},
    }
    finish_run(session, data, lambda out: _show_made(out, maker, made, places))


def _options(settings: Sequence[str]) -> dict[str, str]:
    """``NAME=VALUE`` -> {name: value}; raises UsageError when a text is not of this form or a name comes twice."""
    found: dict[str, str] = {}
    for text in settings:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or name.strip() in found:
            raise UsageError(f"--set takes NAME=VALUE, each name once, found '{text}'")
        found[name.strip()] = value
    return found


def _kinds(made: Any) -> list[tuple[str, Any]]:
    """What was made, by kind; nothing of one kind is not named."""
    kinds = (("personas", made.personas), ("dialogues", made.dialogues), ("rows", made.rows))
    return [(kind, things) for kind, things in kinds if len(things)]


def _save(made: Any, out: Path | None, folder: Path) -> list[Path]:
    """Write everything that was made: the first kind where ``--out`` says, what else there is into the run folder."""
    from personarium.runs.disk import storage

    places = []
    for place, (kind, things) in enumerate(_kinds(made)):
        path = out if out is not None and place == 0 else folder / f"{kind}.jsonl"
        with storage(f"cannot make the folder {path.parent}"):
            path.parent.mkdir(parents=True, exist_ok=True)
        places += _save_kind(kind, things, path)
    return places


def _save_kind(kind: str, things: Any, path: Path) -> list[Path]:
    from personarium.core import save_dialogues

    if kind == "personas":
        return _save_personas(things, path)
    if kind == "dialogues":
        return [save_dialogues(things, path)]
    return [_save_rows(things, path)]


def _save_personas(people: Any, path: Path) -> list[Path]:
    """A table, a file of records, or a folder with a card for each."""
    from personarium.core import Population, save_personas

    if not path.suffix:
        path.mkdir(parents=True, exist_ok=True)
        return [save_personas([person], path / f"{_file_name(person.id)}.png") for person in people]
    if path.suffix.lower() in (".parquet", ".csv"):
        population = people if isinstance(people, Population) else Population.from_personas(people)
        return [population.save(path)]
    return [save_personas(people, path)]


def _file_name(id: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in id)[:80]


def _save_rows(rows: Sequence[Mapping[str, Any]], path: Path) -> Path:
    from personarium.core.files import write_json_lines

    return write_json_lines(rows, path)


def _keep(session: Session, maker: Any, made: Any, places: Sequence[Path]) -> None:
    told = ", ".join(f"{len(things):,} {kind}" for kind, things in _kinds(made)) or "nothing"
    session.run.write_summary(
        {
            "kind": f"make-{maker.name}",
            "title": f"{maker.name}: {told}",
            "subtitle": f"{session.player.name} wrote, {session.judges[0].name} judged.",
            "estimates": {name: e.as_dict() for name, e in made.estimates.items()},
            "notices": session.output.warnings,
            "sections": [*made.sections, _files_section(places)],
        }
    )


def _files_section(places: Sequence[Path]) -> dict[str, Any]:
    return {"kind": "table", "title": "Files", "columns": ["file"], "rows": [[str(place)] for place in places[:100]]}


def _show_made(out: Any, maker: Any, made: Any, places: Sequence[Path]) -> None:
    from personarium.apps.cli.tables import estimates_table

    if made.estimates:
        out.print(estimates_table(dict(made.estimates), maker.name))
        out.print()
    for kind, things in _kinds(made):
        out.print(f"{len(things):,} {kind}; the first:", markup=False)
        out.print(printable(_first(kind, things[0])), soft_wrap=True, markup=False, style="dim")
    shown = ", ".join(map(str, places[:3])) + (f" and {len(places) - 3:,} more" if len(places) > 3 else "")
    if places:
        out.print(f"\nkept in {shown}", soft_wrap=True, markup=False)


def _first(kind: str, thing: Any) -> str:
    """The first thing that was made, cut where it is long."""
    if kind == "personas":
        text = str(thing.view("statements").text)
    elif kind == "dialogues":
        text = "\n".join(f"{u.speaker}: {u.text}" for u in thing.utterances[:4])
    else:
        text = json.dumps(thing, ensure_ascii=False, default=str)
    return text if len(text) <= 600 else text[:599] + "…"


def _list(output: Output) -> None:
    from personarium.make.makers import find_maker, maker_names

    makers = [find_maker(name) for name in maker_names()]
    data = {
        "systems": [
            {
                "name": m.name,
                "makes": m.makes,
                "takes": m.takes,
                "needs_input": m.needs_input,
                "options": dict(m.options),
            }
            for m in makers
        ]
    }
    output.finish(data, lambda: _show_list(makers))


def _show_list(makers: Sequence[Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    for maker in makers:
        out.print(Text.assemble((maker.name, "bold"), f"  makes {maker.makes}"), soft_wrap=True)
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column()
        if maker.takes:
            needed = " (needed)" if maker.needs_input else ""
            table.add_row("  --input", Text(f"{maker.takes}{needed}"))
        for name, what in maker.options.items():
            table.add_row(f"  --set {name}=", Text(what))
        out.print(table)
        out.print()
