"""Which checkpoints stay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


class Preserved:
    """The newest ones, the one of the highest score, and for ever those whose step divides by `keep_every`."""

    def __init__(self, keep_last: int, keep_every: int | None = None):
        self.keep_last, self.keep_every = keep_last, keep_every
        self.scores: dict[int, float] = {}

    def best(self, steps: Iterable[int]) -> int | None:
        """Of these steps, the one with the highest score, the later one of equals; None where none has a score."""
        scored = [(self.scores[step], step) for step in steps if step in self.scores]
        return max(scored)[1] if scored else None

    def of(self, steps: Sequence[int]) -> set[int]:
        """Those of these steps, oldest first, that stay."""
        for_ever = {step for step in steps if self.keep_every and step % self.keep_every == 0}
        best = self.best(steps)
        return for_ever | set(steps[-self.keep_last :]) | (set() if best is None else {best})

    def should_preserve(self, checkpoints: Sequence[Any], *, context: Any) -> Sequence[bool]:
        """Orbax's question about the checkpoints it has, oldest first."""
        del context  # how they came to be is nothing to us
        steps = [checkpoint.step for checkpoint in checkpoints]
        kept = self.of(steps)
        return [step in kept for step in steps]
