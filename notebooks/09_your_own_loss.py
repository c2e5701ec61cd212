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
# # 9. Your own loss
#
# From a formula in a paper to a run on the command line: a loss that is in no table of ganjax, its gradients beside
# those of its sisters, a game on a toy, and `experiments/train.py` with it, without a line changed in the library.

# %%
from importlib.util import find_spec

if find_spec("ganjax") is None:  # in Colab; OWNER is whose repository this notebook comes from
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/ganjax")

# %%
import inspect
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from jax.scipy.stats import norm

import ganjax
from ganjax import architectures, data, losses, metrics, objectives, priors, steps
from ganjax.types import AdversarialLoss, Game, Objective

# %% [markdown]
# ## Ten lines
#
# The boundary-seeking GAN (Hjelm et al. 2017, arXiv:1702.08431) keeps the discriminator's loss of 2014, and asks the
# generator for samples on its decision boundary: $\min_G \tfrac12 E[(\log\sigma(D) - \log(1 - \sigma(D)))^2]$, where
# $\sigma(D)$ is the probability to be real. The two logarithms differ by the score itself:
#
# $$L_D = \mathrm{sp}(-D(x)) + \mathrm{sp}(D(G(z))), \qquad L_G = \tfrac12\,(D(G(z)) - b)^2, \qquad
#   \mathrm{sp}(t) = \log(1 + e^t)$$
#
# with $b = 0$ in the paper. A loss is a pair of functions of (real scores, fake scores), never reduced; an objective
# made of scores alone is `adversarial(loss)`. Arguments of the builder have annotations and defaults: they will be
# flags.


# %%
def boundary_loss(boundary: float = 0.0) -> AdversarialLoss:
    """BGAN: L_D = sp(−r) + sp(f), L_G = ½(f − b)². Hjelm et al. 2017, arXiv:1702.08431."""

    def generator(real_scores, fake_scores):
        del real_scores  # the generator doesn't move them
        return 0.5 * jnp.square(fake_scores - boundary)

    return AdversarialLoss(losses.non_saturating().discriminator, generator)


def boundary_seeking(boundary: float = 0.0) -> Objective:
    """The game of that loss."""
    return objectives.adversarial(boundary_loss(boundary))


# %% [markdown]
# ## What the generator feels
#
# Left: the slope of $L_G$ in the score of a fake. The older losses push every score up; this one pulls it to $b$, the
# harder the farther it is, from both sides.
#
# Right: the whole game, where everything is known. Data $N(0, 1)$, a generator that shifts $N(0, 1)$ by $\theta$, and
# the optimal discriminator, $D = \log p/q = \theta^2/2 - \theta x$, frozen. The generator's gradient is then
# $\partial_\theta E[L_G]$ with $\partial x/\partial\theta = 1$: for this loss $E_q[D D'] = \theta^3/2$.


# %%
def slope(loss, scores):
    """dL_G/dD of each fake score."""
    return jax.vmap(jax.grad(loss.generator, argnums=1))(jnp.zeros_like(scores), scores)


def pull(loss, theta):
    """∂E[L_G]/∂θ at the optimal discriminator, by a sum over x."""
    x = jnp.linspace(theta - 9, theta + 9, 2001)
    scores = theta**2 / 2 - theta * x
    return jnp.trapezoid(norm.pdf(x, theta) * slope(loss, scores) * -theta, x)


sisters = {
    "minimax": losses.minimax(),
    "non-saturating": losses.non_saturating(),
    "kl": losses.kl(),
    "boundary-seeking": boundary_loss(),
}
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 3.8), layout="constrained")
scores, thetas = jnp.linspace(-6, 6, 121), jnp.linspace(0.02, 4, 80)
for i, (name, loss) in enumerate(sisters.items()):
    width = 2.5 if name == "boundary-seeking" else 1.2
    left.plot(scores, slope(loss, scores), color=f"C{i}", linewidth=width, label=name)
    right.plot(thetas, jax.vmap(lambda t, loss=loss: pull(loss, t))(thetas), color=f"C{i}", linewidth=width, label=name)
    print(f"{name:17s} pull at θ = 1: {pull(loss, 1.0):.4f}")
right.plot(thetas, thetas**3 / 2, "k:", label="θ³/2")
left.axhline(0, color="gray", linewidth=0.8)
left.set(xlabel="score of a fake sample", ylabel="slope of L_G", ylim=(-4, 4))
right.set(xlabel="distance θ of the generator", ylabel="its gradient (down is home)", ylim=(0, 4))
left.legend()
right.legend()
plt.show()

# %% [markdown]
# The pull grows with the distance, where minimax gives up; and close to home it fades like $\theta^3$, where the others
# fade like $\theta$ (`kl`, whose gradient is $\theta$) or like half of that. Reading: strong far away, lazy at the end.
#
# ## A game
#
# The ring, with everything else as it is for the non-saturating loss.

# %%
ring, mlp = data.load("ring"), architectures.ARCHITECTURES["mlp"]


def played(objective, num_steps=3000):
    networks = mlp.generator((2,), features=(64, 64)), mlp.discriminator((2,), features=(64, 64))
    game, adam = Game(*networks, objective, priors.normal(2)), optax.adam(1e-3, b1=0.5)
    algorithm = steps.averaged(steps.alternating(game, adam, adam), steps.warmed_up(0.999))
    state = algorithm.init(jax.random.key(0), data.batch_at(ring, jax.random.key(1), 0, 64))
    run = steps.compiled_chunk(algorithm, ring.draw, ring.gather, batch_size=64, length=num_steps)
    state, _ = run(state, jax.random.key(1), ring.arrays)
    return game.generator.apply(steps.generator_variables(state), game.prior.sample(jax.random.key(2), 2500))[0]


figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
for axis, (name, objective) in zip(
    axes,
    {
        "non-saturating": objectives.non_saturating(),
        "boundary-seeking": boundary_seeking(),
        "boundary-seeking, b = 1": boundary_seeking(1.0),
    }.items(),
    strict=True,
):
    samples = played(objective)
    found = metrics.mode_statistics(samples, data.ring_centers(), 0.01)
    axis.plot(*data.ring_centers().T, "o", color="#3b6ea8", markersize=9, alpha=0.5, label="modes")
    axis.plot(*np.asarray(samples).T, ".", color="#e07b00", markersize=1.5, label="generated")
    axis.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal", xlabel="x₁", ylabel="x₂")
    axis.set_title(f"{name}\n{found.modes_found} modes, share within 3σ {found.high_quality_share:.2f}", fontsize=10)
axes[0].legend(loc="upper right")
plt.show()

# %% [markdown]
# ## On the command line
#
# `train.py` takes a function of yours wherever a table's name may stand: `FILE.py:FUNCTION`. Its arguments become
# flags. So the ten lines go into a file, with their imports. (Scripts are not part of the installed library: without a
# clone of the repository, one is made.)

# %%
folder = Path(tempfile.mkdtemp())
imports = """import jax.numpy as jnp

from ganjax import losses, objectives
from ganjax.types import AdversarialLoss, Objective


"""
(folder / "mine.py").write_text(
    imports + inspect.getsource(boundary_loss) + "\n\n" + inspect.getsource(boundary_seeking)
)
repository = Path(ganjax.__file__).resolve().parents[1]
if not (repository / "experiments").is_dir():
    repository = folder / "ganjax"
    subprocess.run(["git", "clone", "-q", "https://github.com/OWNER/ganjax", repository], check=True)


def run(script, *arguments):
    command = [sys.executable, str(repository / "experiments" / script), *arguments]
    print("$", " ".join(["python", f"experiments/{script}", *arguments]))
    plain = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}  # Jupyter sets it
    ended = subprocess.run(command, cwd=folder, env=plain, capture_output=True, text=True, check=False)
    print("\n".join((ended.stdout + ended.stderr).strip().splitlines()[-6:]), f"\n(exit code {ended.returncode})\n")


small = ["--generator.features", "64", "64", "--discriminator.features", "64", "64", "--batch-size", "64"]
mine = ["--objective.name", "mine.py:boundary_seeking", "--objective.boundary", "0.5"]
run("train.py", "ring", *small, *mine, "--num-steps", "3000", "--workdir", "run")

# %% [markdown]
# The workdir is an ordinary run: the same command goes on with it, `sample.py` and `evaluate.py` read it. Its
# `config.json` keeps the name `mine.py:boundary_seeking`, but nothing in a folder is ever run because the folder says
# so: a run that you were given could name any code. Who opens it names the file:

# %%
run("sample.py", "run")
run("sample.py", "run", "--code", "mine.py")
plt.figure(figsize=(4, 4))
plt.imshow(plt.imread(folder / "run" / "sample.png"))
plt.axis("off")
plt.show()

# %% [markdown]
# ## Into the tables
#
# A loss that stays moves into the library, and earns its tests:
#
# 1. The two functions into a file of `ganjax/losses/`, as `boundary_seeking()` returning their pair through `paired`
#    (of `_paired.py` there), which refuses scores of different shapes; a row in `LOSSES`. From now on it is checked for
#    shape, dtype, sign, and finite gradients at scores of ±10 000.
# 2. The objective into `ganjax/objectives/`, a row in `OBJECTIVES`, and in `SETTINGS` how the paper trained. From now
#    on all ways to the gradients are checked to agree on it, and benchmarks, sweeps and `--help` know it.
# 3. Numbers by hand into `tests/losses/`: score 3, boundary 1 gives ½ · 2² = 2.
# 4. `python experiments/train.py ring --objective.name boundary-seeking --objective.boundary 0.5`.

# %% [markdown]
# ## Try
#
# - A penalty beside it: `--penalty.name r1 --penalty.weight 0.1`.
# - `python experiments/sweep.py ring --objectives non-saturating mine.py:boundary_seeking`: a fair fight, ten seeds
#   each.
# - A network of yours: `--generator.name mine.py:my_network`, a function of the samples' shape that returns a
#   `Network`.
# - A function of the whole `Play`, where scores are not enough: see `ganjax/objectives/_encoders.py`.
