"""Laplacian pyramids: by hand, back again, and as one array."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import pyramids
from ganjax.checks import InputError


def draw(*shape, dtype=np.float64):
    return jnp.asarray(np.random.default_rng(0).normal(size=shape).astype(dtype))


def rows(values):
    """One gray image of one sample."""
    return jnp.asarray(values, jnp.float32)[None, :, :, None]


def test_by_hand():
    image = rows([[8, 0, 4, 4], [0, 0, 0, 8]])
    # means of 2 × 2: (8 + 0 + 0 + 0)/4 = 2 and (4 + 4 + 0 + 8)/4 = 4
    np.testing.assert_array_equal(pyramids.down(image), rows([[2, 4]]))
    # along the columns: 2 at the edge, ¾·2 + ¼·4 = 2.5, ¾·4 + ¼·2 = 3.5, 4; one row has no other neighbor than itself
    np.testing.assert_array_equal(pyramids.up(rows([[2, 4]])), rows([[2, 2.5, 3.5, 4], [2, 2.5, 3.5, 4]]))
    residual, smallest = pyramids.laplacian(image, 2)
    np.testing.assert_array_equal(residual, rows([[6, -2.5, 0.5, 0], [-2, -2.5, -3.5, 4]]))
    np.testing.assert_array_equal(smallest, rows([[2, 4]]))
    (coarse,) = pyramids.coarse(image, 2)
    np.testing.assert_array_equal(coarse + residual, image)


def test_three_levels_by_hand():
    # 4 × 4 of 1 to 16 by rows: means 3.5, 5.5, 11.5, 13.5; their mean 8.5
    image = rows(np.arange(1, 17).reshape(4, 4))
    fine, middle, smallest = pyramids.laplacian(image, 3)
    np.testing.assert_array_equal(smallest, rows([[8.5]]))
    np.testing.assert_array_equal(middle, rows([[-5, -3], [3, 5]]))
    # up of [[3.5, 5.5], [11.5, 13.5]]: columns 3.5, 4, 5, 5.5 and 11.5, 12, 13, 13.5; rows at 0, ¼, ¾ and 1 between
    expected = np.array([[3.5, 4, 5, 5.5], [5.5, 6, 7, 7.5], [9.5, 10, 11, 11.5], [11.5, 12, 13, 13.5]])
    np.testing.assert_array_equal(fine, image - rows(expected))


@pytest.mark.parametrize("shape", [(2, 6, 3, 1), (3, 4, 5, 2)])
def test_up_is_linear_resizing(shape):
    images = draw(*shape, dtype=np.float32)
    num, height, width, channels = shape
    expected = jax.image.resize(images, (num, 2 * height, 2 * width, channels), "linear")
    np.testing.assert_allclose(pyramids.up(images), expected, rtol=1e-5, atol=1e-6)


def test_down_is_the_mean_of_four(x64):
    del x64
    images = draw(2, 6, 4, 3)
    i = np.asarray(images)
    expected = (i[:, ::2, ::2] + i[:, 1::2, ::2] + i[:, ::2, 1::2] + i[:, 1::2, 1::2]) / 4
    np.testing.assert_allclose(pyramids.down(images), expected, rtol=1e-13)


def there_and_back(images, levels):
    pyramid = pyramids.laplacian(images, levels)
    made = pyramids.coarse_to_fine(pyramid)
    assert pyramids.compose(pyramid).shape == made[-1].shape
    return pyramid, pyramids.coarse(images, levels), made


@pytest.mark.parametrize("levels", [1, 3])
def test_back_again(x64, levels):
    del x64
    images = draw(3, 8, 12, 2)
    pyramid, added_to, made = jax.jit(there_and_back, static_argnums=1)(images, levels)
    assert [level.shape for level in pyramid] == [(3, 8 // 2**k, 12 // 2**k, 2) for k in range(levels)]
    half = pyramids.down(images)
    for found, expected in zip(made[::-1], [images, half, pyramids.down(half)], strict=False):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)
    assert len(made) == levels == len(added_to) + 1
    for residual, coarse, image in zip(pyramid, added_to, made[::-1], strict=False):
        np.testing.assert_allclose(residual + coarse, image, rtol=0, atol=1e-14)


def test_one_array_by_hand():
    stacked = pyramids.stack([rows([[1, 2], [3, 4]]), rows([[7]])])
    np.testing.assert_array_equal(stacked[0, :, :, 0], [[1, 2], [3, 4]])
    np.testing.assert_array_equal(stacked[0, :, :, 1], [[7, 7], [7, 7]])


@pytest.mark.parametrize("channels", [1, 3])
def test_one_array_and_back_is_exact(channels):
    pyramid = [draw(2, 8 // 2**k, 12 // 2**k, channels, dtype=np.float32) for k in range(3)]
    stacked = jax.jit(pyramids.stack)(pyramid)
    assert stacked.shape == (2, 8, 12, 3 * channels)
    for level, back in zip(pyramid, pyramids.unstack(stacked, 3), strict=True):
        np.testing.assert_array_equal(level, back)


def test_gradients_pass_the_one_array_unchanged():
    pyramid = [draw(2, 4 // 2**k, 8 // 2**k, 1, dtype=np.float32) for k in range(3)]
    weights = [draw(*level.shape, dtype=np.float32) for level in pyramid]

    def total(pyramid):
        back = pyramids.unstack(pyramids.stack(pyramid), 3)
        return sum(jnp.vdot(weight, level) for weight, level in zip(weights, back, strict=True))

    for gradient, weight in zip(jax.jit(jax.grad(total))(pyramid), weights, strict=True):
        np.testing.assert_array_equal(gradient, weight)


def test_what_has_no_such_pyramid_is_refused():
    with pytest.raises(InputError, match=r"divide by 4 for a pyramid of 3 levels, got samples \[6, 8, 1\]"):
        pyramids.laplacian(draw(2, 6, 8, 1), 3)
    with pytest.raises(InputError, match=r"divide by 2 .* got samples \[8, 5, 1\]: take fewer levels"):
        pyramids.coarse(draw(2, 8, 5, 1), 2)
    with pytest.raises(InputError, match="levels >= 1, got 0"):
        pyramids.laplacian(draw(2, 8, 8, 1), 0)
    with pytest.raises(InputError, match="doesn't divide by 3"):
        pyramids.unstack(draw(2, 8, 8, 4), 3)
