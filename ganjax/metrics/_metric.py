"""What a row of the table of metrics says, and how all the rows that fit some inputs are computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

Inputs = Literal["features", "classes", "mixture", "gaussian"]


class Estimate(NamedTuple):
    """A number with its own uncertainty.

    Attributes:
      value: the estimate.
      standard_error: the standard deviation of its sampling error; NaN where there are too few samples to tell.
    """

    value: float
    standard_error: float


class Metric(NamedTuple):
    """One row of the table.

    Attributes:
      compute: the function; metrics with the same `inputs` take the same arguments, so that they are computed together.
      inputs: what `compute` takes, real always first:
        "features": (real_features [N, F], fake_features [M, F]);
        "classes": (real_labels [N], fake_labels [M], num_classes);
        "mixture": (samples [N, D], centers [K, D], std), a mixture of K equal Gaussians;
        "gaussian": (samples [N, D], mean [D], covariance [D, D]), the Gaussian that the samples should follow.
      direction: which way is better.
      unit: what the number counts in.
      protocol: what has to be said beside the number for it to mean anything.
    """

    compute: Callable[..., float | Estimate]
    inputs: Inputs
    direction: Literal["lower", "higher"]
    unit: str
    protocol: str


def evaluate(metrics: Mapping[str, Metric], inputs: Inputs, *arguments: Any, label: str = "") -> dict[str, float]:
    """Every metric of the table that takes these inputs, computed on them: plain floats by name.

        evaluate(METRICS, "features", real_features, fake_features, label="digits-classifier")
        # {"frechet_distance[digits-classifier]": 1.93, …}

    Args:
      metrics: the table, or any part of it.
      inputs: which rows to compute.
      *arguments: what those rows take; see `Metric`.
      label: what the arguments came from (the network behind the features), put behind each name in brackets.

    Returns:
      {name: value}; an `Estimate` gives a second entry, name_standard_error.

    Raises:
      InputError: as the metrics' own functions.
    """
    suffix = f"[{label}]" if label else ""
    results: dict[str, float] = {}
    for name, metric in metrics.items():
        if metric.inputs != inputs:
            continue
        result = metric.compute(*arguments)
        if isinstance(result, Estimate):
            results[f"{name}{suffix}"] = result.value
            results[f"{name}_standard_error{suffix}"] = result.standard_error
        else:
            results[f"{name}{suffix}"] = float(result)
    return results
