"""``personarium bench esc-eval``: how well a model supports simulated people with worries, on seven dimensions."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import speaks
from personarium.apps.cli.session import Session, digest_of, finish_run, run_options, warn_of_failures

CAUTIONS = (
    "Simulated people only: no clinical use and no clinical claim.",
    "Most published scores are 3: small differences need many cards, see the intervals and the spread.",
    "A list of good advice is punished by 'human' and rewarded by 'suggestion': the seven are not put together.",
    "The player limits what a dialogue can show: compare models with one and the same player.",
)
SEES_CARD = "A simulated judge is shown the card, which the published rater is not: it finds nothing to read otherwise."
SHOWN = 10


@speaks
@opt.takes_common
def esc_eval(
    model: opt.Model = "simulated",
    player: Annotated[
        str, typer.Option("--player", "-p", help="Who plays the people with worries.", rich_help_panel="Models")
    ] = "simulated:seed=2",
    judge: opt.Judge = ["simulated:seed=1"],  # noqa: B006
    cards: Annotated[
        list[Path] | None,
        typer.Option("--cards", help="card_high_en.json and the like; bundled invented people without."),
    ] = None,
    language: Annotated[str | None, typer.Option("--language", help="english or chinese; both without.")] = None,
    number: Annotated[
        int | None,
        typer.Option("--number", "-n", min=1, help="Only so many cards of each language, drawn by the seed."),
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=100, help="Rounds of each dialogue.")] = 5,
    system: Annotated[
        Path | None, typer.Option("--system", help="A text file: the system message of the tested model.")
    ] = None,
    show_opening: Annotated[
        bool, typer.Option("--show-opening", help="Put the opening line into the tested model's history.")
    ] = False,
    rater_sees_card: Annotated[
        bool, typer.Option("--rater-sees-card", help="Show the judge who was played; the published one is not shown.")
    ] = False,
    as_published: Annotated[bool, typer.Option("--as-published", help="Bring all published faults back.")] = False,
    erratum: Annotated[list[str], typer.Option("--erratum", help="Bring one published fault back, by its id.")] = [],  # noqa: B006
    base_url: opt.BaseUrl = None,
    judge_base_url: opt.JudgeBaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """ESC-Eval: simulated people talk about their worries with a model; a judge rates the talks on seven dimensions.

    Example: personarium bench esc-eval --model openai/gpt-4o --player openai/gpt-4o-mini --judge openai/gpt-4o --number 50
    """
    given = opt.given(locals())
    from personarium.benchmarks.esc_eval import EscEvalConfig

    people = _cards(cards, language, number, common.seed)
    simulated = all(name.split(":")[0].split("/")[0] == "simulated" for name in judge)
    options: dict[str, Any] = {"system": _text(system)} if system is not None else {}
    config = EscEvalConfig(
        rounds=rounds, sees_opening=show_opening, rater_sees_card=rater_sees_card or simulated, **options
    )
    faults: Any = True if as_published else sorted(erratum)
    settings = {
        "cards": digest_of([{**card.to_dict(), "name": card.name} for card in people]),
        **asdict(config),
        "as_published": faults,
    }
    names, roles = [player, *judge], ["player", *["judge"] * len(judge)]
    session = Session(run_options("esc-eval", given, settings, names, roles=roles))
    if simulated and not rater_sees_card:
        session.output.warn(SEES_CARD)
    if common.dry_run:
        _plan(session, len(people), config)
        return
    with session:
        result = session.work(_run(session, people, config, faults))
        summary = _write(session, result)
    warn_of_failures(session, result.failures)
    checks = list(result.checks())
    data = {
        "estimates": {name: e for name, e in summary["estimates"].items() if name not in checks},
        "checks": {name: summary["estimates"][name] for name in checks},
        "spread": result.spread(),
        "dialogues": len(result.dialogues),
        "player_version": dict(result.player_version),
    }
    finish_run(session, data, lambda out_: _show(out_, result))


def _cards(files: list[Path] | None, language: str | None, number: int | None, seed: int) -> list[Any]:
    import random

    from personarium.benchmarks.esc_eval import bundled_cards, read_cards
    from personarium.benchmarks.esc_eval.cards import LANGUAGES
    from personarium.core.errors import UsageError

    if language is not None and language not in LANGUAGES:
        raise UsageError(f"--language must be english or chinese, found '{language}'")
    found = [card for path in files for card in read_cards(path)] if files else bundled_cards()
    kept: list[Any] = []
    for one in LANGUAGES if language is None else (language,):
        of_it = [card for card in found if card.language == one]
        drawn = random.Random(f"esc-eval|{seed}|{one}").sample(of_it, min(number or len(of_it), len(of_it)))
        kept += [card for card in of_it if card in drawn] if number else of_it
    if not kept:
        raise UsageError("there is no card of this language in the files")
    return kept


def _text(path: Path) -> str:
    from personarium.core.files import existing, read_text

    return read_text(existing(path), "the system message of the tested model").strip()


def _plan(session: Session, people: int, config: Any) -> None:
    from personarium.benchmarks.esc_eval.method import RATE, plan_calls

    player, *raters = session.judges
    calls = plan_calls(people, len(raters), config)
    session.run.plan.expect("play.turn", player.name, calls["player"], prompt_tokens=400, max_tokens=100)
    session.run.plan.expect("play.turn", session.player.name, calls["model"], prompt_tokens=600, max_tokens=200)
    for rater in raters:
        session.run.plan.expect(
            RATE.name, rater.name, calls[RATE.name] // len(raters), prompt_tokens=1_500, max_tokens=5
        )
    session.show_plan()


async def _run(session: Session, people: list[Any], config: Any, faults: Any) -> Any:
    from personarium.benchmarks.esc_eval import run_esc_eval

    player, *raters = session.judges
    return await run_esc_eval(
        session.player,
        player,
        raters,
        people,
        config=config,
        as_published=faults or False,
        seed=session.options.seed,
        run=session.run,
        concurrency=session.options.concurrency,
    )


# --- what is kept and shown ---


def _write(session: Session, result: Any) -> dict[str, Any]:
    from personarium.benchmarks.esc_eval import write_scores, write_transcripts
    from personarium.core.files import write_json_lines

    folder = Path(session.run.path)
    session.run.write_results(_score_rows(result))
    write_json_lines(result.rows(), folder / "dialogues.jsonl")
    for language in result.languages:
        of_it = {str(one.card.id): one for one in result.dialogues if one.card.language == language}
        write_transcripts({key: one.dialogue for key, one in of_it.items()}, folder / f"dialogues_{language}.json")
        scored = {key: one.scores[result.raters[0]] for key, one in of_it.items() if result.raters[0] in one.scores}
        write_scores(scored, folder / f"scores_{language}.json")
    estimates = {name: estimate.as_dict() for name, estimate in result.estimates().items()}
    summary = {
        "kind": "esc-eval",
        "title": f"ESC-Eval: {len(result.dialogues)} people",
        "subtitle": f"{result.model} answered, {result.player} played, {', '.join(result.raters)} rated.",
        "headline": next(iter(estimates)),
        "estimates": estimates,
        "meaning": "Seven qualities of emotional support, each from 0 to 4; they are read one by one.",
        "cautions": list(CAUTIONS),
        "notices": list(session.output.warnings),
        "sections": _sections(result),
    }
    session.run.write_summary(summary)
    return summary


def _score_rows(result: Any) -> list[dict[str, Any]]:
    from personarium.benchmarks.esc_eval import DIMENSIONS

    return [
        {"id": one.card.name, "rater": rater, **{name: scores.get(name) for name in DIMENSIONS}}
        for one in result.dialogues
        for rater, scores in one.scores.items()
    ] or [{"id": one.card.name, "rater": "", **dict.fromkeys(DIMENSIONS)} for one in result.dialogues]


def _sections(result: Any) -> list[dict[str, Any]]:
    from personarium.apps.cli.summaries import estimate_row, transcripts_section

    scale = {"lo": 0, "hi": 4, "higher_is_better": True, "unit": "points"}
    bars = [
        {
            "kind": "bars",
            "title": f"Seven dimensions, {language}, rated by {rater}",
            "rows": [estimate_row(name, e) for name, e in result.means(language, rater).items()],
            "scale": scale,
        }
        for language in result.languages
        for rater in result.raters
    ]
    worst = sorted(result.dialogues, key=lambda one: (one.complete, -len(one.leaks.flags), one.card.name))[:SHOWN]
    facts = {one.dialogue.id: _facts(one, result.raters[0]) for one in worst}
    return [
        *bars,
        _spread(result),
        *_agreement(result),
        _player(result),
        transcripts_section([one.dialogue for one in worst], facts, len(result.dialogues)),
    ]


def _facts(one: Any, rater: str) -> dict[str, str]:
    scores = one.scores.get(rater, {})
    return {
        "played to the end": "yes" if one.complete else "no",
        "problem told": ", ".join(f"{share:.0%}" for share in one.leaks.shares),
        **{f"turn {flag.turn}": f"{flag.kind}: {flag.detail}" for flag in one.leaks.flags},
        **{name: "unparsed" if score is None else str(score) for name, score in scores.items()},
    }


def _spread(result: Any) -> dict[str, Any]:
    rows = [[name, *(counts[k] for k in range(5))] for name, counts in result.spread().items()]
    return {
        "kind": "table",
        "title": "How often each score was given",
        "columns": ["dimension", *"01234"],
        "rows": rows,
    }


def _agreement(result: Any) -> list[dict[str, Any]]:
    first = result.raters[0]
    return [
        {
            "kind": "table",
            "title": f"{first} and {other}",
            "columns": ["dimension", "equal", "within one", "quadratic kappa", "Spearman"],
            "rows": [
                [name, *(e.as_dict() for e in (a.accuracy, a.within_one, a.kappa, a.spearman))]
                for name, a in result.agreement(first, other).items()
            ],
        }
        for other in result.raters[1:]
    ]


def _player(result: Any) -> dict[str, Any]:
    rows = [[one.card.name, flag.turn, flag.kind, flag.detail] for one in result.dialogues for flag in one.leaks.flags]
    return {
        "kind": "table",
        "title": "Turns of the player that told too much or fell out of role",
        "columns": ["card", "turn", "what", "detail"],
        "rows": rows,
    }


def _show(out: Any, result: Any) -> None:
    from personarium.apps.cli.output import printable
    from personarium.apps.cli.tables import estimates_table

    caption = f"rated by {printable(result.raters[0])}, 0 to 4, one by one"
    out.print(estimates_table(result.estimates(), f"ESC-Eval, {printable(result.model)}", caption))
