"""Many devices give the numbers of one."""

import functools

import games
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import references_objectives
from jax.sharding import NamedSharding, PartitionSpec

from ganjax import batches, data, objectives, parallel, priors, steps
from ganjax.architectures import ARCHITECTURES
from ganjax.checks import InputError, UnknownNameError
from ganjax.io import Checkpoints, state_sha256
from ganjax.types import Batch, Game

STEPS, BATCH = 20, 64
DATA_KEY, INIT_KEY = jax.random.key(5), jax.random.key(1)


@functools.cache
def digits():
    return data.load("digits", None, "train", 0)


def dcgan(objective, channels=8, **settings):
    build = ARCHITECTURES["dcgan"]
    generator = build.generator((8, 8, 1), channels=channels)
    return Game(generator, build.discriminator((8, 8, 1), channels=channels, **settings), objective, priors.normal(16))


# plain gradient descent: Adam divides a gradient by its own size, and where that is nothing but rounding it makes
# steps of rounding, in any order of sums; it is compared in float64
ALGORITHMS = {
    "batch norm": lambda: steps.alternating(
        dcgan(objectives.non_saturating()), optax.sgd(5e-3), optax.sgd(5e-3), disc_steps=2
    ),
    "relativistic average": lambda: steps.averaged(
        steps.synchronous(dcgan(objectives.relativistic_average()), optax.sgd(2e-3), optax.sgd(2e-3))
    ),
}


@functools.cache
def points():
    return data.toy_dataset("gaussian", jax.random.key(11), 200)


def example(algorithm, source=None):
    return Batch(jnp.zeros((BATCH * algorithm.num_batches, *(source or digits()).spec.shape)))


def play_alone(algorithm, state, length=STEPS):
    return jax.jit(steps.chunk(algorithm, digits().draw, digits().gather, BATCH, length))(
        state, DATA_KEY, digits().arrays
    )


@functools.cache
def first(label):
    """Drawn by NumPy: an initialization would take as long to compile as the steps."""
    algorithm = ALGORITHMS[label]()
    return games.first_state(algorithm, example(algorithm))


@functools.cache
def alone(label):
    return play_alone(ALGORITHMS[label](), first(label))


def play(algorithm, mode, state, *, num_devices=8, length=STEPS, source=None, **settings):
    mesh, source = parallel.mesh(num_devices), source or digits()
    run = parallel.MODES[mode](mesh, algorithm, source.draw, source.gather, batch_size=BATCH, length=length, **settings)
    return run(state, DATA_KEY, parallel.replicate(mesh, source.arrays))


def begun(algorithm, num_devices=8, source=None, **settings):
    return parallel.init(algorithm, parallel.mesh(num_devices), INIT_KEY, example(algorithm, source), **settings)


def assert_same(found, expected, tolerance):
    """States and reports: keys and counters to the bit, floats to a share of each leaf's largest."""
    for (path, a), b in zip(jax.tree_util.tree_flatten_with_path(found)[0], jax.tree.leaves(expected), strict=True):
        if jnp.issubdtype(a.dtype, jnp.floating):
            scale = tolerance * max(1.0, float(np.max(np.abs(b), initial=0.0)))
            np.testing.assert_allclose(a, b, rtol=0, atol=scale, err_msg=jax.tree_util.keystr(path))
        else:
            assert bool(jnp.all(jnp.asarray(a) == jnp.asarray(b))), path


# two ways of one algorithm: what is compiled for eight devices takes its time
QUICK = {("jit", "batch norm"), ("pmap", "batch norm")}
WAYS_AND_ALGORITHMS = [
    pytest.param(mode, label, marks=[] if (mode, label) in QUICK else [pytest.mark.slow])
    for mode in ("jit", "shard_map", "pmap")
    for label in ALGORITHMS
]


@pytest.mark.parametrize(("mode", "label"), WAYS_AND_ALGORITHMS)
def test_twenty_steps_of_dcgan_on_digits_are_those_of_one_device(mode, label):
    start = parallel.replicate(parallel.mesh(8), first(label))
    state, info = play(ALGORITHMS[label](), mode, start)
    assert_same(parallel.on_host((state, info)), alone(label), 1e-5)
    for player in ("gen_params", "disc_params"):
        both = zip(
            *(jax.tree.leaves(getattr(at, player)) for at in (parallel.on_host(state), first(label))), strict=True
        )
        assert max(np.max(np.abs(a - b)) for a, b in both) > 1e-3  # a hundred times what is compared


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("mode", ["jit", "shard_map", "pmap"])
def test_with_adam_too_in_float64(mode):
    def doubled(algorithm):
        def double(tree):
            return jax.tree.map(lambda x: x.astype(float) if jnp.issubdtype(x.dtype, jnp.floating) else x, tree)

        return algorithm._replace(
            init=lambda key, batch: double(algorithm.init(key, batch)),
            deal=lambda *a: double(algorithm.deal(*a)),
            advance=lambda state, deal, batch: algorithm.advance(state, deal, double(batch)),
        )

    adam = optax.adam(5e-4, b1=0.5)
    algorithm = doubled(steps.alternating(dcgan(objectives.non_saturating()), adam, adam))
    start = jax.jit(algorithm.init)(INIT_KEY, example(algorithm))
    assert_same(parallel.on_host(play(algorithm, mode, begun(algorithm))), play_alone(algorithm, start), 1e-8)


# --- every objective, every way to the gradients


CASES = {label: (row, settings) for label, (row, settings, _) in references_objectives.cases().items()}
WAYS = {
    "separate": steps.separate,
    "single_loss": steps.single_loss(),
    "shared_forward": steps.shared_forward,
    "fused": steps.fused,
    "consensus": steps.consensus(0.3),
}
FAST = {"relativistic_average", "ebgan", "meg", "dragan", "acgan"}


def board(label, num=8):
    row, settings = CASES[label]
    rng = np.random.default_rng(5)
    labels = jnp.asarray(rng.integers(0, games.CLASSES, num)) if row in ("acgan", "projection") else ()
    batch = Batch(jnp.asarray(rng.normal(0.4, 0.9, (num, 2, 1, 2))), labels)
    game = games.many_headed(objectives.OBJECTIVES[row](**settings))
    return game, games.at_random(game, batch)


def field_on_devices(way, game, place, num=4):
    rows, whole = PartitionSpec(batches.AXIS), PartitionSpec()
    params, stats, deal, batch = place
    deal_specs = deal._replace(step=whole, latents=rows, key=whole)
    mapped = jax.shard_map(
        lambda *place: way.field(game, *place),
        mesh=parallel.mesh(num),
        in_specs=(whole, whole, deal_specs, jax.tree.map(lambda _: rows, batch)),
        out_specs=whole,
        check_vma=False,
    )
    return jax.jit(mapped)(params, stats, deal, batch)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("label", [x if x in FAST else pytest.param(x, marks=pytest.mark.slow) for x in CASES])
def test_the_field_of_every_objective_is_that_of_the_whole_batch(label):
    game, place = board(label)
    expected = jax.jit(lambda *place: steps.separate.field(game, *place))(*place)
    assert_same(field_on_devices(steps.separate, game, place), expected, 1e-9)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_the_gradients_sees_the_whole_batch(way):
    game, place = board("relativistic_average")
    expected = jax.jit(lambda *place: WAYS[way].field(game, *place))(*place)
    assert_same(field_on_devices(WAYS[way], game, place), expected, 1e-9)


@pytest.mark.parametrize(
    "schedule",
    [
        steps.extragradient,
        steps.optimistic,
        pytest.param(functools.partial(steps.unrolled, unroll_steps=2), marks=pytest.mark.slow),
    ],
)
def test_other_schedules_see_the_whole_batch(schedule):
    game = games.many_headed(objectives.relativistic_average())
    algorithm = schedule(game, games.sgd(0.05), games.sgd(0.05))
    batch = Batch(jnp.asarray(np.random.default_rng(2).normal(size=(8, 2, 1, 2)), jnp.float32))
    state = games.first_state(algorithm, batch)
    rows, whole = PartitionSpec(batches.AXIS), PartitionSpec()
    step = jax.shard_map(
        parallel.split(algorithm).step, mesh=parallel.mesh(4), in_specs=(whole, rows), out_specs=whole, check_vma=False
    )
    assert_same(jax.jit(step)(state, batch), jax.jit(algorithm.step)(state, batch), 1e-5)


def test_a_plain_jitted_step_takes_a_split_batch():
    game = games.many_headed(objectives.relativistic_average())
    algorithm = steps.alternating(game, games.sgd(0.05), games.sgd(0.05), disc_steps=2)
    batch = Batch(jnp.asarray(np.random.default_rng(2).normal(size=(16, 2, 1, 2)), jnp.float32))
    state, mesh = games.first_state(algorithm, batch), parallel.mesh(4)
    split = jax.device_put(batch, NamedSharding(mesh, PartitionSpec(batches.AXIS)))
    step = jax.jit(algorithm.step)
    assert_same(step(parallel.replicate(mesh, state), split), step(state, batch), 1e-5)


def broken(player, reduce):
    """`batches.agreed` with one player's gradient reduced in another way."""
    right = batches.agreed

    def agreed(tree):
        reduced = right(tree)
        if batches.axis() is None or not (isinstance(tree, tuple) and hasattr(tree[0], "gen")):
            return reduced
        grads = reduced[0]._replace(**{player: reduce(getattr(tree[0], player))})
        return (grads, *reduced[1:])

    return agreed


BREAKS = {
    "not reduced": lambda grads: grads,
    "summed": lambda grads: jax.lax.psum(grads, batches.AXIS),
    "reduced twice": lambda grads: jax.lax.psum(jax.lax.pmean(grads, batches.AXIS), batches.AXIS),
}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("player", ["gen", "disc"])
@pytest.mark.parametrize("way", BREAKS)
def test_a_gradient_that_is_not_reduced_or_twice_would_be_seen(way, player, monkeypatch):
    game, place = board("relativistic_average")
    expected = jax.jit(lambda *place: steps.separate.field(game, *place))(*place)
    monkeypatch.setattr(batches, "agreed", broken(player, BREAKS[way]))
    with pytest.raises(AssertionError, match=f"grads.{player}"):
        assert_same(field_on_devices(steps.separate, game, place), expected, 1e-9)


# --- where arrays lie


@pytest.mark.parametrize("placement", [parallel.replicated, parallel.optimizer_sharded])
def test_a_game_begins_where_it_is_to_lie_as_on_one_device(placement):
    adam = optax.adam(5e-4, b1=0.5)
    algorithm = steps.averaged(steps.alternating(games.batch_norm_game(), adam, adam))
    state = begun(algorithm, num_devices=4, source=points(), placement=placement)
    assert_same(parallel.on_host(state), jax.jit(algorithm.init)(INIT_KEY, example(algorithm, points())), 1e-6)
    places = placement(parallel.mesh(4), state)
    assert all(
        a.sharding.is_equivalent_to(b, a.ndim) for a, b in zip(*map(jax.tree.leaves, (state, places)), strict=True)
    )
    kernel = state.disc_opt_state[0].mu["Dense_0"]["kernel"]  # [2, 4] on four devices
    assert kernel.addressable_shards[0].data.shape == ((2, 4) if placement is parallel.replicated else (2, 1))


def mlp(objective):
    build, widths = ARCHITECTURES["mlp"], {"features": (16, 24)}
    return Game(
        build.generator((8, 8, 1), **widths), build.discriminator((8, 8, 1), **widths), objective, priors.normal(16)
    )


@pytest.mark.parametrize("make", [mlp, pytest.param(dcgan, marks=pytest.mark.slow)])
def test_a_sharded_optimizer_takes_a_share_of_the_memory_and_gives_the_same_numbers(make):
    adam = optax.adam(5e-4, b1=0.5, eps=1e-3)
    algorithm = steps.alternating(make(objectives.non_saturating()), adam, adam)
    start, mesh = games.first_state(algorithm, example(algorithm)), parallel.mesh(8)
    expected, _ = play(algorithm, "jit", parallel.replicate(mesh, start), length=2)
    placed = jax.device_put(start, parallel.optimizer_sharded(mesh, start))
    state, _ = play(algorithm, "jit", placed, length=2, placement=parallel.optimizer_sharded)
    assert_same(parallel.on_host(state), parallel.on_host(expected), 1e-5)

    def on_one_device(tree):
        return sum(x.addressable_shards[0].data.size for x in jax.tree.leaves(tree))

    share = on_one_device(state.disc_opt_state) / on_one_device(expected.disc_opt_state)
    assert 1 / 8 <= share < 0.15
    assert on_one_device(state.disc_params) == on_one_device(expected.disc_params)


MOVED = {  # where it is played -> the game's data, and the game
    "points": (points, lambda: steps.alternating(games.batch_norm_game(), *[optax.sgd(2e-3, 0.9)] * 2)),
    "images": (digits, ALGORITHMS["batch norm"]),
}


@pytest.mark.parametrize("name", ["points", pytest.param("images", marks=pytest.mark.slow)])
def test_checkpoints_move_between_ways_and_numbers_of_devices(name, tmp_path):
    source, algorithm = MOVED[name][0](), MOVED[name][1]()
    start = parallel.replicate(parallel.mesh(8), games.first_state(algorithm, example(algorithm, source)))
    state, _ = play(algorithm, "shard_map", start, num_devices=8, length=3, source=source)
    expected = state_sha256(parallel.on_host(state))
    for n, (mode, num_devices) in enumerate([("jit", 2), ("pmap", 4), ("jit", 8)]):
        with Checkpoints(tmp_path / str(n)) as checkpoints:
            checkpoints.save(3, parallel.on_host(state))
        mesh = parallel.mesh(num_devices)
        placement = parallel.optimizer_sharded if n == 2 else parallel.replicated
        template = parallel.template(algorithm, mesh, INIT_KEY, example(algorithm, source), placement)
        with Checkpoints(tmp_path / str(n)) as checkpoints:
            restored = checkpoints.restore(template).state
        assert state_sha256(parallel.on_host(restored)) == expected
        assert restored.gen_params["Dense_0"]["kernel"].sharding.device_set == set(jax.devices()[:num_devices])
        after, _ = play(algorithm, mode, restored, num_devices=num_devices, length=2, source=source)
        assert int(after.step) == 5


def test_replicated_keys_stay_keys():
    mesh, key = parallel.mesh(8), jax.random.key(9, impl="rbg")
    placed = parallel.replicate(mesh, {"key": key, "x": jnp.arange(3)})
    assert jnp.issubdtype(placed["key"].dtype, jax.dtypes.prng_key)
    assert placed["x"].sharding.is_fully_replicated
    back = parallel.on_host(placed)
    np.testing.assert_array_equal(jax.random.key_data(back["key"]), jax.random.key_data(key))
    assert str(jax.random.key_impl(back["key"])) == str(jax.random.key_impl(key))


# --- what is refused


def test_devices_that_are_not_there_are_refused():
    for number in (0, 9, -1):
        with pytest.raises(InputError, match=rf"Expected 1 to 8 devices, got {number}"):
            parallel.mesh(number)


@pytest.mark.parametrize("mode", parallel.MODES)
def test_a_batch_that_does_not_divide_is_refused_with_one_that_does(mode):
    algorithm = ALGORITHMS["batch norm"]()
    with pytest.raises(InputError, match="divides by 8 devices, got 60: take 56"):
        parallel.MODES[mode](parallel.mesh(8), algorithm, digits().draw, digits().gather, batch_size=60, length=1)


def test_an_unknown_mode_lists_the_modes():
    with pytest.raises(UnknownNameError, match="jit"):
        parallel.MODES["pjit"]


def test_processes_are_named_by_three_settings_or_by_none():
    with pytest.raises(InputError, match="num_processes"):
        parallel.initialize("localhost:1234", process_id=0)
    with pytest.raises(InputError, match="got 2 of 2"):
        parallel.initialize("localhost:1234", num_processes=2, process_id=2)
    assert parallel.is_leader()
    assert parallel.anywhere(True)
    assert not parallel.anywhere(False)
