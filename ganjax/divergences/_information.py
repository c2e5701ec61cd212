"""Mutual information, and the bound on it that InfoGAN climbs."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax.scipy.special import xlogy
from jaxtyping import Array
from numpy.typing import ArrayLike

from ganjax.checks import InputError, check_non_negative, check_positive, check_same_shape
from ganjax.divergences import _integrands
from ganjax.divergences._densities import LogDensity, Scalar, in_float64, integral, weighted
from ganjax.divergences._discrete import as_probabilities


def mutual_information_gaussian(signal_variance: float, noise_variance: float) -> Scalar:
    """I(c; x) = ½ log(1 + s/n) in nats, for x = c + noise with c ~ N(·, s) and noise ~ N(0, n).

    Raises:
      InputError: a negative signal variance, a noise variance that is not positive.

    Reference: Shannon 1948, "A mathematical theory of communication", theorem 17.
    """
    check_non_negative(signal_variance=signal_variance)
    check_positive(noise_variance=noise_variance)
    return in_float64(lambda: 0.5 * jnp.log1p(jnp.asarray(signal_variance) / jnp.asarray(noise_variance)))


def _joint(table: ArrayLike) -> Array:
    joint = as_probabilities("joint", table)
    if joint.ndim != 2:
        raise InputError(f"Expected a joint table of two axes [codes, values], got joint{[*joint.shape]}.")
    return joint


def mutual_information(joint: ArrayLike) -> Scalar:
    """I(c; x) = KL(joint ‖ product of the marginals), in nats. One table to one number.

    Args:
      joint: [C, X], the probability of every pair.

    Raises:
      InputError: not two axes, negative entries, a sum other than 1.
    """

    def compute() -> Array:
        table = _joint(joint)
        product = jnp.sum(table, axis=1, keepdims=True) * jnp.sum(table, axis=0, keepdims=True)
        return jnp.sum(_integrands.kl(jnp.log(table), jnp.log(product)))

    return in_float64(compute)


def barber_agakov(joint: ArrayLike, log_posterior: ArrayLike) -> Scalar:
    """E log Q(c|x) + H(c) ≤ I(c; x), with equality where Q is the posterior. A table and a guess to one number.

    What InfoGAN's auxiliary network raises. −inf where Q excludes what occurs.

    Args:
      joint: [C, X], the probability of every pair.
      log_posterior: [C, X], log Q(c|x); every column's exponentials sum to 1.

    Raises:
      InputError: not two axes, shapes that differ, a joint that is not a distribution, a Q whose columns don't sum
        to 1.

    Reference: Barber and Agakov 2003, "The IM algorithm"; Chen et al. 2016, arXiv:1606.03657, eq. 4.
    """

    def compute() -> Array:
        table, log_q = _joint(joint), jnp.asarray(log_posterior)
        check_same_shape(joint=table, log_posterior=log_q)
        _check_columns(log_q)
        marginal = jnp.sum(table, axis=1)
        return jnp.sum(weighted(table, log_q)) - jnp.sum(xlogy(marginal, marginal))

    return in_float64(compute)


def _check_columns(log_posterior: Array) -> None:
    for total in jnp.sum(jnp.exp(log_posterior), axis=0):
        as_probabilities("a column of exp(log_posterior)", total[None])


def barber_agakov_gaussian(signal_variance: float, noise_variance: float, *, slope: float, variance: float) -> Scalar:
    """The bound E log Q(c|x) + H(c) for x = c + noise and Q(c|x) = N(slope · x, variance); c and noise centered.

    −½ log 2πv − [(1−α)² s + α² n]/(2v) + ½ log 2πe s. Equal to `mutual_information_gaussian` at the posterior:
    slope s/(s+n), variance sn/(s+n).

    Raises:
      InputError: variances that are not positive.

    Reference: Chen et al. 2016, arXiv:1606.03657, eq. 4.
    """
    check_positive(signal_variance=signal_variance, noise_variance=noise_variance, variance=variance)

    def compute() -> Array:
        signal, noise = jnp.asarray(signal_variance), jnp.asarray(noise_variance)
        guess = jnp.asarray(variance)
        squared_error = (1 - slope) ** 2 * signal + slope**2 * noise
        cross_entropy = 0.5 * jnp.log(2 * math.pi * guess) + squared_error / (2 * guess)
        return 0.5 * jnp.log(2 * math.pi * math.e * signal) - cross_entropy

    return in_float64(compute)


def label_information(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """I(x; t) of a sample x and the fair coin t that chose whether it is real: log 2 − E h(p/(p+q)).

    h is the entropy of a coin, x ~ (p + q)/2. It equals JSD(p, q). Two densities to one number; arguments and errors
    as `f_divergence`.
    """
    return integral(_integrands.label_information, log_p, log_q, grid)
