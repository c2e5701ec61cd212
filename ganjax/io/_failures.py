"""A save that failed: what it was, why, and what is there in spite of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable

# what disks and folders have to say; TensorStore's errors hold the same words, and no number
TOLD = ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM", "EIO", "ESTALE", "ENOTDIR", "ENOENT", "EMFILE")


class SaveError(Exception):
    """A checkpoint could not be written; those before it are as they were, and a later one may be tried.

    Attributes:
      step: which.
      reason: why, in a few words.
      kept: the steps of the checkpoints that are there, oldest first.
    """

    def __init__(self, step: int, reason: str, kept: Iterable[int] = ()):
        self.step, self.reason, self.kept = step, reason, tuple(kept)
        there = ", ".join(map(str, self.kept)) or "none"
        super().__init__(f"The checkpoint of step {step} could not be saved: {reason}. Kept: {there}.")


def why(error: BaseException) -> str:
    """An error's cause in a few words: the system's own where there is one among the errors that led to it."""
    chain, known = error, {os.strerror(getattr(errno, name)) for name in TOLD if hasattr(errno, name)}
    while chain is not None:
        if isinstance(chain, OSError) and chain.strerror:
            return chain.strerror
        if found := [words for words in known if words in str(chain)]:
            return found[0]
        chain = chain.__cause__ or chain.__context__
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first[:200]}".rstrip(": ").rstrip(".")
