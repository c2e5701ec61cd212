"""The whole batch from the parts that devices hold."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

from ganjax import batches

DEVICES = 4
ROWS, WHOLE = PartitionSpec(batches.AXIS), PartitionSpec()


def on_devices(function, *inputs, out=ROWS, rows=(0,)):
    """function on each device's rows of the inputs numbered in `rows`; the others come whole."""
    mesh = Mesh(np.array(jax.devices()[:DEVICES]), (batches.AXIS,))
    specs = tuple(ROWS if i in rows else WHOLE for i in range(len(inputs)))
    return jax.jit(jax.shard_map(function, mesh=mesh, in_specs=specs, out_specs=out, check_vma=False))(*inputs)


def each(function, x):
    """What every device has, side by side."""
    return on_devices(lambda x: function(x)[None], x)


X = jnp.asarray(np.random.default_rng(0).normal(size=(8, 3)), jnp.float32)


@pytest.mark.parametrize(
    ("ours", "plain"), [(batches.mean, np.mean), (batches.std, np.std), (batches.greatest, np.max)], ids=lambda f: f
)
def test_statistics_are_of_all_rows_and_the_same_on_every_device(ours, plain):
    found = each(ours, X)
    np.testing.assert_allclose(found, np.full(DEVICES, plain(np.asarray(X))), rtol=1e-6)
    np.testing.assert_allclose(ours(X), plain(np.asarray(X)), rtol=1e-6)


def test_whole_and_own_are_inverse():
    np.testing.assert_array_equal(each(batches.whole, X), np.broadcast_to(X, (DEVICES, *X.shape)))
    np.testing.assert_array_equal(on_devices(batches.own, X, rows=()), X)
    np.testing.assert_array_equal(batches.own(X), X)


def test_own_rows_of_several_batches_side_by_side():
    # two batches of 8 rows: device d holds rows 2d, 2d + 1 of each
    stream = jnp.arange(16)
    found = on_devices(lambda x: batches.own_rows(x, num_batches=2)[None], stream, rows=())
    np.testing.assert_array_equal(found, [[0, 1, 8, 9], [2, 3, 10, 11], [4, 5, 12, 13], [6, 7, 14, 15]])


def test_a_draw_does_not_depend_on_where_its_rows_lie():
    key = jax.random.key(3)

    def draw(num):
        return jax.random.uniform(key, (num, 2))

    found = on_devices(lambda x: batches.drawn(draw, x.shape[0]), X)
    np.testing.assert_array_equal(found, draw(8))
    np.testing.assert_array_equal(batches.drawn(draw, 8), draw(8))


def test_own_keys_differ_between_devices_and_are_the_key_itself_on_one():
    key = jax.random.key(3)
    found = each(lambda x: jax.random.key_data(batches.own_key(key)), X)
    assert len({tuple(row) for row in np.asarray(found)}) == DEVICES
    assert batches.own_key(key) is key


def test_agreed_is_the_mean_of_floats_and_leaves_the_rest():
    tree = {"a": jnp.arange(4.0), "n": jnp.int32(7)}
    found = on_devices(lambda x: batches.agreed({"a": x, "n": tree["n"]}), tree["a"], out=WHOLE)
    np.testing.assert_array_equal(found["a"], [1.5])
    assert found["n"] == 7
    assert batches.agreed(tree) is tree


def test_the_gradient_of_a_mean_arrives_once():
    """f(w) = mean_i (w x_i − m)², m = mean_i w x_i: f′(w) = 2 w var(x), with the mean's own share in it."""
    x, w = X[:, 0], jnp.float32(1.7)

    def loss(w, x):
        return batches.mean(jnp.square(w * x - batches.mean(w * x)))

    found = on_devices(lambda x: batches.agreed(jax.grad(loss)(w, x))[None], x)
    np.testing.assert_allclose(found, np.full(DEVICES, 2 * 1.7 * np.var(np.asarray(x))), rtol=1e-5)


def test_axes_of_other_names_split_nothing():
    found = jax.vmap(lambda x: batches.mean(x) + batches.num_parts(), axis_name="games")(X)
    np.testing.assert_allclose(found, np.mean(np.asarray(X), axis=1) + 1, rtol=1e-6)
    assert batches.axis() is None
