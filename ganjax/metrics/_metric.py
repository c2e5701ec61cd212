"""What a row of the table of metrics says, and how all the rows that fit some inputs are computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, get_args

from ganjax.checks import UnknownNameError, unknown_name

Inputs = Literal[
    "features", "bins", "support", "memorization", "classes", "mixture", "gaussian", "likelihood", "probabilities"
]


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
        One that gives several numbers, in a NamedTuple, may stand in several rows: it is called once for all of them.
      inputs: what `compute` takes, real always first:
        "features": (real_features [N, F], fake_features [M, F]);
        "bins": (real_features [N, F], fake_features [M, F], num_bins), into which the real ones are clustered;
        "support": (samples [M, F], threshold, batch_size), with the distance below which two are near duplicates;
        "memorization": (train_features [T, F], test_features [N, F], fake_features [M, F]), the second held out;
        "classes": (real_labels [N], fake_labels [M], num_classes);
        "mixture": (samples [N, D], centers [K, D], std), a mixture of K equal Gaussians;
        "gaussian": (samples [N, D], mean [D], covariance [D, D]), the Gaussian that the samples should follow;
        "likelihood": (samples [N, F], validation [V, F], test [M, F]), both of them real and apart from each other;
        "probabilities": (fake_probabilities [M, K],), a classifier's on generated samples alone.
      direction: which way is better, without end; or "zero" or "half", which is best: both sides of it are worse.
      unit: what the number counts in.
      protocol: what has to be said beside the number for it to mean anything.
      part: which field of what `compute` returns is this row's number; all of it without.
    """

    compute: Callable[..., Any]
    inputs: Inputs
    direction: Literal["lower", "higher", "zero", "half"]
    unit: str
    protocol: str
    part: str = ""

    @property
    def target(self) -> float | None:
        """The best value there is; None where lower or higher is better."""
        return {"zero": 0.0, "half": 0.5}.get(self.direction)

    def of(self, result: Any) -> float | Estimate:
        """This row's number in what `compute` returned."""
        return getattr(result, self.part) if self.part else result

    def value(self, *arguments: Any) -> float | Estimate:
        """This row's number alone."""
        return self.of(self.compute(*arguments))


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
      UnknownNameError: if there is no such kind of inputs.
      InputError: as the metrics' own functions.
    """
    if inputs not in get_args(Inputs):
        raise UnknownNameError(unknown_name("kind of inputs", inputs, list(get_args(Inputs))))
    suffix = f"[{label}]" if label else ""
    results: dict[str, float] = {}
    rows = {name: metric for name, metric in metrics.items() if metric.inputs == inputs}
    computed = {compute: compute(*arguments) for compute in {metric.compute: None for metric in rows.values()}}
    for name, metric in rows.items():
        result = metric.of(computed[metric.compute])
        if isinstance(result, Estimate):
            results[f"{name}{suffix}"] = result.value
            results[f"{name}_standard_error{suffix}"] = result.standard_error
        else:
            results[f"{name}{suffix}"] = float(result)
    return results
