"""``personarium compare``: which of my agents is better, and how sure is that?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.compare_sources import (
    APC,
    PERSONAGYM,
    Contest,
    apc_table,
    asked_replies,
    is_own_agent,
    judged,
    personagym_table,
    rubric_of,
)
from personarium.apps.cli.output import Output, console, printable, speaks
from personarium.apps.cli.session import RUNS, command_line, digest_of, run_options
from personarium.core.errors import UsageError


@speaks
@opt.takes_common
def compare(
    contestants: Annotated[
        list[str],
        typer.Argument(
            metavar="A B [...]",
            help="Two or more models, own agents (module:function, an address), files of scores or replies, or run folders; "
            "with --on FILE names that the file has.",
        ),
    ],
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            help="personagym, apc, or a file: questions (the contestants are asked), or scores, replies or verdicts of all "
            "contestants.",
        ),
    ] = None,
    judge: opt.Judge = ["simulated:seed=1"],  # noqa: B006 (typer copies it)
    items: Annotated[
        int, typer.Option("--items", "-n", min=2, max=10_000, help="How many questions (of apc: personas).")
    ] = 60,
    persona: Annotated[
        str | None,
        typer.Option("--persona", "-p", help="Your own: a card, persona file or sentence. Own agents need it."),
    ] = None,
    task: Annotated[list[str], typer.Option("--task", help="A PersonaGym task; may be repeated.")] = [],  # noqa: B006
    criterion: Annotated[
        str | None, typer.Option("--criterion", help="What replies are compared by, in words; in character without.")
    ] = None,
    rubric: Annotated[Path | None, typer.Option("--rubric", help="YAML or JSON: criterion and five levels.")] = None,
    pointwise: Annotated[
        bool, typer.Option("--pointwise", help="Grade replies one by one, 1 to 5, instead of comparing two.")
    ] = False,
    baselines: Annotated[
        bool,
        typer.Option("--baselines/--no-baselines", help="Also no persona, a shuffled persona, or shuffled replies."),
    ] = True,
    admission: Annotated[
        Path | None, typer.Option("--admission", help="What is known of the judge: admission.json of judge admit.")
    ] = None,
    difference: Annotated[
        float | None,
        typer.Option("--difference", min=1e-9, help="Smallest difference that matters (5 % of the scale)."),
    ] = None,
    confidence: Annotated[float, typer.Option("--confidence", min=0.51, max=0.999)] = 0.95,
    power: Annotated[
        float, typer.Option("--power", min=0.5, max=0.999, help="For the items that would settle it.")
    ] = 0.8,
    scale: Annotated[
        str | None, typer.Option("--scale", help="Of scores in files, LO,HI; HI,LO where lower is better.")
    ] = None,
    worst: Annotated[int, typer.Option("--worst", min=0, max=100, help="Disagreements shown side by side.")] = 10,
    base_url: opt.BaseUrl = None,
    judge_base_url: opt.JudgeBaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """Compare agents, models, prompts or memories on the same items: who is better, how sure, and what would settle it.

    Example: personarium compare ollama/llama3.2 my_bot:reply --on personagym --persona card.png --judge openai/gpt-4o
    """
    given = opt.given(locals())
    _check(given)
    found = _from_files(given)
    if found is None or _has_replies(found):
        _with_models(given, found)
    else:
        _without_models(given, found)


def _check(given: Mapping[str, Any]) -> None:
    names, on = given["contestants"], given["on"]
    if len(names) < 2:
        raise UsageError(f"a comparison needs at least two contestants, found '{names[0]}' alone")
    if len(set(names)) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise UsageError(f"'{twice}' is named twice; to try one model against itself give it another seed or name")
    if on is None and not all(Path(name).exists() for name in names):
        raise UsageError("say what the contestants are compared on: --on personagym, --on apc or --on FILE")
    if on not in (None, PERSONAGYM, APC) and not Path(on).exists():
        raise UsageError(f"--on is personagym, apc or a file, and there is no file {on}")
    if on == PERSONAGYM and given["persona"] is None and any(map(is_own_agent, names)):
        raise UsageError("an own agent plays one character; say with --persona who it ought to be")
    if on == APC and given["persona"] is None:
        raise UsageError("--on apc asks for the facts of characters; name them with --persona")
    if given["rubric"] is not None and given["criterion"] is not None:
        raise UsageError("a rubric has its own criterion; leave out --criterion or --rubric")


# --- where the scores come from ---


def _from_files(given: Mapping[str, Any]) -> Any:
    """Scores, replies, verdicts or questions from files; None where an instrument gives the scores."""
    from personarium.measure.comparison import read_contest
    from personarium.measure.comparison.table_files import kind_of

    names, on = given["contestants"], given["on"]
    if on in (PERSONAGYM, APC):
        return None
    if on is None:
        return read_contest(names, scale=_scale(given["scale"]))
    asks = kind_of(on) == "questions"
    return read_contest([on], () if asks else names, scale=_scale(given["scale"]))


def _scale(text: str | None) -> Any:
    from personarium.core.results import Scale

    if text is None:
        return None
    try:
        first, second = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--scale is two numbers such as 1,5, found '{text}'") from None
    if first == second:
        raise UsageError(f"--scale needs two different ends, found '{text}'")
    return Scale(min(first, second), max(first, second), first < second, "points")


def _has_replies(found: Any) -> bool:
    """Whether a judge has still to read what was found."""
    from personarium.measure.comparison import Replies

    return isinstance(found, (Replies, tuple))


def _without_models(given: Mapping[str, Any], table: Any) -> None:
    """Scores or verdicts that are there already: nobody is asked."""
    from personarium.runs import Run

    output = Output(given["as_json"])
    config = {**_config(given), "content": digest_of(_content(table))}
    folder = given["out"] or RUNS / f"compare-{digest_of(config)}"
    with Run.open(folder, {"kind": "compare", **config}, seed=given["seed"], command=command_line()) as run:
        result = _compared(given, table)
        _write(run, result, table, output)
    _finish(output, folder, result)


def _content(table: Any) -> Any:
    """What a comparison of files hangs on, so that changed files are another run."""
    return [[item.id for item in table.items], {name: list(column) for name, column in table.values.items()}]


def _with_models(given: dict[str, Any], found: Any) -> None:
    """Agents that are asked, or replies that a judge reads."""
    session = Contest(_options(given, found))
    _warn_of_nested(session, given)
    work = _table(session, given, found)
    if given["dry_run"]:
        session.work(work)
        session.show_plan()
        return
    with session:
        table = session.work(work)
        result = _compared(given, table)
        _write(session.run, result, table, session.output)
    _finish(session.output, Path(session.run.path), result)


def _options(given: Mapping[str, Any], found: Any) -> Any:
    config = {**_config(given), "content": digest_of(repr(found))}
    names, judges = given["contestants"], given["judge"]
    if found is not None and not isinstance(found, tuple):  # replies: only judges are asked
        return run_options("compare", given, config, judges[1:], judges[0], ["judge"])
    roles = ["contestant"] * (len(names) - 1)
    return run_options("compare", given, config, [*names[1:], *judges], names[0], roles)


def _config(given: Mapping[str, Any]) -> dict[str, Any]:
    """What decides the result beyond the models and the seed."""
    keys = ("contestants", "on", "items", "persona", "task", "criterion", "pointwise", "baselines", "scale")
    shown = rubric_of(given["rubric"])
    numbers = {name: given[name] for name in ("difference", "confidence", "power", "worst")}
    paths = {"rubric": None if shown is None else shown.id, "admission": str(given["admission"])}
    return {**{name: given[name] for name in keys}, **numbers, **paths}


async def _table(session: Contest, given: Mapping[str, Any], found: Any) -> Any:
    if found is None:
        return await (personagym_table if given["on"] == PERSONAGYM else apc_table)(session, given)
    if isinstance(found, tuple):
        asked = found[: given["items"]]
        if len(asked) < len(found):
            session.output.warn(f"the first {len(asked)} of {len(found)} questions are asked; --items takes more")
        replies = await asked_replies(session, asked, given)
        return await judged(session, replies, session.graders(given["contestants"]), given)
    return await judged(session, found, [session.player, *session.judges], given)


def _warn_of_nested(session: Contest, given: Mapping[str, Any]) -> None:
    seeds = [_seed_of(name) for name in given["contestants"] if name.split(":")[0].split("/")[0] == "simulated"]
    if len(set(seeds)) < len(seeds):
        session.output.warn(
            "simulated contestants of one seed draw alike, so that their difference is smaller than by chance: "
            "give each its own, as in simulated:fidelity=0.8,seed=2"
        )


def _seed_of(name: str) -> str:
    pairs = name.partition(":")[2].split(",")
    return next((pair.partition("=")[2].strip() for pair in pairs if pair.strip().startswith("seed=")), "0")


def _compared(given: Mapping[str, Any], table: Any) -> Any:
    from personarium.measure.comparison import ComparisonConfig, compare_agents

    config = ComparisonConfig(
        given["confidence"], given["power"], given["difference"], worst=given["worst"], seed=given["seed"]
    )
    return compare_agents(table, config, admission=_admission(given["admission"]))


def _admission(path: Path | None) -> Any:
    from personarium.core.files import existing, parse_json, read_text
    from personarium.judges import AdmissionRecord

    if path is None:
        return None
    return AdmissionRecord.from_dict(parse_json(read_text(existing(path), "an admission record"), str(path)), str(path))


# --- what is kept and shown ---


def _write(run: Any, result: Any, table: Any, output: Output) -> None:
    from dataclasses import asdict

    from personarium.measure.comparison import report_sections

    for text in (*result.refusals, *result.warnings):
        output.warn(text)
    run.write_results(_rows(table))
    run.write_summary(
        {
            "kind": "comparison",
            "title": f"Comparison: {', '.join(s.name for s in result.standings if not s.baseline)}",
            "subtitle": result.statement,
            "headline": result.leader,
            "estimates": {s.name: s.mean.as_dict() for s in result.standings},
            "scale": asdict(result.scale),
            "meaning": f"Means over {result.items} items of {result.source}; the pairs below are compared on the same items.",
            "notices": output.warnings,
            "sections": report_sections(result),
        }
    )


def _rows(table: Any) -> list[dict[str, Any]]:
    from personarium.measure.comparison import VerdictTable

    if not isinstance(table, VerdictTable):
        return [
            {"item": item.id, "group": item.group, "contestant": name, "score": column[k]}
            for k, item in enumerate(table.items)
            for name, column in table.values.items()
        ]
    return [
        {"item": found.id, "a": a, "b": b, "winner": found.winner, "consistent": found.consistent}
        for (a, b), column in table.verdicts.items()
        for found in column
        if found is not None
    ]


def _finish(output: Output, folder: Path, result: Any) -> None:
    """Report and result; exit code 1 when nothing at all could be measured."""
    from personarium.report import write_report

    path = write_report(folder)
    nothing = all(s.mean.value is None for s in result.standings if not s.baseline)
    estimates = {s.name: s.mean.as_dict() for s in result.standings}
    document = {**result.as_dict(), "estimates": estimates, "run": str(folder), "report": str(path)}
    output.finish(document, lambda: _show(result, path))
    if nothing:
        raise SystemExit(1)


def _show(result: Any, path: Path) -> None:
    from personarium.measure.comparison.sections import shares_statement

    out = console()
    out.print(_standings(result))
    out.print()
    out.print(_pairs(result))
    out.print()
    out.print(printable(result.statement), style="bold", markup=False, soft_wrap=True)
    control = result.control
    if control.found_again is not None:
        told = (
            f"found best again in {control.found_again:.0%} of resampled item sets; "
            f"contestants made equal are called different in {control.equal_called_different:.1%}"
        )
        out.print(told, style="dim", soft_wrap=True)
    if shares_statement(result):
        out.print(shares_statement(result), style="dim", soft_wrap=True)
    if result.savings is not None and result.savings.calls:
        spent = result.savings
        out.print(f"judge: {spent.calls:,} calls; the naive way takes {spent.naive_calls:,}", style="dim")
    _disagreements(out, result)
    out.print(f"\nreport  {path}", soft_wrap=True, markup=False)


def _standings(result: Any) -> Any:
    from rich.table import Table
    from rich.text import Text

    from personarium.apps.cli.tables import interval, number

    table = Table(title=f"On {result.items} items", title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("", overflow="fold")
    for name in ("mean", f"{result.confidence:.0%} interval", "n", "missing", "leads in"):
        table.add_column(name, justify="right")
    for s in result.standings:
        missing = s.mean.failures.get("missing", 0)
        style = "dim" if s.baseline else "bold" if s.name == result.best else ""
        leads = "" if s.leads is None else f"{s.leads:.0%}"
        shown = (number(s.mean.value, 3), interval(s.mean, 3), f"{s.mean.n} {s.mean.unit}s", str(missing or ""), leads)
        table.add_row(Text(printable(s.name), style=style), *shown)
    return table


def _pairs(result: Any) -> Any:
    from rich.table import Table
    from rich.text import Text

    from personarium.apps.cli.tables import interval, number

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("pair", overflow="fold")
    for name in ("difference", "interval", "p (Holm)"):
        table.add_column(name, justify="right")
    table.add_column("verdict", overflow="fold")
    for p in (*result.pairs, *result.against_baselines):
        effect = p.test.effect
        shown = "" if p.p_adjusted is None else f"{p.p_adjusted:.2g}"
        cells = (number(effect.value, 3), interval(effect, 3), shown, Text(printable(p.says)))
        table.add_row(Text(printable(f"{p.a} − {p.b}")), *cells)
    return table


def _disagreements(out: Any, result: Any, most: int = 3, width: int = 300) -> None:
    """The worst items, side by side; all of them stand in the report."""
    from rich.table import Table
    from rich.text import Text

    shown = [w for w in result.worst if w.reply_a is not None and w.reply_b is not None][:most]
    if not shown:
        return
    table = Table(
        title="Furthest apart", title_justify="left", box=None, pad_edge=False, header_style="bold", show_lines=True
    )
    for name in ("item", "better", "worse"):
        table.add_column(name, overflow="fold", ratio=1)
    for w in shown:
        sides = [
            Text(printable(f"{name} ({score:g}): {text}")[:width])
            for name, score, text in ((w.a, w.score_a, w.reply_a), (w.b, w.score_b, w.reply_b))
        ]
        table.add_row(Text(printable(w.prompt or w.item)[:width]), *sides)
    out.print()
    out.print(table)
