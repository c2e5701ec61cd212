import itertools

import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.divergences import kantorovich_rubinstein, transport_dual, transport_primal

RANDOM = np.random.default_rng(7)


def problem(rows, columns, seed):
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, columns)), random.dirichlet(np.ones(rows)), random.dirichlet(np.ones(columns))


def metric(seed, size=6, power=1.0):
    random = np.random.default_rng(seed)
    points = random.normal(size=(size, 2))
    cost = np.linalg.norm(points[:, None] - points, axis=-1) ** power
    return cost, random.dirichlet(np.ones(size)), random.dirichlet(np.ones(size))


def test_by_hand():
    """½ at 0 and ½ at 1 onto ¼ at 0 and ¾ at 2, cost |x − y|: ¼ stays, ¼ goes 2, ½ goes 1."""
    found = transport_primal([[0, 2], [1, 1]], [0.5, 0.5], [0.25, 0.75])
    assert found.value == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(found.plan, [[0.25, 0.25], [0, 0.5]], atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_against_every_assignment(seed):
    """Equal masses: an optimal plan is a permutation."""
    cost = np.random.default_rng(seed).normal(size=(5, 5))
    best = min(sum(cost[i, j] for i, j in enumerate(order)) for order in itertools.permutations(range(5))) / 5
    masses = np.full(5, 0.2)
    assert transport_primal(cost, masses, masses).value == pytest.approx(best, abs=1e-10)
    assert transport_dual(cost, masses, masses).value == pytest.approx(best, abs=1e-10)


def test_against_every_plan_of_two_rows():
    """2 × 2: one free number, the mass on the first entry; the cost is linear in it."""
    cost, a, b = problem(2, 2, 11)
    ends = [max(0, a[0] - b[1]), min(a[0], b[0])]
    plans = [np.array([[t, a[0] - t], [b[0] - t, a[1] - b[0] + t]]) for t in ends]
    assert transport_primal(cost, a, b).value == pytest.approx(min(np.sum(cost * plan) for plan in plans), abs=1e-12)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (4, 7), (7, 3), (12, 12)])
def test_primal_is_dual_for_any_cost(rows, columns):
    cost, a, b = problem(rows, columns, rows + columns)
    primal, dual = transport_primal(cost, a, b), transport_dual(cost, a, b)
    assert primal.value == pytest.approx(dual.value, abs=1e-9)
    np.testing.assert_allclose(primal.plan.sum(axis=1), a, atol=1e-9)
    np.testing.assert_allclose(primal.plan.sum(axis=0), b, atol=1e-9)
    assert primal.plan.min() >= -1e-12
    assert np.all(dual.f[:, None] + dual.g[None, :] <= cost + 1e-9)
    assert a @ dual.f + b @ dual.g == pytest.approx(dual.value, abs=1e-12)
    assert np.all(primal.plan * (cost - dual.f[:, None] - dual.g[None, :]) <= 1e-8)  # mass moves where the price is met


@pytest.mark.parametrize("seed", range(4))
def test_kantorovich_rubinstein_for_a_metric(seed):
    cost, a, b = metric(seed)
    found = kantorovich_rubinstein(cost, a, b)
    assert found.value == pytest.approx(transport_primal(cost, a, b).value, abs=1e-9)
    np.testing.assert_array_equal(found.g, -found.f)
    assert np.all(found.f[:, None] - found.f <= cost + 1e-9)


def test_kantorovich_rubinstein_below_the_transport_of_no_metric():
    """Squared distances on 0, 1, 2, from 0 to 2: 4 directly, 1 + 1 by way of the middle, which is all f can charge."""
    cost = np.square(np.arange(3.0)[:, None] - np.arange(3.0))
    a, b = [1, 0, 0], [0, 0, 1]
    assert transport_primal(cost, a, b).value == pytest.approx(4)
    assert transport_dual(cost, a, b).value == pytest.approx(4)
    found = kantorovich_rubinstein(cost, a, b)
    assert found.value == pytest.approx(2)
    assert found.f[0] - found.f[2] == pytest.approx(2)


@pytest.mark.parametrize("seed", range(3))
def test_kantorovich_rubinstein_is_the_transport_of_shortest_paths(seed):
    cost, a, b = metric(seed, power=2.0)
    cost = cost * np.random.default_rng(seed).uniform(0.5, 2, cost.shape)  # not symmetric either
    shortest = cost.copy()
    for k in range(len(cost)):
        shortest = np.minimum(shortest, shortest[:, [k]] + shortest[[k], :])
    value = kantorovich_rubinstein(cost, a, b).value
    assert value == pytest.approx(transport_primal(shortest, a, b).value, abs=1e-9)
    assert value < transport_primal(cost, a, b).value - 1e-3


def test_direction_of_an_asymmetric_cost():
    """Uphill 3, downhill 1: from 0 to 1 costs 3. f(0) − f(1) ≤ C(0, 1)."""
    cost = [[0, 3], [1, 0]]
    for solve in (transport_primal, transport_dual, kantorovich_rubinstein):
        assert solve(cost, [1, 0], [0, 1]).value == pytest.approx(3)
        assert solve(cost, [0, 1], [1, 0]).value == pytest.approx(1)


def test_masses_of_any_sum_and_in_float32():
    cost, a, b = metric(3)
    value = transport_primal(cost, a, b).value
    assert transport_primal(cost, 5 * a, 5 * b).value == pytest.approx(5 * value)
    for solve in (transport_primal, transport_dual, kantorovich_rubinstein):
        assert solve(cost, a.astype(np.float32), b.astype(np.float32)).value == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("solve", [transport_primal, transport_dual, kantorovich_rubinstein])
def test_refusals(solve):
    cost, a, b = metric(1, size=3)
    for bad, match in [
        ((cost, a[:2], b), r"cost\[N, M\], a\[N\] and b\[M\], got cost\[3, 3\], a\[2\], b\[3\]"),
        ((cost[0], a, b), "cost"),
        ((cost, [-0.1, 0.6, 0.5], b), "masses >= 0, got a minimum of -0.1"),
        ((cost, 2 * a, b), "one positive sum, got 2 and 1: normalize"),
        ((cost, 0 * a, 0 * b), "one positive sum"),
        ((np.where(cost > 0, cost, np.inf), a, b), "finite"),
    ]:
        with pytest.raises(InputError, match=match):
            solve(*bad)


def test_kantorovich_rubinstein_refuses():
    with pytest.raises(InputError, match=r"square cost .*cost\[2, 3\]"):
        kantorovich_rubinstein(np.ones((2, 3)), [0.5, 0.5], [0.2, 0.2, 0.6])
    with pytest.raises(InputError, match="around a circle"):
        kantorovich_rubinstein([[0, -3], [1, 0]], [0.5, 0.5], [0.5, 0.5])
