"""Pairwise judging that sends no more calls than it needs.

Every pair of replies is asked about once in each order, and never again for the mirrored pair; two replies of one wording
are a tie without a question, and a pair of wordings that occurs twice on an item is asked once. Calls that begin alike follow
each other: items of one persona, then one item, then the reply that is shown first; the first call of each goes ahead, so that
an endpoint that caches prefixes has read the beginning when the others come.

Units: tokens are estimated at four characters each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.core.rubric import Rubric
from personarium.core.tokens import CHARS_PER_TOKEN, estimate_tokens
from personarium.judges.judging import Judge, Rater
from personarium.judges.layouts import Winner
from personarium.judges.verdicts import Order, Preference, Shown, preference_of
from personarium.measure.comparison.contest import Item, Pair, Replies, VerdictTable, pairs_of
from personarium.measure.comparison.result import Savings
from personarium.models.accounting import PER, Prices, price_of
from personarium.runs.executors import AsyncioExecutor
from personarium.runs.mapping import map_items

if TYPE_CHECKING:
    from personarium.runs.plan import DryRun
    from personarium.runs.run import Run

SAME_WORDING = "both replies have the same wording, so nobody was asked"
_TURNED: Mapping[Winner, Winner] = {"A": "B", "B": "A", "tie": "tie"}


@dataclass(frozen=True, slots=True)
class Showing:
    """One question to the judge: these two texts in this order, for this item."""

    first: str
    second: str


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """The questions about one item.

    Args:
        place: Which item.
        item: The item.
        showings: In the order in which they are asked; those with the same first text stand together.
        naive: Questions of the naive way.
    """

    place: int
    item: Item
    showings: tuple[Showing, ...]
    naive: tuple[Showing, ...]

    @property
    def groups(self) -> list[tuple[Showing, ...]]:
        """The showings by the text that is shown first."""
        found: dict[str, list[Showing]] = {}
        for showing in self.showings:
            found.setdefault(showing.first, []).append(showing)
        return [tuple(group) for group in found.values()]


def judged_pairs(replies: Replies) -> list[Pair]:
    """Every pair of contestants, and every contestant with every baseline; baselines are not compared with each other."""
    return [pair for pair in pairs_of(replies.texts) if not set(pair) <= replies.baselines]


def plan_pairs(replies: Replies) -> list[ItemPlan]:
    """What a judge has to be asked, item by item, in the order of asking: items of one persona follow each other."""
    pairs = judged_pairs(replies)
    plans = [_plan_item(k, item, _texts(replies, k), pairs) for k, item in enumerate(replies.items)]
    return sorted(plans, key=lambda plan: (plan.item.persona, plan.item.prompt, plan.place))


def _texts(replies: Replies, k: int) -> dict[str, str]:
    """The texts of one item, blanks around them taken off."""
    there = {name: column[k] for name, column in replies.texts.items()}
    return {name: text.strip() for name, text in there.items() if text is not None and text.strip()}


def _plan_item(k: int, item: Item, texts: Mapping[str, str], pairs: Sequence[Pair]) -> ItemPlan:
    shown = [(texts[a], texts[b]) for a, b in pairs if a in texts and b in texts]
    wanted = {showing: None for a, b in shown if a != b for showing in (Showing(a, b), Showing(b, a))}
    order = {text: n for n, text in enumerate(dict.fromkeys(texts.values()))}
    showings = tuple(sorted(wanted, key=lambda s: (order[s.first], order[s.second])))
    naive = tuple(Showing(x, y) for a, b in shown for x, y in ((a, b), (b, a), (b, a), (a, b)))
    return ItemPlan(k, item, showings, naive)


async def judge_pairs(
    replies: Replies,
    judge: Rater,
    criterion: Rubric | str,
    *,
    run: Run | DryRun | None = None,
    prices: Prices | None = None,
    concurrency: int = 20,
) -> VerdictTable:
    """Have a judge compare every pair on every item, both orders, and count what it took.

    Args:
        replies: What the contestants said.
        judge: A judge, an ensemble, people.
        criterion: A rubric, or a criterion in words.
        run: The run to record and resume in.
        prices: For the cost.
        concurrency: Items at once; the calls of one item follow its prefixes.

    Returns:
        The verdicts. A pair of which one text is missing has none; two texts of one wording are a tie.

    Raises:
        UsageError: No pair of texts to compare.
    """
    plans = plan_pairs(replies)
    if not any(plan.naive for plan in plans):
        raise UsageError("there is no item that two contestants have a reply to")

    async def one(plan: ItemPlan) -> dict[Showing, Preference]:
        return await _ask_item(plan, judge, criterion)

    outcomes = await map_items(
        run, "judging pairs", plans, one, key=lambda plan: plan.item.id, concurrency=max(1, concurrency)
    )
    said = {
        plan.place: _lost(plan, outcome.failure) if outcome.value is None else outcome.value
        for plan, outcome in zip(plans, outcomes, strict=True)
    }
    return VerdictTable(
        replies.items,
        {pair: tuple(_verdicts(replies, pair, said, judge.name)) for pair in judged_pairs(replies)},
        tuple(replies.texts),
        replies.texts,
        replies.failures,
        replies.baselines,
        judge=judge.name,
        savings=_savings(plans, judge, criterion, said, prices or {}),
    )


async def _ask_item(plan: ItemPlan, judge: Rater, criterion: Rubric | str) -> dict[Showing, Preference]:
    """All questions about one item; the first one goes ahead, then the first of each group before the rest of it."""
    said: dict[Showing, Preference] = {}

    async def ask(showing: Showing) -> None:
        item = plan.item
        said[showing] = await judge.compare(
            criterion,
            item.prompt,
            showing.first,
            showing.second,
            both_orders=False,
            persona=item.persona or None,
            item=item.id,
        )

    async def group(showings: Sequence[Showing]) -> None:
        if showings[0] not in said:
            await ask(showings[0])
        await _all(showings[1:], ask)

    groups = plan.groups
    if groups:
        await ask(groups[0][0])
        await _all(groups, group)
    return said


async def _all(jobs: Sequence[Any], work: Any) -> None:
    if jobs:
        await AsyncioExecutor().map(jobs, work, concurrency=len(jobs))


def _lost(plan: ItemPlan, failure: Failure | None) -> dict[Showing, Preference]:
    """An item whose questions could not be put: every showing without a verdict, with the reason."""
    why = failure or Failure("missing", "not judged", plan.item.id)
    return {s: Preference(None, (Order("AB", (None,)),), failures=(why,), id=plan.item.id) for s in plan.showings}


def _verdicts(
    replies: Replies, pair: Pair, said: Mapping[int, Mapping[Showing, Preference]], judge: str
) -> list[Preference | None]:
    found: list[Preference | None] = []
    for k, item in enumerate(replies.items):
        texts = _texts(replies, k)
        if pair[0] not in texts or pair[1] not in texts:
            found.append(None)
            continue
        a, b = texts[pair[0]], texts[pair[1]]
        if a == b:
            found.append(Preference("tie", feedback=(SAME_WORDING,), id=item.id, judge=judge))
        else:
            found.append(_both(said[k][Showing(a, b)], said[k][Showing(b, a)], item.id, judge))
    return found


def _both(ab: Preference, ba: Preference, item: str, judge: str) -> Preference:
    """The two single showings as one preference in the letters of the pair."""
    orders = [_order("AB", ab), _order("BA", ba)]
    failures = [replace(failure, where=failure.where or item) for failure in (*ab.failures, *ba.failures)]
    return preference_of(orders, failures, ab.asks + ba.asks, id=item, judge=judge)


def _order(shown: Shown, said: Preference) -> Order:
    winner = said.winner if shown == "AB" or said.winner is None else _TURNED[said.winner]
    certainties = tuple(c for order in said.orders for c in order.certainties)
    return Order(shown, (winner,), said.feedback, certainties)


# --- what it took ---


def _savings(
    plans: Sequence[ItemPlan],
    judge: Rater,
    criterion: Rubric | str,
    said: Mapping[int, Mapping[Showing, Preference]],
    prices: Prices,
) -> Savings:
    calls, naive = sum(len(plan.showings) for plan in plans), sum(len(plan.naive) for plan in plans)
    if not isinstance(judge, Judge) or not calls:
        return Savings(calls, naive)
    sent = shared = doubled = 0
    before = ""
    for plan in plans:
        length: dict[Showing, int] = {}
        for showing in plan.showings:
            prompt = _prompt(judge, criterion, plan.item, showing)
            length[showing] = estimate_tokens(prompt)
            shared += _common(before, prompt) // CHARS_PER_TOKEN
            before = prompt
        sent += sum(length.values())
        same = [s for s in plan.naive if s not in length]
        doubled += sum(length[s] for s in plan.naive if s in length)
        doubled += sum(estimate_tokens(_prompt(judge, criterion, plan.item, s)) for s in same)
    words = sum(estimate_tokens(text) for found in said.values() for p in found.values() for text in p.feedback)
    price = price_of(judge.model.name, prices)
    return Savings(
        calls,
        naive,
        sent,
        doubled,
        shared,
        words,
        _dollars(price, sent, words),
        _dollars(price, doubled, words * naive / calls),
    )


def _prompt(judge: Judge, criterion: Rubric | str, item: Item, showing: Showing) -> str:
    messages = judge.comparing(criterion, item.prompt, showing.first, showing.second, persona=item.persona or None)
    return "\n".join(message["content"] for message in messages)


def _common(a: str, b: str) -> int:
    """How many characters two texts begin with in common."""
    lo, hi = 0, min(len(a), len(b))
    while lo < hi:
        middle = (lo + hi + 1) // 2
        lo, hi = (middle, hi) if a[:middle] == b[:middle] else (lo, middle - 1)
    return lo


def _dollars(price: tuple[float, float] | None, prompt_tokens: int, reply_tokens: float) -> float | None:
    return None if price is None else (prompt_tokens * price[0] + reply_tokens * price[1]) / PER
