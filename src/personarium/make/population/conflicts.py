"""Why no table fits: the smallest knot of targets, rules and tables that contradict each other.

Feasibility is a linear programme; the knot is found with a deletion filter (Chinneck and Dravnieks 1991): what can be left out
without the rest becoming possible is left out, and what remains is irreducible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput

if TYPE_CHECKING:
    from personarium.make.population.targets import Pieces

_TOLERANCE = 2e-6  # of a share: shares of a census table are written with few digits
_MARK = 1e-4  # how full a cell must be able to be at once with all others that can
_SHOWN = 12
T = TypeVar("T")


@dataclass(frozen=True)
class Demand:
    """One thing that is demanded of a table: some cells sum to a share, or some cells are empty."""

    says: str
    cells: NDArray[np.int64]
    share: float
    whole: str = ""  # what it is a part of: first whole targets are left out, then their cells


def refuse_conflict(pieces: Pieces) -> None:
    """Raise InvalidInput with an irreducible conflicting set if no table fits; return if one does."""
    demands = _demands(pieces)
    size = int(np.prod(pieces.shape))
    if _possible(demands, size):
        return
    wholes = list(dict.fromkeys(one.whole for one in demands))
    kept = _filtered(wholes, lambda some: _possible([one for one in demands if one.whole in some], size))
    knot = _filtered([one for one in demands if one.whole in kept], lambda some: _possible(some, size))
    _refuse(pieces.schema.where, knot)


def _refuse(where: str, knot: Sequence[Demand]) -> NoReturn:
    told = "; ".join(one.says for one in knot[:_SHOWN])
    more = f"; and {len(knot) - _SHOWN} more" if len(knot) > _SHOWN else ""
    error = InvalidInput(where, "targets that can hold together; these contradict each other", field="targets")
    error.args = (f"{error}: {told}{more}",)
    raise error


def _filtered(items: Sequence[T], possible: Callable[[list[T]], bool]) -> list[T]:
    """The deletion filter: an irreducible impossible part of the items."""
    kept = list(items)
    for item in items:
        rest = [one for one in kept if one is not item]
        if not possible(rest):
            kept = rest
    return kept


def _demands(pieces: Pieces) -> list[Demand]:
    numbers = np.arange(int(np.prod(pieces.shape))).reshape(pieces.shape)
    out = []
    for target, wanted in zip(pieces.targets, pieces.wanted):
        fields = [k for k, path in enumerate(pieces.fields) if path in target.fields]
        moved = np.moveaxis(numbers, fields, range(len(fields)))
        for index in np.ndindex(wanted.shape):
            values = [pieces.schema[pieces.fields[k]].listed[i] for k, i in zip(fields, index)]
            names = ", ".join(f"{pieces.fields[k]} = {value}" for k, value in zip(fields, values))
            share = float(wanted[index])
            out.append(Demand(f"{names}: {share:.6g}", np.ravel(moved[index]), share, f"target {target.title}"))
    for rule in pieces.rules:
        banned = np.flatnonzero(~pieces.allowed(rule).ravel())
        out.append(Demand(f"rule '{rule.name}'", banned, 0.0, f"rule {rule.name}"))
    for path in pieces.tables:
        banned = np.flatnonzero(pieces.conditional(path).ravel() == 0)
        out.append(Demand(f"the zeros in the table of {path}", banned, 0.0, f"table {path}"))
    return [one for one in out if one.cells.size]


def can_be_filled(pieces: Pieces) -> NDArray[np.bool_]:
    """The cells that are above 0 in some table that fits.

    Where targets and rules leave a cell only 0, fitting comes near to it for ever; it is emptied beforehand instead.
    """
    from scipy import sparse
    from scipy.optimize import linprog

    size = int(np.prod(pieces.shape))
    table, shares = _equations(_demands(pieces), size)
    nothing = sparse.csr_matrix((table.shape[0], size))
    below = sparse.hstack([-sparse.identity(size), sparse.identity(size)])  # a mark is at most its cell
    solved = linprog(
        np.concatenate([np.zeros(size), -np.ones(size)]),
        A_eq=sparse.hstack([table, nothing]).tocsr(),
        b_eq=shares,
        A_ub=below.tocsr(),
        b_ub=np.zeros(size),
        bounds=np.vstack([np.tile([0.0, 1.0], (size, 1)), np.tile([0.0, _MARK], (size, 1))]),
        method="highs",
    )
    if solved.x is None:  # it fits only within the tolerance: nothing is known of single cells
        return np.ones(pieces.shape, dtype=np.bool_)
    return np.reshape(solved.x[size:] > _MARK / 100, pieces.shape)


def _equations(demands: Sequence[Demand], size: int) -> tuple[Any, list[float]]:
    """The demands as a sparse matrix over the cells, with what each row sums to; the first says that all sum to 1."""
    from scipy import sparse

    used = [Demand("all", np.arange(size), 1.0), *demands]
    rows = np.repeat(np.arange(len(used)), [one.cells.size for one in used])
    columns = np.concatenate([one.cells for one in used])
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), (len(used), size)), [one.share for one in used]


def _possible(demands: Sequence[Demand], size: int) -> bool:
    """Whether shares of at least 0 that sum to 1 meet all demands, each within the tolerance."""
    from scipy import sparse
    from scipy.optimize import linprog

    table, shares = _equations(demands, size)
    count = len(shares)
    bounds = np.vstack([np.tile([0.0, 1.0], (size, 1)), np.tile([-_TOLERANCE, _TOLERANCE], (count, 1))])
    solved = linprog(
        np.zeros(size + count),
        A_eq=sparse.hstack([table, sparse.identity(count, format="csr")]).tocsr(),
        b_eq=shares,
        bounds=bounds,
        method="highs",
    )
    return bool(solved.status == 0)
