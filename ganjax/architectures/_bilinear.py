"""Bilinear maps as JAX primitives: a form for each platform, every derivative, batching without copies.

A function with a hand-written gradient (`jax.custom_vjp`) would do for plain training. But it has no forward mode, and
`vmap` maps its gradient sample by sample: a penalty on per-sample gradients would then make one kernel gradient a
sample, only to sum them (3 times the time or 17 times the memory, on a small DCGAN). Here they join the batch.

The form is chosen when a program is lowered, by the platform that it is lowered for. A choice by
`jax.default_backend()` would be wrong for a program placed on the CPU of a machine with an accelerator.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import batching, mlir
from jaxtyping import Array

BilinearMap = Callable[[Array, Array, Any], Array]  # (first, second, setting) -> output
OutputShape = Callable[[tuple[int, ...], tuple[int, ...], Any], tuple[int, ...]]
Join = tuple[int, int]


def bilinear(
    name: str, shape: OutputShape, cpu: BilinearMap, default: BilinearMap, joins: tuple[Join, Join]
) -> Primitive:
    """A primitive of (first, second, *, setting), linear in each of the two; the caller defines its derivatives.

    Its arrays carry a leading axis of groups, on which the map acts group by group: that is where `vmap` over both
    operands goes. `vmap` over one of them goes to the axis that `joins` names, and costs nothing.

    Args:
      shape: (first, second, setting) -> the output's shape, groups included.
      cpu: the form for one group on the CPU.
      default: the form for one group on every other platform.
      joins: for the first operand and for the second, where a mapped axis goes if that operand alone is mapped: the
        axis of the operand that takes it, and the axis of the output that gives it back.
    """
    primitive = Primitive(name)

    @partial(jax.jit, static_argnames="setting")
    def run(first: Array, second: Array, setting: Hashable) -> Array:
        return primitive.bind(first, second, setting=setting)

    def abstract(first: Any, second: Any, *, setting: Hashable) -> Any:
        return first.update(shape=shape(first.shape, second.shape, setting), weak_type=False)

    def batch(operands: Sequence[Array], dims: Sequence[int | None], *, setting: Hashable) -> tuple[Array, int]:
        return _batched(partial(primitive.bind, setting=setting), joins, operands, dims)

    def lower_on_cpu(first: Array, second: Array, *, setting: Hashable) -> Array:
        # one group after another: on the CPU, grouped convolutions and batched products are slower than that
        return _by_group(lambda a, b: cpu(a, b, setting), lax.map, first, second)

    def lower(first: Array, second: Array, *, setting: Hashable) -> Array:
        return _by_group(lambda a, b: default(a, b, setting), lambda form, pairs: jax.vmap(form)(pairs), first, second)

    primitive.def_impl(run)
    primitive.def_abstract_eval(abstract)
    batching.primitive_batchers[primitive] = batch
    mlir.register_lowering(primitive, mlir.lower_fun(lower, multiple_results=False))
    mlir.register_lowering(primitive, mlir.lower_fun(lower_on_cpu, multiple_results=False), platform="cpu")
    return primitive


def _by_group(form: Callable[[Array, Array], Array], over: Callable[..., Array], first: Array, second: Array) -> Array:
    """`form` on each group by way of `over`, or plainly on the one group that there is unless games are mapped over."""
    if first.shape[0] == 1:
        return form(first[0], second[0])[None]
    return over(lambda pair: form(*pair), (first, second))


def _batched(
    bind: Callable[..., Array], joins: tuple[Join, Join], operands: Sequence[Array], dims: Sequence[int | None]
) -> tuple[Array, int]:
    """The batching rule: a mapped axis joins one that the map treats element by element."""
    mapped = [dim is not None for dim in dims]
    into = [0 if all(mapped) else axis for axis, _ in joins]
    out_axis = 0 if all(mapped) else joins[mapped.index(True)][1]
    size = next(x.shape[dim] for x, dim in zip(operands, dims, strict=True) if dim is not None)
    joined = [x if dim is None else _join(x, dim, axis) for x, dim, axis in zip(operands, dims, into, strict=True)]
    out = bind(*joined)
    return out.reshape(*out.shape[:out_axis], size, -1, *out.shape[out_axis + 1 :]), out_axis


def _join(x: Array, dim: int, axis: int) -> Array:
    """Merges axis `dim` of `x` into what is axis `axis` without it."""
    x = jnp.moveaxis(x, dim, axis)
    return x.reshape(*x.shape[:axis], -1, *x.shape[axis + 2 :])


def vary_alike(first: Array, second: Array) -> tuple[Array, Array]:
    """Inside `shard_map`: marks an operand that all devices share as varying wherever the other one varies.

    The transpose of that mark sums the operand's gradient over the devices. Elsewhere nothing happens.
    """
    axes = _varying_axes(first) | _varying_axes(second)
    return _mark_varying(first, axes), _mark_varying(second, axes)


def _varying_axes(x: Array) -> frozenset[Any]:
    kind: Any = jax.typeof(x)
    # the attribute moved within jax 0.x
    return kind.mat.varying if hasattr(kind, "mat") else getattr(kind, "vma", frozenset())


def _mark_varying(x: Array, axes: frozenset[Any]) -> Array:
    missing = tuple(axes - _varying_axes(x))
    if not missing:
        return x
    versioned: Any = lax
    return versioned.pcast(x, missing, to="varying") if hasattr(lax, "pcast") else versioned.pvary(x, missing)
