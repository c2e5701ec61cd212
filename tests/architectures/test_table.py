"""What every architecture of the table can do, and what a command line needs of it."""

import inspect
import types
import typing

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.architectures import ARCHITECTURES
from ganjax.checks import InputError, UnknownNameError

PARTS = [(name, part) for name in ARCHITECTURES for part in ("generator", "discriminator")]
IMAGES = (8, 8, 1)


def build(name, part, **settings):
    return getattr(ARCHITECTURES[name], part)(IMAGES, **settings)


def inputs_of(part, batch=3, seed=0):
    shape = (batch, 5) if part == "generator" else (batch, *IMAGES)
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


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
    network, inputs = build(name, part), inputs_of(part)
    variables = jax.eval_shape(network.init, jax.random.key(0), inputs)
    output, _ = jax.eval_shape(network.apply, variables, inputs)
    shape = output.shape if part == "generator" else output.scores.shape
    assert shape == ((3, *IMAGES) if part == "generator" else (3,))


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_a_condition_is_refused(name, part):
    network, inputs = build(name, part), inputs_of(part)
    with pytest.raises(InputError, match="unconditional"):
        network.init(jax.random.key(0), inputs, jnp.zeros(3, int))
    variables = jax.eval_shape(network.init, jax.random.key(0), inputs)
    with pytest.raises(InputError, match="unconditional"):
        jax.eval_shape(network.apply, variables, inputs, jnp.zeros(3, int))


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_float64_inputs_and_parameters_stay_float64(x64, name, part):
    del x64
    network, inputs = build(name, part), inputs_of(part).astype(jnp.float64)
    variables = jax.eval_shape(network.init, jax.random.key(0), inputs)
    double = jax.tree.map(lambda p: jax.ShapeDtypeStruct(p.shape, jnp.float64), variables)
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}
    output, _ = jax.eval_shape(network.apply, double, inputs)
    assert {leaf.dtype for leaf in jax.tree.leaves(output)} == {jnp.dtype("float64")}


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_every_parameter_has_a_gradient(name, part):
    network, inputs = build(name, part), inputs_of(part)
    variables = jax.jit(network.init)(jax.random.key(1), inputs)

    def total(params):
        output, _ = network.apply(variables._replace(params=params), inputs, train=True)
        weights = jnp.arange(1.0, 4.0)
        return sum(jnp.vdot(weights, leaf.reshape(3, -1).sum(1)) for leaf in jax.tree.leaves(output))

    for gradient in jax.tree.leaves(jax.jit(jax.grad(total))(variables.params)):
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() > 0


def test_unknown_names_are_answered():
    with pytest.raises(UnknownNameError, match="Did you mean 'dcgan'"):
        ARCHITECTURES["dcgam"]
