"""A state as named arrays on the host, and back: what a checkpoint holds, and what makes two states equal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Shaped

from ganjax.checks import InputError
from ganjax.types import PyTree

HostArray = Shaped[np.ndarray, "..."]


class Leaf(NamedTuple):
    """What a checkpoint's manifest says of one array.

    Attributes:
      dtype: its type's name; `key<fry>` and the like for typed random keys.
      shape: its shape; a typed key's own, without the axis of its words.
      impl: the generator that a typed key belongs to; "" for all other arrays.
    """

    dtype: str
    shape: tuple[int, ...]
    impl: str = ""

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"


def named_leaves(state: PyTree) -> dict[str, Any]:
    """The leaves of `state` by name, in tree order; a name reads as the Python that reaches it: `state.key`.

    Raises:
      InputError: when a leaf is not an array: a Python number has no type and shape to hold a checkpoint to.
    """
    leaves = {
        "state" + jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_flatten_with_path(state)[0]
    }
    for name, leaf in leaves.items():
        if not (hasattr(leaf, "dtype") and hasattr(leaf, "shape")):
            raise InputError(f"Expected arrays only, got {name} = {leaf!r}: wrap it in jnp.asarray.")
    return leaves


def is_key(leaf: Any) -> bool:
    """Whether `leaf` (an array or its shape) is a typed random key, made by `jax.random.key`."""
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def form(leaf: Any) -> Leaf:
    """What is to be said of an array or, but for a key's `impl`, of a `jax.ShapeDtypeStruct`."""
    impl = str(jax.random.key_impl(leaf)) if isinstance(leaf, jax.Array) and is_key(leaf) else ""
    return Leaf(str(leaf.dtype), tuple(leaf.shape), impl)


def host_copies(leaves: Iterable[Any]) -> list[HostArray]:
    """The leaves' numbers in memory of the host's own; typed keys as their words.

    A true copy, always, so that nothing rests on when Orbax makes its own: on the CPU `np.asarray` of a `jax.Array` is
    a view, and while a save held it the next step could not take over the array's memory (donation).
    """
    arrays = [jax.random.key_data(leaf) if is_key(leaf) else leaf for leaf in leaves]
    for array in arrays:
        if isinstance(array, jax.Array):
            array.copy_to_host_async()  # all transfers under way before the first is waited for
    return [np.array(array, copy=True, order="C") for array in arrays]


def digest(leaf: Leaf, array: HostArray) -> str:
    """SHA-256 over the name of the type, the shape and the bytes of one array, in hexadecimal."""
    sha256 = hashlib.sha256(str(leaf).encode())
    sha256.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return sha256.hexdigest()


def state_sha256(state: PyTree) -> str:
    """SHA-256 over every array of `state` in tree order, in hexadecimal: equal exactly when all bits are.

    Type, shape and bytes of each array enter; the names of the leaves do not. Typed keys enter through their words.
    Two runs, or a run and its resumed twin, are the same run when this is the same.

    Args:
      state: a tree of arrays; () subtrees hold none.

    Raises:
      InputError: when a leaf is not an array.
    """
    leaves = list(named_leaves(state).values())
    digests = (digest(form(leaf), array) for leaf, array in zip(leaves, host_copies(leaves), strict=True))
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def differences(saved: Mapping[str, Leaf], expected: Mapping[str, Leaf]) -> list[str]:
    """What keeps a checkpoint's leaves from being a template's, one sentence part for each leaf that differs."""
    found = []
    for name in [*expected, *(name for name in saved if name not in expected)]:
        there, here = saved.get(name), expected.get(name)
        if there is None or here is None:
            found.append(f"{name} is only in the {'checkpoint' if here is None else 'state to be restored'}")
        elif (there.dtype, there.shape) != (here.dtype, here.shape):
            found.append(f"{name} is {there} in the checkpoint and {here} in the state to be restored")
    return found


def place(array: HostArray, leaf: Leaf, like: Any) -> Any:
    """Numbers from a checkpoint as a leaf of the kind, and on the devices, of the template's leaf `like`."""
    if isinstance(like, np.ndarray | np.generic):
        return array
    # an array that is not committed to its device may meet others on any; keep it so
    value = jax.device_put(array, like.sharding if getattr(like, "committed", True) else None)
    return jax.random.wrap_key_data(value, impl=leaf.impl) if leaf.impl else value
