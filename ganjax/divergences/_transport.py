"""Optimal transport between discrete measures as three linear programmes, solved by HiGHS in float64 on the host."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.optimize import OptimizeResult, linprog

from ganjax.checks import InputError

_SAME_SUM = 1e-6  # masses may come from float32


class Transport(NamedTuple):
    """The cheapest plan and what it costs.

    Attributes:
      value: ⟨plan, cost⟩.
      plan: [N, M], rows sum to a and columns to b.
    """

    value: float
    plan: Float64[np.ndarray, "N M"]


class Potentials(NamedTuple):
    """The best prices and what they earn.

    Attributes:
      value: ⟨a, f⟩ + ⟨b, g⟩.
      f: [N], with f[0] = 0: a constant may move from one to the other.
      g: [M].
    """

    value: float
    f: Float64[np.ndarray, "N"]
    g: Float64[np.ndarray, "M"]


def as_problem(
    cost: ArrayLike, a: ArrayLike, b: ArrayLike
) -> tuple[Float64[np.ndarray, "N M"], Float64[np.ndarray, "N"], Float64[np.ndarray, "M"]]:
    """(cost, a, b) in float64, with b rescaled to the sum of a to the last digit.

    Raises:
      InputError: shapes that don't fit together, entries that are not finite, negative masses, no mass, sums that
        differ.
    """
    costs, rows, columns = (np.asarray(array, np.float64) for array in (cost, a, b))
    if costs.ndim != 2 or costs.size == 0 or rows.shape != costs.shape[:1] or columns.shape != costs.shape[1:]:
        got = f"cost{[*costs.shape]}, a{[*rows.shape]}, b{[*columns.shape]}"
        raise InputError(f"Expected cost[N, M], a[N] and b[M], got {got}.")
    if not all(np.isfinite(array).all() for array in (costs, rows, columns)):
        raise InputError("Expected finite costs and masses: forbid a route by a large cost, not by inf.")
    if rows.min() < 0 or columns.min() < 0:
        raise InputError(f"Expected masses >= 0, got a minimum of {min(rows.min(), columns.min()):g}.")
    total, other = rows.sum(), columns.sum()
    if not (total > 0 and abs(total - other) <= _SAME_SUM * total):
        raise InputError(f"Expected a and b of one positive sum, got {total:g} and {other:g}: normalize both.")
    return costs, rows, columns * (total / other)


def _solved(result: OptimizeResult, infeasible: str) -> OptimizeResult:
    if result.status == 2:
        raise InputError(infeasible)
    if not result.success:
        raise RuntimeError(f"HiGHS gave up: {result.message}")
    return result


def transport_primal(cost: ArrayLike, a: ArrayLike, b: ArrayLike) -> Transport:
    """min ⟨P, C⟩ over P ≥ 0 with row sums a and column sums b. Two measures to one number; concrete arrays only.

    Args:
      cost: [N, M], any finite numbers.
      a: [N], masses ≥ 0.
      b: [M], masses ≥ 0 of the same sum.

    Returns:
      Transport(value, plan).

    Raises:
      InputError: shapes that don't fit, entries that are not finite, negative masses, sums that differ.

    Reference: Kantorovich 1942; Peyré and Cuturi 2019, arXiv:1803.00567, eq. 2.11.
    """
    costs, rows, columns = as_problem(cost, a, b)
    num_rows, num_columns = costs.shape
    row_sums = sparse.kron(sparse.eye_array(num_rows), np.ones((1, num_columns)))
    column_sums = sparse.kron(np.ones((1, num_rows)), sparse.eye_array(num_columns))
    result = _solved(
        linprog(
            costs.ravel(),
            A_eq=sparse.vstack([row_sums, column_sums]).tocsr(),
            b_eq=np.concatenate([rows, columns]),
            method="highs",
        ),
        "No plan moves a to b.",
    )
    plan = np.asarray(result.x).reshape(costs.shape)
    return Transport(float(np.sum(plan * costs)), plan)


def transport_dual(cost: ArrayLike, a: ArrayLike, b: ArrayLike) -> Potentials:
    """max ⟨a, f⟩ + ⟨b, g⟩ over f_i + g_j ≤ C_ij: equal to `transport_primal` for any cost. Concrete arrays only.

    Args and errors as `transport_primal`.

    Returns:
      Potentials(value, f, g).

    Reference: Peyré and Cuturi 2019, arXiv:1803.00567, proposition 2.4.
    """
    costs, rows, columns = as_problem(cost, a, b)
    num_rows, num_columns = costs.shape
    pairs = sparse.hstack(
        [
            sparse.kron(sparse.eye_array(num_rows), np.ones((num_columns, 1))),
            sparse.kron(np.ones((num_rows, 1)), sparse.eye_array(num_columns)),
        ]
    )
    result = _solved(
        linprog(
            -np.concatenate([rows, columns]),
            A_ub=pairs.tocsr(),
            b_ub=costs.ravel(),
            bounds=_first_is_zero(num_rows + num_columns),
            method="highs",
        ),
        "No prices respect the costs.",
    )
    f, g = np.split(np.asarray(result.x), [num_rows])
    return Potentials(float(rows @ f + columns @ g), f, g)


def kantorovich_rubinstein(cost: ArrayLike, a: ArrayLike, b: ArrayLike) -> Potentials:
    """max ⟨a − b, f⟩ over f_i − f_j ≤ C_ij: one potential that is 1-Lipschitz for the cost. Concrete arrays only.

    The dual with g = −f, as a Wasserstein critic has it. Equal to `transport_primal` where the cost is a metric; in
    general only below it, and where the cost breaks the triangle inequality it is the transport cost of the shortest
    paths.

    Args:
      cost: [N, N], between the points of one set.
      a: [N].
      b: [N], of the same sum.

    Returns:
      Potentials(value, f, −f).

    Raises:
      InputError: as `transport_primal`; a cost that is not square, or one that pays for going in a circle (negative
        costs on the diagonal or around a cycle), under which no potential exists.

    Reference: Kantorovich and Rubinstein 1958; Villani 2003, theorem 1.14.
    """
    costs, rows, columns = as_problem(cost, a, b)
    size = len(rows)
    if costs.shape != (size, size):
        raise InputError(f"Expected a square cost between the points of one set, got cost{[*costs.shape]}.")
    pairs = sparse.kron(sparse.eye_array(size), np.ones((size, 1))) - sparse.kron(
        np.ones((size, 1)), sparse.eye_array(size)
    )
    result = _solved(
        linprog(
            columns - rows,
            A_ub=pairs.tocsr(),
            b_ub=costs.ravel(),
            bounds=_first_is_zero(size),
            method="highs",
        ),
        "No potential is Lipschitz for this cost: some way around a circle costs less than nothing.",
    )
    f = np.asarray(result.x)
    return Potentials(float((rows - columns) @ f), f, -f)


def _first_is_zero(size: int) -> np.ndarray:
    """Bounds that fix the constant that the programme leaves free, without which rounding could make it unbounded."""
    bounds = np.tile([-np.inf, np.inf], (size, 1))
    bounds[0] = 0.0
    return bounds
