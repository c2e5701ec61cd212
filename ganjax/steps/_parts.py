"""What is no game, optimizer or batch at all, most often a builder that was not called: said at the start."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ganjax.checks import InputError
from ganjax.types import Batch, Game

NETWORK = ("init", "apply", "samples_per_score")
# of each part: what it is, what it must have, and how one comes by it
PARTS = {
    "generator": ("a Network", NETWORK, 'architectures.ARCHITECTURES["mlp"].generator(shape)'),
    "discriminator": ("a Network", NETWORK, 'architectures.ARCHITECTURES["mlp"].discriminator(shape)'),
    "helper": ("a Network", NETWORK, "architectures.statistics_network()"),
    "objective": ("an Objective", ("discriminator", "generator", "needs", "needs_helper"), "objectives.hinge()"),
    "prior": ("a Prior", ("sample", "shape", "energy"), "priors.normal(100)"),
    "optimizer": ("an optax optimizer", ("init", "update"), "optax.adam(2e-4, b1=0.5)"),
}


def check_parts(game: Game, **optimizers: Any) -> None:
    """Raises `InputError` for a part of a game, or an optimizer, that is something else."""
    for name in game._fields:
        part = getattr(game, name)
        if name != "helper" or part is not None:
            check_part(name, name, part)
    for name, optimizer in optimizers.items():
        check_part(name, "optimizer", optimizer)


def check_part(name: str, kind: str, part: Any) -> None:
    """Raises `InputError` unless the part has what its kind has."""
    what, fields, example = PARTS[kind]
    if all(hasattr(part, field) for field in fields):
        return
    if hasattr(part, "init_with_output"):  # a Flax module: Flax itself is the architectures' alone
        mend = "wrap the module: architectures.from_linen(module)"
    elif callable(part):
        mend = f"call what makes one, such as {example}"
    elif kind == "objective" and hasattr(part, "discriminator"):
        mend = "make one of the loss: objectives.adversarial(loss)"
    else:
        mend = f"such as {example}"
    raise InputError(f"Expected {what} as {name}, got {described(part)}: {mend}.")


def described(part: Any) -> str:
    """A thing by its name or its kind."""
    kind = type(part).__name__
    if hasattr(part, "__name__"):
        return f"the {kind} {part.__name__}"
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"


def check_batch(batch: Batch) -> None:
    """Raises `InputError` unless samples are floats, one a row, and everything that goes with them has as many rows."""
    samples = batch.samples
    if not hasattr(samples, "dtype") or not hasattr(samples, "shape"):
        raise InputError(
            f"Expected a batch as samples [B, ...] or a pair (samples, condition), got {described(samples)} as samples."
        )
    if not jnp.issubdtype(samples.dtype, jnp.floating):
        raise InputError(
            f"Expected samples as floats, got {samples.dtype}{list(samples.shape)}: data.to_float(images) maps bytes "
            "to [-1, 1]."
        )
    if samples.ndim < 1 or not samples.size:
        raise InputError(f"Expected samples [B, ...] with B >= 1, got {list(samples.shape)}.")
    for leaf in jax.tree.leaves(batch.condition):
        if jnp.shape(leaf)[:1] != samples.shape[:1]:
            raise InputError(
                f"Expected a condition for each of {len(samples)} samples, got one of shape {list(jnp.shape(leaf))}."
            )


def check_apply(made: Any) -> None:
    """Raises `InputError` unless a network's apply gave a pair."""
    if not (isinstance(made, tuple) and len(made) == 2):
        raise InputError(
            f"Expected a network's apply to return (output, stats), got {described(made)}: architectures.stateless"
            "(init, apply) and from_linen make networks of functions and modules that return their output alone."
        )
