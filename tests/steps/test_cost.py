"""What one step costs, from the compiled program: one backward pass is the cheapest way, and by how much."""

import jax
import jax.numpy as jnp
import optax
import pytest

from ganjax import objectives, priors, steps
from ganjax.architectures import dcgan_discriminator, dcgan_generator, mlp_discriminator, mlp_generator
from ganjax.types import Game

SHAPES = {"mlp": (8, 8, 1), "dcgan": (8, 8, 1)}


def game(architecture):
    shape = SHAPES[architecture]
    generator, discriminator = {
        "mlp": (mlp_generator(shape, features=(64, 128)), mlp_discriminator(shape, features=(128, 64))),
        "dcgan": (dcgan_generator(shape, channels=16), dcgan_discriminator(shape, channels=16, normalization="none")),
    }[architecture]
    return Game(generator, discriminator, objectives.non_saturating(), priors.normal(32)), shape


def flops(algorithm, batch):
    state = jax.eval_shape(algorithm.init, jax.random.key(0), batch)
    analysis = jax.jit(algorithm.step, donate_argnums=0).lower(state, batch).compile().cost_analysis()
    return (analysis[0] if isinstance(analysis, list) else analysis)["flops"]


@pytest.mark.parametrize("architecture", ["mlp", pytest.param("dcgan", marks=pytest.mark.slow)])
def test_one_backward_pass_is_cheaper_than_two_than_alternating(architecture):
    played, shape = game(architecture)
    batch = jax.ShapeDtypeStruct((64, *shape), jnp.float32)
    optimizers = optax.sgd(0.1), optax.sgd(0.1)
    alternating = flops(steps.alternating(played, *optimizers), batch)
    shared_forward = flops(steps.synchronous(played, *optimizers, steps.shared_forward), batch)
    fused = flops(steps.synchronous(played, *optimizers, steps.fused), batch)
    print(f"{architecture}: alternating {alternating:.4g}, shared forward {shared_forward:.4g}, fused {fused:.4g} FLOP")
    assert fused < shared_forward < alternating
    assert fused < 0.85 * alternating
