import jax
import numpy as np
import pytest

from ganjax import data
from ganjax.checks import InputError, UnknownNameError


@pytest.mark.parametrize("name", ["digits", *data.TOYS])
def test_loads_by_name_alone(name):
    source = data.load(name)
    assert source.spec.name == name
    batch = data.batch_at(source, jax.random.key(0), 0, 4)
    assert batch.samples.shape == (4, *source.spec.shape)
    assert batch.condition == ()


def test_a_fixed_set_of_toy_points():
    train, again, test = (
        data.load("gaussian:1000"),
        data.load("gaussian:1000"),
        data.load("gaussian:1000", split="test"),
    )
    assert train.spec == data.Spec("gaussian:1000", (2,), 1000, None, None)
    np.testing.assert_array_equal(train.arrays.samples, again.arrays.samples)
    assert np.all(train.arrays.samples != test.arrays.samples)


def test_every_row_has_a_loader():
    assert list(data.DATASETS) == ["digits", "mnist", "stacked_mnist", "folder", "npz", "parquet", "tfds", *data.TOYS]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("digits", "/some/folder"), "Expected no folder for digits, got '/some/folder'"),
        (("digits", None, "test"), "Unknown split of digits 'test'.* Known: train"),
        (("digits:3",), "Expected no detail for digits, got '3'"),
        (("mnist",), "Expected a folder with the IDX files of mnist, got none"),
        (("mnist", "/no/where"), "Expected a folder with IDX files at /no/where"),
        (("mnist:fashion", "/no/where"), "Expected no detail for mnist"),
        (("npz",), "Expected a .npz or .npy file for npz, got none: name it"),
        (("npz", "/no/where.npz", "test"), "Unknown split of npz 'test'.* Known: train"),
        (("parquet",), "Expected a .parquet file or a folder of them for parquet, got none"),
        (("tfds", "/no/where"), "set's name after a colon, got 'tfds': write for example tfds:cifar10"),
        (("tfds:cifar10", "/no/where"), "prepared data set at /no/where/cifar10"),
        (("ring", "/some/folder"), "Expected no folder for ring"),
        (("ring", None, "validation"), "Unknown split of ring 'validation'.* Known: train, test"),
        (("ring:many",), "a number of points from 1 to .* after the colon, got 'ring:many': write for"),
        (("ring:0",), "a number of points from 1 to .* after the colon, got 'ring:0'"),
    ],
)
def test_refuses_what_a_set_would_ignore(arguments, message):
    with pytest.raises(InputError, match=message):
        data.load(*arguments)


def test_a_wrong_name_lists_the_right_ones():
    with pytest.raises(
        UnknownNameError, match=r"Unknown data set 'digit'. Did you mean 'digits'.* Known: digits, mnist"
    ):
        data.load("digit")
