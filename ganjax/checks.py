"""Errors that a person can act on: what was expected, what was got, the likely mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import TypeVar

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.typing import ArrayLike

T = TypeVar("T")


class InputError(ValueError):
    """Bad input from outside: a wrong shape, name, file or setting. Scripts print it and exit with code 2."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class UnknownNameError(InputError, KeyError):
    """A name that no table row carries. Also a `KeyError`, so that a `Table` behaves as a mapping."""


class Table(Mapping[str, T]):
    """One family's explicit table of names; a wrong name lists the nearest right ones.

    A read-only mapping that keeps the order in which its rows were written.

    Raises:
      UnknownNameError: on looking up a name that has no row.
    """

    def __init__(self, kind: str, rows: Mapping[str, T]):
        self._kind, self._rows = kind, dict(rows)

    def __getitem__(self, name: str) -> T:
        if name not in self._rows:
            raise UnknownNameError(unknown_name(self._kind, name, self._rows))
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"Table({self._kind!r}: {', '.join(self._rows)})"


def unknown_name(kind: str, name: object, known: Mapping[str, object] | list[str]) -> str:
    """The sentence for a name that is not in `known`: the nearest names first, then all of them."""
    near = difflib.get_close_matches(str(name), list(known), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(repr(n) for n in near)}? " if near else ""
    return f"Unknown {kind} {name!r}. {hint}Known: {', '.join(known)}."


def check_same_shape(**arrays: ArrayLike) -> None:
    """Raises `InputError` unless all arrays have one shape: broadcasting [4, 1] against [4] makes [4, 4] silently."""
    shapes = {name: jnp.shape(array) for name, array in arrays.items()}
    if len(set(shapes.values())) <= 1:
        return
    got = ", ".join(f"{name}{list(shape)}" for name, shape in shapes.items())
    mend = (
        "squeeze the discriminator's last axis"
        if any(shape[-1:] == (1,) for shape in shapes.values())
        else ("give both the same batch size")
    )
    raise InputError(f"Expected equal shapes, got {got}: {mend}.")


def check_rank(rank: int, **arrays: ArrayLike) -> None:
    """Raises `InputError` unless every array has exactly `rank` axes."""
    for name, array in arrays.items():
        if jnp.ndim(array) != rank:
            raise InputError(f"Expected {name} with {rank} axes, got {name}{list(jnp.shape(array))}.")


def check_positive(**values: float | jax.Array) -> None:
    """Raises `InputError` unless every value is a finite number greater than zero. Traced values pass."""
    for name, value in values.items():
        if not (isinstance(value, Tracer) or 0 < value < float("inf")):
            raise InputError(f"Expected {name} > 0, got {name} = {value}.")


def check_non_negative(**values: float | jax.Array) -> None:
    """Raises `InputError` unless every value is a finite number, zero or greater. Traced values pass."""
    for name, value in values.items():
        if not (isinstance(value, Tracer) or 0 <= value < float("inf")):
            raise InputError(f"Expected {name} >= 0, got {name} = {value}.")
