"""Write docs/calibration.md: what the instruments detect and what fools them, measured on simulated subjects.

Run: python tools/calibration_page.py   (about three minutes; the numbers are the same every time)
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from personarium.apps.cli.calibrate import GRIDS, make_instrument
from personarium.measure.calibrate import calibrate, keyed_world
from personarium.models import open_model

PAGE = Path(__file__).resolve().parents[1] / "docs" / "calibration.md"
PERSONAS, JUDGE = 40, "simulated:seed=900001"
HEAD = """<!-- made by tools/calibration_page.py; run it again instead of editing -->

# What the instruments detect

{sentence}

Each instrument measured simulated subjects that play {personas} personas of a keyed world (personas and questions made from the
attribute lexicon, bank B; for drift with `patience=30`, so that nobody says goodbye before the twelfth turn). *Realised truth* is what a subject did according to its ledgers, not its setting. A judge, where one is
needed, is `{judge}`. The same numbers come from `personarium calibrate INSTRUMENT --personas {personas}`.

Two readings of the tables: an instrument that follows the truth here may still fail on real text, and one that does not follow it here
will not do better there. And a control that an instrument cannot tell from an honest subject is a thing it cannot see: drift is blind
to a persona that is never played, because nothing moves away from anything; APC and PersonaGym reward a subject that recites its card.
"""


def section(c: Any) -> str:
    """One instrument."""
    lines = [f"\n## {c.instrument}\n"]
    lines.append(f"\nRank correlation with the realised truth ({c.truth_name}): {c.rank}. ")
    lines.append(f"False alarms between equal subjects: {c.false_alarms}. Honest subject: {c.honest}.\n")
    lines.append(f"\n| {c.knob} | realised truth | measured | 95 % interval |\n|---|---|---|---|\n")
    for p in c.points:
        span = "" if p.measured.lo is None else f"{p.measured.lo:.3f} to {p.measured.hi:.3f}"
        setting = ", ".join(f"{v:g}" for v in p.values.values())
        lines.append(f"| {setting} | {shown(p.truth.value)} | {shown(p.measured.value)} | {span} |\n")
    lines.append("\n| personas | design | smallest difference at 80 % power | as realised truth |\n|---|---|---|---|\n")
    for d in c.detectable:
        if d.design == "paired":
            lines.append(f"| {d.n} | paired | {d.difference:.3g} | {'' if d.truth is None else f'{d.truth:.3g}'} |\n")
    lines.append("\n| control | what it does | score | verdict |\n|---|---|---|---|\n")
    for control in c.controls:
        lines.append(f"| `{control.control}` | {control.what} | {shown(control.score.value)} | {control.verdict} |\n")
    return "".join(lines)


def shown(value: float | None) -> str:
    """A number, or that there is none."""
    return "not measured" if value is None else f"{value:.3f}"


async def measure() -> list[Any]:
    """All calibrations."""
    world, judge = keyed_world(PERSONAS), open_model(JUDGE)
    found = []
    for name, estimator in (("apc", "head"), ("apc", "oracle"), ("drift", ""), ("personagym", "")):
        instrument = make_instrument(name, world, judge, estimator)
        base = {"patience": 30} if name == "drift" else {}
        found.append(await calibrate(instrument, grid=GRIDS[name], personas=world, base=base))
        print(found[-1].instrument, found[-1].rank)
    return found


def main() -> None:
    """Measure and write."""
    found = asyncio.run(measure())
    head = HEAD.format(sentence=found[0].sentence, personas=PERSONAS, judge=JUDGE)
    PAGE.write_text(head + "".join(section(c) for c in found), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
