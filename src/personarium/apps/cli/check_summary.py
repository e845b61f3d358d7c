"""What ``check-character`` says: its report, its lines in the terminal, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personarium.apps.cli.output import printable
from personarium.apps.cli.session import Session
from personarium.apps.cli.summaries import shown_persona

SCORE = "True to character"
_SCALE = {"lo": 1, "hi": 5, "higher_is_better": True, "unit": "points"}
_WORDS = {
    "pass": ("passes", "bold green"),
    "fail": ("below", "bold red"),
    "undecided": ("not enough evidence", "bold yellow"),
}
_WORST = 30
_NAME = 80  # characters of a persona without a name


@dataclass(frozen=True)
class Costs:
    """Calls and dollars of a run; ``usd`` is None where a model has no price, for a part of a sum is no sum."""

    calls: int
    usd: float | None

    @classmethod
    def of(cls, session: Session) -> Costs:
        """Of a session that has ended."""
        from personarium.models.accounting import price_of

        prices, counts = session.prices or {}, session.run.counts
        known = all(
            price_of(m.name, prices) is not None or getattr(m, "reports_cost", False) for m in session.plain_models
        )
        return cls(counts["calls"], counts["cost_usd"] if known else None)

    def __str__(self) -> str:
        dollars = (
            "not known without the prices of all models (--prices FILE)" if self.usd is None else in_dollars(self.usd)
        )
        return f"{dollars}, {self.calls:,} calls"


def in_dollars(usd: float) -> str:
    """Cents where they say something, more digits where they do not."""
    return f"${usd:.2f}" if usd >= 0.1 or usd == 0 else f"${usd:.4f}"


def next_step(verdict: Any, given: Mapping[str, Any], costs: Costs) -> str:
    """One or two sentences: what somebody would do with this verdict."""
    if verdict.result == "pass":
        return "nothing: the gate is open"
    if verdict.result == "fail":
        again = "the same command" if given["agent"] else "--out NEW"
        return f"read the worst answers in the report; {again} checks a changed agent anew"
    if verdict.stopped == "failures" or not verdict.scores:
        return "see in the report what failed, mend it, and repeat the command; what was answered is not asked again"
    if verdict.more_items is None:
        return f"{verdict.at_least:g} is too close to the mean: a thousand more questions would not decide"
    more = f"about {_questions(verdict.more_items)} more would decide in four of five cases{_price(verdict, costs)}"
    return f"{more}: {_how(verdict, given)}"


def _questions(number: int) -> str:
    return f"{number:,} question{'' if number == 1 else 's'}"


def _price(verdict: Any, costs: Costs) -> str:
    return "" if not costs.usd else f" (about {in_dollars(costs.usd / verdict.asked * verdict.more_items)} more)"


def _how(verdict: Any, given: Mapping[str, Any]) -> str:
    """How to go on, by what ended it."""
    wanted = verdict.asked + verdict.more_items
    limit = f" with --max-items {wanted}" if wanted > given["max_items"] else ""
    if verdict.stopped == "budget":
        return f"repeat the command{limit} {'and' if limit else 'with'} a higher --max-cost"
    if verdict.stopped == "items" and given["questions"] is not None:
        return f"add them to {printable(str(given['questions']))} and repeat the command{limit}"
    if verdict.stopped == "items":
        return "the writer has no more questions for one persona; give your own with --questions FILE"
    return f"repeat the command{limit}"


# --- the terminal ---


def show_verdict(out: Any, verdict: Any, given: Mapping[str, Any], costs: Costs, who: str, then: str) -> None:
    """The verdict first, then what it rests on, then what to do; ``who`` is the sentence of :func:`who_played`."""
    from rich.table import Table
    from rich.text import Text

    word, style = _WORDS[verdict.result]
    out.print(Text.assemble((word, style), f"  {_headline(verdict)}"))
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    rows = [
        ("who", who),
        ("score", _score(verdict)),
        ("questions", _asked(verdict, given)),
        *([("why", "; ".join(verdict.reasons[:-1]))] if len(verdict.reasons) > 1 else []),
        ("cost", str(costs)),
        ("next", then),
    ]
    for name, text in rows:
        table.add_row(name, Text(printable(text)))
    out.print()
    out.print(table)


def _headline(verdict: Any) -> str:
    if verdict.estimate.value is None:
        return f"no score, {verdict.at_least:g} was asked for"
    return f"{verdict.estimate.value:.2f} of 5 after {_questions(verdict.asked)}, at least {verdict.at_least:g} was asked for"


def _score(verdict: Any) -> str:
    e = verdict.estimate
    if e.value is None:
        return "not measured"
    if e.lo is None or e.hi is None:
        return f"{e.value:.2f}, no interval"
    return f"{e.value:.2f}, from {e.lo:.2f} to {e.hi:.2f} ({verdict.confidence * 100:g} % sure of each end)"


def _asked(verdict: Any, given: Mapping[str, Any]) -> str:
    failed = ", ".join(f"{n} {kind}" for kind, n in verdict.estimate.failures.items())
    return (
        f"{verdict.asked} of at most {given['max_items']}, {len(verdict.scores)} scored, "
        f"{len(verdict.failures)} failed{f' ({failed})' if failed else ''}; {', '.join(given['task'])}"
    )


# --- the report ---


def check_summary(verdict: Any, answered: Sequence[Any], who: str, notices: Sequence[str] = ()) -> dict[str, Any]:
    """The run's summary: the score, how it settled, the answers from the worst on."""
    word = _WORDS[verdict.result][0]
    return {
        "kind": "check-character",
        "title": f"Character check: {word}",
        "subtitle": who,
        "headline": SCORE,
        "estimates": {SCORE: verdict.estimate.as_dict()},
        "scale": _SCALE,
        "meaning": f"At least {verdict.at_least:g} was asked for: " + "; ".join(verdict.reasons) + ".",
        "cautions": [
            f"Each decision is wrong in at most {(1 - verdict.confidence) * 100:.3g} % of such checks, for questions like "
            "these and this judge; a judge that is wrong in one direction is not part of that.",
            "Items that failed have no score; the statement is about those that have one.",
        ],
        "result": verdict.result,
        "notices": list(notices),
        "sections": [_path(verdict), _answers(answered, verdict)],
    }


def who_played(player: str, person: Any, judges: Sequence[str]) -> str:
    """One sentence: who played whom, and who judged."""
    name = " ".join(str(person.name or person.value("name") or person.facets[0].value).split())
    return f"{player} played {name if len(name) <= _NAME else name[:_NAME] + '…'}, {', '.join(judges)} judged."


def _path(verdict: Any) -> dict[str, Any]:
    from personarium.stats.sequential import betting_path

    means, low, high = betting_path(verdict.scores, 1, 5, 2 * verdict.confidence - 1)
    points = [
        {"x": k, "y": float(mean), "lo": float(lo), "hi": float(hi), "n": k}
        for k, (mean, lo, hi) in enumerate(zip(means, low, high, strict=True), 1)
    ]
    return {
        "kind": "curve",
        "title": "How the score settled",
        "note": "Mean of the scores so far, with the interval that held at that moment. It was decided when the interval left "
        "the line.",
        "x_label": "questions with a score",
        "y_label": "points",
        "y_range": [1, 5],
        "series": [{"label": SCORE, "points": points}],
        "references": [{"label": "asked for", "value": verdict.at_least}],
    }


def _answers(answered: Sequence[Any], verdict: Any) -> dict[str, Any]:
    failed = {f.where for f in verdict.failures}
    scored = [q for q in answered if q.score is not None and q.id not in failed]
    return {
        "kind": "worst_answers",
        "title": "The worst answers",
        "scale": _SCALE,
        "total": len(scored),
        "items": [
            {
                "persona": shown_persona(q.persona),
                "question": q.question,
                "answer": q.answer,
                "score": q.score,
                "task": q.task,
                "reasons": dict(q.reasons),
                "scores": dict(q.scores),
            }
            for q in sorted(scored, key=lambda q: (q.score, q.index))[:_WORST]
        ],
    }
