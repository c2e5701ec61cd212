"""The adapters: Flax modules and plain functions as networks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from ganjax.architectures import from_linen, stateless


class Everything(nn.Module):
    """Parameters, statistics and dropout."""

    @nn.compact
    def __call__(self, x, shift, train):
        x = nn.BatchNorm(use_running_average=not train, momentum=0.5)(nn.Dense(3)(x) + shift[:, None])
        return nn.Dropout(0.5, deterministic=not train)(x)


def test_collections_are_sorted_into_params_and_stats():
    network, x, shift = from_linen(Everything()), jnp.ones((4, 2)), jnp.arange(4.0)
    variables = network.init(jax.random.key(0), x, shift)
    assert set(variables.params) == {"Dense_0", "BatchNorm_0"}
    assert set(variables.stats) == {"batch_stats"}
    output, stats = network.apply(variables, x, shift)
    assert output.shape == (4, 3)
    assert stats is variables.stats
    _, updated = network.apply(variables, x, shift, train=True, key=jax.random.key(1))
    mean = updated["batch_stats"]["BatchNorm_0"]["mean"]
    # momentum ½ from 0: half of (1, 1) · kernel + average shift 1.5
    expected = 0.5 * (variables.params["Dense_0"]["kernel"].sum(0) + 1.5)
    np.testing.assert_allclose(mean, expected, rtol=1e-5)


def test_the_key_feeds_dropout():
    network, x, shift = from_linen(Everything()), jnp.ones((64, 2)), jnp.arange(64.0)
    variables = network.init(jax.random.key(0), x, shift)
    one, again, other = (
        network.apply(variables, x, shift, train=True, key=jax.random.key(seed))[0] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    with pytest.raises(Exception, match="dropout"):
        network.apply(variables, x, shift, train=True)


def test_stateless_functions_are_networks():
    network = stateless(lambda key, x: jnp.full((), 2.0), lambda scale, x: scale * x)
    variables = network.init(jax.random.key(0), jnp.ones(3))
    output, stats = network.apply(variables, jnp.arange(3.0), train=True)
    np.testing.assert_array_equal(output, [0.0, 2.0, 4.0])
    assert stats == ()
