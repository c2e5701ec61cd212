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
# # 2. The losses and their gradients
#
# A loss sees scores and nothing else: $r = D(x)$ of a real sample, $f = D(G(z))$ of a fake one, high where the
# discriminator believes. What trains is not its value but its slope: how hard each score is pushed, and which way. So
# this notebook differentiates every loss of `ganjax.losses` with `jax.grad` and looks.

# %%
from importlib.util import find_spec

if find_spec("ganjax") is None:  # in Colab; OWNER is whose repository this notebook comes from
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/ganjax")

# %%
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from jax.scipy.stats import norm

from ganjax import divergences, losses
from ganjax.losses import LOSSES

jax.config.update("jax_enable_x64", True)  # enough digits to tell a proof from a coincidence
REAL, FAKE, THIRD = "#3b6ea8", "#e07b00", "#2a8c55"

# %% [markdown]
# ## The family
#
# Each loss is a pair of functions of $(r, f)$, elementwise, minimised, never reduced. $\mathrm{sp}(t) = \log(1 + e^t)$,
# $p$ is the data's density and $q$ the generator's, $P = p \otimes q$, $Q = q \otimes p$; bars are batch means.
#
# | `LOSSES[…]` | discriminator minimises | generator minimises | $\mathbb{E} L_D$ at the best discriminator |
# |---|---|---|---|
# | `minimax` [1] | $\mathrm{sp}(-r) + \mathrm{sp}(f)$ | $-\mathrm{sp}(f)$ | $\log 4 - 2\,\mathrm{JSD}$ |
# | `non_saturating` [1] | the same | $\mathrm{sp}(-f)$ | the same |
# | `kl` [2] | the same | $-f$ | the same |
# | `least_squares` [3] | $\frac12 (r-1)^2 + \frac12 f^2$ | $\frac12 (f-1)^2$ | $\frac12 \int pq/(p+q)$ |
# | `hinge` [4] | $(1-r)^+ + (1+f)^+$ | $-f$ | $2 - 2\,\mathrm{TV}$ |
# | `wasserstein` [5] | $f - r$ | $-f$ | $-W_1$, over 1-Lipschitz $D$ |
# | `margin` [6] | $-r + (m + f)^+$ | $-f$ | $m(1 - \mathrm{TV})$, over $D \le 0$ |
# | `relativistic` [7] | $\mathrm{sp}(-(r-f))$ | $\mathrm{sp}(-(f-r))$ | $\log 2 - \mathrm{JSD}(P, Q)$ |
# | `relativistic_average` [7] | $\frac12[\mathrm{sp}(-(r-\bar f)) + \mathrm{sp}(f-\bar r)]$ | $r \leftrightarrow f$ | |
# | `relativistic_average_least_squares` [7] | $\frac12[(r-\bar f-1)^2 + (f-\bar r+1)^2]$ | $r \leftrightarrow f$ | |
# | `relativistic_average_hinge` [7] | $\frac12[(1-r+\bar f)^+ + (1+f-\bar r)^+]$ | $r \leftrightarrow f$ | |
# | `f_gan` [8] | $-g(r) + f^*(g(f))$ | $-f^*(g(f))$ | $-D_f(p\Vert q)$ |
# | `sigmoid_mse` | $\frac12 (\sigma(r)-1)^2 + \frac12\sigma(f)^2$ | $\frac12(\sigma(f)-1)^2$ | $\frac12\int pq/(p+q)$ |
#
# [1] Goodfellow et al. 2014, arXiv:1406.2661. [2] Huszár 2016, "An Alternative Update Rule for Generative Adversarial
# Networks"; Sønderby et al. 2016, arXiv:1610.04490. [3] Mao et al. 2016, arXiv:1611.04076. [4] Lim and Ye 2017,
# arXiv:1705.02894. [5] Arjovsky et al. 2017, arXiv:1701.07875. [6] Zhao et al. 2016, arXiv:1609.03126.
# [7] Jolicoeur-Martineau 2018, arXiv:1807.00734; 2019, arXiv:1901.02474. [8] Nowozin et al. 2016, arXiv:1606.00709.
# The last is an early tutorial's: [3] behind a sigmoid.

# %% [markdown]
# ## Against numbers worked by hand
#
# At $r = \log 3$ and $f = -\log 4$ the sigmoids are $\frac34$ and $\frac15$, and every value and slope is made of
# fractions and their logarithms: $\mathrm{sp}(-r) = \log\frac43$, $\mathrm{sp}(f) = \log\frac54$,
# $r - f = \log 12 = t$. A batch mean over one sample is that sample. `margin` has $m = 10$, `f_gan` is
# Jensen–Shannon's.

# %%
log, t = np.log, np.log(12)
by_hand = {  # L_D, ∂L_D/∂r, ∂L_D/∂f, L_G, ∂L_G/∂f
    "minimax": (log(5 / 3), -1 / 4, 1 / 5, -log(5 / 4), -1 / 5),
    "non_saturating": (log(5 / 3), -1 / 4, 1 / 5, log(5), -4 / 5),
    "kl": (log(5 / 3), -1 / 4, 1 / 5, log(4), -1),
    "least_squares": ((log(3) - 1) ** 2 / 2 + log(4) ** 2 / 2, log(3) - 1, -log(4), (log(4) + 1) ** 2 / 2, -log(4) - 1),
    "hinge": (0, 0, 0, log(4), -1),
    "wasserstein": (-t, -1, 1, log(4), -1),
    "margin": (10 - t, -1, 1, log(4), -1),
    "relativistic": (log(13 / 12), -1 / 13, 1 / 13, log(13), -12 / 13),
    "relativistic_average": (log(13 / 12), -1 / 13, 1 / 13, log(13), -12 / 13),
    "relativistic_average_least_squares": ((t - 1) ** 2, 2 * (t - 1), -2 * (t - 1), (t + 1) ** 2, -2 * (t + 1)),
    "relativistic_average_hinge": (0, 0, 0, 1 + t, -1),
    "f_gan": (log(5 / 12), -1 / 4, 1 / 5, log(8 / 5), -1 / 5),
    "sigmoid_mse": (41 / 800, -3 / 64, 4 / 125, 8 / 25, -16 / 125),
}


def value_and_slopes(loss, r, f):
    disc_value, (disc_r, disc_f) = jax.value_and_grad(loss.discriminator, argnums=(0, 1))(r, f)
    gen_value, gen_f = jax.value_and_grad(loss.generator, argnums=1)(r, f)
    return jnp.stack([disc_value, disc_r, disc_f, gen_value, gen_f])


print(f"{'':35s}" + "".join(f"{head:>10s}" for head in ("L_D", "∂r L_D", "∂f L_D", "L_G", "∂f L_G")))
for name, builder in LOSSES.items():
    found = value_and_slopes(builder(), jnp.log(3.0), -jnp.log(4.0))
    np.testing.assert_allclose(found, by_hand[name], rtol=1e-12, atol=1e-14)
    print(f"{name:35s}" + "".join(f"{x + 0.0:10.4f}" for x in found))  # + 0.0: -0 is 0

# %% [markdown]
# ## What each player feels
#
# The push on a score is minus the slope: above 0 the player raises the score, below it lowers it. Solid blue: the
# discriminator on a real sample that scores $s$; dashed: on a fake one. The orange band: the generator on a fake one.
# Where there is a partner, it scores 0; `margin` has $m = 2$ here.
#
# Look for curves on the zero line: a player that feels nothing. Hinge's discriminator has had enough beyond $\pm 1$.
# `minimax` and `f_gan` leave the generator of bad samples (left) to itself, `sigmoid_mse` everyone who is sure, right
# or wrong. Squares push without bound, and push back a real sample that scores too well. `wasserstein` pushes alike
# everywhere, for ever: what stops its scores must come from elsewhere (notebook 5).

# %%
scores = jnp.linspace(-6, 6, 121)


def pushes(loss):
    over_real = jax.vmap(lambda s: -value_and_slopes(loss, s, 0.0))(scores)
    over_fake = jax.vmap(lambda s: -value_and_slopes(loss, 0.0, s))(scores)
    return over_real[:, 1], over_fake[:, 2], over_fake[:, 4]


figure, axes = plt.subplots(3, 5, figsize=(13, 7), sharex=True, sharey=True, layout="constrained")
for axis, (name, builder) in zip(axes.flat, LOSSES.items(), strict=False):
    on_real, on_fake, by_generator = pushes(builder(m=2.0) if name == "margin" else builder())
    axis.axhline(0, color="0.8", linewidth=1)
    axis.plot(scores, by_generator, color=FAKE, linewidth=6, alpha=0.45, label="generator, on a fake one")
    axis.plot(scores, on_real, color=REAL, label="discriminator, on a real one")
    axis.plot(scores, on_fake, color=REAL, linestyle="--", label="discriminator, on a fake one")
    axis.set(title=name.replace("relativistic_average", "rel. average").replace("_", " "), ylim=(-2.2, 2.2))
for axis in axes.flat[len(LOSSES) :]:
    axis.set_axis_off()
for axis in axes[1, 3:]:
    axis.tick_params(labelbottom=True)
figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="lower right", bbox_to_anchor=(0.99, 0.1))
figure.supxlabel("score s")
figure.supylabel("push on the score")
plt.show()

# %% [markdown]
# ## Saturating or not
#
# Three generators face one discriminator. With the probability $\sigma(f)$ that a fake is given of being real, they
# minimise $\log(1 - \sigma(f))$, $-\log \sigma(f)$, and the sum of both, which is just $-f$. Their slopes are
# $-\sigma(f)$, $-\sigma(-f)$ and $-1$: the first dies where the discriminator is sure of a fake, which is where a bad
# generator stands; the second dies where it is fooled; Huszár's never.
#
# Left, the slopes. Right, what arrives at a generator $N(m, 1)$ of data $N(0, 1)$ under the best discriminator,
# $f^* = \log p/q$: the pull on $m$. It is the slope of $2\,\mathrm{JSD}$, of $\mathrm{KL}(q\Vert p) - 2\,\mathrm{JSD}$
# (Arjovsky and Bottou 2017, arXiv:1701.04862, theorem 2.5) and of $\mathrm{KL}(q\Vert p) = m^2/2$. "Saturation" is the
# blue curve that comes back to the axis.

# %%
noise = jnp.linspace(-9, 9, 1001)
weights = norm.pdf(noise) * (noise[1] - noise[0])


def pull(loss, distance):
    """−∂/∂m E L_G at the best discriminator of N(0, 1) against N(distance, 1), which is held."""

    def value(mean):
        x = mean + noise
        f = divergences.optimal_discriminator(norm.logpdf(x), norm.logpdf(x, distance))
        return weights @ loss.generator(jnp.zeros_like(f), f)

    return jax.grad(value)(distance)


distances = jnp.linspace(0, 5, 51)
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for name, color in (("minimax", REAL), ("non_saturating", FAKE), ("kl", THIRD)):
    loss = LOSSES[name]()
    left.plot(scores, pushes(loss)[2], color=color, label=name)
    right.plot(distances, jax.vmap(lambda m, loss=loss: pull(loss, m))(distances), color=color, label=name)
left.set(xlabel="score of a fake sample: sure of it ← → fooled by it", ylabel="push on its score", ylim=(-0.05, 1.1))
right.set(xlabel="distance m of the generator from the data", ylabel="pull towards the data")
left.legend()
plt.show()

# %% [markdown]
# ## Two by two
#
# A relativistic loss compares: a fake is pushed up as long as its real partner scores higher, by $\sigma(r - f)$. So a
# shift of all scores changes nothing, and the pushes on a batch sum to zero.
#
# The averaged losses compare with the other side's batch mean, and gradients flow *through* the means. With
# `stop_gradient` on them the loss has the same value but other slopes, which no longer sum to zero: another game.

# %%
figure, axis = plt.subplots(figsize=(6, 3.2), layout="constrained")
for partner, color in ((-3.0, REAL), (0.0, "0.4"), (3.0, FAKE)):
    loss = losses.relativistic()
    slope = jax.vmap(jax.grad(loss.generator, argnums=1), in_axes=(None, 0))(partner, scores)
    axis.plot(scores, -slope, color=color, label=f"its real partner scores {partner:g}")
axis.set(xlabel="score of a fake sample", ylabel="push by the generator", ylim=(-0.05, 1.1))
axis.legend()
plt.show()

# %%
pair = losses.relativistic().discriminator
real_scores, fake_scores = jnp.array([2.0, -1.0, 0.5]), jnp.array([1.0, -2.0, -3.0])


def average_from_pairs(r, f, hold=lambda mean: mean):
    """½[sp(−(r − f̄)) + sp(−(r̄ − f))]; `hold` is what is done to the means."""
    real_mean, fake_mean = (jnp.broadcast_to(hold(s.mean()), s.shape) for s in (r, f))
    return 0.5 * (pair(r, fake_mean) + pair(real_mean, f)).mean()


for name, value in {
    "the library's": lambda r, f: losses.relativistic_average().discriminator(r, f).mean(),
    "from pairs": average_from_pairs,
    "means stopped": lambda r, f: average_from_pairs(r, f, hold=jax.lax.stop_gradient),
}.items():
    loss, (of_real, of_fake) = jax.value_and_grad(value, argnums=(0, 1))(real_scores, fake_scores)
    print(f"{name:14s} value {loss:.6f}  slopes {np.round(np.concatenate([of_real, of_fake]), 3)}", end="  ")
    print(f"sum {abs(of_real.sum() + of_fake.sum()):.3f}")

# %% [markdown]
# ## Who may be moved
#
# Both losses depend on both players: $f = D(G(z))$. With $G(z) = \theta$ and $D(x) = \varphi x$, the discriminator's
# loss has a slope in $\theta$ too, and following it the generator would make itself *easier* to tell. Hence
# `jax.lax.stop_gradient` on the fake sample, or a `grad` with respect to one player at a time. In `minimax`,
# `wasserstein` and `f_gan` that unwanted slope is exactly minus the wanted one: but for what the generator can't move,
# $L_G = -L_D$, a zero-sum game. In the others it isn't. Notebook 4 makes both gradients out of one scalar.

# %%
x, theta, phi = 1.0, 0.5, 2.0


def slopes(player, hold=lambda sample: sample):
    def value(theta, phi):
        return player(jnp.asarray(phi * x), phi * hold(theta))

    return "  ".join(f"{slope:7.4f}" for slope in jax.grad(value, argnums=(0, 1))(theta, phi))


print(f"{'':36s} ∂θ      ∂φ")
for name in ("minimax", "wasserstein", "non_saturating"):
    loss = LOSSES[name]()
    print(f"{name:15s} L_D             {slopes(loss.discriminator)}")
    print(f"{'':15s} L_D, G stopped  {slopes(loss.discriminator, jax.lax.stop_gradient)}")
    print(f"{'':15s} L_G             {slopes(loss.generator)}")

# %% [markdown]
# ## Any f-divergence
#
# For a convex $f$, $D_f(p\Vert q) = \int q\, f(p/q)$. Its conjugate $f^*(t) = \sup_u\, tu - f(u)$ makes a game of it:
#
# $$D_f(p\Vert q) = \max_T\; \mathbb{E}_p T - \mathbb{E}_q f^*(T), \qquad T^* = f'(p/q)$$
#
# (Nguyen et al. 2008, arXiv:0809.0853; Nowozin et al. 2016, eq. 4 and 5). An output activation $T = g(\text{score})$
# keeps $T$ where $f^*$ is finite. The library has nine, each with $f$, $f^*$, $g$ and $T^*$.
#
# Checks: $f^*$ against the supremum taken by brute force; Fenchel's equality $f(u) + f^*(f'(u)) = u f'(u)$ with $f'$ by
# `jax.grad`; and on two points, $p = (\frac12, \frac12)$, $q = (\frac14, \frac34)$, the divergence by hand, by the
# library's table, and as minus the least loss of `losses.f_gan` over the two scores.

# %%
p, q = np.array([1 / 2, 1 / 2]), np.array([1 / 4, 3 / 4])
jeffreys, twice_js = log(3) / 4, log(4 / 3) / 2 + log(4 / 5) / 2 + log(2 / 3) / 4 + 3 * log(6 / 5) / 4
by_hand = {
    "total_variation": 1 / 4,
    "kl": log(4 / 3) / 2,
    "reverse_kl": log(1 / 2) / 4 + 3 * log(3 / 2) / 4,
    "pearson": 1 / 3,
    "neyman": 1 / 4,
    "squared_hellinger": 2 - (1 + np.sqrt(3)) / np.sqrt(2),
    "jeffreys": jeffreys,
    "jensen_shannon": twice_js,
    "gan": twice_js - log(4),
}
ratios, everywhere = jnp.geomspace(0.2, 5, 41), jnp.geomspace(1e-3, 1e2, 200_001)
grid = jnp.linspace(-20, 20, 400_001)


def least_loss(divergence):
    """min E L_D over two scores: L_D(r, f) = A(r) + B(f), so each point's score is found by itself."""
    disc = losses.f_gan(divergence).discriminator
    zero = jnp.zeros_like(grid)
    of_real, of_fake = disc(grid, zero), disc(zero, grid)
    return sum((a * of_real + b * of_fake).min() for a, b in zip(p, q, strict=True)) - disc(zero, zero)[0]


print(f"{'':18s}   by hand   library  −min L_D   f* − sup   Fenchel")
for name, divergence in divergences.DIVERGENCES.items():
    slope = jax.vmap(jax.grad(divergence.f))(ratios)
    sup = jnp.stack([jnp.max(t * everywhere - divergence.f(everywhere)) for t in slope])
    conjugate = jnp.abs(divergence.conjugate(slope) - sup).max()
    fenchel = jnp.abs(divergence.f(ratios) + divergence.conjugate(slope) - ratios * slope).max()
    numbers = (by_hand[name], divergences.f_divergence_discrete(divergence, p, q), -least_loss(divergence))
    np.testing.assert_allclose(numbers, by_hand[name], atol=1e-8)
    print(f"{name:18s} " + " ".join(f"{x:9.6f}" for x in numbers) + f"   {conjugate:8.0e}  {fenchel:8.0e}")

# %% [markdown]
# Left, the nine $f$: what a ratio $u = p/q$ costs. All but `gan` are 0 at $u = 1$. Those that grow fast to the right
# (Pearson, KL) punish data that the generator misses, those that grow to the left (Neyman, reverse KL) samples that it
# makes up. Right, the bound on $N(0, 1)$ against $N(1, 1)$ for critics that are wrong about $\log p/q$ by a constant:
# each touches its divergence at 0 and lies below it elsewhere. Where it falls steeply, an inexact critic misjudges
# badly.

# %%
u, errors, x = jnp.linspace(0.02, 3, 200), jnp.linspace(-1, 1, 81), jnp.linspace(-9, 10, 2001)
log_ratio = divergences.optimal_discriminator(norm.logpdf(x), norm.logpdf(x, 1.0))
density_p, density_q = (norm.pdf(x, mean) * (x[1] - x[0]) for mean in (0.0, 1.0))


def bound(divergence, error):
    critic = divergence.optimal_critic(log_ratio + error)
    return density_p @ critic - density_q @ divergence.conjugate(critic)


figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
for index, (name, divergence) in enumerate(divergences.DIVERGENCES.items()):
    style = {"color": plt.cm.tab10(index), "linestyle": ("-", "--", ":")[index % 3], "label": name.replace("_", " ")}
    left.plot(u, divergence.f(u), **style)
    values = jax.vmap(lambda error, divergence=divergence: bound(divergence, error))(errors)
    right.plot(errors, values - values[40], **style)
left.set(xlabel="ratio u = p/q", ylabel="f(u)", ylim=(-2.6, 4))
right.set(
    xlabel="error of the critic's log p/q",
    ylabel="bound minus divergence",
    ylim=(-1.5, 0.1),
    xticks=(-1, -0.5, 0, 0.5, 1),
)
right.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
plt.show()

# %% [markdown]
# ## Try
#
# - `losses.least_squares(a=-1, b=1, c=0)`, Mao's choice with a $\chi^2$ divergence at its optimum: which pushes change?
# - `losses.f_gan(divergences.PEARSON, practical=True)` beside `practical=False`.
# - A loss of your own: any two functions of $(r, f)$. The README says how it joins the table, and its tests with it.
