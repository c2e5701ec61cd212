"""Laws that a whole table obeys: a new row earns every test by existing.

Each law takes a function of arrays (and the arrays), and asserts. `total` is the sum of whatever the function returns.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.checks import InputError, UnknownNameError


def gradients(fn, *arrays):
    """The gradients of fn's total with respect to every array, in NumPy float64."""
    every = tuple(range(len(arrays)))
    found = jax.grad(lambda *args: jnp.sum(fn(*args)), argnums=every)(*arrays)
    return tuple(np.asarray(gradient, np.float64) for gradient in found)


def keeps_shape_and_dtype(fn, *arrays):
    """So do its gradients. Nothing is computed: the law is of the traced program."""
    like = [(array.shape, array.dtype) for array in arrays]
    out = jax.eval_shape(fn, *arrays)
    assert (out.shape, out.dtype) == like[0]
    found = jax.eval_shape(jax.grad(lambda *args: jnp.sum(fn(*args)), tuple(range(len(arrays)))), *arrays)
    assert [(gradient.shape, gradient.dtype) for gradient in found] == like


def same_under_jit(fn, *arrays, rtol=1e-5, atol=1e-6):
    np.testing.assert_allclose(jax.jit(fn)(*arrays), fn(*arrays), rtol=rtol, atol=atol)


def vmap_is_a_loop(fn, *arrays, rtol=1e-5, atol=1e-6):
    """Mapping over the leading axis equals calling once for each of its entries."""
    looped = np.stack([np.asarray(fn(*each)) for each in zip(*arrays, strict=True)])
    np.testing.assert_allclose(jax.vmap(fn)(*arrays), looped, rtol=rtol, atol=atol)


def is_elementwise(fn, *arrays, rtol=1e-5, atol=1e-6):
    """An entry of the output depends on the same entry of the inputs, and on nothing else."""
    entries = jax.vmap(fn)(*(jnp.reshape(array, [-1, 1]) for array in arrays))
    np.testing.assert_allclose(np.ravel(fn(*arrays)), np.ravel(entries), rtol=rtol, atol=atol)


def finite_with_gradients(fn, *arrays):
    assert np.all(np.isfinite(np.asarray(fn(*arrays), np.float64)))
    for gradient in gradients(fn, *arrays):
        assert np.all(np.isfinite(gradient))


def agrees_with_differences(fn, *arrays, rtol=1e-4, atol=1e-7, step=1e-6):
    """The gradient equals central differences of the total, entry by entry. Call it in float64, away from kinks."""
    found = gradients(fn, *arrays)
    for which, array in enumerate(arrays):
        moves = step * jnp.eye(array.size, dtype=array.dtype).reshape(array.size, *array.shape)

        def total(moved, which=which):
            return jnp.sum(fn(*arrays[:which], moved, *arrays[which + 1 :]))

        every_total = jax.vmap(total)
        slopes = (every_total(array[None] + moves) - every_total(array[None] - moves)) / (2 * step)
        np.testing.assert_allclose(found[which], slopes.reshape(array.shape), rtol=rtol, atol=atol)


def pulls(fn, *arrays, signs):
    """Descending fn's total moves array k's entries the way of signs[k]: +1 up, −1 down, 0 nowhere, None either."""
    for gradient, sign in zip(gradients(fn, *arrays), signs, strict=True):
        if sign is not None:
            np.testing.assert_array_equal(np.sign(-gradient), sign)


def refuses_a_stray_axis(fn, batch=4):
    """[batch, 1] against [batch] would broadcast to [batch, batch]."""
    column, row = jnp.ones([batch, 1]), jnp.ones([batch])
    for first, second in ((column, row), (row, column)):
        with pytest.raises(InputError, match=r"real_scores\[.*fake_scores\[.*squeeze"):
            fn(first, second)


def lists_near_names(table):
    """A misspelt name is answered with the right one, and with all of them."""
    for name in table:
        with pytest.raises(UnknownNameError) as caught:
            table[name + "s"]
        message = str(caught.value)
        assert "Did you mean" in message
        assert repr(name) in message
        assert all(other in message for other in table)
