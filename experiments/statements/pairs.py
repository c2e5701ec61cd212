"""Pairs of one-dimensional densities that the statements are tried on: the data's p and the generator's q."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.stats import norm

Points = Float[Array | np.ndarray, "..."]
LogDensity = Callable[[Any], Any]


class Mixture(NamedTuple):
    """Σ w_i N(m_i, s_i²)."""

    weights: tuple[float, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def log_density(self, x: Points) -> Array:
        terms = [
            jnp.log(weight) + jax.scipy.stats.norm.logpdf(x, mean, deviation)
            for weight, mean, deviation in zip(*self, strict=True)
        ]
        return jax.nn.logsumexp(jnp.stack(terms), axis=0)

    def distribution(self, x: np.ndarray) -> np.ndarray:
        """F(x), in NumPy."""
        return sum(
            (weight * norm.cdf(x, mean, deviation) for weight, mean, deviation in zip(*self, strict=True)),
            np.zeros_like(x),
        )

    def samples(self, key: Array, num: int) -> Array:
        """[num]."""
        which_key, noise_key = jax.random.split(key)
        which = jax.random.choice(which_key, len(self.weights), (num,), p=jnp.array(self.weights))
        return jnp.array(self.means)[which] + jnp.array(self.deviations)[which] * jax.random.normal(noise_key, (num,))


def normal(mean: float = 0.0, deviation: float = 1.0) -> Mixture:
    return Mixture((1.0,), (mean,), (deviation,))


class Bump(NamedTuple):
    """(1 + cos π(x − c)/w)/2w on c ± w and 0 elsewhere: smooth enough for the trapezoidal rule, and it ends."""

    center: float
    width: float

    def log_density(self, x: Points) -> Array:
        reduced = (x - self.center) / self.width
        inside = jnp.abs(reduced) < 1
        # 1 + cos πt = 2 cos² ½πt
        half = jnp.cos(0.5 * jnp.pi * jnp.where(inside, reduced, 0.0))
        return jnp.where(inside, 2 * jnp.log(half) - jnp.log(self.width), -jnp.inf)


class Pair:
    """p against q.

    Args:
      name: its case in the ledger.
      p, q: the densities, each a `Mixture` or a `Bump`.
      low, high: where both have fallen to nothing.
    """

    def __init__(self, name: str, p: Any, q: Any, low: float = -14.0, high: float = 15.0):
        self.name, self.p, self.q, self.low, self.high = name, p, q, low, high

    @cached_property
    def grid(self) -> np.ndarray:
        """Fine, for quadrature: a kink costs 1e-7. Even in number: case A's kink, at ½, falls between points."""
        return np.linspace(self.low, self.high, 14_500)

    @property
    def squared(self) -> tuple[LogDensity, LogDensity, np.ndarray]:
        """(log_p, log_q, grid) for what is integrated over two points: a coarser grid."""
        return *self.both, np.linspace(self.low, self.high, 1201)

    @property
    def both(self) -> tuple[LogDensity, LogDensity]:
        """(log_p, log_q)."""
        return self.p.log_density, self.q.log_density

    @property
    def given(self) -> tuple[LogDensity, LogDensity, np.ndarray]:
        """(log_p, log_q, grid): what every divergence on densities takes."""
        return *self.both, self.grid

    @property
    def turned(self) -> tuple[LogDensity, LogDensity, np.ndarray]:
        """(log_q, log_p, grid)."""
        return self.q.log_density, self.p.log_density, self.grid


CASE_A = Pair("A", normal(0.0, 1.0), normal(1.0, 1.0))
# no symmetry of any kind, and tails light enough on both sides for every χ²
SKEW = Pair("skew", Mixture((0.3, 0.7), (-1.0, 1.5), (1.1, 0.9)), normal(-0.3, 1.15))
PAIRS = (CASE_A, SKEW)
APART = Pair("apart", Bump(0.0, 1.0), Bump(3.5, 0.5), -2.0, 5.0)
FAR = Pair("far", normal(0.0, 0.1), normal(4.0, 0.15), -2.0, 6.0)
