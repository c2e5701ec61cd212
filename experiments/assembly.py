"""From a config to what it names: the data, the game, the algorithm. Nothing here trains, prints or writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import jax
import jax.numpy as jnp
import optax
import updates
from choices import build
from conditioning import CONDITIONINGS, check_networks
from config import Config, Data
from footprint import check_fits
from memory import load
from rules import check

from ganjax import data, steps
from ganjax.architectures import packed, packed_shape
from ganjax.augmentations import augmented
from ganjax.data import Source, Spec
from ganjax.objectives import penalized
from ganjax.types import Algorithm, Batch, Game, GanState, Key, Latents, Objective, Variables


class Run(NamedTuple):
    """What a config stands for.

    Attributes:
      source: real samples.
      game: networks, objective, prior.
      algorithm: how the players move.
      init_key, data_key, sample_key: the run's keys, from its seed.
      generate: (the generator's variables, latents [B, ...], indices of the samples [B]) -> samples, in evaluation
        mode; in a conditional game sample i is of class i mod K.
    """

    source: Source
    game: Game
    algorithm: Algorithm
    init_key: Key
    data_key: Key
    sample_key: Key
    generate: Callable[[Variables, Latents, jax.Array], jax.Array]


def assemble(config: Config) -> Run:
    """Builds and checks everything that a run needs, without training.

    Raises:
      InputError: if a setting, the data or a pairing of networks and objective can't work.
    """
    check(config)
    init_key, data_key, sample_key = jax.random.split(jax.random.key(config.seed), 3)
    images = load(config.data, config.seed)
    images = data.flipped(images) if config.data.flip else images
    data.check_batch_size(images.spec, config.batch_size)
    source = CONDITIONINGS[config.data.condition].prepare(images, config.data.levels)
    check_networks({"generator": config.generator, "discriminator": config.discriminator}, config.data, source)
    game = build_game(config, source.spec.shape)
    keys = init_key, data_key, sample_key
    run = Run(source, game, build_algorithm(config, game), *keys, sampler(config.data, game, source.spec.num_classes))
    # a whole step in shapes alone: every check of every pairing, and nothing computed
    batch = jax.eval_shape(lambda: example_batch(run, config))
    state = jax.eval_shape(run.algorithm.init, init_key, batch)
    check_fits(config, source, run.algorithm, state, jax.make_jaxpr(run.algorithm.step)(state, batch))
    return run


def build_game(config: Config, shape: tuple[int, ...]) -> Game:
    """What is played on samples of a shape. The config's numbers may be traced."""
    discriminator = build("discriminator", config.discriminator, packed_shape(shape, config.packing))
    discriminator, augmentation = packed(discriminator, config.packing), build("augment", config.augment)
    return Game(
        generator=build("generator", config.generator, shape),
        discriminator=discriminator if augmentation is None else augmented(discriminator, augmentation),
        objective=build_objective(config),
        prior=build("prior", config.prior),
        helper=build("helper", config.helper),
    )


def build_objective(config: Config) -> Objective:
    """The named objective, with the named penalty."""
    objective, penalty = build("objective", config.objective), build("penalty", config.penalty)
    return objective if penalty is None else penalized(objective, penalty)


def build_algorithm(config: Config, game: Game) -> Algorithm:
    """How the game's players move."""
    return updates.algorithm(config.update, game, *optimizers(config))


def optimizers(config: Config) -> tuple[optax.GradientTransformation, optax.GradientTransformation]:
    """The generator's and the discriminator's, the latter with its parameters clipped where the config says so."""
    gen_optimizer = build("gen_optimizer", config.gen_optimizer)
    disc_optimizer = build("disc_optimizer", config.disc_optimizer)
    clip = config.update.clip
    return gen_optimizer, disc_optimizer if clip is None else steps.clipped(disc_optimizer, clip)


def example_batch(run: Run, config: Config) -> Batch:
    """One step's batch of zeros."""
    num = config.batch_size * run.algorithm.num_batches
    return jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), data.batch_shapes(run.source, num))


def sampler(
    settings: Data, game: Game, num_classes: int | None
) -> Callable[[Variables, Latents, jax.Array], jax.Array]:
    """`Run.generate`."""
    conditioning = CONDITIONINGS[settings.condition]

    def generate(variables: Variables, latents: Latents, indices: jax.Array) -> jax.Array:
        made, _ = game.generator.apply(variables, latents, *conditioning.context(indices, num_classes))
        return conditioning.finish(made, settings.levels)

    return generate


def init(run: Run, config: Config) -> GanState:
    """The run's first state."""
    return jax.jit(run.algorithm.init)(run.init_key, example_batch(run, config))


def template(run: Run, config: Config) -> GanState:
    """Shapes and dtypes of the run's state, to restore a checkpoint into."""
    return jax.eval_shape(run.algorithm.init, run.init_key, jax.eval_shape(lambda: example_batch(run, config)))


class Sampler(Protocol):
    """(variables, key, num) -> [num, ...] float32."""

    def __call__(self, variables: Variables, key: Key, num: int) -> jax.Array: ...


def block_sampler(run: Run, batch_size: int = 500) -> Sampler:
    """Samples of the generator in evaluation mode, made `batch_size` at a time by one compiled program.

    Sample i depends on (key, i // batch_size, i) alone, so a larger `num` extends a smaller one's whole blocks.
    """

    @jax.jit
    def block(variables: Variables, key: Key, index: jax.Array) -> jax.Array:
        latents = run.game.prior.sample(jax.random.fold_in(key, index), batch_size)
        return run.generate(variables, latents, index * batch_size + jnp.arange(batch_size)).astype(jnp.float32)

    def sample(variables: Variables, key: Key, num: int) -> jax.Array:
        blocks = [block(variables, key, jnp.int32(i)) for i in range(-(-num // batch_size))]
        return jnp.concatenate(blocks)[:num]

    return sample


def sample(run: Run, variables: Variables, key: Key, num: int) -> jax.Array:
    """`num` samples, once; who samples again keeps the `block_sampler`."""
    return block_sampler(run)(variables, key, num)


def noun(run: Run) -> str:
    """What one sample is called."""
    return "images" if run.source.spec.is_image else "points"


def describe(spec: Spec) -> str:
    """The data in a few words."""
    size = "x".join(str(n) for n in spec.shape)
    count = "drawn afresh" if spec.num_samples is None else f"{spec.num_samples:,} samples"
    classes = f", {spec.num_classes} class{'es' if spec.num_classes > 1 else ''}" if spec.num_classes else ""
    return f"{count}, {size}{classes}"
