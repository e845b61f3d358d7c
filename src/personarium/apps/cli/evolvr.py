"""``personarium judge evolvr``: pairs of stories judged by a panel of reader personas, or made into filtered training records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import speaks
from personarium.apps.cli.session import Session, digest_of, finish_run, run_options, warn_of_failures


@speaks
@opt.takes_common
def evolvr(
    file: Annotated[
        Path,
        typer.Argument(
            help="JSON lines: prompt, story_1, story_2, aspect, and if known score_1, score_2; or the HANNA table (.csv); with "
            "--filter records {instruction, output}."
        ),
    ],
    model: opt.Model = "simulated",
    make: Annotated[
        bool, typer.Option("--make", help="Write reasoning towards the true scores, filter it, and keep the records.")
    ] = False,
    filter_: Annotated[
        bool, typer.Option("--filter", help="Only filter records that are there: rule check, self check, robustness.")
    ] = False,
    reader: Annotated[list[str], typer.Option("--reader", help="One of the five personas only; may be repeated.")] = [],  # noqa: B006 (typer copies it)
    number: Annotated[int | None, typer.Option("--number", "-n", min=1, help="The first so many pairs.")] = None,
    one_order: Annotated[bool, typer.Option("--one-order", help="Show each pair in one order only.")] = False,
    as_published: Annotated[bool, typer.Option("--as-published", help="Bring all published faults back.")] = False,
    base_url: opt.BaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """EvolvR: which of two stories is better, by five reader personas in both orders; or training records for such a judge.

    Example: personarium judge evolvr pairs.jsonl --model ollama/llama3.2
    """
    given = opt.given(locals())
    from personarium.core.errors import UsageError

    if make and filter_:
        raise UsageError("--make filters what it makes; leave out --filter")
    config, found = _config(given), _read(given)
    settings = {"content": digest_of(repr(found)), "readers": sorted(config.readers), "one_order": one_order}
    settings |= {"make": make, "filter": filter_, "as_published": as_published}
    session = Session(run_options("evolvr", given, settings))
    work = _made(session, given, config, found) if make or filter_ else _judged(session, config, found)
    if common.dry_run:
        session.work(work)
        if make:
            session.output.warn("the filters depend on what is written, and are not counted")
        session.show_plan()
        return
    with session:
        result = session.work(work)
        data = _keep_made(session, result) if make or filter_ else _keep_judged(session, result)
    failures = result.failures if make or filter_ else [f for one in result for f in one.failures]
    warn_of_failures(session, failures)
    finish_run(session, data, lambda c: _show(c, data))


def _config(given: dict[str, Any]) -> Any:
    from personarium.core.errors import UsageError
    from personarium.judges.evolvr import READERS, EvolvRConfig

    names = given["reader"] or list(READERS)
    for name in names:
        if name not in READERS:
            raise UsageError(f"no reader is called '{name}'; the five are {', '.join(READERS)}")
    return EvolvRConfig(readers={name: READERS[name] for name in names}, both_orders=not given["one_order"])


def _read(given: dict[str, Any]) -> Any:
    from personarium.judges.evolvr import read_pairs, read_records

    found = read_records(given["file"]) if given["filter_"] else read_pairs(given["file"])
    return found[: given["number"]]


async def _judged(session: Session, config: Any, pairs: Any) -> Any:
    from personarium.judges.evolvr import judge_stories

    options = session.options
    return await judge_stories(
        session.player, pairs, config=config, seed=options.seed, run=session.run, concurrency=options.concurrency
    )


async def _made(session: Session, given: dict[str, Any], config: Any, found: Any) -> Any:
    from personarium.judges.evolvr import candidates_of_records, filter_candidates, run_evolvr

    common = {
        "config": config,
        "seed": session.options.seed,
        "as_published": given["as_published"],
        "run": session.run,
        "concurrency": session.options.concurrency,
    }
    if given["filter_"]:
        return await filter_candidates(session.player, candidates_of_records(found), **common)
    return await run_evolvr(session.player, found, **common)


# --- what is kept and shown ---


def _keep_judged(session: Session, judged: Any) -> dict[str, Any]:
    from personarium.stats import mean_interval, pearson, wilson

    session.run.write_results(one.as_row() for one in judged)
    known = [one for one in judged if one.pair.scores is not None and one.difference is not None]
    truth = [one.pair.scores[0] - one.pair.scores[1] for one in known]
    apart = [(one.difference, true) for one, true in zip(known, truth, strict=True) if true]
    estimates = {"First minus second": mean_interval([one.difference for one in judged], "pair")}
    estimates["Readers who agree with themselves"] = mean_interval([one.consistent for one in judged], "pair")
    if known:
        estimates["Right order"] = wilson(sum(seen * true > 0 for seen, true in apart), len(apart), "pair")
        estimates["Correlation of differences"] = pearson([one.difference for one in known], truth, "pair")
    note = judged[0].note
    title = f"EvolvR: {len(judged)} pairs of stories"
    return _summary(session, title, estimates, note, [_readers(judged)])


def _readers(judged: Any) -> dict[str, Any]:
    """Each reader by itself: what it gives on average, and how much it prefers the first story."""
    from personarium.stats import mean_interval

    by_reader: dict[str, list[Any]] = {}
    for one in judged:
        for reading in one.readings:
            by_reader.setdefault(reading.reader, []).append(reading.scores)
    rows = []
    for name, scores in by_reader.items():
        means = mean_interval([None if s is None else (s[0] + s[1]) / 2 for s in scores], "reading")
        gaps = mean_interval([None if s is None else s[0] - s[1] for s in scores], "reading")
        rows.append([name, means.as_dict(), gaps.as_dict()])
    return {"kind": "table", "title": "Reader by reader", "columns": ["reader", "mean", "first − second"], "rows": rows}


def _keep_made(session: Session, result: Any) -> dict[str, Any]:
    from personarium.judges.evolvr import write_records
    from personarium.stats import wilson

    session.run.write_results(result.rows())
    write_records(result.records(), Path(session.run.path) / "records.jsonl")
    total = len(result.candidates)
    estimates = {"Records kept": wilson(len(result.kept), total, "generation")}
    rows = [[name, count] for name, count in result.dropped().items()]
    reasons = [[name, count] for name, count in result.reasons().items()]
    tables = [
        {"kind": "table", "title": "Dropped by each filter", "columns": ["filter", "dropped"], "rows": rows},
        {"kind": "table", "title": "Why", "columns": ["reason", "records"], "rows": reasons},
    ]
    caution = (
        "The self check has the model justify given scores; only the robustness and the logit check guard against that."
    )
    summary = _summary(session, f"EvolvR: {len(result.kept)} of {total} records kept", estimates, caution, tables)
    return {**summary, "dropped": result.dropped(), "kept": len(result.kept)}


def _summary(
    session: Session, title: str, estimates: dict[str, Any], caution: str, sections: list[Any]
) -> dict[str, Any]:
    shown = {name: estimate.as_dict() for name, estimate in estimates.items()}
    session.run.write_summary(
        {
            "kind": "evolvr",
            "title": title,
            "subtitle": f"{session.player.name} read.",
            "headline": next(iter(shown)),
            "estimates": shown,
            "notices": session.output.warnings,
            "cautions": [caution],
            "sections": sections,
        }
    )
    return {"estimates": shown, "title": title, "note": caution}


def _show(out: Any, data: dict[str, Any]) -> None:
    from rich.text import Text

    from personarium.apps.cli.tables import estimates_table
    from personarium.core.results import Estimate

    out.print(estimates_table({name: Estimate(**e) for name, e in data["estimates"].items()}, data["title"]))
    for name, count in data.get("dropped", {}).items():
        out.print(f"{name}: {count} dropped", style="dim")
    out.print(Text(data["note"], style="dim"), soft_wrap=True)
