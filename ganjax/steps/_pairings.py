"""What a game is refused for before it is played: parts that don't fit each other. All in shapes, but for one trial."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from ganjax.checks import InputError
from ganjax.steps._play import as_output, generate, judge, split
from ganjax.steps._scored_alone import tried_alone
from ganjax.types import Batch, Deal, DiscriminatorOutput, Game, Key, Latents, Losses, Objective, PyTree, Variables

# features that objectives need -> the rows of ARCHITECTURES whose discriminators offer them
OFFERED_BY = {
    "posterior": ("mlp_posterior", "dcgan_posterior"),
    "codes": ("mlp_encoder", "dcgan_encoder", "mlp_autoencoder", "dcgan_autoencoder"),
    "class_logits": ("dcgan_classifier",),
    "level_scores": ("lapgan",),
}


class Cast(NamedTuple):
    """The arrays of every network of a game."""

    gen: Variables
    disc: Variables
    helper: Variables


def check_fake(fake: PyTree, real: Array) -> None:
    """Raises unless the generator makes what the data is."""
    if getattr(fake, "shape", None) != real.shape:
        raise InputError(
            f"Expected the generator to make samples of the data's shape {list(real.shape)}, "
            f"got {list(getattr(fake, 'shape', ()))}: set the generator's output shape or resolution to the data's."
        )


def check_output(output: DiscriminatorOutput, num_scores: int, objective: Objective) -> None:
    """Raises unless the discriminator gives scores [num_scores] and every feature that the objective needs."""
    scores, features = output
    if scores.shape != (num_scores,):
        mend = "squeeze the last axis" if scores.shape == (num_scores, 1) else "return one scalar a sample"
        raise InputError(f"Expected the discriminator's scores[{num_scores}], got scores{list(scores.shape)}: {mend}.")
    missing = [name for name in objective.needs if name not in features]
    if missing:
        raise InputError(
            f"The objective needs the discriminator's features {', '.join(missing)}, "
            f"got {', '.join(features) or 'none'}: use a discriminator that offers them{offered(missing)}."
        )


def offered(missing: list[str]) -> str:
    """Which architectures have what is missing, where the table knows."""
    known = [name for name in missing if name in OFFERED_BY]
    rows = "; ".join(f"{name} is offered by {', '.join(OFFERED_BY[name])}" for name in known)
    return f" ({rows}; --discriminator.name {OFFERED_BY[known[0]][0].replace('_', '-')})" if known else ""


def check_helper(game: Game) -> None:
    """Raises if the objective needs a helper network and the game has none."""
    if game.objective.needs_helper and game.helper is None:
        raise InputError(
            "The objective needs a helper network, got a game without one: use Game(..., "
            "helper=architectures.statistics_network()) or --helper.name statistics; dcgan_statistics suits images."
        )


def check_objective(game: Game, cast: Cast, key: Key, latents: Latents, batch: Batch) -> None:
    """Raises whatever the objective raises on the game's shapes, or if its penalty can't score one sample by itself.

    Both losses are evaluated in shapes alone. A discriminator's loss that calls `score_fn` penalizes single samples'
    slopes; then every sample's score must be its own, which is tried out.
    """
    called: list[bool] = []

    def losses(key: Key, latents: Latents, step: Array) -> tuple[Losses, Losses]:
        deal, keys = Deal(step, latents, key), split(key)
        fake, _ = generate(game, cast.gen, deal, batch)
        play, _ = judge(game, cast.disc, cast.helper, deal, batch, fake=fake)

        def noting(*sample: PyTree) -> Array:
            called.append(True)
            return play.score_fn(*sample)

        watched = play._replace(score_fn=noting)
        return game.objective.discriminator(keys.disc_objective, watched), game.objective.generator(
            keys.gen_objective, play
        )

    jax.eval_shape(losses, key, latents, jnp.int32(0))
    if called and not tried_alone(game, batch):
        raise InputError(
            "Batch norm under a gradient penalty: the objective penalizes the slope of each sample's own score, but "
            "this discriminator mixes the samples of a batch (batch norm or minibatch statistics). Build it without: "
            'normalization="none" or "layer" in Python, --discriminator.normalization none (or layer) on the command '
            "line; and group_size 1, where it has groups."
        )


def outputs_of(game: Game, disc: Variables, batch: Batch) -> DiscriminatorOutput:
    """What the discriminator gives on real samples, in shapes alone."""
    return jax.eval_shape(lambda: as_output(game.discriminator.apply(disc, batch.samples, *batch.context)[0]))
