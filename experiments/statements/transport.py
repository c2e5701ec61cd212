"""Statement 4: three linear programmes of optimal transport, and its closed forms on the line and for Gaussians."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

from ganjax import divergences
from ganjax.losses import LOSSES
from statements.entries import Case, Entry
from statements.pairs import CASE_A, PAIRS, Pair
from statements.tabulated import board, from_slopes, mean_loss, minimum

VILLANI = "Villani 2009, Optimal Transport: Old and New"


class Programme(NamedTuple):
    """What a transport is planned for: cost[i, j] of one unit from i to j, what lies at each i, what each j wants."""

    cost: np.ndarray
    a: np.ndarray
    b: np.ndarray


def masses(rng: np.random.Generator, num: int) -> np.ndarray:
    raw = rng.uniform(0.2, 1.0, num)
    return raw / raw.sum()


def on_the_line(power: float) -> Programme:
    """Case A on 35 points; |x − y|^power."""
    on = board(CASE_A, 35)
    a, b = (np.asarray(weights / weights.sum()) for weights in (on.p, on.q))
    return Programme(np.abs(np.subtract.outer(on.points, on.points)) ** power, a, b)


def in_the_plane(power: float) -> Programme:
    """Points at random, masses at random; distance^power."""
    rng = np.random.default_rng(7)
    points = rng.normal(size=(24, 2)) * (1.0, 2.5)
    cost = np.linalg.norm(points[:, None] - points[None], axis=-1) ** power
    return Programme(cost, masses(rng, 24), masses(rng, 24))


def lopsided() -> Programme:
    """14 places to 9 others at costs that are nothing in particular, some negative."""
    rng = np.random.default_rng(11)
    return Programme(rng.normal(size=(14, 9)), masses(rng, 14), masses(rng, 9))


def one_way() -> Programme:
    """A cost on one set of points that is 0 at home and not symmetric."""
    rng = np.random.default_rng(5)
    cost = rng.uniform(0.1, 2.0, (18, 18)) ** 2
    np.fill_diagonal(cost, 0.0)
    return Programme(cost, masses(rng, 18), masses(rng, 18))


def through_others(cost: np.ndarray) -> np.ndarray:
    """The least cost of every way, stops allowed: the largest cost with a triangle inequality under `cost`."""
    best = cost.copy()
    for stop in range(len(cost)):
        best = np.minimum(best, np.add.outer(best[:, stop], best[stop]))
    return best


def w1_found(pair: Pair) -> jax.Array:
    """−E L_D of the Wasserstein loss, minimised over critics whose slope is within ±1."""
    on = board(pair)

    def loss(slopes: jax.Array) -> jax.Array:
        return mean_loss(LOSSES["wasserstein"]().discriminator, from_slopes(slopes, on), on)

    return -minimum(loss, jnp.zeros(on.points.size - 1), 60, within=lambda slopes: jnp.clip(slopes, -1.0, 1.0)).value


def w1_by_distributions(pair: Pair) -> float:
    """∫|F_p − F_q| with the distribution functions in closed form."""
    gaps = np.abs(pair.p.distribution(pair.grid) - pair.q.distribution(pair.grid))
    return float(np.trapezoid(gaps, pair.grid))


class Gaussians(NamedTuple):
    mean_p: np.ndarray
    cov_p: np.ndarray
    mean_q: np.ndarray
    cov_q: np.ndarray


LINE = Gaussians(np.zeros(1), np.eye(1), np.ones(1), np.eye(1))
LINE_SKEW = Gaussians(np.array([0.4]), np.array([[1.69]]), np.array([-1.1]), np.array([[0.16]]))
TUTORIAL = Gaussians(
    np.array([1.0, 2.0]),
    np.array([[1.01, 1.95], [1.95, 4.25]]),
    np.array([-0.5, 0.3]),
    np.array([[0.8, -0.3], [-0.3, 0.5]]),
)


def squared_w2_found(given: Gaussians) -> float:
    """Brenier: W2² = E‖x‖² + E‖y‖² − 2 min_φ (E_p φ + E_q φ*), over φ(x) = ½xᵀLLᵀx + bᵀx, E in closed form."""
    dim = len(given.mean_p)
    second_p = given.cov_p + np.outer(given.mean_p, given.mean_p)
    second_q = given.cov_q + np.outer(given.mean_q, given.mean_q)

    def potentials(flat: jax.Array) -> jax.Array:
        root, b = flat[: dim * dim].reshape(dim, dim), flat[dim * dim :]
        curved = root @ root.T
        on_p = 0.5 * jnp.trace(curved @ second_p) + b @ given.mean_p
        # φ*(y) = ½(y − b)ᵀ A⁻¹ (y − b)
        outer = jnp.outer(given.mean_q, b)
        about_b = second_q - outer - outer.T + jnp.outer(b, b)
        return on_p + 0.5 * jnp.trace(jnp.linalg.solve(curved, about_b))

    both = jax.jit(jax.value_and_grad(potentials))
    start = np.concatenate([np.eye(dim).ravel(), np.zeros(dim)])
    best = minimize(lambda flat: [np.asarray(each) for each in both(flat)], start, jac=True, method="BFGS", tol=1e-10)
    return float(np.trace(second_p) + np.trace(second_q) - 2 * best.fun)


def programmes(
    named: dict[str, Callable[[], Programme]],
    theory: Callable[[Programme], float],
    found: Callable[[Programme], float],
) -> tuple[Case, ...]:
    return tuple(Case(name, lambda m=make: theory(m()), lambda m=make: found(m())) for name, make in named.items())


METRIC = {"A": lambda: on_the_line(1.0), "plane": lambda: in_the_plane(1.0)}
NO_METRIC = {"A, squared": lambda: on_the_line(2.0), "plane, squared": lambda: in_the_plane(2.0), "one way": one_way}

ENTRIES = (
    Entry(
        "transport_duality",
        4,
        "The cheapest transport costs what the (f, g) dual earns, for any cost.",
        f"{VILLANI}, theorem 5.10",
        "divergences.transport_primal, a linear programme over plans",
        "divergences.transport_dual, a linear programme over potentials",
        "optimization",
        programmes(
            METRIC | NO_METRIC | {"lopsided": lopsided},
            lambda given: divergences.transport_primal(*given).value,
            lambda given: divergences.transport_dual(*given).value,
        ),
        tolerance=1e-5,
    ),
    Entry(
        "kantorovich_rubinstein",
        4,
        "Where the cost is a metric, one potential does for both sides: g = −f.",
        f"{VILLANI}, particular case 5.16",
        "divergences.transport_primal",
        "divergences.kantorovich_rubinstein",
        "optimization",
        programmes(
            METRIC,
            lambda given: divergences.transport_primal(*given).value,
            lambda given: divergences.kantorovich_rubinstein(*given).value,
        ),
        tolerance=1e-5,
    ),
    Entry(
        "no_metric",
        4,
        "Where it is none, g = −f earns only what transport costs with stops on the way: less.",
        f"{VILLANI}, theorem 5.10 and remark 5.17, on the cost's shortest paths",
        "divergences.transport_primal, with each cost the least over all ways",
        "divergences.kantorovich_rubinstein of the cost itself",
        "optimization",
        programmes(
            NO_METRIC,
            lambda given: divergences.transport_primal(through_others(given.cost), given.a, given.b).value,
            lambda given: divergences.kantorovich_rubinstein(*given).value,
        ),
        tolerance=1e-5,
    ),
    Entry(
        "wasserstein_on_the_line",
        4,
        "In one dimension W1 = ∫|F_p − F_q|.",
        "Vallender 1974; Arjovsky et al. 2017, arXiv:1701.07875, eq. 2",
        "divergences.wasserstein_1d_densities",
        "−E L_D of losses.wasserstein, minimised over slopes within ±1",
        "optimization",
        tuple(
            Case(pair.name, lambda p=pair: divergences.wasserstein_1d_densities(*p.given), lambda p=pair: w1_found(p))
            for pair in PAIRS
        ),
    ),
    Entry(
        "distribution_functions",
        4,
        "The library's quadrature of W1 agrees with the distribution functions in closed form.",
        "Vallender 1974",
        "∫|F_p − F_q|, F_p and F_q by scipy",
        "divergences.wasserstein_1d_densities",
        "quadrature",
        tuple(
            Case(
                pair.name,
                lambda p=pair: w1_by_distributions(p),
                lambda p=pair: divergences.wasserstein_1d_densities(*p.given),
            )
            for pair in PAIRS
        ),
    ),
    Entry(
        "gaussian_transport",
        4,
        "Between Gaussians W2² is closed: on the line Δμ² + Δσ².",
        "Olkin and Pukelsheim 1982; Brenier 1991",
        "divergences.gaussian_wasserstein2, squared",
        "Brenier's dual minimised over quadratic potentials",
        "optimization",
        tuple(
            Case(
                name,
                lambda g=given: divergences.gaussian_wasserstein2(*g) ** 2,
                lambda g=given: squared_w2_found(g),
            )
            for name, given in {"A": LINE, "skew": LINE_SKEW, "plane": TUTORIAL}.items()
        ),
        tolerance=1e-6,
    ),
)
