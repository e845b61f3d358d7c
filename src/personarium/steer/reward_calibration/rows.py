"""Preference rows with confidence: the training data of PPO-M and CDPO, and the system message that asks for a confidence.

Source: reward-calibration page, steps 2 and 3. A high confidence is a whole number drawn from 7..10, a low one from 0..3, anew for
every text of a row. Differs: prompts in our own words.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from personarium.core.chat import Message
from personarium.core.errors import InvalidInput
from personarium.measure.reward_calibration.bias_probe import HIGH, LOW
from personarium.measure.reward_calibration.confidence_line import with_confidence
from personarium.models.step import Step

_ASK = Step("reward_calibration.confidence", "personarium.steer.reward_calibration", "confidence")
Row = Mapping[str, Any]


def confidence_system_message() -> Message:
    """The system message that asks for an answer and then for "Confidence:" with a number."""
    (message,) = _ASK.render()
    return message


def confidence_rows(pairs: Sequence[Row], seed: int = 0) -> list[dict[str, Any]]:
    """Rows with ``chosen, rejected, chosen_high, chosen_low, rejected_high, rejected_low``, message lists all.

    Args:
        pairs: Rows with ``chosen`` and ``rejected``: single-turn talks as message lists, the reply last. Further columns stay.
        seed: Of the drawn numbers.

    Raises:
        InvalidInput: Naming the row: a column is missing, the last message is no reply, or the talk has several turns.
    """
    draw = random.Random(f"{seed} confidence")
    return [_row(pair, f"row {k}", draw) for k, pair in enumerate(pairs, 1)]


def strongest_half(
    pairs: Sequence[Row], chosen: Sequence[Sequence[float]], rejected: Sequence[Sequence[float]]
) -> list[Row]:
    """The half of the rows with the largest preference strength, averaged over scorers, in their own order.

    Args:
        pairs: Rows.
        chosen: Rewards of the chosen replies, one sequence a scorer (the paper uses two).
        rejected: Of the rejected ones.

    Raises:
        InvalidInput: There is not one reward a row from each scorer, or no scorer.
    """
    n = len(pairs)
    if not chosen or len(chosen) != len(rejected) or any(len(one) != n for one in (*chosen, *rejected)):
        raise InvalidInput("rewards", f"one reward for each of {n} rows from every scorer", len(chosen))
    strength = [sum(c[k] - r[k] for c, r in zip(chosen, rejected, strict=True)) for k in range(n)]
    kept = set(sorted(range(n), key=lambda k: (-strength[k], k))[: (n + 1) // 2])
    return [pair for k, pair in enumerate(pairs) if k in kept]


def _row(pair: Row, where: str, draw: random.Random) -> dict[str, Any]:
    row = dict(pair)
    for name in ("chosen", "rejected"):
        talk = pair.get(name)
        if not isinstance(talk, Sequence) or isinstance(talk, str) or not talk or talk[-1]["role"] != "assistant":
            raise InvalidInput(where, "messages that end with a reply of the assistant", talk, name)
        if sum(message["role"] == "assistant" for message in talk) > 1:
            raise InvalidInput(where, "a talk of one turn", f"{len(talk)} messages", name)
        row[f"{name}_high"] = with_confidence(talk, draw.randint(*HIGH))
        row[f"{name}_low"] = with_confidence(talk, draw.randint(*LOW))
    return row
