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
# # 1. Two players
#
# A generative adversarial network is a game. The *generator* turns noise into samples; the *discriminator* scores
# samples, high where it believes them real. Each minimises its own loss. Here both are so small that everything can be
# seen: the data are a correlated Gaussian in the plane, the generator is an affine map, so the right answer is known.
#
# In Colab, install the library from its repository first: `!pip install -q git+REPOSITORY`.

# %%
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import optax

from ganjax import architectures, data, losses, objectives, priors, steps
from ganjax.types import Game

# %% [markdown]
# ## The data
#
# $x = \varepsilon A + b$ with $\varepsilon \sim N(0, I)$: mean $b = [1, 2]$, covariance
# $A^\top A = [[1.01, 1.95], [1.95, 4.25]]$. A thousand points, shown in batches of 8.

# %%
source = data.load("gaussian:1000")
points = source.arrays.samples
print("mean", points.mean(0), "\ncovariance\n", jnp.cov(points.T))

# %% [markdown]
# ## What each player feels
#
# A loss is a pair of plain functions of scores, never reduced. The discriminator of the *non-saturating* game minimises
# $\mathrm{sp}(-D(x)) + \mathrm{sp}(D(G(z)))$, the generator $\mathrm{sp}(-D(G(z)))$, with
# $\mathrm{sp}(t) = \log(1 + e^t)$. Its older sister, *minimax*, gives the generator $-\mathrm{sp}(D(G(z)))$: where the
# discriminator is sure that a sample is fake (left), that gradient dies. That is all there is to "saturation".

# %%
scores = jnp.linspace(-8, 8, 201)
figure, axis = plt.subplots(figsize=(6, 3))
for name in ("minimax", "non_saturating", "least_squares", "hinge"):
    loss = losses.LOSSES[name]()
    slope = jax.vmap(jax.grad(loss.generator, argnums=1))(jnp.zeros_like(scores), scores)
    axis.plot(scores, slope, label=name)
axis.set(xlabel="score of a fake sample", ylabel="gradient of the generator's loss", ylim=(-3, 3))
axis.legend()
plt.show()

# %% [markdown]
# ## The game
#
# Two networks, what each minimises, and the latents it is played on. `alternating` says who moves when: the
# discriminator first, then the generator on fresh latents.

# %%
mlp = architectures.ARCHITECTURES["mlp"]
game = Game(
    generator=mlp.generator((2,), features=(), init_std=0.02),
    discriminator=mlp.discriminator((2,), features=(5, 3), activation="tanh", init_std=0.02),
    objective=objectives.non_saturating(),
    prior=priors.normal(2),
)
algorithm = steps.alternating(game, optax.adam(0.005), optax.adam(0.05))

# %% [markdown]
# One epoch is 125 steps; `steps.compiled_chunk` makes them one call.

# %%
state = algorithm.init(jax.random.key(0), points[:8])
epoch = steps.compiled_chunk(algorithm, source.draw, source.gather, batch_size=8, length=125)
history, snapshots = [], []
latents = game.prior.sample(jax.random.key(1), 500)
for _ in range(20):
    state, info = epoch(state, jax.random.key(2), source.arrays)
    history.append(info)
    snapshots.append(game.generator.apply(steps.generator_variables(state), latents)[0])

# %%
figure, axes = plt.subplots(1, 4, figsize=(12, 3), sharex=True, sharey=True)
for axis, i in zip(axes, (0, 2, 5, 19), strict=True):
    axis.scatter(*points[:500].T, s=3, label="real")
    axis.scatter(*snapshots[i].T, s=3, label="fake")
    axis.set_title(f"epoch {i + 1}")
axes[0].legend()
plt.show()

# %% [markdown]
# ## What came out
#
# When the players can't be told apart every score is 0, the discriminator's loss is $2\log 2$ (tutorials report half of
# it, $\log 2 = .693$), and so is the generator's $\log 2$.

# %%
fake = snapshots[-1]
print("mean", fake.mean(0), "\ncovariance\n", jnp.cov(fake.T))
print("losses", float(history[-1].disc_loss) / 2, float(history[-1].gen_loss))

# %%
figure, axis = plt.subplots(figsize=(6, 3))
axis.plot([info.disc_loss / 2 for info in history], label="discriminator, halved")
axis.plot([info.gen_loss for info in history], label="generator")
axis.axhline(jnp.log(2), color="gray", linewidth=1)
axis.set(xlabel="epoch", ylabel="loss")
axis.legend()
plt.show()

# %% [markdown]
# ## Try
#
# - `objectives.hinge()`, `objectives.wgan_gp(0.1)`, or any of `objectives.OBJECTIVES`.
# - `steps.synchronous` instead of `steps.alternating`: both players move from the same point.
# - `data.load("ring")`, with `features=(128, 128)` in both networks.
