"""Samples or features in, numbers out: what judges a generator. On the host, in float64; no networks in here.

The table `METRICS` says of each metric what it takes, which way is better and under which protocol it is stated;
`evaluate` computes all the rows that fit some inputs. A new metric is one function and one row.
"""

from ganjax.checks import Table
from ganjax.metrics._classes import (
    class_counts,
    class_reverse_kl,
    class_total_variation,
    classes_found,
    expected_class_shares,
    num_classes_found,
)
from ganjax.metrics._frechet import Moments, feature_frechet_distance, frechet_distance, merge, moments, update
from ganjax.metrics._gaussian import GaussianErrors, covariance_error, gaussian_errors, mean_error
from ganjax.metrics._kernel import kernel_distance, kernel_distance_subsets
from ganjax.metrics._metric import Estimate, Metric, evaluate
from ganjax.metrics._modes import ModeStatistics, high_quality_share, mode_reverse_kl, mode_statistics, modes_found
from ganjax.metrics._shares import reverse_kl, total_variation

METRICS = Table(
    "metric",
    {
        "frechet_distance": Metric(
            feature_frechet_distance, "features", "lower", "squared feature units",
            "name the features' network; biased upwards: state both sample counts, compare only at equal ones",
        ),
        "kernel_distance": Metric(
            kernel_distance, "features", "lower", "dimensionless",
            "name the features' network; unbiased, from all pairs; with its jackknife standard error",
        ),
        "class_total_variation": Metric(
            class_total_variation, "classes", "lower", "share of the samples",
            "name the classifier; labels are its likeliest ones; state the number of generated samples",
        ),
        "class_reverse_kl": Metric(
            class_reverse_kl, "classes", "lower", "nats",
            "KL(generated || data) over classes; name the classifier; state the number of generated samples",
        ),
        "classes_found": Metric(
            classes_found, "classes", "higher", "classes",
            "at least one sample a class; name the classifier; state the number of generated samples",
        ),
        "modes_found": Metric(
            modes_found, "mixture", "higher", "modes",
            "at least one sample within 3 standard deviations of the mode nearest to it; state the number of samples",
        ),
        "high_quality_share": Metric(
            high_quality_share, "mixture", "higher", "share of the samples",
            "within 3 standard deviations of the nearest mode; the mixture itself has .9889 in two dimensions",
        ),
        "reverse_kl": Metric(
            mode_reverse_kl, "mixture", "lower", "nats",
            "KL(generated || equal weights) over nearest modes, all samples; state the number of samples",
        ),
        "mean_error": Metric(
            mean_error, "gaussian", "lower", "sample units",
            "largest entry of |sample mean - mean|; state the number of samples",
        ),
        "covariance_error": Metric(
            covariance_error, "gaussian", "lower", "squared sample units",
            "largest entry of |sample covariance - covariance|; state the number of samples",
        ),
    },
)  # fmt: skip

__all__ = [
    "METRICS",
    "Estimate",
    "GaussianErrors",
    "Metric",
    "ModeStatistics",
    "Moments",
    "class_counts",
    "class_reverse_kl",
    "class_total_variation",
    "classes_found",
    "covariance_error",
    "evaluate",
    "expected_class_shares",
    "feature_frechet_distance",
    "frechet_distance",
    "gaussian_errors",
    "high_quality_share",
    "kernel_distance",
    "kernel_distance_subsets",
    "mean_error",
    "merge",
    "mode_reverse_kl",
    "mode_statistics",
    "modes_found",
    "moments",
    "num_classes_found",
    "reverse_kl",
    "total_variation",
    "update",
]
