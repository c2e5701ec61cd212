"""Which numbers are finite, on the device and by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import steps
from ganjax.types import StepInfo

TREE = {
    "weights": jnp.ones((3, 4)),
    "half": jnp.ones(5, jnp.bfloat16),
    "count": jnp.int32(7),
    "key": jax.random.key(0),
    "none": (),
}


def test_a_tree_of_numbers_is_finite():
    assert steps.all_finite(TREE)
    assert steps.nonfinite(TREE) == {}
    assert steps.all_finite(())
    assert steps.all_finite({"key": jax.random.key(0), "count": jnp.arange(3)})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["weights", "half"])
def test_one_bad_number_is_found_and_named(name, value):
    bad = TREE | {name: TREE[name].at[-1].set(value)}
    assert not steps.all_finite(bad)
    assert steps.nonfinite(bad) == {name: {"weights": 4, "half": 1}[name]}


def test_the_greatest_numbers_are_finite():
    for dtype in (jnp.float32, jnp.bfloat16, jnp.float16):
        assert steps.all_finite(jnp.full(2, jnp.finfo(dtype).max, dtype))


def test_names_are_paths():
    info = StepInfo(*map(jnp.float32, (1.0, np.inf, 0.0, np.nan)))
    assert steps.nonfinite({"state": [jnp.zeros(1), info]}) == {"state/1/gen_loss": 1, "state/1/fake_score": 1}
    assert not steps.all_finite(info)


def test_it_is_jitted_with_what_it_is_asked_of():
    asked = jax.jit(lambda x: steps.all_finite({"log": jnp.log(x)}))
    assert asked(jnp.ones(3))
    assert not asked(jnp.array([1.0, 0.0]))
