import importlib.util

import jax
import numpy as np
from sklearn.datasets import load_digits

from ganjax import data


def test_digits_are_the_stored_ones_as_bytes():
    source = data.digits()
    assert source.spec == data.Spec("digits", (8, 8, 1), 1797, 10, (-1.0, 1.0))
    raw = load_digits()
    images = np.asarray(source.arrays.samples)
    np.testing.assert_array_equal(source.arrays.labels, raw.target)
    np.testing.assert_allclose(images[..., 0] / 255, raw.images / 16, atol=0.5 / 255 + 1e-9)
    # the first digit's first row is 0 0 5 13 9 1 0 0: 5·255/16 = 79.69 → 80, 13 → 207.19, 9 → 143.44, 1 → 15.94
    np.testing.assert_array_equal(images[0, 0, :, 0], [0, 0, 80, 207, 143, 16, 0, 0])
    assert images.max() == 255


def test_a_batch_of_digits_with_labels():
    source = data.labelled(data.digits())
    batch = data.batch_at(source, jax.random.key(0), 100, 64)
    assert batch.samples.shape == (64, 8, 8, 1)
    stored = np.asarray(data.to_float(source.arrays.samples))
    for sample, label in zip(np.asarray(batch.samples), np.asarray(batch.condition), strict=True):
        twins = np.flatnonzero(np.all(stored == sample, axis=(1, 2, 3)))
        assert label in np.asarray(source.arrays.labels)[twins]


def test_without_the_file_the_package_is_asked(monkeypatch):
    found = data.digits().arrays
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    asked = data.digits().arrays
    np.testing.assert_array_equal(found.samples, asked.samples)
    np.testing.assert_array_equal(found.labels, asked.labels)
    assert found.labels.dtype == asked.labels.dtype
