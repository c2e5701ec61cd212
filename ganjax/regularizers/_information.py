"""Lower bounds on what a generated sample still tells of the latents it came from, one term for each sample, in nats.

Each bounds mutual information from below in the mean over the batch; the terms of several independent codes add up:

    information = (categorical_information(digit_logits, digits)
                   + gaussian_information(style_mean, styles, entropy=2 * jnp.log(2.0)))

All are to be maximized, so losses subtract them.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Num

from ganjax.checks import InputError, check_rank, check_same_shape
from ganjax.numerics import at_least_float32
from ganjax.types import Losses, Scores

_LOG_2PI = math.log(2.0 * math.pi)


def categorical_information(
    logits: Float[Array, "_B ..."], codes: Num[Array, "_B ..."], *, entropy: ArrayLike | None = None
) -> Losses:
    """log Q(c|x) + H(c), Q = softmax(logits): InfoGAN's bound for a categorical code.

    Per sample. At most H(c), which it reaches when Q is sure and right.

    Args:
      logits: [B, K].
      codes: by rank, either one-hot rows [B, K] or integer labels [B] in 0 … K − 1. A label out of range gives NaN.
      entropy: H(c) in nats; None is log K, a uniform code.

    Returns:
      [B], float32 or better.

    Raises:
      InputError: when `codes` is neither of shape [B, K] nor integers of shape [B].

    Reference: Chen et al. 2016, arXiv:1606.03657, eq. 5.
    """
    check_rank(2, logits=logits)
    log_q = jax.nn.log_softmax(at_least_float32(logits))
    if codes.shape == logits.shape:
        codes = codes.astype(log_q.dtype)
        told = codes != 0  # the others count nothing, a class that is ruled out, −∞, among them
        log_likelihood = jnp.sum(jnp.where(told, codes * jnp.where(told, log_q, 0.0), 0.0), axis=-1)
    elif codes.shape == logits.shape[:1] and jnp.issubdtype(codes.dtype, jnp.integer):
        log_likelihood = jnp.take_along_axis(log_q, codes[:, None], axis=-1, mode="fill")[:, 0]
        log_likelihood = jnp.where(codes < 0, jnp.nan, log_likelihood)  # it would count from the end
    else:
        raise InputError(
            f"Expected codes as one-hot rows {list(logits.shape)} or as integer labels {list(logits.shape[:1])}, "
            f"got codes{list(codes.shape)} of {codes.dtype}."
        )
    return log_likelihood + (math.log(logits.shape[-1]) if entropy is None else entropy)


def gaussian_information(
    mean: Float[Array, "_B ..."], codes: Float[Array, "_B ..."], *, entropy: ArrayLike = 0.0
) -> Losses:
    """Σ log N(c; mean(x), 1) + H(c), the sum over code dimensions: InfoGAN's bound for a continuous code.

    Per sample. Q has unit variance, so log Q(c|x) = −½‖c − mean‖² − ½F log 2π, constant included.

    Args:
      mean: Q's mean, [B, F].
      codes: [B, F].
      entropy: H(c) in nats, all dimensions together: F·log 2 for c ~ U(−1, 1)^F, ½F·log 2πe for a standard normal. It
        has no gradient; with the default, 0, the value is log Q(c|x) alone.

    Returns:
      [B], float32 or better.

    Raises:
      InputError: when the shapes differ.

    Reference: Chen et al. 2016, arXiv:1606.03657, eq. 5.
    """
    check_same_shape(mean=mean, codes=codes)
    gaps = at_least_float32(codes) - at_least_float32(mean)
    log_densities = -0.5 * jnp.square(gaps) - 0.5 * _LOG_2PI
    return jnp.sum(log_densities, axis=tuple(range(1, gaps.ndim))) + entropy


def encoder_information(mean: Float[Array, "_B ..."], latents: Float[Array, "_B ..."]) -> Losses:
    """Σ ½(1 − (z − mean(x))²): the bound on I(z; G(z)) that an encoder of G(z) gives, for latents z ~ N(0, I).

    Per sample. It is `gaussian_information` with the entropy of a standard normal: 0 in the mean when the encoder
    knows nothing and answers 0, ½Z when it reconstructs z. The other way to keep a generator's entropy up beside
    `js_information`.

    Args:
      mean: the encoder's output for G(z), [B, Z].
      latents: z, [B, Z].

    Returns:
      [B], float32 or better.

    Raises:
      InputError: when the shapes differ.

    Reference: Barber & Agakov 2003, The IM algorithm; Kumar et al. 2019, arXiv:1901.08508.
    """
    dimensions = math.prod(mean.shape[1:])
    return gaussian_information(mean, latents, entropy=0.5 * dimensions * (1.0 + _LOG_2PI))


def js_information(joint_scores: Scores, product_scores: Scores) -> Losses:
    """−sp(−T(x, z)) − sp(T(x, z′)), sp = softplus: the Jensen–Shannon estimate of how far x = G(z) depends on z.

    Elementwise; the mean is the estimate. At the best statistics network T it is 2·JSD(joint, product) − log 4: −log 4
    for independent pairs, 0 for pairs that cannot be confused.

    Args:
      joint_scores: T(G(z), z), [B].
      product_scores: T(G(z), z′) with z′ drawn afresh, [B].

    Returns:
      [B], float32 or better. T and the generator both maximize it.

    Raises:
      InputError: when the shapes differ.

    Reference: Hjelm et al. 2019, arXiv:1808.06670, eq. 4; Kumar et al. 2019, arXiv:1901.08508.
    """
    check_same_shape(joint_scores=joint_scores, product_scores=product_scores)
    joint_scores, product_scores = at_least_float32(joint_scores), at_least_float32(product_scores)
    return -jax.nn.softplus(-joint_scores) - jax.nn.softplus(product_scores)
