"""Differentiable augmentation against NumPy and loops over pixels, the numbers drawn being read off the result."""

import games
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from ganjax import augmentations, objectives, steps
from ganjax.architectures import from_linen, packed, stateless
from ganjax.augmentations import augmented, brightness, color, contrast, cutout, diffaugment, saturation, translation
from ganjax.checks import InputError, UnknownNameError
from ganjax.steps import Players
from ganjax.types import Batch, Deal, Game, Prior, Variables

RNG = np.random.default_rng(8)
NUM = 200
IMAGES = jnp.asarray(RNG.uniform(-1, 1, (NUM, 6, 9, 3)), jnp.float32)
KEY = jax.random.key(2)
EACH = {"brightness": brightness, "saturation": saturation, "contrast": contrast, "color": color,
        "translation": translation, "cutout": cutout, "all": diffaugment()}  # fmt: skip
made = {name: np.asarray(jax.jit(augment)(KEY, IMAGES), np.float64) for name, augment in EACH.items()}
PLAIN = np.asarray(IMAGES, np.float64)


def uniform_on(values, low, high):
    """Within [low, high], reaching near both ends, and in the middle on average: 200 draws, five deviations."""
    assert low <= values.min() < low + 0.05 * (high - low)
    assert high - 0.05 * (high - low) < values.max() <= high
    deviation = (high - low) / np.sqrt(12 * len(values))
    assert abs(values.mean() - (low + high) / 2) < 5 * deviation


def test_brightness_adds_one_number_to_each_image():
    added = made["brightness"] - PLAIN
    np.testing.assert_allclose(added, np.broadcast_to(added[:, :1, :1, :1], added.shape), atol=1e-6)
    uniform_on(added[:, 0, 0, 0], -0.5, 0.5)


def test_saturation_scales_what_differs_between_channels():
    mean = PLAIN.mean(axis=3, keepdims=True)
    factor = (made["saturation"] - mean)[:, 0, 0, 0] / (PLAIN - mean)[:, 0, 0, 0]
    np.testing.assert_allclose(made["saturation"], mean + factor[:, None, None, None] * (PLAIN - mean), atol=1e-4)
    uniform_on(factor, 0.0, 2.0)
    gray = IMAGES[..., :1]
    np.testing.assert_allclose(saturation(KEY, gray), gray, atol=1e-6)


def test_contrast_scales_what_differs_from_the_images_mean():
    mean = PLAIN.mean(axis=(1, 2, 3), keepdims=True)
    factor = (made["contrast"] - mean)[:, 0, 0, 0] / (PLAIN - mean)[:, 0, 0, 0]
    np.testing.assert_allclose(made["contrast"], mean + factor[:, None, None, None] * (PLAIN - mean), atol=1e-4)
    uniform_on(factor, 0.5, 1.5)


def test_color_is_the_three_with_numbers_of_their_own():
    # none of them moves the means that the others scale around, so that their order doesn't matter
    mean, own = PLAIN.mean(axis=(1, 2, 3), keepdims=True), PLAIN.mean(axis=3, keepdims=True)
    after = made["color"].mean(axis=(1, 2, 3), keepdims=True)
    factor = (made["color"].mean(axis=3, keepdims=True) - after) / (own - mean)
    colors = (made["color"] - made["color"].mean(axis=3, keepdims=True))[:, 0, 0, 0] / (PLAIN - own)[:, 0, 0, 0]
    added, scaled, saturated = (after - mean)[:, 0, 0, 0], factor[:, 0, 0, 0], colors / factor[:, 0, 0, 0]
    for drawn, ends in ((added, (-0.5, 0.5)), (scaled, (0.5, 1.5)), (saturated, (0.0, 2.0))):
        uniform_on(drawn, *ends)
    assert np.max(np.abs(np.corrcoef([added, scaled, saturated]) - np.eye(3))) < 0.35  # 0 ± .07


def moved(image, down, right):
    """Pixel by pixel: what was at (row, column) stands at (row + down, column + right), 0 where nothing came from."""
    result = np.zeros_like(image)
    height, width, _ = image.shape
    for row in range(height):
        for column in range(width):
            if 0 <= row + down < height and 0 <= column + right < width:
                result[row + down, column + right] = image[row, column]
    return result


def test_translation_moves_by_up_to_an_eighth():
    # 6/8 + 1/2 = 1.25: one row; 9/8 + 1/2 = 1.6: one column; 20/8 + 1/2 = 3
    ways = {(down, right): 0 for down in (-1, 0, 1) for right in (-1, 0, 1)}
    for before, after in zip(PLAIN, made["translation"], strict=True):
        (way,) = [way for way in ways if np.array_equal(moved(before, *way), after)]
        ways[way] += 1
    assert all(5 <= count <= 45 for count in ways.values())  # 22.2 ± 4.4 each
    tall = np.asarray(translation(KEY, jnp.ones((NUM, 20, 4, 1))))[:, :, 1, 0]
    assert set((tall == 0).sum(axis=1).tolist()) == {0, 1, 2, 3}


def test_cutout_hides_half_of_each_side_around_a_pixel():
    # 3 of 6 rows and (9/2 + 1/2 =) 5 of 9 columns, or what of them lies within
    hidden = np.all(made["cutout"] == 0.0, axis=3)
    np.testing.assert_array_equal(made["cutout"], np.where(hidden[..., None], 0.0, PLAIN))
    for mask in hidden:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        assert mask.sum() == len(rows) * len(columns)  # a rectangle
        assert np.array_equal(rows, np.arange(rows[0], rows[-1] + 1))
        assert len(rows) == 3 or (len(rows) == 2 and {0, 5} & set(rows))
        assert len(columns) == 5 or (len(columns) >= 3 and {0, 8} & set(columns))
    # middle at row 0 … 5 hides rows 0-1, 0-2, 1-3, 2-4, 3-5, 4-5, each a sixth of the time: 33 ± 5.3
    first = np.bincount([6 * np.flatnonzero(mask.any(axis=1))[0] + mask.any(axis=1).sum() for mask in hidden])
    assert np.flatnonzero(first).tolist() == [2, 3, 9, 15, 21, 26]
    assert all(8 <= count <= 60 for count in first[first > 0])


def test_an_even_cutout_is_symmetric():
    # 4 of 8: middles 0 … 8, so that a middle at either end hides two
    hidden = np.asarray(cutout(KEY, jnp.ones((900, 8, 8, 1))))[..., 0] == 0
    share = hidden.any(axis=2).mean(axis=0)
    np.testing.assert_allclose(share, share[::-1], atol=0.1)
    # row 0 is hidden by the middles 0, 1, 2 of 9, rows 2 to 5 by 4 of 9
    np.testing.assert_allclose(share[[0, 3]], [3 / 9, 4 / 9], atol=0.085)


@pytest.mark.parametrize("name", EACH)
def test_each_image_has_numbers_of_its_own_and_sees_no_other(name):
    augment = jax.jit(EACH[name])
    same = augment(KEY, jnp.broadcast_to(IMAGES[:1], (NUM, *IMAGES.shape[1:])))
    assert len(np.unique(np.asarray(same).reshape(NUM, -1), axis=0)) > 5
    np.testing.assert_allclose(augment(KEY, IMAGES.at[1:].set(0.3))[0], made[name][0], atol=1e-6)
    np.testing.assert_array_equal(augment(KEY, IMAGES), augment(KEY, IMAGES))
    assert not np.array_equal(augment(jax.random.key(3), IMAGES), augment(KEY, IMAGES))
    assert augment(KEY, IMAGES.astype(jnp.bfloat16)).dtype == jnp.bfloat16


def test_rows_and_columns_and_steps_are_drawn_apart():
    square = jnp.ones((NUM, 32, 32, 1))
    moved = np.asarray(translation(KEY, square))[..., 0] == 0
    rows, columns = moved[:, :, 16].sum(axis=1), moved[:, 16].sum(axis=1)
    assert abs(np.corrcoef(rows, columns)[0, 1]) < 0.4
    hidden = np.asarray(cutout(KEY, square))[..., 0] == 0
    rows, columns = (np.argmax(hidden.any(axis=axis), axis=1) for axis in (1, 2))
    assert abs(np.corrcoef(rows, columns)[0, 1]) < 0.4


@pytest.mark.usefixtures("x64")
def test_the_gradient_flows_to_the_image():
    image = jnp.asarray(PLAIN[:2])
    weights, direction = (jnp.asarray(RNG.normal(size=image.shape)) for _ in range(2))

    @jax.jit
    def value(image):
        return jnp.sum(weights * diffaugment()(KEY, image) ** 2)

    slope = jnp.sum(jax.grad(value)(image) * direction)
    difference = (value(image + 1e-5 * direction) - value(image - 1e-5 * direction)) / 2e-5
    np.testing.assert_allclose(slope, difference, rtol=1e-7)
    assert abs(float(slope)) > 1e-2


def test_a_policy_is_some_of_three():
    only = diffaugment("cutout, translation")(KEY, IMAGES)
    first, second = jax.random.split(KEY, 2)
    np.testing.assert_array_equal(only, translation(second, cutout(first, IMAGES)))
    with pytest.raises(UnknownNameError, match=r"Unknown step of the policy 'colour'. Did you mean 'color'"):
        diffaugment("colour")
    assert list(augmentations.AUGMENTATIONS) == ["none", "diffaugment"]
    assert augmentations.AUGMENTATIONS["none"]() is None


# ---------------------------------------------------------------- the discriminator that sees it


class Scorer(nn.Module):
    """Dropout and, by itself, each image: its pixels weighted, then squashed."""

    @nn.compact
    def __call__(self, x, *labels, train):
        x = nn.Dropout(0.3, deterministic=not train)(x.reshape(len(x), -1))
        x = nn.Dense(1)(nn.tanh(nn.Dense(5)(x)))[:, 0]
        return x + sum(0.1 * y for y in labels)


def scores(weights, images):
    return jnp.tanh(images.reshape(len(images), -1) @ weights[0]) @ weights[1]


def image_game(objective, augmentation=None):
    """Few operations: tests of gradients are compiled."""
    prior = Prior(sample=lambda key, num: jax.random.normal(key, (num, 3)), shape=(3,))
    generator = stateless(
        lambda key, z: jax.random.normal(key, (3, 48)), lambda weights, z: jnp.tanh(z @ weights).reshape(-1, 4, 4, 3)
    )
    discriminator = stateless(
        lambda key, x: (0.3 * jax.random.normal(key, (48, 5)), jnp.asarray([0.5, -1.0, 0.7, 0.2, 0.9])), scores
    )
    shown = discriminator if augmentation is None else augmented(discriminator, augmentation)
    return Game(generator, shown, objective, prior)


def test_the_discriminator_sees_augmented_images_in_training_alone():
    seen = stateless(lambda key, x: jnp.zeros(()), lambda params, x, *labels: (x, labels))
    network = augmented(seen, diffaugment())
    variables, labels = network.init(KEY, IMAGES), jnp.arange(NUM)
    (plain, _), _ = network.apply(variables, IMAGES, labels)
    np.testing.assert_array_equal(plain, IMAGES)
    (shown, given), _ = network.apply(variables, IMAGES, labels, train=True, key=KEY)
    np.testing.assert_array_equal(shown, diffaugment()(jax.random.split(KEY)[0], IMAGES))
    np.testing.assert_array_equal(given[0], labels)
    with pytest.raises(InputError, match="Expected a key to augment by"):
        network.apply(variables, IMAGES, train=True)
    with pytest.raises(InputError, match=r"images \[B, H, W, C\] to augment, got samples of shape \[4, 2\]"):
        network.apply(variables, jnp.zeros((4, 2)), train=True, key=KEY)


def test_dropout_and_augmentation_have_keys_of_their_own():
    keys = []

    def apply(variables, *inputs, train=False, key=None):
        keys.append(key)
        return inputs[0][:, 0, 0, 0], ()

    network = augmented(from_linen(Scorer())._replace(apply=apply), lambda key, images: keys.append(key) or images)
    network.apply(Variables(()), IMAGES, train=True, key=KEY)
    given = [jax.random.key_data(key).tolist() for key in (*keys, KEY)]
    assert len({tuple(data) for data in given}) == 3


def test_packs_are_of_augmented_images():
    seen = stateless(lambda key, x: jnp.zeros(()), lambda params, x: x)
    network = augmented(packed(seen, 2), brightness)
    assert network.samples_per_score == 2
    shown, _ = network.apply(Variables(()), IMAGES[:4], train=True, key=KEY)
    each = brightness(jax.random.split(KEY)[0], IMAGES[:4])
    np.testing.assert_array_equal(shown, jnp.concatenate([each[0::2], each[1::2]], axis=-1))


def table(augmentation, objective=None):
    game = image_game(objective or objectives.hinge(), augmentation)
    batch = Batch(jnp.asarray(RNG.uniform(-1, 1, (6, 4, 4, 3))))
    gen = game.generator.init(jax.random.key(1), jnp.zeros((1, 3)))
    disc = game.discriminator.init(jax.random.key(4), batch.samples)
    params, stats = jax.tree.map(jnp.float64, Players(gen.params, disc.params)), Players((), ())
    deal = Deal(jnp.int32(0), jnp.asarray(RNG.normal(size=(6, 3))), jax.random.key(9))
    return game, params, stats, deal, batch


@pytest.mark.usefixtures("x64")
def test_every_way_to_the_gradients_sees_the_same_augmentation():
    game, *place = table(diffaugment("translation"))
    ways = (steps.separate, steps.single_loss(), steps.fused)
    expected, *others = jax.jit(lambda *place: [way.field(game, *place) for way in ways])(*place)
    for field in others:
        for one, other in zip(jax.tree.leaves(field.grads), jax.tree.leaves(expected.grads), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-13)
    assert all(float(jnp.max(jnp.abs(x))) > 1e-4 for x in jax.tree.leaves(expected.grads.gen))
    plain = steps.separate.field(image_game(objectives.hinge()), *place)
    assert abs(float(plain.info.real_score - expected.info.real_score)) > 1e-3
    steps.fused.check(game, place[-1])  # each image is still scored on its own


@pytest.mark.usefixtures("x64")
def test_real_and_fake_are_augmented_apart_and_both_players_see_one_game():
    keys = []

    def noting(key, images):
        jax.debug.callback(lambda data: keys.append(tuple(data.tolist())), jax.random.key_data(key), ordered=True)
        return images

    game, *place = table(noting)
    steps.separate.field(game, *place)
    jax.effects_barrier()
    # the discriminator's turn: real, fake; the generator's turn: the same two
    assert len(keys) >= 4
    assert len(set(keys)) == 2


def test_a_step_is_a_function_of_its_number_alone():
    game = image_game(objectives.non_saturating(), brightness)
    algorithm = steps.alternating(game, games.sgd(), games.sgd())
    batch = IMAGES[:4, :4, :4]
    state = algorithm.init(KEY, batch)
    step = jax.jit(algorithm.step)
    once, twice = step(state, batch), step(state, batch)
    jax.tree.map(np.testing.assert_array_equal, once[1], twice[1])
    later = step(state._replace(step=state.step + 1), batch)
    assert float(later[1].real_score) != float(once[1].real_score)
