"""Spectral normalization against NumPy's singular values, and what each mode does with the vectors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from ganjax.architectures import Conv, ConvTranspose, from_linen, spectral_norm, unconstrained
from ganjax.types import Variables


def draw(shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


class Constrained(nn.Module):
    """One layer under a constraint, as a network uses it."""

    layer: object
    constraint: object

    @nn.compact
    def __call__(self, x, train=False):
        return self.constraint(self.layer(), train)(x)


CASES = {
    "conv": (lambda: Conv(5, (3, 2), name="it"), (2, 2, 3, 3), "kernel"),
    "conv transposed": (lambda: ConvTranspose(4, (2, 3), name="it"), (2, 2, 1, 5), "kernel"),
    "dense": (lambda: nn.Dense(6, name="it"), (2, 4), "kernel"),
    "embed": (lambda: nn.Embed(7, 3, name="it"), (2,), "embedding"),
}


def start(case, constraint=None):
    """(network, variables, inputs, name of the kernel): numbers of NumPy's, biases that are not 0."""
    layer, shape, name = CASES[case]
    network = from_linen(Constrained(layer, spectral_norm() if constraint is None else constraint))
    inputs = jnp.array([5, 2]) if case == "embed" else draw(shape, 1)
    params, stats = jax.jit(network.init)(jax.random.key(0), inputs)
    moved = jax.tree.map(lambda p: p + draw(p.shape, 2), params)
    return network, Variables(moved, stats), inputs, name


def passes(network, variables, inputs, num):
    """What `num` passes in training mode leave behind."""

    def once(stats, _):
        return network.apply(variables._replace(stats=stats), inputs, train=True)[1], None

    stats, _ = jax.jit(lambda stats: jax.lax.scan(once, stats, None, num))(variables.stats)
    return variables._replace(stats=stats)


def stored(variables, what):
    (entries,) = variables.stats["batch_stats"].values()
    return next(np.asarray(value, np.float64) for key, value in entries.items() if key.endswith(what))


@pytest.mark.parametrize("case", CASES)
def test_the_largest_singular_value_becomes_one(case):
    network, variables, inputs, name = start(case)
    kernel = np.asarray(variables.params["it"][name], np.float64)
    matrix = kernel.reshape(-1, kernel.shape[-1])
    _, singular, right = np.linalg.svd(matrix, full_matrices=False)
    after = passes(network, variables, inputs, 300)
    assert abs(stored(after, "sigma") / singular[0] - 1) < 1e-4
    u = stored(after, "u")[0]
    # a vector's sign is free
    np.testing.assert_allclose(u * np.sign(u[0]), right[0] * np.sign(right[0, 0]), atol=1e-3)
    # the plain layer with the divided kernel, its bias as it was, says the same in evaluation mode
    plain = from_linen(Constrained(CASES[case][0], unconstrained))
    divided = {"it": {**variables.params["it"], name: jnp.asarray(kernel / singular[0], jnp.float32)}}
    assert abs(np.linalg.norm(matrix / singular[0], 2) - 1) < 1e-12
    expected, _ = jax.jit(plain.apply)(Variables(divided), inputs)
    np.testing.assert_allclose(jax.jit(network.apply)(after, inputs)[0], expected, rtol=1e-3, atol=1e-4)


def by_hand(kernel, u):
    """One iteration from u: v = Wᵀu/‖·‖, u = Wv/‖·‖, σ = uᵀWv, with W the kernel as outputs × rest."""
    weights = np.asarray(kernel, np.float64).reshape(-1, kernel.shape[-1]).T
    v = weights.T @ u
    v /= np.linalg.norm(v)
    after = weights @ v
    after /= np.linalg.norm(after)
    return after, v, after @ weights @ v


def test_one_iteration_by_hand_in_each_mode():
    network, variables, inputs, _ = start("dense")
    kernel, bias = (np.asarray(variables.params["it"][name], np.float64) for name in ("kernel", "bias"))
    u, _, sigma = by_hand(kernel, stored(variables, "u")[0])
    assert abs(sigma / np.linalg.norm(kernel, 2) - 1) > 1e-3  # far from converged: the two must not be confused
    expected = np.asarray(inputs, np.float64) @ kernel / sigma + bias
    evaluated, kept = network.apply(variables, inputs)
    trained, updated = network.apply(variables, inputs, train=True)
    np.testing.assert_allclose(evaluated, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(trained, expected, rtol=1e-4, atol=1e-5)
    assert kept is variables.stats
    np.testing.assert_allclose(stored(Variables((), updated), "u")[0], u, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(stored(Variables((), updated), "sigma"), sigma, rtol=1e-5)
    # the next pass begins where this one ended
    _, _, second = by_hand(kernel, u)
    _, again = network.apply(variables._replace(stats=updated), inputs, train=True)
    np.testing.assert_allclose(stored(Variables((), again), "sigma"), second, rtol=1e-5)


def test_evaluation_changes_nothing_and_repeats_itself():
    network, variables, inputs, _ = start("conv")
    before = jax.tree.map(np.array, variables)
    first, _ = network.apply(variables, inputs)
    second, _ = network.apply(variables, inputs)
    np.testing.assert_array_equal(first, second)
    network.apply(variables, inputs, train=True)
    for a, b in zip(jax.tree.leaves(before), jax.tree.leaves(variables), strict=True):
        np.testing.assert_array_equal(a, b)


def test_initialization_is_the_layers_own():
    network = from_linen(Constrained(lambda: Conv(64, (3, 3), name="it"), spectral_norm()))
    params, stats = jax.jit(network.init)(jax.random.key(3), draw((1, 2, 2, 32)))
    # N(0, 0.02), not divided by σ; 18 432 draws: the deviation's own error is 0.02/√(2·18432) = 1e-4
    assert abs(float(params["it"]["kernel"].std()) - 0.02) < 5e-4
    assert {leaf.shape for leaf in jax.tree.leaves(stats)} == {(1, 64), ()}
    plain = from_linen(Constrained(lambda: Conv(4, (1, 1), name="it"), unconstrained))
    assert jax.eval_shape(plain.init, jax.random.key(0), draw((1, 2, 2, 3))).stats == ()


def test_the_gradient_holds_the_vectors_constant():
    network, variables, inputs, _ = start("dense")
    kernel = np.asarray(variables.params["it"]["kernel"], np.float64)
    u, v, sigma = by_hand(kernel, stored(variables, "u")[0])
    weights = draw((2, 6), 4)

    def total(kernel):
        params = {"it": {**variables.params["it"], "kernel": kernel}}
        return jnp.vdot(weights, network.apply(variables._replace(params=params), inputs, train=True)[0])

    # f = Σ (xᵀw) ∘ K/σ, so ∂f/∂K = xᵀw/σ − (Σ (xᵀw) ∘ K)/σ² · v uᵀ, for σ = vᵀKu with u and v fixed
    product = np.asarray(inputs, np.float64).T @ np.asarray(weights, np.float64)
    expected = product / sigma - (product * kernel).sum() / sigma**2 * np.outer(v, u)
    np.testing.assert_allclose(jax.grad(total)(variables.params["it"]["kernel"]), expected, rtol=1e-4, atol=1e-5)


def test_every_device_gets_the_same_vectors():
    network, variables, _, _ = start("dense")
    rows = draw((2, 3, 4), 5)  # two devices, each with three rows of its own
    apply = jax.pmap(
        lambda inputs: network.apply(variables, inputs, train=True)[1], axis_name="batch", devices=jax.devices()[:2]
    )
    alone = network.apply(variables, rows[0], train=True)[1]
    for both, one in zip(jax.tree.leaves(apply(rows)), jax.tree.leaves(alone), strict=True):
        np.testing.assert_array_equal(both[0], both[1])
        np.testing.assert_allclose(both[0], one, rtol=1e-5)
