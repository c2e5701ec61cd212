"""Games small enough to be played by hand."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from ganjax import objectives, priors, steps
from ganjax.architectures import from_linen, stateless, statistics_network
from ganjax.steps import Players
from ganjax.types import DiscriminatorOutput, Game, Prior

POINT = Prior(sample=lambda key, num: jnp.zeros((num, 1)), shape=(1,))
SPREAD = Prior(sample=lambda key, num: jnp.linspace(-0.4, 0.5, num)[:, None], shape=(1,))
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


class AloneDiscriminator(nn.Module):
    """Dropout and spectral norm: random, and with statistics, but each sample by itself."""

    @nn.compact
    def __call__(self, x, train):
        x = nn.SpectralNorm(nn.Dense(8))(x, update_stats=train)
        return nn.Dense(1)(nn.Dropout(0.5, deterministic=not train)(nn.tanh(x)))[:, 0]


def batch_norm_game():
    """Batch norm in both players, on points in the plane."""
    prior = Prior(sample=lambda key, num: jax.random.normal(key, (num, 3)), shape=(3,))
    return Game(
        from_linen(BatchNormGenerator()), from_linen(BatchNormDiscriminator()), objectives.non_saturating(), prior
    )


def sgd(learning_rate=0.1):
    return optax.sgd(learning_rate)


# --- a game that every objective can be played on

CLASSES, LATENT_DIM = 4, 7


class ConditionedGenerator(nn.Module):
    shape: tuple[int, ...] = (2, 1, 2)

    @nn.compact
    def __call__(self, z, *labels, train):
        x = jnp.concatenate([z, *(jax.nn.one_hot(y, CLASSES, dtype=z.dtype) for y in labels)], axis=1)
        x = nn.tanh(nn.Dense(7)(x))
        return 1.5 * nn.Dense(math.prod(self.shape))(x).reshape(-1, *self.shape)


class ManyHeads(nn.Module):
    """A score, `codes` as wide as the latents, a `posterior` of 3 + 2 numbers, `class_logits`, 3 `level_scores`."""

    @nn.compact
    def __call__(self, x, *labels, train):
        x = nn.tanh(nn.Dense(9)(x.reshape(x.shape[0], -1)))
        x = nn.tanh(nn.Dense(8)(x))
        features = {"codes": nn.Dense(LATENT_DIM)(x), "posterior": nn.Dense(5)(x), "class_logits": nn.Dense(CLASSES)(x)}
        features["level_scores"] = 1.5 * features["codes"][:, :3]
        scores = 2.0 * nn.Dense(1)(x)[:, 0]
        for y in labels:
            scores += jnp.sum(nn.Embed(CLASSES, 8)(y) * x, axis=1)
        return DiscriminatorOutput(scores, features)


def many_headed(objective):
    """Latents of 2 noise numbers, a category of 3 and 2 continuous codes; images of 2 × 1 × 2; a helper if needed."""
    prior = priors.coded(2, categories=3, continuous=2)
    helper = statistics_network(features=(5,)) if objective.needs_helper else None
    return Game(from_linen(ConditionedGenerator()), from_linen(ManyHeads()), objective, prior, helper)


def first_state(algorithm, batch, seed=0, dtype=None):
    """A first state whose parameters NumPy draws: nothing is compiled. The optimizers' states and counters are 0."""
    shapes = jax.eval_shape(algorithm.init, jax.random.key(seed), batch)
    rng = np.random.default_rng(seed)

    def filled(tree, fill):
        return jax.tree.map(lambda x: jnp.asarray(np.asarray(fill(x.shape), cast(x.dtype, dtype))), tree)

    def drawn(shape):
        return rng.normal(0.05, 0.3 / max(1, math.prod(shape[:-1]) / 16) ** 0.5, shape)

    gen, disc, helper = (filled(x, drawn) for x in (shapes.gen_params, shapes.disc_params, shapes.helper_params))
    gen_stats, disc_stats = (filled(x, np.ones) for x in (shapes.gen_stats, shapes.disc_stats))
    return shapes._replace(
        step=jnp.int32(0),
        key=jax.random.key(seed),
        gen_params=gen,
        gen_stats=gen_stats,
        gen_opt_state=filled(shapes.gen_opt_state, np.zeros),
        disc_params=disc,
        disc_stats=disc_stats,
        disc_opt_state=filled(shapes.disc_opt_state, np.zeros),
        gen_ema_params=jax.tree.map(jnp.copy, gen) if shapes.gen_ema_params else (),
        gen_ema_stats=jax.tree.map(jnp.copy, gen_stats) if shapes.gen_ema_stats else (),
        helper_params=helper,
    )


def at_random(game, batch, seed=0, dtype=jnp.float64):
    """(params, stats, deal, batch) with no number special, all floats of one dtype."""
    algorithm = steps.synchronous(game, sgd(), sgd())
    return place_of(algorithm, first_state(algorithm, batch, seed, dtype), batch, dtype)


def near_start(game, batch, seed=0, dtype=jnp.float64):
    """As `at_random`, near where the game begins."""
    algorithm = steps.synchronous(game, sgd(), sgd())
    state, rng = algorithm.init(jax.random.key(seed), batch), np.random.default_rng(seed)
    gen, disc = (x + 0.2 * rng.normal(size=x.shape) for x in (state.gen_params, state.disc_params))
    return place_of(algorithm, state._replace(gen_params=gen, disc_params=disc), batch, dtype)


def place_of(algorithm, state, batch, dtype):
    deal = algorithm.deal(state.key, jnp.int32(0), batch.samples.shape[0])
    params = Players(state.gen_params, state.disc_params, state.helper_params)
    place = params, Players(state.gen_stats, state.disc_stats), deal, batch
    return jax.tree.map(lambda x: x if cast(x.dtype, dtype) == x.dtype else x.astype(dtype), place)


def cast(found, wanted):
    """The wanted type in the place of another float's."""
    return wanted if wanted and jnp.issubdtype(found, jnp.floating) else found
