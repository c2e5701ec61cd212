"""The Inception network from a file to named numbers: what they are called, and what is said beside them."""

import hashlib
import sys
import zipfile

import convert_inception
import inception
import jax.numpy as jnp
import numpy as np
import pytest
from inception import InceptionNetwork, Outputs, cached_features, evaluate_inception, inception_network, network_name
from references_inception import formula_images, formula_weights

from ganjax.checks import InputError
from ganjax.io import write_weights
from ganjax.metrics import class_probabilities, classifier_score_splits, feature_frechet_distance
from ganjax.metrics.inception import PUBLISHED_SHA256, InceptionOutput, fold, inception_features, weight_shapes


def stub(standard, calls=None):
    """A network whose features are a fixed map of the pixels."""
    rng = np.random.default_rng(0)
    to_features, to_logits = rng.normal(size=(48, 16)).astype(np.float32), rng.normal(size=(48, 12))

    def outputs(images):
        if calls is not None:
            calls.append(len(images))
        pixels = images.reshape(len(images), -1).astype(np.float32) / 128 - 1
        return Outputs(pixels @ to_features, (pixels @ to_logits).astype(np.float32))

    return InceptionNetwork("inception-2015-12-05" if standard else "inception-ab", "ab" * 32, standard, outputs)


REAL, FAKE = formula_images((40, 4, 4, 3)), np.flip(formula_images((30, 4, 4, 3)), axis=1)


def test_names_with_the_published_weights():
    network = stub(standard=True)
    numbers, protocol = evaluate_inception(network, REAL, FAKE)
    assert "frechet_distance[inception-2015-12-05]" not in numbers
    expected = feature_frechet_distance(network.features(REAL), network.features(FAKE))
    assert numbers["fid[inception-2015-12-05]"] == pytest.approx(expected, rel=1e-9)
    assert numbers["kid[inception-2015-12-05]"] > 0
    assert numbers["kid_standard_error[inception-2015-12-05]"] > 0
    scores = classifier_score_splits(class_probabilities(network.logits(FAKE)))
    assert numbers["inception_score[inception-2015-12-05]"] == pytest.approx(scores.mean())
    assert numbers["inception_score_deviation[inception-2015-12-05]"] == pytest.approx(scores.std())
    said = protocol["fid[inception-2015-12-05]"]
    assert "40 real and 30 generated samples" in said
    assert "generated ones rounded" in said
    assert "10 consecutive splits" in protocol["inception_score[inception-2015-12-05]"]
    assert protocol["network"].endswith("ab" * 32)
    assert "the published weights" in protocol["network"]


def test_other_weights_give_no_fid():
    numbers, protocol = evaluate_inception(stub(standard=False), REAL, FAKE)
    assert {"frechet_distance[inception-ab]", "kernel_distance[inception-ab]", "classifier_score[inception-ab]"} <= set(
        numbers
    )
    words = ("fid", "kid", "inception_score")
    assert not any(name.startswith(words) for name in (*numbers, *protocol))
    assert "NOT the published weights" in protocol["network"]
    assert protocol["frechet_distance[inception-ab]"]


def test_names_of_networks():
    assert network_name("0123456789", PUBLISHED_SHA256) == "inception-2015-12-05"
    assert network_name("0123456789", "6726825d" + "0" * 56) == "inception-01234567"


def test_real_features_are_kept(tmp_path):
    calls = []
    network = stub(standard=False, calls=calls)
    first = cached_features(tmp_path, network, REAL)
    np.testing.assert_array_equal(cached_features(tmp_path, network, REAL), first)
    assert calls == [40]
    cached_features(tmp_path, network, REAL[:39])
    cached_features(tmp_path, network._replace(fingerprint="cd" * 32), REAL)
    assert calls == [40, 39, 40]
    for kept in tmp_path.iterdir():
        kept.write_bytes(kept.read_bytes()[:-99])
    np.testing.assert_array_equal(cached_features(tmp_path, network, REAL), first)
    assert calls == [40, 39, 40, 40]
    for kept in tmp_path.iterdir():
        with zipfile.ZipFile(kept, "w") as archive:  # names of bytes, not of arrays
            archive.writestr("features", b"x")
            archive.writestr("checksum", b"x")
    np.testing.assert_array_equal(cached_features(tmp_path, network, REAL), first)
    for kept in tmp_path.iterdir():
        np.savez(kept, features=np.array(3.0), checksum=np.array("x"))
    np.testing.assert_array_equal(cached_features(tmp_path, network, REAL), first)
    assert calls == [40, 39, 40, 40, 40, 40]


def test_blocks_have_one_shape(monkeypatch):
    """Seven images in blocks of three: three calls' worth of one compiled shape, and no trace of the filling."""
    traced = []

    def cheap(params, inputs):
        traced.append(inputs.shape)
        means = jnp.mean(inputs, axis=(1, 2, 3))[:, None]
        return InceptionOutput(means * params["scale"], means, means - 1)

    monkeypatch.setattr(inception, "BLOCK", 3)
    monkeypatch.setattr(inception, "inception_of_inputs", cheap)
    outputs = inception.bind({"scale": np.full((1, 2048), 2.0, np.float32)})
    images = np.full((7, 5, 5, 1), 128, np.uint8) + np.arange(7, dtype=np.uint8)[:, None, None, None]
    features, logits = outputs(images)
    np.testing.assert_allclose(features[:, 5], 2 * np.arange(7) / 128, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(logits[:, 0], np.arange(7) / 128 - 1, rtol=1e-5)
    assert outputs(images[:1]).features.shape == (1, 2048)
    assert traced == [(3, 299, 299, 3)]
    with pytest.raises(InputError, match="uint8"):
        outputs(images.astype(np.float32))


@pytest.mark.slow
def test_from_a_file_to_features(tmp_path, monkeypatch):
    monkeypatch.setattr(inception, "BLOCK", 2)
    arrays = formula_weights(weight_shapes())
    fingerprint = write_weights(tmp_path / "w.npz", arrays, weight_shapes(), "not the published file")
    network = inception_network(tmp_path / "w.npz")
    assert (network.name, network.is_standard) == (f"inception-{fingerprint[:8]}", False)
    images = formula_images((3, 28, 28, 1))
    expected = inception_features(fold(arrays), images)
    features, logits = network.outputs(images)
    np.testing.assert_allclose(features, expected.features, rtol=0, atol=1e-5 * np.max(expected.features))
    np.testing.assert_allclose(logits, expected.logits_unbiased, rtol=0, atol=1e-5 * np.max(expected.logits_unbiased))


# --- the converter


def run(capsys, *arguments):
    code = convert_inception.entry([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out + said.err


def test_converting_from_pytorch(tmp_path, capsys):
    torch = pytest.importorskip("torch")
    arrays = formula_weights(weight_shapes())
    state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    state["Mixed_5b.branch1x1.bn.num_batches_tracked"] = torch.tensor(3)
    torch.save(state, tmp_path / "w.pth")
    code, said = run(capsys, tmp_path / "w.pth", tmp_path / "w.npz")
    assert (code, "NOT the standard weights" in said) == (0, True)
    network = inception_network(tmp_path / "w.npz")
    assert f"[{network.name}]" in said
    assert hashlib.sha256((tmp_path / "w.pth").read_bytes()).hexdigest() in said

    del state["fc.bias"]
    torch.save(state, tmp_path / "lacks.pth")
    code, said = run(capsys, tmp_path / "lacks.pth", tmp_path / "lacks.npz")
    assert (code, "without fc.bias" in said) == (2, True)
    torch.save({**state, "fc.bias": 3}, tmp_path / "number.pth")
    assert "tensors by name" in run(capsys, tmp_path / "number.pth", tmp_path / "n.npz")[1]
    torch.save(Harmful(), tmp_path / "harmful.pth")
    assert "can't be read" in run(capsys, tmp_path / "harmful.pth", tmp_path / "n.npz")[1]
    (tmp_path / "cut.pth").write_bytes((tmp_path / "w.pth").read_bytes()[:1000])
    assert "can't be read" in run(capsys, tmp_path / "cut.pth", tmp_path / "n.npz")[1]
    assert sorted(file.name for file in tmp_path.glob("*.npz")) == ["w.npz"]


class Harmful:
    def __reduce__(self):
        return exit, (1,)


def test_the_converter_without_pytorch_or_a_file(tmp_path, capsys, monkeypatch):
    code, said = run(capsys, tmp_path / "none.pth", tmp_path / "w.npz")
    assert (code, "which is not there" in said) == (2, True)
    (tmp_path / "w.pth").write_bytes(b"")
    code, said = run(capsys, tmp_path / "w.pth", tmp_path / "w.bin")
    assert (code, "ends in .npz" in said) == (2, True)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match="pip install torch"):
        convert_inception.main(convert_inception.Options(tmp_path / "w.pth", tmp_path / "w.npz"))
