"""``personarium bench persobench``: does what a model says next fit the persona it was given, without any judge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, speaks
from personarium.apps.cli.session import Session, digest_of, finish_run, run_options, warn_of_failures

BUNDLED = "the bundled example is our own and much too small to measure by; name a file of prompts"
_SCORERS = "Scorers (extra hf)"


@speaks
@opt.takes_common
def persobench(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="CSV with columns personas, context, act_response (Prompts/FoCus.csv). Without one the bundled example."
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            help="focus, it-convai2, blended-skill-talk, pec, synthetic-personachat or other: what is stripped from the "
            "rows. By the file's name without.",
        ),
    ] = None,
    model: opt.Model = "simulated",
    reasoning: Annotated[
        bool, typer.Option("--reasoning", help="Ask for a reasoning field before the reply (the paper's CoT).")
    ] = False,
    number: Annotated[int | None, typer.Option("--rows", "-n", min=1, help="The first so many rows.")] = None,
    parser: Annotated[
        str, typer.Option("--parser", help="published, or nested: rescues replies from JSON in JSON, and counts them.")
    ] = "published",
    replies: Annotated[
        Path | None,
        typer.Option("--replies", help="Score a file of replies (gen_response, response_time); nobody is asked."),
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", help="With --replies: a second file, compared row by row.")
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="The replies are as the models wrote them: clean them first.")
    ] = False,
    dnli: Annotated[
        str | None,
        typer.Option("--dnli", help="NLI classifier of the C score, trained on DNLI.", rich_help_panel=_SCORERS),
    ] = None,
    snli: Annotated[
        str | None,
        typer.Option("--snli", help="NLI classifier of the UE score, trained on SNLI.", rich_help_panel=_SCORERS),
    ] = None,
    vectors: Annotated[
        Path | None,
        typer.Option(
            "--vectors", help="word2vec file (text or .bin) of the persona distance.", rich_help_panel=_SCORERS
        ),
    ] = None,
    unieval: Annotated[
        str | None, typer.Option("--unieval", help="UniEval model, MingZhong/unieval-dialog.", rich_help_panel=_SCORERS)
    ] = None,
    bertscore: Annotated[
        str | None, typer.Option("--bertscore", help="Model of BERTScore, roberta-large.", rich_help_panel=_SCORERS)
    ] = None,
    as_published: Annotated[bool, typer.Option("--as-published", help="Bring all published faults back.")] = False,
    erratum: Annotated[list[str], typer.Option("--erratum", help="Bring one published fault back, by its id.")] = [],  # noqa: B006
    base_url: opt.BaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """PersoBench: the next reply for given personas: fluency, personalisation, diversity, coherence; failures both ways.

    Example: personarium bench persobench Prompts/FoCus.csv --model openai/gpt-4o-mini --rows 200
    """
    given = opt.given(locals())
    from personarium.benchmarks.persobench import PersoBenchConfig
    from personarium.core.errors import UsageError

    if replies is None and (raw or against is not None):
        raise UsageError("--raw and --against belong to --replies")
    name, rows = _rows(file, dataset, number)
    config = PersoBenchConfig(reasoning=reasoning, parser=parser, seed=common.seed)  # type: ignore[arg-type]
    work = _Work(name, rows, config, _scorers(given), as_published or sorted(erratum))
    if replies is not None:
        _score(Output(common.as_json), work, replies, against, raw)
        return
    session = Session(run_options("persobench", given, work.settings()))
    if file is None:
        session.output.warn(BUNDLED)
    if common.dry_run:
        session.work(work.run(session))
        session.show_plan()
        return
    with session:
        result, baselines = session.work(work.run(session))
        summary = _write(session, work, result, baselines)
    warn_of_failures(session, result.failures)
    finish_run(session, {**_data(result), "estimates": summary["estimates"]}, lambda out_: _show(out_, result))


class _Work:
    """The rows, and how they are worked on."""

    def __init__(self, name: str, rows: list[Any], config: Any, scorers: Any, faults: Any) -> None:
        self.name, self.rows, self.config, self.scorers, self.faults = name, rows, config, scorers, faults

    def settings(self) -> dict[str, Any]:
        """What decides the result beyond the model."""
        from dataclasses import asdict

        return {
            "rows": digest_of([asdict(row) for row in self.rows]),
            "scorers": self.scorers.names(),
            "as_published": self.faults,
            **asdict(self.config),
        }

    async def run(self, session: Session) -> tuple[Any, dict[str, Any]]:
        """The model's result, and those of trivial replies."""
        from personarium.benchmarks.persobench import run_persobench

        result = await run_persobench(
            self.rows,
            session.player,
            self.scorers,
            config=self.config,
            as_published=self.faults or False,
            run=session.run,
            concurrency=session.options.concurrency,
        )
        return result, {} if session.options.dry_run else await self.baselines()

    async def baselines(self) -> dict[str, Any]:
        """Trivial replies, scored alike."""
        from personarium.benchmarks.persobench import baseline_replies

        return {name: await self.score(given, name) for name, given in baseline_replies(self.rows).items()}

    async def score(self, replies: Any, name: str, raw: bool = False) -> Any:
        """Replies that are there."""
        from personarium.benchmarks.persobench import score_replies

        return await score_replies(
            self.rows,
            replies,
            self.scorers,
            model=name,
            raw=raw,
            config=self.config,
            as_published=self.faults or False,
        )


def _rows(file: Path | None, dataset: str | None, number: int | None) -> tuple[str, list[Any]]:
    from personarium.benchmarks.persobench import dataset_of, example_rows, read_rows

    if file is None:
        return "bundled example", example_rows()[:number]
    name = dataset or dataset_of(file)
    return name, read_rows(file, name)[:number]


def _scorers(given: dict[str, Any]) -> Any:
    """Stand-ins, and in their place the models that were named."""
    from dataclasses import replace

    from personarium.benchmarks.persobench import ClassifierNli, FileVectors, UniEval, embedded_scorers
    from personarium.benchmarks.persobench.nli import DNLI_LABELS, DNLI_LENGTH, SNLI_LABELS, SNLI_LENGTH

    named: dict[str, Any] = {}
    if given["dnli"]:
        named["dnli"] = ClassifierNli(given["dnli"], DNLI_LABELS, max_length=DNLI_LENGTH)
    if given["snli"]:
        named["snli"] = ClassifierNli(given["snli"], SNLI_LABELS, max_length=SNLI_LENGTH)
    if given["vectors"]:
        named["vectors"] = FileVectors(given["vectors"])
    if given["unieval"]:
        named["unieval"] = UniEval(given["unieval"])
    if given["bertscore"]:
        from personarium.text.bertscore import BertScorer

        named["bertscore"] = BertScorer(given["bertscore"])
    return replace(embedded_scorers(), **named)


# --- given replies ---


def _score(output: Output, work: _Work, file: Path, against: Path | None, raw: bool) -> None:
    from personarium.benchmarks.persobench import read_replies
    from personarium.benchmarks.persobench.sections import notices
    from personarium.runs import run_sync

    count = len(work.rows)

    async def both() -> list[Any]:
        files = [file] if against is None else [file, against]
        return [await work.score(read_replies(path)[:count], path.name, raw) for path in files]

    results = run_sync(both())
    for text in notices(results[0]):
        output.warn(text)
    data = _data(results[0])
    if len(results) > 1:
        data["against"] = _data(results[1])
        data["tests"] = _tests(*results)

    def people() -> None:
        for result in results:
            _show(console(), result)
        if len(results) > 1:
            _show_tests(data["tests"])

    output.finish(data, people)


def _tests(first: Any, second: Any) -> dict[str, Any]:
    from personarium.benchmarks.persobench import compare_results

    shared = [metric for metric in first.metrics if metric in second.metrics]
    return {
        view: {
            metric: {test: found.as_dict() for test, found in compare_results(first, second, metric, view).items()}
            for metric in shared
        }
        for view in ("worst", "valid")
    }


def _show_tests(tests: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(
        title="First minus second, rows paired by id",
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    for name in ("", "valid replies", "p (t)", "p (W)", "failures as worst", "p (t)", "p (W)"):
        table.add_column(name, justify="right" if name else "left")
    for metric in tests["valid"]:
        cells = [_test_cells(tests[view][metric]) for view in ("valid", "worst")]
        table.add_row(metric, *cells[0], *cells[1])
    console().print(table)


def _test_cells(found: dict[str, Any]) -> list[str]:
    from personarium.apps.cli.tables import number

    effect = found["paired t"]["effect"]["value"]
    return [number(effect), *("-" if test["p"] is None else f"{test['p']:.3g}" for test in found.values())]


# --- what is kept and shown ---


def _write(session: Session, work: _Work, result: Any, baselines: dict[str, Any]) -> dict[str, Any]:
    from personarium.benchmarks.persobench import GivenReply, persobench_summary, write_replies, write_values

    folder = Path(session.run.path)
    session.run.write_results(
        {
            "row": row.id,
            "reply": row.reply,
            **{result.label(metric): row.value(metric, "worst") for metric in result.metrics},
        }
        for row in result.rows
    )
    write_replies([GivenReply(row.reply, row.response_seconds) for row in result.rows], folder / "responses.csv")
    values = [{result.label(metric): row.value(metric, "worst") for metric in result.metrics} for row in result.rows]
    write_values(values, folder / "metric_values.csv")
    summary = persobench_summary(result, baselines, work.name)
    summary["notices"] = [*session.output.warnings, *summary["notices"]]
    session.run.write_summary(summary)
    return summary


def _data(result: Any) -> dict[str, Any]:
    return {
        "rows": len(result.rows),
        "failure_ratio": result.failure_ratio,
        "malformed": result.malformed,
        "rescued": result.rescued,
        "valid": {name: e.as_dict() for name, e in result.estimates("valid").items()},
        "failures_as_worst": {name: e.as_dict() for name, e in result.estimates("worst").items()},
        "response_time": result.response_time().as_dict(),
        "scorers": dict(result.scorers),
        "published_form": result.table(),
    }


def _show(out: Any, result: Any) -> None:
    from rich.table import Table
    from rich.text import Text

    from personarium.apps.cli.output import printable
    from personarium.apps.cli.tables import interval, number
    from personarium.benchmarks.persobench import ASPECTS

    table = Table(
        title=Text(f"PersoBench, {printable(result.model)}, {len(result.rows)} rows"),
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    for name in ("", "valid replies", "95 % interval", "failures as worst", "95 % interval"):
        table.add_column(name, justify="right" if name else "left")
    valid, worst = result.estimates("valid"), result.estimates("worst")
    for aspect, metrics in ASPECTS.items():
        for k, metric in enumerate([metric for metric in metrics if metric in valid]):
            if not k:
                table.add_row(Text(aspect, style="bold"))
            cells = [cell for e in (valid[metric], worst[metric]) for cell in (number(e.value), interval(e))]
            table.add_row(f"  {result.label(metric)}", *cells)
    out.print(table)
    ratio = "not measured" if result.failure_ratio is None else f"{result.failure_ratio:.3f}"
    out.print(f"failure ratio {ratio} ({result.malformed} malformed, {result.rescued} rescued)", soft_wrap=True)
