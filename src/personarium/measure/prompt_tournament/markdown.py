"""A tournament as a page of Markdown; names come from files and are escaped.

Source: page prompt-tournament, "Takes and gives" (JSON and Markdown report).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from personarium.core.results import Estimate
from personarium.measure.prompt_tournament.result import TournamentResult

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#&!~])")


def as_markdown(result: TournamentResult, title: str = "Tournament") -> str:
    """Standings, win probabilities, raw pairs, judges and notes."""
    names = [_plain(s.contestant) for s in result.standings]
    parts = [
        f"# {_plain(title)}",
        f"{result.total.games} games over {result.contexts} contexts; {_plain(result.stopped) or 'rated from rows'}.",
        "## Standings",
        _table(
            ["rank", "contestant", "rating", "95 %", "RD", "volatility", "strength", "95 %", "won", "lost", "tied"],
            [
                [
                    str(s.rank),
                    _plain(s.contestant),
                    *_pair(s.rating),
                    f"{s.rd:.0f}",
                    f"{s.volatility:.4f}",
                    *_pair(s.strength),
                    str(s.wins),
                    str(s.losses),
                    str(s.ties),
                ]
                for s in result.standings
            ],
        ),
        "Rating: Glicko-2, rating ± 1.96 RD. Strength: Bradley-Terry on the same scale, bootstrap over contexts.",
        "## How probably each (row) beats each (column)",
        _table(["", *names], [[n, *map(share, row)] for n, row in zip(names, result.win_probability(), strict=True)]),
        "A probability of 100 % is the rounding of a large gap, so it is shown as >99 %.",
        "## Points and games of each (row) against each (column)",
        _table(
            ["", *names],
            [[n, *(_points(*cell) for cell in row)] for n, row in zip(names, result.raw_pairs(), strict=True)],
        ),
        "## Judges",
        _table(
            ["judge", "left wins", "same in both orders", "ties", "missing"],
            [
                [
                    _plain(j.judge),
                    _percent(j.side.left) + (" (follows the side)" if j.side.flagged else ""),
                    _percent(j.consistent),
                    _percent(j.tied),
                    str(sum(j.failures.values())),
                ]
                for j in result.judges
            ],
        ),
        "## Notes",
        "\n".join(f"- {_plain(note)}" for note in result.notes()) or "None.",
    ]
    return "\n\n".join(parts) + "\n"


def share(value: float | None) -> str:
    """A probability for a table; neither 0 % nor 100 %, which it never is."""
    if value is None:
        return "–"
    return ">99 %" if value > 0.995 else "<1 %" if value < 0.005 else f"{value:.0%}".replace("%", " %")


def _points(points: float, games: int) -> str:
    return f"{points:g}/{games}" if games else "–"


def _percent(estimate: Estimate) -> str:
    if estimate.value is None or estimate.lo is None or estimate.hi is None:
        return "–"
    return f"{estimate.value:.0%} ({estimate.lo:.0%} to {estimate.hi:.0%})"


def _pair(estimate: Estimate | None) -> tuple[str, str]:
    if estimate is None or estimate.value is None:
        return "–", "–"
    known = estimate.lo is not None and estimate.hi is not None
    return f"{estimate.value:.0f}", f"{estimate.lo:.0f} to {estimate.hi:.0f}" if known else "–"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    """One line that Markdown takes for text."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
