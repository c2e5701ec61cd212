"""What a set of samples is worth: the entries and their names, and that better samples score better."""

import jax
import judging
import numpy as np
import pytest
from classifiers import Classifier, LabeledImages, hold_out, train_classifier
from judging import evaluate_images, evaluate_stacked, evaluate_toy

from ganjax import data
from ganjax.checks import InputError, UnknownNameError
from ganjax.metrics import (
    METRICS,
    class_total_variation,
    feature_frechet_distance,
    kernel_distance,
    manifold_statistics,
)


@pytest.fixture(scope="module")
def digits():
    source = data.digits()
    return hold_out(LabeledImages(np.asarray(source.arrays.samples), np.asarray(source.arrays.labels)))


@pytest.fixture(scope="module")
def classifier(digits):
    return train_classifier("digits", *digits)


def sample(name, num, seed=0):
    return np.asarray(data.TOYS[name]().sample(jax.random.key(seed), num))


def test_image_entries_are_the_metrics_on_the_classifiers_features_and_labels(digits, classifier):
    train, test = digits
    fake = train.images[:200]
    found = evaluate_images(test.images, test.labels, fake, classifier)
    features = classifier.features(test.images), classifier.features(fake)
    kernel = kernel_distance(*features)
    expected = {
        "num_real": 359.0,
        "num_fake": 200.0,
        "classifier_accuracy": classifier.accuracy,
        "frechet_distance[digits-classifier]": feature_frechet_distance(*features),
        "kernel_distance[digits-classifier]": kernel.value,
        "kernel_distance_standard_error[digits-classifier]": kernel.standard_error,
        "class_total_variation[digits-classifier]": class_total_variation(
            test.labels, classifier.logits(fake).argmax(axis=1), 10
        ),
        "class_reverse_kl[digits-classifier]": pytest.approx(found["class_reverse_kl[digits-classifier]"]),
        "classes_found[digits-classifier]": 10.0,
        **{f"{name}[digits-classifier]": value for name, value in manifold_statistics(*features)._asdict().items()},
    }
    assert {name: found[name] for name in expected} == expected
    rows = {name for name, metric in METRICS.items() if metric.inputs in ("features", "classes")}
    assert {name.removesuffix("[digits-classifier]") for name in found} >= rows
    assert all(type(value) is float for value in found.values())


def test_more_noise_is_further_away_and_one_class_is_out_of_balance(digits, classifier):
    train, test = digits
    rng = np.random.default_rng(0)

    def distances(fake):
        found = evaluate_images(test.images, test.labels, fake, classifier)
        return found["frechet_distance[digits-classifier]"], found["kernel_distance[digits-classifier]"]

    clean = distances(train.images)
    noisy = [
        distances(np.clip(train.images + rng.normal(0, size, train.images.shape), 0, 255).astype(np.uint8))
        for size in (30, 120)
    ]
    assert clean[0] < noisy[0][0] < noisy[1][0]
    assert clean[1] < noisy[0][1] < noisy[1][1]

    only_threes = evaluate_images(test.images, test.labels, train.images[train.labels == 3], classifier)
    # nine tenths of the samples would have to move; all in one of ten classes is log 10
    assert only_threes["class_total_variation[digits-classifier]"] == pytest.approx(0.9, abs=0.04)
    assert only_threes["class_reverse_kl[digits-classifier]"] == pytest.approx(np.log(10), abs=0.3)
    assert only_threes["classes_found[digits-classifier]"] <= 4


def test_images_of_another_kind(digits, classifier):
    _, test = digits
    with pytest.raises(InputError, match="bytes"):
        evaluate_images(test.images, test.labels, test.images / 127.5 - 1, classifier)
    with pytest.raises(InputError, match="from 0 to 9, got 2 to 11"):
        evaluate_images(test.images[:9], np.array([2, 11, 3] * 3), test.images, classifier)


def test_stacked_digits_have_the_rows_that_are_asked_for():
    """A classifier that reads the digit in a channel's first pixel; five stacks in four modes."""
    classifier = Classifier("mnist", (), None, lambda images: np.eye(10)[images[:, 0, 0, 0]], 0.5)
    fake = np.zeros((5, 2, 2, 3), np.uint8)
    fake[:, 0, 0] = [[0, 0, 0], [1, 2, 3], [3, 2, 1], [9, 9, 9], [9, 9, 9]]
    both = evaluate_stacked(fake, classifier)
    assert both["modes_found[mnist-classifier]"] == 4.0
    # KL of shares 1/5, 1/5, 1/5, 2/5 to equal ones of 1000
    assert both["reverse_kl[mnist-classifier]"] == pytest.approx(0.6 * np.log(200) + 0.4 * np.log(400))
    one = evaluate_stacked(fake, classifier, {"modes_found": METRICS["modes_found"]})
    assert one == {"num_fake": 5.0, "classifier_accuracy": 0.5, "modes_found[mnist-classifier]": 4.0}


def test_a_mixture():
    found = evaluate_toy(sample("ring", 2500), "ring")
    assert list(found) == ["num_samples", "modes_found", "high_quality_share", "reverse_kl"]
    assert found["num_samples"] == 2500.0
    assert found["modes_found"] == 8.0
    assert found["high_quality_share"] == pytest.approx(1 - np.exp(-4.5), abs=0.01)
    assert found["reverse_kl"] < 0.01
    half = evaluate_toy(sample("grid", 2500), "ring")
    assert half["high_quality_share"] < 0.01


def test_the_gaussian():
    found = evaluate_toy(sample("gaussian", 20_000), "gaussian:1000")
    assert list(found) == ["num_samples", "mean_error", "covariance_error"]
    # five standard deviations: √(4.25/20000) and √(2·4.25²/20000)
    assert found["mean_error"] < 0.073
    assert found["covariance_error"] < 0.22
    off = evaluate_toy(sample("gaussian", 20_000) + np.array([[0.0, 1.0]]), "gaussian")
    assert off["mean_error"] == pytest.approx(1.0, abs=0.073)
    # the matrix's own transpose has another covariance: [[5, .9], [.9, .26]] against [[1.01, 1.95], [1.95, 4.25]]
    swapped = evaluate_toy(sample("gaussian", 20_000)[:, ::-1], "gaussian")
    assert swapped["covariance_error"] == pytest.approx(4.25 - 1.01, abs=0.22)


def test_the_normal_on_the_line():
    found = evaluate_toy(sample("normal", 20_000), "normal")
    assert list(found) == ["num_samples", "mean_error", "covariance_error", "wasserstein_1d"]
    # standard errors 1/√N = .0071 of the mean, √2/√N = .01 of the variance; W1 of N true samples is near 1.3/√N = .009
    assert found["mean_error"] < 0.036
    assert found["covariance_error"] < 0.05
    assert 0.0005 < found["wasserstein_1d"] < 0.03
    # shifted by ½, W1 is ½; halved around 0, N(1, ¼): E|1 + z/2| over standard normal z, which is
    # 2·½·φ(2) + 1·(2Φ(2) − 1) = .05399 + .95450
    samples = sample("normal", 20_000)
    assert evaluate_toy(samples + np.float32(0.5), "normal")["wasserstein_1d"] == pytest.approx(0.5, abs=0.036)
    assert evaluate_toy(samples / 2, "normal")["wasserstein_1d"] == pytest.approx(1.00849, abs=0.036)


@pytest.mark.parametrize("name", ["swiss_roll", "two_moons"])
def test_a_toy_without_a_closed_form(name, monkeypatch):
    monkeypatch.setattr(judging, "NUM_REFERENCE", 1200)  # pairs cost their number squared
    found = evaluate_toy(sample(name, 1000), name)
    assert list(found)[:4] == [
        "num_samples",
        "frechet_distance[coordinates]",
        "kernel_distance[coordinates]",
        "kernel_distance_standard_error[coordinates]",
    ]
    assert {f"{name}[coordinates]" for name, metric in METRICS.items() if metric.inputs == "features"} <= set(found)
    assert abs(found["kernel_distance[coordinates]"]) < 4 * found["kernel_distance_standard_error[coordinates]"]
    other = evaluate_toy(sample("ring", 1000), name)
    assert other["frechet_distance[coordinates]"] > 20 * found["frechet_distance[coordinates]"]


def test_every_toy_can_be_judged(monkeypatch):
    monkeypatch.setattr(judging, "NUM_REFERENCE", 100)
    for name in data.TOYS:
        assert evaluate_toy(sample(name, 50), name)["num_samples"] == 50.0


def test_unknown_toys():
    with pytest.raises(UnknownNameError, match="'ring'"):
        evaluate_toy(np.zeros((5, 2)), "rings")
