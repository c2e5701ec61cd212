"""What every architecture of the table can do, and what a command line needs of it."""

import inspect
import types
import typing

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.architectures import ARCHITECTURES, lapgan_latent_dim
from ganjax.checks import InputError, UnknownNameError
from ganjax.types import Variables

IMAGES, PYRAMIDS = (8, 8, 1), (8, 8, 3)
BATCH, LATENT_DIM = 3, 5
LABELED = {"dcgan_conditional", "dcgan_classifier", "dcgan_projection", "resnet_projection"}
TOLD = LABELED | {"lapgan"}  # that take a condition
DISTINCT = {}  # (row, part) of each builder once: rows share generators
for name, row in ARCHITECTURES.items():
    for part, builder in row._asdict().items():
        DISTINCT.setdefault(builder, (name, part))
PARTS = [pytest.param(*which, id=" ".join(which)) for which in DISTINCT.values()]
UNTOLD = [pytest.param(*which, id=" ".join(which)) for which in DISTINCT.values() if which[0] not in TOLD]


def shape_of(name):
    return PYRAMIDS if name == "lapgan" else IMAGES


def build(name, part):
    builder = getattr(ARCHITECTURES[name], part)
    narrow = {"channels": 8, "features": (8, 8)}
    offered = inspect.signature(builder).parameters
    return builder(shape_of(name), **{setting: value for setting, value in narrow.items() if setting in offered})


def inputs_of(name, part, dtype=jnp.float32):
    """What the network is given: latents or samples, then labels or coarse images where it takes any."""
    rng = np.random.default_rng(0)
    latent_dim = lapgan_latent_dim(PYRAMIDS) if name == "lapgan" else LATENT_DIM
    shape = (latent_dim,) if part == "generator" else shape_of(name)
    first = jnp.asarray(rng.normal(size=(BATCH, *shape)), dtype)
    if name in LABELED:
        return first, jnp.array([2, 0, 1])
    return (first, jnp.asarray(rng.normal(size=(BATCH, *PYRAMIDS)), dtype)) if name == "lapgan" else (first,)


def drawn(shapes):
    """Arrays of these shapes by NumPy: a compiled initialization takes longer than the test."""
    leaves, structure = jax.tree.flatten(shapes)
    rng = np.random.default_rng(1)
    return jax.tree.unflatten(structure, [jnp.asarray(rng.normal(0.1, 0.2, x.shape), x.dtype) for x in leaves])


def is_plain(hint):
    if typing.get_origin(hint) is typing.Literal:
        return all(isinstance(value, str) for value in typing.get_args(hint))
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return all(arg is type(None) or is_plain(arg) for arg in typing.get_args(hint))
    return hint in (int, float, bool, str, tuple[int, ...])


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_hyperparameters_are_plain_and_have_defaults(name, part):
    builder = getattr(ARCHITECTURES[name], part)
    shape, *settings = inspect.signature(builder).parameters.values()
    assert shape.name == "sample_shape"
    hints = typing.get_type_hints(builder)
    for setting in settings:
        assert setting.default is not inspect.Parameter.empty
        assert is_plain(hints[setting.name]), setting
        assert f"{setting.name}:" in builder.__doc__


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_output_shapes(name, part):
    network, inputs = build(name, part), inputs_of(name, part)
    variables = jax.eval_shape(network.init, jax.random.key(0), *inputs)
    output, _ = jax.eval_shape(network.apply, variables, *inputs)
    shape = output.shape if part == "generator" else output.scores.shape
    assert shape == ((BATCH, *shape_of(name)) if part == "generator" else (BATCH,))


@pytest.mark.parametrize(("name", "part"), UNTOLD)
def test_a_condition_is_refused(name, part):
    network, (inputs,) = build(name, part), inputs_of(name, part)
    with pytest.raises(InputError, match="unconditional"):
        network.init(jax.random.key(0), inputs, jnp.zeros(3, int))
    variables = jax.eval_shape(network.init, jax.random.key(0), inputs)
    with pytest.raises(InputError, match="unconditional"):
        jax.eval_shape(network.apply, variables, inputs, jnp.zeros(3, int))


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_float64_inputs_and_parameters_stay_float64(x64, name, part):
    del x64
    network, inputs = build(name, part), inputs_of(name, part, jnp.float64)
    variables = jax.eval_shape(network.init, jax.random.key(0), *inputs)
    double = jax.tree.map(lambda p: jax.ShapeDtypeStruct(p.shape, jnp.float64), variables)
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}
    output, _ = jax.eval_shape(network.apply, double, *inputs)
    assert {leaf.dtype for leaf in jax.tree.leaves(output)} == {jnp.dtype("float64")}


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_every_parameter_has_a_gradient(name, part):
    network, inputs = build(name, part), inputs_of(name, part)
    params, stats = jax.eval_shape(network.init, jax.random.key(1), *inputs)
    variables = Variables(drawn(params), jax.tree.map(jnp.abs, drawn(stats)))

    def total(params):
        output, _ = network.apply(variables._replace(params=params), *inputs, train=True, key=jax.random.key(2))
        weights = jnp.arange(1.0, 4.0)
        return sum(jnp.vdot(weights, leaf.reshape(BATCH, -1).sum(1)) for leaf in jax.tree.leaves(output))

    for gradient in jax.tree.leaves(jax.jit(jax.grad(total))(variables.params)):
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() > 0


def test_unknown_names_are_answered():
    with pytest.raises(UnknownNameError, match="Did you mean 'dcgan'"):
        ARCHITECTURES["dcgam"]
