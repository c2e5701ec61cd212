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
# samples, high where it believes them real. Each minimises its own loss (Goodfellow et al. 2014, arXiv:1406.2661). Here
# both are so small that everything can be seen: the data are a correlated Gaussian in the plane and the generator is an
# affine map, so the right answer is known. It is the first example of the chapter on GANs in *Dive into Deep Learning*
# (Zhang et al. 2021, arXiv:2106.11342).

# %%
from importlib.util import find_spec

if find_spec("ganjax") is None:  # in Colab; OWNER is whose repository this notebook comes from
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/ganjax")

# %%
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import optax
from IPython.display import display
from matplotlib.colors import LinearSegmentedColormap

from ganjax import architectures, data, objectives, priors, steps
from ganjax.types import Game, Variables

REAL, FAKE = "#3b6ea8", "#e07b00"
BELIEF = LinearSegmentedColormap.from_list("fake to real", [FAKE, "white", REAL])

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
# ## The game
#
# Two networks, what each minimises, and the latents that it is played on. With $r = D(x)$, $f = D(G(z))$ and
# $\mathrm{sp}(t) = \log(1 + e^t)$, the discriminator of the *non-saturating* game minimises
# $\mathrm{sp}(-r) + \mathrm{sp}(f)$ and the generator $\mathrm{sp}(-f)$: the first is the cross-entropy of telling real
# from fake when $\sigma(D(x))$ is the probability of real, the second rewards being taken for real.
#
# `alternating` says who moves when: the discriminator first, then the generator on fresh latents.


# %%
def algorithm_of(objective):
    mlp = architectures.ARCHITECTURES["mlp"]
    game = Game(
        generator=mlp.generator((2,), features=(), init_std=0.02),
        discriminator=mlp.discriminator((2,), features=(5, 3), activation="tanh", init_std=0.02),
        objective=objective,
        prior=priors.normal(2),
    )
    return game, steps.alternating(game, optax.adam(0.005), optax.adam(0.05))


game, algorithm = algorithm_of(objectives.non_saturating())

# %% [markdown]
# ## Watch them play
#
# An epoch is 125 steps, and `steps.compiled_chunk` makes them one call. After each, the picture is drawn anew. Left:
# blue points are real, orange ones generated; the shade is what the discriminator believes, blue for real, orange for
# fake, white where it can't tell. Right: both losses.

# %%
line_x, line_y = jnp.linspace(-5, 7, 80), jnp.linspace(-7, 11, 80)
plane = jnp.stack(jnp.meshgrid(line_x, line_y), axis=-1)
latents = game.prior.sample(jax.random.key(1), 500)


@jax.jit
def look(state):
    """Samples, and the discriminator's belief all over the plane."""
    fake, _ = game.generator.apply(steps.generator_variables(state), latents)
    output, _ = game.discriminator.apply(Variables(state.disc_params), plane.reshape(-1, 2))
    return fake, jax.nn.sigmoid(output.scores).reshape(plane.shape[:2])


def draw_points(axis, fake, title):
    axis.scatter(*points[:500].T, s=5, color=REAL, label="real")
    axis.scatter(*fake.T, s=5, color=FAKE, label="generated")
    axis.set(title=title, xlabel="$x_1$", xlim=(-5, 7), ylim=(-7, 11))


def draw_plane(axis, fake, belief, title):
    axis.imshow(belief, cmap=BELIEF, vmin=0, vmax=1, alpha=0.6, origin="lower", extent=(-5, 7, -7, 11), aspect="auto")
    draw_points(axis, fake, title)


def draw_losses(axis, history):
    epochs = range(1, len(history) + 1)
    axis.axhline(jnp.log(2), color="gray", linewidth=1, label="log 2: can't be told apart")
    axis.plot(epochs, [info.disc_loss / 2 for info in history], color=REAL, label="discriminator, halved")
    axis.plot(epochs, [info.gen_loss for info in history], color=FAKE, label="generator")
    axis.set(xlabel="epoch", ylabel="loss", xlim=(1, 20), ylim=(0.3, 1.6), xticks=range(2, 21, 2))
    axis.legend(loc="upper right")


# %%
state = algorithm.init(jax.random.key(0), points[:8])
epoch = steps.compiled_chunk(algorithm, source.draw, source.gather, batch_size=8, length=125)
history, frames = [], [look(state)]

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
shown = display(figure, display_id=True)  # None where there is no notebook: then the end is shown alone
for number in range(1, 21):
    state, info = epoch(state, jax.random.key(2), source.arrays)
    history.append(info)
    frames.append(look(state))
    left.clear(), right.clear()
    draw_plane(left, *frames[-1], f"epoch {number}")
    left.set_ylabel("$x_2$")
    left.legend(loc="upper left")
    draw_losses(right, history)
    if shown:
        shown.update(figure)
plt.close(figure) if shown else plt.show()

# %% [markdown]
# ## The course of the game
#
# The discriminator finds the side that the real points are on, the generator climbs its slope, and once the two clouds
# lie on each other the slope has nowhere to point: the plane turns white wherever there are points.

# %%
figure, axes = plt.subplots(1, 5, figsize=(13, 3), sharex=True, sharey=True, layout="constrained")
for axis, number in zip(axes, (1, 3, 6, 10, 20), strict=True):
    draw_plane(axis, *frames[number], f"epoch {number}")
axes[0].set_ylabel("$x_2$")
axes[0].legend(fontsize=8, loc="upper left")
plt.show()

# %% [markdown]
# ## What came out
#
# When the players can't be told apart every score is 0, the discriminator's loss is $2\log 2$ (tutorials report half of
# it, $\log 2 = .693$), and so is the generator's $\log 2$. The losses are there to three digits, the Gaussian only
# roughly: losses tell that the players are level, not how good they are. Over 20 seeds the medians are a mean of
# [.96, 1.84] and a covariance of [[.92, 1.73], [1.73, 3.99]].

# %%
fake = frames[-1][0]
print("mean", fake.mean(0), "\ncovariance\n", jnp.cov(fake.T))
print(f"losses: {history[-1].disc_loss / 2:.4f} {history[-1].gen_loss:.4f}")

# %% [markdown]
# ## Another GAN
#
# is another objective: the same networks, optimizers and seeds under three more. Least squares and the relativistic
# loss arrive too. Under hinge the generator has found the long axis of the cloud but not its width: these learning
# rates were chosen for the first game.

# %%
others = {
    "least squares": objectives.least_squares(),
    "relativistic": objectives.relativistic(),
    "hinge": objectives.hinge(),
}
figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), sharex=True, sharey=True, layout="constrained")
for axis, (name, objective) in zip(axes, others.items(), strict=True):
    game, algorithm = algorithm_of(objective)
    state = algorithm.init(jax.random.key(0), points[:8])
    run = steps.compiled_chunk(algorithm, source.draw, source.gather, batch_size=8, length=2500)
    state, _ = run(state, jax.random.key(2), source.arrays)
    draw_points(axis, game.generator.apply(steps.generator_variables(state), latents)[0], name)
axes[0].set_ylabel("$x_2$")
axes[0].legend(loc="upper left")
plt.show()

# %% [markdown]
# ## Try
#
# - Any of `objectives.OBJECTIVES`; what each makes the players feel is notebook 2.
# - `steps.synchronous` instead of `steps.alternating`: both players move from the same point (notebook 4).
# - `data.load("ring")`, with `features=(128, 128)` in both networks.
