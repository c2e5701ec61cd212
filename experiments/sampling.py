"""What sample.py does beyond a plain draw: other samplers of latents, and pictures that look into a trained game."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import memory
import numpy as np
import optax
import pictures
from assembly import Run
from config import Config

from ganjax import priors, samplers
from ganjax.checks import InputError, Table
from ganjax.data import Stored, batch_at, to_float
from ganjax.io import image_grid, scatter_picture
from ganjax.types import GanState, Key, Latents, Variables

BLOCK = 500  # latents at a time, drawn as assembly.sample draws them: chains start where its samples are
CHAINS = 2**31 - 1  # the chains' own key, beyond every block's
COLUMNS, POINTS = 10, 100  # of images in a row, and on a path
FRESH_POINTS = 10_000  # of a distribution that stores none
INVERT_STARTS, INVERT_STEPS, INVERT_RATE = 2000, 500, 0.05
NOISE = 0.02  # σ of x = G(z) + σ · noise: how much inversion minds the prior

Draw = Callable[[Key, int], jax.Array]  # (key, num) -> latents [num, Z]
T = TypeVar("T")


class Trained(NamedTuple):
    """A trained game to sample from."""

    config: Config
    run: Run
    generator: Variables
    discriminator: Variables


class Settings(NamedTuple):
    """Of the samplers."""

    step_size: float
    steps: int
    gamma: float


def trained(config: Config, run: Run, state: GanState, generator: Variables, truncation: float | None) -> Trained:
    """The game of a checkpoint, its prior truncated where that is asked for.

    Raises:
      InputError: if a prior other than the normal one is to be truncated.
    """
    discriminator = Variables(state.disc_params, state.disc_stats)
    if truncation is None:
        return Trained(config, run, generator, discriminator)
    name = config.prior.name  # type: ignore[attr-defined]
    if name not in ("normal", "truncated-normal"):
        raise InputError(f"Expected a run with a normal prior for --truncation, got {name}: sample without it.")
    prior = priors.truncated_normal(*run.game.prior.shape, bound=truncation)
    return Trained(config, run._replace(game=run.game._replace(prior=prior)), generator, discriminator)


def of_class(config: Config, run: Run, label: int | None) -> Run:
    """The run whose samples are all of one class; None for all classes in turn.

    Raises:
      InputError: if the run is not conditioned on labels, or has no such class.
    """
    if label is None:
        return run
    if config.data.condition != "labels":
        raise InputError(
            f"Expected a run conditioned on labels for --label, got one conditioned on {config.data.condition}: its "
            "generator is not told a class; drop the flag."
        )
    classes = run.source.spec.num_classes or 0
    if not 0 <= label < classes:
        raise InputError(f"Expected --label 0 to {classes - 1}, a class of {run.source.spec.name}, got {label}.")

    def generate(variables: Variables, latents: Latents, indices: jax.Array) -> jax.Array:
        return run.generate(variables, latents, jnp.full_like(indices, label))

    return run._replace(generate=generate)


def made(game: Trained, latents: jax.Array, indices: jax.Array | None = None) -> np.ndarray:
    """What the generator makes of latents [N, Z], a block at a time; [N, ...] float32."""
    indices = jnp.arange(len(latents)) if indices is None else indices
    generate = jax.jit(game.run.generate)
    parts = [slice(start, start + BLOCK) for start in range(0, len(latents), BLOCK)]
    return np.concatenate([np.asarray(generate(game.generator, latents[i], indices[i]), np.float32) for i in parts])


def prior_latents(game: Trained, key: Key, num: int) -> jax.Array:
    """The latents of assembly.sample's samples."""
    sample = game.run.game.prior.sample
    return jnp.concatenate([sample(jax.random.fold_in(key, i), BLOCK) for i in range(-(-num // BLOCK))])[:num]


# ---------------------------------------------------------------- samplers


def latent_energy(game: Trained) -> samplers.Energy:
    """U(z) = −D(G(z)).

    Raises:
      InputError: in a conditional game, whose networks want more than latents, or a packed one.
    """
    refuse_conditional(game, "--sampler")
    return samplers.latent_energy(game.run.game, game.generator, game.discriminator)


def refuse_conditional(game: Trained, flag: str) -> None:
    """Raises `InputError` where the generator is told more than its latents."""
    told = game.config.data.condition
    if told != "none":
        raise InputError(
            f"Expected a run without a condition for {flag}, got one conditioned on {told}: drop the flag."
        )


def by_langevin(game: Trained, settings: Settings) -> Draw:
    """Unadjusted chains on −D(G(z)) − log prior(z), from draws of the prior."""
    prior = game.run.game.prior
    energy = samplers.with_prior(latent_energy(game), prior)
    if prior.energy is not None and jnp.isinf(prior.energy(jnp.full(prior.shape, 1e6))):
        raise InputError("Expected a prior without an edge for --sampler langevin, which would cross it: take mala.")

    def chains(key: Key, latents: jax.Array) -> jax.Array:
        return samplers.langevin(key, energy, latents, step_size=settings.step_size, num_steps=settings.steps)

    return lambda key, num: jnp.concatenate(in_blocks(chains, game, key, num))


def by_mala(game: Trained, settings: Settings) -> Draw:
    """The same chains with Metropolis and Hastings' correction."""
    energy = samplers.with_prior(latent_energy(game), game.run.game.prior)

    def chains(key: Key, latents: jax.Array) -> samplers.MalaChains:
        return samplers.mala(key, energy, latents, step_size=settings.step_size, num_steps=settings.steps)

    def draw(key: Key, num: int) -> jax.Array:
        latents, rates = (jnp.concatenate(parts) for parts in zip(*in_blocks(chains, game, key, num), strict=True))
        print(f"MALA: {100 * float(rates.mean()):.1f} % of the proposals accepted; half to two thirds are best")
        return latents

    return draw


def in_blocks(chains: Callable[[Key, jax.Array], T], game: Trained, key: Key, num: int) -> list[T]:
    """What `chains` makes of `num` draws of the prior, block by block."""
    latents, chain_key, compiled = prior_latents(game, key, num), jax.random.fold_in(key, CHAINS), jax.jit(chains)
    starts = range(0, num, BLOCK)
    return [compiled(jax.random.fold_in(chain_key, start), latents[start : start + BLOCK]) for start in starts]


def by_rejection(game: Trained, settings: Settings) -> Draw:
    """Draws of the prior that the discriminator, read as log p/q, takes for data."""
    energy, prior = latent_energy(game), game.run.game.prior

    def score(latents: jax.Array) -> jax.Array:
        return -jax.vmap(energy)(latents)

    def draw(key: Key, num: int) -> jax.Array:
        look_key, accept_key = jax.random.split(key)
        highest = samplers.highest_score(look_key, prior.sample, score)
        kept = samplers.rejection(accept_key, prior.sample, score, num, max_score=highest, gamma=settings.gamma)
        print(f"Rejection: {100 * kept.acceptance_rate:.2f} % of the proposals accepted")
        return kept.samples

    return draw


SAMPLERS: Table[Callable[[Trained, Settings], Draw]] = Table(
    "sampler", {"langevin": by_langevin, "mala": by_mala, "rejection": by_rejection}
)


# ---------------------------------------------------------------- pictures


def interpolation(game: Trained, key: Key, num: int, samples: np.ndarray) -> np.ndarray:
    """`num` rows, each the way along a great circle between two latents; points as paths over the data."""
    del samples  # it makes its own
    columns = COLUMNS if game.run.source.spec.is_image else POINTS
    ends = prior_latents(game, key, 2 * num).reshape(num, 2, *game.run.game.prior.shape)
    ways = jnp.linspace(0.0, 1.0, columns)
    between = jax.jit(jax.vmap(jax.vmap(priors.spherical, (None, None, 0)), (0, 0, None)))(ends[:, 0], ends[:, 1], ways)
    # in a conditional game a row keeps its class
    rows = jnp.repeat(jnp.arange(num), columns)
    points = made(game, between.reshape(num * columns, *game.run.game.prior.shape), rows)
    return image_grid(points, columns) if points.ndim == 4 else pictures.picture(game.run, points)


def neighbors(game: Trained, key: Key, num: int, samples: np.ndarray) -> np.ndarray:
    """Generated samples, each over the nearest one of the data."""
    del key  # the samples are there
    data = stored(game.run)
    decode = to_float if data.dtype == jnp.uint8 else None
    found = samplers.nearest(jnp.asarray(samples[:num]), data, decode=decode)
    print(f"Nearest neighbours in {len(data)} samples: mean distance {float(found.distances.mean()):.4g}")
    near, shown = data[found.indices], samples[:num]
    if decode is None:
        return scatter_picture(np.asarray(near), shown, title="nearest in the data")
    return rows_over(shown, np.asarray(decode(near)))


def check_pictures(game: Trained, names: Iterable[str]) -> None:
    """Raises `InputError` for pictures that this game can't have, before anything is drawn."""
    names = set(names)
    if "inversion" in names:
        refuse_conditional(game, "--invert")
    if names & {"neighbors", "inversion"} and game.run.source.spec.shape == (1,):
        raise InputError("Expected images or points in the plane for --neighbors and --invert, got points on a line.")


def stored(run: Run) -> jax.Array:
    """The data as they are stored, or fresh points where none are."""
    if isinstance(run.source.arrays, Stored) or run.source.feed is not None:
        return jnp.asarray(memory.samples(run.source))
    return batch_at(run.source, run.data_key, 0, FRESH_POINTS).samples


def inversion(game: Trained, key: Key, num: int, samples: np.ndarray) -> np.ndarray:
    """Real samples over what the generator makes of the latents found for them."""
    del samples  # it looks at real ones
    start_key, real_key = jax.random.split(key)
    real, prior = batch_at(game.run.source, real_key, 0, num).samples, game.run.game.prior
    starts = prior.sample(start_key, INVERT_STARTS)
    begin = starts[samplers.nearest(real, jnp.asarray(made(game, starts))).indices]
    generate = samplers.generate_one(game.run.game.generator, game.generator)
    adam = optax.adam(optax.cosine_decay_schedule(INVERT_RATE, INVERT_STEPS))
    minds = prior.energy or (lambda latent: jnp.zeros(()))

    @jax.jit
    def found(real: jax.Array, begin: jax.Array) -> samplers.Inversion:
        penalty = lambda latent: 2 * NOISE**2 * minds(latent)  # noqa: E731
        return samplers.invert(generate, real, begin, adam, num_steps=INVERT_STEPS, penalty=penalty)

    latents, errors = found(real, begin)
    print(f"Inversion: mean squared error {float(errors.mean()) / real[0].size:.4g} a number")
    pair = np.asarray(real), made(game, latents)
    return rows_over(*pair) if real.ndim == 4 else scatter_picture(*pair, title="reconstructed from latents")


def rows_over(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Two batches of images, each row of the one over its row of the other."""
    columns, shape = min(COLUMNS, len(top)), top.shape[1:]
    blank = np.ones((-len(top) % columns, *shape), np.float32)
    rows = [np.concatenate([images, blank]).reshape(-1, columns, *shape) for images in (top, bottom)]
    return image_grid(np.stack(rows, axis=1).reshape(-1, *shape), columns)


Picture = Callable[[Trained, Key, int, np.ndarray], np.ndarray]  # (game, key, num, samples) -> uint8 [H, W, C]
PICTURES: Table[Picture] = Table(
    "picture", {"interpolation": interpolation, "neighbors": neighbors, "inversion": inversion}
)
