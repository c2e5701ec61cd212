"""The one door between Flax and the rest of the library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
from flax import linen as nn
from jaxtyping import Array

from ganjax.types import Key, Network, PyTree, Variables


def from_linen(module: nn.Module) -> Network:
    """A Flax Linen module as a `Network`.

    The module's call takes (*inputs, train: bool). Its `params` collection becomes `Variables.params`; every other
    collection (batch norm's averages, spectral norm's vectors) becomes `Variables.stats`, a dict of collections,
    or `()` where the module has none. The `key` of `apply` is the `dropout` rng.
    """

    def init(key: Key, *inputs: Array) -> Variables:
        params_key, dropout_key = jax.random.split(key)
        collections = dict(module.init({"params": params_key, "dropout": dropout_key}, *inputs, train=False))
        params = collections.pop("params", {})
        return Variables(params, collections or ())

    def apply(
        variables: Variables, *inputs: Array, train: bool = False, key: Key | None = None
    ) -> tuple[PyTree, PyTree]:
        collections: Mapping[str, Any] = variables.stats or {}
        rngs = {} if key is None else {"dropout": key}
        everything = {"params": variables.params, **collections}
        if not (train and collections):
            return module.apply(everything, *inputs, train=train, rngs=rngs), variables.stats
        output, updated = module.apply(everything, *inputs, train=train, rngs=rngs, mutable=list(collections))
        return output, dict(updated)

    return Network(init, apply)


def stateless(init: Callable[..., PyTree], apply: Callable[..., PyTree]) -> Network:
    """Any pair of pure functions as a `Network`: init(key, *inputs) -> params, apply(params, *inputs) -> output.

    For games too small to need a framework:

        shift = stateless(lambda key, latents: jnp.zeros(()), lambda shift, latents: latents + shift)
    """

    def network_init(key: Key, *inputs: Array) -> Variables:
        return Variables(init(key, *inputs))

    def network_apply(
        variables: Variables, *inputs: Array, train: bool = False, key: Key | None = None
    ) -> tuple[PyTree, PyTree]:
        del train, key  # nothing in a stateless network depends on them
        return apply(variables.params, *inputs), variables.stats

    return Network(network_init, network_apply)
