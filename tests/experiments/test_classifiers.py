"""The classifiers that judge images: accurate, repeatable, and kept on disk only as long as the file is whole."""

from pathlib import Path

import classifier_cache
import classifiers
import jax
import numpy as np
import pytest
from classifier_cache import cached_classifier
from classifiers import LabeledImages, Settings, hold_out, train_classifier

from ganjax import data
from ganjax.checks import InputError

MNIST = Path(__file__).resolve().parents[3] / "shared" / "data" / "mnist"
TINY = Settings(num_features=5, channels=2, epochs=2, batch_size=16)


def stored(source):
    return LabeledImages(np.asarray(source.arrays.samples), np.asarray(source.arrays.labels))


def bars(num=64, height=6, width=6, channels=1, seed=0):
    """Class 0 has its upper half bright, class 1 its lower half; noise on top."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, num)
    images = rng.integers(0, 60, (num, height, width, channels))
    for image, label in zip(images, labels, strict=True):
        image[slice(0, height // 2) if label == 0 else slice(height // 2, height)] += 180
    return LabeledImages(images.astype(np.uint8), labels)


def same_weights(first, second):
    leaves = [jax.tree.leaves(classifier.params) for classifier in (first, second)]
    return all(np.array_equal(a, b) for a, b in zip(*leaves, strict=True))


@pytest.fixture(scope="module")
def tiny():
    return train_classifier("bars", bars(), bars(40, seed=1), TINY)


def test_digits():
    train, test = hold_out(stored(data.digits()))
    classifier = train_classifier("digits", train, test)
    assert classifier.accuracy >= 0.97
    features = classifier.features(test.images)
    assert features.shape == (359, 64)
    assert features.dtype == np.float32
    assert np.all(features.std(axis=0) > 0.01)  # none is dead
    assert classifier.logits(test.images).shape == (359, 10)


@pytest.mark.slow
@pytest.mark.skipif(not MNIST.exists(), reason="needs MNIST's IDX files")
def test_mnist_from_its_first_ten_thousand_digits():
    train, test = (stored(data.idx_source(str(MNIST), split)) for split in ("train", "test"))
    assert (len(train.images), len(test.images)) == (10_000, 10_000)
    assert train_classifier("mnist", train, test).accuracy >= 0.97


def test_another_seed_gives_other_weights(tiny):
    # that the same one gives the same is seen where only the held-out labels differ
    other_seed = Settings(num_features=5, channels=2, epochs=2, batch_size=16, seed=1)
    assert not same_weights(tiny, train_classifier("bars", bars(), bars(40, seed=1), other_seed))


def test_accuracy_is_of_the_held_out_images(tiny):
    held = bars(40, seed=1)
    right = tiny.logits(held.images).argmax(axis=1) == held.labels
    assert tiny.accuracy == right.mean()
    # with three of four labels turned round, what was right becomes wrong
    turned = LabeledImages(held.images, np.where(np.arange(40) < 30, 1 - held.labels, held.labels))
    found = train_classifier("bars", bars(), turned, TINY)
    assert found.accuracy == ((1 - right[:30]).sum() + right[30:].sum()) / 40
    assert same_weights(found, tiny)  # held-out labels teach nothing


def test_logits_are_a_linear_map_of_the_features(tiny):
    images = bars(10, seed=2).images
    last = tiny.params["params"]["Dense_1"]
    np.testing.assert_allclose(
        tiny.logits(images), tiny.features(images) @ last["kernel"] + last["bias"][None], rtol=1e-5, atol=1e-6
    )


def test_features_do_not_depend_on_order_or_split(tiny, monkeypatch):
    images = bars(23, seed=3).images
    whole = tiny.features(images)
    monkeypatch.setattr(classifiers, "BLOCK", 7)
    np.testing.assert_allclose(tiny.features(images), whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(tiny.features(images[::-1])[::-1], tiny.features(images))
    np.testing.assert_array_equal(
        np.concatenate([tiny.features(images[:9]), tiny.features(images[9:])]), tiny.features(images)
    )


def test_color_and_oblong_images():
    classifier = train_classifier("bars", bars(64, 20, 17, 3), bars(40, 20, 17, 3, seed=1), TINY)
    assert classifier.features(bars(3, 20, 17, 3).images).shape == (3, 5)


def test_epochs_show_every_image_once():
    images = np.arange(48, dtype=np.uint8).reshape(12, 2, 2, 1)
    settings = Settings(epochs=3, batch_size=4)
    batches = list(classifiers._batches(LabeledImages(images, np.arange(12)), settings))
    assert len(batches) == 9
    orders = [np.concatenate([labels for _, labels in batches[start : start + 3]]) for start in (0, 3, 6)]
    for order in orders:
        assert sorted(order) == list(range(12))
    assert not np.array_equal(orders[0], orders[1])
    for shown, labels in batches:
        np.testing.assert_array_equal(shown, images[labels])  # too small to be moved


def test_larger_images_are_moved_by_two_pixels_at_most():
    images = np.zeros((4, 28, 28, 1), np.uint8)
    images[:, 10, 20] = 255
    batches = classifiers._batches(LabeledImages(images, np.arange(4)), Settings(epochs=200, batch_size=4))
    places = {tuple(int(i) for i in np.argwhere(shown[0, :, :, 0])[0]) for shown, _ in batches}
    assert places == {(y, x) for y in range(8, 13) for x in range(18, 23)}


def test_hold_out_splits_and_shuffles():
    labeled = bars(50)
    train, test = hold_out(labeled, share=0.3)
    assert (len(train.images), len(test.images)) == (35, 15)
    together = np.concatenate([train.images, test.images])
    assert sorted(image.tobytes() for image in together) == sorted(image.tobytes() for image in labeled.images)
    where = {image.tobytes(): label for image, label in zip(*labeled, strict=True)}
    for image, label in zip(*test, strict=True):
        assert where[image.tobytes()] == label
    assert not np.array_equal(test.images, hold_out(labeled, share=0.3, seed=1)[1].images)
    for share in (0.0, 1.0):
        with pytest.raises(InputError, match="both sides"):
            hold_out(labeled, share)


def test_bad_images_and_labels(tiny):
    good = bars()
    floats = LabeledImages(good.images.astype(np.float32), good.labels)
    with pytest.raises(InputError, match=r"train as uint8.*float32"):
        train_classifier("bars", floats, good, TINY)
    with pytest.raises(InputError, match="one label >= 0 for each of 64 images of test"):
        train_classifier("bars", good, LabeledImages(good.images, good.labels[1:]), TINY)
    with pytest.raises(InputError, match="one label >= 0"):
        train_classifier("bars", LabeledImages(good.images, good.labels - 1), good, TINY)
    with pytest.raises(InputError, match=r"one shape, got \[6, 6, 1\] and \[6, 7, 1\]"):
        train_classifier("bars", good, bars(width=7), TINY)
    with pytest.raises(InputError, match="batch_size = 16 training images, got 5"):
        train_classifier("bars", bars(5), good, TINY)
    with pytest.raises(InputError, match="epochs > 0"):
        train_classifier("bars", good, good, Settings(epochs=0))
    with pytest.raises(InputError, match=r"images of \[6, 6, 1\] for bars, got \[8, 8, 1\]"):
        tiny.features(np.zeros((2, 8, 8, 1), np.uint8))
    with pytest.raises(InputError, match="bytes"):
        tiny.logits(np.zeros((2, 6, 6, 1)))


# --- on disk


@pytest.fixture
def trainings(tiny, monkeypatch):
    """How often the cache trained, which is made to cost nothing."""
    count = []

    def give_tiny(*arguments):
        count.append(arguments)
        return tiny

    monkeypatch.setattr(classifier_cache, "train_classifier", give_tiny)
    return count


def cached(folder, train=None, test=None, settings=TINY, name="bars"):
    return cached_classifier(folder, name, train or bars(), test or bars(40, seed=1), settings)


def test_the_cache_gives_back_what_was_trained(tmp_path, tiny, trainings):
    folder = tmp_path / "new" / "folder"
    first, second = cached(folder), cached(folder)
    assert len(trainings) == 1
    assert same_weights(first, tiny)
    assert same_weights(second, tiny)
    assert second.accuracy == tiny.accuracy
    images = bars(9, seed=4).images
    np.testing.assert_array_equal(second.features(images), tiny.features(images))
    np.testing.assert_array_equal(second.logits(images), tiny.logits(images))
    assert [path.name[:16] for path in folder.iterdir()] == ["classifier-bars-"]


def test_other_data_settings_or_names_are_other_files(tmp_path, trainings):
    cached(tmp_path)
    changed = bars()
    changed.images[3, 2, 1, 0] ^= 1
    relabeled = bars()
    relabeled.labels[5] = 1 - relabeled.labels[5]
    cached(tmp_path, train=changed)
    cached(tmp_path, train=relabeled)
    cached(tmp_path, test=bars(40, seed=2))
    cached(tmp_path, settings=Settings(num_features=5, channels=2, epochs=1, batch_size=16))
    cached(tmp_path, name="stripes")
    assert len(list(tmp_path.iterdir())) == len(trainings) == 6


def test_no_damage_goes_unseen(tmp_path, tiny, trainings):
    """A flipped bit anywhere in the file, or a file cut short, is an error or makes no difference."""
    cached(tmp_path)
    (path,) = tmp_path.iterdir()
    good = path.read_bytes()
    refused = 0
    for place in np.random.default_rng(0).choice(len(good), 300, replace=False):
        damaged = bytearray(good)
        damaged[place] ^= 64
        path.write_bytes(damaged)
        try:
            found = cached(tmp_path)
        except InputError:
            refused += 1
        else:
            assert same_weights(found, tiny)
            assert found.accuracy == tiny.accuracy
    assert refused > 200
    for length in (0, 1, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:length])
        with pytest.raises(InputError, match="delete it"):
            cached(tmp_path)
    assert len(trainings) == 1


@pytest.mark.usefixtures("trainings")
def test_weights_that_were_exchanged_or_pickled_are_refused(tmp_path):
    cached(tmp_path)
    (path,) = tmp_path.iterdir()
    with np.load(path) as file:
        arrays = dict(file)
    kernel = next(name for name in arrays if "Dense_0" in name and "kernel" in name)
    for replaced in (arrays[kernel] + 1, arrays[kernel][:-1], np.array([{"a": 1}], object)):
        np.savez(path, **{**arrays, kernel: replaced})
        with pytest.raises(InputError, match="delete it"):
            cached(tmp_path)
    with open(path, "wb") as file:
        np.save(file, arrays[kernel])
    with pytest.raises(InputError, match="delete it"):
        cached(tmp_path)
    np.savez(path, **{name: array for name, array in arrays.items() if name != "checksum"})
    with pytest.raises(InputError, match="not those that were written"):
        cached(tmp_path)


@pytest.mark.usefixtures("trainings")
def test_another_runs_file_under_this_name_is_refused(tmp_path):
    cached(tmp_path / "a")
    cached(tmp_path / "b", train=bars(seed=5))
    (ours,), (theirs,) = (tmp_path / "a").iterdir(), (tmp_path / "b").iterdir()
    ours.write_bytes(theirs.read_bytes())
    with pytest.raises(InputError, match="not those that were written for this data"):
        cached(tmp_path / "a")


@pytest.mark.usefixtures("trainings")
def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def disk_full(file, **_):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(classifier_cache.np, "savez", disk_full)
    with pytest.raises(OSError, match="disk full"):
        cached(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_names_that_are_no_file_names(tmp_path):
    for name in ("", "a/b", "../x", "a b"):
        with pytest.raises(InputError, match="it names a file"):
            cached(tmp_path, name=name)
