"""How right a list of edits is, compared with a reference: the process reward that MemListener was to be trained with.

Source: personatree page, step 11 and "Works when" 3. The terms are the code's docstring, the matching rule is ours: the code has none.
Differs: the code that ran asks a judge model for one number (:func:`judge_reward`) and takes 0 where the judge fails
(``judge-failure-zero``); here a failed judgement has no value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from personarium.core.chat import ChatModel
from personarium.core.errata import Published
from personarium.core.results import Failure
from personarium.remember.personatree.errata import faults
from personarium.remember.personatree.grammar import Edit, parse_edits, write_edits
from personarium.remember.personatree.steps import REWARD

Match = Literal["exact", "partial", "missing", "wrong"]
TERMS: dict[Match, float] = {"exact": 1.0, "partial": 0.5, "missing": -0.5, "wrong": -1.0}
ALIKE = 50.0  # rapidfuzz ratio from which two values of one path count as partly the same


@dataclass(frozen=True, slots=True)
class Reward:
    """A reward and its terms.

    Args:
        value: In [-1, 1].
        matches: One for each reference edit, in order.
        redundancy: The extra term for edits beyond the number of the reference; None where there are none too many.
    """

    value: float
    matches: tuple[Match, ...]
    redundancy: float | None = None


@dataclass(frozen=True, slots=True)
class JudgedReward:
    """What a judge model gave; ``value`` is None with the reason in ``failure`` when it gave nothing readable."""

    value: float | None
    failure: Failure | None = None


def process_reward(predicted: Sequence[Edit], reference: Sequence[Edit]) -> Reward:
    """Compare predicted edits with reference edits; no edits is what ``NO_OP()`` means.

    Reference edits in order take the first unused predicted edit of the same path. Same action and equal value (blanks
    collapsed, case folded; ignored for DELETE): exact, 1. Same action and values at least 50 alike of 100: partial, 0.5. Same
    path otherwise: wrong, -1. No edit of that path: missing, -0.5. With more predicted than reference edits one term
    max(-1, -surplus / max(reference, 1)) comes on top. The reward is the mean of the terms.
    """
    unused = list(predicted)
    matches: list[Match] = []
    for wanted in reference:
        at = next((k for k, edit in enumerate(unused) if edit.path == wanted.path), None)
        matches.append("missing" if at is None else _match(unused.pop(at), wanted))
    surplus = len(predicted) - len(reference)
    redundancy = max(-1.0, -surplus / max(len(reference), 1)) if surplus > 0 else None
    terms = [TERMS[match] for match in matches] + ([] if redundancy is None else [redundancy])
    mean = sum(terms) / len(terms) if terms else 1.0
    return Reward(max(-1.0, min(1.0, mean)), tuple(matches), redundancy)


def process_rewards(completions: Sequence[Any], reference: Sequence[str], **_: Any) -> list[float]:
    """:func:`process_reward` as a reward function of TRL's ``GRPOTrainer``.

    Args:
        completions: Texts, or lists of chat messages of which the last one counts.
        reference: The column ``reference`` of the training set: edit lines.
    """
    return [
        process_reward(parse_edits(_text(made)).edits, parse_edits(wanted).edits).value
        for made, wanted in zip(completions, reference, strict=True)
    ]


async def judge_reward(
    model: ChatModel,
    predicted: Sequence[Edit],
    reference: Sequence[Edit],
    *,
    as_published: Published = False,
    item: str = "",
    seed: int | None = None,
) -> JudgedReward:
    """The reward as a judge model sees it, one number from -1 to 1.

    Args:
        model: The judge.
        predicted: The edits that were made.
        reference: The edits that were wanted.
        as_published: ``judge-failure-zero``.
        item: Label of the call.
        seed: The run's seed.
    """
    inputs = {"reference": write_edits(reference), "predicted": write_edits(predicted)}
    found = await REWARD.ask(model, inputs, item=item or None, seed=seed)
    if found.failure is None:
        return JudgedReward(float(found["reward"]))
    return JudgedReward(0.0) if "judge-failure-zero" in faults(as_published) else JudgedReward(None, found.failure)


def _match(made: Edit, wanted: Edit) -> Match:
    if made.action != wanted.action:
        return "wrong"
    if made.action == "DELETE" or _plain(made.value) == _plain(wanted.value):
        return "exact"
    from rapidfuzz import fuzz

    return "partial" if fuzz.ratio(_plain(made.value), _plain(wanted.value)) >= ALIKE else "wrong"


def _plain(value: str) -> str:
    return " ".join(value.split()).casefold()


def _text(completion: Any) -> str:
    return completion if isinstance(completion, str) else str(completion[-1]["content"])
