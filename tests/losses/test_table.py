"""Laws of every row of LOSSES and of f-GAN with every divergence."""

from functools import partial

import jax
import jax.numpy as jnp
import laws
import numpy as np
import pytest
import references

from ganjax import divergences, losses

PER_BATCH = {
    "relativistic_average",
    "relativistic_average_least_squares",
    "relativistic_average_hinge",
}
PAIRS = {name: losses.LOSSES[name]() for name in losses.LOSSES}
PAIRS |= {f"f_gan {name}": losses.f_gan(row) for name, row in divergences.DIVERGENCES.items()}
PAIRS |= {f"f_gan {name} practical": losses.f_gan(row, practical=True) for name, row in divergences.DIVERGENCES.items()}
MEMBERS = {
    f"{name}: {player}": getattr(pair, player)
    for name, pair in PAIRS.items()
    for player in pair._fields
    if not (name.endswith("practical") and player == "discriminator")  # the same as without
}

# asymmetric, away from every kink, where every loss is active: least squares wants fakes at 0 and reals at 1
REAL, FAKE = [0.3, 0.15, 0.45, 0.05, 0.62], [0.2, 0.4, 0.1, 0.25, 0.33]
BIG = np.array([(r, f) for r in (1e4, -1e4, 0.5) for f in (1e4, -1e4, -0.25)]).T


def scores(dtype=jnp.float32):
    return jnp.asarray(REAL, dtype), jnp.asarray(FAKE, dtype)


@pytest.fixture(params=MEMBERS)
def member(request):
    return MEMBERS[request.param]


def test_every_row_builds_a_pair_without_arguments():
    for name, builder in losses.LOSSES.items():
        assert builder is getattr(losses, name)
        assert isinstance(builder(), losses.AdversarialLoss)


def test_misspelt_names():
    laws.lists_near_names(losses.LOSSES)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32])
def test_keeps_shape_and_dtype(member, dtype):
    laws.keeps_shape_and_dtype(member, *scores(dtype))
    laws.keeps_shape_and_dtype(member, *(score[:4].reshape(2, 2) for score in scores(dtype)))
    laws.keeps_shape_and_dtype(member, *(score[0] for score in scores(dtype)))


def test_keeps_float64(member, x64):
    laws.keeps_shape_and_dtype(member, *scores(jnp.float64))


def test_same_under_jit():
    real, fake = scores()
    jitted = jax.jit(lambda *pair: {name: member(*pair) for name, member in MEMBERS.items()})(real, fake)
    for name, member in MEMBERS.items():
        np.testing.assert_allclose(jitted[name], member(real, fake), rtol=1e-5, atol=1e-6, err_msg=name)


def test_vmap_is_a_loop_over_games(member):
    real, fake = scores()
    laws.vmap_is_a_loop(member, jnp.stack([real, 2 * real, -real]), jnp.stack([fake, fake - 1, 3 * fake]))


@pytest.mark.parametrize("name", PAIRS)
def test_elementwise_unless_said_otherwise(name):
    for member in PAIRS[name]:
        if name in PER_BATCH:
            with pytest.raises(AssertionError):
                laws.is_elementwise(member, *scores())
        else:
            laws.is_elementwise(member, *scores())


def value_and_gradients(member, real, fake):
    gradient = jax.grad(lambda *pair: jnp.sum(member(*pair)), argnums=(0, 1))
    return member(real, fake), *gradient(real, fake)


def test_finite_at_ten_thousand(member):
    """In bfloat16, operation by operation. Batches of one: a mean would hide one extreme behind another."""
    real, fake = jnp.asarray(BIG[:, :, None], jnp.bfloat16)
    laws.finite_with_gradients(jax.vmap(member), real, fake)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32])
def test_finite_at_ten_thousand_under_jit(dtype):
    real, fake = jnp.asarray(BIG[:, :, None], dtype)

    @jax.jit  # all members in one program: one compilation
    def everything(real, fake):
        return {name: jax.vmap(partial(value_and_gradients, member))(real, fake) for name, member in MEMBERS.items()}

    for name, arrays in everything(real, fake).items():
        for array in arrays:
            assert array.dtype == dtype, name
            assert np.all(np.isfinite(np.asarray(array, np.float64))), name


@pytest.mark.parametrize("name", PAIRS)
def test_each_player_pulls_its_own_way(name):
    pair = PAIRS[name]
    laws.pulls(pair.discriminator, *scores(), signs=(+1, -1))
    laws.pulls(pair.generator, *scores(), signs=(None, +1))


@pytest.mark.parametrize("name", PAIRS)
def test_only_relativistic_generators_look_at_real_scores(name):
    laws.pulls(PAIRS[name].generator, *scores(), signs=(-1 if "relativistic" in name else 0, +1))


def test_gradients_agree_with_differences(member, x64):
    laws.agrees_with_differences(member, jnp.array([-3.7, 2.9, 6.1, 0.4, -0.6]), jnp.array([-1.4, 4.3, -5.2, 0.9, 2.2]))


def test_gradients_keep_their_tails_in_float32():
    """Relative precision, down to e^−60: what is small must not become 0 by rounding."""
    real, fake = np.linspace(-60, 60, 25)[:, None], np.linspace(57, -62, 25)[:, None]  # batches of one

    def gradients(dtype):
        pair = jnp.asarray(real, dtype), jnp.asarray(fake, dtype)
        return jax.jit(lambda *pair: {name: pull(member, *pair) for name, member in MEMBERS.items()})(*pair)

    def pull(member, *pair):
        return jax.grad(lambda *pair: jnp.sum(jax.vmap(member)(*pair)), argnums=(0, 1))(*pair)

    narrow = gradients(jnp.float32)
    with jax.enable_x64(True):
        wide = gradients(jnp.float64)
    for name in MEMBERS:
        np.testing.assert_allclose(narrow[name], wide[name], rtol=1e-4, atol=1e-37, err_msg=name)


def test_refuses_a_stray_axis(member):
    laws.refuses_a_stray_axis(member)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_values_are_the_papers(name, x64):
    rng = np.random.default_rng(3)
    real, fake = rng.normal(0.8, 2.0, [7]), rng.normal(-0.5, 3.0, [7])
    for member, reference in zip(losses.LOSSES[name](), references.losses()[name], strict=True):
        np.testing.assert_allclose(member(jnp.asarray(real), jnp.asarray(fake)), reference(real, fake), rtol=1e-6)
