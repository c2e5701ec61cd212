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
# # 6. Energy
#
# A score can be read as an energy with its sign turned, $E = -D$: low where data are, high elsewhere. Then $e^{-E}$ is
# a density that nobody has normalized, and Markov chains can sample it. This notebook checks the chains on laws that
# are known, and then trains two games whose discriminator is an energy.

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

from ganjax import architectures, data, losses, metrics, objectives, priors, samplers, steps
from ganjax.types import Game, Variables

# %% [markdown]
# ## Chains on a known law
#
# Langevin's chain walks down the slope of $U$ and adds noise: $z \leftarrow z - a\nabla U(z) + \sqrt{2a}\,\xi$. Its
# stationary law is $e^{-U}$ only as $a \to 0$: on $N(0, 1)$ the variance is $2/(2 - a)$. MALA takes the same move as a
# proposal and refuses some, with the probability of Metropolis and Hastings; then $e^{-U}$ is stationary whatever $a$
# (Besag 1994; Roberts and Tweedie 1996). Eight thousand chains begin far too close together and walk 300 steps.

# %%
step_sizes = np.array([0.01, 0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5])
start = 0.1 * jax.random.normal(jax.random.key(0), (8000, 1))


@jax.jit
def variances(key, a):
    settings = {"energy": lambda z: 0.5 * jnp.sum(z**2), "latents": start, "step_size": a, "num_steps": 300}
    chains = samplers.mala(key, **settings)
    return samplers.langevin(key, **settings).var(), chains.latents.var(), chains.acceptance_rate.mean()


keys = jax.random.split(jax.random.key(1), len(step_sizes))
unadjusted, adjusted, accepted = np.array([variances(*each) for each in zip(keys, step_sizes, strict=True)]).T
figure, axis = plt.subplots(figsize=(7, 3.5))
fine = np.linspace(0.01, 1.55, 200)
axis.plot(fine, 2 / (2 - fine), color="gray", linewidth=1, label="2 / (2 − a)")
axis.axhline(1, color="gray", linewidth=1, linestyle=":", label="the truth")
axis.plot(step_sizes, unadjusted, "o", color="#e07b00", label="Langevin")
axis.plot(step_sizes, adjusted, "s", color="#3b6ea8", label="MALA")
for a, variance, rate in zip(step_sizes, adjusted, accepted, strict=True):
    axis.annotate(f"{rate:.0%}", (a, variance), (0, -14), textcoords="offset points", ha="center", fontsize=8)
axis.set(xlabel="step size a", ylabel="variance after 300 steps", ylim=(0, 4.2))
axis.set_title("chains on N(0, 1), and the share of proposals that MALA takes", fontsize=10)
axis.legend()
plt.show()

# %% [markdown]
# ## An auto-encoder as an energy: EBGAN
#
# The discriminator is an auto-encoder and the energy its error, $E(x) = \lVert \mathrm{Dec}(\mathrm{Enc}(x)) -
# x\rVert$. It learns to rebuild data, and to fail on fakes up to a margin $m$:
#
# $$L_D = E(x) + \max(m - E(G(z)), 0), \qquad L_G = E(G(z)) + w \, \mathrm{mean}_{i \ne j} \cos^2(S_i, S_j).$$
#
# The last term repels: $S$ are the encoder's codes of a batch of fakes, and parallel codes cost most (Zhao, Mathieu and
# LeCun 2016, arXiv:1609.03126). Eight Gaussians on a circle, three games.

# %%
ring, mlp = data.load("ring"), architectures.ARCHITECTURES["mlp"]
real = data.batch_at(ring, jax.random.key(5), 0, 2000).samples


def trained(game, num_steps, disc_steps=1):
    adam = optax.adam(1e-3, b1=0.5)
    algorithm = steps.averaged(steps.alternating(game, adam, adam, disc_steps=disc_steps), steps.warmed_up(0.999))
    state = algorithm.init(jax.random.key(0), data.batch_at(ring, jax.random.key(1), 0, 64 * disc_steps))
    run = steps.compiled_chunk(algorithm, ring.draw, ring.gather, batch_size=64, length=num_steps)
    return run(state, jax.random.key(2), ring.arrays)


def generated(game, state, latents):
    return np.asarray(game.generator.apply(steps.generator_variables(state), latents)[0])


def energy_of(game, state):
    variables = Variables(state.disc_params, state.disc_stats)
    return lambda x: -game.discriminator.apply(variables, x[None])[0].scores[0]


REACH = 1.6


def landscape(axis, energy, points, title, *, most=None):
    line = np.linspace(-REACH, REACH, 121)
    plane = jnp.stack(jnp.meshgrid(line, line), axis=-1).reshape(-1, 2)
    heights = np.asarray(jax.vmap(energy)(plane)).reshape(121, 121)
    most = np.quantile(heights, 0.98) if most is None else most
    shades = axis.contourf(line, line, np.minimum(heights, most), np.linspace(heights.min(), most, 25), cmap="cividis")
    axis.plot(*np.asarray(points).T, ".", markersize=3, color="#ff7f0e", label="generated")
    axis.plot(*np.asarray(real[:400]).T, ".", markersize=3, color="white", label="real")
    axis.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", xlabel="x₁", ylabel="x₂")
    axis.set_title(title, fontsize=10)
    return shades


# %%
latents = priors.normal(2).sample(jax.random.key(3), 2000)
figure, axes = plt.subplots(1, 3, figsize=(13, 4.3), layout="constrained")
for axis, (margin, weight) in zip(axes, ((0.3, 0.0), (0.3, 0.1), (1.0, 0.1)), strict=True):
    game = Game(
        generator=mlp.generator((2,), features=(64, 64)),
        discriminator=architectures.autoencoder_discriminator((2,), features=(64, 64), code_dim=16),
        objective=objectives.ebgan(margin, weight),
        prior=priors.normal(2),
    )
    state, _ = trained(game, 2000)
    points, energy = generated(game, state, latents), energy_of(game, state)
    loss = losses.margin(margin).discriminator(-jax.vmap(energy)(real), -jax.vmap(energy)(points)).mean()
    found = metrics.mode_statistics(points, data.ring_centers(), 0.01)
    shades = landscape(axis, energy, points[:500], f"margin {margin}, repelling {weight}", most=1.5 * margin)
    figure.colorbar(shades, ax=axis, label="energy, cut at 1.5 margins", shrink=0.8, format="%.2f")
    print(
        f"margin {margin}, repelling {weight}: {found.modes_found} modes, reverse KL {found.reverse_kl:.2f}; "
        f"discriminator's loss {loss:.3f}, so TV ≥ {1 - loss / margin:.2f}"
    )
axes[0].legend(loc="lower right", fontsize=8, facecolor="gray")
plt.show()

# %% [markdown]
# The energy is pushed up only where fakes have been. What nobody visits stays low: a small margin leaves whole basins
# around modes that the generator never found, and nothing calls it there. A margin as large as the ring makes eight
# wells. The repelling term helped here; but these are single runs, and one run is no evidence (notebook 8 plays a
# hundred).
#
# The printed bound: at the optimal discriminator the game's value is $m(1 - \mathrm{TV}(p, q))$, and any other has more
# (theorem 1 of the paper, read for $q \ne p$), so a loss of $L_D$ shows a total variation of at least $1 - L_D/m$.
#
# ## A generator that keeps its entropy up: MEG
#
# If $L_G = E(G(z)) - H(G(z))$ were minimised exactly, the generator's law would be $e^{-E}/Z$: a sampler of the energy.
# A third network $T(x, z)$ stands in for the entropy: the more of its latents a sample keeps, the better $T$ tells
# pairs $(G(z), z)$ from shuffled ones, and the generator is paid for that:
#
# $$L_D = E(x) - E(G(z)) + \lambda\lVert\nabla E(x)\rVert^2, \qquad
#   L_G = E(G(z)) + \mathrm{sp}(-T(G(z), z)) + \mathrm{sp}(T(G(z), z'))$$
#
# with $\mathrm{sp}(t) = \log(1 + e^t)$ and $z'$ the latents of other samples (Kumar et al. 2019, arXiv:1901.08508).
# Here $\lambda = 0.02$ and three steps of $D$ for one of $G$, where the paper has 0.1 and five: deeper wells, sooner.

# %%
game = Game(
    generator=mlp.generator((2,), features=(64, 64)),
    discriminator=mlp.discriminator((2,), features=(64, 64)),
    objective=objectives.meg(weight=0.02),
    prior=priors.normal(2),
    helper=architectures.statistics_network(features=(64, 64)),
)
state, _ = trained(game, 2000, disc_steps=3)
energy, points = energy_of(game, state), generated(game, state, latents)
print(metrics.mode_statistics(points, data.ring_centers(), 0.01).modes_found, "modes")

# %% [markdown]
# ## Two samplers of one energy
#
# In the plane $e^{-E}$ can be summed on a grid, so everything about it is known. Long MALA chains, started from the
# generator's samples, must agree with the sums: the same chains as above, on an energy that a game has learned. Does
# the generator agree, too?

# %%
FAR = 3.0
line = np.linspace(-FAR, FAR, 241)
plane = jnp.stack(jnp.meshgrid(line, line), axis=-1).reshape(-1, 2)
energies = np.asarray(jax.vmap(energy)(plane), np.float64)
weights = np.exp(energies.min() - energies)
weights /= weights.sum()


def inside(x):  # as the sums: no mass beyond the square
    return energy(x) + jnp.where(jnp.all(jnp.abs(x) <= FAR), 0.0, jnp.inf)


walk = jax.jit(lambda start: samplers.mala(jax.random.key(7), inside, start, step_size=0.05, num_steps=300))
chains = walk(jnp.asarray(points[:1000]))
print(f"MALA takes {chains.acceptance_rate.mean():.0%} of its proposals")
for name, x, w in (("sums", plane, weights), ("MALA", chains.latents, None), ("generator", points, None)):
    radius, values = np.linalg.norm(x, axis=1), jax.vmap(energy)(x)
    print(
        f"{name:10s} mean energy {np.average(values, weights=w):.3f}   mean radius {np.average(radius, weights=w):.3f}"
    )

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
shades = landscape(left, energy, points[:500], "MEG: energy E = −D")
figure.colorbar(shades, ax=left, label="energy", shrink=0.8, format="%.1f")
left.legend(loc="lower right", fontsize=8, facecolor="gray")
bins, radii = np.linspace(0, FAR, 41), np.linalg.norm(plane, axis=1)
right.hist(np.linalg.norm(points, axis=1), bins, density=True, alpha=0.5, color="#e07b00", label="generator (cut)")
right.hist(np.linalg.norm(chains.latents, axis=1), bins, density=True, alpha=0.5, color="#3b6ea8", label="MALA")
heights, _ = np.histogram(radii, bins, weights=weights, density=True)
right.stairs(heights, bins, color="black", label="sums of exp(−E)")
right.set(xlabel="distance from the origin", ylabel="density", ylim=(0, 2.5))
right.set_title("where exp(−E) is, and where the generator goes", fontsize=10)
right.legend()
plt.show()

# %% [markdown]
# Eight wells, all of them found, and the chains are right. But the generator is *not* a sampler of this energy: it
# stays in the wells, where data are, while $e^{-E}$ has most of its mass around and between them. The wells are only as
# deep as the penalty on their slope allows, and the plane around them is wide; and the stand-in for the entropy has an
# end: once $T$ tells every pair apart, spreading further earns nothing.
#
# ## Chains on latents
#
# In the plane a chain would have to climb from well to well. Moved in latent space, on $U(z) = E(G(z))$, it goes where
# the generator goes. That is what the paper does, for a few steps; but nothing in $U$ says which latents $G$ knows.
# With the prior's own energy, $U(z) = E(G(z)) + \lVert z\rVert^2/2$ (DDLS: Che et al. 2020, arXiv:2003.06060), there is
# an answer to come to: $G(z)$ then has the generator's law times $e^{-E}$.

# %%
deep = samplers.latent_energy(game, steps.generator_variables(state), Variables(state.disc_params, state.disc_stats))
figure, axes = plt.subplots(1, 3, figsize=(13, 3.6), layout="constrained")
for name, u, color in (
    ("E(G(z))", deep, "#e07b00"),
    ("E(G(z)) + ‖z‖²/2", samplers.with_prior(deep, game.prior), "#3b6ea8"),
):
    trajectory = jax.jit(
        lambda z, u=u: samplers.mala_trajectory(jax.random.key(8), u, z, step_size=0.02, num_steps=160)
    )
    path = np.concatenate([latents[None, :500], trajectory(latents[:500]).latents])[::10]
    places = [generated(game, state, z) for z in path]
    quality = [metrics.high_quality_share(x, data.ring_centers(), 0.01) for x in places]
    at = 10 * np.arange(len(path))
    axes[0].plot(at, np.linalg.norm(path, axis=2).mean(1), color=color, label=name)
    axes[1].plot(at, [jax.vmap(energy)(x).mean() for x in places], color=color, label=name)
    axes[2].plot(at, quality, color=color, label=name)
for axis, label in zip(axes, ("mean ‖z‖", "mean energy of G(z)", "share within 3σ of a mode"), strict=True):
    axis.set(xlabel="step of the chains", ylabel=label)
axes[0].axhline(np.sqrt(np.pi / 2), color="gray", linewidth=1, linestyle=":", label="the prior's, √(π/2)")
axes[0].legend(fontsize=8)
plt.show()

# %% [markdown]
# Without the prior the chains leave: the latents grow, and the samples get worse. With it the latents stay among those
# that $G$ was trained on, the energy falls, and a few more samples are good.

# %% [markdown]
# ## Try
#
# - `code_dim=2`: an auto-encoder that must squeeze. Which basins does it leave?
# - `objectives.meg(weight=0.1)`, the paper's weight for toys: the wells become shallow.
# - `data.load("grid")`: 25 wells, and `data.grid_centers()` with a deviation of 0.05.
# - `python experiments/train.py mnist-ebgan --data.dir DIR`: the same energy on digits.
