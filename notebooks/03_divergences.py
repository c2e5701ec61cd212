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
# # 3. What the games measure
#
# A discriminator that has learned all there is to learn knows a *divergence* between the data's density $p$ and the
# generator's $q$. Which one depends on the loss. Here each derivation is done twice: once by integrals, once by letting
# the library's own loss find its optimum. `python experiments/derivations.py` does it for 58 claims.

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

from ganjax import divergences, losses, objectives, regularizers
from ganjax.types import DiscriminatorOutput, Play

jax.config.update("jax_enable_x64", True)  # ten digits, to tell a proof from a coincidence
REAL, FAKE, THIRD = "#3b6ea8", "#e07b00", "#2a8c55"

# %% [markdown]
# ## Two densities
#
# A density is a function of points that gives its logarithm; an integral is a sum over a grid. For two Gaussians one
# standard deviation apart $\mathrm{KL} = \frac12$, $\mathrm{TV} = 2\Phi(\frac12) - 1$,
# $\int(\sqrt p - \sqrt q)^2 = 2 - 2e^{-1/8}$ and $\chi^2 = e - 1$; the Jensen–Shannon divergence has no closed form.

# %%
grid = np.linspace(-12, 13, 2001)


def log_p(x):
    return norm.logpdf(x, 0.0, 1.0)


def log_q(x):
    return norm.logpdf(x, 1.0, 1.0)


closed = {
    "kl": 0.5,
    "total_variation": 2 * norm.cdf(0.5) - 1,
    "squared_hellinger": 2 - 2 * np.exp(-1 / 8),
    "pearson": np.e - 1,
}
for name, value in closed.items():
    print(f"{name:18s} {getattr(divergences, name)(log_p, log_q, grid):.10f}   closed form {value:.10f}")
print(f"js                 {divergences.js(log_p, log_q, grid):.10f}")

# %% [markdown]
# ## The best discriminator
#
# Give the discriminator one free score at each point of a coarse grid, no network at all, and descend the average of
# its loss over all pairs (real at $x$, fake at $y$). These losses are convex in the scores, so descent finds *the*
# optimum. Rprop looks at each slope's sign alone, so that the points in the tails, which weigh next to nothing, learn
# as fast as the others.
#
# Goodfellow et al. 2014 (arXiv:1406.2661, proposition 1 and theorem 1): for `minimax` the optimum is
# $D^* = p/(p + q)$, the score $\log p/q$, and the value is $-\log 4 + 2\,\mathrm{JSD}$.

# %%
points = jnp.linspace(-8, 9, 161)
spacing = points[1] - points[0]
p, q = spacing * jnp.exp(log_p(points)), spacing * jnp.exp(log_q(points))


def expected(loss, scores):
    real, fake = (jnp.broadcast_to(s, (points.size, points.size)) for s in (scores[:, None], scores[None, :]))
    return p @ loss(real, fake) @ q


def minimized(objective, start, num_steps=200):
    optimizer = optax.rprop(0.1, min_step_size=1e-12, max_step_size=4.0)

    def body(carry, _):
        x, state = carry
        updates, state = optimizer.update(jax.grad(objective)(x), state)
        return (optax.apply_updates(x, updates), state), None

    @jax.jit
    def run(x):
        x = jax.lax.scan(body, (x, optimizer.init(x)), length=num_steps)[0][0]
        return objective(x), x

    return run(start)


value, scores = minimized(lambda s: expected(losses.minimax().discriminator, s), jnp.zeros_like(points))
print(f"V(D*)          {-value:.10f}")
print(f"-log 4 + 2 JSD {-np.log(4) + 2 * divergences.js(log_p, log_q, grid):.10f}")

# %% [markdown]
# ## Another loss, another divergence
#
# The same descent with other losses. Hinge ends at $2 - 2\,\mathrm{TV}$ (Lim and Ye 2017, arXiv:1705.02894), least
# squares at $\frac12\int pq/(p+q)$ (Mao et al. 2016, arXiv:1611.04076), an f-GAN at minus its divergence (Nowozin et
# al. 2016, arXiv:1606.00709), the relativistic loss at $\log 2 - \mathrm{JSD}(p\otimes q,\ q\otimes p)$
# (Jolicoeur-Martineau 2018, arXiv:1807.00734). The scores found (dots) lie on the theory's (lines). All fall from left
# to right, where $p/q$ does, and no two alike but for the first and the last.

# %%
log_ratio = divergences.optimal_discriminator(log_p(points), log_q(points))
games = {
    "minimax": (
        losses.minimax(),
        np.log(4) - 2 * divergences.js(log_p, log_q, grid),
        log_ratio,
    ),
    "hinge": (
        losses.hinge(),
        divergences.hinge(log_p, log_q, grid),
        divergences.optimal_hinge(log_p(points), log_q(points)),
    ),
    "least squares": (
        losses.least_squares(),
        0.25 - divergences.least_squares(log_p, log_q, grid) / 8,
        divergences.optimal_least_squares(log_p(points), log_q(points)),
    ),
    "f-GAN, Pearson": (
        losses.f_gan(divergences.PEARSON),
        -divergences.pearson(log_p, log_q, grid),
        divergences.optimal_f_critic(divergences.PEARSON, log_p(points), log_q(points)),
    ),
    "relativistic": (
        losses.relativistic(),
        divergences.relativistic(log_p, log_q, grid[::4]),
        log_ratio,  # up to a constant, which the loss can't see
    ),
}
seen = (points > -3) & (points < 4)
figure, axes = plt.subplots(1, 5, figsize=(14, 3), sharex=True, layout="constrained")
for axis, (name, (loss, in_theory, best)) in zip(axes, games.items(), strict=True):
    value, found = minimized(lambda s, loss=loss: expected(loss.discriminator, s), jnp.zeros_like(points))
    print(f"{name:15s} found {value:.8f}   theory {in_theory:.8f}")
    constant = (p + q) @ (found - best) / 2 if name == "relativistic" else 0.0
    shade = axis.twinx()
    shade.fill_between(points[seen], p[seen], color=REAL, alpha=0.2, linewidth=0, label="p, data")
    shade.fill_between(points[seen], q[seen], color=FAKE, alpha=0.2, linewidth=0, label="q, generator")
    shade.set(yticks=[], ylim=(0, 2 * p.max()))
    axis.plot(points[seen], best[seen], color="black", label="theory")
    axis.plot(points[seen][::4], (found - constant)[seen][::4], "o", color=THIRD, markersize=4, label="found")
    axis.set(title=name, xlabel="x")
axes[0].set_ylabel("best score")
axes[0].legend(fontsize=8), shade.legend(fontsize=8)
plt.show()

# %% [markdown]
# ## What the generator really descends
#
# Freeze $D^*$ and differentiate the generator's loss through $G(z) = m + z$. The non-saturating generator does not
# descend JSD, as is often said, but $\mathrm{KL}(q\Vert p) - 2\,\mathrm{JSD}$ (Arjovsky and Bottou 2017,
# arXiv:1701.04862, theorem 2.5), whose second part pushes *away* from the data; the saturating one descends
# $2\,\mathrm{JSD}$; their sum, Huszár's update, $\mathrm{KL}(q\Vert p)$.

# %%
noise = jnp.linspace(-10, 10, 2001)
weights = (noise[1] - noise[0]) * jnp.exp(norm.logpdf(noise))


def gen_loss(loss, mean):
    fake = mean + noise
    scores = log_p(fake) - log_q(fake)  # D* for the generator that stands at 1, whatever `mean` becomes
    return weights @ loss.generator(jnp.zeros_like(scores), scores)


def twice_js(mean):
    return 2 * divergences.js(log_p, lambda x: norm.logpdf(x, mean, 1.0), grid)


def kl(mean):
    return divergences.kl(lambda x: norm.logpdf(x, mean, 1.0), log_p, grid)


descents = {
    "non-saturating": (losses.non_saturating(), "KL − 2 JSD", lambda mean: kl(mean) - twice_js(mean)),
    "saturating": (losses.minimax(), "2 JSD", twice_js),
    "their sum": (losses.kl(), "KL", kl),
}
for name, (loss, what, divergence) in descents.items():
    slope = jax.grad(lambda mean, loss=loss: gen_loss(loss, mean))(1.0)
    print(f"{name:15s} slope {slope:.10f}   of {what:11s}{jax.grad(divergence)(1.0):.10f}")

# %% [markdown]
# The *gradients* agree, at the place for which $D^*$ is the best; the values do not. Below, the generator's loss
# against the frozen $D^*$ (dashed) touches the divergence (solid, shifted to meet it) at $m = 1$ and leaves it. Too
# long a step, or a discriminator that is not retrained, follows the dashed line.

# %%
means = jnp.linspace(-1, 3, 41)
figure, axes = plt.subplots(1, 3, figsize=(12, 3.2), sharex=True, layout="constrained")
for axis, (name, (loss, what, divergence)) in zip(axes, descents.items(), strict=True):
    frozen = jax.jit(jax.vmap(lambda mean, loss=loss: gen_loss(loss, mean)))(means)
    curve = jax.jit(jax.vmap(divergence))(means)
    axis.plot(means, curve - curve[20], color=THIRD, label=f"{what}, shifted")
    axis.plot(means, frozen - frozen[20], "--", color=FAKE, label="its loss, D* frozen at m = 1")
    axis.plot(1, 0, "o", color="black")
    axis.set(title=name, xlabel="mean m of the generator (data at 0)")
    axis.legend(fontsize=8)
axes[0].set_ylabel("value, 0 at m = 1")
plt.show()

# %% [markdown]
# ## Who saturates
#
# Move the generator away. Once the densities no longer overlap, JSD, TV and the relativistic value have nothing more to
# say (blue): they end at $\log 2$, 1 and $\log 2$. The Wasserstein distance, WGAN-div's and GAN-QP's divergence (green)
# keep growing, and KL (orange) faster than the distance. The first group is flat where a bad generator stands; notebook
# 5 is about the second.

# %%
shifts, wide = np.linspace(0, 7, 15), np.linspace(-9, 16, 801)
curves = {
    "JSD": (REAL, "-", divergences.js),
    "TV (hinge)": (REAL, "--", divergences.total_variation),
    "relativistic": (REAL, ":", lambda a, b, grid: np.log(2) - divergences.relativistic(a, b, grid[::4])),
    "W1": (THIRD, "-", divergences.wasserstein_1d_densities),
    "W-divergence (2, 6)": (THIRD, "--", lambda a, b, grid: divergences.w_divergence_1d(a, b, grid, 2, 6)),
    "GAN-QP, λ = 1": (THIRD, ":", lambda a, b, grid: divergences.gan_qp(a, b, grid[::4])),
    "KL": (FAKE, "-", divergences.kl),
}
figure, axis = plt.subplots(figsize=(7.5, 3.8), layout="constrained")
for name, (color, dashes, divergence) in curves.items():

    def value(shift, divergence=divergence):
        return divergence(log_p, lambda x: norm.logpdf(x, shift, 1.0), wide)

    axis.plot(shifts, jax.jit(jax.vmap(value))(shifts), dashes, color=color, label=name)
axis.set(xlabel="shift of the generator N(m, 1) from the data N(0, 1)", ylabel="divergence", ylim=(0, 4))
axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
plt.show()

# %% [markdown]
# ## GAN-QP, with a critic of two samples
#
# $L_D = -\Delta + \Delta^2/2\lambda d$ with $\Delta = T(x_r, x_f) - T(x_f, x_r)$ and $d$ the distance of the pair
# (Su 2018, arXiv:1811.07296). Its critic is a table here. With $P = p\otimes q$ and $Q = q\otimes p$ the optimum is
# $\Delta^* = \lambda d\,(P-Q)/(P+Q)$ and its value $\frac\lambda4\iint d\,(P-Q)^2/(P+Q)$. Between two points $d$ apart
# that is $\frac12\lambda d$: it never saturates.

# %%
few = points[::2]
weights_p, weights_q = 2 * p[::2], 2 * q[::2]
real, fake = (jnp.broadcast_to(x, (few.size, few.size)).ravel() for x in (few[:, None], few[None, :]))
objective = objectives.gan_qp(lambda_=1.0)


def quadratic(table):
    output = DiscriminatorOutput(table.ravel()), DiscriminatorOutput(table.T.ravel())
    play = Play(real[:, None], fake[:, None], real[:, None], (), *output, score_fn=lambda x: x[0])
    return weights_p @ objective.discriminator(jax.random.key(0), play).reshape(table.shape) @ weights_q


value, table = minimized(quadratic, jnp.zeros((few.size, few.size)))
print(f"found {-value:.8f}   theory {divergences.gan_qp(log_p, log_q, grid[::4]):.8f}")
found, best = table - table.T, divergences.optimal_gan_qp(log_p, log_q, few[:, None] + 0 * few, few + 0 * few[:, None])
near = np.flatnonzero((few > -3) & (few < 4))
figure, axes = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True, layout="constrained")
for axis, name, values in zip(axes, ("found", "theory"), (found, best), strict=True):
    shown = axis.pcolormesh(few[near], few[near], values[np.ix_(near, near)].T, cmap="RdBu", vmin=-4, vmax=4)
    axis.set(title=f"Δ(x_r, x_f), {name}", xlabel="x_r", aspect="equal")
axes[0].set_ylabel("x_f")
figure.colorbar(shown, ax=axes, label="score difference")
plt.show()

# %% [markdown]
# ## Information
#
# InfoGAN's term is a lower bound of $I(c; x)$, exact where $Q$ is the posterior (Chen et al. 2016, arXiv:1606.03657,
# after Barber and Agakov 2003). For $x = c + n$ with variances 1 and ¼ the information is $\frac12\log 5$ and the
# posterior is $N(.8x, .2)$: the bound is tight at a gain of .8 and falls off on both sides.

# %%
code_key, noise_key = jax.random.split(jax.random.key(0))
codes = jax.random.normal(code_key, (200_000, 1))
samples = codes + 0.5 * jax.random.normal(noise_key, (200_000, 1))
unit = np.sqrt(0.2)  # `gaussian_information` has variance 1: measure codes in the posterior's standard deviations
entropy = 0.5 * np.log(2 * np.pi * np.e) - np.log(unit)


@jax.jit
def bound(gain):
    terms = regularizers.gaussian_information(gain * samples / unit, codes / unit, entropy=entropy)
    return terms.mean(), terms.std() / np.sqrt(terms.size)


gains = np.linspace(0.5, 1.1, 13)
values, errors = np.array([bound(gain) for gain in gains]).T
figure, axis = plt.subplots(figsize=(6, 3), layout="constrained")
axis.axhline(divergences.mutual_information_gaussian(1.0, 0.25), color="black", label="I(c; x) = ½ log 5")
axis.errorbar(gains, values, 2 * errors, fmt="o", color=THIRD, markersize=4, label="the bound, ± 2 standard errors")
axis.set(xlabel="gain a of the posterior Q = N(a x, .2)", ylabel="nats")
axis.legend()
plt.show()

# %% [markdown]
# ## Try
#
# - Two densities of your own: any two functions that give log-densities.
# - `losses.margin(m)` in the descent, with scores kept at most 0: it finds $m(1 - \mathrm{TV})$.
# - The whole ledger: `python experiments/derivations.py`, and with `--neural` the same by training networks on samples.
