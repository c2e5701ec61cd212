"""What each method shows of itself: the numbers by hand, the pictures on tiny runs."""

import dataclasses

import assembly
import games
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import views
from choices import TABLES, choose
from classifiers import Classifier, LabeledImages
from config import Data
from configs import PRESETS
from views import Judges, Scene, chains
from views.codes import of_categories, of_continuous, permuted_accuracy
from views.energies import mean_distance
from views.reconstructions import component_errors, filled, interleaved

from ganjax import steps
from ganjax.checks import InputError

TINY = {"batch_size": 4, "num_samples": 4, "num_steps": 1}


def scene(preset, data_name="digits", disc=None, **changes):
    """An untrained run on the 8x8 digits with the preset's objective, and networks that compile fast."""
    config = PRESETS[preset]
    data = Data(name=data_name, condition=config.data.condition)
    small = {kind: tiny(kind, getattr(config, kind).name) for kind in ("generator", "discriminator")}
    small["discriminator"] = dataclasses.replace(small["discriminator"], **(disc or {}))
    config = dataclasses.replace(config, data=data, **small, **TINY, **changes)
    run = assembly.assemble(config)
    state = games.first_state(run.algorithm, assembly.example_batch(run, config))  # nothing is compiled for it
    return Scene(run, config, state, steps.generator_variables(state), jax.random.key(0))


def tiny(kind, name):
    """The fully connected counterpart of a convolutional network where there is one."""
    flat = name.replace("dcgan", "mlp")
    if flat.replace("-", "_") in TABLES[kind]:
        return choose(kind, flat, features=(4,))
    widths = {"features": (4,)} if name == "lapgan" else {}
    return choose(kind, name, channels=2, **widths)


def judges():
    """Twelve held-out digits, and a classifier that says 3 of everything."""
    digits = np.asarray(assembly.load(Data(name="digits"), 0).arrays.samples)[:12]
    logits = lambda images: np.tile(np.eye(10)[3], (len(images), 1))  # noqa: E731
    held_out = LabeledImages(digits, np.arange(12) % 10)
    return Judges(held_out, Classifier("three", (), lambda x: x, logits, 0.1), held_out)


def test_accuracy_under_the_best_naming():
    # code 2 is class 0 (twice of twice), code 0 is class 1 (twice of three), code 1 is class 2: 5 of 6
    guesses, labels = np.array([2, 2, 0, 0, 0, 1]), np.array([0, 0, 1, 1, 2, 2])
    assert permuted_accuracy(guesses, labels) == pytest.approx(5 / 6)
    # one to one: a code that fits two classes may have only one of them
    assert permuted_accuracy(np.zeros(4, int), np.array([0, 0, 1, 2])) == pytest.approx(0.5)


def test_errors_of_principal_components_are_those_of_a_singular_value_decomposition():
    train, test = np.random.default_rng(0).normal(size=(2, 30, 2, 3, 1)) * np.arange(1, 4)[:, None]
    mean, rows = train.reshape(30, 6).mean(0), test.reshape(30, 6)
    axes = np.linalg.svd(train.reshape(30, 6) - mean)[2]
    errors = component_errors(train, test)
    for num in (0, 2, 6):
        rebuilt = mean + (rows - mean) @ axes[:num].T @ axes[:num]
        assert errors[num] == pytest.approx(np.mean((rebuilt - rows) ** 2), abs=1e-12)


def test_mean_distance_of_three_points():
    # 3-4-5: sides 3, 4 and 5
    assert mean_distance(np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])) == pytest.approx(4.0)


def test_a_small_set_is_shown_again_from_its_first_image():
    images = np.arange(3)[:, None, None, None] * np.ones((1, 2, 2, 1))
    assert filled(images, 7)[:, 0, 0, 0].tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert filled(images, 7).shape == (7, 2, 2, 1)


def test_rows_take_turns():
    above, below = np.arange(24)[:, None], -np.arange(24)[:, None]
    rows = interleaved(above, below)[:, 0].reshape(4, 12)
    np.testing.assert_array_equal(rows[0], np.arange(12))
    np.testing.assert_array_equal(rows[1], -np.arange(12))
    np.testing.assert_array_equal(rows[2], np.arange(12, 24))


def test_codes_are_placed_where_the_prior_has_them():
    place = scene("mnist-infogan")
    latents = np.asarray(of_categories(place, 10, 2)).reshape(10, 12, 74)
    np.testing.assert_array_equal(latents[:, :, 62:72].argmax(-1), np.tile(np.arange(10)[:, None], 12))
    np.testing.assert_array_equal(latents[0, :, :62], latents[7, :, :62])  # the same noise down a column
    assert np.ptp(latents[0, :, 0]) > 0.1  # and another one in each
    moving = np.asarray(of_continuous(place, 10, 2, 1)).reshape(10, 12, 74)
    np.testing.assert_allclose(moving[4, :, 73], np.linspace(-2, 2, 12), atol=1e-6)
    np.testing.assert_array_equal(moving[:, :, 72], 0)
    numbers = views.numbers_of(place, judges())
    assert 0 < numbers["code_accuracy[best permutation]"] <= 1
    assert set(views.pictures_of(place)) == {"codes", "continuous_1", "continuous_2"}


def test_a_sample_is_of_the_class_in_turn_and_the_classifier_judges_it_so():
    place = scene("mnist-cgan")
    fake = assembly.block_sampler(place.run, batch_size=8)(place.generator, jax.random.key(5), 12)
    latents = place.run.game.prior.sample(jax.random.fold_in(jax.random.key(5), 1), 8)
    by_hand, _ = place.run.game.generator.apply(place.generator, latents, jnp.arange(8, 16) % 10)
    np.testing.assert_allclose(fake[8:12], by_hand[:4], atol=1e-6)
    assert views.numbers_of(place, judges()) == {"class_accuracy[three-classifier]": 0.1}  # one class in ten
    assert set(views.pictures_of(place)) == {"classes"}


def test_networks_for_another_number_of_classes_are_refused():
    with pytest.raises(InputError, match=r"--discriminator\.num-classes 10, as digits has, got 7"):
        scene("mnist-cgan", disc={"num_classes": 7})


def test_conditions_and_objectives_must_agree():
    config = PRESETS["mnist-cgan"]
    with pytest.raises(InputError, match=r"acgan needs --data\.condition labels, got none"):
        assembly.check(dataclasses.replace(config, data=Data(), objective=choose("objective", "acgan")))


def test_an_encoder_shows_its_reconstructions():
    place = scene("mnist-ogan", disc={"code_dim": 16}, prior=choose("prior", "normal", latent_dim=16))
    numbers = views.numbers_of(place, judges())
    assert numbers["reconstruction_mse"] > numbers["pca_16_mse"] > 0  # it was never trained
    assert set(views.pictures_of(place)) == {"reconstructions", "interpolations"}


def test_energies_of_an_auto_encoder():
    place = scene("mnist-ebgan")
    numbers = views.numbers_of(place, judges())
    assert numbers["energy[noise]"] > 0
    assert numbers["diversity[mean pairwise distance / the data's]"] > 0
    assert set(views.pictures_of(place)) == {"reconstructions", "energies"}


def test_a_walk_on_an_energy_is_drawn_and_measured(monkeypatch):
    monkeypatch.setattr(chains, "STEPS", 3)
    place = scene("ring-meg", "ring", helper=choose("helper", "statistics", features=(4,)))
    numbers = views.numbers_of(place, None)
    assert 0 <= numbers["mala_acceptance_rate"] <= 1
    assert numbers["num_samples[after mala]"] == chains.NUM
    latents, walked = chains.walk(place, 8)
    assert (np.asarray(walked.latents) != np.asarray(latents)).any()
    assert set(views.pictures_of(place)) == {"energies", "landscape", "mala"}


@pytest.mark.slow
def test_levels_go_from_coarse_to_fine_to_the_sample():
    place = scene("mnist-lapgan", prior=choose("prior", "uniform", latent_dim=64 + 16 + 100))
    assert set(views.pictures_of(place)) == {"levels"}
    latents = place.run.game.prior.sample(jax.random.key(3), 4)
    made = place.run.generate(place.generator, latents, jnp.arange(4))
    assert made.shape == (4, 8, 8, 1)
    assert assembly.noun(place.run) == "images"


def test_networks_for_another_pyramid_are_refused():
    with pytest.raises(InputError, match=r"--generator\.levels 6, as data\.levels says, got 3"):
        assembly.check_networks(
            {"generator": choose("generator", "lapgan")}, Data(condition="pyramid", levels=6), assembly.load(Data(), 0)
        )
