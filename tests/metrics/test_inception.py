"""The FID's Inception network: equal to torch-fidelity's on weights made by a formula; the resize pixel by pixel."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from references_inception import formula_images, formula_weights

from ganjax.checks import InputError
from ganjax.metrics.inception import (
    INPUT_SIZE,
    fold,
    inception_features,
    inception_of_inputs,
    is_published,
    resize_matrix,
    to_inputs,
    weight_shapes,
)

# torch-fidelity 0.4.0 with torch 2.15 on formula_weights and formula_images((1, 64, 64, 3)), its feature layers 2048,
# logits and logits_unbiased: sums over each branch of the last block, single entries
BRANCHES = (0, 320, 704, 1088, 1472, 1856, 2048)
BRANCH_SUMS = (1111.27914, 1468.72687, 1352.95351, 1303.91571, 1221.35757, 836.556618)
FEATURES = {0: 1.4743278, 320: 5.0531650, 704: 8.8495169, 1088: 2.1139271, 1472: 5.7894492, 1856: 4.7065935}
FEATURES |= {319: 0.0953151, 703: 4.7828288, 1087: 3.4698272, 1471: 5.5231924, 1855: 8.7151346, 2047: 22.4692459}
UNBIASED = {0: -1.6369824, 500: -10.2516403, 1007: -9.5630989}
LOGITS = {0: -0.9893551, 500: -10.8865509, 1007: -10.3125362}


@pytest.fixture(scope="module")
def arrays():
    return formula_weights(weight_shapes())


@pytest.fixture(scope="module")
def forward(arrays):
    """Images to output; compiled once, for two inputs."""
    params, compiled = fold(arrays), jax.jit(inception_of_inputs)
    return lambda images: compiled(params, to_inputs(images))


def entries(values, expected):
    return [float(values[index]) for index in expected], list(expected.values())


def test_constants_of_torch_fidelity(forward):
    """And, in the same programme, each image by itself."""
    other = np.flip(formula_images((1, 64, 64, 3)), axis=2)
    output = forward(np.concatenate([formula_images((1, 64, 64, 3)), other]))
    features = np.asarray(output.features[0], np.float64)
    sums = [features[start:end].sum() for start, end in itertools.pairwise(BRANCHES)]
    np.testing.assert_allclose(sums, BRANCH_SUMS, rtol=1e-5)
    np.testing.assert_allclose(*entries(features, FEATURES), rtol=0, atol=1e-5 * features.max())
    np.testing.assert_allclose(*entries(output.logits_unbiased[0], UNBIASED), rtol=0, atol=2e-4)
    np.testing.assert_allclose(*entries(output.logits[0], LOGITS), rtol=0, atol=2e-4)

    swapped = forward(np.concatenate([other, formula_images((1, 64, 64, 3))]))
    np.testing.assert_allclose(swapped.features[1], output.features[0], rtol=0, atol=1e-6 * features.max())
    assert np.abs(np.asarray(output.features[1]) - features).max() > 0.1


@pytest.mark.parametrize("shape", [(32, 32, 3), (64, 64, 3), (299, 299, 3), (75, 101, 3), (28, 28, 1)])
def test_equal_to_torch_fidelity(shape, arrays, forward, tmp_path):
    torch = pytest.importorskip("torch")
    extractor = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, tmp_path / "weights.pth")
    layers = ["2048", "logits", "logits_unbiased"]
    theirs = extractor.FeatureExtractorInceptionV3("", layers, feature_extractor_weights_path=tmp_path / "weights.pth")
    images = formula_images((2, *shape))
    ours = forward(images)
    planes = np.ascontiguousarray(np.broadcast_to(images, (*images.shape[:3], 3)).transpose(0, 3, 1, 2))
    for mine, other in zip(ours, theirs(torch.from_numpy(planes)), strict=True):
        difference = np.asarray(mine) - other.numpy()
        assert np.abs(difference).max() < 1e-5 * other.abs().max()
        assert np.linalg.norm(difference) < 1e-5 * other.norm()
    assert np.linalg.norm(ours.features[0] - ours.features[1]) > 0.01 * np.linalg.norm(ours.features[0])


# --- the resize


def pixel_by_pixel(image, size):
    """TensorFlow 1's resize_bilinear, from its definition: the top left corners of both grids coincide."""
    height, width = image.shape[:2]
    result = np.empty((size, size, image.shape[2]))
    for i in range(size):
        y = i * height / size
        top, bottom = int(y), min(int(y) + 1, height - 1)
        for j in range(size):
            x = j * width / size
            left, right = int(x), min(int(x) + 1, width - 1)
            upper = image[top, left] * (1 - (x - left)) + image[top, right] * (x - left)
            lower = image[bottom, left] * (1 - (x - left)) + image[bottom, right] * (x - left)
            result[i, j] = upper * (1 - (y - top)) + lower * (y - top)
    return result


def test_resize_by_hand():
    # two pixels to four: positions 0, ½, 1, 1½, the last past the last pixel, which repeats
    np.testing.assert_array_equal(resize_matrix(2, 4), [[1, 0], [0.5, 0.5], [0, 1], [0, 1]])
    # four to two: positions 0 and 2, and nothing of the pixels between
    np.testing.assert_array_equal(resize_matrix(4, 2), [[1, 0, 0, 0], [0, 0, 1, 0]])
    np.testing.assert_array_equal(resize_matrix(5, 5), np.eye(5))


@pytest.mark.parametrize("shape", [(1, 2, 3), (75, 101, 3), (320, 600, 1)])
def test_resize_pixel_by_pixel(shape):
    image = formula_images((1, *shape))
    expected = (pixel_by_pixel(image[0].astype(np.float64), INPUT_SIZE) - 128) / 128
    found = to_inputs(image)
    assert (found.shape, found.dtype) == ((1, 299, 299, 3), jnp.float32)
    # positions are float32, as TensorFlow's: near pixel 600 they are known to 3e-5
    np.testing.assert_allclose(found[0], np.broadcast_to(expected, (299, 299, 3)), rtol=0, atol=1e-4)
    np.testing.assert_allclose(resize_matrix(shape[1], 299).sum(axis=1), 1, rtol=1e-6)


def test_images_of_the_right_size_are_only_scaled():
    images = formula_images((1, 299, 299, 3))
    images[0, 0, :2, 0] = 0, 255
    found = np.asarray(to_inputs(images))
    np.testing.assert_array_equal(found, (images.astype(np.float32) - 128) / 128)
    assert found[0, 0, :2, 0].tolist() == [-1.0, 127 / 128]


@pytest.mark.parametrize(
    "images", [np.zeros((2, 8, 8, 3), np.float32), np.zeros((8, 8, 3), np.uint8), np.zeros((2, 8, 8, 4), np.uint8)]
)
def test_images_that_are_none(images):
    with pytest.raises(InputError, match="round generated images to bytes"):
        inception_features({}, images)


# --- the weights


def test_names_and_sizes():
    shapes = weight_shapes()
    # 94 convolutions with four arrays of batch norm each, and two for the logits
    assert len(shapes) == 94 * 5 + 2
    assert shapes["Conv2d_1a_3x3.conv.weight"] == (32, 3, 3, 3)
    assert shapes["Mixed_6c.branch7x7dbl_2.conv.weight"] == (160, 160, 7, 1)
    assert shapes["Mixed_7c.branch3x3dbl_3b.bn.running_var"] == (384,)
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == 23_885_392


def test_folding(arrays):
    layer = fold(arrays)["Conv2d_2a_3x3"]
    name = "Conv2d_2a_3x3"
    gamma, beta, mean, variance = (
        arrays[f"{name}.bn.{part}"][5].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
    )
    x = arrays[f"{name}.conv.weight"][5, 3, 2, 1].astype(np.float64)
    assert layer.kernel[2, 1, 3, 5] == pytest.approx(x * gamma / np.sqrt(variance + 1e-3), rel=1e-6)
    assert layer.bias[5] == pytest.approx(beta - mean * gamma / np.sqrt(variance + 1e-3), rel=1e-6)


def test_weights_that_are_not_the_networks(arrays):
    with pytest.raises(InputError, match=r"got 471, without fc\.bias"):
        fold({name: array for name, array in arrays.items() if name != "fc.bias"})
    with pytest.raises(InputError, match="got 473, with an unknown AuxLogits"):
        fold({**arrays, "AuxLogits": np.zeros(3, np.float32)})
    with pytest.raises(InputError, match=r"Expected fc\.weight\[1008, 2048\], got fc\.weight\[1000, 2048\]"):
        fold({**arrays, "fc.weight": arrays["fc.weight"][:1000]})
    name = "Mixed_6a.branch3x3.bn.running_var"
    with pytest.raises(InputError, match=f"variances >= 0, got -1.0 in {name}"):
        fold({**arrays, name: -np.ones_like(arrays[name])})


def test_only_one_file_is_the_published_one():
    assert is_published("6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2")
    assert not is_published("6726825d")
