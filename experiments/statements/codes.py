"""Statements 12 and 14: codes that follow latents without touching the score, and codes that keep apart."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from ganjax import numerics, regularizers
from statements.entries import Case, Entry

SU = "Su 2019, arXiv:1903.01931"
ZHAO = "Zhao et al. 2016, arXiv:1609.03126"
NUM, DIM = 40, 12


def normal_codes() -> tuple[jax.Array, jax.Array]:
    """Case A: latents from N(0, 1); codes from N(1, 1), half of each from its latent."""
    rng = np.random.default_rng(1)
    latents = rng.normal(size=(NUM, DIM))
    return jnp.asarray(latents), jnp.asarray(1 + 0.5 * latents + np.sqrt(0.75) * rng.normal(size=(NUM, DIM)))


def skewed_codes() -> tuple[jax.Array, jax.Array]:
    """Latents that are exponential, codes that follow them backwards and unevenly."""
    rng = np.random.default_rng(2)
    latents = rng.exponential(size=(NUM, DIM))
    scale = rng.uniform(0.2, 5.0, (1, DIM))
    return jnp.asarray(latents), jnp.asarray(scale * rng.gamma(2.0, size=(NUM, DIM)) - 0.7 * latents**2)


CODES = {"A": normal_codes, "skew": skewed_codes}


def by_numpy(latents: jax.Array, codes: jax.Array) -> np.ndarray:
    """Pearson's correlation of each row."""
    return np.array([np.corrcoef(z, c)[0, 1] for z, c in zip(np.asarray(latents), np.asarray(codes), strict=True)])


def moved(latents: jax.Array, codes: jax.Array) -> jax.Array:
    """ρ(z, aẑ + b), a > 0 and b another for each sample."""
    rng = np.random.default_rng(8)
    a, b = rng.uniform(0.1, 9.0, (NUM, 1)), rng.normal(size=(NUM, 1)) * 5
    return regularizers.correlation(latents, jnp.asarray(a) * codes + jnp.asarray(b))


def directions_in_theory(latents: jax.Array, codes: jax.Array) -> np.ndarray:
    """Along 1 and along ẑ − avg ẑ no slope at all; its length is √(1 − ρ²)/‖ẑ − avg ẑ‖."""
    rho, values = by_numpy(latents, codes), np.asarray(codes)
    spread = np.linalg.norm(values - values.mean(1, keepdims=True), axis=1)
    return np.stack([np.zeros(NUM), np.zeros(NUM), np.sqrt(1 - rho**2) / spread])


def directions_found(latents: jax.Array, codes: jax.Array) -> jax.Array:
    slope = jax.grad(lambda codes: jnp.sum(regularizers.correlation(latents, codes)))(codes)
    centered = codes - jnp.mean(codes, axis=1, keepdims=True)
    along = jnp.sum(slope, axis=1), jnp.sum(slope * centered, axis=1)
    return jnp.stack([*along, jnp.linalg.norm(slope, axis=1)])


def squared_distances(latents: jax.Array, codes: jax.Array) -> jax.Array:
    """‖N(z) − N(ẑ)‖², N to mean 0 and variance 1."""
    gaps = numerics.standardize(latents, 0.0) - numerics.standardize(codes, 0.0)
    return jnp.sum(jnp.square(gaps), axis=1)


def repelling_by_numpy(codes: np.ndarray) -> float:
    """The mean over i ≠ j of cos², by a loop."""
    squares = [
        (a @ b / np.linalg.norm(a) / np.linalg.norm(b)) ** 2
        for i, a in enumerate(codes)
        for j, b in enumerate(codes)
        if i != j
    ]
    return float(np.mean(squares))


def repelled(make: str) -> float:
    """regularizers.repelling of five codes."""
    return float(regularizers.repelling(jnp.asarray(FIVE_CODES[make])))


_RNG = np.random.default_rng(9)
_ONE = _RNG.exponential(size=(1, 7))
_LENGTHS = np.array([[0.01], [1.0], [3.0], [20.0], [0.5]])
_MANY = _RNG.normal(size=(5, 7)) + 0.5
FIVE_CODES = {
    "orthogonal": np.linalg.qr(_RNG.normal(size=(7, 7)))[0][:5] * _LENGTHS,
    "parallel": _ONE * _LENGTHS * np.array([[1.0], [-1.0], [1.0], [1.0], [-1.0]]),
    "some": _MANY,
    "some, rescaled": _MANY * _LENGTHS,
}
REPELLING = {  # the rescaled codes' value is that of the codes as they were
    "orthogonal": lambda: 0.0,
    "parallel": lambda: 1.0,
    "some": lambda: repelling_by_numpy(_MANY),
    "some, rescaled": lambda: repelling_by_numpy(_MANY),
}


def on_codes(theory: Callable, found: Callable) -> tuple[Case, ...]:
    return tuple(Case(name, lambda m=make: theory(*m()), lambda m=make: found(*m())) for name, make in CODES.items())


ENTRIES = (
    Entry(
        "correlation_invariance",
        12,
        "O-GAN's ρ(z, ẑ) does not change under ẑ → aẑ + b, a > 0.",
        SU,
        "np.corrcoef(z, ẑ)",
        "regularizers.correlation(z, aẑ + b)",
        "rounding",
        on_codes(by_numpy, moved),
    ),
    Entry(
        "correlation_slope",
        12,
        "∂ρ/∂ẑ is orthogonal to 1 and to ẑ − avg ẑ: encoder and score, avg ẑ, do not compete.",
        SU,
        "0, 0 and the slope's length √(1 − ρ²)/‖ẑ − avg ẑ‖",
        "jax.grad of regularizers.correlation",
        "rounding",
        on_codes(directions_in_theory, directions_found),
    ),
    Entry(
        "correlation_distance",
        12,
        "‖N(z) − N(ẑ)‖² = 2n(1 − ρ): following ρ is reconstructing the latent.",
        SU,
        "2n(1 − regularizers.correlation)",
        "numerics.standardize and a sum of squares",
        "rounding",
        on_codes(lambda z, codes: 2 * DIM * (1 - regularizers.correlation(z, codes)), squared_distances),
    ),
    Entry(
        "repelling",
        14,
        "EBGAN's repelling term is 0 on orthogonal codes, 1 on parallel ones, whatever their lengths.",
        f"{ZHAO}, section 2.4",
        "0, 1, and the mean of cos² over i ≠ j by a NumPy loop",
        "regularizers.repelling",
        "rounding",
        tuple(Case(name, theory, lambda name=name: repelled(name)) for name, theory in REPELLING.items()),
    ),
)
