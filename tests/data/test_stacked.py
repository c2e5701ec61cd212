"""Stacked digits: three gray ones as the channels of one image."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import data
from ganjax.checks import InputError
from ganjax.data import Spec, image_source, stacked_source

# digit d is an image of the constant value 20·d + 5, so that a stack can be read back
DIGITS = image_source(
    "digits", np.repeat(np.arange(10, dtype=np.uint8) * 20 + 5, 4 * 4).reshape(10, 4, 4, 1), np.arange(10), 10
)


def read_back(samples):
    """The digit in each channel of stacks in [−1, 1]."""
    values = np.asarray((samples + 1) * 127.5)
    assert (np.ptp(values, axis=(1, 2)) == 0).all()
    return np.rint((values[:, 0, 0] - 5) / 20).astype(int)


def test_a_class_is_its_channels_digits_from_red_to_blue():
    source = stacked_source(DIGITS, 50)
    indices = jnp.arange(50)
    digits = read_back(source.gather(source.arrays, indices).samples)
    labels = np.asarray(source.labels(source.arrays, indices))
    np.testing.assert_array_equal(labels, digits @ [100, 10, 1])
    assert not np.array_equal(labels, digits @ [1, 10, 100])
    assert source.spec == Spec("stacked digits", (4, 4, 3), 50, 1000, (-1.0, 1.0))


def test_every_class_is_equally_likely():
    """12 800 stacks: 12.8 expected in each of 1000 classes; chi-square has mean 999 and deviation √1998 = 44.7."""
    source = stacked_source(DIGITS, 12_800)
    labels = np.asarray(source.labels(source.arrays, jnp.arange(12_800)))
    counts = np.bincount(labels, minlength=1000)
    assert abs(np.sum((counts - 12.8) ** 2 / 12.8) - 999) < 4 * 44.7


def test_the_set_is_fixed_and_more_of_it_begins_the_same():
    small, large = stacked_source(DIGITS, 20), stacked_source(DIGITS, 40)
    np.testing.assert_array_equal(small.arrays.members, large.arrays.members[:20])


def test_an_epoch_shows_every_stack_once():
    source = stacked_source(DIGITS, 40)
    key = jax.random.key(3)
    drawn = np.concatenate([source.draw(key, step, 8) for step in range(5)])
    assert sorted(drawn) == list(range(40))


def test_batches_under_jit_equal_those_without():
    source = stacked_source(DIGITS, 30)
    draw = source.draw(jax.random.key(0), 2, 6)
    jitted, plain = jax.jit(source.gather)(source.arrays, draw), source.gather(source.arrays, draw)
    np.testing.assert_allclose(jitted.samples, plain.samples, rtol=0, atol=1e-6)


def test_other_images_are_refused():
    colors = image_source("colors", np.zeros((3, 4, 4, 3), np.uint8), np.zeros(3, int), 10)
    with pytest.raises(InputError, match=r"gray images of ten classes.*colors"):
        stacked_source(colors)
    with pytest.raises(InputError, match="ten classes"):
        stacked_source(image_source("unlabeled", np.zeros((3, 4, 4, 1), np.uint8)))
    with pytest.raises(InputError, match="at least one"):
        stacked_source(DIGITS, 0)


def test_by_name(tmp_path):
    with pytest.raises(InputError, match="folder"):
        data.load("stacked-mnist")
    with pytest.raises(InputError, match="stacked-mnist:10000"):
        data.load("stacked-mnist:many", str(tmp_path))
