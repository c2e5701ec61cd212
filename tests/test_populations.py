"""Many games in one program are the games that each would be alone."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ganjax import batches, data, objectives, populations, priors, steps
from ganjax.architectures import mlp_discriminator, mlp_generator
from ganjax.checks import InputError
from ganjax.io import Checkpoints, restore_latest, state_sha256
from ganjax.types import Batch, Game

SOURCE = data.toy_dataset("gaussian", jax.random.key(11), 200)
TOY_BATCH, RING_BATCH = Batch(jnp.zeros((8, 2))), Batch(jnp.zeros((24, 2)))


GENERATORS = {
    "toy": mlp_generator((2,), features=(), init_std=0.02),
    "penalized": mlp_generator((2,), features=(16,)),
}


def toy(settings):
    """The tutorial's Gaussian: linear generator, 2-5-3-1 discriminator, Adam with two learning rates."""
    gen_rate, disc_rate = settings
    game = Game(
        GENERATORS["toy"],
        mlp_discriminator((2,), features=(5, 3), activation="tanh", init_std=0.02),
        objectives.non_saturating(),
        priors.normal(2),
    )
    return steps.alternating(game, optax.adam(gen_rate), optax.adam(disc_rate))


def penalized(settings):
    """An MLP game with another penalty weight and learning rate in each; two discriminator steps, averaged."""
    weight, rate = settings
    game = Game(
        GENERATORS["penalized"],
        mlp_discriminator((2,), features=(16,)),
        objectives.wgan_gp(weight),
        priors.normal(2),
    )
    moves = steps.alternating(game, optax.adam(rate, b1=0.5), optax.adam(rate, b1=0.5), disc_steps=2)
    return steps.averaged(moves, 0.9)


GAMES = {
    "toy": (toy, TOY_BATCH, 8, lambda n: (jnp.linspace(0.003, 0.01, n), jnp.linspace(0.03, 0.06, n))),
    "penalized": (penalized, RING_BATCH, 12, lambda n: (jnp.linspace(0.1, 10.0, n), jnp.linspace(1e-3, 1e-4, n))),
}


NUM = {"toy": 5, "penalized": 3}  # not multiples of the block of 2


def keys_of(first, num):
    return jax.vmap(jax.random.key)(first + jnp.arange(num))


@functools.cache
def compiled(name, block_size, length=30):
    """(states, data_keys, settings, arrays) -> (states, infos) of one chunk."""
    make, _, batch_size, _ = GAMES[name]
    return jax.jit(populations.chunk(make, SOURCE.draw, SOURCE.gather, batch_size, length, block_size=block_size))


@functools.cache
def population(name, block_size=2):
    """(states, infos) of games with seeds 0, 1, … after one chunk, and what it was called with."""
    num = NUM[name]
    settings, keys, data_keys = GAMES[name][3](num), keys_of(0, num), keys_of(100, num)
    states = first_states(name)(keys, settings)
    return compiled(name, block_size)(states, data_keys, settings, SOURCE.arrays), (states, keys, data_keys, settings)


@functools.cache
def first_states(name):
    """(keys, settings) -> the states of a population, compiled."""
    make, batch, *_ = GAMES[name]
    return jax.jit(lambda keys, settings: populations.init(make, keys, settings, batch))


@functools.cache
def alone(name, length=30):
    """(key, data_key, settings) -> (state, info) of one game by itself, compiled."""
    make, batch, batch_size, _ = GAMES[name]

    def run(key, data_key, settings):
        algorithm = make(settings)
        chunk = steps.chunk(algorithm, SOURCE.draw, SOURCE.gather, batch_size, length)
        return chunk(algorithm.init(key, batch), data_key, SOURCE.arrays)

    return jax.jit(run)


def plain(tree):
    """With the words of random keys in the place of keys."""
    return jax.tree.map(lambda x: jax.random.key_data(x) if jnp.issubdtype(x.dtype, jax.dtypes.prng_key) else x, tree)


def wide(tree):
    """With every float in float64."""
    return jax.tree.map(lambda x: x.astype(jnp.float64) if jnp.issubdtype(x.dtype, jnp.floating) else x, tree)


def close(tree, other, rtol=1e-5):
    """Equal up to rounding, relative to each leaf's greatest entry."""

    def compare(x, y):
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        np.testing.assert_allclose(x, y, rtol=0, atol=rtol * np.max(np.abs(y), initial=1e-30))

    chex.assert_trees_all_equal_shapes_and_dtypes(plain(tree), plain(other))
    jax.tree.map(compare, plain(tree), plain(other))


def players(state):
    return state.gen_params, state.disc_params, state.gen_ema_params


def at(index, *trees):
    return [populations.game_at(tree, index) for tree in trees]


# ---------------------------------------------------------------- the same games


@pytest.mark.parametrize("name", [pytest.param(x, marks=pytest.mark.slow) if x == "penalized" else x for x in GAMES])
def test_each_game_is_the_game_it_would_be_alone(name):
    (states, infos), (_, *given) = population(name)
    for i in range(NUM[name]):
        state, info = alone(name)(*at(i, *given))
        close(players(populations.game_at(states, i)), players(state))
        close(populations.game_at(infos, i), info)
        assert states.step[i] == 30


@pytest.mark.usefixtures("x64")
@pytest.mark.slow
def test_the_difference_is_rounding():
    # in float64 the whole state, the optimizers' too, agrees to eleven digits; alone, the settings are plain numbers
    make, batch, batch_size, settings_of = GAMES["toy"]
    settings, keys, data_keys = wide(settings_of(4)), keys_of(0, 4), keys_of(100, 4)
    states = wide(populations.init(make, keys, settings, batch))
    run = populations.chunk(make, SOURCE.draw, SOURCE.gather, batch_size, 30, block_size=4)
    after, _ = jax.jit(run)(states, data_keys, settings, SOURCE.arrays)
    assert all(leaf.dtype == jnp.float64 for leaf in jax.tree.leaves(players(after)))
    for i in (0, 3):
        state, data_key, own = at(i, states, data_keys, settings)
        chunk = steps.chunk(make(jax.tree.map(float, own)), SOURCE.draw, SOURCE.gather, batch_size, 30)
        close(populations.game_at(after, i), jax.jit(chunk)(state, data_key, SOURCE.arrays)[0], rtol=1e-11)


@pytest.mark.parametrize("name", [pytest.param(x, marks=pytest.mark.slow) if x == "penalized" else x for x in GAMES])
def test_first_states_are_those_of_each_game_alone(name):
    make, batch, _, settings_of = GAMES[name]
    settings, keys = settings_of(NUM[name]), keys_of(0, NUM[name])
    states = first_states(name)(keys, settings)
    key, own = at(1, keys, settings)
    close(populations.game_at(states, 1), jax.jit(lambda key: make(own).init(key, batch))(key), rtol=1e-6)
    in_blocks = jax.jit(lambda keys, settings: populations.init(make, keys, settings, batch, block_size=2))
    close(in_blocks(keys, settings), states, rtol=1e-6)


def test_settings_reach_the_games():
    # one seed, one data key: what differs is the settings' doing
    keys, data_keys = (jnp.broadcast_to(jax.random.key(seed), 3) for seed in (0, 1))
    settings = jnp.array([0.1, 10.0, 0.1]), jnp.array([1e-3, 1e-3, 1e-4])
    states = first_states("penalized")(keys, settings)
    chex.assert_trees_all_equal(*(populations.game_at(states.gen_params, i) for i in (0, 1)))
    after, infos = compiled("penalized", 2)(states, data_keys, settings, SOURCE.arrays)
    kernel = jax.tree.leaves(after.gen_params)[-1]
    assert float(jnp.max(jnp.abs(kernel[0] - kernel[1]))) > 1e-4  # the weight
    assert float(jnp.max(jnp.abs(kernel[0] - kernel[2]))) > 1e-3  # the learning rate
    assert infos.disc_loss[1] > infos.disc_loss[0] + 0.2  # the mean loss carries the weight


@pytest.mark.slow
def test_the_block_size_changes_nothing():
    (reference, reference_infos), _ = population("toy", block_size=1)
    for block_size in (2, 64):
        (states, infos), _ = population("toy", block_size)
        close(players(states), players(reference))
        close(infos, reference_infos)


def test_the_order_of_the_games_does_not_matter():
    (states, infos), (first, _, *given) = population("toy")
    order = jnp.array([3, 0, 4, 2, 1])
    shuffled = jax.tree.map(lambda x: x[order], (first, *given))
    after, after_infos = compiled("toy", 2)(*shuffled, SOURCE.arrays)
    close(players(after), players(jax.tree.map(lambda x: x[order], states)))
    close(after_infos, jax.tree.map(lambda x: x[order], infos))


def test_each_game_reports_its_own_losses():
    (_, infos), _ = population("penalized")
    assert all(value.shape == (3,) for value in infos)
    assert len(set(np.asarray(infos.disc_loss).tolist())) == 3


def test_games_without_settings_differ_by_their_keys():
    def make(settings):
        assert settings == ()
        return toy((0.005, 0.05))

    keys = keys_of(0, 3)
    states = populations.init(make, keys, (), TOY_BATCH)
    kernel = jax.tree.leaves(states.gen_params)[-1]
    assert len({float(value) for value in kernel[:, 0, 0]}) == 3
    run = populations.chunk(make, SOURCE.draw, SOURCE.gather, 8, 5)
    after, infos = jax.eval_shape(run, states, keys, (), SOURCE.arrays)
    assert jax.tree.map(jnp.shape, after) == jax.tree.map(jnp.shape, states)
    assert infos.gen_loss.shape == (3,)


SCALARS = {
    "wgan_gp": (objectives.wgan_gp, "weight"),
    "wgan_lp": (objectives.wgan_lp, "weight"),
    "wgan_div": (objectives.wgan_div, "k"),
    "gan_qp": (objectives.gan_qp, "lambda_"),
    "non_saturating_r1": (objectives.non_saturating_r1, "gamma"),
    "dragan": (objectives.dragan, "weight"),
    "r3gan": (objectives.r3gan, "gamma"),
    "least_squares": (objectives.least_squares, "b"),
}


@pytest.mark.parametrize("name", SCALARS)
def test_hyperparameters_of_objectives_may_be_traced(name):
    builder, argument = SCALARS[name]

    def make(value):
        game = Game(
            mlp_generator((2,), features=()),
            mlp_discriminator((2,), features=(3,)),
            builder(**{argument: value}),
            priors.normal(2),
        )
        optimizers = optax.rmsprop(value), steps.clipped(optax.sgd(value, momentum=value), value)
        return steps.synchronous(game, *optimizers, gradients=steps.separate)

    def both(keys, settings):
        states = populations.init(make, keys, settings, TOY_BATCH)
        return populations.chunk(make, SOURCE.draw, SOURCE.gather, 8, 2)(states, keys, settings, SOURCE.arrays)

    jax.eval_shape(both, keys_of(0, 3), jnp.array([0.1, 0.2, 0.3]))


# ---------------------------------------------------------------- one program


@pytest.mark.slow
def test_the_program_is_traced_once_whatever_the_number_of_games():
    traces = []

    def make(settings):
        traces.append(settings)
        return toy(settings)

    run = jax.jit(populations.chunk(make, SOURCE.draw, SOURCE.gather, 8, 2, block_size=4), donate_argnums=0)
    settings = GAMES["toy"][3](4)
    states = first_states("toy")(keys_of(0, 4), settings)
    for _ in range(3):
        states, _ = run(states, keys_of(100, 4), settings, SOURCE.arrays)
    assert len(traces) == 1
    many = jax.tree.map(lambda x: jnp.repeat(x, 25, axis=0), (states, keys_of(100, 4), settings))
    assert jax.eval_shape(run, *many, SOURCE.arrays)[1].disc_loss.shape == (100,)
    assert len(traces) == 2


def test_the_block_follows_from_the_size_of_a_game():
    sizes = [populations.default_block_size(numbers, "cpu") for numbers in (0, 132, 3000, 40_000, 10**9)]
    assert sizes == [32, 32, 16, 1, 1]
    assert populations.default_block_size(132, "gpu") == 512
    assert populations.default_block_size(10**12, "tpu") == 1
    assert populations.default_block_size(132) in (32, 512)


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_a_thousand_games_are_one_program():
    num, length, traces = 1000, 500, []

    def make(settings):
        traces.append(settings)
        return toy(settings)

    settings = wide((jnp.linspace(0.002, 0.008, num), jnp.linspace(0.02, 0.06, num)))
    keys, data_keys = keys_of(0, num), keys_of(5000, num)
    states = wide(jax.jit(lambda keys: populations.init(toy, keys, settings, TOY_BATCH))(keys))
    run = jax.jit(populations.chunk(make, SOURCE.draw, SOURCE.gather, 8, length, block_size=40))
    after, infos = run(states, data_keys, settings, SOURCE.arrays)
    assert len(traces) == 1
    assert np.all(np.isfinite(infos.disc_loss))
    for i in np.random.default_rng(0).choice(num, 8, replace=False).tolist():
        state, data_key, own = at(i, states, data_keys, settings)
        single = jax.jit(steps.chunk(toy(own), SOURCE.draw, SOURCE.gather, 8, length))
        close(populations.game_at(after, i), single(state, data_key, SOURCE.arrays)[0])


# ---------------------------------------------------------------- devices


@pytest.mark.slow
def test_games_are_split_over_devices():
    """Split over four devices, the games are the same games, and stay where they are."""
    make, _, batch_size, settings_of = GAMES["toy"]
    settings, keys, data_keys = settings_of(8), keys_of(0, 8), keys_of(100, 8)
    first = first_states("toy")(keys, settings)
    reference, reference_infos = compiled("toy", 2)(first, data_keys, settings, SOURCE.arrays)
    mesh = Mesh(np.array(jax.devices()[:4]), (batches.AXIS,))  # the axis that would split one batch
    spread = jax.device_put((first, data_keys, settings), NamedSharding(mesh, PartitionSpec(batches.AXIS)))
    run = populations.sharded(populations.chunk(make, SOURCE.draw, SOURCE.gather, batch_size, 15, block_size=2), mesh)
    run = jax.jit(run, donate_argnums=0).lower(*spread, SOURCE.arrays).compile()
    halfway, infos = run(*spread, SOURCE.arrays)
    after, later_infos = run(halfway, *spread[1:], SOURCE.arrays)
    close(players(after), players(reference))
    close(jax.tree.map(lambda a, b: (a + b) / 2, infos, later_infos), reference_infos)
    kernel = jax.tree.leaves(after.gen_params)[-1]
    assert [shard.data.shape[0] for shard in kernel.addressable_shards] == [2, 2, 2, 2]
    assert jax.tree.leaves(halfway.gen_params)[-1].is_deleted()
    collectives = ("all-reduce", "all-gather", "all-to-all", "collective-permute")
    assert not any(name in run.as_text() for name in collectives)


# ---------------------------------------------------------------- checkpoints


def test_one_checkpoint_holds_the_population_and_the_run_goes_on_to_the_bit(tmp_path):
    (states, _), (_, keys, *given) = population("penalized")
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(30, states)
    restored = restore_latest(tmp_path, jax.eval_shape(first_states("penalized"), keys, given[1])).state
    assert state_sha256(restored) == state_sha256(states)
    run = compiled("penalized", 2)
    going_on, uninterrupted = (run(x, *given, SOURCE.arrays)[0] for x in (restored, states))
    assert state_sha256(going_on) == state_sha256(uninterrupted)
    assert going_on.step.tolist() == [60, 60, 60]


@pytest.mark.parametrize("name", ["toy", pytest.param("penalized", marks=pytest.mark.slow)])
def test_one_game_of_a_population_is_sampled_from_as_any_other(name):
    (states, _), (_, *given) = population(name)
    latents = priors.normal(2).sample(jax.random.key(9), 6)
    generator = GENERATORS[name]
    picked, single = populations.game_at(states, -1), alone(name)(*at(NUM[name] - 1, *given))[0]
    samples, expected = (generator.apply(steps.generator_variables(x), latents)[0] for x in (picked, single))
    np.testing.assert_allclose(samples, expected, rtol=1e-4, atol=1e-6)
    assert picked.step.shape == ()


# ---------------------------------------------------------------- errors


def test_populations_that_do_not_fit_are_refused():
    settings = GAMES["toy"][3](3)
    with pytest.raises(InputError, match=r"got 2 in keys and 3 in settings\[0\]"):
        populations.init(toy, keys_of(0, 2), settings, TOY_BATCH)
    with pytest.raises(InputError, match=r"settings\[1\] with one value a game"):
        populations.init(toy, keys_of(0, 3), (settings[0], 0.1), TOY_BATCH)
    with pytest.raises(InputError, match="at least one game, got none: keys"):
        populations.init(toy, keys_of(0, 0), (), TOY_BATCH)
    with pytest.raises(InputError, match="block_size >= 1, got 0"):
        populations.init(toy, keys_of(0, 3), settings, TOY_BATCH, block_size=0)


def test_chunks_that_do_not_fit_are_refused():
    settings = GAMES["toy"][3](3)
    states = first_states("toy")(keys_of(0, 3), settings)
    run = populations.chunk(toy, SOURCE.draw, SOURCE.gather, 8, 2)
    with pytest.raises(InputError, match=r"got 3 in states\.step and 2 in data_keys"):
        run(states, keys_of(0, 2), settings, SOURCE.arrays)
    none = jax.tree.map(lambda x: x[:0], (states, keys_of(0, 3), settings))
    with pytest.raises(InputError, match="at least one game"):
        run(*none, SOURCE.arrays)
    with pytest.raises(InputError, match="block_size >= 1, got -1"):
        populations.chunk(toy, SOURCE.draw, SOURCE.gather, 8, 2, block_size=-1)(
            states, keys_of(0, 3), settings, SOURCE.arrays
        )


def test_devices_that_do_not_fit_are_refused():
    run = populations.chunk(toy, SOURCE.draw, SOURCE.gather, 8, 2)
    device = np.array(jax.devices()[:1])
    with pytest.raises(InputError, match="one axis, got the axes rows, columns"):
        populations.sharded(run, Mesh(device.reshape(1, 1), ("rows", "columns")))
    with pytest.raises(InputError, match="divides by 4 devices, got 6: play 8"):
        populations.check_divides(6, 4)


def test_game_at_takes_the_row_of_every_leaf():
    tree = {"a": jnp.arange(6).reshape(3, 2), "b": jnp.array([7.0, 8.0, 9.0])}
    for index, a, b in ((1, [2, 3], 8.0), (-1, [4, 5], 9.0), (jnp.int32(2), [4, 5], 9.0)):
        picked = populations.game_at(tree, index)
        assert (picked["a"].tolist(), float(picked["b"])) == (a, b)


@pytest.mark.parametrize("index", [3, -4])
def test_a_game_that_is_not_there_is_refused(index):
    with pytest.raises(InputError, match=f"game from 0 to 2, got {index}"):
        populations.game_at(GAMES["toy"][3](3), index)


# ---------------------------------------------------------------- compiled at the first call, on threads


@pytest.mark.parametrize("num_devices", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_a_compiled_population_is_one_kernel_a_block_and_the_same_games(num_devices):
    make, _, batch_size, settings_of = GAMES["toy"]
    given = keys_of(100, 4), settings_of(4)
    states = first_states("toy")(keys_of(0, 4), given[1])
    mesh = populations.mesh_for(states, num_devices)
    expected, infos = compiled("toy", 2)(states, *given, SOURCE.arrays)
    run = populations.compiled_chunk(
        make, SOURCE.draw, SOURCE.gather, batch_size, 30, block_size=2, mesh=mesh if num_devices > 1 else None
    )
    placed = populations.spread((states, *given), mesh)
    got, got_infos = run(*placed, jax.device_put(SOURCE.arrays, NamedSharding(mesh, PartitionSpec())))
    # thirty steps of Adam on another order of sums
    close(players(got), players(expected), rtol=1e-3)
    close(got_infos, infos, rtol=1e-3)
    chex.assert_trees_all_equal(got.step, expected.step)
    assert len(jax.tree.leaves(got.gen_params)[0].devices()) == num_devices
    assert jax.tree.leaves(placed[0].gen_params)[0].is_deleted()


def test_a_population_takes_the_loop_of_one_of_its_games():
    make, batch, batch_size, settings_of = GAMES["toy"]
    state, settings = make((0.1, 0.1)).init(jax.random.key(0), batch), (0.1, 0.1)
    loop = steps.best_loop(make, SOURCE.draw, SOURCE.gather, batch_size)
    assert loop(state, jax.random.key(1), settings, SOURCE.arrays) is steps.ONE_KERNEL
    many = populations.compiled_chunk(make, SOURCE.draw, SOURCE.gather, batch_size, 2)
    with pytest.raises(InputError, match="as many games everywhere"):
        many(first_states("toy")(keys_of(0, 3), settings_of(3)), keys_of(0, 4), settings_of(3), SOURCE.arrays)


@pytest.mark.parametrize(
    ("num", "most", "expected"),
    [
        (9, 2, 1),
        (12, None, 4),
        *(pytest.param(*row, marks=pytest.mark.slow) for row in ((6, 2, 2), (16, None, 8), (1, None, 1))),
    ],
)
def test_games_are_split_over_as_many_devices_as_divide_them(num, most, expected):
    states = first_states("toy")(keys_of(0, num), GAMES["toy"][3](num))
    mesh = populations.mesh_for(states, most)  # of the tests' eight
    assert mesh.size == expected
    assert mesh.axis_names == (populations.GAMES,)


@pytest.mark.slow
def test_a_large_game_takes_its_turn_and_all_threads(monkeypatch):
    make, _, batch_size, settings_of = GAMES["penalized"]
    states, given = first_states("penalized")(keys_of(0, 3), settings_of(3)), (keys_of(100, 3), settings_of(3))
    expected, infos = compiled("penalized", 1, 4)(states, *given, SOURCE.arrays)
    monkeypatch.setattr(populations, "default_block_size", lambda numbers, backend=None: 1)
    assert populations.mesh_for(states).size == 1
    turns, chunk = [], steps.chunk

    def noted(*fed, **options):
        turns.append(fed)
        return chunk(*fed, **options)

    monkeypatch.setattr(steps, "chunk", noted)
    run = populations.compiled_chunk(make, SOURCE.draw, SOURCE.gather, batch_size, 4)
    got, got_infos = run(states, *given, SOURCE.arrays)
    assert len(turns) == 1  # compiled once, for all games
    assert jax.tree.leaves(states.gen_params)[0].is_deleted()
    close(players(got), players(expected), rtol=1e-4)
    close(got_infos, infos, rtol=1e-4)
    chex.assert_trees_all_equal(got.step, expected.step)
    assert not np.allclose(got.disc_params["Dense_0"]["kernel"][0], got.disc_params["Dense_0"]["kernel"][1])


def test_the_numbers_of_one_game():
    state = first_states("toy")(keys_of(0, 4), GAMES["toy"][3](4))
    # step and key; 6 and 37 parameters, Adam's two moments of each and a count a player
    assert populations.numbers_of(state) == 1 + 1 + 3 * (6 + 37) + 2
