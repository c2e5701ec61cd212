"""Means over training seeds, with the interval that so few of them leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A mean over seeds.

    Attributes:
      mean: NaN where there are no values.
      half_width: of the interval around it; NaN for fewer than two values.
      num: how many values it is of; the ones that are not finite are left out.
    """

    mean: float
    half_width: float
    num: int


def estimate(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """The mean of independent values and the half width of Student's interval for it: t · s / √n.

    s² is the unbiased variance and t the (1 + confidence)/2 quantile with n − 1 degrees of freedom. Exact for normal
    values; for counts near their bound, as modes found, a rough guide.

    Args:
      values: one a seed. Those that are not finite (a game that diverged) are left out and not counted in `num`.
      confidence: how often such an interval holds the true mean.

    Reference: Student, 1908, Biometrika 6, "The probable error of a mean".
    """
    finite = np.array([value for value in values if np.isfinite(value)], np.float64)
    num = len(finite)
    if num < 2:
        return Estimate(float(finite[0]) if num else float("nan"), float("nan"), num)
    quantile = stats.t.ppf((1 + confidence) / 2, num - 1)
    return Estimate(float(finite.mean()), float(quantile * finite.std(ddof=1) / np.sqrt(num)), num)


def in_words(value: Estimate, total: int) -> str:
    """0.913 ± 0.021, and how many seeds of `total` it is of where some diverged."""
    if not value.num:
        return f"diverged ({total} of {total})"
    spread = "" if np.isnan(value.half_width) else f" ± {value.half_width:{'.2f' if value.mean >= 2 else '.3f'}}"
    left_out = "" if value.num == total else f" ({value.num} of {total})"
    return f"{value.mean:{'.2f' if value.mean >= 2 else '.3f'}}{spread}{left_out}"
