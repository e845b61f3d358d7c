"""``personarium bench personafeedback``: can a model tell which of two replies suits a user whose persona it knows?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import speaks
from personarium.apps.cli.session import Session, digest_of, finish_run, run_options, warn_of_failures

CAUTIONS = (
    "This measures choosing between given replies, not how well a model writes them.",
    "Replies come from language models: how long they are and how often they name the persona can give the label away. "
    "Compare with the rules.",
    "In the hard tier annotators disagree themselves; a perfect score cannot be reached there.",
)
PLANTED = (
    "A made-up set with a known rule (the better reply takes up more of the user's facts): shows whether a persona is used; "
    "give a file or the folder of the data set for the benchmark."
)


@speaks
@opt.takes_common
def personafeedback(
    data: Annotated[
        Path | None,
        typer.Argument(help="A JSON lines file or the data set's folder; without it a made-up set with a known rule."),
    ] = None,
    field: Annotated[
        list[str],
        typer.Option(
            "--field",
            help="Which key of the file means what: persona=profile, question=query, chosen=…, rejected=… (or response_a, "
            "response_b, label), tier=…, type=…. May be repeated.",
        ),
    ] = [],  # noqa: B006 (typer copies it)
    model: opt.Model = "simulated",
    by: Annotated[
        str, typer.Option("--by", help="How the model chooses: verdict (its letter) or likelihood (of the letters).")
    ] = "verdict",
    setting: Annotated[
        list[str],
        typer.Option("--setting", help="Beside the explicit persona: none, shuffled, retrieved. May be repeated."),
    ] = ["none", "shuffled"],  # noqa: B006
    one_order: Annotated[bool, typer.Option("--one-order", help="Do not ask again with the replies swapped.")] = False,
    question_type: Annotated[
        str | None, typer.Option("--type", help="Only specific or only general questions.")
    ] = None,
    tier: Annotated[str | None, typer.Option("--tier", help="Only easy, medium or hard items.")] = None,
    number: Annotated[int | None, typer.Option("--number", "-n", min=1, help="The most items, drawn from all.")] = None,
    retrieve: Annotated[
        int, typer.Option("--retrieve", min=1, max=1000, help="Statements that the retrieved setting shows.")
    ] = 3,
    leave_out_unread: Annotated[
        bool, typer.Option("--leave-out-unread", help="Leave replies that cannot be read out, instead of wrong.")
    ] = False,
    base_url: opt.BaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """PersonaFeedback: choose the reply that suits a known user, in three tiers, in both orders.

    Example: personarium bench personafeedback PersonaFeedback/ --field chosen=good --field rejected=bad -m ollama/llama3.2
    """
    given = opt.given(locals())
    items = _items(given)
    settings = {
        "items": digest_of([item.as_row() for item in items.items]),
        "settings": sorted(setting),
        **{name: given[name] for name in ("by", "one_order", "retrieve", "leave_out_unread")},
    }
    session = Session(run_options("personafeedback", given, settings))
    if data is None:
        session.output.warn(PLANTED)
    if common.dry_run:
        session.work(_run(session, given, items))
        session.show_plan()
        return
    with session:
        result = session.work(_run(session, given, items))
        for notice in result.notices():
            session.output.warn(notice)
        summary = _write(session, result)
    warn_of_failures(session, result.failures)
    report = result.report
    document = {
        "estimates": summary["estimates"],
        "cells": {f"{qtype}, {name}": e.as_dict() for (qtype, name), e in report.cells().items()},
        "averages": {name: e.as_dict() for name, e in report.averages().items()},
        "notices": result.notices(),
        "items": len(report.items),
    }
    finish_run(session, document, lambda shown: _show(shown, result))


def _items(given: dict[str, Any]) -> Any:
    from personarium.benchmarks.personafeedback import FeedbackSet, FieldMap, only, planted_items, read_feedback

    if given["data"] is None:
        if given["field"]:
            from personarium.core.errors import UsageError

            raise UsageError("--field tells the keys of a file; give the file or folder")
        found = FeedbackSet(tuple(planted_items(20, 6, given["seed"])))
    else:
        found = read_feedback(given["data"], FieldMap.parse(given["field"]), seed=given["seed"])
    return only(found, given["question_type"], given["tier"], given["number"], given["seed"])


async def _run(session: Session, given: dict[str, Any], items: Any) -> Any:
    from personarium.benchmarks.personafeedback import ModelChooser, run_personafeedback

    return await run_personafeedback(
        ModelChooser(session.player, given["by"]),
        items,
        settings=given["setting"],
        both_orders=not given["one_order"],
        retrieve=given["retrieve"],
        unparsed_wrong=not given["leave_out_unread"],
        seed=session.options.seed,
        run=session.run,
        concurrency=session.options.concurrency,
    )


def _write(session: Session, result: Any) -> dict[str, Any]:
    session.run.write_results(result.rows())
    summary = {
        "kind": "personafeedback",
        "title": f"PersonaFeedback: {len(result.report.items)} items",
        "subtitle": f"{result.chooser} chose.",
        "headline": "Accuracy",
        "estimates": {name: estimate.as_dict() for name, estimate in result.estimates().items()},
        "scale": {"lo": 0, "hi": 1, "higher_is_better": True, "unit": "share"},
        "meaning": "How often the reply that people found to suit this user better is chosen; intervals resample personas.",
        "cautions": list(CAUTIONS),
        "notices": session.output.warnings,
        "sections": _sections(result),
    }
    session.run.write_summary(summary)
    return summary


def _sections(result: Any) -> list[dict[str, Any]]:
    rules = {name: rule.cells() for name, rule in result.baselines.items()}
    cells = [
        [qtype, tier, estimate.as_dict(), *(rules[name][qtype, tier].as_dict() for name in rules)]
        for (qtype, tier), estimate in result.report.cells().items()
    ]
    averages = [[name, estimate.as_dict()] for name, estimate in result.report.averages().items()]
    return [
        {
            "kind": "table",
            "title": "By question type and tier, beside rules that do not understand",
            "columns": ["questions", "tier", "accuracy", *rules],
            "rows": cells,
        },
        {"kind": "table", "title": "Averages", "columns": ["of", "accuracy"], "rows": averages},
    ]


def _show(out: Any, result: Any) -> None:
    from personarium.apps.cli.output import printable
    from personarium.apps.cli.tables import estimates_table

    out.print(estimates_table(result.estimates(), "PersonaFeedback", f"{printable(result.chooser)} chose"))
    out.print()
    cells = {f"{qtype}, {tier}": estimate for (qtype, tier), estimate in result.report.cells().items()}
    out.print(estimates_table({**cells, **result.report.averages()}, "By question type and tier"))
