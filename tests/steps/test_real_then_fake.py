"""The Keras iteration, against a loop written out by hand."""

import games
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from ganjax import objectives, steps
from ganjax.architectures import from_linen
from ganjax.types import Game, Prior, Variables

RATE, B1, B2, EPSILON = 2e-2, 0.5, 0.999, 1e-7
MOMENTUM, NORM_EPSILON = 0.8, 1e-3
PRIOR = Prior(sample=lambda key, num: jax.random.normal(key, (num, 3)), shape=(3,))


class Generator(nn.Module):
    """Dense, LeakyReLU, batch norm, dense, tanh."""

    @nn.compact
    def __call__(self, z, train):
        x = nn.leaky_relu(nn.Dense(5)(z), 0.2)
        x = nn.BatchNorm(use_running_average=not train, momentum=MOMENTUM, epsilon=NORM_EPSILON)(x)
        return nn.tanh(nn.Dense(2)(x))


class Discriminator(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        x = nn.leaky_relu(nn.Dense(4)(x), 0.2)
        return nn.Dense(1)(x)[:, 0]


# ---------------------------------------------------------------- the programme, written out


def dense(params, name, x):
    return x @ params[name]["kernel"] + params[name]["bias"][None]


def leaky(x):
    return jnp.where(x > 0, x, 0.2 * x)


def make(params, averages, z, training):
    """Samples, and the averages after them."""
    x = leaky(dense(params, "Dense_0", z))
    mean, var = (x.mean(0), x.var(0)) if training else averages
    after = tuple(MOMENTUM * a + (1 - MOMENTUM) * b for a, b in zip(averages, (mean, var), strict=True))
    norm = params["BatchNorm_0"]
    x = (x - mean[None]) / jnp.sqrt(var + NORM_EPSILON)[None] * norm["scale"][None] + norm["bias"][None]
    return jnp.tanh(dense(params, "Dense_1", x)), after


def score(params, x):
    return dense(params, "Dense_1", leaky(dense(params, "Dense_0", x)))[:, 0]


def cross_entropy(logits, target):
    """Binary, of probabilities, as the programme has it; the mean over the batch."""
    p = 1 / (1 + jnp.exp(-logits))
    return -jnp.mean(target * jnp.log(p) + (1 - target) * jnp.log(1 - p))


class Adam:
    def __init__(self, params):
        self.t, self.m, self.v = 0, *(jax.tree.map(jnp.zeros_like, params) for _ in range(2))

    def __call__(self, params, grads):
        self.t += 1
        self.m = jax.tree.map(lambda m, g: B1 * m + (1 - B1) * g, self.m, grads)
        self.v = jax.tree.map(lambda v, g: B2 * v + (1 - B2) * g**2, self.v, grads)
        c1, c2 = 1 - B1**self.t, 1 - B2**self.t
        return jax.tree.map(lambda p, m, v: p - RATE * (m / c1) / (jnp.sqrt(v / c2) + EPSILON), params, self.m, self.v)


def programme(gen, disc, deals, batches):
    """(generator, its averages, discriminator, the last iteration's reports)."""
    averages, gen_adam, disc_adam = (jnp.zeros(5), jnp.ones(5)), Adam(gen), Adam(disc)
    for (disc_deal, gen_deal), real in zip(deals, batches, strict=True):
        fake, _ = make(gen, averages, disc_deal.latents[0], training=False)
        loss_real, grads = jax.value_and_grad(lambda d, real=real: cross_entropy(score(d, real), 1))(disc)
        real_score = score(disc, real).mean()
        disc = disc_adam(disc, grads)
        loss_fake, grads = jax.value_and_grad(lambda d, fake=fake: cross_entropy(score(d, fake), 0))(disc)
        fake_score = score(disc, fake).mean()
        disc = disc_adam(disc, grads)

        def combined(g, z=gen_deal.latents, disc=disc, averages=averages):
            samples, after = make(g, averages, z, training=True)
            return cross_entropy(score(disc, samples), 1), after

        (gen_loss, averages), grads = jax.value_and_grad(combined, has_aux=True)(gen)
        gen = gen_adam(gen, grads)
    return gen, averages, disc, (loss_real + loss_fake, gen_loss, real_score, fake_score)


@pytest.mark.usefixtures("x64")
def test_three_iterations_of_the_programme():
    game = Game(from_linen(Generator()), from_linen(Discriminator()), objectives.non_saturating(), PRIOR)
    adam = optax.adam(RATE, b1=B1, b2=B2, eps=EPSILON)
    algorithm = steps.real_then_fake(game, adam, adam)
    batches = jax.random.normal(jax.random.key(1), (3, 8, 2)) * 0.5 + 0.3
    wide = lambda tree: jax.tree.map(  # noqa: E731
        lambda x: x.astype(jnp.float64) if jnp.issubdtype(x.dtype, jnp.floating) else x, tree
    )
    state = wide(jax.jit(algorithm.init)(jax.random.key(0), batches[0]))
    deals = [wide(algorithm.deal(state.key, jnp.int32(i), 8)) for i in range(3)]
    gen, averages, disc, reports = jax.jit(programme)(state.gen_params, state.disc_params, deals, batches)
    advance = jax.jit(algorithm.advance)
    for deal, batch in zip(deals, batches, strict=True):
        state, info = advance(state, deal, batch)
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)  # noqa: E731
    jax.tree.map(close, (state.gen_params, state.disc_params), (gen, disc))
    stats = state.gen_stats["batch_stats"]["BatchNorm_0"]
    close(jnp.stack([stats["mean"], stats["var"]]), jnp.stack(averages))
    close(jnp.stack(info), jnp.stack(reports))
    assert state.step == 3


def test_each_move_updates_the_statistics_by_its_own_batch():
    """Batch norm in D, momentum ½, no learning: ½(½·0 + ½·real mean) + ½·fake mean, whatever the order of passes."""
    game = games.batch_norm_game()
    algorithm = steps.real_then_fake(game, games.sgd(0.0), games.sgd(0.0))
    real = jax.random.normal(jax.random.key(1), (16, 2)) * 3 + 1
    state = jax.jit(algorithm.init)(jax.random.key(0), real)
    (disc_deal, _) = deals = algorithm.deal(state.key, state.step, 16)
    after, _ = jax.jit(algorithm.advance)(state, deals, real)
    fake, _ = game.generator.apply(Variables(state.gen_params, state.gen_stats), disc_deal.latents[0])
    kernel, bias = state.disc_params["Dense_0"]["kernel"], state.disc_params["Dense_0"]["bias"][None]
    real_mean, fake_mean = ((x @ kernel + bias).mean(0) for x in (real, fake))
    mean = after.disc_stats["batch_stats"]["BatchNorm_0"]["mean"]
    np.testing.assert_allclose(mean, 0.5 * (0.5 * real_mean) + 0.5 * fake_mean, rtol=1e-4, atol=1e-6)


def test_the_held_pass_costs_nothing():
    """The pass over the fake batch that the first move holds is not compiled."""
    game = Game(from_linen(Generator()), from_linen(Discriminator()), objectives.non_saturating(), PRIOR)
    algorithm = steps.real_then_fake(game, games.sgd(), games.sgd())
    batch = jax.ShapeDtypeStruct((8, 2), jnp.float32)
    state = jax.eval_shape(algorithm.init, jax.random.key(0), batch)
    text = jax.jit(algorithm.step).lower(state, batch).compile().as_text()
    # D's first layer makes [8, 4] of the real batch, of the fake one, and of the one that G learns by
    assert text.count("= f32[8,4]{1,0} dot(") == 3
