"""How the steps of a chunk follow one another: a scan of operations, one by one or in pairs, or one compiled kernel.

XLA's CPU runtime runs a program operation by operation, at a fraction of a microsecond each. A step of a game with a
dozen numbers in a layer has a hundred of them and next to nothing to compute, so that the runtime is all one pays for.
Compiled into one kernel the same loop is 6 to 8 times faster. Large layers lose by it: their products leave the
libraries that are fast at them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganjax.types import PyTree

Body = Callable[[PyTree, PyTree], tuple[PyTree, PyTree]]


class Loop(NamedTuple):
    """A way to repeat a step.

    Attributes:
      scan: (body, first carry, xs) -> (last carry, ys), as `jax.lax.scan`.
      compiler_options: what `jax.jit` must be given for a program with this loop in it; None for nothing.
    """

    scan: Callable[[Body, PyTree, PyTree], tuple[PyTree, PyTree]]
    compiler_options: Mapping[str, bool | str] | None = None


def scan_in_one_kernel(body: Body, carry: PyTree, xs: PyTree) -> tuple[PyTree, PyTree]:
    """`jax.lax.scan` of which XLA's CPU backend makes a single function, called once. Equal to it up to rounding."""
    from jax.experimental.xla_metadata import set_xla_metadata

    with set_xla_metadata(xla_cpu_small_call="true", inlineable="false"):
        return jax.jit(lambda carry, xs: jax.lax.scan(body, carry, xs))(carry, xs)


SCAN = Loop(jax.lax.scan)
IN_PAIRS = Loop(functools.partial(jax.lax.scan, unroll=2))  # half the copies of the state, a fifth more to compile
# the option: the backend's newer fusions have no form inside a kernel, and compilation fails where one is made
ONE_KERNEL = Loop(scan_in_one_kernel, {"xla_cpu_experimental_ynn_fusion_type": ""})

# measured, see experiments/README.md, "How fast, and why"
MOST_NUMBERS = 2**8  # in one array of the state
MOST_PRODUCTS = 2**12  # in one product of matrices
KERNEL_AXES = 4  # of a convolution's kernel

# What one kernel can hold: arithmetic on elements, sums, products of matrices, moves. No sorting, no convolution, no
# factorization, no callback: those are calls into libraries.
_HELD = """
    abs acos acosh add add_any and asin asinh atan atan2 atanh bitcast_convert_type broadcast_in_dim cbrt ceil clamp
    closed_call concatenate convert_element_type copy copy_p cos cosh custom_jvp_call custom_vjp_call
    custom_vjp_call_jaxpr div dot_general dynamic_slice dynamic_update_slice eq erf erf_inv exp exp2 expand_dims
    expm1 floor gather ge gt integer_pow iota is_finite jit le log log1p logistic lt max min mul ne neg nextafter
    not one_minus_square optimization_barrier or pad pjit pow random_bits random_fold_in random_split random_unwrap
    random_wrap reduce_and reduce_max reduce_min reduce_or reduce_prod reduce_sum rem reshape rev round rsqrt scan
    select_n shift_left shift_right_arithmetic shift_right_logical sign sin sinh slice split sqrt square squeeze
    stop_gradient sub tan tanh threefry2x32 transpose unstack while xor
"""
PRIMITIVES = frozenset(_HELD.split())


def loop_for_step(step: Callable[..., Any], *inputs: PyTree) -> Loop:
    """The loop for a step: (state, …) -> anything, of these inputs or their shapes.

    On a CPU one kernel for tiny games, two steps a round for dense networks (6 to 9 % faster), and a plain scan for
    convolutions, which take long to compile as it is; on every other platform the plain scan. The choice is made by
    shapes, never by a clock: they round differently, and a run that is resumed must be the same run.
    """
    if jax.default_backend() != "cpu" or any(jnp.ndim(leaf) == KERNEL_AXES for leaf in jax.tree.leaves(inputs[0])):
        return SCAN
    if largest(inputs[0]) > MOST_NUMBERS:
        return IN_PAIRS
    jaxpr = jax.make_jaxpr(step)(*inputs).jaxpr
    fits = all(
        equation.primitive.name in PRIMITIVES and products(equation) <= MOST_PRODUCTS for equation in within(jaxpr)
    )
    return ONE_KERNEL if fits and one_kernel_works() else IN_PAIRS


def compiled_at_first_call(program: Callable[[Loop], Any], loop_for: Callable[..., Loop]) -> Callable[..., Any]:
    """program(loop) jitted, with its first argument donated.

    Args:
      program: a loop -> a function of arrays.
      loop_for: the same arguments -> the loop to take; asked once.
    """
    chosen: list[Callable[..., Any]] = []

    def run(*inputs: PyTree) -> Any:
        if chosen:
            return chosen[0](*inputs)
        loop = loop_for(*inputs)
        compiled = jitted(program, loop)
        try:
            result = compiled(*inputs)
        except jax.errors.JaxRuntimeError:
            if loop is SCAN:
                raise
            compiled = jitted(program, SCAN)  # a kernel that the compiler refuses: nothing has run yet
            result = compiled(*inputs)
        chosen.append(compiled)
        return result

    return run


def jitted(program: Callable[[Loop], Any], loop: Loop) -> Callable[..., Any]:
    """program(loop) under `jax.jit`, its first argument donated, with the compiler options that the loop needs."""
    options = None if loop.compiler_options is None else dict(loop.compiler_options)
    return jax.jit(program(loop), donate_argnums=0, compiler_options=options)


def largest(tree: PyTree) -> int:
    """Numbers in the largest leaf."""
    return max((int(np.prod(jnp.shape(leaf))) for leaf in jax.tree.leaves(tree)), default=0)


def products(equation: Any) -> int:
    """How many multiplications a product of matrices takes; 0 for every other operation."""
    if equation.primitive.name != "dot_general":
        return 0
    (contracted, _), _ = equation.params["dimension_numbers"]
    first, out = equation.invars[0].aval.shape, equation.outvars[0].aval.shape
    return int(np.prod(out)) * int(np.prod([first[axis] for axis in contracted]))


def within(jaxpr: Any) -> Iterator[Any]:
    """Every equation, also of the programs that equations hold."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=lambda x: hasattr(x, "eqns")):
            if hasattr(inner, "eqns"):
                yield from within(getattr(inner, "jaxpr", inner))


@functools.cache
def one_kernel_works() -> bool:
    """Whether this jaxlib compiles a small loop into one kernel, with the result of the plain scan.

    The two settings behind it are nowhere documented, so that a release may drop or break them: then it's the scan.
    """

    def body(carry: Any, x: Any) -> tuple[Any, Any]:
        carry = carry - 0.1 * jnp.tanh(carry @ x[:, None] * carry.sum() + x[None])
        return carry, jnp.mean(carry)

    def run(loop: Loop) -> Any:
        inputs = jnp.linspace(-1, 1, 9).reshape(3, 3), jnp.linspace(0, 1, 15).reshape(5, 3)
        return jitted(lambda loop: lambda carry, xs: loop.scan(body, carry, xs), loop)(*inputs)

    try:
        plain, kernel = run(SCAN), run(ONE_KERNEL)
    except Exception:  # whatever a compiler says to options that it doesn't know
        return False
    return all(np.allclose(a, b, rtol=1e-5, atol=1e-6) for a, b in zip(plain, kernel, strict=True))
