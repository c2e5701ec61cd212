"""Divergences by training: a network is the critic, an objective is what it learns, samples are all it sees.

    estimate(objectives.minimax(), Readout(log 2, −½), one_argument(), real, fake, jax.random.key(0)).value

trains the critic on fresh batches until its learning rate has fallen to nothing, then scores batches that it never saw
and gives the divergence that the objective's value stands for, with a confidence interval. Where the objective bounds
its divergence from below, so does the estimate, in the mean: a critic short of the optimum gives too little.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from ganjax.checks import check_positive
from ganjax.types import DiscriminatorOutput, Objective, Play

Sampler = Callable[[PRNGKeyArray, int], Float[Array, "B F"]]
Scores = Callable[[Any, Array, Array], tuple[Array, Array]]
Activation = Callable[[Array], Array]
CONFIDENCE = 1.96  # standard errors: 95 %


class Critic(NamedTuple):
    """A family of functions to find the best of.

    Attributes:
      init: (key, dim) -> params.
      scores: (params, real [B, F], fake [B, F]) -> (real_scores, fake_scores), each [B].
    """

    init: Callable[[PRNGKeyArray, int], Any]
    scores: Scores


class Readout(NamedTuple):
    """What an objective's mean loss stands for: divergence = offset + scale · E L_D."""

    offset: float
    scale: float


class Settings(NamedTuple):
    """How a critic is trained and judged.

    Attributes:
      num_steps: of Adam.
      batch_size: fresh samples of each side, a step.
      learning_rate: at the start; it falls to 0 along a cosine.
      num_batches: held-out batches.
      held_out: samples of each side in one of them.
    """

    num_steps: int = 3000
    batch_size: int = 1024
    learning_rate: float = 5e-3
    num_batches: int = 100
    held_out: int = 20_000


DEFAULTS = Settings()


class Estimated(NamedTuple):
    """A divergence as a critic sees it.

    Attributes:
      value: the mean over held-out batches.
      low, high: its 95 % confidence interval. It speaks of the samples, not of what the critic has yet to learn.
      standard_error: of the value.
    """

    value: float
    low: float
    high: float
    standard_error: float


# --- critics


def dense(key: PRNGKeyArray, widths: Sequence[int]) -> list[tuple[Array, Array]]:
    """Weights and biases of an MLP; the biases spread, so that the kinks of the first layer cover the data."""
    layers = []
    for layer_key, (rows, columns) in zip(
        jax.random.split(key, len(widths) - 1), itertools.pairwise(widths), strict=True
    ):
        weight_key, bias_key = jax.random.split(layer_key)
        weights = jax.random.normal(weight_key, (rows, columns)) / np.sqrt(rows)
        layers.append((weights, jax.random.normal(bias_key, (columns,))))
    return layers


def mlp(activation: Activation, layers: list[tuple[Array, Array]], x: Array) -> Array:
    """[B, F] to [B]."""
    for weights, biases in layers[:-1]:
        x = activation(x @ weights + biases[None])
    weights, biases = layers[-1]
    return (x @ weights + biases[None])[:, 0]


def one_argument(features: tuple[int, ...] = (32, 32), activation: Activation = jax.nn.softplus) -> Critic:
    """D(x): each sample by itself. Smooth by default; `jax.nn.relu` where the best critic jumps, as hinge's does."""

    def scores(params: Any, real: Array, fake: Array) -> tuple[Array, Array]:
        both = mlp(activation, params, jnp.concatenate([real, fake]))
        return both[: len(real)], both[len(real) :]

    return Critic(lambda key, dim: dense(key, (dim, *features, 1)), scores)


def two_arguments(features: tuple[int, ...] = (64, 64), activation: Activation = jax.nn.softplus) -> Critic:
    """T(x_r, x_f) and T(x_f, x_r): the pair in either order, as GAN-QP's theory has it."""

    def scores(params: Any, real: Array, fake: Array) -> tuple[Array, Array]:
        orders = jnp.concatenate([real, fake], axis=1), jnp.concatenate([fake, real], axis=1)
        both = mlp(activation, params, jnp.concatenate(orders))
        return both[: len(real)], both[len(real) :]

    return Critic(lambda key, dim: dense(key, (2 * dim, *features, 1)), scores)


def lipschitz(features: tuple[int, ...] = (32, 32)) -> Critic:
    """|D(x) − D(y)| ≤ ‖x − y‖ by construction, for the objective wgan.

    Each weight matrix is divided by its largest singular value where that is above 1, and the activation sorts pairs
    of units, which keeps distances as ReLU does not. Whatever the weights, E D(x) − E D(G(z)) is at most W1: nothing
    needs to be taken off, as it would from a gradient penalty's critic. Anil et al. 2018, arXiv:1811.05381.
    """

    def apply(layers: list[tuple[Array, Array]], x: Array) -> Array:
        for index, (weights, biases) in enumerate(layers):
            x = x @ (weights / jnp.maximum(1.0, jnp.linalg.norm(weights, 2))) + biases[None]
            if index < len(layers) - 1:
                halves = jnp.split(x, 2, axis=1)
                x = jnp.concatenate([jnp.maximum(*halves), jnp.minimum(*halves)], axis=1)
        return x[:, 0]

    def scores(params: Any, real: Array, fake: Array) -> tuple[Array, Array]:
        return apply(params, real), apply(params, fake)

    return Critic(lambda key, dim: dense(key, (dim, *features, 1)), scores)


# --- training and judging


def disc_losses(  # noqa: PLR0917
    objective: Objective, critic: Critic, params: Any, key: PRNGKeyArray, real: Array, fake: Array
) -> Array:
    """L_D of each pair. `score_fn` is the critic on one sample, for the objectives that look at its slope."""
    real_scores, fake_scores = critic.scores(params, real, fake)
    play = Play(
        real=real,
        fake=fake,
        latents=fake,
        condition=(),
        real_output=DiscriminatorOutput(real_scores),
        fake_output=DiscriminatorOutput(fake_scores),
        score_fn=lambda x: critic.scores(params, x[None], x[None])[0][0],
    )
    return objective.discriminator(key, play)


def train(  # noqa: PLR0917
    objective: Objective, critic: Critic, real: Sampler, fake: Sampler, key: PRNGKeyArray, settings: Settings
) -> Any:
    """The critic's params after Adam on fresh batches, averaged over the last fifth of the steps."""
    init_key, data_key = jax.random.split(key)
    optimizer = optax.adam(optax.cosine_decay_schedule(settings.learning_rate, settings.num_steps), b2=0.99)
    params = critic.init(init_key, real(data_key, 1).shape[1])
    first_averaged = settings.num_steps - settings.num_steps // 5

    def body(carry: tuple[Any, Any, Any], step: Array) -> tuple[tuple[Any, Any, Any], None]:
        params, state, average = carry
        real_key, fake_key, loss_key = jax.random.split(jax.random.fold_in(data_key, step), 3)
        batches = real(real_key, settings.batch_size), fake(fake_key, settings.batch_size)
        grads = jax.grad(lambda params: jnp.mean(disc_losses(objective, critic, params, loss_key, *batches)))(params)
        updates, state = optimizer.update(grads, state)
        params = optax.apply_updates(params, updates)
        share = 1.0 / jnp.maximum(1, step - first_averaged + 1)
        average = jax.tree.map(lambda mean, x: mean + share * (x - mean), average, params)
        return (params, state, average), None

    @jax.jit
    def run(params: Any) -> Any:
        carry = (params, optimizer.init(params), params)
        return jax.lax.scan(body, carry, jnp.arange(settings.num_steps))[0][2]

    return run(params)


def estimate(  # noqa: PLR0917
    objective: Objective,
    readout: Readout,
    critic: Critic,
    real: Sampler,
    fake: Sampler,
    key: PRNGKeyArray,
    settings: Settings = DEFAULTS,
) -> Estimated:
    """The divergence of two samplers that an objective's best critic stands for.

    Args:
      objective: of the library; its discriminator's loss is what the critic minimises.
      readout: what the loss stands for.
      critic: what it is minimised over.
      real, fake: (key, num) -> samples [num, F].
      key: split for training and for the samples that judge.
      settings: of both.

    Raises:
      InputError: settings that are not positive.
    """
    check_positive(**settings._asdict())
    train_key, judge_key = jax.random.split(key)
    params = train(objective, critic, real, fake, train_key, settings)

    def mean(batch_key: PRNGKeyArray) -> Array:
        real_key, fake_key, loss_key = jax.random.split(batch_key, 3)
        batches = real(real_key, settings.held_out), fake(fake_key, settings.held_out)
        return jnp.mean(disc_losses(objective, critic, params, loss_key, *batches))

    keys = jax.random.split(judge_key, settings.num_batches)
    losses = np.asarray(jax.jit(lambda keys: jax.lax.map(mean, keys))(keys), np.float64)
    values = readout.offset + readout.scale * losses
    error = float(values.std(ddof=1) / np.sqrt(values.size))
    value = float(values.mean())
    return Estimated(value, value - CONFIDENCE * error, value + CONFIDENCE * error, error)
