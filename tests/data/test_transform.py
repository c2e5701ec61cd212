"""Pictures cropped, converted and resized."""

import numpy as np
import pytest

from ganjax import data
from ganjax.checks import InputError
from ganjax.data import Transform, transformed
from ganjax.data._transform import leaves_alone, on_white

RNG = np.random.default_rng(3)
WIDE = np.arange(3 * 6, dtype=np.uint8).reshape(3, 6, 1)  # rows 0..5, 6..11, 12..17


def images(shape, num=2):
    return RNG.integers(0, 256, (num, *shape), dtype=np.uint8)


def test_a_crop_is_the_middle():
    # 6 - 2 = 4 columns to spare, 2 on each side; 3 - 2 = 1 row, none above: columns 2, 3 of rows 0, 1
    assert Transform(crop=2)(WIDE)[..., 0].tolist() == [[2, 3], [8, 9]]
    assert Transform(crop=3)(WIDE)[..., 0].tolist() == [[1, 2, 3], [7, 8, 9], [13, 14, 15]]
    assert Transform(crop=1)(WIDE.transpose(1, 0, 2))[..., 0].tolist() == [[8]]
    with pytest.raises(InputError, match=r"4 x 4 pixels or more, got 3 x 6 \(height x width\): lower the crop"):
        Transform(crop=4)(WIDE)


def test_nothing_is_stretched():
    # the largest square in the middle, and that has the resolution already
    np.testing.assert_array_equal(Transform(resolution=3)(WIDE), Transform(crop=3)(WIDE))
    np.testing.assert_array_equal(Transform(crop=3, resolution=3)(WIDE), Transform(crop=3)(WIDE))


def cubic(distance):
    """Keys' kernel with a = -1/2 (Keys 1981, equation 15)."""
    t = np.abs(distance)
    near, far = 1.5 * t**3 - 2.5 * t**2 + 1, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return np.where(t < 1, near, np.where(t < 2, far, 0.0))


def shrinking(size, new):
    """The matrix of an antialiased bicubic resize: the kernel is widened by the scale, rows are normalized."""
    scale = size / new
    centers = (np.arange(new)[:, None] + 0.5) * scale
    weights = cubic((np.arange(size)[None, :] + 0.5 - centers) / max(scale, 1.0))
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("side", "new"), [(12, 5), (4, 9)])
def test_resizing_is_antialiased_bicubic(side, new):
    image = RNG.integers(60, 190, (side, side, 3), dtype=np.uint8)  # far from the ends: nothing is clipped
    matrix = shrinking(side, new)
    expected = np.einsum("ij,jkc,lk->ilc", matrix, image.astype(np.float64), matrix)
    found = Transform(resolution=new)(image).astype(np.float64)
    assert np.max(np.abs(found - expected)) <= 1.0  # bytes after each axis
    assert np.mean(np.abs(found - expected)) < 0.4
    alone = [Transform(resolution=new)(image[..., i : i + 1]) for i in range(3)]  # a channel knows no other
    np.testing.assert_array_equal(np.concatenate(alone, axis=2), found)
    nearest = image[(np.arange(new) * side) // new][:, (np.arange(new) * side) // new]
    assert np.max(np.abs(nearest - expected)) > 10  # the bound can tell


def test_gray_and_color():
    color = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 100, 200]]], np.uint8)
    # (299 R + 587 G + 114 B)/1000: 76.2, 149.7, 29.1, 2.99 + 58.7 + 22.8 = 84.5 (Pillow's 16-bit weights: 84.49)
    assert Transform(channels=1)(color)[..., 0].tolist() == [[76, 150, 29, 84]]
    assert Transform(channels=3)(WIDE)[1, 2].tolist() == [8, 8, 8]
    assert Transform(channels=3)(color) is color
    with pytest.raises(InputError, match="1 to 4 channels to convert, got 5"):
        Transform(channels=3)(np.zeros((2, 2, 5), np.uint8))


def test_transparency_is_laid_on_white():
    # 200 at opacity 51/255 = 1/5: 40 + 204 = 244; opaque and clear ones; 7 at 128/255: 3.51 + 127 = 130.51
    pixels = np.array([[[200, 51], [200, 255], [200, 0], [7, 128]]], np.uint8)
    assert on_white(pixels)[..., 0].tolist() == [[244, 200, 255, 131]]
    four = np.array([[[200, 100, 0, 51]]], np.uint8)  # 244, 20 + 204, 0 + 204
    assert Transform(channels=3)(four).tolist() == [[[244, 224, 204]]]
    assert Transform(channels=1)(pixels)[..., 0].tolist() == [[244, 200, 255, 131]]


def test_a_set_in_memory_is_transformed_picture_by_picture():
    stored = images((5, 8, 3))
    source = data.image_source("pairs", stored, np.array([1, 0]), 2)
    source = source._replace(spec=source.spec._replace(notes=("a note",)))
    transform = Transform(crop=4, resolution=3, channels=1)
    made = transformed(source, transform)
    assert made.spec == ("pairs", (3, 3, 1), 2, 2, (-1.0, 1.0), ("a note",))
    np.testing.assert_array_equal(made.arrays.samples, [transform(image) for image in stored])
    assert made.arrays.labels.tolist() == [1, 0]
    # the parts in their order
    cropped = stored[1][0:4, 2:6]
    gray = Transform(channels=1)(cropped)
    np.testing.assert_array_equal(made.arrays.samples[1], Transform(resolution=3)(gray))


def test_what_need_not_change_stays_the_same_array():
    source = data.image_source("squares", images((4, 4, 1)))
    for transform in (Transform(), Transform(4), Transform(resolution=4), Transform(4, 4, 1)):
        assert transformed(source, transform) is source
    assert not leaves_alone(Transform(crop=10, resolution=20), (10, 20, 3))
    assert transformed(data.toy_source("ring"), Transform()).spec.name == "ring"


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (Transform(crop=0), "crop of 1 or more pixels, got 0"),
        (Transform(resolution=1025), "resolution from 1 to 1024, got 1025"),
        (Transform(channels=2), r"1 channel \(gray\) or 3 \(color\), got 2"),
        (Transform(crop=5), "squares: Expected pictures of 5 x 5 pixels or more, got 4 x 4"),
    ],
)
def test_wrong_transforms(transform, message):
    with pytest.raises(InputError, match=message):
        transformed(data.image_source("squares", images((4, 4, 1))), transform)


def test_points_are_no_images():
    with pytest.raises(InputError, match=r"images to crop, resize or convert, got ring of shape \[2\]"):
        transformed(data.toy_source("ring"), Transform(resolution=4))
    with pytest.raises(InputError, match="images to flip, got ring"):
        data.flipped(data.toy_source("ring"))


def test_every_set_takes_a_transform_by_name():
    source = data.load("digits", reading=data.Reading(Transform(crop=6, resolution=4, channels=3)))
    assert source.spec.shape == (4, 4, 3)
    with pytest.raises(InputError, match=r"--data\.on-error error for digits, got skip"):
        data.load("digits", reading=data.Reading(on_error="skip"))
