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
# # 7. Codes
#
# A GAN makes samples out of latents, and nobody says what a latent means. Two games give it a meaning without a label:
# InfoGAN reserves some numbers for a code and asks the discriminator to read it off the sample; O-GAN asks for all of
# the latent, and its discriminator becomes an encoder. Both are played on real digits of 8×8 pixels.

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
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from ganjax import architectures, data, io, objectives, priors, regularizers, steps
from ganjax.numerics import standardize
from ganjax.types import Game, Variables

# %% [markdown]
# ## The data
#
# 1797 handwritten digits come with scikit-learn. The games see the first 1500, without their labels; the last 297 are
# held out to judge by.

# %%
stored = data.load("digits").arrays
images, labels = data.to_float(stored.samples), np.asarray(stored.labels)
source = data.image_source("digits", np.asarray(stored.samples[:1500]))
held_out, held_labels = images[1500:], labels[1500:]


def trained(game, gen_optimizer, disc_optimizer, num_steps):
    algorithm = steps.averaged(steps.alternating(game, gen_optimizer, disc_optimizer), steps.warmed_up(0.999))
    state = algorithm.init(jax.random.key(0), images[:64])
    run = steps.compiled_chunk(algorithm, source.draw, source.gather, batch_size=64, length=num_steps)
    state, _ = run(state, jax.random.key(1), source.arrays)
    generator, discriminator = steps.generator_variables(state), Variables(state.disc_params, state.disc_stats)
    return (
        jax.jit(lambda latents: game.generator.apply(generator, latents)[0]),
        jax.jit(lambda samples: game.discriminator.apply(discriminator, samples)[0].features),
    )


def show(axis, pictures, columns, row_labels=(), **words):
    grid = io.image_grid(pictures, columns)
    height = grid.shape[0] / max(len(row_labels), 1)
    axis.imshow(grid[..., 0], cmap="gray")
    axis.set(xticks=[], yticks=[(i + 0.5) * height for i in range(len(row_labels))], **words)
    axis.set_yticklabels(row_labels, fontsize=8)


# %% [markdown]
# ## InfoGAN: a code that must be readable
#
# The latent is noise, one of ten categories, and two numbers in $(-1, 1)$; the discriminator's second head $Q(c|x)$
# guesses the code. Both players get more when it guesses right:
#
# $$L_D = \mathrm{sp}(-D(x)) + \mathrm{sp}(D(G(z, c))) - \lambda I, \quad
#   L_G = \mathrm{sp}(-D(G(z, c))) - \lambda I, \quad I = \log Q(c|G(z, c)) + H(c)$$
#
# with $\mathrm{sp}(t) = \log(1 + e^t)$. $E[I]$ is a lower bound of the information that a sample has about its code,
# tight where $Q$ is the true posterior (Chen et al. 2016, arXiv:1606.03657).

# %%
NOISE, CATEGORIES = 20, 10
table, adam = architectures.ARCHITECTURES, optax.adam(1e-3, b1=0.5)
generator = table["mlp"].generator((8, 8, 1), features=(256, 256), activation="leaky_relu", normalization="batch")
infogan = Game(
    generator,
    table["mlp_posterior"].discriminator((8, 8, 1), features=(256, 256), num_codes=CATEGORIES + 2),
    objectives.infogan(weight=1.0, categories=CATEGORIES, continuous=2),
    priors.coded(NOISE, CATEGORIES, 2),
)
make, read = trained(infogan, adam, optax.adam(5e-4, b1=0.5), 2500)

# %% [markdown]
# ## What did the categories find?
#
# Left, a row for each category, the noise the same down each column. Right, the test: which category does $Q$ see in
# held-out digits of each class? The columns are put in the order that makes the diagonal largest, and that diagonal's
# share is what the code names right.


# %%
def codes(category, noise, continuous=(0.0, 0.0)):
    one_hot = jax.nn.one_hot(category, CATEGORIES)
    return jnp.concatenate([noise, one_hot, jnp.asarray(continuous)])


def named(guesses, truth):
    counts = np.zeros((10, CATEGORIES), int)
    np.add.at(counts, (truth, guesses), 1)
    order = linear_sum_assignment(-counts)[1]  # the category that each digit gets
    return counts[:, order], order


noises = jax.random.normal(jax.random.key(5), (12, NOISE))
counts, order = named(np.asarray(read(held_out)["posterior"][:, :CATEGORIES].argmax(axis=1)), held_labels)
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.8), layout="constrained", width_ratios=(1.2, 1))
rows = [make(jnp.stack([codes(category, noise) for noise in noises])) for category in order]
show(left, jnp.concatenate(rows), 12, [f"category {c}" for c in order], xlabel="noise")
right.imshow(counts, cmap="Blues")
for i, j in np.argwhere(counts):
    right.text(
        j, i, counts[i, j], ha="center", va="center", fontsize=8, color="white" if counts[i, j] > 15 else "black"
    )
right.set(xticks=range(10), yticks=range(10), xlabel="category that Q sees", ylabel="digit")
right.set_xticklabels(order)
right.set_title("held-out digits", fontsize=10)
plt.show()
clusters = KMeans(CATEGORIES, n_init=3, random_state=0).fit(np.asarray(images[:1500]).reshape(1500, -1))
by_clusters, _ = named(clusters.predict(np.asarray(held_out).reshape(len(held_out), -1)), held_labels)
shares = counts.trace() / counts.sum(), by_clusters.trace() / by_clusters.sum()
print("named right: Q {:.2f}, k-means on the pixels {:.2f}".format(*shares))

# %% [markdown]
# Most rows are one digit in several hands. Where the table has two large numbers in a column, a category holds two
# digits, and its row shows both. On pictures so small that is about as good as k-means on the pixels, which needs no
# game: what the game adds is the left picture. On MNIST the paper reports 5 % error; `mnist-infogan` here names 57 to
# 62 % right.
#
# ## What do the two numbers do?
#
# Each moves from −2 to 2, beyond the ±1 that it was trained on. Two statistics of the pictures say what changes: the
# mean brightness (how much ink) and the slant (the covariance of rows and columns of the ink, over the variance of
# rows).


# %%
def slant(pictures):
    ink = (np.asarray(pictures)[..., 0] + 1) / 2 + 1e-6
    ink = ink / ink.sum(axis=(1, 2), keepdims=True)
    y, x = np.mgrid[3.5:-4.5:-1, -3.5:4.5:1]
    mean_x, mean_y = ((ink * axis).sum(axis=(1, 2)) for axis in (x, y))
    return ((ink * x * y).sum((1, 2)) - mean_x * mean_y) / ((ink * y * y).sum((1, 2)) - mean_y**2)


sweep = np.linspace(-2, 2, 9)
figure, axes = plt.subplots(1, 3, figsize=(13, 3.8), layout="constrained", width_ratios=(1, 1, 0.9))
twin = axes[2].twinx()
for k in range(2):
    moving = [(value, 0.0) if k == 0 else (0.0, value) for value in sweep]
    rows = jnp.concatenate([jnp.stack([codes(c, noises[0], pair) for pair in moving]) for c in order[:6]])
    show(axes[k], make(rows), 9, [f"category {c}" for c in order[:6]], xlabel="−2  …  0  …  2", title=f"code {k + 1}")
    every = [make(jnp.stack([codes(c, noise, pair) for c in range(10) for noise in noises])) for pair in moving]
    axes[2].plot(sweep, [x.mean() for x in every], "-o", markersize=3, color=f"C{k}", label=f"code {k + 1}: brightness")
    twin.plot(sweep, [slant(x).mean() for x in every], "--s", markersize=3, color=f"C{k}", label=f"code {k + 1}: slant")
axes[2].set(xlabel="code", ylabel="mean brightness", title="all categories and noises")
twin.set_ylabel("mean slant")
axes[2].legend(
    *(a + b for a, b in zip(*(x.get_legend_handles_labels() for x in (axes[2], twin)), strict=True)), fontsize=7
)
plt.show()

# %% [markdown]
# The codes are smooth and read the same way in every row; they are not pure. Each moves ink and slant together: the
# game asks for a readable number, not for one that has a name.
#
# ## O-GAN: the discriminator is an encoder
#
# Its output $E(x)$ has as many numbers as the latent. Their average is the score; the rest must agree with the latent,
# by Pearson's correlation $\rho$ over the latent's numbers, which an average does not enter:
#
# $$L_D = -\Delta + \lambda_1 \frac{\Delta^2}{\mathrm{mean}\,(x - G(z))^2} - \lambda_2\,\rho(z, E(G(z))), \quad
#   L_G = \Delta - \lambda_2\,\rho(z, E(G(z))), \quad \Delta = \overline{E(x)} - \overline{E(G(z))}$$
#
# (Su 2019, arXiv:1903.01931; real samples score high here, low in the paper.) A picture's latent is its code, brought
# to mean 0 and variance 1: $\hat x = G(N(E(x)))$. Sixteen numbers, $\lambda_1 = ¼$ as in the paper, and $\lambda_2 = 2$
# where the paper has ½: reconstructions get closer.

# %%
LATENT = 16
ogan = Game(
    generator,
    table["mlp_encoder"].discriminator((8, 8, 1), features=(256, 256), code_dim=LATENT),
    objectives.ogan(correlation_weight=2.0, slope_weight=0.25),
    priors.normal(LATENT),
)
slower = optax.adam(5e-4, b1=0.5)
make, features = trained(ogan, slower, slower, 2000)


def encode(samples):
    return standardize(features(samples)["codes"])


fresh = ogan.prior.sample(jax.random.key(7), 1000)
agreement = regularizers.correlation(fresh, features(make(fresh))["codes"])
print(f"correlation of new latents with the codes of their samples: {agreement.mean():.2f}")

# %%
rebuilt = make(encode(held_out))
pairs = jnp.stack([held_out[:45].reshape(3, 15, 8, 8, 1), rebuilt[:45].reshape(3, 15, 8, 8, 1)], axis=1)
figure, (above, below) = plt.subplots(2, 1, figsize=(9, 6.4), layout="constrained", height_ratios=(1, 0.5))
show(
    above,
    pairs.reshape(-1, 8, 8, 1),
    15,
    ["held out", "rebuilt"] * 3,
    title="G(N(E(x))) of digits that nobody trained on",
)
show(below, make(fresh[:45]), 15, title="new samples")
plt.show()

# %% [markdown]
# ## How good is that?
#
# The same error a pixel by principal components, the best linear code of each length, fitted to the same 1500 digits.

# %%
flat, flat_held = np.asarray(images[:1500]).reshape(1500, -1), np.asarray(held_out).reshape(len(held_out), -1)
error = float(jnp.mean((rebuilt - held_out) ** 2))
lengths, linear = np.arange(1, 21), []
for length in lengths:
    pca = PCA(int(length)).fit(flat)
    linear.append(np.mean((pca.inverse_transform(pca.transform(flat_held)) - flat_held) ** 2))
figure, axis = plt.subplots(figsize=(7, 3.3))
axis.plot(lengths, linear, "-o", markersize=3, label="principal components")
axis.plot([LATENT], [error], "s", color="#e07b00", label="O-GAN")
axis.axhline(np.mean((flat.mean(0) - flat_held) ** 2), color="gray", linewidth=1, linestyle=":", label="the mean digit")
axis.set(xlabel="numbers in the code", ylabel="squared error a pixel, held out", ylim=(0, None))
axis.legend()
plt.show()
nearest = np.argmin(
    ((np.asarray(encode(held_out))[:, None] - np.asarray(encode(images[:1500]))[None]) ** 2).sum(-1), axis=1
)
print(f"sixteen numbers of O-GAN: error {error:.3f}, as {lengths[np.argmax(np.array(linear) < error)]} components")
print(f"the nearest training digit by code is of the right class for {np.mean(labels[nearest] == held_labels):.0%}")

# %% [markdown]
# Nobody asked for small errors a pixel: the encoder keeps what tells digits apart, and redraws the rest in its own
# hand.
#
# ## Between two digits
#
# From one held-out digit's code to another's, along a great circle (`priors.spherical`): half-way pictures are digits,
# or nearly so, not two digits on top of each other, which is what averaging pixels gives (last row, for the first
# pair).

# %%
shares = jnp.linspace(0, 1, 12)
ends = encode(held_out)
chosen = ((4, 10), (0, 7), (16, 6), (13, 29))
rows = [make(jnp.stack([priors.spherical(ends[a], ends[b], t) for t in shares])) for a, b in chosen]
rows.append(jnp.stack([(1 - t) * held_out[chosen[0][0]] + t * held_out[chosen[0][1]] for t in shares]))
figure, axis = plt.subplots(figsize=(9, 4.2))
show(axis, jnp.concatenate(rows), 12, [f"{held_labels[a]} to {held_labels[b]}" for a, b in chosen] + ["pixels"])
plt.show()

# %% [markdown]
# ## Try
#
# - `weight=0.0` in `objectives.infogan`: the code is plain noise, and the rows lose their meaning.
# - Another `jax.random.key(0)` in `trained`: other categories share a row.
# - `correlation_weight=0.5`, the paper's.
# - `python experiments/train.py mnist-infogan --data.dir DIR`, `mnist-ogan`: the same on 28×28 pixels.
