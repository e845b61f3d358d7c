"""How a tournament is shown: the ranking with intervals, who beats whom, the judges; the same as sections of the report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from personarium.apps.cli.output import printable
from personarium.apps.cli.tables import interval, number

MEANING = (
    "Glicko-2 ratings: 1500 is a newcomer's, 400 points more win ten games of eleven; the intervals are rating ± 1.96 RD. "
    "Beside them Bradley-Terry strengths on the same scale, whose intervals resample contexts, and Elo, whose interval is what the "
    "order of the games alone does to it."
)
POINTS = "Points of the row against the column out of their games; a tie is half a point."
MOST_SHOWN = 10  # contestants in a matrix of the terminal
NAME_WIDTH = 12  # of a name at least, before it is broken into lines


def summary_of(result: Any, contexts: Mapping[str, str], notices: Sequence[str]) -> dict[str, Any]:
    """``summary.json``, from which the report is made."""
    from personarium.measure.prompt_tournament.checks import called
    from personarium.measure.prompt_tournament.notes import counted

    ratings = {s.contestant: rated(s).as_dict() for s in result.standings}
    first = result.standings[0].contestant
    return {
        "kind": "tournament",
        "title": f"Tournament: {counted(len(result.standings), 'contestant')}, {counted(result.total.games, 'game')}",
        "subtitle": f"{', '.join(called(j.judge) for j in result.judges) or 'nobody'} judged; {result.stopped}.",
        "headline": first,
        "estimates": ratings,
        "scale": _range(result),
        "meaning": MEANING,
        "notices": [*notices],
        "cautions": result.notes(),
        "sections": [
            _standings(result),
            _strengths(result),
            _other_systems(result),
            *_dimensions(result),
            _matrix("How probably the row beats the column", result, _chances(result)),
            _matrix("Points and games", result, _raw(result), POINTS),
            _judges(result),
            *_checks(result),
            *_closest(result, contexts),
        ],
    }


def _table(title: str, columns: list[str], rows: list[list[Any]], note: str = "") -> dict[str, Any]:
    return {"kind": "table", "title": title, "columns": columns, "rows": rows, **({"note": note} if note else {})}


def _standings(result: Any) -> dict[str, Any]:
    rows = [
        [
            s.rank,
            s.contestant,
            rated(s).as_dict(),
            _ranks(s),
            s.wins,
            s.losses,
            s.ties,
            sum(s.missing.values()),
        ]
        for s in result.standings
    ]
    columns = ["", "contestant", "rating", "rank between", "won", "lost", "tied", "no answer"]
    return _table("Standings", columns, rows)


def _other_systems(result: Any) -> dict[str, Any]:
    rows = [
        [s.contestant, *(None if e is None else e.as_dict() for e in (s.strength, s.elo))] for s in result.standings
    ]
    return _table("The same games in other rating systems", ["contestant", "Bradley-Terry", "Elo"], rows)


def _range(result: Any) -> dict[str, Any]:
    """The scale of a plot: every interval, in whole hundreds of points."""
    ends = [e for s in result.standings for e in (s.rating.lo, s.rating.hi)]
    lo, hi = 100 * math.floor(min(ends) / 100), 100 * math.ceil(max(ends) / 100)
    return {"lo": lo, "hi": hi, "higher_is_better": True, "unit": "points"}


def _strengths(result: Any) -> dict[str, Any]:
    rows = [
        {"label": s.contestant, "value": s.rating.value, "lo": s.rating.lo, "hi": s.rating.hi, "n": s.rating.n}
        for s in result.standings
    ]
    return {
        "kind": "dots",
        "title": "Ratings with their intervals",
        "rows": rows,
        "scale": _range(result),
        "references": [{"label": "a newcomer", "value": 1500}],
    }


def _dimensions(result: Any) -> list[dict[str, Any]]:
    names = [name for name in result.tables if name != "total"]
    if not names:
        return []
    found = {name: result.tables[name].glicko.estimates() for name in names}
    rows = [[s.contestant, *(found[name][s.contestant].as_dict() for name in names)] for s in result.standings]
    return [_table("Ratings by dimension", ["contestant", *names], rows)]


def _matrix(title: str, result: Any, cells: list[list[Any]], note: str = "") -> dict[str, Any]:
    names = [s.contestant for s in result.standings]
    return _table(title, ["", *names], [[name, *row] for name, row in zip(names, cells, strict=True)], note)


def _chances(result: Any) -> list[list[str | None]]:
    from personarium.measure.prompt_tournament.markdown import share

    return [[None if p is None else share(p) for p in row] for row in result.win_probability()]


def _raw(result: Any) -> list[list[str | None]]:
    return [[f"{points:g}/{games}" if games else None for points, games in row] for row in result.raw_pairs()]


def _judges(result: Any) -> dict[str, Any]:
    from personarium.measure.prompt_tournament.checks import called

    rows = [
        [
            called(j.judge),
            j.asked,
            j.side.left.as_dict(),
            "yes" if j.side.flagged else "no",
            j.consistent.as_dict(),
            j.tied.as_dict(),
            sum(j.failures.values()),
        ]
        for j in result.judges
    ]
    columns = ["judge", "verdicts", "left wins", "follows the side", "same in both orders", "ties", "missing"]
    note = "Sides are by lot or both are shown, so one half of the decided verdicts should name the left answer."
    return _table("The judges", columns, rows, note)


def _checks(result: Any) -> list[dict[str, Any]]:
    rows: list[list[Any]] = []
    if result.length is not None:
        rows.append(["the longer answer wins", result.length.longer_wins.as_dict()])
        rows.append(["games between answers of about one length", result.length.matched])
        rows.append(["their order alone", ", ".join(result.length.matched_order) or None])
    if result.lead is not None:
        rows.append(["lead of the first over the second, points", result.lead.as_dict()])
    if len(result.judges) > 1:
        rows += [[f"agreement of the judges, {name} (alpha)", e.as_dict()] for name, e in result.agreement.items()]
    rows.append(["pairs of identical answers", result.unasked])
    rows.append(["circles (a beats b beats c beats a)", len(result.circles())])
    rows.append(["verdicts asked for, of every pair over every context", f"{_asked(result)} of {_naive(result)}"])
    return [_table("Checks", ["what", "found"], rows)]


def _asked(result: Any) -> int:
    return sum(j.asked for j in result.judges)


def _naive(result: Any) -> int:
    """Every ordered pair over every context that came up, in every dimension, by every judge."""
    n = len(result.standings)
    return int(n * (n - 1) * result.contexts * len(result.config.dimensions) * max(1, len(result.judges)))


def _closest(result: Any, contexts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Some duels of the first two, so that one can see what a win looks like."""
    names = [s.contestant for s in result.standings[:2]]
    shown = [
        [contexts.get(c, c), result.texts[c, names[0]], result.texts[c, names[1]]]
        for c in sorted({c for c, _ in result.texts})
        if all((c, name) in result.texts for name in names)
    ][:10]
    return [_table("The first two side by side", ["context", *names], shown)] if len(names) == 2 and shown else []


def rated(s: Any) -> Any:
    """A contestant's rating; no value for one that met nobody, whose rating is only where everybody begins."""
    return s.rating if s.wins + s.losses + s.ties else replace(s.rating, value=None, lo=None, hi=None)


def _ranks(s: Any) -> str:
    if s.rank_interval is None:
        return "–"
    lo, hi = s.rank_interval
    return str(lo) if lo == hi else f"{lo} to {hi}"


# --- the terminal ---


def show(out: Any, result: Any) -> None:
    """The ranking, who beats whom, and the judges; notes follow as warnings."""
    from personarium.measure.prompt_tournament.notes import counted

    _print(out, "Ranking", _ranking(result))
    if result.total.games and len(result.standings) <= MOST_SHOWN:
        _print(out, "How probably the row beats the column", _beats(result))
    if result.judges:
        _print(out, "The judges", _judged(result))
    told = [f"{counted(result.total.games, 'game')} over {counted(result.contexts, 'context')}", result.stopped]
    out.print("; ".join(filter(None, told)), style="dim", soft_wrap=True, markup=False)


def _print(out: Any, title: str, table: Any) -> None:
    """A table under its title; a title inside a narrow table would be broken into lines."""
    from rich.text import Text

    out.print(Text(title, style="italic"))
    out.print(table)
    out.print()


def _new(columns: Sequence[tuple[str, str]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in columns:
        wraps = justify == "left"
        table.add_column(
            Text(printable(name)),
            justify=justify,  # type: ignore[arg-type]
            no_wrap=not wraps,
            overflow="fold" if wraps else "ellipsis",
            min_width=NAME_WIDTH if wraps else None,
        )
    return table


def _ranking(result: Any) -> Any:
    from rich.text import Text

    names = ("", "contestant", "rating", "strength, 95 %", "rank", "won", "lost", "tied")
    gaps = any(s.missing for s in result.standings)
    table = _new([(name, "left" if name == "contestant" else "right") for name in (*names, *["no answer"] * gaps)])
    for s in result.standings:
        cells = [
            str(s.rank),
            Text(printable(s.contestant), style="bold" if s.rank == 1 else ""),
            _plus_minus(rated(s)),
            "–" if result.total.ties_only else _between(s.strength if s.rating.n else None),
            _ranks(s),
            str(s.wins),
            str(s.losses),
            str(s.ties),
        ]
        table.add_row(*cells, *([str(sum(s.missing.values()) or "")] if gaps else []))
    return table


def _plus_minus(e: Any) -> str:
    return "–" if e.value is None else f"{number(e.value, 0)} ±{number((e.hi - e.lo) / 2, 0)}"


def _between(e: Any) -> str:
    if e is None or e.value is None:
        return "–"
    return number(e.value, 0) + ("" if e.lo is None or e.hi is None else f" ({interval(e, 0)})")


def _beats(result: Any) -> Any:
    from rich.text import Text

    names = [printable(s.contestant) for s in result.standings]
    # Columns by number: ten long names do not stand side by side.
    table = _new([("", "right"), ("", "left"), *((str(k), "right") for k in range(1, len(names) + 1))])
    for k, (name, row) in enumerate(zip(names, _chances(result), strict=True), 1):
        table.add_row(str(k), Text(name), *("–" if cell is None else cell for cell in row))
    return table


def _judged(result: Any) -> Any:
    from rich.text import Text

    from personarium.measure.prompt_tournament.checks import called

    names = ("verdicts", "left wins", "both orders agree", "ties", "missing")
    table = _new([("judge", "left"), *((name, "right") for name in names)])
    for j in result.judges:
        left = f"{_percent(j.side.left)}{' !' if j.side.flagged else ''}"
        table.add_row(
            Text(printable(called(j.judge))),
            str(j.asked),
            Text(left, style="red" if j.side.flagged else ""),
            _percent(j.consistent),
            "–" if j.tied.value is None else f"{j.tied.value:.0%}",
            str(sum(j.failures.values())),
        )
    return table


def _percent(estimate: Any) -> str:
    if estimate.value is None:
        return "–"
    return f"{estimate.value:.0%} ({100 * estimate.lo:.0f} to {100 * estimate.hi:.0f})"
