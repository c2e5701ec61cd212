# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 8. Populations
#
# One training run is one draw from a distribution. Which loss finds more modes is a question about that distribution,
# and takes many seeds to answer. `ganjax.populations` plays a hundred games as one compiled program.

# %%
from importlib.util import find_spec

if find_spec("ganjax") is None:  # in Colab; OWNER is whose repository this notebook comes from
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/ganjax")

# %%
import os
import time

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from scipy import stats

from ganjax import architectures, data, metrics, objectives, populations, priors, steps
from ganjax.types import Game

jax.config.update("jax_num_cpu_devices", os.cpu_count())  # a thread is a device; before anything is computed

# %% [markdown]
# ## One game of many
#
# Eight Gaussians on a circle, networks of 8-8, batches of 32, 6000 steps. `make` builds the algorithm of *one* game
# from its settings; what distinguishes games is a number, here the learning rate of both players.

# %%
ring, mlp = data.load("ring"), architectures.ARCHITECTURES["mlp"]
GAMES, STEPS, BATCH = 100, 6000, 32


def game_with(objective):
    networks = mlp.generator((2,), features=(8, 8)), mlp.discriminator((2,), features=(8, 8))
    return Game(*networks, objective, priors.normal(2))


def maker(objective):
    def make(learning_rate):
        adam = optax.adam(learning_rate, b1=0.5)
        return steps.averaged(steps.alternating(game_with(objective), adam, adam), steps.warmed_up(0.999))

    return make


def keys(first, num):
    return jax.vmap(jax.random.key)(first + jnp.arange(num))


# %% [markdown]
# `init` gives a state whose every array has a leading axis over games: game $i$ is, up to rounding, the game that its
# key and settings give alone. `mesh_for` and `spread` lay the games over the cores.


# %%
def played(objective, learning_rates, pieces=4):
    """Samples [pieces, games, 500, 2] on the way, and the seconds of each piece."""
    make, num = maker(objective), len(learning_rates)
    batch = data.batch_at(ring, jax.random.key(0), 0, BATCH)
    states = jax.jit(lambda keys, rates: populations.init(make, keys, rates, batch))(keys(0, num), learning_rates)
    mesh = populations.mesh_for(states)
    states, data_keys, rates = populations.spread((states, keys(10**6, num), learning_rates), mesh)
    length = STEPS // pieces
    run = populations.compiled_chunk(make, ring.draw, ring.gather, batch_size=BATCH, length=length, mesh=mesh)
    game = game_with(objective)
    latents = game.prior.sample(jax.random.key(3), 500)
    draw = jax.jit(jax.vmap(lambda state: game.generator.apply(steps.generator_variables(state), latents)[0]))
    samples, seconds = [], []
    for _ in range(pieces):
        began = time.perf_counter()
        states, info = run(states, data_keys, rates, ring.arrays)
        jax.block_until_ready(info)
        seconds.append(time.perf_counter() - began)
        samples.append(np.asarray(draw(states)))
    return np.stack(samples), seconds


def modes(samples):
    return np.array([metrics.mode_statistics(x, data.ring_centers(), 0.01).modes_found for x in samples])


grid = jnp.array([1e-3, 2.5e-3, 5e-3, 1e-2, 2e-2])
rates = jnp.full(GAMES, 5e-3)
samples, seconds = played(objectives.non_saturating(), jnp.concatenate([rates, jnp.repeat(grid, 20)]))
non_saturating, swept = samples[:, :GAMES], samples[-1, GAMES:]  # the second hundred is for later

# %% [markdown]
# ## A hundred outcomes of one recipe
#
# The same code, data and hyperparameters; only the seed differs.

# %%
found = modes(non_saturating[-1])
order = np.argsort(found, kind="stable")
figure, axes = plt.subplots(5, 20, figsize=(14, 4.2))
for axis, i in zip(axes.flat, order, strict=True):
    axis.plot(*data.ring_centers().T, ".", color="#3b6ea8", markersize=3)
    axis.plot(*non_saturating[-1, i].T, ".", color="#e07b00", markersize=0.8)
    axis.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal", xticks=[], yticks=[])
    axis.set_title(str(found[i]), fontsize=7, pad=1)
figure.suptitle("500 samples of each of a hundred games, by the number of modes found", fontsize=10)
plt.show()

# %%
figure, axis = plt.subplots(figsize=(8, 3.2))
for piece, (samples, shade) in enumerate(zip(non_saturating, (0.25, 0.5, 0.75, 1.0), strict=True)):
    counts = np.bincount(modes(samples), minlength=9)
    axis.bar(
        np.arange(9) + 0.2 * (piece - 1.5),
        counts,
        0.2,
        color="#3b6ea8",
        alpha=shade,
        label=f"step {(piece + 1) * STEPS // 4}",
    )
axis.set(xlabel="modes found (of 8)", ylabel="games of 100", xticks=range(9))
axis.legend()
plt.show()
print(f"mean {found.mean():.2f} modes, least {found.min()}, all eight in {np.mean(found == 8):.0%} of the games")

# %% [markdown]
# The recipe has no number of modes, it has a distribution of them. Its best seed is not its result, and neither is its
# first.
#
# ## Two losses
#
# The hinge game, everything else the same. Student's interval holds the mean over *all* seeds with 95 %: $t\,s/\sqrt
# n$.

# %%
hinge, _ = played(objectives.hinge(), rates)


def interval(values):
    return stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))


at = STEPS // len(hinge) * (1 + np.arange(len(hinge)))
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 3.6), layout="constrained")
for name, games, color in (("non-saturating", non_saturating, "#3b6ea8"), ("hinge", hinge, "#e07b00")):
    counts = np.stack([modes(samples) for samples in games])
    left.errorbar(at, counts.mean(1), [interval(row) for row in counts], capsize=4, marker="o", color=color, label=name)
    print(f"{name:15s} {counts[-1].mean():.2f} ± {interval(counts[-1]):.2f} modes")
left.set(xlabel="step", ylabel="modes found, mean of 100 seeds", ylim=(0, 8.2))
left.legend(loc="lower right")
numbers, draws = np.array([2, 3, 5, 10, 20, 50, 100]), np.random.default_rng(0).integers(GAMES, size=(2000, 2, 100))
for piece, words, style in ((0, "at step 1500: not ahead", "-o"), (-1, "at step 6000: ahead by half a mode", "--s")):
    first, second = modes(non_saturating[piece])[draws[:, 0]], modes(hinge[piece])[draws[:, 1]]
    leads = [first[:, :n].mean(1) - second[:, :n].mean(1) for n in numbers]
    right.semilogx(
        numbers, [np.mean(x <= 0 if piece == 0 else x >= 0.5) for x in leads], style, color="black", label=words
    )
right.set(xlabel="seeds of each loss", ylabel="chance to see non-saturating …", xticks=numbers, ylim=(0, 0.6))
right.set_xticklabels(numbers)
right.minorticks_off()
right.legend()
plt.show()

# %% [markdown]
# The hinge game is slower at first, and the intervals of step 1500 are far apart; at the end they agree. Right, what
# fewer seeds would have said, drawn from these hundred: how often they miss the early lead, and how often they show a
# lead that is not there at the end. Three seeds can tell either story.
#
# ## What differs may be a number
#
# Learning rates need not be compared one after the other: they are settings of one population. The second hundred games
# above, in the same program, had five of them.

# %%
counts = modes(swept).reshape(len(grid), 20)
figure, axis = plt.subplots(figsize=(7, 3.2))
axis.errorbar(grid, counts.mean(1), [interval(row) for row in counts], capsize=4, marker="o", color="#3b6ea8")
axis.plot(
    np.repeat(grid, 20) * np.tile(np.linspace(0.93, 1.07, 20), len(grid)), counts.ravel(), ".", color="gray", alpha=0.5
)
axis.set(xscale="log", xlabel="learning rate of both players", ylabel="modes found, 20 seeds each", ylim=(-0.3, 8.3))
axis.set_xticks(grid, [f"{rate:g}" for rate in np.asarray(grid, float).round(6)])
axis.minorticks_off()
plt.show()

# %% [markdown]
# ## What it costs
#
# One game alone, in one compiled loop, against two hundred on all cores; compilation left out.

# %%
make = maker(objectives.non_saturating())
algorithm = make(5e-3)
state = algorithm.init(jax.random.key(0), data.batch_at(ring, jax.random.key(0), 0, BATCH))
alone = steps.compiled_chunk(algorithm, ring.draw, ring.gather, batch_size=BATCH, length=STEPS)
state, _ = jax.block_until_ready(alone(state, jax.random.key(10**6), ring.arrays))  # compiles
began = time.perf_counter()
state, _ = jax.block_until_ready(alone(state, jax.random.key(10**6), ring.arrays))
one = (time.perf_counter() - began) / STEPS
many = min(seconds[1:]) / (len(rates) + len(swept)) / (STEPS // len(seconds))
print(f"one game alone: {one * 1e6:.1f} µs a step")
print(f"two hundred at once, on {os.cpu_count()} cores: {many * 1e6:.1f} µs a game and step")

# %% [markdown]
# Alone, a game of this size is already one compiled kernel; many gain what the other cores give, and tinier ones more:
# in `experiments/README.md` a Gaussian toy among 64 costs a quarter. A hundred seeds are a matter of seconds either
# way. `experiments/sweep.py` plays objectives × penalties × packings × seeds this way, and keeps every number.

# %% [markdown]
# ## Try
#
# - Networks of 16-16: do the hundred still differ?
# - `objectives.wgan_gp(weight)` with the weight as a setting, or `objectives.relativistic()`.
# - `populations.game_at(states, i)`: one game's state, to go on with alone.
