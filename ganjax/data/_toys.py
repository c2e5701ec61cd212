"""Distributions on the line and in the plane with known answers, as pure functions of a key."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Integer

from ganjax.checks import InputError, Table, check_non_negative, check_positive
from ganjax.data._source import Source, Spec, point_source
from ganjax.types import Batch, Key, PyTree

GAUSSIAN_MATRIX = ((1.0, 2.0), (-0.1, 0.5))
GAUSSIAN_SHIFT = (1.0, 2.0)
NORMAL_MEAN, NORMAL_STD = 2.0, 1.0


class Toy(NamedTuple):
    """A distribution on the line or in the plane.

    Attributes:
      sample: (key, num) -> points [num, dim], float32.
      centers: the modes [M, 2], float32, all equally likely, or None where there are no separate modes.
      std: the standard deviation of each coordinate around its mode, or None with `centers`.
      dim: numbers in a point.
      log_density: points [N, dim] -> [N], or None where there is no formula.
    """

    sample: Callable[[Key, int], Float[Array, "num dim"]]
    centers: Float[np.ndarray, "M 2"] | None = None
    std: float | None = None
    dim: int = 2
    log_density: Callable[[Array], Float[Array, "N"]] | None = None


def gaussian() -> Toy:
    """A correlated Gaussian: x = εA + b, ε ~ N(0, I), A = [[1, 2], [−.1, .5]], b = [1, 2].

    Mean b, covariance AᵀA = [[1.01, 1.95], [1.95, 4.25]]: an affine generator matches it exactly.
    """

    def sample(key: Key, num: int) -> Float[Array, "num 2"]:
        # written out: a matrix product would round to bfloat16 or TF32 on accelerators
        first, second = jax.random.normal(key, (2, num, 1), jnp.float32)
        (a, b), (c, d) = GAUSSIAN_MATRIX
        return jnp.concatenate([a * first + c * second, b * first + d * second], axis=1) + _row(GAUSSIAN_SHIFT)

    return Toy(sample)


def normal(mean: float = NORMAL_MEAN, std: float = NORMAL_STD) -> Toy:
    """A normal distribution on the line, points [N, 1]: what a one-dimensional game learns, and can be drawn of.

    Raises:
      InputError: when std is not positive.
    """
    check_positive(std=std)

    def sample(key: Key, num: int) -> Float[Array, "num 1"]:
        return mean + std * jax.random.normal(key, (num, 1), jnp.float32)

    def log_density(points: Float[Array, "N 1"]) -> Float[Array, "N"]:
        return -0.5 * jnp.square((points[:, 0] - mean) / std) - math.log(std * math.sqrt(2 * math.pi))

    return Toy(sample, dim=1, log_density=log_density)


def ring(modes: int = 8, radius: float = 1.0, std: float = 0.01) -> Toy:
    """Equal Gaussians on a circle.

    Reference: Lin et al. (2018), PacGAN, arXiv 1712.04086, section 4.1: 8 modes, radius 1, variance 10⁻⁴.
    """
    return _mixture(ring_centers(modes, radius), std)


def grid(side: int = 5, spacing: float = 2.0, std: float = 0.05) -> Toy:
    """Equal Gaussians on a square grid around the origin.

    Reference: Lin et al. (2018), PacGAN, arXiv 1712.04086, section 4.1: 25 modes, spacing 2, variance .0025.
    """
    return _mixture(grid_centers(side, spacing), std)


def swiss_roll(std: float = 0.02) -> Toy:
    """A spiral of one and a half turns with noise: ρ·(cos φ, sin φ), ρ = (1 + 2u)/3, φ = 4.5π·ρ, u uniform on [0, 1].

    The usual swiss roll seen along its axis, scaled to outer radius 1. It has no separate modes.

    Raises:
      InputError: when std is negative.
    """
    check_non_negative(std=std)

    def sample(key: Key, num: int) -> Float[Array, "num 2"]:
        place_key, noise_key = jax.random.split(key)
        radius = (1.0 + 2.0 * jax.random.uniform(place_key, (num, 1), jnp.float32)) / 3.0
        angle = 4.5 * math.pi * radius
        curve = radius * jnp.concatenate([jnp.cos(angle), jnp.sin(angle)], axis=1)
        return curve + std * jax.random.normal(noise_key, (num, 2), jnp.float32)

    return Toy(sample)


def two_moons(std: float = 0.05) -> Toy:
    """Two interleaved half circles of radius 1 with noise, equally likely.

    The upper (cos θ, sin θ), the lower (1 − cos θ, ½ − sin θ), θ uniform on [0, π]; all shifted by (−½, −¼), so that
    the figure turns into itself under x → −x.

    Raises:
      InputError: when std is negative.
    """
    check_non_negative(std=std)

    def sample(key: Key, num: int) -> Float[Array, "num 2"]:
        moon_key, angle_key, noise_key = jax.random.split(key, 3)
        sign = jax.random.rademacher(moon_key, (num, 1), jnp.float32)
        angle = jax.random.uniform(angle_key, (num,), jnp.float32, maxval=math.pi)
        upper = jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1) - _row((0.5, 0.25))
        return sign * upper + std * jax.random.normal(noise_key, (num, 2), jnp.float32)

    return Toy(sample)


def ring_centers(modes: int = 8, radius: float = 1.0) -> Float[np.ndarray, "M 2"]:
    """Mode m at radius·(cos 2πm/M, sin 2πm/M), float32.

    Raises:
      InputError: when modes < 1 or radius is not positive.
    """
    _check_count("modes", modes)
    check_positive(radius=radius)
    angles = 2.0 * np.pi * np.arange(modes) / modes
    return (radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(np.float32)


def grid_centers(side: int = 5, spacing: float = 2.0) -> Float[np.ndarray, "M 2"]:
    """All (i, j)·spacing with i, j = −(side − 1)/2 … (side − 1)/2, float32, the second coordinate fastest.

    Raises:
      InputError: when side < 1 or spacing is not positive.
    """
    _check_count("side", side)
    check_positive(spacing=spacing)
    line = spacing * (np.arange(side) - (side - 1) / 2)
    return np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2).astype(np.float32)


def toy_source(name: str) -> Source:
    """The toy distribution `name` without end: batch number `step` is sample(fold_in(key, step), batch_size).

    Raises:
      UnknownNameError: when no toy has that name.
    """
    toy = TOYS[name]()

    def draw(key: Key, step: Integer[ArrayLike, ""], batch_size: int) -> Float[Array, "B _F"]:
        return toy.sample(jax.random.fold_in(key, jnp.asarray(step, jnp.uint32)), batch_size)

    def gather(arrays: PyTree, draw: Float[Array, "B _F"]) -> Batch:
        del arrays  # nothing is stored: the draw is the batch
        return Batch(draw)

    return Source(Spec(name, (toy.dim,), None, None, None), (), draw, gather)


def toy_dataset(name: str, key: Key, num: int) -> Source:
    """A fixed set of `num` points of the toy distribution `name`, shown in exact epochs.

    Args:
      name: a row of `TOYS`.
      key: fixes the points; not the key that orders their epochs.
      num: how many points.

    Raises:
      UnknownNameError: when no toy has that name.
      InputError: when num < 1.
    """
    toy = TOYS[name]()
    _check_count("num", num)
    return point_source(f"{name}:{num}", toy.sample(key, num))


def _mixture(centers: Float[np.ndarray, "M 2"], std: float) -> Toy:
    check_non_negative(std=std)

    def sample(key: Key, num: int) -> Float[Array, "num 2"]:
        mode_key, noise_key = jax.random.split(key)
        modes = jax.random.randint(mode_key, (num,), 0, len(centers))
        return jnp.asarray(centers)[modes] + std * jax.random.normal(noise_key, (num, 2), jnp.float32)

    return Toy(sample, centers, std)


def _check_count(name: str, count: int) -> None:
    if not isinstance(count, int | np.integer) or count < 1:
        raise InputError(f"Expected a whole number {name} >= 1, got {name} = {count}.")


def _row(pair: tuple[float, float]) -> Float[Array, "1 2"]:
    return jnp.asarray([pair], jnp.float32)


TOYS: Table[Callable[..., Toy]] = Table(
    "toy distribution",
    {
        "gaussian": gaussian,
        "normal": normal,
        "ring": ring,
        "grid": grid,
        "swiss_roll": swiss_roll,
        "two_moons": two_moons,
    },
)
