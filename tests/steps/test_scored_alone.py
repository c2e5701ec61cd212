"""Discriminators that mix the samples of a batch are refused by `fused`, and no others."""

import games
import jax
import jax.numpy as jnp
import pytest
from flax import linen as nn

from ganjax import steps
from ganjax.architectures import (
    DcganDiscriminator,
    MlpDiscriminator,
    batch_norm,
    from_linen,
    layer_norm,
)
from ganjax.checks import InputError
from ganjax.types import Game


class Hidden(nn.Module):
    """A batch statistic behind a scale that begins at 0."""

    @nn.compact
    def __call__(self, x, train):
        scale = self.param("scale", nn.initializers.zeros, ())
        return nn.Dense(1)(x)[:, 0] + scale * jnp.std(x)


class Packed(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        pairs = x.reshape(x.shape[0] // 2, -1)
        return jnp.repeat(nn.Dense(1)(pairs)[:, 0], 2)


def init(discriminator, shape=(4, 2)):
    generator = from_linen(games.ConditionedGenerator(shape[1:]))
    game = Game(generator, discriminator, games.dirac().objective, games.many_headed(games.dirac().objective).prior)
    algorithm = steps.alternating(game, games.sgd(), games.sgd(), gradients=steps.fused)
    return algorithm.init, (jax.random.key(0), jnp.ones(shape))


MIXING = {
    "batch_norm": from_linen(MlpDiscriminator((4,), normalization=batch_norm())),
    "hidden": from_linen(Hidden()),
    "packed": from_linen(Packed()),
}
ALONE = {
    "plain": (from_linen(MlpDiscriminator((4,))), (4, 2)),
    "layer_norm": (from_linen(MlpDiscriminator((4,), normalization=layer_norm())), (4, 2)),
    "dropout_and_spectral_norm": (from_linen(games.AloneDiscriminator()), (4, 2)),
    "convolutions": (from_linen(DcganDiscriminator(8, 2, 1, normalization=None)), (4, 8, 8, 1)),
}


@pytest.mark.parametrize("name", MIXING)
@pytest.mark.parametrize("how", ["eager", "jit", "eval_shape", "vmap"])
def test_mixing_is_refused_at_init(name, how):
    function, (key, batch) = init(MIXING[name])
    wrapped = {
        "eager": function,
        "jit": jax.jit(function),
        "eval_shape": lambda *args: jax.eval_shape(function, *args),
        "vmap": lambda key, batch: jax.vmap(function, (0, None))(jax.random.split(key, 2), batch),
    }[how]
    with pytest.raises(InputError, match=r"steps\.fused needs .* use steps\.shared_forward"):
        wrapped(key, batch)


@pytest.mark.parametrize("name", ALONE)
def test_others_are_not(name):
    discriminator, shape = ALONE[name]
    function, args = init(discriminator, shape)
    jax.eval_shape(function, *args)


def test_conditions_are_made_up_too():
    game = games.many_headed(games.dirac().objective)
    algorithm = steps.synchronous(game, games.sgd(), games.sgd(), steps.fused)
    jax.eval_shape(algorithm.init, jax.random.key(0), (jnp.ones((4, 2, 1, 2)), jnp.arange(4)))
