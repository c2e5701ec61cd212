"""Maxout by hand, in NumPy, and against finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.architectures import ARCHITECTURES, Maxout, from_linen, maxout_discriminator
from ganjax.checks import InputError
from ganjax.types import DiscriminatorOutput, Variables


def draw(shape, seed=0, dtype=jnp.float32):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), dtype)


def test_two_units_of_three_pieces_by_hand():
    layer = Maxout(features=2, pieces=3)
    # columns: piece 0 of units 0 and 1, piece 1 of both, piece 2 of both
    kernel = jnp.array([[1.0, 0.0, -1.0, 2.0, 0.0, 1.0], [0.0, 1.0, 0.0, -1.0, 3.0, 1.0]])
    bias = jnp.array([0.0, 0.5, 0.0, 0.0, -1.0, -2.0])
    params = {"params": {"Dense_0": {"kernel": kernel, "bias": bias}}}
    x = jnp.array([[2.0, 1.0], [-3.0, 0.5]])
    # (2, 1):   unit 0: max(2, −2, 3 − 1) = 2;            unit 1: max(1 + .5, 4 − 1, 2 + 1 − 2) = 3
    # (−3, .5): unit 0: max(−3, 3, 1.5 − 1) = 3;          unit 1: max(.5 + .5, −6 − .5, −3 + .5 − 2) = 1
    np.testing.assert_allclose(layer.apply(params, x), [[2.0, 3.0], [3.0, 1.0]], rtol=1e-6)


def test_the_discriminator_against_numpy():
    network = maxout_discriminator((3,), features=(4, 5), pieces=3)
    x = draw((7, 3))
    variables = network.init(jax.random.key(0), x)
    shaken = jax.tree.map(lambda p: p + 0.1 * draw(p.shape, 1), variables.params)  # biases start at 0
    h = np.asarray(x, np.float64)
    for name, width in (("Maxout_0", 4), ("Maxout_1", 5)):
        dense = {key: np.asarray(value, np.float64) for key, value in shaken[name]["Dense_0"].items()}
        pieces = [
            h @ dense["kernel"][:, j * width : (j + 1) * width] + dense["bias"][j * width : (j + 1) * width]
            for j in range(3)
        ]
        h = np.maximum(np.maximum(pieces[0], pieces[1]), pieces[2])
    expected = h @ np.asarray(shaken["Dense_0"]["kernel"]) + np.asarray(shaken["Dense_0"]["bias"])
    output, stats = network.apply(variables._replace(params=shaken), x)
    assert isinstance(output, DiscriminatorOutput)
    assert stats == ()
    np.testing.assert_allclose(output.scores, expected[:, 0], rtol=1e-4)


def test_pacgans_parameter_count():
    network = ARCHITECTURES["mlp_maxout"].discriminator((2,))
    variables = jax.eval_shape(network.init, jax.random.key(0), draw((1, 2)))
    # 3 layers of 200 units of 5 pieces: 2·1000 + 1000, twice 200·1000 + 1000; then 200 + 1
    assert sum(leaf.size for leaf in jax.tree.leaves(variables)) == 3_000 + 2 * 201_000 + 201


def test_one_piece_is_a_dense_layer_and_more_are_convex():
    x, y = draw((50, 4)), draw((50, 4), seed=1)
    dense, maxout = from_linen(Flat(pieces=1)), from_linen(Flat(pieces=4))
    straight, convex = (network.init(jax.random.key(2), x) for network in (dense, maxout))

    def gap(network, variables):
        """½(h(x) + h(y)) − h(½(x + y))"""
        ends = 0.5 * (network.apply(variables, x)[0] + network.apply(variables, y)[0])
        return np.asarray(ends - network.apply(variables, 0.5 * (x + y))[0])

    np.testing.assert_allclose(gap(dense, straight), 0, atol=1e-5)
    assert gap(maxout, convex).min() > -1e-5
    assert gap(maxout, convex).max() > 0.1


class Flat(Maxout):
    """A layer as a network."""

    features: int = 3

    def __call__(self, x, train):
        del train
        return super().__call__(x)


def test_gradients_against_finite_differences(x64):
    del x64
    network = maxout_discriminator((2,), features=(4, 4), pieces=3)
    x = draw((5, 2), dtype=jnp.float64)
    variables = network.init(jax.random.key(0), x)
    params = jax.tree.map(lambda p: jnp.asarray(p, jnp.float64) + 0.1 * draw(p.shape, 1, jnp.float64), variables.params)

    def total(params, x):
        return jnp.vdot(jnp.arange(1.0, 6.0), network.apply(Variables(params), x)[0].scores)

    gradients = jax.grad(total, argnums=(0, 1))(params, x)
    direction = jax.tree.map(lambda p: draw(p.shape, 3, jnp.float64), (params, x))
    step = 1e-6
    ahead, behind = (
        total(*jax.tree.map(lambda p, d, sign=sign: p + sign * step * d, (params, x), direction)) for sign in (1, -1)
    )
    slope = sum(jax.tree.leaves(jax.tree.map(jnp.vdot, gradients, direction)))
    np.testing.assert_allclose((ahead - behind) / (2 * step), slope, rtol=1e-7)


def test_wrong_settings():
    with pytest.raises(InputError, match="pieces > 0"):
        maxout_discriminator((2,), pieces=0)
    with pytest.raises(InputError, match="widths >= 1"):
        maxout_discriminator((2,), features=(0,))
