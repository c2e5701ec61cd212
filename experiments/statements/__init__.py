"""The ledger's entries: each statement of the tutorials, computed in two ways."""

from ganjax.checks import Table
from statements import (
    codes,
    energies,
    f_divergences,
    information,
    originals,
    relative,
    single_loss,
    slopes,
    transport,
)
from statements.entries import Case, Entry, Estimate, Verdict, judge

__all__ = ["LEDGER", "Case", "Entry", "Estimate", "Verdict", "judge"]

THEMES = (originals, f_divergences, transport, slopes, relative, energies, information, codes, single_loss)
LEDGER: Table[Entry] = Table(
    "entry",
    {entry.name: entry for entry in sorted((e for theme in THEMES for e in theme.ENTRIES), key=lambda e: e.statement)},
)
