"""Games small enough to be played by hand."""

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn

from ganjax import objectives
from ganjax.architectures import from_linen, stateless
from ganjax.types import DiscriminatorOutput, Game, Prior

POINT = Prior(sample=lambda key, num: jnp.zeros((num, 1)), shape=(1,))
NORMAL = Prior(sample=lambda key, num: jax.random.normal(key, (num, 1)), shape=(1,))


def dirac(objective=None, theta=1.5, phi=0.8, prior=POINT):
    """The Dirac-GAN: the generator puts a point at θ, the discriminator scores φ · x, the batch says where data lie."""
    return Game(
        generator=stateless(lambda key, z: jnp.asarray(theta), lambda theta, z: z + theta),
        discriminator=stateless(lambda key, x: jnp.asarray(phi), lambda phi, x: DiscriminatorOutput(phi * x[:, 0])),
        objective=objective or objectives.non_saturating(),
        prior=prior,
    )


class BatchNormGenerator(nn.Module):
    @nn.compact
    def __call__(self, z, train):
        x = nn.Dense(4)(z)
        return nn.Dense(2)(nn.relu(nn.BatchNorm(use_running_average=not train, momentum=0.5)(x)))


class BatchNormDiscriminator(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        x = nn.Dense(4)(x)
        return nn.Dense(1)(nn.leaky_relu(nn.BatchNorm(use_running_average=not train, momentum=0.5)(x)))[:, 0]


def batch_norm_game():
    """Batch norm in both players, on points in the plane."""
    prior = Prior(sample=lambda key, num: jax.random.normal(key, (num, 3)), shape=(3,))
    return Game(
        from_linen(BatchNormGenerator()), from_linen(BatchNormDiscriminator()), objectives.non_saturating(), prior
    )


def sgd(learning_rate=0.1):
    return optax.sgd(learning_rate)
