"""One kernel or a scan: the same numbers, chosen by shape, refused where a kernel can't hold the step."""

from functools import partial

import games
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from ganjax import objectives, priors, regularizers, steps
from ganjax.architectures import dcgan_discriminator, dcgan_generator, mlp_discriminator, mlp_generator
from ganjax.objectives import penalized
from ganjax.steps import IN_PAIRS, ONE_KERNEL, SCAN, _loops
from ganjax.types import Game

POINTS = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
BATCH = 8


def draw(key, step, num):
    return jax.random.randint(jax.random.fold_in(key, step), (num,), 0, len(POINTS))


def gather(arrays, indices):
    return arrays[indices]


def algorithm(width=5, objective=None, schedule=steps.alternating, optimizer=None):
    game = Game(
        mlp_generator((2,), features=()),
        mlp_discriminator((2,), features=(width, 3), activation="tanh"),
        objective or objectives.non_saturating(),
        priors.normal(2),
    )
    return schedule(game, optimizer or optax.adam(0.01), optax.adam(0.02))


def begin(moves, batch_size=BATCH):
    batch = jnp.asarray(POINTS[: batch_size * moves.num_batches])
    return jax.jit(moves.init)(jax.random.key(0), batch), jax.random.key(7), jnp.asarray(POINTS)


def loop_of(moves, batch_size=BATCH):
    state, data_key, arrays = begin(moves, batch_size)
    return steps.best_loop(lambda _: moves, draw, gather, batch_size)(state, data_key, (), arrays)


def run(moves, loop, length, calls=1):
    chunk = steps.chunk(moves, draw, gather, BATCH, length, loop=loop)
    state, data_key, arrays = begin(moves)
    compiled = jax.jit(chunk, compiler_options=dict(loop.compiler_options or {}))
    for _ in range(calls):
        state, info = compiled(state, data_key, arrays)
    return jax.tree.map(np.asarray, (state._replace(key=0), info))


def test_this_jaxlib_makes_one_kernel():
    assert _loops.one_kernel_works()


def test_the_kernel_is_one():
    moves = algorithm()
    chunk = steps.chunk(moves, draw, gather, BATCH, 20, loop=ONE_KERNEL)
    text = jax.jit(chunk, compiler_options=dict(ONE_KERNEL.compiler_options)).lower(*begin(moves)).compile().as_text()
    assert 'inlineable="false"' in text  # XLA itself has small calls, but none that it must not inline
    plain = jax.jit(steps.chunk(moves, draw, gather, BATCH, 20)).lower(*begin(moves)).compile().as_text()
    assert 'inlineable="false"' not in plain


SCHEDULES = {
    "alternating": steps.alternating,
    "three steps of D": partial(steps.alternating, disc_steps=3),
    "fused": partial(steps.synchronous, gradients=steps.fused),
    "extragradient": steps.extragradient,
    "averaged": lambda *made: steps.averaged(steps.alternating(*made), 0.9),
}


QUICK = ("alternating", "fused")


@pytest.mark.parametrize(
    "schedule",
    [pytest.param(x, id=name, marks=[] if name in QUICK else pytest.mark.slow) for name, x in SCHEDULES.items()],
)
def test_one_kernel_computes_what_a_scan_computes(schedule):
    moves = algorithm(schedule=schedule)
    assert loop_of(moves) is ONE_KERNEL
    plain, kernel = run(moves, SCAN, 6), run(moves, ONE_KERNEL, 6)
    for a, b in zip(jax.tree.leaves(plain), jax.tree.leaves(kernel), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-6)
    before, after = (jax.tree.leaves(state.gen_params)[0] for state in (begin(moves)[0], kernel[0]))
    assert np.abs(before - after).max() > 1e-3


def test_a_penalty_on_gradients_fits_in_a_kernel():
    objective = penalized(objectives.non_saturating(), lambda key, play: regularizers.r1(play.score_fn, play.real))
    moves = algorithm(objective=objective)
    assert loop_of(moves) is ONE_KERNEL
    for a, b in zip(*(jax.tree.leaves(run(moves, loop, 4)) for loop in (SCAN, ONE_KERNEL)), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-6)


def test_where_a_kernel_is_cut_changes_no_bit():
    moves = algorithm()
    (whole, _), (cut, _) = run(moves, ONE_KERNEL, 12), run(moves, ONE_KERNEL, 4, calls=3)
    jax.tree.map(np.testing.assert_array_equal, whole, cut)


def test_wide_layers_and_large_batches_are_played_in_pairs():
    assert loop_of(algorithm(width=16)) is ONE_KERNEL
    assert loop_of(algorithm(width=300)) is IN_PAIRS  # an array of 2 x 300 numbers
    # the largest product has 5 x 3 numbers a sample
    assert loop_of(algorithm(), batch_size=273) is ONE_KERNEL
    assert loop_of(algorithm(), batch_size=274) is IN_PAIRS


def test_what_calls_a_library_is_played_in_pairs():
    def sorting(key, play):
        return jnp.sort(play.fake_scores)

    moves = algorithm(objective=objectives.non_saturating()._replace(generator=sorting))
    assert loop_of(moves) is IN_PAIRS


def test_convolutions_keep_the_scan():
    game = Game(
        dcgan_generator((8, 8, 1), channels=2),
        dcgan_discriminator((8, 8, 1), channels=2),
        objectives.hinge(),
        priors.normal(2),
    )
    moves = steps.alternating(game, optax.sgd(0.1), optax.sgd(0.1))
    images = jax.ShapeDtypeStruct((BATCH, 8, 8, 1), jnp.float32)
    state = jax.eval_shape(moves.init, jax.random.key(0), images)
    assert _loops.loop_for_step(lambda state: state, state) is SCAN


@pytest.mark.parametrize(
    "length", [pytest.param(1, marks=pytest.mark.slow), 2, pytest.param(5, marks=pytest.mark.slow)]
)
def test_pairs_are_steps_after_another(length):
    moves = algorithm(width=20)
    for a, b in zip(*(jax.tree.leaves(run(moves, loop, length)) for loop in (SCAN, IN_PAIRS)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-6)


def test_other_backends_keep_the_scan(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert loop_of(algorithm()) is SCAN


def test_a_jaxlib_without_the_kernel_does_without(monkeypatch):
    monkeypatch.setattr(_loops, "ONE_KERNEL", ONE_KERNEL._replace(compiler_options={"xla_no_such_option": "1"}))
    _loops.one_kernel_works.cache_clear()
    try:
        assert not _loops.one_kernel_works()
        assert loop_of(algorithm()) is IN_PAIRS
    finally:
        _loops.one_kernel_works.cache_clear()


def test_a_jaxlib_whose_kernel_computes_something_else_does_without(monkeypatch):
    wrong = ONE_KERNEL._replace(
        scan=lambda body, carry, xs: jax.lax.scan(body, 1.01 * carry, xs), compiler_options=None
    )
    monkeypatch.setattr(_loops, "ONE_KERNEL", wrong)
    _loops.one_kernel_works.cache_clear()
    try:
        assert not _loops.one_kernel_works()
    finally:
        _loops.one_kernel_works.cache_clear()


def test_a_kernel_that_does_not_compile_becomes_a_scan():
    broken = ONE_KERNEL._replace(compiler_options={"xla_no_such_option": "1"})
    made = []

    def program(loop):
        made.append(loop)
        return lambda x: loop.scan(lambda x, _: (x + 1, None), x, jnp.arange(3))[0]

    compiled = steps.compiled_at_first_call(program, lambda x: broken)
    assert compiled(jnp.float32(1)) == 4
    assert compiled(jnp.float32(2)) == 5
    assert made == [broken, SCAN]


def test_other_errors_are_not_hidden():
    def program(loop):
        return lambda x: x @ x

    with pytest.raises(ValueError, match="matmul"):
        steps.compiled_at_first_call(program, lambda x: ONE_KERNEL)(jnp.float32(1))


def test_a_compiled_chunk_uses_up_its_state_and_compiles_once():
    moves, traces = algorithm(), []

    def counted(state, deal, batch):
        traces.append(None)
        return moves.advance(state, deal, batch)

    chunk = steps.compiled_chunk(moves._replace(advance=counted), draw, gather, BATCH, 3)
    state, data_key, arrays = begin(moves)
    first = state
    state, _ = chunk(state, data_key, arrays)
    assert jax.tree.leaves(first.gen_params)[0].is_deleted()
    after_one = len(traces)
    for _ in range(3):
        state, _ = chunk(state, data_key, arrays)
    assert len(traces) == after_one
    expected, _ = run(moves, ONE_KERNEL, 12)
    jax.tree.map(np.testing.assert_array_equal, expected, jax.tree.map(np.asarray, state._replace(key=0)))


def test_a_big_game_is_not_traced_twice():
    moves, traces = algorithm(width=300), []

    def counted(state, deal, batch):
        traces.append(None)
        return moves.advance(state, deal, batch)

    chunk = steps.compiled_chunk(moves._replace(advance=counted), draw, gather, BATCH, 3)
    chunk(*begin(moves))
    assert len(traces) == 1


def test_the_dirac_game_in_float64(x64):
    moves = steps.alternating(games.dirac(prior=games.NORMAL), optax.adam(0.1), optax.adam(0.1))
    arrays, key = jnp.linspace(-2, 3, 20)[:, None], jax.random.key(7)
    state = moves.init(jax.random.key(0), arrays[:8])
    fed = moves, lambda key, step, num: jax.random.randint(jax.random.fold_in(key, step), (num,), 0, 20), gather, 8, 5
    plain, _ = jax.jit(steps.chunk(*fed))(state, key, arrays)
    kernel, _ = steps.compiled_chunk(*fed)(state, key, arrays)
    np.testing.assert_allclose(plain.disc_params, kernel.disc_params, rtol=1e-9)
