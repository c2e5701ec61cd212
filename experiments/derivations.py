"""The derivations, reproduced numerically: python experiments/derivations.py.

A ledger of the statements behind the games: what a discriminator's optimum is worth, what a generator really descends,
what a penalty does to a critic. Each is computed twice by routes that share nothing but the claim (theory: closed forms
and quadrature; the other: the library's own losses, optimized, differentiated or sampled), and the two are compared. In
float64, on N(0, 1) against N(1, 1) (case A) and on distributions without symmetry. Exit code 1 when any line fails.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import tyro
from compiled import keep_compiled
from outputs import check_file, check_folder
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table
from rich.text import Text
from scripts import report_errors
from statements import LEDGER, Entry, Verdict, judge

from ganjax.io import write_json

FAILED = 1


@dataclass(frozen=True)
class Options:
    """The derivations, reproduced numerically."""

    list: bool = False
    """the entries' names and claims, and nothing else"""
    only: tuple[str, ...] = ()
    """names of entries; by default all"""
    json: Path | None = None
    """a file for both numbers of every line"""
    neural: bool = False
    """also train networks as critics: minutes"""
    figures: Path | None = None
    """a folder to draw the figures into"""


def chosen(options: Options) -> tuple[Entry, ...]:
    """The entries asked for.

    Raises:
      UnknownNameError: on a name that is not in the ledger.
    """
    if not options.neural:
        return tuple(LEDGER[name] for name in options.only or LEDGER)
    from statements.networks import with_networks

    ledger = with_networks(LEDGER)
    return tuple(ledger[name] for name in options.only or ledger)


def verdicts(entries: Iterable[Entry], console: Console) -> list[Verdict]:
    """Every case of every entry, with a bar where the output is a terminal."""
    cases = [(entry, case) for entry in entries for case in entry.cases]
    found = []
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=len(cases))
        for entry, case in cases:
            bar.update(task, description=entry.name)
            with jax.enable_x64(True):
                found.append(judge(entry, case))
            bar.advance(task)
    return found


def few(numbers: tuple[float, ...]) -> str:
    """Up to two numbers, and how many more there are."""
    shown = ", ".join(f"{number + 0.0:.10g}" for number in np.round(numbers[:2], 10))
    return f"{shown}, … ({len(numbers)})" if len(numbers) > 2 else shown


def ledger_lines(found: list[Verdict]) -> Iterator[Text | Table]:
    """Each entry's claim, and under it one line a case."""
    for entry, group in itertools.groupby(found, key=lambda verdict: verdict.entry):
        yield Text.from_markup(f"\n[cyan]{entry.statement:2d}[/] [bold]{entry.name}[/]  {escape(entry.claim)}")
        drawn = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
        for width in (2, 19, 37, 37, 7, 9):
            drawn.add_column(width=width, no_wrap=width < 30)
        drawn.add_column(no_wrap=True)
        for verdict in group:
            drawn.add_row(*cells(verdict))
        yield drawn


def cells(verdict: Verdict) -> tuple[str, ...]:
    return (
        "",
        escape(verdict.case),
        few(verdict.theory),
        few(verdict.found) or f"[red]{escape(verdict.problem)}[/]",
        f"{verdict.error:.0e}",
        f"≤ {verdict.tolerance:.0e}",
        "[green]holds[/]" if verdict.holds else "[bold red]FAILS[/]",
    )


def listing(entries: Iterable[Entry]) -> Table:
    """Names, claims, references and both routes."""
    drawn = Table("", "name", "claim", "reference", "theory", "found", "kind", show_lines=True)
    for entry in entries:
        words = (entry.claim, entry.reference, entry.theory, entry.found, entry.kind)
        drawn.add_row(str(entry.statement), f"[bold]{entry.name}[/]", *(escape(each) for each in words))
    return drawn


def as_json(verdict: Verdict) -> dict[str, Any]:
    entry = verdict.entry
    described = {name: getattr(entry, name) for name in ("name", "statement", "claim", "reference", "kind")}
    numbers = verdict._asdict()
    del numbers["entry"]
    routes = {"theory_by": entry.theory, "found_by": entry.found}
    return described | routes | {name: plain(value) for name, value in numbers.items()}


def plain(value: Any) -> Any:
    """For JSON: tuples as lists, and null for a number that is not finite."""
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def main(options: Options) -> int:
    """The exit code."""
    console, entries = Console(), chosen(options)
    console.width = max(console.width, 140)  # whole numbers, also into a file
    if options.list:
        console.print(listing(entries), highlight=False)
        return 0
    check_file(options.json)
    if options.figures:
        check_folder(options.figures)
    found = verdicts(entries, console)
    console.print("statement, name, claim; then case, theory, found, error, tolerance, verdict", highlight=False)
    for line in ledger_lines(found):
        console.print(line, highlight=False)
    failed = [verdict for verdict in found if not verdict.holds]
    if options.json:
        write_json(options.json, {"verdicts": [as_json(verdict) for verdict in found]})
    if options.figures:
        from statements.figures import draw_all

        for path in draw_all(options.figures):
            console.print(f"drawn: {path}", highlight=False)
    seconds = sum(verdict.seconds for verdict in found)
    color = "red" if failed else "green"
    console.print(
        f"[bold {color}]{len(found) - len(failed)} of {len(found)} lines hold[/], {len(entries)} entries, "
        f"{seconds:.0f} s",
        highlight=False,
    )
    return FAILED if failed else 0


def entry(arguments: Sequence[str]) -> int:
    options = tyro.cli(Options, args=list(arguments), prog="derivations.py", description=__doc__)
    codes = []
    return report_errors(lambda: codes.append(main(options))) or codes[0]


if __name__ == "__main__":
    keep_compiled()
    sys.exit(entry(sys.argv[1:]))
