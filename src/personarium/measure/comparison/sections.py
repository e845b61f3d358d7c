"""A comparison as sections of a report (docs/report.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from personarium.core.results import Estimate
from personarium.measure.comparison.planning import about, items_for_shares
from personarium.measure.comparison.result import AgentComparison, PairResult

_SHOWN = 1_200  # characters of a reply in the table of disagreements


def report_sections(found: AgentComparison) -> list[dict[str, Any]]:
    """The sections in the order of reading: where each stands, the pairs, the control, the baselines, what would settle it,
    the judge, what it took, the worst disagreements.
    """
    shown = [
        _standings(found),
        _pairs("Pair by pair", found.pairs, _PAIRS),
        _control(found),
        _pairs("Against the trivial baselines", found.against_baselines, _BASELINES),
        _plans(found),
        _judge(found),
        _at_equal_length(found),
        _savings(found),
        _worst(found),
    ]
    return [section for section in shown if section is not None]


_PAIRS = (
    "Mean difference on the same items with its interval; p is Holm's, over all pairs. Whoever is found best must beat each "
    "of the others (one-sided; such a claim needs no correction), so it may be found although one of its pairs is open here."
)
_BASELINES = "A contestant that does not beat a model without any persona, or with somebody else's, plays no persona."


def _standings(found: AgentComparison) -> dict[str, Any]:
    rows = [
        {
            "label": s.name,
            "value": s.mean.value,
            "lo": s.mean.lo,
            "hi": s.mean.hi,
            "n": s.mean.n,
            "group": "baselines" if s.baseline else "contestants",
        }
        for s in found.standings
    ]
    scale = {"lo": found.scale.lo, "hi": found.scale.hi, "higher_is_better": found.scale.higher_is_better}
    leads = ", ".join(f"{s.name} {s.leads:.0%}" for s in found.standings if s.leads is not None)
    note = f"Highest mean in resampled item sets: {leads}." if leads else ""
    return {
        "kind": "dots",
        "title": "Where each stands",
        "note": note,
        "rows": rows,
        "scale": {**scale, "unit": found.scale.unit},
    }


def _pairs(title: str, pairs: Sequence[PairResult], note: str) -> dict[str, Any] | None:
    if not pairs:
        return None
    rows: list[list[Any]] = [
        [f"{p.a} minus {p.b}", p.test.effect.as_dict(), p.p_adjusted, p.says, p.if_missing_worst] for p in pairs
    ]
    columns = ["pair", "difference", "p (Holm)", "verdict", "if missing were worst"]
    if all(row[-1] is None for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return _table(title, columns, rows, note)


def _control(found: AgentComparison) -> dict[str, Any] | None:
    control = found.control
    if control.found_again is None:
        return None
    rows: list[list[Any]] = [
        [f"{found.leader} is found best again on as many other items", control.found_again],
        ["two contestants that were made equal are called different", control.equal_called_different],
        ["(that should be)", round(1 - found.confidence, 10)],
    ]
    note = f"The decision repeated on {control.copies:,} resampled item sets, and on as many equal copies of each pair."
    return _table("The comparison tried on itself", ["what", "share"], rows, note)


def _plans(found: AgentComparison) -> dict[str, Any] | None:
    pairs = [p for p in found.pairs if p.settle is not None]
    if not pairs:
        return None
    settles = [(p, p.settle) for p in pairs if p.settle is not None]
    first = settles[0][1]
    rows: list[list[Any]] = [
        [f"{p.a} minus {p.b}", p.test.effect.n, s.detectable, s.for_difference, s.for_seen, s.more] for p, s in settles
    ]
    columns = [
        "pair",
        "compared",
        "smallest difference found",
        f"{p_unit(found)}s for {first.difference:g}",
        "for the one seen",
        "that is, more",
    ]
    note = f"At {first.power:.0%} power and a two-sided level of {first.alpha:.2g}. {shares_statement(found)}".strip()
    return _table("What would settle it", columns, rows, note)


def p_unit(found: AgentComparison) -> str:
    """What the units of the comparison are called."""
    return found.pairs[0].test.effect.unit


def shares_statement(found: AgentComparison) -> str:
    """For scores from 0 to 1: how many items tell the runner-up's share from one that is as much better as matters."""
    rivals = [s.mean.value for s in found.standings if not s.baseline and s.mean.value is not None]
    settled = next((p.settle for p in found.pairs if p.settle is not None), None)
    if (found.scale.lo, found.scale.hi) != (0, 1) or len(rivals) < 2 or settled is None:
        return ""
    share = round(rivals[1], 2)
    better = round(share + settled.difference, 10)
    if not 0 < share < 1 or not 0 < better < 1:
        return ""
    items = items_for_shares(share, better, settled.alpha, settled.power)
    return f"Telling a share of {share:.2f} from one of {better:.2f} takes {about(items)} right-or-wrong items."


def _judge(found: AgentComparison) -> dict[str, Any] | None:
    check = found.judge
    if check is None:
        return None
    rows: list[list[Any]] = []
    if check.admission is not None:
        rows.append(["admission", check.admission.statement])
    rows.append(["verdicts read, of those asked for", f"{check.read} of {check.asked}"])
    if check.position is not None:
        rows += [
            ["both orders say the same", check.position.consistent.as_dict()],
            ["the reply shown first wins", check.position.first_wins.as_dict()],
            ["the same place wins in both orders", check.position.same_place.as_dict()],
        ]
    if check.length is not None:
        name = "rank correlation of length and score" if check.position is None else "the longer reply wins"
        rows.append([name, check.length.as_dict()])
    return _table(f"The judge: {check.name or 'not named'}", ["what", "found"], rows, "")


def _at_equal_length(found: AgentComparison) -> dict[str, Any] | None:
    left = {} if found.judge is None else found.judge.at_equal_length
    rows: list[list[Any]] = [
        [f"{a} minus {b}", e.as_dict(), _seen(found, a, b).as_dict()] for (a, b), e in left.items()
    ]
    note = "What is left of the difference between replies of equal length: the judge may reward length as such."
    return _table("At equal length", ["pair", "at equal length", "as it is"], rows, note) if rows else None


def _seen(found: AgentComparison, a: str, b: str) -> Estimate:
    return found.pair(a, b).test.effect


def _savings(found: AgentComparison) -> dict[str, Any] | None:
    spent = found.savings
    if spent is None or not spent.calls:
        return None
    rows: list[list[Any]] = [["calls", spent.calls, spent.naive_calls]]
    if spent.prompt_tokens:
        rows += [
            ["prompt tokens (estimated)", spent.prompt_tokens, spent.naive_prompt_tokens],
            ["of them begun with before, in reach of a prefix cache", spent.shared_tokens, None],
        ]
    if spent.dollars is not None:
        rows.append(["dollars", spent.dollars, spent.naive_dollars])
    note = "Naive: every contestant about every other, both orders each time, equal wordings too; re-asks left out."
    return _table("What the judge was asked", ["", "sent", "naive"], rows, note)


def _worst(found: AgentComparison) -> dict[str, Any] | None:
    if not found.worst:
        return None
    rows: list[list[Any]] = [
        [
            w.prompt[:_SHOWN] or w.item,
            w.a,
            w.score_a,
            _cut(w.reply_a),
            w.b,
            w.score_b,
            _cut(w.reply_b),
            _cut(w.feedback),
        ]
        for w in found.worst
    ]
    columns = ["item", "better", "score", "its reply", "worse", "score", "its reply", "the judge's words"]
    kept = [k for k in range(len(columns)) if k in (0, 1, 2, 4, 5) or any(row[k] for row in rows)]
    note = f"The {len(rows)} items on which two contestants are furthest apart, side by side."
    return _table("Worst disagreements", [columns[k] for k in kept], [[row[k] for k in kept] for row in rows], note)


def _cut(text: str | None) -> str | None:
    return None if not text else text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _table(title: str, columns: Sequence[str], rows: list[list[Any]], note: str) -> dict[str, Any]:
    return {"kind": "table", "title": title, "columns": list(columns), "rows": rows, "note": note}
