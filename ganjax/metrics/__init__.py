"""Samples or features in, numbers out: what judges a generator. On the host, in float64; no networks in here.

The one network, which the FID is defined by, has its own room, `ganjax.metrics.inception`, and nothing here calls it.
The table `METRICS` says of each metric what it takes, which way is better and under which protocol it is stated;
`evaluate` computes all the rows that fit some inputs. A new metric is one function and one row.
"""

from ganjax.checks import Table
from ganjax.metrics._bins import BinStatistics, ndb
from ganjax.metrics._classes import (
    class_counts,
    class_reverse_kl,
    class_total_variation,
    classes_found,
    expected_class_shares,
    num_classes_found,
    stacked_classes,
)
from ganjax.metrics._frechet import Moments, feature_frechet_distance, frechet_distance, merge, moments, update
from ganjax.metrics._gaussian import GaussianErrors, covariance_error, gaussian_errors, mean_error
from ganjax.metrics._kernel import kernel_distance, kernel_distance_of_subsets, kernel_distance_subsets
from ganjax.metrics._manifolds import ManifoldStatistics, coverage, density, manifold_statistics, precision, recall
from ganjax.metrics._memorization import data_copying, nearer_to_train
from ganjax.metrics._metric import Estimate, Metric, evaluate
from ganjax.metrics._mmd import median_distance, mmd
from ganjax.metrics._modes import ModeStatistics, high_quality_share, mode_reverse_kl, mode_statistics, modes_found
from ganjax.metrics._parzen import (
    BANDWIDTHS,
    ParzenScore,
    choose_bandwidth,
    parzen_log_likelihood,
    parzen_score,
)
from ganjax.metrics._score import class_probabilities, classifier_score, classifier_score_splits
from ganjax.metrics._shares import reverse_kl, total_variation
from ganjax.metrics._sliced import sliced_wasserstein
from ganjax.metrics._support import SupportStatistics, near_duplicate_distance, support_statistics
from ganjax.metrics._two_sample import (
    NeighborAccuracy,
    TwoSampleTest,
    classifier_two_sample_test,
    nearest_neighbor_accuracy,
)

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
        "mmd": Metric(
            mmd, "features", "lower", "dimensionless",
            "SQUARED; Gaussian kernel as wide as the real samples' median distance; name the features' network",
        ),
        "sliced_wasserstein": Metric(
            sliced_wasserstein, "features", "lower", "squared feature units",
            "mean SQUARED W2 over 256 directions, with its standard error over them; compare at equal sample counts",
        ),
        "precision": Metric(
            manifold_statistics, "features", "higher", "share of the generated samples",
            "5 nearest neighbors; name the features' network; state both sample counts, compare only at equal ones",
            part="precision",
        ),
        "recall": Metric(
            manifold_statistics, "features", "higher", "share of the data",
            "5 nearest neighbors; name the features' network; state both sample counts, compare only at equal ones",
            part="recall",
        ),
        "density": Metric(
            manifold_statistics, "features", "higher", "balls over neighbors",
            "5 nearest neighbors; name the features' network; the data itself has 1, and more than that is not better",
            part="density",
        ),
        "coverage": Metric(
            manifold_statistics, "features", "higher", "share of the data",
            "5 nearest neighbors; name the features' network; the data itself has .969 at equal sample counts",
            part="coverage",
        ),
        "neighbor_accuracy": Metric(
            nearest_neighbor_accuracy, "features", "half", "share of the samples",
            "leave-one-out 1-nearest-neighbor, both sides alike; the data itself has 1/2, and less means copies",
            part="accuracy",
        ),
        "neighbor_accuracy_real": Metric(
            nearest_neighbor_accuracy, "features", "half", "share of the data",
            "leave-one-out 1-nearest-neighbor, real samples alone; the data itself has 1/2",
            part="real",
        ),
        "neighbor_accuracy_fake": Metric(
            nearest_neighbor_accuracy, "features", "half", "share of the generated samples",
            "leave-one-out 1-nearest-neighbor, generated samples alone; the data itself has 1/2",
            part="fake",
        ),
        "logistic_accuracy": Metric(
            classifier_two_sample_test, "features", "lower", "share of the held-out samples",
            "logistic regression trained on half of the samples; the data itself has 1/2; grows with their number",
            part="accuracy",
        ),
        "ndb_share": Metric(
            ndb, "bins", "lower", "share of the bins",
            "bins that differ at the 5 % level; state their number and both sample counts; the data has .02 to .05",
            part="share_different",
        ),
        "bins_jensen_shannon": Metric(
            ndb, "bins", "lower", "nats",
            "between shares of k-means bins of the data; state their number and both sample counts",
            part="jensen_shannon",
        ),
        "support_size": Metric(
            support_statistics, "support", "higher", "samples",
            "pairs over near duplicates; state the threshold, and give the data's own beside it",
            part="support_size",
        ),
        "collision_chance": Metric(
            support_statistics, "support", "lower", "share of the batches",
            "batches with a near duplicate; state batch size and threshold, and give the data's own beside it",
            part="collision_chance",
        ),
        "nearer_to_train": Metric(
            nearer_to_train, "memorization", "half", "share of the generated samples",
            "against as many held-out samples; 1/2 where nothing was memorized, 1 for copies",
        ),
        "data_copying": Metric(
            data_copying, "memorization", "zero", "standard deviations",
            "z of distances to the training set against held-out samples'; 0 is best, far above it misses the data",
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
        "classifier_score": Metric(
            classifier_score, "probabilities", "higher", "classes",
            "name the classifier; all generated samples as one group; fewer bias it downwards; state their number",
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
        "parzen_log_likelihood": Metric(
            parzen_score, "likelihood", "higher", "nats",
            "2014: pixels in [0, 1], width chosen on validation samples from ten in .1 to 1; state the sample counts",
            part="estimate",
        ),
    },
)  # fmt: skip

__all__ = [
    "BANDWIDTHS",
    "METRICS",
    "BinStatistics",
    "Estimate",
    "GaussianErrors",
    "ManifoldStatistics",
    "Metric",
    "ModeStatistics",
    "Moments",
    "NeighborAccuracy",
    "ParzenScore",
    "SupportStatistics",
    "TwoSampleTest",
    "choose_bandwidth",
    "class_counts",
    "class_probabilities",
    "class_reverse_kl",
    "class_total_variation",
    "classes_found",
    "classifier_score",
    "classifier_score_splits",
    "classifier_two_sample_test",
    "covariance_error",
    "coverage",
    "data_copying",
    "density",
    "evaluate",
    "expected_class_shares",
    "feature_frechet_distance",
    "frechet_distance",
    "gaussian_errors",
    "high_quality_share",
    "kernel_distance",
    "kernel_distance_of_subsets",
    "kernel_distance_subsets",
    "manifold_statistics",
    "mean_error",
    "median_distance",
    "merge",
    "mmd",
    "mode_reverse_kl",
    "mode_statistics",
    "modes_found",
    "moments",
    "ndb",
    "near_duplicate_distance",
    "nearer_to_train",
    "nearest_neighbor_accuracy",
    "num_classes_found",
    "parzen_log_likelihood",
    "parzen_score",
    "precision",
    "recall",
    "reverse_kl",
    "sliced_wasserstein",
    "stacked_classes",
    "support_statistics",
    "total_variation",
    "update",
]
