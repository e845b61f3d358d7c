"""The part of ``personarium calibrate`` in which the judge is varied and the replies are planted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personarium.apps.cli.output import printable
from personarium.apps.cli.session import Session
from personarium.apps.cli.tables import interval, number
from personarium.core.errors import UsageError

# Spelled out so that the command's help needs no heavy import; a test holds it against benchmarks/judge_instruments.
JUDGED = (
    "pairwise",
    "grades",
    "personalized-judge",
    "comparison",
    "prompt-tournament",
    "evolvr",
    "apc-judge",
    "read-back",
    "personafeedback",
    "personagym-judge",
    "esc-eval",
    "personaeval",
)
EVERY = "judges"


def judged_names(instrument: str) -> tuple[str, ...]:
    """The judge-based instruments that a name stands for; none where it is another kind."""
    return JUDGED if instrument == EVERY else (instrument,) if instrument in JUDGED else ()


def check_options(judge: Sequence[str], usual: Sequence[str], agent: str | None) -> None:
    """Raise UsageError for options that belong to the calibration over subjects."""
    if list(judge) != list(usual):
        raise UsageError("here the judge is what is varied: it is simulated, and --judge is left out")
    if agent is not None:
        raise UsageError("an own agent has no place on the curves of a judge; --agent goes with apc, drift, personagym")


async def calibrate_judges(
    session: Session,
    names: Sequence[str],
    settings: Mapping[str, Sequence[float]],
    config: Mapping[str, Any],
    seed: int,
) -> dict[str, Any]:
    """One calibration after the other; name -> calibration."""
    from personarium.benchmarks.judge_instruments import INSTRUMENTS
    from personarium.measure.calibrate import calibrate_judge

    async def one(name: str) -> Any:
        return await calibrate_judge(
            INSTRUMENTS[name],
            personas=config["personas"],
            settings=settings or None,
            controls=config["controls"],
            equals=config["equals"],
            seed=seed,
        )

    outcomes = await session.run.map("calibrations", names, one, key=str, concurrency=1)
    return {outcome.key: outcome.value for outcome in outcomes}


def plan_judges(
    session: Session, names: Sequence[str], settings: Mapping[str, Sequence[float]], config: Mapping[str, Any]
) -> None:
    """Count the calls."""
    from personarium.benchmarks.judge_instruments import INSTRUMENTS
    from personarium.measure.calibrate.judges import planned_calls

    for name in names:
        calls = planned_calls(
            INSTRUMENTS[name], config["personas"], settings or None, config["controls"], config["equals"]
        )
        session.run.plan.expect(f"{name}: judge", "simulated", calls, prompt_tokens=300)
    session.show_plan()


def show_judges(out: Any, found: Mapping[str, Any]) -> None:
    """The tables of each calibration."""
    from rich.text import Text

    for c in found.values():
        out.print(Text(f"\n{c.instrument}", style="bold underline"))
        out.print(Text(c.sentence, style="dim"), soft_wrap=True)
        out.print(_knobs(c))
        if c.certainty:
            out.print(_certainty(c))
        if c.broken:
            out.print(_fooled(c))
        for text in c.findings:
            out.print(Text(f"finding  {printable(text)}", style="yellow"), soft_wrap=True)


def _table(title: str, *columns: str) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for k, name in enumerate(columns):
        table.add_column(name, justify="left" if k == 0 else "right")
    return table


def _knobs(c: Any) -> Any:
    table = _table("What the judge was given", "parameter", "planted", "measured", "95 % interval", "what is measured")
    for p in c.knobs:
        setting = f"{p.knob}={p.value:g}"
        table.add_row(setting, number(p.planted, 3), number(p.measured.value, 3), interval(p.measured, 3), p.figure)
    return table


def _certainty(c: Any) -> Any:
    table = _table("Stated certainty", "overconfidence", "mean stated", "share right", "ECE", "AUROC")
    for p in c.certainty:
        shown = (number(e.value, 3) for e in (p.stated, p.right, p.error, p.auroc))
        table.add_row(f"{p.overconfidence:g}", *shown)
    return table


def _fooled(c: Any) -> Any:
    table = _table("What fools it", "judge or player", "accuracy or share won", "verdict", "what shows")
    for b in c.broken:
        table.add_row(b.judge, number(b.accuracy.value, 3), b.verdict, printable("; ".join(b.signs)))
    for t in c.tricks:
        for judge, share in t.shares.items():
            table.add_row(f"{t.trick}, {judge}", number(share.value, 3), t.verdicts[judge], "")
    return table
