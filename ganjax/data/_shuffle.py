"""Exact epochs without sorting: a keyed permutation of [0, N) that is evaluated one index at a time.

Batches run through an endless stream of epochs: position p of the stream belongs to epoch p // N and shows the sample
at place p % N of that epoch's permutation. Any batch of it is computed on its own, from a key and a step number.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Int, Integer, UInt32

from ganjax.checks import InputError
from ganjax.types import Key

_LIMIT = 2**31  # above it a sum of two positions leaves uint32


def indices_at(key: Key, step: Integer[ArrayLike, ""], batch_size: int, num_samples: int) -> Int[Array, "B"]:
    """Which samples batch number `step` shows: every sample exactly once an epoch, in an order drawn from `key`.

    Per batch. Position step·B + i of the stream of epochs, for i < B; an epoch may end inside a batch, and a batch may
    span several epochs. Integer arithmetic on each element: no sort and no table, so it is cheap to `vmap` over the
    steps of a chunk.

    Args:
      key: one key for the whole run; it fixes every epoch's order.
      step: the batch's number, 0 ≤ step < 2^32; may be traced.
      batch_size: B, 1 ≤ B < 2^31; static.
      num_samples: N, 1 ≤ N < 2^31; static.

    Returns:
      Indices [B], int32, in [0, N).

    Raises:
      InputError: when B or N is out of its range.
    """
    _check_sizes(batch_size=batch_size, num_samples=num_samples)
    epoch, offset = _stream_position(jnp.asarray(step, jnp.uint32), batch_size, num_samples)
    positions = offset + jnp.arange(batch_size, dtype=jnp.uint32)
    return feistel_permutation(key, epoch + positions // num_samples, positions % num_samples, num_samples)


def feistel_permutation(
    key: Key, epochs: UInt32[Array, "..."], offsets: UInt32[Array, "..."], num_samples: int
) -> Int[Array, "..."]:
    """The sample at place `offsets` of the permutation that belongs to `epochs`.

    Elementwise. For each (key, epoch), offset -> index is a bijection of [0, N).

    N ≤ a·b places are numbered by pairs (l, r) in Z_a × Z_b, and each round adds to one half a hash of the other:
    l ← l + F_j(r) mod a, then r ← r + F_j(l) mod b. Every round can be undone, so that the rounds π together are a
    bijection of [0, ab). Where π leaves [0, N) it is applied again until it comes back (cycle walking). On its way the
    walk meets each of the ab − N places outside at most once, since a bijection's orbit returns to its start, in
    [0, N), before it repeats anything: 1 + ab − N applications always suffice, and exactly so many are written out.
    The sides are chosen to keep ab − N small, 0 or 1 for most N.

    Args:
      key: fixes the family of permutations.
      epochs: which permutation, any uint32.
      offsets: places in [0, N).
      num_samples: N, 1 ≤ N < 2^31; static.

    Returns:
      Indices in [0, N), int32, of the broadcast shape.

    Raises:
      InputError: when N is out of its range.

    Reference: Black and Rogaway (2002), Ciphers with arbitrary finite domains, sections 4 and 5; the hash is
    MurmurHash3's 32-bit finalizer (Appleby 2011).
    """
    _check_sizes(num_samples=num_samples)
    sides = _sides(num_samples)
    words = jax.random.bits(key, (_num_rounds(sides) + 1,), jnp.uint32)
    seeds = _hash(epochs + words[0])
    places = _rounds(words, seeds, offsets, sides)
    for _ in range(math.prod(sides) - num_samples):
        places = jnp.where(places < num_samples, places, _rounds(words, seeds, places, sides))
    return places.astype(jnp.int32)


def _rounds(
    words: UInt32[Array, "R"], seeds: UInt32[Array, "..."], places: UInt32[Array, "..."], sides: tuple[int, int]
) -> UInt32[Array, "..."]:
    """The bijection π of [0, ab): alternating rounds on the two halves of a place."""
    halves, moduli = (places // sides[1], places % sides[1]), sides
    for j in range(len(words) - 1):
        moved, other = halves
        # an odd multiple of the epoch's seed: no two epochs read the same stretch of the hash in all rounds
        pushed = moved + _hash(other + words[j + 1] + seeds * np.uint32(2 * j + 1)) % moduli[0]
        halves, moduli = (other, pushed % moduli[0]), (moduli[1], moduli[0])
    return halves[0] * sides[1] + halves[1]  # an even number of rounds: the halves are back in their places


def _hash(x: UInt32[Array, "..."]) -> UInt32[Array, "..."]:
    """Every bit of the output depends on every bit of the input; itself a bijection of the 32-bit words."""
    x = (x ^ (x >> 16)) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * np.uint32(0xC2B2AE35)
    return x ^ (x >> 16)


def _num_rounds(sides: tuple[int, int]) -> int:
    """Two rounds divide the dependence between two indices by the shorter side, as measured; stop at 2^-16."""
    bits = math.log2(max(2, min(sides)))
    return 2 * max(3, math.ceil(16 / bits))


def _sides(num_samples: int) -> tuple[int, int]:
    """Sides a ≤ b' of the same order with N ≤ a·b and a·b − N as small as can be; the larger a among equals."""
    root = math.isqrt(num_samples - 1) + 1
    least = min(root, max(2, root // 4))  # longer and thinner rectangles mix badly
    candidates = ((a, -(-num_samples // a)) for a in range(root, least - 1, -1))
    return min(candidates, key=math.prod)


def _stream_position(
    step: UInt32[Array, ""], batch_size: int, num_samples: int
) -> tuple[UInt32[Array, ""], UInt32[Array, ""]]:
    """(step·B) // N modulo 2^32 and (step·B) % N, though the product may need 63 bits.

    With step = qN + r the epoch is qB + (rB) // N; the product r·B is built from the binary digits of B, with
    the running value kept as epochs·N + offset, offset < N, so that nothing exceeds 2N < 2^32.
    """
    quotient, remainder = step // num_samples, step % num_samples
    epochs = offset = jnp.zeros_like(step)
    for digit in f"{batch_size:b}":
        epochs, offset = _carry(2 * epochs, 2 * offset, num_samples)
        if digit == "1":
            epochs, offset = _carry(epochs, offset + remainder, num_samples)
    return quotient * np.uint32(batch_size) + epochs, offset


def _carry(
    epochs: UInt32[Array, ""], offset: UInt32[Array, ""], num_samples: int
) -> tuple[UInt32[Array, ""], UInt32[Array, ""]]:
    """The same position with offset < 2N brought below N."""
    over = offset >= num_samples
    return epochs + over.astype(jnp.uint32), jnp.where(over, offset - num_samples, offset)


def _check_sizes(**sizes: int) -> None:
    for name, size in sizes.items():
        if not 1 <= size < _LIMIT:
            raise InputError(f"Expected 1 <= {name} < 2^31, got {name} = {size}.")
