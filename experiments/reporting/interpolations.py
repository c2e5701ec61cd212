"""The way between latents, as sample.py --interpolate draws it, of a run's newest checkpoint."""

from __future__ import annotations

from typing import NamedTuple

import jax
import numpy as np
import sampling
from sample import chosen, open_run

from ganjax.checks import InputError
from reporting.embedded import Embedded, embed_array, embed_file
from reporting.gallery import INTERPOLATION
from reporting.records import Record, figures

SEED = 0  # sample.py's own


class Interpolation(NamedTuple):
    """The picture, or none; and a sentence on what it is, or why there is none."""

    picture: Embedded | None
    words: str


def interpolation(record: Record, rows: int) -> Interpolation:
    """The picture of the newest checkpoint; where it can't be made, the one that sample.py has left.

    Args:
      record: the run.
      rows: pairs of latents; 0 for sample.py's picture or none.
    """
    why = "none was asked for"
    if rows:
        try:
            return computed(record, rows)
        except (InputError, OSError) as error:
            why = str(error)
    path = record.folder / f"{INTERPOLATION}.png"
    try:
        return Interpolation(embed_file(path), f"interpolation.png, as sample.py has left it ({why})")
    except InputError:
        return Interpolation(None, f"No interpolation: {why}")


def computed(record: Record, rows: int) -> Interpolation:
    """What `sample.py WORKDIR --interpolate ROWS` draws.

    Raises:
      InputError: if the run has no checkpoint, or its data are not on this machine.
    """
    config, run, restored = open_run(record.folder, None)
    if run.source.spec.shape == (1,):
        return Interpolation(None, "Samples are numbers on a line: the pictures of samples show all there is between.")
    generator = chosen(restored.state, "ema")
    if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(generator.params)):
        return Interpolation(None, f"No interpolation: the generator of step {restored.step} is not finite.")
    game = sampling.trained(config, run, restored.state, generator, None)
    picture = sampling.interpolation(game, jax.random.key(SEED), rows, np.zeros(0))
    return Interpolation(embed_array(picture), words(config.data.condition, run.source.spec.is_image, restored.step))


def words(condition: str, images: bool, step: int) -> str:
    """What is seen."""
    way = "in each row the great circle between two latents" if images else "paths: great circles between two latents"
    kept = "; a row keeps its class" if condition == "labels" and images else ""
    return f"step {figures(step)}: {way}{kept}"
