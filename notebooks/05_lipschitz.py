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
# # 5. Lipschitz or not
#
# A Wasserstein GAN's critic must not be steep: only over 1-Lipschitz functions does its loss measure a distance. There
# are several ways to see to that, and one GAN that doesn't need it. First the theory of transport, then critics trained
# by the library against fixed generators, on the line, where their best form is known, and in the plane.

# %%
from importlib.util import find_spec

if find_spec("ganjax") is None:  # in Colab; OWNER is whose repository this notebook comes from
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/ganjax")

# %%
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from jax.scipy.stats import norm
from scipy.optimize import linear_sum_assignment

from ganjax import architectures, data, divergences, objectives, steps
from ganjax.types import Batch, Game, Prior, Variables

REAL, FAKE, THIRD = "#3b6ea8", "#e07b00", "#2a8c55"

# %% [markdown]
# ## Transport and its dual
#
# The cheapest way to turn one heap into another is a linear programme (Kantorovich 1942). Its dual has a price for each
# place of either heap, $\max \mathbb{E}_p f + \mathbb{E}_q g$ over $f(x) + g(y) \le c(x, y)$, and is worth the same for
# *any* cost. If the cost is a metric, one potential does for both, $g = -f$ (Kantorovich and Rubinstein 1958):
#
# $$W_1(p, q) = \max_{|f(x) - f(y)| \le \|x - y\|} \mathbb{E}_p f - \mathbb{E}_q f,$$
#
# and that is a WGAN's critic (Arjovsky et al. 2017, arXiv:1701.07875). For the squared distance it does not do: the one
# potential earns what transport would cost if it could stop on the way, in steps as short as the grid's.

# %%
places = np.linspace(-4, 5, 28)
heap_p, heap_q = (np.exp(-0.5 * (places - mean) ** 2) for mean in (0.0, 1.0))
heap_p, heap_q = heap_p / heap_p.sum(), heap_q / heap_q.sum()
for power in (1, 2):
    cost = np.abs(places[:, None] - places[None, :]) ** power
    primal, dual, single = (
        solve(cost, heap_p, heap_q).value
        for solve in (divergences.transport_primal, divergences.transport_dual, divergences.kantorovich_rubinstein)
    )
    print(f"cost |x − y|^{power}: primal {primal:.6f}   dual {dual:.6f}   one potential {single:.6f}")

# %% [markdown]
# The same between two clouds. Left: the plan, over points colored by the potential. Right: every pair of a real and a
# fake point. The potential never falls faster than 1 (all dots below the line), and along the plan it falls exactly
# that fast (green dots on it): that is what makes primal and dual equal.

# %%
real_key, fake_key = jax.random.split(jax.random.key(0))
cloud_p = np.asarray(data.TOYS["two_moons"]().sample(real_key, 30), np.float64)
cloud_q = np.asarray(0.4 * jax.random.normal(fake_key, (30, 2)), np.float64)
both = np.concatenate([cloud_p, cloud_q])
distance = np.linalg.norm(both[:, None] - both[None, :], axis=-1)
share, nothing = np.full(30, 1 / 30), np.zeros(30)
plan = divergences.transport_primal(distance[:30, 30:], share, share)
potential = divergences.kantorovich_rubinstein(distance, np.r_[share, nothing], np.r_[nothing, share])
print(f"primal {plan.value:.9f}   one potential {potential.value:.9f}")

i, j = np.nonzero(plan.plan > 1e-9)
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
left.plot(*np.stack([cloud_p[i], cloud_q[j]], axis=1).T, color="0.7", linewidth=1, zorder=1)
for cloud, marker, name in ((both[:30], "o", "real"), (both[30:], "s", "fake")):
    level = potential.f[:30] if marker == "o" else potential.f[30:]
    limits = {"vmin": potential.f.min(), "vmax": potential.f.max()}
    dots = left.scatter(*cloud.T, c=level, marker=marker, edgecolors="black", s=45, label=name, **limits)
left.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
left.legend()
figure.colorbar(dots, ax=left, label="potential f: high on real")
falls = potential.f[:30, None] - potential.f[None, 30:]
right.plot(distance[:30, 30:].ravel(), falls.ravel(), ".", color="0.7", label="all pairs")
right.plot(distance[i, 30 + j], falls[i, j], "o", color=THIRD, label="pairs of the plan")
right.plot([0, 2], [0, 2], color="black", linewidth=1)
right.set(xlabel="distance of a real from a fake point", ylabel="f(real) − f(fake)")
right.legend()
plt.show()

# %% [markdown]
# ## Five critics
#
# | | discriminator minimises | its best critic on the line |
# |---|---|---|
# | `wgan`, `steps.clipped` | $f - r$, all weights in $[-c, c]$ | whatever so bounded a network can be |
# | `wgan_gp` [1] | $f - r + \lambda(\Vert\nabla D\Vert - 1)^2$ | $D' = s\,(1 + \vert\Delta F\vert/2\lambda\rho)$ |
# | `wgan_lp` [2] | $f - r + \lambda((\Vert\nabla D\Vert - 1)^+)^2$ | the same |
# | `wgan_div` [3] | $f - r + k\,\Vert\nabla D\Vert^p$ | $D' = s\,(\vert\Delta F\vert/kp\rho)^{1/(p-1)}$ |
# | `gan_qp` [4] | $-\Delta + \Delta^2/2\lambda d$, $\Delta = r - f$ | a linear system, below |
#
# $\Delta F = F_p - F_q$ is the difference of the distribution functions, $s = -\mathrm{sign}(\Delta F)$, and $\rho$ the
# density of the points that are penalised: $\hat x$ between a real and a fake sample in [1] and [2], $(p + q)/2$ in
# [3]. Both follow from $\mathbb{E}_p D - \mathbb{E}_q D = -\int D'\,\Delta F$, maximised point by point; Kantorovich's
# critic has $D' = s$. So WGAN-GP's critic is *steeper* than 1 and overestimates $W_1$, by $\int \Delta
# F^2/2\lambda\rho$.
#
# GAN-QP restrains no slope. It divides by the distance $d$ of each pair, and its loss is quadratic in $D$: with $w_{ij}
# = (p_i q_j + q_i p_j)/\lambda d_{ij}$ on a grid, $\sum_j w_{ij} (D_i - D_j) = p_i - q_i$, as in a network of resistors
# through which $p - q$ flows.
#
# [1] Gulrajani et al. 2017, arXiv:1704.00028. [2] Petzka et al. 2017, arXiv:1709.08894. [3] Wu et al. 2017,
# arXiv:1712.01026. [4] Su 2018, arXiv:1811.07296.

# %%
grid = np.linspace(-5.5, 5.5, 1101)


def log_p(x):
    return jnp.logaddexp(norm.logpdf(x, -1.6, 0.5), norm.logpdf(x, 1.6, 0.7)) - jnp.log(2.0)


def log_q(x):
    return norm.logpdf(x, 0.3, 0.8)


def resistors(lambda_):
    """GAN-QP's best critic of one sample, on the grid."""
    p, q = (np.exp(np.asarray(log_density(grid), np.float64)) for log_density in (log_p, log_q))
    p, q = p / p.sum(), q / q.sum()
    d = np.abs(grid[:, None] - grid[None, :]) + np.eye(grid.size)  # a point and itself count nothing: D_i − D_i = 0
    w = (np.outer(p, q) + np.outer(q, p)) / (lambda_ * d)
    np.fill_diagonal(w, 0.0)
    currents = np.diag(w.sum(axis=1)) - w
    return np.r_[0.0, np.linalg.solve(currents[1:, 1:], (p - q)[1:])]  # D_0 = 0: a constant is free


def from_slopes(slopes):
    return np.cumsum(np.nan_to_num(np.asarray(slopes))) * (grid[1] - grid[0])


gaps = divergences.distribution_gap(log_p, log_q, grid)
penalized = from_slopes(divergences.wgan_gp_critic_1d(log_p, log_q, grid, 1.0))
in_theory = {
    "clipped": from_slopes(-np.sign(gaps)),
    "WGAN-GP, λ = 1": penalized,
    "WGAN-LP, λ = 1": penalized,
    "WGAN-div, k = 2, p = 6": from_slopes(divergences.w_divergence_critic_1d(log_p, log_q, grid, 2.0, 6.0)),
    "GAN-QP, λ = 1": resistors(1.0),
}

# %% [markdown]
# Training a critic alone is a game too: its generator hands on the latents, which are samples of $q$, and an optimizer
# that does nothing keeps it so. The clipped critic is a WGAN with $c = .01$.

# %%
mlp = architectures.ARCHITECTURES["mlp"]
gentle = optax.adam(optax.cosine_decay_schedule(5e-3, 1500), b2=0.99)
contestants = {
    "clipped": (objectives.wgan(), steps.clipped(optax.rmsprop(1e-3), 0.01)),
    "WGAN-GP, λ = 1": (objectives.wgan_gp(1.0), gentle),
    "WGAN-LP, λ = 1": (objectives.wgan_lp(1.0), gentle),
    "WGAN-div, k = 2, p = 6": (objectives.wgan_div(2.0, 6.0), gentle),
    "GAN-QP, λ = 1": (objectives.gan_qp(1.0), gentle),
}


def trained(objective, optimizer, real, fake, *, dim, activation):
    """A critic of `real` against `fake`, both (key, num) -> samples [num, dim], as a function of points."""
    game = Game(
        generator=architectures.stateless(lambda key, z: jnp.zeros(()), lambda nothing, z: z),
        discriminator=mlp.discriminator((dim,), features=(64, 64), activation=activation),
        objective=objective,
        prior=Prior(fake, (dim,)),
    )
    algorithm = steps.synchronous(game, optax.set_to_zero(), optimizer)
    run = steps.chunk(
        algorithm,
        draw=lambda key, step, num: real(jax.random.fold_in(key, step), num),
        gather=lambda nothing, samples: Batch(samples),
        batch_size=128,
        length=1500,
    )
    state, _ = jax.jit(run)(algorithm.init(jax.random.key(0), Batch(jnp.zeros((128, dim)))), jax.random.key(1), ())
    return lambda points: game.discriminator.apply(Variables(state.disc_params), points)[0].scores


def real(key, num):
    side_key, noise_key = jax.random.split(key)
    right = jax.random.bernoulli(side_key, 0.5, (num, 1))
    return jnp.where(right, 1.6, -1.6) + jnp.where(right, 0.7, 0.5) * jax.random.normal(noise_key, (num, 1))


def fake(key, num):
    return 0.3 + 0.8 * jax.random.normal(key, (num, 1))


critics = {name: trained(*contestant, real, fake, dim=1, activation="tanh") for name, contestant in contestants.items()}

# %% [markdown]
# Lines are theory, dots the networks; the clipped one is divided by its greatest slope, to be seen at all beside
# Kantorovich's critic.
#
# - Clipping leaves the units so little to do that they are all but linear, and a linear critic knows only the
#   difference of the means, $.3$.
# - WGAN-GP is caught. Its penalty has a hill at slope 0: to turn a slope that began the wrong way, the critic would
#   first have to pay $\lambda$. The one-sided penalty has the same optimum and no hill, and gets there.
# - WGAN-div and GAN-QP have a convex loss, and find their theory. WGAN-div's is flat by choice: its slopes stay below 1
#   wherever $\vert\Delta F\vert < kp\rho$.

# %%
p, q = (np.exp(np.asarray(log_density(grid))) * (grid[1] - grid[0]) for log_density in (log_p, log_q))
seen, dots = (grid > -3.2) & (grid < 3.8), slice(None, None, 25)
figure, axes = plt.subplots(1, 5, figsize=(14, 3.2), sharex=True, layout="constrained")
print(f"W1 = {divergences.wasserstein_1d_densities(log_p, log_q, grid):.4f}")
for axis, (name, critic) in zip(axes, critics.items(), strict=True):
    scores, theory = np.asarray(critic(jnp.asarray(grid)[:, None]), np.float64), in_theory[name]
    slope = np.abs(np.gradient(scores, grid))[seen].max()
    found = scores / slope if name == "clipped" else scores
    print(f"{name:23s} gap {(p - q) @ scores:8.5f}   of its theory {(p - q) @ theory:.4f}   steepest {slope:.4f}")
    shade = axis.twinx()
    shade.fill_between(grid[seen], p[seen], color=REAL, alpha=0.2, linewidth=0, label="p, data")
    shade.fill_between(grid[seen], q[seen], color=FAKE, alpha=0.2, linewidth=0, label="q, generator")
    shade.set(yticks=[], ylim=(0, 2.5 * q.max()))
    axis.plot(grid[seen], (theory - p @ theory)[seen], color="black", label="theory")
    axis.plot(grid[seen][dots], (found - p @ found)[seen][dots], "o", color=THIRD, markersize=4, label="trained")
    axis.set(title=name, xlabel="x")
axes[0].set_ylabel("D(x), 0 in the mean of p")
axes[0].legend(fontsize=8), shade.legend(fontsize=8)
plt.show()

# %% [markdown]
# ## Landscapes
#
# In the plane there is no formula, but a picture: that of Gulrajani et al.'s figure 1. The data are eight Gaussians on
# a ring, the generator is held at the data plus noise, and the critic should see every one of the eight. Shades are its
# score, from low to high; arrows are the pull on fake samples, $\nabla D$, drawn at one scale a panel. Here WGAN-GP is
# not caught: in the plane a slope can turn without vanishing.
#
# A 1-Lipschitz critic earns at most $W_1$, and so does any critic divided by its steepest slope. The share of $W_1$
# (from the exact assignment of 1000 samples) that each earns says how evenly its slopes are spread. Clipping wastes
# most of it, and its slopes are a thousand times too small for anyone but an optimizer that rescales. GAN-QP's are
# uneven too, and nobody minds: it needs no constant.

# %%
ring = data.TOYS["ring"](std=0.05)


def blurred(key, num):
    sample_key, noise_key = jax.random.split(key)
    return ring.sample(sample_key, num) + 0.5 * jax.random.normal(noise_key, (num, 2))


surfaces = {
    name: trained(*it, ring.sample, blurred, dim=2, activation="leaky_relu")
    for name, it in contestants.items()
    if "LP" not in name
}

# %%
line = jnp.linspace(-1.9, 1.9, 101)
plane = jnp.stack(jnp.meshgrid(line, line), axis=-1)
real_points, fake_points = ring.sample(jax.random.key(2), 1000), blurred(jax.random.key(3), 1000)
costs = np.linalg.norm(np.asarray(real_points)[:, None] - np.asarray(fake_points)[None, :], axis=-1)
exact = costs[linear_sum_assignment(costs)].mean()
figure, axes = plt.subplots(1, 4, figsize=(13, 3.6), sharex=True, sharey=True, layout="constrained")
for axis, (name, critic) in zip(axes, surfaces.items(), strict=True):
    heights = critic(plane.reshape(-1, 2)).reshape(plane.shape[:2])
    axis.contourf(line, line, heights, levels=20, cmap="cividis")
    pulls = jax.vmap(jax.grad(lambda point, critic=critic: critic(point[None])[0]))(fake_points)
    slopes = jnp.linalg.norm(pulls, axis=1)
    axis.quiver(*fake_points[:150].T, *pulls[:150].T, color=FAKE, width=0.006)
    axis.plot(*ring.centers.T, "+", color="white", markersize=9)
    axis.set(title=f"{name}\nslopes {slopes.min():.2g} to {slopes.max():.2g}", xlabel="$x_1$", aspect="equal")
    axis.set(xlim=(-1.9, 1.9), ylim=(-1.9, 1.9))
    gap = (critic(real_points) - critic(fake_points)).mean()
    print(f"{name:23s} gap {gap:8.5f}   over its steepest slope: {gap / slopes.max() / exact:.0%} of W1")
axes[0].set_ylabel("$x_2$")
plt.show()

# %% [markdown]
# ## Try
#
# - `data.TOYS["swiss_roll"]()` or `two_moons` as the data.
# - `activation="leaky_relu"` on the line: is WGAN-GP still caught? What can clipping do then?
# - `wgan_gp(10.0)`, the weight for images, and 0.1, that for toys.
# - The games played to the end: `python experiments/train.py ring --objective.name gan-qp`.
