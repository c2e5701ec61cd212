"""Conditional batch norm and the projection head, against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references_layers as reference
from flax import linen as nn

from ganjax.architectures import ProjectionHead, conditional_batch_norm, from_linen, spectral_norm
from ganjax.architectures._class_conditional import check_labels
from ganjax.checks import InputError

LABELS = jnp.array([2, 0, 2, 1])


def draw(shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


class Normalized(nn.Module):
    """The normalization, as a generator uses it."""

    dtype: object = None

    @nn.compact
    def __call__(self, x, labels, train=False):
        return conditional_batch_norm(labels, 3, momentum=0.8)(train=train, dtype=self.dtype)(x)


X = 1.0 + draw((4, 2, 3, 5)) * jnp.array([1.0, 2.0, 3.0, 4.0, 5.0])[None, None, None]


def test_it_starts_as_plain_batch_norm():
    # the mistake this guards against: γ = embedding without the 1, which starts as the constant 0
    network = from_linen(Normalized())
    variables = network.init(jax.random.key(0), X, LABELS)
    y, _ = network.apply(variables, X, LABELS, train=True)
    np.testing.assert_allclose(y, reference.standardize_channels(np.asarray(X, np.float64)), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(np.asarray(y).std((0, 1, 2)), np.ones(5), rtol=1e-3)


def test_every_class_has_its_own_scale_and_shift():
    network = from_linen(Normalized())
    variables = network.init(jax.random.key(0), X, LABELS)
    assert {p.shape for p in jax.tree.leaves(variables.params)} == {(3, 5)}
    scale, shift = draw((3, 5), 1), draw((3, 5), 2)
    names = sorted(variables.params)  # the first table made is γ's
    params = {names[0]: {"embedding": scale}, names[1]: {"embedding": shift}}
    y, updated = network.apply(variables._replace(params=params), X, LABELS, train=True)
    standard, labels = reference.standardize_channels(np.asarray(X, np.float64)), np.asarray(LABELS)
    gamma, beta = 1 + np.asarray(scale, np.float64)[labels], np.asarray(shift, np.float64)[labels]
    np.testing.assert_allclose(y, standard * gamma[:, None, None] + beta[:, None, None], rtol=1e-3, atol=1e-4)
    # the averages are of all classes together: 0.8 · 0 + 0.2 · mean
    (stats,) = updated["batch_stats"].values()
    np.testing.assert_allclose(stats["mean"], 0.2 * np.asarray(X, np.float64).mean((0, 1, 2)), rtol=1e-4)
    evaluated, kept = network.apply(variables._replace(params=params, stats=updated), X, LABELS)
    mean, variance = np.asarray(stats["mean"], np.float64), np.asarray(stats["var"], np.float64)
    standard = (np.asarray(X, np.float64) - mean) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(evaluated, standard * gamma[:, None, None] + beta[:, None, None], rtol=1e-3, atol=1e-4)
    assert kept is updated


def test_the_batch_may_lie_on_several_devices():
    network = from_linen(Normalized())
    variables = network.init(jax.random.key(0), X, LABELS)
    whole, _ = network.apply(variables, X, LABELS, train=True)
    apply = jax.pmap(
        lambda x, labels: network.apply(variables, x, labels, train=True)[0],
        axis_name="batch",
        devices=jax.devices()[:2],
    )
    parts = apply(X.reshape(2, 2, *X.shape[1:]), LABELS.reshape(2, 2))
    np.testing.assert_allclose(parts.reshape(X.shape), whole, rtol=1e-4, atol=1e-5)


def test_bfloat16():
    network = from_linen(Normalized(jnp.bfloat16))
    variables = network.init(jax.random.key(0), X, LABELS)
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}
    assert network.apply(variables, X, LABELS, train=True)[0].dtype == jnp.bfloat16


def test_projection_against_numpy():
    network, features = from_linen(ProjectionHead(3)), draw((4, 6))
    variables = network.init(jax.random.key(0), features, LABELS)
    params = jax.tree.map(lambda p: p + draw(p.shape, p.size), variables.params)
    scores, _ = network.apply(variables._replace(params=params), features, LABELS)
    phi = np.asarray(features, np.float64)
    psi = phi @ np.asarray(params["psi"]["kernel"], np.float64)[:, 0] + float(params["psi"]["bias"][0])
    rows = np.asarray(params["embedding"]["embedding"], np.float64)[np.asarray(LABELS)]
    np.testing.assert_allclose(scores, (rows * phi).sum(1) + psi, rtol=1e-4, atol=1e-5)


def test_spectral_norm_reaches_both_parts_of_the_projection():
    features = draw((4, 6))
    network = from_linen(ProjectionHead(3, spectral_norm()))
    variables = network.init(jax.random.key(0), features, LABELS)
    once = jax.jit(lambda stats: network.apply(variables._replace(stats=stats), features, LABELS, train=True)[1])
    stats = variables.stats
    for _ in range(60):
        stats = once(stats)
    variables = variables._replace(stats=stats)
    kernel, table = variables.params["psi"]["kernel"], variables.params["embedding"]["embedding"]
    phi = np.asarray(features, np.float64)
    psi = phi @ np.asarray(kernel, np.float64)[:, 0] / np.linalg.norm(kernel, 2)
    rows = np.asarray(table, np.float64)[np.asarray(LABELS)] / np.linalg.norm(table, 2)
    np.testing.assert_allclose(network.apply(variables, features, LABELS)[0], (rows * phi).sum(1) + psi, rtol=1e-3)


@pytest.mark.parametrize(
    ("condition", "got"),
    [
        ((), "got 0 conditions"),
        ((LABELS, LABELS), "got 2 conditions"),
        ((LABELS.astype(jnp.float32),), r"got float32\[4\]"),
        ((LABELS[:3],), r"got int32\[3\]"),
        ((LABELS[:, None],), r"got int32\[4, 1\]"),
        ((3,), "got 3"),
    ],
)
def test_labels_that_are_none(condition, got):
    with pytest.raises(InputError, match=rf"integer labels \[4\] for Net, {got}.*\(samples, labels\)"):
        check_labels("Net", condition, 4)
    assert check_labels("Net", (LABELS,), 4) is LABELS
