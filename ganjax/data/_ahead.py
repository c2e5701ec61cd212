"""Reading ahead on the host: the elements of a sequence, made by threads before they are asked for."""

from __future__ import annotations

import collections
import importlib.util
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ganjax.checks import InputError, Table

T = TypeVar("T")


def by_threads(
    read: Callable[[int], T], first: int, end: int, num_workers: int, buffer: int
) -> Generator[T, None, None]:
    """read(first), read(first + 1), …, read(end − 1), in that order, with the standard library's threads.

    At most `buffer` elements are held or being made at a time. An error in a worker is raised where its element would
    have come. Closed before its end, it waits for the elements that are being made, and begins no others.

    Args:
      read: makes an element; called by several threads at once.
      first, end: which elements.
      num_workers: threads.
      buffer: how many elements to be ahead.
    """
    pool, waiting, following = ThreadPoolExecutor(num_workers, "ganjax-reader"), collections.deque(), first
    try:
        for _ in range(first, end):
            while following < end and len(waiting) < buffer:
                waiting.append(pool.submit(read, following))
                following += 1
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def by_grain(read: Callable[[int], T], first: int, end: int, num_workers: int, buffer: int) -> Generator[T, None, None]:
    """As `by_threads`, by grain's prefetching iterator. Needs the extra `grain`.

    In threads too: grain's worker processes read the command-line flags of absl, which a programme of another parser
    never sets, and each would import JAX anew.

    Raises:
      InputError: when grain is not installed.
    """
    try:
        import grain  # a second or two, for sets that don't fit in memory alone
    except ImportError as error:
        raise InputError(
            "Expected grain to be installed to stream by it, got no such package: pip install 'ganjax[grain]'."
        ) from error
    options = grain.ReadOptions(num_threads=num_workers, prefetch_buffer_size=buffer)
    # a generator's elements may be None, which grain would leave out; ours never are
    elements: Any = iter(grain.MapDataset.range(first, end).map(lambda i: read(int(i))).to_iter_dataset(options))
    try:
        yield from elements
    finally:
        getattr(elements, "close", lambda: None)()


def installed() -> str:
    """The row of `READERS` that is used where none is named: grain where it is installed."""
    return "threads" if importlib.util.find_spec("grain") is None else "grain"


READERS: Table[Callable[..., Generator[Any, None, None]]] = Table("reader", {"grain": by_grain, "threads": by_threads})
