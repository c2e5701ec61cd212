"""Where to look at a discriminator's gradient: points drawn from, between and around real and fake samples."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped

from ganjax import batches
from ganjax.checks import InputError, check_same_shape
from ganjax.numerics import at_least_float32
from ganjax.types import Key, Samples

# an axis with a leading underscore is not bound: two batches that differ meet `InputError`, not a type checker
_Samples = Float[Array, "_B ..."]


def interpolates(key: Key, real: _Samples, fake: _Samples) -> Samples:
    """x̂ = εx + (1 − ε)G(z), with one ε ~ U(0, 1) for each sample: a point on the segment between each pair.

    Per sample. ε is `jax.random.uniform(key, (B, 1, …, 1), dtype)` with as many axes as `real` and the samples' dtype
    (float32 where that is lower), so anyone who holds the key can draw the same.

    Args:
      key: spent on ε.
      real, fake: [B, ...], paired by index.

    Returns:
      [B, ...], in the samples' dtype.

    Raises:
      InputError: when the shapes differ.

    Reference: Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1, lines 4–6.
    """
    check_same_shape(real=real, fake=fake)
    wide_real, wide_fake = at_least_float32(real), at_least_float32(fake)
    dtype, ones = jnp.result_type(wide_real, wide_fake), (1,) * (real.ndim - 1)
    epsilon = batches.drawn(lambda num: jax.random.uniform(key, (num, *ones), dtype), real.shape[0])
    points = epsilon * wide_real + (1.0 - epsilon) * wide_fake
    return points.astype(jnp.result_type(real, fake))


def end_points(real: Shaped[Array, "_B ..."], fake: Shaped[Array, "_B ..."]) -> Shaped[Array, "_P ..."]:
    """The real samples, then the fake ones: [2B, ...]. The mean over them is ½(mean on real + mean on fake).

    Elementwise. In a conditional game the labels are doubled likewise: `end_points(labels, labels)`.

    Raises:
      InputError: when the shapes differ.
    """
    check_same_shape(real=real, fake=fake)
    return jnp.concatenate([real, fake])


def shuffled_interpolates(key: Key, samples: Samples) -> Samples:
    """Points between the samples of ONE batch: each is joined to a random partner from the same batch.

    Per batch. Of `real` and of `fake` it gives points inside each distribution; of `end_points(real, fake)`, points
    between any two of both. A sample may meet itself. For unconditional games: partners do not share a condition.

    Args:
      key: split for the partners and for ε.
      samples: [B, ...].

    Returns:
      [B, ...].
    """
    partner_key, epsilon_key = jax.random.split(key)
    partners = batches.own(jax.random.permutation(partner_key, batches.whole(samples)))
    return interpolates(epsilon_key, samples, partners)


def perturbed(key: Key, real: Samples) -> Samples:
    """x + ½·std·U: the neighborhood of the data that DRAGAN looks at, one U(0, 1) number for each ENTRY.

    Per batch: std is one number, the (biased) standard deviation of all entries of the batch together. U is
    `jax.random.uniform(key, real.shape, dtype)`, dtype as in `interpolates`.

    The paper writes x + δ, δ ~ N(0, cI); its authors' programme, which made the published figures, has the uniform
    noise above, on one side only. That programme then also draws a point between x and the perturbed x, which is
    `interpolates(point_key, perturbed(noise_key, real), real)`.

    Args:
      key: spent on U.
      real: [B, ...].

    Returns:
      [B, ...], in the samples' dtype.

    Reference: Kodali et al. 2017, arXiv:1705.07215, and the notebook published with it.
    """
    if real.size == 0:
        raise InputError(f"Expected at least one sample, got real{list(real.shape)}.")
    wide = at_least_float32(real)
    noise = batches.drawn(lambda num: jax.random.uniform(key, (num, *real.shape[1:]), wide.dtype), real.shape[0])
    return (wide + 0.5 * batches.std(wide) * noise).astype(real.dtype)
