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
# # 10. Reading metrics
#
# Every number that judges a generator is blind to something. Here the right answers are known: "generators" with one
# fault each, made by hand, show what each number sees, and what it takes for good.

# %%
from importlib.util import find_spec

if find_spec("ganjax") is None:  # in Colab; OWNER is whose repository this notebook comes from
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/ganjax")

# %%
import jax
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import SymLogNorm
from sklearn.cluster import KMeans
from sklearn.neural_network import MLPClassifier

from ganjax import data, metrics

# %% [markdown]
# ## A distance that falls when you draw more
#
# The Fréchet distance compares means and covariances (it is the FID on Inception's features). From finite samples it is
# biased upwards: $N$ samples against $M$ others of *one* Gaussian, whose covariance has the eigenvalues $\lambda$, are
# not 0 apart, but to first order (`metrics.frechet_distance`; Chong and Forsyth 2020, arXiv:1911.07023, on the bias)
#
# $$(1/N + 1/M)\,\Big[\sum_i \lambda_i
#   + \tfrac12 \sum_{ij} (1 + 1\{i = j\}) \frac{\lambda_i\lambda_j}{\lambda_i + \lambda_j}\Big].$$
#
# The kernel distance (the KID, on Inception's features) is unbiased: 0 on average at any number (Bińkowski et al. 2018,
# arXiv:1801.01401). Both on $N(0, \mathrm{diag}(1/i))$, 64 features: the data against themselves, and against a
# generator whose first feature is off by 0.2.

# %%
random = np.random.default_rng(0)
scales = 1 / np.sqrt(np.arange(1, 65))
sizes = np.array([50, 100, 200, 500, 1000])


def features(num, shift=0.0):
    x = random.normal(size=(num, 64)) * scales
    x[:, 0] += shift
    return x


def distances(num, shift):
    real, fake = features(num), features(num, shift)
    return metrics.feature_frechet_distance(real, fake), metrics.kernel_distance(real, fake).value


shifts = {"fresh data": 0.0, "off by 0.2": 0.2}
found = {name: np.array([[distances(n, shift) for _ in range(8)] for n in sizes]) for name, shift in shifts.items()}
variances = scales**2
pairs = variances[:, None] * variances / (variances[:, None] + variances)
bias = variances.sum() + 0.5 * (pairs.sum() + pairs.trace())
figure, axes = plt.subplots(1, 2, figsize=(12, 3.6), layout="constrained")
for (name, values), color in zip(found.items(), ("#3b6ea8", "#e07b00"), strict=True):
    for axis, each in zip(axes, np.moveaxis(values, 2, 0), strict=True):
        axis.errorbar(sizes, each.mean(1), each.std(1), capsize=3, marker="o", color=color, label=name)
axes[0].plot(sizes, 2 / sizes * bias, "k:", label="the formula, for fresh data")
axes[0].axhline(0.04, color="gray", linewidth=1, label="the truth of 0.2: 0.04")
axes[0].set(xscale="log", yscale="log", xlabel="samples of each", ylabel="Fréchet distance")
axes[1].axhline(0, color="gray", linewidth=1)
axes[1].set(xscale="log", xlabel="samples of each", ylabel="kernel distance")
axes[0].legend(fontsize=8)
plt.show()

# %% [markdown]
# The faulty generator, judged with 1000 samples, beats the data themselves, judged with 500. So a Fréchet distance
# compares only at equal numbers of samples, and says how many; the kernel distance pays with noise instead.
#
# ## Faults, made by hand
#
# Eight Gaussians on a circle of radius 1, deviation 0.05. Seven generators of 1000 samples each: one is right, six have
# one fault. The copies are of training samples; the last is a round Gaussian with the data's own mean and covariance.

# %%
NUM = 1000
ring = data.ring(std=0.05)


def drawn(num, seed):
    return np.asarray(ring.sample(jax.random.key(seed), num), np.float64)


train, held_out = drawn(NUM, 1), drawn(NUM, 2)


def without_a_mode(seed):
    x = drawn(2 * NUM, seed)
    return x[np.linalg.norm(x - [1, 0], axis=1) > 0.35][:NUM]


def uneven(seed):  # the right half is drawn three times as often as the left one
    x = drawn(4 * NUM, seed)
    return x[np.random.default_rng(seed).random(len(x)) < np.where(x[:, 0] > 0, 1.0, 1 / 3)][:NUM]


generators = {
    "right": lambda seed: drawn(NUM, seed),
    "a mode missing": without_a_mode,
    "uneven weights": uneven,
    "too wide": lambda seed: drawn(NUM, seed) + 0.05 * np.random.default_rng(seed).normal(size=(NUM, 2)),
    "too narrow": lambda seed: (x := drawn(NUM, seed)) + 0.5 * (nearest_center(x) - x),
    "copies": lambda seed: np.random.default_rng(seed).choice(train, NUM),
    "one Gaussian": lambda seed: np.random.default_rng(seed).normal(size=(NUM, 2)) * np.sqrt(0.5 + 0.05**2),
}


def nearest_center(x):
    return ring.centers[np.argmin(np.linalg.norm(x[:, None] - ring.centers[None], axis=2), axis=1)]


figure, axes = plt.subplots(1, 7, figsize=(14, 2.4))
for axis, (name, generate) in zip(axes, generators.items(), strict=True):
    axis.plot(*generate(10).T, ".", markersize=1.5, color="#e07b00")
    axis.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal", xticks=[], yticks=[])
    axis.set_title(name, fontsize=9)
plt.show()

# %% [markdown]
# ## What each number sees
#
# Each generator is judged with three draws. Numbers are the means; colors say how far a mean is from that of the right
# generator, in standard deviations of one draw of it. Pale: this number can't tell. All rows are of the table
# `metrics.METRICS`, in the plane's own coordinates, against the 1000 training samples.

# %%
CHOSEN = {
    "features": "frechet_distance kernel_distance mmd sliced_wasserstein precision recall density coverage "
    "neighbor_accuracy_real neighbor_accuracy_fake logistic_accuracy",
    "memorization": "nearer_to_train data_copying",
    "mixture": "modes_found high_quality_share reverse_kl",
}
names = " ".join(CHOSEN.values()).split()


def judged(samples):
    given = {
        "features": (train, samples),
        "memorization": (train, held_out, samples),
        "mixture": (samples, ring.centers, ring.std),
    }
    rows = {}
    for inputs, chosen in CHOSEN.items():
        table = {name: metrics.METRICS[name] for name in chosen.split()}
        rows |= metrics.evaluate(table, inputs, *given[inputs])
    return [rows[name] for name in names]


right = np.array([judged(generators["right"](seed)) for seed in range(20, 32)])
table = np.array([np.mean([judged(make(seed)) for seed in range(40, 43)], axis=0) for make in generators.values()]).T
away = np.abs(table - right.mean(0)[:, None]) / np.maximum(right.std(0, ddof=1)[:, None], 1e-3)

# %%
figure, axis = plt.subplots(figsize=(11, 6.2), layout="constrained")
image = axis.imshow(away, cmap="Oranges", norm=SymLogNorm(2, vmin=0, vmax=100), aspect="auto")
for i, j in np.ndindex(away.shape):
    words, color = f"{table[i, j]:.3f}", "white" if away[i, j] > 15 else "black"
    axis.text(j, i, words, ha="center", va="center", fontsize=8, color=color)
directions = {"lower": "↓", "higher": "↑", "half": "½ is best", "zero": "0 is best"}
axis.set_yticks(
    range(len(names)), [f"{name}  {directions[metrics.METRICS[name].direction]}" for name in names], fontsize=8
)
axis.set_xticks(range(len(generators)), list(generators), fontsize=8)
axis.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False)
figure.colorbar(
    image, label="standard deviations from the right generator", ticks=[0, 1, 2, 5, 10, 30, 100], format="%g"
)
plt.show()

# %% [markdown]
# Read down a column: every fault passes some number. Read along a row: most numbers let some fault pass, and those that
# move for every fault (coverage, nearest neighbors) move little for a whole missing mode.
#
# - **Fréchet** sees means and covariances. The single Gaussian has the data's, and passes; so does too wide or too
#   narrow.
# - **The kernel distance** sees moments up to the third, and a ring's are a Gaussian's: it passes as well.
# - **Precision** does not miss modes, **recall** does not mind samples off the data: a Gaussian over everything has all
#   of it. **Density** rewards crowding: more than 1 is not better.
# - **Copies** are the best generator of all for every distance, and for coverage. Only the numbers about memorization
#   object, and the nearest-neighbor test, whose accuracy falls *below* ½.
# - **A logistic regression** draws one straight line: what it can't tell apart may be anything.
#
# ## The test is its classifier
#
# Train a classifier to tell generated from real, test it on the rest: an accuracy of ½ on $t$ test samples happens to
# the right generator with a known probability (Lopez-Paz and Oquab 2017, arXiv:1610.06545). A high p-value means that
# *this* classifier saw nothing.

# %%
network = MLPClassifier((32, 32), early_stopping=True, max_iter=300)
for name in ("right", "one Gaussian", "too narrow"):
    samples = generators[name](50)
    line = metrics.classifier_two_sample_test(held_out, samples)
    deep = metrics.classifier_two_sample_test(held_out, samples, classifier=network)
    for words, test in (("a line", line), ("a network", deep)):
        print(f"{name:14s} {words:10s} accuracy {test.accuracy:.2f}, p = {test.p_value:.2g}")

# %% [markdown]
# ## Modes found, of how many samples
#
# A mode counts when *one* sample lies within 3 standard deviations of it (Lin et al. 2018, arXiv:1712.04086: 2500
# samples). A generator that shows half of the modes once in a thousand samples has "found" them if it is asked long
# enough: with $w_k$ the share of samples within reach of mode $k$, the expected number is $\sum_k 1 - (1 - w_k)^N$. The
# reverse KL looks at the shares, and is not fooled.

# %%
weights = np.array([0.249] * 4 + [0.001] * 4)
numbers = np.array([100, 300, 1000, 2500, 10_000])
counts, divergences = [], []
for num in numbers:
    chosen = np.random.default_rng(num).choice(8, size=(20, num), p=weights)
    noise = 0.05 * np.random.default_rng(1).normal(size=(20, num, 2))
    judged_here = [metrics.mode_statistics(x, ring.centers, 0.05) for x in ring.centers[chosen] + noise]
    counts.append(np.mean([x.modes_found for x in judged_here]))
    divergences.append(np.mean([x.reverse_kl for x in judged_here]))
figure, axis = plt.subplots(figsize=(7, 3.3))
axis.semilogx(numbers, counts, "o", color="#e07b00", label="modes found (left)")
fine = np.geomspace(100, 10_000, 100)
within = weights * (1 - np.exp(-9 / 2))  # of a round Gaussian in the plane lie within 3 standard deviations
axis.plot(fine, (1 - (1 - within) ** fine[:, None]).sum(1), color="#e07b00", linewidth=1, label="expected")
axis.set(xlabel="samples", ylabel="modes found (of 8)", ylim=(0, 8.5))
twin = axis.twinx()
twin.plot(numbers, divergences, "--s", color="#3b6ea8", label="reverse KL (right)")
twin.set(ylabel="reverse KL, nats", ylim=(0, 1))
axis.legend(
    *(a + b for a, b in zip(*(x.get_legend_handles_labels() for x in (axis, twin)), strict=True)), loc="lower right"
)
plt.show()

# %% [markdown]
# ## A likelihood that prefers the wrong samples
#
# In 2014 GANs were judged by a Gaussian window around each sample: the log-likelihood of test images under that
# mixture. Real digits, pixels in $[0, 1]$, the window's width chosen on 200 digits, the score that of 597 others. Whose
# samples are best?

# %%
pixels = (
    np.asarray(data.load("digits").arrays.samples).reshape(-1, 64)[np.random.default_rng(0).permutation(1797)] / 255
)
digits, validation, test = pixels[:1000], pixels[1000:1200], pixels[1200:]
neighbors = np.argsort(((digits[:, None] - digits[None]) ** 2).sum(-1), axis=1)
candidates = {
    "1000 training digits": digits,
    "each averaged with its nearest": digits[neighbors[:, :2]].mean(1),
    "each averaged with its nearest four": digits[neighbors[:, :5]].mean(1),
    "500 training digits": digits[:500],
    "200 k-means centers": KMeans(200, n_init=1, random_state=0).fit(digits).cluster_centers_,
    "training digits with noise": digits + 0.1 * np.random.default_rng(1).normal(size=digits.shape),
}
scores = {name: metrics.parzen_score(samples, validation, test) for name, samples in candidates.items()}
figure, (left, right) = plt.subplots(1, 2, figsize=(13, 3.4), layout="constrained")
for i, (name, score) in enumerate(scores.items()):
    left.errorbar(score.log_likelihood, -i, xerr=score.standard_error, fmt="o", capsize=3, color="#3b6ea8")
    frechet = metrics.feature_frechet_distance(test, candidates[name])
    right.plot(frechet, -i, "o", color="#e07b00")
    left.annotate(
        f"σ {score.bandwidth:.2f}", (score.log_likelihood, -i), (0, 6), textcoords="offset points", fontsize=8
    )
left.set_yticks(-np.arange(len(scores)), list(scores))
left.set(xlabel="Parzen log-likelihood, nats (higher is better)", xlim=(15, 33))
right.set(xlabel="Fréchet distance on pixels (lower is better)", yticks=[], xlim=(0, 0.3))
plt.show()

# %% [markdown]
# Blurred digits beat the digits they were made of, and 200 centers beat 500 real ones: what lies in between is nearer
# to everything. The Fréchet distance puts both behind the real ones (Theis, van den Oord and Bethge 2016,
# arXiv:1511.01844, on how little such likelihoods say).
#
# ## What to report
#
# A distance *and* the two sides of it (precision and recall, or density and coverage); a number about copies; the
# numbers of samples, the features' network, several training seeds; and what the data themselves get. `python
# experiments/evaluate.py WORKDIR` prints them with their protocols.

# %% [markdown]
# ## Try
#
# - `NUM = 200` above: which columns turn pale?
# - Another fault: every sample repeated ten times, or one outlier at (30, 0). Who sees it?
# - `metrics.support_statistics`: how many different samples are there? (Arora and Zhang 2017, arXiv:1706.08224.)
