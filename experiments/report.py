"""A page about a run, or several side by side: python experiments/report.py WORKDIR [WORKDIR ...].

One HTML file that needs nothing else, no network either: samples over training under a slider, curves to read values
from, the numbers with their direction, unit and protocol, the way between latents, the method's own pictures, and all
settings with what differs marked. It goes to WORKDIR/report.html, or for several runs to report.html here. Runs may be
unfinished: the page shows what there is. Nothing else is written.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import own
import tyro
from compiled import keep_compiled
from limits import check_numbers
from reporting.page import page
from reporting.records import read_all
from scripts import report_errors

from ganjax.checks import InputError
from ganjax.io import replace_file

MOST_RUNS = 8  # that can be told apart by color


@dataclass(frozen=True)
class Options:
    """A page about a run, or several side by side."""

    workdirs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """workdirs of runs of experiments/train.py"""
    output: Path | None = None
    """the file to write; by default WORKDIR/report.html, for several runs report.html"""
    interpolate: int = 8
    """rows of latent interpolation, made by the newest checkpoint; 0 shows what sample.py has left, if anything"""
    code: tuple[Path, ...] = ()
    """files of your own that the runs were made with (--objective.name FILE.py:FUNCTION): they are run"""


def main(options: Options) -> Path:
    """Writes the page; where it is.

    Raises:
      InputError: if a folder holds no run, its metrics are damaged, or the page can't be written.
    """
    if options.interpolate:
        check_numbers({"interpolate": options.interpolate})
    if len(options.workdirs) > MOST_RUNS:
        raise InputError(f"Expected at most {MOST_RUNS} runs on a page, got {len(options.workdirs)}.")
    own.run_files(options.code)
    try:
        records = read_all(options.workdirs)
        output = options.output or (records[0].folder if len(records) == 1 else Path()) / "report.html"
        content = page(records, options.interpolate).encode()
    except OSError as error:
        raise InputError(f"Can't read {error.filename}: {error.strerror}.") from error
    try:
        replace_file(output, content)
    except OSError as error:
        raise InputError(f"Can't write {output}: {error.strerror}. Give another --output.") from error
    print(f"{output}: {len(content) / 2**20:.1f} MiB, {', '.join(record.name for record in records)}")
    return output


def entry(arguments: Sequence[str]) -> int:
    def script() -> None:
        main(tyro.cli(Options, args=list(arguments), prog="report.py", description=__doc__))

    return report_errors(script)


if __name__ == "__main__":
    keep_compiled()
    sys.exit(entry(sys.argv[1:]))
