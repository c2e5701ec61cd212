"""An objective of one's own: written here, trained on the ring through the public API, with nothing else touched."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from ganjax import losses, objectives, priors, regularizers, steps
from ganjax.architectures import mlp_discriminator, mlp_generator
from ganjax.checks import InputError
from ganjax.data import TOYS
from ganjax.types import AdversarialLoss, Batch, Game, Key, Losses, Objective, Play

BATCH, NUM_STEPS = 64, 800


def asinh_gan(gamma: float = 0.5) -> Objective:
    """A game that the library doesn't have: scores are squeezed by asinh, and R1 keeps the discriminator's slope down.

    L_D = asinh(D(G(z))) − asinh(D(x)) + (γ/2)‖∇D(x)‖², L_G = −asinh(D(G(z))).
    """
    loss = AdversarialLoss(
        discriminator=lambda real_scores, fake_scores: jnp.arcsinh(fake_scores) - jnp.arcsinh(real_scores),
        generator=lambda real_scores, fake_scores: -jnp.arcsinh(fake_scores),
    )

    def penalty(key: Key, play: Play) -> Losses:
        del key
        return 0.5 * gamma * regularizers.r1(play.score_fn, play.real, *play.context)

    return objectives.penalized(objectives.adversarial(loss), penalty)


def distances(samples, toy):
    """From each sample to each mode."""
    return np.linalg.norm(np.asarray(samples)[:, None] - toy.centers[None], axis=2)


def test_an_objective_of_one_s_own_trains_the_ring():
    toy, prior = TOYS["ring"](), priors.normal(4)
    generator, discriminator = (build((2,), features=(32, 32)) for build in (mlp_generator, mlp_discriminator))
    game = Game(generator, discriminator, asinh_gan(), prior)
    # averaged: where a game is at one step depends on the last digit of everything before
    algorithm = steps.averaged(steps.alternating(game, optax.adam(1e-2, b1=0.5), optax.adam(1e-2, b1=0.5)), 0.98)
    data_key, init_key, latent_key = jax.random.split(jax.random.key(0), 3)
    batches = toy.sample(data_key, NUM_STEPS * BATCH).reshape(NUM_STEPS, BATCH, 2)
    state = algorithm.init(init_key, batches[0])

    @jax.jit
    def train(state, batches):
        return jax.lax.scan(algorithm.step, state, batches)

    @jax.jit
    def draw(state):
        return generator.apply(steps.generator_variables(state), prior.sample(latent_key, 1000))[0]

    before = distances(draw(state), toy)
    state, info = train(state, batches)
    after = distances(draw(state), toy)
    assert np.isfinite(info.disc_loss).all()
    # the ring's modes are .77 apart; a sample is at a mode when it is nearer than .2
    assert after.min(axis=1).mean() < 0.55 * before.min(axis=1).mean()
    assert len(set(before.argmin(axis=1)[before.min(axis=1) < 0.2])) <= 4
    assert len(set(after.argmin(axis=1)[after.min(axis=1) < 0.2])) == 8


@pytest.mark.parametrize(("reduce", "got"), [(jnp.mean, r"\[\]"), (lambda x: x[:, None], r"\[8, 1\]")])
def test_a_loss_that_is_reduced_or_of_another_shape_is_refused(reduce, got):
    """A mean would train as if nothing were, and [B, 1] meet a penalty's [B] as [B, B]."""
    batch = Batch(jnp.zeros((8, 2)))
    networks = mlp_generator((2,), features=(4,)), mlp_discriminator((2,), features=(4,))
    for whole in (
        losses.hinge()._replace(discriminator=lambda real, fake: reduce(fake - real)),
        losses.hinge()._replace(generator=lambda real, fake: reduce(-fake)),
    ):
        game = Game(*networks, objectives.adversarial(whole), priors.normal(2))
        algorithm = steps.alternating(game, optax.sgd(0.1), optax.sgd(0.1))
        with pytest.raises(InputError, match=rf"a loss for each score, \[8\], got {got}: return them unreduced"):
            algorithm.init(jax.random.key(0), batch)
