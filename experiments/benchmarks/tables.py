"""Summaries as tables for the terminal."""

from __future__ import annotations

from typing import Any

from rich.table import Column, Table

VERDICTS = {True: "[green]met[/]", False: "[red]missed[/]", None: "not measured"}


def table(result: dict[str, Any]) -> Table:
    """One comparison, drawn: medians, and the least and the greatest; those that could not run stand last."""
    names = (result["unit"], "speed-up (range)", "GFLOP/s")
    drawn = Table("contestant", *(Column(name, justify="right") for name in names), title=result["title"])
    for row in result["rows"]:
        speedup = f"{row['speedup']['median']:.3g}x ({between(row['speedup'])})" if "speedup" in row else ""
        drawn.add_row(row["contestant"], f"{row['median']:,.4g}", speedup, work(row))
    for name in result["missing"]:
        drawn.add_row(name, "not installed")
    return drawn


def work(row: dict[str, Any]) -> str:
    """GFLOP a second, and which share that is of the roofline's."""
    share = f" ({row['share_of_roofline']['median']:.0%})" if "share_of_roofline" in row else ""
    return f"{row['gflops']['median']:.3g}{share}" if "gflops" in row else ""


def targets_table(result: dict[str, Any]) -> Table:
    """What the comparison was to show."""
    names = ("measured (range)", "asked for", "")
    drawn = Table("target", *(Column(name, justify="right") for name in names))
    for target in result["targets"]:
        found = f"{target['median']:.3g} ({between(target)})" if "median" in target else ""
        drawn.add_row(target["target"], found, f"{target['sign']} {target['bound']:g}", VERDICTS[target["met"]])
    return drawn


def notes(result: dict[str, Any]) -> list[str]:
    """Lines for below the tables."""
    lines = [result["verdict"]] if result.get("verdict") else []
    if roofline := result.get("roofline"):
        lines.append(f"Roofline: {roofline['contestant']}, {roofline['gflops']['median']:.3g} GFLOP/s.")
    for row in result["rows"]:
        if rate := row.get("gigabytes_per_second"):
            lines.append(f"{row['contestant']}: {rate['median']:.3g} GB/s.")
    lines += [f"For {name}: {mend}" for name, mend in result["missing"].items()]
    return lines


def between(values: dict[str, float]) -> str:
    return f"{values['least']:,.3g} to {values['greatest']:,.3g}"
