"""Laws of every row of the table of metrics, and the function that computes its rows together."""

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.checks import InputError, UnknownNameError
from ganjax.metrics import METRICS, Estimate, Metric, evaluate

RNG = np.random.default_rng(0)
CENTERS = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
MEAN, COVARIANCE = np.array([1.0, 2.0]), np.array([[1.0, 0.5], [0.5, 2.0]])

# For each kind of inputs: samples that follow the truth, samples that don't, and the arguments around them.
GOOD, BAD, ARGUMENTS = {}, {}, {}
# too narrow and beside the data: samples that are too wide have a high recall
GOOD["features"], BAD["features"] = RNG.normal(size=(400, 3)), 1.5 + 0.7 * RNG.normal(size=(400, 3))
REAL_FEATURES = RNG.normal(size=(300, 3))
ARGUMENTS["features"] = lambda samples: (REAL_FEATURES, samples)
ARGUMENTS["bins"] = lambda samples: (REAL_FEATURES, samples, 8)
GOOD["bins"], BAD["bins"] = GOOD["features"], BAD["features"]
ATOMS = RNG.normal(size=(500, 3))
GOOD["support"], BAD["support"] = ATOMS[RNG.integers(500, size=400)], ATOMS[RNG.integers(40, size=400)]
ARGUMENTS["support"] = lambda samples: (samples, 1e-3, 10)
GOOD["memorization"] = GOOD["features"]
BAD["memorization"] = REAL_FEATURES[RNG.integers(300, size=400)] + 0.1 * RNG.normal(size=(400, 3))
HELD_OUT = RNG.normal(size=(200, 3))
ARGUMENTS["memorization"] = lambda samples: (REAL_FEATURES, HELD_OUT, samples)
GOOD["classes"], BAD["classes"] = RNG.integers(0, 3, 400), np.zeros(400, int)
REAL_LABELS = np.arange(300) % 3
ARGUMENTS["classes"] = lambda samples: (REAL_LABELS, samples, 3)
GOOD["probabilities"], BAD["probabilities"] = RNG.dirichlet(np.full(4, 0.1), 400), RNG.dirichlet(np.full(4, 2.0), 400)
ARGUMENTS["probabilities"] = lambda samples: (samples,)
GOOD["mixture"] = CENTERS[RNG.integers(0, 3, 400)] + 0.1 * RNG.normal(size=(400, 2))
BAD["mixture"] = CENTERS[[0]] + 0.5 * RNG.normal(size=(400, 2))
ARGUMENTS["mixture"] = lambda samples: (samples, CENTERS, 0.1)
GOOD["gaussian"] = RNG.normal(size=(400, 2)) @ np.linalg.cholesky(COVARIANCE).T + MEAN
BAD["gaussian"] = RNG.normal(size=(400, 2))
ARGUMENTS["gaussian"] = lambda samples: (samples, MEAN, COVARIANCE)
VALIDATION, TEST = RNG.normal(size=(100, 2)), RNG.normal(size=(100, 2))
GOOD["likelihood"], BAD["likelihood"] = RNG.normal(size=(400, 2)), 1.5 + RNG.normal(size=(400, 2))
ARGUMENTS["likelihood"] = lambda samples: (samples, VALIDATION, TEST)

rows = pytest.mark.parametrize("name", METRICS)


def value_of(metric, samples):
    result = metric.value(*ARGUMENTS[metric.inputs](samples))
    return result.value if isinstance(result, Estimate) else result


@rows
def test_a_row_is_complete(name):
    metric = METRICS[name]
    assert metric.inputs in GOOD
    assert metric.direction in ("lower", "higher", "zero", "half")
    assert metric.unit
    assert metric.protocol


@rows
def test_the_better_samples_score_better(name):
    metric = METRICS[name]
    good, bad = value_of(metric, GOOD[metric.inputs]), value_of(metric, BAD[metric.inputs])
    if metric.target is not None:
        assert abs(good - metric.target) < abs(bad - metric.target)
    else:
        assert good < bad if metric.direction == "lower" else good > bad


def test_what_has_a_best_value_is_said_to():
    """Copies have less than fresh samples where less than the target is worse, so no extreme can be the best."""
    targets = {name: metric.target for name, metric in METRICS.items() if metric.target is not None}
    accuracies = ("neighbor_accuracy", "neighbor_accuracy_real", "neighbor_accuracy_fake")
    assert targets == {"data_copying": 0.0, "nearer_to_train": 0.5, **dict.fromkeys(accuracies, 0.5)}
    assert value_of(METRICS["data_copying"], BAD["memorization"]) < -2
    assert value_of(METRICS["neighbor_accuracy"], REAL_FEATURES + 1e-3) < 0.1


@rows
def test_plain_finite_floats(name):
    metric = METRICS[name]
    result = metric.value(*ARGUMENTS[metric.inputs](GOOD[metric.inputs]))
    for number in result if isinstance(result, Estimate) else (result,):
        assert type(number) is float
        assert math.isfinite(number)


@rows
def test_the_order_of_the_samples_does_not_matter(name):
    metric = METRICS[name]
    samples = BAD[metric.inputs]
    shuffled = np.random.default_rng(1).permutation(samples)
    assert value_of(metric, shuffled) == pytest.approx(value_of(metric, samples), rel=1e-9)


@rows
def test_device_arrays_are_taken(name):
    metric = METRICS[name]
    samples = jnp.asarray(BAD[metric.inputs], jnp.int32 if metric.inputs == "classes" else jnp.float32)
    assert value_of(metric, samples) == pytest.approx(value_of(metric, np.asarray(samples)), rel=1e-12)


@rows
def test_nothing_to_judge_is_an_input_error(name):
    metric = METRICS[name]
    with pytest.raises(InputError, match="at least"):
        value_of(metric, GOOD[metric.inputs][:0])


def test_evaluate_computes_the_rows_that_fit():
    found = evaluate(METRICS, "mixture", *ARGUMENTS["mixture"](BAD["mixture"]))
    assert list(found) == ["modes_found", "high_quality_share", "reverse_kl"]
    assert found["modes_found"] == value_of(METRICS["modes_found"], BAD["mixture"])


def test_evaluate_labels_names_and_spreads_estimates():
    def distance(real_features, fake_features):
        return Estimate(float(len(real_features)), float(len(fake_features)))

    table = {"a": Metric(distance, "features", "lower", "", ""), "b": METRICS["mean_error"]}
    found = evaluate(table, "features", REAL_FEATURES, GOOD["features"], label="tiny-net")
    assert found == {"a[tiny-net]": 300.0, "a_standard_error[tiny-net]": 400.0}


def test_rows_of_one_function_are_computed_once():
    calls = []

    class Both(NamedTuple):
        near: float
        far: Estimate

    def both(real_features, fake_features):
        calls.append(len(fake_features))
        return Both(1.5, Estimate(-2.0, 0.25))

    table = {
        "near": Metric(both, "features", "lower", "", "", part="near"),
        "count": Metric(lambda real, fake: float(len(real)), "features", "lower", "", ""),
        "far": Metric(both, "features", "higher", "", "", part="far"),
        "elsewhere": Metric(both, "gaussian", "higher", "", "", part="far"),
    }
    found = evaluate(table, "features", REAL_FEATURES, GOOD["features"])
    assert found == {"near": 1.5, "count": 300.0, "far": -2.0, "far_standard_error": 0.25}
    assert list(found) == ["near", "count", "far", "far_standard_error"]
    assert calls == [400]
    assert table["far"].value(REAL_FEATURES, GOOD["features"]) == Estimate(-2.0, 0.25)


def test_evaluate_without_a_label_and_with_nothing_that_fits():
    assert set(evaluate(METRICS, "gaussian", *ARGUMENTS["gaussian"](GOOD["gaussian"]))) == {
        "mean_error",
        "covariance_error",
    }
    assert evaluate({}, "gaussian", 1, 2, 3) == {}


def test_a_wrong_name_lists_the_right_ones():
    with pytest.raises(UnknownNameError, match="'frechet_distance'"):
        METRICS["frechet_distence"]
