"""Many steps in one dispatch are the same steps."""

import games
import jax
import jax.numpy as jnp
import numpy as np
import optax

from ganjax import steps
from ganjax.types import Batch

DATA = np.linspace(-2, 3, 20, dtype=np.float32)[:, None]


def draw(key, step, num):
    return jax.random.randint(jax.random.fold_in(key, step), (num,), 0, len(DATA))


def gather(arrays, indices):
    return Batch(arrays[indices])


def algorithm(disc_steps=2):
    return steps.averaged(
        steps.alternating(games.dirac(prior=games.NORMAL), optax.adam(0.1), optax.adam(0.1), disc_steps), 0.9
    )


def test_a_chunk_is_the_loop_of_its_steps():
    moves, data_key, arrays = algorithm(), jax.random.key(7), jnp.asarray(DATA)
    state = moves.init(jax.random.key(0), arrays[:8])
    chunk = jax.jit(steps.chunk(moves, draw, gather, batch_size=4, length=6))
    scanned, info = chunk(state, data_key, arrays)
    losses = []
    for step in range(6):
        state, each = moves.step(state, gather(arrays, draw(data_key, step, 8)))
        losses.append(each.disc_loss)
    np.testing.assert_allclose(scanned.gen_ema_params, state.gen_ema_params, rtol=1e-5)
    np.testing.assert_allclose(scanned.disc_params, state.disc_params, rtol=1e-5)
    np.testing.assert_allclose(info.disc_loss, np.mean(losses), rtol=1e-5)
    assert scanned.step == 6


def test_where_chunks_are_cut_changes_nothing():
    moves, data_key, arrays = algorithm(), jax.random.key(7), jnp.asarray(DATA)
    state = moves.init(jax.random.key(0), arrays[:8])
    whole, _ = jax.jit(steps.chunk(moves, draw, gather, 4, 12))(state, data_key, arrays)
    part = jax.jit(steps.chunk(moves, draw, gather, 4, 4))
    cut = state
    for _ in range(3):
        cut, _ = part(cut, data_key, arrays)
    np.testing.assert_allclose(whole.gen_params, cut.gen_params, rtol=1e-6)


def test_the_state_is_donated_and_nothing_recompiles():
    moves, data_key, arrays = algorithm(), jax.random.key(7), jnp.asarray(DATA)
    chunk, traces = steps.chunk(moves, draw, gather, 4, 3), []

    def counted(*inputs):
        traces.append(len(inputs))
        return chunk(*inputs)

    run = jax.jit(counted, donate_argnums=0)
    state = jax.jit(moves.init)(jax.random.key(0), arrays[:8])
    for _ in range(4):
        before = state
        state, _ = run(state, data_key, arrays)
        assert before.gen_params.is_deleted()
    assert traces == [3]
