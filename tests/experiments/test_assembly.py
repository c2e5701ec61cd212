"""From a command line to a game: packing, maxout and penalties get where they belong."""

import assembly
import jax
import pytest
import train

from ganjax.checks import InputError


def run_of(*arguments):
    config = train.parse(["ring", *arguments])
    return config, assembly.assemble(config)


def test_packing_reaches_the_discriminator():
    config, run = run_of("--packing", "2", "--batch-size", "8")
    assert run.game.discriminator.samples_per_score == 2
    state = assembly.template(run, config)
    assert state.disc_params["Dense_0"]["kernel"].shape == (4, 128)
    config, run = run_of()
    assert (config.packing, run.game.discriminator.samples_per_score) == (1, 1)


def test_images_are_packed_as_channels():
    config = train.parse(["digits", "--packing", "3", "--batch-size", "12"])
    state = assembly.template(assembly.assemble(config), config)
    kernels = [leaf.shape for leaf in jax.tree.leaves(state.disc_params) if leaf.ndim == 4]
    assert 3 in {shape[2] for shape in kernels}


def test_maxout_and_a_penalty_by_name():
    names = ("--discriminator.name", "mlp-maxout", "--discriminator.features", "6", "--discriminator.pieces", "3")
    config, run = run_of(*names, "--penalty.name", "r1", "--penalty.weight", "0.25")
    assert config.penalty.weight == 0.25
    assert assembly.template(run, config).disc_params["Maxout_0"]["Dense_0"]["kernel"].shape == (2, 18)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--packing", "3", "--batch-size", "64"), "packs of 3, got 64 samples: take a batch size of 66"),
        (("--packing", "2", "--update.gradients", "fused"), "steps.fused needs"),
        (("--packing", "2", "--objective.name", "wgan-gp"), "gradient penalties score one sample"),
        (("--packing", "2", "--penalty.name", "dragan"), "gradient penalties score one sample"),
        (("--packing", "0"), "packing >= 1"),
        (("--penalty.name", "r1", "--penalty.weight=-1"), "penalty.weight >= 0"),
        (("--discriminator.name", "mlp-maxout", "--discriminator.pieces", "0"), "pieces"),
    ],
)
def test_what_cannot_be_played_is_refused(arguments, words):
    with pytest.raises(InputError) as error:
        run_of(*arguments)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("preset", "arguments", "words"),
    [
        ("ring-infogan", ("--prior.categories", "5"), "--prior.categories 8 and --prior.continuous 0"),
        ("ring-infogan", ("--prior.name", "normal"), "--prior.name coded with --prior.categories 8"),
        ("ring-infogan", ("--objective.categories", "6", "--objective.continuous", "2"), "--prior.categories 6"),
        ("mnist-lapgan", ("--data.name", "digits", "--objective.name", "hinge"), "--objective.name lapgan with"),
        ("digits", ("--data.condition", "labels"), "--data.condition none"),
        ("mnist-cgan", ("--data.name", "digits", "--data.condition", "none"), "--data.condition labels"),
        ("ring", ("--data.condition", "pyramid", "--objective.name", "lapgan"), "Expected images for a pyramid"),
        ("digits", ("--seed=-1",), "seed >= 0 and <= 2147483647"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(preset, arguments, words):
    with pytest.raises(InputError) as error:
        assembly.assemble(train.parse([preset, *arguments]))
    assert words in str(error.value)
