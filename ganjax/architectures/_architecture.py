"""A row of the table of architectures."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ganjax.types import Network


class Architecture(NamedTuple):
    """Two builders that belong together: (sample_shape, **hyperparameters) -> Network.

    Every hyperparameter has a default and a plain type, so that a command line can offer it.

    Attributes:
      generator: its network takes (latents, *condition) and gives samples.
      discriminator: its network takes (samples, *condition) and gives a `DiscriminatorOutput`.
    """

    generator: Callable[..., Network]
    discriminator: Callable[..., Network]
