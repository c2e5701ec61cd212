"""What a person is told of many names: how many there are, and the first few."""

from __future__ import annotations

from collections.abc import Sequence

COUNTED, LISTED = 3, 12  # names in a note, in an error message


def counted(sentence: str, names: Sequence[str], noun: str = "file") -> tuple[str, ...]:
    """A note, `sentence` with how many there are in its braces, then the first few names; none where there are none."""
    if not names:
        return ()
    plural = "" if len(names) == 1 else "es" if noun.endswith("s") else "s"
    named = ", ".join(names[:COUNTED]) + (", …" if len(names) > COUNTED else "")
    return (f"{sentence.format(f'{len(names):,} {noun}{plural}')} ({named})",)


def listed(names: Sequence[str]) -> str:
    """The first twelve names, and how many more there are; "" for none."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
