"""The slips of a first try in a notebook, run without the type checker of the tests: what each is told, as JSON."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from ganjax import augmentations, data, losses, metrics, objectives, priors, steps
from ganjax.architectures import ARCHITECTURES
from ganjax.checks import InputError
from ganjax.types import Batch, Game, Network

MLP, ADAM, KEY = ARCHITECTURES["mlp"], optax.adam(1e-3), jax.random.key(0)
GAME = Game(MLP.generator((2,)), MLP.discriminator((2,)), objectives.non_saturating(), priors.normal(2))
POINTS = jnp.ones((8, 2))


class Plain(nn.Module):
    @nn.compact
    def __call__(self, x, train=False):
        return nn.Dense(2)(x)


def played(game=GAME, batch=POINTS, gen_optimizer=ADAM, disc_optimizer=ADAM, schedule=steps.alternating):
    return lambda: schedule(game, gen_optimizer, disc_optimizer).init(KEY, batch)


SLIPS = {
    "objective not called": played(GAME._replace(objective=objectives.non_saturating)),
    "objective by name": played(GAME._replace(objective="hinge")),
    "loss for an objective": played(GAME._replace(objective=losses.hinge())),
    "prior not called": played(GAME._replace(prior=priors.normal), schedule=steps.synchronous),
    "prior by size": played(GAME._replace(prior=2)),
    "generator not called": played(GAME._replace(generator=MLP.generator)),
    "generator a module": played(GAME._replace(generator=Plain())),
    "discriminator a module": played(GAME._replace(discriminator=Plain())),
    "helper a module": played(GAME._replace(helper=Plain())),
    "learning rate": played(gen_optimizer=1e-3),
    "optimizer not called": played(disc_optimizer=optax.adam),
    "no pair": played(GAME._replace(generator=Network(GAME.generator.init, lambda *_, **__: POINTS))),
    "bytes": played(batch=jnp.ones((8, 2), jnp.uint8), schedule=steps.synchronous),
    "truths": played(batch=jnp.ones((8, 2), bool)),
    "a dict": played(batch={"image": POINTS}),
    "a list": played(batch=[POINTS, jnp.zeros(8, int)]),
    "three": played(batch=(POINTS, POINTS, POINTS)),
    "nothing": played(batch=jnp.ones((0, 2))),
    "a number": played(batch=1.0),
    "labels of another batch": played(batch=Batch(POINTS, jnp.zeros(7, int))),
    "floats to float": lambda: data.to_float(jnp.ones((2, 3))),
    "a list to float": lambda: data.to_float([[0, 255]]),
    "bytes to bytes": lambda: data.to_uint8(np.ones((2, 3), np.uint8)),
    "one image augmented": lambda: augmentations.diffaugment("color")(KEY, jnp.ones((8, 8, 3))),
    "many times": lambda: priors.spherical(jnp.ones(3), jnp.ones(3), jnp.ones(2)),
    "kind of inputs": lambda: metrics.evaluate(metrics.METRICS, "feature", None, None),
    "half a mode": lambda: data.ring_centers(2.5),
    "none": played(batch=np.ones((8, 2), np.float32)),
}


def told(slip):
    try:
        slip()
    except InputError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    print(json.dumps({name: told(slip) for name, slip in SLIPS.items()}))
