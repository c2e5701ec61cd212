"""The row of 2014 as the script makes it: units, who chooses and who judges, the training images beside it."""

import json

import numpy as np
import parzen
import pytest
import train
from parzen import parzen_row, pixels

from ganjax.checks import InputError
from ganjax.metrics import parzen_score

RNG = np.random.default_rng(0)
TRAIN, TEST, FAKE = (RNG.integers(0, 256, (num, 3, 2, 1), np.uint8) for num in (60, 40, 30))


def test_pixels_are_in_the_units_of_the_published_density():
    images = np.array([0, 51, 255, 102], np.uint8).reshape(1, 2, 2, 1)
    np.testing.assert_allclose(pixels(images), [[0, 0.2, 1, 0.4]], rtol=1e-12)
    np.testing.assert_allclose(pixels(images / 127.5 - 1), [[0, 0.2, 1, 0.4]], atol=1e-12)
    beyond = np.array([-3.0, -1.0, 0.5, 2.5]).reshape(1, 2, 2, 1)
    np.testing.assert_allclose(pixels(beyond), [[0, 0, 0.75, 1]])
    with pytest.raises(InputError, match=r"in \[-1, 1\], got numbers up to 255"):
        pixels(images.astype(np.float32))
    with pytest.raises(InputError, match="images"):
        pixels(images[0])


def test_every_tenth_test_image_chooses_and_the_others_judge():
    row = parzen_row(TRAIN, TEST, FAKE)
    rows = TEST.reshape(40, 6) / 255
    chooses = [0, 10, 20, 30]
    score = parzen_score(FAKE.reshape(30, 6) / 255, rows[chooses], np.delete(rows, chooses, axis=0))
    assert row["parzen_log_likelihood"] == pytest.approx(score.log_likelihood, rel=1e-12)
    assert row["parzen_log_likelihood_standard_error"] == pytest.approx(score.standard_error, rel=1e-12)
    assert row["parzen_bandwidth"] == score.bandwidth
    assert (row["num_fake"], row["num_train"]) == (30, 30)
    floats = parzen_row(TRAIN, TEST, FAKE / np.float32(127.5) - 1)
    assert floats["parzen_log_likelihood"] == pytest.approx(row["parzen_log_likelihood"], rel=1e-6)


def test_the_training_images_stand_beside_it_as_many_as_there_are_fakes():
    row, theirs = parzen_row(TRAIN, TEST, FAKE), parzen_row(TRAIN, TEST, TRAIN[:30])
    for name in ("parzen_log_likelihood", "parzen_log_likelihood_standard_error", "parzen_bandwidth"):
        assert row[f"{name}[training images]"] == theirs[name]


@pytest.mark.slow
def test_from_a_workdir(tmp_path, capsys):
    train.main(
        ["mnist-2014", "--data.name", "digits", "--workdir", str(tmp_path), "--num-steps", "2", "--batch-size", "8"]
    )
    capsys.readouterr()
    assert parzen.entry([str(tmp_path), "--num-samples", "50"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert json.loads((tmp_path / "parzen.json").read_text()) == printed
    assert printed["step"] == 2
    # two steps in, samples are noise
    assert printed["parzen_log_likelihood"] < printed["parzen_log_likelihood[training images]"] - 10
