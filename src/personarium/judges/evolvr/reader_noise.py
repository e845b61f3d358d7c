"""Why two stories are shown side by side, and what several personas of one model are worth: simulated readers.

Source: EvolvR (arXiv 2508.06046), "Works when" 6 and 7; computed, not published.
"""

from __future__ import annotations

from dataclasses import dataclass

from personarium.core.errors import UsageError

NOT_INDEPENDENT = (
    "Personas of one model are not independent readers: what the model itself gets wrong, all of them get wrong; their mean "
    "removes only what differs between them."
)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Judging two stories in one call against one call each.

    Args:
        pair_correlation: Of the difference of scores with the true difference, side by side.
        single_correlation: Of single scores with the truth.
        pair_right: Share of pairs in the right order, side by side.
        single_right: The same from two single calls.
    """

    pair_correlation: float
    single_correlation: float
    pair_right: float
    single_right: float


def side_by_side(pairs: int = 20_000, noise: float = 0.5, call_bias: float = 1.0, seed: int = 0) -> SideBySide:
    """Draw truth ~ N(0, 1), score = truth + bias of the call + noise; side by side both stories share the call's bias.

    Args:
        pairs: Story pairs.
        noise: Standard deviation of the noise of one score.
        call_bias: Standard deviation of the bias of one call.
        seed: Of the draws.
    """
    import numpy as np

    if pairs < 2:
        raise UsageError(f"at least 2 pairs are needed, found {pairs}")
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(pairs, 2))
    error = rng.normal(scale=noise, size=(2, pairs, 2))
    together = truth + rng.normal(scale=call_bias, size=(pairs, 1)) + error[0]
    alone = truth + rng.normal(scale=call_bias, size=(pairs, 2)) + error[1]
    true_gap, gap, single_gap = (np.diff(x, axis=1)[:, 0] for x in (truth, together, alone))
    return SideBySide(
        float(np.corrcoef(gap, true_gap)[0, 1]),
        float(np.corrcoef(alone.ravel(), truth.ravel())[0, 1]),
        float((np.sign(gap) == np.sign(true_gap)).mean()),
        float((np.sign(single_gap) == np.sign(true_gap)).mean()),
    )


def panel_error(
    readers: int, items: int = 20_000, noise: float = 1.0, shared_bias: float = 0.0, seed: int = 0
) -> float:
    """Mean squared error of the mean of so many readers.

    Args:
        readers: How many.
        items: Judged items.
        noise: Standard deviation of each reader's own noise.
        shared_bias: Standard deviation of what all of them get wrong together on an item.
        seed: Of the draws.
    """
    import numpy as np

    if readers < 1 or items < 1:
        raise UsageError("a panel has at least one reader and one item")
    rng = np.random.default_rng(seed)
    own = rng.normal(scale=noise, size=(items, readers)).mean(axis=1)
    return float(((own + rng.normal(scale=shared_bias, size=items)) ** 2).mean())
