"""EGISES and PerSEval: how far a model's outputs differ between users as the users' own golds do, and no less well for any.

The formulas in the paper's order: weighted deviation, responsiveness (DEGRESS), EGISES, the penalty (EDP), PerSEval. Any task with one input, two
users or more, one gold and one output a user fits.

Source: *PerSEval: Assessing Personalization in Text Summarizers*, arXiv 2407.00453 (TMLR 2024); EGISES (EMNLP 2023); page perseval,
steps 1 to 5; constants from the official code.
Differs: the mean over a user's partners is over |U| - 1 (code) and not |U| (paper), which ``count_self`` gives; a user without gold, output
or distance is left out of that document and counted (code: distance 1 to the gold, ``missing-as-one``); exponentials cannot overflow.
Units: DEGRESS, EGISES, EDP and PerSEval are shares; accuracy is a DISTANCE (lower is better). Personalised models score lower than
generic ones in the published tables, so "personalised wins" is no check. Compare systems under one distance only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput, UsageError
from personarium.measure.perseval.scores import DocumentScores, ModelScores
from personarium.measure.perseval.tables import Array, DocumentDistances, SourceDistances

if TYPE_CHECKING:
    from personarium.core.chat import ChatModel

ERRATA = ("missing-as-one",)
ROUNDING = 1e-6  # by so much a distance may pass 1: what single precision leaves of a cosine
LARGEST_WEIGHT = 1e300  # a pair distance over a vanishing document distance stays a finite exponent


@dataclass(frozen=True)
class PersevalConfig:
    """The paper's constants.

    Args:
        adp: (alpha, beta) of the sigmoid of the accuracy drop.
        acp: Of the accuracy inconsistency.
        edp: Of the penalty; the ablation runs beta from 1.0 to 2.0.
        ratio_epsilon: Keeps min/max of two deviations defined: 1e-5.
        penalty_epsilon: 1e-7.
        simplified: Compare raw pair distances, not deviations weighted by the document's distance.
        count_self: Divide by |U| as the paper writes, a user being as far from itself in both (a term of 1).
    """

    adp: tuple[float, float] = (4.0, 1.0)
    acp: tuple[float, float] = (4.0, 1.0)
    edp: tuple[float, float] = (3.0, 1.0)
    ratio_epsilon: float = 1e-5
    penalty_epsilon: float = 1e-7
    simplified: bool = False
    count_self: bool = False

    def __post_init__(self) -> None:
        if min(self.ratio_epsilon, self.penalty_epsilon) <= 0:
            raise UsageError("ratio_epsilon and penalty_epsilon must be above 0")


PAPER = PersevalConfig()


# --- the formulas, on stacks of documents of one number of users; NaN is missing ---


def weighted_deviation(pairs: Array, to_document: Array) -> Array:
    """Step 1: X_ij = p_ij * softmax over a user's partners of p_il / q_i.

    Args:
        pairs: (..., U, U) distances of ordered pairs; NaN on the diagonal and where a pair does not count.
        to_document: (..., U); where it is 0 the weight is 0.
    """
    q = to_document[..., None]
    with np.errstate(over="ignore", invalid="ignore"):
        weight = np.divide(pairs, q, out=np.zeros_like(pairs), where=q > 0)
    weight = np.where(np.isnan(pairs), -np.inf, np.minimum(weight, LARGEST_WEIGHT))
    top = np.max(weight, axis=-1, keepdims=True, initial=-np.inf)
    share = np.exp(weight - np.where(np.isfinite(top), top, 0.0))
    total = share.sum(axis=-1, keepdims=True)
    return cast(Array, pairs * np.divide(share, total, out=np.zeros_like(share), where=total > 0))


def ratios(golds: SourceDistances, outputs: SourceDistances, config: PersevalConfig) -> Array:
    """Step 2 before its mean: (min + e) / (max + e) of the two deviations, for every ordered pair."""
    missing = np.isnan(golds.pairs) | np.isnan(outputs.pairs) | np.eye(golds.pairs.shape[-1], dtype=bool)
    a, b = (np.where(missing, np.nan, source.pairs) for source in (golds, outputs))
    if not config.simplified:
        a, b = weighted_deviation(a, golds.to_document), weighted_deviation(b, outputs.to_document)
    e = config.ratio_epsilon
    return (np.minimum(a, b) + e) / (np.maximum(a, b) + e)


def mean_ratio(found: Array, count_self: bool = False) -> Array:
    """Step 2: DEGRESS of each user, from the ratios of its pairs; NaN for a user without any."""
    known = ~np.isnan(found)
    extra = float(count_self)
    count = known.sum(axis=-1)
    total = np.where(known, found, 0.0).sum(axis=-1) + extra
    return cast(Array, np.where(count > 0, total / np.maximum(count + extra, 1), np.nan))


def sigmoid(x: Array, alpha: float, beta: float) -> Array:
    """S(x; alpha, beta) = 1 / (1 + 10^alpha * exp(-10^beta x)), for any x."""
    from scipy.special import expit

    return cast(Array, expit(10.0**beta * x - alpha * math.log(10)))


@dataclass(frozen=True, slots=True)
class Penalty:
    """Step 4, for every user of every document: accuracy drop, accuracy inconsistency, and the factor they make."""

    adp: Array
    acp: Array
    edp: Array


def penalty(accuracy: Array, config: PersevalConfig = PAPER) -> Penalty:
    """Step 4, the factor of each user.

    Args:
        accuracy: (..., U) distances of outputs from the same user's golds; NaN for a user who does not count.
        config: The constants.
    """
    known = ~np.isnan(accuracy)
    filled = np.where(known, accuracy, 0.0)
    least = np.min(np.where(known, accuracy, np.inf), axis=-1, keepdims=True)
    least = np.where(np.isfinite(least), least, 0.0)
    mean = filled.sum(axis=-1, keepdims=True) / np.maximum(known.sum(axis=-1, keepdims=True), 1)
    tiny = config.penalty_epsilon
    drop = sigmoid(least / (1 - least + tiny), *config.adp)
    uneven = sigmoid((accuracy - least) / (mean - least + tiny), *config.acp)
    alpha, beta = config.edp
    # 1 - S(x) written as S(-x), which keeps its digits where S is nearly 1
    factor = sigmoid(-(drop + uneven), -alpha, beta) + tiny
    return Penalty(np.where(known, drop, np.nan), uneven, factor)


# --- one model over all documents ---


def score_model(
    documents: Sequence[DocumentDistances],
    model: str,
    config: PersevalConfig = PAPER,
    *,
    as_published: Published = False,
) -> ModelScores:
    """DEGRESS, EGISES and PerSEval of one model from its distances.

    Args:
        documents: Distances of golds and outputs.
        model: Which outputs.
        config: The constants.
        as_published: True, or a set with ``missing-as-one``.

    Raises:
        UsageError: No document has an output of the model.
        InvalidInput: An output lies further than 1 from its gold; divide such distances by their largest possible value.
    """
    found, missing = stack_documents(documents, model, config, as_published=as_published)
    scored: dict[int, DocumentScores] = {}
    zeros = 0
    for stack in found:
        scored.update(zip(stack.places, stack.scores(config), strict=True))
        zeros += stack.zero_document
    return ModelScores(model, tuple(scored[place] for place in sorted(scored)), missing, zeros)


@dataclass(frozen=True, slots=True)
class Stack:
    """All documents with the same number of users who count, one model.

    Args:
        places: Of the documents among all.
        ids: Their ids.
        users: Their users.
        ratios: (D, U, U) of every ordered pair; NaN on the diagonal.
        accuracy: (D, U) distances from the golds.
        zero_document: Texts at distance 0 from their document.
    """

    places: tuple[int, ...]
    ids: tuple[str, ...]
    users: tuple[tuple[str, ...], ...]
    ratios: Array
    accuracy: Array
    zero_document: int

    def scores(self, config: PersevalConfig) -> list[DocumentScores]:
        """The scores of each document."""
        degress = mean_ratio(self.ratios, config.count_self)
        factor = penalty(self.accuracy, config)
        return [
            DocumentScores(id, self.users[k], degress[k], factor.edp[k], factor.adp[k], factor.acp[k], self.accuracy[k])
            for k, id in enumerate(self.ids)
        ]


def stack_documents(
    documents: Sequence[DocumentDistances], model: str, config: PersevalConfig, *, as_published: Published = False
) -> tuple[list[Stack], dict[str, int]]:
    """The documents of one model by their number of users, and what had to be left out (see :class:`ModelScores`)."""
    faults = published_faults(as_published, ERRATA)
    if not any(model in document.outputs for document in documents):
        raise UsageError(f"no document has an output of '{model}'")
    missing: dict[str, int] = {}
    cells: dict[int, list[tuple[int, _Cell]]] = {}
    for place, document in enumerate(documents):
        cell = _cell(document, model, "missing-as-one" in faults, missing)
        if cell is not None:
            cells.setdefault(len(cell.users), []).append((place, cell))
    return [_stack(group, config) for group in cells.values()], missing


def _stack(group: Sequence[tuple[int, _Cell]], config: PersevalConfig) -> Stack:
    golds = SourceDistances.stack([cell.golds for _, cell in group])
    outputs = SourceDistances.stack([cell.outputs for _, cell in group])
    return Stack(
        tuple(place for place, _ in group),
        tuple(cell.id for _, cell in group),
        tuple(cell.users for _, cell in group),
        ratios(golds, outputs, config),
        np.minimum(outputs.to_gold, 1.0),
        int((golds.to_document == 0).sum() + (outputs.to_document == 0).sum()),
    )


@dataclass(frozen=True, slots=True)
class _Cell:
    """One document and one model, with only the users who count."""

    id: str
    users: tuple[str, ...]
    golds: SourceDistances
    outputs: SourceDistances


def _cell(document: DocumentDistances, model: str, fill: bool, missing: dict[str, int]) -> _Cell | None:
    outputs = document.outputs.get(model)
    if outputs is not None:
        holes = np.isnan(outputs.to_gold)
        if fill and holes.any():
            missing["filled"] = missing.get("filled", 0) + int(holes.sum())
            outputs = replace(outputs, to_gold=np.where(holes, 1.0, outputs.to_gold))
        users = np.flatnonzero(_complete(document.golds, outputs))
        _check_accuracy(document, model, outputs.to_gold[users])
        if len(users) < len(document.users):
            missing["user"] = missing.get("user", 0) + len(document.users) - len(users)
        if len(users) >= 2:
            names = tuple(document.users[k] for k in users)
            return _Cell(document.id, names, document.golds.of(users), outputs.of(users))
    missing["document"] = missing.get("document", 0) + 1
    return None


def _complete(golds: SourceDistances, outputs: SourceDistances) -> NDArray[np.bool_]:
    """Which users have all distances to everybody who has all: whoever has holes goes, the one with most first."""
    alone = np.isnan(golds.to_document) | np.isnan(outputs.to_document) | np.isnan(outputs.to_gold)
    holes = np.isnan(golds.pairs) | np.isnan(outputs.pairs)
    np.fill_diagonal(holes, False)
    kept = ~alone
    holes &= kept[:, None] & kept[None, :]
    while holes.any():
        worst = int((holes.sum(axis=0) + holes.sum(axis=1)).argmax())
        kept[worst] = False
        holes[worst, :] = holes[:, worst] = False
    return kept


def _check_accuracy(document: DocumentDistances, model: str, accuracy: Array) -> None:
    if accuracy.size and float(accuracy.max()) > 1 + ROUNDING:
        raise InvalidInput(
            f"document {document.id}, model {model}",
            "distances of at most 1 between output and gold (divide by the largest possible one)",
            float(accuracy.max()),
        )


def score_models(
    documents: Sequence[DocumentDistances],
    config: PersevalConfig = PAPER,
    *,
    as_published: Published = False,
) -> dict[str, ModelScores]:
    """:func:`score_model` for every model that has an output anywhere, in order of first appearance."""
    models = dict.fromkeys(model for document in documents for model in document.outputs)
    return {model: score_model(documents, model, config, as_published=as_published) for model in models}


# --- the contract ---


async def _example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    """Nobody is asked: the bundled example is scored as it stands."""
    from personarium.measure.perseval.data_format import example_items
    from personarium.measure.perseval.tables import measure_distances
    from personarium.text.text_distances import text_distance

    documents = measure_distances(example_items(), text_distance("rouge_l"))
    scores = score_models(documents)
    return [one.as_row(name) for name, scored in scores.items() for one in scored.documents]


CONTRACT = Contract(example=_example)
