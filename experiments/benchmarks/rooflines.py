"""What the machine can do: matrix products and copies of memory, beside which a step's speed means something."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.task import Task, repeated

SIDE = 2048  # of the matrices
COPIED = 2**28  # bytes


def product(dtype: str = "float32", side: int = SIDE) -> Task:
    """Square matrices multiplied by JAX; products of bfloat16 are summed in float32. The unit is a product."""
    import jax
    import jax.numpy as jnp

    from benchmarks.ours import about

    left, right = (jnp.asarray(matrix, dtype) for matrix in matrices(side))
    multiply = jax.jit(lambda left, right: jnp.matmul(left, right, preferred_element_type=jnp.float32))

    def call() -> None:
        jax.block_until_ready(multiply(left, right))

    return Task(repeated(call, nothing), {"gflop": 2 * side**3 / 1e9} | about())


def torch_product(dtype: str = "float32", side: int = SIDE) -> Task:
    """The same by PyTorch."""
    import torch  # pyright: ignore[reportMissingImports]: an extra

    left, right = (torch.from_numpy(matrix).to(getattr(torch, dtype)) for matrix in matrices(side))
    facts = {"versions": {"torch": torch.__version__}, "threads": torch.get_num_threads()}
    return Task(repeated(lambda: torch.mm(left, right), nothing), {"gflop": 2 * side**3 / 1e9} | facts)


def copy(num_bytes: int = COPIED) -> Task:
    """NumPy copies an array, by one thread; every byte is read once and written once. The unit is a copy."""
    source, target = np.ones(num_bytes, np.uint8), np.empty(num_bytes, np.uint8)

    facts: dict[str, Any] = {"gigabytes": 2 * num_bytes / 1e9, "versions": {"numpy": np.__version__}, "threads": 1}
    return Task(repeated(lambda: np.copyto(target, source), nothing), facts)


def matrices(side: int) -> list[np.ndarray]:
    draws = np.random.default_rng(0)
    return [draws.normal(size=(side, side)).astype(np.float32) for _ in range(2)]


def nothing() -> None:
    """The call itself waits."""
