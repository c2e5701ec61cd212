"""Mirror images."""

import jax
import jax.numpy as jnp
import numpy as np

from ganjax import data

# every pixel says where it is: sample i, row r, column c holds 50 i + 10 r + c
PIXELS = 50 * np.arange(4)[:, None, None] + 10 * np.arange(2)[:, None] + np.arange(3)
SOURCE = data.image_source("tiny", PIXELS[..., None].astype(np.uint8), np.arange(4), 4)._replace(
    draw=lambda key, step, num: (step + jnp.arange(num)) % 4  # that of the library takes seconds to compile
)
FLIPPED = data.flipped(SOURCE)


def shown(source, key, steps, num):
    """[S, num, H, W] bytes."""
    samples = jax.jit(jax.vmap(lambda step: data.batch_at(source, key, step, num).samples))(jnp.asarray(steps))
    return np.asarray(data.to_uint8(samples))[..., 0]


def test_each_image_is_itself_or_its_mirror_image_in_the_order_of_ever():
    key, mirrored = jax.random.key(5), []
    plain, mixed = (shown(source, key, range(30), 3).reshape(90, 2, 3) for source in (SOURCE, FLIPPED))
    for one, other in zip(plain, mixed, strict=True):
        is_mirrored = not np.array_equal(one, other)
        np.testing.assert_array_equal(other, one[:, ::-1] if is_mirrored else one)
        mirrored.append(is_mirrored)
    # 90 fair coins: 45 ± 4.7, five deviations allowed
    assert 22 <= sum(mirrored) <= 68
    rows = np.asarray(mirrored).reshape(30, 3)
    assert not np.all(rows == rows[:1])  # by step
    assert not np.all(rows == rows[:, :1])  # and on its own


def test_which_ones_follows_from_key_and_step():
    key = jax.random.key(5)
    np.testing.assert_array_equal(shown(FLIPPED, key, [7], 3)[0], shown(FLIPPED, key, [6, 7], 3)[1])
    ahead = [data.draw_ahead(FLIPPED, jax.random.key(seed), jnp.arange(9), 64)[1] for seed in (5, 6)]
    assert not np.array_equal(*ahead)
    np.testing.assert_array_equal(ahead[0][7], FLIPPED.draw(key, 7, 64)[1])


def test_labels_stay_with_their_images():
    batch = data.batch_at(data.labelled(FLIPPED), jax.random.key(1), 2, 4)
    samples = np.asarray(data.to_uint8(batch.samples))
    np.testing.assert_array_equal(samples[:, 0, 1, 0] // 50, batch.condition)
