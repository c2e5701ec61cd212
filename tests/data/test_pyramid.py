"""A source of pyramids: the same images, taken apart a batch at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import data, pyramids
from ganjax.checks import InputError

KEY = jax.random.key(5)


def source_of(num=7, shape=(8, 4, 2)):
    images = np.random.default_rng(0).integers(0, 256, (num, *shape)).astype(np.uint8)
    return data.image_source("noise", images, np.arange(num) % 3, num_classes=3)


@pytest.mark.parametrize("levels", [1, 3])
def test_batches_are_pyramids_of_the_images_and_what_they_are_added_to(levels):
    source = source_of()
    made = data.pyramid(source, levels)
    (images, _), (samples, condition) = jax.jit(lambda: [data.batch_at(s, KEY, 2, 5) for s in (source, made)])()
    assert samples.shape == condition.shape == (5, 8, 4, 2 * levels) == (5, *made.spec.shape)
    residuals = pyramids.unstack(samples, levels)
    np.testing.assert_allclose(pyramids.compose(residuals), images, atol=1e-6)
    *coarse, last = pyramids.unstack(condition, levels)
    assert not last.any()
    half = pyramids.down(images)
    for residual, added_to, image in zip(residuals, coarse, [images, half], strict=False):
        np.testing.assert_allclose(residual + added_to, image, atol=1e-6)
    np.testing.assert_allclose(residuals[-1] + last, pyramids.laplacian(images, levels)[-1], atol=1e-6)


def test_what_is_stored_stays_as_it_is():
    source = source_of()
    made = data.pyramid(source, 2)
    assert made.arrays is source.arrays
    assert made.arrays.samples.dtype == jnp.uint8
    assert made.spec == source.spec._replace(shape=(8, 4, 4), range=(-2.0, 2.0))
    draw = made.draw(KEY, 0, 4)
    np.testing.assert_array_equal(made.labels(made.arrays, draw), source.labels(source.arrays, draw))


def test_residuals_keep_their_range():
    corner = np.zeros((1, 4, 4, 1), np.uint8)
    corner[0, 0, 0] = 255  # as far from its neighbors as a pixel can be
    samples = data.batch_at(data.pyramid(data.image_source("corner", corner), 2), KEY, 0, 1).samples
    # down: (1 − 1 − 1 − 1)/4 = −.5 and three −1; up: −.5 in the corner, beside it ¾·(−.5) + ¼·(−1) = −.625
    np.testing.assert_allclose(samples[0, 0, :2], [[1 + 0.5, -0.5], [-1 + 0.625, -0.5]], rtol=1e-6)


def test_what_is_no_image_or_has_a_condition_is_refused():
    with pytest.raises(InputError, match=r"images for a pyramid, got samples \[2\]"):
        data.pyramid(data.point_source("points", np.ones((5, 2))), 3)
    with pytest.raises(InputError, match="divide by 8"):
        data.pyramid(source_of(), 4)
    with pytest.raises(InputError, match="without condition"):
        data.batch_at(data.pyramid(data.labelled(source_of()), 2), KEY, 0, 2)
