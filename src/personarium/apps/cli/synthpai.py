"""``personarium bench synthpai``: what can be guessed about the authors of comments, by a stored model or a new one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, speaks
from personarium.apps.cli.session import Session, digest_of, finish_run, run_options, warn_of_failures


@speaks
@opt.takes_common
def synthpai(
    file: Annotated[
        Path, typer.Argument(help="Author rows: .jsonl or .jsonl.gz with username, comments, reviews, predictions?.")
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Who guesses anew; without it the guesses in the file are graded and nobody is asked.",
            rich_help_panel="Models",
        ),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge", "-j", help="Sorts educations and judges what the rules leave open.", rich_help_panel="Models"
        ),
    ] = None,
    guesses_of: Annotated[
        str | None, typer.Option("--guesses-of", help="Which model's guesses in the file, where it has several.")
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            "--mode",
            help="Who decides what rules leave open: none, model, model_human, human. With a judge model, else none.",
        ),
    ] = None,
    decisions: Annotated[
        Path | None, typer.Option("--decisions", help="What people decided: a filled-in undecided.jsonl of a run.")
    ] = None,
    mask: Annotated[
        Path | None,
        typer.Option("--mask", help="Terms, one a line, that are taken out of every comment before --model reads it."),
    ] = None,
    ask_all: Annotated[
        bool, typer.Option("--ask-all", help="Ask for all eight attributes and count claims about those without label.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="A guess is right when it has the same words, not similar letters.")
    ] = False,
    as_published: Annotated[bool, typer.Option("--as-published", help="Bring all published faults back.")] = False,
    erratum: Annotated[list[str], typer.Option("--erratum", help="Bring one published fault back, by its id.")] = [],  # noqa: B006
    base_url: opt.BaseUrl = None,
    judge_base_url: opt.JudgeBaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """SynthPAI: age, sex, home, birthplace, education, occupation, income and relationship guessed from comments.

    Example: personarium bench synthpai authors.jsonl --model openai/gpt-4o --judge openai/gpt-4o-mini
    """
    given = opt.given(locals())
    from personarium.benchmarks.synthpai import GradingConfig

    config = GradingConfig(
        mode=mode or ("model" if judge else "none"),  # type: ignore[arg-type]
        strict=strict,
        ask="all" if ask_all else "labelled",
    )
    faults: Any = True if as_published else sorted(erratum)
    if model is None:
        _check_nobody_is_asked(given)
        _grade_stored(Output(common.as_json), file, guesses_of, config, faults, common.seed)
        return
    authors, decided = _read(file, mask), _decisions(decisions)
    settings = {
        "file": digest_of([author.row for author in authors]),
        "decisions": decisions and digest_of(sorted(map(str, decided.items()))),
        "mode": config.mode,
        "ask": config.ask,
        "strict": strict,
        "as_published": faults,
    }
    session = Session(run_options("synthpai", given, settings, [judge] if judge else [], model))
    if common.dry_run:
        _plan(session, authors, config)
        return
    with session:
        result, guessed = session.work(_run(session, authors, config, decided, faults))
        summary = _write(session, result, guessed)
    warn_of_failures(session, [f for label in result.labels for f in label.failures] + list(result.failures))
    data = {"estimates": summary["estimates"], "labels": len(result.labels), "authors": len(guessed)}
    finish_run(session, {**data, "failures": result.failed}, lambda out_: _show(out_, result, "graded by the rules"))


def _check_nobody_is_asked(given: dict[str, Any]) -> None:
    from personarium.core.errors import UsageError

    names = ("judge", "mode", "decisions", "mask", "ask_all", "dry_run", "out")
    needless = [name for name in names if given[name]]
    if needless:
        option = needless[0].replace("_", "-")
        raise UsageError(f"--{option} belongs to a new run: name who guesses with --model")


# --- grading what is in the file ---


def _grade_stored(output: Output, file: Path, name: str | None, config: Any, faults: Any, seed: int) -> None:
    from personarium.benchmarks.synthpai import run_synthpai_grading
    from personarium.benchmarks.synthpai.grading import equal_to_stored
    from personarium.benchmarks.synthpai.published import published_figures

    stored = run_synthpai_grading(file, name, config=config, seed=seed)
    rules = run_synthpai_grading(file, name, grades="rules", config=config, as_published=faults or False, seed=seed)
    has_grades = any(label.grades for label in stored.labels)
    equal = {name: {"equal": k, "labels": n} for name, (k, n) in equal_to_stored(rules, stored).items()}
    figures = published_figures(stored.model)
    data = {
        "model": stored.model,
        "labels": len(rules.labels),
        "published": figures and {"top_1": figures[0], "top_3": figures[1]},
        "stored": _document(stored) if has_grades else None,
        "rules": _document(rules),
        "equal_to_stored": equal if has_grades else None,
    }

    def people() -> None:
        shown = console()
        if has_grades:
            _show(shown, stored, "grades of the file")
            shown.print()
        _show(shown, rules, "graded anew by the rules alone")
        if figures:
            shown.print(f"\npublished: top-1 {figures[0]:.2f} %, top-3 {figures[1]:.2f} %", markup=False)
        if has_grades:
            shown.print(f"the same grades as the file's: {_equal(equal)}", soft_wrap=True, markup=False)

    output.finish(data, people)


def _equal(equal: dict[str, dict[str, int]]) -> str:
    return ", ".join(f"{name} {row['equal']}/{row['labels']}" for name, row in equal.items())


def _document(result: Any) -> dict[str, Any]:
    return {
        "estimates": {name: estimate.as_dict() for name, estimate in result.estimates().items()},
        "by_attribute": {name: e.as_dict() for name, e in result.attribute_estimates().items()},
        "majority": {
            name: {"answer": answer, "right": tally.right, "labels": tally.labels}
            for name, (answer, tally) in result.majority().items()
        },
        **{
            f"by_{name}": {str(v): {"right": t.right, "labels": t.labels} for v, t in result.by(name).items()}
            for name in ("certainty", "hardness")
        },
        "failures": result.failed,
    }


# --- a new run ---


def _read(file: Path, mask: Path | None) -> Any:
    from personarium.benchmarks.synthpai import mask_terms, masked, read_authors
    from personarium.core.errors import NotFound
    from personarium.core.files import read_text

    authors = read_authors(file)
    if mask is None:
        return authors
    if not mask.is_file():
        raise NotFound(f"{mask}: no such file")
    return masked(authors, mask_terms(read_text(mask, "terms, one a line").splitlines()))


def _decisions(path: Path | None) -> dict[tuple[str, str, str], float]:
    from personarium.benchmarks.synthpai import read_decisions

    return {} if path is None else read_decisions(path)


async def _run(session: Session, authors: Any, config: Any, decided: Any, faults: Any) -> Any:
    from personarium.benchmarks.synthpai import run_synthpai

    return await run_synthpai(
        session.player,
        authors,
        session.judges[0] if session.judges else None,
        config=config,
        decisions=decided,
        as_published=faults or False,
        seed=session.options.seed,
        run=session.run,
        concurrency=session.options.concurrency,
    )


def _plan(session: Session, authors: Any, config: Any) -> None:
    from personarium.benchmarks.synthpai.method import plan_calls
    from personarium.benchmarks.synthpai.steps import INFER

    session.work(_run(session, authors, config, {}, False))  # a dry run: what is asked first is seen, the rest expected
    name = session.judges[0].name if session.judges else session.player.name
    for step, calls in plan_calls(authors, config).items():
        if step != INFER.name and calls:
            session.run.plan.expect(step, name, calls, prompt_tokens=150, max_tokens=20)
    session.output.warn("the most calls: what is sorted and judged depends on the guesses")
    session.show_plan()


def _write(session: Session, result: Any, guessed: Any) -> dict[str, Any]:
    from personarium.benchmarks.synthpai import write_authors
    from personarium.benchmarks.synthpai.grading import decisions_wanted

    folder = Path(session.run.path)
    session.run.write_results(result.rows())
    write_authors([author.row for author in guessed], folder / "authors.jsonl")
    write_authors(decisions_wanted(result), folder / "undecided.jsonl")
    summary = {
        "kind": "synthpai",
        "title": f"SynthPAI: {len(result.labels)} labels of {len(guessed)} authors",
        "subtitle": f"{result.model} guessed; mode {result.mode}.",
        "headline": "Top-1 accuracy",
        "estimates": {name: estimate.as_dict() for name, estimate in result.estimates().items()},
        "scale": {"lo": 0, "hi": 1, "higher_is_better": None, "unit": "share"},
        "meaning": "How much of who the authors are can be guessed from what they wrote.",
        "notices": session.output.warnings,
        "sections": _sections(result),
    }
    session.run.write_summary(summary)
    return summary


def _sections(result: Any) -> list[dict[str, Any]]:
    from personarium.benchmarks.synthpai.published import PUBLISHED

    published = [[name, top1, top3] for name, (top1, top3) in PUBLISHED.items()]
    tables = [
        ("By attribute", ["attribute", "top-1", "top-3", "majority answer", "its share"], _attribute_rows(result)),
        *((f"By {name} of the label", [name, "right", "labels"], _tally_rows(result, name)) for name in _GROUPS),
        ("Published, in per cent of 700 labels", ["model", "top-1", "top-3"], published),
    ]
    return [{"kind": "table", "title": title, "columns": columns, "rows": rows} for title, columns, rows in tables]


_GROUPS = ("certainty", "hardness", "decided_by")


def _attribute_rows(result: Any) -> list[list[Any]]:
    top3, majority = result.attribute_estimates(3), result.majority()
    return [
        [name, top1.as_dict(), top3[name].as_dict(), majority[name][0], majority[name][1].share]
        for name, top1 in result.attribute_estimates().items()
    ]


def _tally_rows(result: Any, name: str) -> list[list[Any]]:
    return [[str(value), tally.right, tally.labels] for value, tally in result.by(name).items()]


def _show(out: Any, result: Any, how: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from personarium.apps.cli.output import printable
    from personarium.apps.cli.tables import estimates_table, interval, number

    right, among3 = result.tally(), result.tally(3)
    counts = f"{right.right} and {among3.right} of {right.labels} labels"
    out.print(estimates_table(result.estimates(), f"SynthPAI, {printable(result.model)}: {how}", counts))
    table = Table(title="By attribute", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in ("", "top-1", "95 % interval", "top-3", "labels", "majority answer"):
        table.add_column(name, justify="left" if name in ("", "majority answer") else "right")
    top3, majority = result.attribute_estimates(3), result.majority()
    for name, top1 in result.attribute_estimates().items():
        answer, tally = majority[name]
        shown = f"{tally.right}/{tally.labels} {printable(answer)[:40]}"
        table.add_row(
            Text(name), number(top1.value), interval(top1), number(top3[name].value), str(top1.n), Text(shown)
        )
    out.print()
    out.print(table)
