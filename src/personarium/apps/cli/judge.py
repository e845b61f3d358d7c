"""``personarium judge``: what is known of a judge before its word is taken, and items to find out with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, printable, speaks
from personarium.apps.cli.session import Session, digest_of, finish_run, run_options, warn_of_failures

BUNDLED, ANSWERS = "bundled", "answers.jsonl"
NAMES_ONE = "A simulated judge is asked for one name and how probable it is, for it states no distribution; the rest is shared equally."


@speaks
@opt.takes_common
def admit(
    model: Annotated[str, typer.Argument(help="The judge: simulated, openai/…, ollama/…, vllm/…, openrouter/…, hf/…")],
    items: Annotated[
        list[str],
        typer.Option(
            "--items",
            help="bundled, Literary.csv and the like as published, or own items (JSON lines); may be given more than once.",
        ),
    ] = [BUNDLED],  # noqa: B006
    number: Annotated[
        int | None, typer.Option("--number", "-n", min=1, help="Only so many items of each track, drawn by the seed.")
    ] = None,
    reply: Annotated[
        str | None,
        typer.Option(
            "--reply", help="Of own items: probabilities (of every candidate, as published), or choice (one name)."
        ),
    ] = None,
    attempts: Annotated[
        int, typer.Option("--attempts", min=1, help="How often an item is asked while no reply can be read.")
    ] = 5,
    renormalise: Annotated[
        bool, typer.Option("--renormalise", help="Scale probabilities that do not sum to 1 instead of asking again.")
    ] = False,
    ties: Annotated[
        str, typer.Option("--ties", help="How equal probabilities rank: first, last or expected.")
    ] = "first",
    as_published: Annotated[bool, typer.Option("--as-published", help="Bring all published faults back.")] = False,
    erratum: Annotated[list[str], typer.Option("--erratum", help="Bring one published fault back, by its id.")] = [],  # noqa: B006
    base_url: opt.BaseUrl = None,
    common: opt.Common = opt.Common(concurrency=4),
) -> None:
    """PersonaEval: can this judge tell who is speaking? Beside chance, word overlap and people, with its calibration.

    The same command again goes on where it stopped, and asks items that ended in an error once more.

    Example: personarium judge admit ollama/llama3.2 --items bundled
    """
    given = opt.given(locals())
    from personarium.benchmarks.personaeval import PersonaEvalConfig

    config = PersonaEvalConfig(attempts=attempts, renormalise=renormalise, ties=ties)  # type: ignore[arg-type]
    found = _items(items, reply or _reply_for(model), number, common.seed)
    faults: Any = True if as_published else sorted(erratum)
    settings = {
        "items": digest_of([item.to_dict() for item in found]),
        "reply": reply or _reply_for(model),
        "attempts": attempts,
        "renormalise": renormalise,
        "ties": ties,
        "as_published": faults,
    }
    session = Session(run_options("judge-admit", given, settings, model=model))
    if reply is None and _reply_for(model) == "choice":
        session.output.warn(NAMES_ONE)
    if common.dry_run:
        session.work(_run(session, found, config, faults, []))
        session.show_plan()
        return
    with session:
        result = session.work(_run(session, found, config, faults, _earlier(session, found)))
        summary = _write(session, result)
    warn_of_failures(session, result.failures)
    trivial = list(result.baselines())
    data = {
        "estimates": {name: value for name, value in summary["estimates"].items() if name not in trivial},
        "trivial": {name: summary["estimates"][name] for name in trivial},
        "admission": result.admission().as_dict(),
        "report_by_track": _plain(result),
    }
    finish_run(session, data, lambda out_: _show(out_, result))


@speaks
def items(
    script: Annotated[Path, typer.Argument(help="A text with lines NAME: utterance; scenes parted by === title ===.")],
    profiles: Annotated[
        Path, typer.Option("--profiles", help="JSON or YAML: an object, name of a character -> profile.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the items go (JSON lines).")] = Path("items.jsonl"),
    options: Annotated[int, typer.Option("--options", min=2, max=26, help="Candidates of an item.")] = 4,
    mentions: Annotated[
        str, typer.Option("--mentions", help="A character named in an utterance: mask the name, or drop the item.")
    ] = "mask",
    min_words: Annotated[int, typer.Option("--min-words", min=1, help="The fewest words of a reply.")] = 1,
    min_shared: Annotated[
        int, typer.Option("--min-shared", min=0, help="The fewest content words a reply shares with its profile.")
    ] = 0,
    most: Annotated[int | None, typer.Option("--most", min=1, help="The most items.")] = None,
    seed: opt.Seed = 0,
    as_json: opt.AsJson = False,
) -> None:
    """Make items for judge admit from your own script: whose reply is this, among your characters?

    Example: personarium judge items play.txt --profiles cast.json --out items.jsonl
    """
    from personarium.benchmarks.personaeval import BuilderConfig, build_items, read_profiles, read_script, write_items
    from personarium.core.errors import InvalidInput

    config = BuilderConfig(options, mentions, min_words, min_shared, "probabilities", script.stem, most, seed)
    built = build_items([read_script(script, read_profiles(profiles))], config)
    if not built.items:
        reasons = ", ".join(f"{count} {reason}" for reason, count in built.dropped.items())
        raise InvalidInput(str(script), "at least one exchange that gives an item", reasons or "no exchange")
    write_items(built.items, out)
    data = {"items": len(built.items), "masked": built.masked, "dropped": dict(built.dropped), "file": str(out)}
    Output(as_json).finish(data, lambda: _show_built(data))


def _show_built(data: dict[str, Any]) -> None:
    out = console()
    out.print(f"{data['items']} items, a name masked in {data['masked']}: {data['file']}", markup=False)
    for reason, count in data["dropped"].items():
        out.print(f"left out  {count:>6}  {reason}", markup=False)


# --- items and earlier answers ---


def _reply_for(model: str) -> str:
    return "choice" if model.split(":")[0].split("/")[0] == "simulated" else "probabilities"


def _items(files: list[str], reply: str, number: int | None, seed: int) -> list[Any]:
    from personarium.benchmarks.personaeval import bundled_items, read_items
    from personarium.benchmarks.personaeval.data_format import asking_for
    from personarium.core.errors import UsageError

    if reply not in ("probabilities", "choice"):
        raise UsageError(f"--reply must be probabilities or choice, found '{reply}'")
    found = [
        item if item.exchange is None else asking_for(item, reply)  # type: ignore[arg-type]
        for name in files
        for item in (bundled_items() if name == BUNDLED else read_items(name))
    ]
    return found if number is None else _drawn(found, number, seed)


def _drawn(found: list[Any], number: int, seed: int) -> list[Any]:
    import random

    kept: set[str] = set()
    for track in dict.fromkeys(item.track for item in found):
        ids = [item.id for item in found if item.track == track]
        kept.update(random.Random(f"admit|{seed}|{track}").sample(ids, min(number, len(ids))))
    return [item for item in found if item.id in kept]


def _earlier(session: Session, found: list[Any]) -> list[Any]:
    """Answers of an earlier session in the same folder, so that only what failed is asked again."""
    from personarium.benchmarks.personaeval import Identification
    from personarium.core.files import iter_json_lines

    path = Path(session.run.path) / ANSWERS
    if not path.is_file():
        return []
    known = {item.id for item in found}
    rows = [Identification.from_row(row) for _, row in iter_json_lines(path, "answer")]
    return [row for row in rows if row.id in known]


async def _run(session: Session, found: list[Any], config: Any, faults: Any, earlier: list[Any]) -> Any:
    from personarium.benchmarks.personaeval import run_personaeval

    chosen = replace(config, attempts=1) if session.options.dry_run else config
    return await run_personaeval(
        session.player,
        found,
        config=chosen,
        as_published=faults or False,
        answered=earlier,
        seed=session.options.seed,
        run=session.run,
        concurrency=session.options.concurrency,
    )


# --- what is kept and shown ---


def _write(session: Session, result: Any) -> dict[str, Any]:
    from personarium.benchmarks.personaeval.published import result_name, write_published_results
    from personarium.core.files import write_json_lines

    folder = Path(session.run.path)
    record = result.admission()
    session.run.write_results(result.rows())
    write_json_lines([answer.as_row() for answer in result.answers], folder / ANSWERS)
    write_json_lines([record.as_dict()], folder / "admission.json")
    for track in result.tracks:
        kept = [(i, a) for i, a in zip(result.items, result.answers, strict=True) if i.track == track]
        if all(len(item.candidates) <= 5 for item, _ in kept):
            name = folder / result_name(track, result.judge)
            write_published_results(name, [i for i, _ in kept], [a for _, a in kept], result.faults)
    summary = {
        "kind": "judge-admit",
        "title": f"Admission of {result.judge}: who is speaking?",
        "subtitle": f"{len(result.items)} items, {', '.join(result.tracks)}.",
        "headline": next(iter(result.estimates())),
        "estimates": {name: estimate.as_dict() for name, estimate in result.estimates().items()},
        "meaning": "How often the judge knew which of the candidates gave a reply. A judge that cannot tell who speaks cannot say "
        "how well somebody is played.",
        "cautions": ["Published texts may be known to the judge; own or recent texts are a cleaner test."],
        "notices": [*session.output.warnings, *record.notes],
        "sections": _sections(result),
    }
    session.run.write_summary(summary)
    return summary


def _plain(result: Any) -> dict[str, Any]:
    return {
        track: {name: estimate.as_dict() for name, estimate in found.items()}
        for track, found in result.report().items()
    }


def _sections(result: Any) -> list[dict[str, Any]]:
    from personarium.benchmarks.personaeval.result import SHOWN

    columns = ["judge", "on", *SHOWN]
    own = [[result.judge, on, *(e[name].as_dict() for name in SHOWN)] for on, e in result.report().items()]
    others = [
        [judge, on, *(e[name].as_dict() for name in SHOWN)]
        for judge, found in result.baselines().items()
        for on, e in found.items()
    ]
    return [
        {"kind": "table", "title": "By track", "columns": columns, "rows": own},
        {"kind": "table", "title": "Judges that do not read", "columns": columns, "rows": others},
        _curve(result),
    ]


def _curve(result: Any) -> dict[str, Any]:
    from personarium.stats.calibration import reliability_curve

    known = [(a, i) for a, i in zip(result.answers, result.items, strict=True) if a.answered]
    stated = [max(a.probabilities) if 0 <= max(a.probabilities) <= 1 else None for a, _ in known]
    right = [float(a.predicted == i.truth) for a, i in known]
    points = [
        {"x": b.mean_confidence, "y": b.accuracy.value, "lo": b.accuracy.lo, "hi": b.accuracy.hi, "n": b.n}
        for b in (reliability_curve(stated, right, 10) if known else ())
        if b.n
    ]
    return {
        "kind": "curve",
        "title": "Stated probability and how often it was right",
        "note": "On the line the judge means what it says; below it claims more than it knows.",
        "x_label": "probability of the candidate it chose",
        "y_label": "share right",
        "x_range": [0, 1],
        "y_range": [0, 1],
        "diagonal": True,
        "series": [{"label": result.judge, "points": points}],
    }


def _show(out: Any, result: Any) -> None:
    from personarium.apps.cli.tables import estimates_table

    out.print(estimates_table(result.estimates(), f"Who is speaking? {printable(result.judge)}"))
    out.print()
    for sentence in result.standing():
        out.print(printable(sentence), markup=False)
