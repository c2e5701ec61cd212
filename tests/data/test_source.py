"""A source gives the right samples with the right labels, the same ahead of a scan as one by one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import data
from ganjax.checks import InputError

KEY = jax.random.key(5)


def numbered_images(num):
    """Image i holds bytes i, i + 1, …: any two differ everywhere; label i % 3."""
    images = (np.arange(num)[:, None] + np.arange(2 * 3 * 1)).astype(np.uint8).reshape(num, 2, 3, 1)
    return images, np.arange(num) % 3


def numbered_source(num=11):
    images, labels = numbered_images(num)
    return data.image_source("numbers", images, labels, num_classes=3)


def test_spec():
    assert numbered_source().spec == data.Spec("numbers", (2, 3, 1), 11, 3, (-1.0, 1.0))
    points = data.point_source("points", np.ones((5, 2)))
    assert points.spec == data.Spec("points", (2,), 5, None, None)
    assert points.arrays.samples.dtype == jnp.float32
    assert numbered_source().arrays.samples.dtype == jnp.uint8


def test_batches_are_the_stored_images_as_floats_without_condition():
    source = numbered_source()
    indices = source.draw(KEY, 4, 6)
    np.testing.assert_array_equal(indices, data.indices_at(KEY, 4, 6, 11))
    batch = data.batch_at(source, KEY, 4, 6)
    images, _ = numbered_images(11)
    np.testing.assert_allclose(batch.samples, images[np.asarray(indices)] / 127.5 - 1, atol=1e-7)
    assert batch.samples.dtype == jnp.float32
    assert batch.condition == ()


def test_labels_belong_to_their_images():
    source = data.labelled(numbered_source())
    for step in range(5):
        batch = data.batch_at(source, KEY, step, 4)
        numbers = np.asarray(data.to_uint8(batch.samples))[:, 0, 0, 0]  # image i starts with byte i
        np.testing.assert_array_equal(batch.condition, numbers % 3)
        assert batch.condition.dtype == jnp.int32


def test_one_epoch_shows_everything_once():
    source = numbered_source(12)
    shown = [np.asarray(data.to_uint8(data.batch_at(source, KEY, s, 4).samples))[:, 0, 0, 0] for s in range(3)]
    np.testing.assert_array_equal(np.sort(np.concatenate(shown)), np.arange(12))


def test_points_come_as_they_are():
    points = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    source = data.point_source("points", points)
    batch = data.batch_at(source, KEY, 2, 9)
    np.testing.assert_array_equal(batch.samples, points[np.asarray(source.draw(KEY, 2, 9))])
    assert source.labels is None


@pytest.mark.parametrize(
    "source", [data.labelled(numbered_source()), data.toy_source("ring")], ids=["finite", "endless"]
)
def test_drawn_ahead_of_a_scan_is_the_same_as_one_by_one(source):
    @jax.jit
    def run(arrays, key, steps):
        draws = data.draw_ahead(source, key, steps, 4)
        return jax.lax.scan(lambda carry, draw: (carry, source.gather(arrays, draw)), 0, draws)[1]

    batches = run(source.arrays, KEY, jnp.arange(3, 9))
    for i, step in enumerate(range(3, 9)):
        expected = data.batch_at(source, KEY, step, 4)
        np.testing.assert_allclose(batches.samples[i], expected.samples, atol=1e-6)
        if source.labels is not None:
            np.testing.assert_array_equal(batches.condition[i], expected.condition)


def test_arrays_are_arguments_and_the_draw_needs_none():
    source = data.labelled(data.digits())
    draw = jax.make_jaxpr(lambda key, step: source.draw(key, step, 32))(KEY, 0)
    gather = jax.make_jaxpr(source.gather)(source.arrays, jnp.zeros(32, jnp.int32))
    for jaxpr in (draw, gather):
        assert all(np.size(constant) <= 1 for constant in jaxpr.consts)


def test_one_trace_for_all_steps():
    source, traces = numbered_source(), []

    @jax.jit
    def batch(arrays, step):
        traces.append(step)
        return source.gather(arrays, source.draw(KEY, step, 4))

    for step in range(10):
        batch(source.arrays, step)
    assert len(traces) == 1


def test_batch_sizes():
    spec = data.digits().spec
    data.check_batch_size(spec, 1797)
    with pytest.raises(InputError, match="Expected batch_size <= 1797 samples of digits, got 1798: lower the batch"):
        data.check_batch_size(spec, 1798)
    with pytest.raises(InputError, match="Expected batch_size >= 1, got 0"):
        data.check_batch_size(spec, 0)
    data.check_batch_size(data.toy_source("ring").spec, 10**6)


IMAGES, LABELS = numbered_images(4)


@pytest.mark.parametrize(
    ("images", "labels", "num_classes", "message"),
    [
        (IMAGES / 255, LABELS, 3, r"uint8 images \[N, H, W, C\], got float64 \[4, 2, 3, 1\]"),
        (IMAGES[..., 0], LABELS, 3, r"got uint8 \[4, 2, 3\]: .*one channel"),
        (IMAGES[:0], LABELS[:0], 3, r"one or more .*, got uint8 \[0, 2, 3, 1\]"),
        (IMAGES, LABELS[:3], 3, r"integer labels of broken with shape \[4\], .* got int64 \[3\]"),
        (IMAGES, LABELS[:, None], 3, r"got int64 \[4, 1\]"),
        (IMAGES, LABELS / 1.0, 3, r"got float64 \[4\]"),
        (IMAGES, LABELS, 2, r"from 0 to 1, got 2 at sample 2"),
        (IMAGES, LABELS - 1, 3, r"from 0 to 2, got -1 at sample 0"),
        (IMAGES, LABELS, None, r"num_classes with the labels of broken"),
    ],
)
def test_refuses_images_and_labels_that_do_not_fit(images, labels, num_classes, message):
    with pytest.raises(InputError, match=message):
        data.image_source("broken", images, labels, num_classes)


def test_refuses_points_without_rows():
    for points in (np.ones(3), np.ones((0, 2))):
        with pytest.raises(InputError, match=r"points \[N, F\], got shape"):
            data.point_source("broken", points)


def test_refuses_labels_where_there_are_none():
    for source in (
        data.image_source("plain", IMAGES),
        data.toy_source("grid"),
        data.point_source("p", np.ones((3, 2))),
    ):
        with pytest.raises(InputError, match=f"with labels, got {source.spec.name}, which has none"):
            data.labelled(source)
