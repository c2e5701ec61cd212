"""sample.py's samplers and pictures, on untrained games: what is drawn from where, what is written, what is refused."""

import dataclasses
import functools
from types import SimpleNamespace

import assembly
import games
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sample
import sampling
import train
from PIL import Image
from recorded import to_dict
from sampling import SAMPLERS, Settings

from ganjax import data, priors
from ganjax.checks import InputError
from ganjax.data import to_uint8
from ganjax.io import Checkpoints, write_json
from ganjax.types import Variables

SIZES = ["--generator.features", "8", "--discriminator.features", "8", "--batch-size", "8", "--num-samples", "12"]
IMAGES = ["digits", "--generator.name", "mlp", "--discriminator.name", "mlp", *SIZES]
SETTINGS = Settings(step_size=1e-12, steps=3, gamma=0.0)


def first_state(run, config):
    """Of no training; drawn by NumPy, as an initialization is compiled for seconds."""
    return games.first_state(run.algorithm, assembly.example_batch(run, config))


def run_of(*arguments):
    config = train.parse(arguments)
    return assembly.assemble(config), config


@functools.cache
def game_of(*arguments, truncation=None):
    run, config = run_of(*arguments)
    state = first_state(run, config)
    return sampling.trained(config, run, state, Variables(state.gen_params, state.gen_stats), truncation)


def checkpoint(folder, *arguments):
    """A run's folder, with the first state as its only checkpoint."""
    run, config = run_of(*arguments)
    write_json(folder / "config.json", to_dict(config))
    with Checkpoints(folder / "checkpoints") as checkpoints:
        checkpoints.save(1, first_state(run, config)._replace(step=jnp.int32(1)))
    return folder


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("runs") / "ring", "ring", *SIZES)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("runs") / "digits", *IMAGES)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


FLAGS = {"sampler": "mala", "sampler_steps": 2, "sampler_step_size": 0.5, "truncation": 0.8}
PICTURES = {"interpolate": 2, "neighbors": 13, "invert": 3}


@pytest.mark.slow
def test_every_flag_writes_its_picture_beside_the_plain_one(ring, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sampling, "INVERT_STEPS", 20)
    plain, more = tmp_path / "plain", tmp_path / "more"
    sample.main(sample.Options(ring, output=plain, num=7))
    assert set(files(plain)) == {"sample.png", "samples.npz"}
    sample.main(sample.Options(ring, output=more, num=7, **FLAGS, **PICTURES))
    names = {"sample.png", "samples.npz", "mala.png", "interpolation.png", "neighbors.png", "inversion.png"}
    assert set(files(more)) == names
    assert files(more)["sample.png"] == files(plain)["sample.png"]
    told = capsys.readouterr().out
    for text in ("MALA: ", "% of the proposals accepted", "mean distance", "mean squared error", *names):
        assert text in told
    first, other = (np.load(folder / "samples.npz")["samples"] for folder in (plain, more))
    assert first.shape == other.shape == (7, 2)
    assert not np.array_equal(first, other)


def test_images(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(sampling, "INVERT_STEPS", 20)
    sample.main(sample.Options(digits, output=tmp_path, **PICTURES))
    # columns and rows of squares: 10 × 2; 10 × 4, for 13 pairs; 3 × 2
    for name, ratio in (("interpolation", 5.0), ("neighbors", 2.5), ("inversion", 1.5)):
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.width / picture.height == pytest.approx(ratio, rel=0.05)


def test_three_lines_draw_what_the_script_draws(ring, tmp_path):
    sample.main(sample.Options(ring, output=tmp_path, num=7, seed=3))
    draw = sample.sampler(str(ring))
    np.testing.assert_array_equal(draw(jax.random.key(3), 7), np.load(tmp_path / "samples.npz")["samples"])
    with pytest.raises(InputError, match="No checkpoint of step 2"):
        sample.sampler(ring, step=2)


def test_a_timeline_shows_the_same_latents_at_each_step(tmp_path, monkeypatch):
    """Columns are checkpoints, in the order that was asked for; rows are latents."""
    workdir = checkpoint(tmp_path / "run", *IMAGES)
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        state = checkpoints.restore(assembly.template(*run_of(*IMAGES))).state
        later = state._replace(gen_ema_params=jax.tree.map(lambda x: 3 * x, state.gen_ema_params))
        checkpoints.save(2, later)
    grids = []
    monkeypatch.setattr(sample, "image_grid", lambda *grid: grids.append(grid) or np.zeros((1, 1), np.uint8))
    sample.main(sample.Options(workdir, timeline=(2, 1), seed=5))
    ((images, columns),) = grids
    assert columns == 2
    assert (workdir / "timeline.png").exists()
    newest, raw = (sample.sampler(workdir, weights=weights) for weights in ("ema", "raw"))
    np.testing.assert_array_equal(images[::2], newest(jax.random.key(5), 8))
    np.testing.assert_array_equal(images[1::2], raw(jax.random.key(5), 8))  # what the average was at step 1
    assert not np.array_equal(images[::2], images[1::2])


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ({"sampler": "langevin"}, "langevin"),
        ({"sampler": "rejection"}, "rejection"),
        ({"truncation": 0.5}, "truncation"),
    ],
)
def test_each_sampler_has_its_own_picture(ring, tmp_path, flags, name):
    sample.main(sample.Options(ring, output=tmp_path, sampler_steps=2, **flags))
    assert set(files(tmp_path)) == {"sample.png", f"{name}.png"}
    assert files(tmp_path)["sample.png"] != files(tmp_path)[f"{name}.png"]


@pytest.mark.parametrize("name", ["langevin", "mala"])
def test_chains_start_where_the_plain_samples_are(name):
    """With steps of nearly nothing they stay there: in every block, in the same order."""
    game = game_of("ring", *SIZES)
    latents = SAMPLERS[name](game, SETTINGS)(jax.random.key(3), 503)
    plain = assembly.sample(game.run, game.generator, jax.random.key(3), 503)
    np.testing.assert_allclose(sampling.made(game, latents), plain, atol=1e-4)


def test_chains_follow_the_energy_with_its_prior():
    """A discriminator of zeros leaves the prior alone: from far away, all chains come home to N(0, 1)."""
    game = game_of("ring", *SIZES)
    silent = game._replace(discriminator=jax.tree.map(jnp.zeros_like, game.discriminator))
    far = silent.run.game.prior._replace(sample=lambda key, num: jnp.full((num, *game.run.game.prior.shape), 6.0))
    silent = silent._replace(run=silent.run._replace(game=silent.run.game._replace(prior=far)))
    latents = SAMPLERS["mala"](silent, Settings(0.4, 40, 0.0))(jax.random.key(0), 1000)
    np.testing.assert_allclose([np.mean(latents), np.var(latents)], [0, 1], atol=0.1)


def test_truncation_reaches_every_sampler():
    game = game_of("ring", *SIZES, truncation=0.4)
    for name in ("mala", "rejection"):
        latents = SAMPLERS[name](game, Settings(0.05, 5, 0.0))(jax.random.key(0), 300)
        assert latents.shape[0] == 300
        assert 0.3 < np.abs(latents).max() <= 0.4


def test_rejection_keeps_what_the_discriminator_prefers():
    game = game_of("ring", *SIZES)
    steep = game._replace(discriminator=jax.tree.map(lambda x: 10 * x, game.discriminator))
    kept = SAMPLERS["rejection"](steep, SETTINGS)(jax.random.key(0), 400)
    plain = sampling.prior_latents(steep, jax.random.key(0), 400)
    kept, plain = (jax.vmap(sampling.latent_energy(steep))(z) for z in (kept, plain))
    assert np.mean(kept) < np.mean(plain) - 0.5 * np.std(plain)


def test_rows_of_pairs():
    """Twelve pairs in rows of ten: ten tops, their ten bottoms, two tops, their bottoms, blanks after them."""
    top, bottom = np.full((12, 1, 1, 1), -1.0, np.float32), np.zeros((12, 1, 1, 1), np.float32)
    grid = sampling.rows_over(top, bottom)
    side = (grid.shape[1] - 2) // 10
    centers = grid[side // 2 :: side, side // 2 :: side, 0][:4, :10]
    np.testing.assert_array_equal(centers[:, 0], [0, 128, 0, 128])
    np.testing.assert_array_equal(centers[:2, 9], [0, 128])
    np.testing.assert_array_equal(centers[2:, 2:], 255)


def test_interpolation_begins_and_ends_at_draws(monkeypatch):
    game = game_of(*IMAGES)
    seen = []
    monkeypatch.setattr(sampling, "image_grid", lambda images, columns: seen.append((images, columns)))
    sampling.interpolation(game, jax.random.key(1), 2, np.zeros((0, 8, 8, 1)))
    (images, columns), ends = seen[0], sampling.made(game, sampling.prior_latents(game, jax.random.key(1), 4))
    assert columns == 10
    np.testing.assert_allclose(images[[0, 9, 10, 19]], ends, atol=1e-5)
    middle = priors.spherical(*sampling.prior_latents(game, jax.random.key(1), 2), 4 / 9)
    np.testing.assert_allclose(images[4], sampling.made(game, middle[None])[0], atol=1e-5)


def test_neighbors_come_from_the_data_that_trained():
    def stored(source):
        return sampling.stored(SimpleNamespace(source=source, data_key=jax.random.key(0)))

    assert stored(data.load("ring:60")).shape == (60, 2)
    assert stored(data.load("ring")).shape == (10_000, 2)
    assert stored(data.load("digits")).dtype == jnp.uint8


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"truncation": 0.0}, "truncation > 0"),
        ({"sampler_step_size": -1.0}, "sampler-step-size > 0"),
        ({"sampler_steps": 0}, "sampler-steps >= 1"),
        ({"interpolate": 0}, "interpolate >= 1"),
        ({"sampler_gamma": float("nan")}, "finite number for sampler-gamma"),
    ],
)
def test_wrong_numbers(ring, tmp_path, flags, words):
    with pytest.raises(InputError) as error:
        sample.main(sample.Options(ring, output=tmp_path / "out", **flags))
    assert words in str(error.value)


def test_what_cannot_be_drawn_is_refused_before_anything_is_written(tmp_path):
    workdir = checkpoint(tmp_path / "run", "ring", *SIZES, "--prior.name", "uniform")
    for flags, words in (
        ({"timeline": (1,)}, "run on images for --timeline"),
        ({"truncation": 0.5}, "normal prior for --truncation"),
        ({"sampler": "langevin"}, "take mala"),
    ):
        with pytest.raises(InputError) as error:
            sample.main(sample.Options(workdir, output=tmp_path / "out", **flags))
        assert words in str(error.value)
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "name", "words"),
    [(["--prior.name", "rescaled"], "mala", "with a density"), (["--packing", "2"], "rejection", "packs of 2")],
)
def test_samplers_refuse(arguments, name, words):
    with pytest.raises(InputError, match=words):
        SAMPLERS[name](game_of("ring", *SIZES, *arguments), SETTINGS)


def test_a_condition_is_refused_where_latents_are_not_enough():
    game = game_of("ring", *SIZES)
    told = game._replace(
        config=dataclasses.replace(game.config, data=dataclasses.replace(game.config.data, condition="labels"))
    )
    for name in SAMPLERS:
        with pytest.raises(InputError, match="without a condition for --sampler, got one conditioned on labels"):
            SAMPLERS[name](told, SETTINGS)
    with pytest.raises(InputError, match="without a condition for --invert"):
        sampling.check_pictures(told, ["inversion"])
    sampling.check_pictures(told, ["neighbors", "interpolation"])
    line = game._replace(run=game.run._replace(source=data.load("normal")))
    with pytest.raises(InputError, match="got points on a line"):
        sampling.check_pictures(line, ["neighbors"])


LABELED = [
    *("digits", "--data.condition", "labels", "--generator.name", "dcgan-conditional"),
    *("--discriminator.name", "dcgan-conditional", "--batch-size", "8", "--num-samples", "12"),
    *("--generator.channels", "4", "--discriminator.channels", "4"),
]


def test_a_class_by_itself():
    """Sample i in class i mod K otherwise: of ten samples in turn, the fourth is of class 3, whatever else is asked."""
    game, key = game_of(*LABELED), jax.random.key(5)
    assert sampling.of_class(game.config, game.run, None) is game.run
    in_turn = assembly.sample(game.run, game.generator, key, 20)
    for label in (0, 3, 9):
        alone = assembly.sample(sampling.of_class(game.config, game.run, label), game.generator, key, 20)
        same = [i for i in range(20) if np.allclose(alone[i], in_turn[i], atol=1e-6)]
        assert same == [label, label + 10]
        rows = jnp.full(20, label)
        latents = sampling.prior_latents(game, key, 20)
        np.testing.assert_allclose(sampling.made(game, latents, rows), alone, rtol=1e-5, atol=1e-6)


def test_classes_that_are_not_there():
    game = game_of(*LABELED)
    for label in (-1, 10):
        with pytest.raises(InputError, match=f"Expected --label 0 to 9, a class of digits, got {label}"):
            sampling.of_class(game.config, game.run, label)
    untold = game_of("ring", *SIZES)
    with pytest.raises(InputError, match="a run conditioned on labels for --label, got one conditioned on none"):
        sampling.of_class(untold.config, untold.run, 0)


def test_the_script_and_the_sampler_take_a_class(tmp_path, capsys):
    workdir = checkpoint(tmp_path / "run", *LABELED)
    sample.main(sample.Options(workdir, num=4, seed=2, label=7, output=tmp_path / "out"))
    assert "12 samples of class 7 of the generator" in capsys.readouterr().out
    written = np.load(tmp_path / "out" / "samples.npz", allow_pickle=False)["samples"]
    drawn = sample.sampler(workdir, label=7)(jax.random.key(2), 4)
    np.testing.assert_array_equal(written, np.asarray(to_uint8(drawn)))
    assert (written != np.asarray(to_uint8(sample.sampler(workdir)(jax.random.key(2), 4)))).any()
