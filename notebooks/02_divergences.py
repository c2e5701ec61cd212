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
# # 2. What the games measure
#
# A discriminator that has learned all there is to learn knows a *divergence* between the data's density $p$ and the
# generator's $q$. Which one depends on the loss. Here each derivation is done twice: once by integrals, once by letting
# the library's own loss find its optimum. `python experiments/derivations.py` does it for all of them.
#
# In Colab, install the library from its repository first: `!pip install -q git+REPOSITORY`.

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

# %% [markdown]
# ## Two densities
#
# A density is a function of points that gives its logarithm; an integral is a sum over a grid. For two Gaussians one
# standard deviation apart everything is known in closed form.

# %%
grid = np.linspace(-12, 13, 4000)


def log_p(x):
    return norm.logpdf(x, 0.0, 1.0)


def log_q(x):
    return norm.logpdf(x, 1.0, 1.0)


for name in ("kl", "js", "total_variation", "squared_hellinger", "pearson"):
    print(f"{name:18s} {getattr(divergences, name)(log_p, log_q, grid):.9f}")

# %% [markdown]
# ## The best discriminator
#
# Give the discriminator one free score at each point of a coarse grid, no network at all, and descend the average of
# its loss over all pairs (real at $x$, fake at $y$). The loss is convex in the scores, so descent finds *the* optimum.
# Rprop looks at each slope's sign alone, so that the points in the tails, which weigh next to nothing, learn as fast as
# the others.

# %%
points = jnp.linspace(-8, 9, 161)
step = points[1] - points[0]
p, q = step * jnp.exp(log_p(points)), step * jnp.exp(log_q(points))


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


loss = losses.minimax()
value, scores = minimized(lambda s: expected(loss.discriminator, s), jnp.zeros_like(points))
print("V(D*)         ", -value)
print("-log 4 + 2 JSD", -np.log(4) + 2 * divergences.js(log_p, log_q, grid))

# %%
figure, axis = plt.subplots(figsize=(6, 3))
axis.fill_between(points, p / p.max(), alpha=0.2, label="p")
axis.fill_between(points, q / p.max(), alpha=0.2, label="q")
axis.plot(points, p / (p + q), "k", label="p/(p+q)")
axis.plot(points[::3], jax.nn.sigmoid(scores)[::3], "g.", label="found")
axis.legend(loc="right")
plt.show()

# %% [markdown]
# ## Another loss, another divergence
#
# The same descent with other losses. Hinge finds $2 - 2\,\mathrm{TV}$; every f-GAN finds minus its own divergence; the
# relativistic loss finds $\log 2 - \mathrm{JSD}(p\otimes q,\ q\otimes p)$.

# %%
chi_squared = losses.f_gan(divergences.PEARSON)
for name, loss, theory in (
    ("hinge", losses.hinge(), divergences.hinge(log_p, log_q, grid)),
    ("pearson", chi_squared, -divergences.pearson(log_p, log_q, grid)),
    ("relativistic", losses.relativistic(), divergences.relativistic(log_p, log_q, grid[::4])),
):
    value, _ = minimized(lambda s, loss=loss: expected(loss.discriminator, s), jnp.zeros_like(points))
    print(f"{name:13s} found {value:.6f}   theory {theory:.6f}")

# %% [markdown]
# ## What the generator really descends
#
# Freeze $D^*$ and differentiate the generator's loss through $G(z) = \mu + z$. The non-saturating generator does not
# descend JSD, as is often said, but $\mathrm{KL}(q\|p) - 2\,\mathrm{JSD}$; the saturating one descends
# $2\,\mathrm{JSD}$; their sum, Huszár's update, descends $\mathrm{KL}(q\|p)$. The *gradients* agree; the values do not.

# %%
noise = jnp.linspace(-10, 10, 2001)
weights = (noise[1] - noise[0]) * jnp.exp(norm.logpdf(noise))


def generator_slope(loss):
    def value(mean):
        fake = mean + noise
        scores = log_p(fake) - log_q(fake)  # D* for the generator that stands at 1, whatever `mean` becomes
        return weights @ loss.generator(jnp.zeros_like(scores), scores)

    return jax.grad(value)(1.0)


def slope(divergence):
    return jax.grad(lambda mean: divergence(log_p, lambda x: norm.logpdf(x, mean, 1.0), grid))(1.0)


twice_js = 2 * slope(divergences.js)
kl = slope(lambda first, second, grid: divergences.kl(second, first, grid))
print("non-saturating", generator_slope(losses.non_saturating()), "  KL - 2 JSD", kl - twice_js)
print("saturating    ", generator_slope(losses.minimax()), "  2 JSD     ", twice_js)
print("their sum     ", generator_slope(losses.kl()), "  KL        ", kl)

# %% [markdown]
# ## Who saturates
#
# Move the generator away. Once the densities no longer overlap, JSD, TV and the relativistic value have nothing more to
# say; the Wasserstein distance and GAN-QP keep growing.

# %%
places, wide = np.linspace(0, 6, 13), np.linspace(-10, 16, 1500)
curves = {
    "JSD": divergences.js,
    "TV": divergences.total_variation,
    "W1": divergences.wasserstein_1d_densities,
    "GAN-QP": lambda a, b, grid: divergences.gan_qp(a, b, grid[::2]),
}
figure, axis = plt.subplots(figsize=(6, 3))
for name, divergence in curves.items():
    axis.plot(places, [divergence(log_p, lambda x, m=m: norm.logpdf(x, m, 1.0), wide) for m in places], label=name)
axis.set(xlabel="shift", ylim=(0, 3.2))
axis.legend()
plt.show()

# %% [markdown]
# ## Transport
#
# The cheapest way to turn one heap into another is a linear programme; its dual has one potential for each heap. For a
# *metric* cost one potential does for both, and that is a WGAN's critic. For the squared distance it does not: it earns
# what transport would cost if it could stop on the way.

# %%
places = np.linspace(-4, 5, 28)
a, b = (np.exp(log_density(places)) for log_density in (log_p, log_q))
a, b = a / a.sum(), b / b.sum()
for power in (1, 2):
    cost = np.abs(places[:, None] - places[None, :]) ** power
    primal, dual, single = (
        solve(cost, a, b).value
        for solve in (divergences.transport_primal, divergences.transport_dual, divergences.kantorovich_rubinstein)
    )
    print(f"|x - y|^{power}: primal {primal:.6f}  dual {dual:.6f}  one potential {single:.6f}")

# %% [markdown]
# ## What a penalty does to the critic
#
# WGAN-GP pulls slopes to 1 instead of forbidding larger ones. On the line its critic's slope is
# $1 + |\Delta F|/2\lambda\rho$ in size, so its gap *over*estimates W1, by $\int \Delta F^2/2\lambda\rho$.

# %%
print("W1", divergences.wasserstein_1d_densities(log_p, log_q, grid))
for weight in (0.1, 1.0, 10.0):
    print(f"gap of WGAN-GP's critic, weight {weight:4}: {divergences.wgan_gp_1d(log_p, log_q, grid, weight):.6f}")

# %% [markdown]
# ## GAN-QP, with a critic of two samples
#
# $L_D = -\Delta + \Delta^2/2\lambda d$ with $\Delta = T(x_r, x_f) - T(x_f, x_r)$. Its critic is a table here; the
# optimum is $\Delta^* = \lambda d\,(P-Q)/(P+Q)$. Between two points $d$ apart the divergence is $\frac12\lambda d$: it
# never saturates.

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
print("found", -value, "  theory", divergences.gan_qp(log_p, log_q, grid[::4]))
print("between points 100 apart", divergences.gan_qp_points(100.0, 1.0))

# %% [markdown]
# ## Information
#
# InfoGAN's term is a lower bound of $I(c; x)$, exact where $Q$ is the posterior. For $x = c + n$ with variances 1 and
# ¼ the information is $\frac12\log 5$; the posterior is $N(.8x, .2)$.

# %%
code_key, noise_key = jax.random.split(jax.random.key(0))
codes = jax.random.normal(code_key, (200_000, 1))
samples = codes + 0.5 * jax.random.normal(noise_key, (200_000, 1))
unit = np.sqrt(0.2)  # `gaussian_information` has variance 1: measure codes in the posterior's standard deviations
entropy = 0.5 * np.log(2 * np.pi * np.e) - np.log(unit)
print("I(c; x)", divergences.mutual_information_gaussian(1.0, 0.25))
for gain in (0.8, 0.5):
    terms = regularizers.gaussian_information(gain * samples / unit, codes / unit, entropy=entropy)
    print(f"Q = N({gain} x, .2): {terms.mean():.4f} ± {terms.std() / np.sqrt(terms.size):.4f}")

# %% [markdown]
# ## Try
#
# - Two densities of your own: any two functions that give log-densities.
# - `divergences.w_divergence_1d(log_p, log_q, grid, 2, 6)`, and its critic beside Kantorovich's.
# - The whole ledger: `python experiments/derivations.py`, and with `--neural` the same by training networks on samples.
