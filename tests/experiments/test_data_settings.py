"""What the command line says of images gets where it belongs: crop, resolution, channels, flips, augmentation."""

import zipfile

import assembly
import jax
import machines
import numpy as np
import pytest
import train
from config import Parallel
from PIL import Image
from recorded import from_dict, to_dict
from rich.console import Console

from ganjax.checks import InputError
from ganjax.io import array_cache

RNG = np.random.default_rng(0)


@pytest.fixture
def archive(tmp_path):
    """Eight color pictures of several sizes in two classes, a text, and a picture cut short."""
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(8):
            pixels = RNG.integers(0, 256, (9 + i, 12 - i % 3, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "one.png")
            archive.write(tmp_path / "one.png", f"{'ab'[i % 2]}/{i}.png")
        archive.writestr("b/9.png", (tmp_path / "one.png").read_bytes()[:60])
        archive.writestr("readme.txt", "text")
    return path


def folder(archive, *flags):
    return ["digits", "--data.name", "folder", "--data.dir", str(archive), "--batch-size", "4", *flags]


SMALL = ("--data.resolution", "8", "--data.channels", "1", "--data.on-error", "skip")


def test_pictures_of_an_archive_become_the_games_samples(archive):
    config = train.parse(folder(archive, "--data.crop", "9", *SMALL))
    spec = assembly.load(config.data, config.seed).spec
    assert spec[1:4] == ((8, 8, 1), 8, 2)
    assert spec.notes == (
        "1 file left out: no picture by its ending (readme.txt)",
        "1 file left out: can't be read (b/9.png)",
    )
    with pytest.raises(InputError, match=r"b/9\.png of .*set\.zip, but it can't be read"):
        assembly.load(train.parse(folder(archive, "--data.resolution", "8")).data, 0)


def test_a_run_says_what_was_left_out(archive, capsys):
    config = train.parse(folder(archive, *SMALL, "--parallel.devices", "1", "--augment.name", "diffaugment"))
    run = assembly.assemble(config)  # a whole step, in shapes
    train.describe(Console(), config, run, machines.layout(run, config), (archive.parent, False))
    printed = capsys.readouterr().out
    assert "8 samples, 8x8x1, 2 classes" in printed
    assert "1 file left out: can't be read (b/9.png)\n" in printed
    assert "1 file left out: no picture by its ending (readme.txt)\n" in printed


def test_decoded_pictures_are_kept_and_whether_is_no_part_of_the_run(archive, tmp_path, monkeypatch):
    monkeypatch.setenv("GANJAX_CACHE", str(tmp_path / "cache"))
    clock = iter(range(0, 10_000, 60))  # every decoding takes a minute
    monkeypatch.setattr(array_cache.time, "perf_counter", lambda: next(clock))
    first, second = (assembly.load(train.parse(folder(archive, *SMALL)).data, 0) for _ in range(2))
    assert first.spec.notes[-1].startswith("kept for next time: 0 MiB in")
    assert second.spec.notes[-1].startswith("read decoded from")
    np.testing.assert_array_equal(first.arrays.samples, second.arrays.samples)
    np.testing.assert_array_equal(first.arrays.labels, second.arrays.labels)
    without = train.parse(folder(archive, *SMALL, "--data.no-cache"))
    assert len(assembly.load(without.data, 0).spec.notes) == 2
    values = to_dict(without)
    assert values == to_dict(train.parse(folder(archive, *SMALL)))
    assert from_dict(values).data.cache


def test_flips_are_drawn_with_the_batch():
    def drawn(*flags):
        run = assembly.assemble(train.parse(["digits", *flags]))
        return jax.tree.map(lambda x: x.shape, jax.eval_shape(lambda: run.source.draw(run.data_key, 0, 4)))

    assert drawn() == (4,)
    assert drawn("--data.flip") == ((4,), (4,))


def test_augmentation_by_name():
    config = train.parse(["digits", "--augment.name", "diffaugment", "--augment.policy", "color,cutout"])
    assert config.augment.policy == "color,cutout"
    assert from_dict(to_dict(config)) == config.__class__(**{**vars(config), "workdir": None, "parallel": Parallel()})
    game = assembly.build_game(config, (8, 8, 1))
    shapes = jax.eval_shape(game.discriminator.init, jax.random.key(0), jax.ShapeDtypeStruct((2, 8, 8, 1), "float32"))
    with pytest.raises(InputError, match="key to augment by"):
        game.discriminator.apply(shapes, jax.numpy.zeros((2, 8, 8, 1)), train=True)


def test_a_config_of_before_augmentation_is_read():
    values = to_dict(train.parse(["digits"]))
    del values["augment"], values["data"]["crop"]
    assert from_dict(values).augment.name == "none"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ring", "--data.flip"], "images to flip, got ring"),
        (["ring", "--data.crop", "4"], "images to crop, resize or convert, got ring"),
        (["ring", "--augment.name", "diffaugment"], r"images \[B, H, W, C\] to augment, got samples of shape"),
        (["digits", "--augment.name", "diffaugment", "--augment.policy", "blur"], "Unknown step of the policy 'blur'"),
        (["digits", "--data.crop", "9"], r"digits: Expected pictures of 9 x 9 pixels or more, got 8 x 8"),
        (["digits", "--data.crop", "0"], r"data\.crop >= 1"),
        (["digits", "--data.on-error", "skip"], r"--data\.on-error error for digits, got skip"),
        (["mnist-lapgan", "--augment.name", "diffaugment"], r"--augment\.name none with --data\.condition pyramid"),
    ],
)
def test_what_does_not_suit_the_data_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        assembly.assemble(train.parse(arguments))
