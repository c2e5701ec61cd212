"""From the costs of every round to what is shown and written."""

from __future__ import annotations

from typing import Any

from benchmarks.comparisons import Comparison
from benchmarks.targets import Measured, Results, judged, speedups, spread


def summary(comparison: Comparison, results: Results) -> dict[str, Any]:
    """One comparison as JSON-ready values.

    Args:
      comparison: what was asked.
      results: of those contestants that could run, the roofline among them.
    """
    contestants = comparison.contestants
    made = {
        "title": comparison.title,
        "unit": comparison.unit,
        "rows": [row(comparison, c.name, results) for c in contestants if c.name in results],
        "missing": {c.name: c.missing for c in contestants if c.name not in results},
        "targets": [judged(target, results) for target in comparison.targets],
    }
    if comparison.roofline is not None and comparison.roofline.name in results:
        made["roofline"] = {"contestant": comparison.roofline.name} | measured(results[comparison.roofline.name])
    if comparison.curve is not None:
        made["curve"] = comparison.curve._asdict()
    if comparison.verdict is not None:
        made["verdict"] = comparison.verdict({row["contestant"]: row["median"] for row in made["rows"]})
    return made


def row(comparison: Comparison, name: str, results: Results) -> dict[str, Any]:
    """One contestant: costs, speed-up against the first one, work a second and its share of the roofline's."""
    result, reference = results[name], comparison.contestants[0].name
    made = {"contestant": name} | measured(result)
    if reference in results:
        made["speedup"] = spread(speedups(results, name, reference))
    roofline = comparison.roofline and results.get(comparison.roofline.name)
    if roofline and "gflop" in result.facts:
        pairs = zip(rates(result, "gflop"), rates(roofline, "gflop"), strict=True)
        made["share_of_roofline"] = spread([own / most for own, most in pairs])
    return made


def measured(result: Measured) -> dict[str, Any]:
    made = {**spread(result.costs), "rounds": result.costs, "facts": result.facts}
    for fact, name in (("gflop", "gflops"), ("gigabytes", "gigabytes_per_second")):
        if fact in result.facts:
            made[name] = spread(rates(result, fact))
    return made


def rates(result: Measured, fact: str) -> list[float]:
    """So much a second, round by round, from costs in microseconds."""
    return [result.facts[fact] / cost * 1e6 for cost in result.costs]
