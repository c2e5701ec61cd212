"""The keyed permutation is exact for every N, looks random, and finds its place in the stream at any step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import data
from ganjax.checks import InputError
from ganjax.data import _shuffle

KEY = jax.random.key(20)
WORD = 2**32


def permutation(key, epoch, num):
    return np.asarray(data.feistel_permutation(key, jnp.uint32(epoch), jnp.arange(num, dtype=jnp.uint32), num))


def permutations(key, epochs, num):
    """[epochs, num], row e the permutation of epoch e."""
    rows = jnp.broadcast_to(jnp.arange(epochs, dtype=jnp.uint32)[:, None], (epochs, num))
    places = jnp.broadcast_to(jnp.arange(num, dtype=jnp.uint32), (epochs, num))
    return np.asarray(jax.jit(lambda e, p: data.feistel_permutation(key, e, p, num))(rows, places))


def murmur(x):
    x = (x ^ (x >> 16)) * 0x85EBCA6B % WORD
    x = (x ^ (x >> 13)) * 0xC2B2AE35 % WORD
    return x ^ (x >> 16)


def walk_in_python(key, epoch, place, num):
    """One place at a time in Python's integers, walking for as long as it takes."""
    a, b = _shuffle._sides(num)
    words = [int(w) for w in np.asarray(jax.random.bits(key, (_shuffle._num_rounds((a, b)) + 1,), jnp.uint32))]
    seed = murmur((epoch + words[0]) % WORD)
    while True:
        left, right = divmod(place, b)
        for j, word in enumerate(words[1:]):
            if j % 2 == 0:
                left = (left + murmur((right + word + seed * (2 * j + 1)) % WORD) % a) % a
            else:
                right = (right + murmur((left + word + seed * (2 * j + 1)) % WORD) % b) % b
        place = left * b + right
        if place < num:
            return place


@pytest.mark.parametrize("num", [1, 2, 3, 5, 97, 1797, 10000, 50000, 60000, 79954])
def test_every_sample_exactly_once_an_epoch(num):
    permute = jax.jit(lambda epoch, places: data.feistel_permutation(KEY, epoch, places, num))
    places = jnp.arange(num, dtype=jnp.uint32)
    for epoch in (0, 1, 2**32 - 1):
        np.testing.assert_array_equal(np.sort(permute(jnp.uint32(epoch), places)), np.arange(num))


def test_every_small_size():
    # one array shape for all sizes, so that nothing is compiled twice
    for num in range(1, 97):
        places = jnp.arange(96, dtype=jnp.uint32) % num
        found = np.asarray(data.feistel_permutation(KEY, jnp.uint32(3), places, num))
        np.testing.assert_array_equal(np.sort(found[:num]), np.arange(num), err_msg=f"N = {num}")


@pytest.mark.parametrize("num", [2, 3, 13, 1797, 79954, 2**31 - 1])
def test_agrees_with_a_walk_in_python_integers(num):
    places = np.unique(np.linspace(0, num - 1, 40).astype(np.uint32))
    for epoch in (0, 7, 2**32 - 1):
        found = data.feistel_permutation(KEY, jnp.uint32(epoch), jnp.asarray(places), num)
        expected = [walk_in_python(KEY, epoch, int(place), num) for place in places]
        np.testing.assert_array_equal(found, expected)


def test_few_walks_are_ever_needed():
    # by hand: 5 = 3·2 − 1, 97 = 9·11 − 2 but 7·14 − 1, 60000 = 240·250, 1797 = 31·58 − 1
    assert [_shuffle._sides(num) for num in (1, 2, 5, 97, 60000)] == [(1, 1), (2, 1), (3, 2), (7, 14), (240, 250)]
    rng = np.random.default_rng(0)
    for num in [*range(1, 3000), *(int(n) for n in rng.integers(3000, 2**31, 30)), 2**31 - 1]:
        a, b = _shuffle._sides(num)
        assert 0 <= a * b - num <= 16
        assert num < 3 or min(a, b) >= max(2, num**0.5 / 4 - 1)


def test_positions_are_uniform():
    num, epochs = 97, 3000
    drawn = permutations(KEY, epochs, num)
    counts = np.stack([np.bincount(drawn[:, place], minlength=num) for place in range(num)])
    expected = epochs / num
    # rows and columns sum to the number of epochs: (N−1)² degrees of freedom
    chi = np.sum((counts - expected) ** 2 / expected)
    assert abs(chi - 96**2) < 5 * np.sqrt(2 * 96**2)


@pytest.mark.parametrize("num", [5, 10, 31])
def test_pairs_of_positions_are_uniform(num):
    epochs = 20000
    drawn = permutations(KEY, epochs, num)
    for first, second in [(0, 1), (1, 2), (0, num - 1)]:
        counts = np.bincount(drawn[:, first] * num + drawn[:, second], minlength=num * num).reshape(num, num)
        counts = counts[~np.eye(num, dtype=bool)]
        expected, freedom = epochs / len(counts), len(counts) - 1
        chi = np.sum((counts - expected) ** 2 / expected)
        assert abs(chi - freedom) < 5 * np.sqrt(2 * freedom), (first, second)


@pytest.mark.parametrize("lag", [1, 2, 256])
def test_epochs_are_uncorrelated(lag):
    num, epochs = 60, 2000
    drawn = permutations(KEY, epochs, num)
    assert_unrelated(drawn[:-lag], drawn[lag:])


def test_keys_are_uncorrelated():
    assert_unrelated(permutations(KEY, 2000, 60), permutations(jax.random.fold_in(KEY, 1), 2000, 60))


def assert_unrelated(first, second):
    epochs, num = first.shape
    # two random permutations agree at 1 place on average, with variance 1
    agreements = np.sum(first == second)
    assert abs(agreements - epochs) < 5 * np.sqrt(epochs)
    # the correlation of two random permutations has mean 0 and variance 1/(N−1)
    centered = (first - (num - 1) / 2) * (second - (num - 1) / 2)
    correlations = centered.mean(axis=1) / ((num**2 - 1) / 12)
    assert abs(correlations.mean()) < 5 / np.sqrt(epochs * (num - 1))
    assert abs(correlations.var() * (num - 1) - 1) < 5 * np.sqrt(2 / epochs)


@pytest.mark.parametrize("batch_size", [1, 3, 7, 16])
def test_batches_run_through_the_stream_of_epochs(batch_size):
    num, steps = 7, 21
    drawn = jax.jit(jax.vmap(lambda step: data.indices_at(KEY, step, batch_size, num)))(jnp.arange(steps))
    stream = np.asarray(drawn).ravel()  # 21·B positions: 3·B whole epochs
    epochs = stream.reshape(-1, num)
    np.testing.assert_array_equal(np.sort(epochs), np.tile(np.arange(num), (3 * batch_size, 1)))
    np.testing.assert_array_equal(epochs, permutations(KEY, 3 * batch_size, num))


@pytest.mark.parametrize(("num", "batch_size"), [(1, 1), (97, 64), (60000, 4096), (2**31 - 1, 4099), (5, 1000)])
@pytest.mark.parametrize("step", [1, 2**31 - 1, 2**31, 2**32 - 1])
def test_long_runs_do_not_overflow(num, batch_size, step):
    positions = [step * batch_size + i for i in range(batch_size)]  # Python's integers: up to 2^45
    epochs = np.array([p // num % WORD for p in positions], np.uint32)
    offsets = np.array([p % num for p in positions], np.uint32)
    expected = data.feistel_permutation(KEY, jnp.asarray(epochs), jnp.asarray(offsets), num)
    np.testing.assert_array_equal(data.indices_at(KEY, step, batch_size, num), expected)


def test_same_numbers_jitted_mapped_and_with_any_integer_type():
    steps = np.arange(5, 11)
    expected = np.stack([data.indices_at(KEY, int(step), 8, 1000) for step in steps])
    mapped = jax.jit(jax.vmap(lambda step: data.indices_at(KEY, step, 8, 1000)))
    for dtype in (np.int32, np.uint32):
        found = mapped(jnp.asarray(steps, dtype))
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == jnp.int32
    assert len(np.unique(expected)) == expected.size  # 48 places of one epoch of 1000


def test_same_numbers_in_double_precision_mode(x64):
    del x64
    found = data.indices_at(KEY, jnp.int64(2**31 + 5), 8, 1797)
    assert found.dtype == jnp.int32
    expected = [walk_in_python(KEY, p // 1797, p % 1797, 1797) for p in range((2**31 + 5) * 8, (2**31 + 6) * 8)]
    np.testing.assert_array_equal(found, expected)


def test_elementwise_integer_arithmetic_alone():
    text = str(jax.make_jaxpr(lambda key, step: data.indices_at(key, step, 8, 79954))(KEY, 3))
    for word in ("sort", "while", "scan[", "gather", "scatter", "cumsum", "f32"):
        assert word not in text


@pytest.mark.parametrize(("batch_size", "num"), [(0, 5), (-1, 5), (4, 0), (4, 2**31), (2**31, 4)])
def test_refuses_sizes_out_of_range(batch_size, num):
    with pytest.raises(InputError, match=r"Expected 1 <= .* < 2\^31, got .* = "):
        data.indices_at(KEY, 0, batch_size, num)
